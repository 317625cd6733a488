// SPDX-License-Identifier: Apache-2.0
#include "score/agreement.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace bellwether {
namespace {

// By person: the place of their value, those who stand level sharing the mean of their places.
std::vector<double> mean_places(std::span<const ScoredTwice> people, double ScoredTwice::*value) {
  std::vector<size_t> order(people.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return people[a].*value != people[b].*value ? people[a].*value < people[b].*value : a < b;
  });
  std::vector<double> places(people.size());
  for (size_t begin = 0; begin < order.size();) {
    size_t end = begin + 1;
    while (end < order.size() && people[order[end]].*value == people[order[begin]].*value) ++end;
    for (size_t i = begin; i < end; ++i) {
      places[order[i]] = static_cast<double>(begin + end - 1) / 2;
    }
    begin = end;
  }
  return places;
}

std::optional<double> correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const double middle = (static_cast<double>(a.size()) - 1) / 2;
  double product = 0;
  double squares_a = 0;
  double squares_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    product += (a[i] - middle) * (b[i] - middle);
    squares_a += (a[i] - middle) * (a[i] - middle);
    squares_b += (b[i] - middle) * (b[i] - middle);
  }
  if (squares_a == 0 || squares_b == 0) return std::nullopt;
  // The products of places are halves and add up without error, so that equal orders give 1.
  return product / (std::sqrt(squares_a) * std::sqrt(squares_b));
}

}  // namespace

Agreement agreement_of(std::span<const ScoredTwice> people, uint32_t first_ranked,
                       uint32_t second_ranked) {
  Agreement result;
  result.people = static_cast<uint32_t>(people.size());
  result.spearman = correlation(mean_places(people, &ScoredTwice::first),
                                mean_places(people, &ScoredTwice::second));
  result.places = std::min({kAgreementPlaces, first_ranked, second_ranked});
  for (const ScoredTwice& person : people) {
    if (person.first_rank == 0 || person.second_rank == 0) continue;
    ++result.ranked;
    result.largest_rank_change =
        std::max(result.largest_rank_change, person.first_rank > person.second_rank
                                                 ? person.first_rank - person.second_rank
                                                 : person.second_rank - person.first_rank);
    if (person.first_rank <= result.places && person.second_rank <= result.places) {
      ++result.places_shared;
    }
  }
  return result;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/grade.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>
#include <vector>

namespace bellwether {
namespace {

// People by falling value, and where each run of equal values begins and ends.
struct Order {
  std::vector<uint32_t> people;
  struct Ties {
    size_t begin, end;  // places from 0
  };
  std::vector<Ties> ties;
};

template <typename Number>
Order order_by(std::span<const Number> values) {
  Order order;
  order.people.resize(values.size());
  std::iota(order.people.begin(), order.people.end(), 0U);
  std::sort(order.people.begin(), order.people.end(), [&](uint32_t a, uint32_t b) {
    return values[a] != values[b] ? values[a] > values[b] : a < b;
  });
  for (size_t begin = 0; begin < order.people.size();) {
    size_t end = begin + 1;
    while (end < order.people.size() &&
           !(values[order.people[end]] < values[order.people[begin]])) {
      ++end;
    }
    order.ties.push_back({begin, end});
    begin = end;
  }
  return order;
}

// The place each may expect, from 0: the middle of their run.
std::vector<double> expected_places(const Order& order) {
  std::vector<double> places(order.people.size());
  for (const Order::Ties& ties : order.ties) {
    const double middle = static_cast<double>(ties.begin + ties.end - 1) / 2;
    for (size_t i = ties.begin; i < ties.end; ++i) places[order.people[i]] = middle;
  }
  return places;
}

// The gain expected at the first places: at each, the mean of the run it lies in.
double discounted_gain(const Order& order, std::span<const uint32_t> moved) {
  double sum = 0;
  for (const Order::Ties& ties : order.ties) {
    if (ties.begin >= kNdcgPlaces) break;
    double gain = 0;
    for (size_t i = ties.begin; i < ties.end; ++i) gain += std::log2(1.0 + moved[order.people[i]]);
    gain /= static_cast<double>(ties.end - ties.begin);
    for (size_t place = ties.begin; place < std::min(ties.end, kNdcgPlaces); ++place) {
      sum += gain / std::log2(2.0 + static_cast<double>(place));
    }
  }
  return sum;
}

// How likely each is to be among the first `count`.
std::vector<double> chance_of_first(const Order& order, size_t count) {
  std::vector<double> chance(order.people.size(), 0);
  for (const Order::Ties& ties : order.ties) {
    if (ties.begin >= count) break;
    const double share = static_cast<double>(std::min(ties.end, count) - ties.begin) /
                         static_cast<double>(ties.end - ties.begin);
    for (size_t i = ties.begin; i < ties.end; ++i) chance[order.people[i]] = share;
  }
  return chance;
}

}  // namespace

RankingGrade grade_ranking(std::span<const double> measure, std::span<const uint32_t> moved) {
  assert(measure.size() == moved.size());
  RankingGrade grade;
  const size_t n = measure.size();
  const auto movers =
      static_cast<size_t>(std::count_if(moved.begin(), moved.end(), [](auto m) { return m > 0; }));
  if (movers == 0) return grade;
  const Order said = order_by(measure);
  const Order came = order_by(moved);

  grade.ndcg = discounted_gain(said, moved) / discounted_gain(came, moved);

  const std::vector<double> said_at = expected_places(said);
  const std::vector<double> came_at = expected_places(came);
  const double middle = static_cast<double>(n - 1) / 2;
  if (n > 1) {
    // Broken at random and apart from each other, the expected product of two places is that of
    // their expectations, while the places themselves are always 0 to n - 1.
    double product = 0;
    for (size_t i = 0; i < n; ++i) product += (said_at[i] - middle) * (came_at[i] - middle);
    const double count = static_cast<double>(n);
    grade.spearman = product / (count * (count * count - 1) / 12);
  }

  if (movers < n) {
    // Mann and Whitney: from the sum of the places of those who moved somebody.
    double sum = 0;
    for (size_t i = 0; i < n; ++i) {
      if (moved[i] > 0) sum += static_cast<double>(n - 1) - said_at[i];
    }
    const auto those = static_cast<double>(movers);
    const double others = static_cast<double>(n) - those;
    grade.auc = (sum - those * (those - 1) / 2) / (those * others);
  }

  const size_t places = std::min(kOverlapPlaces, n);
  const std::vector<double> said_first = chance_of_first(said, places);
  const std::vector<double> came_first = chance_of_first(came, places);
  double both = 0;
  for (size_t i = 0; i < n; ++i) both += said_first[i] * came_first[i];
  grade.overlap = both / static_cast<double>(places);
  return grade;
}

Calibration grade_intervals(std::span<const CountForecast> forecasts,
                            std::span<const uint32_t> moved) {
  assert(forecasts.size() == moved.size());
  constexpr double kTail = 0.05;
  double within = 0;
  double within_expected = 0;
  Calibration out;
  for (size_t i = 0; i < forecasts.size(); ++i) {
    // The transform lies anywhere between these two.
    const double low = forecasts[i].at_most(static_cast<double>(moved[i]) - 1);
    const double high = forecasts[i].at_most(static_cast<double>(moved[i]));
    const double inside = std::min(high, 1 - kTail) - std::max(low, kTail);
    const double share = high > low ? std::max(0.0, inside) / (high - low) : 0;
    ++out.people;
    within += share;
    if (forecasts[i].mean < 1) continue;
    ++out.expected;
    within_expected += share;
    for (size_t t = 0; t < out.tenths.size(); ++t) {
      const double begin = static_cast<double>(t) / static_cast<double>(out.tenths.size());
      const double end = static_cast<double>(t + 1) / static_cast<double>(out.tenths.size());
      const double part = std::max(0.0, std::min(high, end) - std::max(low, begin));
      if (high > low) out.tenths[t] += part / (high - low);
    }
  }
  for (double& tenth : out.tenths) {
    if (out.expected > 0) tenth /= static_cast<double>(out.expected);
  }
  if (out.people > 0) out.coverage = within / static_cast<double>(out.people);
  if (out.expected > 0) out.coverage_expected = within_expected / static_cast<double>(out.expected);
  return out;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/signals/when_to_post/when_to_post_check.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace bellwether {
namespace {

// 1, 2/3, 1/3 by the clock, walking round the week an hour at a time.
double kinship(int a, int b) {
  for (int step = 0; step < 3; ++step) {
    for (int days = 0; days < 7; ++days) {
      for (const int there : {a + step + 24 * days, a - step + 24 * days}) {
        if (((there % kHoursOfWeek) + kHoursOfWeek) % kHoursOfWeek == b) {
          return (3 - step) / 3.0 / (days == 0 ? 1 : 3);
        }
      }
    }
  }
  return 0;
}

}  // namespace

CheckedHour check_hour(std::span<const HourOutcome> outcomes, const PostingHours& hours, int hour) {
  // What each kind gets, the small ones as one.
  std::map<int, std::pair<double, double>> kinds;
  double all = 0;
  for (const HourOutcome& o : outcomes) {
    kinds[o.kind].first += 1;
    kinds[o.kind].second += o.responders;
    all += o.responders;
  }
  const double average = all / static_cast<double>(outcomes.size());
  std::pair<double, double> small{0, 0};
  for (const auto& [kind, sums] : kinds) {
    if (sums.first < 5) small = {small.first + sums.first, small.second + sums.second};
  }
  const auto exposure = [&](const HourOutcome& o) {
    const auto& sums = kinds[o.kind].first < 5 ? small : kinds[o.kind];
    return sums.second / sums.first / average;
  };
  std::map<int, std::pair<double, double>> cells;
  for (const HourOutcome& o : outcomes) {
    if (exposure(o) == 0) continue;
    cells[o.hour].first += exposure(o);
    cells[o.hour].second += o.responders;
  }
  double between = 0;
  double squares = 0;
  for (const auto& [h, cell] : cells) {
    between +=
        std::pow(cell.second - cell.first * average, 2) - hours.dispersion * cell.first * average;
    squares += cell.first * cell.first;
  }
  const double spread =
      std::sqrt(std::max(std::pow(average / 5, 2), squares > 0 ? between / squares : 0));

  constexpr int kRates = 10'000;
  const double top = average + 40 * spread;
  std::vector<double> log_density(kRates);
  std::vector<double> weight;
  std::vector<double> exposed;
  for (const HourOutcome& o : outcomes) {
    weight.push_back(kinship(hour, o.hour) / hours.dispersion);
    exposed.push_back(exposure(o));
  }
  for (int i = 0; i < kRates; ++i) {
    const double rate = top * (i + 0.5) / kRates;
    // The prior: mean `average`, standard deviation `spread`.
    const double shape = std::pow(average / spread, 2);
    const double log_rate = std::log(rate);
    double sum = (shape - 1) * log_rate - rate * shape / average;
    for (size_t o = 0; o < outcomes.size(); ++o) {
      sum += weight[o] * (outcomes[o].responders * log_rate - exposed[o] * rate);
    }
    log_density[static_cast<size_t>(i)] = sum;
  }
  const double peak = *std::max_element(log_density.begin(), log_density.end());
  double mass = 0;
  for (double& d : log_density) mass += d = std::exp(d - peak);
  CheckedHour result;
  double below = 0;
  for (int i = 0; i < kRates; ++i) {
    const double rate = top * (i + 0.5) / kRates;
    const double share = log_density[static_cast<size_t>(i)] / mass;
    result.rate += rate * share;
    if (rate <= average) result.not_better += share;
    if (below < 0.05 && below + share >= 0.05) result.low = rate;
    if (below < 0.95 && below + share >= 0.95) result.high = rate;
    below += share;
  }
  return result;
}

}  // namespace bellwether

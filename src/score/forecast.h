// SPDX-License-Identifier: Apache-2.0
// How many different people somebody will move in the next window: a forecast with an interval,
// fitted on what came of earlier windows. DESIGN section 4.9.
//
//   log mu = a + sum over k of c_k log((0.1 + F_k) / 0.1) + level,   c_k >= 0
//
// F: people moved at half-lives from an hour to five years, whoever vouches for them, since this is
// a question of what will come and not of what is worth; and how often the person lately responded
// to others, since whoever is there is answered. The latter is in no score. Counts are negative
// binomial around mu with size exp(d0 + d1 log mu): bursty, overdispersed, mostly zero. The level
// is how much more or less than expected came in the newest window known, all people together; how
// far it wandered before widens every interval.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"

namespace bellwether {

inline constexpr std::array<double, 7> kForecastHalfLifeHours{
    1, 6, 24, 7 * 24, 30 * 24, 180 * 24, 1826.25 * 24};

inline constexpr std::array<double, 2> kForecastActivityHalfLifeHours{1, 24};
inline constexpr size_t kForecastFeatures =
    kForecastHalfLifeHours.size() + kForecastActivityHalfLifeHours.size();

// log((0.1 + F) / 0.1): of the people moved by half-life, then of the responses given; 0: none.
using ForecastFeatures = std::array<float, kForecastFeatures>;

// Everybody's, by person, as of `until`, which is not after the graph's as-of.
// The same bits whatever `threads`. Cost: linear in the entries.
std::vector<ForecastFeatures> forecast_features(const GraphSnapshot& graph, Instant until,
                                                unsigned threads);

// What was known at a cut, and how many each moved in the window after it.
struct ForecastWindow {
  std::vector<ForecastFeatures> features;
  std::vector<uint32_t> moved;  // as many
};

// Counts of one person: mean above 0, variance mean + mean^2 / size.
struct CountForecast {
  double mean = 0;
  double size = 0;  // > 0

  // The chance of at most `count`; 0 below 0.
  double at_most(double count) const;
};

// A model is fitted on so many windows before its instant, where there are as many.
inline constexpr size_t kForecastWindowsMax = 4;

class ForecastModel {
 public:
  // `windows`: of one length, oldest first, none overlapping another; at least one. The newest
  // weigh most. The same bits whatever `threads`. Cost: linear in the people, some twenty passes.
  static ForecastModel fit(std::span<const ForecastWindow> windows, unsigned threads);

  CountForecast forecast(const ForecastFeatures& features) const;

  double intercept() const { return intercept_; }
  std::span<const double> coefficients() const { return coefficient_; }  // by feature, >= 0
  double level() const { return level_; }
  double level_variance() const { return level_variance_; }

 private:
  double log_mean(const ForecastFeatures& features) const;
  double size_at(double log_mean) const;

  double intercept_ = 0;
  std::array<double, kForecastFeatures> coefficient_{};
  double size_intercept_ = 0, size_slope_ = 0;  // d0, d1
  double level_ = 0;
  double level_variance_ = 0;
};

}  // namespace bellwether

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
  std::vector<float> weight;    // as many, how many people each stands for; empty: each for one
};

// Whom a fit looks at: in a large community everybody who is responded to often, and a share of the
// others, each of whom stands for as many as it was picked from. Picked by number, which is as good
// as random, so the same ones each time. Persons ascending.
struct TrainingPerson {
  PersonId person;
  float weight;
};
std::vector<TrainingPerson> training_people(const GraphSnapshot& graph);

// Counts of one person: mean above 0, variance mean + mean^2 / size. In single precision, since
// there are several for everybody.
struct CountForecast {
  float mean = 0;
  float size = 0;  // > 0

  // The chance of at most `count`; 0 below 0.
  double at_most(double count) const;
  // The smallest count with a chance of at least `chance` of not being exceeded; chance in (0, 1).
  uint32_t quantile(double chance) const;
};

// Of the interval that is shown and graded: its ends are the 5 % and the 95 % quantile.
inline constexpr double kForecastMass = 0.90;

// A model is fitted on so many windows before its instant, where there are as many.
inline constexpr size_t kForecastWindowsMax = 4;
// Of windows of equal duration, those before which at least this share of their length was known:
// who is new to a log looks like somebody who moves nobody.
inline constexpr double kForecastKnownShare = 0.5;

// The logarithm of the gamma function of x > 0, to the bits of std::lgamma, which writes the sign
// where every thread reads it.
double log_gamma(double x);

// How much more or less than expected came in the newest window known, all people together.
struct ForecastLevel {
  double value = 0;  // log of the ratio
  // How far it wanders from window to window; by a tenth or so where too few have shown it.
  double variance = 0.01;
};
// `levels`: log ratios of what came to what was expected, of windows in their order; at least one.
ForecastLevel forecast_level(std::span<const double> levels);

class ForecastModel {
 public:
  // `windows`: of one length, oldest first, none overlapping another; at least one. The newest
  // weigh most. The same bits whatever `threads`. Cost: linear in the people, some twenty passes.
  static ForecastModel fit(std::span<const ForecastWindow> windows, unsigned threads);

  CountForecast forecast(const ForecastFeatures& features) const;

  double intercept() const { return intercept_; }
  std::span<const double> coefficients() const { return coefficient_; }  // by feature, >= 0
  const ForecastLevel& level() const { return level_; }

 private:
  double log_mean(const ForecastFeatures& features) const;
  double size_at(double log_mean) const;

  double intercept_ = 0;
  std::array<double, kForecastFeatures> coefficient_{};
  double size_intercept_ = 0, size_slope_ = 0;  // d0, d1
  ForecastLevel level_;
};

// How far a snapshot looks ahead, days.
inline constexpr std::array<int, 2> kForecastDays{7, 30};

struct WindowForecast {
  int64_t window_ms = 0;
  uint32_t training_windows = 0;      // that it was fitted on; 0: the log is too short for one
  std::vector<CountForecast> people;  // by person; empty: no forecast
};

// What everybody will move within `window_ms` from graph.as_of(), one forecast for each of the
// lengths asked for (each > 0). Fitted on the training_people of up to kForecastWindowsMax windows
// of that length before it. Responses that were erased count in
// what was known, and do not come.
// The same bits whatever `threads`. Cost: a pass over the entries, and a few over those that the
// training people received.
std::vector<WindowForecast> forecast_everybody(const GraphSnapshot& graph,
                                               std::span<const int64_t> window_ms,
                                               unsigned threads);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The constants behind pair chances, fitted on exposures and what came of them. The room's own.
//
// Maximum likelihood of the answers, with a weak normal prior around constants that suit the three
// data sets of docs/methods/chances.md, so that a short log is told nothing wild: for each pair of
// half-lives Fisher scoring with Levenberg's damping over the other four, and the likeliest pair.
#pragma once
#include <array>
#include <optional>
#include <vector>

#include "plan/pair_chances.h"
#include "plan/pair_replay.h"

namespace bellwether {

// Everybody's rate lately is taken at one of the first so many half-lives.
inline constexpr size_t kLatelyHorizons = 2;
inline constexpr double kFitHalfLife = 40;  // slots

// Log odds of the rates of which a prior is made, at one horizon: `from` and `to` as they differ
// from everybody's.
struct PriorOdds {
  float from = 0, to = 0;
};

// What a fit has to know of one exposure.
struct ExposureSample {
  std::array<float, kLatelyHorizons> lately{};
  std::array<PriorOdds, kChanceHorizons> odds{};
  std::array<float, kChanceHorizons> answered{}, exposures{};
  int32_t slot = 0;
  bool came = false;
};

ExposureSample sample_of(const Exposure& exposure);

// level, by_from, by_to, log of strength
inline constexpr size_t kChanceConstants = 4;
using ChanceConstants = std::array<double, kChanceConstants>;
struct FittedConstants {
  ChanceConstants constants = usual_constants();
  double log_likelihood = 0;

  // What suits the data sets of docs/methods/chances.md.
  static ChanceConstants usual_constants() { return {-0.3, 0.3, 0.6, std::log(10.0)}; }
};

struct ChanceFit {
  ChanceModel model;
  size_t horizon = 0;  // of model.half_life
  size_t lately = 0;   // of model.lately

  // Log odds of the prior of a pair, `own` apart, from counts as of one slot.
  double prior_log_odds(const ExposureCounts& from, const ExposureCounts& to,
                        const ExposureCounts& all) const;
  // The posterior's mean.
  double chance(double prior, double answered, double exposures) const;
};

// Collects exposures as they are seen, and fits the constants as of any slot.
class ChanceFitter {
 public:
  explicit ChanceFitter(int64_t occasion_ms) : occasion_ms_(occasion_ms) {}

  // In the order of their slots.
  void see(const Exposure& exposure) {
    Thinned& some = exposure.answered ? answered_ : others_;
    if (some.seen++ % some.every == 0) keep(some, exposure);
  }
  // The share that was answered, half an answer and a whole exposure added.
  double rate() const {
    return (static_cast<double>(answered_.seen) + 0.5) /
           (static_cast<double>(answered_.seen + others_.seen) + 1);
  }
  // On what was seen, an exposure weighing half as much as one kFitHalfLife slots after it: times
  // change, and it is the next slot that is asked about. Goes on from the constants of the last
  // fit. Empty: nothing was seen. The same bits whatever `threads`.
  std::optional<ChanceFit> fit(int32_t slot, unsigned threads);

 private:
  // Of the exposures answered, and of the others, so many at most are kept: every k-th, standing
  // for k.
  struct Thinned {
    std::vector<ExposureSample> kept;
    uint64_t seen = 0;
    uint64_t every = 1;
  };
  static constexpr size_t kKeptMax = 4'096;
  static void keep(Thinned& some, const Exposure& exposure);

  int64_t occasion_ms_;
  Thinned answered_, others_;
  std::array<FittedConstants, kChanceHorizons * kLatelyHorizons> fitted_;
};

inline double logistic(double log_odds) { return 1 / (1 + std::exp(-log_odds)); }

// Everybody's rate at a horizon, (0, 1).
double rate_of_all(const ExposureCounts& all, size_t horizon);
double log_odds_of(double chance);

}  // namespace bellwether

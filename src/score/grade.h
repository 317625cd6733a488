// SPDX-License-Identifier: Apache-2.0
// How well an order of people foretold whom others would respond to.
//
// Most people move nobody in any one window, and naive measures give thousands the same value, so
// every figure here is what is expected when ties, on either side, are broken at random: exactly,
// not by drawing.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "score/forecast.h"

namespace bellwether {

inline constexpr size_t kNdcgPlaces = 100;
inline constexpr size_t kOverlapPlaces = 50;

// Empty: the figure has no meaning, since nobody moved anybody, or everybody did (auc), or there
// are fewer than two people (spearman).
struct RankingGrade {
  // Normalised discounted cumulative gain of the first 100: gain log2(1 + people moved), discount
  // log2(1 + place). [0, 1]. Jarvelin and Kekalainen, ACM TOIS 20(4), 2002.
  std::optional<double> ndcg;
  // Rank correlation of measure and people moved, [-1, 1].
  std::optional<double> spearman;
  // How likely somebody who moved anybody stands above somebody who moved nobody, [0, 1].
  std::optional<double> auc;
  // The share of the first 50 who are among the first 50 by people moved, [0, 1].
  std::optional<double> overlap;
};

// `measure` and `moved` are by person, of one length; a higher measure foretells more. Not NaN.
// Cost: O(n log n).
RankingGrade grade_ranking(std::span<const double> measure, std::span<const uint32_t> moved);

// How often what came lay within the 90 % intervals of a forecast, by the randomised probability
// integral transform, in expectation: of a count that could fall on either side of an end, the
// share that lies inside. 0.90 where the intervals hold what they promise. Czado, Gneiting and
// Held, Biometrics 65, 2009.
struct Calibration {
  std::optional<double> coverage;           // over everybody, [0, 1]; empty: there is nobody
  std::optional<double> coverage_expected;  // over those expected to move at least one
  uint64_t people = 0;
  uint64_t expected = 0;  // how many these are
  // Of those expected to move at least one, the share whose transform lies in each tenth: a tenth
  // each where the forecast is right. All 0 if there are none. (The many who are expected to move
  // nobody, and do not, would fill every tenth alike and hide what is wrong.)
  std::array<double, 10> tenths{};
};

// By person, of one length.
Calibration grade_intervals(std::span<const CountForecast> forecasts,
                            std::span<const uint32_t> moved);

}  // namespace bellwether

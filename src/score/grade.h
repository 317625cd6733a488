// SPDX-License-Identifier: Apache-2.0
// How well an order of people foretold whom others would respond to.
//
// Most people move nobody in any one window, and naive measures give thousands the same value, so
// every figure here is what is expected when ties, on either side, are broken at random: exactly,
// not by drawing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace bellwether {

inline constexpr size_t kNdcgPlaces = 100;
inline constexpr size_t kOverlapPlaces = 50;

// Empty: the figure has no meaning, since nobody moved anybody, or everybody did (auc), or there
// are fewer than two people (spearman).
struct RankingGrade {
  // Normalised discounted cumulative gain of the first 100: gain log2(1 + people moved), discount
  // log2(1 + place). (0, 1]. Jarvelin and Kekalainen, ACM TOIS 20(4), 2002.
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

}  // namespace bellwether

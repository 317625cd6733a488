// SPDX-License-Identifier: Apache-2.0
// How far two scorings of the same people agree: in their order, and at the top.
//
// Spearman's rank correlation with ties at their mean rank (Kendall and Gibbons, Rank Correlation
// Methods, 1990), so that a scoring agrees with itself by 1 whatever ties it has; grade.h breaks
// ties at random instead, since a measure that tells nobody apart must not look good. What it is
// not: a grade. Two scorings can agree and both be wrong.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

namespace bellwether {

inline constexpr uint32_t kAgreementPlaces = 100;

// One person under both.
struct ScoredTwice {
  double first = 0, second = 0;              // points
  uint32_t first_rank = 0, second_rank = 0;  // from 1; 0: not ranked
};

struct Agreement {
  uint32_t people = 0;               // who have a score under both
  std::optional<double> spearman;    // of their scores, [-1, 1]; empty: all alike under one of them
  uint32_t ranked = 0;               // who are ranked under both
  uint32_t largest_rank_change = 0;  // of these
  // Of the first hundred of each, or as many as both have: how many, and how many are in both.
  uint32_t places = 0;
  uint32_t places_shared = 0;
};

// `people` have a score under both; `first_ranked` and `second_ranked` count those who are ranked
// under each, whether they have a score under the other or not. Cost: O(n log n).
Agreement agreement_of(std::span<const ScoredTwice> people, uint32_t first_ranked,
                       uint32_t second_ranked);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/agreement.h"

#include <gtest/gtest.h>

#include <cmath>
#include <utility>
#include <vector>

namespace bellwether {
namespace {

// Everybody ranked by both scores, ties by place.
std::vector<ScoredTwice> people_with(const std::vector<std::pair<double, double>>& scores) {
  std::vector<ScoredTwice> people;
  for (size_t i = 0; i < scores.size(); ++i) {
    ScoredTwice person{scores[i].first, scores[i].second, 1, 1};
    for (size_t j = 0; j < scores.size(); ++j) {
      const auto above = [&](double other, double own) {
        return other > own || (other == own && j < i);
      };
      if (above(scores[j].first, scores[i].first)) ++person.first_rank;
      if (above(scores[j].second, scores[i].second)) ++person.second_rank;
    }
    people.push_back(person);
  }
  return people;
}

TEST(Agreement, AScoringAgreesWithItselfWhateverTies) {
  const auto people = people_with({{9, 9}, {5, 5}, {5, 5}, {5, 5}, {1, 1}, {1, 1}});
  const Agreement found = agreement_of(people, 6, 6);
  EXPECT_NEAR(*found.spearman, 1, 1e-15);
  EXPECT_EQ(found.largest_rank_change, 0U);
  EXPECT_EQ(found.places, 6U);
  EXPECT_EQ(found.places_shared, 6U);
}

TEST(Agreement, TheOtherWayRoundIsMinusOne) {
  const Agreement found = agreement_of(people_with({{1, 40}, {2, 30}, {3, 20}, {4, 10}}), 4, 4);
  EXPECT_NEAR(*found.spearman, -1, 1e-15);
  EXPECT_EQ(found.largest_rank_change, 3U);
}

// By hand: mean ranks 1, 2.5, 2.5, 4 beside 1, 2, 3, 4.
TEST(Agreement, TiesStandAtTheirMeanRank) {
  const Agreement found = agreement_of(people_with({{1, 1}, {2, 2}, {2, 3}, {4, 4}}), 4, 4);
  EXPECT_NEAR(*found.spearman, 4.5 / std::sqrt(4.5 * 5), 1e-12);
}

TEST(Agreement, WhereAllStandLevelThereIsNoOrderToAgreeWith) {
  EXPECT_FALSE(agreement_of(people_with({{1, 3}, {1, 4}}), 2, 2).spearman);
  EXPECT_FALSE(agreement_of({}, 0, 0).spearman);
}

TEST(Agreement, OfTheFirstHundredItCountsThoseWhoAreInBoth) {
  std::vector<ScoredTwice> people;
  for (uint32_t i = 1; i <= 150; ++i) {
    // The first ten fall by a hundred places, and the hundred behind them move up by ten.
    const uint32_t second = i <= 10 ? i + 100 : i <= 110 ? i - 10 : i;
    people.push_back({200.0 - i, 200.0 - second, i, second});
  }
  const Agreement found = agreement_of(people, 150, 150);
  EXPECT_EQ(found.places, 100U);
  EXPECT_EQ(found.places_shared, 90U);
  EXPECT_EQ(found.largest_rank_change, 100U);
}

TEST(Agreement, WhoIsNotRankedHasNoRankThatCouldChange) {
  std::vector<ScoredTwice> people = people_with({{9, 1}, {5, 9}});
  people[0].second_rank = 0;
  const Agreement found = agreement_of(people, 2, 1);
  EXPECT_EQ(found.ranked, 1U);
  EXPECT_EQ(found.people, 2U);
  EXPECT_EQ(found.places, 1U);
  EXPECT_EQ(found.places_shared, 0U);  // the one who is ranked by both is second in the first
}

}  // namespace
}  // namespace bellwether

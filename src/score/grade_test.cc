// SPDX-License-Identifier: Apache-2.0
#include "score/grade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace bellwether {
namespace {

// Where everybody stands is given: people by falling value, no ties left. Each figure by its
// definition, the slow way.
struct Broken {
  std::vector<uint32_t> said, came;  // people in order
};

double gain_of(const std::vector<uint32_t>& order, const std::vector<uint32_t>& moved) {
  double sum = 0;
  for (size_t place = 0; place < std::min(order.size(), kNdcgPlaces); ++place) {
    sum += std::log2(1.0 + moved[order[place]]) / std::log2(2.0 + static_cast<double>(place));
  }
  return sum;
}

double spearman_of(const Broken& broken) {
  const size_t n = broken.said.size();
  std::vector<double> a(n), b(n);
  for (size_t place = 0; place < n; ++place) {
    a[broken.said[place]] = b[broken.came[place]] = static_cast<double>(place);
  }
  double squares = 0;
  for (size_t i = 0; i < n; ++i) squares += (a[i] - b[i]) * (a[i] - b[i]);
  const auto count = static_cast<double>(n);
  return 1 - 6 * squares / (count * (count * count - 1));
}

double auc_of(const std::vector<uint32_t>& order, const std::vector<uint32_t>& moved) {
  double above = 0, pairs = 0;
  for (size_t i = 0; i < order.size(); ++i) {
    for (size_t k = i + 1; k < order.size(); ++k) {
      const bool first = moved[order[i]] > 0;
      const bool second = moved[order[k]] > 0;
      if (first == second) continue;
      ++pairs;
      if (first) ++above;
    }
  }
  return above / pairs;
}

double overlap_of(const Broken& broken) {
  const size_t places = std::min(kOverlapPlaces, broken.said.size());
  double both = 0;
  for (size_t i = 0; i < places; ++i) {
    both += static_cast<double>(std::count(
        broken.came.begin(), broken.came.begin() + static_cast<ptrdiff_t>(places), broken.said[i]));
  }
  return both / static_cast<double>(places);
}

// Every order that agrees with the values.
template <typename Number>
std::vector<std::vector<uint32_t>> orders_of(const std::vector<Number>& values) {
  std::vector<uint32_t> order(values.size());
  std::iota(order.begin(), order.end(), 0U);
  std::vector<std::vector<uint32_t>> out;
  do {
    const bool agrees = std::is_sorted(
        order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return values[a] > values[b]; });
    if (agrees) out.push_back(order);
  } while (std::next_permutation(order.begin(), order.end()));
  return out;
}

TEST(Grade, OfAPerfectOrderIsOneThroughout) {
  const std::vector<uint32_t> moved{9, 7, 3, 1, 0};
  const std::vector<double> measure{5, 4, 3, 2, 1};
  const RankingGrade grade = grade_ranking(measure, moved);
  EXPECT_DOUBLE_EQ(*grade.ndcg, 1);
  EXPECT_DOUBLE_EQ(*grade.spearman, 1);
  EXPECT_DOUBLE_EQ(*grade.auc, 1);
  EXPECT_DOUBLE_EQ(*grade.overlap, 1);
}

TEST(Grade, OfTheWorstOrderIsTheOtherEnd) {
  const std::vector<uint32_t> moved{0, 1, 3, 7};
  const std::vector<double> measure{4, 3, 2, 1};
  const RankingGrade grade = grade_ranking(measure, moved);
  EXPECT_DOUBLE_EQ(*grade.spearman, -1);
  EXPECT_DOUBLE_EQ(*grade.auc, 0);
  EXPECT_LT(*grade.ndcg, 1);
  EXPECT_GT(*grade.ndcg, 0);
}

TEST(Grade, OfAMeasureThatTellsNobodyApartIsThatOfChance) {
  const std::vector<uint32_t> moved{5, 0, 0, 2, 0, 0};
  const std::vector<double> measure(moved.size(), 3.0);
  const RankingGrade grade = grade_ranking(measure, moved);
  EXPECT_DOUBLE_EQ(*grade.spearman, 0);
  EXPECT_DOUBLE_EQ(*grade.auc, 0.5);
}

TEST(Grade, HasNoFiguresWhereThereIsNothingToTell) {
  const std::vector<double> measure{2, 1};
  const RankingGrade nobody = grade_ranking(measure, std::vector<uint32_t>{0, 0});
  EXPECT_FALSE(nobody.ndcg || nobody.spearman || nobody.auc || nobody.overlap);
  const RankingGrade everybody = grade_ranking(measure, std::vector<uint32_t>{1, 2});
  EXPECT_FALSE(everybody.auc);
  EXPECT_TRUE(everybody.ndcg);
  const RankingGrade alone = grade_ranking(std::vector<double>{1}, std::vector<uint32_t>{1});
  EXPECT_FALSE(alone.spearman);
  EXPECT_FALSE(grade_ranking({}, {}).ndcg);
}

TEST(Grade, CountsTheFirstHundredAndTheFirstFiftyOnly) {
  constexpr size_t kPeople = 400;
  std::vector<uint32_t> moved(kPeople, 0);
  std::vector<double> measure(kPeople);
  for (size_t i = 0; i < kPeople; ++i) measure[i] = static_cast<double>(kPeople - i);
  moved[99] = 1;
  EXPECT_NEAR(*grade_ranking(measure, moved).ndcg, 1 / std::log2(101.0), 1e-12);
  std::swap(moved[99], moved[100]);
  EXPECT_EQ(*grade_ranking(measure, moved).ndcg, 0);
  for (size_t i = 0; i < 50; ++i) moved[i + 25] = 2;
  EXPECT_DOUBLE_EQ(*grade_ranking(measure, moved).overlap, 0.5);
}

RC_GTEST_PROP(Grade, IsTheMeanOverEveryWayToBreakTies, ()) {
  const auto people = *rc::gen::inRange<size_t>(2, 6);
  const auto moved = *rc::gen::container<std::vector<uint32_t>>(people, rc::gen::inRange(0U, 3U));
  const auto said = *rc::gen::container<std::vector<int>>(people, rc::gen::inRange(0, 3));
  const std::vector<double> measure(said.begin(), said.end());
  const RankingGrade grade = grade_ranking(measure, moved);
  if (std::all_of(moved.begin(), moved.end(), [](uint32_t m) { return m == 0; })) {
    RC_ASSERT(!grade.ndcg);
    return;
  }
  const auto said_orders = orders_of(said);
  const auto came_orders = orders_of(moved);
  double ndcg = 0, spearman = 0, auc = 0, overlap = 0;
  for (const auto& said_order : said_orders) {
    ndcg += gain_of(said_order, moved) / gain_of(came_orders.front(), moved);
    auc += auc_of(said_order, moved);
    for (const auto& came_order : came_orders) {
      const Broken broken{said_order, came_order};
      spearman += spearman_of(broken);
      overlap += overlap_of(broken);
    }
  }
  const auto ways = static_cast<double>(said_orders.size());
  const double both_ways = ways * static_cast<double>(came_orders.size());
  RC_ASSERT(std::abs(*grade.ndcg - ndcg / ways) < 1e-12);
  RC_ASSERT(std::abs(*grade.spearman - spearman / both_ways) < 1e-12);
  RC_ASSERT(std::abs(*grade.overlap - overlap / both_ways) < 1e-12);
  const bool all_moved = std::all_of(moved.begin(), moved.end(), [](uint32_t m) { return m > 0; });
  RC_ASSERT(grade.auc.has_value() != all_moved);
  if (!all_moved) RC_ASSERT(std::abs(*grade.auc - auc / ways) < 1e-12);
}

}  // namespace
}  // namespace bellwether

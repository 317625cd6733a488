// SPDX-License-Identifier: Apache-2.0
#include "simulate/truth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "simulate/appraisal.h"

namespace bellwether {
namespace {

TruthOptions small(uint32_t seeds) {
  TruthOptions options;
  options.community.people = 300;
  options.community.days = 60;
  options.seeds = seeds;
  return options;
}

TEST(GradeTruth, NamesTheBestBaselineAndTheMarginOverIt) {
  const auto report = grade_truth(small(4), {}, 2);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->measures.front(), "score");
  ASSERT_EQ(report->trials.size(), 4U);
  uint32_t won = 0;
  double least = 2;
  for (size_t i = 0; i < 4; ++i) {
    const TruthTrial& trial = report->trials[i];
    EXPECT_EQ(trial.rng_seed, 1 + i);
    ASSERT_EQ(trial.spearman.size(), report->measures.size());
    EXPECT_GE(trial.best_baseline, report->baselines_from);
    for (size_t m = report->baselines_from; m < trial.spearman.size(); ++m) {
      EXPECT_LE(trial.spearman[m], trial.spearman[trial.best_baseline]);
    }
    EXPECT_DOUBLE_EQ(trial.margin, trial.spearman[0] - trial.spearman[trial.best_baseline]);
    EXPECT_GT(trial.vouched_share, 0);
    EXPECT_LE(trial.vouched_share, 1);
    won += trial.margin > 0 ? 1 : 0;
    least = std::min(least, trial.margin);
  }
  EXPECT_EQ(report->won, won);
  EXPECT_EQ(report->margin_least, least);
}

TEST(GradeTruth, EveryMeasureKnowsSomethingOfTheTruth) {
  const auto report = grade_truth(small(3), {}, 2);
  ASSERT_TRUE(report.ok());
  for (size_t m = 0; m < report->measures.size(); ++m) {
    EXPECT_GT(report->mean[m], 0.5) << report->measures[m];
    EXPECT_LT(report->mean[m], 1) << report->measures[m];
  }
}

TEST(GradeTruth, DoesNotDependOnThreads) {
  const auto one = grade_truth(small(3), {}, 1);
  std::vector<uint32_t> told;
  const auto many = grade_truth(small(3), {}, 3, [&](uint32_t done) { told.push_back(done); });
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(one->trials[i].spearman, many->trials[i].spearman);
  EXPECT_THAT(told, testing::ElementsAre(1, 2, 3));
}

TEST(GradeTruth, ATrialTakesOneToTenThousandSeeds) {
  EXPECT_FALSE(grade_truth(small(0), {}, 1).ok());
  EXPECT_TRUE(grade_truth(small(1), {}, 1).ok());
  EXPECT_FALSE(grade_truth(small(10'001), {}, 1).ok());
  TruthOptions options = small(1);
  options.community.people = 1;
  EXPECT_FALSE(grade_truth(options, {}, 1).ok());
}

TEST(GradeTruth, WhereNobodyMovesMoreThanAnotherThereIsNothingToGrade) {
  TruthOptions options;
  options.community.people = 2;
  options.community.days = 1;
  options.seeds = 1;
  const auto report = grade_truth(options, Policy{}, 1);
  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, ErrorCode::kNotFound);
}

TEST(Appraisal, AWeightOfNothingLeavesNobodyAScore) {
  CommunityOptions options;
  options.people = 100;
  options.days = 20;
  const World world = world_of(*Community::create(options));
  const Appraisal usual = appraise(world, {}, {}, 1);
  EXPECT_FALSE(usual.scores.empty());
  EXPECT_FALSE(usual.teleport_set.empty());
  EXPECT_GT(usual.points(usual.scores.front().person), 1);
  Policy nothing;
  nothing.credit.weight.fill(0);
  const Appraisal empty = appraise(world, nothing, {}, 1);
  EXPECT_TRUE(empty.scores.empty());
  EXPECT_EQ(empty.find(0), nullptr);
  EXPECT_EQ(empty.points(0), 1);
}

TEST(Appraisal, TheTeleportSetGivenIsTheOneUsed) {
  CommunityOptions options;
  options.people = 100;
  options.days = 20;
  const World world = world_of(*Community::create(options));
  const std::vector<AccountId> set{3, 7};
  EXPECT_EQ(appraise(world, {}, set, 1).teleport_set, set);
}

}  // namespace
}  // namespace bellwether

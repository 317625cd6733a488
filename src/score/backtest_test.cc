// SPDX-License-Identifier: Apache-2.0
#include "score/backtest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "score/testing.h"

namespace bellwether {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// Thirty people over a hundred days; whom they respond to is steady, the first most of all.
TestWorld steady_world() {
  TestWorld world;
  const std::vector<AccountId> people = world.add_accounts(30);
  std::mt19937 rng(7);
  for (int day = 0; day < 100; ++day) {
    for (const AccountId person : people) {
      const auto other = static_cast<AccountId>(
          30 * std::pow(std::uniform_real_distribution<double>(0, 1)(rng), 3));
      if (other == person) continue;
      world.respond(person, Verb::kReply, other,
                    at_ms(day * kMsPerDay + static_cast<int64_t>(rng() % kMsPerDay)));
    }
  }
  world.as_of = at_day(101);
  return world;
}

struct Replayed {
  explicit Replayed(const TestWorld& world) : world_(world), scores_(score_world(world)) {}
  Result<BacktestReport> operator()(const BacktestOptions& options, unsigned threads = 1) const {
    return backtest(scores_.ledger, world_.account_network, scores_.persons, world_.teleport_set,
                    world_.policy, options, threads);
  }
  const std::vector<LedgerEntry>& ledger() const { return scores_.ledger; }

 private:
  const TestWorld& world_;
  TestScores scores_;
};

TEST(Backtest, TellsASteadyCommunityWell) {
  const TestWorld world = steady_world();
  const Replayed replay(world);
  const BacktestReport report = *replay({});
  ASSERT_THAT(report.folds, SizeIs(1));
  const BacktestFold& fold = report.folds[0];
  EXPECT_EQ(fold.responses_before + fold.responses_within, replay.ledger().size());
  EXPECT_EQ(fold.responses_before,
            static_cast<uint64_t>(0.75 * static_cast<double>(replay.ledger().size())));
  EXPECT_EQ(fold.people, 30U);
  EXPECT_EQ(report.measures[0], "forecast");
  EXPECT_EQ(report.measures[1], "score");
  for (const size_t measure : {size_t{0}, size_t{1}}) {
    EXPECT_GT(*fold.grades[measure].ndcg, 0.9);
    EXPECT_GT(*fold.grades[measure].spearman, 0.7);
  }
  EXPECT_EQ(fold.training_windows, 2U) << "two more quarters before it, and one to begin with";
  EXPECT_GT(*report.calibration.coverage, 0.75) << "thirty people are few";
  EXPECT_FALSE(fold.grades.back().ndcg) << "nobody ever followed anybody here";
}

TEST(Backtest, KnowsNothingOfAWindowBeforeItsCut) {
  const TestWorld world = steady_world();
  const Replayed whole(world);
  const Instant cut = at_day(60);
  BacktestOptions options;
  options.cut = cut;
  options.window_ms = 5 * kMsPerDay;
  const BacktestFold before = (*whole(options)).folds[0];

  // Whoever acts in the window acts towards the last of all, and much more often.
  TestWorld other = world;
  for (ResolvedAct& act : other.acts) {
    if (act.published >= cut) act.author = act.account == 29 ? 28 : 29;
  }
  const Replayed changed(other);
  const BacktestFold after = (*changed(options)).folds[0];
  EXPECT_EQ(before.responses_before, after.responses_before);
  EXPECT_EQ(before.people, after.people);
  EXPECT_EQ(before.vouched_share, after.vouched_share);
  EXPECT_EQ(after.moving, 2U);
  EXPECT_LT(*after.grades[0].ndcg, *before.grades[0].ndcg);
}

TEST(Backtest, WhatComesAfterAWindowIsNoPartOfIt) {
  TestWorld world = steady_world();
  const BacktestOptions options{1, 5 * kMsPerDay, at_day(60), 0.75};
  const BacktestReport before = *Replayed(world)(options);
  std::erase_if(world.acts, [](const ResolvedAct& act) { return act.published >= at_day(66); });
  const BacktestReport after = *Replayed(world)(options);
  for (size_t m = 0; m < before.measures.size(); ++m) {
    EXPECT_EQ(before.folds[0].grades[m].ndcg, after.folds[0].grades[m].ndcg) << before.measures[m];
    EXPECT_EQ(before.folds[0].grades[m].spearman, after.folds[0].grades[m].spearman);
  }
}

TEST(Backtest, WithoutAWindowBeforeItThereIsNoForecast) {
  const TestWorld world = steady_world();
  const BacktestReport report = *Replayed(world)({.folds = 2, .cut_share = 0.3});
  EXPECT_FALSE(report.folds[0].grades[0].ndcg) << "0.35 of the responses fit into 0.3 not once";
  EXPECT_FALSE(report.folds[0].calibration);
  EXPECT_EQ(report.folds[0].training_windows, 0U);
  EXPECT_EQ(report.folds[1].training_windows, 1U) << "it learns from the first";
  EXPECT_TRUE(report.folds[1].grades[0].ndcg);
  EXPECT_EQ(report.calibration.people, report.folds[1].people);
}

TEST(Backtest, WindowsFollowEachOtherWithoutAGap) {
  const TestWorld world = steady_world();
  const Replayed replay(world);
  const BacktestReport report = *replay({.folds = 7, .cut_share = 0.4});
  ASSERT_THAT(report.folds, SizeIs(7));
  uint64_t within = 0;
  for (size_t f = 0; f < report.folds.size(); ++f) {
    if (f > 0) {
      EXPECT_EQ(report.folds[f].cut, report.folds[f - 1].end);
      EXPECT_GE(report.folds[f].training_windows, report.folds[f - 1].training_windows);
    }
    EXPECT_EQ(report.folds[f].responses_before, report.folds[0].responses_before + within);
    within += report.folds[f].responses_within;
  }
  EXPECT_EQ(report.folds[0].responses_before + within, replay.ledger().size());

  const BacktestReport weeks = *replay({.folds = 3, .window_ms = 7 * kMsPerDay});
  Instant last{0};
  for (const LedgerEntry& entry : replay.ledger()) last = std::max(last, entry.published);
  EXPECT_EQ(weeks.folds[2].end.ms, last.ms + 1) << "the last one ends with the ledger";
  EXPECT_EQ(weeks.folds[0].end.ms - weeks.folds[0].cut.ms, 7 * kMsPerDay);
}

// A share was ignored where the windows had a length: the last ones of the log were taken instead.
TEST(Backtest, WindowsOfALengthBeginAfterTheShareThatWasAskedFor) {
  const TestWorld world = steady_world();
  const Replayed replay(world);
  const Instant half = replay({.cut_share = 0.5})->folds[0].cut;
  const BacktestReport weeks = *replay({.folds = 2, .window_ms = 7 * kMsPerDay, .cut_share = 0.5});
  EXPECT_EQ(weeks.folds[0].cut, half);
  EXPECT_EQ(weeks.folds[1].end.ms, half.ms + 14 * kMsPerDay);
  EXPECT_EQ(replay({.folds = 2, .window_ms = 7 * kMsPerDay, .cut_share = 0.99}).error().code,
            ErrorCode::kNotFound);
}

TEST(Backtest, MeansAreOverTheWindowsThatHaveTheFigure) {
  const TestWorld world = steady_world();
  const BacktestReport report = *Replayed(world)({.folds = 4});
  double sum = 0;
  uint32_t with = 0;
  for (const BacktestFold& fold : report.folds) {
    EXPECT_EQ(fold.grades[0].auc.has_value(), fold.moving < fold.people);
    sum += fold.grades[0].auc.value_or(0);
    with += fold.grades[0].auc ? 1 : 0;
  }
  EXPECT_THAT(with, testing::AllOf(testing::Ge(1U), testing::Lt(4U)))
      << "in some of these windows everybody moves somebody";
  EXPECT_DOUBLE_EQ(*report.mean[0].auc, sum / with);
  EXPECT_FALSE(report.mean.back().auc);
}

TEST(Backtest, GivesTheSameBitsWhateverTheThreads) {
  const TestWorld world = steady_world();
  const Replayed replay(world);
  const BacktestReport one = *replay({.folds = 3}, 1);
  const BacktestReport four = *replay({.folds = 3}, 4);
  for (size_t m = 0; m < one.measures.size(); ++m) {
    EXPECT_EQ(one.mean[m].ndcg, four.mean[m].ndcg);
    EXPECT_EQ(one.mean[m].spearman, four.mean[m].spearman);
  }
}

TEST(Backtest, TellsEachWindowAsItIsDone) {
  const TestWorld world = steady_world();
  const TestScores scores = score_world(world);
  std::vector<uint32_t> told;
  ASSERT_TRUE(backtest(scores.ledger, world.account_network, scores.persons, {}, world.policy,
                       {.folds = 3}, 1, [&](uint32_t done) { told.push_back(done); })
                  .ok());
  EXPECT_THAT(told, testing::ElementsAre(1, 2, 3));
}

TEST(Backtest, SaysWhatIsWrongWithAnOptionOrALog) {
  const TestWorld world = steady_world();
  const Replayed replay(world);
  EXPECT_EQ(replay({.folds = 0}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(replay({.folds = 1001}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(replay({.cut_share = 1}).error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(replay({.folds = 200}).ok());
  EXPECT_EQ(replay({.folds = 1000}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(replay({.cut = at_day(-1)}).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(replay({.cut = at_day(200)}).error().code, ErrorCode::kNotFound);
  const Result<BacktestReport> long_windows = replay({.folds = 2, .window_ms = 60 * kMsPerDay});
  EXPECT_EQ(long_windows.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(long_windows.error().message, HasSubstr("so many windows"));
  const Result<BacktestReport> long_window = replay({.window_ms = 900 * kMsPerDay});
  EXPECT_THAT(long_window.error().message, HasSubstr("does not fit"));
  EXPECT_EQ(backtest({}, {}, PersonMap::identity(0), {}, {}, {}, 1).error().code,
            ErrorCode::kNotFound);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "plan/chance_grade.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace bellwether {
namespace {

constexpr Instant kCut{1'700'000'000'000};

Instant days_after(double days) {
  return {kCut.ms + static_cast<int64_t>(days * static_cast<double>(kMsPerDay))};
}

// A log in the making; day 0 is the first of the window.
struct Log {
  std::vector<LedgerEntry> ledger;
  std::vector<PersonAct> acts;
  uint32_t people = 50;

  void responds(PersonId mover, PersonId receiver, int day) {
    LedgerEntry entry{};
    entry.receiver = receiver;
    entry.mover = mover;
    entry.published = days_after(day + 0.5);
    entry.credit = kCreditOne;
    entry.verb = Verb::kReact;
    ledger.push_back(entry);
  }
  void posts(PersonId person, int day) { acts.push_back({person, days_after(day + 0.25), {}, 0}); }

  std::optional<ChanceReport> grade(double days, const PairChanceOptions& options = {}) {
    std::stable_sort(ledger.begin(), ledger.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
      return std::tie(a.receiver, a.mover, a.published) <
             std::tie(b.receiver, b.mover, b.published);
    });
    auto graded =
        grade_chances(ledger, acts, PersonMap::identity(people), {kCut, days_after(days)}, options);
    EXPECT_TRUE(graded.ok()) << graded.error().message;
    return graded.ok() ? *graded : std::nullopt;
  }
};

const ChanceGrade& of(const ChanceReport& report, ChanceMeasure measure) {
  return report.grades[static_cast<size_t>(measure)];
}

// One posts on each of forty days, from 20 before the window on; the other, who met them on the
// first, answers every second day until it, and every fourth within.
Log forty_days() {
  Log log;
  for (int day = -20; day < 20; ++day) {
    log.posts(1, day);
    if (day < 0 ? day % 2 == 0 : day % 4 == 0) log.responds(0, 1, day);
  }
  return log;
}

TEST(ChanceGrade, ForetellsEveryOccasionOfTheWindowFromWhatCameBefore) {
  const auto report = forty_days().grade(20);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->exposures, 20U);
  EXPECT_EQ(report->answered, 5U);
  EXPECT_EQ(report->pairs, 1U);
  EXPECT_EQ(report->model.occasion_ms, kMsPerDay);
}

TEST(ChanceGrade, NaiveMeasuresAreWhatOneCountsByHand) {
  const auto report = forty_days().grade(20);
  ASSERT_TRUE(report);
  // Before the window 19 exposures, 9 answered: the day they met is none.
  int exposures = 19;
  int answered = 9;
  double constant = 0;
  double plain = 0;
  double cascade = 0;
  for (int day = 0; day < 20; ++day) {
    const bool came = day % 4 == 0;
    const double rate = (answered + 0.5) / (exposures + 1);
    const double own = (answered + rate) / (exposures + 1);
    constant -= std::log(came ? rate : 1 - rate) / 20;
    plain -= std::log(came ? own : 1 - own) / 20;
    cascade -= std::log(came ? kChanceHigh : 1 - kChanceHigh) / 20;  // they have met nobody else
    ++exposures;
    if (came) ++answered;
  }
  EXPECT_NEAR(of(*report, ChanceMeasure::kConstant).log_loss, constant, 1e-9);
  EXPECT_NEAR(of(*report, ChanceMeasure::kPlainRate).log_loss, plain, 1e-9);
  EXPECT_NEAR(of(*report, ChanceMeasure::kWeightedCascade).log_loss, cascade, 1e-9);
  EXPECT_NEAR(of(*report, ChanceMeasure::kWeightedCascade).mean, kChanceHigh, 1e-9);
  EXPECT_NEAR(of(*report, ChanceMeasure::kWeightedCascade).calibration_error, kChanceHigh - 0.25,
              1e-9);
}

TEST(ChanceGrade, WhoeverHasMetManyIsExpectedToRespondToEachLess) {
  Log log = forty_days();
  for (PersonId other = 2; other < 5; ++other) log.responds(0, other, -3);
  const auto report = log.grade(20);
  ASSERT_TRUE(report);
  EXPECT_NEAR(of(*report, ChanceMeasure::kWeightedCascade).mean, 0.25, 1e-9);
}

TEST(ChanceGrade, ALastSlotThatIsCutShortIsLeftOut) {
  EXPECT_EQ(forty_days().grade(19.9)->exposures, 19U);
  EXPECT_EQ(forty_days().grade(20)->exposures, 20U);
  EXPECT_FALSE(forty_days().grade(0.5));
}

TEST(ChanceGrade, NothingIsGradedWhereNothingIsKnownBeforeOrNothingComes) {
  Log log;
  for (int day = 0; day < 20; ++day) log.posts(1, day);
  log.responds(0, 1, 0);
  EXPECT_FALSE(log.grade(20));  // they met within
  Log ended = forty_days();
  std::erase_if(ended.acts, [](const PersonAct& act) { return act.published >= kCut; });
  std::erase_if(ended.ledger, [](const LedgerEntry& entry) { return entry.published >= kCut; });
  EXPECT_FALSE(ended.grade(20));
  EXPECT_FALSE(Log().grade(20));
}

TEST(ChanceGrade, SaysNobodyStaysActiveForLessThanADay) {
  const auto refused =
      grade_chances({}, {}, PersonMap::identity(0), {kCut, days_after(1)}, {.active_days = 0});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
}

// Pairs with chances of their own, from 2 to 42 %: whoever tells them apart is better by log loss
// and among pairs alike; those who know only the mean are right on the mean.
Log planted(double drift) {
  Log log;
  log.people = 40;
  uint64_t state = 1;
  const auto uniform = [&] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  for (int day = -90; day < 60; ++day) {
    for (PersonId from = 0; from < log.people; ++from) {
      if (uniform() < 0.3) continue;
      log.posts(from, day);
      for (PersonId to = 0; to < log.people; ++to) {
        if (to == from || (from + to) % 5 != 0) continue;
        const double chance = 0.02 + 0.4 * static_cast<double>((from * 7 + to * 13) % 10) / 10;
        if (uniform() < chance * (day < 0 ? 1 : drift)) log.responds(to, from, day);
      }
    }
  }
  return log;
}

TEST(ChanceGrade, ChancesBeatWhatIsCountedByHandWherePairsDiffer) {
  for (const double drift : {1.0, 0.5}) {
    const auto report = planted(drift).grade(60, {.threads = 2});
    ASSERT_TRUE(report);
    const ChanceGrade& ours = of(*report, ChanceMeasure::kChances);
    for (const ChanceMeasure other :
         {ChanceMeasure::kConstant, ChanceMeasure::kWeightedCascade, ChanceMeasure::kPlainRate}) {
      EXPECT_LT(ours.log_loss, of(*report, other).log_loss) << to_string(other) << drift;
      // With so long a history as here the plain rate knows as much.
      if (other == ChanceMeasure::kPlainRate) continue;
      EXPECT_LT(ours.alike_error, of(*report, other).alike_error) << to_string(other) << drift;
    }
    // Where what people do halves at once, as the second time, it takes some days to follow.
    EXPECT_LT(ours.calibration_error, drift < 1 ? 0.035 : 0.02) << drift;
    // The tenths are told in their order, and what came follows.
    for (size_t t = 1; t < report->tenths.size(); ++t) {
      EXPECT_GE(report->tenths[t].said, report->tenths[t - 1].said);
    }
    EXPECT_GT(report->tenths.back().came, 3 * report->tenths.front().came);
    double said = 0;
    double came = 0;
    for (const ChanceTenth& tenth : report->tenths) {
      said += tenth.said / 10;
      came += tenth.came / 10;
    }
    EXPECT_NEAR(said, ours.mean, 1e-9);
    EXPECT_NEAR(
        came, static_cast<double>(report->answered) / static_cast<double>(report->exposures), 1e-9);
  }
}

TEST(ChanceGrade, SameBitsOnAnyNumberOfThreads) {
  const auto one = planted(0.5).grade(60);
  const auto many = planted(0.5).grade(60, {.threads = 4});
  for (size_t m = 0; m < kChanceMeasures; ++m) {
    EXPECT_EQ(one->grades[m].log_loss, many->grades[m].log_loss);
    EXPECT_EQ(one->grades[m].calibration_error, many->grades[m].calibration_error);
  }
  EXPECT_EQ(one->model.strength, many->model.strength);
}

// What comes in the window changes nothing that is foretold on its first day.
TEST(ChanceGrade, KnowsNothingOfTheWindowAtItsBeginning) {
  Log quiet = planted(1);
  std::erase_if(quiet.ledger, [](const LedgerEntry& e) { return e.published >= days_after(1); });
  EXPECT_EQ(of(*planted(1).grade(1), ChanceMeasure::kChances).mean,
            of(*quiet.grade(1), ChanceMeasure::kChances).mean);
  EXPECT_EQ(of(*planted(0.5).grade(1), ChanceMeasure::kChances).mean,
            of(*planted(1).grade(1), ChanceMeasure::kChances).mean);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "plan/pair_chances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <tuple>

#include "plan/pair_chances_check.h"

namespace bellwether {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

constexpr Instant kAsOf{1'700'000'000'000};
constexpr TopicSetId kGardens = 7;

Instant days_before(double days) {
  return {kAsOf.ms - static_cast<int64_t>(days * static_cast<double>(kMsPerDay))};
}

// A log in the making. Days are counted back from kAsOf, from 1: the last day before it.
struct Log {
  std::vector<LedgerEntry> ledger;
  std::vector<PersonAct> acts;
  uint32_t people = 8;

  LedgerEntry& responds(PersonId mover, PersonId receiver, int day, Verb verb = Verb::kReact) {
    LedgerEntry entry{};
    entry.receiver = receiver;
    entry.mover = mover;
    entry.published = days_before(day - 0.5);
    entry.credit = kCreditOne;
    entry.verb = verb;
    ledger.push_back(entry);
    return ledger.back();
  }
  PersonAct& posts(PersonId person, int day) {
    acts.push_back({person, days_before(day - 0.25), {}, 0});
    return acts.back();
  }

  std::vector<LedgerEntry> settled() const {
    std::vector<LedgerEntry> sorted = ledger;
    std::stable_sort(sorted.begin(), sorted.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
      return std::tie(a.receiver, a.mover, a.published) <
             std::tie(b.receiver, b.mover, b.published);
    });
    return sorted;
  }
  PairChances chances(const PairChanceOptions& options = {},
                      const std::unordered_set<TopicSetId>* topics = nullptr) const {
    auto made = pair_chances(settled(), acts, PersonMap::identity(people), kAsOf, options, topics);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? std::move(*made) : PairChances{};
  }
};

PairChance must_find(const PairChances& chances, PersonId from, PersonId to) {
  for (const PairChance& pair : chances.pairs) {
    if (pair.from == from && pair.to == to) return pair;
  }
  ADD_FAILURE() << "no pair from " << from << " to " << to;
  return {};
}

// Bo posts every day of twenty; Ana met Bo on the first and answers every fourth since.
constexpr PersonId kAna = 0;
constexpr PersonId kBo = 1;
constexpr PersonId kCy = 2;
Log twenty_days() {
  Log log;
  for (int day = 20; day >= 1; --day) {
    log.posts(kBo, day);
    if (day % 4 == 0) log.responds(kAna, kBo, day);
  }
  return log;
}

TEST(PairChances, CountWhatCameOfEachDaySinceTheyMet) {
  const PairChances chances = twenty_days().chances();
  ASSERT_TRUE(chances.model);
  EXPECT_EQ(chances.model->occasion_ms, kMsPerDay);
  ASSERT_THAT(chances.pairs, SizeIs(1));
  const PairChance& pair = chances.pairs.front();
  EXPECT_EQ(pair.from, kBo);
  EXPECT_EQ(pair.to, kAna);
  EXPECT_EQ(pair.occasions, 19U);  // without the day they met
  EXPECT_EQ(pair.responses, 4U);
  EXPECT_GT(pair.chance, 0.1);
  EXPECT_LT(pair.chance, 0.4);
}

TEST(PairChances, TheChanceIsThePosteriorOfWhatIsTold) {
  const PairChances chances = twenty_days().chances();
  const PairChance& pair = chances.pairs.front();
  const double strength = chances.model->strength;
  EXPECT_NEAR(pair.chance,
              (strength * static_cast<double>(pair.prior) + static_cast<double>(pair.answered)) /
                  (strength + static_cast<double>(pair.exposures)),
              1e-6);
}

TEST(PairChances, AFirstResponseMakesAPairAndIsNoAnswer) {
  Log log = twenty_days();
  log.responds(kCy, kBo, 1);
  const PairChances chances = log.chances();
  const PairChance pair = must_find(chances, kBo, kCy);
  EXPECT_EQ(pair.occasions, 0U);
  EXPECT_EQ(pair.responses, 0U);
  EXPECT_EQ(pair.exposures, 0);
  EXPECT_FLOAT_EQ(pair.chance, pair.prior);
}

TEST(PairChances, SeveralResponsesOfADayAreOne) {
  Log log = twenty_days();
  const PairChances before = log.chances();
  log.responds(kAna, kBo, 4);
  log.responds(kAna, kBo, 8);
  const PairChances after = log.chances();
  EXPECT_EQ(before.pairs.front().responses, after.pairs.front().responses);
  EXPECT_EQ(before.pairs.front().chance, after.pairs.front().chance);
}

TEST(PairChances, WhoHasBeenAwayIsNotExposed) {
  Log log;
  for (int day = 100; day >= 1; --day) log.posts(kBo, day);
  log.responds(kAna, kBo, 100);
  const PairChances chances = log.chances();
  // Thirty days after the one act that is known of them.
  EXPECT_EQ(must_find(chances, kBo, kAna).occasions, 30U);
}

TEST(PairChances, AnAnswerOfSomebodyAwayCounts) {
  Log log;
  for (int day = 100; day >= 1; --day) log.posts(kBo, day);
  log.responds(kAna, kBo, 100);
  log.responds(kAna, kBo, 1);
  const PairChance pair = must_find(log.chances(), kBo, kAna);
  EXPECT_EQ(pair.occasions, 31U);
  EXPECT_EQ(pair.responses, 1U);
}

TEST(PairChances, WhereOnlyResponsesAreKnownADayWithOneIsAnOccasion) {
  Log log;
  for (int day = 20; day >= 1; --day) {
    if (day % 2 == 0) log.responds(kCy, kBo, day);
    if (day % 3 == 0) log.responds(kAna, kBo, day);
  }
  const PairChances chances = log.chances();
  // Cy met Bo on day 20 and Ana on day 18; each is exposed where the other answered.
  EXPECT_EQ(must_find(chances, kBo, kAna).occasions, 8U);
  EXPECT_EQ(must_find(chances, kBo, kAna).responses, 2U);
  EXPECT_EQ(must_find(chances, kBo, kCy).occasions, 6U);
  EXPECT_EQ(must_find(chances, kBo, kCy).responses, 3U);
}

TEST(PairChances, WhatOnlyTheirOwnAnswerTellsOfIsNoExposure) {
  Log log;
  for (int day = 20; day >= 1; --day) log.responds(kAna, kBo, day);
  // Of Bo nothing else is known: that each known occasion was answered says nothing.
  EXPECT_FALSE(log.chances().model);
  log.posts(kBo, 5);
  const PairChances chances = log.chances();
  EXPECT_EQ(must_find(chances, kBo, kAna).occasions, 1U);
  EXPECT_EQ(must_find(chances, kBo, kAna).responses, 1U);
}

TEST(PairChances, AReactionIsNoOccasionOfWhoReactsAReplyIsOne) {
  for (const auto& [verb, occasions] : {std::pair{Verb::kReact, 0U}, {Verb::kReply, 5U}}) {
    Log log = twenty_days();
    log.responds(kCy, kAna, 21);
    for (int day = 11; day <= 15; ++day) log.responds(kAna, kCy, day, verb);
    EXPECT_EQ(must_find(log.chances({.active_days = 60}), kAna, kCy).occasions, occasions)
        << to_string(verb);
  }
}

TEST(PairChances, NothingIsKnownWhereNobodyWasExposedAgain) {
  Log log;
  EXPECT_FALSE(log.chances().model);
  log.responds(kAna, kBo, 3);
  log.responds(kCy, kBo, 3);
  const PairChances chances = log.chances();
  EXPECT_FALSE(chances.model);
  EXPECT_THAT(chances.pairs, IsEmpty());
}

TEST(PairChances, WhatWasWithdrawnOrComesLaterTakesNoPart) {
  const PairChances before = twenty_days().chances();
  Log log = twenty_days();
  log.responds(kAna, kBo, 3).withdrawn = days_before(1);
  log.responds(kAna, kBo, 0);
  log.posts(kCy, 2).withdrawn = days_before(1);
  log.posts(kCy, 0);
  log.posts(kNobody, 2);
  log.acts.push_back({kCy, Instant::unknown(), {}, 0});
  const PairChances after = log.chances();
  ASSERT_THAT(after.pairs, SizeIs(1));
  EXPECT_EQ(after.pairs.front().chance, before.pairs.front().chance);
}

TEST(PairChances, WhatIsWithdrawnLaterStillCounts) {
  Log log = twenty_days();
  log.responds(kAna, kBo, 3).withdrawn = kAsOf;
  EXPECT_EQ(log.chances().pairs.front().responses, 5U);
}

TEST(PairChances, PeopleLeftOutTakeNoPartAndNobodyMovesThemselves) {
  Log log = twenty_days();
  log.responds(kCy, kBo, 12);
  log.responds(kAna, 3, 12);
  PersonMap persons = PersonMap::identity(8);
  persons.one_to_one = false;
  persons.person_of[kCy] = kNobody;
  persons.person_of[3] = kAna;
  const auto chances = pair_chances(log.settled(), log.acts, persons, kAsOf);
  ASSERT_TRUE(chances.ok());
  EXPECT_THAT(chances->pairs, SizeIs(1));
}

TEST(PairChances, AShortLogIsCutFiner) {
  const auto length_after = [](int64_t known_ms) {
    Log log;
    LedgerEntry& first = log.responds(kAna, kBo, 1);
    first.published = {kAsOf.ms - known_ms};
    return *occasion_length(log.ledger, log.acts, kAsOf, {});
  };
  EXPECT_EQ(length_after(10 * kMsPerDay), kMsPerDay);
  EXPECT_EQ(length_after(10 * kMsPerDay - 1), 6 * kMsPerHour);
  EXPECT_EQ(length_after(60 * kMsPerHour), 6 * kMsPerHour);
  EXPECT_EQ(length_after(60 * kMsPerHour - 1), kMsPerHour);
  EXPECT_EQ(length_after(1), kMsPerHour);
  EXPECT_EQ(*occasion_length({}, {}, kAsOf, {.occasion_ms = 5}), 5);
}

TEST(PairChances, SlotsAreAMillionAtMost) {
  Log log;
  log.responds(kAna, kBo, 1).published = {kAsOf.ms - kSlotsMax};
  const auto refused = occasion_length(log.ledger, log.acts, kAsOf, {.occasion_ms = 1});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  log.ledger.front().published = {kAsOf.ms - kSlotsMax + 1};
  EXPECT_EQ(*occasion_length(log.ledger, log.acts, kAsOf, {.occasion_ms = 1}), 1);
}

TEST(PairChances, NobodyStaysActiveForLessThanADay) {
  const auto refused = pair_chances({}, {}, PersonMap::identity(0), kAsOf, {.active_days = 0});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(pair_chances({}, {}, PersonMap::identity(0), kAsOf, {.active_days = 1}).ok());
}

TEST(PairChances, OfATopicOnlyWhatIsAboutItIsEvidence) {
  Log log = twenty_days();
  // Of every fifth day Bo's post is about gardens, and Cy answers just those.
  log.responds(kCy, kBo, 20);
  for (int day = 15; day >= 5; day -= 5) {
    log.posts(kBo, day).topics = kGardens;
    log.responds(kCy, kBo, day).topics = kGardens;
  }
  const std::unordered_set<TopicSetId> gardens{kGardens};
  const PairChances all = log.chances();
  const PairChances about = log.chances({}, &gardens);
  const PairChance pair = must_find(about, kBo, kCy);
  EXPECT_EQ(pair.occasions, 3U);
  EXPECT_EQ(pair.responses, 3U);
  EXPECT_GT(pair.chance, must_find(all, kBo, kCy).chance);
  EXPECT_LT(must_find(about, kBo, kAna).chance, pair.chance);
  // Ana met Bo over something else, and still is somebody to be moved.
  EXPECT_EQ(must_find(about, kBo, kAna).occasions, 3U);
}

TEST(PairChances, WhoNeverSpokeOfATopicHasNoChanceThereThatIsKnown) {
  const std::unordered_set<TopicSetId> gardens{kGardens};
  EXPECT_THAT(twenty_days().chances({}, &gardens).pairs, IsEmpty());
}

TEST(PairChances, IntervalHoldsTheChanceAndNarrowsWithExposures) {
  const ChanceModel model{.strength = 10};
  const PairChance little{.chance = 0.2F, .prior = 0.2F};
  const PairChance much{.chance = 0.2F, .prior = 0.2F, .answered = 40, .exposures = 200};
  const ChanceInterval wide = interval_of(little, model);
  const ChanceInterval narrow = interval_of(much, model);
  EXPECT_LT(wide.low, 0.2);
  EXPECT_GT(wide.high, 0.2);
  EXPECT_LT(narrow.high - narrow.low, (wide.high - wide.low) / 3);
  // Beta(2, 8): its 5 % and 95 % points, by tables.
  EXPECT_NEAR(wide.low, 0.0410, 1e-4);
  EXPECT_NEAR(wide.high, 0.4291, 1e-4);
  EXPECT_LT(interval_of(little, model, 0.5).high, wide.high);
}

// Of forty people each posts on half of the days, and each pair that has met has a chance of its
// own.
TEST(PairChances, FindPlantedChances) {
  Log log;
  log.people = 40;
  uint64_t state = 1;
  const auto uniform = [&] {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return static_cast<double>(state >> 11) * 0x1p-53;
  };
  const auto planted = [](PersonId from, PersonId to) {
    return 0.02 + 0.4 * static_cast<double>((from * 7 + to * 13) % 10) / 10;
  };
  for (int day = 300; day >= 1; --day) {
    for (PersonId from = 0; from < log.people; ++from) {
      if (uniform() < 0.5) continue;
      log.posts(from, day);
      for (PersonId to = 0; to < log.people; ++to) {
        if (to != from && (from + to) % 5 == 0 && uniform() < planted(from, to)) {
          log.responds(to, from, day);
        }
      }
    }
  }
  const PairChances chances = log.chances();
  ASSERT_TRUE(chances.model);
  // What is planted does not change, and the longest memory is told to be the best.
  EXPECT_GE(chances.model->half_life, 60);
  double error = 0;
  int held = 0;
  for (const PairChance& pair : chances.pairs) {
    const double truth = planted(pair.from, pair.to);
    error += std::abs(static_cast<double>(pair.chance) - truth);
    const ChanceInterval interval = interval_of(pair, *chances.model);
    if (interval.low <= truth && truth <= interval.high) ++held;
  }
  const auto pairs = static_cast<double>(chances.pairs.size());
  EXPECT_LT(error / pairs, 0.035);
  EXPECT_GT(held / pairs, 0.82);
  EXPECT_LT(held / pairs, 0.97);
}

// ---- properties ---------------------------------------------------------------------------------

rc::Gen<Log> any_log() {
  return rc::gen::exec([] {
    using rc::gen::inRange;
    Log log;
    log.people = *inRange<uint32_t>(2, 7);
    const auto person = inRange<PersonId>(0, log.people);
    const auto day = inRange(1, 26);
    const int responses = *inRange(0, 200);
    for (int i = 0; i < responses; ++i) {
      const PersonId mover = *person;
      const PersonId receiver = *person;
      LedgerEntry& entry =
          log.responds(mover, receiver, *day, *rc::gen::element(Verb::kReact, Verb::kReply));
      entry.topics = *rc::gen::element<TopicSetId>(0, 0, kGardens);
      if (*inRange(0, 10) == 0) entry.withdrawn = days_before(*day);
    }
    const int posts = *inRange(0, 80);
    for (int i = 0; i < posts; ++i) {
      PersonAct& act = log.posts(*person, *day);
      act.topics = *rc::gen::element<TopicSetId>(0, 0, kGardens);
    }
    return log;
  });
}

bool same(const PairChance& a, const PairChance& b) {
  return a.from == b.from && a.to == b.to && a.chance == b.chance && a.prior == b.prior &&
         a.answered == b.answered && a.exposures == b.exposures && a.occasions == b.occasions &&
         a.responses == b.responses;
}
bool same(const PairChances& a, const PairChances& b) {
  return a.model.has_value() == b.model.has_value() &&
         std::equal(a.pairs.begin(), a.pairs.end(), b.pairs.begin(), b.pairs.end(),
                    [](const PairChance& x, const PairChance& y) { return same(x, y); });
}

RC_GTEST_PROP(PairChancesProperty, AgreeWithTheSlowProof, ()) {
  const Log log = *any_log();
  const PairChanceOptions options{.occasion_ms = *rc::gen::element(kMsPerDay, kMsPerDay / 2),
                                  .active_days = *rc::gen::element(1, 4, 30)};
  const std::unordered_set<TopicSetId> gardens{kGardens};
  const auto* topics = *rc::gen::element<const std::unordered_set<TopicSetId>*>(nullptr, &gardens);
  const PairChances fast = log.chances(options, topics);
  if (!fast.model) {
    RC_ASSERT(fast.pairs.empty());
    return;
  }
  const PersonMap persons = PersonMap::identity(log.people);
  const std::vector<PairChance> slow =
      check_pair_chances(log.settled(), log.acts, persons, kAsOf, options, *fast.model, topics);
  RC_ASSERT(fast.pairs.size() == slow.size());
  for (size_t i = 0; i < slow.size(); ++i) {
    const PairChance& a = fast.pairs[i];
    const PairChance& b = slow[i];
    RC_ASSERT(a.from == b.from && a.to == b.to);
    RC_ASSERT(a.occasions == b.occasions && a.responses == b.responses);
    RC_ASSERT(std::abs(a.answered - b.answered) < 1e-4F);
    RC_ASSERT(std::abs(a.exposures - b.exposures) < 1e-4F);
    RC_ASSERT(std::abs(a.prior - b.prior) < 1e-4F);
    RC_ASSERT(std::abs(a.chance - b.chance) < 1e-4F);
  }
}

RC_GTEST_PROP(PairChancesProperty, NoNearbyConstantsAreLikelier, ()) {
  const Log log = *any_log();
  const PairChances fast = log.chances();
  if (!fast.model) return;
  const PersonMap persons = PersonMap::identity(log.people);
  // The likelihood, and what the constants are drawn to where there is little of it.
  const auto objective = [&](const ChanceModel& model) {
    const auto off = [](double value, double usual, double within) {
      return -std::pow((value - usual) / within, 2) / 2;
    };
    return check_likelihood(log.settled(), log.acts, persons, kAsOf, {.occasion_ms = kMsPerDay},
                            model)
               .sum +
           off(model.level, -0.3, 1) + off(model.by_from, 0.3, 0.5) + off(model.by_to, 0.6, 0.5) +
           off(std::log(model.strength), std::log(10.0), 1.5);
  };
  ChanceModel model = *fast.model;
  if (model.occasion_ms != kMsPerDay) return;
  const double best = objective(model);
  for (const double by : {-0.2, 0.2}) {
    ChanceModel other = model;
    other.level += by;
    RC_ASSERT(objective(other) < best + 1e-3);
    other = model;
    other.by_from = std::max(0.0, other.by_from + by);
    RC_ASSERT(objective(other) < best + 1e-3);
    other = model;
    other.by_to = std::max(0.0, other.by_to + by);
    RC_ASSERT(objective(other) < best + 1e-3);
    other = model;
    other.strength *= std::exp(by);
    RC_ASSERT(objective(other) < best + 1e-3);
  }
}

RC_GTEST_PROP(PairChancesProperty, SameBitsInAnyOrderAndOnAnyNumberOfThreads, ()) {
  const Log log = *any_log();
  Log shuffled = log;
  std::reverse(shuffled.acts.begin(), shuffled.acts.end());
  std::reverse(shuffled.ledger.begin(), shuffled.ledger.end());
  const auto threads = *rc::gen::inRange(1U, 5U);
  RC_ASSERT(same(log.chances(), shuffled.chances({.threads = threads})));
}

RC_GTEST_PROP(PairChancesProperty, LiesBetweenThePriorAndThePairsOwnRate, ()) {
  const PairChances chances = (*any_log()).chances();
  for (const PairChance& pair : chances.pairs) {
    RC_ASSERT(pair.chance > 0 && pair.chance < 1);
    RC_ASSERT(pair.answered <= pair.exposures && pair.responses <= pair.occasions);
    const float rate = pair.exposures > 0 ? pair.answered / pair.exposures : pair.prior;
    RC_ASSERT(pair.chance >= std::min(pair.prior, rate) - 1e-6F);
    RC_ASSERT(pair.chance <= std::max(pair.prior, rate) + 1e-6F);
    const ChanceInterval interval = interval_of(pair, *chances.model);
    RC_ASSERT(interval.low > 0 && interval.low <= interval.high && interval.high < 1);
  }
}

// The posterior that `pair` has under `model`, with the prior of `before`: what one more piece of
// evidence says by itself.
double with_prior_of(const PairChance& before, const PairChance& pair, const ChanceModel& model) {
  return (model.strength * static_cast<double>(before.prior) + static_cast<double>(pair.answered)) /
         (model.strength + static_cast<double>(pair.exposures));
}

RC_GTEST_PROP(PairChancesProperty, OneMoreResponseNeverLowersIt, ()) {
  Log log = *any_log();
  const PairChances before = log.chances();
  if (!before.model) return;
  const PairChance pair = *rc::gen::elementOf(before.pairs);
  // Whoever has met stays active, so that the response says nothing but that it was one.
  const PairChanceOptions options{.occasion_ms = kMsPerDay, .active_days = 1000};
  const PersonMap persons = PersonMap::identity(log.people);
  const auto told = [&] {
    for (const PairChance& each :
         check_pair_chances(log.settled(), log.acts, persons, kAsOf, options, *before.model)) {
      if (each.from == pair.from && each.to == pair.to) return each;
    }
    return PairChance{};
  };
  const PairChance first = told();
  int met = 0;
  for (const LedgerEntry& entry : log.ledger) {
    if (entry.receiver == pair.from && entry.mover == pair.to && entry.counts_as_of(kAsOf)) {
      met = std::max(met, static_cast<int>((kAsOf.ms - entry.published.ms) / kMsPerDay) + 1);
    }
  }
  if (met < 2) return;
  const int day = *rc::gen::inRange(1, met);
  if (*rc::gen::arbitrary<bool>()) {
    log.responds(pair.to, pair.from, day);
    RC_ASSERT(with_prior_of(first, told(), *before.model) >=
              static_cast<double>(first.chance) - 1e-6);
  } else {
    const bool answered =
        std::any_of(log.ledger.begin(), log.ledger.end(), [&](const LedgerEntry& entry) {
          return entry.receiver == pair.from && entry.mover == pair.to &&
                 entry.counts_as_of(kAsOf) &&
                 (kAsOf.ms - entry.published.ms) / kMsPerDay + 1 == day;
        });
    log.posts(pair.from, day);
    const double after = with_prior_of(first, told(), *before.model);
    RC_ASSERT(answered || after <= static_cast<double>(first.chance) + 1e-6);
  }
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/tune.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "score/testing.h"

namespace bellwether {
namespace {

constexpr int kDays = 240;

// Two hundred people who respond to one another for two hundred and forty days, all of them of full
// standing. What each test plants is how they choose.
struct Planted {
  explicit Planted(uint64_t rng_seed) : random(rng_seed) {
    people = world.add_accounts(200);
    world.teleport_set = people;
    world.as_of = at_day(0);
  }
  double uniform() { return static_cast<double>(random() >> 11) * 0x1p-53; }
  AccountId anybody() { return people[random() % people.size()]; }
  void respond(Verb verb, AccountId receiver, double day) {
    AccountId mover = anybody();
    while (mover == receiver) mover = anybody();
    world.respond(mover, verb, receiver, at_day(day - kDays));
  }
  Result<TuneReport> tuned(BacktestOptions options = {.folds = 3}, unsigned threads = 2) {
    const PersonMap persons = persons_of(world);
    return tune(ledger_of(world, persons), world.account_network, persons, world.teleport_set,
                world.policy, options, threads);
  }

  std::mt19937_64 random;
  TestWorld world;
  std::vector<AccountId> people;
};

double weight(const Policy& policy, Verb verb) {
  return policy.credit.weight[static_cast<size_t>(verb)];
}

// Who is reshared stays who they are; who is replied to is whom a lottery drew for the week.
Planted steady_reshares_and_a_lottery(uint64_t rng_seed) {
  Planted planted(rng_seed);
  std::vector<double> appeal;
  for (size_t i = 0; i < planted.people.size(); ++i) {
    appeal.push_back(0.02 * std::exp(2.5 * (planted.uniform() + planted.uniform() - 1)));
  }
  std::vector<AccountId> drawn(8);
  for (int day = 0; day < kDays; ++day) {
    if (day % 5 == 0) {
      for (AccountId& lucky : drawn) lucky = planted.anybody();
    }
    for (size_t i = 0; i < planted.people.size(); ++i) {
      for (double left = appeal[i]; left > 0; left -= 1) {
        if (planted.uniform() < left) {
          planted.respond(Verb::kReshare, planted.people[i], day + planted.uniform());
        }
      }
    }
    for (const AccountId lucky : drawn) {
      for (int i = 0; i < 2; ++i) planted.respond(Verb::kReply, lucky, day + planted.uniform());
    }
  }
  return planted;
}

TEST(Tune, FindsTheVerbThatForetellsAndTheOneThatDoesNot) {
  Planted planted = steady_reshares_and_a_lottery(1);
  const auto report = planted.tuned();
  ASSERT_TRUE(report.ok());
  const Policy base;
  EXPECT_TRUE(report->changed);
  EXPECT_GT(weight(report->policy, Verb::kReshare) / weight(report->policy, Verb::kReply),
            weight(base, Verb::kReshare) / weight(base, Verb::kReply));
  EXPECT_GT(report->gain, 2 * report->gain_error);
  ASSERT_TRUE(report->nested_gain.has_value());
  EXPECT_GT(*report->nested_gain, 0);
  EXPECT_TRUE(report->pays);
  EXPECT_FALSE(report->values.empty());
  double before = 0;
  double after = 0;
  for (const TunedFold& fold : report->folds) {
    before += *fold.before.spearman;
    after += *fold.after.spearman;
  }
  EXPECT_GT(after, before) << "the score ranks better too";
}

TEST(Tune, KeepsEveryValueWhereNothingForetellsAnything) {
  for (uint64_t rng_seed = 1; rng_seed <= 8; ++rng_seed) {
    Planted planted(rng_seed);
    for (int i = 0; i < 8000; ++i) {
      planted.respond(planted.uniform() < 0.5 ? Verb::kReply : Verb::kReact, planted.anybody(),
                      kDays * planted.uniform());
    }
    const auto report = planted.tuned();
    ASSERT_TRUE(report.ok());
    EXPECT_FALSE(report->changed) << rng_seed;
    EXPECT_FALSE(report->pays) << rng_seed;
    EXPECT_TRUE(report->values.empty()) << rng_seed;
    EXPECT_EQ(policy_hash(report->policy, {}), policy_hash({}, {})) << rng_seed;
    EXPECT_EQ(report->gain, 0) << rng_seed;
  }
}

TEST(Tune, StaysWithinItsBoundsWhateverTheLogSays) {
  // Who was responded to yesterday is today, and never again: nothing but a short memory foretells.
  Planted planted(3);
  std::vector<AccountId> now(6);
  for (int day = 0; day < kDays; ++day) {
    if (day % 20 == 0) {
      for (AccountId& one : now) one = planted.anybody();
    }
    for (const AccountId one : now) {
      for (int i = 0; i < 5; ++i) planted.respond(Verb::kReply, one, day + planted.uniform());
    }
  }
  const auto report = planted.tuned();
  ASSERT_TRUE(report.ok());
  const Policy base;
  for (const Policy& policy : {report->policy, report->folds.back().policy}) {
    EXPECT_LE(two_weeks_of_silence(policy), kSilenceMost);
    for (size_t h = 0; h < policy.half_life_days.size(); ++h) {
      const double days = policy.half_life_days[h];
      EXPECT_TRUE(days == base.half_life_days[h] ||
                  (std::find(kTuneHalfLifeDays.begin(), kTuneHalfLifeDays.end(), days) !=
                       kTuneHalfLifeDays.end() &&
                   days <= kDays))
          << "what is longer than the log is not chosen by it";
      if (h > 0) {
        EXPECT_LT(policy.half_life_days[h - 1], days);
      }
    }
    for (size_t verb = 0; verb < kVerbSlots; ++verb) {
      if (static_cast<Verb>(verb) == Verb::kReply) {
        EXPECT_GE(policy.credit.weight[verb], base.credit.weight[verb] / 4);
        EXPECT_LE(policy.credit.weight[verb], base.credit.weight[verb] * 4);
      } else {
        EXPECT_EQ(policy.credit.weight[verb], base.credit.weight[verb]) << "not in the log";
      }
    }
    const auto again = parse_policy(to_toml(policy));
    ASSERT_TRUE(again.ok()) << again.error().message;
    EXPECT_EQ(policy_hash(*again, {}), policy_hash(policy, {}));
  }
}

TEST(Tune, NothingAfterACutChangesWhatWasFittedBeforeIt) {
  Planted whole = steady_reshares_and_a_lottery(2);
  BacktestOptions options;
  options.cut = at_day(-80);
  options.window_ms = 20 * kMsPerDay;
  options.folds = 3;
  const auto all = whole.tuned(options);
  ASSERT_TRUE(all.ok());
  Planted part = steady_reshares_and_a_lottery(2);
  std::erase_if(part.world.acts,
                [](const ResolvedAct& act) { return act.published >= at_day(-59); });
  options.folds = 1;
  const auto first = part.tuned(options);
  ASSERT_TRUE(first.ok()) << first.error().message;
  const TunedFold& a = all->folds.front();
  const TunedFold& b = first->folds.front();
  EXPECT_TRUE(a.changed);
  EXPECT_EQ(policy_hash(a.policy, {}), policy_hash(b.policy, {}));
  EXPECT_EQ(a.likelihood_before, b.likelihood_before);
  EXPECT_EQ(a.likelihood_after, b.likelihood_after);
  EXPECT_EQ(a.after.ndcg, b.after.ndcg);
}

TEST(Tune, ThreadsGiveTheSameBits) {
  Planted planted = steady_reshares_and_a_lottery(4);
  const auto one = planted.tuned({.folds = 1}, 1);
  const auto many = planted.tuned({.folds = 1}, 5);
  ASSERT_TRUE(one.ok() && many.ok());
  EXPECT_EQ(policy_hash(one->policy, {}), policy_hash(many->policy, {}));
  EXPECT_EQ(one->gain, many->gain);
  EXPECT_EQ(one->gain_error, many->gain_error);
  EXPECT_EQ(one->folds[0].likelihood_after, many->folds[0].likelihood_after);
}

TEST(Tune, ALogTooShortToFitOnKeepsItsValues) {
  Planted planted = steady_reshares_and_a_lottery(5);
  BacktestOptions options{.folds = 1};
  options.window_ms = 70 * kMsPerDay;
  // One window before the one that is graded, and too little before that.
  const auto report = planted.tuned(options);
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report->folds[0].windows, 1U);
  EXPECT_FALSE(report->folds[0].changed);
  EXPECT_TRUE(report->folds[0].likelihood_before.has_value());
  Planted empty(1);
  EXPECT_EQ(empty.tuned().error().code, ErrorCode::kNotFound);
}

TEST(Silence, CostsAtMostWhatTheDesignAllows) {
  Policy policy;
  const double fading = (1.0 / 30 + 1.0 / 90 + 1.0 / 365 + 1 / 1826.25) / 4 + 2 / 1826.25;
  EXPECT_NEAR(two_weeks_of_silence(policy), 4.95 * 14 * fading, 1e-12);
  EXPECT_LE(two_weeks_of_silence(policy), kSilenceMost);
  policy.half_life_weights = {2, 1, 1, 0};
  EXPECT_GT(two_weeks_of_silence(policy), kSilenceMost);
  policy.half_life_weights = {0, 0, 1, 1};
  EXPECT_LT(two_weeks_of_silence(policy), 0.3);
}

// The bound holds for the scoring itself, whatever half-lives weigh.
TEST(Silence, CostsNoMoreThanItsBoundUnderOtherWeights) {
  TestWorld world;
  const AccountId vic = world.add_account();
  const auto fans = world.add_accounts(300);
  const auto trusted = world.add_accounts(6);
  world.teleport_set = trusted;
  for (size_t i = 0; i < fans.size(); ++i) {
    world.respond(trusted[i % trusted.size()], Verb::kReact, fans[i], at_day(-1));
    world.respond(fans[i], Verb::kReact, vic, at_day(-1));
  }
  for (const std::vector<double>& weights :
       {std::vector<double>{}, {1, 0, 0, 0}, {0, 0, 0, 1}, {5, 1, 1, 1}}) {
    world.policy.half_life_weights = weights;
    world.as_of = at_day(0);
    const double before = score_world(world).points(vic);
    world.as_of = at_day(14);
    const double lost = before - score_world(world).points(vic);
    EXPECT_LE(lost, two_weeks_of_silence(world.policy));
    EXPECT_GT(lost, two_weeks_of_silence(world.policy) / 3);
  }
}

TEST(Reweighted, IsTheLedgerThatTheOtherWeightsWouldHaveMade) {
  Planted planted = steady_reshares_and_a_lottery(6);
  const PersonMap persons = persons_of(planted.world);
  const Policy base;
  Policy other = base;
  other.credit.weight[static_cast<size_t>(Verb::kReply)] = 0.25;
  other.credit.weight[static_cast<size_t>(Verb::kReshare)] = 3;
  const auto made = reweighted(ledger_of(planted.world, persons), base.credit, other.credit);
  planted.world.policy = other;
  const auto expected = ledger_of(planted.world, persons);
  ASSERT_EQ(made.size(), expected.size());
  for (size_t i = 0; i < made.size(); ++i) {
    ASSERT_EQ(made[i].credit, expected[i].credit);
    ASSERT_EQ(made[i].row, expected[i].row);
  }
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/sensitivity.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "score/backtest.h"
#include "score/teleport.h"
#include "score/testing.h"

namespace bellwether {
namespace {

// Sixty people, of whom the first are responded to most; replies, reactions and a few follows.
TestWorld busy_world(uint64_t rng_seed) {
  std::mt19937_64 random(rng_seed);
  TestWorld world;
  const auto people = world.add_accounts(60);
  for (int i = 0; i < 3000; ++i) {
    const AccountId mover = people[random() % people.size()];
    const AccountId receiver = people[std::min(random() % 60, random() % 60)];
    if (mover == receiver) continue;
    const Verb verb = random() % 3 == 0 ? Verb::kReact : Verb::kReply;
    world.respond(mover, random() % 50 == 0 ? Verb::kFollow : verb, receiver,
                  at_ms(-static_cast<int64_t>(random() % (200 * kMsPerDay)) - 1));
  }
  return world;
}

struct Told {
  explicit Told(const TestWorld& of, bool own_set = false, unsigned threads = 2) : world(of) {
    persons = persons_of(world);
    ledger = ledger_of(world, persons);
    set = choose_teleport_set(graph_of(world, ledger, persons), world.policy, 1);
    if (own_set) own = {0, 7, 14};
    SensitivityOptions options;
    options.as_of = world.as_of;
    options.people = 10;
    report = *sensitivity(ledger, world.account_network, persons, own_set ? own : set, own,
                          world.policy, options, threads);
  }
  const Variation* find(const std::string& key, const std::string& setting) const {
    for (const Variation& v : report.variations) {
      if (v.key == key && v.setting == setting) return &v;
    }
    return nullptr;
  }

  TestWorld world;
  PersonMap persons;
  std::vector<LedgerEntry> ledger;
  std::vector<AccountId> set, own;
  SensitivityReport report;
};

TEST(Sensitivity, GradesEachVariationAsABacktestUnderThatPolicyDoes) {
  for (const bool own_set : {false, true}) {
    const Told told(busy_world(1), own_set);
    size_t held = 0;
    for (const PolicyConstant& constant : policy_constants()) {
      for (const char* setting : {"halved", "doubled"}) {
        const Variation* variation = told.find(constant.key, setting);
        if (variation == nullptr) continue;
        EXPECT_EQ(variation->before, constant.get(told.world.policy));
        TestWorld other = told.world;
        constant.set(other.policy, *variation->after);
        const auto graded = backtest(ledger_of(other, told.persons), other.account_network,
                                     told.persons, told.own, other.policy, BacktestOptions{}, 1);
        ASSERT_TRUE(graded.ok());
        ASSERT_EQ(graded->measures[1], "score");
        ASSERT_TRUE(variation->ndcg.has_value());
        EXPECT_NEAR(*variation->ndcg, *graded->mean[1].ndcg, 1e-9) << constant.key << setting;
        ++held;
      }
    }
    EXPECT_GT(held, 20U);
  }
}

TEST(Sensitivity, RanksAreThoseOfAScoringUnderThatPolicy) {
  const Told told(busy_world(2));
  const Variation* variation = told.find("score.half_life_days.1", "halved");
  ASSERT_NE(variation, nullptr);
  TestWorld world = told.world;
  world.teleport_set = told.set;
  const TestScores as_it_is = score_world(world);
  world.policy.half_life_days[0] = 15;
  const TestScores other = score_world(world);
  std::vector<PersonId> ranked;
  for (const PersonScore& score : as_it_is.scores) {
    if (score.settled) ranked.push_back(score.person);
  }
  ASSERT_EQ(told.report.ranked, ranked.size());
  ASSERT_GT(ranked.size(), 12U);
  EXPECT_FALSE(told.report.all_ranked);
  const auto rank_in = [&](const TestScores& scores, PersonId person) {
    uint32_t rank = 1;
    for (const PersonId one : ranked) {
      if (scores.points(one) > scores.points(person)) ++rank;
    }
    return rank;
  };
  uint32_t largest = 0;
  for (const RankRange& range : told.report.people) {
    const uint32_t rank = rank_in(as_it_is, range.person);
    const uint32_t then = rank_in(other, range.person);
    EXPECT_EQ(range.rank, rank);
    EXPECT_EQ(range.score, as_it_is.points(range.person));
    EXPECT_LE(range.best, std::min(rank, then));
    EXPECT_GE(range.worst, std::max(rank, then));
    EXPECT_EQ(range.best_with.empty(), range.best == rank);
    EXPECT_EQ(range.worst_with.empty(), range.worst == rank);
    largest = std::max(largest, rank > then ? rank - then : then - rank);
  }
  EXPECT_EQ(variation->largest_move, largest);
  EXPECT_EQ(told.report.people.size(), 10U);
}

TEST(Sensitivity, LeavesOutWhatIsNotThereOrOnlyRescales) {
  const Told told(busy_world(3));
  std::set<std::string> keys;
  for (const Variation& v : told.report.variations) keys.insert(v.key);
  EXPECT_TRUE(keys.contains("credit.reply") && keys.contains("credit.follow"));
  EXPECT_TRUE(keys.contains("credit.courting_hours"));
  EXPECT_TRUE(keys.contains("standing.teleport_share"));
  EXPECT_TRUE(keys.contains("standing.teleport"));
  EXPECT_FALSE(keys.contains("credit.reshare")) << "nobody reshared";
  EXPECT_FALSE(keys.contains("score.points_per_doubling"));
  EXPECT_FALSE(keys.contains("margin.mass"));
  const Told own(busy_world(3), true);
  EXPECT_EQ(own.find("standing.teleport_share", "halved"), nullptr)
      << "the operator's set knows no share";
}

TEST(Sensitivity, AValueStopsAtItsBoundAndSaysSo) {
  TestWorld world = busy_world(4);
  world.policy.crowd_share = 0.7;
  const Told told(world);
  const Variation* doubled = told.find("score.crowd_share", "doubled");
  ASSERT_NE(doubled, nullptr);
  EXPECT_EQ(doubled->after, 1);
  EXPECT_TRUE(doubled->bounded);
  const Variation* halved = told.find("score.crowd_share", "halved");
  ASSERT_NE(halved, nullptr);
  EXPECT_EQ(halved->after, 0.35);
  EXPECT_FALSE(halved->bounded);
  world.policy.crowd_share = 1;
  EXPECT_EQ(Told(world).find("score.crowd_share", "doubled"), nullptr) << "it stands there already";
}

TEST(Sensitivity, WhereHardlyAnybodyIsSettledEverybodyIsRanked) {
  TestWorld world = busy_world(5);
  world.policy.settled_movers_min = 1000;
  const Told told(world);
  EXPECT_TRUE(told.report.all_ranked);
  EXPECT_EQ(told.report.ranked, score_world(world).scores.size());
}

TEST(Sensitivity, ThreadsGiveTheSameBits) {
  const Told one(busy_world(6), false, 1);
  const Told many(busy_world(6), false, 5);
  ASSERT_EQ(one.report.variations.size(), many.report.variations.size());
  for (size_t i = 0; i < one.report.variations.size(); ++i) {
    EXPECT_EQ(one.report.variations[i].key, many.report.variations[i].key);
    EXPECT_EQ(one.report.variations[i].spearman, many.report.variations[i].spearman);
    EXPECT_EQ(one.report.variations[i].ndcg, many.report.variations[i].ndcg);
  }
}

}  // namespace
}  // namespace bellwether

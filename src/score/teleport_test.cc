// SPDX-License-Identifier: Apache-2.0
#include "score/teleport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <random>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Lt;
using ::testing::SizeIs;

TestWorld of_method(int method) {
  TestWorld world;
  world.policy = under_method(world.policy, method);
  return world;
}

// `a` and `b` respond to each other, first and last `days` apart.
void reciprocate(TestWorld& world, AccountId a, AccountId b, double days) {
  world.respond(a, Verb::kReply, b, at_day(-100));
  world.respond(b, Verb::kReply, a, at_day(-100 + days));
}

std::vector<AccountId> chosen(const TestWorld& world, unsigned threads = 1) {
  const PersonMap persons = persons_of(world);
  return choose_teleport_set(graph_of(world, ledger_of(world, persons), persons), world.policy,
                             threads);
}

// ---- method 2: the core -------------------------------------------------------------------------

// Everybody of `people` responds to the next one unasked, round and round, on the given day.
void respond_round(TestWorld& world, const std::vector<AccountId>& people, double day) {
  for (size_t i = 0; i < people.size(); ++i) {
    world.respond(people[i], Verb::kReply, people[(i + 1) % people.size()], at_day(day));
  }
}

// Each of `people` responds to each of the others, days apart, so that nothing is courted.
void respond_to_each_other(TestWorld& world, const std::vector<AccountId>& people, double day) {
  for (size_t a = 0; a < people.size(); ++a) {
    for (size_t b = 0; b < people.size(); ++b) {
      if (a == b) continue;
      world.respond(people[a], Verb::kReply, people[b], at_day(a < b ? day : day + 5));
    }
  }
}

TEST(TeleportSet, AreThoseOfTheCoreWithTheMostPartners) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(30);
  world.policy.teleport_min = 3;
  respond_round(world, people, -50);
  respond_to_each_other(world, {4, 9, 17, 21}, -30);
  respond_to_each_other(world, {4, 9, 25}, -20);
  EXPECT_THAT(chosen(world), ElementsAre(4, 9, 17)) << "17 and 21 are level: the smaller";
  world.respond(3, Verb::kReply, 21, at_day(-5));
  EXPECT_THAT(chosen(world), ElementsAre(4, 9, 21)) << "more people respond to 21";
}

TEST(TeleportSet, IsAShareOfThoseWhoRespondToTheCore) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(200);
  respond_round(world, {people.begin(), people.begin() + 40}, -50);
  EXPECT_THAT(chosen(world), SizeIs(10)) << "at least ten";
  for (AccountId reader = 40; reader < 200; ++reader) {
    world.respond(reader, Verb::kReply, reader % 40, at_day(-3));
  }
  EXPECT_THAT(chosen(world), SizeIs(20)) << "a tenth of 200";
  world.policy.teleport_share = 1;
  EXPECT_THAT(chosen(world), SizeIs(40)) << "no more than the core";
  EXPECT_THAT(chosen(world), Each(Lt(40U)));
}

TEST(TeleportSet, IsNotHadByAgeNorByWordsAmongOneself) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(60);
  std::mt19937 rng(5);
  for (int i = 0; i < 600; ++i) {
    const AccountId a = people[rng() % 60];
    const AccountId b = people[rng() % 60];
    if (a != b)
      world.respond(a, Verb::kReply, b, at_ms(-1 - static_cast<int64_t>(rng() % 90) * kMsPerDay));
  }
  const std::vector<AccountId> before = chosen(world);
  // Fifty fakes who have been at it for years, each with each, and who praise the well-known.
  const auto fakes = world.add_accounts(50);
  for (int year = 1; year <= 5; ++year) respond_to_each_other(world, fakes, -365.0 * year);
  for (const AccountId fake : fakes)
    world.respond(fake, Verb::kReact, people[rng() % 60], at_day(-2));
  EXPECT_EQ(chosen(world).size(), 11U) << "they are an audience, no more";
  EXPECT_THAT(chosen(world), Each(Lt(60U)));
  // An answer that they courted opens no door either.
  world.respond(fakes[0], Verb::kReply, people[1], at_day(-1.2));
  world.respond(people[1], Verb::kReply, fakes[0], at_day(-1));
  EXPECT_THAT(chosen(world), Each(Lt(60U)));
  EXPECT_THAT(before, SizeIs(10));
  // Somebody of the core who turns to one of them unasked does: it is what is paid with.
  world.respond(people[1], Verb::kReshare, fakes[0], at_day(-1));
  EXPECT_THAT(chosen(world), Each(Ge(60U)));
}

TEST(TeleportSet, OfTwoCommunitiesIsThatToWhichMoreRespond) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(40);
  const std::vector<AccountId> few(people.begin(), people.begin() + 5);
  const std::vector<AccountId> many(people.begin() + 5, people.begin() + 15);
  respond_to_each_other(world, few, -50);
  respond_to_each_other(world, many, -50);
  EXPECT_THAT(chosen(world), AllOf(SizeIs(10), Each(Ge(5U))));
  for (AccountId reader = 15; reader < 40; ++reader) {
    world.respond(reader, Verb::kReply, reader % 5, at_day(-2));
  }
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 2, 3, 4));
}

TEST(TeleportSet, WhereNobodyTurnsBackToAnybodyIsEmpty) {
  TestWorld world = of_method(2);
  world.add_accounts(3);
  EXPECT_THAT(chosen(world), IsEmpty());
  world.respond(0, Verb::kReply, 1, at_day(-100));
  world.respond(1, Verb::kReply, 2, at_day(-50));
  EXPECT_THAT(chosen(world), IsEmpty());
  // Zero answers Two within the day: courted, hence no way back.
  world.respond(2, Verb::kMention, 0, at_day(-40.5));
  world.respond(0, Verb::kReply, 2, at_day(-40));
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 2)) << "Two turned to Zero unasked";
}

TEST(TeleportSet, IsChosenInEachNetworkApart) {
  TestWorld world = of_method(2);
  world.add_accounts(4, 0);
  world.add_accounts(4, 1);
  world.policy.teleport_min = 2;
  respond_to_each_other(world, {0, 1, 2}, -50);
  respond_to_each_other(world, {5, 6, 7}, -40);
  // Across networks nothing counts.
  respond_to_each_other(world, {3, 4}, -20);
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 5, 6));
}

RC_GTEST_PROP(TeleportSetProperty, DoesNotDependOnThreads, ()) {
  TestWorld world = *any_world();
  world.policy = under_method({}, *rc::gen::element(1, 2));
  world.policy.teleport_min = *rc::gen::inRange(0, 12);
  const auto one = chosen(world, 1);
  RC_ASSERT(chosen(world, 3) == one);
  RC_ASSERT(std::is_sorted(one.begin(), one.end()));
}

// Whoever is in the set can be reached from everybody else in it, of their network, by responses
// that nobody courted: found here by walking, one account at a time.
RC_GTEST_PROP(TeleportSetProperty, ResponsesLeadFromEachOfItToEach, ()) {
  TestWorld world = *any_world();
  world.policy.method = 2;
  const PersonMap persons = persons_of(world);
  const GraphSnapshot graph = graph_of(world, ledger_of(world, persons), persons);
  const auto set = choose_teleport_set(graph, world.policy, 1);
  for (const AccountId from : set) {
    std::vector<bool> reached(graph.accounts(), false);
    std::vector<AccountId> open{from};
    reached[from] = true;
    while (!open.empty()) {
      const AccountId at = open.back();
      open.pop_back();
      for (const FoldEntry& e : graph.entries()) {
        if (e.mover != at || e.courted() || reached[e.receiver]) continue;
        if (graph.network_of(e.receiver) != graph.network_of(at)) continue;
        reached[e.receiver] = true;
        open.push_back(e.receiver);
      }
    }
    for (const AccountId to : set) {
      RC_ASSERT(reached[to] || graph.network_of(to) != graph.network_of(from));
    }
  }
}

// ---- method 1: history --------------------------------------------------------------------------

TEST(TeleportSetByHistory, AreThoseWithTheLongestReciprocatedHistory) {
  TestWorld world = of_method(1);
  world.add_accounts(40);
  world.policy.teleport_min = 4;
  for (AccountId pair = 0; pair < 10; ++pair) {
    reciprocate(world, 2 * pair, 2 * pair + 1, 10 + pair);
  }
  EXPECT_THAT(chosen(world), ElementsAre(16, 17, 18, 19));
  world.policy.teleport_min = 6;
  EXPECT_THAT(chosen(world), ElementsAre(14, 15, 16, 17, 18, 19));
}

TEST(TeleportSetByHistory, IsAShareOfAllAccountsWhereThatIsMore) {
  TestWorld world = of_method(1);
  world.add_accounts(400);
  for (AccountId pair = 0; pair < 40; ++pair) reciprocate(world, 2 * pair, 2 * pair + 1, 10);
  EXPECT_EQ(chosen(world).size(), 10U) << "at least ten";
  world.policy.teleport_share = 0.03;
  EXPECT_EQ(chosen(world).size(), 12U);
  world.policy.teleport_share = 1;
  EXPECT_EQ(chosen(world).size(), 80U) << "no more than candidates";
}

// 0.29 * 100 is a little less than 29 in binary.
TEST(TeleportSetByHistory, ItsShareIsNotRoundedDownTwice) {
  TestWorld world = of_method(1);
  const auto all = world.add_accounts(100);
  for (const AccountId a : all) {
    const AccountId b = all[(a + 1) % 100];
    world.respond(a, Verb::kReply, b, at_day(-9));
    world.respond(b, Verb::kReply, a, at_day(-8));
  }
  world.policy.teleport_min = 0;
  for (int percent = 1; percent <= 100; ++percent) {
    world.policy.teleport_share = percent / 100.0;
    const TestScores scores = score_world(world);
    EXPECT_EQ(choose_teleport_set(scores.graph, world.policy, 1).size(),
              static_cast<size_t>(percent));
  }
}

TEST(TeleportSetByHistory, OneSidedHistoryIsNone) {
  TestWorld world = of_method(1);
  world.add_accounts(3);
  world.respond(0, Verb::kReply, 1, at_day(-100));
  world.respond(0, Verb::kReply, 1, at_day(-1));
  world.respond(1, Verb::kReply, 2, at_day(-50));
  EXPECT_THAT(chosen(world), IsEmpty());
}

TEST(TeleportSetByHistory, AHistoryOfOneInstantIsNone) {
  TestWorld world = of_method(1);
  world.add_accounts(2);
  reciprocate(world, 0, 1, 0);
  EXPECT_THAT(chosen(world), IsEmpty());
}

TEST(TeleportSetByHistory, HistoryRunsFromTheFirstToTheLastActWithAnyPartner) {
  TestWorld world = of_method(1);
  world.add_accounts(6);
  world.policy.teleport_min = 1;
  reciprocate(world, 0, 1, 50);
  // Two has a short exchange early and another one late: sixty days in all.
  reciprocate(world, 2, 3, 1);
  world.respond(2, Verb::kReply, 4, at_day(-41));
  world.respond(4, Verb::kReply, 2, at_day(-40));
  // Five has spoken to Zero for longer, but was never answered.
  world.respond(5, Verb::kReply, 0, at_day(-200));
  EXPECT_THAT(chosen(world), ElementsAre(2));
}

TEST(TeleportSetByHistory, TiesGoToMorePartnersThenToTheSmallerAccount) {
  TestWorld world = of_method(1);
  world.add_accounts(6);
  world.policy.teleport_min = 1;
  reciprocate(world, 0, 1, 50);
  reciprocate(world, 4, 5, 50);
  EXPECT_THAT(chosen(world), ElementsAre(0));
  reciprocate(world, 4, 3, 50);
  EXPECT_THAT(chosen(world), ElementsAre(4));
}

TEST(TeleportSetByHistory, IsChosenInEachNetworkApart) {
  TestWorld world = of_method(1);
  world.add_accounts(4, 0);
  world.add_accounts(4, 1);
  world.policy.teleport_min = 2;
  reciprocate(world, 0, 1, 50);
  reciprocate(world, 2, 3, 40);
  reciprocate(world, 4, 5, 3);
  reciprocate(world, 6, 7, 2);
  // Across networks nothing counts.
  reciprocate(world, 3, 7, 90);
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 4, 5));
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "explain/what_if.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <set>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

// All that passed between the person and others, counted or not.
std::vector<LedgerEntry> entries_of(const TestScores& scored, PersonId person) {
  std::vector<LedgerEntry> entries;
  for (const LedgerEntry& e : scored.ledger) {
    if (scored.persons.person_of[e.receiver] == person ||
        scored.persons.person_of[e.mover] == person) {
      entries.push_back(e);
    }
  }
  return entries;
}

WhatIf what_if_in(const TestWorld& world, const TestScores& scored, PersonId person,
                  std::function<bool(const LedgerEntry&)> without,
                  std::vector<MoreActs> more = {}) {
  const auto entries = entries_of(scored, person);
  return what_if({scored.graph, scored.standing, world.policy, person, entries, std::move(without),
                  std::move(more)});
}

// Everybody's standing as it is, whatever acts there are.
std::optional<PersonScore> score_with_standing_of(const TestWorld& world, const TestScores& as_is,
                                                  PersonId person) {
  const PersonMap persons = persons_of(world);
  const auto ledger = ledger_of(world, persons);
  const GraphSnapshot graph = graph_of(world, ledger, persons);
  return score_person(graph, as_is.standing, world.policy, {}, person);
}

// A world without chains: along a chain the credit of other acts would change too.
TestWorld any_plain_world() {
  RandomWorldOptions options;
  options.chains = false;
  TestWorld world = *any_world(options);
  world.policy.half_life_weights = *any_half_life_weights(world.policy.half_life_days.size());
  return world;
}

RC_GTEST_PROP(WhatIf, WithoutActsIsTheScoreOfALogWithoutThem, ()) {
  const TestWorld world = any_plain_world();
  const TestScores scored = score_world(world);
  const auto rows =
      *rc::gen::container<std::set<EventRow>>(rc::gen::inRange<EventRow>(1, world.acts.size() + 2));
  for (PersonId person = 0; person < scored.persons.persons; ++person) {
    // Only acts towards the person are taken out, as only these can be asked about.
    TestWorld without = world;
    std::set<EventRow> taken;
    for (const LedgerEntry& e : scored.ledger) {
      if (scored.persons.person_of[e.receiver] == person && rows.contains(e.row)) {
        taken.insert(e.row);
      }
    }
    std::erase_if(without.acts, [&](const ResolvedAct& act) { return taken.contains(act.row); });
    const auto expected = score_with_standing_of(without, scored, person);
    const WhatIf found = what_if_in(world, scored, person,
                                    [&](const LedgerEntry& e) { return rows.contains(e.row); });
    RC_ASSERT(found.then.has_value() == expected.has_value());
    RC_ASSERT(found.acts_taken <= taken.size());
    if (!expected) continue;
    RC_ASSERT(std::abs(found.then->value - expected->value) < 1e-9);
    RC_ASSERT(std::abs(found.then->interval.low - expected->interval.low) < 1e-9);
    RC_ASSERT(std::abs(found.then->interval.high - expected->interval.high) < 1e-9);
    // Whom the person merely answered hangs on the acts taken out.
    RC_ASSERT(found.then->independent_movers == expected->independent_movers);
    RC_ASSERT(found.then->settled == expected->settled);
    RC_ASSERT(found.then->acts == expected->acts);
  }
}

RC_GTEST_PROP(WhatIf, NothingChangedIsTheScoreAsItIs, ()) {
  const TestWorld world = *any_world();
  const TestScores scored = score_world(world);
  for (PersonId person = 0; person < scored.persons.persons; ++person) {
    const WhatIf found = what_if_in(world, scored, person, {});
    RC_ASSERT(found.now.has_value() == found.then.has_value());
    if (!found.now) continue;
    RC_ASSERT(same_bits(*found.now, *found.then));
    RC_ASSERT(found.acts_taken == 0 && found.acts_added == 0);
  }
}

RC_GTEST_PROP(WhatIf, MoreActsAreThoseOfPeopleWhoReallyCame, ()) {
  TestWorld world = any_plain_world();
  const auto verb = *rc::gen::element(Verb::kReshare, Verb::kReact, Verb::kFollow, Verb::kPost);
  const auto count = *rc::gen::inRange<uint32_t>(0, 6);
  const auto standing = *rc::gen::element(0.0, 0.05, 0.4, 1.0);
  const TestScores scored = score_world(world);
  const PersonId person = 0;
  const AccountId receiver = scored.graph.accounts_of(person).front();
  const WhatIf found = what_if_in(world, scored, person, {}, {{verb, count, standing}});

  TestWorld more = world;
  std::vector<double> mass;
  for (uint32_t i = 0; i < count; ++i) {
    const AccountId newcomer = more.add_account(world.account_network[receiver]);
    more.respond(newcomer, verb, receiver, Instant{world.as_of.ms - 1});
    mass.push_back(standing * world.policy.damping / world.policy.vouches_max);
  }
  const PersonMap persons = persons_of(more);
  const auto ledger = ledger_of(more, persons);
  const GraphSnapshot graph = graph_of(more, ledger, persons);
  const Standing held = scored.standing.with(mass);
  const auto expected = score_person(graph, held, world.policy, {}, person);
  RC_ASSERT(found.then.has_value() == expected.has_value());
  RC_ASSERT(found.acts_added == (verb == Verb::kPost ? 0 : count));
  if (!expected) return;
  RC_ASSERT(std::abs(found.then->value - expected->value) < 1e-9);
  RC_ASSERT(found.then->independent_movers == expected->independent_movers);
  if (found.now) RC_ASSERT(found.then->value >= found.now->value - 1e-9);
}

// Three who are trusted respond, each once.
TestWorld three_fans() {
  TestWorld world;
  const AccountId star = world.add_account();
  for (int i = 0; i < 3; ++i) {
    const AccountId fan = world.add_account();
    world.teleport_set.push_back(fan);
    world.respond(fan, Verb::kReshare, star, at_day(-10)).count = 100;
  }
  return world;
}

TEST(WhatIfByHand, WithoutOneOfThreeTwoAreMoved) {
  const TestWorld world = three_fans();
  const TestScores scored = score_world(world);
  const WhatIf found =
      what_if_in(world, scored, 0, [](const LedgerEntry& e) { return e.mover == 2; });
  EXPECT_NEAR(found.now->value, 1 + 4.95 * 2, 1e-6);
  EXPECT_NEAR(found.then->value, 1 + 4.95 * std::log2(3), 1e-6);
  EXPECT_EQ(found.acts_taken, 1U);
  EXPECT_EQ(found.people_taken, 1U);
}

TEST(WhatIfByHand, WithoutEverybodyThereIsNoScoreAndNotOne) {
  const TestWorld world = three_fans();
  const WhatIf found =
      what_if_in(world, score_world(world), 0, [](const LedgerEntry&) { return true; });
  EXPECT_TRUE(found.now);
  EXPECT_FALSE(found.then);
}

TEST(WhatIfByHand, WhatTheyGaveIsNotTakenOut) {
  TestWorld world = three_fans();
  world.respond(0, Verb::kReply, 1, at_day(-9.5));
  const TestScores scored = score_world(world);
  const WhatIf found =
      what_if_in(world, scored, 0, [](const LedgerEntry& e) { return e.row == 4; });
  EXPECT_EQ(found.acts_taken, 0U);
  EXPECT_TRUE(same_bits(*found.now, *found.then));
}

// The answer to the fan was one because the fan had come first.
TEST(WhatIfByHand, AnAnswerToAnActThatIsTakenOutIsAnApproach) {
  TestWorld world = three_fans();
  world.respond(1, Verb::kReply, 0, at_day(-20));
  world.respond(0, Verb::kReply, 1, at_day(-9.5));  // within a day of the reshare
  const TestScores scored = score_world(world);
  const WhatIf found =
      what_if_in(world, scored, 0, [](const LedgerEntry& e) { return e.row == 1; });
  EXPECT_EQ(found.now->independent_movers, 3U);
  EXPECT_EQ(found.then->independent_movers, 2U);
}

TEST(WhatIfByHand, TheUsualStandingIsTheMedianOfTheVouched) {
  TestWorld world = three_fans();
  const AccountId stranger = world.add_account();
  world.respond(stranger, Verb::kReply, 0, at_day(-1));
  const TestScores scored = score_world(world);
  EXPECT_NEAR(usual_standing(scored.graph, scored.standing, world.policy, 0),
              scored.standing.for_receiver(scored.graph, 1, 0), 1e-12);
  TestWorld nobody = three_fans();
  nobody.teleport_set.clear();
  const TestScores unknown = score_world(nobody);
  EXPECT_EQ(usual_standing(unknown.graph, unknown.standing, nobody.policy, 0),
            nobody.policy.vouched_min);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "score/random_world_testing.h"
#include "score/standing_check.h"
#include "score/testing.h"

namespace bellwether {
namespace {

// How far one plain response reaches after `days`: the p of DESIGN 4.3.
double p_after(double days) { return 1 - std::exp(-std::exp2(-days / 1826.25)); }

// Ana is trusted; she responded to Bo, Bo to Cleo, Cleo to Dan.
struct Line {
  TestWorld world;
  AccountId ana = world.add_account(), bo = world.add_account(), cleo = world.add_account(),
            dan = world.add_account();
  Line() {
    world.teleport_set = {ana};
    world.respond(ana, Verb::kReply, bo, at_day(-10));
    world.respond(bo, Verb::kReply, cleo, at_day(-20));
    world.respond(cleo, Verb::kReply, dan, at_day(-30));
  }
};

TEST(Standing, TakesTwoStepsFromTheTeleportSetAndNoThird) {
  const Line line;
  const TestScores scores = score_world(line.world);
  const auto mass = scores.standing.mass();
  EXPECT_DOUBLE_EQ(mass[line.ana], 1);
  // b p / K of the whole of Ana; then the same of what Bo holds.
  const double bo = 0.5 * p_after(10) / 50;
  const double cleo = 0.5 * p_after(20) / 50 * bo;
  EXPECT_NEAR(mass[line.bo], bo, 1e-9 * bo + 1e-10);
  EXPECT_NEAR(mass[line.cleo], cleo, 1e-6 * cleo);
  EXPECT_EQ(mass[line.dan], 0);

  const auto one = scores.standing.mass_one();
  EXPECT_DOUBLE_EQ(one[line.bo], mass[line.bo]);
  EXPECT_EQ(one[line.cleo], 0);
}

TEST(Standing, IsTheMassInVouchesOfATrustedAccount) {
  const Line line;
  const TestScores scores = score_world(line.world);
  // Times K / b: one vouch of a trusted account is worth its chance of having moved it.
  EXPECT_EQ(scores.standing.of(scores.graph, line.ana), 1);
  EXPECT_NEAR(scores.standing.of(scores.graph, line.bo), p_after(10), 1e-7);
  EXPECT_NEAR(scores.standing.of(scores.graph, line.cleo), p_after(20) * p_after(10) * 0.01, 1e-9);
  EXPECT_EQ(scores.standing.of(scores.graph, line.dan), 0);
}

TEST(Standing, LeavesOutWhatTheReceiverPassedOn) {
  Line line;
  // Cleo trusts Bo a little too; for Ana, only that remains of Bo's standing.
  line.world.teleport_set.push_back(line.cleo);
  line.world.respond(line.cleo, Verb::kReact, line.bo, at_day(-5));
  const TestScores scores = score_world(line.world);
  const double cleos = 1 - std::exp(-0.3 * std::exp2(-5 / 1826.25));
  EXPECT_NEAR(scores.standing.for_receiver(scores.graph, line.bo, line.ana), cleos, 1e-6);
  EXPECT_NEAR(scores.standing.for_receiver(scores.graph, line.bo, line.cleo),
              p_after(10) * (1 + 0.5 / 50 * 0), 1e-6);
  EXPECT_NEAR(scores.standing.for_receiver(scores.graph, line.bo, line.dan), p_after(10) + cleos,
              1e-6);
}

TEST(Standing, VouchesBackAndForthAreWorthNothing) {
  TestWorld world;
  const AccountId ana = world.add_account();
  const AccountId bo = world.add_account();
  world.teleport_set = {ana};
  world.respond(ana, Verb::kReply, bo, at_day(-10));
  world.respond(bo, Verb::kReply, ana, at_day(-5));
  const TestScores scores = score_world(world);
  EXPECT_EQ(scores.standing.for_receiver(scores.graph, bo, ana), 0)
      << "Bo has standing through Ana alone, so he has none for her";
}

TEST(Standing, ARingOfFakesHoldsOnlyWhatFlowsIn) {
  Line line;
  const auto fakes = line.world.add_accounts(10);
  for (const AccountId a : fakes) {
    for (const AccountId b : fakes) {
      if (a == b) continue;
      for (int i = 0; i < 50; ++i) line.world.respond(a, Verb::kMeet, b, at_day(-1));
    }
    line.world.respond(a, Verb::kReply, line.ana, at_day(-1));
  }
  TestScores scores = score_world(line.world);
  for (const AccountId fake : fakes) EXPECT_EQ(scores.standing.mass()[fake], 0);
  // Ana is fooled once: the ring shares what one of them got, a fiftieth each time.
  line.world.respond(line.ana, Verb::kReply, fakes[0], at_day(-1));
  scores = score_world(line.world);
  EXPECT_NEAR(scores.standing.of(scores.graph, fakes[0]), p_after(1), 1e-6);
  double others = 0;
  for (size_t i = 1; i < fakes.size(); ++i) {
    others += scores.standing.of(scores.graph, fakes[i]);
  }
  EXPECT_NEAR(others, 9 * 0.01 * p_after(1), 1e-6);
}

TEST(Standing, GivingOneVouchMoreDilutesNoneGivenBefore) {
  Line line;
  const TestScores before = score_world(line.world);
  const auto more = line.world.add_accounts(60);
  for (const AccountId account : more) {
    line.world.respond(line.ana, Verb::kReply, account, at_day(-1));
  }
  const TestScores after = score_world(line.world);
  EXPECT_TRUE(same_bits(before.standing.mass()[line.bo], after.standing.mass()[line.bo]));
}

TEST(Standing, IsAPersonsHighestAccount) {
  Line line;
  const AccountId other = line.world.add_account(1);
  line.world.links = {{line.bo, other}};
  const TestScores scores = score_world(line.world);
  const PersonId bo = scores.persons.person_of[line.bo];
  EXPECT_EQ(bo, scores.persons.person_of[other]);
  EXPECT_NEAR(scores.standing.of(scores.graph, bo), p_after(10), 1e-7);
}

TEST(Standing, LeavesOutWhatAnyOfTheReceiversAccountsPassedOn) {
  Line line;
  const AccountId anas_other = line.world.add_account();
  line.world.links = {{line.ana, anas_other}};
  line.world.teleport_set = {line.ana, anas_other};
  line.world.respond(anas_other, Verb::kReply, line.bo, at_day(-10));
  const TestScores scores = score_world(line.world);
  const PersonId ana = scores.persons.person_of[line.ana];
  const PersonId bo = scores.persons.person_of[line.bo];
  EXPECT_NEAR(scores.standing.for_receiver(scores.graph, bo, ana), 0, 1e-15);
  EXPECT_NEAR(scores.standing.for_receiver(scores.graph, bo, scores.persons.person_of[line.dan]), 1,
              1e-12)
      << "two vouches of 0.63 are capped at one";
}

RC_GTEST_PROP(StandingProperty, WhatIsKeptOfItSaysTheSameOfEveryPair, ()) {
  TestWorld world = *any_world();
  world.policy = under_method(world.policy, *rc::gen::element(3, 4));
  const TestScores scores = score_world(world);
  const auto& entries = scores.graph.entries();
  const auto passed_on = scores.standing.passed_on(scores.graph, entries, 1);
  const Standing kept(scores.standing.mass(), passed_on, world.policy);
  const std::vector<double> stranger{0.25};
  const Standing more = kept.with(stranger);
  for (const FoldEntry& e : entries) {
    const PersonId u = scores.persons.person_of[e.mover];
    const PersonId v = scores.persons.person_of[e.receiver];
    if (u == kNobody || v == kNobody) continue;
    const double s = scores.standing.for_receiver(scores.graph, u, v);
    RC_ASSERT(same_bits(kept.for_receiver(scores.graph, u, v), s));
    RC_ASSERT(same_bits(more.for_receiver(scores.graph, u, v), s));
  }
  const auto again = scores.standing.passed_on(scores.graph, entries, 3);
  RC_ASSERT(again.size() == passed_on.size());
  for (size_t i = 0; i < again.size(); ++i) {
    RC_ASSERT(again[i].receiver == passed_on[i].receiver && again[i].mover == passed_on[i].mover &&
              same_bits(again[i].mass, passed_on[i].mass) && again[i].mass > 0);
  }
}

RC_GTEST_PROP(StandingProperty, AgreesWithDenseMatrices, ()) {
  const TestWorld world = *any_world();
  const PersonMap persons = persons_of(world);
  const GraphSnapshot graph = graph_of(world, ledger_of(world, persons), persons);
  const VouchGraph vouches = graph.vouches(vouch_options(world.policy));
  VouchMatrix matrix(world.accounts());
  for (AccountId to = 0; to < world.accounts(); ++to) {
    for (uint64_t i = vouches.row[to]; i < vouches.row[to + 1]; ++i) {
      matrix.at(vouches.voucher[i], to) = static_cast<double>(vouches.vouch[i]);
    }
  }
  Policy policy = world.policy;
  policy.damping = *rc::gen::element(0.5, 0.85, 0.1);
  policy.method = *rc::gen::element(3, 4);
  const Standing standing(graph, vouches, world.teleport_set, policy, 1);
  const auto one = check_mass(matrix, world.teleport_set, policy.damping, 1);
  const auto two = check_mass(matrix, world.teleport_set, policy.damping, 2);
  for (AccountId a = 0; a < world.accounts(); ++a) {
    RC_ASSERT(std::abs(standing.mass_one()[a] - one[a]) <= 1e-12);
    RC_ASSERT(std::abs(standing.mass()[a] - two[a]) <= 1e-12);
  }
  for (PersonId v = 0; v < persons.persons; ++v) {
    for (PersonId u = 0; u < persons.persons; ++u) {
      const double expected = check_standing(matrix, world.teleport_set, policy,
                                             graph.accounts_of(u), graph.accounts_of(v));
      const double s = standing.for_receiver(graph, u, v);
      RC_ASSERT(s >= 0);
      RC_ASSERT(s <= 1);
      RC_ASSERT(std::abs(s - expected) <= 1e-12);
      RC_ASSERT(s <= standing.of(graph, u));
    }
  }
  const Standing again(graph, vouches, world.teleport_set, policy, 3);
  RC_ASSERT(std::equal(again.mass().begin(), again.mass().end(), standing.mass().begin(),
                       [](double a, double b) { return same_bits(a, b); }));
}

// Somebody of the teleport set turns to fifty made-up accounts, each of whom turns to fifty others,
// who all reshare that person. Before method 4 the others had standing for them.
TEST(Standing, WhatComesBackInTwoStepsCountsNoMoreThanACrowd) {
  const auto points = [](bool turns_to_them, int method) {
    TestWorld world;
    world.policy = under_method({}, method);
    const AccountId seated = world.add_account();
    world.teleport_set = {seated};
    for (const AccountId fake : world.add_accounts(50)) {
      if (turns_to_them) world.respond(seated, Verb::kReshare, fake, at_day(-20));
      for (const AccountId other : world.add_accounts(50)) {
        world.respond(fake, Verb::kReshare, other, at_day(-15));
        world.respond(other, Verb::kReshare, seated, at_day(-5));
      }
    }
    const TestScores scores = score_world(world);
    EXPECT_FALSE(scores.find(seated)->settled);
    return scores.points(seated);
  };
  EXPECT_NEAR(points(false, 4), 3.9, 0.05);
  EXPECT_NEAR(points(true, 3), 17.9, 0.05);
  EXPECT_NEAR(points(true, 4), points(false, 4), 1e-9);
}

// What goes through people who are erased is remembered with their vouches.
TEST(Standing, LeavesOutWhatCameBackThroughSomebodyErased) {
  TestWorld world;
  const AccountId ana = world.add_account();
  const AccountId bo = world.add_account();
  world.teleport_set = {ana};
  world.respond(bo, Verb::kReshare, ana, at_day(-5));
  const PersonMap persons = persons_of(world);
  const auto standing = [&](std::vector<PassedToErased> from) {
    const GraphSnapshot graph = graph_of(world, ledger_of(world, persons), persons);
    VouchGraph vouches = graph.vouches(vouch_options(world.policy));
    // Somebody to whom Ana had turned turned to Bo, and is no more.
    vouches.erased.push_back({bo, 0.02F, 0, 0.01, std::move(from)});
    const Standing scored(graph, vouches, world.teleport_set, world.policy, 1);
    EXPECT_GT(scored.of(graph, bo), 0);
    return scored.for_receiver(graph, bo, ana);
  };
  EXPECT_EQ(standing({{ana, 0.01}}), 0);
  EXPECT_NEAR(standing({{ana, 0.004}}), 0.006, 1e-9);
  EXPECT_NEAR(standing({}), 0.01, 1e-9);
}

}  // namespace
}  // namespace bellwether

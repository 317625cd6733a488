// SPDX-License-Identifier: Apache-2.0
// Erasing anybody from any community: what must not move, what must be gone.
#include "score/freeze.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

constexpr double kRounding = 1e-9;  // points, and shares of standing

// A world some of whose people are erased, and what is left of them.
struct ErasedWorld {
  TestWorld world;
  std::vector<AccountId> after_of;  // by account of the world before
  Remainder remainder;
};

struct Scored {
  PersonMap persons;
  GraphSnapshot graph;
  Standing standing;
  std::vector<PersonScore> scores;

  const PersonScore* find(AccountId account) const {
    for (const PersonScore& score : scores) {
      if (score.person == persons.person_of[account]) return &score;
    }
    return nullptr;
  }
};

Scored score_with(const TestWorld& world, const Remainder& remainder, unsigned threads = 1) {
  PersonMap persons = persons_of(world);
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& e : ledger_of(world, persons, threads)) {
    if (e.counts_as_of(world.as_of)) entries.push_back(FoldEntry::from(e));
  }
  GraphSnapshot graph(std::move(entries), world.account_network, persons, world.as_of, 1,
                      remainder);
  Standing standing(graph, graph.vouches(vouch_options(world.policy, threads)), world.teleport_set,
                    world.policy, threads);
  auto scores = score_everybody(graph, standing, world.policy, world.posts, threads);
  return {std::move(persons), std::move(graph), std::move(standing), std::move(scores)};
}

// All accounts of the person that `account` belongs to.
std::set<AccountId> person_with(const TestWorld& world, AccountId account) {
  const PersonMap persons = persons_of(world);
  std::set<AccountId> accounts{account};
  for (AccountId a = 0; a < world.accounts(); ++a) {
    if (persons.person_of[a] != kNobody && persons.person_of[a] == persons.person_of[account]) {
      accounts.insert(a);
    }
  }
  return accounts;
}

ErasedWorld erase(const TestWorld& world, const Remainder& remainder,
                  const std::set<AccountId>& erased, uint32_t among_min = 0) {
  ErasedWorld result;
  result.world.policy = world.policy;
  result.world.as_of = world.as_of;
  for (AccountId a = 0; a < world.accounts(); ++a) {
    result.after_of.push_back(
        erased.contains(a) ? kNobody : result.world.add_account(world.account_network[a]));
  }
  const auto of = [&](AccountId a) { return a == kNobody ? kNobody : result.after_of[a]; };
  const auto gone = [&](AccountId a) { return a != kNobody && erased.contains(a); };
  for (ResolvedAct act : world.acts) {
    if (gone(act.account) || gone(act.author) || gone(act.target)) continue;
    act.account = of(act.account);
    act.author = of(act.author);
    act.target = of(act.target);
    result.world.acts.push_back(act);
  }
  for (const AccountId a : world.teleport_set) {
    if (!gone(a)) result.world.teleport_set.push_back(of(a));
  }
  const auto mapped = [&](const std::set<AccountId>& from) {
    std::set<AccountId> to;
    for (const AccountId a : from) {
      if (!gone(a)) to.insert(of(a));
    }
    return to;
  };
  for (const auto& link : world.links) {
    if (auto person = mapped(link); !person.empty()) result.world.links.push_back(person);
  }
  result.world.left_out = mapped(world.left_out);

  const Scored before = score_with(world, remainder);
  const Scored after = score_with(result.world, {});
  uint64_t next = 1 + 1000 * remainder.pairs.size();
  result.remainder = freeze({before.graph, before.standing, world.teleport_set, after.graph,
                             result.after_of, world.policy, [&] { return next++; }, among_min})
                         .remainder;
  return result;
}

bool near(double a, double b) { return std::abs(a - b) <= kRounding; }

// What of a score an erasure of others must leave; empty: all of it.
std::string moved(const PersonScore& a, const PersonScore& b, const Policy& policy) {
  const auto differ = [](const char* what, double x, double y) {
    return std::string(what) + ": " + std::to_string(x) + " became " + std::to_string(y);
  };
  if (!near(a.value, b.value)) return differ("score", a.value, b.value);
  if (!near(a.standing, b.standing)) return differ("standing", a.standing, b.standing);
  for (size_t h = 0; h < policy.half_life_days.size(); ++h) {
    if (std::abs(a.moved[h] - b.moved[h]) > 1e-8) return differ("people", a.moved[h], b.moved[h]);
  }
  if (!near(a.momentum, b.momentum)) return differ("momentum", a.momentum, b.momentum);
  if (!near(a.momentum_before, b.momentum_before)) {
    return differ("momentum before", a.momentum_before, b.momentum_before);
  }
  if (a.movers != b.movers) return differ("movers", a.movers, b.movers);
  if (a.reach != b.reach) return differ("reach", a.reach, b.reach);
  if (!near(a.audience, b.audience)) return differ("audience", a.audience, b.audience);
  if (a.vouched_movers != b.vouched_movers) {
    return differ("vouched", a.vouched_movers, b.vouched_movers);
  }
  if (a.independent_movers != b.independent_movers) {
    return differ("independent", a.independent_movers, b.independent_movers);
  }
  // Where the last evidence is still there the margin is what it was.
  if (a.last_evidence == b.last_evidence && (std::abs(a.interval.low - b.interval.low) > 1e-7 ||
                                             std::abs(a.interval.high - b.interval.high) > 1e-7)) {
    return differ("margin", a.interval.low - b.interval.low, a.interval.high - b.interval.high);
  }
  return {};
}

void assert_nobody_moved(const TestWorld& before_world, const Remainder& before_rest,
                         const ErasedWorld& erased) {
  const Scored before = score_with(before_world, before_rest);
  const Scored after = score_with(erased.world, erased.remainder);
  for (AccountId a = 0; a < before_world.accounts(); ++a) {
    const AccountId now = erased.after_of[a];
    if (now == kNobody) continue;
    RC_ASSERT(near(before.standing.mass()[a], after.standing.mass()[now]));
    RC_ASSERT(near(before.standing.mass_one()[a], after.standing.mass_one()[now]));
    if (before.persons.person_of[a] == kNobody) continue;
    const PersonScore* was = before.find(a);
    const PersonScore* is = after.find(now);
    RC_ASSERT((was == nullptr) == (is == nullptr));
    if (was != nullptr) RC_ASSERT(moved(*was, *is, before_world.policy) == "");
  }
}

RC_GTEST_PROP(Erasing, AnybodyMovesNobodyElsesScoreNorStanding, ()) {
  TestWorld world = *any_world();
  world.posts.clear();
  const auto who = *rc::gen::inRange<AccountId>(0, world.accounts());
  assert_nobody_moved(world, {}, erase(world, {}, person_with(world, who)));
}

RC_GTEST_PROP(Erasing, OneAfterTheOtherMovesNobodyElseEither, ()) {
  TestWorld world = *any_world();
  world.posts.clear();
  const auto who = *rc::gen::inRange<AccountId>(0, world.accounts());
  ErasedWorld once = erase(world, {}, person_with(world, who));
  if (once.world.accounts() == 0) return;
  once.world.as_of.ms += *rc::gen::inRange<int64_t>(0, 20 * kMsPerDay);
  const auto next = *rc::gen::inRange<AccountId>(0, once.world.accounts());
  assert_nobody_moved(once.world, once.remainder,
                      erase(once.world, once.remainder, person_with(once.world, next)));
}

RC_GTEST_PROP(Erasing, GivesTheSameBitsOnEveryThreadCountAndInEveryOrderOfRows, ()) {
  TestWorld world = *any_world();
  world.posts.clear();
  const auto who = *rc::gen::inRange<AccountId>(0, world.accounts());
  const ErasedWorld erased = erase(world, {}, person_with(world, who));
  Remainder turned = erased.remainder;
  std::reverse(turned.pairs.begin(), turned.pairs.end());
  RC_ASSERT(same_bits(score_with(erased.world, erased.remainder).scores,
                      score_with(erased.world, turned, 4).scores));
}

// ana is answered by `movers` people, the first of whom everybody knows: they are the teleport set.
TestWorld village(size_t movers) {
  TestWorld world;
  world.add_accounts(movers + 1);
  for (AccountId a = 1; a <= movers; ++a) {
    world.respond(a, Verb::kReply, 0, at_day(-10.0 - a));
    world.respond(a, Verb::kReshare, 0, at_day(-40.0 - a));
    world.teleport_set.push_back(a);
  }
  return world;
}

TEST(Erasing, LeavesAScoreThatFadesAsItWouldHave) {
  TestWorld world = village(8);
  ErasedWorld erased = erase(world, {}, {3}, kFrozenAmongMin);
  for (const double later : {0.0, 1.0, 30.0, 400.0}) {
    world.as_of = erased.world.as_of = at_day(later);
    const Scored before = score_with(world, {});
    const Scored after = score_with(erased.world, erased.remainder);
    EXPECT_NEAR(before.find(0)->value, after.find(0)->value, kRounding) << later;
    EXPECT_EQ(before.find(0)->settled, after.find(0)->settled) << later;
  }
}

TEST(Erasing, DoesNotCountBeforeItHappened) {
  TestWorld world = village(8);
  const ErasedWorld erased = erase(world, {}, {3}, kFrozenAmongMin);
  TestWorld earlier = erased.world;
  earlier.as_of = at_day(-5);
  EXPECT_EQ(score_with(earlier, erased.remainder).find(0)->movers, 7U);
  EXPECT_EQ(score_with(erased.world, erased.remainder).find(0)->movers, 8U);
}

TEST(Erasing, DropsWhatWouldIdentifyAmongFewerThanFive) {
  TestWorld world = village(5);
  EXPECT_FALSE(erase(village(6), {}, {3}, kFrozenAmongMin).remainder.pairs.empty());
  const Scored before = score_with(world, {});
  const auto gone = erase(world, {}, {3}, kFrozenAmongMin);
  EXPECT_TRUE(gone.remainder.pairs.empty());
  EXPECT_LT(score_with(gone.world, gone.remainder).find(0)->value, before.find(0)->value);
}

TEST(Erasing, KeepsNeitherTimesNorOneTokenTowardsTwoPeople) {
  TestWorld world = village(8);
  const AccountId bo = world.add_account();
  for (AccountId a = 1; a <= 8; ++a) world.respond(a, Verb::kReply, bo, at_day(-3.0 - a));
  const ErasedWorld erased = erase(world, {}, {3}, kFrozenAmongMin);
  std::set<uint64_t> tokens;
  for (const FrozenPair& pair : erased.remainder.pairs) {
    EXPECT_EQ(pair.mover, kNobody);
    EXPECT_EQ(pair.at, world.as_of);
    EXPECT_TRUE(tokens.insert(pair.token).second);
  }
  EXPECT_EQ(tokens.size(), 2U);
}

TEST(Erasing, AVouchThatWentToThemStaysUsed) {
  TestWorld world;
  world.add_accounts(4);  // 0 vouches for 1, 2 and 3 in this order, and has two vouches
  world.policy.vouches_max = 2;
  world.teleport_set = {0};
  for (AccountId a = 1; a <= 3; ++a) world.respond(0, Verb::kReply, a, at_day(-9.0 + a));
  const ErasedWorld erased = erase(world, {}, {1}, kFrozenAmongMin);
  const Scored after = score_with(erased.world, erased.remainder);
  EXPECT_GT(after.standing.mass()[1], 0);  // who was second
  EXPECT_EQ(after.standing.mass()[2], 0);  // and who was third, still
}

TEST(SumAtAnyHalfLife, LiesCloseToTheTruthBetweenTwoThatWereKept) {
  const auto truth = [](double half_life) {
    double x = 0;
    for (const double age : {0.5, 3.0, 20.0, 21.0, 200.0}) x += std::exp2(-age / half_life);
    return x;
  };
  std::vector<FrozenSum> sums;
  for (const double h : {1.0, 7.0, 30.0, 90.0, 365.0, 1826.25, kEndlessMs}) {
    sums.push_back({h, truth(h), truth(h) / 2});
  }
  for (const double h : {2.0, 14.0, 45.0, 180.0, 730.0, 5000.0}) {
    const FrozenSum sum = sum_at(sums, h);
    EXPECT_GE(sum.x, truth(h) - 1e-12) << h;  // at most too high
    EXPECT_NEAR(sum.x, truth(h), 0.15 * truth(h)) << h;
    EXPECT_NEAR(sum.free, sum.x / 2, 1e-12) << h;
  }
  EXPECT_EQ(sum_at(sums, 30).x, truth(30));
}

}  // namespace
}  // namespace bellwether

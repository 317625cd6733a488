// SPDX-License-Identifier: Apache-2.0
#include "plan/group_reach.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace bellwether {
namespace {

using testing::SizeIs;

ReachGraph must_make(ReachChances chances, unsigned threads = 1) {
  auto graph = ReachGraph::create(std::move(chances), threads);
  EXPECT_TRUE(graph.ok()) << graph.error().message;
  return std::move(*graph);
}

GroupReach must_reach(const ReachGraph& graph, const std::vector<uint32_t>& group,
                      unsigned threads = 1, uint32_t outcomes = 400) {
  SeedOptions options;
  options.rr_sets_min = 40'000;
  options.threads = threads;
  auto reach = graph.reach(group, {}, options, outcomes, 3);
  EXPECT_TRUE(reach.ok()) << reach.error().message;
  return std::move(*reach);
}

// 0 moves 2 and 3, 1 moves 3 and 4, all by one half; 5 moves 2 surely.
ReachChances three_who_move(ReachModel model = ReachModel::kDirect) {
  ReachChances chances;
  chances.persons = 6;
  chances.model = model;
  chances.arcs = {{0, 2, 0.5F}, {0, 3, 0.5F}, {1, 3, 0.5F}, {1, 4, 0.5F}, {5, 2, 1.0F}};
  chances.weight.assign(6, 1);
  return chances;
}

// What a group reaches directly, by going over every outcome.
double enumerated(const ReachChances& chances, const std::vector<uint32_t>& group) {
  std::vector<InfluenceArc> arcs;
  for (const InfluenceArc& arc : chances.arcs) {
    if (std::find(group.begin(), group.end(), arc.sender) != group.end()) arcs.push_back(arc);
  }
  double people = 0;
  for (uint32_t outcome = 0; outcome < 1U << arcs.size(); ++outcome) {
    double probability = 1;
    std::vector<bool> moved(chances.persons, false);
    for (size_t i = 0; i < arcs.size(); ++i) {
      const bool live = (outcome >> i & 1) != 0;
      const auto chance = static_cast<double>(arcs[i].chance);
      probability *= live ? chance : 1 - chance;
      if (live) moved[arcs[i].receiver] = true;
    }
    for (uint32_t person = 0; person < chances.persons; ++person) {
      if (moved[person]) people += probability * chances.weight[person];
    }
  }
  if (!chances.newcomers.empty()) {
    for (const uint32_t person : group) {
      people += static_cast<double>(chances.newcomers[person].mean);
    }
  }
  return people;
}

TEST(DirectReach, WhatTwoWouldBothReachCountsOnce) {
  const GroupReach reach = must_reach(must_make(three_who_move()), {0, 1});
  EXPECT_DOUBLE_EQ(reach.people.value, 1.75);
  ASSERT_THAT(reach.members, SizeIs(2));
  EXPECT_DOUBLE_EQ(reach.members[0].alone, 1);
  EXPECT_DOUBLE_EQ(reach.members[0].marginal.value, 1);
  EXPECT_DOUBLE_EQ(reach.members[1].alone, 1);
  EXPECT_DOUBLE_EQ(reach.members[1].marginal.value, 0.75);
  EXPECT_DOUBLE_EQ(reach.members[0].only, 0.75);
  EXPECT_DOUBLE_EQ(reach.members[1].only, 0.75);
  ASSERT_THAT(reach.overlaps, SizeIs(1));
  EXPECT_DOUBLE_EQ(reach.overlaps[0].people, 0.25);
}

TEST(DirectReach, WhoIsReachedByNobodyElseIsNamedTheLikeliestFirst) {
  const GroupReach reach = must_reach(must_make(three_who_move()), {0, 1, 5});
  // Of 0's: 2 is moved by 5 for sure, hence by 0 alone never; 3 by 1 too.
  ASSERT_THAT(reach.members[0].nobody_else, SizeIs(1));
  EXPECT_EQ(reach.members[0].nobody_else[0].person, 3U);
  EXPECT_DOUBLE_EQ(reach.members[0].nobody_else[0].chance, 0.25);
  ASSERT_THAT(reach.members[1].nobody_else, SizeIs(2));
  EXPECT_EQ(reach.members[1].nobody_else[0].person, 4U);
  EXPECT_EQ(reach.members[1].nobody_else[1].person, 3U);
}

TEST(DirectReach, WhomNobodyMayNameStillCountsAndOverlapsWithNobody) {
  ReachChances chances = three_who_move();
  chances.newcomers.assign(6, {});
  chances.newcomers[1] = {3, 5};
  const GroupReach reach = must_reach(must_make(chances), {0, 1});
  EXPECT_DOUBLE_EQ(reach.people.value, 4.75);
  EXPECT_DOUBLE_EQ(reach.members[1].newcomers, 3);
  EXPECT_DOUBLE_EQ(reach.members[1].only, 3.75);
}

TEST(DirectReach, WhoWasReachedBeforeCountsNothing) {
  ReachChances chances = three_who_move();
  chances.weight[3] = 0;
  const GroupReach reach = must_reach(must_make(chances), {0, 1});
  EXPECT_DOUBLE_EQ(reach.people.value, 1);
  EXPECT_TRUE(reach.overlaps.empty());
}

TEST(DirectReach, NobodyPassesOn) {
  ReachChances chances;
  chances.persons = 3;
  chances.arcs = {{0, 1, 1.0F}, {1, 2, 1.0F}};
  chances.weight.assign(3, 1);
  EXPECT_DOUBLE_EQ(must_reach(must_make(chances), {0}).people.value, 1);
  chances.model = ReachModel::kIndependentCascade;
  EXPECT_NEAR(must_reach(must_make(chances), {0}).people.value, 2, 1e-9);
}

TEST(Reach, AMemberWhomAnotherReachesIsNoReachOfTheGroupInACascade) {
  ReachChances chances;
  chances.persons = 3;
  chances.model = ReachModel::kIndependentCascade;
  chances.arcs = {{0, 1, 1.0F}, {1, 2, 1.0F}};
  chances.weight.assign(3, 1);
  const GroupReach reach = must_reach(must_make(chances), {0, 1});
  EXPECT_NEAR(reach.people.value, 1, 1e-9);
  EXPECT_NEAR(reach.members[0].marginal.value, 2, 1e-9);
  EXPECT_NEAR(reach.members[1].marginal.value, -1, 1e-9);
  // Drawn forwards it comes to the same.
  EXPECT_NEAR(reach.people.low, 1, 1e-9);
  EXPECT_NEAR(reach.people.high, 1, 1e-9);
}

TEST(Reach, TheGroupIsChosenThatReachesMostTogether) {
  // 0 and 1 move the same four, 2 moves three others.
  ReachChances chances;
  chances.persons = 10;
  for (const uint32_t sender : {0U, 1U}) {
    for (uint32_t receiver = 3; receiver < 7; ++receiver) {
      chances.arcs.push_back({sender, receiver, 0.9F});
    }
  }
  for (uint32_t receiver = 7; receiver < 10; ++receiver)
    chances.arcs.push_back({2, receiver, 0.8F});
  chances.weight.assign(10, 1);
  const ReachGraph graph = must_make(chances);
  SeedQuestion question;
  question.seeds_max = 2;
  SeedOptions options;
  options.rr_sets_min = 20'000;
  const auto selection = graph.select(question, options);
  ASSERT_TRUE(selection.ok()) << selection.error().message;
  std::vector<uint32_t> chosen;
  for (const Seed& seed : selection->report.seeds) chosen.push_back(seed.vertex);
  EXPECT_THAT(chosen, testing::UnorderedElementsAre(testing::AnyOf(0U, 1U), 2U));
  std::vector<bool> may(10, true);
  const auto next = graph.next(std::vector<uint32_t>{0}, may);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->first, 2U);
  EXPECT_NEAR(next->second, 2.4, 1e-6);
  may[2] = false;
  EXPECT_EQ(graph.next(std::vector<uint32_t>{0}, may)->first, 1U);
}

TEST(Reach, ConstraintsAreOfPersonsWhateverVerticesStandForThem) {
  ReachChances chances = three_who_move();
  chances.newcomers.assign(6, {1, 1});
  const ReachGraph graph = must_make(chances);
  SeedQuestion question;
  question.seeds_max = 6;
  const std::vector<uint32_t> group{0, 0, kNoGroup, kNoGroup, kNoGroup, 1};
  const std::vector<uint32_t> at_most{1, 0};
  const std::vector<SeedQuota> quotas{{group, at_most}};
  const std::vector<uint32_t> exclude{2, 3, 4};
  const std::vector<double> cost{2, 1, 1, 1, 1, 1};
  question.quotas = quotas;
  question.exclude = exclude;
  question.cost = cost;
  question.budget = 1.5;
  const auto selection = graph.select(question, {});
  ASSERT_TRUE(selection.ok()) << selection.error().message;
  ASSERT_THAT(selection->report.seeds, SizeIs(1));
  EXPECT_EQ(selection->report.seeds[0].vertex, 1U);
}

TEST(Reach, WhatIsNotByPersonOrOutOfOrderIsRefused) {
  ReachChances chances = three_who_move();
  chances.weight.pop_back();
  EXPECT_FALSE(ReachGraph::create(chances, 1).ok());
  chances = three_who_move();
  std::swap(chances.arcs[0], chances.arcs[1]);
  EXPECT_FALSE(ReachGraph::create(chances, 1).ok());
  chances = three_who_move();
  chances.arcs.back().receiver = 6;
  EXPECT_FALSE(ReachGraph::create(chances, 1).ok());
  EXPECT_FALSE(must_make(three_who_move()).reach(std::vector<uint32_t>{6}, {}, {}, 1, 1).ok());
}

TEST(Reach, RangesHoldNineOfTenOutcomes) {
  // A sum of 100 coins: 50, and nine of ten outcomes between 42 and 58.
  ReachChances chances;
  chances.persons = 101;
  for (uint32_t receiver = 1; receiver < 101; ++receiver) {
    chances.arcs.push_back({0, receiver, 0.5F});
  }
  chances.weight.assign(101, 1);
  const GroupReach reach = must_reach(must_make(chances), {0}, 1, 4000);
  EXPECT_DOUBLE_EQ(reach.people.value, 50);
  EXPECT_NEAR(reach.people.low, 42, 1);
  EXPECT_NEAR(reach.people.high, 58, 1);
}

TEST(Reach, WhatNewcomersHaveInCommonWidensTheGroupsRange) {
  ReachChances chances;
  chances.persons = 40;
  chances.weight.assign(40, 1);
  // Variance of each: 10 + 100 * (0.01 + 0.25).
  chances.newcomers.assign(40, {10, static_cast<float>(1 / 0.26)});
  std::vector<uint32_t> everybody(40);
  std::iota(everybody.begin(), everybody.end(), 0U);
  const auto width = [&](double shared) {
    chances.newcomers_shared_variance = shared;
    const ReachRange range = must_reach(must_make(chances), everybody, 1, 4000).people;
    EXPECT_DOUBLE_EQ(range.value, 400);
    return range.high - range.low;
  };
  // Alone: the root of 40 * 36 is 38, hence 2 * 1.645 of it; in common: half of 400 is 200.
  EXPECT_NEAR(width(0), 2 * 1.645 * 38, 15);
  EXPECT_GT(width(0.25), 500);
}

TEST(Reach, TheSameBitsWhateverTheThreads) {
  for (const ReachModel model :
       {ReachModel::kDirect, ReachModel::kIndependentCascade, ReachModel::kLinearThreshold}) {
    ReachChances chances = three_who_move(model);
    if (model == ReachModel::kLinearThreshold) chances.arcs.pop_back();
    const GroupReach one = must_reach(must_make(chances, 1), {0, 1}, 1);
    const GroupReach four = must_reach(must_make(chances, 4), {0, 1}, 4);
    EXPECT_EQ(one.people.value, four.people.value);
    EXPECT_EQ(one.people.low, four.people.low);
    EXPECT_EQ(one.people.high, four.people.high);
    EXPECT_EQ(one.members[1].marginal.value, four.members[1].marginal.value);
  }
}

RC_GTEST_PROP(DirectReach, IsTheSumOverEveryOutcome, ()) {
  ReachChances chances;
  chances.persons = 5;
  for (uint32_t sender = 0; sender < 5; ++sender) {
    for (uint32_t receiver = 0; receiver < 5; ++receiver) {
      if (sender == receiver || chances.arcs.size() == 12 || *rc::gen::inRange(0, 2) == 0) continue;
      chances.arcs.push_back(
          {sender, receiver, static_cast<float>(*rc::gen::inRange(1, 9)) / 8.0F});
    }
  }
  for (uint32_t person = 0; person < 5; ++person) {
    chances.weight.push_back(*rc::gen::inRange(0, 3));
    chances.newcomers.push_back({static_cast<float>(*rc::gen::inRange(0, 3)), 1});
  }
  const std::vector<uint32_t> group{0, 1, 2};
  const GroupReach reach = must_reach(must_make(chances), group, 1, 1);
  double sum = 0;
  for (size_t i = 0; i < group.size(); ++i) {
    const std::vector<uint32_t> before(group.begin(),
                                       group.begin() + static_cast<std::ptrdiff_t>(i));
    std::vector<uint32_t> with = before;
    with.push_back(group[i]);
    std::vector<uint32_t> without = group;
    without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
    const double all = enumerated(chances, group);
    EXPECT_NEAR(reach.members[i].marginal.value,
                enumerated(chances, with) - enumerated(chances, before), 1e-9);
    EXPECT_NEAR(reach.members[i].only, all - enumerated(chances, without), 1e-9);
    EXPECT_NEAR(reach.members[i].alone, enumerated(chances, {group[i]}), 1e-9);
    sum += reach.members[i].marginal.value;
  }
  EXPECT_NEAR(reach.people.value, sum, 1e-9);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

std::vector<LedgerEntry> received_by(const TestScores& scored, PersonId person) {
  std::vector<LedgerEntry> entries;
  for (const LedgerEntry& e : scored.ledger) {
    if (scored.persons.person_of[e.receiver] == person) entries.push_back(e);
  }
  return entries;
}

std::optional<Explanation> explain_in(const TestWorld& world, const TestScores& scored,
                                      PersonId person) {
  const PostRecord posts = world.posts.empty() ? PostRecord{} : world.posts[person];
  return explain(scored.graph, scored.standing, world.policy, posts, person,
                 received_by(scored, person));
}

template <typename Summands>
double points_of(const Summands& summands) {
  return std::accumulate(summands.begin(), summands.end(), 0.0,
                         [](double sum, const auto& s) { return sum + s.points; });
}

// Sets are numbered so that their number says how many topics they hold.
std::vector<std::string> topics_of(TopicSetId set) {
  std::vector<std::string> topics;
  for (TopicSetId i = 0; i < set % 4 + 1; ++i) topics.push_back("topic-" + std::to_string(i));
  return topics;
}

RC_GTEST_PROP(Explanation, ContributionsSumToTheScoreByEveryGrouping, ()) {
  RandomWorldOptions options;
  TestWorld world = *any_world(options);
  for (size_t i = 0; i < world.acts.size(); ++i) {
    world.acts[i].topics = static_cast<TopicSetId>(i * 7 % 9);
  }
  // With many points for a doubling a few people are a hundred points, and the clamp binds.
  world.policy.points_per_doubling = *rc::gen::element(4.95, 4.95, 40.0, 100.0);
  world.policy.half_life_weights = *any_half_life_weights(world.policy.half_life_days.size());
  const TestScores scored = score_world(world);
  for (const PersonScore& score : scored.scores) {
    const auto told = explain_in(world, scored, score.person);
    RC_ASSERT(told.has_value());
    RC_ASSERT(same_bits(told->score, score));
    RC_CLASSIFY(score.value == 100, "the clamp binds");
    RC_ASSERT(told->acts.size() == score.acts);
    RC_ASSERT(std::abs(points_of(told->acts) - (score.value - 1)) < 1e-9);
    for (const Contribution& act : told->acts) RC_ASSERT(act.points >= 0);
    for (const Grouping grouping : {Grouping::kAct, Grouping::kMover, Grouping::kVerb,
                                    Grouping::kTopic, Grouping::kNetwork, Grouping::kMonth}) {
      const auto groups = group(told->acts, grouping, topics_of);
      RC_ASSERT(std::abs(points_of(groups) - (score.value - 1)) < 1e-9);
      for (size_t i = 1; i < groups.size(); ++i) {
        RC_ASSERT((grouping == Grouping::kMonth ? groups[i - 1].month > groups[i].month
                                                : groups[i - 1].points >= groups[i].points));
      }
    }
  }
}

// A world in which V = 3 full people, by hand.
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

TEST(ExplanationByHand, EqualFansGetEqualShares) {
  const TestWorld world = three_fans();
  const TestScores scored = score_world(world);
  const auto told = explain_in(world, scored, 0);
  ASSERT_TRUE(told);
  // A hundred reshares each leave no doubt that all three were moved: 1 + 4.95 log2(1 + 3).
  EXPECT_NEAR(told->score.value, 1 + 4.95 * 2, 1e-6);
  ASSERT_THAT(told->acts, SizeIs(3));
  for (const Contribution& act : told->acts) EXPECT_NEAR(act.points, 3.3, 1e-6);
  ASSERT_THAT(told->up, SizeIs(1));
  EXPECT_EQ(told->up[0].verb, Verb::kReshare);
  EXPECT_EQ(told->up[0].movers, 3U);
  EXPECT_THAT(told->up[0].top_movers, ElementsAre(1U, 2U, 3U));
}

TEST(ExplanationByHand, SaysWhatASettledScoreStillNeeds) {
  const TestWorld world = three_fans();
  const auto told = explain_in(world, score_world(world), 0);
  ASSERT_TRUE(told);
  EXPECT_FALSE(told->score.settled);
  EXPECT_EQ(told->missing.independent_movers, 2U);
}

TEST(ExplanationByHand, ACrowdThatNobodyVouchesForIsNamedAsRestraint) {
  TestWorld world = three_fans();
  for (const AccountId fake : world.add_accounts(500)) {
    world.respond(fake, Verb::kReshare, 0, at_day(-5));
  }
  const auto told = explain_in(world, score_world(world), 0);
  ASSERT_TRUE(told);
  ASSERT_FALSE(told->down.empty());
  EXPECT_EQ(told->down[0].kind, Restraint::Kind::kCrowd);
  EXPECT_GT(told->down[0].points, 20);  // 500 people instead of 2 would be six doublings more
  EXPECT_GT(told->down[0].people, 250);
}

TEST(ExplanationByHand, CourtedAnswersAndFadingAreNamedAsRestraints) {
  TestWorld world;
  const AccountId star = world.add_account();
  for (const AccountId fan : world.add_accounts(20)) {
    world.teleport_set.push_back(fan);
    world.respond(star, Verb::kReply, fan, at_day(-400));
    world.respond(fan, Verb::kReply, star, at_day(-399.9)).count = 3;
  }
  const auto told = explain_in(world, score_world(world), star);
  ASSERT_TRUE(told);
  const auto has = [&](Restraint::Kind kind) {
    return std::any_of(told->down.begin(), told->down.end(),
                       [&](const Restraint& r) { return r.kind == kind && r.points > 0.05; });
  };
  EXPECT_TRUE(has(Restraint::Kind::kCourted));
  EXPECT_TRUE(has(Restraint::Kind::kFading));
  EXPECT_TRUE(std::all_of(told->acts.begin(), told->acts.end(),
                          [](const Contribution& act) { return act.courted; }));
}

double held_back_by(const Explanation& told, Restraint::Kind kind) {
  const auto found = std::find_if(told.down.begin(), told.down.end(),
                                  [&](const Restraint& r) { return r.kind == kind; });
  return found == told.down.end() ? 0 : found->points;
}

// What each restraint costs is found by scoring under a policy that has all the others.
TEST(ExplanationByHand, EachRestraintIsTakenAlone) {
  for (const size_t crowd : {0UL, 1UL, 100UL}) {
    TestWorld world;
    const AccountId star = world.add_account();
    for (const AccountId fan : world.add_accounts(20)) {
      world.respond(star, Verb::kReply, fan, at_day(-3));
      world.respond(fan, Verb::kReply, star, at_day(-2.9)).count = 9;
    }
    for (const AccountId other : world.add_accounts(crowd)) {
      world.respond(other, Verb::kReshare, star, at_day(-2));
    }
    const TestScores scored = score_world(world);
    const auto told = explain_in(world, scored, star);
    TestWorld courteous = world;
    courteous.policy.courtesy_share = 1e9;
    const double courted = score_world(courteous).points(star) - scored.points(star);
    EXPECT_NEAR(held_back_by(*told, Restraint::Kind::kCourted), courted < 0.05 ? 0 : courted, 1e-9)
        << crowd;
    TestWorld open = world;
    open.policy.crowd_share = 1e9;
    const double crowded = score_world(open).points(star) - scored.points(star);
    EXPECT_NEAR(held_back_by(*told, Restraint::Kind::kCrowd), crowded < 0.05 ? 0 : crowded, 1e-9)
        << crowd;
  }
}

// Sixty people responded once, one of them a second time: of that one there is at most one more.
TEST(ExplanationByHand, OneWhoRepeatsHoldsBackNoMoreThanTheirRepeats) {
  TestWorld world;
  const AccountId star = world.add_account();
  world.teleport_set = world.add_accounts(60);
  for (const AccountId fan : world.teleport_set) {
    world.respond(fan, Verb::kReshare, star, at_day(-2));
  }
  world.respond(world.teleport_set[0], Verb::kReshare, star, at_day(-1));
  const TestScores scored = score_world(world);
  const auto told = explain_in(world, scored, star);
  const double people = people_moved(scored.points(star), world.policy);
  const double one_more = 4.95 * std::log2((people + 2) / (people + 1));
  EXPECT_LE(held_back_by(*told, Restraint::Kind::kRepeats), 1.5 * one_more);
}

TEST(ExplanationByHand, NobodyWithoutEvidenceIsExplained) {
  const TestWorld world = three_fans();
  const TestScores scored = score_world(world);
  EXPECT_FALSE(explain_in(world, scored, 1).has_value());
}

TEST(Groups, SeveralTopicsOfOneActShareItEvenly) {
  TestWorld world = three_fans();
  for (ResolvedAct& act : world.acts) act.topics = 1;  // two topics
  const TestScores scored = score_world(world);
  const auto told = explain_in(world, scored, 0);
  const auto groups = group(told->acts, Grouping::kTopic, topics_of);
  ASSERT_THAT(groups, SizeIs(2));
  EXPECT_NEAR(groups[0].points, groups[1].points, 1e-12);
  EXPECT_EQ(groups[0].movers, 3U);
}

TEST(Groups, AnActWhoseTopicsNobodyKnowsHasNone) {
  TestWorld world = three_fans();
  for (ResolvedAct& act : world.acts) act.topics = 1;
  const auto told = explain_in(world, score_world(world), 0);
  const auto groups =
      group(told->acts, Grouping::kTopic, [](TopicSetId) { return std::vector<std::string>{}; });
  ASSERT_THAT(groups, SizeIs(1));
  EXPECT_EQ(groups[0].topic, "");
  EXPECT_NEAR(groups[0].points, told->score.value - 1, 1e-9);
}

TEST(Groups, NamesReadBack) {
  for (const Grouping grouping : {Grouping::kAct, Grouping::kMover, Grouping::kVerb,
                                  Grouping::kTopic, Grouping::kNetwork, Grouping::kMonth}) {
    EXPECT_EQ(parse_grouping(to_string(grouping)), grouping);
  }
  EXPECT_FALSE(parse_grouping("colour"));
}

}  // namespace
}  // namespace bellwether

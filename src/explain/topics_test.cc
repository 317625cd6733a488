// SPDX-License-Identifier: Apache-2.0
#include "explain/topics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// By set; set 0 has none. The tree is the test's.
using Sets = std::vector<std::vector<TopicId>>;

TopicsOfSet lookup(const Sets& sets) {
  return [&sets](TopicSetId set) { return std::span<const TopicId>(sets[set]); };
}

std::vector<TopicId> named(std::span<const TopicEvidence> all) {
  std::vector<TopicId> topics;
  for (const TopicEvidence& each : all) {
    if (each.state == TopicState::kTheirs) topics.push_back(each.topic);
  }
  return topics;
}

// Each act: (mover, day, topic). Points fall with each act.
struct Person {
  std::vector<std::vector<TopicId>> parents;
  Policy policy = {};
  std::vector<TopicEvidence> evidence(
      const std::vector<std::tuple<PersonId, int64_t, std::vector<TopicId>>>& acts) const {
    const TopicTree tree = TopicTree::make(parents);
    Sets sets{{}};
    std::vector<TopicAct> list;
    double points = 100;
    for (const auto& [mover, day, topics] : acts) {
      sets.push_back(topics);
      list.push_back({mover, day, static_cast<TopicSetId>(sets.size() - 1), points,
                      static_cast<EventRow>(list.size() + 1)});
      points -= 1;
    }
    TopicCounter counter(tree, policy, lookup(sets));
    const auto found = counter.count(list);
    return {found.begin(), found.end()};
  }
};

TEST(Topics, MentionedOnceAreNotAttributed) {
  const Person person{{{}}};
  const auto once = person.evidence({{1, 1, {0}}});
  ASSERT_THAT(once, SizeIs(1));
  EXPECT_EQ(once[0].state, TopicState::kTooLittle);
  EXPECT_EQ(once[0].movers, 1U);
  EXPECT_THAT(named(person.evidence({{1, 1, {0}}, {1, 2, {0}}, {1, 3, {0}}, {1, 4, {0}}})),
              IsEmpty());
}

TEST(Topics, NeedThreeMoversOnTwoDays) {
  const Person person{{{}}};
  EXPECT_THAT(named(person.evidence({{1, 1, {0}}, {2, 1, {0}}, {3, 2, {0}}})), ElementsAre(0U));
  EXPECT_THAT(named(person.evidence({{1, 1, {0}}, {2, 2, {0}}})), IsEmpty()) << "two people";
  EXPECT_THAT(named(person.evidence({{1, 1, {0}}, {2, 1, {0}}, {3, 1, {0}}})), IsEmpty())
      << "one day";
  Person strict = person;
  strict.policy.topic_movers_min = 4;
  EXPECT_THAT(named(strict.evidence({{1, 1, {0}}, {2, 1, {0}}, {3, 2, {0}}})), IsEmpty());
}

TEST(Topics, NameTheirEvidence) {
  const Person person{{{}, {}}};
  const auto found = person.evidence({{1, 1, {0, 1}}, {2, 1, {0}}, {3, 2, {0}}, {1, 5, {0}}});
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_EQ(found[0].topic, 0U);
  EXPECT_EQ(found[0].points, 100 + 99 + 98 + 97);
  EXPECT_EQ(found[0].movers, 3U);
  EXPECT_EQ(found[0].days, 3U);
  EXPECT_EQ(found[0].acts, 4U);
  EXPECT_THAT(found[0].receipts(), ElementsAre(1U, 2U, 3U));
  // The act of both counts whole in each.
  EXPECT_EQ(found[1].points, 100);
}

// 0 crafts > 1 pottery > 2 raku, 3 glazes; crafts > 4 weaving.
const Person kCrafter{{{}, {0}, {1}, {1}, {0}}};

TEST(TopicsAbove, AnActIsOneActOnThemHoweverManyWaysLeadThere) {
  const auto found = kCrafter.evidence({{1, 1, {2, 3, 4}}});
  ASSERT_THAT(found, SizeIs(5));
  for (const TopicEvidence& each : found) EXPECT_EQ(each.acts, 1U);
}

TEST(TopicsAbove, ComeTogetherFromTopicsThatWouldNotDoAlone) {
  EXPECT_THAT(named(kCrafter.evidence({{1, 1, {2}}, {2, 2, {3}}, {3, 3, {1}}})), ElementsAre(1U));
  EXPECT_THAT(named(kCrafter.evidence({{1, 1, {2}}, {2, 2, {3}}, {3, 3, {4}}})), ElementsAre(0U));
}

TEST(TopicsAbove, AreNotNamedForWhatAMoreSpecificOneHolds) {
  const auto found =
      kCrafter.evidence({{1, 1, {2}}, {2, 2, {2}}, {3, 3, {2}}, {4, 4, {3}}, {5, 4, {3}}});
  EXPECT_THAT(named(found), ElementsAre(2U));
  EXPECT_EQ(found[1].state, TopicState::kWithin);
  EXPECT_EQ(found[2].state, TopicState::kWithin);
  EXPECT_EQ(found[3].state, TopicState::kTooLittle);
}

TEST(TopicsAbove, AreNamedBesideAMoreSpecificOneOnEvidenceOfTheirOwn) {
  EXPECT_THAT(named(kCrafter.evidence(
                  {{1, 1, {2}}, {2, 2, {2}}, {3, 3, {2}}, {4, 4, {3}}, {5, 5, {1}}, {6, 6, {1}}})),
              ElementsAre(1U, 2U));
  // The same people may stand for both.
  EXPECT_THAT(named(kCrafter.evidence(
                  {{1, 1, {2}}, {2, 2, {2}}, {3, 3, {2}}, {1, 1, {3}}, {2, 2, {3}}, {3, 3, {3}}})),
              ElementsAre(2U, 3U));
}

TEST(TopicsAbove, OrderOfActsIsNoMatter) {
  std::vector<std::tuple<PersonId, int64_t, std::vector<TopicId>>> acts{
      {1, 1, {2}}, {2, 2, {2}}, {3, 3, {2}}, {4, 4, {3}}, {5, 5, {1}}, {6, 6, {1}}};
  const auto forward = named(kCrafter.evidence(acts));
  std::reverse(acts.begin(), acts.end());
  auto backward = named(kCrafter.evidence(acts));
  std::sort(backward.begin(), backward.end());
  EXPECT_EQ(forward, backward);
}

TEST(TopicTrees, ACircleIsNoEnd) {
  const TopicTree tree = TopicTree::make({{1}, {0}, {}, {2}});
  EXPECT_THAT(tree.parents[0], IsEmpty());
  EXPECT_THAT(tree.parents[1], IsEmpty());
  EXPECT_EQ(tree.depth[3], 1U);
}

// ---- held against a slow way that asks the definition

bool is_below(const TopicTree& tree, TopicId topic, TopicId above) {
  if (topic == above) return true;
  return std::any_of(tree.parents[topic].begin(), tree.parents[topic].end(),
                     [&](TopicId parent) { return is_below(tree, parent, above); });
}

std::vector<TopicEvidence> slowly(std::span<const TopicAct> acts, const Policy& policy,
                                  const TopicTree& tree, const Sets& sets) {
  const auto on = [&](const TopicAct& act, TopicId topic) {
    return act.topics != 0 && std::any_of(sets[act.topics].begin(), sets[act.topics].end(),
                                          [&](TopicId own) { return is_below(tree, own, topic); });
  };
  std::vector<TopicEvidence> found;
  std::vector<TopicId> order(tree.topics());
  for (TopicId t = 0; t < tree.topics(); ++t) order[t] = t;
  std::stable_sort(order.begin(), order.end(),
                   [&](TopicId a, TopicId b) { return tree.depth[a] > tree.depth[b]; });
  std::vector<TopicId> theirs;
  for (const TopicId topic : order) {
    TopicEvidence evidence;
    evidence.topic = topic;
    std::set<PersonId> movers;
    std::set<PersonId> movers_left;
    std::set<int64_t> days;
    std::set<int64_t> days_left;
    for (const TopicAct& act : acts) {
      if (!on(act, topic)) continue;
      ++evidence.acts;
      movers.insert(act.mover);
      days.insert(act.day);
      const bool held = std::any_of(theirs.begin(), theirs.end(), [&](TopicId named_one) {
        return named_one != topic && is_below(tree, named_one, topic) && on(act, named_one);
      });
      if (held) continue;
      movers_left.insert(act.mover);
      days_left.insert(act.day);
    }
    if (evidence.acts == 0) continue;
    evidence.movers = static_cast<uint32_t>(movers.size());
    evidence.days = static_cast<uint32_t>(days.size());
    const auto enough = [&](size_t m, size_t d) {
      return m >= static_cast<size_t>(policy.topic_movers_min) &&
             d >= static_cast<size_t>(policy.topic_days_min);
    };
    if (enough(movers.size(), days.size())) {
      evidence.state =
          enough(movers_left.size(), days_left.size()) ? TopicState::kTheirs : TopicState::kWithin;
    }
    if (evidence.state == TopicState::kTheirs) theirs.push_back(topic);
    found.push_back(evidence);
  }
  return found;
}

// A tree of eight topics in which a parent's number is smaller, and sets of up to three of them.
struct RandomTopics {
  TopicTree tree;
  Sets sets{{}};
};
RandomTopics any_topics() {
  RandomTopics topics;
  std::vector<std::vector<TopicId>> parents(8);
  for (TopicId t = 1; t < 8; ++t) {
    for (TopicId p = 0; p < t; ++p) {
      if (*rc::gen::inRange(0, 4) == 0) parents[t].push_back(p);
    }
  }
  topics.tree = TopicTree::make(std::move(parents));
  for (int s = 0; s < 9; ++s) {
    const auto drawn = *rc::gen::container<std::vector<TopicId>>(rc::gen::inRange<TopicId>(0, 8));
    topics.sets.push_back(drawn);
    if (topics.sets.back().size() > 3) topics.sets.back().resize(3);
  }
  return topics;
}

RC_GTEST_PROP(TopicsProperty, AreWhatTheDefinitionSays, ()) {
  const RandomTopics topics = any_topics();
  std::vector<TopicAct> acts;
  const int count = *rc::gen::inRange(0, 40);
  for (int i = 0; i < count; ++i) {
    acts.push_back({*rc::gen::inRange<PersonId>(0, 6), *rc::gen::inRange<int64_t>(0, 4),
                    *rc::gen::inRange<TopicSetId>(0, 10), 1.0, static_cast<EventRow>(i)});
  }
  const Policy policy;
  TopicCounter counter(topics.tree, policy, lookup(topics.sets));
  counter.count(std::span(acts).first(acts.size() / 2));  // leaves nothing behind
  const auto found = counter.count(acts);
  const auto expected = slowly(acts, policy, topics.tree, topics.sets);
  RC_ASSERT(found.size() == expected.size());
  std::map<TopicId, const TopicEvidence*> by_topic;
  for (const TopicEvidence& each : found) by_topic[each.topic] = &each;
  for (const TopicEvidence& each : expected) {
    RC_ASSERT(by_topic.contains(each.topic));
    const TopicEvidence& got = *by_topic[each.topic];
    RC_ASSERT(got.state == each.state);
    RC_ASSERT(got.movers == each.movers);
    RC_ASSERT(got.days == each.days);
    RC_ASSERT(got.acts == each.acts);
  }
  // Whoever asks for those with enough gets these alone, in the same order.
  std::vector<TopicId> enough;
  for (const TopicEvidence& each : found) {
    if (each.state != TopicState::kTooLittle) enough.push_back(each.topic);
  }
  const std::vector<TopicEvidence> all(found.begin(), found.end());
  std::vector<TopicId> asked;
  for (const TopicEvidence& each : counter.count(acts, TopicDetail::kEnough)) {
    asked.push_back(each.topic);
    const auto same = std::find_if(all.begin(), all.end(), [&](const TopicEvidence& other) {
      return other.topic == each.topic;
    });
    RC_ASSERT(same != all.end());
    RC_ASSERT(std::tuple(same->state, same->points, same->movers, same->days, same->acts) ==
              std::tuple(each.state, each.points, each.movers, each.days, each.acts));
    RC_ASSERT(std::equal(same->receipts().begin(), same->receipts().end(), each.receipts().begin(),
                         each.receipts().end()));
  }
  RC_ASSERT(asked == enough);
}

TEST(TopicsOfAPerson, RestOnVouchedPeopleOnly) {
  TestWorld world;
  world.add_accounts(7);
  world.teleport_set = {1, 2, 3};
  const auto topics_of = [&](const std::vector<std::pair<AccountId, double>>& acts) {
    TestWorld each = world;
    for (const auto& [fan, day] : acts) {
      each.respond(fan, Verb::kReply, 0, at_day(day)).topics = 1;
    }
    const TestScores scored = score_world(each);
    const auto told = explain(scored.graph, scored.standing, each.policy, PostRecord{}, 0,
                              std::span(scored.ledger));
    const Sets sets{{}, {0}};
    return named(topic_evidence(told->acts, each.policy, TopicTree::make({{}}), lookup(sets)));
  };
  EXPECT_THAT(topics_of({{1, -3}, {2, -3}, {3, -4}}), ElementsAre(0U));
  EXPECT_THAT(topics_of({{4, -3}, {5, -4}, {6, -5}}), IsEmpty()) << "nobody vouches";
  EXPECT_THAT(topics_of({{1, -3}, {2, -3}, {6, -5}}), IsEmpty()) << "one is not vouched for";
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/amplification.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <vector>

#include "score/testing.h"

namespace bellwether {
namespace {

constexpr AccountId kAna = 0;
constexpr AccountId kBo = 1;
constexpr AccountId kCleo = 2;

ResolvedAct act(AccountId account, Verb verb, uint64_t object, Instant published) {
  ResolvedAct a;
  a.account = account;
  a.verb = verb;
  a.object = object;
  a.published = published;
  return a;
}

std::vector<PostRecord> tallied(const std::vector<ResolvedAct>& acts,
                                const PersonMap& persons = PersonMap::identity(3)) {
  PostTally tally(persons, at_day(-365), at_day(0));
  for (const ResolvedAct& a : acts) tally.see(a);
  return tally.finish();
}

TEST(PostTally, APostMovesOrDoesNotHoweverManyRespond) {
  const auto records =
      tallied({act(kAna, Verb::kPost, 1, at_day(-9)), act(kAna, Verb::kPost, 2, at_day(-8)),
               act(kBo, Verb::kReply, 1, at_day(-7)), act(kBo, Verb::kReact, 1, at_day(-7)),
               act(kCleo, Verb::kReshare, 1, at_day(-6))});
  ASSERT_EQ(records.size(), 3U);
  EXPECT_EQ(records[kAna].posts, 2U);
  EXPECT_EQ(records[kAna].moving, 1U);
  EXPECT_EQ(records[kBo].posts, 0U);
}

TEST(PostTally, OnesOwnResponseMovesNobody) {
  const PersonMap one_person{{0, 0, 1}, 2, false};
  const std::vector<ResolvedAct> acts{act(kAna, Verb::kPost, 1, at_day(-9)),
                                      act(kBo, Verb::kReply, 1, at_day(-7))};
  EXPECT_EQ(tallied(acts)[0].moving, 1U);
  EXPECT_EQ(tallied(acts, one_person)[0].moving, 0U);
}

TEST(PostTally, CountsPostsOfItsTimeAndWhatCameOfThemByThen) {
  const auto records =
      tallied({act(kAna, Verb::kPost, 1, at_day(-365)),
               act(kAna, Verb::kPost, 2, at_ms(-365 * kMsPerDay - 1)),
               act(kAna, Verb::kPost, 3, at_day(0)), act(kAna, Verb::kPost, 4, at_day(-1)),
               act(kAna, Verb::kPost, 5, Instant::unknown()), act(kBo, Verb::kReply, 1, at_ms(-1)),
               act(kBo, Verb::kReply, 2, at_ms(-1)), act(kBo, Verb::kReply, 4, at_day(0))});
  EXPECT_EQ(records[kAna].posts, 2U);
  EXPECT_EQ(records[kAna].moving, 1U);
}

TEST(PostTally, WhatWasUndoneDoesNotCount) {
  ResolvedAct post = act(kAna, Verb::kPost, 1, at_day(-9));
  ResolvedAct reply = act(kBo, Verb::kReply, 1, at_day(-8));
  reply.withdrawn = at_day(-7);
  EXPECT_EQ(tallied({post, reply})[kAna].moving, 0U);
  reply.withdrawn = at_day(0);
  EXPECT_EQ(tallied({post, reply})[kAna].moving, 1U) << "undone only afterwards";
  post.withdrawn = at_day(-7);
  EXPECT_TRUE(tallied({post, reply}).empty());
  EXPECT_EQ(
      tallied({act(kAna, Verb::kPost, 1, at_day(-9)), act(kBo, Verb::kUndo, 1, at_day(-8))})[kAna]
          .moving,
      0U);
}

TEST(PostTally, APersonLeftOutNeitherPostsNorResponds) {
  const PersonMap persons{{0, kNobody, 1}, 2, false};
  EXPECT_EQ(tallied({act(kAna, Verb::kPost, 1, at_day(-9)), act(kBo, Verb::kReply, 1, at_day(-8))},
                    persons)[0]
                .moving,
            0U);
  EXPECT_TRUE(tallied({act(kBo, Verb::kPost, 1, at_day(-9))}, persons).empty());
}

TEST(PostTally, OrderOfArrivalAndRepetitionDoNotMatter) {
  std::vector<ResolvedAct> acts{
      act(kAna, Verb::kPost, 1, at_day(-9)),  act(kAna, Verb::kPost, 1, at_day(-9)),
      act(kBo, Verb::kPost, 1, at_day(-9)),   act(kBo, Verb::kReply, 1, at_day(-8)),
      act(kCleo, Verb::kPost, 7, at_day(-9)), act(kAna, Verb::kQuote, 7, at_day(-8)),
      act(kAna, Verb::kReply, 7, at_day(-8))};
  std::mt19937 random(1);
  const auto expected = tallied(acts);
  EXPECT_EQ(expected[kAna].posts, 1U);
  EXPECT_EQ(expected[kCleo].moving, 1U);
  for (int i = 0; i < 50; ++i) {
    std::shuffle(acts.begin(), acts.end(), random);
    const auto again = tallied(acts);
    for (size_t p = 0; p < expected.size(); ++p) {
      EXPECT_EQ(again[p].posts, expected[p].posts);
      EXPECT_EQ(again[p].moving, expected[p].moving);
    }
  }
}

}  // namespace
}  // namespace bellwether

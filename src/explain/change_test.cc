// SPDX-License-Identifier: Apache-2.0
#include "explain/change.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

constexpr std::array kParts{&Change::evidence, &Change::withdrawn, &Change::fading,
                            &Change::standing, &Change::policy,    &Change::late};

double sum_of_parts(const Change& change) {
  double sum = 0;
  for (const auto part : kParts) sum += change.*part;
  return sum;
}

std::vector<LedgerEntry> received_by(const TestScores& scored, PersonId person, Instant as_of) {
  std::vector<LedgerEntry> entries;
  for (const LedgerEntry& e : scored.ledger) {
    if (scored.persons.person_of[e.receiver] == person && e.counts_as_of(as_of)) {
      entries.push_back(e);
    }
  }
  return entries;
}

// One community at two instants.
struct TwoMoments {
  TwoMoments(TestWorld world, double days)
      : now_world(std::move(world)), then_world(earlier(now_world, days)) {}

  static TestWorld earlier(TestWorld world, double days) {
    world.as_of.ms -= static_cast<int64_t>(days * static_cast<double>(kMsPerDay));
    return world;
  }
  static std::optional<double> published(const TestScores& scored, PersonId person) {
    for (const PersonScore& score : scored.scores) {
      if (score.person == person) return score.value;
    }
    return std::nullopt;
  }
  Change of(PersonId person, const std::optional<Restated>& restated = {}) const {
    return of(person, published(then, person), restated);
  }
  Change of(PersonId person, std::optional<double> score_then,
            const std::optional<Restated>& restated = {}) const {
    const auto received_then = received_by(then, person, then_world.as_of);
    const auto received_now = received_by(now, person, now_world.as_of);
    return what_changed({then.graph, then.standing, received_then, score_then},
                        {now.graph, now.standing, received_now, published(now, person)},
                        now_world.policy, person, restated);
  }

  TestWorld now_world, then_world;
  TestScores now = score_world(now_world);
  TestScores then = score_world(then_world);
};

RC_GTEST_PROP(Change, PartsSumToTheDifferenceWhateverWasPublishedThen, ()) {
  auto world = *any_world();
  world.policy.half_life_weights = *any_half_life_weights(world.policy.half_life_days.size());
  const TwoMoments two(world, *rc::gen::element(0, 1, 7, 20));
  const bool wrong = *rc::gen::arbitrary<bool>();
  for (PersonId person = 0; person < two.now.persons.persons; ++person) {
    auto score_then = TwoMoments::published(two.then, person);
    // What was published then came from a ledger that did not know all of this yet.
    if (wrong) score_then = 37.25;
    std::optional<Restated> restated;
    if (wrong) restated = Restated{12, 15.5};
    const Change change = two.of(person, score_then, restated);
    RC_ASSERT(std::abs(sum_of_parts(change) - change.difference()) < 1e-9);
    if (!wrong) RC_ASSERT(std::abs(change.late) < 1e-9);
    if (wrong) RC_ASSERT(change.policy == 3.5);
    RC_ASSERT(change.before == score_then.value_or(1));
    for (const ChangeMover& mover : change.came) RC_ASSERT(mover.points > 0);
    for (const ChangeMover& mover : change.faded) RC_ASSERT(mover.points < 0);
  }
}

// The score when of the causes only those of `set` have come about, by the scoring itself: what has
// not faded is moved nearer to the instant of now.
double score_with(const TwoMoments& two, PersonId person, unsigned set) {
  const bool came = (set & 1) != 0;
  const bool gone = (set & 2) != 0;
  const bool faded = (set & 4) != 0;
  const bool standing = (set & 8) != 0;
  const Instant then = two.then_world.as_of;
  const Instant now = two.now_world.as_of;
  std::vector<FoldEntry> entries;
  for (LedgerEntry e : two.now.ledger) {
    if (two.now.persons.person_of[e.receiver] != person) {
      // What the person gave decides what they passed on themselves.
      if (e.counts_as_of(standing ? now : then)) entries.push_back(FoldEntry::from(e));
      continue;
    }
    const bool was = e.counts_as_of(then);
    const bool is = e.counts_as_of(now);
    if (was ? !is && gone : !is || !came) continue;
    if (was && !faded) e.published.ms += now.ms - then.ms;
    entries.push_back(FoldEntry::from(e));
  }
  std::stable_sort(entries.begin(), entries.end(), [](const FoldEntry& a, const FoldEntry& b) {
    return std::tie(a.receiver, a.mover, a.published_ms) <
           std::tie(b.receiver, b.mover, b.published_ms);
  });
  const GraphSnapshot graph(std::move(entries), two.now_world.account_network, two.now.persons,
                            now);
  const auto score = score_person(graph, standing ? two.now.standing : two.then.standing,
                                  two.now_world.policy, {}, person);
  return score ? score->value : 1;
}

RC_GTEST_PROP(Change, IsTheMeanOverAllOrdersInWhichTheCausesMayCome, ()) {
  RandomWorldOptions options;
  options.accounts_max = 8;
  options.acts_scale = 1;
  TestWorld world = *any_world(options);
  world.policy.half_life_weights = *any_half_life_weights(world.policy.half_life_days.size());
  const TwoMoments two(world, *rc::gen::element(1, 7, 20));
  for (PersonId person = 0; person < two.now.persons.persons; ++person) {
    std::array<double, 16> value{};
    for (unsigned set = 0; set < 16; ++set) value[set] = score_with(two, person, set);
    std::array<double, 4> mean{};
    std::array<size_t, 4> order{0, 1, 2, 3};
    do {
      unsigned set = 0;
      for (const size_t cause : order) {
        mean[cause] += (value[set | 1U << cause] - value[set]) / 24;
        set |= 1U << cause;
      }
    } while (std::next_permutation(order.begin(), order.end()));
    const Change change = two.of(person);
    RC_ASSERT(std::abs(change.evidence - mean[0]) < 1e-9);
    RC_ASSERT(std::abs(change.withdrawn - mean[1]) < 1e-9);
    RC_ASSERT(std::abs(change.fading - mean[2]) < 1e-9);
    RC_ASSERT(std::abs(change.standing - mean[3]) < 1e-9);
  }
}

// Five vouched fans who answered long ago.
TestWorld quiet_star() {
  TestWorld world;
  world.add_account();
  for (const AccountId fan : world.add_accounts(5)) {
    world.teleport_set.push_back(fan);
    world.respond(fan, Verb::kReply, 0, at_day(-40));
  }
  return world;
}

TEST(ChangeByHand, SilenceIsFadingAndNothingElse) {
  const Change change = TwoMoments(quiet_star(), 30).of(0);
  EXPECT_LT(change.fading, -0.3);
  EXPECT_NEAR(change.difference(), change.fading, 1e-12);
  EXPECT_EQ(change.evidence, 0);
  EXPECT_EQ(change.standing, 0);
  EXPECT_EQ(change.new_acts, 0U);
  EXPECT_TRUE(change.came.empty());
  ASSERT_EQ(change.faded.size(), 3U);  // of five who are alike, the first three
  EXPECT_EQ(change.faded[0].mover, 1U);
}

TEST(ChangeByHand, WhoCameIsNamedWithWhatTheScoreWouldLackWithoutThem) {
  TestWorld world = quiet_star();
  const AccountId newcomer = world.add_account();
  world.teleport_set.push_back(newcomer);
  world.respond(newcomer, Verb::kReshare, 0, at_day(-2));
  world.respond(newcomer, Verb::kReshare, 0, at_day(-1));
  world.respond(1, Verb::kReact, 0, at_day(-1));
  const TwoMoments two(world, 10);
  const Change change = two.of(0);
  EXPECT_GT(change.evidence, 0);
  EXPECT_EQ(change.new_acts, 3U);
  EXPECT_EQ(change.new_movers, 2U);
  ASSERT_EQ(change.came.size(), 2U);
  EXPECT_EQ(change.came[0].mover, newcomer);
  EXPECT_EQ(change.came[0].acts, 2U);
  TestWorld without = world;
  without.acts.erase(without.acts.begin() + 5, without.acts.begin() + 7);
  EXPECT_NEAR(change.came[0].points, two.now.points(0) - score_world(without).points(0), 1e-9);
}

TEST(ChangeByHand, StandingThatOthersGainedIsApartFromEvidence) {
  TestWorld world;
  world.add_account();
  const AccountId fan = world.add_account();
  const AccountId root = world.add_account();
  world.teleport_set.push_back(root);
  world.respond(fan, Verb::kReshare, 0, at_day(-20));
  world.respond(root, Verb::kReply, fan, at_day(-1));  // only now somebody vouches for the fan
  const Change change = TwoMoments(world, 10).of(0);
  EXPECT_GT(change.standing, 0.3);
  EXPECT_EQ(change.evidence, 0);
  EXPECT_LT(change.fading, 0);
}

TEST(ChangeByHand, AnActUndoneSinceIsNamed) {
  TestWorld world = quiet_star();
  world.acts[0].withdrawn = at_day(-3);
  const Change change = TwoMoments(world, 10).of(0);
  EXPECT_EQ(change.withdrawn_acts, 1U);
  EXPECT_LT(change.withdrawn, -0.3);
  EXPECT_EQ(change.evidence, 0);
}

TEST(ChangeByHand, FirstEvidenceCountsFromWhereEveryScoreBegins) {
  TestWorld world = quiet_star();
  const TwoMoments two(world, 45);
  const Change change = two.of(0);
  EXPECT_EQ(change.before, 1);
  EXPECT_NEAR(change.evidence, two.now.points(0) - 1, 1e-9);
  EXPECT_EQ(change.fading, 0);
}

TEST(ChangeByHand, AnotherPolicyIsApartFromWhatHappened) {
  const TwoMoments two(quiet_star(), 30);
  TestWorld before = two.then_world;
  before.policy.points_per_doubling = 10;  // the policy of then
  const double score_then = score_world(before).points(0);
  const Restated restated{score_then, two.then.points(0)};
  const Change change = two.of(0, score_then, restated);
  EXPECT_NEAR(change.policy, two.then.points(0) - score_then, 1e-12);
  EXPECT_NEAR(change.fading, two.now.points(0) - two.then.points(0), 1e-9);
  EXPECT_NEAR(change.late, 0, 1e-9);
}

// An erasure moves nobody's score, so it must not look like one that fell and rose again.
TEST(ChangeByHand, WhatAnErasureLeftIsTakenToHaveBeenThere) {
  TestWorld world = quiet_star();
  const TwoMoments whole(world, 20);
  TestWorld left = world;
  left.acts.erase(left.acts.begin());  // account 1 is erased ten days before now
  FrozenPair pair;
  pair.receiver = 0;
  pair.token = 7;
  pair.at = at_day(-10);
  pair.standing = whole.now.standing.for_receiver(whole.now.graph, 1, 0);
  for (const double days : world.policy.half_life_days) {
    const double x = std::exp2(-30 / days);
    pair.sums.push_back({days * static_cast<double>(kMsPerDay), x, x});
  }
  pair.sums.push_back({kEndlessMs, 1, 1});
  const TwoMoments two(left, 20);
  const auto frozen = [&](const TestScores& scored, Instant as_of) {
    return GraphSnapshot(
        std::vector<FoldEntry>(scored.graph.entries().begin(), scored.graph.entries().end()),
        left.account_network, scored.persons, as_of, 1, Remainder{{pair}, {}});
  };
  const GraphSnapshot then = frozen(two.then, two.then_world.as_of);
  const GraphSnapshot now = frozen(two.now, two.now_world.as_of);
  const auto received_then = received_by(two.then, 0, two.then_world.as_of);
  const auto received_now = received_by(two.now, 0, two.now_world.as_of);
  const Change change =
      what_changed({then, two.then.standing, received_then, whole.then.points(0)},
                   {now, two.now.standing, received_now, whole.now.points(0)}, left.policy, 0, {});
  EXPECT_TRUE(change.erased);
  EXPECT_NEAR(change.late, 0, 1e-6);  // sums are kept at the policy's half-lives, to the last bits
  EXPECT_NEAR(change.fading, whole.now.points(0) - whole.then.points(0), 1e-6);
  EXPECT_EQ(change.evidence, 0);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/score.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>
#include <vector>

#include "score/random_world_testing.h"
#include "score/score_check.h"
#include "score/testing.h"

namespace bellwether {
namespace {

// ---- people moved -------------------------------------------------------------------------------

TEST(PeopleMoved, TheVouchedCountWhole) {
  const PeopleMoved r = count_people_moved(7, 0, 0, Policy{});
  EXPECT_EQ(r.moved, 7);
  EXPECT_EQ(r.crowd_factor, 0) << "0/0 is skipped";
  EXPECT_EQ(r.courted_factor, 0);
}

TEST(PeopleMoved, ASmallCrowdCountsWhole) {
  const PeopleMoved r = count_people_moved(7, 4, 0, Policy{});
  EXPECT_EQ(r.moved, 11);
  EXPECT_EQ(r.crowd_factor, 1);
}

TEST(PeopleMoved, ALargeCrowdCountsUpToHalfOfOneAndTheVouched) {
  const PeopleMoved r = count_people_moved(7, 1000, 0, Policy{});
  EXPECT_EQ(r.moved, 7 + 4);
  EXPECT_EQ(r.crowd_factor, 0.004);
}

TEST(PeopleMoved, ACrowdAloneIsHalfAPerson) {
  EXPECT_EQ(count_people_moved(0, 1e6, 1e6, Policy{}).moved, 0.5);
}

TEST(PeopleMoved, TheCourtedCountUpToFifteenPercent) {
  const PeopleMoved few = count_people_moved(9, 0, 1, Policy{});
  EXPECT_EQ(few.moved, 10);
  EXPECT_EQ(few.courted_factor, 1);
  const PeopleMoved many = count_people_moved(9, 0, 60, Policy{});
  EXPECT_EQ(many.moved, 10.5);
  EXPECT_DOUBLE_EQ(many.courted_factor, 1.5 / 60);
}

TEST(PeopleMoved, CourtedAndCrowdShareTheirHalf) {
  // Q' = 1.5, and 1.5 + 8.5 = 10 are cut to 5.
  const PeopleMoved r = count_people_moved(9, 8.5, 60, Policy{});
  EXPECT_EQ(r.moved, 14);
  EXPECT_DOUBLE_EQ(r.crowd_factor, 0.5);
  EXPECT_DOUBLE_EQ(r.courted_factor, 0.5 * 1.5 / 60);
}

TEST(PeopleMoved, SharesArePolicy) {
  Policy policy;
  policy.courtesy_share = 0;
  policy.crowd_share = 0.1;
  const PeopleMoved r = count_people_moved(9, 8.5, 60, policy);
  EXPECT_EQ(r.moved, 10);
  EXPECT_EQ(r.courted_factor, 0);
}

RC_GTEST_PROP(PeopleMovedProperty, NothingAddedEverLowersAndPartsSumToTheWhole, ()) {
  const auto amount = [] { return std::exp(*rc::gen::inRange(-4000, 4000) / 500.0); };
  const auto some = [&] { return *rc::gen::arbitrary<bool>() ? amount() : 0.0; };
  const double v = some();
  const double c = some();
  const double q = some();
  const Policy policy;
  const PeopleMoved r = count_people_moved(v, c, q, policy);
  const double parts = v + r.crowd_factor * c + r.courted_factor * q;
  RC_ASSERT(std::abs(parts - r.moved) <= 1e-12 * r.moved);
  RC_ASSERT(r.crowd_factor >= 0 && r.crowd_factor <= 1);
  RC_ASSERT(r.courted_factor >= 0 && r.courted_factor <= r.crowd_factor * (1 + 1e-15));
  RC_ASSERT(r.moved >= v);
  RC_ASSERT(r.moved <= 1.5 * v + 0.5 + 1e-12 * v);
  const double more = amount();
  const double tiny = 1e-12 * (1 + r.moved + more);
  RC_ASSERT(count_people_moved(v + more, c, q, policy).moved >= r.moved - tiny);
  RC_ASSERT(count_people_moved(v, c + more, q, policy).moved >= r.moved - tiny);
  RC_ASSERT(count_people_moved(v, c, q + more, policy).moved >= r.moved - tiny);
  // Somebody who gains standing leaves the crowd for the vouched.
  const double moves = std::min(c, more);
  RC_ASSERT(count_people_moved(v + moves, c - moves, q, policy).moved >= r.moved - tiny);
}

TEST(PeopleMoved, AScoreStandsForANumberOfPeople) {
  const Policy policy;
  EXPECT_EQ(people_moved(1, policy), 0);
  EXPECT_DOUBLE_EQ(people_moved(1 + 4.95, policy), 1);
  EXPECT_DOUBLE_EQ(people_moved(1 + 4.95 * 5, policy), 31);
  EXPECT_NEAR(people_moved(100, policy), 1048575, 1);
}

// ---- by hand ------------------------------------------------------------------------------------

// Tess is trusted. She responded to Uma ten days ago. Thirty days ago Uma and Chris responded to
// Vic of themselves, and Quin answered Vic, who had spoken to him an hour before.
struct Story {
  TestWorld world;
  AccountId tess = world.add_account(), uma = world.add_account(), chris = world.add_account(),
            quin = world.add_account(), vic = world.add_account();
  Story() {
    world.teleport_set = {tess};
    world.policy.half_life_days = {30};
    world.respond(tess, Verb::kReply, uma, at_day(-10));
    world.respond(uma, Verb::kReply, vic, at_day(-30));
    world.respond(chris, Verb::kReshare, vic, at_day(-30));
    world.respond(vic, Verb::kMention, quin, at_day(-30 - 1.0 / 24));
    world.respond(quin, Verb::kReply, vic, at_day(-30));
  }
};

TEST(Score, ByHand) {
  const Story story;
  const TestScores scores = score_world(story.world);
  const PersonScore* vic = scores.find(story.vic);
  ASSERT_NE(vic, nullptr);
  // One half-life ago: x = 1/2 each.
  const double p = 1 - std::exp(-0.5);
  const double s = 1 - std::exp(-std::exp2(-10 / 1826.25));  // Tess's vouch for Uma, times K
  const double vouched = s * p;
  const double crowd = (1 - s) * p + p;
  const double courted = std::min(p, 0.15 * (1 + vouched));
  const double people = vouched + std::min(courted + crowd, 0.5 * (1 + vouched));
  EXPECT_NEAR(vic->moved[0], people, 1e-6);
  EXPECT_NEAR(vic->value, 1 + 4.95 * std::log2(1 + people), 1e-6);
  EXPECT_EQ(vic->acts, 3U);
  EXPECT_EQ(vic->movers, 3U);
  EXPECT_EQ(vic->vouched_movers, 1U);
  EXPECT_EQ(vic->independent_movers, 1U);
  EXPECT_EQ(vic->reach, 3U);
  EXPECT_NEAR(vic->audience, s / 3, 1e-6);
  // Uma passes on to Vic a hundredth of what she has from Tess.
  EXPECT_NEAR(vic->standing, 0.01 * s * (1 - std::exp(-std::exp2(-30 / 1826.25))), 1e-8);
  EXPECT_EQ(vic->amplification, -1);
  EXPECT_EQ(vic->last_evidence, at_day(-30));
  EXPECT_FALSE(vic->settled);
  EXPECT_LE(vic->interval.low, vic->value);
  EXPECT_GE(vic->interval.high, vic->value);
  EXPECT_EQ(vic->interval.mass, 0.9);
}

TEST(Score, AveragesOverItsHalfLives) {
  Story story;
  story.world.policy.half_life_days = {30, 1826.25};
  const TestScores scores = score_world(story.world);
  const PersonScore* vic = scores.find(story.vic);
  EXPECT_DOUBLE_EQ(vic->value,
                   1 + 4.95 * (std::log2(1 + vic->moved[0]) + std::log2(1 + vic->moved[1])) / 2);
}

TEST(Score, AHalfLifeCountsAsMuchAsItWeighs) {
  Story story;
  story.world.policy.half_life_days = {30, 365, 1826.25};
  story.world.policy.half_life_weights = {1, 0, 3};
  const TestScores scores = score_world(story.world);
  const PersonScore* vic = scores.find(story.vic);
  EXPECT_NEAR(vic->value,
              1 + 4.95 * (std::log2(1 + vic->moved[0]) + 3 * std::log2(1 + vic->moved[2])) / 4,
              1e-12);
  EXPECT_GT(vic->moved[1], 0) << "it is counted, and weighs nothing";
  // What weighs nothing might as well not be there.
  Story without;
  without.world.policy.half_life_days = {30, 1826.25};
  without.world.policy.half_life_weights = {1, 3};
  const TestScores same = score_world(without.world);
  EXPECT_NEAR(vic->interval.low, same.find(without.vic)->interval.low, 1e-12);
  EXPECT_NEAR(vic->interval.high, same.find(without.vic)->interval.high, 1e-12);
  EXPECT_NEAR(vic->value, same.find(without.vic)->value, 1e-12);
}

RC_GTEST_PROP(ScoreProperty, WeightsThatAreAllTheSameChangeNoBit, (TestWorld world)) {
  const TestScores without = score_world(world);
  world.policy.half_life_weights.assign(world.policy.half_life_days.size(),
                                        *rc::gen::element(1.0, 0.1, 1.0 / 3, 1e6));
  RC_ASSERT(same_bits(score_world(world).scores, without.scores));
}

TEST(Momentum, DoesNotKnowWhatHalfLivesWeigh) {
  Story story;
  const double even = score_world(story.world).find(story.vic)->momentum;
  story.world.policy.half_life_weights = {5};
  EXPECT_EQ(score_world(story.world).find(story.vic)->momentum, even);
  story.world.policy.half_life_days = {30, 365, 1826.25, 2000};
  story.world.policy.half_life_weights = {1, 0, 0, 0};
  EXPECT_EQ(score_world(story.world).find(story.vic)->momentum, even);
}

TEST(Score, NoEvidenceIsNoScore) {
  const Story story;
  const TestScores scores = score_world(story.world);
  EXPECT_EQ(scores.find(story.tess), nullptr);
  EXPECT_EQ(scores.find(story.chris), nullptr);
  EXPECT_NE(scores.find(story.quin), nullptr);
  EXPECT_EQ(scores.scores.size(), 3U);
  EXPECT_FALSE(
      score_person(scores.graph, scores.standing, story.world.policy, {}, story.tess).has_value());
}

TEST(Score, EvidenceFromBeforeTheAsOfOnly) {
  Story story;
  story.world.as_of = at_day(-30);
  EXPECT_EQ(score_world(story.world).find(story.vic), nullptr);
  story.world.as_of = at_ms(-30 * kMsPerDay + 1);
  EXPECT_EQ(score_world(story.world).find(story.vic)->movers, 3U);
}

TEST(Score, ReachCountsTheLastDaysFromTheirFirstInstantOn) {
  Story story;
  story.world.policy.reach_days = 30;
  EXPECT_EQ(score_world(story.world).find(story.vic)->reach, 3U);
  story.world.as_of = at_ms(1);
  const TestScores later = score_world(story.world);
  EXPECT_EQ(later.find(story.vic)->reach, 0U);
  EXPECT_EQ(later.find(story.vic)->audience, -1);
  EXPECT_EQ(later.find(story.vic)->movers, 3U);
}

TEST(Score, AThousandLikesOfOneFanAreOnePerson) {
  TestWorld world;
  world.add_accounts(2);
  world.teleport_set = {0};
  for (int i = 0; i < 1000; ++i) world.respond(0, Verb::kReact, 1, at_day(-1));
  const double value = score_world(world).points(1);
  EXPECT_LE(value, 1 + 4.95 + 1e-9);
  EXPECT_GT(value, 1 + 4.9);
}

TEST(Score, OnePersonScoredAloneIsTheSame) {
  const Story story;
  const TestScores scores = score_world(story.world);
  for (const PersonScore& s : scores.scores) {
    const auto alone =
        score_person(scores.graph, scores.standing, story.world.policy, {}, s.person);
    ASSERT_TRUE(alone.has_value());
    EXPECT_TRUE(same_bits(*alone, s));
  }
}

TEST(Score, AmplificationIsTheChanceThatAPostMoves) {
  Story story;
  story.world.posts.resize(5);
  story.world.posts[story.vic] = {9, 3};
  const TestScores with = score_world(story.world);
  EXPECT_DOUBLE_EQ(with.find(story.vic)->amplification, 0.35);
  EXPECT_EQ(with.find(story.quin)->amplification, -1);
  EXPECT_TRUE(
      same_bits(with.find(story.vic)->value, score_world(Story().world).find(story.vic)->value));
}

TEST(Score, NeverLeavesOneToAHundred) {
  TestWorld world;
  world.add_accounts(3001);
  world.policy.points_per_doubling = 99;
  for (AccountId a = 1; a <= 3000; ++a) {
    world.teleport_set.push_back(a);
    for (int i = 0; i < 20; ++i) world.respond(a, Verb::kMeet, 0, at_day(-0.001));
  }
  const TestScores scores = score_world(world);
  EXPECT_EQ(scores.find(0)->value, 100);
  EXPECT_EQ(scores.find(0)->interval.high, 100);
  // So old that nothing of it is left: evidence all the same.
  TestWorld old;
  old.add_accounts(2);
  old.policy.half_life_days = {0.001};
  old.respond(0, Verb::kReply, 1, at_day(-10'000));
  const TestScores faded = score_world(old);
  ASSERT_NE(faded.find(1), nullptr);
  EXPECT_EQ(faded.find(1)->value, 1);
  EXPECT_EQ(faded.find(1)->interval.low, 1);
  EXPECT_GT(faded.find(1)->interval.high, 1);
}

TEST(Score, AMarginStaysANumberHoweverFastVouchesFade) {
  Story story;
  story.world.policy.vouch_half_life_days = 1e-6;
  story.world.as_of = at_day(10'000);
  const TestScores scores = score_world(story.world);
  const PersonScore* vic = scores.find(story.vic);
  // Nobody has any standing left, so all are a crowd of at most half a person: 2.9 points.
  EXPECT_LE(vic->interval.high, 1 + 4.95 * std::log2(1 + 0.5 * 3.0));
  EXPECT_GE(vic->interval.low, 1);
}

// The upper end of a narrow interval around the middle of a skew distribution lies below its mean.
TEST(Score, LiesWithinItsMarginWhateverTheMass) {
  Story story;
  for (const double mass : {0.01, 0.1, 0.26, 0.5, 0.9, 0.999}) {
    story.world.policy.margin_mass = mass;
    for (const PersonScore& s : score_world(story.world).scores) {
      EXPECT_LE(s.interval.low, s.value) << mass;
      EXPECT_GE(s.interval.high, s.value) << mass;
    }
  }
}

TEST(Momentum, ComparesWithItsOwnValueSevenDaysEarlier) {
  Story story;
  story.world.respond(story.uma, Verb::kReply, story.vic, at_ms(-1));
  const TestScores scores = score_world(story.world);
  const PersonScore* vic = scores.find(story.vic);
  EXPECT_GT(vic->momentum, vic->momentum_before);
  EXPECT_GT(vic->momentum, 1 + 1.5);
  Story quiet;
  quiet.world.as_of = at_day(-30 + 1);
  const TestScores early = score_world(quiet.world);
  EXPECT_EQ(early.find(story.vic)->momentum_before, 1) << "nothing had happened a week earlier";
  EXPECT_GT(early.find(story.vic)->momentum, 1);
}

TEST(Settled, NeedsFiveVouchedMoversWhomOneDidNotApproach) {
  TestWorld world;
  const AccountId vic = world.add_account();
  const auto fans = world.add_accounts(9);
  world.teleport_set = fans;
  // Enough of each that the margin is narrow.
  for (const AccountId fan : fans) {
    for (int i = 0; i < 9; ++i) world.respond(fan, Verb::kReply, vic, at_day(-20 + i));
  }
  EXPECT_TRUE(score_world(world).find(vic)->settled);
  // To four fans Vic had spoken first.
  for (size_t i = 0; i < 4; ++i) world.respond(vic, Verb::kMention, fans[i], at_day(-40));
  EXPECT_EQ(score_world(world).find(vic)->independent_movers, 5U);
  EXPECT_TRUE(score_world(world).find(vic)->settled);
  // Answering is not approaching.
  world.respond(vic, Verb::kReply, fans[4], at_day(-11.5));
  EXPECT_EQ(score_world(world).find(vic)->independent_movers, 5U);
  world.respond(vic, Verb::kReply, fans[4], at_day(-5));
  EXPECT_EQ(score_world(world).find(vic)->independent_movers, 4U);
  EXPECT_FALSE(score_world(world).find(vic)->settled);
}

TEST(Settled, CountsTheAnsweredForNoMoreThanThoseNeverActedTowards) {
  TestWorld world;
  const AccountId vic = world.add_account();
  const auto fans = world.add_accounts(9);
  world.teleport_set = fans;
  for (const AccountId fan : fans) world.respond(fan, Verb::kReply, vic, at_day(-20));
  const auto independent = [&] { return score_world(world).find(vic)->independent_movers; };
  EXPECT_EQ(independent(), 9U);
  const std::vector<uint32_t> with_answers{9, 9, 9, 9, 8, 6, 4, 2, 0};
  for (size_t i = 0; i < fans.size(); ++i) {
    world.respond(vic, Verb::kReply, fans[i], at_day(-19.5));
    EXPECT_EQ(independent(), with_answers[i]) << i + 1 << " answered";
  }
}

TEST(Settled, NeedsANarrowMargin) {
  TestWorld world;
  const AccountId vic = world.add_account();
  const auto fans = world.add_accounts(5);
  world.teleport_set = fans;
  for (const AccountId fan : fans) {
    for (int i = 0; i < 9; ++i) world.respond(fan, Verb::kReply, vic, at_day(-20 + i));
  }
  const TestScores scores = score_world(world);
  const PersonScore* score = scores.find(vic);
  EXPECT_EQ(score->independent_movers, 5U);
  const double width = score->interval.high - score->interval.low;
  world.policy.settled_margin_max = width * 1.001;
  EXPECT_TRUE(score_world(world).find(vic)->settled);
  world.policy.settled_margin_max = width * 0.999;
  EXPECT_FALSE(score_world(world).find(vic)->settled);
}

// ---- the slow proof -----------------------------------------------------------------------------

RC_GTEST_PROP(ScoreProperty, AgreesWithTheFormulasAppliedToTheLedger, ()) {
  RandomWorldOptions options;
  options.accounts_max = 16;
  options.acts_scale = 1;
  TestWorld world = *any_world(options);
  world.policy.courtesy_share = *rc::gen::element(0.15, 0.15, 0.0, 1.0);
  world.policy.crowd_share = *rc::gen::element(0.5, 0.5, 0.0, 1.0);
  world.as_of = at_day(*rc::gen::element(0, 0, -10, 400));
  world.policy.half_life_weights = *any_half_life_weights(world.policy.half_life_days.size());
  const TestScores scores = score_world(world);
  const ScoreCheck check(scores.ledger, world.account_network, scores.persons, world.teleport_set,
                         world.policy, world.as_of);
  size_t scored = 0;
  for (PersonId person = 0; person < scores.persons.persons; ++person) {
    const auto expected = check.score(person);
    const auto found = std::find_if(scores.scores.begin(), scores.scores.end(),
                                    [&](const PersonScore& s) { return s.person == person; });
    RC_ASSERT((found != scores.scores.end()) == expected.has_value());
    if (!expected) continue;
    ++scored;
    RC_ASSERT(std::abs(found->value - expected->value) <= 1e-9);
    for (size_t h = 0; h < world.policy.half_life_days.size(); ++h) {
      RC_ASSERT(std::abs(found->moved[h] - expected->moved[h]) <= 1e-9);
    }
    RC_ASSERT(std::abs(found->interval.low - expected->interval.low) <= 2e-6);
    RC_ASSERT(std::abs(found->interval.high - expected->interval.high) <= 2e-6);
    RC_ASSERT(found->interval.low <= found->value);
    RC_ASSERT(found->interval.high >= found->value);
    RC_ASSERT(std::abs(found->momentum - expected->momentum) <= 1e-9);
    RC_ASSERT(std::abs(found->momentum_before - expected->momentum_before) <= 1e-9);
    RC_ASSERT(std::abs(found->audience - expected->audience) <= 1e-9);
    RC_ASSERT(std::abs(found->standing - expected->standing) <= 1e-9);
    RC_ASSERT(found->reach == expected->reach);
    RC_ASSERT(found->movers == expected->movers);
    RC_ASSERT(found->vouched_movers == expected->vouched_movers);
    RC_ASSERT(found->independent_movers == expected->independent_movers);
    RC_ASSERT(found->acts == expected->acts);
    RC_ASSERT(found->last_evidence == expected->last_evidence);
    RC_ASSERT(found->settled == expected->settled);
  }
  RC_ASSERT(scored == scores.scores.size());
}

// ---- calibration --------------------------------------------------------------------------------

// The margin is a closed form for a bootstrap in which every mover's share is weighed by an Exp(1)
// of its own. Here that bootstrap is run, on communities from one mover to hundreds.
TEST(Calibration, TheMarginIsThatOfABootstrapOverMovers) {
  std::mt19937_64 random(7);
  std::exponential_distribution<double> weight(1);
  const auto below = [&](uint64_t n) { return random() % n; };
  double worst_few = 0;
  double worst_many = 0;
  double covered = 0;
  int worlds = 0;
  for (const size_t movers : {1UL, 2UL, 3UL, 5UL, 8UL, 13UL, 30UL, 100UL}) {
    for (int round = 0; round < 6; ++round) {
      TestWorld world;
      const AccountId vic = world.add_account();
      for (const AccountId mover : world.add_accounts(movers)) {
        // Few movers of great weight among many of little: what a margin has to stand.
        if (below(3) != 0) world.teleport_set.push_back(mover);
        const uint64_t acts = 1 + below(below(4) == 0 ? 30 : 3);
        for (uint64_t i = 0; i < acts; ++i) {
          const double age = 1 + static_cast<double>(below(1000)) * static_cast<double>(below(2));
          world.respond(mover, below(2) == 0 ? Verb::kReply : Verb::kReact, vic, at_day(-age));
        }
      }
      // The newest act now, so that now and the last evidence are one.
      world.respond(vic + 1, Verb::kReply, vic, at_ms(-1));
      const TestScores scores = score_world(world);
      const PersonScore* score = scores.find(vic);
      const ScoreCheck check(scores.ledger, world.account_network, scores.persons,
                             world.teleport_set, world.policy, world.as_of);
      const auto shares = check.shares(scores.persons.person_of[vic]);
      constexpr size_t kDraws = 10'000;
      std::vector<double> drawn;
      for (size_t draw = 0; draw < kDraws; ++draw) {
        std::array<double, 4> people{};
        for (const auto& [mover, share] : shares) {
          const double w = weight(random);
          for (size_t h = 0; h < people.size(); ++h) people[h] += w * share[h];
        }
        double sum = 0;
        for (const double r : people) sum += std::log2(1 + r);
        drawn.push_back(1 + 4.95 * sum / 4);
      }
      std::sort(drawn.begin(), drawn.end());
      const double low = drawn[kDraws / 20];
      const double high = drawn[kDraws - kDraws / 20];
      double& worst = movers < 8 ? worst_few : worst_many;
      worst = std::max(
          {worst, std::abs(low - score->interval.low), std::abs(high - score->interval.high)});
      const auto inside = std::upper_bound(drawn.begin(), drawn.end(), score->interval.high) -
                          std::lower_bound(drawn.begin(), drawn.end(), score->interval.low);
      const double coverage = static_cast<double>(inside) / kDraws;
      EXPECT_GT(coverage, 0.87) << movers << " movers, round " << round;
      EXPECT_LT(coverage, 0.93) << movers << " movers, round " << round;
      covered += coverage;
      ++worlds;
    }
  }
  printf(
      "margin against bootstrap: at most %.2f points off below eight movers, %.2f from there; "
      "mean coverage %.3f\n",
      worst_few, worst_many, covered / worlds);
  EXPECT_LT(worst_few, 0.4);
  EXPECT_LT(worst_many, 0.4);
  EXPECT_NEAR(covered / worlds, 0.9, 0.01);
}

// ---- ranks --------------------------------------------------------------------------------------

PersonScore ranked(PersonId person, double value, double low, double high, bool settled = true) {
  PersonScore s;
  s.person = person;
  s.value = value;
  s.interval = {low, high, 0.9};
  s.settled = settled;
  return s;
}

TEST(Rank, OrdersTheSettledByScoreAndThenByPerson) {
  std::vector<PersonScore> scores{ranked(0, 20, 19, 21), ranked(1, 30, 29, 31),
                                  ranked(2, 99, 1, 100, false), ranked(3, 20, 19.5, 22),
                                  ranked(4, 10, 9, 11)};
  rank_everybody(scores);
  EXPECT_EQ(scores[1].rank, 1U);
  EXPECT_EQ(scores[0].rank, 2U);
  EXPECT_EQ(scores[3].rank, 3U);
  EXPECT_EQ(scores[4].rank, 4U);
  EXPECT_EQ(scores[2].rank, 0U) << "the provisional are not ranked";
  EXPECT_EQ(scores[2].rank_low, 0U);
  EXPECT_EQ(scores[2].rank_high, 0U);
  EXPECT_EQ(scores[1].rank_low, 1U);
  EXPECT_EQ(scores[1].rank_high, 1U);
  EXPECT_EQ(scores[0].rank_low, 2U);
  EXPECT_EQ(scores[0].rank_high, 3U);
  EXPECT_EQ(scores[3].rank_low, 2U);
  EXPECT_EQ(scores[3].rank_high, 3U);
  EXPECT_EQ(scores[4].rank_low, 4U);
}

TEST(Rank, ThePercentileCountsAllWithEvidence) {
  std::vector<PersonScore> scores{ranked(0, 20, 19, 21), ranked(1, 30, 29, 31),
                                  ranked(2, 10, 1, 100, false), ranked(3, 20, 19.5, 22)};
  rank_everybody(scores);
  EXPECT_EQ(scores[2].percentile, 0);
  EXPECT_EQ(scores[0].percentile, 25);
  EXPECT_EQ(scores[3].percentile, 25);
  EXPECT_EQ(scores[1].percentile, 75);
}

TEST(Rank, OfNobodyIsNoMistake) {
  std::vector<PersonScore> none;
  rank_everybody(none);
}

RC_GTEST_PROP(RankProperty, LiesWithinWhatTheMarginsAllow, ()) {
  std::vector<PersonScore> scores;
  const auto count = *rc::gen::inRange<PersonId>(1, 30);
  for (PersonId person = 0; person < count; ++person) {
    const double value = *rc::gen::inRange(1, 20);
    scores.push_back(ranked(person, value, value - *rc::gen::inRange(0, 6),
                            value + *rc::gen::inRange(0, 6), *rc::gen::inRange(0, 4) != 0));
  }
  rank_everybody(scores);
  for (const PersonScore& s : scores) {
    if (!s.settled) {
      RC_ASSERT(s.rank == 0 && s.rank_low == 0 && s.rank_high == 0);
      continue;
    }
    uint32_t above = 0;
    uint32_t surely = 0;
    uint32_t maybe = 0;
    for (const PersonScore& other : scores) {
      if (!other.settled || other.person == s.person) continue;
      if (other.value > s.value || (other.value == s.value && other.person < s.person)) ++above;
      if (other.interval.low > s.interval.high) ++surely;
      if (other.interval.high >= s.interval.low) ++maybe;
    }
    RC_ASSERT(s.rank == above + 1);
    RC_ASSERT(s.rank_low == surely + 1);
    RC_ASSERT(s.rank_high == maybe + 1);
    RC_ASSERT(s.rank_low <= s.rank && s.rank <= s.rank_high);
  }
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/signals/half_life/half_life.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "score/signals/half_life/half_life_check.h"

namespace bellwether {
namespace {

constexpr Instant kAsOf{1'700'000'000'000};

// A post of some hours ago, and the hours after it at which somebody responded.
PostAnswers post(double hours_ago, const std::vector<double>& after) {
  const auto ms = [](double hours) {
    return static_cast<int64_t>(hours * static_cast<double>(kMsPerHour));
  };
  PostAnswers made{Instant{kAsOf.ms - ms(hours_ago)}, {}};
  for (const double hours : after) made.responses.push_back({made.published.ms + ms(hours)});
  return made;
}

std::vector<PostAnswers> alike(size_t count, double hours_ago, const std::vector<double>& after) {
  std::vector<PostAnswers> posts;
  for (size_t i = 0; i < count; ++i) {
    posts.push_back(post(hours_ago + static_cast<double>(i), after));
  }
  return posts;
}

TEST(HalfLife, IsTheMiddleDelayWhereAllPostsAreOld) {
  const auto told = half_life(alike(6, 5000, {1, 2, 3, 40, 50}), kAsOf);
  ASSERT_TRUE(told);
  EXPECT_DOUBLE_EQ(told->hours, 3);
  EXPECT_DOUBLE_EQ(told->low, 3);  // every post is like every other
  EXPECT_DOUBLE_EQ(told->high, 3);
  EXPECT_DOUBLE_EQ(told->within_days, kHalfLifeDays);
  EXPECT_EQ(told->posts, 6u);
  EXPECT_EQ(told->responses, 30u);
}

TEST(HalfLife, OneViralPostDoesNotDecide) {
  std::vector<PostAnswers> posts = alike(9, 5000, {10, 20});
  PostAnswers viral = post(6000, {});
  for (int i = 0; i < 10'000; ++i) viral.responses.push_back({viral.published.ms + i});
  posts.push_back(viral);
  EXPECT_GE(half_life(posts, kAsOf)->hours, 10);
}

TEST(HalfLife, PostsThatAreStillBeingAnsweredDoNotShortenIt) {
  // Half come after one hour and half after 30. Nine in ten posts are two hours old: of what has
  // come, nearly all came at once.
  std::vector<PostAnswers> posts = alike(10, 2000, {1, 30});
  const auto old_only = half_life(posts, kAsOf);
  for (int i = 0; i < 90; ++i) posts.push_back(post(2, {1}));
  const auto shares = response_shares(posts, kAsOf);
  ASSERT_EQ(shares.size(), 2u);
  EXPECT_DOUBLE_EQ(shares[0].share, 0.5);
  EXPECT_DOUBLE_EQ(shares[1].share, 1);
  EXPECT_EQ(half_life(posts, kAsOf)->hours, old_only->hours);
}

TEST(HalfLife, SaysNothingBelowItsMinima) {
  EXPECT_FALSE(half_life({}, kAsOf));
  EXPECT_FALSE(half_life(alike(kHalfLifePostsMin - 1, 100, {1, 2, 3, 4, 5, 6}), kAsOf));
  EXPECT_TRUE(half_life(alike(kHalfLifePostsMin, 100, {1, 2}), kAsOf));
  std::vector<PostAnswers> one_short = alike(kHalfLifePostsMin, 100, {1, 2});
  one_short.back().responses.pop_back();
  EXPECT_FALSE(half_life(one_short, kAsOf));
}

TEST(HalfLife, LooksNoFurtherThanEnoughPostsAreOldAndNeverBeyondThirtyDays) {
  const auto week = half_life(alike(kHalfLifePostsMin, 168, {1, 2, 167.9, 168}), kAsOf);
  EXPECT_DOUBLE_EQ(week->within_days, 7);
  EXPECT_EQ(week->responses, 4 * kHalfLifePostsMin - 1);  // one came at as-of itself
  const auto year = half_life(alike(kHalfLifePostsMin, 9000, {1, 2, 720, 720.1}), kAsOf);
  EXPECT_DOUBLE_EQ(year->within_days, kHalfLifeDays);
  EXPECT_EQ(year->responses, 3 * kHalfLifePostsMin);
}

TEST(HalfLife, AResponseDatedBeforeItsPostOrAfterAsOfIsLeftOut) {
  std::vector<PostAnswers> posts = alike(6, 100, {-1, 5, 6, 5000});
  const auto told = half_life(posts, kAsOf);
  EXPECT_EQ(told->responses, 12u);
  posts.push_back(post(-3, {1}));  // not posted yet
  EXPECT_EQ(half_life(posts, kAsOf)->posts, 6u);
}

TEST(HalfLife, ReadsTheNewestAnsweredPostsOnly) {
  std::vector<PostAnswers> posts = alike(kHalfLifePostsMax, 1000, {2});
  for (const PostAnswers& old : alike(400, 8000, {100})) posts.push_back(old);
  for (const PostAnswers& unanswered : alike(400, 800, {})) posts.push_back(unanswered);
  const auto told = half_life(posts, kAsOf);
  EXPECT_EQ(told->posts, kHalfLifePostsMax);
  EXPECT_DOUBLE_EQ(told->high, 2);
}

// Posts with exponential delays, some so young that most of what they will get is still to come.
std::vector<PostAnswers> planted(std::mt19937_64& random, int posts, double half_hours,
                                 double age_hours_max) {
  std::uniform_real_distribution<double> age(0, age_hours_max);
  std::exponential_distribution<double> delay(std::log(2.0) / half_hours);
  std::geometric_distribution<int> count(0.25);
  std::vector<PostAnswers> made;
  for (int i = 0; i < posts; ++i) {
    std::vector<double> after;
    for (int k = count(random); k >= 0; --k) after.push_back(delay(random));
    made.push_back(post(age(random), after));
  }
  return made;
}

TEST(HalfLife, PlantedOnesLieWithinTheInterval) {
  std::mt19937_64 random(7);
  for (const int posts : {8, 20, 100}) {
    int told = 0;
    int held = 0;
    for (int trial = 0; trial < 300; ++trial) {
      const auto answer = half_life(planted(random, posts, 5, 100), kAsOf);
      if (!answer) continue;
      ++told;
      if (answer->low <= 5 && 5 <= answer->high) ++held;
    }
    const double coverage = static_cast<double>(held) / told;
    RecordProperty("coverage_of_" + std::to_string(posts), std::to_string(coverage));
    EXPECT_GT(coverage, posts < 20 ? 0.78 : 0.84) << posts;
    EXPECT_LT(coverage, 0.96) << posts;
    EXPECT_GT(told, 200) << posts;
  }
}

// Few whole hours, so that delays and ages often coincide; some below the minima.
std::vector<PostAnswers> any_posts() {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  const auto up_to = [&](uint64_t n) { return static_cast<double>(random() % (n + 1)); };
  std::vector<PostAnswers> posts;
  for (uint64_t i = 3 + random() % 12; i > 0; --i) {
    std::vector<double> after;
    for (uint64_t k = random() % 6; k > 0; --k) after.push_back(up_to(60) - 2);
    posts.push_back(post(up_to(80) - 2, after));
  }
  return posts;
}

RC_GTEST_PROP(HalfLife, AgreesWithTheSlowRoad, ()) {
  const auto posts = any_posts();
  const auto fast = response_shares(posts, kAsOf);
  const auto road = check_response_shares(posts, kAsOf);
  RC_CLASSIFY(!road.has_value(), "the slow road is too long");
  if (!road) return;
  const std::vector<ResponseShare>& slow = *road;
  RC_ASSERT(fast.empty() == slow.empty());
  RC_ASSERT(half_life(posts, kAsOf).has_value() == !fast.empty());
  RC_CLASSIFY(!fast.empty(), "told");
  size_t at = 0;
  for (const ResponseShare& each : slow) {
    const bool known = at < fast.size() && fast[at].delay_ms == each.delay_ms;
    RC_ASSERT(std::abs(each.share - (known ? fast[at].share : 0)) < 5e-3);
    if (known) ++at;
  }
  RC_ASSERT(at == fast.size());
}

RC_GTEST_PROP(HalfLife, DoesNotDependOnAnyOrder, ()) {
  auto posts = any_posts();
  const auto told = half_life(posts, kAsOf);
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::shuffle(posts.begin(), posts.end(), random);
  for (PostAnswers& each : posts) {
    std::shuffle(each.responses.begin(), each.responses.end(), random);
  }
  const auto again = half_life(posts, kAsOf);
  RC_ASSERT(told.has_value() == again.has_value());
  if (!told) return;
  RC_ASSERT(told->hours == again->hours);
  RC_ASSERT(told->low == again->low && told->high == again->high);
  RC_ASSERT(told->low <= told->hours && told->hours <= told->high);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/signals/when_to_post/when_to_post.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>

#include "score/signals/when_to_post/when_to_post_check.h"

namespace bellwether {
namespace {

// A post in some week, in an hour of it.
HourOutcome post(int week, int hour, uint32_t responders, uint8_t kind = 0) {
  const int64_t hours = int64_t{week} * kHoursOfWeek + hour;
  return {Instant{1'704'067'200'000 + hours * kMsPerHour}, hour, kind, responders};
}

const HourRate& at(const PostingHours& told, int hour) {
  return told.hours[static_cast<size_t>(hour)];
}

TEST(WhenToPost, OfTwoHoursTheOneThatIsAnsweredIsTheBetter) {
  std::vector<HourOutcome> posts;
  for (int week = 0; week < 30; ++week) {
    posts.push_back(post(week, 9, 4));
    posts.push_back(post(week, 20, 0));
  }
  const auto told = when_to_post(posts);
  ASSERT_TRUE(told);
  EXPECT_DOUBLE_EQ(told->average, 2);
  ASSERT_FALSE(told->best.empty());
  EXPECT_EQ(told->best, std::vector<int>{9});
  EXPECT_GT(at(*told, 9).rate, 3);
  EXPECT_LT(at(*told, 20).rate, 1);
  EXPECT_EQ(at(*told, 9).posts, 30u);
  EXPECT_EQ(at(*told, 9).responders, 120u);
  // Its neighbour is thought better too, by what it borrowed, and recommended by no evidence.
  EXPECT_GT(at(*told, 10).rate, told->average);
  EXPECT_FALSE(at(*told, 10).stands_out);
  EXPECT_GT(at(*told, 10).high - at(*told, 10).low, at(*told, 9).high - at(*told, 9).low);
}

TEST(WhenToPost, WhereNothingDiffersNoHourStandsOut) {
  std::vector<HourOutcome> posts;
  for (int week = 0; week < 50; ++week) {
    for (int hour = week % 5; hour < kHoursOfWeek; hour += 13) posts.push_back(post(week, hour, 2));
  }
  const auto told = when_to_post(posts);
  EXPECT_TRUE(told->best.empty());
  for (const HourRate& hour : told->hours) EXPECT_NEAR(hour.rate, 2, 1e-9);
}

TEST(WhenToPost, AnHourIsNotBestByItsNeighbourAlone) {
  std::vector<HourOutcome> posts;
  for (int week = 0; week < 30; ++week) {
    posts.push_back(post(week, 9, 5));
    posts.push_back(post(week, 10, 0));
    posts.push_back(post(week, 33, 0));  // the same hour of another day
    for (const int hour : {60, 90, 120, 150}) posts.push_back(post(week, hour, 0));
  }
  const auto told = when_to_post(posts);
  EXPECT_EQ(told->best, std::vector<int>{9});
  EXPECT_GT(at(*told, 10).rate, told->average);
}

TEST(WhenToPost, OneViralPostMakesNoHourStandOut) {
  std::vector<HourOutcome> posts;
  for (int week = 0; week < 30; ++week) {
    for (const int hour : {9, 33, 60}) posts.push_back(post(week, hour, 1));
  }
  posts.push_back(post(12, 9, 2000));
  const auto told = when_to_post(posts);
  EXPECT_TRUE(told->best.empty());
  EXPECT_GT(told->dispersion, 100);
}

TEST(WhenToPost, AnHourIsNotBetterForTheKindOfWhatWasPosted) {
  // Posts get five responders and answers one, whenever they are made; mornings are for posts.
  std::vector<HourOutcome> posts;
  std::vector<HourOutcome> blind;
  for (int week = 0; week < 40; ++week) {
    for (const auto& made : {post(week, 9, 5, 0), post(week, 20, 1, 1)}) {
      posts.push_back(made);
      blind.push_back(made);
      blind.back().kind = 0;
    }
  }
  EXPECT_FALSE(when_to_post(blind)->best.empty());
  const auto told = when_to_post(posts);
  EXPECT_TRUE(told->best.empty());
  EXPECT_NEAR(at(*told, 9).rate, at(*told, 20).rate, 1e-9);
  EXPECT_NEAR(at(*told, 9).rate, told->average, 1e-9);
}

TEST(WhenToPost, SaysNothingBelowItsMinima) {
  const auto weekly = [](uint32_t weeks, uint32_t responders) {
    std::vector<HourOutcome> posts;
    for (uint32_t week = 0; week < weeks; ++week) {
      posts.push_back(post(static_cast<int>(week), 9, responders));
    }
    return posts;
  };
  EXPECT_FALSE(when_to_post({}));
  EXPECT_TRUE(when_to_post(weekly(kPostingPostsMin, 1)));
  EXPECT_FALSE(when_to_post(weekly(kPostingPostsMin - 1, 5)));
  auto quiet = weekly(kPostingPostsMin, 1);
  quiet.back().responders = 0;
  EXPECT_FALSE(when_to_post(quiet));
  // All within two weeks less an hour, and within two weeks.
  std::vector<HourOutcome> dense;
  for (int i = 0; i < 40; ++i) dense.push_back(post(0, i, 1));
  dense.push_back(post(1, 167, 1));
  EXPECT_FALSE(when_to_post(dense));
  dense.push_back(post(2, 0, 1));
  EXPECT_TRUE(when_to_post(dense));
}

TEST(WhenToPost, KinshipGoesRoundTheWeekAndTheDay) {
  EXPECT_DOUBLE_EQ(hour_kinship(0, 0), 1);
  EXPECT_DOUBLE_EQ(hour_kinship(0, 167), 2.0 / 3);  // Monday after Sunday
  EXPECT_DOUBLE_EQ(hour_kinship(23, 24), 2.0 / 3);
  EXPECT_DOUBLE_EQ(hour_kinship(1, 166), 0);
  EXPECT_DOUBLE_EQ(hour_kinship(0, 24), 1.0 / 3);
  EXPECT_DOUBLE_EQ(hour_kinship(0, 144), 1.0 / 3);
  EXPECT_DOUBLE_EQ(hour_kinship(23, 48), 2.0 / 9);
  double sum = 0;
  for (int h = 0; h < kHoursOfWeek; ++h) {
    sum += hour_kinship(80, h);
    for (int k = 0; k < kHoursOfWeek; ++k) {
      ASSERT_DOUBLE_EQ(hour_kinship(h, k), hour_kinship(k, h));
      ASSERT_DOUBLE_EQ(hour_kinship(h, k), hour_kinship((h + 5) % 168, (k + 5) % 168));
    }
  }
  EXPECT_NEAR(sum, 3 + 6 * 3.0 / 3, 1e-12);
}

// A year of posts in waking hours, bursty and mostly unanswered, with a factor for each hour.
std::vector<HourOutcome> year(std::mt19937_64& random, int posts, double mean,
                              const std::function<double(int)>& factor) {
  std::uniform_int_distribution<int> week(0, 51);
  std::uniform_int_distribution<int> day(0, 6);
  std::normal_distribution<double> clock(15, 4);
  std::gamma_distribution<double> burst(0.5, 2);  // mean 1: a negative binomial of size a half
  std::vector<HourOutcome> made;
  for (int i = 0; i < posts; ++i) {
    const int hour = 24 * day(random) + (static_cast<int>(clock(random)) + 48) % 24;
    std::poisson_distribution<uint32_t> count(mean * factor(hour) * burst(random) + 1e-12);
    made.push_back(post(week(random), hour, count(random)));
  }
  return made;
}

TEST(WhenToPost, ByChanceAloneFewHaveAnHourThatStandsOut) {
  std::mt19937_64 random(11);
  int alarms = 0;
  constexpr int kTrials = 400;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto posts = year(random, trial % 2 == 0 ? 150 : 1000, 2, [](int) { return 1.0; });
    if (!when_to_post(posts)->best.empty()) ++alarms;
  }
  RecordProperty("false_alarms_of_400", alarms);
  EXPECT_LE(alarms, kTrials / 10);
}

TEST(WhenToPost, APlantedMorningIsFoundAndNothingElse) {
  std::mt19937_64 random(12);
  int found = 0;
  int wrong = 0;
  constexpr int kTrials = 100;
  for (int trial = 0; trial < kTrials; ++trial) {
    const auto posts = year(random, 1000, 2,
                            [](int hour) { return hour % 24 >= 9 && hour % 24 < 12 ? 3.0 : 1.0; });
    const auto told = when_to_post(posts);
    const auto near = [](int hour) { return hour % 24 >= 7 && hour % 24 < 14; };
    found += std::any_of(told->best.begin(), told->best.end(), near) ? 1 : 0;
    wrong += std::all_of(told->best.begin(), told->best.end(), near) ? 0 : 1;
  }
  RecordProperty("found_of_100", found);
  RecordProperty("wrong_of_100", wrong);
  EXPECT_GE(found, 80);
  EXPECT_LE(wrong, 5);
}

std::vector<HourOutcome> any_posts() {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::vector<HourOutcome> posts;
  const uint64_t hours = 1 + random() % 60;
  for (uint64_t i = 20 + random() % 200; i > 0; --i) {
    posts.push_back(post(static_cast<int>(random() % 20),
                         static_cast<int>(random() % hours * 7 % 168),
                         static_cast<uint32_t>(random() % 5 * (random() % 3)),
                         static_cast<uint8_t>(random() % 7 == 0 ? 2 : random() % 2)));
  }
  return posts;
}

RC_GTEST_PROP(WhenToPost, AgreesWithAddingUpOverRates, ()) {
  const auto posts = any_posts();
  const auto told = when_to_post(posts);
  if (!told) return;
  for (int hour = static_cast<int>(posts.front().responders % 7); hour < kHoursOfWeek; hour += 55) {
    const CheckedHour slow = check_hour(posts, *told, hour);
    const HourRate& fast = at(*told, hour);
    const double near = 0.01 * told->average + 0.01 * fast.rate;
    RC_ASSERT(std::abs(fast.rate - slow.rate) < near);
    RC_ASSERT(std::abs(fast.low - slow.low) < near);
    RC_ASSERT(std::abs(fast.high - slow.high) < near);
    if (fast.stands_out) {
      RC_ASSERT(slow.not_better < 0.06);
      RC_ASSERT(fast.low > told->average);
    }
    RC_ASSERT(fast.low < fast.rate && fast.rate < fast.high);
  }
}

RC_GTEST_PROP(WhenToPost, DoesNotDependOnTheOrderOfPosts, ()) {
  auto posts = any_posts();
  const auto told = when_to_post(posts);
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::shuffle(posts.begin(), posts.end(), random);
  const auto again = when_to_post(posts);
  RC_ASSERT(told.has_value() == again.has_value());
  if (!told) return;
  RC_ASSERT(told->best == again->best);
  for (int hour = 0; hour < kHoursOfWeek; ++hour) {
    RC_ASSERT(at(*told, hour).rate == at(*again, hour).rate);
    RC_ASSERT(at(*told, hour).low == at(*again, hour).low);
  }
}

}  // namespace
}  // namespace bellwether

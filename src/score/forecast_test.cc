// SPDX-License-Identifier: Apache-2.0
#include "score/forecast.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <random>

#include "score/grade.h"
#include "score/score.h"
#include "score/testing.h"

namespace bellwether {
namespace {

// The chances of 0, 1, 2, ... up to `last`, one from the other.
std::vector<double> chances_of(double mean, double size, uint32_t last) {
  std::vector<double> out{std::pow(size / (size + mean), size)};
  for (uint32_t k = 0; k < last; ++k) {
    out.push_back(out.back() * (size + k) / (k + 1.0) * mean / (size + mean));
  }
  return out;
}

RC_GTEST_PROP(CountForecast, HasTheChancesOfANegativeBinomial, ()) {
  const float mean = std::exp(static_cast<float>(*rc::gen::inRange(-40, 40)) / 10);
  const float size = std::exp(static_cast<float>(*rc::gen::inRange(-30, 30)) / 10);
  const CountForecast forecast{mean, size};
  double sum = 0;
  uint32_t k = 0;
  for (const double chance : chances_of(static_cast<double>(mean), static_cast<double>(size), 50)) {
    sum += chance;
    RC_ASSERT(std::abs(forecast.at_most(k) - sum) < 1e-9);
    ++k;
  }
  RC_ASSERT(forecast.at_most(-1) == 0);
}

RC_GTEST_PROP(CountForecast, AQuantileIsTheSmallestCountThatReachesItsChance, ()) {
  const CountForecast forecast{std::exp(static_cast<float>(*rc::gen::inRange(-60, 120)) / 10),
                               std::exp(static_cast<float>(*rc::gen::inRange(-30, 60)) / 10)};
  const double chance = *rc::gen::inRange(1, 100) / 100.0;
  const uint32_t count = forecast.quantile(chance);
  RC_ASSERT(forecast.at_most(count) >= chance);
  RC_ASSERT(count == 0 || forecast.at_most(count - 1.0) < chance);
}

TEST(ForecastFeatures, SumPeopleMovedAndResponsesGivenByHalfLife) {
  TestWorld world;
  const AccountId ana = world.add_account(), bo = world.add_account(), cy = world.add_account();
  world.respond(bo, Verb::kReply, ana, at_day(-1));
  world.respond(cy, Verb::kReply, ana, at_day(-7));
  const TestScores scores = score_world(world);
  const std::vector<ForecastFeatures> features = forecast_features(scores.graph, at_day(0), 1);
  const auto chance = [](double ages) { return 1 - std::exp(-std::exp2(-ages)); };
  const auto feature = [](double amount) { return std::log((0.1 + amount) / 0.1); };
  // At a day, a day ago is one half-life and a week is seven.
  EXPECT_NEAR(features[ana][2], feature(chance(1) + chance(7)), 1e-6);
  EXPECT_NEAR(features[ana][3], feature(chance(1 / 7.0) + chance(1)), 1e-6);
  EXPECT_EQ(features[ana][7], 0) << "she responded to nobody";
  EXPECT_NEAR(features[bo][8], feature(0.5), 0.0625) << "one response, a day ago, in eighths";
  EXPECT_NEAR(features[cy][8], feature(std::exp2(-7)), 0.0625);
  EXPECT_EQ(features[bo][0], 0) << "nobody responded to him";
}

TEST(ForecastFeatures, OfAnEarlierInstantKnowNothingOfWhatCameAfter) {
  TestWorld world;
  const std::vector<AccountId> people = world.add_accounts(10);
  std::mt19937 rng(3);
  for (int i = 0; i < 300; ++i) {
    const AccountId mover = people[rng() % people.size()];
    const AccountId other = people[rng() % people.size()];
    if (mover == other) continue;
    world.respond(mover, Verb::kReply, other,
                  at_ms(-static_cast<int64_t>(rng() % 100) * kMsPerDay / 4));
  }
  const TestScores now = score_world(world);
  TestWorld earlier = world;
  std::erase_if(earlier.acts, [](const ResolvedAct& act) { return act.published >= at_day(-10); });
  earlier.as_of = at_day(-10);
  const TestScores then = score_world(earlier);
  EXPECT_EQ(forecast_features(now.graph, at_day(-10), 1),
            forecast_features(then.graph, at_day(-10), 3));
}

// People whose counts follow a known law of their features.
struct Planted {
  double intercept, slope, size;
  std::mt19937_64 rng{11};

  ForecastWindow window(size_t people, double level = 0) {
    ForecastWindow out;
    std::uniform_real_distribution<float> evidence(0, 6);
    for (size_t i = 0; i < people; ++i) {
      ForecastFeatures features{};
      // Half have no evidence at all; who has some, has it at every half-life, more at the long.
      if (i % 2 == 0) {
        const float most = evidence(rng);
        for (size_t k = 0; k < features.size(); ++k) {
          features[k] = most * static_cast<float>(k + 1) / static_cast<float>(features.size());
        }
        features[3] = std::max(0.0F, evidence(rng) - 3);
      }
      const double mean = std::exp(intercept + slope * features[3] + level);
      std::gamma_distribution<double> rate(size, mean / size);
      std::poisson_distribution<uint32_t> count(std::max(rate(rng), 1e-12));
      out.features.push_back(features);
      out.moved.push_back(count(rng));
    }
    return out;
  }
};

TEST(ForecastModel, FindsTheLawBehindTheCounts) {
  Planted planted{-2, 1.2, 1.5};
  const std::vector<ForecastWindow> windows{planted.window(20'000), planted.window(20'000)};
  const ForecastModel model =
      ForecastModel::fit(std::vector<ForecastWindow>{windows[0], windows[1]}, 1);
  const ForecastModel on_four =
      ForecastModel::fit(std::vector<ForecastWindow>{windows[0], windows[1]}, 4);
  EXPECT_EQ(model.intercept(), on_four.intercept()) << "the same bits on four threads";
  EXPECT_NEAR(model.intercept(), -2, 0.1);
  EXPECT_NEAR(model.coefficients()[3], 1.2, 0.1);
  for (size_t k = 0; k < model.coefficients().size(); ++k) {
    EXPECT_GE(model.coefficients()[k], 0);
    if (k != 3) {
      EXPECT_LT(model.coefficients()[k], 0.1) << "feature " << k << " has no part in it";
    }
  }
  EXPECT_NEAR(model.level().value, 0, 0.05);
  ForecastFeatures much{};
  much[3] = 3;
  EXPECT_NEAR(model.forecast(much).mean, std::exp(-2 + 1.2 * 3), 0.5);
  EXPECT_NEAR(model.forecast(much).size, 1.5, 0.4);
}

TEST(ForecastModel, SomebodyWhoStandsForThreeCountsAsThree) {
  Planted planted{-2, 1.2, 1.5};
  const ForecastWindow few = planted.window(500);
  ForecastWindow weighed = few;
  weighed.weight.assign(500, 3);
  ForecastWindow thrice;
  for (int time = 0; time < 3; ++time) {
    thrice.features.insert(thrice.features.end(), few.features.begin(), few.features.end());
    thrice.moved.insert(thrice.moved.end(), few.moved.begin(), few.moved.end());
  }
  const ForecastModel one = ForecastModel::fit(std::vector<ForecastWindow>{weighed}, 1);
  const ForecastModel other = ForecastModel::fit(std::vector<ForecastWindow>{thrice}, 1);
  ForecastFeatures some{};
  some[3] = 2;
  EXPECT_NEAR(one.forecast(some).mean / other.forecast(some).mean, 1, 1e-3);
  EXPECT_NEAR(one.forecast(some).size / other.forecast(some).size, 1, 0.05);
}

TEST(ForecastModel, ItsIntervalsHoldWhatTheyPromise) {
  Planted planted{-2.5, 1.3, 0.8};
  const std::vector<ForecastWindow> windows{planted.window(10'000), planted.window(10'000)};
  const ForecastModel model =
      ForecastModel::fit(std::vector<ForecastWindow>{windows[0], windows[1]}, 1);
  const ForecastWindow next = planted.window(10'000);
  std::vector<CountForecast> forecasts;
  for (const ForecastFeatures& features : next.features) {
    forecasts.push_back(model.forecast(features));
  }
  const Calibration calibration = grade_intervals(forecasts, next.moved);
  EXPECT_NEAR(*calibration.coverage, 0.9, 0.01);
  EXPECT_NEAR(*calibration.coverage_expected, 0.9, 0.03);
  for (const double tenth : calibration.tenths) EXPECT_NEAR(tenth, 0.1, 0.04);
  EXPECT_EQ(calibration.people, 10'000U);
  EXPECT_GT(calibration.expected, 500U);
}

TEST(ForecastModel, FollowsTheLevelOfTheNewestWindowAndDoubtsItMoreTheMoreItWandered) {
  Planted planted{-1, 1, 2};
  const ForecastWindow calm[] = {planted.window(5000), planted.window(5000), planted.window(5000)};
  const ForecastWindow busy = planted.window(5000, std::log(3));
  const ForecastModel steady =
      ForecastModel::fit(std::vector<ForecastWindow>{calm[0], calm[1], calm[2]}, 1);
  const ForecastModel risen =
      ForecastModel::fit(std::vector<ForecastWindow>{calm[0], calm[1], busy}, 1);
  ForecastFeatures some{};
  some[3] = 2;
  EXPECT_GT(risen.forecast(some).mean, 2 * steady.forecast(some).mean);
  EXPECT_GT(risen.level().variance, 10 * steady.level().variance);
  EXPECT_LT(risen.forecast(some).size, steady.forecast(some).size) << "hence wider";
}

TEST(ForecastModel, OfSilenceIsNearlySureOfSilence) {
  ForecastWindow nobody;
  nobody.features.resize(100);
  nobody.moved.assign(100, 0);
  const ForecastModel model = ForecastModel::fit(std::vector<ForecastWindow>{nobody}, 1);
  const CountForecast forecast = model.forecast({});
  EXPECT_LT(forecast.mean, 0.01);
  EXPECT_GT(forecast.at_most(0), 0.95);
  const ForecastWindow empty;
  EXPECT_LT(ForecastModel::fit(std::vector<ForecastWindow>{empty}, 1).forecast({}).mean, 1e-6);
}

// Whatever it was taught, it says something finite, and more evidence never means fewer people.
RC_GTEST_PROP(ForecastModel, NeverForecastsFewerForMoreEvidence, ()) {
  const auto people = *rc::gen::inRange<size_t>(1, 30);
  ForecastWindow window;
  for (size_t i = 0; i < people; ++i) {
    ForecastFeatures features{};
    for (float& feature : features) {
      feature = static_cast<float>(*rc::gen::inRange(0, 100)) / 10.0F;
    }
    window.features.push_back(features);
    window.moved.push_back(*rc::gen::inRange(0U, 2000U));
  }
  const ForecastModel model = ForecastModel::fit(std::vector<ForecastWindow>{window}, 1);
  ForecastFeatures features = window.features.front();
  double before = model.forecast(features).mean;
  for (float& feature : features) {
    feature += 1;
    const CountForecast now = model.forecast(features);
    RC_ASSERT(std::isfinite(now.mean) && now.mean > 0);
    RC_ASSERT(std::isfinite(now.size) && now.size > 0);
    RC_ASSERT(now.mean >= before);
    before = now.mean;
  }
}

// A community of `days` days in which everybody responds to those before them in the list, the
// first ones being responded to most.
TestWorld steady_community(int days, uint32_t people = 40) {
  TestWorld world;
  const std::vector<AccountId> accounts = world.add_accounts(people);
  std::mt19937 rng(17);
  for (int hour = 0; hour < days * 24; ++hour) {
    for (int i = 0; i < 3; ++i) {
      const size_t mover = rng() % people;
      const size_t other = std::min(rng() % people, rng() % people);
      if (mover == other) continue;
      world.respond(accounts[mover], Verb::kReply, accounts[other],
                    at_ms(-int64_t{hour} * kMsPerDay / 24 - 1));
    }
  }
  return world;
}

constexpr std::array<int64_t, 2> kWeekAndMonth{7 * kMsPerDay, 30 * kMsPerDay};

TEST(ForecastEverybody, NeedsALogThatKnewSomethingBeforeTheFirstWindowItLearnsFrom) {
  const auto windows = [](int days) {
    const TestScores scores = score_world(steady_community(days));
    const auto forecasts = forecast_everybody(scores.graph, kWeekAndMonth, 1);
    EXPECT_EQ(forecasts[0].people.empty(), forecasts[0].training_windows == 0);
    return std::pair(forecasts[0].training_windows, forecasts[1].training_windows);
  };
  // Half a window before the first, and as many windows as there are, up to four.
  EXPECT_EQ(windows(10), std::pair(0U, 0U));
  EXPECT_EQ(windows(11), std::pair(1U, 0U));
  EXPECT_EQ(windows(18), std::pair(2U, 0U));
  EXPECT_EQ(windows(44), std::pair(4U, 0U));
  EXPECT_EQ(windows(46), std::pair(4U, 1U));
  const TestScores nobody = score_world(TestWorld());
  EXPECT_TRUE(forecast_everybody(nobody.graph, kWeekAndMonth, 1)[0].people.empty());
}

TEST(ForecastEverybody, SaysTheSameWhateverTheThreadsAndWhateverCameLater) {
  const TestWorld world = steady_community(60);
  TestWorld earlier = world;
  earlier.as_of = at_day(-20);
  TestWorld cut = earlier;
  std::erase_if(cut.acts, [&](const ResolvedAct& act) { return act.published >= cut.as_of; });
  const TestScores as_of = score_world(earlier);
  const TestScores known = score_world(cut);
  const auto one = forecast_everybody(as_of.graph, kWeekAndMonth, 1);
  const auto three = forecast_everybody(known.graph, kWeekAndMonth, 3);
  ASSERT_EQ(one[0].people.size(), known.graph.persons().persons);
  for (size_t p = 0; p < one[0].people.size(); ++p) {
    EXPECT_EQ(one[0].people[p].mean, three[0].people[p].mean);
    EXPECT_EQ(one[0].people[p].size, three[0].people[p].size);
  }
}

TEST(ForecastEverybody, OfASteadyCommunityComesTrue) {
  const TestWorld world = steady_community(60);
  TestWorld earlier = world;
  earlier.as_of = at_day(-7);
  const TestScores then = score_world(earlier);
  const TestScores now = score_world(world);
  const auto forecast = forecast_everybody(then.graph, std::array{7 * kMsPerDay}, 1)[0];
  std::vector<uint32_t> moved;
  std::vector<FoldEntry> scratch;
  double said = 0;
  double came = 0;
  for (PersonId p = 0; p < forecast.people.size(); ++p) {
    moved.push_back(movers_within(now.graph.received_by(p, scratch), at_day(-7), at_day(0)));
    said += forecast.people[p].mean;
    came += moved.back();
  }
  EXPECT_NEAR(said / came, 1, 0.1);
  EXPECT_GT(*grade_intervals(forecast.people, moved).coverage, 0.8);
}

TEST(ForecastEverybody, LinkedAccountsAreForecastAsOnePerson) {
  TestWorld world = steady_community(30);
  world.links = {{0, 39}};
  const TestScores scores = score_world(world);
  const auto forecast = forecast_everybody(scores.graph, kWeekAndMonth, 2)[0];
  ASSERT_EQ(forecast.people.size(), 39U);
  EXPECT_GT(forecast.people[0].mean, 0);
}

TEST(TrainingPeople, OfThoseRespondedToOftenAllAreLookedAtAndEverybodyIsStoodFor) {
  TestWorld world;
  const std::vector<AccountId> people = world.add_accounts(20'000);
  for (int i = 0; i < 600; ++i) {
    world.respond(people[static_cast<size_t>(i % 300) + 100], Verb::kReply, people[7], at_day(-1));
  }
  const TestScores scores = score_world(world);
  const std::vector<TrainingPerson> sample = training_people(scores.graph);
  EXPECT_LT(sample.size(), 9'000U);
  double stood_for = 0;
  bool star = false;
  for (size_t i = 0; i < sample.size(); ++i) {
    stood_for += static_cast<double>(sample[i].weight);
    star = star || (sample[i].person == 7 && sample[i].weight == 1);
    ASSERT_TRUE(i == 0 || sample[i - 1].person < sample[i].person);
  }
  EXPECT_EQ(stood_for, 20'000);
  EXPECT_TRUE(star);
}

TEST(LookAhead, WhomSomebodyMovesWithinAWeekTheyHaveMovedWithinAMonth) {
  const TestWorld world = steady_community(120);
  TestScores scores = score_world(world);
  look_ahead(scores.graph, scores.scores, 1);
  size_t several = 0;
  for (const PersonScore& score : scores.scores) {
    ASSERT_GT(score.forecast[0].size, 0);
    EXPECT_GE(score.forecast[1].mean, score.forecast[0].mean);
    if (score.forecast[1].mean > score.forecast[0].mean) ++several;
  }
  EXPECT_GT(several, 10U) << "and most of them others too";
}

TEST(GradeIntervals, CountTheShareThatLiesInsideWhereACountStraddlesAnEnd) {
  // Poisson, nearly: mean 1e-3, so 0 has a chance of 0.999 and the transform is uniform over it.
  const CountForecast rare{1e-3F, 1e6F};
  const std::vector<CountForecast> forecasts{rare};
  const Calibration zero = grade_intervals(forecasts, std::vector<uint32_t>{0});
  EXPECT_NEAR(*zero.coverage, 0.9 / 0.999, 1e-5);
  EXPECT_EQ(*grade_intervals(forecasts, std::vector<uint32_t>{1}).coverage, 0);
  EXPECT_FALSE(zero.coverage_expected) << "nobody is expected to move anybody";
  EXPECT_FALSE(grade_intervals({}, {}).coverage);
  const std::vector<CountForecast> sure{{1, 1}};
  const Calibration low = grade_intervals(sure, std::vector<uint32_t>{0});
  EXPECT_TRUE(low.coverage_expected);
  // 0 has a chance of a half, so the transform is uniform over the lower half.
  EXPECT_NEAR(low.tenths[0], 0.2, 1e-12);
  EXPECT_NEAR(low.tenths[4], 0.2, 1e-12);
  EXPECT_NEAR(low.tenths[5], 0, 1e-12);
}

}  // namespace
}  // namespace bellwether

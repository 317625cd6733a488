// SPDX-License-Identifier: Apache-2.0
#include "score/margin.h"

#include <gtest/gtest.h>

#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <random>

namespace bellwether {
namespace {

TEST(Margin, OneMoverIsAnExponential) {
  const auto factors = MarginQuantiles(0.9).at(1);
  EXPECT_NEAR(factors.low, -std::log(0.95), 1e-7);
  EXPECT_NEAR(factors.high, -std::log(0.05), 1e-7);
}

TEST(Margin, AgreesWithBoostOnRandomNumbersOfMovers) {
  const MarginQuantiles quantiles(0.9);
  std::mt19937_64 random(4);
  std::uniform_real_distribution<double> log2_n(0, 30);
  for (int i = 0; i < 4'000; ++i) {
    const double n = std::exp2(i < 2'000 ? log2_n(random) / 5 : log2_n(random));
    const auto factors = quantiles.at(n);
    ASSERT_NEAR(factors.low, boost::math::gamma_p_inv(n, 0.05) / n, 1e-7) << n;
    ASSERT_NEAR(factors.high, boost::math::gamma_p_inv(n, 0.95) / n, 1e-7) << n;
    ASSERT_LT(factors.low, 1);
    ASSERT_GT(factors.high, 1);
  }
}

TEST(Margin, MoreMoversMakeItNarrower) {
  const MarginQuantiles quantiles(0.9);
  double width = 1e9;
  for (double n = 1; n < 1e9; n *= 1.01) {
    const auto factors = quantiles.at(n);
    const double now = factors.high - factors.low;
    ASSERT_LT(now, width) << n;
    width = now;
  }
}

TEST(Margin, MoreMassMakesItWider) {
  for (const double n : {1.0, 3.0, 40.0}) {
    double width = 0;
    for (const double mass : {0.01, 0.5, 0.8, 0.9, 0.95, 0.99, 0.999}) {
      const auto factors = MarginQuantiles(mass).at(n);
      EXPECT_GT(factors.high - factors.low, width) << mass << " of " << n;
      width = factors.high - factors.low;
    }
  }
}

TEST(Margin, HoldsForEveryMassThatAPolicyMayAskFor) {
  for (const double mass : {0.01, 0.5, 0.999}) {
    const MarginQuantiles quantiles(mass);
    for (double n = 1; n < 1e6; n *= 1.37) {
      const double tail = (1 - mass) / 2;
      EXPECT_NEAR(quantiles.at(n).low, boost::math::gamma_p_inv(n, tail) / n, 1e-7)
          << mass << " of " << n;
      EXPECT_NEAR(quantiles.at(n).high, boost::math::gamma_q_inv(n, tail) / n, 1e-7)
          << mass << " of " << n;
    }
  }
}

}  // namespace
}  // namespace bellwether

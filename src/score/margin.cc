// SPDX-License-Identifier: Apache-2.0
#include "score/margin.h"

#include <algorithm>
#include <boost/math/special_functions/erf.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cassert>
#include <cmath>

namespace bellwether {
namespace {

constexpr size_t kCells = 32;

// The cube root of a gamma variate is nearly normal (Wilson and Hilferty 1931). Centred and scaled,
// its quantiles are a smooth function of 1/sqrt(n), all the way from n = 1 to the normal limit at
// 0, so that a few points and a cubic through four of them give them well.
double flatten(double quantile, double n) { return (std::cbrt(quantile) - 1) * std::sqrt(n); }

double unflatten(double flat, double root) {
  const double cube_root = 1 + flat * root;
  return cube_root * cube_root * cube_root;
}

}  // namespace

MarginQuantiles::MarginQuantiles(double mass) {
  assert(mass > 0 && mass < 1);
  const double tail = (1 - mass) / 2;
  const double normal = std::sqrt(2.0) * boost::math::erfc_inv(2 * tail) / 3;
  low_.push_back(-normal);
  high_.push_back(normal);
  for (size_t i = 1; i <= kCells; ++i) {
    const double root = static_cast<double>(i) / kCells;
    const double n = 1 / (root * root);
    low_.push_back(flatten(boost::math::gamma_p_inv(n, tail) / n, n));
    high_.push_back(flatten(boost::math::gamma_q_inv(n, tail) / n, n));
  }
}

MarginQuantiles::Factors MarginQuantiles::at(double effective_movers) const {
  const double root = 1 / std::sqrt(std::max(1.0, effective_movers));
  const double place = root * kCells;
  const size_t first =
      std::min(static_cast<size_t>(std::max(place - 1, 0.0)), kCells - 3);  // of the four points
  const double t = place - static_cast<double>(first);
  const double weight[4] = {-(t - 1) * (t - 2) * (t - 3) / 6, t * (t - 2) * (t - 3) / 2,
                            -t * (t - 1) * (t - 3) / 2, t * (t - 1) * (t - 2) / 6};
  double low = 0;
  double high = 0;
  for (size_t i = 0; i < 4; ++i) {
    low += weight[i] * low_[first + i];
    high += weight[i] * high_[first + i];
  }
  return {unflatten(low, root), unflatten(high, root)};
}

}  // namespace bellwether

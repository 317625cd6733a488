// SPDX-License-Identifier: Apache-2.0
#include "graph/remainder.h"

#include <algorithm>
#include <cmath>

namespace bellwether {

FrozenSum sum_at(std::span<const FrozenSum> sums, double half_life_ms) {
  FrozenSum result{half_life_ms, 0, 0};
  if (sums.empty()) return result;
  const auto above = std::lower_bound(
      sums.begin(), sums.end(), half_life_ms,
      [](const FrozenSum& sum, double half_life) { return sum.half_life_ms < half_life; });
  if (above != sums.end() && above->half_life_ms == half_life_ms) return *above;
  if (above == sums.end()) return {half_life_ms, sums.back().x, sums.back().free};
  if (sums.size() == 1) return result;
  const FrozenSum& lower = above == sums.begin() ? sums[0] : *(above - 1);
  const FrozenSum& upper = above == sums.begin() ? sums[1] : *above;
  // Places on the axis of 1/half-life, from the longer to the shorter one.
  const double width = 1 / lower.half_life_ms - 1 / upper.half_life_ms;
  const double share = (1 / half_life_ms - 1 / upper.half_life_ms) / width;
  const auto between = [&](double shorter, double longer) {
    if (shorter > 0 && longer > 0) {
      return std::exp(std::log(longer) + share * (std::log(shorter) - std::log(longer)));
    }
    // Differences of sums have no logarithm.
    return longer + std::min(share, 1.0) * (shorter - longer);
  };
  result.x = between(lower.x, upper.x);
  result.free = between(lower.free, upper.free);
  return result;
}

}  // namespace bellwether

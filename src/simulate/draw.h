// SPDX-License-Identifier: Apache-2.0
// Draws that are the same on every machine.
//
// The engine (64-bit Mersenne twister) is defined by the C++ standard, the standard's distributions
// are not; so those needed are here. Not for secrets.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <random>
#include <span>
#include <vector>

namespace bellwether {

class Draw {
 public:
  explicit Draw(uint64_t rng_seed) : engine_(rng_seed) {}

  // [0, 1), on a grid of 2^-53.
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  bool chance(double p) { return uniform() < p; }
  // [0, n); n > 0.
  size_t below(size_t n) { return static_cast<size_t>(uniform() * static_cast<double>(n)); }
  // Mean 0, variance 1 (Box and Muller, the first of the two).
  double normal() {
    const double u = 1 - uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * uniform());
  }
  double exponential(double mean) { return -mean * std::log(1 - uniform()); }
  // Knuth's product method. Cost: linear in the mean.
  uint32_t poisson(double mean) {
    uint32_t n = 0;
    for (; mean > 30; mean -= 30) n += poisson(30);
    const double limit = std::exp(-mean);
    for (double product = uniform(); product > limit; product *= uniform()) ++n;
    return n;
  }

 private:
  std::mt19937_64 engine_;
};

// Picks i with a probability in proportion to weight[i].
class Urn {
 public:
  Urn() = default;
  explicit Urn(std::span<const double> weight) : upto_(weight.size()) {
    double sum = 0;
    for (size_t i = 0; i < weight.size(); ++i) upto_[i] = sum += weight[i];
  }
  bool empty() const { return upto_.empty() || !(upto_.back() > 0); }
  // Not of an empty urn. Cost: logarithmic.
  size_t pick(Draw& draw) const {
    const double at = draw.uniform() * upto_.back();
    const auto found = std::upper_bound(upto_.begin(), upto_.end(), at) - upto_.begin();
    return std::min(static_cast<size_t>(found), upto_.size() - 1);
  }

 private:
  std::vector<double> upto_;
};

}  // namespace bellwether

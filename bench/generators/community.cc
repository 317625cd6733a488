// SPDX-License-Identifier: Apache-2.0
#include "bench/generators/community.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numeric>
#include <random>

namespace bellwether {
namespace {

// A rank in [0, n) by Zipf's law with the given exponent.
size_t zipf(std::mt19937_64& random, size_t n, double exponent) {
  const double u = std::uniform_real_distribution<double>(0, 1)(random);
  const double end = static_cast<double>(n);
  const double rank = exponent == 1
                          ? std::pow(end, u)
                          : std::pow(1 + u * (std::pow(end, 1 - exponent) - 1), 1 / (1 - exponent));
  return std::min(n - 1, static_cast<size_t>(rank) - (rank >= 1 ? 1 : 0));
}

}  // namespace

std::vector<CommunityAct> make_community(size_t acts, size_t people, uint64_t rng_seed) {
  std::mt19937_64 random(rng_seed);
  std::vector<uint32_t> account(people);
  std::iota(account.begin(), account.end(), uint32_t{0});
  std::shuffle(account.begin(), account.end(), random);
  constexpr Verb kVerbs[] = {Verb::kReact,   Verb::kReact,   Verb::kReply,
                             Verb::kReshare, Verb::kMention, Verb::kFollow};
  const auto span_ms = static_cast<uint64_t>(3 * 365 * kMsPerDay);
  const int64_t last_ms = kCommunityAsOf.ms - 1;
  std::vector<CommunityAct> out;
  out.reserve(acts);
  while (out.size() < acts) {
    CommunityAct act{};
    act.published.ms = last_ms - static_cast<int64_t>(random() % span_ms);
    const uint64_t kind = random() % 100;
    if (kind < 53 && !out.empty()) {
      const CommunityAct& earlier = out[random() % out.size()];
      const bool answers = kind >= 33;
      act.mover = answers ? earlier.receiver : earlier.mover;
      act.receiver = answers ? earlier.mover : earlier.receiver;
      if (answers) {
        const auto after = static_cast<int64_t>(random() % (2ULL * kMsPerDay));
        act.published.ms = std::min(last_ms, earlier.published.ms + after);
      }
    } else {
      act.receiver = account[zipf(random, people, 1.0)];
      act.mover = account[people - 1 - zipf(random, people, 0.6)];
    }
    if (act.receiver == act.mover) continue;
    act.verb = kVerbs[random() % std::size(kVerbs)];
    out.push_back(act);
  }
  return out;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "graph/graph_check.h"

#include <algorithm>
#include <cmath>

namespace bellwether {

CheckedFold check_fold(std::span<const FoldEntry> entries, const PersonMap& persons,
                       PersonId person, PersonId mover, double half_life_ms, Instant until) {
  CheckedFold fold;
  for (const FoldEntry& e : entries) {
    if (persons.person_of[e.receiver] != person || persons.person_of[e.mover] != mover ||
        e.published_ms >= until.ms) {
      continue;
    }
    const double age_ms = static_cast<double>(until.ms - e.published_ms);
    const double decayed = std::pow(2.0, -age_ms / half_life_ms) * static_cast<double>(e.credit()) /
                           static_cast<double>(kCreditOne);
    fold.x += decayed;
    if (!e.courted()) fold.free += decayed;
    fold.first_ms = fold.entries == 0 ? e.published_ms : std::min(fold.first_ms, e.published_ms);
    fold.last_ms = fold.entries == 0 ? e.published_ms : std::max(fold.last_ms, e.published_ms);
    ++fold.entries;
  }
  return fold;
}

std::map<std::pair<AccountId, AccountId>, double> check_vouches(
    std::span<const FoldEntry> entries, std::span<const NetworkId> account_network,
    const VouchOptions& options, Instant as_of) {
  struct Pair {
    int64_t first_ms;
    double x = 0;
  };
  std::map<AccountId, std::map<AccountId, Pair>> given;
  for (const FoldEntry& e : entries) {
    if (account_network[e.mover] != account_network[e.receiver]) continue;
    if (!options.courted && e.courted()) continue;
    Pair& pair = given[e.mover].try_emplace(e.receiver, Pair{e.published_ms}).first->second;
    pair.first_ms = std::min(pair.first_ms, e.published_ms);
    const double age_days =
        static_cast<double>(as_of.ms - e.published_ms) / static_cast<double>(kMsPerDay);
    pair.x += static_cast<double>(e.credit()) / static_cast<double>(kCreditOne) *
              std::pow(2.0, -age_days / options.half_life_days);
  }
  std::map<std::pair<AccountId, AccountId>, double> vouches;
  for (const auto& [voucher, receivers] : given) {
    std::vector<std::pair<int64_t, AccountId>> order;
    for (const auto& [receiver, pair] : receivers) order.emplace_back(pair.first_ms, receiver);
    std::sort(order.begin(), order.end());
    order.resize(std::min(order.size(), static_cast<size_t>(options.vouches_max)));
    for (const auto& [first_ms, receiver] : order) {
      vouches[{voucher, receiver}] =
          -std::expm1(-receivers.at(receiver).x) / static_cast<double>(options.vouches_max);
    }
  }
  return vouches;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The slow proofs beside GraphSnapshot: each pair is looked for among all entries.
#pragma once
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "graph/graph.h"

namespace bellwether {

// What `mover` owes to `person` at one half-life, as fold() should give it. Cost: linear.
struct CheckedFold {
  double x = 0;
  double free = 0;
  uint32_t entries = 0;
  int64_t first_ms = 0, last_ms = 0;
};
CheckedFold check_fold(std::span<const FoldEntry> entries, const PersonMap& persons,
                       PersonId person, PersonId mover, double half_life_ms, Instant until);

// All vouches by (voucher, receiver), in double precision.
std::map<std::pair<AccountId, AccountId>, double> check_vouches(
    std::span<const FoldEntry> entries, std::span<const NetworkId> account_network,
    const VouchOptions& options, Instant as_of);

}  // namespace bellwether

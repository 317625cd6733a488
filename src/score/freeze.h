// SPDX-License-Identifier: Apache-2.0
// Works out the remainder that an erasure leaves, from the ledger with and without the erased.
//
// What each pair lost is the difference of its decayed sums, at every half-life that the policy
// uses; with it go the standing, the vouch and the dealings that scores read beside the sums. Added
// back in (graph/remainder.h), everybody else's score and standing come to what they were. What it
// is not: a record of acts. docs/methods/erasure.md has the reasons.
#pragma once
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "score/policy.h"
#include "score/standing.h"

namespace bellwether {

// People left who moved the receiver's score; with fewer, an anonymous remainder would say who.
inline constexpr uint32_t kFrozenAmongMin = 5;

struct FreezeRequest {
  const GraphSnapshot& before;  // with the erased and with the remainders of earlier erasures
  const Standing& standing;     // of `before`
  std::span<const AccountId> teleport_set;  // of `before`
  const GraphSnapshot&
      after;  // without the erased and without any remainder, as of the same instant
  std::span<const AccountId> after_of;  // by account of `before`, ascending; kNobody: erased
  const Policy& policy;
  std::function<uint64_t()> random;      // for tokens; never says the same twice
  uint32_t among_min = kFrozenAmongMin;  // fewer others than these, and a pair is not kept
};

struct Frozen {
  Remainder remainder;  // in the numbers of `after`; of earlier erasures too
  uint32_t pairs = 0;   // erased movers towards one person each, this time
  // Erased movers towards one person that are not kept, since fewer than kFrozenAmongMin others are
  // left among whom they could stand; earlier ones too.
  uint32_t dropped = 0;
};

// Borrows everything. Deterministic but for the tokens. Cost: linear in both ledgers.
Frozen freeze(const FreezeRequest& request);

}  // namespace bellwether

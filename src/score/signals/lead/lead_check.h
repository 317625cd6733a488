// SPDX-License-Identifier: Apache-2.0
// The slow proof beside test_lead: the shuffle itself, drawn again and again.
//
// Uses nothing of the fast code. Not for items with more adopters than kLeadRunsMax, which the fast
// code looks at in runs.
#pragma once
#include <cstdint>
#include <span>

#include "score/signals/lead/lead.h"

namespace bellwether {

struct LeadShuffle {
  double own = 0;       // the sum over occasions of the mean share that followed
  double expected = 0;  // its mean over the shuffles
  double at_least = 0;  // share of the shuffles that give as much or more, [0, 1]
};

// One person of standing, at one haste; items within an occasion are shuffled independently.
// `uses` with standing only. Cost: draws times the slots of their items, each a pass over the uses.
LeadShuffle shuffle_lead(std::span<const Adoption> uses, PersonId person, double haste,
                         const LeadOptions& options, uint32_t draws, uint64_t rng_seed);

}  // namespace bellwether

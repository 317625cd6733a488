// SPDX-License-Identifier: Apache-2.0
// What a score would be if some acts had not been made, or more had been: a simulation.
//
// The changed acts are settled, folded and scored by the functions that made the score, so taking
// acts out gives what a ledger without them gives. Held as they are: the standing of everybody
// else, the credit of all other acts (a reshare that passed through one taken out is credited as
// before), and what others would have done otherwise. It is no forecast, and nothing of it is kept.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "credit/ledger.h"
#include "graph/graph.h"
#include "score/policy.h"
#include "score/score.h"
#include "score/standing.h"

namespace bellwether {

// New acts towards the person just before as-of, each by somebody who had never responded to them
// and whom they had never acted towards.
struct MoreActs {
  Verb verb = Verb::kReshare;  // one that gives credit; others change nothing
  uint32_t count = 0;
  double standing = 0;  // of each who acts, for the person, [0, 1]
};
inline constexpr uint32_t kMoreActsMax = 100'000;  // of all that are asked for together

struct WhatIfRequest {
  const GraphSnapshot& graph;  // as for explain()
  const Standing& standing;
  const Policy& policy;
  PersonId person = kNobody;
  // All entries between the person and others, whether they count as of graph.as_of() or not, since
  // one that was withdrawn may have drawn out an answer; in any order.
  std::span<const LedgerEntry> entries;
  // Which of those the person received are taken out; empty: none.
  std::function<bool(const LedgerEntry&)> without;
  std::vector<MoreActs> more;
};

struct WhatIf {
  std::optional<PersonScore>
      now;  // empty: no evidence; reach, amplification, audience are those of
  std::optional<PersonScore> then;  // score_person() without posts
  uint32_t acts_taken = 0;          // that counted
  uint32_t people_taken = 0;        // who made them
  uint32_t acts_added = 0;
};

// Borrows everything for the call. Deterministic. Cost: a settling, a folding and two scorings of
// the entries.
WhatIf what_if(const WhatIfRequest& request);

// The standing that a further person of standing may be taken to have: the median of the movers who
// are vouched for, or the least that counts as such where there are none. [vouched_min, 1]
double usual_standing(const GraphSnapshot& graph, const Standing& standing, const Policy& policy,
                      PersonId person);

}  // namespace bellwether

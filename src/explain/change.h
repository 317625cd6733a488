// SPDX-License-Identifier: Apache-2.0
// Why a score is another one than it was: the difference of two scores, split among its causes so
// that the parts sum to it.
//
// Scores compare only under one policy, so the policy comes first: the earlier score as the policy
// of now would have had it, less the earlier score as it was. What lies between the two instants
// happened at once and has no order of its own; new evidence, evidence withdrawn, fading and the
// standing of others get their Shapley values (Shapley 1953): what each adds to those before it,
// averaged over all orders. What is left is what the ledger of now says of the earlier instant and
// the earlier snapshot could not know. docs/methods/explanation.md has the reasons. It is not a
// forecast: it says nothing about what will come.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "credit/ledger.h"
#include "graph/graph.h"
#include "score/policy.h"
#include "score/standing.h"

namespace bellwether {

// One person at one instant, under the policy of now. Both moments of a change number accounts and
// persons alike.
struct Moment {
  const GraphSnapshot& graph;             // at least what the person received and gave by then
  const Standing& standing;               // as of then
  std::span<const LedgerEntry> received;  // by the person, those that count as of then
  std::optional<double> published;        // the score as the snapshot has it; empty: no evidence
};

// The earlier score by the ledger of now, under both policies. Equal where the policy is the same.
struct Restated {
  double then = 1;  // points, [1, 100], under the policy of then
  double now = 1;   // under that of now
};

// What one mover alone has to do with a part: the score without it, all else being as it is.
struct ChangeMover {
  PersonId mover = kNobody;
  double points = 0;
  uint32_t acts = 0;
};

struct Change {
  double before = 1;  // points; 1 where there was no evidence, which is where every score begins
  double after = 1;

  // Points; the six sum to after - before.
  double evidence = 0;   // responses since
  double withdrawn = 0;  // undone since
  double fading = 0;     // what was there then is older now
  double standing = 0;   // those who responded are vouched for otherwise
  double policy = 0;     // weights, horizons or constants are others
  double late = 0;       // read later though it happened before; accounts linked or unlinked since

  uint32_t new_acts = 0;
  uint32_t new_movers = 0;
  uint32_t withdrawn_acts = 0;
  bool erased = false;  // somebody was erased since; what they left is taken to have been there

  // At most three each, largest first; `points` above 0 for who came, below 0 for who faded. Each
  // is taken alone, so they do not sum to the part.
  std::vector<ChangeMover> came;
  std::vector<ChangeMover> faded;

  double difference() const { return after - before; }
};

// What changed between two moments; `then` is not the later one. `restated` is left out where both
// were scored under one policy. Borrows everything. Deterministic. Cost: sixteen times the counting
// of the person's movers.
Change what_changed(const Moment& then, const Moment& now, const Policy& policy, PersonId person,
                    const std::optional<Restated>& restated);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The ledger: who was moved by whom, by which act, how much.
//
// An act that responds to somebody's content or person carries credit to the people who caused it.
// Credit is counted in whole units of 2^-20, so that sums do not depend on their order and the
// invariant holds to the bit: an act's credits and its unassigned share sum to its weight.
//
// The ledger is kept per account; which accounts are one person is an argument wherever it matters,
// so that an unlink restores everything.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "event/ids.h"

namespace bellwether {

using Credit = int64_t;  // units of 2^-20; never negative
inline constexpr Credit kCreditOne = 1 << 20;
inline constexpr double kWeightMax = 10.0;  // of one act; with kCountMax it keeps credit below 2^40

// How much a response of each kind is worth. Policy; see score/policy.h for where it is read.
struct CreditPolicy {
  // By verb, in [0, kWeightMax]. post and undo are always 0. DESIGN section 4.1, but for follow:
  // docs/methods/score.md.
  std::array<double, kVerbSlots> weight{0, 0, 1, 1, 1, 0.3, 1, 1, 1, 1, 1, 1, 0.5, 3, 2, 1, 0.5, 0};
  // A response within this time after the other side's act towards the mover is courted.
  int64_t courting_ms = 86'400'000;
};

// True for the verbs that an approach can draw out: reply, quote, react, mention, message, follow,
// subscribe. Other responses are never courted.
bool can_be_courted(Verb verb);

// One entry. 48 bytes; the store keeps the same fields.
struct LedgerEntry {
  AccountId receiver;  // whom the credit goes to
  AccountId mover;     // who acted because of them
  Instant published;   // when; always known
  Instant withdrawn;   // when the act was undone; unknown: never
  Credit credit;       // > 0; includes the act's count
  EventRow row;        // the receipt
  TopicSetId topics;
  NetworkId network;
  Verb verb;
  // The receiver had acted towards the mover, on this network, in [published - courting,
  // published). Judged by published times alone. Courted: prompted and can_be_courted(verb).
  bool prompted = false;

  bool courted() const { return prompted && can_be_courted(verb); }
  // In force as of an instant: published before it and not withdrawn by then.
  bool counts_as_of(Instant as_of) const {
    return published < as_of && (!withdrawn.known() || withdrawn >= as_of);
  }
};

// Where credit that fell to nobody went, so that the whole is accounted for.
struct CreditSummary {
  uint64_t acts = 0;       // acts seen, posts and undos included
  uint64_t responses = 0;  // acts with a weight above 0
  uint64_t entries = 0;
  Credit assigned = 0;
  Credit unassigned_self = 0;     // responses to oneself
  Credit unassigned_unknown = 0;  // the author is not known
  uint64_t untimed = 0;           // responses without a known time: no credit until they have one
};

// Turns acts into entries, one at a time.
class Attribution {
 public:
  // `reshares`: the reshares that were themselves reshared, in any order; a cycle among them ends
  // the chain. `persons` decides what a self-response is; it is borrowed for the object's lifetime.
  Attribution(const CreditPolicy& policy, std::span<const ReshareLink> reshares,
              const PersonMap& persons);

  // Appends the entries of one act: none for posts, undos, self-responses, unknown authors or
  // times. A plain response gives its weight to the author of its object; where there is no object,
  // or its author is unknown, to the target. Along a reshare chain the nearest resharer gets half,
  // the next a quarter, and the original author all that is left: unassigned if unknown, whoever is
  // the target. A chain is followed for kChainMax resharers; what a longer one leaves over goes to
  // the last one's author.
  void credit(const ResolvedAct& act, std::vector<LedgerEntry>& entries);

  const CreditSummary& summary() const { return summary_; }

  static constexpr int kChainMax = 16;

 private:
  void give(const ResolvedAct& act, AccountId receiver, Credit amount,
            std::vector<LedgerEntry>& entries);

  const PersonMap& persons_;
  std::array<Credit, kVerbSlots> weight_{};
  std::unordered_map<uint64_t, ReshareLink> reshares_;  // by the reshare's act key
  CreditSummary summary_;
};

// Sorts entries by receiver, mover, published (then by their other fields, so that the order is one
// whatever it was before), and sets `prompted` on each.
// Two accounts of one person on one network are one side: what counts is acts between persons.
// Withdrawn acts still prompt: that they were made is what drew the answer out.
// Result and order do not depend on the order given or on the thread count.
// Cost: O(n log n); memory besides `entries`: 8 bytes per pair, 24 per entry if there are links.
void settle(std::vector<LedgerEntry>& entries, const CreditPolicy& policy, const PersonMap& persons,
            unsigned threads);

}  // namespace bellwether

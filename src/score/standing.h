// SPDX-License-Identifier: Apache-2.0
// Standing: how far an account is vouched for by others, 0 to 1. DESIGN section 4.3.
//
// m = T + bP'T + (bP')^2 T: two steps of vouching from the teleport set T. Unused vouches vanish,
// so there is no dangling mass, and nothing anybody does dilutes what they gave before. Not
// PageRank: no normalisation over out-links, no restart share, two steps only. A ring of fakes
// holds only what flows in from outside.
#pragma once
#include <memory>
#include <new>
#include <span>
#include <string>
#include <vector>

#include "graph/graph.h"
#include "score/policy.h"

namespace bellwether {

// Leaves numbers as the memory has them until they are written: a pass over a large community
// writes every one of them, on all threads.
template <typename Number>
struct Unwritten : std::allocator<Number> {
  template <typename Other>
  struct rebind {
    using other = Unwritten<Other>;
  };
  template <typename Other>
  void construct(Other* at) noexcept {
    ::new (static_cast<void*>(at)) Other;
  }
  template <typename Other, typename... Values>
  void construct(Other* at, Values&&... values) {
    ::new (static_cast<void*>(at)) Other(std::forward<Values>(values)...);
  }
};
using Masses = std::vector<double, Unwritten<double>>;

class Standing {
 public:
  // Propagates from `teleport_set` (accounts, any order). Cost: two passes over the vouches.
  // The same bits whatever `threads`.
  Standing(const GraphSnapshot& graph, VouchGraph vouches, std::span<const AccountId> teleport_set,
           const Policy& policy, unsigned threads);
  // From kept masses, for the accounts of a slice of the ledger; others have none.
  Standing(std::span<const double> mass, std::span<const double> mass_one, VouchGraph vouches,
           const Policy& policy);

  // The standing of a person: their highest account's, without anything left out. [0, 1]
  double of(const GraphSnapshot& graph, PersonId person) const;
  // The standing that `mover` has for `receiver`: without what the receiver itself passed on in one
  // step; what comes back in two is not left out. Of a mover who was erased: what it was then.
  // [0, 1]
  double for_receiver(const GraphSnapshot& graph, PersonId mover, PersonId receiver) const;

  // Asks the processor to fetch what for_receiver() will read of `mover`. Changes nothing.
  void prefetch(const GraphSnapshot& graph, PersonId mover) const {
    if (graph.persons().one_to_one && mover < mass_.size()) __builtin_prefetch(&mass_[mover]);
  }

  std::span<const double> mass() const { return mass_; }          // m, by AccountId
  std::span<const double> mass_one() const { return mass_one_; }  // m1, to one step
  const VouchGraph& vouches() const { return vouches_; }

 private:
  VouchGraph vouches_;
  Masses mass_;
  Masses mass_one_;
  double damping_;
  double vouches_max_;
};

// As a policy has it.
VouchOptions vouch_options(const Policy& policy, unsigned threads = 1);

}  // namespace bellwether

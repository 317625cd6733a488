// SPDX-License-Identifier: Apache-2.0
// Standing: how far an account is vouched for by others, 0 to 1. DESIGN section 4.3.
//
// m = T + bP'T + (bP')^2 T: two steps of vouching from the teleport set T. Unused vouches vanish,
// so there is no dangling mass, and nothing anybody does dilutes what they gave before. Not
// PageRank: no normalisation over out-links, no restart share, two steps only. A ring of fakes
// holds only what flows in from outside, and nobody gains by what they passed on themselves: the
// standing of a mover for a receiver is that of a community in which the receiver passes nothing
// on. Before method 4 that held for the receiver's last step only.
#pragma once
#include <memory>
#include <new>
#include <span>
#include <string>
#include <tuple>
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

// What `receiver` itself passed on of the mass of `mover`, who responded to them.
struct PassedOn {
  AccountId receiver;
  AccountId mover;
  double mass;  // above 0
};
inline bool by_pair(const PassedOn& a, const PassedOn& b) {
  return std::tie(a.receiver, a.mover) < std::tie(b.receiver, b.mover);
}

class Standing {
 public:
  // Propagates from `teleport_set` (accounts, any order). Cost: two passes over the vouches.
  // The same bits whatever `threads`.
  Standing(const GraphSnapshot& graph, VouchGraph vouches, std::span<const AccountId> teleport_set,
           const Policy& policy, unsigned threads);
  // From what was kept: m by AccountId, and passed_on() by receiver, then mover. For the pairs
  // that were asked about then; mass_one() and vouches() are empty.
  Standing(std::span<const double> mass, std::vector<PassedOn> passed_on, const Policy& policy);

  // The same with further accounts of these masses behind the others, of whose mass nobody here
  // passed anything on.
  Standing with(std::span<const double> more_mass) const;

  // The standing of a person: their highest account's, without anything left out. [0, 1]
  double of(const GraphSnapshot& graph, PersonId person) const;
  // The standing that `mover` has for `receiver`: without what the receiver's accounts passed on,
  // in one step or two. Of a mover who was erased: what it was then. [0, 1]
  // Cost: where the receiver is of the teleport set, linear in the fewer of the mover's vouchers
  // and the receiver's vouches; else constant, but for the look-up of a vouch.
  double for_receiver(const GraphSnapshot& graph, PersonId mover, PersonId receiver) const;
  // Of the mass of `mover`, what `receiver` passed on. [0, m]
  double passed_on(const GraphSnapshot& graph, AccountId receiver, AccountId mover) const;
  // The same between all accounts of those who are a pair in `pairs`, which stands by receiver and
  // mover; those of nothing are left out. The same bits whatever `threads`.
  std::vector<PassedOn> passed_on(const GraphSnapshot& graph, std::span<const FoldEntry> pairs,
                                  unsigned threads) const;

  // Asks the processor to fetch what for_receiver() will read of `mover`. Changes nothing.
  void prefetch(const GraphSnapshot& graph, PersonId mover) const {
    if (graph.persons().one_to_one && mover < mass_.size()) __builtin_prefetch(&mass_[mover]);
  }

  std::span<const double> mass() const { return mass_; }          // m, by AccountId
  std::span<const double> mass_one() const { return mass_one_; }  // m1, to one step
  const VouchGraph& vouches() const { return vouches_; }

 private:
  struct Given {
    AccountId account;
    float vouch;
  };
  void find_given(const std::vector<uint8_t>& teleport, unsigned threads);
  void find_passed_to_erased();
  double in_two_steps(const GraphSnapshot& graph, AccountId receiver, AccountId mover) const;

  VouchGraph vouches_;
  Masses mass_;
  Masses mass_one_;
  // The vouches that those of the teleport set gave, by voucher; empty before method 4.
  std::vector<uint32_t> given_row_;
  std::vector<Given> given_;         // by account
  std::vector<PassedOn> passed_on_;  // by receiver, mover: all there is, of one that was kept;
                                     // otherwise what went through people who are erased
  double damping_;
  double vouches_max_;
};

// As a policy has it.
VouchOptions vouch_options(const Policy& policy, unsigned threads = 1);

}  // namespace bellwether

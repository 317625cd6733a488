// SPDX-License-Identifier: Apache-2.0
#include "score/standing.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kRowsPerPiece = 4096;

// to = T + damping * P' from, a row at a time, so that each sum runs in the order of its row.
template <typename Mass>
Masses pass_on(const VouchGraph& vouches, std::span<const AccountId> teleport_set,
               std::span<const Mass> from, double damping, unsigned threads) {
  Masses to(from.size());
  parallel_for(from.size(), kRowsPerPiece, threads, [&](size_t begin, size_t end) {
    for (size_t account = begin; account < end; ++account) {
      double sum = 0;
      for (uint64_t i = vouches.row[account]; i < vouches.row[account + 1]; ++i) {
        sum +=
            static_cast<double>(vouches.vouch[i]) * static_cast<double>(from[vouches.voucher[i]]);
      }
      to[account] = damping * sum;
    }
  });
  for (const AccountId account : teleport_set) to[account] += 1;
  return to;
}

}  // namespace

Standing::Standing(const GraphSnapshot& graph, VouchGraph vouches,
                   std::span<const AccountId> teleport_set, const Policy& policy, unsigned threads)
    : vouches_(std::move(vouches)),
      damping_(policy.damping),
      vouches_max_(static_cast<double>(policy.vouches_max)) {
  std::vector<AccountId> members(teleport_set.begin(), teleport_set.end());
  std::sort(members.begin(), members.end());
  members.erase(std::unique(members.begin(), members.end()), members.end());
  // As bytes, which stay in the processor's cache while the vouches pass by.
  std::vector<uint8_t> teleport(graph.accounts(), 0);
  for (const AccountId account : members) teleport[account] = 1;
  mass_one_ = pass_on<uint8_t>(vouches_, members, teleport, damping_, threads);
  for (const VouchGraph::Erased& erased : vouches_.erased) {
    mass_one_[erased.receiver] += damping_ * static_cast<double>(erased.vouch) * erased.teleport;
  }
  mass_ = pass_on<double>(vouches_, members, mass_one_, damping_, threads);
  for (const VouchGraph::Erased& erased : vouches_.erased) {
    mass_[erased.receiver] += damping_ * static_cast<double>(erased.vouch) * erased.mass_one;
  }
}

Standing::Standing(std::span<const double> mass, std::span<const double> mass_one,
                   VouchGraph vouches, const Policy& policy)
    : vouches_(std::move(vouches)),
      mass_(mass.begin(), mass.end()),
      mass_one_(mass_one.begin(), mass_one.end()),
      damping_(policy.damping),
      vouches_max_(static_cast<double>(policy.vouches_max)) {
  assert(mass_.size() == mass_one_.size());
}

double Standing::of(const GraphSnapshot& graph, PersonId person) const {
  double best = 0;
  for (const AccountId account : graph.accounts_of(person)) best = std::max(best, mass_[account]);
  return std::min(1.0, best * vouches_max_ / damping_);
}

double Standing::for_receiver(const GraphSnapshot& graph, PersonId mover, PersonId receiver) const {
  // Most receivers hold nothing that they could pass on, and most of the others never responded to
  // the mover; then there is nothing to look up.
  const auto passed_on = [&](AccountId own, AccountId account) {
    if (mass_one_[own] == 0 || !graph.responded(own, account)) return 0.0;
    return damping_ * vouches_.of(own, account) * mass_one_[own];
  };
  double best = 0;
  if (graph.is_erased(mover)) return graph.erased_standing(mover);
  if (graph.persons().one_to_one) {
    const double mass = mass_[mover];
    if (mass > 0) best = std::max(0.0, mass - passed_on(receiver, mover));
  } else {
    for (const AccountId account : graph.accounts_of(mover)) {
      double mass = mass_[account];
      if (mass <= best) continue;
      for (const AccountId own : graph.accounts_of(receiver)) mass -= passed_on(own, account);
      best = std::max(best, mass);
    }
  }
  return std::min(1.0, best * vouches_max_ / damping_);
}

VouchOptions vouch_options(const Policy& policy, unsigned threads) {
  return {policy.vouches_max, policy.vouch_half_life_days, policy.method == 1, threads};
}

}  // namespace bellwether

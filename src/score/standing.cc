// SPDX-License-Identifier: Apache-2.0
#include "score/standing.h"

#include <algorithm>
#include <cassert>

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
  if (policy.method < 4) return;
  find_given(teleport, threads);
  find_passed_to_erased();
}

Standing::Standing(std::span<const double> mass, std::vector<PassedOn> passed_on,
                   const Policy& policy)
    : mass_(mass.begin(), mass.end()),
      passed_on_(std::move(passed_on)),
      damping_(policy.damping),
      vouches_max_(static_cast<double>(policy.vouches_max)) {
  assert(std::is_sorted(passed_on_.begin(), passed_on_.end(), by_pair));
}

Standing Standing::with(std::span<const double> more_mass) const {
  Standing more = *this;
  more.mass_.insert(more.mass_.end(), more_mass.begin(), more_mass.end());
  // Nothing of it came in a second step.
  if (!mass_one_.empty()) {
    more.mass_one_.insert(more.mass_one_.end(), more_mass.begin(), more_mass.end());
  }
  return more;
}

void Standing::find_given(const std::vector<uint8_t>& teleport, unsigned threads) {
  // Pieces in a row, so that each voucher's stand by account.
  struct Vouch {
    AccountId voucher;
    Given given;
  };
  const size_t accounts = mass_.size();
  std::vector<std::vector<Vouch>> pieces((accounts + kRowsPerPiece - 1) / kRowsPerPiece);
  parallel_for(accounts, kRowsPerPiece, threads, [&](size_t begin, size_t end) {
    std::vector<Vouch>& found = pieces[begin / kRowsPerPiece];
    for (size_t account = begin; account < end; ++account) {
      for (uint64_t i = vouches_.row[account]; i < vouches_.row[account + 1]; ++i) {
        if (teleport[vouches_.voucher[i]] == 0) continue;
        found.push_back(
            {vouches_.voucher[i], {static_cast<AccountId>(account), vouches_.vouch[i]}});
      }
    }
  });
  given_row_.assign(accounts + 1, 0);
  for (const auto& piece : pieces) {
    for (const Vouch& vouch : piece) ++given_row_[vouch.voucher + size_t{1}];
  }
  for (size_t account = 0; account < accounts; ++account) {
    given_row_[account + 1] += given_row_[account];
  }
  given_.resize(given_row_.back());
  std::vector<uint32_t> next(given_row_.begin(), given_row_.end() - 1);
  for (const auto& piece : pieces) {
    for (const Vouch& vouch : piece) given_[next[vouch.voucher]++] = vouch.given;
  }
}

void Standing::find_passed_to_erased() {
  for (const VouchGraph::Erased& erased : vouches_.erased) {
    for (const PassedToErased& from : erased.from) {
      passed_on_.push_back({from.account, erased.receiver,
                            damping_ * static_cast<double>(erased.vouch) * from.mass});
    }
  }
  std::stable_sort(passed_on_.begin(), passed_on_.end(), by_pair);
}

double Standing::of(const GraphSnapshot& graph, PersonId person) const {
  double best = 0;
  for (const AccountId account : graph.accounts_of(person)) best = std::max(best, mass_[account]);
  return std::min(1.0, best * vouches_max_ / damping_);
}

// Over those whom the receiver vouches for and who vouch for the mover. What goes through another
// account of the same person is that account's, in one step.
double Standing::in_two_steps(const GraphSnapshot& graph, AccountId receiver,
                              AccountId mover) const {
  const auto begin = given_.begin() + static_cast<std::ptrdiff_t>(given_row_[receiver]);
  const auto end = given_.begin() + static_cast<std::ptrdiff_t>(given_row_[receiver + size_t{1}]);
  // Where nothing came in two steps there is nothing to look for.
  if (begin == end || mass_[mover] == mass_one_[mover]) return 0;
  const std::vector<PersonId>& person_of = graph.persons().person_of;
  const PersonId person = person_of[receiver];
  double sum = 0;
  const auto add = [&](AccountId between, double first, double second) {
    if (person_of[between] != person) sum += first * second;
  };
  const uint64_t row = vouches_.row[mover];
  const uint64_t row_end = vouches_.row[mover + size_t{1}];
  constexpr uint64_t kFar = 8;  // so many times as long: each of the other side is looked up in it
  if (row_end - row > kFar * static_cast<uint64_t>(end - begin)) {
    for (auto given = begin; given != end; ++given) {
      add(given->account, static_cast<double>(given->vouch), vouches_.of(given->account, mover));
    }
  } else {
    for (uint64_t i = row; i < row_end; ++i) {
      const auto given =
          std::lower_bound(begin, end, vouches_.voucher[i],
                           [](const Given& g, AccountId account) { return g.account < account; });
      if (given == end || given->account != vouches_.voucher[i]) continue;
      add(given->account, static_cast<double>(given->vouch),
          static_cast<double>(vouches_.vouch[i]));
    }
  }
  return damping_ * damping_ * sum;
}

double Standing::passed_on(const GraphSnapshot& graph, AccountId receiver, AccountId mover) const {
  double mass = 0;
  // Most receivers hold nothing that they could pass on, and most of the others never responded to
  // the mover; then there is nothing to look up.
  if (!mass_one_.empty() && mass_one_[receiver] != 0) {
    if (graph.responded(receiver, mover)) {
      mass += damping_ * vouches_.of(receiver, mover) * mass_one_[receiver];
    }
    if (!given_row_.empty()) mass += in_two_steps(graph, receiver, mover);
  }
  if (!passed_on_.empty()) {
    const auto rows = std::equal_range(passed_on_.begin(), passed_on_.end(),
                                       PassedOn{receiver, mover, 0}, by_pair);
    for (auto row = rows.first; row != rows.second; ++row) mass += row->mass;
  }
  return mass;
}

std::vector<PassedOn> Standing::passed_on(const GraphSnapshot& graph,
                                          std::span<const FoldEntry> pairs,
                                          unsigned threads) const {
  constexpr size_t kPairsPerPiece = 65536;
  std::vector<std::vector<PassedOn>> pieces((pairs.size() + kPairsPerPiece - 1) / kPairsPerPiece);
  const std::vector<PersonId>& person_of = graph.persons().person_of;
  parallel_for(pairs.size(), kPairsPerPiece, threads, [&](size_t begin, size_t end) {
    std::vector<PassedOn>& found = pieces[begin / kPairsPerPiece];
    const auto add = [&](AccountId receiver, AccountId mover) {
      if (mass_[mover] == 0) return;
      const double mass = passed_on(graph, receiver, mover);
      if (mass > 0) found.push_back({receiver, mover, mass});
    };
    for (size_t i = begin; i < end; ++i) {
      const FoldEntry& e = pairs[i];
      if (i > 0 && pairs[i - 1].receiver == e.receiver && pairs[i - 1].mover == e.mover) continue;
      if (person_of[e.receiver] == kNobody || person_of[e.mover] == kNobody) continue;
      if (graph.persons().one_to_one) {
        add(e.receiver, e.mover);
        continue;
      }
      for (const AccountId own : graph.accounts_of(person_of[e.receiver])) {
        for (const AccountId account : graph.accounts_of(person_of[e.mover])) add(own, account);
      }
    }
  });
  std::vector<PassedOn> out;
  for (const auto& piece : pieces) out.insert(out.end(), piece.begin(), piece.end());
  if (graph.persons().one_to_one) return out;
  std::sort(out.begin(), out.end(), by_pair);
  const auto same = [](const PassedOn& a, const PassedOn& b) {
    return a.receiver == b.receiver && a.mover == b.mover;
  };
  out.erase(std::unique(out.begin(), out.end(), same), out.end());
  return out;
}

double Standing::for_receiver(const GraphSnapshot& graph, PersonId mover, PersonId receiver) const {
  double best = 0;
  if (graph.is_erased(mover)) return graph.erased_standing(mover);
  if (graph.persons().one_to_one) {
    const double mass = mass_[mover];
    if (mass > 0) best = std::max(0.0, mass - passed_on(graph, receiver, mover));
  } else {
    for (const AccountId account : graph.accounts_of(mover)) {
      double mass = mass_[account];
      if (mass <= best) continue;
      for (const AccountId own : graph.accounts_of(receiver)) {
        mass -= passed_on(graph, own, account);
      }
      best = std::max(best, mass);
    }
  }
  return std::min(1.0, best * vouches_max_ / damping_);
}

VouchOptions vouch_options(const Policy& policy, unsigned threads) {
  return {policy.vouches_max, policy.vouch_half_life_days, policy.method == 1, threads};
}

}  // namespace bellwether

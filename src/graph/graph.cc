// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <tuple>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kRowsPerPiece = 4096;

// Calls `pair(first, last)` for each run of entries of one mover.
template <typename Entries, typename Visit>
void for_each_pair(const Entries& entries, Visit&& visit) {
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin + 1;
    while (end < entries.size() && entries[end].mover == entries[begin].mover) ++end;
    visit(entries.subspan(begin, end - begin));
    begin = end;
  }
}

}  // namespace

double moved_probability(double x) { return 1 - std::exp(-x); }

PersonMap numbered_within(const PersonMap& persons, std::span<const FoldEntry> entries) {
  if (persons.one_to_one) return persons;
  const std::vector<PersonId>& person_of = persons.person_of;
  std::vector<uint8_t> named(person_of.size(), 0);
  for (const FoldEntry& e : entries) named[e.receiver] = named[e.mover] = 1;
  std::vector<PersonId> number(persons.persons, kNobody);
  PersonId next = 0;
  for (const bool now : {true, false}) {
    for (size_t a = 0; a < person_of.size(); ++a) {
      if ((named[a] != 0) != now || person_of[a] == kNobody) continue;
      if (number[person_of[a]] == kNobody) number[person_of[a]] = next++;
    }
  }
  PersonMap result = persons;
  for (PersonId& person : result.person_of) {
    if (person != kNobody) person = number[person];
  }
  return result;
}

FoldEntry FoldEntry::from(const LedgerEntry& entry) {
  assert(entry.credit > 0 && entry.credit < (Credit{1} << 40));
  uint64_t packed = static_cast<uint64_t>(entry.credit) << 24;
  packed |= static_cast<uint64_t>(entry.network) << 8;
  if (entry.prompted) packed |= kPrompted;
  if (entry.courted()) packed |= kCourted;
  return {entry.receiver, entry.mover, entry.published.ms, packed};
}

double VouchGraph::of(AccountId from, AccountId to) const {
  const auto begin = voucher.begin() + static_cast<std::ptrdiff_t>(row[to]);
  const auto end = voucher.begin() + static_cast<std::ptrdiff_t>(row[to + 1]);
  const auto found = std::lower_bound(begin, end, from);
  if (found == end || *found != from) return 0;
  return vouch[static_cast<size_t>(found - voucher.begin())];
}

GraphSnapshot::GraphSnapshot(std::vector<FoldEntry> entries, std::vector<NetworkId> account_network,
                             PersonMap persons, Instant as_of, unsigned threads)
    : entries_(std::move(entries)),
      account_network_(std::move(account_network)),
      persons_(std::move(persons)),
      as_of_(as_of) {
  assert(persons_.person_of.size() == account_network_.size());
  row_.assign(account_network_.size() + 1, 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    assert(
        i == 0 ||
        std::tie(entries_[i - 1].receiver, entries_[i - 1].mover, entries_[i - 1].published_ms) <=
            std::tie(entries_[i].receiver, entries_[i].mover, entries_[i].published_ms));
    ++row_[entries_[i].receiver + 1];
  }
  for (size_t a = 1; a < row_.size(); ++a) row_[a] += row_[a - 1];
  index_given(threads);
  if (persons_.one_to_one) return;
  person_row_.assign(size_t{persons_.persons} + 1, 0);
  for (const PersonId person : persons_.person_of) {
    if (person != kNobody) ++person_row_[person + 1];
  }
  for (size_t p = 1; p < person_row_.size(); ++p) person_row_[p] += person_row_[p - 1];
  person_accounts_.resize(person_row_.back());
  std::vector<uint32_t> next(person_row_.begin(), person_row_.end() - 1);
  for (AccountId a = 0; a < persons_.person_of.size(); ++a) {
    const PersonId person = persons_.person_of[a];
    if (person != kNobody) person_accounts_[next[person]++] = a;
  }
}

std::span<const FoldEntry> GraphSnapshot::received(AccountId account) const {
  return std::span(entries_).subspan(row_[account], row_[account + 1] - row_[account]);
}

void GraphSnapshot::index_given(unsigned threads) {
  assert(entries_.size() < UINT32_MAX);
  const auto starts_pair = [&](size_t i) {
    return i == 0 || entries_[i].mover != entries_[i - 1].mover ||
           entries_[i].receiver != entries_[i - 1].receiver;
  };
  given_row_.assign(account_network_.size() + 1, 0);
  for (size_t i = 0; i < entries_.size(); ++i) {
    if (starts_pair(i)) ++given_row_[entries_[i].mover + 1];
  }
  for (size_t a = 1; a < given_row_.size(); ++a) given_row_[a] += given_row_[a - 1];
  given_.resize(given_row_.back());
  std::vector<uint32_t> next(given_row_.begin(), given_row_.end() - 1);
  // Each piece reads all pairs and places those of its movers, so that every list has one writer
  // and ascends as the entries do.
  const size_t accounts = account_network_.size();
  const size_t share = accounts / threads + 1;
  parallel_for(accounts, share, threads, [&](size_t begin, size_t end) {
    for (size_t i = 0; i < entries_.size(); ++i) {
      const AccountId mover = entries_[i].mover;
      if (mover < begin || mover >= end || !starts_pair(i)) continue;
      given_[next[mover]++] = {entries_[i].receiver, static_cast<uint32_t>(i)};
    }
  });
}

std::span<const GraphSnapshot::Given> GraphSnapshot::given(AccountId mover) const {
  return std::span(given_).subspan(given_row_[mover], given_row_[mover + 1] - given_row_[mover]);
}

const GraphSnapshot::Given* GraphSnapshot::find_given(AccountId mover, AccountId receiver) const {
  const auto list = given(mover);
  const auto found =
      std::lower_bound(list.begin(), list.end(), receiver,
                       [](const Given& g, AccountId account) { return g.receiver < account; });
  return found == list.end() || found->receiver != receiver ? nullptr : &*found;
}

bool GraphSnapshot::responded(AccountId mover, AccountId receiver) const {
  return find_given(mover, receiver) != nullptr;
}

std::span<const FoldEntry> GraphSnapshot::responses(AccountId mover, AccountId receiver) const {
  const Given* pair = find_given(mover, receiver);
  if (pair == nullptr) return {};
  size_t end = pair->first + size_t{1};
  while (end < row_[receiver + 1] && entries_[end].mover == mover) ++end;
  return std::span(entries_).subspan(pair->first, end - pair->first);
}

std::span<const AccountId> GraphSnapshot::accounts_of(PersonId person) const {
  if (persons_.one_to_one) {
    // One to one, person p is account p; the map itself holds that number, in place.
    return std::span(persons_.person_of).subspan(person, 1);
  }
  return std::span(person_accounts_)
      .subspan(person_row_[person], person_row_[person + 1] - person_row_[person]);
}

void GraphSnapshot::fold_entries(std::span<const FoldEntry> entries,
                                 std::span<const double> half_life_ms, int64_t until_ms,
                                 std::vector<MoverFold>& out) const {
  assert(half_life_ms.size() <= std::size(MoverFold{}.x));
  // What has halved a hundred times is nothing, beside anything else that a score adds up.
  constexpr double kHalvingsMax = 100;
  double per_ms[8] = {};
  for (size_t h = 0; h < half_life_ms.size(); ++h) per_ms[h] = -1 / half_life_ms[h];
  for_each_pair(entries, [&](std::span<const FoldEntry> pair) {
    MoverFold fold{pair.front().mover, 0, pair.front().published_ms, 0, {}, {}};
    for (const FoldEntry& e : pair) {
      if (e.published_ms >= until_ms) break;  // a pair is in the order of time
      ++fold.entries;
      fold.last_ms = e.published_ms;
      const double credit = static_cast<double>(e.credit()) / static_cast<double>(kCreditOne);
      const auto age_ms = static_cast<double>(until_ms - e.published_ms);
      const bool courted = e.courted();
      for (size_t h = 0; h < half_life_ms.size(); ++h) {
        const double exponent = age_ms * per_ms[h];
        if (exponent < -kHalvingsMax) continue;
        const double decayed = credit * std::exp2(exponent);
        fold.x[h] += decayed;
        if (!courted) fold.free[h] += decayed;
      }
    }
    if (fold.entries > 0) out.push_back(fold);
  });
}

void GraphSnapshot::fold(PersonId person, std::span<const double> half_life_ms, Instant until,
                         std::vector<MoverFold>& out) const {
  out.clear();
  if (persons_.one_to_one) {
    fold_entries(received(person), half_life_ms, until.ms, out);
    return;
  }
  static thread_local std::vector<FoldEntry> merged;
  merged.clear();
  for (const AccountId account : accounts_of(person)) {
    for (FoldEntry e : received(account)) {
      e.mover = persons_.person_of[e.mover];
      if (e.mover != kNobody && e.mover != person) merged.push_back(e);
    }
  }
  // Stable, so that a mover with one account keeps the order, hence the bits, of the ledger.
  std::stable_sort(merged.begin(), merged.end(), [](const FoldEntry& a, const FoldEntry& b) {
    return std::tie(a.mover, a.published_ms) < std::tie(b.mover, b.published_ms);
  });
  fold_entries(merged, half_life_ms, until.ms, out);
}

Instant GraphSnapshot::last_received(PersonId person) const {
  Instant last;
  for (const AccountId account : accounts_of(person)) {
    for (const FoldEntry& e : received(account)) {
      if (!persons_.one_to_one) {
        const PersonId mover = persons_.person_of[e.mover];
        if (mover == kNobody || mover == person) continue;
      }
      last = std::max(last, Instant{e.published_ms});
    }
  }
  return last;
}

Dealings GraphSnapshot::dealings(PersonId person, PersonId other) const {
  Dealings result = Dealings::kNone;
  for (const AccountId mover : accounts_of(person)) {
    for (const AccountId receiver : accounts_of(other)) {
      for (const FoldEntry& e : responses(mover, receiver)) {
        if (!e.prompted()) return Dealings::kApproached;
        result = Dealings::kAnswered;
      }
    }
  }
  return result;
}

VouchGraph GraphSnapshot::vouches(const VouchOptions& options) const {
  const size_t accounts = account_network_.size();
  const auto vouches_max = static_cast<uint32_t>(options.vouches_max);
  // Which responses an account's vouches go to: the first K by (first response, receiver). Most
  // accounts never come to K; of the others the last that still counts is looked up here.
  using First = std::pair<int64_t, AccountId>;
  const auto same_network = [&](std::span<const FoldEntry> pair) {
    return account_network_[pair.front().mover] == account_network_[pair.front().receiver];
  };
  std::vector<uint32_t> limit_of(accounts, kNobody);
  std::vector<AccountId> busy;
  for (AccountId a = 0; a < accounts; ++a) {
    if (given(a).size() <= vouches_max) continue;
    limit_of[a] = static_cast<uint32_t>(busy.size());
    busy.push_back(a);
  }
  std::vector<First> limit(busy.size());
  parallel_for(busy.size(), 16, options.threads, [&](size_t begin, size_t end) {
    std::vector<First> first;
    for (size_t i = begin; i < end; ++i) {
      first.clear();
      for (const Given& g : given(busy[i])) {
        if (account_network_[g.receiver] != account_network_[busy[i]]) continue;
        first.emplace_back(entries_[g.first].published_ms, g.receiver);
      }
      if (first.size() <= vouches_max) {
        limit[i] = {INT64_MAX, kNobody};
        continue;
      }
      const auto last = first.begin() + (static_cast<std::ptrdiff_t>(vouches_max) - 1);
      std::nth_element(first.begin(), last, first.end());
      limit[i] = *last;
    }
  });
  const auto vouches_for = [&](AccountId receiver, std::span<const FoldEntry> pair) {
    const uint32_t index = limit_of[pair.front().mover];
    return index == kNobody || First{pair.front().published_ms, receiver} <= limit[index];
  };

  VouchGraph graph;
  graph.row.assign(accounts + 1, 0);
  parallel_for(accounts, kRowsPerPiece, options.threads, [&](size_t begin, size_t end) {
    for (size_t receiver = begin; receiver < end; ++receiver) {
      const auto account = static_cast<AccountId>(receiver);
      uint64_t count = 0;
      for_each_pair(received(account), [&](std::span<const FoldEntry> pair) {
        if (same_network(pair) && vouches_for(account, pair)) ++count;
      });
      graph.row[receiver + 1] = count;
    }
  });
  for (size_t a = 1; a <= accounts; ++a) graph.row[a] += graph.row[a - 1];
  graph.voucher.resize(graph.row.back());
  graph.vouch.resize(graph.row.back());
  const double per_ms = -1 / (options.half_life_days * static_cast<double>(kMsPerDay));
  parallel_for(accounts, kRowsPerPiece, options.threads, [&](size_t begin, size_t end) {
    for (size_t receiver = begin; receiver < end; ++receiver) {
      const auto account = static_cast<AccountId>(receiver);
      uint64_t at = graph.row[receiver];
      for_each_pair(received(account), [&](std::span<const FoldEntry> pair) {
        if (!same_network(pair) || !vouches_for(account, pair)) return;
        double x = 0;
        for (const FoldEntry& e : pair) {
          x += static_cast<double>(e.credit()) / static_cast<double>(kCreditOne) *
               std::exp2(static_cast<double>(as_of_.ms - e.published_ms) * per_ms);
        }
        graph.voucher[at] = pair.front().mover;
        graph.vouch[at] = static_cast<float>(moved_probability(x) / vouches_max);
        ++at;
      });
    }
  });
  return graph;
}

}  // namespace bellwether

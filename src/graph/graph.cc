// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <map>
#include <tuple>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kRowsPerPiece = 4096;

constexpr int64_t kWeekMs = 7 * kMsPerDay;
// What has halved a hundred times is nothing, beside anything else that a score adds up.
constexpr double kHalvingsMax = 100;

// What is left of a frozen pair at an instant.
FrozenSum frozen_sum(const FrozenPair& pair, double half_life_ms, Instant until, FrozenAt frozen) {
  const bool whole = frozen == FrozenAt::kCarried || until >= pair.at;
  const int64_t from_ms = whole ? pair.at.ms : pair.at.ms - kWeekMs;
  if (!whole && until.ms < from_ms) return {half_life_ms, 0, 0};
  FrozenSum sum = sum_at(whole ? pair.sums : pair.week_before, half_life_ms);
  const double halvings = static_cast<double>(until.ms - from_ms) / half_life_ms;
  if (halvings > kHalvingsMax) return {half_life_ms, 0, 0};
  const double left = std::exp2(-halvings);
  sum.x *= left;
  sum.free *= left;
  return sum;
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

bool VouchGraph::holds(AccountId from, AccountId to) const {
  return std::binary_search(voucher.begin() + static_cast<std::ptrdiff_t>(row[to]),
                            voucher.begin() + static_cast<std::ptrdiff_t>(row[to + 1]), from);
}

GraphSnapshot::GraphSnapshot(std::vector<FoldEntry> entries, std::vector<NetworkId> account_network,
                             PersonMap persons, Instant as_of, unsigned threads,
                             Remainder remainder)
    : entries_(std::move(entries)),
      account_network_(std::move(account_network)),
      persons_(std::move(persons)),
      as_of_(as_of),
      remainder_(std::move(remainder)) {
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
  if (!remainder_.empty()) index_remainder();
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

void GraphSnapshot::index_remainder() {
  const size_t accounts = account_network_.size();
  std::erase_if(remainder_.pairs, [&](const FrozenPair& pair) {
    return pair.at > as_of_ || pair.receiver >= accounts ||
           (pair.mover != kNobody && pair.mover >= accounts);
  });
  std::erase_if(remainder_.used, [&](const UsedVouches& used) {
    return used.at > as_of_ || used.account >= accounts;
  });
  // Down to what they hold, since accounts of one erased person share a token: sums run in this
  // order, and must not depend on that of the rows.
  const auto order = [](const FrozenPair& pair) {
    return std::tie(pair.receiver, pair.mover, pair.token, pair.at, pair.standing, pair.mass_one,
                    pair.teleport, pair.vouches);
  };
  const auto sum_order = [](const FrozenSum& a, const FrozenSum& b) {
    return std::tie(a.half_life_ms, a.x, a.free) < std::tie(b.half_life_ms, b.x, b.free);
  };
  std::stable_sort(remainder_.pairs.begin(), remainder_.pairs.end(),
                   [&](const FrozenPair& a, const FrozenPair& b) {
                     if (order(a) != order(b)) return order(a) < order(b);
                     if (std::ranges::lexicographical_compare(a.sums, b.sums, sum_order))
                       return true;
                     if (std::ranges::lexicographical_compare(b.sums, a.sums, sum_order))
                       return false;
                     return std::ranges::lexicographical_compare(a.week_before, b.week_before,
                                                                 sum_order);
                   });
  spent_.assign(accounts, 0);
  for (const UsedVouches& used : remainder_.used) spent_[used.account] += used.count;
  std::map<std::pair<PersonId, uint64_t>, std::vector<uint32_t>> movers;
  for (size_t i = 0; i < remainder_.pairs.size(); ++i) {
    const FrozenPair& pair = remainder_.pairs[i];
    if (pair.mover != kNobody) {
      // Of several erasures the latest knows whether the vouch still held.
      const bool latest = i + 1 == remainder_.pairs.size() ||
                          remainder_.pairs[i + 1].receiver != pair.receiver ||
                          remainder_.pairs[i + 1].mover != pair.mover;
      if (latest && pair.vouches) ++spent_[pair.mover];
      continue;
    }
    const PersonId person = persons_.person_of[pair.receiver];
    if (pair.moved && person != kNobody) {
      movers[{person, pair.token}].push_back(static_cast<uint32_t>(i));
    }
  }
  for (auto& [key, rows] : movers) erased_.push_back({key.first, std::move(rows)});
}

std::span<const FrozenPair> GraphSnapshot::frozen(AccountId receiver) const {
  const auto& pairs = remainder_.pairs;
  const auto begin = std::lower_bound(
      pairs.begin(), pairs.end(), receiver,
      [](const FrozenPair& pair, AccountId account) { return pair.receiver < account; });
  auto end = begin;
  while (end != pairs.end() && end->receiver == receiver) ++end;
  return {begin, end};
}

std::span<const FrozenPair> GraphSnapshot::named(AccountId receiver, AccountId mover) const {
  if (remainder_.pairs.empty()) return {};
  const auto rows = frozen(receiver);
  const auto begin = std::lower_bound(
      rows.begin(), rows.end(), mover,
      [](const FrozenPair& pair, AccountId account) { return pair.mover < account; });
  auto end = begin;
  while (end != rows.end() && end->mover == mover) ++end;
  return {begin, end};
}

template <typename Visit>
void GraphSnapshot::each_mover(AccountId receiver, Visit&& visit) const {
  const auto rows = remainder_.pairs.empty() ? std::span<const FrozenPair>() : frozen(receiver);
  size_t at = 0;
  // Hands out the rows of movers before `mover`, and returns those of `mover` itself.
  const auto rows_up_to = [&](AccountId mover) {
    while (true) {
      const size_t begin = at;
      if (at == rows.size() || rows[at].mover == kNobody || rows[at].mover > mover) {
        return std::span<const FrozenPair>();
      }
      while (at < rows.size() && rows[at].mover == rows[begin].mover) ++at;
      const auto own = rows.subspan(begin, at - begin);
      if (own.front().mover == mover) return own;
      visit(own.front().mover, std::span<const FoldEntry>(), own);
    }
  };
  for_each_pair(received(receiver), [&](std::span<const FoldEntry> pair) {
    const AccountId mover = pair.front().mover;
    visit(mover, pair, rows_up_to(mover));
  });
  rows_up_to(kNobody - 1);
}

double GraphSnapshot::erased_standing(PersonId mover) const {
  return remainder_.pairs[erased_[mover - persons_.persons].rows.front()].standing;
}

Instant GraphSnapshot::last_frozen(PersonId person) const {
  Instant last;
  if (remainder_.pairs.empty()) return last;
  for (const AccountId account : accounts_of(person)) {
    for (const FrozenPair& pair : frozen(account)) {
      if (!pair.moved) continue;
      if (pair.mover != kNobody) {
        const PersonId mover = persons_.person_of[pair.mover];
        if (mover == kNobody || mover == person) continue;
      }
      last = std::max(last, pair.at);
    }
  }
  return last;
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
  return find_given(mover, receiver) != nullptr || !named(receiver, mover).empty();
}

std::span<const FoldEntry> GraphSnapshot::responses(AccountId mover, AccountId receiver) const {
  const Given* pair = find_given(mover, receiver);
  return pair == nullptr ? std::span<const FoldEntry>() : responses(mover, *pair);
}

std::span<const FoldEntry> GraphSnapshot::responses(AccountId mover, const Given& pair) const {
  size_t end = pair.first + size_t{1};
  while (end < row_[pair.receiver + 1] && entries_[end].mover == mover) ++end;
  return std::span(entries_).subspan(pair.first, end - pair.first);
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
  double per_ms[8] = {};
  for (size_t h = 0; h < half_life_ms.size(); ++h) per_ms[h] = -1 / half_life_ms[h];
  // Growing by doubling would hold three times as much for somebody with very many movers.
  constexpr size_t kMany = 4096;
  if (entries.size() > kMany) {
    size_t pairs = 0;
    for_each_pair(entries, [&](std::span<const FoldEntry>) { ++pairs; });
    out.reserve(out.size() + pairs);
  }
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

void GraphSnapshot::add_frozen(PersonId person, std::span<const double> half_life_ms, Instant until,
                               FrozenAt frozen_at, std::vector<MoverFold>& out) const {
  const auto add = [&](MoverFold& fold, const FrozenPair& pair) {
    for (size_t h = 0; h < half_life_ms.size(); ++h) {
      const FrozenSum sum = frozen_sum(pair, half_life_ms[h], until, frozen_at);
      fold.x[h] += sum.x;
      fold.free[h] += sum.free;
    }
    // When they acted is not kept; what was recent is as recent as the erasure.
    if (pair.recent) fold.last_ms = std::max(fold.last_ms, pair.at.ms - 1);
  };
  const auto known = [&](const FrozenPair& pair) {
    return frozen_at == FrozenAt::kCarried || until.ms >= pair.at.ms - kWeekMs;
  };
  struct Missing {
    bool moved = false;
    Instant at;  // the latest erasure
  };
  std::map<PersonId, Missing> touched;
  for (const AccountId account : accounts_of(person)) {
    for (const FrozenPair& pair : frozen(account)) {
      if (pair.mover == kNobody || !known(pair)) continue;
      const PersonId mover = persons_.person_of[pair.mover];
      if (mover == kNobody || mover == person) continue;
      auto fold = std::lower_bound(out.begin(), out.end(), mover,
                                   [](const MoverFold& m, PersonId p) { return m.mover < p; });
      if (fold == out.end() || fold->mover != mover) {
        fold = out.insert(fold, {mover, 0, INT64_MIN, INT64_MIN, {}, {}});
      }
      add(*fold, pair);
      Missing& seen = touched[mover];
      seen.moved = seen.moved || pair.moved;
      seen.at = std::max(seen.at, pair.at);
    }
  }
  if (!touched.empty()) {
    for (MoverFold& fold : out) {
      if (!touched.contains(fold.mover)) continue;
      // Live and frozen sum up to what once was, but for the last bits.
      for (size_t h = 0; h < half_life_ms.size(); ++h) {
        fold.x[h] = std::max(fold.x[h], 0.0);
        fold.free[h] = std::clamp(fold.free[h], 0.0, fold.x[h]);
      }
    }
    // Who had not moved them before the erasure has not because of it.
    std::erase_if(out, [&](const MoverFold& fold) {
      const auto seen = touched.find(fold.mover);
      return seen != touched.end() && !seen->second.moved && fold.last_ms < seen->second.at.ms;
    });
  }
  const auto begin = std::lower_bound(
      erased_.begin(), erased_.end(), person,
      [](const ErasedMover& mover, PersonId receiver) { return mover.receiver < receiver; });
  for (auto mover = begin; mover != erased_.end() && mover->receiver == person; ++mover) {
    if (!known(remainder_.pairs[mover->rows.front()])) continue;
    MoverFold fold{persons_.persons + static_cast<PersonId>(mover - erased_.begin()),
                   0,
                   INT64_MIN,
                   INT64_MIN,
                   {},
                   {}};
    for (const uint32_t row : mover->rows) add(fold, remainder_.pairs[row]);
    for (size_t h = 0; h < half_life_ms.size(); ++h) {
      fold.x[h] = std::max(fold.x[h], 0.0);
      fold.free[h] = std::clamp(fold.free[h], 0.0, fold.x[h]);
    }
    out.push_back(fold);
  }
}

uint32_t movers_within(std::span<const FoldEntry> received, Instant from, Instant end) {
  uint32_t movers = 0;
  PersonId last = kNobody;
  for (const FoldEntry& e : received) {
    if (e.published_ms < from.ms || e.published_ms >= end.ms || e.mover == last) continue;
    last = e.mover;
    ++movers;
  }
  return movers;
}

std::span<const FoldEntry> GraphSnapshot::received_by(PersonId person,
                                                      std::vector<FoldEntry>& scratch) const {
  if (persons_.one_to_one) return received(person);
  scratch.clear();
  for (const AccountId account : accounts_of(person)) {
    for (FoldEntry e : received(account)) {
      e.mover = persons_.person_of[e.mover];
      if (e.mover != kNobody && e.mover != person) scratch.push_back(e);
    }
  }
  // Stable, so that a mover with one account keeps the order, hence the bits, of the ledger.
  std::stable_sort(scratch.begin(), scratch.end(), [](const FoldEntry& a, const FoldEntry& b) {
    return std::tie(a.mover, a.published_ms) < std::tie(b.mover, b.published_ms);
  });
  return scratch;
}

void GraphSnapshot::fold(PersonId person, std::span<const double> half_life_ms, Instant until,
                         std::vector<MoverFold>& out, FrozenAt frozen) const {
  out.clear();
  static thread_local std::vector<FoldEntry> merged;
  fold_entries(received_by(person, merged), half_life_ms, until.ms, out);
  if (!remainder_.pairs.empty()) add_frozen(person, half_life_ms, until, frozen, out);
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
  if (!last.known() && !remainder_.pairs.empty()) {
    if (const Instant at = last_frozen(person); at.known()) last = Instant{at.ms - 1};
  }
  return last;
}

Dealings GraphSnapshot::dealings(PersonId person, PersonId other) const {
  Dealings result = Dealings::kNone;
  if (is_erased(other)) {
    for (const uint32_t row : erased_[other - persons_.persons].rows) {
      result = std::max(result, remainder_.pairs[row].dealings);
    }
    return result;
  }
  for (const AccountId mover : accounts_of(person)) {
    for (const AccountId receiver : accounts_of(other)) {
      // What an erasure has settled is not judged again by what it left.
      const auto rows = named(receiver, mover);
      if (!rows.empty()) result = std::max(result, rows.back().dealings);
      if (result == Dealings::kApproached) return result;
      for (const FoldEntry& e : responses(mover, receiver)) {
        if (!rows.empty() && e.published_ms < rows.back().at.ms) continue;
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
  // Those that went to people who are erased stay used, and those between people of whom acts went
  // with an erasure were settled by it.
  const auto left = [&](AccountId a) {
    return spent_.empty() ? vouches_max : vouches_max - std::min(vouches_max, spent_[a]);
  };
  // When `pair` first vouched; pairs are in the order of time.
  constexpr int64_t kNever = INT64_MAX;
  const auto first_of = [&](std::span<const FoldEntry> pair) {
    for (const FoldEntry& e : pair) {
      if (options.courted || !e.courted()) return e.published_ms;
    }
    return kNever;
  };
  std::vector<uint32_t> limit_of(accounts, kNobody);
  std::vector<AccountId> busy;
  for (AccountId a = 0; a < accounts; ++a) {
    if (given(a).size() <= left(a)) continue;
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
        if (!named(g.receiver, busy[i]).empty()) continue;
        const int64_t published_ms = first_of(responses(busy[i], g));
        if (published_ms != kNever) first.emplace_back(published_ms, g.receiver);
      }
      const uint32_t free = left(busy[i]);
      if (first.size() <= free) {
        limit[i] = {INT64_MAX, kNobody};
        continue;
      }
      if (free == 0) {
        limit[i] = {INT64_MIN, 0};
        continue;
      }
      const auto last = first.begin() + (static_cast<std::ptrdiff_t>(free) - 1);
      std::nth_element(first.begin(), last, first.end());
      limit[i] = *last;
    }
  });
  const auto vouches_for = [&](AccountId receiver, AccountId mover, std::span<const FoldEntry> pair,
                               std::span<const FrozenPair> rows) {
    if (account_network_[mover] != account_network_[receiver]) return false;
    if (!rows.empty()) return rows.back().vouches;
    const int64_t published_ms = first_of(pair);
    if (published_ms == kNever) return false;
    const uint32_t index = limit_of[mover];
    return index == kNobody || First{published_ms, receiver} <= limit[index];
  };

  VouchGraph graph;
  graph.row.assign(accounts + 1, 0);
  parallel_for(accounts, kRowsPerPiece, options.threads, [&](size_t begin, size_t end) {
    for (size_t receiver = begin; receiver < end; ++receiver) {
      const auto account = static_cast<AccountId>(receiver);
      uint64_t count = 0;
      each_mover(account, [&](AccountId mover, std::span<const FoldEntry> pair,
                              std::span<const FrozenPair> rows) {
        if (vouches_for(account, mover, pair, rows)) ++count;
      });
      graph.row[receiver + 1] = count;
    }
  });
  for (size_t a = 1; a <= accounts; ++a) graph.row[a] += graph.row[a - 1];
  graph.voucher.resize(graph.row.back());
  graph.vouch.resize(graph.row.back());
  const double half_life_ms = options.half_life_days * static_cast<double>(kMsPerDay);
  const double per_ms = -1 / half_life_ms;
  parallel_for(accounts, kRowsPerPiece, options.threads, [&](size_t begin, size_t end) {
    for (size_t receiver = begin; receiver < end; ++receiver) {
      const auto account = static_cast<AccountId>(receiver);
      uint64_t at = graph.row[receiver];
      each_mover(account, [&](AccountId mover, std::span<const FoldEntry> pair,
                              std::span<const FrozenPair> rows) {
        if (!vouches_for(account, mover, pair, rows)) return;
        double x = 0;
        for (const FoldEntry& e : pair) {
          if (!options.courted && e.courted()) continue;
          x += static_cast<double>(e.credit()) / static_cast<double>(kCreditOne) *
               std::exp2(static_cast<double>(as_of_.ms - e.published_ms) * per_ms);
        }
        for (const FrozenPair& row : rows) {
          const FrozenSum sum = frozen_sum(row, half_life_ms, as_of_, FrozenAt::kKnown);
          x += options.courted ? sum.x : sum.free;
        }
        graph.voucher[at] = mover;
        graph.vouch[at] = static_cast<float>(moved_probability(std::max(x, 0.0)) / vouches_max);
        ++at;
      });
    }
  });
  for (const FrozenPair& pair : remainder_.pairs) {
    if (pair.mover != kNobody || !pair.vouches) continue;
    const FrozenSum sum = frozen_sum(pair, half_life_ms, as_of_, FrozenAt::kKnown);
    const double x = options.courted ? sum.x : sum.free;
    graph.erased.push_back({pair.receiver, static_cast<float>(moved_probability(x) / vouches_max),
                            pair.teleport, pair.mass_one, pair.from});
  }
  return graph;
}

}  // namespace bellwether

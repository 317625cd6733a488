// SPDX-License-Identifier: Apache-2.0
#include "credit/ledger.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <thread>
#include <tuple>

#include "base/parallel.h"

namespace bellwether {
namespace {

auto order_of(const LedgerEntry& e) {
  // The row comes last: it tells in which order events arrived, and must not decide anything that
  // the fields before it leave open but which of two equal entries stands first.
  return std::tie(e.receiver, e.mover, e.published, e.network, e.verb, e.credit, e.withdrawn,
                  e.topics, e.row);
}

struct ComesBefore {
  bool operator()(const LedgerEntry& a, const LedgerEntry& b) const {
    if (a.receiver != b.receiver) return a.receiver < b.receiver;
    if (a.mover != b.mover) return a.mover < b.mover;
    if (a.published != b.published) return a.published < b.published;
    return order_of(a) < order_of(b);
  }
};

// Split around the median, then each half on its own thread.
void sort_halves(std::span<LedgerEntry> entries, unsigned threads) {
  constexpr size_t kWorthAThread = 1 << 15;
  if (threads < 2 || entries.size() < kWorthAThread) {
    std::sort(entries.begin(), entries.end(), ComesBefore());
    return;
  }
  const auto middle = entries.begin() + static_cast<std::ptrdiff_t>(entries.size() / 2);
  std::nth_element(entries.begin(), middle, entries.end(), ComesBefore());
  const auto half = static_cast<size_t>(middle - entries.begin());
  std::jthread other([=] { sort_halves(entries.subspan(half), threads / 2); });
  sort_halves(entries.first(half), threads - threads / 2);
}

// In place, since a second copy of ten million entries is what memory has no room for: first every
// entry goes to the part of the ledger where its receiver belongs (American flag sort, McIlroy,
// Bostic and McIlroy 1993), then the parts, which fit the processor's caches, are sorted each
// alone.
void sort_entries(std::span<LedgerEntry> entries, size_t receivers, unsigned threads) {
  constexpr int kPartBits = 10;
  const int shift = std::max(0, static_cast<int>(std::bit_width(receivers)) - kPartBits);
  const auto part_of = [&](const LedgerEntry& e) { return size_t{e.receiver} >> shift; };
  const size_t parts = (receivers >> shift) + 1;
  std::vector<size_t> end(parts, 0);
  for (const LedgerEntry& e : entries) ++end[part_of(e)];
  std::vector<size_t> next(parts, 0);
  for (size_t part = 1; part < parts; ++part) {
    next[part] = end[part - 1];
    end[part] += end[part - 1];
  }
  const std::vector<size_t> begin = next;
  for (size_t part = 0; part < parts; ++part) {
    while (next[part] < end[part]) {
      LedgerEntry& here = entries[next[part]];
      const size_t home = part_of(here);
      if (home == part) {
        ++next[part];
      } else {
        std::swap(here, entries[next[home]++]);
      }
    }
  }
  // A part that would keep one thread busy while the others wait is shared.
  const size_t large = std::max<size_t>(entries.size() / (4 * size_t{threads}), 1);
  for (size_t part = 0; part < parts; ++part) {
    const size_t size = end[part] - begin[part];
    if (size >= large) sort_halves(entries.subspan(begin[part], size), threads);
  }
  parallel_for(parts, 1, threads, [&](size_t first, size_t last) {
    for (size_t part = first; part < last; ++part) {
      const size_t size = end[part] - begin[part];
      if (size < large) sort_halves(entries.subspan(begin[part], size), 1);
    }
  });
}

// One response as courting sees it: between two sides, at a time, on a network.
struct Response {
  uint32_t receiver;
  uint32_t mover;
  int64_t published_ms;
  NetworkId network;
  uint32_t index;  // into the entries
};

// Most entries are marked right already; what is not written need not go back to memory.
void mark(LedgerEntry& entry, bool prompted) {
  if (entry.prompted != prompted) entry.prompted = prompted;
}

// Sees entries as responses between accounts, without a copy.
struct EntryView {
  std::span<LedgerEntry> entries;
  size_t size() const { return entries.size(); }
  Response at(size_t i) const {
    const LedgerEntry& e = entries[i];
    return {e.receiver, e.mover, e.published.ms, e.network, static_cast<uint32_t>(i)};
  }
  void set(size_t i, bool prompted) { mark(entries[i], prompted); }
};

// Sees entries as responses between persons, in the persons' order.
struct PersonView {
  std::span<LedgerEntry> entries;
  std::vector<Response> responses;
  PersonView(std::span<LedgerEntry> all, const PersonMap& persons) : entries(all) {
    responses.reserve(all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      const PersonId receiver = persons.person_of[all[i].receiver];
      const PersonId mover = persons.person_of[all[i].mover];
      if (receiver == kNobody || mover == kNobody) {
        mark(entries[i], false);
        continue;
      }
      responses.push_back(
          {receiver, mover, all[i].published.ms, all[i].network, static_cast<uint32_t>(i)});
    }
    std::sort(responses.begin(), responses.end(), [](const Response& a, const Response& b) {
      return std::tie(a.receiver, a.mover, a.published_ms, a.index) <
             std::tie(b.receiver, b.mover, b.published_ms, b.index);
    });
  }
  size_t size() const { return responses.size(); }
  Response at(size_t i) const { return responses[i]; }
  void set(size_t i, bool prompted) { mark(entries[responses[i].index], prompted); }
};

// For every pair of sides walks both directions in step by time. `view` is sorted by receiver,
// mover, published.
template <typename View>
void mark_prompted(View& view, uint32_t sides, int64_t courting_ms, unsigned threads) {
  struct Pair {
    uint32_t mover;
    uint32_t begin;  // first response of the pair
  };
  constexpr size_t kAhead = 8;  // pairs
  assert(view.size() < UINT32_MAX);
  std::vector<Pair> pairs;
  pairs.reserve(view.size());                       // only what is used of it is ever touched
  std::vector<uint32_t> row(size_t{sides} + 1, 0);  // first pair of each receiver
  {
    uint32_t receiver = 0;
    for (size_t i = 0; i < view.size(); ++i) {
      const Response r = view.at(i);
      const bool new_row = pairs.empty() || r.receiver != receiver || i == 0;
      if (new_row) {
        const uint32_t from = pairs.empty() ? 0 : receiver + 1;
        for (uint32_t s = from; s <= r.receiver; ++s) row[s] = static_cast<uint32_t>(pairs.size());
        receiver = r.receiver;
      }
      if (new_row || pairs.back().mover != r.mover) {
        pairs.push_back({r.mover, static_cast<uint32_t>(i)});
      }
    }
    const uint32_t from = pairs.empty() ? 0 : receiver + 1;
    for (uint32_t s = from; s <= sides; ++s) row[s] = static_cast<uint32_t>(pairs.size());
  }
  const auto pair_end = [&](size_t pair) {
    return pair + 1 < pairs.size() ? size_t{pairs[pair + 1].begin} : view.size();
  };
  parallel_for(sides, 4096, threads, [&](size_t first, size_t last) {
    std::vector<std::pair<NetworkId, int64_t>> latest;  // last approach seen, by network
    for (size_t receiver = first; receiver < last; ++receiver) {
      for (size_t pair = row[receiver]; pair < row[receiver + 1]; ++pair) {
        // Where the movers' own rows lie follows no order; ask for those of pairs to come.
        if (pair + 2 * kAhead < pairs.size()) {
          __builtin_prefetch(&row[pairs[pair + 2 * kAhead].mover]);
          __builtin_prefetch(&pairs[0] + row[pairs[pair + kAhead].mover]);
        }
        const uint32_t mover = pairs[pair].mover;
        // The approaches: responses of the receiver to the mover.
        const auto begin = pairs.begin() + row[mover];
        const auto end = pairs.begin() + row[mover + 1];
        const auto reverse = std::lower_bound(
            begin, end, receiver, [](const Pair& p, size_t side) { return p.mover < side; });
        if (reverse == end || reverse->mover != receiver) {
          for (size_t i = pairs[pair].begin; i < pair_end(pair); ++i) view.set(i, false);
          continue;
        }
        size_t approach = reverse->begin;
        const size_t approach_end = pair_end(static_cast<size_t>(reverse - pairs.begin()));
        latest.clear();
        for (size_t i = pairs[pair].begin; i < pair_end(pair); ++i) {
          const Response response = view.at(i);
          for (; approach < approach_end; ++approach) {
            const Response a = view.at(approach);
            if (a.published_ms >= response.published_ms) break;
            const auto known = std::find_if(latest.begin(), latest.end(),
                                            [&](const auto& l) { return l.first == a.network; });
            if (known == latest.end()) {
              latest.emplace_back(a.network, a.published_ms);
            } else {
              known->second = a.published_ms;
            }
          }
          const auto known = std::find_if(latest.begin(), latest.end(), [&](const auto& l) {
            return l.first == response.network;
          });
          view.set(i,
                   known != latest.end() && known->second >= response.published_ms - courting_ms);
        }
      }
    }
  });
}

}  // namespace

bool can_be_courted(Verb verb) {
  switch (verb) {
    case Verb::kReply:
    case Verb::kQuote:
    case Verb::kReact:
    case Verb::kMention:
    case Verb::kMessage:
    case Verb::kFollow:
    case Verb::kSubscribe:
      return true;
    default:
      return false;
  }
}

Attribution::Attribution(const CreditPolicy& policy, std::span<const ReshareLink> reshares,
                         const PersonMap& persons)
    : persons_(persons) {
  for (size_t verb = 0; verb < kVerbSlots; ++verb) {
    assert(policy.weight[verb] >= 0 && policy.weight[verb] <= kWeightMax);
    weight_[verb] = std::llround(policy.weight[verb] * static_cast<double>(kCreditOne));
  }
  weight_[static_cast<size_t>(Verb::kPost)] = 0;
  weight_[static_cast<size_t>(Verb::kUndo)] = 0;
  for (const ReshareLink& link : reshares) {
    // Sources may contradict each other about one act; the smallest statement is believed, so that
    // it does not matter which was read first.
    const auto [known, added] = reshares_.emplace(link.act, link);
    if (!added && std::tie(link.object, link.account, link.author) <
                      std::tie(known->second.object, known->second.account, known->second.author)) {
      known->second = link;
    }
  }
}

void Attribution::give(const ResolvedAct& act, AccountId receiver, Credit amount,
                       std::vector<LedgerEntry>& entries) {
  if (amount == 0) return;
  const PersonId giver = persons_.person_of[act.account];
  const PersonId taker = receiver == kNobody ? kNobody : persons_.person_of[receiver];
  if (taker == kNobody || giver == kNobody) {
    summary_.unassigned_unknown += amount;
    return;
  }
  if (taker == giver) {
    summary_.unassigned_self += amount;
    return;
  }
  entries.push_back({receiver, act.account, act.published, act.withdrawn, amount, act.row,
                     act.topics, act.network, act.verb, false});
  summary_.assigned += amount;
  ++summary_.entries;
}

void Attribution::credit(const ResolvedAct& act, std::vector<LedgerEntry>& entries) {
  ++summary_.acts;
  const Credit weight = weight_[static_cast<size_t>(act.verb)] * static_cast<Credit>(act.count);
  if (weight == 0) return;
  ++summary_.responses;
  if (!act.published.known()) {
    ++summary_.untimed;
    return;
  }
  Credit left = weight;
  AccountId author = act.author != kNobody ? act.author : act.target;
  if (act.verb == Verb::kReshare && act.object != 0) {
    // Walk from the reshare acted on towards the original; the shares given halve at each step.
    uint64_t object = act.object;
    std::array<uint64_t, kChainMax> seen{};
    for (int step = 0; step < kChainMax; ++step) {
      const auto link = reshares_.find(object);
      const auto seen_end = seen.begin() + step;
      if (link == reshares_.end() || std::find(seen.begin(), seen_end, object) != seen_end) break;
      seen[static_cast<size_t>(step)] = object;
      const Credit share = left / 2;
      give(act, link->second.account, share, entries);
      left -= share;
      object = link->second.object;
      author = link->second.author;
    }
  }
  give(act, author, left, entries);
}

void settle(std::vector<LedgerEntry>& entries, const CreditPolicy& policy, const PersonMap& persons,
            unsigned threads) {
  if (!std::is_sorted(entries.begin(), entries.end(), ComesBefore())) {
    sort_entries(entries, persons.person_of.size(), threads);
  }
  if (persons.one_to_one) {
    EntryView view{entries};
    mark_prompted(view, persons.persons, policy.courting_ms, threads);
  } else {
    PersonView view(entries, persons);
    mark_prompted(view, persons.persons, policy.courting_ms, threads);
  }
}

}  // namespace bellwether

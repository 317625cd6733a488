// SPDX-License-Identifier: Apache-2.0
#include "score/teleport.h"

#include <algorithm>
#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <cmath>
#include <map>
#include <numeric>
#include <queue>
#include <span>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kRowsPerPiece = 4096;

// So many seats; 0.29 of a hundred is 29, though a little less in binary.
size_t share_of(double share, size_t whole) {
  constexpr double kRounding = 1e-9;
  return static_cast<size_t>(std::floor(share * static_cast<double>(whole) + kRounding));
}

std::vector<AccountId> by_history(const GraphSnapshot& graph, const Policy& policy,
                                  unsigned threads) {
  struct History {
    int64_t length_ms = 0;
    uint32_t partners = 0;
  };
  std::vector<History> history(graph.accounts());
  parallel_for(graph.accounts(), kRowsPerPiece, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const auto account = static_cast<AccountId>(i);
      int64_t first = 0;
      int64_t last = 0;
      for_each_pair(graph.received(account), [&](std::span<const FoldEntry> pair) {
        const AccountId partner = pair.front().mover;
        const auto given = graph.responses(account, partner);
        if (given.empty() || graph.network_of(partner) != graph.network_of(account)) return;
        const int64_t pair_first = std::min(pair.front().published_ms, given.front().published_ms);
        const int64_t pair_last = std::max(pair.back().published_ms, given.back().published_ms);
        History& own = history[account];
        first = own.partners == 0 ? pair_first : std::min(first, pair_first);
        last = own.partners == 0 ? pair_last : std::max(last, pair_last);
        ++own.partners;
        own.length_ms = last - first;
      });
    }
  });

  std::map<NetworkId, std::vector<AccountId>> candidates;
  std::map<NetworkId, uint32_t> accounts;
  for (AccountId a = 0; a < graph.accounts(); ++a) {
    ++accounts[graph.network_of(a)];
    if (history[a].length_ms > 0) candidates[graph.network_of(a)].push_back(a);
  }
  std::vector<AccountId> chosen;
  for (auto& [network, longest] : candidates) {
    const size_t wanted =
        std::min(longest.size(), std::max(share_of(policy.teleport_share, accounts[network]),
                                          static_cast<size_t>(policy.teleport_min)));
    std::partial_sort(longest.begin(), longest.begin() + static_cast<std::ptrdiff_t>(wanted),
                      longest.end(), [&](AccountId a, AccountId b) {
                        if (history[a].length_ms != history[b].length_ms) {
                          return history[a].length_ms > history[b].length_ms;
                        }
                        if (history[a].partners != history[b].partners) {
                          return history[a].partners > history[b].partners;
                        }
                        return a < b;
                      });
    chosen.insert(chosen.end(), longest.begin(),
                  longest.begin() + static_cast<std::ptrdiff_t>(wanted));
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

bool unasked(std::span<const FoldEntry> responses) {
  return std::any_of(responses.begin(), responses.end(),
                     [](const FoldEntry& e) { return !e.courted(); });
}

// Who responded to whom unasked, within a network: rows by receiver.
struct Unasked {
  explicit Unasked(const GraphSnapshot& graph) : row(graph.accounts() + 1, 0) {
    for (AccountId receiver = 0; receiver < graph.accounts(); ++receiver) {
      for_each_pair(graph.received(receiver), [&](std::span<const FoldEntry> pair) {
        const AccountId from = pair.front().mover;
        if (graph.network_of(from) == graph.network_of(receiver) && unasked(pair)) {
          mover.push_back(from);
        }
      });
      row[receiver + 1] = mover.size();
    }
  }
  std::span<const AccountId> of(AccountId receiver) const {
    return std::span(mover).subspan(row[receiver], row[receiver + 1] - row[receiver]);
  }

  std::vector<size_t> row;  // by receiver, accounts + 1
  std::vector<AccountId> mover;
};

// Which group each account is of: responses lead from each of it to each. Numbered in no promised
// order.
std::vector<uint32_t> groups_of(const GraphSnapshot& graph, const Unasked& responses) {
  using Graph =
      boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, boost::no_property,
                                         boost::no_property, uint32_t, uint64_t>;
  std::vector<std::pair<uint32_t, uint32_t>> edges;
  edges.reserve(responses.mover.size());
  for (AccountId receiver = 0; receiver < graph.accounts(); ++receiver) {
    // From receiver to mover: the groups of a graph and of its reverse are the same.
    for (const AccountId mover : responses.of(receiver)) edges.emplace_back(receiver, mover);
  }
  const Graph directed(boost::edges_are_sorted, edges.begin(), edges.end(), graph.accounts());
  std::vector<uint32_t> group(graph.accounts());
  boost::strong_components(directed, boost::make_iterator_property_map(
                                         group.begin(), boost::get(boost::vertex_index, directed)));
  return group;
}

struct Core {
  std::span<const AccountId> members;  // ascending
  size_t audience = 0;  // accounts that respond to one of them, they themselves included
};

// The largest group of each network. `members` holds all accounts by group.
std::map<NetworkId, Core> cores_of(const GraphSnapshot& graph, const Unasked& responses,
                                   std::vector<AccountId>& members) {
  const std::vector<uint32_t> group = groups_of(graph, responses);
  members.resize(graph.accounts());
  std::iota(members.begin(), members.end(), AccountId{0});
  std::stable_sort(members.begin(), members.end(),
                   [&](AccountId a, AccountId b) { return group[a] < group[b]; });

  std::map<NetworkId, Core> cores;
  std::vector<AccountId> seen_by(graph.accounts(), kNobody);  // the first of the group last counted
  for (size_t begin = 0; begin < members.size();) {
    size_t end = begin + 1;
    while (end < members.size() && group[members[end]] == group[members[begin]]) ++end;
    const std::span<const AccountId> own = std::span(members).subspan(begin, end - begin);
    begin = end;
    if (own.size() < 2) continue;
    Core found{own, 0};
    for (const AccountId member : own) {
      for (const AccountId mover : responses.of(member)) {
        if (seen_by[mover] == own.front()) continue;
        seen_by[mover] = own.front();
        ++found.audience;
      }
    }
    Core& core = cores[graph.network_of(own.front())];
    const bool larger = found.audience > core.audience ||
                        (found.audience == core.audience && own.front() < core.members.front());
    if (larger) core = found;
  }
  return cores;
}

std::vector<AccountId> by_core(const GraphSnapshot& graph, const Policy& policy, unsigned threads) {
  const Unasked responses(graph);
  std::vector<AccountId> members;
  std::vector<AccountId> chosen;
  for (const auto& of_network : cores_of(graph, responses, members)) {
    const Core& core = of_network.second;
    struct Candidate {
      AccountId account;
      uint32_t partners;
      size_t responders;
    };
    std::vector<Candidate> candidates(core.members.size());
    parallel_for(candidates.size(), 64, threads, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const AccountId account = core.members[i];
        const auto movers = responses.of(account);
        candidates[i] = {account, 0, movers.size()};
        for (const AccountId mover : movers) {
          if (unasked(graph.responses(account, mover))) ++candidates[i].partners;
        }
      }
    });
    const size_t wanted =
        std::min(candidates.size(), std::max(share_of(policy.teleport_share, core.audience),
                                             static_cast<size_t>(policy.teleport_min)));
    const auto last = candidates.begin() + static_cast<std::ptrdiff_t>(wanted);
    std::partial_sort(candidates.begin(), last, candidates.end(),
                      [](const Candidate& a, const Candidate& b) {
                        if (a.partners != b.partners) return a.partners > b.partners;
                        if (a.responders != b.responders) return a.responders > b.responders;
                        return a.account < b.account;
                      });
    for (auto each = candidates.begin(); each != last; ++each) chosen.push_back(each->account);
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

// Marks in `is_elector` those of the core who stand for its audience.
void choose_electors(const Unasked& responses, const Core& core, double elector_share,
                     std::vector<bool>& is_elector) {
  // What an account adds to those before it only ever shrinks: of all that were looked at earlier,
  // only the one that seems to add most has to be looked at again.
  struct Addition {
    size_t adds;  // at most
    AccountId account;
    bool operator<(const Addition& other) const {
      return adds != other.adds ? adds < other.adds : account > other.account;
    }
  };
  std::vector<Addition> additions;
  additions.reserve(core.members.size());
  for (const AccountId member : core.members) {
    additions.push_back({responses.of(member).size(), member});
  }
  std::priority_queue<Addition> queue({}, std::move(additions));
  const double adds_min = std::max(1.0, elector_share * static_cast<double>(core.audience));
  std::vector<bool> covered(is_elector.size(), false);
  while (!queue.empty()) {
    Addition best = queue.top();
    queue.pop();
    const auto audience = responses.of(best.account);
    best.adds = static_cast<size_t>(std::count_if(
        audience.begin(), audience.end(), [&](AccountId mover) { return !covered[mover]; }));
    if (static_cast<double>(best.adds) < adds_min) continue;  // nor will it ever add more
    if (!queue.empty() && best < queue.top()) {
      queue.push(best);
      continue;
    }
    is_elector[best.account] = true;
    for (const AccountId mover : audience) covered[mover] = true;
  }
}

struct Candidate {
  size_t supporters;
  size_t responders;
  AccountId account;
};

// Those of the core not seated yet whom somebody with a voice turned to, best first.
std::vector<Candidate> candidates_of(const Unasked& responses, const Core& core,
                                     const std::vector<bool>& has_voice,
                                     const std::vector<bool>& seated) {
  std::vector<Candidate> candidates;
  for (const AccountId member : core.members) {
    if (seated[member]) continue;
    const auto movers = responses.of(member);
    const auto supporters = static_cast<size_t>(std::count_if(
        movers.begin(), movers.end(), [&](AccountId mover) { return has_voice[mover]; }));
    if (supporters > 0) candidates.push_back({supporters, movers.size(), member});
  }
  std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
    if (a.supporters != b.supporters) return a.supporters > b.supporters;
    if (a.responders != b.responders) return a.responders > b.responders;
    return a.account < b.account;
  });
  return candidates;
}

std::vector<AccountId> by_electors(const GraphSnapshot& graph, const Policy& policy) {
  const Unasked responses(graph);
  const auto least = static_cast<size_t>(policy.teleport_min);
  const auto supporters_min = static_cast<size_t>(policy.supporters_min);
  std::vector<AccountId> members;
  std::vector<AccountId> chosen;
  std::vector<bool> has_voice(graph.accounts(), false);
  std::vector<bool> seated(graph.accounts(), false);
  for (const auto& of_network : cores_of(graph, responses, members)) {
    const Core& core = of_network.second;
    choose_electors(responses, core, policy.elector_share, has_voice);
    const size_t seats = std::max(share_of(policy.teleport_share, core.audience), least);
    size_t taken = 0;
    const auto seat = [&](AccountId account) {
      seated[account] = has_voice[account] = true;
      chosen.push_back(account);
      ++taken;
    };
    for (;;) {
      const auto candidates = candidates_of(responses, core, has_voice, seated);
      const size_t before = taken;
      for (const Candidate& each : candidates) {
        if (taken == seats || each.supporters < supporters_min) break;
        seat(each.account);
      }
      if (taken == seats) break;
      if (taken > before) continue;
      for (const Candidate& each : candidates) {
        if (taken >= least) break;
        seat(each.account);
      }
      break;
    }
  }
  std::sort(chosen.begin(), chosen.end());
  return chosen;
}

}  // namespace

std::vector<AccountId> choose_teleport_set(const GraphSnapshot& graph, const Policy& policy,
                                           unsigned threads) {
  if (policy.method == 1) return by_history(graph, policy, threads);
  if (policy.method == 2) return by_core(graph, policy, threads);
  return by_electors(graph, policy);
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// For tests only: a community in memory, and the way from its acts to its scores.
//
// TestWorld is what a test writes down; score_world() takes it through attribution, settling,
// folding, vouching, standing and scoring, exactly as a workspace does, with no store between.
#pragma once
#include <algorithm>
#include <bit>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <numeric>
#include <set>
#include <utility>
#include <vector>

#include "credit/ledger.h"
#include "graph/graph.h"
#include "score/policy.h"
#include "score/score.h"
#include "score/standing.h"

namespace bellwether {

// Tests count time from here, in milliseconds or days: 2012-07-04T12:00:00Z.
inline constexpr Instant kTestEpoch{1'341'403'200'000};
inline constexpr Instant at_ms(int64_t ms) { return {kTestEpoch.ms + ms}; }
inline Instant at_day(double days) {
  return at_ms(static_cast<int64_t>(days * static_cast<double>(kMsPerDay)));
}

struct TestWorld {
  std::vector<NetworkId> account_network;  // one for each account
  std::vector<std::set<AccountId>> links;  // each set is one person; they may overlap
  std::set<AccountId> left_out;            // with all that is linked to them
  std::vector<ResolvedAct> acts;           // in order of arrival
  std::vector<AccountId> teleport_set;
  std::vector<PostRecord> posts;  // by PersonId, or empty
  Policy policy;
  Instant as_of = at_day(0);

  uint32_t accounts() const { return static_cast<uint32_t>(account_network.size()); }

  AccountId add_account(NetworkId network = 0) {
    account_network.push_back(network);
    return accounts() - 1;
  }
  std::vector<AccountId> add_accounts(size_t count, NetworkId network = 0) {
    std::vector<AccountId> added;
    for (size_t i = 0; i < count; ++i) added.push_back(add_account(network));
    return added;
  }
  // `account` responds to something of `author`, on its own network. The act's key is its number.
  ResolvedAct& respond(AccountId account, Verb verb, AccountId author, Instant published) {
    ResolvedAct act;
    act.row = acts.size() + 1;
    act.act = acts.size() + 1;
    act.account = account;
    act.author = author;
    act.published = published;
    act.network = account_network[account];
    act.verb = verb;
    acts.push_back(act);
    return acts.back();
  }
};

// Persons numbered by their smallest account, as people/ numbers them.
inline PersonMap persons_of(const TestWorld& world) {
  if (world.links.empty() && world.left_out.empty()) {
    return PersonMap::identity(world.accounts());
  }
  std::vector<AccountId> first(world.accounts());
  std::iota(first.begin(), first.end(), AccountId{0});
  const auto merge = [&](AccountId a, AccountId b) {
    const AccountId from = std::max(first[a], first[b]);
    const AccountId to = std::min(first[a], first[b]);
    std::replace(first.begin(), first.end(), from, to);
  };
  for (const std::set<AccountId>& person : world.links) {
    for (const AccountId account : person) merge(*person.begin(), account);
  }
  std::set<AccountId> nobody;
  for (const AccountId account : world.left_out) nobody.insert(first[account]);
  PersonMap map;
  for (AccountId a = 0; a < world.accounts(); ++a) {
    if (nobody.contains(first[a])) {
      map.person_of.push_back(kNobody);
    } else {
      map.person_of.push_back(first[a] == a ? map.persons++ : map.person_of[first[a]]);
    }
  }
  return map;
}

// Those of the world's reshares that were themselves reshared.
inline std::vector<ReshareLink> reshare_links_of(const TestWorld& world) {
  std::set<uint64_t> reshared;
  for (const ResolvedAct& act : world.acts) {
    if (act.verb == Verb::kReshare && act.object != 0) reshared.insert(act.object);
  }
  std::vector<ReshareLink> links;
  for (const ResolvedAct& act : world.acts) {
    if (act.verb == Verb::kReshare && act.object != 0 && reshared.contains(act.act)) {
      links.push_back({act.act, act.object, act.account, act.author});
    }
  }
  return links;
}

struct TestScores {
  PersonMap persons;
  CreditSummary summary;
  std::vector<LedgerEntry> ledger;  // settled, whatever the as-of
  GraphSnapshot graph;
  Standing standing;
  std::vector<PersonScore> scores;

  // Of the person with this account; null: no evidence.
  const PersonScore* find(AccountId account) const {
    const PersonId person = persons.person_of[account];
    const auto found =
        std::lower_bound(scores.begin(), scores.end(), person,
                         [](const PersonScore& s, PersonId p) { return s.person < p; });
    return found == scores.end() || found->person != person ? nullptr : &*found;
  }
  // Points; 1 without evidence, which is where evidence of no weight would stand.
  double points(AccountId account) const {
    const PersonScore* score = find(account);
    return score == nullptr ? 1 : score->value;
  }
};

inline std::vector<LedgerEntry> ledger_of(const TestWorld& world, const PersonMap& persons,
                                          unsigned threads = 1, CreditSummary* summary = nullptr) {
  const std::vector<ReshareLink> reshares = reshare_links_of(world);
  Attribution attribution(world.policy.credit, reshares, persons);
  std::vector<LedgerEntry> ledger;
  for (const ResolvedAct& act : world.acts) attribution.credit(act, ledger);
  settle(ledger, world.policy.credit, persons, threads);
  if (summary != nullptr) *summary = attribution.summary();
  return ledger;
}

inline GraphSnapshot graph_of(const TestWorld& world, const std::vector<LedgerEntry>& ledger,
                              const PersonMap& persons) {
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& e : ledger) {
    if (e.counts_as_of(world.as_of)) entries.push_back(FoldEntry::from(e));
  }
  return {std::move(entries), world.account_network, persons, world.as_of};
}

inline TestScores score_world(const TestWorld& world, unsigned threads = 1) {
  PersonMap persons = persons_of(world);
  CreditSummary summary;
  std::vector<LedgerEntry> ledger = ledger_of(world, persons, threads, &summary);
  GraphSnapshot graph = graph_of(world, ledger, persons);
  Standing standing(graph, graph.vouches(vouch_options(world.policy, threads)), world.teleport_set,
                    world.policy, threads);
  std::vector<PersonScore> scores =
      score_everybody(graph, standing, world.policy, world.posts, threads);
  return {std::move(persons),  summary,          std::move(ledger), std::move(graph),
          std::move(standing), std::move(scores)};
}

// Everything a score says, to the last bit.
inline bool same_bits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}
inline bool same_bits(const PersonScore& a, const PersonScore& b) {
  return a.person == b.person && same_bits(a.value, b.value) &&
         same_bits(a.interval.low, b.interval.low) && same_bits(a.interval.high, b.interval.high) &&
         same_bits(a.interval.mass, b.interval.mass) && a.settled == b.settled &&
         std::equal(a.moved.begin(), a.moved.end(), b.moved.begin(),
                    [](double x, double y) { return same_bits(x, y); }) &&
         same_bits(a.momentum, b.momentum) && same_bits(a.momentum_before, b.momentum_before) &&
         a.reach == b.reach && same_bits(a.audience, b.audience) &&
         same_bits(a.amplification, b.amplification) && same_bits(a.standing, b.standing) &&
         a.movers == b.movers && a.vouched_movers == b.vouched_movers &&
         a.independent_movers == b.independent_movers && a.acts == b.acts &&
         a.last_evidence == b.last_evidence;
}
inline bool same_bits(const std::vector<PersonScore>& a, const std::vector<PersonScore>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const PersonScore& x, const PersonScore& y) { return same_bits(x, y); });
}

}  // namespace bellwether

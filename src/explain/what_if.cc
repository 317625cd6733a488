// SPDX-License-Identifier: Apache-2.0
#include "explain/what_if.h"

#include <algorithm>
#include <array>
#include <cassert>
#include <cmath>
#include <set>

namespace bellwether {
namespace {

// The accounts of the ledger's slice, and those of people who are made up.
struct Community {
  std::vector<NetworkId> networks;
  PersonMap persons;
  std::vector<double> more_mass;  // of those made up

  explicit Community(const GraphSnapshot& graph) : persons(graph.persons()) {
    for (AccountId a = 0; a < graph.accounts(); ++a) networks.push_back(graph.network_of(a));
  }

  AccountId add(NetworkId network, double standing, const Policy& policy) {
    networks.push_back(network);
    persons.person_of.push_back(persons.persons++);
    // The receiver vouches for none of them, so this mass is that standing.
    more_mass.push_back(standing * policy.damping / policy.vouches_max);
    return static_cast<AccountId>(networks.size() - 1);
  }
};

}  // namespace

WhatIf what_if(const WhatIfRequest& request) {
  const GraphSnapshot& graph = request.graph;
  const Policy& policy = request.policy;
  const Instant as_of = graph.as_of();
  WhatIf result;
  result.now = score_person(graph, request.standing, policy, {}, request.person);

  const auto received = [&](const LedgerEntry& e) {
    return graph.persons().person_of[e.receiver] == request.person;
  };
  std::vector<LedgerEntry> ledger;
  std::set<PersonId> people;
  std::set<EventRow> acts;
  for (const LedgerEntry& e : request.entries) {
    if (request.without && received(e) && request.without(e)) {
      if (e.counts_as_of(as_of)) {
        acts.insert(e.row);
        people.insert(graph.persons().person_of[e.mover]);
      }
      continue;
    }
    ledger.push_back(e);
  }
  result.acts_taken = static_cast<uint32_t>(acts.size());
  result.people_taken = static_cast<uint32_t>(people.size());

  Community community(graph);
  const AccountId receiver = graph.accounts_of(request.person).front();
  for (const MoreActs& more : request.more) {
    const double weight = policy.credit.weight[static_cast<size_t>(more.verb)];
    LedgerEntry entry{};
    entry.receiver = receiver;
    entry.published = Instant{as_of.ms - 1};
    entry.credit = std::llround(weight * static_cast<double>(kCreditOne));
    entry.network = graph.network_of(receiver);
    entry.verb = more.verb;
    for (uint32_t i = 0; i < more.count && entry.credit > 0; ++i) {
      entry.mover = community.add(entry.network, more.standing, policy);
      ledger.push_back(entry);
      ++result.acts_added;
    }
  }
  assert(result.acts_added <= kMoreActsMax);

  // Without what drew them out, answers of the person are answers no more.
  settle(ledger, policy.credit, community.persons, 1);
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& e : ledger) {
    if (e.counts_as_of(as_of)) entries.push_back(FoldEntry::from(e));
  }
  const GraphSnapshot changed(std::move(entries), std::move(community.networks),
                              std::move(community.persons), as_of, 1, graph.remainder());
  const Standing standing = request.standing.with(community.more_mass);
  result.then = score_person(changed, standing, policy, {}, request.person);
  return result;
}

double usual_standing(const GraphSnapshot& graph, const Standing& standing, const Policy& policy,
                      PersonId person) {
  std::vector<MoverFold> movers;
  graph.fold(person, std::array<double, 1>{kEndlessMs}, graph.as_of(), movers);
  std::vector<double> vouched;
  for (const MoverFold& m : movers) {
    const double s = standing.for_receiver(graph, m.mover, person);
    if (s >= policy.vouched_min) vouched.push_back(s);
  }
  if (vouched.empty()) return policy.vouched_min;
  // The lower one of two in the middle, so that it is somebody's.
  const auto middle = vouched.begin() + static_cast<std::ptrdiff_t>((vouched.size() - 1) / 2);
  std::nth_element(vouched.begin(), middle, vouched.end());
  return *middle;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "simulate/appraisal.h"

#include <algorithm>

#include "credit/ledger.h"
#include "score/teleport.h"

namespace bellwether {

World world_of(const Community& community) {
  World world;
  for (const CommunityAccount& account : community.accounts()) {
    world.account_network.push_back(account.network);
    world.persons.person_of.push_back(account.person);
  }
  world.persons.persons = static_cast<uint32_t>(community.people().size());
  world.persons.one_to_one = world.persons.persons == world.account_network.size();
  world.acts = community.acts();
  world.as_of = community.end();
  return world;
}

namespace {

std::vector<LedgerEntry> ledger_of(const World& world, const CreditPolicy& policy,
                                   unsigned threads) {
  // An act's number is its key, and that of the object it made.
  uint32_t highest = 0;
  for (const SimulatedAct& act : world.acts) highest = std::max(highest, act.number);
  std::vector<bool> reshared(size_t{highest} + 1, false);
  for (const SimulatedAct& act : world.acts) {
    if (act.verb == Verb::kReshare) reshared[act.object] = true;
  }
  std::vector<ReshareLink> links;
  for (const SimulatedAct& act : world.acts) {
    if (act.verb == Verb::kReshare && reshared[act.number]) {
      links.push_back({act.number, act.object, act.account, act.towards});
    }
  }
  Attribution attribution(policy, links, world.persons);
  std::vector<LedgerEntry> ledger;
  for (const SimulatedAct& act : world.acts) {
    ResolvedAct resolved;
    resolved.row = resolved.act = act.number;
    resolved.object = act.object;
    resolved.account = act.account;
    (act.object != 0 ? resolved.author : resolved.target) = act.towards;
    resolved.published = act.published;
    resolved.topics = act.topic == kNoTopic ? 0 : act.topic + 1U;
    resolved.network = world.account_network[act.account];
    resolved.verb = act.verb;
    attribution.credit(resolved, ledger);
  }
  settle(ledger, policy, world.persons, threads);
  return ledger;
}

GraphSnapshot graph_of(const World& world, std::span<const LedgerEntry> ledger, unsigned threads) {
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& entry : ledger) {
    if (entry.counts_as_of(world.as_of)) entries.push_back(FoldEntry::from(entry));
  }
  return {std::move(entries), world.account_network, world.persons, world.as_of, threads};
}

}  // namespace

Appraisal appraise(const World& world, const Policy& policy,
                   std::span<const AccountId> teleport_set, unsigned threads) {
  std::vector<LedgerEntry> ledger = ledger_of(world, policy.credit, threads);
  GraphSnapshot graph = graph_of(world, ledger, threads);
  std::vector<AccountId> teleport(teleport_set.begin(), teleport_set.end());
  if (teleport.empty()) teleport = choose_teleport_set(graph, policy, threads);
  Standing standing(graph, graph.vouches(vouch_options(policy, threads)), teleport, policy,
                    threads);
  std::vector<PersonScore> scores = score_everybody(graph, standing, policy, {}, threads);
  rank_everybody(scores);
  return {std::move(ledger), std::move(graph), std::move(teleport), std::move(standing),
          std::move(scores)};
}

const PersonScore* Appraisal::find(PersonId person) const {
  const auto found =
      std::lower_bound(scores.begin(), scores.end(), person,
                       [](const PersonScore& s, PersonId p) { return s.person < p; });
  return found == scores.end() || found->person != person ? nullptr : &*found;
}

double Appraisal::points(PersonId person) const {
  const PersonScore* score = find(person);
  return score == nullptr ? 1 : score->value;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The whole way from a made-up community's acts to its scores, in memory.
//
// The same steps as in a workspace: attribution, settling, folding, the teleport set chosen as it
// is in real life, standing, scores, ranks. No store between them.
#pragma once
#include <span>
#include <vector>

#include "score/policy.h"
#include "score/score.h"
#include "score/standing.h"
#include "simulate/community.h"

namespace bellwether {

// What there is to score: a community as it is, or with an attack's accounts and acts in it.
struct World {
  std::vector<NetworkId> account_network;  // by AccountId
  PersonMap persons;
  std::vector<SimulatedAct> acts;  // any order
  Instant as_of;                   // just after the calendar
};

// Everything the community did. Cost: acting it out.
World world_of(const Community& community);

struct Appraisal {
  std::vector<LedgerEntry> ledger;  // settled
  GraphSnapshot graph;
  std::vector<AccountId> teleport_set;
  Standing standing;
  std::vector<PersonScore> scores;  // by person, ranked; without amplification

  // Null: no evidence. Cost: logarithmic.
  const PersonScore* find(PersonId person) const;
  // 1 without evidence, which is where evidence of no weight would stand.
  double points(PersonId person) const;
};

// `teleport_set`: empty: the automatic one of this world. The same bits whatever `threads`.
Appraisal appraise(const World& world, const Policy& policy,
                   std::span<const AccountId> teleport_set, unsigned threads);

}  // namespace bellwether

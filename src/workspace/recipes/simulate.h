// SPDX-License-Identifier: Apache-2.0
// Made-up communities: written into the log, to try things without an archive; or made in memory,
// to hold the score against what was planted in them, and to find what attacks on it buy.
//
// All that comes of it is marked as simulated. The communities' definition is
// docs/methods/simulate.md, the attacks' docs/methods/attacks.md.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "simulate/attack.h"
#include "simulate/community.h"
#include "simulate/truth.h"
#include "workspace/recipes/ingest.h"

namespace bellwether {

// Writes one unit with one source, "simulated:people=...,rng_seed=...", into the log, and links the
// accounts of people who have two; a second call with equal options changes nothing.
// kInvalidArgument: an option is out of range, or the log holds acts that are not made up.
Result<IngestResult> simulate(Workspace& workspace, const CommunityOptions& options,
                              const std::function<void(const IngestProgress&)>& progress);

struct TruthResult {
  TruthReport report;
  CommunityOptions community;  // of the first rng seed
  std::string method;
  std::string policy_name;
  std::string policy_hash;
};

// grade_truth() of simulate/, under `policy`. Needs no workspace.
Result<TruthResult> grade_simulated(const TruthOptions& options, const Policy& policy,
                                    unsigned threads,
                                    const std::function<void(uint32_t)>& done = {});

struct TriedAttack {
  Attack attack;
  std::vector<AttackOutcome> outcomes;  // see try_attack()
  std::vector<std::string> names;       // of their beneficiaries, `network:name`
};

struct AttacksResult {
  std::vector<TriedAttack> attacks;  // as asked for
  CommunityOptions community;
  uint32_t people = 0;   // with a score
  uint32_t settled = 0;  // of these
  uint32_t teleport_size = 0;
  std::string method;
  std::string policy_name;
  std::string policy_hash;
};

// Each attack alone on the same community, under `policy`. Needs no workspace. Errors as
// Community::create() and try_attack(). `phase` is told each attack as it begins.
Result<AttacksResult> try_attacks(const CommunityOptions& options,
                                  const std::vector<Attack>& attacks, const Policy& policy,
                                  unsigned threads,
                                  const std::function<void(std::string_view)>& phase = {});

}  // namespace bellwether

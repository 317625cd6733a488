// SPDX-License-Identifier: Apache-2.0
// The slow proof beside pair chances, from the definitions: every pair and every slot looked at by
// itself, with nothing carried from one to the next, and the constants' likelihood without a
// gradient. It shares no code with the fast road.
#pragma once
#include <span>
#include <vector>

#include "plan/pair_chances.h"

namespace bellwether {

// What pair_chances() should give under the constants of `model`.
std::vector<PairChance> check_pair_chances(std::span<const LedgerEntry> ledger,
                                           std::span<const PersonAct> acts,
                                           const PersonMap& persons, Instant as_of,
                                           const PairChanceOptions& options,
                                           const ChanceModel& model,
                                           const std::unordered_set<TopicSetId>* topics = nullptr);

// How many exposures were to be foretold, and the mean of log chance of what came of them under
// `model`, each from what was known before its slot, weighing as a fit as of `as_of` weighs them.
struct CheckedLikelihood {
  uint64_t exposures = 0;
  double sum = 0;     // weighted
  double weight = 0;  // > 0
};
CheckedLikelihood check_likelihood(std::span<const LedgerEntry> ledger,
                                   std::span<const PersonAct> acts, const PersonMap& persons,
                                   Instant as_of, const PairChanceOptions& options,
                                   const ChanceModel& model);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// How much a ranking hangs on each constant of the policy: what becomes of it when one of them is
// halved or doubled, or when standing starts from another set.
//
// One at a time, all else as it is; a value that would leave its bounds stops there. What only
// rescales or only widens (points for a doubling, the margin's mass) is left out, as are the
// constants of facets and topics, which no score knows. What it is not: how sure a score is of its
// evidence; that is the margin.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"
#include "score/policy.h"
#include "score/replay.h"

namespace bellwether {

inline constexpr uint32_t kSensitivityPlaces = 50;

struct SensitivityOptions {
  Instant as_of;           // of the ranking
  uint32_t people = 20;    // whose ranks are followed, >= 1
  BacktestOptions window;  // that the score is graded on, as by a backtest of one fold
};

struct Variation {
  std::string key;  // "score.crowd_share"; of a list with its place: "score.half_life_days.2"
  // "halved", "doubled"; of the set "the automatic one of now", "half of it", "that of
  // bellwether/1", "that of bellwether/2"
  std::string setting;
  std::optional<double> before, after;  // of a number
  bool bounded = false;                 // the bound came before half or twice was reached
  uint32_t settled = 0;                 // people, with this
  std::optional<double> spearman;       // with the ranking as it is, of those it ranks
  double overlap = 0;                   // of the first fifty, or as many as are ranked, [0, 1]
  uint32_t largest_move = 0;            // places, of those who are followed
  double mean_move = 0;                 // likewise, absolute
  std::optional<double> ndcg;           // NDCG@100 of the score on the window
};

struct RankRange {
  PersonId person = kNobody;
  double score = 0;                   // points, as it is
  uint32_t rank = 0;                  // as it is, from 1
  uint32_t best = 0, worst = 0;       // over all variations; best <= rank <= worst
  std::string best_with, worst_with;  // which one; empty: none moved them that way
};

struct SensitivityReport {
  uint32_t ranked = 0;  // people; those who are settled as it is, whatever a variation makes them
  bool all_ranked = false;  // fewer than two are settled: everybody with a score is ranked instead
  std::optional<double> ndcg;         // NDCG@100 as it is
  Window window;                      // on which
  std::vector<Variation> variations;  // those of one constant together; what moves most first
  std::vector<RankRange> people;      // by rank
};

// `ledger` settled and whole, made with policy.credit. `set_in_force`: where standing starts from
// as of options.as_of. `own_set`: the operator's own, in force at every instant; empty: at the
// window's cut it is the automatic one. `done` is told how many of how many variations are done.
// The same bits whatever `threads`. Errors as windows_of(). Cost: two scorings a variation.
Result<SensitivityReport> sensitivity(
    std::span<const LedgerEntry> ledger, const std::vector<NetworkId>& account_network,
    const PersonMap& persons, std::span<const AccountId> set_in_force,
    std::span<const AccountId> own_set, const Policy& policy, const SensitivityOptions& options,
    unsigned threads, const std::function<void(uint32_t done, uint32_t all)>& done = {});

}  // namespace bellwether

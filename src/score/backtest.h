// SPDX-License-Identifier: Apache-2.0
// Replays a ledger: what the score said at an instant, held against whom people responded to after
// it, beside the naive measures of the same instant.
//
// Beside the score stands the forecast, fitted on windows of the same length before the cut, and
// how well its intervals held. Nothing of a window is known at its cut: scores, standing and the
// teleport set, if it is the automatic one, are made of the entries published before it. What later
// records told of earlier acts (an author, a link between accounts) is known from the beginning.
#pragma once
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"
#include "score/grade.h"
#include "score/policy.h"
#include "score/replay.h"

namespace bellwether {

struct BacktestFold {
  Instant cut, end;  // the window is [cut, end)
  uint64_t responses_before = 0;
  uint64_t responses_within = 0;
  uint32_t people = 0;       // seen before the cut, on either side of a response: those compared
  uint32_t moving = 0;       // of these, who moved anybody within
  double vouched_share = 0;  // of those who had responded to anybody, how many are vouched, [0, 1]
  std::vector<RankingGrade> grades;        // by measure
  std::optional<Calibration> calibration;  // of the forecast; empty: nothing to fit it on
  uint32_t training_windows = 0;           // before this one, that the forecast was fitted on
};

struct BacktestReport {
  std::vector<std::string_view> measures;  // forecast and score first; the others by name
  std::vector<BacktestFold> folds;         // oldest first
  std::vector<RankingGrade> mean;          // by measure, over the folds that have the figure
  Calibration calibration;                 // over all folds, everybody weighing the same
};

// `ledger` settled and whole. `teleport_set`: the operator's own; empty: at each cut the automatic
// one. `done` is told how many folds are done. Same arguments give the same bits, whatever
// `threads`. kNotFound: too few responses for so many folds, or none before the first cut.
// kInvalidArgument: an option out of range. Cost: one scoring and the measures a fold.
Result<BacktestReport> backtest(std::span<const LedgerEntry> ledger,
                                const std::vector<NetworkId>& account_network,
                                const PersonMap& persons, std::span<const AccountId> teleport_set,
                                const Policy& policy, const BacktestOptions& options,
                                unsigned threads, const std::function<void(uint32_t)>& done = {});

}  // namespace bellwether

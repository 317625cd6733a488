// SPDX-License-Identifier: Apache-2.0
// Replays the whole of a workspace's history and grades the score on it.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plan/chance_grade.h"
#include "score/backtest.h"
#include "workspace/workspace.h"

namespace bellwether {

struct BacktestResult {
  BacktestReport report;
  // Of pair chances, over all windows together; empty: there is none to learn from before the
  // first, or none came.
  std::optional<ChanceReport> chances;
  std::string method;
  std::string policy_name;
  std::string policy_hash;
  bool automatic_teleport = false;  // chosen anew at each cut; otherwise the operator's own set
  bool simulated = false;
};

// Under the policy as it stands in the workspace. Makes the ledger first where it is out of date;
// publishes nothing. What erasures left has no times, hence takes no part. Errors as backtest() of
// score/ and as score(). `phase` is told each step as it begins.
Result<BacktestResult> backtest(Workspace& workspace, const BacktestOptions& options,
                                const std::function<void(std::string_view)>& phase = {});

}  // namespace bellwether

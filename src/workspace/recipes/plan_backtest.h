// SPDX-License-Identifier: Apache-2.0
// Plans held against what came: groups chosen from what was known at a cut, and how many different
// people really responded to them in the window after it, beside groups that lists choose.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "score/replay.h"
#include "workspace/workspace.h"

namespace bellwether {

inline constexpr std::array<uint32_t, 3> kPlanBacktestPeople{10, 20, 50};

struct PlanBacktest {
  struct Measure {
    std::string_view name;
    // Different people moved within the window by groups of kPlanBacktestPeople; those of the group
    // too, where another one of it moved them. Empty: there was nothing to choose by.
    std::array<std::optional<double>, kPlanBacktestPeople.size()> moved;
  };
  struct Fold {
    Instant cut, end;  // the window is [cut, end)
    uint64_t responses_before = 0;
    uint64_t responses_within = 0;
    uint32_t training_windows = 0;  // that the plan's chances were learnt from
    std::vector<Measure> measures;  // plan, then lists, random, and the best there could have been
  };
  std::vector<Fold> folds;  // oldest first
  std::string method;
  std::string policy_name;
  std::string policy_hash;
  bool simulated = false;
};

// The plan is that of `plan --model direct`, told how long the window is and nothing of what came
// in it. Ties of lists go to the smaller number, which is as good as random. Errors and windows as
// backtest(). Cost: a scoring, learning the chances and three selections a window.
Result<PlanBacktest> backtest_plans(Workspace& workspace, const BacktestOptions& options,
                                    const std::function<void(std::string_view)>& phase = {});

}  // namespace bellwether

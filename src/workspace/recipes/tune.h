// SPDX-License-Identifier: Apache-2.0
// Fits a policy to a workspace's own log. The policy in force stays in force.
#pragma once
#include <functional>
#include <string>
#include <string_view>

#include "score/tune.h"
#include "workspace/workspace.h"

namespace bellwether {

struct TuneRequest {
  BacktestOptions windows{.folds = 3};
  std::string name;  // of the fitted policy; empty: "tuned-" and the day of the newest act
};

struct TuneResult {
  TuneReport report;  // its policy carries the name asked for
  std::string method;
  std::string policy_name, policy_hash;  // in force
  std::string tuned_hash;
  bool automatic_teleport = false;  // chosen anew at each cut; otherwise the operator's own set
  bool simulated = false;
};

// Starts from the policy as it stands in the workspace. Makes the ledger first where it is out of
// date; publishes nothing and writes no policy. Errors as tune() of score/ and as score(). `phase`
// is told each step of reading, `progress` each candidate.
Result<TuneResult> tune(Workspace& workspace, const TuneRequest& request,
                        const std::function<void(std::string_view)>& phase = {},
                        const std::function<void(const TuneProgress&)>& progress = {});

// The fitted policy as a policy file, with what was found about it in front, as comments.
std::string tuned_toml(const TuneResult& result);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What becomes of a workspace's ranking when a constant of its policy is another. For the operator:
// it names people whether they are listed or not.
#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "score/sensitivity.h"
#include "workspace/workspace.h"

namespace bellwether {

struct SensitivityResult {
  SensitivityReport report;
  struct Name {
    std::string person;   // the id by which they are named outside
    std::string name;     // as they are shown
    std::string account;  // `network:name`, the first of theirs
  };
  std::vector<Name> names;  // of report.people, by place
  Instant as_of;
  std::string method;
  std::string policy_name;
  std::string policy_hash;
  bool automatic_teleport = false;  // otherwise the operator's own set
  bool simulated = false;
};

// Under the policy as it stands in the workspace, as of just after the newest act; standing starts
// from where a scoring would have it start. Writes nothing. What erasures left takes no part.
// Errors as sensitivity() of score/ and as score(). `phase` is told each step of reading, `done`
// how many of how many variations are done.
Result<SensitivityResult> sensitivity(Workspace& workspace, const BacktestOptions& window,
                                      uint32_t people,
                                      const std::function<void(std::string_view)>& phase = {},
                                      const std::function<void(uint32_t, uint32_t)>& done = {});

}  // namespace bellwether

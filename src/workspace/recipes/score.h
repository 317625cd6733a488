// SPDX-License-Identifier: Apache-2.0
// Turns the log into a ledger and the ledger into a published snapshot.
#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "credit/ledger.h"
#include "workspace/workspace.h"

namespace bellwether {

struct ScoreRequest {
  std::optional<Instant> as_of;  // empty: just after the newest event
  std::string method;            // "bellwether/1"; empty: the policy's
};

struct ScoreResult {
  SnapshotInfo snapshot;
  CreditSummary credit;
  uint64_t pairs = 0;
  std::vector<std::string> teleport_set;  // accounts that standing starts from, each once, by name
  // Of those the operator names in the policy: whom no act speaks of. Most likely misspelt.
  std::vector<std::string> teleport_unknown;
  std::map<std::string, size_t>
      newly_chosen;                   // networks whose automatic set was chosen now: its size
  std::vector<SnapshotGrade> graded;  // forecasts of earlier snapshots that have come due
};

// kNotFound: no act with a known time before as_of. kUnsupported: no such method.
// `phase` is told each step as it begins.
Result<ScoreResult> score(Workspace& workspace, const ScoreRequest& request,
                          const std::function<void(std::string_view)>& phase);

}  // namespace bellwether

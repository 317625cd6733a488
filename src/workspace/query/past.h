// SPDX-License-Identifier: Apache-2.0
// How things stood at an earlier snapshot, as far as the ledger of now can tell.
//
// A snapshot keeps scores, not what they were made of, and only the newest one's standings.
// Standing at the earlier instant is computed anew from the ledger, so that a change can be split
// into its causes (explain/change.h).
#pragma once
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "explain/change.h"
#include "workspace/query/slice.h"
#include "workspace/workspace.h"

namespace bellwether {

struct Past {
  SnapshotInfo snapshot;  // the earlier one
  // As of then, under the policy of now, in the ledger's numbers: accounts with mass above 0, and
  // what was passed on between the pairs of now.
  std::vector<StandingRow> standings;
  std::vector<PassedOn> passed_on;
  // By the key under which a person's scores are kept; who has no evidence is left out. Empty: one
  // policy.
  std::optional<std::unordered_map<uint64_t, Restated>> restated;
};

// `policy` is that of `now`. kNotFound: the ledger holds nothing before the earlier instant. Cost:
// a pass over the ledger; where the policy has changed two scorings more.
Result<Past> look_back(Workspace& workspace, const SnapshotInfo& then, const SnapshotInfo& now,
                       const Policy& policy);

// The store's ledger, with the standings of then. Borrows both.
std::unique_ptr<LedgerSource> past_ledger(Store& store, const Past& past);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The whole of a workspace's ledger in memory, for recipes that replay it.
#pragma once
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "credit/ledger.h"
#include "plan/pair_chances.h"
#include "workspace/workspace.h"

namespace bellwether {

struct History {
  Policy policy;  // in force
  std::shared_ptr<const Numbering> numbering;
  PersonMap persons;
  std::vector<LedgerEntry> ledger;      // settled and whole, made with policy.credit
  std::vector<AccountId> teleport_set;  // the operator's own; empty: the automatic one
  Instant newest;                       // as of when a scoring would speak: after the newest act
  bool simulated = false;
};

// Where the stored ledger is out of date one is made in memory: snapshots are explained by the one
// they were made of. Writes nothing. What erasures left has no times, hence is no part of it.
// Errors as score(), and kNotFound: the policy names accounts for standing to start from, and none
// of them is in the log. `phase` is told each step as it begins.
Result<History> read_history(Workspace& workspace,
                             const std::function<void(std::string_view)>& phase);

// What people did for others to see, the entries of the ledger among it; in no promised order.
// `network`: there only.
Result<std::vector<PersonAct>> read_acts(Workspace& workspace, const Numbering& numbering,
                                         const PersonMap& persons,
                                         std::optional<NetworkId> network = {});

}  // namespace bellwether

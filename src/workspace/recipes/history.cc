// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/history.h"

#include "workspace/persons.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {

Result<History> read_history(Workspace& workspace,
                             const std::function<void(std::string_view)>& phase) {
  BW_TRY(workspace.reload_policy());
  History history;
  history.policy = workspace.policy();
  {
    Scoring scoring(workspace, workspace.store(), phase);
    BW_ASSIGN(history.newest, scoring.newest());
    BW_TRY(scoring.read(history.newest));
    BW_ASSIGN(history.numbering, workspace.store().ledger_numbering());
    history.persons = scoring.persons();
  }
  BW_TRY(workspace.store().scan_ledger([&](std::span<const LedgerEntry> piece) {
    history.ledger.insert(history.ledger.end(), piece.begin(), piece.end());
  }));
  for (const std::string& name : history.policy.teleport) {
    const AccountId id = find_account(*history.numbering, name);
    if (id != kNobody) history.teleport_set.push_back(id);
  }
  BW_ASSIGN(const LogSummary summary, workspace.store().summary());
  history.simulated = summary.simulated;
  return history;
}

}  // namespace bellwether

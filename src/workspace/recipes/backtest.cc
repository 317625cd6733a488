// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/backtest.h"

#include <fmt/format.h>

#include "workspace/persons.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {

Result<BacktestResult> backtest(Workspace& workspace, const BacktestOptions& options,
                                const std::function<void(std::string_view)>& phase) {
  BW_TRY(workspace.reload_policy());
  const Policy& policy = workspace.policy();
  std::shared_ptr<const Numbering> numbering;
  PersonMap persons;
  {
    Scoring scoring(workspace, workspace.store(), phase);
    BW_ASSIGN(const Instant newest, scoring.newest());
    BW_TRY(scoring.read(newest));
    BW_ASSIGN(numbering, workspace.store().ledger_numbering());
    persons = scoring.persons();
  }
  std::vector<LedgerEntry> ledger;
  BW_TRY(workspace.store().scan_ledger([&](std::span<const LedgerEntry> piece) {
    ledger.insert(ledger.end(), piece.begin(), piece.end());
  }));
  std::vector<AccountId> teleport;
  for (const std::string& name : policy.teleport) {
    const AccountId id = find_account(*numbering, name);
    if (id != kNobody) teleport.push_back(id);
  }
  const auto tell = [&](uint32_t done) {
    if (phase && done < options.folds) {
      phase(fmt::format("window {} of {}", done + 1, options.folds));
    }
  };
  tell(0);
  BacktestResult result;
  BW_ASSIGN(result.report,
            bellwether::backtest(ledger, numbering->account_network, persons, teleport, policy,
                                 options, workspace.threads(), tell));
  BW_ASSIGN(const LogSummary summary, workspace.store().summary());
  result.method = method_name(policy.method);
  result.policy_name = policy.name;
  result.policy_hash = policy_hash(policy, policy.teleport);
  result.automatic_teleport = policy.teleport.empty();
  result.simulated = summary.simulated;
  return result;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/backtest.h"

#include <fmt/format.h>

#include "workspace/recipes/history.h"

namespace bellwether {

Result<BacktestResult> backtest(Workspace& workspace, const BacktestOptions& options,
                                const std::function<void(std::string_view)>& phase) {
  BW_ASSIGN(const History history, read_history(workspace, phase));
  const Policy& policy = history.policy;
  const auto tell = [&](uint32_t done) {
    if (phase && done < options.folds) {
      phase(fmt::format("window {} of {}", done + 1, options.folds));
    }
  };
  tell(0);
  BacktestResult result;
  BW_ASSIGN(result.report, bellwether::backtest(history.ledger, history.numbering->account_network,
                                                history.persons, history.teleport_set, policy,
                                                options, workspace.threads(), tell));
  if (phase) phase("pair chances");
  BW_ASSIGN(const std::vector<PersonAct> acts,
            read_acts(workspace, *history.numbering, history.persons));
  const Window whole{result.report.folds.front().cut, result.report.folds.back().end};
  BW_ASSIGN(result.chances, grade_chances(history.ledger, acts, history.persons, whole,
                                          {.threads = workspace.threads()}));
  result.method = method_name(policy.method);
  result.policy_name = policy.name;
  result.policy_hash = policy_hash(policy, policy.teleport);
  result.automatic_teleport = policy.teleport.empty();
  result.simulated = history.simulated;
  return result;
}

}  // namespace bellwether

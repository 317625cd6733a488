// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/tune.h"

#include <fmt/format.h>

#include "workspace/recipes/history.h"

namespace bellwether {

Result<TuneResult> tune(Workspace& workspace, const TuneRequest& request,
                        const std::function<void(std::string_view)>& phase,
                        const std::function<void(const TuneProgress&)>& progress) {
  BW_ASSIGN(const History history, read_history(workspace, phase));
  TuneResult result;
  BW_ASSIGN(result.report, tune(history.ledger, history.numbering->account_network, history.persons,
                                history.teleport_set, history.policy, request.windows,
                                workspace.threads(), progress));
  Policy& tuned = result.report.policy;
  tuned.name = request.name.empty() ? "tuned-" + to_day(result.report.as_of) : request.name;
  result.method = method_name(tuned.method);
  result.policy_name = history.policy.name;
  result.policy_hash = policy_hash(history.policy, history.policy.teleport);
  result.tuned_hash = policy_hash(tuned, tuned.teleport);
  result.automatic_teleport = history.policy.teleport.empty();
  result.simulated = history.simulated;
  return result;
}

std::string tuned_toml(const TuneResult& result) {
  const TuneReport& report = result.report;
  std::string out =
      fmt::format("# Fitted by `bellwether tune` on {} windows before {}, from policy {} ({}).\n",
                  report.windows, to_string(report.as_of), result.policy_name, result.policy_hash);
  if (!report.changed) {
    out += "# No change paid: these are the values of that policy.\n";
  } else if (report.pays) {
    out += "# On windows that it was not fitted on it foretold better.\n";
  } else {
    out +=
        "# On windows that such fits had not seen they did not foretell better: keep the other.\n";
  }
  return out + to_toml(report.policy);
}

}  // namespace bellwether

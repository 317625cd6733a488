// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/sensitivity.h"

#include "base/hash.h"
#include "workspace/persons.h"
#include "workspace/recipes/history.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {

Result<SensitivityResult> sensitivity(Workspace& workspace, const BacktestOptions& window,
                                      uint32_t people,
                                      const std::function<void(std::string_view)>& phase,
                                      const std::function<void(uint32_t, uint32_t)>& done) {
  BW_ASSIGN(const History history, read_history(workspace, phase));
  std::vector<AccountId> set;
  SensitivityResult result;
  {
    // Only to look: an automatic set that was never kept is not kept by this.
    Scoring scoring(workspace, history.policy, phase);
    BW_TRY(scoring.read(history.newest));
    BW_TRY(scoring.fold());
    set = scoring.teleport_set();
    BW_ASSIGN(result.policy_hash, scoring.hash());
  }
  SensitivityOptions options;
  options.as_of = history.newest;
  options.people = people;
  options.window = window;
  BW_ASSIGN(result.report,
            sensitivity(history.ledger, history.numbering->account_network, history.persons, set,
                        history.teleport_set, history.policy, options, workspace.threads(), done));
  const std::vector<AccountId> first_account = first_accounts(history.persons);
  std::vector<AccountId> accounts;
  for (const RankRange& range : result.report.people) {
    accounts.push_back(first_account[range.person]);
  }
  BW_ASSIGN(const auto entries, workspace.store().accounts(*history.numbering, accounts));
  for (const AccountEntry& entry : entries) {
    result.names.push_back({person_id(hash64(entry.ref())), shown_name(entry), entry.ref()});
  }
  result.as_of = history.newest;
  result.method = method_name(history.policy.method);
  result.policy_name = history.policy.name;
  result.automatic_teleport = history.teleport_set.empty();
  result.simulated = history.simulated;
  return result;
}

}  // namespace bellwether

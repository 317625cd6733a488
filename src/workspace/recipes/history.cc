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
  Scoring scoring(workspace, history.policy, phase);
  BW_ASSIGN(history.newest, scoring.newest());
  BW_ASSIGN(history.ledger, scoring.whole_ledger(history.newest));
  history.numbering = scoring.shared_numbering();
  history.persons = scoring.persons();
  for (const std::string& name : history.policy.teleport) {
    const AccountId id = find_account(*history.numbering, name);
    if (id != kNobody) history.teleport_set.push_back(id);
  }
  // An empty set would be taken for the automatic one, and figures of that told as the operator's.
  if (history.teleport_set.empty() && !history.policy.teleport.empty()) {
    return Error{
        ErrorCode::kNotFound,
        "none of the accounts that policy.toml names under [standing] teleport is in the "
        "log: correct them (`bellwether people list` has the names), or empty the list and "
        "a set is chosen"};
  }
  BW_ASSIGN(const LogSummary summary, workspace.store().summary());
  history.simulated = summary.simulated;
  return history;
}

Result<std::vector<PersonAct>> read_acts(Workspace& workspace, const Numbering& numbering,
                                         const PersonMap& persons,
                                         std::optional<NetworkId> network) {
  std::vector<Verb> verbs;
  for (int verb = static_cast<int>(kVerbFirst); verb <= static_cast<int>(kVerbLast); ++verb) {
    if (makes_occasion(static_cast<Verb>(verb))) verbs.push_back(static_cast<Verb>(verb));
  }
  std::vector<PersonAct> acts;
  BW_TRY(workspace.store().scan_uses(
      numbering, verbs, UseScope::kAll, [&](std::span<const Use> piece) {
        for (const Use& use : piece) {
          if (network && numbering.account_network[use.account] != *network) continue;
          const PersonId person = persons.person_of[use.account];
          if (person == kNobody) continue;
          acts.push_back({person, use.published, use.withdrawn, use.topics});
        }
      }));
  return acts;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/rescore.h"

#include "workspace/persons.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {

Result<Rescored> rescore(Workspace& workspace, const Policy& policy, Instant as_of,
                         const std::function<void(std::string_view)>& phase) {
  Scoring scoring(workspace, policy, phase);
  BW_TRY(scoring.read(as_of));
  BW_TRY(scoring.fold());
  scoring.count();
  Rescored result;
  result.numbering = scoring.shared_numbering();
  result.persons = scoring.persons();
  result.first_account = first_accounts(result.persons);
  result.scores = scoring.scores();
  BW_ASSIGN(result.policy_hash, scoring.hash());
  return result;
}

}  // namespace bellwether

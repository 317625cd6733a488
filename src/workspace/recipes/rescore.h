// SPDX-License-Identifier: Apache-2.0
// Everybody's scores under any policy and as of any instant, in memory: for looking, comparing,
// explaining. Publishes nothing and writes nothing.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "score/score.h"
#include "workspace/workspace.h"

namespace bellwether {

struct Rescored {
  std::shared_ptr<const Numbering> numbering;
  PersonMap persons;
  std::vector<AccountId> first_account;  // by PersonId; kNobody: no account of theirs is there
  std::vector<PersonScore>
      scores;  // ranked, in PersonId order; without amplification and forecasts
  std::string policy_hash;
};

// From the ledger as it is where it was made with the same weights, else from one made of the log
// for this call. Errors as score(). Cost: as score() without publishing, and for other weights
// without writing the ledger; memory: 48 bytes an entry more in that case.
Result<Rescored> rescore(Workspace& workspace, const Policy& policy, Instant as_of,
                         const std::function<void(std::string_view)>& phase = {});

}  // namespace bellwether

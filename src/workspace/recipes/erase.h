// SPDX-License-Identifier: Apache-2.0
// Takes a person out of a workspace for good; docs/methods/erasure.md says what that means.
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "workspace/workspace.h"

namespace bellwether {

struct EraseResult {
  bool already = false;   // they were erased before; nothing was done
  uint32_t accounts = 0;  // of the person
  ErasureCounts store;
  ForgottenCounts registry;
  uint64_t ontology = 0;  // its topics and names that were called like them
  bool policy = false;    // policy.toml named them, and does no more
  // What is left for others: pairs of one erased mover and one person.
  uint32_t frozen = 0;
  uint32_t dropped = 0;  // not kept, since too few others are left among whom it would stand
  // Whose score is another one now, and by how much: those of `dropped`, and whom they vouch for.
  struct Moved {
    std::string account;          // the person's first one
    double before = 0;            // points
    std::optional<double> after;  // empty: no evidence is left
  };
  std::vector<Moved> moved;
  std::optional<SnapshotInfo>
      snapshot;  // published without them; empty: there was nothing to score
};

// Erases the person that `account` (`network:name`) belongs to, with all their accounts. Immediate
// and idempotent: what a crash leaves is the workspace with them or without them, and a further
// call brings the rest to its end. Ingesting their records again brings nothing back. kNotFound:
// nobody here has that account. kBusy: the workspace is in use all the time; again later. Cost: a
// scoring with them, a copy of the store, a scoring without them. `phase` as for score().
Result<EraseResult> erase(Workspace& workspace, const std::string& account,
                          const std::function<void(std::string_view)>& phase);

}  // namespace bellwether

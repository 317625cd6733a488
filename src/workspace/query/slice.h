// SPDX-License-Identifier: Apache-2.0
// The part of the ledger that one person's score is made of, small enough to be read at every
// question.
//
// Accounts are numbered anew within the slice, in the same order, so that sums run as they did when
// the snapshot was made and come to the same bits.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "explain/explain.h"
#include "workspace/workspace.h"

namespace bellwether {

struct Slice {
  std::vector<AccountId> accounts;    // in the ledger's numbering, by the slice's AccountId
  std::vector<LedgerEntry> received;  // by the person, in the slice's numbers
  std::vector<LedgerEntry> given;     // by the person, likewise
  std::unique_ptr<GraphSnapshot> graph;
  std::unique_ptr<Standing> standing;
  PersonId person = kNobody;  // who it is about; kNobody: not to be scored
};

// Accounts that are one person, in the ledger's numbering, the first one first. Empty: no links.
using LinkGroups = std::vector<std::vector<AccountId>>;
Result<LinkGroups> link_groups(Workspace& workspace);

// Reads what concerns the person with these accounts (of the ledger's numbering), as of `as_of`.
// Cost: in the entries they received and gave.
Result<Slice> read_slice(Workspace& workspace, const LinkGroups& links,
                         const std::vector<AccountId>& accounts, Instant as_of,
                         const Policy& policy);

}  // namespace bellwether

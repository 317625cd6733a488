// SPDX-License-Identifier: Apache-2.0
// The part of the ledger that one person's score is made of, small enough to be read at every
// question.
//
// Accounts are numbered anew within the slice, in the same order, so that sums run as they did when
// the snapshot was made and come to the same bits.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <unordered_set>
#include <vector>

#include "explain/explain.h"
#include "workspace/workspace.h"

namespace bellwether {

struct Slice {
  std::vector<AccountId> accounts;     // in the ledger's numbering, by the slice's AccountId
  std::vector<LedgerEntry> received;   // by the person, in the slice's numbers
  std::vector<LedgerEntry> given;      // by the person, likewise
  std::vector<LedgerEntry> withdrawn;  // of either kind, by as-of: they count no more
  std::unique_ptr<GraphSnapshot> graph;
  std::unique_ptr<Standing> standing;
  PersonId person = kNobody;  // who it is about; kNobody: not to be scored
};

// Accounts that are one person, in the ledger's numbering, the first one first. Empty: no links.
using LinkGroups = std::vector<std::vector<AccountId>>;
Result<LinkGroups> link_groups(Workspace& workspace);

// Where slices are read from. Accounts are those of the ledger's numbering; each function is the
// Store's of that name (ledger_received and so on).
class LedgerSource {
 public:
  virtual ~LedgerSource() = default;
  virtual Result<std::vector<LedgerEntry>> received(std::span<const AccountId> accounts) = 0;
  virtual Result<std::vector<LedgerEntry>> given(std::span<const AccountId> accounts) = 0;
  virtual Result<Remainder> remainder(std::span<const AccountId> accounts) = 0;
  virtual Result<std::vector<NetworkId>> networks(std::span<const AccountId> ids) = 0;
  virtual Result<std::vector<StandingRow>> standings(std::span<const AccountId> ids) = 0;
  virtual Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) = 0;
};

// The store, asked anew at every question. Borrows it.
std::unique_ptr<LedgerSource> stored_ledger(Store& store);

// What concerns `accounts`, read in a few passes and kept: for questions about many people, each of
// whom has all their accounts among these. Borrows the store. Cost: as those passes; memory: 120
// bytes an entry.
Result<std::unique_ptr<LedgerSource>> loaded_ledger(Store& store, const LinkGroups& links,
                                                    std::span<const AccountId> accounts);

// What a ranking on one topic or one network looks at.
struct LedgerRestriction {
  std::optional<std::unordered_set<TopicSetId>> topics;  // only entries with one of these
  std::optional<NetworkId> network;                      // only there

  bool holds(const LedgerEntry& entry) const {
    return (!topics || topics->contains(entry.topics)) && (!network || entry.network == *network);
  }
  // On one network only what is vouched for there counts, so that other networks cannot change it.
  bool holds_standing(NetworkId of_account) const { return !network || of_account == *network; }
  // Of what erased people left: what their acts were about was not kept; which network they were on
  // is the receiver's.
  void restrict(Remainder& remainder, const std::function<NetworkId(AccountId)>& network_of) const;
};

// `ledger` as far as the restriction goes. Borrows both.
std::unique_ptr<LedgerSource> restricted_ledger(LedgerSource& ledger,
                                                const LedgerRestriction& restriction);

// Reads what concerns the person with these accounts (of the ledger's numbering), as of `as_of`.
// Cost: in the entries they received and gave.
Result<Slice> read_slice(LedgerSource& ledger, const LinkGroups& links,
                         const std::vector<AccountId>& accounts, Instant as_of,
                         const Policy& policy);

}  // namespace bellwether

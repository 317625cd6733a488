// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/slice.h"

#include <algorithm>
#include <tuple>

#include "workspace/persons.h"

namespace bellwether {

Result<LinkGroups> link_groups(Workspace& workspace) {
  BW_ASSIGN(const auto links, workspace.registry().links());
  LinkGroups groups;
  std::string person;
  const auto find = [&](const std::string& reference) -> Result<AccountId> {
    const AccountRef account = split_reference(reference);
    BW_ASSIGN(const auto entry, workspace.store().ledger_account(account.network, account.name));
    return entry ? entry->id : kNobody;
  };
  for (const Link& link : links) {
    if (link.person != person) {
      person = link.person;
      groups.emplace_back();
      BW_ASSIGN(const AccountId first, find(person));
      if (first != kNobody) groups.back().push_back(first);
    }
    BW_ASSIGN(const AccountId account, find(link.account));
    if (account != kNobody) groups.back().push_back(account);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

Result<Slice> read_slice(Workspace& workspace, const LinkGroups& links,
                         const std::vector<AccountId>& accounts, Instant as_of,
                         const Policy& policy) {
  Store& store = workspace.store();
  Slice slice;
  BW_ASSIGN(slice.received, store.ledger_received(accounts));
  BW_ASSIGN(slice.given, store.ledger_given(accounts));

  // Everybody named, and the other accounts of those who have more than one.
  std::vector<AccountId> ids(accounts);
  for (const auto* entries : {&slice.received, &slice.given}) {
    for (const LedgerEntry& e : *entries) {
      ids.push_back(e.receiver);
      ids.push_back(e.mover);
    }
  }
  BW_ASSIGN(Remainder remainder, store.ledger_remainder(accounts));
  for (const FrozenPair& pair : remainder.pairs) {
    ids.push_back(pair.receiver);
    if (pair.mover != kNobody) ids.push_back(pair.mover);
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const size_t named = ids.size();
  for (const auto& group : links) {
    const bool concerned = std::any_of(group.begin(), group.end(), [&](AccountId account) {
      return std::binary_search(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(named),
                                account);
    });
    if (concerned) ids.insert(ids.end(), group.begin(), group.end());
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  const auto local = [&](AccountId account) {
    return static_cast<AccountId>(std::lower_bound(ids.begin(), ids.end(), account) - ids.begin());
  };
  const auto holds = [&](AccountId account) {
    return std::binary_search(ids.begin(), ids.end(), account);
  };

  BW_ASSIGN(std::vector<NetworkId> networks, store.ledger_networks(ids));
  std::vector<LinkedAccount> linked;
  for (const auto& group : links) {
    if (!holds(group.front())) continue;
    for (size_t i = 1; i < group.size(); ++i) {
      linked.push_back({local(group[i]), local(group.front())});
    }
  }
  // Those who must not be scored have no entries, hence are not here.
  const PersonMap persons = make_person_map(static_cast<uint32_t>(ids.size()), linked, {});

  std::vector<FoldEntry> entries;
  for (auto* list : {&slice.received, &slice.given}) {
    std::erase_if(*list, [&](const LedgerEntry& e) { return !e.counts_as_of(as_of); });
    for (LedgerEntry& e : *list) {
      e.receiver = local(e.receiver);
      e.mover = local(e.mover);
      entries.push_back(FoldEntry::from(e));
    }
  }
  std::stable_sort(entries.begin(), entries.end(), [](const FoldEntry& a, const FoldEntry& b) {
    return std::tie(a.receiver, a.mover, a.published_ms) <
           std::tie(b.receiver, b.mover, b.published_ms);
  });

  std::vector<double> mass(ids.size(), 0);
  std::vector<double> mass_one(ids.size(), 0);
  BW_ASSIGN(const auto standings, store.standings(ids));
  for (const StandingRow& row : standings) {
    mass[local(row.account)] = row.mass;
    mass_one[local(row.account)] = row.mass_one;
  }
  for (FrozenPair& pair : remainder.pairs) {
    pair.receiver = local(pair.receiver);
    if (pair.mover != kNobody) pair.mover = local(pair.mover);
  }
  for (UsedVouches& used : remainder.used) used.account = local(used.account);
  slice.person = persons.person_of[local(accounts.front())];
  slice.graph = std::make_unique<GraphSnapshot>(std::move(entries), std::move(networks), persons,
                                                as_of, 1, std::move(remainder));
  slice.accounts = std::move(ids);
  slice.standing = std::make_unique<Standing>(
      std::move(mass), std::move(mass_one),
      slice.graph->vouches({policy.vouches_max, policy.vouch_half_life_days, 1}), policy);
  return slice;
}

}  // namespace bellwether

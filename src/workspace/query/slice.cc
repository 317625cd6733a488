// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/slice.h"

#include <algorithm>
#include <cassert>
#include <tuple>

#include "workspace/persons.h"

namespace bellwether {

Result<LinkGroups> link_groups(Workspace& workspace) {
  BW_ASSIGN(const auto links, workspace.registry().links());
  std::vector<std::string> references;
  for (const Link& link : links) {
    references.push_back(link.person);
    references.push_back(link.account);
  }
  BW_ASSIGN(const std::vector<AccountId> ids, workspace.store().ledger_ids(references));
  LinkGroups groups;
  std::string person;
  for (size_t i = 0; i < links.size(); ++i) {
    if (links[i].person != person) {
      person = links[i].person;
      groups.emplace_back();
      if (ids[2 * i] != kNobody) groups.back().push_back(ids[2 * i]);
    }
    if (ids[2 * i + 1] != kNobody) groups.back().push_back(ids[2 * i + 1]);
  }
  std::erase_if(groups, [](const auto& group) { return group.size() < 2; });
  return groups;
}

namespace {

class StoredLedger final : public LedgerSource {
 public:
  explicit StoredLedger(Store& store) : store_(store) {}
  Result<std::vector<LedgerEntry>> received(std::span<const AccountId> accounts) override {
    return store_.ledger_received(accounts);
  }
  Result<std::vector<LedgerEntry>> given(std::span<const AccountId> accounts) override {
    return store_.ledger_given(accounts);
  }
  Result<Remainder> remainder(std::span<const AccountId> accounts) override {
    return store_.ledger_remainder(accounts);
  }
  Result<std::vector<NetworkId>> networks(std::span<const AccountId> ids) override {
    return store_.ledger_networks(ids);
  }
  Result<std::vector<StandingRow>> standings(std::span<const AccountId> ids) override {
    return store_.standings(ids);
  }
  Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) override {
    return store_.passed_on(receivers);
  }

 private:
  Store& store_;
};

constexpr auto kByReceiverAndMover = [](const LedgerEntry& a, const LedgerEntry& b) {
  return std::tie(a.receiver, a.mover) < std::tie(b.receiver, b.mover);
};

// Appends the rows whose `column`, by which they are sorted, is `account`.
template <typename Row>
void append_of(const std::vector<Row>& rows, AccountId Row::*column, AccountId account,
               std::vector<Row>& out) {
  const auto begin =
      std::lower_bound(rows.begin(), rows.end(), account,
                       [&](const Row& row, AccountId asked) { return row.*column < asked; });
  const auto end =
      std::upper_bound(begin, rows.end(), account,
                       [&](AccountId asked, const Row& row) { return asked < row.*column; });
  out.insert(out.end(), begin, end);
}

class LoadedLedger final : public LedgerSource {
 public:
  explicit LoadedLedger(Store& store) : store_(store) {}

  Result<void> load(const LinkGroups& links, std::span<const AccountId> accounts) {
    BW_ASSIGN(received_, store_.ledger_received(accounts));
    BW_ASSIGN(given_, store_.ledger_given(accounts));
    BW_ASSIGN(const Remainder remainder, store_.ledger_remainder(accounts));
    has_remainder_ = !remainder.pairs.empty() || !remainder.used.empty();
    ids_.assign(accounts.begin(), accounts.end());
    for (const auto* entries : {&received_, &given_}) {
      for (const LedgerEntry& e : *entries) {
        ids_.push_back(e.receiver);
        ids_.push_back(e.mover);
      }
    }
    for (const FrozenPair& pair : remainder.pairs) {
      ids_.push_back(pair.receiver);
      if (pair.mover != kNobody) ids_.push_back(pair.mover);
    }
    for (const auto& group : links) ids_.insert(ids_.end(), group.begin(), group.end());
    std::sort(ids_.begin(), ids_.end());
    ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
    BW_ASSIGN(networks_, store_.ledger_networks(ids_));
    BW_ASSIGN(standings_, store_.standings(ids_));
    BW_ASSIGN(passed_on_, store_.passed_on(accounts));
    // Stable: of one mover they stay in the order of the ledger.
    std::stable_sort(given_.begin(), given_.end(),
                     [](const LedgerEntry& a, const LedgerEntry& b) { return a.mover < b.mover; });
    return {};
  }

  Result<std::vector<LedgerEntry>> received(std::span<const AccountId> accounts) override {
    std::vector<LedgerEntry> out;
    for (const AccountId account : accounts) {
      append_of(received_, &LedgerEntry::receiver, account, out);
    }
    std::stable_sort(out.begin(), out.end(), kByReceiverAndMover);
    return out;
  }
  Result<std::vector<LedgerEntry>> given(std::span<const AccountId> accounts) override {
    std::vector<LedgerEntry> out;
    for (const AccountId account : accounts) {
      append_of(given_, &LedgerEntry::mover, account, out);
    }
    std::stable_sort(out.begin(), out.end(), kByReceiverAndMover);
    return out;
  }
  Result<Remainder> remainder(std::span<const AccountId> accounts) override {
    return has_remainder_ ? store_.ledger_remainder(accounts) : Remainder{};
  }
  Result<std::vector<NetworkId>> networks(std::span<const AccountId> ids) override {
    std::vector<NetworkId> out;
    for (const AccountId id : ids) {
      const auto at = std::lower_bound(ids_.begin(), ids_.end(), id);
      assert(at != ids_.end() && *at == id);
      out.push_back(networks_[static_cast<size_t>(at - ids_.begin())]);
    }
    return out;
  }
  Result<std::vector<StandingRow>> standings(std::span<const AccountId> ids) override {
    std::vector<StandingRow> out;
    for (const AccountId id : ids) {
      const auto at =
          std::lower_bound(standings_.begin(), standings_.end(), id,
                           [](const StandingRow& row, AccountId i) { return row.account < i; });
      if (at != standings_.end() && at->account == id) out.push_back(*at);
    }
    return out;
  }
  Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) override {
    std::vector<PassedOn> out;
    for (const AccountId account : receivers) {
      append_of(passed_on_, &PassedOn::receiver, account, out);
    }
    return out;
  }

 private:
  Store& store_;
  std::vector<LedgerEntry> received_;  // by receiver
  std::vector<LedgerEntry> given_;     // by mover
  std::vector<AccountId> ids_;         // everybody in them, ascending
  std::vector<NetworkId> networks_;    // by place in ids_
  std::vector<StandingRow> standings_;
  std::vector<PassedOn> passed_on_;  // by receiver
  bool has_remainder_ = false;
};

class RestrictedLedger final : public LedgerSource {
 public:
  RestrictedLedger(LedgerSource& ledger, const LedgerRestriction& restriction)
      : ledger_(ledger), restriction_(restriction) {}

  Result<std::vector<LedgerEntry>> received(std::span<const AccountId> accounts) override {
    return only(ledger_.received(accounts));
  }
  Result<std::vector<LedgerEntry>> given(std::span<const AccountId> accounts) override {
    return only(ledger_.given(accounts));
  }
  Result<Remainder> remainder(std::span<const AccountId> accounts) override {
    BW_ASSIGN(Remainder remainder, ledger_.remainder(accounts));
    std::vector<AccountId> ids;
    for (const FrozenPair& pair : remainder.pairs) ids.push_back(pair.receiver);
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    BW_ASSIGN(const auto networks, ledger_.networks(ids));
    restriction_.restrict(remainder, [&](AccountId account) {
      return networks[static_cast<size_t>(std::lower_bound(ids.begin(), ids.end(), account) -
                                          ids.begin())];
    });
    return remainder;
  }
  Result<std::vector<NetworkId>> networks(std::span<const AccountId> ids) override {
    return ledger_.networks(ids);
  }
  Result<std::vector<StandingRow>> standings(std::span<const AccountId> ids) override {
    BW_ASSIGN(auto rows, ledger_.standings(ids));
    std::vector<AccountId> accounts;
    for (const StandingRow& row : rows) accounts.push_back(row.account);
    BW_ASSIGN(const auto networks, ledger_.networks(accounts));
    size_t i = 0;
    std::erase_if(rows,
                  [&](const StandingRow&) { return !restriction_.holds_standing(networks[i++]); });
    return rows;
  }
  Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) override {
    return ledger_.passed_on(receivers);
  }

 private:
  Result<std::vector<LedgerEntry>> only(Result<std::vector<LedgerEntry>> entries) const {
    if (entries) {
      std::erase_if(*entries, [&](const LedgerEntry& e) { return !restriction_.holds(e); });
    }
    return entries;
  }

  LedgerSource& ledger_;
  const LedgerRestriction& restriction_;
};

}  // namespace

void LedgerRestriction::restrict(Remainder& remainder,
                                 const std::function<NetworkId(AccountId)>& network_of) const {
  if (topics) {
    remainder = {};
  } else if (network) {
    std::erase_if(remainder.pairs,
                  [&](const FrozenPair& pair) { return network_of(pair.receiver) != *network; });
  }
}

std::unique_ptr<LedgerSource> restricted_ledger(LedgerSource& ledger,
                                                const LedgerRestriction& restriction) {
  return std::make_unique<RestrictedLedger>(ledger, restriction);
}

std::unique_ptr<LedgerSource> stored_ledger(Store& store) {
  return std::make_unique<StoredLedger>(store);
}

Result<std::unique_ptr<LedgerSource>> loaded_ledger(Store& store, const LinkGroups& links,
                                                    std::span<const AccountId> accounts) {
  auto ledger = std::make_unique<LoadedLedger>(store);
  BW_TRY(ledger->load(links, accounts));
  return std::unique_ptr<LedgerSource>(std::move(ledger));
}

Result<Slice> read_slice(LedgerSource& ledger, const LinkGroups& links,
                         const std::vector<AccountId>& accounts, Instant as_of,
                         const Policy& policy) {
  Slice slice;
  BW_ASSIGN(slice.received, ledger.received(accounts));
  BW_ASSIGN(slice.given, ledger.given(accounts));

  // Everybody named, and the other accounts of those who have more than one.
  std::vector<AccountId> ids(accounts);
  for (const auto* entries : {&slice.received, &slice.given}) {
    for (const LedgerEntry& e : *entries) {
      ids.push_back(e.receiver);
      ids.push_back(e.mover);
    }
  }
  BW_ASSIGN(Remainder remainder, ledger.remainder(accounts));
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

  BW_ASSIGN(std::vector<NetworkId> networks, ledger.networks(ids));
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
    std::erase_if(*list, [&](LedgerEntry& e) {
      if (e.counts_as_of(as_of)) return false;
      if (e.published < as_of) {
        e.receiver = local(e.receiver);
        e.mover = local(e.mover);
        slice.withdrawn.push_back(e);
      }
      return true;
    });
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
  BW_ASSIGN(const auto standings, ledger.standings(ids));
  for (const StandingRow& row : standings) {
    mass[local(row.account)] = row.mass;
  }
  BW_ASSIGN(std::vector<PassedOn> passed_on, ledger.passed_on(accounts));
  std::erase_if(passed_on, [&](const PassedOn& row) { return !holds(row.mover); });
  for (PassedOn& row : passed_on) row = {local(row.receiver), local(row.mover), row.mass};
  std::sort(passed_on.begin(), passed_on.end(), by_pair);
  for (FrozenPair& pair : remainder.pairs) {
    pair.receiver = local(pair.receiver);
    if (pair.mover != kNobody) pair.mover = local(pair.mover);
  }
  for (UsedVouches& used : remainder.used) used.account = local(used.account);
  slice.person = persons.person_of[local(accounts.front())];
  slice.graph = std::make_unique<GraphSnapshot>(std::move(entries), std::move(networks), persons,
                                                as_of, 1, std::move(remainder));
  slice.accounts = std::move(ids);
  slice.standing = std::make_unique<Standing>(mass, std::move(passed_on), policy);
  return slice;
}

}  // namespace bellwether

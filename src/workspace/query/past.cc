// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/past.h"

#include <algorithm>
#include <utility>

#include "workspace/persons.h"
#include "workspace/recipes/rescore.h"

namespace bellwether {
namespace {

// Where standing starts under a policy: the operator's own set, or the automatic ones of now.
Result<std::vector<AccountId>> teleport_set(Workspace& workspace, const Numbering& numbering,
                                            const Policy& policy) {
  std::vector<std::string> names = policy.teleport;
  if (names.empty()) {
    for (const std::string& network : numbering.networks) {
      BW_ASSIGN(const auto chosen, workspace.registry().teleport_set(network));
      names.insert(names.end(), chosen.begin(), chosen.end());
    }
  }
  std::vector<AccountId> accounts;
  for (const std::string& name : names) {
    const AccountId id = find_account(numbering, name);
    if (id != kNobody) accounts.push_back(id);
  }
  std::sort(accounts.begin(), accounts.end());
  accounts.erase(std::unique(accounts.begin(), accounts.end()), accounts.end());
  return accounts;
}

Result<void> add_standings(Workspace& workspace, const Policy& policy, Past& past) {
  const Instant as_of = past.snapshot.as_of;
  Store& store = workspace.store();
  BW_ASSIGN(const auto numbering, store.ledger_numbering());
  BW_ASSIGN(PersonMap persons, person_map(workspace.registry(), store, *numbering));
  BW_ASSIGN(const auto teleport, teleport_set(workspace, *numbering, policy));
  BW_ASSIGN(Remainder remainder, store.remainder(*numbering));
  std::vector<FoldEntry> entries;
  std::vector<FoldEntry> pairs;  // of any time, one entry each
  BW_TRY(store.scan_ledger([&](std::span<const LedgerEntry> piece) {
    for (const LedgerEntry& e : piece) {
      if (e.counts_as_of(as_of)) entries.push_back(FoldEntry::from(e));
      if (pairs.empty() || pairs.back().receiver != e.receiver || pairs.back().mover != e.mover) {
        pairs.push_back(FoldEntry::from(e));
      }
    }
  }));
  const GraphSnapshot graph(std::move(entries), numbering->account_network, std::move(persons),
                            as_of, workspace.threads(), std::move(remainder));
  const Standing standing(graph, graph.vouches(vouch_options(policy, workspace.threads())),
                          teleport, policy, workspace.threads());
  for (AccountId a = 0; a < graph.accounts(); ++a) {
    if (standing.mass()[a] > 0) past.standings.push_back({a, standing.mass()[a]});
  }
  past.passed_on = standing.passed_on(graph, pairs, workspace.threads());
  return {};
}

Result<void> add_scores(Workspace& workspace, const Policy& policy, Instant as_of,
                        double Restated::*which, std::unordered_map<uint64_t, Restated>& scores) {
  const auto scored = rescore(workspace, policy, as_of);
  if (!scored.ok()) {
    // Nothing that this policy gives credit for had happened by then.
    if (scored.error().code == ErrorCode::kNotFound) return {};
    return scored.error();
  }
  for (const PersonScore& score : scored->scores) {
    const AccountId account = scored->first_account[score.person];
    scores[scored->numbering->account_key[account]].*which = score.value;
  }
  return {};
}

class PastLedger final : public LedgerSource {
 public:
  PastLedger(Store& store, const Past& past) : ledger_(stored_ledger(store)), past_(past) {}
  Result<std::vector<LedgerEntry>> received(std::span<const AccountId> accounts) override {
    return ledger_->received(accounts);
  }
  Result<std::vector<LedgerEntry>> given(std::span<const AccountId> accounts) override {
    return ledger_->given(accounts);
  }
  Result<Remainder> remainder(std::span<const AccountId> accounts) override {
    return ledger_->remainder(accounts);
  }
  Result<std::vector<NetworkId>> networks(std::span<const AccountId> ids) override {
    return ledger_->networks(ids);
  }
  Result<std::vector<StandingRow>> standings(std::span<const AccountId> ids) override {
    std::vector<StandingRow> rows;
    for (const AccountId id : ids) {
      const auto at = std::lower_bound(
          past_.standings.begin(), past_.standings.end(), id,
          [](const StandingRow& row, AccountId account) { return row.account < account; });
      if (at != past_.standings.end() && at->account == id) rows.push_back(*at);
    }
    return rows;
  }
  Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) override {
    std::vector<PassedOn> rows;
    for (const AccountId id : receivers) {
      const auto begin = std::lower_bound(
          past_.passed_on.begin(), past_.passed_on.end(), id,
          [](const PassedOn& row, AccountId account) { return row.receiver < account; });
      for (auto at = begin; at != past_.passed_on.end() && at->receiver == id; ++at) {
        rows.push_back(*at);
      }
    }
    return rows;
  }

 private:
  std::unique_ptr<LedgerSource> ledger_;
  const Past& past_;
};

}  // namespace

Result<Past> look_back(Workspace& workspace, const SnapshotInfo& then, const SnapshotInfo& now,
                       const Policy& policy) {
  Past past;
  past.snapshot = then;
  BW_TRY(add_standings(workspace, policy, past));
  if (then.policy_hash == now.policy_hash) return past;
  past.restated.emplace();
  BW_ASSIGN(const Policy policy_then, parse_policy(then.policy_toml));
  BW_TRY(add_scores(workspace, policy_then, then.as_of, &Restated::then, *past.restated));
  BW_TRY(add_scores(workspace, policy, then.as_of, &Restated::now, *past.restated));
  return past;
}

std::unique_ptr<LedgerSource> past_ledger(Store& store, const Past& past) {
  return std::make_unique<PastLedger>(store, past);
}

}  // namespace bellwether

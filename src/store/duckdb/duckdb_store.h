// SPDX-License-Identifier: Apache-2.0
// The Store over one DuckDB file. Each group of calls has a file of its own: log_reader.cc,
// ledger.cc, snapshots.cc, erasure.cc, check.cc; opening and repair are in duckdb_store.cc.
#pragma once
#include <memory>

#include "store/duckdb/core.h"
#include "store/store.h"

namespace bellwether {

class DuckStore : public Store {
 public:
  explicit DuckStore(std::shared_ptr<StoreCore> core) : core_(std::move(core)) {}

  Result<std::unique_ptr<UnitWriter>> begin_unit() override;
  Result<std::vector<SourceReport>> sources() override;
  Result<std::vector<RejectRow>> rejects(uint32_t unit, uint64_t limit) override;
  Result<std::vector<ClaimRow>> claims() override;
  Result<uint64_t> undo_unit(uint32_t unit) override;

  Result<LogSummary> summary() override;
  Result<std::shared_ptr<const Numbering>> number_accounts() override;
  Result<void> scan_acts(const Numbering& numbering,
                         const std::function<void(std::span<const ResolvedAct>)>& piece) override;
  Result<void> scan_uses(const Numbering& numbering, std::span<const Verb> verbs, UseScope scope,
                         const std::function<void(std::span<const Use>)>& piece) override;
  Result<std::vector<ReshareLink>> reshare_links(const Numbering& numbering) override;
  Result<std::vector<AccountId>> flagged(const Numbering& numbering, AccountFlag flag) override;
  Result<std::vector<AccountEntry>> accounts(const Numbering& numbering,
                                             std::span<const AccountId> ids) override;
  Result<std::vector<AccountEntry>> search_accounts(std::string_view text, uint32_t limit) override;
  Result<std::vector<Receipt>> receipts(std::span<const EventRow> rows) override;
  Result<std::vector<std::vector<std::string>>> topic_sets(
      std::span<const TopicSetId> sets) override;
  Result<void> each_topic(
      const std::function<void(uint32_t number, std::string_view name)>& topic) override;
  Result<void> each_topic_of_sets(
      const std::function<void(TopicSetId set, uint32_t number)>& member) override;

  Result<std::optional<LedgerStamp>> ledger_stamp() override;
  Result<void> replace_ledger(const LedgerStamp& stamp, const Numbering& numbering,
                              std::span<const LedgerEntry> entries,
                              const CreditSummary& summary) override;
  Result<CreditSummary> credit_summary() override;
  Result<std::shared_ptr<const Numbering>> ledger_numbering() override;
  Result<void> scan_ledger(const std::function<void(std::span<const LedgerEntry>)>& piece) override;
  Result<std::vector<LedgerEntry>> ledger_received(std::span<const AccountId> receivers) override;
  Result<std::vector<LedgerEntry>> ledger_given(std::span<const AccountId> movers) override;
  Result<std::optional<AccountEntry>> ledger_account(std::string_view network,
                                                     std::string_view name) override;
  Result<std::vector<AccountId>> ledger_ids(std::span<const std::string> references) override;
  Result<std::optional<AccountEntry>> ledger_account_by_key(uint64_t account_key) override;
  Result<std::vector<std::string>> ledger_network_names() override;
  Result<std::vector<NetworkId>> ledger_networks(std::span<const AccountId> ids) override;
  Result<std::vector<AccountEntry>> ledger_accounts(std::span<const AccountId> ids) override;

  Result<std::vector<OwnAct>> own_acts(std::span<const AccountId> accounts) override;
  Result<std::vector<uint64_t>> objects_of(std::span<const EventRow> rows) override;

  Result<uint32_t> publish(const SnapshotInfo& info, const Numbering& numbering,
                           const PersonMap& persons, std::span<const PersonScore> scores,
                           std::span<const StandingRow> standings,
                           std::span<const PassedOn> passed_on) override;
  Result<std::vector<SnapshotInfo>> snapshots() override;
  Result<std::vector<PersonScore>> scores(uint32_t snapshot) override;
  Result<std::optional<PersonScore>> score_of(uint32_t snapshot, uint64_t person_key) override;
  Result<std::vector<HistoryPoint>> history(uint64_t person_key) override;
  Result<void> keep_grades(std::span<const SnapshotGrade> grades) override;
  Result<std::vector<SnapshotGrade>> grades() override;
  Result<std::vector<StandingRow>> standings(std::span<const AccountId> accounts) override;
  Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) override;

  Result<std::unique_ptr<Erasure>> begin_erasure(const std::vector<std::string>& accounts) override;
  Result<bool> knows(std::string_view network, std::string_view name) override;
  Result<Remainder> remainder(const Numbering& numbering) override;
  Result<Remainder> ledger_remainder(std::span<const AccountId> accounts) override;

  Result<std::vector<std::string>> check() override;

 private:
  friend class DuckErasure;

  // The numbering of the log's present state and the ways between it and the dictionary.
  Result<std::shared_ptr<const NumberedAccounts>> numbered(DuckConnection& connection);
  // The same, if `numbering` speaks of that state; otherwise kInvalidArgument.
  Result<std::shared_ptr<const NumberedAccounts>> numbered_as(const Numbering& numbering,
                                                              DuckConnection& connection);
  Result<std::shared_ptr<const ObjectIndex>> objects(const NumberedAccounts& numbered,
                                                     DuckConnection& connection);
  Result<std::shared_ptr<const Numbering>> ledger_numbers(DuckConnection& connection);
  Result<std::vector<LedgerEntry>> ledger_of(const char* table, const char* column,
                                             std::span<const AccountId> accounts);
  Result<std::vector<AccountEntry>> ledger_entries_of(DuckConnection& connection,
                                                      const std::string& condition);
  // Entries of accounts given by number of the dictionary; ids and networks are left to the caller.
  Result<std::vector<AccountEntry>> entries_of(DuckConnection& connection,
                                               std::span<const uint32_t> dictionary);

  std::shared_ptr<StoreCore> core_;
};

// In the place of those there are; in the ledger's numbers and the order of Store::publish().
Result<void> replace_standings(WriteTransaction& transaction,
                               std::span<const StandingRow> standings,
                               std::span<const PassedOn> passed_on);

// The log's generation as the connection's transaction sees it.
Result<uint64_t> generation_of(DuckConnection& connection);

}  // namespace bellwether

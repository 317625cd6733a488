// SPDX-License-Identifier: Apache-2.0
// The ledger: replaced as a whole, read as a whole or by account.
#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cassert>
#include <tuple>

#include "base/hash.h"
#include "store/duckdb/duckdb_store.h"

namespace bellwether {
namespace {

const std::string kEntryColumns =
    "receiver, mover, published, withdrawn, credit, event_row, topics, network, verb, prompted";

void take_entries(const DuckRows& rows, std::vector<LedgerEntry>& out) {
  const auto* receiver = rows.column<uint32_t>(0);
  const auto* mover = rows.column<uint32_t>(1);
  const auto* published = rows.column<int64_t>(2);
  const auto* withdrawn = rows.column<int64_t>(3);
  const auto* credit = rows.column<int64_t>(4);
  const auto* row = rows.column<uint64_t>(5);
  const auto* topics = rows.column<uint32_t>(6);
  const auto* network = rows.column<uint16_t>(7);
  const auto* verb = rows.column<uint8_t>(8);
  const auto* prompted = rows.column<bool>(9);
  const size_t begin = out.size();
  out.resize(begin + rows.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    LedgerEntry& entry = out[begin + i];
    entry.receiver = receiver[i];
    entry.mover = mover[i];
    entry.published = Instant{published[i]};
    entry.withdrawn = rows.null(3, i) ? Instant::unknown() : Instant{withdrawn[i]};
    entry.credit = credit[i];
    entry.row = row[i];
    entry.topics = topics[i];
    entry.network = network[i];
    entry.verb = static_cast<Verb>(verb[i]);
    entry.prompted = prompted[i];
  }
}

Error unknown_accounts() {
  return {ErrorCode::kCorrupt,
          "the ledger names accounts it does not describe: `bellwether score` rebuilds it"};
}

Error no_ledger() {
  return {ErrorCode::kNotFound, "there is no ledger yet; run `bellwether score` to make one"};
}

// `entry_at` gives the i-th of `count` entries.
template <typename EntryAt>
Result<void> append_entries(WriteTransaction& transaction, const char* table, size_t count,
                            EntryAt&& entry_at) {
  BW_ASSIGN(DuckAppender * rows, transaction.appender(table));
  for (size_t begin = 0; begin < count; begin += DuckAppender::chunk_rows()) {
    const size_t size = std::min(DuckAppender::chunk_rows(), count - begin);
    auto* receiver = rows->column<uint32_t>(0);
    auto* mover = rows->column<uint32_t>(1);
    auto* published = rows->column<int64_t>(2);
    auto* withdrawn = rows->column<int64_t>(3);
    auto* credit = rows->column<int64_t>(4);
    auto* row = rows->column<uint64_t>(5);
    auto* topics = rows->column<uint32_t>(6);
    auto* network = rows->column<uint16_t>(7);
    auto* verb = rows->column<uint8_t>(8);
    auto* prompted = rows->column<bool>(9);
    for (size_t i = 0; i < size; ++i) {
      const LedgerEntry& entry = entry_at(begin + i);
      receiver[i] = entry.receiver;
      mover[i] = entry.mover;
      published[i] = entry.published.ms;
      withdrawn[i] = entry.withdrawn.ms;
      if (!entry.withdrawn.known()) rows->set_null(3, i);
      credit[i] = entry.credit;
      row[i] = entry.row;
      topics[i] = entry.topics;
      network[i] = entry.network;
      verb[i] = static_cast<uint8_t>(entry.verb);
      prompted[i] = entry.prompted;
    }
    BW_TRY(rows->append(size));
  }
  return {};
}

// Places of the entries by mover, each mover's in the order of the ledger.
std::vector<size_t> by_mover(std::span<const LedgerEntry> entries, size_t accounts) {
  std::vector<size_t> next(accounts + 1, 0);
  for (const LedgerEntry& entry : entries) ++next[entry.mover + size_t{1}];
  for (size_t account = 0; account < accounts; ++account) next[account + 1] += next[account];
  std::vector<size_t> places(entries.size());
  for (size_t i = 0; i < entries.size(); ++i) places[next[entries[i].mover]++] = i;
  return places;
}

// The accounts of the ledger before, by their numbers in it: which they have in the new one;
// kNobody: none.
Result<std::vector<AccountId>> new_numbers(DuckConnection& connection, const Numbering& numbering) {
  const std::vector<uint64_t>& keys = numbering.account_key;
  std::vector<AccountId> out;
  auto next = keys.begin();  // both numberings ascend by key
  BW_TRY(each_row(connection.stream("SELECT id, key FROM ledger_accounts ORDER BY id"),
                  [&](const DuckRows& rows, size_t i) {
                    const uint64_t key = rows.column<uint64_t>(1)[i];
                    out.resize(rows.column<uint32_t>(0)[i] + size_t{1}, kNobody);
                    next = std::lower_bound(next, keys.end(), key);
                    if (next == keys.end() || *next != key) return;
                    out.back() = static_cast<AccountId>(next++ - keys.begin());
                  }));
  return out;
}

}  // namespace

Result<std::optional<LedgerStamp>> DuckStore::ledger_stamp() {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::optional<LedgerStamp> out;
  BW_TRY(each_row(connection.rows("SELECT generation, credit_hash, persons_hash FROM ledger_meta"),
                  [&](const DuckRows& rows, size_t i) {
                    out = LedgerStamp{rows.column<uint64_t>(0)[i], rows.column<uint64_t>(1)[i],
                                      rows.column<uint64_t>(2)[i]};
                  }));
  return out;
}

Result<void> DuckStore::replace_ledger(const LedgerStamp& stamp, const Numbering& numbering,
                                       std::span<const LedgerEntry> entries,
                                       const CreditSummary& summary) {
  BW_ASSIGN(const WriteTurn turn, WriteTurn::take(*core_));
  if (stamp.generation != numbering.generation) {
    return Error{ErrorCode::kInvalidArgument,
                 "the ledger's stamp and numbering speak of different generations of the log"};
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    const LedgerEntry& entry = entries[i];
    const bool fits = entry.receiver < numbering.accounts() && entry.mover < numbering.accounts() &&
                      entry.published.known() && entry.network < numbering.networks.size();
    const auto order = [](const LedgerEntry& e) {
      return std::tuple(e.receiver, e.mover, e.published);
    };
    if (!fits || (i > 0 && order(entry) < order(entries[i - 1]))) {
      return Error{
          ErrorCode::kInvalidArgument,
          fmt::format("ledger entry {} is out of range or order; settle the entries first", i)};
    }
  }
  {
    BW_ASSIGN(const auto transaction, WriteTransaction::begin(*core_));
    DuckConnection& connection = transaction->connection();
    BW_ASSIGN(const auto all, numbered_as(numbering, connection));
    // The standings that are kept, which speak in the numbers of the ledger before. Until the next
    // snapshot they are the newest.
    BW_ASSIGN(const std::vector<AccountId> now, new_numbers(connection, numbering));
    BW_ASSIGN(std::vector<StandingRow> kept_standings, standings({}));
    for (StandingRow& row : kept_standings) row.account = now[row.account];
    std::erase_if(kept_standings, [](const StandingRow& row) { return row.account == kNobody; });
    BW_ASSIGN(std::vector<PassedOn> kept_passed_on, passed_on({}));
    for (PassedOn& row : kept_passed_on) row = {now[row.receiver], now[row.mover], row.mass};
    std::erase_if(kept_passed_on, [](const PassedOn& row) {
      return row.receiver == kNobody || row.mover == kNobody;
    });
    for (const char* table : ledger_tables()) BW_TRY(connection.run(create_table(table)));
    // Nobody reads the names of accounts that left the log once the ledger no longer speaks of
    // them.
    BW_TRY(connection.run("DELETE FROM accounts WHERE gone"));

    BW_ASSIGN(DuckAppender * meta, transaction->appender("ledger_meta"));
    meta->put<uint64_t>(stamp.generation);
    meta->put<uint64_t>(stamp.credit_hash);
    meta->put<uint64_t>(stamp.persons_hash);
    meta->put<uint64_t>(summary.acts);
    meta->put<uint64_t>(summary.responses);
    meta->put<uint64_t>(summary.entries);
    meta->put<int64_t>(summary.assigned);
    meta->put<int64_t>(summary.unassigned_self);
    meta->put<int64_t>(summary.unassigned_unknown);
    meta->put<uint64_t>(summary.untimed);
    meta->put<uint64_t>(entries.size());
    meta->put<uint64_t>(core_->meta.commits + 1);
    BW_TRY(meta->end_row());

    BW_ASSIGN(DuckAppender * networks, transaction->appender("ledger_networks"));
    for (size_t i = 0; i < numbering.networks.size(); ++i) {
      networks->put<uint16_t>(static_cast<uint16_t>(i));
      networks->put_text(numbering.networks[i]);
      BW_TRY(networks->end_row());
    }

    BW_ASSIGN(DuckAppender * accounts, transaction->appender("ledger_accounts"));
    for (AccountId i = 0; i < numbering.accounts(); ++i) {
      accounts->put<uint32_t>(i);
      accounts->put<uint64_t>(numbering.account_key[i]);
      accounts->put<uint16_t>(numbering.account_network[i]);
      accounts->put<uint32_t>(all->dictionary[i]);
      BW_TRY(accounts->end_row());
    }
    BW_TRY(replace_standings(*transaction, kept_standings, kept_passed_on));
    BW_TRY(append_entries(*transaction, "ledger", entries.size(),
                          [&](size_t i) -> const LedgerEntry& { return entries[i]; }));
    const std::vector<size_t> given = by_mover(entries, numbering.accounts());
    BW_TRY(append_entries(*transaction, "ledger_given", entries.size(),
                          [&](size_t i) -> const LedgerEntry& { return entries[given[i]]; }));
    BW_TRY(transaction->commit(core_->meta));
  }
  checkpoint(*core_);
  return {};
}

Result<CreditSummary> DuckStore::credit_summary() {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::optional<CreditSummary> out;
  BW_TRY(each_row(connection.rows("SELECT acts, responses, entries, assigned, unassigned_self, "
                                  "unassigned_unknown, untimed FROM ledger_meta"),
                  [&](const DuckRows& rows, size_t i) {
                    out.emplace();
                    out->acts = rows.column<uint64_t>(0)[i];
                    out->responses = rows.column<uint64_t>(1)[i];
                    out->entries = rows.column<uint64_t>(2)[i];
                    out->assigned = rows.column<int64_t>(3)[i];
                    out->unassigned_self = rows.column<int64_t>(4)[i];
                    out->unassigned_unknown = rows.column<int64_t>(5)[i];
                    out->untimed = rows.column<uint64_t>(6)[i];
                  }));
  if (!out) return no_ledger();
  return *out;
}

Result<std::shared_ptr<const Numbering>> DuckStore::ledger_numbering() {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  return ledger_numbers(read.connection());
}

Result<std::shared_ptr<const Numbering>> DuckStore::ledger_numbers(DuckConnection& connection) {
  BW_ASSIGN(const uint64_t serial, connection.number("SELECT max(serial) FROM ledger_meta"));
  if (serial == 0) return no_ledger();
  {
    std::lock_guard lock(core_->caches);
    if (core_->ledger_numbers && core_->ledger_serial == serial) return core_->ledger_numbers;
  }
  auto numbering = std::make_shared<Numbering>();
  BW_ASSIGN(numbering->generation, connection.number("SELECT generation FROM ledger_meta"));
  BW_TRY(each_row(
      connection.rows("SELECT name FROM ledger_networks ORDER BY id"),
      [&](const DuckRows& rows, size_t i) { numbering->networks.emplace_back(rows.text(0, i)); }));
  BW_ASSIGN(const uint64_t accounts, connection.number("SELECT count(*) FROM ledger_accounts"));
  numbering->account_key.resize(accounts);
  numbering->account_network.resize(accounts);
  BW_TRY(each_row(connection.stream("SELECT id, key, network FROM ledger_accounts"),
                  [&](const DuckRows& rows, size_t i) {
                    const uint32_t id = rows.column<uint32_t>(0)[i];
                    if (id >= accounts) return;
                    numbering->account_key[id] = rows.column<uint64_t>(1)[i];
                    numbering->account_network[id] = rows.column<uint16_t>(2)[i];
                  }));
  std::lock_guard lock(core_->caches);
  core_->ledger_numbers = numbering;
  core_->ledger_serial = serial;
  return std::shared_ptr<const Numbering>(numbering);
}

Result<void> DuckStore::scan_ledger(
    const std::function<void(std::span<const LedgerEntry>)>& piece) {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  BW_ASSIGN(DuckRows rows, connection.stream("SELECT " + kEntryColumns + " FROM ledger"));
  std::vector<LedgerEntry> entries;
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    entries.clear();
    take_entries(rows, entries);
    piece(entries);
  }
}

// `table` is sorted by `column`, and its rows are never deleted one by one. A plain scan keeps
// their order; a list of accounts becomes a join, which does not.
Result<std::vector<LedgerEntry>> DuckStore::ledger_of(const char* table, const char* column,
                                                      std::span<const AccountId> accounts) {
  std::vector<AccountId> asked(accounts.begin(), accounts.end());
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  std::vector<LedgerEntry> out;
  if (asked.empty()) return out;
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  const std::string all = "SELECT " + kEntryColumns + " FROM " + table;
  const auto take = [&](const std::string& condition) -> Result<void> {
    BW_ASSIGN(DuckRows rows, read.connection().stream(all + " WHERE " + condition));
    while (true) {
      BW_ASSIGN(const bool more, rows.next());
      if (!more) return {};
      take_entries(rows, out);
    }
  };
  // Ascending questions give their answers in order. An equality skips all row groups but those
  // that hold it.
  constexpr size_t kSingle = 8;
  if (asked.size() <= kSingle) {
    for (const AccountId account : asked) BW_TRY(take(fmt::format("{} = {}", column, account)));
    return out;
  }
  if (asked.size() <= kListsMax * kListMax) {
    for (size_t begin = 0; begin < asked.size(); begin += kListMax) {
      const auto part = std::span(asked).subspan(begin, std::min(kListMax, asked.size() - begin));
      BW_TRY(take(fmt::format("{} BETWEEN {} AND {} AND {} IN ({}) ORDER BY rowid", column,
                              part.front(), part.back(), column, joined(part))));
    }
    return out;
  }
  std::vector<bool> wanted(asked.back() + size_t{1});
  for (const AccountId account : asked) wanted[account] = true;
  BW_ASSIGN(DuckRows rows, read.connection().stream(all));
  const bool by_receiver = std::string_view(column) == "receiver";
  std::vector<LedgerEntry> some;
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return out;
    some.clear();
    take_entries(rows, some);
    for (const LedgerEntry& entry : some) {
      const AccountId account = by_receiver ? entry.receiver : entry.mover;
      if (account < wanted.size() && wanted[account]) out.push_back(entry);
    }
  }
}

Result<std::vector<LedgerEntry>> DuckStore::ledger_received(std::span<const AccountId> receivers) {
  return ledger_of("ledger", "receiver", receivers);
}

Result<std::vector<LedgerEntry>> DuckStore::ledger_given(std::span<const AccountId> movers) {
  BW_ASSIGN(std::vector<LedgerEntry> entries, ledger_of("ledger_given", "mover", movers));
  // Of one receiver and mover the entries are in order already.
  std::stable_sort(entries.begin(), entries.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
    return std::tie(a.receiver, a.mover) < std::tie(b.receiver, b.mover);
  });
  return entries;
}

Result<std::vector<AccountEntry>> DuckStore::ledger_entries_of(DuckConnection& connection,
                                                               const std::string& condition) {
  std::vector<AccountEntry> ids;
  std::vector<uint32_t> dictionary;
  BW_TRY(
      each_row(connection.stream("SELECT id, network, account FROM ledger_accounts " + condition),
               [&](const DuckRows& rows, size_t i) {
                 AccountEntry entry;
                 entry.id = rows.column<uint32_t>(0)[i];
                 entry.network_id = rows.column<uint16_t>(1)[i];
                 ids.push_back(std::move(entry));
                 dictionary.push_back(rows.column<uint32_t>(2)[i]);
               }));
  BW_ASSIGN(std::vector<AccountEntry> out, entries_of(connection, dictionary));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].id = ids[i].id;
    out[i].network_id = ids[i].network_id;
  }
  return out;
}

Result<std::optional<AccountEntry>> DuckStore::ledger_account(std::string_view network,
                                                              std::string_view name) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  const uint64_t key = hash64(fmt::format("{}:{}", network, name));
  BW_ASSIGN(const std::vector<AccountEntry> found,
            ledger_entries_of(read.connection(), fmt::format("WHERE key = {}", key)));
  for (const AccountEntry& entry : found) {
    if (entry.network == network && entry.name == name) return std::optional(entry);
  }
  return std::optional<AccountEntry>();
}

Result<std::vector<AccountId>> DuckStore::ledger_ids(std::span<const std::string> references) {
  std::vector<uint64_t> keys;
  for (const std::string& reference : references) keys.push_back(hash64(reference));
  std::sort(keys.begin(), keys.end());
  keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  boost::unordered_flat_map<std::string, AccountId> found;
  for (size_t begin = 0; begin < keys.size(); begin += kListMax) {
    const auto part = std::span(keys).subspan(begin, std::min(kListMax, keys.size() - begin));
    BW_ASSIGN(const std::vector<AccountEntry> entries,
              ledger_entries_of(read.connection(), fmt::format("WHERE key IN ({})", joined(part))));
    for (const AccountEntry& entry : entries) found.insert_or_assign(entry.ref(), entry.id);
  }
  std::vector<AccountId> ids;
  for (const std::string& reference : references) {
    const auto at = found.find(reference);
    ids.push_back(at == found.end() ? kNobody : at->second);
  }
  return ids;
}

Result<std::optional<AccountEntry>> DuckStore::ledger_account_by_key(uint64_t account_key) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  BW_ASSIGN(const std::vector<AccountEntry> found,
            ledger_entries_of(read.connection(),
                              fmt::format("WHERE key = {} ORDER BY id LIMIT 1", account_key)));
  return found.empty() ? std::optional<AccountEntry>() : std::optional(found.front());
}

Result<std::vector<std::string>> DuckStore::ledger_network_names() {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  std::vector<std::string> names;
  BW_TRY(each_row(read.connection().stream("SELECT name FROM ledger_networks ORDER BY id"),
                  [&](const DuckRows& rows, size_t i) { names.emplace_back(rows.text(0, i)); }));
  return names;
}

Result<std::vector<NetworkId>> DuckStore::ledger_networks(std::span<const AccountId> ids) {
  std::vector<NetworkId> networks;
  if (ids.empty()) return networks;
  assert(std::is_sorted(ids.begin(), ids.end()));
  networks.reserve(ids.size());
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  BW_ASSIGN(const uint64_t networks_there,
            read.connection().number("SELECT count(*) FROM ledger_networks"));
  if (networks_there == 1) {
    BW_ASSIGN(const uint64_t accounts,
              read.connection().number("SELECT count(*) FROM ledger_accounts"));
    if (ids.back() < accounts) networks.assign(ids.size(), 0);
    return networks.empty() ? Result<std::vector<NetworkId>>(unknown_accounts()) : networks;
  }
  // Two narrow columns in order are read faster than a list of ids is looked up.
  const std::string query =
      fmt::format("SELECT id, network FROM ledger_accounts WHERE id BETWEEN {} AND {} ORDER BY id",
                  ids.front(), ids.back());
  BW_TRY(each_row(read.connection().stream(query), [&](const DuckRows& rows, size_t i) {
    if (networks.size() < ids.size() && rows.column<uint32_t>(0)[i] == ids[networks.size()]) {
      networks.push_back(rows.column<uint16_t>(1)[i]);
    }
  }));
  if (networks.size() < ids.size()) return unknown_accounts();
  return networks;
}

Result<std::vector<AccountEntry>> DuckStore::ledger_accounts(std::span<const AccountId> ids) {
  std::vector<AccountId> asked(ids.begin(), ids.end());
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  boost::unordered_flat_map<AccountId, AccountEntry> found;
  const bool all = asked.size() > kListsMax * kListMax;
  for (size_t begin = 0; begin < asked.size(); begin += kListMax) {
    const auto part = std::span(asked).subspan(begin, std::min(kListMax, asked.size() - begin));
    BW_ASSIGN(
        std::vector<AccountEntry> entries,
        ledger_entries_of(read.connection(),
                          all ? std::string() : fmt::format("WHERE id IN ({})", joined(part))));
    for (AccountEntry& entry : entries) found.insert_or_assign(entry.id, std::move(entry));
    if (all) break;
  }
  std::vector<AccountEntry> out;
  out.reserve(ids.size());
  for (const AccountId id : ids) {
    if (const auto at = found.find(id); at != found.end()) out.push_back(at->second);
  }
  return out;
}

}  // namespace bellwether

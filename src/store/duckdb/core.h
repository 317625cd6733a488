// SPDX-License-Identifier: Apache-2.0
// What the parts of an open store share: the database, its lock and mark, the right to write,
// caches.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "store/duckdb/engine.h"
#include "store/duckdb/folder.h"
#include "store/duckdb/schema.h"
#include "store/key_table.h"
#include "store/store.h"

namespace bellwether {

class LogIndex;

// A numbering, and the way from the dictionary's numbers to it.
struct NumberedAccounts {
  std::shared_ptr<const Numbering> numbering;
  std::vector<AccountId> by_dictionary;  // AccountId of a dictionary number; kNobody: none
  std::vector<uint32_t> dictionary;      // the reverse
};

// Whose object each object is and what it is about, as far as the log says; the rules are in
// docs/formats/workspace.md.
struct ObjectIndex {
  uint64_t generation = 0;
  LeastMap authors;  // by object key: rank << 32 | AccountId
  LeastMap topics;   // likewise, of objects acted on: rank << 32 | TopicSetId
};

struct StoreCore {
  StoreCore(std::string folder_name, const StoreOptions& store_options, StoreLock held,
            CommitMark commit_mark, DuckDatabase opened);
  ~StoreCore();

  const std::string folder;
  const StoreOptions options;
  StoreLock lock;
  CommitMark mark;
  DuckDatabase database;  // closed before the lock is dropped

  std::atomic<bool> writing = false;
  // The next two belong to whoever is writing.
  StoreMeta meta;
  std::unique_ptr<LogIndex> index;  // null: to be read from the log

  std::mutex caches;
  std::shared_ptr<const NumberedAccounts> numbered;  // of the newest generation asked for
  std::shared_ptr<const ObjectIndex> objects;
  std::shared_ptr<const Numbering> ledger_numbers;
  uint64_t ledger_serial = 0;  // of the ledger that ledger_numbers speaks of
};

// The right to write, for as long as it lives.
class WriteTurn {
 public:
  // kBusy: another thread of this process is writing.
  static Result<WriteTurn> take(StoreCore& core);
  WriteTurn(WriteTurn&& other) noexcept : core_(std::exchange(other.core_, nullptr)) {}
  WriteTurn& operator=(WriteTurn&&) = delete;
  ~WriteTurn();

 private:
  explicit WriteTurn(StoreCore& core) : core_(&core) {}
  StoreCore* core_;
};

// One transaction that writes. Destroyed without commit, nothing of it stays.
class WriteTransaction {
 public:
  static Result<std::unique_ptr<WriteTransaction>> begin(StoreCore& core);
  ~WriteTransaction();
  WriteTransaction(const WriteTransaction&) = delete;
  WriteTransaction& operator=(const WriteTransaction&) = delete;

  DuckConnection& connection() { return connection_; }
  // The appender of a table, made at first use.
  Result<DuckAppender*> appender(const char* table);
  // Hands over the rows of all appenders, so that statements see them.
  Result<void> flush();
  // Makes all of it durable together with `meta`, whose `commits` it counts up itself.
  // On an error nothing is kept.
  Result<void> commit(StoreMeta meta);

 private:
  WriteTransaction(StoreCore& core, DuckConnection connection)
      : core_(core), connection_(std::move(connection)) {}

  StoreCore& core_;
  DuckConnection connection_;
  std::vector<std::pair<const char*, std::unique_ptr<DuckAppender>>> appenders_;
  bool open_ = true;
};

// Several reads that see one state.
class ReadTransaction {
 public:
  static Result<ReadTransaction> begin(const StoreCore& core);
  ReadTransaction(ReadTransaction&& other) noexcept
      : connection_(std::move(other.connection_)), open_(std::exchange(other.open_, false)) {}
  ReadTransaction& operator=(ReadTransaction&&) = delete;
  ~ReadTransaction();

  DuckConnection& connection() { return connection_; }

 private:
  explicit ReadTransaction(DuckConnection connection) : connection_(std::move(connection)) {}
  DuckConnection connection_;
  bool open_ = true;
};

// Writes what the log holds into the database file and gives space back. Failing is no harm: a
// later one, or closing, does it.
void checkpoint(StoreCore& core);

// A nullable column of milliseconds.
inline Instant instant_at(const DuckRows& rows, size_t column, size_t row) {
  return rows.null(column, row) ? Instant::unknown() : Instant{rows.column<int64_t>(column)[row]};
}
inline void put_instant(DuckAppender& appender, Instant instant) {
  if (instant.known()) {
    appender.put<int64_t>(instant.ms);
  } else {
    appender.put_null();
  }
}

// Members of one IN list; longer questions are asked in parts, very long ones by a full scan.
inline constexpr size_t kListMax = 1000;
inline constexpr size_t kListsMax = 2;

// "1,2,3" for an IN list.
template <typename Numbers>
std::string joined(const Numbers& numbers) {
  std::string out;
  for (const auto number : numbers) {
    if (!out.empty()) out += ',';
    out += std::to_string(number);
  }
  return out;
}

// `select` with the rows whose `column`, sorted in its table, is one of `numbers`. An equality
// skips all row groups but the one that holds it, where a list of numbers far apart skips none; so
// a few are asked for one by one.
template <typename Numbers>
std::string select_where(const std::string& select, const std::string& column,
                         const Numbers& numbers) {
  constexpr size_t kSingly = 40;
  if (numbers.size() > kSingly || numbers.empty()) {
    return select + " WHERE " + column + " IN (" + joined(numbers) + ")";
  }
  std::string out;
  for (const auto number : numbers) {
    if (!out.empty()) out += " UNION ALL ";
    out += select + " WHERE " + column + " = " + std::to_string(number);
  }
  return out;
}

}  // namespace bellwether

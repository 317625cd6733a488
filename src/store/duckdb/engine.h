// SPDX-License-Identifier: Apache-2.0
// DuckDB's C interface with owners: a database, its connections, statements, results, appenders.
//
// Everything large goes in and out by whole column chunks. A thin layer on purpose: it knows
// neither tables nor events. Objects are moved, not copied; none outlives its DuckDatabase. A
// connection, and what was made from it, is used by one thread at a time; several connections may
// be used at once.
#pragma once
#include <duckdb.h>

#include <cassert>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bellwether {

struct DuckConfig {
  unsigned threads = 2;
  uint64_t memory_bytes_max = 4ULL << 30;
  uint64_t checkpoint_bytes = 256ULL << 20;  // write-ahead log beyond which a commit checkpoints
};

// What DuckDB said, put into our codes: kCorrupt for failed checksums and unreadable files, kBusy
// for a lock, kUnsupported for a newer file, kLimit for memory, else kIo. `file` is named in the
// message.
Error duck_error(duckdb_error_type type, std::string_view message, const std::string& file);

// One result, read chunk by chunk.
class DuckRows {
 public:
  DuckRows(DuckRows&& other) noexcept { *this = std::move(other); }
  DuckRows& operator=(DuckRows&& other) noexcept;
  DuckRows(const DuckRows&) = delete;
  DuckRows& operator=(const DuckRows&) = delete;
  ~DuckRows();

  // Goes on to the next chunk; false: there is none. What was borrowed from the last one dies.
  Result<bool> next();
  size_t size() const { return size_; }
  template <typename T>
  const T* column(size_t i) const {
    return static_cast<const T*>(duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, i)));
  }
  bool null(size_t i, size_t row) const {
    uint64_t* mask = duckdb_vector_get_validity(duckdb_data_chunk_get_vector(chunk_, i));
    return mask != nullptr && !duckdb_validity_row_is_valid(mask, row);
  }
  std::string_view text(size_t i, size_t row) const;
  // Rows that an INSERT, UPDATE or DELETE changed.
  uint64_t changed();

 private:
  friend class DuckStatement;
  friend class DuckAppender;
  DuckRows() = default;

  duckdb_result result_{};
  bool has_result_ = false;
  duckdb_data_chunk chunk_ = nullptr;
  size_t size_ = 0;
  duckdb_prepared_statement statement_ = nullptr;  // kept while a stream may still need it
  const std::string* file_ = nullptr;
};

// Calls `row(rows, i)` for every row of a result.
template <typename Row>
Result<void> each_row(Result<DuckRows> result, Row row) {
  if (!result.ok()) return result.error();
  DuckRows rows = std::move(result).value();
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) row(rows, i);
  }
}

// Parameters count from 1.
class DuckStatement {
 public:
  DuckStatement(DuckStatement&& other) noexcept
      : statement_(std::exchange(other.statement_, nullptr)), file_(other.file_) {}
  DuckStatement& operator=(DuckStatement&&) = delete;
  ~DuckStatement();

  DuckStatement& bind(uint64_t parameter, uint64_t value);
  DuckStatement& bind(uint64_t parameter, std::string_view value);

  // Runs it and gives up the statement to the result. Streaming reads as it goes, so that a large
  // result takes no memory; a materialised one is complete before it is handed out.
  Result<DuckRows> stream() &&;
  Result<DuckRows> rows() &&;

 private:
  friend class DuckConnection;
  DuckStatement(duckdb_prepared_statement statement, const std::string* file)
      : statement_(statement), file_(file) {}
  Result<DuckRows> execute(bool streaming);

  duckdb_prepared_statement statement_ = nullptr;
  const std::string* file_;
};

// Who uses a database at this moment, so that its file can be exchanged when nobody does.
struct DuckDoor {
  std::string file;
  DuckConfig config;
  std::mutex mutex;
  std::condition_variable left;
  duckdb_database database = nullptr;  // null: an exchange failed, and it could not be opened again
  size_t connections = 0;
};

class DuckConnection {
 public:
  DuckConnection(DuckConnection&& other) noexcept
      : connection_(std::exchange(other.connection_, nullptr)), door_(other.door_) {}
  DuckConnection& operator=(DuckConnection&&) = delete;
  ~DuckConnection();

  // One statement, result thrown away.
  Result<void> run(const std::string& sql);
  Result<DuckStatement> prepare(const std::string& sql);
  Result<DuckRows> rows(const std::string& sql);
  Result<DuckRows> stream(const std::string& sql);
  // The first column of the first row; `fallback` where there is no row or it is null.
  Result<uint64_t> number(const std::string& sql, uint64_t fallback = 0);
  const std::string& file() const { return door_->file; }

 private:
  friend class DuckDatabase;
  friend class DuckAppender;
  DuckConnection(duckdb_connection connection, DuckDoor* door)
      : connection_(connection), door_(door) {}

  duckdb_connection connection_ = nullptr;
  DuckDoor* door_;
};

class DuckDatabase {
 public:
  static Result<DuckDatabase> open(const std::string& file, const DuckConfig& config);
  DuckDatabase(DuckDatabase&& other) noexcept = default;
  DuckDatabase& operator=(DuckDatabase&&) = delete;
  ~DuckDatabase();

  Result<DuckConnection> connect() const;

  // Waits until no connection is left, closes the database, lets `exchange` change its files, and
  // opens it again; whoever connects meanwhile waits. The caller holds no connection.
  // kBusy: connections were in use all of a minute; nothing was done. Otherwise what `exchange` or
  // the opening says; where the latter fails every later connect() fails too.
  Result<void> exchange(const std::function<Result<void>()>& exchange);

 private:
  explicit DuckDatabase(std::unique_ptr<DuckDoor> door) : door_(std::move(door)) {}

  std::unique_ptr<DuckDoor> door_;  // connections point to it
};

// Appends rows to one table, within the connection's transaction. Either row by row with put(), or
// column by column with column() and append(); not both in one chunk.
// Destroying it hands over rows too, so it must go before its transaction is rolled back.
class DuckAppender {
 public:
  static Result<DuckAppender> create(DuckConnection& connection, const char* table);
  DuckAppender(DuckAppender&& other) noexcept;
  DuckAppender& operator=(DuckAppender&&) = delete;
  ~DuckAppender();

  // Values of one row, in the table's order; T is exactly as wide as the column.
  template <typename T>
  void put(T value) {
    assert(sizeof(T) == width_[at_]);
    static_cast<T*>(data_[at_++])[rows_] = value;
  }
  void put_text(std::string_view value);
  void put_null();
  Result<void> end_row();

  // The column's values of the chunk at hand, room for chunk_rows() of them; valid until append().
  template <typename T>
  T* column(size_t i) {
    assert(sizeof(T) == width_[i]);
    return static_cast<T*>(data_[i]);
  }
  void set_null(size_t i, size_t row);
  static size_t chunk_rows();
  // Hands the first `rows` rows of the chunk at hand to the table.
  Result<void> append(size_t rows);
  // Hands over the rows that a result is at, column by column; the types are the table's.
  Result<void> append(const DuckRows& rows);

  // Hands over what is left, and says whether that went well. Needed before the commit.
  Result<void> finish();

 private:
  DuckAppender() = default;
  void refresh();
  Result<void> fail();

  duckdb_appender appender_ = nullptr;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<size_t> width_;
  std::vector<void*> data_;
  size_t at_ = 0;
  size_t rows_ = 0;
  const std::string* file_ = nullptr;
};

// `text` with every byte that is not well-formed UTF-8, and every control character, replaced by
// U+FFFD: the engine takes nothing else as text.
std::string clean_utf8(std::string_view text);

}  // namespace bellwether

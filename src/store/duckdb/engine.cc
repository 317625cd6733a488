// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/engine.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <chrono>
#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace bellwether {
namespace {

// DuckDB hands the same memory to one thread after another, in an order that its own locks keep.
// The thread sanitizer does not see into it, so it is told where memory goes in and comes out.
#ifdef __SANITIZE_THREAD__
char duckdb_memory;
void memory_goes_in() { __tsan_release(&duckdb_memory); }
void memory_comes_out() { __tsan_acquire(&duckdb_memory); }
#else
void memory_goes_in() {}
void memory_comes_out() {}
#endif

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// The process that DuckDB names: "... is held in /usr/bin/duckdb (PID 123)".
std::string lock_holder(std::string_view message) {
  constexpr std::string_view kBefore = "lock is held in ";
  const size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return "another process";
  std::string_view rest = message.substr(at + kBefore.size());
  return std::string(
      rest.substr(0, rest.find(')') == std::string_view::npos ? rest.size() : rest.find(')') + 1));
}

bool says_corrupt(duckdb_error_type type, std::string_view message) {
  for (const std::string_view sign :
       {"orrupt", "checksum", "not a valid DuckDB database file", "Could not read enough bytes",
        "Failed to deserialize", "Failure while replaying WAL"}) {
    if (contains(message, sign)) return true;
  }
  return type == DUCKDB_ERROR_SERIALIZATION || type == DUCKDB_ERROR_INTERNAL;
}

}  // namespace

Error duck_error(duckdb_error_type type, std::string_view message, const std::string& file) {
  if (contains(message, "Could not set lock")) {
    return {ErrorCode::kBusy,
            fmt::format("{} is open in {}; end that process, or let it do the work", file,
                        lock_holder(message))};
  }
  if (contains(message, "version number") || contains(message, "newer version")) {
    return {ErrorCode::kUnsupported,
            fmt::format("{} was written by another version of DuckDB: {}", file, message)};
  }
  if (says_corrupt(type, message)) {
    return {
        ErrorCode::kCorrupt,
        fmt::format("{} is damaged ({}); run `bellwether check --repair`, restore the folder from "
                    "a copy, or ingest the sources again into a new one",
                    file, message)};
  }
  if (type == DUCKDB_ERROR_OUT_OF_MEMORY || contains(message, "Out of Memory")) {
    return {ErrorCode::kLimit,
            fmt::format("the store's memory limit was reached; allow it more ({})", message)};
  }
  if (contains(message, "has been invalidated")) {
    return {ErrorCode::kIo,
            fmt::format("the store stopped after an earlier failure to write {}; mend "
                        "the cause and open it again ({})",
                        file, message)};
  }
  return {ErrorCode::kIo, fmt::format("{}: {}", file, message)};
}

// ---- rows ---------------------------------------------------------------------------------------

DuckRows& DuckRows::operator=(DuckRows&& other) noexcept {
  std::swap(result_, other.result_);
  std::swap(has_result_, other.has_result_);
  std::swap(chunk_, other.chunk_);
  std::swap(size_, other.size_);
  std::swap(statement_, other.statement_);
  std::swap(file_, other.file_);
  return *this;
}

DuckRows::~DuckRows() {
  memory_goes_in();
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  if (has_result_) duckdb_destroy_result(&result_);
  if (statement_ != nullptr) duckdb_destroy_prepare(&statement_);
}

Result<bool> DuckRows::next() {
  memory_goes_in();
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  size_ = 0;
  chunk_ = duckdb_fetch_chunk(result_);
  memory_comes_out();
  if (chunk_ == nullptr) {
    // A stream that fails ends like one that is done; only its error tells them apart.
    const char* message = duckdb_result_error(&result_);
    if (message != nullptr && *message != '\0') {
      return duck_error(duckdb_result_error_type(&result_), message, *file_);
    }
    return false;
  }
  size_ = duckdb_data_chunk_get_size(chunk_);
  return size_ > 0;
}

std::string_view DuckRows::text(size_t i, size_t row) const {
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
  auto* strings = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
  return {duckdb_string_t_data(&strings[row]), duckdb_string_t_length(strings[row])};
}

uint64_t DuckRows::changed() { return duckdb_rows_changed(&result_); }

// ---- statements ---------------------------------------------------------------------------------

DuckStatement::~DuckStatement() {
  if (statement_ != nullptr) duckdb_destroy_prepare(&statement_);
}

DuckStatement& DuckStatement::bind(uint64_t parameter, uint64_t value) {
  duckdb_bind_uint64(statement_, parameter, value);
  return *this;
}

DuckStatement& DuckStatement::bind(uint64_t parameter, std::string_view value) {
  duckdb_bind_varchar_length(statement_, parameter, value.data(), value.size());
  return *this;
}

Result<DuckRows> DuckStatement::execute(bool streaming) {
  DuckRows rows;
  rows.file_ = file_;
  rows.statement_ = std::exchange(statement_, nullptr);
  duckdb_pending_result pending = nullptr;
  const duckdb_state prepared = streaming
                                    ? duckdb_pending_prepared_streaming(rows.statement_, &pending)
                                    : duckdb_pending_prepared(rows.statement_, &pending);
  if (prepared != DuckDBSuccess) {
    const char* message = duckdb_pending_error(pending);
    Error error =
        duck_error(DUCKDB_ERROR_INVALID, message == nullptr ? "query failed" : message, *file_);
    duckdb_destroy_pending(&pending);
    return error;
  }
  const duckdb_state done = duckdb_execute_pending(pending, &rows.result_);
  rows.has_result_ = true;
  duckdb_destroy_pending(&pending);
  if (done != DuckDBSuccess) {
    const char* message = duckdb_result_error(&rows.result_);
    return duck_error(duckdb_result_error_type(&rows.result_),
                      message == nullptr ? "query failed" : message, *file_);
  }
  return rows;
}

Result<DuckRows> DuckStatement::stream() && { return execute(true); }
Result<DuckRows> DuckStatement::rows() && { return execute(false); }

// ---- connections --------------------------------------------------------------------------------

DuckConnection::~DuckConnection() {
  if (connection_ == nullptr) return;
  duckdb_disconnect(&connection_);
  {
    const std::lock_guard lock(door_->mutex);
    --door_->connections;
  }
  door_->left.notify_all();
}

Result<void> DuckConnection::run(const std::string& sql) {
  duckdb_result result{};
  const duckdb_state state = duckdb_query(connection_, sql.c_str(), &result);
  if (state == DuckDBSuccess) {
    duckdb_destroy_result(&result);
    return {};
  }
  const char* message = duckdb_result_error(&result);
  Error error = duck_error(duckdb_result_error_type(&result),
                           message == nullptr ? "statement failed" : message, door_->file);
  duckdb_destroy_result(&result);
  return error;
}

Result<DuckStatement> DuckConnection::prepare(const std::string& sql) {
  duckdb_prepared_statement statement = nullptr;
  if (duckdb_prepare(connection_, sql.c_str(), &statement) == DuckDBSuccess) {
    return DuckStatement(statement, &door_->file);
  }
  const char* message = duckdb_prepare_error(statement);
  Error error = duck_error(DUCKDB_ERROR_INVALID, message == nullptr ? "statement failed" : message,
                           door_->file);
  duckdb_destroy_prepare(&statement);
  return error;
}

Result<DuckRows> DuckConnection::rows(const std::string& sql) {
  BW_ASSIGN(DuckStatement statement, prepare(sql));
  return std::move(statement).rows();
}

Result<DuckRows> DuckConnection::stream(const std::string& sql) {
  BW_ASSIGN(DuckStatement statement, prepare(sql));
  return std::move(statement).stream();
}

Result<uint64_t> DuckConnection::number(const std::string& sql, uint64_t fallback) {
  BW_ASSIGN(DuckRows result, rows("SELECT CAST((" + sql + ") AS UBIGINT)"));
  BW_ASSIGN(const bool any, result.next());
  if (!any || result.null(0, 0)) return fallback;
  return result.column<uint64_t>(0)[0];
}

// ---- database -----------------------------------------------------------------------------------

namespace {

Result<duckdb_database> open_database(const std::string& file, const DuckConfig& config) {
  duckdb_config options = nullptr;
  if (duckdb_create_config(&options) != DuckDBSuccess) {
    return Error{ErrorCode::kIo, "DuckDB could not be configured"};
  }
  const std::array<std::pair<const char*, std::string>, 7> settings{{
      {"threads", std::to_string(config.threads)},
      {"memory_limit", std::to_string(config.memory_bytes_max) + "B"},
      {"checkpoint_threshold", std::to_string(config.checkpoint_bytes) + "B"},
      {"autoinstall_known_extensions", "false"},
      {"autoload_known_extensions", "false"},
      // A store reads and writes its own file only, whatever a string in it may say.
      {"enable_external_access", "false"},
      {"allow_community_extensions", "false"},
  }};
  for (const auto& [name, value] : settings) {
    if (duckdb_set_config(options, name, value.c_str()) != DuckDBSuccess) {
      duckdb_destroy_config(&options);
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("DuckDB does not take {} = {}", name, value)};
    }
  }
  duckdb_database database = nullptr;
  char* message = nullptr;
  const duckdb_state state = duckdb_open_ext(file.c_str(), &database, options, &message);
  duckdb_destroy_config(&options);
  if (state != DuckDBSuccess) {
    Error error = duck_error(DUCKDB_ERROR_IO, message == nullptr ? "cannot open" : message, file);
    if (message != nullptr) duckdb_free(message);
    return error;
  }
  return database;
}

}  // namespace

Result<DuckDatabase> DuckDatabase::open(const std::string& file, const DuckConfig& config) {
  auto door = std::make_unique<DuckDoor>();
  door->file = file;
  door->config = config;
  BW_ASSIGN(door->database, open_database(file, config));
  return DuckDatabase(std::move(door));
}

DuckDatabase::~DuckDatabase() {
  if (door_ != nullptr && door_->database != nullptr) duckdb_close(&door_->database);
}

Result<DuckConnection> DuckDatabase::connect() const {
  const std::lock_guard lock(door_->mutex);
  duckdb_connection connection = nullptr;
  if (door_->database == nullptr || duckdb_connect(door_->database, &connection) != DuckDBSuccess) {
    return Error{ErrorCode::kIo, fmt::format("{}: cannot connect", door_->file)};
  }
  ++door_->connections;
  return DuckConnection(connection, door_.get());
}

Result<void> DuckDatabase::exchange(const std::function<Result<void>()>& exchange) {
  std::unique_lock lock(door_->mutex);
  if (!door_->left.wait_for(lock, std::chrono::minutes(1),
                            [&] { return door_->connections == 0; })) {
    return Error{
        ErrorCode::kBusy,
        fmt::format("{} is being read all the time; try again when it is quieter", door_->file)};
  }
  duckdb_close(&door_->database);
  door_->database = nullptr;
  Result<void> exchanged = exchange();
  BW_ASSIGN(door_->database, open_database(door_->file, door_->config));
  return exchanged;
}

// ---- appender -----------------------------------------------------------------------------------

namespace {

// Bytes per value in a vector; 0 for types that the store does not use.
size_t width_of(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
    case DUCKDB_TYPE_UTINYINT:
      return 1;
    case DUCKDB_TYPE_USMALLINT:
      return 2;
    case DUCKDB_TYPE_UINTEGER:
    case DUCKDB_TYPE_FLOAT:
      return 4;
    case DUCKDB_TYPE_UBIGINT:
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_DOUBLE:
      return 8;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB:
      return sizeof(duckdb_string_t);
    default:
      return 0;
  }
}

}  // namespace

Result<DuckAppender> DuckAppender::create(DuckConnection& connection, const char* table) {
  DuckAppender made;
  made.file_ = &connection.door_->file;
  const duckdb_state state =
      duckdb_appender_create(connection.connection_, nullptr, table, &made.appender_);
  if (state != DuckDBSuccess) return made.fail().error();
  std::vector<duckdb_logical_type> types;
  for (idx_t i = 0; i < duckdb_appender_column_count(made.appender_); ++i) {
    types.push_back(duckdb_appender_column_type(made.appender_, i));
    made.width_.push_back(width_of(duckdb_get_type_id(types.back())));
    assert(made.width_.back() > 0);
  }
  made.chunk_ = duckdb_create_data_chunk(types.data(), types.size());
  for (duckdb_logical_type& type : types) duckdb_destroy_logical_type(&type);
  made.refresh();
  return made;
}

DuckAppender::DuckAppender(DuckAppender&& other) noexcept
    : appender_(std::exchange(other.appender_, nullptr)),
      chunk_(std::exchange(other.chunk_, nullptr)),
      width_(std::move(other.width_)),
      data_(std::move(other.data_)),
      at_(other.at_),
      rows_(other.rows_),
      file_(other.file_) {}

DuckAppender::~DuckAppender() {
  memory_goes_in();
  if (chunk_ != nullptr) duckdb_destroy_data_chunk(&chunk_);
  if (appender_ != nullptr) duckdb_appender_destroy(&appender_);
}

void DuckAppender::refresh() {
  memory_comes_out();
  duckdb_data_chunk_reset(chunk_);
  data_.resize(width_.size());
  for (size_t i = 0; i < width_.size(); ++i) {
    data_[i] = duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk_, i));
  }
  at_ = 0;
  rows_ = 0;
}

Result<void> DuckAppender::fail() {
  duckdb_error_data data = appender_ == nullptr ? nullptr : duckdb_appender_error_data(appender_);
  if (data == nullptr) return Error{ErrorCode::kIo, fmt::format("{}: cannot append", *file_)};
  const char* message = duckdb_error_data_message(data);
  Error error = duck_error(duckdb_error_data_error_type(data),
                           message == nullptr ? "cannot append" : message, *file_);
  duckdb_destroy_error_data(&data);
  return error;
}

void DuckAppender::put_text(std::string_view value) {
  assert(width_[at_] == sizeof(duckdb_string_t));
  duckdb_vector_assign_string_element_len(duckdb_data_chunk_get_vector(chunk_, at_++), rows_,
                                          value.data(), value.size());
}

void DuckAppender::put_null() { set_null(at_++, rows_); }

void DuckAppender::set_null(size_t i, size_t row) {
  duckdb_vector vector = duckdb_data_chunk_get_vector(chunk_, i);
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

Result<void> DuckAppender::end_row() {
  assert(at_ == width_.size());
  at_ = 0;
  if (++rows_ < chunk_rows()) return {};
  return append(rows_);
}

size_t DuckAppender::chunk_rows() { return duckdb_vector_size(); }

Result<void> DuckAppender::append(size_t rows) {
  duckdb_data_chunk_set_size(chunk_, rows);
  memory_goes_in();
  if (duckdb_append_data_chunk(appender_, chunk_) != DuckDBSuccess) return fail();
  refresh();
  return {};
}

Result<void> DuckAppender::append(const DuckRows& rows) {
  assert(at_ == 0 && rows_ == 0);
  memory_goes_in();
  if (duckdb_append_data_chunk(appender_, rows.chunk_) != DuckDBSuccess) return fail();
  return {};
}

Result<void> DuckAppender::finish() {
  assert(at_ == 0);
  if (rows_ > 0) BW_TRY(append(rows_));
  if (duckdb_appender_flush(appender_) != DuckDBSuccess) return fail();
  return {};
}

std::string clean_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  const auto byte = [&](size_t i) { return static_cast<uint8_t>(text[i]); };
  for (size_t i = 0; i < text.size();) {
    const uint8_t first = byte(i);
    size_t length = 0;
    uint32_t least = 0;
    uint32_t c = 0;
    if (first < 0x80) {
      length = 1, c = first;
    } else if (first >= 0xC2 && first < 0xE0) {
      length = 2, c = first & 0x1Fu, least = 0x80;
    } else if (first >= 0xE0 && first < 0xF0) {
      length = 3, c = first & 0x0Fu, least = 0x800;
    } else if (first >= 0xF0 && first < 0xF5) {
      length = 4, c = first & 0x07u, least = 0x10000;
    }
    bool good = length > 0 && i + length <= text.size();
    for (size_t k = 1; good && k < length; ++k) {
      good = (byte(i + k) & 0xC0) == 0x80;
      c = (c << 6) | (byte(i + k) & 0x3Fu);
    }
    good =
        good && c >= least && c <= 0x10FFFF && (c < 0xD800 || c > 0xDFFF) && c >= 0x20 && c != 0x7F;
    if (good) {
      out.append(text.substr(i, length));
      i += length;
    } else {
      out += "\xEF\xBF\xBD";
      ++i;
    }
  }
  return out;
}

}  // namespace bellwether

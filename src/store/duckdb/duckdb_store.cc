// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/duckdb_store.h"

#include <fmt/format.h>

#include <charconv>
#include <filesystem>

#include "store/duckdb/log_index.h"
#include "store/duckdb/log_writer.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

DuckConfig engine_config(const StoreOptions& options) {
  DuckConfig config;
  config.threads = options.threads;
  config.memory_bytes_max = options.memory_bytes_max;
  return config;
}

// Sets up the folder and removes what a process left that died before its store was made.
Result<void> prepare_folder(const std::string& folder, bool create) {
  std::error_code error;
  const std::string file = database_file(folder);
  if (create) {
    fs::create_directories(folder, error);
    if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", folder, error.message())};
  } else if (!fs::exists(file, error)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("there is no store in {}; ingest something to make one", folder)};
  }
  return {};
}

constexpr uint64_t kHeaderBytes = 3 * 4096;  // of a DuckDB file; synced before anything else

Result<void> remove_unborn(const std::string& folder, const CommitMark& mark, bool create) {
  const std::string file = database_file(folder);
  std::error_code error;
  if (!fs::exists(file, error) || mark.read().has_value()) return {};
  const uint64_t bytes = fs::file_size(file, error);
  if (error || bytes >= kHeaderBytes || fs::exists(wal_file(folder), error)) return {};
  if (!create) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("the store in {} was never finished being made; ingest something to "
                             "make it",
                             folder)};
  }
  fs::remove(file, error);
  if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", file, error.message())};
  return {};
}

// Opens the database and reads its head, making the tables if there are none. Leaves the files as
// they were, until accept(): the write-ahead log is not merged before it is known to be whole.
Result<std::shared_ptr<StoreCore>> open_core(const std::string& folder, const StoreOptions& options,
                                             bool create, bool ignore_mark) {
  BW_TRY(prepare_folder(folder, create));
  BW_ASSIGN(StoreLock lock, StoreLock::take(folder));
  BW_ASSIGN(CommitMark mark, CommitMark::open(folder));
  BW_TRY(remove_unborn(folder, mark, create));
  BW_ASSIGN(DuckDatabase database,
            DuckDatabase::open(database_file(folder), engine_config(options)));
  auto core = std::make_shared<StoreCore>(folder, options, std::move(lock), std::move(mark),
                                          std::move(database));
  BW_ASSIGN(DuckConnection connection, core->database.connect());
  BW_TRY(connection.run("PRAGMA disable_checkpoint_on_shutdown"));
  const uint64_t marked = core->mark.read().value_or(0);
  auto meta = read_meta(connection);
  if (!meta.ok()) {
    // Listing tables takes longer than opening the file, so it is done only where there is no head.
    BW_ASSIGN(const uint64_t tables, connection.number("SELECT count(*) FROM duckdb_tables()"));
    if (tables > 0) return meta.error();
    if (marked > 0) {
      return Error{
          ErrorCode::kCorrupt,
          fmt::format("{} is empty, yet {} changes were made to it; restore the folder from a "
                      "copy, or ingest the sources again into a new one",
                      database_file(folder), marked)};
    }
    if (!create) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("the store in {} was never finished being made; ingest something to "
                               "make it",
                               folder)};
    }
    BW_TRY(connection.run("BEGIN TRANSACTION"));
    BW_TRY(create_tables(connection));
    BW_TRY(connection.run("COMMIT"));
    meta = read_meta(connection);
    if (!meta.ok()) return meta.error();
  }
  core->meta = *meta;
  if (marked > core->meta.commits && !ignore_mark) {
    return Error{
        ErrorCode::kCorrupt,
        fmt::format(
            "{} or {} has lost the last {} of {} changes; run `bellwether check --repair` to "
            "go on with what is left, then ingest the sources again, or restore the folder "
            "from a copy",
            wal_file(folder), database_file(folder), marked - core->meta.commits, marked)};
  }
  return core;
}

// From here on the database may be changed.
Result<void> accept(StoreCore& core) {
  BW_ASSIGN(DuckConnection connection, core.database.connect());
  BW_TRY(connection.run("PRAGMA enable_checkpoint_on_shutdown"));
  if (core.meta.format != kStoreFormat) {
    BW_TRY(upgrade(connection, core.meta.format));
    core.meta.format = kStoreFormat;
    // Else whoever only reads would replay it from the write-ahead log at every opening.
    checkpoint(core);
  }
  core.mark.write(core.meta.commits);
  // An erasure that was not brought to its end left the store as it was.
  std::error_code error;
  fs::remove_all(erasure_folder(core.folder), error);
  return {};
}

// Where DuckDB says that the write-ahead log stops making sense; empty: it does not say.
std::optional<uint64_t> damaged_at(std::string_view message) {
  constexpr std::string_view kBefore = "entry at byte position ";
  const size_t at = message.find(kBefore);
  if (at == std::string_view::npos) return std::nullopt;
  const char* begin = message.data() + at + kBefore.size();
  uint64_t position = 0;
  const auto [end, error] = std::from_chars(begin, message.data() + message.size(), position);
  if (error != std::errc{}) return std::nullopt;
  return position;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::string& folder, const StoreOptions& options,
                                           bool create) {
  if (options.threads < 1 || options.threads > 1024 || options.memory_bytes_max < (64u << 20)) {
    return Error{ErrorCode::kInvalidArgument,
                 "a store needs 1 to 1024 threads and at least 64 MiB of memory"};
  }
  BW_ASSIGN(std::shared_ptr<StoreCore> core, open_core(folder, options, create, false));
  BW_TRY(accept(*core));
  return std::unique_ptr<Store>(std::make_unique<DuckStore>(std::move(core)));
}

Result<std::string> Store::repair(const std::string& folder) {
  std::string done;
  const auto say = [&](const std::string& sentence) {
    done += (done.empty() ? "" : "; ") + sentence;
  };
  const StoreOptions options;
  std::error_code error;
  while (true) {
    uint64_t marked = 0;
    {
      BW_TRY(prepare_folder(folder, false));
      BW_ASSIGN(const StoreLock lock, StoreLock::take(folder));
      BW_ASSIGN(const CommitMark mark, CommitMark::open(folder));
      marked = mark.read().value_or(0);
    }
    // A log that ends too early is merged by the repair, so its bytes are kept first.
    const std::string wal = wal_file(folder);
    auto core = open_core(folder, options, false, true);
    if (core.ok()) {
      const uint64_t commits = (*core)->meta.commits;
      if (marked > commits) {
        if (fs::exists(wal, error) && done.empty()) {
          core->reset();
          BW_ASSIGN(const std::string aside, set_wal_aside(folder, fs::file_size(wal, error)));
          say(fmt::format("the write-ahead log ended too early; a copy is in {}", aside));
          continue;
        }
        say(fmt::format("the last {} of {} changes are lost: ingest again what they held",
                        marked - commits, marked));
      }
      BW_TRY(accept(**core));
      return done.empty() ? "there was nothing to repair" : done;
    }
    if (core.error().code != ErrorCode::kCorrupt || !fs::exists(wal, error) ||
        core.error().message.find("WAL") == std::string::npos) {
      return core.error();
    }
    const uint64_t keep = damaged_at(core.error().message).value_or(0);
    if (keep >= fs::file_size(wal, error)) return core.error();
    BW_ASSIGN(const std::string aside, set_wal_aside(folder, keep));
    say(fmt::format("the write-ahead log was damaged at byte {}; it is kept as {}", keep, aside));
  }
}

Result<std::unique_ptr<UnitWriter>> DuckStore::begin_unit() { return make_log_writer(core_); }

Result<uint64_t> generation_of(DuckConnection& connection) {
  return connection.number("SELECT generation FROM meta");
}

}  // namespace bellwether

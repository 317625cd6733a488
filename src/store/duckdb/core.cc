// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/core.h"

#include <cstring>

#include "store/duckdb/log_index.h"

namespace bellwether {

StoreCore::StoreCore(std::string folder_name, const StoreOptions& store_options, StoreLock held,
                     CommitMark commit_mark, DuckDatabase opened)
    : folder(std::move(folder_name)),
      options(store_options),
      lock(std::move(held)),
      mark(std::move(commit_mark)),
      database(std::move(opened)) {}

StoreCore::~StoreCore() = default;

Result<WriteTurn> WriteTurn::take(StoreCore& core) {
  if (core.writing.exchange(true)) {
    return Error{ErrorCode::kBusy,
                 "this process is writing the store already; let that end before the next change"};
  }
  return WriteTurn(core);
}

WriteTurn::~WriteTurn() {
  if (core_ != nullptr) core_->writing = false;
}

Result<std::unique_ptr<WriteTransaction>> WriteTransaction::begin(StoreCore& core) {
  BW_ASSIGN(DuckConnection connection, core.database.connect());
  BW_TRY(connection.run("BEGIN TRANSACTION"));
  return std::unique_ptr<WriteTransaction>(new WriteTransaction(core, std::move(connection)));
}

WriteTransaction::~WriteTransaction() {
  if (!open_) return;
  appenders_.clear();
  // Where the engine has given up, there is nothing left to roll back.
  [[maybe_unused]] const bool done = connection_.run("ROLLBACK").ok();
}

Result<DuckAppender*> WriteTransaction::appender(const char* table) {
  for (const auto& [name, appender] : appenders_) {
    if (name == table || std::strcmp(name, table) == 0) return appender.get();
  }
  BW_ASSIGN(DuckAppender made, DuckAppender::create(connection_, table));
  appenders_.emplace_back(table, std::make_unique<DuckAppender>(std::move(made)));
  return appenders_.back().second.get();
}

Result<void> WriteTransaction::flush() {
  for (const auto& [name, appender] : appenders_) BW_TRY(appender->finish());
  return {};
}

Result<void> WriteTransaction::commit(StoreMeta meta) {
  BW_TRY(flush());
  appenders_.clear();
  meta.commits = core_.meta.commits + 1;
  BW_TRY(connection_.run(meta_update(meta)));
  BW_TRY(connection_.run("COMMIT"));
  open_ = false;
  core_.meta = meta;
  core_.mark.write(meta.commits);
  return {};
}

Result<ReadTransaction> ReadTransaction::begin(const StoreCore& core) {
  BW_ASSIGN(DuckConnection connection, core.database.connect());
  BW_TRY(connection.run("BEGIN TRANSACTION READ ONLY"));
  return ReadTransaction(std::move(connection));
}

ReadTransaction::~ReadTransaction() {
  if (open_) [[maybe_unused]]
    const bool done = connection_.run("ROLLBACK").ok();
}

void checkpoint(StoreCore& core) {
  auto connection = core.database.connect();
  if (connection.ok()) [[maybe_unused]]
    const bool done = connection->run("CHECKPOINT").ok();
}

}  // namespace bellwether

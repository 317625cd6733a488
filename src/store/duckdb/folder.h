// SPDX-License-Identifier: Apache-2.0
// The files of a store's folder besides the database: the lock that names its holder, and the mark
// that remembers how much was promised to be durable. docs/formats/workspace.md describes both.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace bellwether {

std::string database_file(const std::string& folder);
std::string wal_file(const std::string& folder);
// Where an erasure prepares the store that takes the place of the one at hand. Worthless
// afterwards.
std::string erasure_folder(const std::string& folder);

// Held as long as the store is open; the system drops it when the process ends, however it ends.
class StoreLock {
 public:
  // kBusy: another process, or this one, holds it; names its pid and command. kIo: as the system
  // says.
  static Result<StoreLock> take(const std::string& folder);
  StoreLock(StoreLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  StoreLock& operator=(StoreLock&&) = delete;
  ~StoreLock();

 private:
  explicit StoreLock(int descriptor) : descriptor_(descriptor) {}
  int descriptor_;
};

// How many transactions were acknowledged, in a file of its own. DuckDB takes a write-ahead log
// that ends early for one cut off by a crash and says nothing; the mark tells a crash from a loss.
// It is written after each commit and never synced: it may lag behind the truth, never run ahead of
// it.
class CommitMark {
 public:
  // Opens or creates it.
  static Result<CommitMark> open(const std::string& folder);
  CommitMark(CommitMark&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  CommitMark& operator=(CommitMark&&) = delete;
  ~CommitMark();

  // Empty: nothing there, or not readable as a mark.
  std::optional<uint64_t> read() const;
  // False: there are bytes, and they are not a mark.
  bool intact() const;
  // Best effort: a mark that lags only notices less.
  void write(uint64_t commits);

 private:
  explicit CommitMark(int descriptor) : descriptor_(descriptor) {}
  std::string bytes() const;
  int descriptor_;
};

// Puts a damaged write-ahead log aside as log.duckdb.wal.damaged-N and leaves its first `keep`
// bytes in place (none: no log at all). Returns the name it got.
Result<std::string> set_wal_aside(const std::string& folder, uint64_t keep);
// Those that were put aside, sorted.
std::vector<std::string> wals_aside(const std::string& folder);

}  // namespace bellwether

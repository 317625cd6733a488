// SPDX-License-Identifier: Apache-2.0
// The tables of log.duckdb, as docs/formats/workspace.md describes them.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "store/duckdb/engine.h"

namespace bellwether {

// Raised with every change of meaning of a table or column; other versions are refused by name.
inline constexpr uint32_t kStoreFormat = 5;

// The one row of `meta`.
struct StoreMeta {
  uint32_t format = kStoreFormat;  // or an older one, until upgrade()
  uint64_t commits = 0;            // writing transactions so far
  uint64_t generation = 0;         // of the log
  uint64_t next_row = 1;
  uint32_t next_source = 1;
  uint32_t next_unit = 1;
  uint32_t next_account = 1;
};

// `what` of source_counts. Persisted; do not renumber.
enum class CountOf : uint8_t { kAccepted = 0, kRejected = 1, kLeftAlone = 2 };

// Creates every table and the row of `meta`, in the caller's transaction.
Result<void> create_tables(DuckConnection& connection);
// Reads `meta`. kUnsupported: another format; the message names both versions.
Result<StoreMeta> read_meta(DuckConnection& connection);
// Turns a store of an older `format` into this one, whose ledger and standings the next scoring has
// to make anew: before format 5 they did not say what receivers had passed on. Format 1 had no
// remainder, and up to format 3 there were no forecasts and no grades.
Result<void> upgrade(DuckConnection& connection, uint32_t format);
// The UPDATE that writes it.
std::string meta_update(const StoreMeta& meta);

// Every table of the format, in the order of the page.
std::span<const char* const> table_names();
// Those that replace_ledger makes anew.
std::span<const char* const> ledger_tables();
// CREATE OR REPLACE of one of them.
std::string create_table(const char* table);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What the columns of a table mean: by its header, by what the operator says, or, where nothing
// says it, by what the first rows hold. Pure.
#pragma once
#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/adapter.h"
#include "ingest/adapters/csv/parse.h"

namespace bellwether {

enum class CsvRole : unsigned char {
  kTime,
  kActor,
  kVerb,
  kTarget,
  kObject,
  kTopics,
  kNetwork,
  kCount,
  kId,
  kAuthor,
};
inline constexpr size_t kCsvRoles = 10;

// The word for a role in a header and in --columns: "time".
std::string_view to_string(CsvRole role);

struct CsvColumns {
  static constexpr size_t kAbsent = SIZE_MAX;

  size_t width = 0;                    // fields a row must have
  std::array<size_t, kCsvRoles> at{};  // by role; kAbsent: no such column
  std::vector<std::string> unread;     // names of header columns that say nothing to us

  CsvColumns() { at.fill(kAbsent); }
  bool has(CsvRole role) const { return at[static_cast<size_t>(role)] != kAbsent; }
  size_t of(CsvRole role) const { return at[static_cast<size_t>(role)]; }
  // Whom or what the act is done to.
  bool says_whom() const { return has(CsvRole::kTarget) || has(CsvRole::kObject); }
};

// How to read one file.
struct CsvPlan {
  CsvDialect dialect;
  CsvColumns columns;
  bool has_header = false;  // the first record names the columns and is no row
  bool inferred = false;    // from what the first rows hold
};

// Reads the plan off the beginning of a file, comments passed over. `whole`: `text` is all of it,
// else its last line is held to be cut. `options.columns` goes before a header.
// kUnusable: no rows; or it cannot be told what the columns are, and the message says which
//   --columns to give. kInvalidArgument: --columns has unknown words or no actor.
Result<CsvPlan> plan_csv(std::string_view text, bool whole, const ReadOptions& options);

// True for what begins as JSON or XML do, or holds NUL bytes: no table, whatever its commas.
bool is_no_table(std::string_view text);

// True where most lines of `text` have the same number of fields, at least two, in some dialect.
bool looks_like_table(std::string_view text, bool whole);

}  // namespace bellwether

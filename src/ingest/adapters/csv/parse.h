// SPDX-License-Identifier: Apache-2.0
// Cuts a stream of separated values into records and fields.
//
// Records in which no field begins with a quote are split in place. The others go through libcsv in
// its strict mode, which also joins the lines of a quoted field; README.md says what that costs.
#pragma once
#include <csv.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/input.h"
#include "ingest/window.h"

namespace bellwether {

struct CsvDialect {
  // ',', ';', '\t', or ' ': which stands for any run of spaces and tabs, with none of them at
  // either end of a record counting, and without quoting.
  char separator = ',';
};

struct CsvRecord {
  uint64_t line = 0;                     // physical line where it begins, from 1
  std::string_view bytes;                // as in the file, without its end
  std::vector<std::string_view> fields;  // unquoted; spaces around them may be left
  std::string_view problem;              // why there are no fields; empty if there are
};

class CsvReader {
 public:
  // Borrows `stream`. A byte order mark at its beginning is passed over.
  CsvReader(ByteStream& stream, const InputLimits& limits);
  ~CsvReader();
  CsvReader(const CsvReader&) = delete;
  CsvReader& operator=(const CsvReader&) = delete;

  // The beginning of what is still unread, for sniffing: `bytes` of it, or fewer if the stream ends
  // or fails before. Valid until the next call of anything.
  std::string_view peek(size_t bytes);

  // Passes over lines that are blank or begin with '#' or '%', with which edge lists explain
  // themselves. Returns how many of them were not blank.
  Result<uint64_t> skip_comments();

  void set_dialect(CsvDialect dialect) { dialect_ = dialect; }

  // Reads the next record that is not blank; false: the end. Its views are valid until the next
  // call. A record that cannot be split costs its first line only; reading goes on at the second.
  // Errors are the stream's; the record that they cut is not given.
  Result<bool> next(CsvRecord& record);

 private:
  struct Line {
    std::string_view text;  // without its end
    size_t bytes = 0;       // with it
    bool too_long = false;  // it has been passed over, and `text` is empty
  };

  Result<bool> more();
  // The line at the beginning of the window, not yet used; false: the end.
  Result<bool> find_line(Line& line);
  Result<void> pass_over_line();
  void split(std::string_view text, std::vector<std::string_view>& fields) const;
  bool begins_with_quote(std::string_view text) const;
  void read_quoted(size_t first_line_bytes, CsvRecord& record);
  // How many bytes the line at `from` takes, its end included; 0: nothing follows, or it failed.
  size_t extend(size_t from);

  static void take_field(void* text, size_t size, void* self);
  static void end_row(int end, void* self);

  Window window_;
  const InputLimits limits_;
  CsvDialect dialect_;
  uint64_t line_ = 0;    // lines used so far
  bool ended_ = false;   // nothing follows the window
  bool quotes_ = false;  // the window may hold a quote

  csv_parser quoted_;
  std::string quoted_text_;         // the fields of a quoted record, one after the other
  std::vector<size_t> field_ends_;  // in quoted_text_
  unsigned rows_ = 0;               // that libcsv has ended in this record
};

}  // namespace bellwether

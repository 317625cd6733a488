// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/csv/parse.h"

#include <algorithm>
#include <cassert>

namespace bellwether {
namespace {

constexpr std::string_view kTooLong = "row is longer than the limit";
constexpr std::string_view kOutOfPlace = "a quote is out of place";
constexpr std::string_view kNeverClosed = "a quote is never closed";
constexpr size_t kSpacesMax = 1024;
constexpr size_t kNone = std::string_view::npos;
constexpr unsigned char kStrict = CSV_STRICT | CSV_STRICT_FINI;

bool is_blank(std::string_view text) { return text.find_first_not_of(' ') == kNone; }

// Tabs separate where they are the separator, so only spaces may surround a quoted field.
int is_outer_space(unsigned char c) { return c == ' ' ? 1 : 0; }

void set_up(csv_parser& parser) {
  // Fails on a null pointer only.
  const int failed = csv_init(&parser, kStrict);
  assert(failed == 0);
  (void)failed;
  csv_set_space_func(&parser, &is_outer_space);
  csv_set_blk_size(&parser, size_t{64} << 10);
}

}  // namespace

CsvReader::CsvReader(ByteStream& stream, const InputLimits& limits)
    : window_(stream), limits_(limits) {
  set_up(quoted_);
  window_.skip_byte_order_mark();
  quotes_ = true;
}

CsvReader::~CsvReader() { csv_free(&quoted_); }

Result<bool> CsvReader::more() {
  if (ended_) return false;
  BW_ASSIGN(const bool got, window_.more());
  ended_ = !got;
  quotes_ = window_.view().find('"') != kNone;
  return got;
}

std::string_view CsvReader::peek(size_t bytes) {
  while (window_.view().size() < bytes) {
    const Result<bool> got = more();
    if (!got.ok() || !*got) break;
  }
  return window_.view().substr(0, bytes);
}

Result<void> CsvReader::pass_over_line() {
  for (;;) {
    const std::string_view view = window_.view();
    const size_t newline = find_newline(view, 0);
    window_.use(newline == kNone ? view.size() : newline + 1);
    if (newline != kNone) return {};
    BW_ASSIGN(const bool got, more());
    if (!got) return {};
  }
}

Result<bool> CsvReader::find_line(Line& line) {
  line.too_long = false;
  std::string_view view = window_.view();
  size_t newline = find_newline(view, 0);
  while (newline == kNone) {
    const size_t searched = view.size();
    if (searched > limits_.record_bytes_max && searched - limits_.record_bytes_max > 1) {
      BW_TRY(pass_over_line());
      line = {{}, 0, true};
      return true;
    }
    BW_ASSIGN(const bool got, more());
    view = window_.view();
    if (!got) {
      if (view.empty()) return false;
      newline = view.size();
      break;
    }
    newline = find_newline(view, searched);
  }
  line.bytes = std::min(newline + 1, view.size());
  line.text = view.substr(0, newline);
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  if (line.text.size() > limits_.record_bytes_max) {
    window_.use(line.bytes);
    line = {{}, 0, true};
  }
  return true;
}

Result<uint64_t> CsvReader::skip_comments() {
  uint64_t comments = 0;
  for (;;) {
    // A line that begins with very many spaces is left to next().
    size_t spaces = 0;
    while (spaces < kSpacesMax && peek(spaces + 1).size() > spaces &&
           peek(spaces + 1).back() == ' ') {
      ++spaces;
    }
    const std::string_view start = peek(spaces + 1);
    if (start.size() <= spaces) break;
    const char first = start.back();
    const bool comment = first == '#' || first == '%';
    if (!comment && first != '\r' && first != '\n') break;
    Line line;
    BW_ASSIGN(const bool got, find_line(line));
    if (!got) break;
    window_.use(line.bytes);
    ++line_;
    comments += comment ? 1 : 0;
  }
  return comments;
}

Result<bool> CsvReader::next(CsvRecord& record) {
  record.fields.clear();
  record.problem = {};
  for (;;) {
    Line line;
    BW_ASSIGN(const bool got, find_line(line));
    if (!got) return false;
    record.line = line_ + 1;
    if (line.too_long) {
      ++line_;
      record.bytes = {};
      record.problem = kTooLong;
      return true;
    }
    if (is_blank(line.text)) {
      ++line_;
      window_.use(line.bytes);
      continue;
    }
    if (quotes_ && begins_with_quote(line.text)) {
      read_quoted(line.bytes, record);
      return true;
    }
    ++line_;
    window_.use(line.bytes);
    record.bytes = line.text;
    split(line.text, record.fields);
    return true;
  }
}

void CsvReader::split(std::string_view text, std::vector<std::string_view>& fields) const {
  const char* begin = text.data();
  const char* const end = begin + text.size();
  if (dialect_.separator == ' ') {
    const auto separates = [](char c) { return c == ' ' || c == '\t'; };
    for (;;) {
      while (begin < end && separates(*begin)) ++begin;
      if (begin == end) return;
      const char* stop = begin;
      while (stop < end && !separates(*stop)) ++stop;
      fields.emplace_back(begin, static_cast<size_t>(stop - begin));
      begin = stop;
    }
  }
  const char separator = dialect_.separator;
  for (const char* at = begin; at < end; ++at) {
    if (*at != separator) continue;
    fields.emplace_back(begin, static_cast<size_t>(at - begin));
    begin = at + 1;
  }
  fields.emplace_back(begin, static_cast<size_t>(end - begin));
}

bool CsvReader::begins_with_quote(std::string_view text) const {
  if (dialect_.separator == ' ') return false;
  for (size_t quote = text.find('"'); quote != kNone; quote = text.find('"', quote + 1)) {
    size_t before = quote;
    while (before > 0 && text[before - 1] == ' ') --before;
    if (before == 0 || text[before - 1] == dialect_.separator) return true;
  }
  return false;
}

void CsvReader::take_field(void* text, size_t size, void* self) {
  auto& reader = *static_cast<CsvReader*>(self);
  if (size > 0) reader.quoted_text_.append(static_cast<const char*>(text), size);
  reader.field_ends_.push_back(reader.quoted_text_.size());
}

void CsvReader::end_row(int /*end*/, void* self) { ++static_cast<CsvReader*>(self)->rows_; }

size_t CsvReader::extend(size_t from) {
  size_t searched = from;
  for (;;) {
    const std::string_view view = window_.view();
    const size_t newline = find_newline(view, searched);
    if (newline != kNone) return newline + 1 - from;
    searched = view.size();
    if (searched > limits_.record_bytes_max) return 0;
    // A stream that fails here fails again at the next line.
    const Result<bool> got = more();
    if (!got.ok() || !*got) return window_.view().size() - from;
  }
}

void CsvReader::read_quoted(size_t first_line_bytes, CsvRecord& record) {
  csv_set_delim(&quoted_, static_cast<unsigned char>(dialect_.separator));
  quoted_text_.clear();
  field_ends_.clear();
  rows_ = 0;
  size_t fed = 0;
  uint64_t lines = 0;
  for (size_t piece = first_line_bytes;;) {
    const char* bytes = window_.view().data() + fed;
    const bool ends = bytes[piece - 1] == '\n';
    if (csv_parse(&quoted_, bytes, piece, &take_field, &end_row, this) != piece || rows_ > 1) {
      record.problem = kOutOfPlace;
      break;
    }
    fed += piece;
    ++lines;
    if (rows_ == 1) break;
    piece = ends && fed <= limits_.record_bytes_max ? extend(fed) : 0;
    if (piece > 0) continue;
    if (csv_fini(&quoted_, &take_field, &end_row, this) != 0 || rows_ != 1) {
      record.problem = kNeverClosed;
    }
    break;
  }

  if (!record.problem.empty()) {
    // There is no other way to make libcsv forget what it has begun.
    csv_free(&quoted_);
    set_up(quoted_);
    fed = first_line_bytes;
    lines = 1;
  }
  record.bytes = window_.view().substr(0, fed);
  if (record.bytes.ends_with('\n')) record.bytes.remove_suffix(1);
  if (record.bytes.ends_with('\r')) record.bytes.remove_suffix(1);
  line_ += lines;
  window_.use(fed);
  if (record.bytes.size() > limits_.record_bytes_max) {
    record.bytes = {};
    record.problem = kTooLong;
  } else if (record.problem.empty()) {
    size_t begin = 0;
    for (const size_t end : field_ends_) {
      record.fields.emplace_back(quoted_text_.data() + begin, end - begin);
      begin = end;
    }
  } else if (dialect_.separator == '\t') {
    // Many programs write tab-separated values without any quoting.
    record.problem = {};
    split(record.bytes, record.fields);
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/people_list.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <span>
#include <string_view>

#include "ingest/adapters/csv/parse.h"
#include "ingest/input.h"

namespace bellwether {
namespace {

constexpr uint64_t kRowsMax = 10'000'000;
constexpr size_t kHeaderBytes = 64 << 10;
constexpr std::array<std::string_view, 4> kWho{"person", "id", "account", "name"};
constexpr std::array<std::string_view, 2> kCost{"cost", "price"};

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string lower(std::string_view text) {
  std::string out(trimmed(text));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

char separator_of(std::string_view text) {
  const std::string_view line = text.substr(0, text.find_first_of("\r\n"));
  for (const char separator : {'\t', ';'}) {
    if (line.find(separator) != std::string_view::npos) return separator;
  }
  return ',';
}

struct Columns {
  size_t who = 0;
  std::optional<size_t> cost;
  bool header = false;
};

Columns columns_of(const std::vector<std::string_view>& first) {
  Columns columns;
  const auto find = [&](std::span<const std::string_view> names) -> std::optional<size_t> {
    for (const std::string_view name : names) {
      for (size_t i = 0; i < first.size(); ++i) {
        if (lower(first[i]) == name) return i;
      }
    }
    return std::nullopt;
  };
  columns.cost = find(kCost);
  const auto who = find(kWho);
  columns.header = who.has_value() || columns.cost.has_value();
  if (!columns.header) {
    columns.cost = 1;
  } else {
    columns.who = who.value_or(columns.cost == size_t{0} ? 1 : 0);
  }
  return columns;
}

std::optional<double> parse_cost(std::string_view text) {
  text = trimmed(text);
  double cost = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), cost);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (!std::isfinite(cost) || cost < 0) return std::nullopt;
  return cost;
}

}  // namespace

Result<PeopleList> read_people_list(const std::string& path, bool costs) {
  const InputLimits limits;
  BW_ASSIGN(const std::unique_ptr<Input> input, open_input(path, limits));
  if (input->members().empty()) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("{} holds no file", path)};
  }
  BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input->open(0));
  CsvReader reader(*stream, limits);
  BW_TRY(reader.skip_comments());
  reader.set_dialect({separator_of(reader.peek(kHeaderBytes))});
  PeopleList list;
  CsvRecord record;
  std::optional<Columns> columns;
  const auto wrong = [&](std::string_view what) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{} line {}: {}", path, record.line, what)};
  };
  while (true) {
    BW_ASSIGN(const bool more, reader.next(record));
    if (!more) break;
    if (!record.problem.empty()) return wrong(record.problem);
    if (!columns) {
      columns = columns_of(record.fields);
      if (costs && !columns->cost) return wrong("no column is called cost");
      if (columns->header) continue;
    }
    const std::string_view who =
        columns->who < record.fields.size() ? trimmed(record.fields[columns->who]) : "";
    if (who.empty()) return wrong("the name is missing");
    PeopleList::Row row{std::string(who), 0};
    if (costs) {
      const std::string_view text =
          *columns->cost < record.fields.size() ? record.fields[*columns->cost] : "";
      const auto cost = parse_cost(text);
      if (!cost) return wrong(fmt::format("'{}' is no cost: write a number of at least 0", text));
      row.cost = *cost;
    }
    if (costs && row.person == "*") {
      list.cost_of_others = row.cost;
      continue;
    }
    if (list.rows.size() == kRowsMax) {
      return Error{ErrorCode::kLimit, fmt::format("{} has more than {} rows", path, kRowsMax)};
    }
    list.rows.push_back(std::move(row));
  }
  if (list.rows.empty() && !list.cost_of_others) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("{} names nobody", path)};
  }
  return list;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/csv/columns.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <memory>

#include "event/event.h"
#include "ingest/adapters/csv/mapping.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

constexpr size_t kSampleRows = 1000;
constexpr double kTableShare = 0.9;    // of rows that have as many fields as most
constexpr double kColumnShare = 0.95;  // of cells that a column's meaning must fit
constexpr size_t kSayBytesMax = 100;   // of a row shown in a message

// Without a header, bare numbers count as times from 1990 to 2099 only: any small number is an
// instant soon after 1970, and numbers that name accounts are mostly small.
constexpr Instant kPlausibleFrom{631'152'000'000};
constexpr Instant kPlausibleTo{4'102'444'800'000};

constexpr std::string_view kRoleWords[kCsvRoles] = {
    "time", "actor", "verb", "target", "object", "topics", "network", "count", "id", "author"};

// Other words for a role in a header, the surest first; spaces, '_' and the like are taken out and
// case is ignored before they are compared.
struct Synonyms {
  CsvRole role;
  std::vector<std::string_view> words;
};

const std::vector<Synonyms>& synonyms() {
  static const std::vector<Synonyms> kSynonyms{
      {CsvRole::kTime,
       {"time", "timestamp", "datetime", "date", "published", "publishedat", "createdat", "created",
        "unixtime", "unixtimestamp", "epoch", "ts", "when"}},
      {CsvRole::kActor,
       {"actor", "source", "from", "user", "username", "account", "sender", "src", "actorid",
        "sourceid", "fromid", "userid", "senderid", "fromuser", "sourceuser", "screenname", "who"}},
      {CsvRole::kVerb,
       {"verb", "action", "interaction", "type", "kind", "activity", "event", "eventtype",
        "interactiontype", "relation", "edgetype"}},
      {CsvRole::kTarget,
       {"target", "to", "dst", "destination", "dest", "recipient", "receiver", "targetid", "toid",
        "recipientid", "receiverid", "touser", "targetuser", "mentioned", "whom"}},
      {CsvRole::kObject, {"object", "objectid", "url", "uri", "link", "item", "itemid"}},
      {CsvRole::kTopics,
       {"topics", "topic", "tags", "tag", "hashtags", "hashtag", "keywords", "categories",
        "category"}},
      {CsvRole::kNetwork, {"network", "platform", "site", "service"}},
      {CsvRole::kCount, {"count", "counts", "repeats", "times", "n"}},
      {CsvRole::kId, {"id", "nativeid", "actid", "activityid", "eventid", "tweetid", "statusid"}},
      {CsvRole::kAuthor, {"author", "objectauthor", "authorid", "owner"}},
  };
  return kSynonyms;
}

struct RoleMatch {
  CsvRole role;
  size_t rank;  // 0 is the role's own word
};

std::optional<RoleMatch> role_of(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c >= 'A' && c <= 'Z') {
      plain += static_cast<char>(c - 'A' + 'a');
    } else if (c != ' ' && c != '_' && c != '-' && c != '.' && c != ':') {
      plain += c;
    }
  }
  for (const Synonyms& one : synonyms()) {
    const auto at = std::find(one.words.begin(), one.words.end(), plain);
    if (at != one.words.end()) {
      return RoleMatch{one.role, static_cast<size_t>(at - one.words.begin())};
    }
  }
  return std::nullopt;
}

std::string_view trimmed(std::string_view cell) {
  const size_t begin = cell.find_first_not_of(' ');
  if (begin == std::string_view::npos) return {};
  return cell.substr(begin, cell.find_last_not_of(' ') + 1 - begin);
}

using Row = std::vector<std::string>;

// The first rows of a file, split in one dialect.
struct Sample {
  CsvDialect dialect;
  std::vector<Row> rows;
  size_t width = 0;  // that most rows have
  double share = 0;  // of rows that have it

  bool is_table() const { return width >= 2 && share >= kTableShare; }
};

Sample take_sample(const std::shared_ptr<const std::string>& text, CsvDialect dialect) {
  Sample sample;
  sample.dialect = dialect;
  MemoryStream stream(text);
  CsvReader reader(stream, InputLimits{});
  reader.set_dialect(dialect);
  CsvRecord record;
  std::map<size_t, size_t> widths;
  while (sample.rows.size() < kSampleRows) {
    const Result<bool> got = reader.next(record);
    if (!got.ok() || !*got) break;
    Row& row = sample.rows.emplace_back();
    for (const std::string_view field : record.fields) row.emplace_back(trimmed(field));
    if (record.problem.empty()) ++widths[record.fields.size()];
  }
  size_t most = 0;
  for (const auto& [width, rows] : widths) {
    if (rows > most) {
      most = rows;
      sample.width = width;
    }
  }
  if (most > 0) sample.share = static_cast<double>(most) / static_cast<double>(sample.rows.size());
  return sample;
}

// In the order in which they are believed: a file that is a table by tabs is one by spaces too.
std::vector<Sample> take_samples(std::string_view text, bool whole) {
  const size_t last_end = text.rfind('\n');
  if (!whole && last_end != std::string_view::npos) text = text.substr(0, last_end + 1);
  const auto copy = std::make_shared<const std::string>(text);
  std::vector<Sample> samples;
  for (const char separator : {'\t', ';', ',', ' '}) {
    samples.push_back(take_sample(copy, {separator}));
  }
  // A comma inside the topics of each row of a file with semicolons makes a narrower table.
  std::stable_sort(samples.begin(), samples.begin() + 3, [](const Sample& a, const Sample& b) {
    if (a.is_table() != b.is_table()) return a.is_table();
    return a.is_table() && a.width > b.width;
  });
  return samples;
}

// The columns that a first row names; empty if it names no actor beside something else.
std::optional<CsvColumns> read_header(const Row& row) {
  CsvColumns columns;
  columns.width = row.size();
  std::array<size_t, kCsvRoles> ranks{};
  std::vector<std::optional<RoleMatch>> matches;
  for (size_t i = 0; i < row.size(); ++i) {
    matches.push_back(role_of(row[i]));
    if (!matches.back().has_value()) continue;
    const auto role = static_cast<size_t>(matches.back()->role);
    const size_t rank = matches.back()->rank;
    if (columns.at[role] == CsvColumns::kAbsent || rank < ranks[role]) {
      columns.at[role] = i;
      ranks[role] = rank;
    }
  }
  const auto known =
      static_cast<size_t>(kCsvRoles) -
      static_cast<size_t>(std::count(columns.at.begin(), columns.at.end(), CsvColumns::kAbsent));
  if (!columns.has(CsvRole::kActor) || known < 2) return std::nullopt;
  for (size_t i = 0; i < row.size(); ++i) {
    const bool read = std::find(columns.at.begin(), columns.at.end(), i) != columns.at.end();
    if (read) continue;
    const bool speakable =
        !row[i].empty() && row[i].size() <= kSayBytesMax && is_clean_text(row[i]);
    columns.unread.push_back(speakable ? row[i] : fmt::format("{}", i + 1));
  }
  return columns;
}

std::string role_words() {
  std::string out;
  for (const std::string_view word : kRoleWords) {
    if (!out.empty()) out += ", ";
    out += word;
  }
  return out;
}

Result<CsvColumns> read_option(const std::vector<std::string>& names) {
  CsvColumns columns;
  columns.width = names.size();
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || names[i] == "-") continue;
    const std::optional<RoleMatch> match = role_of(names[i]);
    if (!match.has_value()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--columns names {}, which is no column; the columns are {}, and - "
                               "passes over one",
                               names[i], role_words())};
    }
    size_t& at = columns.at[static_cast<size_t>(match->role)];
    if (at != CsvColumns::kAbsent) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--columns names {} twice", to_string(match->role))};
    }
    at = i;
  }
  if (!columns.has(CsvRole::kActor)) {
    return Error{ErrorCode::kInvalidArgument, "--columns names no actor column"};
  }
  return columns;
}

bool is_plausible_time(std::string_view cell) {
  const std::optional<Instant> time = parse_csv_time(cell);
  if (!time.has_value()) return false;
  const bool number = cell.find_first_not_of("0123456789.") == std::string_view::npos;
  return !number || (*time >= kPlausibleFrom && *time < kPlausibleTo);
}

// What the columns of a table without header seem to hold.
struct Guess {
  std::vector<size_t> times;
  std::vector<size_t> verbs;
  std::vector<size_t> others;
};

Guess guess(const Sample& sample, const CsvVerbs& verbs) {
  Guess out;
  for (size_t column = 0; column < sample.width; ++column) {
    size_t cells = 0;
    size_t times = 0;
    size_t words = 0;
    for (const Row& row : sample.rows) {
      if (row.size() != sample.width || row[column].empty()) continue;
      ++cells;
      if (is_plausible_time(row[column])) {
        ++times;
      } else if (verbs.knows(row[column])) {
        ++words;
      }
    }
    const double enough = kColumnShare * static_cast<double>(cells);
    if (cells > 0 && static_cast<double>(times) >= enough) {
      out.times.push_back(column);
    } else if (cells > 0 && static_cast<double>(words) >= enough) {
      out.verbs.push_back(column);
    } else {
      out.others.push_back(column);
    }
  }
  return out;
}

std::optional<CsvColumns> infer(const Sample& sample, const CsvVerbs& verbs) {
  const Guess seen = guess(sample, verbs);
  if (seen.times.size() != 1 || seen.verbs.size() > 1 || seen.others.size() != 2) {
    return std::nullopt;
  }
  CsvColumns columns;
  columns.width = sample.width;
  const auto set = [&](CsvRole role, size_t at) { columns.at[static_cast<size_t>(role)] = at; };
  set(CsvRole::kTime, seen.times[0]);
  if (!seen.verbs.empty()) set(CsvRole::kVerb, seen.verbs[0]);
  set(CsvRole::kActor, seen.others[0]);
  set(CsvRole::kTarget, seen.others[1]);
  return columns;
}

// The --columns that the sample suggests, in its order; only an example.
std::string example(const Sample& sample, const CsvVerbs& verbs) {
  const Guess seen = guess(sample, verbs);
  std::vector<std::string_view> words(sample.width, "-");
  if (seen.times.size() == 1) words[seen.times[0]] = "time";
  if (seen.verbs.size() == 1) words[seen.verbs[0]] = "verb";
  size_t named = 0;
  for (size_t i = 0; i < words.size() && named < 2; ++i) {
    if (words[i] != "-") continue;
    words[i] = named++ == 0 ? "actor" : "target";
  }
  std::string out;
  for (const std::string_view word : words) {
    if (!out.empty()) out += ',';
    out += word;
  }
  return out;
}

std::string shown(const Row& row) {
  std::string out;
  for (const std::string& cell : row) {
    if (!out.empty()) out += " | ";
    out += cell;
  }
  if (out.size() > kSayBytesMax) {
    size_t end = kSayBytesMax;
    while (end > 0 && (static_cast<unsigned char>(out[end]) & 0xc0) == 0x80) --end;
    out.resize(end);
    out += "...";
  }
  return is_clean_text(out) ? out : "not readable as text";
}

Result<CsvPlan> plan_by_option(const std::vector<Sample>& samples, const ReadOptions& options) {
  BW_ASSIGN(const CsvColumns columns, read_option(options.columns));
  const Sample* best = nullptr;
  size_t most = 0;
  for (const Sample& sample : samples) {
    const auto rows = static_cast<size_t>(
        std::count_if(sample.rows.begin(), sample.rows.end(),
                      [&](const Row& row) { return row.size() == columns.width; }));
    if (rows <= most) continue;
    most = rows;
    best = &sample;
  }
  if (best == nullptr) {
    return Error{ErrorCode::kUnusable,
                 fmt::format("--columns names {} columns, but no row has as many (the first: {}); "
                             "name every column, - for those that do not matter",
                             columns.width, shown(samples.front().rows.front()))};
  }
  const bool has_header = read_header(best->rows.front()).has_value();
  return CsvPlan{best->dialect, columns, has_header, false};
}

}  // namespace

std::string_view to_string(CsvRole role) { return kRoleWords[static_cast<size_t>(role)]; }

Result<CsvPlan> plan_csv(std::string_view text, bool whole, const ReadOptions& options) {
  const std::vector<Sample> samples = take_samples(text, whole);
  if (samples.front().rows.empty()) {
    return Error{ErrorCode::kUnusable, "there are no rows in it"};
  }
  if (!options.columns.empty()) return plan_by_option(samples, options);
  BW_ASSIGN(const CsvVerbs verbs, CsvVerbs::create(options.verbs));

  const CsvPlan* best = nullptr;
  std::vector<CsvPlan> plans;
  for (const Sample& sample : samples) {
    if (auto columns = read_header(sample.rows.front()); columns.has_value()) {
      plans.push_back({sample.dialect, std::move(*columns), true, false});
    }
  }
  for (const CsvPlan& plan : plans) {
    if (best == nullptr || (plan.columns.says_whom() && !best->columns.says_whom())) best = &plan;
  }
  if (best != nullptr) return *best;

  const Sample* table = nullptr;
  for (const Sample& sample : samples) {
    if (!sample.is_table()) continue;
    if (table == nullptr) table = &sample;
    if (auto columns = infer(sample, verbs); columns.has_value()) {
      return CsvPlan{sample.dialect, std::move(*columns), false, true};
    }
  }
  if (table == nullptr) {
    return Error{ErrorCode::kUnusable,
                 fmt::format("no header names an actor, and the rows are no table of equal width "
                             "(the first: {})",
                             shown(samples.front().rows.front()))};
  }
  return Error{
      ErrorCode::kUnusable,
      fmt::format("no header names an actor, and what the {} columns are cannot be told from the "
                  "rows (the first: {}); name them with --columns, for example --columns {}",
                  table->width, shown(table->rows.front()), example(*table, verbs))};
}

bool is_no_table(std::string_view text) {
  const size_t first = text.find_first_not_of(" \r\n\t");
  if (first == std::string_view::npos) return true;
  if (text[first] == '{' || text[first] == '[' || text[first] == '<') return true;
  return text.find('\0') != std::string_view::npos;
}

bool looks_like_table(std::string_view text, bool whole) {
  const std::vector<Sample> samples = take_samples(text, whole);
  return std::any_of(samples.begin(), samples.end(),
                     [](const Sample& sample) { return sample.is_table(); });
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

std::string bytes_text(uint64_t bytes) {
  if (bytes < 10'000) return fmt::format("{} B", bytes);
  if (bytes < 10'000'000) return fmt::format("{:.0f} kB", static_cast<double>(bytes) / 1e3);
  if (bytes < 10'000'000'000) return fmt::format("{:.0f} MB", static_cast<double>(bytes) / 1e6);
  return fmt::format("{:.1f} GB", static_cast<double>(bytes) / 1e9);
}

std::string time_text(double seconds) {
  const auto whole = static_cast<long>(std::lround(seconds));
  if (whole < 60) return fmt::format("{} s", whole);
  return fmt::format("{} min {:02d} s", whole / 60, whole % 60);
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; }

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return kExitUsage;
    case ErrorCode::kNotFound:
    case ErrorCode::kUnusable:
      return kExitNothing;
    default:
      return kExitRefused;
  }
}

std::string list_counts(const std::vector<KindCount>& counts, size_t most) {
  std::string text;
  for (size_t i = 0; i < std::min(most, counts.size()); ++i) {
    text += fmt::format("{}{} {}", i == 0 ? "" : ", ", counts[i].kind, grouped(counts[i].count));
  }
  if (counts.size() > most) text += fmt::format(", and {} more kinds", counts.size() - most);
  return text;
}

}  // namespace

OutputForm CommonOptions::output() const {
  if (json) return OutputForm::kJson;
  if (form == "json") return OutputForm::kJson;
  if (form == "ndjson") return OutputForm::kNdjson;
  if (form == "csv") return OutputForm::kCsv;
  return OutputForm::kTable;
}

void add_common(CLI::App& app, Context& context, CommonOptions& options, bool forms, bool views) {
  options.home = context.home;
  options.threads = context.threads;
  app.add_option("--home", options.home, "workspace folder (or $BELLWETHER_HOME)")
      ->type_name("DIR")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "how many threads to use")
      ->check(CLI::Range(1U, 256U))
      ->capture_default_str();
  if (forms) {
    app.add_option("--format", options.form, "form of the result")
        ->check(CLI::IsMember({"table", "json", "ndjson", "csv"}))
        ->capture_default_str();
    app.add_flag("--json", options.json, "short for --format json");
  }
  if (views) {
    app.add_flag("--public", options.public_view,
                 "show what everybody else would see: people who asked to be listed");
  }
}

std::optional<int> parse(CLI::App& app, Context& context,
                         const std::vector<std::string>& arguments) {
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
  try {
    app.parse(std::move(reversed));
  } catch (const CLI::CallForHelp&) {
    context.out << app.help();
    return kExitDone;
  } catch (const CLI::ParseError& error) {
    context.err << app.get_name() << ": " << error.what() << "\nTry `" << app.get_name()
                << " --help`.\n";
    return kExitUsage;
  }
  return std::nullopt;
}

Result<OpenWorkspace> OpenWorkspace::open(Context& context, const CommonOptions& options,
                                          bool create, bool keep_rejects) {
  OpenWorkspace open;
  if (context.workspace != nullptr) {
    open.workspace_ = context.workspace;
    open.query_ = context.query;
    return open;
  }
  WorkspaceOptions wanted;
  wanted.home = absolute(context, options.home);
  wanted.create = create;
  wanted.threads = options.threads;
  wanted.keep_rejects = keep_rejects;
  wanted.now = context.now;
  BW_ASSIGN(open.own_workspace_, Workspace::open(std::move(wanted)));
  open.own_query_ = std::make_unique<Query>(*open.own_workspace_);
  open.workspace_ = open.own_workspace_.get();
  open.query_ = open.own_query_.get();
  return open;
}

Result<OpenWorkspace> OpenWorkspace::open_to_read(Context& context, const CommonOptions& options) {
  BW_ASSIGN(OpenWorkspace opened, open(context, options, false));
  if (opened.own_workspace_ != nullptr) {
    // Never destroyed, and still found by whoever looks for leaks.
    static auto& left =
        *new std::vector<std::pair<std::unique_ptr<Workspace>, std::unique_ptr<Query>>>;
    left.emplace_back(std::move(opened.own_workspace_), std::move(opened.own_query_));
    context.left_open = true;
  }
  return opened;
}

int complain(Context& context, const Error& error) {
  context.err << "bellwether: " << error.message << "\n";
  return exit_code(error.code);
}

std::string absolute(const Context& context, const std::string& path) {
  if (path == "-" || path.empty() || path.front() == '/') return path;
  return (std::filesystem::path(context.cwd) / path).lexically_normal().string();
}

size_t display_width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
}

std::string fit(std::string_view text, size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  size_t shown = 0;
  size_t at = 0;
  while (at < text.size() && shown + 1 < width) {
    ++at;
    while (at < text.size() && is_continuation(text[at])) ++at;
    ++shown;
  }
  return std::string(text.substr(0, at)) + "…";
}

std::string wrap(std::string_view text, size_t width, size_t indent) {
  std::string out;
  size_t column = indent;
  while (!text.empty()) {
    const size_t space = std::min(text.find(' '), text.size());
    const std::string_view word = text.substr(0, space);
    const size_t wide = display_width(word);
    if (!out.empty()) {
      if (column + 1 + wide > width) {
        out += '\n';
        out.append(indent, ' ');
        column = indent;
      } else {
        out += ' ';
        ++column;
      }
    }
    out += word;
    column += wide;
    text.remove_prefix(std::min(space + 1, text.size()));
  }
  return out;
}

void Table::print(std::ostream& out, int width) const {
  std::vector<size_t> widths;
  for (const Column& column : columns_) widths.push_back(display_width(column.title));
  for (const auto& row : rows_) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  constexpr size_t kGap = 2;
  size_t before_last = 0;
  for (size_t i = 0; i + 1 < widths.size(); ++i) {
    // No column but the last may take the whole line.
    if (!columns_[i].whole) widths[i] = std::min<size_t>(widths[i], 28);
    before_last += widths[i] + kGap;
  }
  const size_t rest = static_cast<size_t>(std::max(width, 40)) > before_last + 10
                          ? static_cast<size_t>(std::max(width, 40)) - before_last
                          : 10;
  if (!columns_.back().whole) widths.back() = std::min(widths.back(), rest);
  const auto print_row = [&](const std::vector<std::string>& cells) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const std::string cell = fit(cells[i], widths[i]);
      const std::string padding(widths[i] - display_width(cell), ' ');
      line += columns_[i].right ? padding + cell : cell + padding;
      if (i + 1 < cells.size()) line.append(kGap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out << line << '\n';
  };
  std::vector<std::string> titles;
  for (const Column& column : columns_) titles.push_back(column.title);
  print_row(titles);
  for (const auto& row : rows_) print_row(row);
}

void ProgressLine::show(const std::string& line, bool now) {
  if (!context_.err_is_terminal) return;
  const auto time = std::chrono::steady_clock::now();
  if (!now && time - shown_ < std::chrono::milliseconds(100)) return;
  shown_ = time;
  visible_ = true;
  context_.err << "\r\x1b[K" << fit(line, static_cast<size_t>(std::max(20, context_.columns - 1)))
               << std::flush;
}

void ProgressLine::clear() {
  if (!visible_) return;
  context_.err << "\r\x1b[K" << std::flush;
  visible_ = false;
}

void ProgressLine::ingest(const IngestProgress& progress) {
  const auto now = std::chrono::steady_clock::now();
  if (path_ != progress.path) {
    path_ = progress.path;
    started_ = now;
  }
  if (progress.source_done) return clear();
  const double seconds = std::chrono::duration<double>(now - started_).count();
  const uint64_t events = progress.report->accepted + progress.report->duplicates;
  std::string line = fmt::format("reading {}  ", path_);
  if (progress.bytes_total > 0) {
    const double part = std::min(
        1.0, static_cast<double>(progress.bytes_read) / static_cast<double>(progress.bytes_total));
    const auto full = static_cast<size_t>(part * 20);
    line += fmt::format("[{:<20}] {:3.0f} %  ", std::string(full, '#'), part * 100);
    if (part > 0.01 && seconds > 1) {
      line += fmt::format("{} left  ", time_text(seconds * (1 - part) / part));
    }
  }
  line += fmt::format("{} events", grouped(events));
  if (seconds > 0.2) {
    line += fmt::format(
        ", {}/s, {}/s", grouped(static_cast<uint64_t>(static_cast<double>(events) / seconds)),
        bytes_text(static_cast<uint64_t>(static_cast<double>(progress.bytes_read) / seconds)));
  }
  show(line, false);
}

void ProgressLine::phase(std::string_view name) { show(std::string(name) + " …", true); }

void ProgressLine::work(std::string_view name, double share, uint64_t count,
                        std::string_view unit) {
  const auto now = std::chrono::steady_clock::now();
  if (!working_) {
    working_ = true;
    started_ = now;
  }
  const double seconds = std::chrono::duration<double>(now - started_).count();
  std::string line = fmt::format("{} …  {} {}", name, grouped(count), unit);
  if (seconds > 1) line += fmt::format(", {:.1f}/s", static_cast<double>(count) / seconds);
  if (seconds > 1 && share > 0.02) {
    line += fmt::format(", {} left", time_text(seconds * (1 - share) / share));
  }
  show(line, false);
}

void print_json(Context& context, const nlohmann::ordered_json& json, OutputForm form) {
  const int indent = form == OutputForm::kJson ? 2 : -1;
  context.out << json.dump(indent, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

namespace {

constexpr size_t kSourcesShown = 12;
constexpr size_t kNamesShown = 3;

void print_source(Context& context, const SourceReport& source) {
  fmt::print(context.err, "{} ({}): {} accepted, {} duplicates, {} rejected{}\n", source.info.path,
             source.info.adapter, grouped(source.accepted), grouped(source.duplicates),
             grouped(source.rejected),
             source.untimed > 0
                 ? fmt::format("; {} without a time, which give no credit", grouped(source.untimed))
                 : "");
  if (!source.accepted_by.empty()) {
    fmt::print(context.err, "  accepted: {}\n", list_counts(source.accepted_by, 8));
  }
  for (const KindCount& reason : source.rejected_by) {
    fmt::print(context.err, "  rejected: {} × {}\n", grouped(reason.count), reason.kind);
  }
  if (!source.left_alone.empty()) {
    fmt::print(context.err, "  left alone: {}\n", list_counts(source.left_alone, 8));
  }
  if (source.state == SourceState::kBroken) {
    fmt::print(context.err, "  broken off: {}\n", source.message);
  }
}

// Most messages name their file already.
std::string with_path(const std::string& path, const std::string& message) {
  return message.find(path) != std::string::npos ? message : fmt::format("{}: {}", path, message);
}

// Largest first; equal ones by name.
void add_counts(std::vector<KindCount>& sum, const std::vector<KindCount>& counts) {
  for (const KindCount& count : counts) {
    const auto at = std::find_if(sum.begin(), sum.end(),
                                 [&](const KindCount& known) { return known.kind == count.kind; });
    if (at == sum.end()) {
      sum.push_back(count);
    } else {
      at->count += count.count;
    }
  }
  std::sort(sum.begin(), sum.end(), [](const KindCount& a, const KindCount& b) {
    return a.count != b.count ? a.count > b.count : a.kind < b.kind;
  });
}

// Many files of one form as if they were one; those that broke off are still told one by one.
void print_sources_by_form(Context& context, const std::vector<SourceReport>& sources) {
  std::map<std::string, std::pair<SourceReport, size_t>> by_form;
  for (const SourceReport& source : sources) {
    auto& [sum, files] = by_form[source.info.adapter];
    ++files;
    sum.info.adapter = source.info.adapter;
    sum.state = SourceState::kComplete;
    sum.accepted += source.accepted;
    sum.duplicates += source.duplicates;
    sum.rejected += source.rejected;
    sum.untimed += source.untimed;
    add_counts(sum.accepted_by, source.accepted_by);
    add_counts(sum.rejected_by, source.rejected_by);
    add_counts(sum.left_alone, source.left_alone);
  }
  for (auto& [form, summed] : by_form) {
    summed.first.info.path =
        fmt::format("{} {}", grouped(summed.second), summed.second == 1 ? "file" : "files");
    print_source(context, summed.first);
  }
  size_t broken = 0;
  for (const SourceReport& source : sources) {
    if (source.state != SourceState::kBroken || ++broken > kSourcesShown) continue;
    fmt::print(context.err, "  broken off: {}\n", with_path(source.info.path, source.message));
  }
  if (broken > kSourcesShown) {
    fmt::print(context.err, "  broken off: {} more\n", broken - kSourcesShown);
  }
  fmt::print(context.err, "`bellwether ingest --list` tells of each file.\n");
}

void print_left_out(Context& context, const std::vector<SkippedPath>& left_out) {
  std::map<std::string, std::vector<std::string_view>> by_reason;
  for (const SkippedPath& skipped : left_out) by_reason[skipped.reason].push_back(skipped.path);
  for (const auto& [reason, paths] : by_reason) {
    std::string names;
    for (size_t i = 0; i < std::min(kNamesShown, paths.size()); ++i) {
      names += fmt::format("{}{}", i == 0 ? "" : ", ", paths[i]);
    }
    fmt::print(context.err, "left out, {}: {}{}\n", reason, names,
               paths.size() > kNamesShown
                   ? fmt::format(" and {} more", grouped(paths.size() - kNamesShown))
                   : "");
  }
}

}  // namespace

void print_ingest(Context& context, const IngestResult& result) {
  if (result.sources.size() <= kSourcesShown) {
    for (const SourceReport& source : result.sources) print_source(context, source);
  } else {
    print_sources_by_form(context, result.sources);
  }
  print_left_out(context, result.left_out);
  for (size_t i = 0; i < std::min(kSourcesShown, result.unusable.size()); ++i) {
    const auto& [path, reason] = result.unusable[i];
    fmt::print(context.err, "not read: {}\n", with_path(path, reason));
  }
  if (result.unusable.size() > kSourcesShown) {
    fmt::print(context.err, "not read: {} more; --json names them all\n",
               grouped(result.unusable.size() - kSourcesShown));
  }
}

namespace {

std::string column_of(RankBy by) {
  switch (by) {
    case RankBy::kScore:
      return "people moved";
    case RankBy::kMomentum:
      return "momentum";
    case RankBy::kForecast:
      return fmt::format("within {} days", kForecastDays[0]);
  }
  return {};
}

}  // namespace

void print_ranking(Context& context, const Ranking& ranking) {
  const Meta& meta = ranking.meta;
  std::ostream& out = context.out;
  if (meta.simulated) out << "SIMULATED: a made-up community, nobody real.\n";
  fmt::print(out, "As of {}{}: {} settled, {} provisional.\n", to_day(meta.as_of),
             ranking.topic.empty() ? "" : fmt::format(", on {} and all below it", ranking.topic),
             grouped(ranking.settled), grouped(ranking.provisional));
  if (meta.stale) out << "The log has changed since: `bellwether score` brings this up to date.\n";
  if (meta.sources_broken > 0) {
    fmt::print(out, "{} of {} sources ended early: `bellwether sources` tells which.\n",
               meta.sources_broken, meta.sources);
  }
  if (ranking.people.empty()) {
    out << (ranking.provisional > 0
                ? "Nobody is settled yet: --all shows the provisional, by their evidence.\n"
                : "Nobody to show.\n");
    return;
  }
  out << '\n';
  // On a narrow terminal the reason needs the room more than the word for momentum.
  constexpr int kWide = 90;  // columns
  const bool momentum = context.columns >= kWide;
  std::vector<Table::Column> columns{{"rank", true},
                                     {"", false},
                                     {"score", true},
                                     {"likely", true},
                                     {column_of(ranking.by), true}};
  if (momentum) columns.push_back({"", false});
  columns.push_back({"why", false});
  Table table(std::move(columns));
  const auto whole = [](double points) { return std::to_string(std::lround(points)); };
  // What the order follows, so that a rank can be read off the table.
  const auto ordered_by = [&](const PersonRow& p) -> std::string {
    switch (ranking.by) {
      case RankBy::kScore:
        return grouped(static_cast<uint64_t>(std::llround(p.people_moved)));
      case RankBy::kMomentum:
        return fmt::format("{:.1f}", p.momentum);
      case RankBy::kForecast:
        return p.forecast[0] ? fmt::format("{:.1f}, {} to {}", p.forecast[0]->mean,
                                           p.forecast[0]->low, p.forecast[0]->high)
                             : "-";
    }
    return {};
  };
  for (const PersonRow& p : ranking.people) {
    const std::string range = p.rank_low == p.rank_high
                                  ? std::to_string(p.rank_low)
                                  : fmt::format("{}–{}", p.rank_low, p.rank_high);
    std::vector<std::string> cells{
        p.settled ? range : "?", p.name, whole(*p.score) + (p.settled ? "" : "?"),
        fmt::format("{} to {}", whole(p.low), whole(p.high)), ordered_by(p)};
    if (momentum) cells.emplace_back(momentum_word(p));
    cells.push_back(p.topic_hidden ? "(hides this topic) " + p.reason : p.reason);
    table.row(std::move(cells));
  }
  table.print(out, context.columns);
  out << '\n';
  print_footer(context, meta);
}

void print_footer(Context& context, const Meta& meta) {
  context.out << wrap(fmt::format("Method {}, policy {} ({}). {}", meta.method, meta.policy_name,
                                  meta.policy, kNotAVerdict),
                      static_cast<size_t>(context.columns), 0)
              << '\n';
}

}  // namespace bellwether

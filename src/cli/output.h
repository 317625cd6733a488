// SPDX-License-Identifier: Apache-2.0
// What all commands share: options that every one has, output forms, tables, progress.
#pragma once
#include <CLI/CLI.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "cli/cli.h"
#include "workspace/query/query.h"
#include "workspace/query/render.h"
#include "workspace/recipes/ingest.h"
#include "workspace/workspace.h"

namespace bellwether {

enum class OutputForm { kTable, kJson, kNdjson, kCsv };

// Options that every command has.
struct CommonOptions {
  std::string home;
  std::string form = "table";
  bool json = false;
  bool public_view = false;  // only where asked for
  unsigned threads = 1;

  OutputForm output() const;
  Viewer viewer() const { return public_view ? Viewer::kPublic : Viewer::kOperator; }
};

// Adds --home, --threads and, where `forms`, --format and --json; where `views`, --public.
void add_common(CLI::App& app, Context& context, CommonOptions& options, bool forms, bool views);

// Parses, or prints help or the complaint. Empty: parsed, go on; else the exit code.
std::optional<int> parse(CLI::App& app, Context& context,
                         const std::vector<std::string>& arguments);

// The workspace to use: the server's own, or one opened now.
class OpenWorkspace {
 public:
  static Result<OpenWorkspace> open(Context& context, const CommonOptions& options, bool create,
                                    bool keep_rejects = false);
  // For commands that only read. The workspace stays open beyond this object: what closes it is the
  // end of the process, which takes a tenth of the time, and Context::left_open says so.
  static Result<OpenWorkspace> open_to_read(Context& context, const CommonOptions& options);
  Workspace& workspace() { return *workspace_; }
  Query& query() { return *query_; }

 private:
  std::unique_ptr<Workspace> own_workspace_;
  std::unique_ptr<Query> own_query_;
  Workspace* workspace_ = nullptr;
  Query* query_ = nullptr;
};

// Prints an answer in a form for programs; false: a table was asked for, which is the caller's to
// print.
template <typename Answer>
bool print_for_programs(Context& context, OutputForm form, const Answer& answer) {
  switch (form) {
    case OutputForm::kJson:
      context.out << to_json(answer);
      return true;
    case OutputForm::kNdjson:
      context.out << to_ndjson(answer);
      return true;
    case OutputForm::kCsv:
      context.out << to_csv(answer);
      return true;
    case OutputForm::kTable:
      break;
  }
  return false;
}

// Says what went wrong on `err`, and returns the exit code for it.
int complain(Context& context, const Error& error);

// A path of the client, made absolute by their working directory; "-" stays.
std::string absolute(const Context& context, const std::string& path);

// Columns that line up, numbers to the right; the last column takes what is left of the width.
class Table {
 public:
  struct Column {
    std::string title;
    bool right = false;
    bool whole = false;  // never cut off: a key to be typed, or what the table is there for
  };
  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
  void print(std::ostream& out, int width) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// How many columns of a terminal UTF-8 text takes, and its beginning of at most `width`, with an
// ellipsis where something was cut off.
size_t display_width(std::string_view text);
std::string fit(std::string_view text, size_t width);

// Words broken into lines of at most `width` columns, each but the first after `indent` spaces.
std::string wrap(std::string_view text, size_t width, size_t indent);

// One line on a terminal, rewritten at most ten times a second: what, how far, rate, time left.
class ProgressLine {
 public:
  explicit ProgressLine(Context& context) : context_(context) {}
  ~ProgressLine() { clear(); }
  void ingest(const IngestProgress& progress);
  void phase(std::string_view name);
  // Long work of known length: `share` of it is done, [0, 1]; `count` of `unit` so far.
  void work(std::string_view name, double share, uint64_t count, std::string_view unit);
  void clear();

 private:
  void show(const std::string& line, bool now);
  Context& context_;
  std::chrono::steady_clock::time_point started_{}, shown_{};
  std::string path_;
  bool working_ = false;
  bool visible_ = false;
};

// The lines that end an ingest: accepted, duplicates, rejected by reason, left alone by kind.
// On `context.out`: over several lines as kJson, else on one. Bytes that are no UTF-8 (a path can
// hold any) become U+FFFD.
void print_json(Context& context, const nlohmann::ordered_json& json, OutputForm form);

void print_ingest(Context& context, const IngestResult& result);
// The top of a ranking as a table, with what it speaks for above and below.
// Method, policy, and that a score is no verdict.
void print_footer(Context& context, const Meta& meta);
void print_ranking(Context& context, const Ranking& ranking);

}  // namespace bellwether

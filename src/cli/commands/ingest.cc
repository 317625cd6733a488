// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/ingest.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "workspace/query/words.h"

namespace bellwether {

void add_ingest_options(CLI::App& app, IngestOptions& options) {
  app.add_option("PATH", options.paths, "files, folders, archives; - is standard input");
  app.add_option("--source", options.source, "which form the input has; otherwise told by content");
  app.add_option("--account", options.account,
                 "whose archive it is, where the archive does not say: name or network:name");
  app.add_option("--network", options.network, "network of accounts where the file names none");
  app.add_option("--columns", options.columns,
                 "csv: names of the columns of a file without header, e.g. actor,target,time,verb");
  app.add_option(
         "--verbs", options.verbs,
         "csv: WORD=VERB, what a word of the file means; VERB - skips it; *=VERB is for all "
         "rows without one")
      ->delimiter(',');
  app.add_flag("--strict", options.strict, "exit with 1 if anything was refused");
  app.add_flag("--keep-rejects", options.keep_rejects,
               "keep the content of refused records, not only their hash");
}

Result<IngestRequest> to_request(const Context& context, const IngestOptions& options) {
  IngestRequest request;
  for (const std::string& path : options.paths) request.paths.push_back(absolute(context, path));
  request.source = options.source;
  request.read.account = options.account;
  request.read.network = options.network;
  request.read.threads = options.common.threads;
  std::istringstream columns(options.columns);
  for (std::string column; std::getline(columns, column, ',');) {
    request.read.columns.push_back(column);
  }
  for (const std::string& pair : options.verbs) {
    const size_t equals = pair.find('=');
    if (equals == 0 || equals == std::string::npos || equals + 1 == pair.size()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("--verbs takes WORD=VERB, not '{}'", pair)};
    }
    request.read.verbs[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
  return request;
}

int ingest_exit(const IngestOptions& options, const IngestResult& result) {
  uint64_t known = 0;
  bool broken = false;
  for (const SourceReport& source : result.sources) {
    known += source.accepted + source.duplicates;
    broken = broken || source.state != SourceState::kComplete;
  }
  if (known == 0) return result.system_refused ? kExitRefused : kExitNothing;
  const bool refused = result.rejected() > 0 || broken || !result.unusable.empty();
  return options.strict && refused ? kExitNothing : kExitDone;
}

namespace {

nlohmann::ordered_json counts_json(const std::vector<KindCount>& counts) {
  auto object = nlohmann::ordered_json::object();
  for (const KindCount& count : counts) object[count.kind] = count.count;
  return object;
}

nlohmann::ordered_json source_json(const SourceReport& source) {
  const char* state = source.undone                            ? "undone"
                      : source.state == SourceState::kComplete ? "complete"
                      : source.state == SourceState::kBroken   ? "broken"
                                                               : "reading";
  return {{"unit", source.unit},
          {"source", source.source},
          {"path", source.info.path},
          {"adapter", source.info.adapter},
          {"mapping_version", source.info.mapping_version},
          {"simulated", source.info.simulated},
          {"state", state},
          {"message", source.message},
          {"observed", to_string(source.observed)},
          {"accepted", source.accepted},
          {"duplicates", source.duplicates},
          {"rejected", source.rejected},
          {"untimed", source.untimed},
          {"accepted_by_verb", counts_json(source.accepted_by)},
          {"rejected_by_reason", counts_json(source.rejected_by)},
          {"left_alone", counts_json(source.left_alone)}};
}

void print_sources(Context& context, const CommonOptions& common,
                   const std::vector<SourceReport>& sources) {
  if (common.output() == OutputForm::kNdjson) {
    for (const SourceReport& source : sources)
      print_json(context, source_json(source), OutputForm::kNdjson);
    return;
  }
  if (common.output() == OutputForm::kJson) {
    auto all = nlohmann::ordered_json::array();
    for (const SourceReport& source : sources) all.push_back(source_json(source));
    print_json(context, {{"sources", all}}, OutputForm::kJson);
    return;
  }
  if (common.output() == OutputForm::kCsv) {
    context.out << "unit,adapter,state,accepted,duplicates,rejected,untimed,path\n";
    for (const SourceReport& source : sources) {
      const auto json = source_json(source);
      std::string path = source.info.path;
      for (size_t at = 0; (at = path.find('"', at)) != std::string::npos; at += 2) {
        path.insert(at, 1, '"');
      }
      fmt::print(context.out, "{},{},{},{},{},{},{},\"{}\"\n", source.unit, source.info.adapter,
                 json["state"].get<std::string>(), source.accepted, source.duplicates,
                 source.rejected, source.untimed, path);
    }
    return;
  }
  if (sources.empty()) {
    context.out << "Nothing has been read yet: `bellwether ingest FILE`.\n";
    return;
  }
  Table table({{"unit", true},
               {"form", false},
               {"state", false},
               {"accepted", true},
               {"duplicates", true},
               {"rejected", true},
               {"read", false},
               {"path", false}});
  for (const SourceReport& source : sources) {
    table.row({std::to_string(source.unit), source.info.adapter,
               source_json(source)["state"].get<std::string>(), grouped(source.accepted),
               grouped(source.duplicates), grouped(source.rejected), to_day(source.observed),
               source.info.path});
  }
  table.print(context.out, context.columns);
}

void print_result_json(Context& context, const IngestResult& result) {
  auto sources = nlohmann::ordered_json::array();
  for (const SourceReport& source : result.sources) sources.push_back(source_json(source));
  const auto skipped_json = [](const std::vector<SkippedPath>& skipped) {
    auto all = nlohmann::ordered_json::array();
    for (const SkippedPath& each : skipped) {
      all.push_back({{"path", each.path}, {"reason", each.reason}});
    }
    return all;
  };
  nlohmann::ordered_json json{{"unit", nullptr},
                              {"sources", sources},
                              {"not_read", skipped_json(result.unusable)},
                              {"left_out", skipped_json(result.left_out)}};
  if (result.unit != 0) json["unit"] = result.unit;
  print_json(context, json, OutputForm::kJson);
}

}  // namespace

int command_ingest(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Reads files, folders and archives into the log. Reading the same thing twice changes "
      "nothing.\nOne call is one unit: --list shows them, --undo takes one back.",
      "bellwether ingest");
  IngestOptions options;
  add_common(app, context, options.common, true, false);
  add_ingest_options(app, options);
  bool list = false;
  uint32_t undo = 0;
  uint32_t rejects = 0;
  app.add_flag("--list", list, "list what was read, unit by unit");
  app.add_option("--undo", undo, "take back everything unit N brought")->type_name("N");
  app.add_option("--rejects", rejects, "list the refused records of unit N")->type_name("N");
  app.footer(
      "Examples:\n"
      "  bellwether ingest tweets.csv.gz\n"
      "  bellwether ingest --columns actor,target,time,verb edges.txt\n"
      "  bellwether ingest --list");
  if (const auto code = parse(app, context, arguments)) return *code;
  const bool reads = !options.paths.empty();
  if (!reads && !list && undo == 0 && rejects == 0) {
    context.err << "bellwether ingest: name a file, folder or archive. Try --help.\n";
    return kExitUsage;
  }
  auto request = to_request(context, options);
  if (!request.ok()) return complain(context, request.error());
  auto open = OpenWorkspace::open(context, options.common, reads, options.keep_rejects);
  if (!open.ok()) return complain(context, open.error());
  Store& store = open->workspace().store();

  if (undo > 0) {
    const auto taken = store.undo_unit(undo);
    if (!taken.ok()) return complain(context, taken.error());
    fmt::print(context.err, "Took back {} events of unit {}. `bellwether score` follows.\n",
               grouped(*taken), undo);
  }
  if (rejects > 0) {
    const auto rows = store.rejects(rejects, 1'000'000);
    if (!rows.ok()) return complain(context, rows.error());
    const auto sources = store.sources();
    if (!sources.ok()) return complain(context, sources.error());
    std::map<uint32_t, std::string_view> paths;
    for (const SourceReport& source : *sources) paths[source.source] = source.info.path;
    for (const RejectRow& row : *rows) {
      const nlohmann::ordered_json json{
          {"source", row.source},
          {"path", paths[row.source]},
          {"record", row.record},
          {"record_hash", to_hex(Hash128{row.record_hash, 0}).substr(0, 16)},
          {"reason", row.reason},
          {"content", row.content.empty() ? nlohmann::ordered_json(nullptr)
                                          : nlohmann::ordered_json(row.content)}};
      print_json(context, json, OutputForm::kNdjson);
    }
  }
  int code = kExitDone;
  if (reads) {
    ProgressLine line(context);
    const auto result =
        ingest(open->workspace(), *request, [&](const IngestProgress& p) { line.ingest(p); });
    line.clear();
    if (!result.ok()) return complain(context, result.error());
    print_ingest(context, *result);
    if (options.common.output() == OutputForm::kJson) {
      print_result_json(context, *result);
    } else if (options.common.output() != OutputForm::kTable) {
      print_sources(context, options.common, result->sources);
    }
    code = ingest_exit(options, *result);
  }
  if (reads || undo > 0) {
    // Whoever asks a server now is told that the scores are older than the log.
    if (const auto done = open->query().refresh(); !done.ok()) {
      return complain(context, done.error());
    }
  }
  if (list) {
    const auto sources = store.sources();
    if (!sources.ok()) return complain(context, sources.error());
    print_sources(context, options.common, *sources);
  }
  return code;
}

int command_sources(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app("What was read and how complete it is; and which forms are understood.",
               "bellwether sources");
  CommonOptions common;
  add_common(app, context, common, true, false);
  bool forms = false;
  app.add_flag("--forms", forms, "list the forms that can be read, and nothing else");
  app.footer("Examples:\n  bellwether sources\n  bellwether sources --forms");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (!forms) {
    auto open = OpenWorkspace::open(context, common, false);
    if (!open.ok()) return complain(context, open.error());
    const auto sources = open->workspace().store().sources();
    if (!sources.ok()) return complain(context, sources.error());
    print_sources(context, common, *sources);
    if (common.output() != OutputForm::kTable) return kExitDone;
    context.out << '\n';
  }
  if (common.output() == OutputForm::kTable) {
    context.out << "Forms understood:\n";
    for (const Adapter* adapter : adapters()) {
      fmt::print(context.out, "  {:<16} {}\n", adapter->info().name, adapter->info().title);
    }
    return kExitDone;
  }
  auto all = nlohmann::ordered_json::array();
  for (const Adapter* adapter : adapters()) {
    auto verbs = nlohmann::ordered_json::array();
    for (const Verb verb : adapter->info().verbs) verbs.push_back(to_string(verb));
    all.push_back({{"form", adapter->info().name},
                   {"title", adapter->info().title},
                   {"mapping_version", adapter->info().mapping_version},
                   {"verbs", verbs}});
  }
  print_json(context, {{"forms", all}}, OutputForm::kJson);
  return kExitDone;
}

}  // namespace bellwether

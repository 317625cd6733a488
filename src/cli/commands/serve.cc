// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/commands/ingest.h"
#include "cli/commands/score.h"
#include "workspace/recipes/simulate.h"

namespace bellwether {
namespace {

constexpr const char* kDefaultListen = "127.0.0.1:8420";
constexpr const char* kAnyPort = "127.0.0.1:0";

// Without an address asked for, any free port will do when the usual one is taken.
int serve_aloud(Context& context, const CommonOptions& common, OpenWorkspace& open,
                const std::string& listen) {
  ServeRequest request{absolute(context, common.home), listen.empty() ? kDefaultListen : listen,
                       common.threads};
  const auto listening = [&](const std::string& address) {
    fmt::print(
        context.out,
        "\nServing {}\nThe address is yours alone: it holds the operator's token. Ctrl-C ends "
        "the server.\n",
        address);
    context.out << std::flush;
  };
  auto served = context.serve(request, open.workspace(), open.query(), listening);
  if (!served.ok() && served.error().code == ErrorCode::kBusy && listen.empty()) {
    request.listen = kAnyPort;
    served = context.serve(request, open.workspace(), open.query(), listening);
  }
  return served.ok() ? kExitDone : complain(context, served.error());
}

}  // namespace

int command_serve(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Answers on a local address: pages for people, an API for programs. Others see only who "
      "asked to be shown.\nWhile it runs, other commands on the workspace go through it.",
      "bellwether serve");
  CommonOptions common;
  add_common(app, context, common, false, false);
  std::string listen;
  app.add_option("--listen", listen, "address:port; port 0 takes any free one")
      ->default_str(kDefaultListen);
  app.footer("Example:\n  bellwether serve --listen 127.0.0.1:8420");
  if (const auto code = parse(app, context, arguments)) return *code;
  auto open = OpenWorkspace::open(context, common, true);
  if (!open.ok()) return complain(context, open.error());
  return serve_aloud(context, common, *open, listen);
}

int command_start(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Reads what you name, scores it, prints who moves most people and why, and serves it.\n"
      "Without a path it does so with a made-up community, marked as simulated.",
      "bellwether start");
  IngestOptions options;
  add_common(app, context, options.common, false, false);
  add_ingest_options(app, options);
  std::string listen;
  bool no_serve = false;
  app.add_option("--listen", listen, "address:port; port 0 takes any free one")
      ->default_str(kDefaultListen);
  app.add_flag("--no-serve", no_serve, "stop after printing");
  app.footer("Examples:\n  ./run tweets.csv.gz\n  ./run");
  if (const auto code = parse(app, context, arguments)) return *code;
  auto request = to_request(context, options);
  if (!request.ok()) return complain(context, request.error());
  if (options.paths.empty() && options.common.home == context.home) {
    // What is made up must not get into a workspace of real people.
    options.common.home += ".simulated";
  }
  auto open = OpenWorkspace::open(context, options.common, true, options.keep_rejects);
  if (!open.ok()) return complain(context, open.error());
  {
    ProgressLine line(context);
    const auto watch = [&](const IngestProgress& p) { line.ingest(p); };
    const auto result = options.paths.empty() ? simulate(open->workspace(), {}, watch)
                                              : ingest(open->workspace(), *request, watch);
    line.clear();
    if (!result.ok()) return complain(context, result.error());
    print_ingest(context, *result);
    if (const int code = ingest_exit(options, *result); code != kExitDone) return code;
  }
  if (const auto scored = score_aloud(context, *open, {}); !scored.ok()) {
    return complain(context, scored.error());
  }
  RankRequest top;
  top.limit = 10;
  auto ranking = open->query().rank(top, Viewer::kOperator);
  if (ranking.ok() && ranking->people.empty()) {
    // Better the provisional, marked as such, than nothing.
    top.all = true;
    ranking = open->query().rank(top, Viewer::kOperator);
  }
  if (!ranking.ok()) return complain(context, ranking.error());
  context.out << '\n';
  print_ranking(context, *ranking);
  context.out << std::flush;
  if (no_serve) return kExitDone;
  if (context.workspace != nullptr) {
    context.out << "\nThe server that holds this workspace shows it already.\n";
    return kExitDone;
  }
  return serve_aloud(context, options.common, *open, listen);
}

}  // namespace bellwether

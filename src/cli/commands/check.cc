// SPDX-License-Identifier: Apache-2.0
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace bellwether {

int command_check(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Reads a whole workspace and tells what is wrong with it. Exit code 3 if anything is.",
      "bellwether check");
  CommonOptions common;
  add_common(app, context, common, true, false);
  bool repair = false;
  app.add_flag("--repair", repair,
               "first keep the longest whole prefix of a damaged write-ahead log; the damaged one "
               "is put aside");
  app.footer("Examples:\n  bellwether check\n  bellwether check --repair");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (repair) {
    if (context.workspace != nullptr) {
      return complain(context,
                      {ErrorCode::kBusy, "a server holds this workspace; end it before a repair"});
    }
    const auto done = Store::repair(absolute(context, common.home));
    if (!done.ok()) return complain(context, done.error());
    fmt::print(context.err, "Repair: {}.\n", *done);
  }
  auto open = OpenWorkspace::open(context, common, false);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  line.phase("checking");
  auto problems = open->workspace().store().check();
  if (!problems.ok()) return complain(context, problems.error());
  const auto registry = open->workspace().registry().check();
  if (!registry.ok()) return complain(context, registry.error());
  problems->insert(problems->end(), registry->begin(), registry->end());
  line.clear();
  if (common.output() != OutputForm::kTable) {
    print_json(context, {{"problems", *problems}}, OutputForm::kJson);
  } else if (problems->empty()) {
    context.out << "The workspace is whole.\n";
  } else {
    for (const std::string& problem : *problems) context.out << problem << '\n';
  }
  return problems->empty() ? kExitDone : kExitRefused;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include <nlohmann/json.hpp>

#include "cli/output.h"

namespace bellwether {

int command_check(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Reads a whole workspace and tells what is wrong with it. Exit code 3 if anything is.",
      "bellwether check");
  CommonOptions common;
  add_common(app, context, common, true, false);
  if (const auto code = parse(app, context, arguments)) return *code;
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

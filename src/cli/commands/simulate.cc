// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/simulate.h"

#include "cli/output.h"

namespace bellwether {

int command_simulate(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Writes a made-up community into the log. Everything scored from it is marked as "
      "simulated.",
      "bellwether simulate");
  CommonOptions common;
  CommunityOptions options;
  add_common(app, context, common, false, false);
  app.add_option("--people", options.people, "how many people")
      ->check(CLI::Range(2U, 1'000'000U))
      ->capture_default_str();
  app.add_option("--days", options.days, "over how many days")
      ->check(CLI::Range(1U, 3650U))
      ->capture_default_str();
  app.add_option("--acts", options.acts_per_person_day, "acts of a person a day, on average")
      ->check(CLI::Range(0.001, 100.0))
      ->capture_default_str();
  app.add_option("--rng-seed", options.rng_seed, "another number, another community")
      ->capture_default_str();
  app.footer(
      "Example:\n  bellwether simulate --home try --people 500 && bellwether score --home try");
  if (const auto code = parse(app, context, arguments)) return *code;
  auto open = OpenWorkspace::open(context, common, true);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  const auto result =
      simulate(open->workspace(), options, [&](const IngestProgress& p) { line.ingest(p); });
  line.clear();
  if (!result.ok()) return complain(context, result.error());
  print_ingest(context, *result);
  return kExitDone;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/tune.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <filesystem>
#include <fstream>

#include "cli/commands/windows.h"
#include "cli/output.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

// What a key of a policy is called, and its value.
std::string value_words(const TunedValue& value, double number) {
  if (value.key.find("half_life_days") != std::string::npos) return fmt::format("{} days", number);
  if (value.key.find("half_life_weights") != std::string::npos) {
    return fmt::format("{:.0f} %", 100 * number);
  }
  return fmt::format("{:.3g}", number);
}

std::string figure(const std::optional<double>& value) {
  return value ? fmt::format("{:.3f}", *value) : "-";
}

void print_table(Context& context, const TuneResult& result, const std::string& path) {
  const TuneReport& report = result.report;
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << "\n"; };
  if (report.windows == 0) {
    say("The log is too short to fit anything on: there is no window before the last ones.");
  } else {
    say(fmt::format(
        "{}What foretells best here whom people will respond to? Fitted on the {} windows before "
        "{}, starting from policy {}; {} candidates looked at.",
        result.simulated ? "Simulated. " : "", report.windows,
        to_string(report.as_of).substr(0, 16), result.policy_name, grouped(report.tried)));
  }
  context.out << '\n';
  if (report.changed) {
    Table values({{"value", false, true}, {"in force", true}, {"fitted", true}, {"", false}});
    for (const TunedValue& value : report.values) {
      values.row(
          {value.key, value_words(value, value.before), value_words(value, value.after), ""});
    }
    values.print(context.out, context.columns);
    context.out << '\n';
  } else {
    say("No change pays: the evidence is too little, or the values in force foretell as well as "
        "any.");
    context.out << '\n';
  }
  say("Nested folds: each window is graded by a policy fitted on windows before it only.");
  context.out << '\n';
  Table table({{"from", false},
               {"people", true},
               {"moving", true},
               {"fitted on", true},
               {"gain", true},
               {"NDCG@100", true},
               {"fitted", true},
               {"Spearman", true},
               {"fitted", true},
               {"AUC", true},
               {"fitted", true},
               {"", false}});
  for (const TunedFold& fold : report.folds) {
    std::string gain = "-";
    if (fold.likelihood_before) {
      gain = fold.changed
                 ? fmt::format("{:+.2f}", 1000 * (*fold.likelihood_after - *fold.likelihood_before))
                 : "no change";
    }
    table.row({to_string(fold.window.cut).substr(0, 16), grouped(fold.people), grouped(fold.moving),
               grouped(fold.windows), gain, figure(fold.before.ndcg), figure(fold.after.ndcg),
               figure(fold.before.spearman), figure(fold.after.spearman), figure(fold.before.auc),
               figure(fold.after.auc), ""});
  }
  table.print(context.out, context.columns);
  context.out << '\n';
  say("gain: of the log likelihood of whom each person moved, in thousandths of a nat a person; "
      "the other figures are the score's, under the policy in force and the fitted one.");
  if (report.pays) {
    say(
        fmt::format("On windows that it had not seen the fit gained {:+.2f} on average: it "
                    "foretells a little better here.",
                    1000 * report.nested_gain.value_or(0)));
  } else if (report.changed) {
    say("On windows that it had not seen such a fit gained nothing: keep the policy in force.");
  } else {
    say("Keep the policy in force.");
  }
  context.out << '\n';
  say(
      fmt::format("Written to {} as policy {} ({}). Nothing in the workspace has changed: look at "
                  "it with `bellwether compare --policies current {}`.",
                  path, report.policy.name, result.tuned_hash, path));
}

}  // namespace

int command_tune(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Fits verb weights, half-lives and their weights to your own log, by how well they foretell "
      "whom people will\nrespond to, and writes them as a policy file of its own name. The policy "
      "in force stays in force.",
      "bellwether tune");
  CommonOptions common;
  add_common(app, context, common, true, false);
  TuneRequest request;
  WindowArguments windows(app, request.windows);
  std::string output = "tuned.toml";
  app.add_option("--output", output, "the policy file to write")
      ->type_name("FILE")
      ->capture_default_str();
  bool force = false;
  app.add_flag("--force", force, "write it even if there is such a file");
  app.add_option("--name", request.name, "the policy's name; otherwise tuned- and the newest day");
  app.footer(
      "A value is changed only where that pays by more than twice its standard error; a log with "
      "little evidence\ngives back the values it started from. The gain is told on windows the fit "
      "had not seen.\n\n"
      "Examples:\n  bellwether tune\n  bellwether tune --folds 4 --window 7d --output ours.toml\n"
      "  bellwether tune --json\n  bellwether compare --policies current tuned.toml");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (const auto code = windows.read(context, "tune")) return *code;
  const std::string path = absolute(context, output);
  std::error_code ignored;
  if (!force && std::filesystem::exists(path, ignored)) {
    fmt::print(
        context.err,
        "bellwether tune: {} is there already; name another with --output, or give --force\n",
        path);
    return kExitUsage;
  }
  auto open = OpenWorkspace::open(context, common, false);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  const auto result = tune(
      open->workspace(), request, [&](std::string_view phase) { line.phase(phase); },
      [&](const TuneProgress& progress) {
        line.work(fmt::format("fit {} of {}", progress.fit, progress.fits),
                  static_cast<double>(progress.fit - 1) / progress.fits, progress.tried,
                  "candidates");
      });
  line.clear();
  if (!result.ok()) return complain(context, result.error());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << tuned_toml(*result);
  file.flush();
  if (!file) return complain(context, {ErrorCode::kIo, fmt::format("cannot write {}", path)});
  if (!print_for_programs(context, common.output(), *result)) {
    print_table(context, *result, output);
  }
  return kExitDone;
}

}  // namespace bellwether

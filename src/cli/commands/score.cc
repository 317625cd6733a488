// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/score.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <nlohmann/json.hpp>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

constexpr size_t kNamesMax = 5;  // of accounts that are not there

}  // namespace

Result<ScoreResult> score_aloud(Context& context, OpenWorkspace& open,
                                const ScoreRequest& request) {
  ProgressLine line(context);
  auto result =
      score(open.workspace(), request, [&](std::string_view phase) { line.phase(phase); });
  line.clear();
  if (!result.ok()) return result;
  BW_TRY(open.query().refresh());
  const CreditSummary& credit = result->credit;
  fmt::print(context.err, "Scored {} people as of {}: {} settled. {} of {} acts were responses.\n",
             grouped(result->snapshot.people), to_string(result->snapshot.as_of),
             grouped(result->snapshot.settled), grouped(credit.responses), grouped(credit.acts));
  if (credit.untimed > 0) {
    fmt::print(context.err, "{} responses have no time and give no credit until they do.\n",
               grouped(credit.untimed));
  }
  const auto share = [&](Credit part) {
    return 100.0 * static_cast<double>(part) /
           static_cast<double>(credit.assigned + credit.unassigned_self +
                               credit.unassigned_unknown);
  };
  if (credit.unassigned_unknown > 0) {
    fmt::print(context.err, "{:.1f} % of the credit falls to nobody: the author is not known.\n",
               share(credit.unassigned_unknown));
  }
  for (const SnapshotGrade& grade : result->graded) {
    fmt::print(context.err,
               "Graded the forecast of snapshot {} for {} days: {:.1f} % of {} intervals held.\n",
               grade.snapshot, grade.days, 100 * grade.calibration.coverage.value_or(0),
               grouped(grade.calibration.people));
  }
  for (const auto& [network, accounts] : result->newly_chosen) {
    fmt::print(context.err,
               "Chose {} of {} for standing to start from, once and for all; `bellwether score "
               "--json` names them.\n",
               accounts == 1 ? "one account" : grouped(accounts) + " accounts", network);
  }
  const std::vector<std::string>& unknown = result->teleport_unknown;
  if (!unknown.empty()) {
    std::string names = unknown.front();
    for (size_t i = 1; i < std::min(unknown.size(), kNamesMax); ++i) names += ", " + unknown[i];
    if (unknown.size() > kNamesMax)
      names += fmt::format(" and {} more", unknown.size() - kNamesMax);
    fmt::print(context.err,
               "Not in the log, though policy.toml names them under [standing] teleport: {}. "
               "`bellwether people list` has the names.\n",
               names);
  }
  if (result->teleport_set.empty()) {
    context.err << "Nobody is vouched for: "
                << (unknown.empty()
                        ? "no two accounts here ever answered each other. Name accounts "
                          "you trust under [standing] teleport in policy.toml.\n"
                        : "standing has nowhere to start from.\n");
  }
  return result;
}

int command_score(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app("Turns the log into a ledger and scores, and publishes them as a snapshot.",
               "bellwether score");
  CommonOptions common;
  add_common(app, context, common, true, false);
  std::string as_of;
  ScoreRequest request;
  app.add_option("--as-of", as_of, "the instant to speak for; otherwise just after the newest act")
      ->type_name("TIME");
  app.add_option("--method", request.method,
                 "bellwether/1, /2 or /3; otherwise the one that policy.toml names");
  app.footer("Examples:\n  bellwether score\n  bellwether score --as-of 2012-07-05");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (!as_of.empty()) {
    request.as_of = parse_instant(as_of);
    if (!request.as_of) {
      fmt::print(context.err, "bellwether score: '{}' is no time; write 2012-07-05T12:00:00Z\n",
                 as_of);
      return kExitUsage;
    }
  }
  auto open = OpenWorkspace::open(context, common, false);
  if (!open.ok()) return complain(context, open.error());
  const auto result = score_aloud(context, *open, request);
  if (!result.ok()) return complain(context, result.error());
  if (common.output() != OutputForm::kTable) {
    const SnapshotInfo& s = result->snapshot;
    const CreditSummary& c = result->credit;
    const auto points = [](Credit credit) {
      return static_cast<double>(credit) / static_cast<double>(kCreditOne);
    };
    const nlohmann::ordered_json json{{"snapshot", s.snapshot},
                                      {"as_of", to_string(s.as_of)},
                                      {"method", s.method},
                                      {"policy", s.policy_hash},
                                      {"people", s.people},
                                      {"settled", s.settled},
                                      {"simulated", s.simulated},
                                      {"teleport_set", result->teleport_set.size()},
                                      {"teleport_accounts", result->teleport_set},
                                      {"teleport_unknown", result->teleport_unknown},
                                      {"acts", c.acts},
                                      {"responses", c.responses},
                                      {"responses_without_time", c.untimed},
                                      {"credit_assigned", points(c.assigned)},
                                      {"credit_unassigned_self", points(c.unassigned_self)},
                                      {"credit_unassigned_unknown", points(c.unassigned_unknown)},
                                      {"forecasts_graded", result->graded.size()}};
    print_json(context, json, common.output());
  }
  return kExitDone;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/backtest.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <fstream>

#include "cli/commands/windows.h"
#include "cli/output.h"
#include "workspace/query/plot.h"
#include "workspace/query/words.h"
#include "workspace/recipes/plan_backtest.h"
#include "workspace/recipes/sensitivity.h"

namespace bellwether {
namespace {

std::string lasting(int64_t ms) {
  const auto days = static_cast<double>(ms) / static_cast<double>(kMsPerDay);
  return days < 2 ? fmt::format("{:.1f} h", 24 * days) : fmt::format("{:.1f} d", days);
}

std::string slot_name(int64_t ms) {
  if (ms == kMsPerDay) return "day";
  return ms == kMsPerHour ? "hour" : fmt::format("{} hours", ms / kMsPerHour);
}

std::string percent(const std::optional<double>& share) {
  return share ? fmt::format("{:.1f} %", 100 * *share) : "-";
}

void print_measures(Context& context, const BacktestReport& report) {
  const std::array figures{&RankingGrade::ndcg, &RankingGrade::spearman, &RankingGrade::auc,
                           &RankingGrade::overlap};
  Table table({{"measure", false},
               {"NDCG@100", true},
               {"Spearman", true},
               {"AUC", true},
               {"top 50", true},
               {"", false}});
  for (size_t m = 0; m < report.measures.size(); ++m) {
    std::vector<std::string> cells{std::string(report.measures[m])};
    for (const auto figure : figures) {
      const std::optional<double>& value = report.mean[m].*figure;
      // The best of a column is marked, so that nobody has to look for it.
      const bool best = std::none_of(report.mean.begin(), report.mean.end(),
                                     [&](const RankingGrade& g) { return g.*figure > value; });
      cells.push_back(value ? fmt::format("{:.3f}{}", *value, best ? "*" : " ") : "- ");
    }
    cells.emplace_back();
    table.row(std::move(cells));
  }
  table.print(context.out, context.columns);
}

std::string calibration_sentence(const Calibration& calibration) {
  if (!calibration.coverage) return "There is no window before the first cut to fit a forecast on.";
  std::string sentence = fmt::format("The 90 % intervals held in {} of {} forecasts",
                                     percent(calibration.coverage), grouped(calibration.people));
  if (calibration.expected > 0) {
    sentence += fmt::format(", and in {} of the {} that expected at least one person moved",
                            percent(calibration.coverage_expected), grouped(calibration.expected));
  }
  return sentence + ".";
}

void print_folds(Context& context, const BacktestReport& report) {
  Table table({{"from", false},
               {"lasts", true},
               {"before", true},
               {"within", true},
               {"people", true},
               {"moving", true},
               {"vouched", true},
               {"forecast", true},
               {"held", true},
               {"", false}});
  for (const BacktestFold& fold : report.folds) {
    table.row({to_string(fold.cut).substr(0, 16), lasting(fold.end.ms - fold.cut.ms),
               grouped(fold.responses_before), grouped(fold.responses_within), grouped(fold.people),
               grouped(fold.moving), fmt::format("{:.0f} %", 100 * fold.vouched_share),
               fold.grades[0].ndcg ? fmt::format("{:.3f}", *fold.grades[0].ndcg) : "-",
               percent(fold.calibration ? fold.calibration->coverage : std::nullopt), ""});
  }
  table.print(context.out, context.columns);
}

// 0.0123: as many digits as tell two measures apart.
std::string small(double value) { return fmt::format("{:.4f}", value); }

void print_chances(Context& context, const std::optional<ChanceReport>& chances) {
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << "\n"; };
  if (!chances) {
    say("Pair chances: none. Nobody who had responded to somebody had another occasion to, before "
        "the first cut or after it.");
    return;
  }
  say(fmt::format(
      "Pair chances: of those who have responded to somebody before, how likely is each to do so "
      "within the next {} in which that person does something or moves anybody? Asked {} times, of "
      "{} pairs; in {} they did.",
      slot_name(chances->model.occasion_ms), grouped(chances->exposures), grouped(chances->pairs),
      percent(static_cast<double>(chances->answered) / static_cast<double>(chances->exposures))));
  context.out << '\n';
  const std::array figures{&ChanceGrade::log_loss, &ChanceGrade::calibration_error,
                           &ChanceGrade::alike_error};
  Table table({{"measure", false},
               {"log loss", true},
               {"calibration", true},
               {"among alike", true},
               {"said", true},
               {"", false}});
  for (size_t m = 0; m < kChanceMeasures; ++m) {
    const ChanceGrade& grade = chances->grades[m];
    std::vector<std::string> cells{std::string(to_string(static_cast<ChanceMeasure>(m)))};
    for (const auto figure : figures) {
      const bool best =
          std::none_of(chances->grades.begin(), chances->grades.end(),
                       [&](const ChanceGrade& g) { return g.*figure < grade.*figure; });
      cells.push_back(small(grade.*figure) + (best ? "*" : " "));
    }
    cells.push_back(percent(grade.mean));
    cells.emplace_back();
    table.row(std::move(cells));
  }
  table.print(context.out, context.columns);
  context.out << '\n';
  say(fmt::format(
      "Lower is better. calibration: how far what was said is from what came, the mean of ten "
      "groups by what was said; among alike: of groups of pairs with as long a history, the same "
      "groups for every measure; said: on average. Of the tenth with the highest chances {} were "
      "expected to respond, and {} did.",
      percent(chances->tenths.back().said), percent(chances->tenths.back().came)));
}

void print_table(Context& context, const BacktestResult& result) {
  const BacktestReport& report = result.report;
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << "\n"; };
  say(fmt::format(
      "{}Who, of those seen before, moves most people next? {}; standing from {}.",
      result.simulated ? "Simulated. " : "",
      report.folds.size() > 1 ? fmt::format("Means over {} windows", report.folds.size())
                              : "One window",
      result.automatic_teleport ? "the automatic set of each cut" : "the operator's own set"));
  context.out << '\n';
  print_measures(context, report);
  context.out << '\n';
  say("* the best of its column. Ties are broken at random, in expectation.");
  say(calibration_sentence(report.calibration));
  context.out << '\n';
  print_folds(context, report);
  context.out << '\n';
  say("before, within: responses; moving: people who moved anybody within; vouched: of those who "
      "had responded to anybody; forecast: its NDCG@100.");
  context.out << '\n';
  print_chances(context, result.chances);
  context.out << '\n';
  say(fmt::format("Method {}, policy {} ({}).", result.method, result.policy_name,
                  result.policy_hash));
}

void print_kept(Context& context, const std::vector<KeptGrade>& grades) {
  if (grades.empty()) {
    context.out << "No forecast has come due yet. Each `bellwether score` keeps one for "
                << kForecastDays[0] << " and one for " << kForecastDays[1]
                << " days, and grades those whose time has passed.\n";
    return;
  }
  const auto figure = [](const std::optional<double>& value) {
    return value ? fmt::format("{:.3f}", *value) : "-";
  };
  Table table({{"as of", false},
               {"within", true},
               {"people", true},
               {"said", true},
               {"came", true},
               {"held", true},
               {"expected one", true},
               {"NDCG@100", true},
               {"of the score", true},
               {"", false}});
  for (const KeptGrade& kept : grades) {
    const SnapshotGrade& grade = kept.grade;
    table.row({to_day(kept.snapshot.as_of), fmt::format("{} days", grade.days),
               grouped(grade.calibration.people),
               grouped(static_cast<uint64_t>(std::llround(grade.said))), grouped(grade.came),
               percent(grade.calibration.coverage), percent(grade.calibration.coverage_expected),
               figure(grade.forecast.ndcg), figure(grade.score.ndcg), ""});
  }
  table.print(context.out, context.columns);
  context.out << '\n'
              << wrap(
                     "said, came: people moved, summed over everybody; held: how many of the 90 % "
                     "intervals, and how many of those that expected at least one.",
                     static_cast<size_t>(context.columns), 0)
              << '\n';
}

std::string value_words(const Variation& variation) {
  if (!variation.after) return variation.setting;
  return fmt::format("{:.4g} to {:.4g}{}", *variation.before, *variation.after,
                     variation.bounded ? " (bound)" : "");
}

void print_sensitivity(Context& context, const SensitivityResult& result) {
  const SensitivityReport& report = result.report;
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << "\n"; };
  say(fmt::format(
      "{}What becomes of the order of the {} {} when one constant of the policy is halved or "
      "doubled, or standing starts from another set? As of {}; graded on what came from {} on.",
      result.simulated ? "Simulated. " : "", grouped(report.ranked),
      report.all_ranked ? "people with a score (hardly anybody is settled)" : "ranked people",
      to_string(result.as_of).substr(0, 16), to_string(report.window.cut).substr(0, 16)));
  context.out << '\n';
  Table table({{"constant", false, true},
               {"", false},
               {"moves", true},
               {"at most", true},
               {"Spearman", true},
               {"top 50", true},
               {"settled", true},
               {"NDCG@100", true},
               {"", false}});
  for (const Variation& v : report.variations) {
    std::string ndcg = "-";
    if (v.ndcg && report.ndcg)
      ndcg = fmt::format("{:.3f} {:+.3f}", *v.ndcg, *v.ndcg - *report.ndcg);
    table.row({v.key, value_words(v), fmt::format("{:.1f}", v.mean_move), grouped(v.largest_move),
               v.spearman ? fmt::format("{:.4f}", *v.spearman) : "-",
               fmt::format("{:.0f} %", 100 * v.overlap), grouped(v.settled), ndcg, ""});
  }
  table.print(context.out, context.columns);
  context.out << '\n';
  say(fmt::format(
      "moves, at most: places of the first {}, mean and largest. Spearman, top 50: with "
      "the order as it is. NDCG@100: of the score on the window, {} as it is.",
      grouped(report.people.size()),
      report.ndcg ? fmt::format("{:.3f}", *report.ndcg) : "unknown"));
  context.out << '\n';
  Table people({{"rank", true},
                {"over all of these", true},
                {"score", true},
                {"who", false},
                {"worst with", false, true}});
  for (size_t i = 0; i < report.people.size(); ++i) {
    const RankRange& range = report.people[i];
    people.row({grouped(range.rank), fmt::format("{} to {}", range.best, range.worst),
                fmt::format("{:.1f}", range.score), result.names[i].name, range.worst_with});
  }
  people.print(context.out, context.columns);
  context.out << '\n';
  say(fmt::format("Method {}, policy {} ({}). Nothing of this is published.", result.method,
                  result.policy_name, result.policy_hash));
}

void print_plans(Context& context, const PlanBacktest& result) {
  const auto width = static_cast<size_t>(context.columns);
  if (result.simulated) context.out << "SIMULATED: a made-up community, nobody real.\n";
  for (const PlanBacktest::Fold& fold : result.folds) {
    fmt::print(context.out, "{}\n\n",
               wrap(fmt::format("From {} to {}: {} responses, after {}. How many different people "
                                "groups moved that were chosen before; the plan's chances are "
                                "learnt from {}.",
                                to_string(fold.cut), to_string(fold.end),
                                grouped(fold.responses_within), grouped(fold.responses_before),
                                count_of(fold.training_windows, "window", "windows")),
                    width, 0));
    std::vector<Table::Column> columns{{"chosen by", false}};
    for (const uint32_t people : kPlanBacktestPeople) {
      columns.push_back({fmt::format("{} people", people), true});
    }
    columns.push_back({"", false});
    Table table(std::move(columns));
    for (const PlanBacktest::Measure& measure : fold.measures) {
      std::vector<std::string> cells{std::string(measure.name)};
      for (const auto& moved : measure.moved) {
        cells.push_back(moved ? fmt::format("{:.0f}", *moved) : "-");
      }
      cells.emplace_back();
      table.row(std::move(cells));
    }
    table.print(context.out, context.columns);
    context.out << '\n';
  }
  fmt::print(context.out, "{}\n",
             wrap("random: the mean over 200 draws. best possible: chosen by who moved whom in the "
                  "window itself, which nobody can know.",
                  width, 0));
  fmt::print(context.out, "Method {}, policy {} ({}).\n", result.method, result.policy_name,
             result.policy_hash);
}

}  // namespace

int command_backtest(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Replays the log: what the score said at an instant, held against whom people responded to "
      "after it, beside the naive measures it has to beat.",
      "bellwether backtest");
  CommonOptions common;
  add_common(app, context, common, true, false);
  BacktestOptions options;
  WindowArguments windows(app, options);
  bool kept = false;
  auto* keeping = app.add_flag(
      "--kept", kept, "instead of replaying: what became of the forecasts kept with snapshots");
  windows.exclude_all(*keeping);
  bool vary = false;
  auto* varying = app.add_flag("--sensitivity", vary,
                               "instead of replaying: how the ranking moves when a constant of the "
                               "policy is halved or doubled, or standing starts elsewhere");
  varying->excludes(keeping);
  windows.exclude_folds(*varying);
  bool plans = false;
  auto* planning =
      app.add_flag("--plans", plans,
                   "instead of replaying: how many different people groups of 10, 20 "
                   "and 50 moved in the window, as a plan chooses them and as lists do");
  planning->excludes(keeping)->excludes(varying);
  uint32_t limit = 20;
  app.add_option("--limit", limit, "with --sensitivity: whose ranks are followed, so many")
      ->check(CLI::Range(1U, 100'000U))
      ->needs(varying)
      ->capture_default_str();
  std::string plot;
  app.add_option("--plot", plot, "also draw it: an SVG of ranking quality and calibration")
      ->type_name("FILE")
      ->excludes(keeping)
      ->excludes(varying)
      ->excludes(planning);
  app.footer(
      "Examples:\n  bellwether backtest\n  bellwether backtest --folds 10 --cut 0.5\n"
      "  bellwether backtest --window 7d --folds 4 --json\n"
      "  bellwether backtest --plot backtest.svg\n  bellwether backtest --kept\n"
      "  bellwether backtest --sensitivity\n  bellwether backtest --plans\n\n"
      "csv and ndjson have a line for each measure of each window, and one for each window in "
      "which there was a\nforecast, of measure forecast_intervals: the share of people whose 90 % "
      "interval held (coverage_90), and that of\nthe `expected` people foretold to move at least "
      "one (coverage_90_expected). Then one for each measure of pair\nchances, of all windows "
      "together: pair_chances, pair_chances_constant and so on.");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (const auto code = windows.read(context, "backtest")) return *code;
  if (kept) {
    auto read = OpenWorkspace::open_to_read(context, common);
    if (!read.ok()) return complain(context, read.error());
    const auto grades = read->query().grades();
    if (!grades.ok()) return complain(context, grades.error());
    if (!print_for_programs(context, common.output(), *grades)) print_kept(context, *grades);
    return kExitDone;
  }
  auto open = OpenWorkspace::open(context, common, false);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  if (plans) {
    const auto grown = backtest_plans(open->workspace(), options,
                                      [&](std::string_view phase) { line.phase(phase); });
    line.clear();
    if (!grown.ok()) return complain(context, grown.error());
    if (!print_for_programs(context, common.output(), *grown)) print_plans(context, *grown);
    return kExitDone;
  }
  if (vary) {
    const auto varied = sensitivity(
        open->workspace(), options, limit, [&](std::string_view phase) { line.phase(phase); },
        [&](uint32_t done, uint32_t all) {
          line.work("rescoring", static_cast<double>(done) / all, done, "variations");
        });
    line.clear();
    if (!varied.ok()) return complain(context, varied.error());
    if (!print_for_programs(context, common.output(), *varied)) print_sensitivity(context, *varied);
    return kExitDone;
  }
  const auto result =
      backtest(open->workspace(), options, [&](std::string_view phase) { line.phase(phase); });
  line.clear();
  if (!result.ok()) return complain(context, result.error());
  if (!plot.empty()) {
    const std::string path = absolute(context, plot);
    std::ofstream file(path, std::ios::binary);
    file << to_svg(*result);
    file.flush();
    if (!file) return complain(context, {ErrorCode::kIo, fmt::format("cannot write {}", path)});
  }
  if (!print_for_programs(context, common.output(), *result)) print_table(context, *result);
  return kExitDone;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/simulate.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <sstream>

#include "cli/output.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

constexpr std::string_view kMadeUp = "SIMULATED: a made-up community, nobody real.";

std::string community_words(const CommunityOptions& options) {
  return fmt::format("{} people, {}, {} acts of each a day", grouped(options.people),
                     count_of(options.days, "day", "days"), options.acts_per_person_day);
}

void print_table(Context& context, const TruthResult& result) {
  const TruthReport& report = result.report;
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << "\n"; };
  context.out << kMadeUp << "\n";
  say(fmt::format(
      "Who brings most people to act, as it was planted? Spearman's correlation over {} of {}.",
      count_of(report.trials.size(), "community", "communities"),
      community_words(result.community)));
  context.out << '\n';
  std::vector<uint32_t> best(report.measures.size(), 0);
  for (const TruthTrial& trial : report.trials) ++best[trial.best_baseline];
  Table table({{"measure", false},
               {"mean", true},
               {"least", true},
               {"most", true},
               {"best baseline in", true},
               {"", false}});
  for (size_t m = 0; m < report.measures.size(); ++m) {
    double least = 1;
    double most = -1;
    for (const TruthTrial& trial : report.trials) {
      least = std::min(least, trial.spearman[m]);
      most = std::max(most, trial.spearman[m]);
    }
    table.row({std::string(report.measures[m]), fmt::format("{:.3f}", report.mean[m]),
               fmt::format("{:.3f}", least), fmt::format("{:.3f}", most),
               m < report.baselines_from ? "" : grouped(best[m]), ""});
  }
  table.print(context.out, context.columns);
  context.out << '\n';
  say(fmt::format(
      "The score is above every baseline in {} of {}; over the best of them by {:+.3f} on "
      "average, {:+.3f} at worst.",
      grouped(report.won), grouped(report.trials.size()), report.margin_mean, report.margin_least));
  const auto worst = std::min_element(
      report.trials.begin(), report.trials.end(),
      [](const TruthTrial& a, const TruthTrial& b) { return a.margin < b.margin; });
  if (worst->margin <= 0) {
    say(fmt::format("Worst with rng seed {}, {:+.3f} to {}; --json has each.", worst->rng_seed,
                    worst->margin, report.measures[worst->best_baseline]));
  }
  double vouched = 0;
  for (const TruthTrial& trial : report.trials) {
    vouched += trial.vouched_share / static_cast<double>(report.trials.size());
  }
  say(fmt::format("{:.0f} % of movers are vouched. Method {}, policy {} ({}).", 100 * vouched,
                  result.method, result.policy_name, result.policy_hash));
}

std::string per_point(const AttackOutcome& o) {
  if (o.gained < 0.005) return "not for sale";
  std::string words;
  const auto add = [&](uint64_t cost, std::string_view what) {
    if (cost == 0) return;
    words += fmt::format(
        "{}{} {}", words.empty() ? "" : ", ",
        grouped(static_cast<uint64_t>(std::ceil(static_cast<double>(cost) / o.gained))), what);
  };
  add(o.cost.accounts, "accounts");
  add(o.cost.fooled, "fooled");
  // One bait is no price.
  if (o.cost.acts > 1) add(o.cost.acts, "acts");
  return words;
}

void print_table(Context& context, const AttacksResult& result) {
  const auto width = static_cast<size_t>(context.columns);
  const auto say = [&](const std::string& text) { context.out << wrap(text, width, 0) << "\n"; };
  context.out << kMadeUp << "\n";
  say(fmt::format("{}, rng seed {}: {} people with a score, {} settled, standing from {} accounts.",
                  community_words(result.community), result.community.rng_seed,
                  grouped(result.people), grouped(result.settled), grouped(result.teleport_size)));
  for (const TriedAttack& tried : result.attacks) {
    const AttackCost& cost = tried.outcomes.front().cost;
    context.out << '\n';
    const auto days = static_cast<uint64_t>(std::llround(cost.days));
    say(fmt::format(
        "{}: {} made, {}, {} drawn in, {}", to_string(tried.attack),
        count_of(cost.accounts, "account", "accounts"), count_of(cost.acts, "act", "acts"),
        count_of(cost.fooled, "honest person", "honest people"), count_of(days, "day", "days")));
    Table table({{"for", false},
                 {"set chosen", false},
                 {"points", true},
                 {"gained", true},
                 {"fakes in it", true},
                 {"others lost", true},
                 {"gained", true},
                 {"changed", true},
                 {"a point costs", false, true}});
    for (const AttackOutcome& o : tried.outcomes) {
      table.row(
          {std::string(to_string(o.beneficiary)), std::string(to_string(o.chosen)),
           fmt::format("{:.1f}", o.before), fmt::format("{:+.2f}", o.gained),
           o.teleport_fakes == 0 ? "-" : fmt::format("{} of {}", o.teleport_fakes, o.teleport_size),
           o.lost_most < 0.005 ? "-" : fmt::format("{:.1f}", o.lost_most),
           o.gained_most < 0.005 ? "-" : fmt::format("{:.1f}", o.gained_most), grouped(o.changed),
           per_point(o)});
    }
    table.print(context.out, context.columns);
  }
  context.out << '\n';
  say("for: who gains, at a tenth, half and 99 hundredths of all scores; of a pod, the member who "
      "gains most. set chosen: the automatic teleport set, before the attack or with it in the "
      "log. "
      "others: the most that anybody else lost or gained, and how many changed by more than half a "
      "point.");
  say(fmt::format("Method {}, policy {} ({}).", result.method, result.policy_name,
                  result.policy_hash));
}

Result<Policy> read_policy(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file) return Error{ErrorCode::kIo, fmt::format("cannot read {}", path)};
  return parse_policy(text.str());
}

}  // namespace

int command_simulate(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Makes up a community, and writes it into a workspace that holds nobody real; everything "
      "scored from it\nis marked as simulated.\n"
      "With --grade: makes many in memory, and holds the score against the truth planted in them, "
      "beside the\nnaive measures it has to beat. With --attack: makes one in memory, and tells "
      "what "
      "the attack buys, at what\nprice, and who else is hurt.",
      "bellwether simulate");
  CommonOptions common;
  CommunityOptions options;
  add_common(app, context, common, true, false);
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
  TruthOptions truth;
  bool grade = false;
  auto* grading = app.add_flag("--grade", grade, "hold the score against the planted truth");
  app.add_option("--seeds", truth.seeds, "with --grade: how many communities, from --rng-seed on")
      ->check(CLI::Range(1U, 10'000U))
      ->needs(grading)
      ->capture_default_str();
  std::vector<std::string> named;
  app.add_option("--attack", named, "try this; may be given several times")
      ->type_name("KIND:N")
      ->allow_extra_args(false)
      ->excludes(grading);
  std::string policy_file;
  app.add_option("--policy", policy_file,
                 "with --grade or --attack: a policy file, instead of the default policy")
      ->type_name("FILE");
  app.footer(
      "Kinds of attacks, N accounts unless said otherwise:\n"
      "  sybil             fakes follow, like, reshare, one another too, and answer celebrities\n"
      "  bought-followers  fakes follow\n"
      "  endorsement-bomb  fakes endorse, daily for ten days\n"
      "  sleeper           fakes with a year of history among each other\n"
      "  pod               N real people react to each other all day\n"
      "  fooled            N people of high standing are tricked into one response each\n"
      "  clique            fakes turn to each other, and one person of standing to one of them\n"
      "  party             fakes of whom some have followings, to pass for voices; one person is "
      "fooled\n"
      "  reply-spam        N replies to strangers, some of whom answer within the day\n"
      "  flood             N posts, replies and mentions in two days\n\n"
      "Examples:\n"
      "  bellwether simulate --home try --people 500 && bellwether score --home try\n"
      "  bellwether simulate --grade\n"
      "  bellwether simulate --attack sybil:100 --attack sleeper:20");
  if (const auto code = parse(app, context, arguments)) return *code;
  const bool in_memory = grade || !named.empty();
  if (!in_memory && (!policy_file.empty() || common.output() != OutputForm::kTable)) {
    context.err << "bellwether simulate: --policy and --format go with --grade or --attack\n";
    return kExitUsage;
  }
  std::vector<Attack> attacks;
  for (const std::string& name : named) {
    const auto attack = parse_attack(name);
    if (!attack.ok()) return complain(context, attack.error());
    attacks.push_back(*attack);
  }
  ProgressLine line(context);
  if (!in_memory) {
    auto open = OpenWorkspace::open(context, common, true);
    if (!open.ok()) return complain(context, open.error());
    const auto result =
        simulate(open->workspace(), options, [&](const IngestProgress& p) { line.ingest(p); });
    line.clear();
    if (!result.ok()) return complain(context, result.error());
    print_ingest(context, *result);
    return kExitDone;
  }
  Policy policy;
  if (!policy_file.empty()) {
    auto read = read_policy(absolute(context, policy_file));
    if (!read.ok()) return complain(context, read.error());
    policy = std::move(*read);
  }
  if (grade) {
    truth.community = options;
    const auto result = grade_simulated(truth, policy, common.threads, [&](uint32_t done) {
      line.phase(fmt::format("community {} of {}", done, truth.seeds));
    });
    line.clear();
    if (!result.ok()) return complain(context, result.error());
    if (!print_for_programs(context, common.output(), *result)) print_table(context, *result);
    return kExitDone;
  }
  const auto result = try_attacks(options, attacks, policy, common.threads,
                                  [&](std::string_view phase) { line.phase(phase); });
  line.clear();
  if (!result.ok()) return complain(context, result.error());
  if (!print_for_programs(context, common.output(), *result)) print_table(context, *result);
  return kExitDone;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/plan.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <algorithm>
#include <charconv>
#include <fstream>

#include "cli/commands/windows.h"
#include "cli/output.h"
#include "workspace/query/briefing.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

// "mastodon:3"; empty: it does not say of which network and how many. A network's name may hold a
// colon.
std::optional<std::pair<std::string, uint32_t>> parse_quota(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  const std::string_view digits = text.substr(colon + 1);
  uint32_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  return std::pair(std::string(text.substr(0, colon)), count);
}

std::string ending(const std::string& path) {
  const size_t dot = path.rfind('.');
  return dot == std::string::npos ? "" : path.substr(dot + 1);
}

void print_person(Context& context, const PlanAnswer::Person& person) {
  const auto width = static_cast<size_t>(context.columns);
  fmt::print(context.out, "\n{}\n",
             wrap(fmt::format("{}: {}.", person.row.name, person.sentence), width, 2));
  if (!person.nobody_else.empty()) {
    std::vector<std::string> names;
    for (const PlanAnswer::Named& each : person.nobody_else) {
      names.push_back(fmt::format("{} ({:.0f} %)", each.name, 100 * each.chance));
    }
    fmt::print(
        context.out, "  {}\n",
        wrap("Likeliest to be moved by nobody else here: " + name_list(names, names.size()) + ".",
             width, 4));
  }
  fmt::print(context.out, "  {}\n", wrap(sentence(plan_evidence_words(person)), width, 4));
  std::string places;
  for (const auto& [network, responses] : person.places) {
    places += fmt::format("{}{} ({})", places.empty() ? "" : ", ", network,
                          count_of(responses, "response", "responses"));
  }
  const std::string hours = person.hours.empty() ? person.hours_unknown : person.hours;
  fmt::print(context.out, "  {}\n",
             wrap(fmt::format("To meet: on {}; {}.", places, hours), width, 4));
  for (size_t i = 0; i < person.receipts.size(); ++i) {
    const Receipt& receipt = person.receipts[i];
    fmt::print(context.out, "  - {}\n",
               wrap(fmt::format("{} {} by {}{}", to_day(receipt.published), passive(receipt.verb),
                                person.receipts_by[i],
                                receipt.object.empty() ? "" : ": " + receipt.object),
                    width, 4));
  }
}

void print_plan(Context& context, const PlanAnswer& answer) {
  const auto width = static_cast<size_t>(context.columns);
  std::ostream& out = context.out;
  if (answer.meta.simulated) out << "SIMULATED: a made-up community, nobody real.\n";
  if (answer.people.empty()) {
    fmt::print(out, "{}\n", wrap(sentence(answer.missing), width, 0));
    print_footer(context, answer.meta);
    return;
  }
  fmt::print(out, "{}\n\n", wrap(sentence(answer.sentence), width, 0));
  std::vector<Table::Column> columns{{"", true},      {"who", false, true},
                                     {"adds", true},  {"9 of 10 cases", true},
                                     {"alone", true}, {"only they", true}};
  if (answer.costs_given) {
    columns.push_back({"cost", true});
    columns.push_back({"per person", true});
  }
  columns.push_back({"score", true});
  columns.push_back({"where", false});
  columns.push_back({"", false});
  Table table(std::move(columns));
  for (size_t i = 0; i < answer.people.size(); ++i) {
    const PlanAnswer::Person& person = answer.people[i];
    std::vector<std::string> cells{std::to_string(i + 1),
                                   person.row.name + (person.included ? " (asked for)" : ""),
                                   expected_people(person.marginal.value),
                                   fmt::format("{} to {}", whole_people(person.marginal.low),
                                               whole_people(person.marginal.high)),
                                   expected_people(person.alone),
                                   expected_people(person.only)};
    if (answer.costs_given) {
      cells.push_back(fmt::format("{:.4g}", person.cost));
      cells.push_back(person.cost_per_person ? fmt::format("{:.3g}", *person.cost_per_person) : "");
    }
    cells.push_back(person.row.score
                        ? fmt::format("{:.0f}{}", *person.row.score, person.row.settled ? "" : "?")
                        : "-");
    cells.push_back(person.places.empty() ? "" : person.places.front().first);
    cells.emplace_back();
    table.row(std::move(cells));
  }
  table.print(out, context.columns);
  fmt::print(out, "\n{}\n", wrap(sentence(answer.certificate), width, 0));
  if (answer.budget) {
    fmt::print(out, "It costs {:.4g} of {:.4g}.\n", answer.cost, *answer.budget);
  }
  if (answer.top) {
    fmt::print(out, "{}\n", wrap(sentence(answer.top->sentence), width, 0));
  }
  if (answer.one_more) {
    fmt::print(out, "{}\n",
               wrap(fmt::format("One more: {} would add {}{}.", answer.one_more->name,
                                expected_people(answer.one_more->people),
                                answer.costs_given
                                    ? fmt::format(" at a cost of {:.4g}", answer.one_more->cost)
                                    : ""),
                    width, 0));
  }
  if (answer.one_fewer) {
    fmt::print(out, "{}\n",
               wrap(fmt::format("One fewer: without {}, who would be missed least, {} fewer.",
                                answer.one_fewer->name, expected_people(answer.one_fewer->people)),
                    width, 0));
  }
  for (const PlanAnswer::Person& person : answer.people) print_person(context, person);
  out << '\n';
  for (const std::string& each : answer.assumptions) {
    fmt::print(out, "{}\n", wrap(sentence(each), width, 0));
  }
  print_footer(context, answer.meta);
}

void note_unknown(Context& context, const PlanAnswer& answer) {
  if (answer.not_known_total == 0) return;
  fmt::print(context.err, "{} of the lists not in the log: {}{}\n",
             count_of(answer.not_known_total, "name", "names"),
             fmt::join(answer.not_known.begin(), answer.not_known.end(), ", "),
             answer.not_known_total > answer.not_known.size() ? " and others" : "");
}

}  // namespace

int command_plan(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "Whom to reach: the group that is expected to move most people, for a topic, a number of "
      "people or a budget; what each of them adds that nobody else of the group brings, and an "
      "answer to \"why these people?\" that can be handed on. A list of the highest scores is "
      "another thing: its people often move the same others.",
      "bellwether plan");
  CommonOptions common;
  add_common(app, context, common, true, true);
  PlanRequest request;
  std::string topic, network, costs, reached, names, model = "direct", window, as_of, briefing;
  std::string zone_name = "UTC";
  uint32_t people = 10;
  double budget = 0;
  std::vector<std::string> quotas;
  app.add_option("--topic", topic,
                 "moved on this topic or any below it; by any name, in any spelling");
  app.add_option("--network", network, "moved on this network");
  auto* number = app.add_option("--people", people,
                                "at most so many; with --budget otherwise as many as it buys")
                     ->check(CLI::Range(1U, 100'000U))
                     ->capture_default_str();
  auto* spending = app.add_option("--budget", budget, "what they may cost together")
                       ->check(CLI::NonNegativeNumber);
  app.add_option("--costs", costs,
                 "what people cost: a CSV file with the columns person and cost; a line `*,3` says "
                 "what all others cost, without it they are not chosen")
      ->type_name("FILE");
  app.add_option("--include", request.include, "this person in any case")
      ->type_name("PERSON")
      ->allow_extra_args(false);
  app.add_option("--exclude", request.exclude, "this person in no case")
      ->type_name("PERSON")
      ->allow_extra_args(false);
  app.add_option("--reached", reached,
                 "people who are moved already, so that reaching them counts nothing: a CSV file, "
                 "or one name a line")
      ->type_name("FILE");
  app.add_option("--quota", quotas, "at most so many of those who move most people on a network")
      ->type_name("NETWORK:NUMBER")
      ->allow_extra_args(false);
  app.add_option("--for", names,
                 "who may be chosen and named: `listed`, who asked for it, or `all`, for your own "
                 "eyes; otherwise `listed` for a briefing, which is handed on, and `all` on the "
                 "screen")
      ->check(CLI::IsMember({"listed", "all"}));
  app.add_option("--model", model,
                 "direct: who responds to one of them within the window, by chances learnt from "
                 "windows before; ic, lt: who is moved directly and through others the next time "
                 "each of them does something, under independent cascade or linear threshold, by "
                 "chances learnt for each pair with history")
      ->check(CLI::IsMember({"direct", "ic", "lt"}))
      ->capture_default_str();
  app.add_option("--window", window,
                 "how far ahead: 12h, 7d, 4w; otherwise 30d, or as far as the log lets one learn")
      ->type_name("DURATION");
  app.add_option("--as-of", as_of,
                 "only what happened before this time; otherwise all that was scored")
      ->type_name("TIME");
  app.add_option("--epsilon", request.epsilon,
                 "the group is certified to reach at least 1 - 1/e less this of the best one; it "
                 "is mostly far more")
      ->check(CLI::Range(0.001, 0.6))
      ->capture_default_str();
  app.add_option("--rng-seed", request.rng_seed, "another number, another sample")
      ->capture_default_str();
  app.add_option("--zone", zone_name, "the time zone for hours of the week, as in Europe/Berlin")
      ->capture_default_str();
  app.add_option("--briefing", briefing,
                 "also write it on one page, for the person who asks why: FILE.md or FILE.html")
      ->type_name("FILE");
  app.footer(
      "--include, --exclude and --quota may be given several times.\n"
      "Examples:\n  bellwether plan --people 5\n"
      "  bellwether plan --topic rust --people 10 --exclude @bo --briefing why.html\n"
      "  bellwether plan --budget 20 --costs costs.csv --reached customers.csv\n"
      "  bellwether plan --people 8 --quota mastodon:5 --quota x:3 --window 7d --json");
  if (const auto code = parse(app, context, arguments)) return *code;
  const auto usage = [&](const std::string& what) {
    fmt::print(context.err, "bellwether plan: {}\n", what);
    return kExitUsage;
  };
  if (!topic.empty()) request.topic = topic;
  if (!network.empty()) request.network = network;
  if (number->count() > 0) request.people = people;
  if (spending->count() > 0) request.budget = budget;
  request.model = parse_reach_model(model).value_or(ReachModel::kDirect);
  for (const std::string& text : quotas) {
    auto quota = parse_quota(text);
    if (!quota) {
      return usage(
          fmt::format("'{}' does not say of which network and how many; write mastodon:3", text));
    }
    request.quotas.push_back(std::move(*quota));
  }
  if (!window.empty()) {
    if (request.model != ReachModel::kDirect) {
      return usage("--window is for --model direct: a cascade of one act each has no time");
    }
    request.window_ms = parse_duration(window);
    if (!request.window_ms) {
      return usage(fmt::format("'{}' is no duration; write 12h, 7d or 4w", window));
    }
  }
  if (!as_of.empty()) {
    request.as_of = parse_instant(as_of);
    if (!request.as_of) {
      return usage(fmt::format("'{}' is no time; write 2012-07-03 or 2012-07-03T12:00:00Z", as_of));
    }
  }
  const auto zone = TimeZone::find(zone_name);
  if (!zone.ok()) return usage(zone.error().message);
  request.zone = *zone;
  const std::string form = ending(briefing);
  if (!briefing.empty() && form != "md" && form != "html") {
    return usage(fmt::format("a briefing is a FILE.md or a FILE.html, not '{}'", briefing));
  }
  if (common.public_view && names == "all") {
    return usage("--public shows listed persons only, and --for all everybody: leave one out");
  }
  const bool listed =
      common.public_view || names == "listed" || (names.empty() && !briefing.empty());
  if (const auto read =
          read_plan_lists(absolute(context, costs), absolute(context, reached), request);
      !read.ok()) {
    return complain(context, read.error());
  }
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  const auto answer =
      plan(open->workspace(), open->query(), request, listed ? Viewer::kPublic : Viewer::kOperator,
           [&](std::string_view phase) { line.phase(phase); });
  line.clear();
  if (!answer.ok()) return complain(context, answer.error());
  note_unknown(context, *answer);
  if (!briefing.empty()) {
    const std::string path = absolute(context, briefing);
    std::ofstream file(path, std::ios::binary);
    file << (form == "md" ? to_markdown(*answer) : to_html(*answer));
    file.flush();
    if (!file) return complain(context, {ErrorCode::kIo, fmt::format("cannot write {}", path)});
  }
  if (!print_for_programs(context, common.output(), *answer)) print_plan(context, *answer);
  return kExitDone;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include <charconv>

#include "cli/output.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

// "reshare:10"; empty: neither a verb nor a number, or none.
std::optional<WhatIfQuestion::More> parse_more(std::string_view text) {
  const size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto verb = parse_verb(text.substr(0, colon));
  const std::string_view digits = text.substr(colon + 1);
  uint32_t count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (!verb || error != std::errc{} || end != digits.data() + digits.size() || count == 0) {
    return std::nullopt;
  }
  return WhatIfQuestion::More{*verb, count};
}

void print_simulation(Context& context, const Simulation& simulation) {
  const auto width = static_cast<size_t>(context.columns);
  if (simulation.meta.simulated) context.out << "SIMULATED: a made-up community, nobody real.\n";
  fmt::print(context.out, "{}\n\n", wrap(simulation.sentence + ".", width, 0));
  Table table({{simulation.name, false},
               {"score", true},
               {"likely", true},
               {"people moved", true},
               {"movers", true},
               {"state", false}});
  const auto row = [&](const std::string& label, const Simulation::State& state) {
    if (!state.score) {
      table.row({label, "-", "", "", "", "no evidence"});
      return;
    }
    table.row({label, fmt::format("{:.2f}", *state.score),
               fmt::format("{:.0f} to {:.0f}", state.low, state.high),
               fmt::format("{:.1f}", state.people_moved), grouped(state.movers),
               state.settled ? "settled" : "provisional"});
  };
  row("as it is", simulation.now);
  row("SIMULATION", simulation.then);
  table.print(context.out, context.columns);
  fmt::print(context.out, "\n{} points. Assumed:\n", fmt::format("{:+.2f}", simulation.difference));
  for (const std::string& assumption : simulation.assumptions) {
    fmt::print(context.out, "  - {}\n", wrap(assumption, width, 4));
  }
  context.out << '\n';
  print_footer(context, simulation.meta);
}

}  // namespace

int command_what_if(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "A simulation: what somebody's score would be if some acts had not been, if people had "
      "stopped, or if there had been more. Computed as the score is; nothing is stored.",
      "bellwether what-if");
  CommonOptions common;
  add_common(app, context, common, true, true);
  std::string person;
  WhatIfQuestion question;
  std::vector<std::string> verbs;
  std::vector<std::string> more;
  std::string from = "vouched";
  std::string after;
  app.add_option("PERSON", person, "network:name, the person's id, or a name only one person has")
      ->required();
  app.add_option("--without-act", question.without_acts,
                 "an act had not been: its number in `explain --by act`, or the link of a post: "
                 "every response to that")
      ->type_name("ACT|LINK")
      ->allow_extra_args(false);
  app.add_option("--without", question.without_people, "this person had not responded")
      ->type_name("PERSON")
      ->allow_extra_args(false);
  app.add_option("--without-verb", verbs,
                 "there had been no such responses: reply, react, follow ...")
      ->type_name("VERB")
      ->allow_extra_args(false);
  app.add_option("--after", after,
                 "take out only what came at or after this time: as if they had stopped then")
      ->type_name("TIME");
  app.add_option("--more", more, "so many more of these, from as many new people")
      ->type_name("VERB:NUMBER")
      ->allow_extra_args(false);
  app.add_option("--from", from,
                 "whether the new people are vouched for as those who move this person usually "
                 "are, or by nobody")
      ->check(CLI::IsMember({"vouched", "crowd"}))
      ->capture_default_str();
  app.footer(
      "Each option but --after and --from may be given several times.\n"
      "Examples:\n  bellwether what-if @ana --without @bo --without @cy\n"
      "  bellwether what-if @ana --without-verb react --after 2012-07-01\n"
      "  bellwether what-if @ana --more reshare:10 --from crowd --json");
  if (const auto code = parse(app, context, arguments)) return *code;
  for (const std::string& name : verbs) {
    const auto verb = parse_verb(name);
    if (!verb) {
      fmt::print(context.err,
                 "bellwether what-if: '{}' is no kind of act; write reply, reshare, quote, react, "
                 "mention, follow ...\n",
                 name);
      return kExitUsage;
    }
    question.without_verbs.push_back(*verb);
  }
  for (const std::string& text : more) {
    const auto parsed = parse_more(text);
    if (!parsed) {
      fmt::print(
          context.err,
          "bellwether what-if: '{}' does not say which acts and how many; write reshare:10\n",
          text);
      return kExitUsage;
    }
    question.more.push_back(*parsed);
  }
  if (!after.empty()) {
    question.after = parse_instant(after);
    if (!question.after) {
      fmt::print(context.err,
                 "bellwether what-if: '{}' is no time; write 2012-07-03 or 2012-07-03T12:00:00Z\n",
                 after);
      return kExitUsage;
    }
  }
  question.vouched = from == "vouched";
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  const auto simulation = open->query().what_if(person, question, common.viewer());
  if (!simulation.ok()) return complain(context, simulation.error());
  if (!print_for_programs(context, common.output(), *simulation)) {
    print_simulation(context, *simulation);
  }
  return kExitDone;
}

}  // namespace bellwether

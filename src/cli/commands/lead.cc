// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ostream.h>

#include "cli/output.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

std::string small(double q) { return q < 0.0005 ? "< 0.001" : fmt::format("{:.3f}", q); }

void print_person(Context& context, const LeadAnswer& answer, const LeadAnswer::Person& person) {
  const auto width = static_cast<size_t>(context.columns);
  fmt::print(context.out, "\n{}\n",
             wrap(fmt::format("{}: {}.", person.name, lead_sentence(person, answer.window_days)),
                  width, 0));
  for (const LeadAnswer::Item& item : person.evidence) {
    fmt::print(context.out, "  - {}\n",
               wrap(fmt::format("{}{}, {}{}", item.link ? "" : "#", item.name,
                                lead_evidence_words(item, answer.window_days),
                                item.hidden ? " (hidden from others)" : ""),
                    width, 4));
  }
  if (person.most.empty()) return;
  std::string most;
  for (const LeadAnswer::Person::Follower& each : person.most) {
    most += fmt::format("{}{} ({})", most.empty() ? "" : ", ", each.name, each.items);
  }
  fmt::print(context.out, "  {}\n", wrap("Most often after them: " + most + ".", width, 2));
}

void print_lead(Context& context, const LeadAnswer& answer) {
  const auto width = static_cast<size_t>(context.columns);
  std::ostream& out = context.out;
  if (answer.meta.simulated) out << "SIMULATED: a made-up community, nobody real.\n";
  if (!answer.missing.empty()) {
    std::string sentence = answer.missing + ".";
    sentence[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(sentence[0])));
    fmt::print(out, "{}\n", wrap(sentence, width, 0));
    print_footer(context, answer.meta);
    return;
  }
  fmt::print(
      out, "{}\n\n",
      wrap(fmt::format("Whose new topics and links{}{} others take up after them, within {} days, "
                       "more than chance allows. {} of {} tested; at most {:.0f} % of those who "
                       "lead do so by chance.",
                       answer.topic.empty() ? "" : fmt::format(" on {}", answer.topic),
                       answer.network.empty() ? "" : fmt::format(" on {}", answer.network),
                       answer.window_days,
                       answer.leading == 0   ? "Nobody leads"
                       : answer.leading == 1 ? "One leads"
                                             : fmt::format("{} lead", grouped(answer.leading)),
                       grouped(answer.tested), 100 * answer.false_discovery),
           width, 0));
  Table table({{"", false},
               {"leads", false},
               {"items", true},
               {"first", true},
               {"followed", true},
               {"by chance", true},
               {"followers", true},
               {"q", true},
               {"", false}});
  for (const LeadAnswer::Person& person : answer.people) {
    table.row({person.name, person.leads ? "yes" : "no", grouped(person.items),
               grouped(person.first), fmt::format("{:.0f} %", 100 * person.followed),
               fmt::format("{:.0f} %", 100 * person.expected),
               person.followers == 0 ? "" : grouped(person.followers), small(person.q), ""});
  }
  table.print(out, context.columns);
  for (const LeadAnswer::Person& person : answer.people) print_person(context, answer, person);
  fmt::print(out, "\n{}\n",
             wrap(fmt::format(
                      "items: new here and taken up by people of standing ({} of them count); "
                      "followed: mean share of the others who came within {} days; by chance: with "
                      "the same curves, and everybody as busy as they were. Who comes first need "
                      "not be the cause: whoever hears of things earlier comes first too.",
                      grouped(answer.items), answer.window_days),
                  width, 0));
  print_footer(context, answer.meta);
}

}  // namespace

int command_lead(Context& context, const std::vector<std::string>& arguments) {
  CLI::App app(
      "The bellwether index: whose topics and links others take up after them, more often than "
      "chance allows. Chance is a shuffle of who took up what when, which keeps each topic's own "
      "curve and how busy everybody was.",
      "bellwether lead");
  CommonOptions common;
  add_common(app, context, common, true, true);
  LeadRequest request;
  std::string person, topic, network, as_of;
  app.add_option("PERSON", person,
                 "only this person, leading or not: network:name, the person's id, or a name only "
                 "one person has");
  app.add_option("--topic", topic, "only what was taken up of this topic and all below it");
  app.add_option("--network", network, "only what was taken up on this network");
  app.add_option("--as-of", as_of,
                 "only what happened before this time; otherwise all that was "
                 "scored")
      ->type_name("TIME");
  app.add_option("--false-discovery", request.false_discovery,
                 "how large a share of those said to lead may do so by chance")
      ->check(CLI::Range(0.0001, 0.9999))
      ->capture_default_str();
  app.add_option("--limit", request.limit, "how many people; 0: all")->capture_default_str();
  app.add_option("--items", request.items, "how many topics and links of each, the most telling")
      ->capture_default_str();
  app.add_flag("--all", request.all, "also those who were tested and do not lead");
  app.footer(
      "Examples:\n  bellwether lead\n  bellwether lead @ana --items 20\n"
      "  bellwether lead --topic ceramics --false-discovery 0.05\n"
      "  bellwether lead --all --limit 0 --json");
  if (const auto code = parse(app, context, arguments)) return *code;
  if (!person.empty()) request.person = person;
  if (!topic.empty()) request.topic = topic;
  if (!network.empty()) request.network = network;
  if (!as_of.empty()) {
    request.as_of = parse_instant(as_of);
    if (!request.as_of) {
      fmt::print(context.err,
                 "bellwether lead: '{}' is no time; write 2012-07-03 or 2012-07-03T12:00:00Z\n",
                 as_of);
      return kExitUsage;
    }
  }
  auto open = OpenWorkspace::open_to_read(context, common);
  if (!open.ok()) return complain(context, open.error());
  ProgressLine line(context);
  const auto answer = open->query().lead(request, common.viewer(),
                                         [&](std::string_view phase) { line.phase(phase); });
  line.clear();
  if (!answer.ok()) return complain(context, answer.error());
  if (!print_for_programs(context, common.output(), *answer)) print_lead(context, *answer);
  return kExitDone;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/briefing.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <vector>

#include "base/html.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

constexpr size_t kDetailed = 10;  // people with reasons and receipts; the others in the table only

std::string title(const PlanAnswer& answer) {
  return fmt::format("Whom to reach{}{}",
                     answer.topic.empty() ? "" : fmt::format(" on {}", answer.topic),
                     answer.network.empty() ? "" : fmt::format(" on {}", answer.network));
}

std::string range_words(const ReachRange& range) {
  return fmt::format("{} to {}", whole_people(range.low), whole_people(range.high));
}

std::string money(double cost) { return fmt::format("{:.4g}", cost); }

// The questions that are asked of a group, and their answers.
std::vector<std::pair<std::string, std::string>> questions(const PlanAnswer& answer) {
  std::vector<std::pair<std::string, std::string>> out;
  if (answer.top) {
    out.emplace_back("Why not simply the highest scores?", sentence(answer.top->sentence));
  }
  out.emplace_back("Could another group do better?", sentence(answer.certificate));
  std::string words;
  if (answer.one_more) {
    words += fmt::format(
        "{} would be next, adding {}{}. ", answer.one_more->name,
        expected_people(answer.one_more->people),
        answer.costs_given ? fmt::format(" at a cost of {}", money(answer.one_more->cost)) : "");
  }
  if (answer.one_fewer) {
    words += fmt::format("{} would be missed least: without them {} fewer are moved.",
                         answer.one_fewer->name, expected_people(answer.one_fewer->people));
  }
  if (!words.empty()) out.emplace_back("One more, or one fewer?", words);
  return out;
}

std::string consent_words(const PlanAnswer& answer) {
  if (answer.viewer == Viewer::kPublic) {
    return "Chosen among people who asked to be listed; only these are named.";
  }
  const auto unlisted = std::count_if(answer.people.begin(), answer.people.end(),
                                      [](const auto& person) { return !person.row.listed; });
  if (unlisted == 0) return "Everybody in the group asked to be listed.";
  return fmt::format(
      "{} of these people asked to be listed: this page is for whoever runs the workspace, and not "
      "to be passed on.",
      unlisted == static_cast<std::ptrdiff_t>(answer.people.size())
          ? "None"
          : fmt::format("Only {}", answer.people.size() - static_cast<size_t>(unlisted)));
}

std::string place_words(const PlanAnswer::Person& person) {
  std::vector<std::string> places;
  for (const auto& [network, responses] : person.places) places.push_back(network);
  return name_list(places, places.size());
}

std::string receipt_words(const PlanAnswer::Person& person, size_t i) {
  return fmt::format("{} {} by {}", to_day(person.receipts[i].published),
                     passive(person.receipts[i].verb), person.receipts_by[i]);
}

// In a table: whether the score is settled, and by how much evidence.
std::string sure_words(const PlanAnswer::Person& person) {
  if (!person.row.score) return "no score";
  return fmt::format("{}; {} in {}", state_word(person.row),
                     count_of(person.row.movers, "person", "people"),
                     count_of(person.row.acts, "response", "responses"));
}

// Where everybody is to be met, if that is one place; else it is told of each.
std::string common_place(const PlanAnswer& answer) {
  std::string place = place_words(answer.people.front());
  for (const PlanAnswer::Person& person : answer.people) {
    if (place_words(person) != place) return {};
  }
  return place;
}

std::string hours_of_group(const PlanAnswer& answer) {
  const auto standing_out =
      std::count_if(answer.people.begin(), answer.people.end(),
                    [](const auto& person) { return person.hours_stand_out; });
  if (standing_out > 0) return {};
  const bool known = std::any_of(answer.people.begin(), answer.people.end(),
                                 [](const auto& person) { return !person.hours.empty(); });
  return known ? "For none of them an hour of the week stands out by more than chance."
               : "Which hours are best for whom cannot be told from this log.";
}

std::string meeting_words(const PlanAnswer& answer) {
  const std::string place = common_place(answer);
  return (place.empty() ? "" : fmt::format("To be met on {}. ", place)) + hours_of_group(answer);
}

std::string account_words(const PlanAnswer::Person& person) {
  return person.row.accounts.empty() ? person.row.person : person.row.accounts.front();
}

std::string why_words(const PlanAnswer::Person& person) {
  std::string words = sentence(person.sentence);
  if (!person.nobody_else.empty()) {
    std::vector<std::string> names;
    for (const PlanAnswer::Named& each : person.nobody_else) names.push_back(each.name);
    words += fmt::format(" Likeliest to be reached by nobody else here: {}.",
                         name_list(names, names.size()));
  }
  if (person.hours_stand_out) words += fmt::format(" {}.", capital(person.hours));
  return words;
}

std::string spent_words(const PlanAnswer& answer) {
  if (!answer.costs_given) return {};
  return fmt::format(" Together they cost {}{}.", money(answer.cost),
                     answer.budget ? fmt::format(" of {}", money(*answer.budget)) : "");
}

constexpr std::string_view kColumns =
    "Adds: people whom those above do not move. Nobody else does: people whom nobody else of the "
    "group moves. How sure: settled or provisional by evidence of any time; people who responded, "
    "and how often.";

std::string made_words(const PlanAnswer& answer) {
  return fmt::format("As of {}, by method {}, policy {}{}.", to_day(answer.meta.as_of),
                     answer.meta.method, answer.meta.policy_name,
                     answer.meta.sources_broken > 0
                         ? fmt::format("; {} of {} sources could not be read to their end",
                                       answer.meta.sources_broken, answer.meta.sources)
                         : "");
}

bool is_link(const std::string& reference) {
  return reference.starts_with("https://") || reference.starts_with("http://");
}

// Text in Markdown: whatever could be markup is escaped.
std::string md(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r' || c == '\t') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_[]<>|#~&!").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

constexpr std::string_view kStyle = R"(
:root { color-scheme: light }
* { box-sizing: border-box }
body { font: 13px/1.4 system-ui, "Helvetica Neue", Arial, sans-serif; color: #1c2127;
  background: #fff; margin: 0 auto; padding: 24px 28px; max-width: 820px }
h1 { font-size: 22px; margin: 0 0 2px }
h2 { font-size: 14px; margin: 16px 0 6px }
p { margin: 4px 0 }
.lead { font-size: 16px; margin: 8px 0 10px }
.small { color: #59636e; font-size: 11.5px }
.warn { border-left: 3px solid #b35900; padding: 4px 10px; background: #fff6ec }
dl { display: grid; grid-template-columns: 190px 1fr; gap: 4px 14px; margin: 8px 0 }
dt { font-weight: 600 } dd { margin: 0 }
table { border-collapse: collapse; width: 100%; margin: 6px 0 }
th, td { text-align: left; padding: 3px 8px 3px 0; border-bottom: 1px solid #dfe3e8;
  vertical-align: top }
th { font-weight: 600; color: #59636e; font-size: 11.5px }
td.who { min-width: 130px }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
.bar { display: block; height: 5px; background: #d6e4f7; margin-top: 2px; min-width: 1px }
.bar i { display: block; height: 5px; background: #2f6fbe }
ol { padding-left: 20px; margin: 4px 0 } li { margin: 0 0 7px }
a { color: #1d5fae; overflow-wrap: anywhere }
/* Ten people fit on one sheet of A4. */
@media print {
  @page { size: A4; margin: 9mm 12mm }
  body { padding: 0; max-width: none; font-size: 11px; line-height: 1.22 }
  h1 { font-size: 17px } h2 { font-size: 12px; margin: 7px 0 2px }
  .lead { font-size: 13px; margin: 3px 0 5px } .small, th { font-size: 10px }
  dl { margin: 4px 0; gap: 2px 14px } ol { margin: 2px 0 } li { margin-bottom: 2px }
  th, td { padding: 1px 8px 1px 0 } .bar, .bar i { height: 3px }
  li, tr { break-inside: avoid }
}
)";

}  // namespace

std::string to_markdown(const PlanAnswer& answer) {
  std::string out = fmt::format("# {}\n\n", md(title(answer)));
  if (answer.meta.simulated) out += "**SIMULATED: a made-up community, nobody real.**\n\n";
  if (answer.people.empty()) {
    return out + fmt::format("{}\n\n{}\n", md(sentence(answer.missing)), md(made_words(answer)));
  }
  out += fmt::format("**{}**{}\n\n", md(sentence(answer.sentence)), spent_words(answer));
  for (const auto& [question, words] : questions(answer)) {
    out += fmt::format("- **{}** {}\n", question, md(words));
  }
  const bool where = common_place(answer).empty();
  out += fmt::format("\n| | who |{} adds | in 9 of 10 cases | nobody else does |{} how sure |\n",
                     where ? " where |" : "", answer.costs_given ? " cost | per person |" : "");
  out += fmt::format("|--:|---|{}--:|--:|--:|{}---|\n", where ? "---|" : "",
                     answer.costs_given ? "--:|--:|" : "");
  for (size_t i = 0; i < answer.people.size(); ++i) {
    const PlanAnswer::Person& person = answer.people[i];
    out += fmt::format("| {} | {}{} |", i + 1, md(person.row.name),
                       person.included ? " (asked for)" : "");
    if (where) out += fmt::format(" {} |", md(place_words(person)));
    out += fmt::format(" {} | {} | {} |", expected_people(person.marginal.value),
                       range_words(person.marginal), expected_people(person.only));
    if (answer.costs_given) {
      out += fmt::format(" {} | {} |", money(person.cost),
                         person.cost_per_person ? money(*person.cost_per_person) : "");
    }
    out += fmt::format(" {} |\n", md(sure_words(person)));
  }
  out += fmt::format("\n{} {}\n\n## Why each of them\n\n", md(kColumns), md(meeting_words(answer)));
  for (size_t i = 0; i < std::min(kDetailed, answer.people.size()); ++i) {
    const PlanAnswer::Person& person = answer.people[i];
    out += fmt::format("{}. **{}** ({}): {}\n", i + 1, md(person.row.name),
                       md(account_words(person)), md(why_words(person)));
    for (size_t r = 0; r < person.receipts.size(); ++r) {
      const std::string& object = person.receipts[r].object;
      out += fmt::format("   - {}{}\n", md(receipt_words(person, r)),
                         object.empty() ? "" : ": " + md(object));
    }
  }
  if (answer.people.size() > kDetailed) {
    out += fmt::format("\nAnd {} more, in the table.\n", answer.people.size() - kDetailed);
  }
  out += "\n## What this does not say\n\n";
  for (const std::string& each : answer.assumptions) {
    out += fmt::format("- {}\n", md(sentence(each)));
  }
  return out + fmt::format("- {}\n- {}\n\n{}\n", md(kNotAVerdict), md(consent_words(answer)),
                           md(made_words(answer)));
}

std::string to_html(const PlanAnswer& answer) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<title>{0}</title>\n<style>{1}</style>\n</head>\n<body>\n<h1>{0}</h1>\n"
      "<p class=\"small\">{2}</p>\n",
      escape_html(title(answer)), kStyle, escape_html(made_words(answer)));
  if (answer.meta.simulated) {
    out += "<p class=\"warn\"><b>SIMULATED</b>: a made-up community, nobody real.</p>\n";
  }
  if (answer.people.empty()) {
    return out + fmt::format("<p class=\"lead\">{}</p>\n</body>\n</html>\n",
                             escape_html(sentence(answer.missing)));
  }
  out += fmt::format("<p class=\"lead\">{}{}</p>\n<dl>\n", escape_html(sentence(answer.sentence)),
                     spent_words(answer));
  for (const auto& [question, words] : questions(answer)) {
    out += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(question), escape_html(words));
  }
  const bool where = common_place(answer).empty();
  out += fmt::format(
      "</dl>\n<h2>Who, and what each of them adds</h2>\n<table>\n<tr><th></th><th>who</th>{}"
      "<th class=\"n\">adds</th><th class=\"n\">in 9 of 10 cases</th>"
      "<th class=\"n\">nobody else does</th>{}<th>how sure</th></tr>\n",
      where ? "<th>where</th>" : "",
      answer.costs_given ? "<th class=\"n\">cost</th><th class=\"n\">per person</th>" : "");
  double most = 1e-9;
  for (const PlanAnswer::Person& person : answer.people) most = std::max(most, person.alone);
  for (size_t i = 0; i < answer.people.size(); ++i) {
    const PlanAnswer::Person& person = answer.people[i];
    const double added = std::max(0.0, person.marginal.value);
    out += fmt::format(
        "<tr><td class=\"n\">{}</td><td class=\"who\">{}{}<span class=\"bar\" "
        "style=\"width:{:.0f}%\"><i style=\"width:{:.0f}%\"></i></span></td>",
        i + 1, escape_html(person.row.name), person.included ? " (asked for)" : "",
        100 * person.alone / most,
        person.alone > 0 ? std::min(100.0, 100 * added / person.alone) : 0);
    if (where) out += fmt::format("<td>{}</td>", escape_html(place_words(person)));
    out += fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td>",
                       escape_html(expected_people(person.marginal.value)),
                       range_words(person.marginal), escape_html(expected_people(person.only)));
    if (answer.costs_given) {
      out += fmt::format("<td class=\"n\">{}</td><td class=\"n\">{}</td>", money(person.cost),
                         person.cost_per_person ? money(*person.cost_per_person) : "");
    }
    out += fmt::format("<td class=\"small\">{}</td></tr>\n", escape_html(sure_words(person)));
  }
  out += fmt::format(
      "</table>\n<p class=\"small\">{} Bars: whom each moves alone; dark, what that adds. "
      "{}</p>\n<h2>Why each of them</h2>\n<ol>\n",
      escape_html(kColumns), escape_html(meeting_words(answer)));
  for (size_t i = 0; i < std::min(kDetailed, answer.people.size()); ++i) {
    const PlanAnswer::Person& person = answer.people[i];
    out += fmt::format("<li><b>{}</b> <span class=\"small\">{}</span>: {}",
                       escape_html(person.row.name), escape_html(account_words(person)),
                       escape_html(why_words(person)));
    std::string receipts;
    for (size_t r = 0; r < person.receipts.size(); ++r) {
      const std::string& object = person.receipts[r].object;
      std::string words = escape_html(receipt_words(person, r));
      if (is_link(object)) {
        words = fmt::format("<a href=\"{}\" rel=\"noreferrer\">{}</a>", escape_html(object), words);
      } else if (!object.empty()) {
        words += fmt::format(" ({})", escape_html(object));
      }
      receipts += (receipts.empty() ? "" : " · ") + words;
    }
    if (!receipts.empty()) {
      out += fmt::format("<br><span class=\"small\">Receipts: {}</span>", receipts);
    }
    out += "</li>\n";
  }
  out += "</ol>\n";
  if (answer.people.size() > kDetailed) {
    out += fmt::format("<p class=\"small\">And {} more, in the table.</p>\n",
                       answer.people.size() - kDetailed);
  }
  out += "<h2>What this does not say</h2>\n<p class=\"small\">";
  for (const std::string& each : answer.assumptions) out += escape_html(sentence(each)) + " ";
  return out + fmt::format("{} {}</p>\n</body>\n</html>\n", escape_html(kNotAVerdict),
                           escape_html(consent_words(answer)));
}

}  // namespace bellwether

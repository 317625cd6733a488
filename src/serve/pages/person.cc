// SPDX-License-Identifier: Apache-2.0
#include "serve/pages/person.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

constexpr int kPointDecimals = 2;  // of the table; the score itself is shown whole

struct GroupingWords {
  Grouping grouping;
  std::string_view link;    // in the row of choices
  std::string_view column;  // over the labels
};
constexpr std::array kGroupings{
    GroupingWords{Grouping::kMover, "people", "Who responded"},
    GroupingWords{Grouping::kVerb, "kinds of act", "Kind of act"},
    GroupingWords{Grouping::kTopic, "topics", "Topic"},
    GroupingWords{Grouping::kNetwork, "networks", "Network"},
    GroupingWords{Grouping::kMonth, "months", "Month"},
    GroupingWords{Grouping::kAct, "acts", "Act"},
};

const GroupingWords& words_of(Grouping grouping) {
  return *std::find_if(kGroupings.begin(), kGroupings.end(),
                       [&](const GroupingWords& words) { return words.grouping == grouping; });
}

std::string sentence_html(std::string_view sentence) {
  return name_html(sentence) + (sentence.ends_with('.') ? "" : ".");
}

std::string accounts_line(const PersonRow& person) {
  std::string html = "<p class=\"accounts\">";
  for (size_t i = 0; i < person.accounts.size(); ++i) {
    html += (i == 0 ? "" : " · ") + name_html(person.accounts[i]);
  }
  return html + "</p>\n";
}

// The number with its margin, then the sentence.
std::string headline(const PersonExplanation& explanation) {
  const PersonRow& person = explanation.person;
  std::string html = "<section class=\"headline\" aria-label=\"Score\">\n";
  if (person.score) {
    html += fmt::format("<p class=\"score\"><strong>{}</strong></p>\n", whole_score(person));
  }
  html += fmt::format("<div><p class=\"sentence\">{}</p>\n", sentence_html(explanation.sentence));
  if (person.score) {
    std::string facts = "score " + likely(person.low, person.high);
    facts += person.settled ? " · settled" : " · provisional";
    if (person.rank > 0) {
      facts += " · " +
               (person.rank_low == person.rank_high
                    ? ordinal(person.rank)
                    : ordinal(person.rank_low) + " to " + ordinal(person.rank_high)) +
               " here";
    }
    facts += fmt::format(" · {}", momentum_word(person));
    html += fmt::format("<p class=\"small\">{}</p>\n", facts);
  }
  return html + "</div>\n</section>\n";
}

std::string fact(std::string_view term, const std::string& value, std::string_view meaning) {
  return fmt::format(
      "<div><dt>{}</dt><dd><strong>{}</strong> <span class=\"small\">{}</span></dd></div>\n", term,
      value, meaning);
}

std::string share(const std::optional<double>& value) {
  return value ? fmt::format("{:.0f} %", *value * 100) : "no evidence";
}

std::string facts(const PersonRow& person) {
  if (!person.score) return {};
  std::string html = "<dl class=\"facts\">\n";
  html += fact("People moved", people_number(person.people_moved),
               "what the score stands for: people seen to act in response");
  html += fact("Reach", grouped(person.reach),
               person.reach == 1 ? "person moved in the last year"
                                 : "different people moved in the last year");
  for (size_t w = 0; w < person.forecast.size(); ++w) {
    const auto& forecast = person.forecast[w];
    if (!forecast) continue;
    html += fact(fmt::format("Next {} days", kForecastDays[w]),
                 forecast->low == forecast->high
                     ? grouped(forecast->low)
                     : fmt::format("{} to {}", grouped(forecast->low), grouped(forecast->high)),
                 "people likely to respond");
  }
  html += fact("Amplification", share(person.amplification),
               person.amplification ? "chance that a post moves somebody" : "no posts are known");
  html += fact("Audience", share(person.audience),
               person.audience ? "mean standing of those moved" : "nobody moved in the last year");
  html += "</dl>\n";
  if (!person.topics.empty()) {
    html += "<div class=\"topics\">Topics, on evidence: ";
    constexpr size_t kShown = 12;  // more is no picture of anybody
    for (size_t i = 0; i < person.topics.size(); ++i) {
      if (i == kShown) {
        html += fmt::format("<details><summary>and {} more</summary>", person.topics.size() - i);
      }
      html += fmt::format("{}<a href=\"/{}\">{}</a>", i == 0 || i == kShown ? "" : ", ",
                          escape_html(query_string({{"topic", person.topics[i]}})),
                          name_html(person.topics[i]));
    }
    html += person.topics.size() > kShown ? "</details></div>\n" : ".</div>\n";
  }
  return html;
}

std::string reason_list(std::string_view heading, std::string_view kind, char sign,
                        const std::vector<Reason>& reasons, std::string_view none) {
  std::string html = fmt::format("<div>\n<h2>{}</h2>\n", heading);
  if (reasons.empty()) {
    return html + fmt::format("<p>{}</p>\n</div>\n", none);
  }
  html += fmt::format("<ul class=\"reasons {}\">\n", kind);
  for (size_t i = 0; i < std::min<size_t>(reasons.size(), 3); ++i) {
    html += fmt::format("<li><span class=\"n\">{} {:.1f}</span> <span>{}</span></li>\n",
                        sign == '-' ? "−" : "+", reasons[i].points,
                        name_html(capital(reasons[i].text)));
  }
  return html + "</ul>\n</div>\n";
}

std::string reasons(const PersonExplanation& explanation) {
  const PersonRow& person = explanation.person;
  if (!person.score) return {};
  std::string html = "<div class=\"both\">\n";
  html += reason_list(fmt::format("Why {}", whole_score(person)), "up", '+', explanation.reasons_up,
                      "No single reason stands out.");
  html += reason_list("What holds it back", "down", '-', explanation.reasons_down,
                      "Nothing of note: hardly anything was left out of the count.");
  html += "</div>\n";
  if (!explanation.missing.empty()) {
    html += "<h2>What is missing for a settled score</h2>\n<ul>\n";
    for (const std::string& missing : explanation.missing) {
      html += fmt::format("<li>{}</li>\n", sentence_html(capital(missing)));
    }
    html += "</ul>\n";
  }
  return html;
}

std::string day_html(Instant at) {
  const std::string text = to_string(at);
  return fmt::format("<time datetime=\"{}\">{}</time>", text, text.substr(0, 10));
}

// What did something, each with its points; and what they come to.
std::string changes(const PersonExplanation& explanation) {
  if (!explanation.changed) return {};
  const ScoreChange& change = *explanation.changed;
  std::string html = fmt::format(
      "<section aria-labelledby=\"changed\">\n<h2 id=\"changed\">What changed since {}</h2>\n"
      "<p>{}</p>\n",
      day_html(change.as_of), sentence_html(capital(change.sentence)));
  html += "<ul class=\"reasons\">\n";
  constexpr double kWorthShowing = 0.05;  // points; less is shown as nothing
  double rest = change.points;
  for (const ChangePart& part : change.parts) {
    if (std::abs(part.points) < kWorthShowing) continue;
    rest -= part.points;
    html += fmt::format("<li><span class=\"n\">{} {:.1f}</span> <span>{}</span></li>\n",
                        part.points < 0 ? "−" : "+", std::abs(part.points),
                        name_html(capital(part.text)));
  }
  if (std::abs(rest) >= kWorthShowing) {
    html += fmt::format("<li><span class=\"n\">{} {:.1f}</span> <span>All else</span></li>\n",
                        rest < 0 ? "−" : "+", std::abs(rest));
  }
  return html + "</ul>\n</section>\n";
}

bool is_web_address(std::string_view text) {
  return text.starts_with("https://") || text.starts_with("http://");
}

std::string receipt_html(const Receipt& receipt) {
  std::string html = fmt::format("<li><time datetime=\"{0}\">{0}</time> {1} <em>{2}</em>",
                                 to_string(receipt.published), name_html(receipt.account),
                                 to_string(receipt.verb));
  if (!receipt.object.empty()) {
    html += is_web_address(receipt.object)
                ? fmt::format(" <a rel=\"noreferrer nofollow\" href=\"{0}\">{0}</a>",
                              escape_html(receipt.object))
                : " " + name_html(receipt.object);
  } else if (!receipt.target.empty()) {
    html += " " + name_html(receipt.target);
  }
  html += fmt::format(" <span class=\"small\">{}, record {}, hash {:016x}</span></li>\n",
                      name_html(receipt.source), receipt.record, receipt.record_hash);
  return html;
}

std::string receipts_html(const std::vector<Receipt>& receipts) {
  if (receipts.empty()) return {};
  std::string html = fmt::format(
      "<details><summary>{}</summary>\n<ul class=\"receipts\">\n",
      receipts.size() == 1 ? "One receipt" : fmt::format("{} receipts", receipts.size()));
  for (const Receipt& receipt : receipts) html += receipt_html(receipt);
  return html + "</ul>\n</details>";
}

// A step of the waterfall: from where the rows above end, as wide as this row's points.
std::string step_picture(double from, double points, double total) {
  const double scale = total > 0 ? 100 / total : 0;
  return fmt::format(
      "<svg class=\"step\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" aria-hidden=\"true\" "
      "focusable=\"false\"><rect class=\"track\" x=\"0\" y=\"3.5\" width=\"100\" height=\"1\"/>"
      "<rect class=\"band\" x=\"{:.2f}\" y=\"0\" width=\"{:.2f}\" height=\"8\"/></svg>",
      std::min(from * scale, 99.4), std::max(points * scale, 0.6));
}

std::string label_html(const PersonExplanation& explanation, const ContributionRow& row) {
  std::string html = name_html(row.label);
  // Where the label is no person, those behind it are named beside it.
  const bool is_person =
      explanation.grouping == Grouping::kMover || explanation.grouping == Grouping::kAct;
  if (!is_person && !row.names.empty()) {
    html +=
        fmt::format("<span class=\"small\">{}</span>", name_html(name_list(row.names, row.people)));
  }
  return html;
}

std::string grouping_links(const PersonExplanation& explanation) {
  std::string html = "<nav class=\"groupings\" aria-label=\"Add up by\">Add up by ";
  for (const GroupingWords& words : kGroupings) {
    if (&words != kGroupings.data()) html += " · ";
    html += words.grouping == explanation.grouping
                ? fmt::format("<strong aria-current=\"true\">{}</strong>", words.link)
                : fmt::format("<a href=\"{}?grouping={}#adds-up\">{}</a>",
                              person_address(explanation.person.person), to_string(words.grouping),
                              words.link);
  }
  return html + "</nav>\n";
}

std::string contributions_table(const PersonExplanation& explanation, uint32_t limit) {
  const PersonRow& person = explanation.person;
  if (!person.score) return {};
  const double total = *person.score - 1;
  std::vector<const ContributionRow*> rows;
  for (const ContributionRow& row : explanation.contributions) rows.push_back(&row);
  const bool others = explanation.others.acts > 0 || explanation.others.points > 0;
  if (others) rows.push_back(&explanation.others);
  std::vector<double> points;
  for (const ContributionRow* row : rows) points.push_back(row->points);
  const std::vector<std::string> shown = shown_points(points, total, kPointDecimals);
  const std::string all = shown_points({total}, total, kPointDecimals).front();

  // A column of medians, where there are peers: of people of like activity, for comparison.
  const bool peers = explanation.peers.has_value();
  const auto median = [&](const std::optional<double>& usual) -> std::string {
    if (!peers) return {};
    return fmt::format("<td class=\"n peers\">{}</td>",
                       usual ? fmt::format("{:.{}f}", *usual, kPointDecimals) : "");
  };

  std::string html = "<section aria-labelledby=\"adds-up\">\n<h2 id=\"adds-up\">It adds up</h2>\n";
  html += grouping_links(explanation);
  html += fmt::format(
      "<table class=\"sum\">\n<caption>What the score of {} is made of: 1, where every score "
      "begins, "
      "and these points.{}</caption>\n<thead><tr><th scope=\"col\">{}</th>"
      "<th scope=\"col\" class=\"n\">Acts</th><th scope=\"col\" class=\"n\">Points</th>{}"
      "<td class=\"picture\"></td></tr></thead>\n<tbody>\n",
      name_html(person.name),
      peers ? fmt::format(" Peers: {}.", peers_words(*explanation.peers)) : "",
      words_of(explanation.grouping).column,
      peers ? "<th scope=\"col\" class=\"n\">Peers</th>" : "");
  html += fmt::format(
      "<tr><th scope=\"row\">The beginning of every score</th><td class=\"n\"></td>"
      "<td class=\"n\">1.00</td>{}<td class=\"picture\"></td></tr>\n",
      median(1.0));
  double from = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const ContributionRow& row = *rows[i];
    const bool is_others = others && i + 1 == rows.size();
    std::string label =
        is_others ? fmt::format("Others<span class=\"small\">{}</span>",
                                row.people == 1 ? "one person" : grouped(row.people) + " people")
                  : label_html(explanation, row);
    // Of groups that share people, the people cannot be added up.
    if (is_others && explanation.grouping != Grouping::kMover) label = "Others";
    html += fmt::format(
        "<tr><th scope=\"row\">{}{}</th><td class=\"n\">{}</td><td class=\"n points\">{}</td>{}"
        "<td class=\"picture\">{}</td></tr>\n",
        label, receipts_html(row.receipts), grouped(row.acts), shown[i], median(row.median),
        step_picture(from, row.points, total));
    from += row.points;
  }
  html += fmt::format(
      "</tbody>\n<tfoot><tr><th scope=\"row\">Sum: the score, shown as {}</th><td "
      "class=\"n\">{}</td>"
      "<td class=\"n points\"><strong>{:.2f}</strong></td>{}<td "
      "class=\"picture\"></td></tr></tfoot>\n"
      "</table>\n",
      whole_score(person), grouped(person.acts), 1 + std::stod(all),
      median(peers ? std::optional(explanation.peers->score) : std::nullopt));
  if (limit > 0 && explanation.contributions.size() == limit) {
    html +=
        fmt::format("<p><a href=\"{}?grouping={}&amp;limit=0#adds-up\">Every one of them</a></p>\n",
                    person_address(person.person), to_string(explanation.grouping));
  }
  return html + "</section>\n";
}

std::string half_life_words(double days) {
  if (days >= 365 * 1.5) return fmt::format("{:.0f} years", days / 365.25);
  if (std::abs(days - 365) < 1) return "a year";
  return fmt::format("{:.0f} days", days);
}

std::string horizons_table(const PersonExplanation& explanation) {
  if (explanation.horizons.empty()) return {};
  std::string html =
      "<details class=\"horizons\"><summary>How the people were counted, at each memory</summary>\n"
      "<table>\n<caption>At each half-life: people moved who are vouched for, all of the others, "
      "those "
      "approached first, and how many count.</caption>\n<thead><tr><th scope=\"col\">Half-life</th>"
      "<th scope=\"col\" class=\"n\">Vouched</th><th scope=\"col\" class=\"n\">Crowd</th>"
      "<th scope=\"col\" class=\"n\">Courted</th><th scope=\"col\" "
      "class=\"n\">Count</th></tr></thead>\n"
      "<tbody>\n";
  for (const auto& [days, moved] : explanation.horizons) {
    html += fmt::format(
        "<tr><th scope=\"row\">{}</th><td class=\"n\">{:.1f}</td><td class=\"n\">{:.1f}</td>"
        "<td class=\"n\">{:.1f}</td><td class=\"n\"><strong>{:.1f}</strong></td></tr>\n",
        half_life_words(days), moved.vouched, moved.crowd, moved.courted, moved.moved);
  }
  return html + "</tbody>\n</table>\n</details>\n";
}

// A fact with what it rests on, or why there is none.
std::string habit(std::string_view term, const std::string& words, const std::string& evidence) {
  std::string html = fmt::format("<div><dt>{}</dt><dd>{}", term, sentence_html(capital(words)));
  if (!evidence.empty()) {
    html += fmt::format(" <span class=\"small\">{}.</span>", name_html(capital(evidence)));
  }
  return html + "</dd></div>\n";
}

const HourRate& hour_of(const PostingHours& told, int day, int hour) {
  return told.hours[static_cast<size_t>(day) * 24 + static_cast<size_t>(hour)];
}

// How much of the accent an hour gets, in steps that can be told apart: 0 to 4.
int shade(const HourRate& hour, double average) {
  const double ratio = hour.rate / average;
  return ratio < 0.7 ? 0 : ratio < 0.9 ? 1 : ratio < 1.1 ? 2 : ratio < 1.5 ? 3 : 4;
}

// The week as a picture, seven rows of 24; the table below holds the same for ears.
std::string week_picture(const PostingHours& told, std::string_view label) {
  constexpr int kCell = 18;
  constexpr int kLeft = 34;
  constexpr int kTop = 16;
  std::string svg = fmt::format(
      "<svg class=\"week\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" "
      "focusable=\"false\">",
      kLeft + 24 * kCell, kTop + 7 * kCell, escape_html(label));
  for (int hour = 0; hour < 24; hour += 3) {
    svg +=
        fmt::format("<text x=\"{}\" y=\"{}\">{}</text>", kLeft + hour * kCell + 1, kTop - 5, hour);
  }
  for (int day = 0; day < 7; ++day) {
    svg += fmt::format("<text x=\"0\" y=\"{}\">{}</text>", kTop + day * kCell + 13,
                       day_word(day).substr(0, 3));
    for (int hour = 0; hour < 24; ++hour) {
      const HourRate& each = hour_of(told, day, hour);
      const int x = kLeft + hour * kCell;
      const int y = kTop + day * kCell;
      svg += fmt::format("<rect class=\"s{}{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                         shade(each, told.average), each.posts == 0 ? " guess" : "", x + 1, y + 1,
                         kCell - 2, kCell - 2);
      if (each.stands_out) {
        svg += fmt::format("<rect class=\"mark\" x=\"{}\" y=\"{}\" width=\"6\" height=\"6\"/>",
                           x + 6, y + 6);
      }
    }
  }
  return svg + "</svg>\n";
}

std::string week_legend() {
  constexpr std::array<std::string_view, 5> kWords{"far below average", "below", "about average",
                                                   "above", "far above"};
  std::string html = "<ul class=\"legend\" aria-hidden=\"true\">";
  for (size_t s = 0; s < kWords.size(); ++s) {
    html += fmt::format(
        "<li><svg viewBox=\"0 0 10 10\"><rect class=\"s{}\" width=\"10\" "
        "height=\"10\"/></svg>{}</li>",
        s, kWords[s]);
  }
  return html +
         "<li><svg viewBox=\"0 0 10 10\"><rect class=\"s2 guess\" width=\"10\" "
         "height=\"10\"/></svg>"
         "paler: none in that very hour</li>"
         "<li><svg viewBox=\"0 0 10 10\"><rect class=\"s4\" width=\"10\" height=\"10\"/>"
         "<rect class=\"mark\" x=\"3\" y=\"3\" width=\"4\" height=\"4\"/></svg>stands "
         "out</li></ul>\n";
}

std::string week_table(const PostingHours& told, bool by_arrival) {
  std::string html = fmt::format(
      "<details><summary>The same as a table</summary>\n<div class=\"wide\"><table "
      "class=\"hours\">\n"
      "<caption>{}; how many {} it rests on in brackets, hours from 0 to 23. A star: stands out."
      "</caption>\n<thead><tr><th scope=\"col\">Day</th>",
      by_arrival ? "People who respond in an hour" : "Responders a post",
      by_arrival ? "hours of the calendar" : "posts");
  for (int hour = 0; hour < 24; ++hour) html += fmt::format("<th scope=\"col\">{}</th>", hour);
  html += "</tr></thead>\n<tbody>\n";
  for (int day = 0; day < 7; ++day) {
    html += fmt::format("<tr><th scope=\"row\">{}</th>", day_word(day));
    for (int hour = 0; hour < 24; ++hour) {
      const HourRate& each = hour_of(told, day, hour);
      html += fmt::format("<td class=\"n\">{:.2g}{} ({})</td>", each.rate,
                          each.stands_out ? "*" : "", each.posts);
    }
    html += "</tr>\n";
  }
  return html + "</tbody>\n</table></div>\n</details>\n";
}

std::string habits(const PersonExplanation& explanation) {
  if (!explanation.habits) return {};
  const Habits& told = *explanation.habits;
  std::string html =
      "<section aria-labelledby=\"habits\">\n<h2 id=\"habits\">Habits</h2>\n"
      "<dl class=\"habits\">\n";
  if (told.style) {
    std::string axes;
    for (const std::string& line : style_axes_words(*told.style)) {
      axes += (axes.empty() ? "" : "; ") + line;
    }
    html += habit("Style", style_words(*told.style), axes + "; " + style_evidence(*told.style));
  } else {
    html += habit("Style", told.style_unknown, {});
  }
  html += told.hours ? habit("When to post", hours_words(told), hours_evidence(told))
                     : habit("When to post", told.hours_unknown, {});
  html += told.half_life ? habit("Half-life of a post", half_life_words(*told.half_life),
                                 half_life_evidence(*told.half_life))
                         : habit("Half-life of a post", told.half_life_unknown, {});
  html += "</dl>\n";
  if (told.hours) {
    html +=
        fmt::format("<h3>{}, {}</h3>\n",
                    told.hours_by_arrival ? "When responses come" : "What a post gets by its hour",
                    name_html(told.zone));
    html += week_picture(*told.hours, "Seven days by 24 hours: " + hours_words(told));
    html += week_legend();
    html += week_table(*told.hours, told.hours_by_arrival);
    html += fmt::format(
        "<form class=\"zone\" action=\"{}#habits\"><label for=\"zone\">Time zone</label> <input "
        "id=\"zone\" name=\"zone\" value=\"{}\" autocomplete=\"off\"> <button>Show</button> <span "
        "class=\"small\">as in Europe/Berlin</span></form>\n",
        person_address(explanation.person.person), escape_html(told.zone));
  }
  return html + "</section>\n";
}

}  // namespace

Page to_page(const PersonExplanation& explanation, uint32_t limit, Viewer viewer) {
  const PersonRow& person = explanation.person;
  Page page;
  page.title = page.heading = person.name;
  page.meta = &explanation.meta;
  page.viewer = viewer;
  page.body = accounts_line(person);
  page.body += headline(explanation);
  page.body += facts(person);
  page.body += reasons(explanation);
  page.body += changes(explanation);
  page.body += contributions_table(explanation, limit);
  page.body += horizons_table(explanation);
  page.body += habits(explanation);
  const std::string api = "/api/v3/people/" + percent_encode(person.person);
  page.forms = {{"the person", api},
                {"the explanation",
                 fmt::format("{}/explanation?grouping={}", api, to_string(explanation.grouping))}};
  return page;
}

}  // namespace bellwether

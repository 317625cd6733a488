// SPDX-License-Identifier: Apache-2.0
#include "serve/pages/ranking.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

std::string lede(const RankingPage& asked) {
  const Ranking& ranking = asked.ranking;
  if (!asked.search.empty()) {
    const size_t found = ranking.people.size();
    const std::string people = found == 1 ? "One person" : grouped(found) + " people";
    return asked.limit == found ? fmt::format(
                                      "The first {} people found, the settled ones before "
                                      "the others.",
                                      found)
                                : people + " found.";
  }
  std::string text = fmt::format(
      "{} as of {}, ordered by how many people they move.",
      ranking.settled == 1 ? "One person is settled"
                           : fmt::format("{} people are settled",
                                         ranking.settled == 0 ? "No" : grouped(ranking.settled)),
      to_day(ranking.meta.as_of));
  if (ranking.provisional > 0) {
    text += fmt::format(
        " About {} it is too early to say.",
        ranking.provisional == 1 ? "one other" : grouped(ranking.provisional) + " others");
  }
  return text;
}

std::string empty_words(const RankingPage& asked) {
  if (!asked.search.empty()) {
    return asked.viewer == Viewer::kOperator
               ? "<p>Nobody here has a name or account with these letters in it.</p>\n"
               : "<p>Nobody who asked to be shown has a name or account with these letters in "
                 "it.</p>\n";
  }
  if (asked.viewer == Viewer::kOperator) {
    return "<p>Nobody has been seen to respond to anybody, so there is nobody to rank. Read an "
           "archive that holds replies, reshares, mentions or the like:</p>\n"
           "<pre><code>bellwether ingest FILE\nbellwether score</code></pre>\n";
  }
  return "<p>Nobody here has asked to be shown, and nobody is shown who did not ask.</p>\n"
         "<p>Is this your workspace? Open the address that <code>bellwether serve</code> printed: "
         "it "
         "carries your token, and then you see everybody. A person who asks to be shown is listed "
         "by:</p>\n"
         "<pre><code>bellwether people consent ACCOUNT listed</code></pre>\n";
}

// The margin on a scale from 0 to `ceiling`; the words beside it say the same.
std::string interval_picture(const PersonRow& person, double ceiling) {
  const auto x = [&](double score) { return std::clamp(100 * score / ceiling, 0.0, 99.0); };
  return fmt::format(
      "<svg class=\"interval\" viewBox=\"0 0 100 8\" preserveAspectRatio=\"none\" "
      "aria-hidden=\"true\" focusable=\"false\"><rect class=\"track\" x=\"0\" y=\"3.5\" "
      "width=\"100\" height=\"1\"/><rect class=\"band\" x=\"{:.1f}\" y=\"1.5\" width=\"{:.1f}\" "
      "height=\"5\"/><rect class=\"at\" x=\"{:.1f}\" y=\"0\" width=\"1\" height=\"8\"/></svg>",
      x(person.low), std::max(1.0, x(person.high) - x(person.low)), x(*person.score) - 0.5);
}

// The roles are said aloud because a small screen lays the rows out anew, which in some browsers
// takes a table's meaning away.
std::string settled_table(const RankingPage& asked, const std::vector<const PersonRow*>& people) {
  double ceiling = 20;
  for (const PersonRow* person : people) ceiling = std::max(ceiling, person->high);
  ceiling = 10 * std::ceil(ceiling / 10);
  std::string html = fmt::format(
      "<table class=\"ranking\" role=\"table\">\n"
      "<caption>Settled people, by people moved: those seen to act in response, as the score "
      "counts "
      "them. Five points of score are one doubling; the marks show the likely range between 0 and "
      "{}.</caption>\n"
      "<thead role=\"rowgroup\"><tr role=\"row\">"
      "<th scope=\"col\" role=\"columnheader\" class=\"n rank\">Rank</th>"
      "<th scope=\"col\" role=\"columnheader\">Person</th>"
      "<th scope=\"col\" role=\"columnheader\" class=\"n moved\">People moved</th>"
      "<th scope=\"col\" role=\"columnheader\" class=\"n points\">Score</th>"
      "<th scope=\"col\" role=\"columnheader\" class=\"why\">Why</th>"
      "</tr></thead>\n<tbody role=\"rowgroup\">\n",
      ceiling);
  for (const PersonRow* person : people) {
    html += fmt::format(
        "<tr role=\"row\"><td role=\"cell\" class=\"n rank\">{}</td>"
        "<th scope=\"row\" role=\"rowheader\"><a class=\"who\" href=\"{}\">{}</a>",
        rank_range(*person), person_address(person->person), name_html(person->name));
    if (asked.viewer == Viewer::kOperator && person->listed) {
      html += " <span class=\"tag\">listed</span>";
    }
    html += fmt::format(
        "</th><td role=\"cell\" class=\"n moved\"><strong>{}</strong><span "
        "class=\"small\">{}</span></td>"
        "<td role=\"cell\" class=\"n points\"><strong>{}</strong><span "
        "class=\"small\">{}</span>{}</td><td role=\"cell\" class=\"why\">",
        people_number(person->people_moved), momentum_word(*person), whole_score(*person),
        likely(person->low, person->high), interval_picture(*person, ceiling));
    if (!person->reason.empty()) html += name_html(capital(person->reason)) + ".";
    if (!person->topics.empty()) {
      html += "<span class=\"topics\">On ";
      const size_t shown = std::min<size_t>(person->topics.size(), 4);
      for (size_t i = 0; i < shown; ++i) {
        html += fmt::format("{}<a href=\"/{}\">{}</a>", i == 0 ? "" : ", ",
                            escape_html(query_string({{"topic", person->topics[i]}})),
                            name_html(person->topics[i]));
      }
      html += "</span>";
    }
    html += "</td></tr>\n";
  }
  return html + "</tbody>\n</table>\n";
}

std::string provisional_list(const RankingPage& asked,
                             const std::vector<const PersonRow*>& people) {
  std::string html =
      "<section aria-labelledby=\"provisional\">\n<h2 id=\"provisional\">Too early to say</h2>\n"
      "<p>A settled score needs responses from enough vouched people who were not approached "
      "first, "
      "and a narrow margin. These are ordered by how much of that evidence there is, not by "
      "score.</p>\n<ul class=\"provisional\">\n";
  for (const PersonRow* person : people) {
    html += fmt::format(
        "<li><a class=\"who\" href=\"{}\">{}</a> <span class=\"small\">{}: {}, {} of them vouched "
        "for, {} unasked; {}</span></li>\n",
        person_address(person->person), name_html(person->name), whole_score(*person),
        person->movers == 1 ? "one person responded"
                            : grouped(person->movers) + " people responded",
        person->vouched_movers == 0 ? "none" : grouped(person->vouched_movers),
        person->independent_movers == 0 ? "none" : grouped(person->independent_movers),
        likely(person->low, person->high));
  }
  html += "</ul>\n";
  const uint64_t before = std::max(asked.offset, asked.ranking.settled) - asked.ranking.settled;
  const uint64_t left = asked.ranking.provisional -
                        std::min<uint64_t>(asked.ranking.provisional, before + people.size());
  if (asked.search.empty() && left > 0) {
    html += fmt::format("<p class=\"small\">And {} more, with less evidence.</p>\n", grouped(left));
  }
  return html + "</section>\n";
}

std::string turn_page(const RankingPage& asked) {
  if (!asked.search.empty()) return {};
  const auto link = [&](uint32_t offset, std::string_view rel, const std::string& words) {
    const std::string query = query_string({{"topic", asked.topic},
                                            {"network", asked.network},
                                            {"offset", offset == 0 ? "" : std::to_string(offset)}});
    return fmt::format("<a rel=\"{}\" href=\"/{}\">{}</a>", rel, escape_html(query), words);
  };
  std::string links;
  if (asked.offset > 0) {
    links += link(asked.offset - std::min(asked.offset, asked.limit), "prev", "Those before");
  }
  if (asked.offset + asked.limit < asked.ranking.settled) {
    links +=
        (links.empty() ? "" : " · ") +
        link(asked.offset + asked.limit, "next",
             fmt::format("The next {}", std::min(asked.limit, asked.ranking.settled - asked.offset -
                                                                  asked.limit)));
  }
  if (links.empty()) return {};
  return "<nav class=\"turn\" aria-label=\"Pages of the ranking\">" + links + "</nav>\n";
}

}  // namespace

Page to_page(const RankingPage& asked) {
  const Ranking& ranking = asked.ranking;
  Page page;
  page.meta = &ranking.meta;
  page.viewer = asked.viewer;
  page.search = asked.search;
  const bool whole = asked.search.empty() && asked.topic.empty() && asked.network.empty();
  page.heading = "Who moves whom here";
  if (!asked.search.empty()) page.heading = fmt::format("People called “{}”", asked.search);
  if (!asked.topic.empty()) page.heading = fmt::format("Who moves whom on {}", asked.topic);
  if (!asked.network.empty()) page.heading += fmt::format(" ({})", asked.network);
  if (ranking.meta.simulated && whole) page.heading[0] = 'w';
  page.title = page.heading;

  std::vector<const PersonRow*> settled;
  std::vector<const PersonRow*> provisional;
  for (const PersonRow& row : ranking.people) (row.settled ? settled : provisional).push_back(&row);

  std::string& html = page.body;
  if (ranking.people.empty() && asked.offset == 0) {
    html += empty_words(asked);
  } else {
    html += fmt::format("<p class=\"lede\">{}</p>\n", lede(asked));
  }
  if (!settled.empty()) html += settled_table(asked, settled);
  if (!provisional.empty()) html += provisional_list(asked, provisional);
  html += turn_page(asked);

  const auto query = [&](std::string_view suffix) {
    std::vector<std::pair<std::string, std::string>> values{
        {"search", asked.search}, {"topic", asked.topic}, {"network", asked.network}};
    if (asked.search.empty()) values.emplace_back("all", "true");
    return fmt::format("/api/v3/people{}{}", suffix, query_string(values));
  };
  if (!ranking.people.empty()) {
    page.forms = {{"JSON", query("")}, {"CSV", query(".csv")}, {"NDJSON", query(".ndjson")}};
  }
  if (!whole) html += "<p><a href=\"/\">The whole ranking</a></p>\n";
  return page;
}

}  // namespace bellwether

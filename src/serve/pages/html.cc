// SPDX-License-Identifier: Apache-2.0
#include "serve/pages/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "base/hash.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

std::string notices(const Page& page) {
  std::string html;
  if (page.meta == nullptr) return html;
  const Meta& meta = *page.meta;
  if (meta.simulated) {
    html +=
        "<p class=\"notice\"><strong>Simulated.</strong> Some or all of these people and acts were "
        "made up by <code>bellwether simulate</code>.</p>\n";
  }
  if (meta.stale) {
    html +=
        "<p class=\"notice\"><strong>Stale.</strong> Acts have been read or taken back since this "
        "was "
        "scored: <code>bellwether score</code> takes them up.</p>\n";
  }
  if (meta.sources_broken > 0) {
    html += fmt::format(
        "<p class=\"notice\"><strong>Incomplete.</strong> {} of {} sources could not be read to "
        "the "
        "end: <code>bellwether sources</code> says why.</p>\n",
        meta.sources_broken, meta.sources);
  }
  return html;
}

std::string footer(const Page& page) {
  std::string html = "<footer class=\"foot\">\n";
  if (page.meta != nullptr) {
    const Meta& meta = *page.meta;
    html += fmt::format("<p>{}</p>\n", escape_html(kNotAVerdict));
    html += fmt::format(
        "<p>As of <time datetime=\"{0}\">{0}</time>, snapshot {1}, from {2}. Method "
        "<code>{3}</code>, "
        "policy <code>{4}</code> ({5}). Scores compare only under one policy.</p>\n",
        to_string(meta.as_of), meta.snapshot,
        meta.sources == 1 ? "one source" : grouped(meta.sources) + " sources",
        escape_html(meta.method), escape_html(meta.policy), escape_html(meta.policy_name));
  }
  if (!page.forms.empty()) {
    html += "<p class=\"aside\">The same for programs: ";
    for (size_t i = 0; i < page.forms.size(); ++i) {
      html += fmt::format("{}<a href=\"{}\">{}</a>", i == 0 ? "" : ", ",
                          escape_html(page.forms[i].second), escape_html(page.forms[i].first));
    }
    html += "</p>\n";
  }
  html +=
      page.viewer == Viewer::kOperator
          ? "<p class=\"aside\">You see everybody: this browser holds the operator’s token.</p>\n"
          : "<p class=\"aside\">You see what everybody may see: the people who asked to be "
            "shown.</p>\n";
  return html + "</footer>\n";
}

}  // namespace

std::string static_address(std::string_view file) {
  for (const Embedded& embedded : embedded_files()) {
    if (embedded.name == file) {
      return fmt::format("/static/{}?v={:016x}", file, hash64(embedded.text));
    }
  }
  assert(false && "no such file in static/");
  return {};
}

std::string render(const Page& page) {
  const bool simulated = page.meta != nullptr && page.meta->simulated;
  const std::string first_word = simulated ? "Simulated: " : "";
  std::string html = fmt::format(
      "<!doctype html>\n"
      "<html lang=\"en\">\n"
      "<head>\n"
      "<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n"
      "<meta name=\"robots\" content=\"noindex, nofollow\">\n"
      "<title>{}{} · Bellwether</title>\n"
      "<link rel=\"stylesheet\" href=\"{}\">\n"
      "<link rel=\"icon\" type=\"image/svg+xml\" href=\"{}\">\n"
      "</head>\n",
      first_word, escape_html(page.title), escape_html(static_address("style.css")),
      escape_html(static_address("icon.svg")));
  html += fmt::format(
      "<body>\n"
      "<a class=\"skip\" href=\"#main\">To the content</a>\n"
      "<header class=\"top\">\n"
      "<a class=\"mark\" href=\"/\">Bellwether</a>\n"
      "<form class=\"search\" role=\"search\" action=\"/\" method=\"get\">\n"
      "<label for=\"search\">Find a person</label>\n"
      "<input id=\"search\" name=\"search\" type=\"search\" maxlength=\"200\" "
      "autocomplete=\"off\" spellcheck=\"false\" value=\"{}\">\n"
      "<button>Find</button>\n"
      "</form>\n"
      "</header>\n"
      "<main id=\"main\">\n"
      "<h1>{}<bdi>{}</bdi></h1>\n",
      escape_html(page.search), first_word, escape_html(page.heading));
  html += notices(page);
  html += page.body;
  html += "</main>\n";
  html += footer(page);
  return html + "</body>\n</html>\n";
}

HttpReply page_reply(const Page& page) {
  HttpReply reply;
  reply.content_type = "text/html; charset=utf-8";
  reply.body = render(page);
  return reply;
}

HttpReply problem_page(const Problem& problem, Viewer viewer) {
  Page page;
  page.viewer = viewer;
  page.title = page.heading = problem.title;
  page.body = fmt::format("<p>{}.</p>\n<p><a href=\"/\">To the ranking</a></p>\n",
                          escape_html(capital(problem.detail)));
  HttpReply reply = page_reply(page);
  reply.status = problem.status;
  reply.keep = HttpReply::Keep::kNever;
  return reply;
}

HttpReply unscored_page(Viewer viewer, std::string_view words) {
  Page page;
  page.viewer = viewer;
  page.title = page.heading = "Nothing has been scored yet";
  page.body = fmt::format(
      "<p>Here will stand who moves whom in your community, with a reason each.</p>\n"
      "<p>What is missing are acts, or a score of them; these commands bring both:</p>\n"
      "<pre><code>bellwether ingest FILE\nbellwether score</code></pre>\n"
      "<p class=\"aside\">In the words of the workspace: {}.</p>\n",
      escape_html(words));
  HttpReply reply = page_reply(page);
  reply.keep = HttpReply::Keep::kNever;
  return reply;
}

std::string name_html(std::string_view name) { return "<bdi>" + escape_html(name) + "</bdi>"; }

std::string person_address(std::string_view person) { return "/people/" + percent_encode(person); }

std::string likely(double low, double high) {
  return fmt::format("likely {} to {}", std::lround(low), std::lround(high));
}

std::string whole_score(const PersonRow& person) {
  if (!person.score) return "no evidence";
  return fmt::format("{}{}", std::lround(*person.score), person.settled ? "" : "?");
}

std::string people_number(double people) {
  if (people < 0.05) return "less than 0.1";
  if (people < 9.95) return fmt::format("{:.1f}", people);
  return grouped(static_cast<uint64_t>(std::llround(people)));
}

std::string ordinal(uint32_t number) {
  const uint32_t tens = number % 100;
  std::string_view end = "th";
  if (tens < 11 || tens > 13) {
    if (number % 10 == 1) end = "st";
    if (number % 10 == 2) end = "nd";
    if (number % 10 == 3) end = "rd";
  }
  return grouped(number) + std::string(end);
}

std::string rank_range(const PersonRow& person) {
  if (person.rank == 0) return "";
  if (person.rank_low == person.rank_high) return grouped(person.rank);
  return grouped(person.rank_low) +
         "<span aria-hidden=\"true\">–</span><span class=\"heard\"> to </span>" +
         grouped(person.rank_high);
}

std::vector<std::string> shown_points(const std::vector<double>& points, double total,
                                      int decimals) {
  const double unit = std::pow(10.0, -decimals);
  std::vector<int64_t> units(points.size());
  std::vector<size_t> order(points.size());
  std::iota(order.begin(), order.end(), size_t{0});
  int64_t left = std::llround(total / unit);
  for (size_t i = 0; i < points.size(); ++i) {
    units[i] = static_cast<int64_t>(std::floor(points[i] / unit));
    left -= units[i];
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return points[a] / unit - static_cast<double>(units[a]) >
           points[b] / unit - static_cast<double>(units[b]);
  });
  for (size_t i = 0; i < order.size() && left > 0; ++i, --left) ++units[order[i]];
  std::vector<std::string> texts;
  for (const int64_t n : units) {
    texts.push_back(fmt::format("{:.{}f}", static_cast<double>(n) * unit, decimals));
  }
  return texts;
}

}  // namespace bellwether

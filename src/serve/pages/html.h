// SPDX-License-Identifier: Apache-2.0
// What every page has in common: its frame, and how numbers are put into words.
//
// A page is whole without scripts. Whatever comes from people's archives passes through
// escape_html() on its way in, and names stand in <bdi>, so that one written right to left turns
// nothing around it.
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/html.h"
#include "serve/endpoint.h"
#include "serve/http.h"
#include "workspace/query/query.h"

namespace bellwether {

struct Page {
  std::string title;           // of the window; plain text
  std::string heading;         // plain text
  const Meta* meta = nullptr;  // null: nothing has been scored yet
  Viewer viewer = Viewer::kPublic;
  std::string body;    // HTML
  std::string search;  // what was searched for; plain text
  std::vector<std::pair<std::string, std::string>>
      forms;  // the same for programs: word and address
};

// The whole document. A simulation says so in the first word of title and heading.
std::string render(const Page& page);
HttpReply page_reply(const Page& page);
HttpReply problem_page(const Problem& problem, Viewer viewer);
// What `/` shows before anything has been scored; `words` says which commands come next.
HttpReply unscored_page(Viewer viewer, std::string_view words);

// The address of a file of static/, which changes with its content.
std::string static_address(std::string_view file);

// "<bdi>…</bdi>", escaped.
std::string name_html(std::string_view name);
// "/people/0123456789abcdef".
std::string person_address(std::string_view person);
// "likely 60 to 64".
std::string likely(double low, double high);
// "62", or "62?" for a provisional one.
std::string whole_score(const PersonRow& person);
// "1,234", "34", "3.4", "less than 0.1".
std::string people_number(double people);
// "12th".
std::string ordinal(uint32_t number);
// "12–15", to ears "12 to 15", or "12"; empty: not ranked. HTML.
std::string rank_range(const PersonRow& person);

// The numbers with `decimals` digits, rounded so that they add up to the rounded `total` as they
// stand on the page: largest remainders first. `points` are not negative and sum to `total`.
std::vector<std::string> shown_points(const std::vector<double>& points, double total,
                                      int decimals);

}  // namespace bellwether

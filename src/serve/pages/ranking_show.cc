// SPDX-License-Identifier: Apache-2.0
// GET /: the ranking as a page, see ranking_show.json.
#include <algorithm>
#include <utility>

#include "serve/endpoint.h"
#include "serve/pages/html.h"
#include "serve/pages/ranking.h"

namespace bellwether {
namespace {

constexpr uint32_t kPeopleShown = 25;  // each with a reason, which costs a look at their ledger
constexpr uint32_t kProvisionalShown = 20;

Result<Ranking> answer(const Call& call, uint32_t offset) {
  const Arguments& a = call.arguments;
  if (const auto search = a.text("search")) {
    return call.query.search(*search, kPeopleShown, call.viewer);
  }
  RankRequest request;
  request.topic = a.text("topic");
  request.network = a.text("network");
  request.offset = offset;
  request.limit = kPeopleShown;
  BW_ASSIGN(Ranking ranking, call.query.rank(request, call.viewer));
  // The provisional follow where the settled end.
  if (offset + kPeopleShown >= ranking.settled && ranking.provisional > 0) {
    request.all = true;
    request.offset = std::max(offset, ranking.settled);
    request.limit = kProvisionalShown;
    request.reasons = false;
    BW_ASSIGN(Ranking provisional, call.query.rank(request, call.viewer));
    for (PersonRow& row : provisional.people) ranking.people.push_back(std::move(row));
  }
  return ranking;
}

}  // namespace

HttpReply ranking_show(const Call& call) {
  if (const auto meta = call.query.meta(); !meta.ok()) {
    if (meta.error().code == ErrorCode::kNotFound) {
      return unscored_page(call.viewer, meta.error().message);
    }
    return problem_page(problem_of(meta.error(), call.viewer), call.viewer);
  }
  RankingPage page;
  page.viewer = call.viewer;
  page.search = call.arguments.text("search").value_or("");
  page.topic = call.arguments.text("topic").value_or("");
  page.network = call.arguments.text("network").value_or("");
  page.offset = static_cast<uint32_t>(call.arguments.integer("offset"));
  page.limit = kPeopleShown;
  auto ranking = answer(call, page.offset);
  if (!ranking.ok()) return problem_page(problem_of(ranking.error(), call.viewer), call.viewer);
  page.ranking = std::move(*ranking);
  return page_reply(to_page(page));
}

}  // namespace bellwether

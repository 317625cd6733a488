// SPDX-License-Identifier: Apache-2.0
// GET /api/v3/people: the ranking, see people_list.json.
#include <fmt/format.h>

#include "serve/api/replies.h"
#include "serve/endpoint.h"
#include "workspace/query/render.h"

namespace bellwether {
namespace {

Result<Ranking> answer(const Call& call) {
  const Arguments& a = call.arguments;
  const auto limit = static_cast<uint32_t>(a.integer("limit"));
  const auto offset = static_cast<uint32_t>(a.integer("offset"));
  const bool by_momentum = a.text("by") == "momentum";
  if (const auto search = a.text("search")) {
    if (by_momentum || a.text("topic") || a.text("network") || a.text("as_of") || offset > 0) {
      return Error{ErrorCode::kInvalidArgument,
                   "search looks among everybody in the newest snapshot: leave out by, topic, "
                   "network, as_of and offset"};
    }
    return call.query.search(*search, limit, call.viewer);
  }
  RankRequest request;
  request.by = by_momentum ? RankBy::kMomentum : RankBy::kScore;
  request.topic = a.text("topic");
  request.network = a.text("network");
  request.as_of = a.instant("as_of");
  request.all = a.truth("all");
  request.limit = limit;
  request.offset = offset;
  request.reasons = a.truth("reasons");
  return call.query.rank(request, call.viewer);
}

// The address of the list's next part; empty: this is the last one.
std::string next_page(const Call& call, const Ranking& ranking) {
  if (call.arguments.text("search")) return {};
  const auto limit = call.arguments.integer("limit");
  const auto offset = call.arguments.integer("offset");
  const uint64_t total =
      uint64_t{ranking.settled} + (call.arguments.truth("all") ? ranking.provisional : 0);
  if (static_cast<uint64_t>(offset + limit) >= total) return {};
  std::vector<std::pair<std::string, std::string>> query;
  for (const auto& [name, value] : call.target.query) {
    if (name != "offset") query.emplace_back(name, value);
  }
  query.emplace_back("offset", std::to_string(offset + limit));
  const std::string suffix = call.format == "json" ? "" : fmt::format(".{}", call.format);
  return "/api/v3/people" + suffix + query_string(query);
}

}  // namespace

HttpReply people_list(const Call& call) {
  if (auto problem = unscored(call)) return std::move(*problem);
  const auto ranking = answer(call);
  if (!ranking.ok()) return problem_json(problem_of(ranking.error(), call.viewer));
  HttpReply reply;
  if (call.format == "csv") {
    reply.content_type = "text/csv; charset=utf-8; header=present";
    reply.fields.emplace_back("Content-Disposition", "attachment; filename=\"people.csv\"");
    reply.body = to_csv(*ranking);
  } else if (call.format == "ndjson") {
    reply.content_type = "application/x-ndjson";
    reply.body = to_ndjson(*ranking);
  } else {
    reply.content_type = "application/json";
    reply.body = to_json(*ranking);
  }
  if (const std::string next = next_page(call, *ranking); !next.empty()) {
    reply.fields.emplace_back("Link", "<" + next + ">; rel=\"next\"");
  }
  return reply;
}

}  // namespace bellwether

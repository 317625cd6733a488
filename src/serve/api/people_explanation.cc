// SPDX-License-Identifier: Apache-2.0
// GET /api/v3/people/{id}/explanation: contributions that add up, see people_explanation.json.
#include "serve/api/replies.h"
#include "serve/endpoint.h"
#include "workspace/query/render.h"

namespace bellwether {

HttpReply people_explanation(const Call& call) {
  if (auto problem = unscored(call)) return std::move(*problem);
  ExplainRequest request;
  request.grouping = *parse_grouping(*call.arguments.text("grouping"));
  request.limit = static_cast<uint32_t>(call.arguments.integer("limit"));
  request.peers = call.arguments.truth("peers");
  request.since = *call.arguments.text("since");
  const auto explanation = call.query.explain(*call.arguments.text("id"), request, call.viewer);
  if (!explanation.ok()) return problem_json(problem_of(explanation.error(), call.viewer));
  return json_reply(to_json(*explanation));
}

}  // namespace bellwether

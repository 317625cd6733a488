// SPDX-License-Identifier: Apache-2.0
// GET /people/{id}: one person and what their score is made of, see person_show.json.
#include "serve/endpoint.h"
#include "serve/pages/html.h"
#include "serve/pages/person.h"

namespace bellwether {

HttpReply person_show(const Call& call) {
  ExplainRequest request;
  request.grouping = *parse_grouping(*call.arguments.text("grouping"));
  request.habits = true;
  const auto zone = TimeZone::find(*call.arguments.text("zone"));
  if (!zone.ok()) return problem_page(problem_of(zone.error(), call.viewer), call.viewer);
  request.zone = *zone;
  request.limit = static_cast<uint32_t>(call.arguments.integer("limit"));
  if (const auto meta = call.query.meta(); !meta.ok()) {
    if (meta.error().code == ErrorCode::kNotFound) {
      return unscored_page(call.viewer, meta.error().message);
    }
    return problem_page(problem_of(meta.error(), call.viewer), call.viewer);
  }
  const auto explanation = call.query.explain(*call.arguments.text("id"), request, call.viewer);
  if (!explanation.ok())
    return problem_page(problem_of(explanation.error(), call.viewer), call.viewer);
  return page_reply(to_page(*explanation, request.limit, call.viewer));
}

}  // namespace bellwether

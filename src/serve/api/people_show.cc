// SPDX-License-Identifier: Apache-2.0
// GET /api/v3/people/{id}: one person, see people_show.json.
#include "serve/api/replies.h"
#include "serve/endpoint.h"
#include "workspace/query/render.h"

namespace bellwether {

HttpReply people_show(const Call& call) {
  if (auto problem = unscored(call)) return std::move(*problem);
  const auto zone = TimeZone::find(*call.arguments.text("zone"));
  if (!zone.ok()) return problem_json(problem_of(zone.error(), call.viewer));
  const auto card = call.query.show(*call.arguments.text("id"), call.viewer, *zone);
  if (!card.ok()) return problem_json(problem_of(card.error(), call.viewer));
  return json_reply(to_json(*card));
}

}  // namespace bellwether

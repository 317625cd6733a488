// SPDX-License-Identifier: Apache-2.0
// GET /healthz, see health_show.json.
#include <nlohmann/json.hpp>

#include "base/version.h"
#include "serve/api/replies.h"
#include "serve/endpoint.h"
#include "workspace/query/render.h"

namespace bellwether {

HttpReply health_show(const Call& call) {
  const auto meta = call.query.meta();
  // That nothing has been scored yet is no illness.
  if (!meta.ok() && meta.error().code != ErrorCode::kNotFound) {
    return problem_json(problem_of(meta.error(), call.viewer));
  }
  nlohmann::ordered_json json = {{"status", "ok"}, {"version", kVersion}};
  json["meta"] = nullptr;
  if (meta.ok()) json["meta"] = nlohmann::ordered_json::parse(to_json(*meta));
  HttpReply reply = json_reply(json.dump() + '\n');
  reply.keep = HttpReply::Keep::kNever;
  return reply;
}

}  // namespace bellwether

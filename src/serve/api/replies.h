// SPDX-License-Identifier: Apache-2.0
// What the endpoints of the API have in common.
#pragma once
#include <optional>
#include <utility>

#include "serve/endpoint.h"

namespace bellwether {

// The reply where nothing has been scored yet, which is no fault of what was asked for; empty: go
// on.
inline std::optional<HttpReply> unscored(const Call& call) {
  const auto meta = call.query.meta();
  if (meta.ok()) return std::nullopt;
  if (meta.error().code != ErrorCode::kNotFound) {
    return problem_json(problem_of(meta.error(), call.viewer));
  }
  return problem_json({503, "not-scored", "Nothing has been scored yet", meta.error().message});
}

inline HttpReply json_reply(std::string body) {
  HttpReply reply;
  reply.content_type = "application/json";
  reply.body = std::move(body);
  return reply;
}

}  // namespace bellwether

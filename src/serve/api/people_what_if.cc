// SPDX-License-Identifier: Apache-2.0
// GET /api/v3/people/{id}/what-if: a simulation, see people_what_if.json.
#include "serve/api/replies.h"
#include "serve/endpoint.h"
#include "workspace/query/render.h"

namespace bellwether {

HttpReply people_what_if(const Call& call) {
  if (auto problem = unscored(call)) return std::move(*problem);
  WhatIfQuestion question;
  if (const auto person = call.arguments.text("without")) question.without_people = {*person};
  if (const auto act = call.arguments.text("without_act")) question.without_acts = {*act};
  // The description allows verbs only.
  if (const auto verb = call.arguments.text("without_verb")) {
    question.without_verbs = {*parse_verb(*verb)};
  }
  question.after = call.arguments.instant("after");
  const auto count = static_cast<uint32_t>(call.arguments.integer("more"));
  if (count > 0) question.more = {{*parse_verb(*call.arguments.text("more_verb")), count}};
  question.vouched = *call.arguments.text("from") == "vouched";
  const auto simulation = call.query.what_if(*call.arguments.text("id"), question, call.viewer);
  if (!simulation.ok()) return problem_json(problem_of(simulation.error(), call.viewer));
  return json_reply(to_json(*simulation));
}

}  // namespace bellwether

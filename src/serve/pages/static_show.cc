// SPDX-License-Identifier: Apache-2.0
// GET /static/{file}: see static_show.json.
#include <fmt/format.h>

#include "base/hash.h"
#include "serve/endpoint.h"

namespace bellwether {

HttpReply static_show(const Call& call) {
  const std::string file = *call.arguments.text("file");
  for (const Embedded& embedded : embedded_files()) {
    if (embedded.name != file) continue;
    HttpReply reply;
    reply.content_type = file.ends_with(".css")   ? "text/css; charset=utf-8"
                         : file.ends_with(".svg") ? "image/svg+xml"
                                                  : "text/plain; charset=utf-8";
    reply.body = embedded.text;
    // Another version's address must not be remembered with this content.
    if (call.arguments.text("v") == fmt::format("{:016x}", hash64(embedded.text))) {
      reply.keep = HttpReply::Keep::kForever;
    }
    return reply;
  }
  return problem_json(not_found(call.viewer));
}

}  // namespace bellwether

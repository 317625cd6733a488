// SPDX-License-Identifier: Apache-2.0
// From a request to the bytes of its reply: everything that HTTP asks of a server but the sockets.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "serve/access.h"
#include "serve/endpoint.h"
#include "serve/http.h"
#include "serve/serve.h"

namespace bellwether {

struct ReplyBytes {
  std::string head;    // status line and fields, with the empty line
  std::string body;    // empty for HEAD and 304
  bool close = false;  // the connection ends after this reply
};

// Safe to share between threads.
class Service {
 public:
  // Borrows both. `port`: the one that is listened on.
  Service(Query& query, const ServeOptions& options, uint16_t port);

  // Answers; never throws. `keep_alive`: the client would go on with this connection.
  ReplyBytes answer(const HttpRequest& request, bool keep_alive) const;

  // The reply to what is no request, or too large a one; closes.
  ReplyBytes refuse(int status, std::string_view detail) const;

 private:
  HttpReply reply_to(const HttpRequest& request, Viewer& viewer) const;
  HttpReply let_in(const HttpRequest& request, const Target& target) const;
  ReplyBytes finish(const HttpRequest& request, HttpReply reply, Viewer viewer,
                    bool keep_alive) const;

  Query& query_;
  const ServeOptions& options_;
  Endpoints endpoints_;
  Access access_;
};

}  // namespace bellwether

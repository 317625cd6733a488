// SPDX-License-Identifier: Apache-2.0
// The HTTP server: API v3 and the pages, over a workspace's answers.
//
// It only reads, and it sees nothing that Query does not tell its viewer: everybody is
// Viewer::kPublic but whoever shows the operator's token, by `Authorization: Bearer TOKEN` or by
// opening a page with
// `?token=TOKEN` once, which is exchanged for a cookie.
//
// What protects the operator in a browser: loopback by default; only its own names are accepted as
// Host, so that no web page can point its own name here; the cookie is HttpOnly and
// SameSite=Strict; no reply allows another origin to read it, to frame it, or runs a script.
//
// Endpoints are described in api/ and pages/, one JSON file beside each source.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "workspace/query/query.h"

namespace bellwether {

struct ServeOptions {
  std::string listen = "127.0.0.1:8420";  // numeric address or "localhost", and port; "[::1]:8420";
                                          // port 0: any free one
  std::string operator_token;             // empty: nobody is operator; else at least 16 characters
                                          // of [A-Za-z0-9._~-]
  std::vector<std::string> host_names;    // further names it may be called by
  unsigned threads = 2;                   // that answer; one more moves the bytes
  std::function<Instant()> now;           // for the Date field; empty: replies carry none
  // Told in a sentence what the operator should know and no reply says: an answer that failed, a
  // connection that could not be taken. Called from the server's threads; empty: nobody is told.
  std::function<void(std::string_view)> report;

  // Against clients that are slow, greedy or many. Each has a test.
  uint32_t header_bytes_max = 16 << 10;
  uint32_t body_bytes_max = 1 << 20;
  uint32_t connections_max = 256;   // further ones wait until one is closed
  uint32_t idle_ms_max = 60'000;    // between requests
  uint32_t header_ms_max = 10'000;  // from a request's first byte to the end of its header
  uint32_t body_ms_max = 30'000;
  uint32_t write_ms_max = 30'000;  // for a client to take a reply
  uint32_t stop_ms_max = 10'000;   // for what is in flight when stop() is called
};

class Server {
 public:
  // Listens, and answers from now on. Borrows `query`, which must outlive the server.
  // kInvalidArgument: an option is out of range; the message says which. kBusy: somebody else
  // listens on that address; the message names it and what to do. kIo: the system refused.
  static Result<std::unique_ptr<Server>> start(Query& query, ServeOptions options);

  // Stops and waits.
  virtual ~Server() = default;

  virtual uint16_t port() const = 0;
  // "http://127.0.0.1:8420", without a final slash.
  virtual std::string address() const = 0;
  // Takes no more connections, closes the idle ones, lets what is in flight finish (at most
  // stop_ms_max), and returns at once; from any thread, any number of times, but from no signal
  // handler.
  virtual void stop() = 0;
  // Returns when the server has stopped.
  virtual void wait() = 0;
};

}  // namespace bellwether

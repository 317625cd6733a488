// SPDX-License-Identifier: Apache-2.0
// What a request asks and what a reply holds, as plain values: everything behind the socket, and
// the socket's own file (server.cc) is the only one that sees more.
//
// Parsing here is of untrusted bytes: it rejects, and neither throws nor asserts.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bellwether {

struct HttpRequest {
  std::string method;  // as sent; case-sensitive
  std::string target;  // as sent: origin form, absolute form or "*"
  bool http_1_0 = false;
  std::vector<std::pair<std::string, std::string>> fields;  // as sent, in order
  std::string local_address;  // numeric address that the connection came in on, without port

  // The first field of that name, case-insensitively; empty: none.
  std::string_view field(std::string_view name) const;
};

struct HttpReply {
  int status = 200;
  std::string content_type;  // empty: no body
  std::string body;
  // Further header fields; none of their values may hold a line end.
  std::vector<std::pair<std::string, std::string>> fields;
  enum class Keep : uint8_t {
    kRevalidate,  // may be kept, but must be asked about: the next person may be listed, or erased
    kForever,     // the address changes with the content
    kNever,       // carries a secret, or says why something failed
  } keep = Keep::kRevalidate;
};

// The path of a target, cut at '/', each part percent-decoded, and its query.
struct Target {
  std::vector<std::string> path;  // "/api/v3" is {"api", "v3"}; "/" is {""}
  std::vector<std::pair<std::string, std::string>> query;  // decoded; '+' is a space
  std::string host;                                        // of an absolute form; empty otherwise
};

// Empty: not an address of ours (no leading '/', a broken percent escape, a control character).
std::optional<Target> parse_target(std::string_view target);

// Everything but letters, digits, '-', '.', '_' and '~' escaped: good in a path and in a query.
std::string percent_encode(std::string_view text);

// "example.org" of "Example.org:8420", "::1" of "[::1]:80": lower case, no port, no final dot.
// Empty: not a host.
std::string host_name(std::string_view host);

// Whether a page of another origin could have sent the browser here by making its own name point to
// this machine (DNS rebinding). True for names of loopback, for `local_address`, and for `names`
// (compared without case, without port).
bool is_own_host(std::string_view host, std::string_view local_address,
                 const std::vector<std::string>& names);

// The value of a cookie; empty: not sent.
std::string_view cookie(std::string_view field, std::string_view name);

// How much `accept` (the value of Accept or Accept-Encoding) likes this one, [0, 1]: the weight of
// its most specific range that matches. Types are "text/csv", codings "gzip"; no field at all
// accepts everything, but no coding.
double accepted_weight(std::string_view accept, std::string_view type);

// "Not Found".
std::string_view reason_phrase(int status);

}  // namespace bellwether

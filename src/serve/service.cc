// SPDX-License-Identifier: Apache-2.0
#include "serve/service.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <exception>

#include "base/hash.h"
#include "serve/gzip.h"
#include "serve/pages/html.h"

namespace bellwether {
namespace {

constexpr size_t kGzipBytesMin = 1400;  // below, one packet holds it anyway

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(Instant at) {
  constexpr std::array<std::string_view, 7> kDays{"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::string iso = to_string(at);  // 1994-11-06T08:49:37Z
  const auto day = static_cast<size_t>(at.ms / kMsPerDay % 7);
  const auto month = static_cast<size_t>(std::stoi(iso.substr(5, 2))) - 1;
  return fmt::format("{}, {} {} {} {} GMT", kDays[day], iso.substr(8, 2), kMonths[month],
                     iso.substr(0, 4), iso.substr(11, 8));
}

bool is_text(std::string_view content_type) {
  return content_type.starts_with("text/") || content_type.starts_with("application/") ||
         content_type.starts_with("image/svg");
}

// Whether If-None-Match names this tag, weak or not.
bool names_tag(std::string_view field, std::string_view tag) {
  return field == "*" || field.find(tag) != std::string_view::npos;
}

size_t count_fields(const HttpRequest& request, std::string_view name) {
  return static_cast<size_t>(
      std::count_if(request.fields.begin(), request.fields.end(), [&](const auto& field) {
        return field.first.size() == name.size() &&
               std::equal(name.begin(), name.end(), field.first.begin(),
                          [](char a, char b) { return (a | 0x20) == (b | 0x20); });
      }));
}

// A reader in a browser is told in a page, a program in JSON.
bool wants_page(const HttpRequest& request) {
  const std::string_view accept = request.field("Accept");
  return !accept.empty() &&
         accepted_weight(accept, "text/html") > accepted_weight(accept, "application/problem+json");
}

}  // namespace

Service::Service(Query& query, const ServeOptions& options, uint16_t port)
    : query_(query),
      options_(options),
      endpoints_(Endpoints::all()),
      access_(options.operator_token, port) {}

ReplyBytes Service::answer(const HttpRequest& request, bool keep_alive) const {
  Viewer viewer = Viewer::kPublic;
  HttpReply reply;
  try {
    reply = reply_to(request, viewer);
  } catch (const std::exception& error) {
    if (options_.report) {
      options_.report(
          fmt::format("{} {} failed: {}", request.method, request.target, error.what()));
    }
    reply =
        problem_json(problem_of({ErrorCode::kIo, fmt::format("failed: {}", error.what())}, viewer));
  }
  if (reply.status == 500 && options_.report) {
    options_.report(
        fmt::format("{} {} was answered with 500: {}", request.method, request.target, reply.body));
  }
  return finish(request, std::move(reply), viewer, keep_alive);
}

ReplyBytes Service::refuse(int status, std::string_view detail) const {
  HttpReply reply = problem_json({status, status < 500 ? "bad-request" : "unavailable",
                                  std::string(reason_phrase(status)), std::string(detail)});
  return finish({}, std::move(reply), Viewer::kPublic, false);
}

// Exchanges the token of an address for a cookie, so that it stays in no history and no bookmark.
HttpReply Service::let_in(const HttpRequest& request, const Target& target) const {
  std::vector<std::pair<std::string, std::string>> rest;
  bool right = true;
  for (const auto& [name, value] : target.query) {
    if (name == "token") {
      right = right && access_.is_token(value);
    } else {
      rest.emplace_back(name, value);
    }
  }
  HttpReply reply;
  reply.keep = HttpReply::Keep::kNever;
  if (!right) {
    Problem problem{403, "wrong-token", "This token opens nothing here",
                    "the server may have been started anew since: open the address that it "
                    "printed last, or the one without a token to see what everybody may see"};
    reply = wants_page(request) ? problem_page(problem, Viewer::kPublic) : problem_json(problem);
    return reply;
  }
  std::string path;
  for (const std::string& part : target.path) path += "/" + percent_encode(part);
  // Two slashes at the beginning would name another host.
  while (path.starts_with("//")) path.erase(0, 1);
  std::string query;
  for (const auto& [name, value] : rest) {
    query += (query.empty() ? "?" : "&") + percent_encode(name) + "=" + percent_encode(value);
  }
  reply.status = 303;
  reply.fields.emplace_back("Location", path + query);
  reply.fields.emplace_back("Set-Cookie", access_.set_cookie());
  return reply;
}

HttpReply Service::reply_to(const HttpRequest& request, Viewer& viewer) const {
  auto target = parse_target(request.target);
  if (!target) {
    return problem_json({400, "bad-request", "This is no address",
                         "write the path with a leading '/' and percent escapes in full"});
  }
  const size_t hosts = count_fields(request, "Host");
  if (hosts > 1 || (hosts == 0 && !request.http_1_0)) {
    return problem_json({400, "bad-request", "Which host is meant?",
                         "send the field Host once, as HTTP/1.1 asks for"});
  }
  const std::string_view host =
      target->host.empty() ? request.field("Host") : std::string_view(target->host);
  if ((hosts == 1 || !target->host.empty()) &&
      !is_own_host(host, request.local_address, options_.host_names)) {
    return problem_json({421, "wrong-host", "This server does not go by that name",
                         "use its address or 'localhost'; a further name has to be given to the "
                         "server when it is started"});
  }
  const bool page = wants_page(request);
  const auto told = [&](const Problem& problem) {
    return page ? problem_page(problem, viewer) : problem_json(problem);
  };

  Route route = endpoints_.find(request.method, std::move(*target), request.field("Accept"));
  const bool token_in_query = std::any_of(route.target.query.begin(), route.target.query.end(),
                                          [](const auto& pair) { return pair.first == "token"; });
  if (route.endpoint != nullptr && route.endpoint->is_page && token_in_query) {
    return let_in(request, route.target);
  }
  switch (access_.shown(request)) {
    case Access::Shown::kNothing:
      break;
    case Access::Shown::kOperator:
      viewer = Viewer::kOperator;
      break;
    case Access::Shown::kWrong: {
      HttpReply reply =
          problem_json({401, "wrong-token", "This token opens nothing here",
                        "send the token that the server printed at its start, as 'Authorization: "
                        "Bearer TOKEN', or none to see what everybody may see"});
      reply.fields.emplace_back("WWW-Authenticate", "Bearer realm=\"bellwether\"");
      return reply;
    }
  }
  if (route.endpoint == nullptr) {
    if (route.allow.empty()) return told(not_found(viewer));
    HttpReply reply = told({405, "method-not-allowed", "This cannot be done here",
                            fmt::format("what is here answers to {}", route.allow)});
    reply.fields.emplace_back("Allow", route.allow);
    return reply;
  }
  const auto arguments = route.endpoint->read(route.target);
  if (!arguments.ok()) {
    const Problem problem = problem_of(arguments.error(), viewer);
    return route.endpoint->is_page ? problem_page(problem, viewer) : problem_json(problem);
  }
  return route.endpoint->handler({query_, viewer, *arguments, route.format, route.target});
}

ReplyBytes Service::finish(const HttpRequest& request, HttpReply reply, Viewer viewer,
                           bool keep_alive) const {
  ReplyBytes bytes;
  bytes.close = !keep_alive;
  auto& fields = reply.fields;
  if (reply.status == 200 && reply.keep != HttpReply::Keep::kNever) {
    const std::string tag = fmt::format("\"{}", to_hex(hash128(reply.content_type + reply.body)));
    const bool large = reply.body.size() >= kGzipBytesMin && is_text(reply.content_type);
    const bool zipped = large && accepted_weight(request.field("Accept-Encoding"), "gzip") > 0;
    // A compressed body is other bytes, so it has a tag of its own; either is good to ask with.
    fields.emplace_back("ETag", tag + (zipped ? "-gz\"" : "\""));
    if (names_tag(request.field("If-None-Match"), tag)) {
      reply.status = 304;
      reply.body.clear();
      reply.content_type.clear();
    } else if (zipped) {
      reply.body = gzip(reply.body);
      fields.emplace_back("Content-Encoding", "gzip");
    }
  }
  switch (reply.keep) {
    case HttpReply::Keep::kForever:
      fields.emplace_back("Cache-Control", "public, max-age=31536000, immutable");
      break;
    case HttpReply::Keep::kRevalidate:
      fields.emplace_back("Cache-Control",
                          viewer == Viewer::kOperator ? "private, no-cache" : "no-cache");
      break;
    case HttpReply::Keep::kNever:
      fields.emplace_back("Cache-Control", "no-store");
      break;
  }
  if (reply.keep != HttpReply::Keep::kForever) {
    fields.emplace_back("Vary", "Accept, Accept-Encoding, Authorization, Cookie");
  } else {
    fields.emplace_back("Vary", "Accept-Encoding");
  }

  std::string& head = bytes.head;
  const auto add = [&head](std::string_view name, std::string_view value) {
    assert(value.find_first_of("\r\n") == std::string_view::npos);
    head.append(name).append(": ").append(value).append("\r\n");
  };
  head = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_phrase(reply.status));
  if (options_.now) add("Date", http_date(options_.now()));
  if (!reply.content_type.empty()) add("Content-Type", reply.content_type);
  if (reply.status != 304) add("Content-Length", std::to_string(reply.body.size()));
  for (const auto& [name, value] : fields) add(name, value);
  add("Content-Security-Policy",
      "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; form-action "
      "'self'; "
      "base-uri 'none'; frame-ancestors 'none'");
  add("X-Content-Type-Options", "nosniff");
  add("X-Frame-Options", "DENY");
  add("X-Robots-Tag", "noindex, nofollow");
  add("Referrer-Policy", "no-referrer");
  add("Cross-Origin-Resource-Policy", "same-origin");
  add("Cross-Origin-Opener-Policy", "same-origin");
  if (bytes.close) {
    add("Connection", "close");
  } else if (request.http_1_0) {
    add("Connection", "keep-alive");
  }
  head += "\r\n";
  if (request.method != "HEAD") bytes.body = std::move(reply.body);
  return bytes;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "serve/endpoint.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <charconv>
#include <nlohmann/json.hpp>
#include <set>

#include "event/event.h"

namespace bellwether {

// endpoints.inc and files.inc are written by embed.py from the files beside them; a test holds them
// against those files.
#define BW_ENDPOINT(name, path, text) HttpReply name(const Call& call);
#include "serve/endpoints.inc"
#undef BW_ENDPOINT

namespace {

using Json = nlohmann::json;

constexpr std::array kEmbeddedEndpoints{
#define BW_ENDPOINT(name, path, text) Embedded{#name, path, text},
#include "serve/endpoints.inc"
#undef BW_ENDPOINT
};

constexpr std::array kHandlers{
#define BW_ENDPOINT(name, path, text) &name,
#include "serve/endpoints.inc"
#undef BW_ENDPOINT
};

constexpr std::array kEmbeddedFiles{
#define BW_FILE(name, path, text) Embedded{name, path, text},
#include "serve/files.inc"
#undef BW_FILE
};

bool is_variable(std::string_view part) { return part.starts_with('{') && part.ends_with('}'); }

std::optional<int64_t> read_integer(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string joined(const std::vector<std::string>& words, std::string_view last_link) {
  std::string out;
  for (size_t i = 0; i < words.size(); ++i) {
    if (i > 0) out += i + 1 == words.size() ? last_link : ", ";
    out += words[i];
  }
  return out;
}

Parameter read_parameter(const Json& json) {
  Parameter p;
  p.name = json.at("name").get<std::string>();
  const auto in = json.at("in").get<std::string>();
  if (in != "path" && in != "query") throw std::invalid_argument("in is path or query");
  p.in_path = in == "path";
  const Json& schema = json.at("schema");
  const auto type = schema.at("type").get<std::string>();
  if (type == "integer") {
    p.type = Parameter::Type::kInteger;
    p.minimum = schema.at("minimum").get<int64_t>();
    p.maximum = schema.at("maximum").get<int64_t>();
  } else if (type == "boolean") {
    p.type = Parameter::Type::kTruth;
  } else if (type == "string") {
    if (schema.value("format", "") == "date-time") p.type = Parameter::Type::kInstant;
    p.bytes_max = schema.value("maxLength", p.bytes_max);
    if (schema.contains("enum")) p.one_of = schema.at("enum").get<std::vector<std::string>>();
  } else {
    throw std::invalid_argument("type is string, integer or boolean");
  }
  if (schema.contains("default")) {
    const Json& value = schema.at("default");
    p.default_text = value.is_string() ? value.get<std::string>() : value.dump();
  }
  return p;
}

// A sentence on what is wrong with a value, or empty.
std::string problem_with_value(const Parameter& p, const std::string& value) {
  switch (p.type) {
    case Parameter::Type::kInteger: {
      const auto number = read_integer(value);
      if (number && *number >= p.minimum && *number <= p.maximum) return {};
      return fmt::format("'{}' is a whole number from {} to {}", p.name, p.minimum, p.maximum);
    }
    case Parameter::Type::kTruth:
      if (value == "true" || value == "false") return {};
      return fmt::format("'{}' is true or false", p.name);
    case Parameter::Type::kInstant:
      if (parse_instant(value)) return {};
      return fmt::format("'{}' is a time such as 2012-07-08T00:00:00Z", p.name);
    case Parameter::Type::kText:
      if (value.size() > p.bytes_max) {
        return fmt::format("'{}' is at most {} bytes long", p.name, p.bytes_max);
      }
      if (!is_clean_text(value)) return fmt::format("'{}' is not UTF-8", p.name);
      if (!p.one_of.empty() &&
          std::find(p.one_of.begin(), p.one_of.end(), value) == p.one_of.end()) {
        return fmt::format("'{}' is {}", p.name, joined(p.one_of, " or "));
      }
      return {};
  }
  return {};
}

}  // namespace

std::optional<std::string> Arguments::text(std::string_view name) const {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return found->second;
}

int64_t Arguments::integer(std::string_view name) const {
  const auto found = values.find(name);
  assert(found != values.end());
  return *read_integer(found->second);
}

bool Arguments::truth(std::string_view name) const {
  const auto found = values.find(name);
  assert(found != values.end());
  return found->second == "true";
}

std::optional<Instant> Arguments::instant(std::string_view name) const {
  const auto found = values.find(name);
  if (found == values.end()) return std::nullopt;
  return parse_instant(found->second);
}

Result<Endpoint> Endpoint::describe(std::string_view file, std::string_view json, Handler handler) {
  Endpoint e;
  e.name = file;
  e.handler = handler;
  try {
    const Json description = Json::parse(json);
    e.method = description.at("method").get<std::string>();
    e.path_text = description.at("path").get<std::string>();
    e.formats = description.at("formats").get<std::vector<std::string>>();
    e.is_page = e.formats.at(0) == "html";
    for (const Json& p : description.at("parameters")) e.parameters.push_back(read_parameter(p));
  } catch (const std::exception& error) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("{}.json: {}", file, error.what())};
  }
  const auto target = parse_target(e.path_text.substr(0, e.path_text.find('{')));
  if (!target || e.path_text.find('?') != std::string::npos) {
    return Error{ErrorCode::kInvalidArgument, fmt::format("{}.json: path is no path", file)};
  }
  std::string_view rest = std::string_view(e.path_text).substr(1);
  std::set<std::string> variables;
  while (true) {
    const size_t slash = rest.find('/');
    e.path.emplace_back(rest.substr(0, slash));
    if (is_variable(e.path.back())) {
      variables.insert(e.path.back().substr(1, e.path.back().size() - 2));
    }
    if (slash == std::string_view::npos) break;
    rest.remove_prefix(slash + 1);
  }
  for (const Parameter& p : e.parameters) {
    if (p.in_path != (variables.count(p.name) == 1)) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}.json: parameter {} and the path disagree", file, p.name)};
    }
    variables.erase(p.name);
    if (p.default_text && !problem_with_value(p, *p.default_text).empty()) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}.json: the default of {} is not allowed", file, p.name)};
    }
    const bool may_lack = p.type == Parameter::Type::kText || p.type == Parameter::Type::kInstant;
    if (!p.in_path && !p.default_text && !may_lack) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("{}.json: parameter {} needs a default", file, p.name)};
    }
  }
  if (!variables.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("{}.json: {} is not described", file, *variables.begin())};
  }
  return e;
}

Result<Arguments> Endpoint::read(const Target& target) const {
  Arguments arguments;
  for (size_t i = 0; i < path.size(); ++i) {
    if (is_variable(path[i])) {
      arguments.values[path[i].substr(1, path[i].size() - 2)] = target.path[i];
    }
  }
  for (const auto& pair : target.query) {
    // Not a structured binding: clang 14 lets no lambda use one.
    const auto& key = pair.first;
    const auto& value = pair.second;
    const bool known = std::any_of(parameters.begin(), parameters.end(),
                                   [&](const Parameter& p) { return !p.in_path && p.name == key; });
    if (!known) {
      // Pages are linked to from elsewhere, by tools that add words of their own.
      if (is_page) continue;
      std::vector<std::string> names;
      for (const Parameter& p : parameters) {
        if (!p.in_path) names.push_back(p.name);
      }
      if (key == "token") {
        return Error{ErrorCode::kInvalidArgument,
                     "the token does not belong in an address of the API: send "
                     "'Authorization: Bearer TOKEN'"};
      }
      return Error{ErrorCode::kInvalidArgument,
                   names.empty() ? fmt::format("there is no parameter '{}' here", key)
                                 : fmt::format("there is no parameter '{}' here; there are: {}",
                                               key, joined(names, " and "))};
    }
    if (!arguments.values.emplace(key, value).second) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("'{}' is given twice", key)};
    }
  }
  for (const Parameter& p : parameters) {
    const auto found = arguments.values.find(p.name);
    if (found == arguments.values.end()) {
      if (p.default_text) arguments.values[p.name] = *p.default_text;
      continue;
    }
    // An empty field of a form is one that was left alone.
    if (found->second.empty() && !p.in_path) {
      arguments.values.erase(found);
      if (p.default_text) arguments.values[p.name] = *p.default_text;
      continue;
    }
    if (std::string problem = problem_with_value(p, found->second); !problem.empty()) {
      return Error{ErrorCode::kInvalidArgument, std::move(problem)};
    }
  }
  return arguments;
}

Endpoints Endpoints::all() {
  Endpoints result;
  for (size_t i = 0; i < kEmbeddedEndpoints.size(); ++i) {
    auto endpoint =
        Endpoint::describe(kEmbeddedEndpoints[i].name, kEmbeddedEndpoints[i].text, kHandlers[i]);
    assert(endpoint.ok());
    result.endpoints_.push_back(std::move(*endpoint));
  }
  // Literal parts are tried before named ones.
  std::stable_sort(result.endpoints_.begin(), result.endpoints_.end(),
                   [](const Endpoint& a, const Endpoint& b) {
                     const auto named = [](const Endpoint& e) {
                       return std::count_if(e.path.begin(), e.path.end(), is_variable);
                     };
                     return named(a) < named(b);
                   });
  return result;
}

Route Endpoints::find(std::string_view method, Target target, std::string_view accept) const {
  Route route;
  const std::string_view wanted = method == "HEAD" ? "GET" : method;
  std::vector<std::string> methods;
  for (const Endpoint& e : endpoints_) {
    if (e.path.size() != target.path.size()) continue;
    std::string_view suffix;
    bool matches = true;
    for (size_t i = 0; i < e.path.size() && matches; ++i) {
      const std::string& part = target.path[i];
      if (is_variable(e.path[i])) {
        matches = !part.empty();
      } else if (part != e.path[i]) {
        matches = false;
        // Only a last part that is literal can have a suffix: names have dots of their own.
        if (i + 1 != e.path.size() || e.formats.size() < 2) continue;
        for (const std::string& format : e.formats) {
          if (part == e.path[i] + "." + format) {
            suffix = format;
            matches = true;
          }
        }
      }
    }
    if (!matches) continue;
    if (e.method != wanted) {
      methods.push_back(e.method);
      continue;
    }
    route.endpoint = &e;
    route.format = suffix;
    if (!suffix.empty()) target.path.back() = e.path.back();
    break;
  }
  route.target = std::move(target);
  if (route.endpoint == nullptr) {
    if (std::find(methods.begin(), methods.end(), "GET") != methods.end()) {
      methods.emplace_back("HEAD");
    }
    std::sort(methods.begin(), methods.end());
    methods.erase(std::unique(methods.begin(), methods.end()), methods.end());
    route.allow = joined(methods, ", ");
    return route;
  }
  if (route.format.empty()) {
    const auto& formats = route.endpoint->formats;
    route.format = formats.front();
    if (formats.size() > 1) {
      double best = 0;
      for (const std::string& format : formats) {
        double weight = 0;
        if (format == "json") weight = accepted_weight(accept, "application/json");
        if (format == "csv") weight = accepted_weight(accept, "text/csv");
        if (format == "ndjson") weight = accepted_weight(accept, "application/x-ndjson");
        if (weight > best) {
          best = weight;
          route.format = format;
        }
      }
    }
  }
  return route;
}

std::span<const Embedded> embedded_endpoints() { return kEmbeddedEndpoints; }
std::span<const Embedded> embedded_files() { return kEmbeddedFiles; }

std::string query_string(const std::vector<std::pair<std::string, std::string>>& values) {
  std::string out;
  for (const auto& [name, value] : values) {
    if (value.empty()) continue;
    out += (out.empty() ? "?" : "&") + name + "=" + percent_encode(value);
  }
  return out;
}

Problem not_found(Viewer viewer) {
  // One text whatever was asked for: a person who may not be seen and one who is not there are
  // alike to the byte.
  return {
      404, "not-found", "There is nothing here",
      viewer == Viewer::kOperator
          ? "nothing here goes by that name: the ranking (/, for programs /api/v3/people) lists "
            "everybody with evidence"
          : "the ranking (/, for programs /api/v3/people) lists the people who asked to be shown; "
            "others are for the operator alone, whose token opens them"};
}

Problem problem_of(const Error& error, Viewer viewer) {
  const bool is_operator = viewer == Viewer::kOperator;
  const std::string hidden = "the operator's log says why; trying again later may help";
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return {400, "invalid-request", "The request makes no sense as it stands", error.message};
    case ErrorCode::kNotFound: {
      Problem problem = not_found(viewer);
      if (is_operator) problem.detail = error.message;
      return problem;
    }
    case ErrorCode::kBusy:
      return {503, "busy", "Somebody else holds what this needs",
              is_operator ? error.message : hidden};
    case ErrorCode::kLimit:
      return {422, "limit", "A limit was reached", is_operator ? error.message : hidden};
    case ErrorCode::kDenied:
      return {403, "denied", "Consent or rights forbid this", error.message};
    case ErrorCode::kUnusable:
    case ErrorCode::kCorrupt:
    case ErrorCode::kUnsupported:
    case ErrorCode::kIo:
      break;
  }
  return {500, "failed", "The answer could not be made", is_operator ? error.message : hidden};
}

HttpReply problem_json(const Problem& problem) {
  const nlohmann::ordered_json json = {{"type", "urn:bellwether:" + problem.type},
                                       {"title", problem.title},
                                       {"status", problem.status},
                                       {"detail", problem.detail}};
  HttpReply reply;
  reply.status = problem.status;
  reply.content_type = "application/problem+json";
  reply.body = json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + '\n';
  reply.keep = HttpReply::Keep::kNever;
  return reply;
}

}  // namespace bellwether

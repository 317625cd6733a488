// SPDX-License-Identifier: Apache-2.0
// An endpoint: what its JSON file says of it, and the function beside that file.
//
// The JSON is not a second account of the truth: the route is taken from it and a request's
// arguments are checked against it before the function is called. A test holds the replies against
// it.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "serve/http.h"
#include "workspace/query/query.h"

namespace bellwether {

// One thing a request may say.
struct Parameter {
  enum class Type : uint8_t { kText, kInteger, kTruth, kInstant };
  std::string name;
  bool in_path = false;
  Type type = Type::kText;
  int64_t minimum = 0;
  int64_t maximum = 0;
  size_t bytes_max = 512;
  std::vector<std::string> one_of;          // empty: any text
  std::optional<std::string> default_text;  // as it would stand in a query
};

// The arguments of one request: all as the description allows, with its defaults filled in.
class Arguments {
 public:
  // Empty: not given, and without default.
  std::optional<std::string> text(std::string_view name) const;
  // These have a default or are required, so there is always a value.
  int64_t integer(std::string_view name) const;
  bool truth(std::string_view name) const;
  std::optional<Instant> instant(std::string_view name) const;

  std::map<std::string, std::string, std::less<>> values;
};

struct Call {
  Query& query;
  Viewer viewer;
  const Arguments& arguments;
  std::string_view format;  // one of the endpoint's
  const Target& target;
};

using Handler = HttpReply (*)(const Call&);

struct Endpoint {
  std::string name;
  std::string method;                // "GET", which answers HEAD too
  std::string path_text;             // "/api/v3/people/{id}"
  std::vector<std::string> path;     // {"api", "v3", "people", "{id}"}
  std::vector<std::string> formats;  // of json, csv, ndjson, html, file; the first is the default
  std::vector<Parameter> parameters;
  bool is_page = false;  // for people: errors are pages, unknown parameters no error
  Handler handler = nullptr;

  // kInvalidArgument: the description is wrong; the message says where.
  static Result<Endpoint> describe(std::string_view file, std::string_view json, Handler handler);

  // The arguments of a target that find() gave this endpoint for.
  // kInvalidArgument: the message says which parameter, and what it may be.
  Result<Arguments> read(const Target& target) const;
};

struct Route {
  const Endpoint* endpoint = nullptr;  // null: nothing is there
  std::string_view format;
  std::string allow;  // not empty: something is there, but for these methods only
  Target target;      // without a suffix that chose the format
};

class Endpoints {
 public:
  // Every endpoint of api/ and pages/. Asserts that the descriptions hold, which a test has shown.
  static Endpoints all();

  // A method, a target and an Accept field to an endpoint. Literal parts go before named ones; HEAD
  // finds what GET finds. The format is that of a suffix (".csv"), else the one that `accept` likes
  // best, else the endpoint's first.
  Route find(std::string_view method, Target target, std::string_view accept) const;

  std::span<const Endpoint> list() const { return endpoints_; }

 private:
  std::vector<Endpoint> endpoints_;
};

// The description files as they were when this was built, by name ("people_list").
struct Embedded {
  std::string_view name;
  std::string_view path;  // under src/serve/
  std::string_view text;
};
std::span<const Embedded> embedded_endpoints();
std::span<const Embedded> embedded_files();  // what /static/ hands out, by file name

// A query string ("?a=b&c=d", or empty) of these, in this order, without the empty ones.
std::string query_string(const std::vector<std::pair<std::string, std::string>>& values);

// ---- errors
// ---------------------------------------------------------------------------------------

// Something that a request cannot be given, and what to do about it.
struct Problem {
  int status = 500;
  std::string type;    // after "urn:bellwether:"; kept for ever, for programs
  std::string title;   // one line, always the same for one type
  std::string detail;  // a sentence that says what to do; without a final period
};

// By what the caller should do next. The public learns nothing from a `not-found`, and not the
// words of the system from what failed.
Problem problem_of(const Error& error, Viewer viewer);
Problem not_found(Viewer viewer);

// RFC 9457.
HttpReply problem_json(const Problem& problem);

}  // namespace bellwether

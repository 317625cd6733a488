// SPDX-License-Identifier: Apache-2.0
#include "serve/endpoint.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

namespace bellwether {
namespace {

namespace fs = std::filesystem;

// Tests run in the checkout.
const fs::path kServe = "src/serve";

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Endpoints, WhatIsBuiltInIsWhatLiesBesideTheSources) {
  std::set<std::string> embedded;
  for (const auto& list : {embedded_endpoints(), embedded_files()}) {
    for (const Embedded& e : list) {
      embedded.insert(std::string(e.path));
      EXPECT_TRUE(content(kServe / e.path) == e.text)
          << e.path << " was changed: run src/serve/embed.py";
    }
  }
  std::set<std::string> found;
  for (const char* folder : {"api", "pages", "static"}) {
    for (const auto& entry : fs::directory_iterator(kServe / folder)) {
      const std::string name = entry.path().filename().string();
      const bool is_description = entry.path().extension() == ".json" && name != "schemas.json";
      if (is_description || std::string(folder) == "static") {
        found.insert(std::string(folder) + "/" + name);
      }
    }
  }
  EXPECT_EQ(embedded, found) << "a file was added or removed: run src/serve/embed.py";
}

TEST(Endpoints, EveryDescriptionHoldsAndHasItsSourceBesideIt) {
  for (const Embedded& e : embedded_endpoints()) {
    const auto endpoint = Endpoint::describe(e.name, e.text, nullptr);
    EXPECT_TRUE(endpoint.ok()) << endpoint.error().message;
    const std::string path(e.path);
    EXPECT_TRUE(fs::exists(kServe / (path.substr(0, path.size() - 4) + "cc"))) << path;
    const auto json = nlohmann::json::parse(e.text);
    EXPECT_FALSE(json.at("summary").get<std::string>().empty());
    EXPECT_TRUE(json.contains("reply")) << path;
    for (const auto& p : json.at("parameters")) {
      EXPECT_FALSE(p.at("description").get<std::string>().empty()) << path;
    }
    for (const auto& error : json.at("errors")) {
      EXPECT_FALSE(error.at("when").get<std::string>().empty()) << path;
    }
  }
}

TEST(Endpoints, AWrongDescriptionIsRefused) {
  const std::string good = R"({"method":"GET","path":"/a/{id}","formats":["json"],"parameters":[
      {"name":"id","in":"path","schema":{"type":"string"}},
      {"name":"n","in":"query","schema":{"type":"integer","minimum":1,"maximum":9,"default":2}}]})";
  ASSERT_TRUE(Endpoint::describe("x", good, nullptr).ok());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    text.replace(text.find(from), from.size(), to);
    return Endpoint::describe("x", text, nullptr).ok();
  };
  EXPECT_FALSE(with("/a/{id}", "/a/{other}"));
  EXPECT_FALSE(with("/a/{id}", "/a"));
  EXPECT_FALSE(with("\"in\":\"path\"", "\"in\":\"body\""));
  EXPECT_FALSE(with("\"default\":2", "\"default\":10"));
  EXPECT_FALSE(with(",\"default\":2", ""));
  EXPECT_FALSE(with("\"integer\"", "\"number\""));
  EXPECT_FALSE(with("[\"json\"]", "[]"));
  EXPECT_FALSE(with("{\"method\"", "\"method\""));
}

Route find(std::string_view method, std::string_view target, std::string_view accept = {}) {
  static const Endpoints endpoints = Endpoints::all();
  return endpoints.find(method, *parse_target(target), accept);
}

std::string name_of(const Route& route) { return route.endpoint ? route.endpoint->name : ""; }

TEST(Routes, AddressesFindTheirEndpoints) {
  EXPECT_EQ(name_of(find("GET", "/")), "ranking_show");
  EXPECT_EQ(name_of(find("GET", "/?token=x")), "ranking_show");
  EXPECT_EQ(name_of(find("GET", "/healthz")), "health_show");
  EXPECT_EQ(name_of(find("GET", "/people/ana")), "person_show");
  EXPECT_EQ(name_of(find("GET", "/api/v3/people")), "people_list");
  EXPECT_EQ(name_of(find("GET", "/api/v3/people/ana.csv")), "people_show");
  EXPECT_EQ(name_of(find("GET", "/api/v3/people/a%2Fb/explanation")), "people_explanation");
  EXPECT_EQ(name_of(find("HEAD", "/api/v3/people")), "people_list");
}

TEST(Routes, OtherAddressesFindNothing) {
  for (const char* target :
       {"/people", "/people/", "/people/a/b", "/api/v3/people/", "//", "/api/v3/people.xml",
        "/api/v3/people.csv/x", "/healthz.csv", "/API/v3/people"}) {
    const Route route = find("GET", target);
    EXPECT_EQ(name_of(route), "") << target;
    EXPECT_EQ(route.allow, "") << target;
  }
}

TEST(Routes, OtherMethodsAreToldWhichOnesThereAre) {
  for (const char* method : {"POST", "DELETE", "OPTIONS", "get", "BREW"}) {
    EXPECT_EQ(name_of(find(method, "/api/v3/people")), "");
    EXPECT_EQ(find(method, "/api/v3/people").allow, "GET, HEAD");
  }
}

TEST(Routes, TheFormatIsThatOfTheSuffixElseTheOneLikedBest) {
  EXPECT_EQ(find("GET", "/api/v3/people").format, "json");
  EXPECT_EQ(find("GET", "/api/v3/people.csv").format, "csv");
  EXPECT_EQ(find("GET", "/api/v3/people.ndjson", "text/csv").format, "ndjson");
  EXPECT_EQ(find("GET", "/api/v3/people.json", "text/csv").format, "json");
  EXPECT_EQ(find("GET", "/api/v3/people", "text/csv").format, "csv");
  EXPECT_EQ(find("GET", "/api/v3/people", "text/csv;q=0.5, application/x-ndjson").format, "ndjson");
  EXPECT_EQ(find("GET", "/api/v3/people", "*/*").format, "json");
  EXPECT_EQ(find("GET", "/api/v3/people", "text/html").format, "json");
}

TEST(Arguments, DefaultsAreFilledIn) {
  const Route route = find("GET", "/api/v3/people");
  const auto a = route.endpoint->read(route.target);
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->integer("limit"), 20);
  EXPECT_EQ(a->integer("offset"), 0);
  EXPECT_FALSE(a->truth("all"));
  EXPECT_EQ(a->text("by"), "score");
  EXPECT_FALSE(a->text("topic").has_value());
  EXPECT_FALSE(a->instant("as_of").has_value());
}

TEST(Arguments, WhatWasGivenIsRead) {
  const Route route =
      find("GET", "/api/v3/people?limit=7&all=true&as_of=2012-07-08&topic=r%C3%BCst&by=");
  const auto a = route.endpoint->read(route.target);
  ASSERT_TRUE(a.ok()) << a.error().message;
  EXPECT_EQ(a->integer("limit"), 7);
  EXPECT_TRUE(a->truth("all"));
  EXPECT_EQ(a->instant("as_of"), parse_instant("2012-07-08"));
  EXPECT_EQ(a->text("topic"), "r\xc3\xbcst");
  EXPECT_EQ(a->text("by"), "score") << "a form's empty field is one left alone";
}

TEST(Arguments, WhatTheDescriptionDoesNotAllowIsRefusedByName) {
  const std::vector<std::pair<std::string, std::string>> cases{
      {"limit=0", "'limit' is a whole number from 1 to 1000"},
      {"limit=1001", "'limit' is a whole number from 1 to 1000"},
      {"limit=1e3", "'limit' is a whole number"},
      {"limit=99999999999999999999", "'limit' is a whole number"},
      {"offset=-1", "'offset' is a whole number from 0"},
      {"all=yes", "'all' is true or false"},
      {"by=name", "'by' is score or momentum"},
      {"as_of=tomorrow", "'as_of' is a time such as"},
      {"topic=%ff", "'topic' is not UTF-8"},
      {"search=" + std::string(201, 'a'), "'search' is at most 200 bytes long"},
      {"limt=3", "there is no parameter 'limt' here; there are: search, by,"},
      {"limit=3&limit=4", "'limit' is given twice"},
      {"token=x", "send 'Authorization: Bearer TOKEN'"},
  };
  for (const auto& [query, words] : cases) {
    const Route route = find("GET", "/api/v3/people?" + query);
    const auto a = route.endpoint->read(route.target);
    ASSERT_FALSE(a.ok()) << query;
    EXPECT_EQ(a.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(a.error().message.find(words), std::string::npos) << a.error().message;
  }
}

TEST(Arguments, PagesOverlookWordsThatOthersAddToLinks) {
  const Route route = find("GET", "/people/ana?utm_source=x&grouping=topic");
  const auto a = route.endpoint->read(route.target);
  ASSERT_TRUE(a.ok());
  EXPECT_EQ(a->text("grouping"), "topic");
  EXPECT_EQ(a->text("id"), "ana");
}

TEST(Arguments, EveryGroupingThatIsDescribedIsOneThatThereIs) {
  for (const char* target : {"/people/ana", "/api/v3/people/ana/explanation"}) {
    const Route route = find("GET", target);
    size_t seen = 0;
    for (const Parameter& p : route.endpoint->parameters) {
      if (p.name != "grouping") continue;
      for (const std::string& name : p.one_of) {
        EXPECT_TRUE(parse_grouping(name).has_value()) << name;
        ++seen;
      }
    }
    EXPECT_EQ(seen, 6U) << target;
  }
}

TEST(Problems, ThePublicLearnsNothingFromWhatIsNotThere) {
  const Problem a =
      problem_of({ErrorCode::kNotFound, "nobody here is called 'ana'"}, Viewer::kPublic);
  const Problem b = problem_of({ErrorCode::kNotFound, "no act is about 'rust'"}, Viewer::kPublic);
  EXPECT_EQ(problem_json(a).body, problem_json(b).body);
  const Problem told =
      problem_of({ErrorCode::kNotFound, "nobody here is called 'ana'"}, Viewer::kOperator);
  EXPECT_EQ(told.detail, "nobody here is called 'ana'");
}

TEST(Problems, ThePublicDoesNotReadTheWordsOfTheSystem) {
  const Error error{ErrorCode::kIo, "cannot read /home/ana/bellwether.home/log.duckdb"};
  EXPECT_EQ(problem_json(problem_of(error, Viewer::kPublic)).body.find("/home"), std::string::npos);
  EXPECT_NE(problem_json(problem_of(error, Viewer::kOperator)).body.find("/home"),
            std::string::npos);
  EXPECT_EQ(problem_of(error, Viewer::kPublic).status, 500);
}

TEST(Problems, AreThoseOfRfc9457) {
  const HttpReply reply = problem_json({400, "invalid-request", "No", "say \"yes\" \xff"});
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  const auto json = nlohmann::json::parse(reply.body);
  EXPECT_EQ(json.at("type"), "urn:bellwether:invalid-request");
  EXPECT_EQ(json.at("title"), "No");
  EXPECT_EQ(json.at("status"), 400);
  EXPECT_EQ(json.at("detail"), "say \"yes\" \xef\xbf\xbd");
}

}  // namespace
}  // namespace bellwether

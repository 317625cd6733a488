// SPDX-License-Identifier: Apache-2.0
// A real server over a real workspace, spoken to byte by byte through a socket.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <mutex>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

#include "serve/endpoint.h"
#include "serve/serve.h"
#include "workspace/query/query.h"
#include "workspace/recipes/ingest.h"
#include "workspace/recipes/score.h"
#include "workspace/recipes/simulate.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

const std::string kToken = "token-of-the-operator-1";
const std::string kBearer = "Authorization: Bearer " + kToken + "\r\n";
const std::string kHostileName = "<img src=x onerror=alert(1)>";
constexpr milliseconds kPatience{120'000};  // of the client; only a failing test waits so long

struct Reply {
  int status = 0;
  std::string head;  // as it came
  std::map<std::string, std::string> fields;
  std::string body;
  bool complete = false;

  json parsed() const { return json::parse(body); }
};

// A client that does exactly what it is told.
class Client {
 public:
  explicit Client(uint16_t port) {
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0;
  }
  ~Client() { close(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  bool connected() const { return connected_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(sent));
    }
    return true;
  }
  // One reply; not complete when the server closed before its end.
  Reply read(bool head_only = false) {
    Reply reply;
    while (buffer_.find("\r\n\r\n") == std::string::npos) {
      if (!fill()) return reply;
    }
    const size_t end = buffer_.find("\r\n\r\n") + 4;
    reply.head = buffer_.substr(0, end);
    buffer_.erase(0, end);
    std::istringstream lines(reply.head);
    std::string line;
    std::getline(lines, line);
    reply.status = std::stoi(line.substr(9, 3));
    while (std::getline(lines, line) && line != "\r") {
      const size_t colon = line.find(": ");
      reply.fields[line.substr(0, colon)] = line.substr(colon + 2, line.size() - colon - 3);
    }
    size_t length = 0;
    if (!head_only && reply.fields.contains("Content-Length")) {
      length = std::stoul(reply.fields["Content-Length"]);
    }
    while (buffer_.size() < length) {
      if (!fill()) return reply;
    }
    reply.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    reply.complete = true;
    return reply;
  }
  // True once the server has closed; false: bytes came, or the patience was over.
  bool closed_within(milliseconds time) {
    if (!buffer_.empty()) return false;
    pollfd poller{fd_, POLLIN, 0};
    if (::poll(&poller, 1, static_cast<int>(time.count())) <= 0) return false;
    char byte = 0;
    return ::recv(fd_, &byte, 1, MSG_PEEK) <= 0;
  }
  bool silent_for(milliseconds time) {
    pollfd poller{fd_, POLLIN, 0};
    return buffer_.empty() && ::poll(&poller, 1, static_cast<int>(time.count())) == 0;
  }

 private:
  bool fill() {
    pollfd poller{fd_, POLLIN, 0};
    if (::poll(&poller, 1, static_cast<int>(kPatience.count())) <= 0) return false;
    std::array<char, 8192> bytes{};
    const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
    if (got <= 0) return false;
    buffer_.append(bytes.data(), static_cast<size_t>(got));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  std::string buffer_;
};

std::string get(const std::string& target, const std::string& fields = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n";
}

// The workspace of all tests: a simulated community, three of it listed, and somebody with a
// hostile name. Made once.
class World {
 public:
  static World& instance() {
    static World world;
    return world;
  }

  Query& query() { return *query_; }
  // Ids and accounts of settled people.
  const std::vector<PersonRow>& listed() const { return listed_; }
  const std::vector<PersonRow>& unlisted() const { return unlisted_; }
  const PersonRow& hostile() const { return hostile_; }
  Instant now() const { return now_; }

 private:
  World() {
    std::string pattern = (fs::temp_directory_path() / "bw-serve-XXXXXX").string();
    home_ = ::mkdtemp(pattern.data());
    WorkspaceOptions options;
    options.home = home_;
    options.create = true;
    options.threads = 2;
    options.now = [this] { return now_; };
    auto opened = Workspace::open(options);
    check(opened);
    workspace_ = std::move(*opened);
    CommunityOptions community;
    community.people = 400;
    community.days = 60;
    check(simulate(*workspace_, community, [](const IngestProgress&) {}));
    const std::string file = home_ + "/extra.csv";
    std::ofstream(file) << "time,actor,verb,target,topics\n2025-03-05T10:00:00Z,bo,reply,"
                        << kHostileName << ",rust\n2025-03-06T10:00:00Z,cy,reply," << kHostileName
                        << ",rust\n";
    IngestRequest ingested;
    ingested.paths = {file};
    check(ingest(*workspace_, ingested, [](const IngestProgress&) {}));
    check(score(*workspace_, {}, [](std::string_view) {}));
    Query first(*workspace_);
    RankRequest top;
    top.limit = 8;
    auto ranking = first.rank(top, Viewer::kOperator);
    check(ranking);
    if (ranking->people.size() < 8) die("too few settled people to test with");
    for (size_t i = 0; i < ranking->people.size(); ++i) {
      if (i % 2 == 0) {
        check(workspace_->registry().set_consent(ranking->people[i].accounts[0], Consent::kListed));
      }
    }
    query_ = std::make_unique<Query>(*workspace_);
    ranking = query_->rank(top, Viewer::kOperator);
    check(ranking);
    for (const PersonRow& row : ranking->people) (row.listed ? listed_ : unlisted_).push_back(row);
    auto found = query_->show("csv:" + kHostileName, Viewer::kOperator);
    check(found);
    hostile_ = found->person;
  }
  ~World() {
    query_.reset();
    workspace_.reset();
    fs::remove_all(home_);
  }
  template <typename T>
  static void check(const Result<T>& result) {
    if (!result.ok()) die(result.error().message);
  }
  [[noreturn]] static void die(const std::string& why) {
    std::fprintf(stderr, "the workspace to test with could not be made: %s\n", why.c_str());
    std::abort();
  }

  const Instant now_ = *parse_instant("2026-01-02T03:04:05Z");
  std::string home_;
  std::unique_ptr<Workspace> workspace_;
  std::unique_ptr<Query> query_;
  std::vector<PersonRow> listed_, unlisted_;
  PersonRow hostile_;
};

class ServerTest : public testing::Test {
 protected:
  static ServeOptions options() {
    ServeOptions options;
    options.listen = "127.0.0.1:0";
    options.operator_token = kToken;
    options.now = [] { return *parse_instant("2026-01-02T03:04:05Z"); };
    return options;
  }
  std::unique_ptr<Server> start(ServeOptions with = options()) {
    auto server = Server::start(World::instance().query(), std::move(with));
    EXPECT_TRUE(server.ok()) << server.error().message;
    return std::move(*server);
  }
  static Reply ask(const Server& server, const std::string& request, bool head_only = false) {
    Client client(server.port());
    EXPECT_TRUE(client.send(request));
    return client.read(head_only);
  }
};

TEST_F(ServerTest, HealthIsToldWithWhatItWouldSpeakFor) {
  const auto server = start();
  const Reply reply = ask(*server, get("/healthz"));
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.fields.at("Content-Type"), "application/json");
  EXPECT_EQ(reply.fields.at("Date"), "Fri, 02 Jan 2026 03:04:05 GMT");
  EXPECT_EQ(reply.parsed().at("status"), "ok");
  EXPECT_EQ(reply.parsed().at("meta").at("snapshot"), 1);
  EXPECT_EQ(reply.parsed().at("meta").at("simulated"), true);
}

TEST_F(ServerTest, EveryReplyProtectsTheBrowserThatReadsIt) {
  const auto server = start();
  for (const std::string& request :
       {get("/"), get("/healthz"), get("/api/v3/people"), get("/nothing"), get("/static/style.css"),
        get("/?token=wrong"), std::string("rubbish\r\n\r\n")}) {
    const Reply reply = ask(*server, request);
    ASSERT_TRUE(reply.complete) << request;
    const std::string& policy = reply.fields.at("Content-Security-Policy");
    EXPECT_NE(policy.find("default-src 'none'"), std::string::npos);
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(reply.fields.at("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(reply.fields.at("Referrer-Policy"), "no-referrer");
    EXPECT_FALSE(reply.fields.contains("Access-Control-Allow-Origin"));
  }
}

// ---- who sees whom
// ---------------------------------------------------------------------------------

TEST_F(ServerTest, ThePublicSeesTheListedAlone) {
  const auto server = start();
  const World& world = World::instance();
  const json everybody = ask(*server, get("/api/v3/people?limit=1000&all=true")).parsed();
  std::set<std::string> seen;
  for (const json& person : everybody.at("people")) seen.insert(person.at("person"));
  std::set<std::string> listed;
  for (const PersonRow& row : world.listed()) listed.insert(row.person);
  EXPECT_EQ(seen, listed);
  EXPECT_EQ(everybody.at("settled"), listed.size());
  const std::string page = ask(*server, get("/")).body;
  for (const PersonRow& row : world.listed()) {
    EXPECT_NE(page.find(row.person), std::string::npos);
    for (const std::string& path : {"/people/" + row.person, "/api/v3/people/" + row.person,
                                    "/api/v3/people/" + row.person + "/explanation"}) {
      const Reply reply = ask(*server, get(path));
      EXPECT_EQ(reply.status, 200) << path;
      for (const PersonRow& other : world.unlisted()) {
        EXPECT_EQ(reply.body.find(other.name), std::string::npos)
            << path << " names " << other.name;
        EXPECT_EQ(reply.body.find(other.person), std::string::npos) << path;
      }
      EXPECT_EQ(reply.body.find("record_hash"), std::string::npos) << "receipts are the operator's";
    }
  }
  for (const PersonRow& row : world.unlisted()) {
    EXPECT_EQ(page.find(row.person), std::string::npos);
    EXPECT_EQ(page.find(row.name), std::string::npos);
  }
}

TEST_F(ServerTest, TheOperatorSeesEverybody) {
  const auto server = start();
  const World& world = World::instance();
  const json everybody =
      ask(*server, get("/api/v3/people?limit=1000&all=true&reasons=false", kBearer)).parsed();
  EXPECT_GT(everybody.at("people").size(), 100U);
  for (const PersonRow& row : world.unlisted()) {
    EXPECT_EQ(ask(*server, get("/people/" + row.person, kBearer)).status, 200);
  }
  const Reply reply =
      ask(*server, get("/api/v3/people/" + world.unlisted()[0].person + "/explanation", kBearer));
  EXPECT_NE(reply.body.find("record_hash"), std::string::npos);
}

TEST_F(ServerTest, APersonNotListedAndOneUnknownAreAlikeToTheByte) {
  const auto server = start();
  const PersonRow& unlisted = World::instance().unlisted()[0];
  for (const std::string& accept : {std::string(), std::string("Accept: text/html\r\n")}) {
    for (const std::string& method : {std::string("GET"), std::string("HEAD")}) {
      for (const auto& path : std::vector<std::pair<std::string, std::string>>{
               {"/api/v3/people/", ""}, {"/api/v3/people/", "/explanation"}, {"/people/", ""}}) {
        const std::string& before = path.first;
        const std::string& after = path.second;
        const auto whole = [&](const std::string& id) {
          const Reply reply = ask(*server,
                                  method + " " + before + id + after +
                                      " HTTP/1.1\r\nHost: localhost\r\n" + accept + "\r\n",
                                  method == "HEAD");
          EXPECT_EQ(reply.status, 404) << before << id;
          return reply.head + reply.body;
        };
        const std::string unknown = whole("0123456789abcdef");
        EXPECT_EQ(whole(unlisted.person), unknown);
        EXPECT_EQ(whole(percent_encode(unlisted.accounts[0])), unknown);
        EXPECT_EQ(whole(percent_encode(unlisted.name)), unknown);
        EXPECT_EQ(whole("somebody"), unknown);
      }
    }
  }
}

TEST_F(ServerTest, SearchFindsOnlyWhomTheViewerMaySee) {
  const auto server = start();
  const PersonRow& unlisted = World::instance().unlisted()[0];
  const PersonRow& listed = World::instance().listed()[0];
  const auto found = [&](const PersonRow& row, const std::string& fields) {
    const json reply =
        ask(*server, get("/api/v3/people?search=" + percent_encode(row.name), fields)).parsed();
    for (const json& person : reply.at("people")) {
      if (person.at("person") == row.person) return true;
    }
    return false;
  };
  EXPECT_TRUE(found(unlisted, kBearer));
  EXPECT_FALSE(found(unlisted, ""));
  EXPECT_TRUE(found(listed, ""));
}

TEST_F(ServerTest, AHostileNameIsTextOnEveryPage) {
  const auto server = start();
  const World& world = World::instance();
  for (const std::string& target :
       {"/people/" + world.hostile().person, std::string("/?search=img"),
        "/people/" + world.hostile().person + "?grouping=act"}) {
    const Reply reply = ask(*server, get(target, kBearer));
    EXPECT_EQ(reply.status, 200);
    EXPECT_NE(reply.body.find("&lt;img src=x"), std::string::npos) << target;
    EXPECT_EQ(reply.body.find("<img"), std::string::npos) << target;
  }
}

// ---- the token
// --------------------------------------------------------------------------------------

TEST_F(ServerTest, TheTokenOfAnAddressBecomesACookie) {
  const auto server = start();
  const Reply first = ask(*server, get("/?token=" + kToken));
  EXPECT_EQ(first.status, 303);
  EXPECT_EQ(first.fields.at("Location"), "/");
  EXPECT_EQ(first.fields.at("Cache-Control"), "no-store");
  const std::string set = first.fields.at("Set-Cookie");
  EXPECT_NE(set.find("; HttpOnly"), std::string::npos);
  EXPECT_NE(set.find("; SameSite=Strict"), std::string::npos);
  EXPECT_EQ(set.find(kToken), std::string::npos);

  const std::string sent = "Cookie: " + set.substr(0, set.find(';')) + "\r\n";
  const Reply page = ask(*server, get("/", sent));
  EXPECT_NE(page.body.find(World::instance().unlisted()[0].person), std::string::npos);
  EXPECT_EQ(page.fields.at("Cache-Control"), "private, no-cache");
  EXPECT_NE(page.fields.at("Vary").find("Cookie"), std::string::npos);
  EXPECT_EQ(ask(*server, get("/")).fields.at("Cache-Control"), "no-cache");
}

TEST_F(ServerTest, TheCleanAddressKeepsEverythingButTheToken) {
  const auto server = start();
  EXPECT_EQ(ask(*server, get("/people/a%2Fb%20c?grouping=topic&token=" + kToken + "&limit=5"))
                .fields.at("Location"),
            "/people/a%2Fb%20c?grouping=topic&limit=5");
}

TEST_F(ServerTest, AWrongTokenOpensNothing) {
  const auto server = start();
  for (const std::string& wrong :
       {std::string("x"), kToken + "x", kToken.substr(1), std::string()}) {
    const Reply reply = ask(*server, get("/?token=" + wrong));
    EXPECT_EQ(reply.status, 403);
    EXPECT_FALSE(reply.fields.contains("Set-Cookie"));
    EXPECT_NE(reply.body.find("printed last"), std::string::npos);
  }
  EXPECT_EQ(ask(*server, get("/?token=" + kToken + "&token=x")).status, 403);
  const Reply bearer = ask(*server, get("/api/v3/people", "Authorization: Bearer wrong\r\n"));
  EXPECT_EQ(bearer.status, 401);
  EXPECT_TRUE(bearer.fields.contains("WWW-Authenticate"));
  EXPECT_EQ(ask(*server, get("/api/v3/people?token=" + kToken)).status, 400)
      << "addresses of the API end up in logs";
  const Reply cookie = ask(
      *server,
      get("/api/v3/people", "Cookie: bellwether_" + std::to_string(server->port()) + "=wrong\r\n"));
  EXPECT_EQ(cookie.status, 200);
  EXPECT_EQ(cookie.parsed().at("settled"), World::instance().listed().size());
}

TEST_F(ServerTest, WithoutATokenTheServerIsThePublics) {
  ServeOptions open = options();
  open.operator_token.clear();
  const auto server = start(open);
  EXPECT_EQ(ask(*server, get("/?token=")).status, 403);
  EXPECT_EQ(ask(*server, get("/api/v3/people", "Authorization: Bearer \r\n")).status, 401);
  EXPECT_EQ(ask(*server, get("/api/v3/people")).parsed().at("settled"),
            World::instance().listed().size());
}

// ---- Host
// -------------------------------------------------------------------------------------------

TEST_F(ServerTest, OtherPeoplesNamesForThisMachineAreRefused) {
  ServeOptions with = options();
  with.host_names = {"bell.example.org"};
  const auto server = start(with);
  const auto status = [&](const std::string& lines) {
    return ask(*server, "GET /healthz HTTP/1.1\r\n" + lines + "\r\n").status;
  };
  EXPECT_EQ(status("Host: evil.example.com\r\n"), 421);
  EXPECT_EQ(status("Host: evil.example.com:" + std::to_string(server->port()) + "\r\n"), 421);
  EXPECT_EQ(status("Host: localhost.evil.example.com\r\n"), 421);
  EXPECT_EQ(status("Host: \r\n"), 421);
  EXPECT_EQ(status(""), 400);
  EXPECT_EQ(status("Host: localhost\r\nHost: evil.example.com\r\n"), 400);
  EXPECT_EQ(status("Host: localhost:9999\r\n"), 200);
  EXPECT_EQ(status("Host: 127.0.0.1\r\n"), 200);
  EXPECT_EQ(status("Host: BELL.example.org\r\n"), 200);
  EXPECT_EQ(ask(*server, "GET http://evil.example.com/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
                .status,
            421);
  EXPECT_EQ(ask(*server, "GET http://localhost/healthz HTTP/1.1\r\nHost: evil.example.com\r\n\r\n")
                .status,
            200)
      << "an absolute form goes before Host";
  EXPECT_EQ(ask(*server, "GET /healthz HTTP/1.0\r\n\r\n").status, 200);
}

// ---- clients that misbehave
// -------------------------------------------------------------------------

TEST_F(ServerTest, AClientThatSendsItsHeaderTooSlowlyIsCutOff) {
  ServeOptions with = options();
  with.header_ms_max = 300;
  const auto server = start(with);
  Client client(server->port());
  const auto begun = steady_clock::now();
  ASSERT_TRUE(client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n"));
  // A byte now and then must not buy time.
  bool sent = true;
  while (sent && steady_clock::now() - begun < kPatience &&
         !client.closed_within(milliseconds(50))) {
    sent = client.send("X");
  }
  EXPECT_LT(steady_clock::now() - begun, milliseconds(5'000));
  EXPECT_EQ(ask(*server, get("/healthz")).status, 200);
}

TEST_F(ServerTest, AClientThatSendsItsBodyTooSlowlyIsCutOff) {
  ServeOptions with = options();
  with.body_ms_max = 300;
  const auto server = start(with);
  Client client(server->port());
  ASSERT_TRUE(
      client.send("POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nab"));
  EXPECT_TRUE(client.closed_within(milliseconds(5'000)));
}

TEST_F(ServerTest, AConnectionThatIsNotUsedIsClosed) {
  ServeOptions with = options();
  with.idle_ms_max = 200;
  const auto server = start(with);
  Client silent(server->port());
  Client used(server->port());
  ASSERT_TRUE(used.send(get("/healthz")));
  EXPECT_TRUE(used.read().complete);
  EXPECT_TRUE(silent.closed_within(milliseconds(5'000)));
  EXPECT_TRUE(used.closed_within(milliseconds(5'000)));
}

TEST_F(ServerTest, AHeaderThatIsTooLargeIsRefused) {
  const auto server = start();
  const auto status = [&](size_t bytes) {
    return ask(*server, get("/healthz", "X-Filler: " + std::string(bytes, 'x') + "\r\n")).status;
  };
  EXPECT_EQ(status(15 << 10), 200);
  EXPECT_EQ(status(17 << 10), 431);
  EXPECT_EQ(status(1 << 20), 431);
  Client endless(server->port());
  ASSERT_TRUE(endless.send("GET /" + std::string(40 << 10, 'a')));
  EXPECT_EQ(endless.read().status, 431);
}

TEST_F(ServerTest, ABodyThatIsTooLargeIsRefused) {
  const auto server = start();
  const std::string head = "POST /healthz HTTP/1.1\r\nHost: localhost\r\n";
  EXPECT_EQ(ask(*server, head + "Content-Length: 2000000\r\n\r\n").status, 413)
      << "before a byte of it has come";
  // Chunks do not say beforehand how many they will be.
  Client client(server->port());
  ASSERT_TRUE(client.send(head + "Transfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  for (int i = 0; i < 40; ++i) {
    if (!client.send(chunk)) break;
  }
  EXPECT_EQ(client.read().status, 413);
  EXPECT_EQ(ask(*server, head + "Content-Length: 2\r\n\r\nab").status, 405);
}

TEST_F(ServerTest, AClientThatWaitsToSendIsToldToGoOn) {
  const auto server = start();
  Client client(server->port());
  ASSERT_TRUE(
      client.send("POST /healthz HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n"
                  "Content-Length: 2\r\n\r\n"));
  EXPECT_EQ(client.read(true).status, 100);
  ASSERT_TRUE(client.send("ab"));
  EXPECT_EQ(client.read().status, 405);
}

TEST_F(ServerTest, WhatIsNoRequestIsRefusedWithWords) {
  using namespace std::string_literals;
  const auto server = start();
  for (const std::string& bytes :
       {std::string("rubbish\r\n\r\n"), std::string("GET / HTTP/9.9\r\n\r\n"),
        std::string("GET /\x01 HTTP/1.1\r\nHost: localhost\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n"),
        std::string("GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"),
        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a greeting in TLS\r\n\r\n"s}) {
    Client client(server->port());
    ASSERT_TRUE(client.send(bytes));
    const Reply reply = client.read();
    EXPECT_EQ(reply.status, 400) << bytes;
    EXPECT_EQ(reply.fields.at("Connection"), "close");
    EXPECT_EQ(reply.fields.at("Content-Type"), "application/problem+json");
    EXPECT_TRUE(client.closed_within(milliseconds(5'000)));
  }
  EXPECT_EQ(ask(*server, get("/%zz")).status, 400);
  EXPECT_EQ(ask(*server, get("/%0d%0aX-Injected:%201")).status, 400);
}

TEST_F(ServerTest, ConnectionsBeyondTheMostWaitTheirTurn) {
  ServeOptions with = options();
  with.connections_max = 2;
  const auto server = start(with);
  Client a(server->port());
  Client b(server->port());
  for (Client* client : {&a, &b}) {
    ASSERT_TRUE(client->send(get("/healthz")));
    ASSERT_TRUE(client->read().complete);
  }
  Client c(server->port());
  ASSERT_TRUE(c.send(get("/healthz")));
  EXPECT_TRUE(c.silent_for(milliseconds(200)));
  a.close();
  EXPECT_EQ(c.read().status, 200);
}

// ---- one connection, several requests
// ---------------------------------------------------------------

TEST_F(ServerTest, AConnectionIsKeptAsTheClientWishes) {
  const auto server = start();
  Client client(server->port());
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client.send(get("/healthz")));
    const Reply reply = client.read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_FALSE(reply.fields.contains("Connection"));
  }
  ASSERT_TRUE(client.send(get("/nothing")));
  EXPECT_EQ(client.read().status, 404) << "an error ends no connection";
  ASSERT_TRUE(client.send(get("/healthz", "Connection: close\r\n")));
  EXPECT_EQ(client.read().fields["Connection"], "close");
  EXPECT_TRUE(client.closed_within(milliseconds(5'000)));

  Client old(server->port());
  ASSERT_TRUE(old.send("GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
  EXPECT_EQ(old.read().fields["Connection"], "keep-alive");
  ASSERT_TRUE(old.send("GET /healthz HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(old.read().complete);
  EXPECT_TRUE(old.closed_within(milliseconds(5'000)));
}

TEST_F(ServerTest, RequestsSentAheadAreAnsweredInOrder) {
  const auto server = start();
  Client client(server->port());
  // The first takes longest; what follows must not overtake it. A body lies between, too.
  const std::string id = World::instance().unlisted()[0].person;
  ASSERT_TRUE(
      client.send(get("/api/v3/people?limit=30", kBearer) + get("/healthz") +
                  "POST /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nGET /" +
                  get("/api/v3/people/" + id, kBearer) + get("/nothing") + get("/healthz")));
  const Reply first = client.read();
  EXPECT_EQ(first.status, 200);
  EXPECT_TRUE(first.parsed().contains("people"));
  EXPECT_EQ(client.read().parsed().at("status"), "ok");
  EXPECT_EQ(client.read().status, 405);
  EXPECT_EQ(client.read().parsed().at("person"), id);
  EXPECT_EQ(client.read().status, 404);
  EXPECT_EQ(client.read().parsed().at("status"), "ok");
}

TEST_F(ServerTest, ARequestThatComesByteByByteIsAnswered) {
  const auto server = start();
  Client client(server->port());
  for (const char c : get("/healthz")) ASSERT_TRUE(client.send(std::string(1, c)));
  EXPECT_EQ(client.read().status, 200);
}

TEST_F(ServerTest, HeadIsGetWithoutABody) {
  const auto server = start();
  Client client(server->port());
  ASSERT_TRUE(client.send("HEAD /static/style.css HTTP/1.1\r\nHost: localhost\r\n\r\n" +
                          get("/static/style.css")));
  const Reply head = client.read(true);
  const Reply whole = client.read();
  EXPECT_EQ(head.head, whole.head);
  EXPECT_EQ(std::to_string(whole.body.size()), head.fields.at("Content-Length"));
}

TEST_F(ServerTest, ManyClientsAtOnceGetTheSameAnswer) {
  const auto server = start();
  const std::string request = get("/api/v3/people?limit=2", kBearer);
  const std::string expected = ask(*server, request).body;
  std::vector<std::thread> clients;
  std::atomic<int> same = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      Client client(server->port());
      for (int n = 0; n < 5; ++n) {
        if (!client.send(request)) return;
        if (client.read().body == expected) ++same;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(same, 40);
}

// ---- asking again
// -----------------------------------------------------------------------------------

TEST_F(ServerTest, WhatHasNotChangedIsNotSentAgain) {
  const auto server = start();
  const Reply first = ask(*server, get("/api/v3/people"));
  const std::string tag = first.fields.at("ETag");
  const Reply again = ask(*server, get("/api/v3/people", "If-None-Match: " + tag + "\r\n"));
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
  EXPECT_EQ(again.fields.at("ETag"), tag);
  EXPECT_EQ(ask(*server, get("/api/v3/people", "If-None-Match: W/" + tag + ", \"x\"\r\n")).status,
            304);
  EXPECT_EQ(ask(*server, get("/api/v3/people?limit=1", "If-None-Match: " + tag + "\r\n")).status,
            200);
  EXPECT_EQ(ask(*server, get("/api/v3/people", kBearer + "If-None-Match: " + tag + "\r\n")).status,
            200)
      << "the operator sees something else";
}

TEST_F(ServerTest, LargeRepliesAreCompressedForThoseWhoAsk) {
  const auto server = start();
  const Reply plain = ask(*server, get("/api/v3/people?limit=30", kBearer));
  const Reply zipped =
      ask(*server, get("/api/v3/people?limit=30", kBearer + "Accept-Encoding: gzip\r\n"));
  EXPECT_FALSE(plain.fields.contains("Content-Encoding"));
  EXPECT_EQ(zipped.fields.at("Content-Encoding"), "gzip");
  EXPECT_LT(zipped.body.size(), plain.body.size() / 3);
  EXPECT_NE(zipped.fields.at("ETag"), plain.fields.at("ETag"));
  EXPECT_NE(zipped.fields.at("Vary").find("Accept-Encoding"), std::string::npos);
  EXPECT_EQ(ask(*server, get("/api/v3/people?limit=30",
                             kBearer + "If-None-Match: " + zipped.fields.at("ETag") + "\r\n"))
                .status,
            304);
  EXPECT_FALSE(ask(*server, get("/nothing", "Accept-Encoding: gzip\r\n"))
                   .fields.contains("Content-Encoding"));
}

TEST_F(ServerTest, StaticFilesAreKeptForEverByTheirOwnAddressOnly) {
  const auto server = start();
  const std::string page = ask(*server, get("/")).body;
  const size_t at = page.find("/static/style.css?v=");
  ASSERT_NE(at, std::string::npos);
  const Reply style = ask(*server, get(page.substr(at, page.find('"', at) - at)));
  EXPECT_EQ(style.status, 200);
  EXPECT_EQ(style.fields.at("Content-Type"), "text/css; charset=utf-8");
  EXPECT_NE(style.fields.at("Cache-Control").find("immutable"), std::string::npos);
  EXPECT_EQ(ask(*server, get("/static/style.css?v=0")).fields.at("Cache-Control"), "no-cache");
  EXPECT_EQ(ask(*server, get("/static/icon.svg")).fields.at("Content-Type"), "image/svg+xml");
  EXPECT_EQ(ask(*server, get("/static/..%2Fserve.h")).status, 404);
}

// ---- starting and stopping
// --------------------------------------------------------------------------

TEST_F(ServerTest, StoppingFinishesWhatIsInFlightAndClosesTheRest) {
  auto server = start();
  Client idle(server->port());
  Client begun(server->port());
  Client used(server->port());
  ASSERT_TRUE(used.send(get("/healthz")));
  ASSERT_TRUE(used.read().complete);
  ASSERT_TRUE(begun.send("GET /api/v3/people?limit=20 HTTP/1.1\r\nHost: local"));
  // Its first bytes have to be with the server; nothing else tells.
  std::this_thread::sleep_for(milliseconds(100));
  server->stop();
  EXPECT_TRUE(idle.closed_within(milliseconds(5'000)));
  EXPECT_TRUE(used.closed_within(milliseconds(5'000)));
  ASSERT_TRUE(begun.send("host\r\n" + kBearer + "\r\n"));
  const Reply reply = begun.read();
  EXPECT_EQ(reply.status, 200);
  EXPECT_TRUE(reply.complete);
  EXPECT_EQ(reply.fields.at("Connection"), "close");
  begun.close();
  server->wait();
  EXPECT_FALSE(Client(server->port()).connected()) << "nobody listens any more";
}

TEST_F(ServerTest, AnswersThatAreBeingMadeAreSentBeforeTheEnd) {
  auto server = start();
  std::vector<std::unique_ptr<Client>> clients;
  for (int i = 0; i < 4; ++i) {
    clients.push_back(std::make_unique<Client>(server->port()));
    ASSERT_TRUE(clients.back()->send(get("/api/v3/people?limit=40", kBearer)));
  }
  std::this_thread::sleep_for(milliseconds(100));
  server->stop();
  for (const auto& client : clients) {
    const Reply reply = client->read();
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.complete);
  }
  clients.clear();
  server->wait();
}

TEST_F(ServerTest, AClientThatNeverEndsCannotKeepTheServer) {
  ServeOptions with = options();
  with.stop_ms_max = 200;
  auto server = start(with);
  Client client(server->port());
  ASSERT_TRUE(client.send("GET /healthz HTTP/1.1\r\n"));
  std::this_thread::sleep_for(milliseconds(100));
  const auto begun = steady_clock::now();
  server->stop();
  server->stop();
  server->wait();
  EXPECT_LT(steady_clock::now() - begun, milliseconds(5'000));
}

TEST_F(ServerTest, APortThatIsTakenIsNamedWithWhatToDo) {
  const auto server = start();
  ServeOptions with = options();
  with.listen = "127.0.0.1:" + std::to_string(server->port());
  const auto second = Server::start(World::instance().query(), with);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_NE(second.error().message.find(with.listen), std::string::npos);
  EXPECT_NE(second.error().message.find("choose another address"), std::string::npos);
}

TEST_F(ServerTest, WhatCannotBeListenedOnIsRefusedBeforeAnythingStarts) {
  for (const char* listen : {"", "8420", "localhost", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                             "127.0.0.1:x", "::1:80", "[::1]", "example.org:80", "127.0.0.1:-1"}) {
    ServeOptions with = options();
    with.listen = listen;
    const auto server = Server::start(World::instance().query(), with);
    ASSERT_FALSE(server.ok()) << listen;
    EXPECT_EQ(server.error().code, ErrorCode::kInvalidArgument) << listen;
  }
  for (const char* token : {"short", "sixteen-letters-and a space", "sixteen-letters-and-\r\n"}) {
    ServeOptions with = options();
    with.operator_token = token;
    EXPECT_FALSE(Server::start(World::instance().query(), with).ok()) << token;
  }
}

TEST_F(ServerTest, TheAddressIsOneThatABrowserCanGoTo) {
  const auto server = start();
  EXPECT_EQ(server->address(), "http://127.0.0.1:" + std::to_string(server->port()));
  ServeOptions with = options();
  with.listen = "0.0.0.0:0";
  std::mutex mutex;
  std::vector<std::string> told;
  with.report = [&](std::string_view sentence) {
    const std::lock_guard lock(mutex);
    told.emplace_back(sentence);
  };
  const auto open = start(with);
  EXPECT_EQ(open->address(), "http://127.0.0.1:" + std::to_string(open->port()));
  const std::lock_guard lock(mutex);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_NE(told[0].find("other machines"), std::string::npos);
}

// ---- the API against its descriptions
// ---------------------------------------------------------------

std::string content(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

const json& schemas() {
  static const json all = json::parse(content("src/serve/api/schemas.json"));
  return all;
}

bool is_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  ADD_FAILURE() << "the schema has a type '" << type << "'";
  return false;
}

// Sentences on where `value` is not as the schema says. Knows the words that schemas.json uses.
void validate(const json& value, const json& schema, const std::string& where,
              std::vector<std::string>& wrong) {
  if (schema.contains("$ref")) {
    const std::string name = schema.at("$ref").get<std::string>().substr(2);
    if (!schemas().contains(name)) {
      wrong.push_back(where + ": no schema " + name);
      return;
    }
    validate(value, schemas().at(name), where, wrong);
    return;
  }
  if (schema.contains("anyOf")) {
    for (const json& option : schema.at("anyOf")) {
      std::vector<std::string> inner;
      validate(value, option, where, inner);
      if (inner.empty()) return;
    }
    wrong.push_back(where + ": none of the alternatives");
    return;
  }
  const json& type = schema.at("type");
  bool typed = false;
  for (const json& t : type.is_array() ? type : json::array({type})) {
    typed = typed || is_type(value, t.get<std::string>());
  }
  if (!typed) {
    wrong.push_back(where + ": is " + value.dump() + ", not " + type.dump());
    return;
  }
  if (schema.contains("enum") && !value.is_null()) {
    const json& options = schema.at("enum");
    if (std::find(options.begin(), options.end(), value) == options.end()) {
      wrong.push_back(where + ": " + value.dump() + " is none of " + options.dump());
    }
  }
  if (value.is_number()) {
    if (schema.contains("minimum") && value.get<double>() < schema.at("minimum").get<double>()) {
      wrong.push_back(where + ": " + value.dump() + " is too small");
    }
    if (schema.contains("maximum") && value.get<double>() > schema.at("maximum").get<double>()) {
      wrong.push_back(where + ": " + value.dump() + " is too large");
    }
  }
  if (value.is_string()) {
    const auto text = value.get<std::string>();
    if (schema.contains("pattern") &&
        !std::regex_search(text, std::regex(schema.at("pattern").get<std::string>()))) {
      wrong.push_back(where + ": '" + text + "' is of another form");
    }
    if (schema.value("format", "") == "date-time" && !parse_instant(text)) {
      wrong.push_back(where + ": '" + text + "' is no time");
    }
  }
  if (value.is_array()) {
    for (size_t i = 0; i < value.size(); ++i) {
      validate(value[i], schema.at("items"), where + "[" + std::to_string(i) + "]", wrong);
    }
  }
  if (value.is_object()) {
    const json& properties = schema.at("properties");
    for (const json& name : schema.at("required")) {
      if (!value.contains(name.get<std::string>())) {
        wrong.push_back(where + ": lacks " + name.get<std::string>());
      }
    }
    for (const auto& [name, part] : value.items()) {
      if (!properties.contains(name)) {
        wrong.push_back(where + ": '" + name + "' is not described");
        continue;
      }
      validate(part, properties.at(name), where + "." + name, wrong);
    }
  }
}

std::string problems_with(const json& value, const json& schema) {
  std::vector<std::string> wrong;
  validate(value, schema, "reply", wrong);
  std::string all;
  for (const std::string& sentence : wrong) all += sentence + "\n";
  return all;
}

json description(std::string_view name) {
  for (const Embedded& e : embedded_endpoints()) {
    if (e.name == name) return json::parse(e.text);
  }
  ADD_FAILURE() << "there is no endpoint " << name;
  return {};
}

TEST_F(ServerTest, RepliesOfTheApiAreAsTheirDescriptionsSay) {
  const auto server = start();
  const World& world = World::instance();
  const std::string id = world.listed()[0].person;
  const std::string hostile = world.hostile().person;
  const std::map<std::string, std::vector<std::string>> targets{
      {"health_show", {"/healthz"}},
      {"people_list",
       {"/api/v3/people", "/api/v3/people?all=true&limit=400&reasons=false",
        "/api/v3/people?by=momentum", "/api/v3/people?search=a",
        "/api/v3/people?topic=rust&all=true", "/api/v3/people?network=csv&all=true",
        "/api/v3/people?offset=2&limit=2&reasons=false", "/api/v3/people?search=nobody-at-all"}},
      {"people_show", {"/api/v3/people/" + id, "/api/v3/people/" + hostile}},
      {"people_explanation",
       {"/api/v3/people/" + id + "/explanation", "/api/v3/people/" + id + "/explanation?limit=2",
        "/api/v3/people/" + hostile + "/explanation?grouping=act",
        "/api/v3/people/" + id + "/explanation?grouping=topic"}},
      {"people_what_if",
       {"/api/v3/people/" + id + "/what-if?more=10",
        "/api/v3/people/" + hostile + "/what-if?more=3&more_verb=reply&from=crowd"}},
  };
  size_t checked = 0;
  for (const Embedded& e : embedded_endpoints()) {
    if (!e.path.starts_with("api/")) continue;
    const auto found = targets.find(std::string(e.name));
    ASSERT_NE(found, targets.end()) << e.name << " has no example here";
    for (const std::string& target : found->second) {
      for (const std::string& fields : {std::string(), kBearer}) {
        const Reply reply = ask(*server, get(target, fields));
        if (reply.status == 404 && fields.empty()) continue;  // not for everybody
        ASSERT_EQ(reply.status, 200) << target << reply.body;
        EXPECT_EQ(problems_with(reply.parsed(), description(e.name).at("reply")), "") << target;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 20U);
}

TEST_F(ServerTest, ErrorsOfTheApiAreThoseDescribed) {
  const auto server = start();
  struct Case {
    std::string endpoint, request;
    int status;
  };
  const std::string id = World::instance().listed()[0].person;
  const std::vector<Case> cases{
      {"people_list", get("/api/v3/people?limit=0"), 400},
      {"people_list", get("/api/v3/people?frobnicate=1"), 400},
      {"people_list", get("/api/v3/people?search=a&topic=rust"), 400},
      {"people_list", get("/api/v3/people?search=a&offset=1"), 400},
      {"people_list", get("/api/v3/people?topic=no-such-topic-at-all"), 404},
      {"people_list", get("/api/v3/people?network=nowhere"), 404},
      {"people_list", get("/api/v3/people?as_of=1999-01-01", kBearer), 404},
      {"people_show", get("/api/v3/people/nobody"), 404},
      {"people_show", get("/api/v3/people/nobody", kBearer), 404},
      {"people_explanation", get("/api/v3/people/nobody/explanation"), 404},
      {"people_explanation", get("/api/v3/people/" + id + "/explanation?grouping=colour"), 400},
      {"static_show", get("/static/nothing"), 404},
  };
  for (const Case& c : cases) {
    const Reply reply = ask(*server, c.request);
    EXPECT_EQ(reply.status, c.status) << c.request;
    EXPECT_EQ(reply.fields.at("Content-Type"), "application/problem+json") << c.request;
    EXPECT_EQ(problems_with(reply.parsed(), schemas().at("Problem")), "") << reply.body;
    EXPECT_EQ(reply.parsed().at("status"), c.status);
    EXPECT_EQ(reply.fields.at("Cache-Control"), "no-store");
    bool described = false;
    const json errors = description(c.endpoint).at("errors");
    for (const json& error : errors) {
      described = described || (error.at("status") == c.status &&
                                "urn:bellwether:" + error.at("type").get<std::string>() ==
                                    reply.parsed().at("type"));
    }
    EXPECT_TRUE(described) << c.endpoint << " does not describe " << reply.body;
  }
}

TEST_F(ServerTest, EveryParameterDescribedChangesSomething) {
  const auto server = start();
  const auto body = [&](const std::string& query) {
    const Reply reply = ask(*server, get("/api/v3/people?" + query, kBearer));
    EXPECT_EQ(reply.status, 200) << query << " " << reply.body;
    return reply.body;
  };
  const json first = json::parse(body("limit=1")).at("people").at(0);
  const std::string fast = "&reasons=false";
  const std::map<std::string, std::pair<std::string, std::string>> with_and_without{
      {"search", {"search=" + percent_encode(first.at("name").get<std::string>()) + fast, fast}},
      {"by", {"by=momentum" + fast, fast}},
      {"topic",
       {"topic=" + percent_encode(first.at("topics").at(0).get<std::string>()) + fast, fast}},
      {"network", {"network=csv&all=true" + fast, "all=true" + fast}},
      {"all", {"all=true&limit=1000" + fast, "limit=1000" + fast}},
      {"limit", {"limit=3" + fast, fast}},
      {"offset", {"offset=3" + fast, fast}},
      {"reasons", {"limit=2" + fast, "limit=2"}},
  };
  const json parameters = description("people_list").at("parameters");
  for (const json& p : parameters) {
    const auto name = p.at("name").get<std::string>();
    // The one snapshot there is speaks for one instant alone, which is looked at below.
    if (name == "as_of") continue;
    ASSERT_TRUE(with_and_without.contains(name)) << name << " has no example here";
    const auto& [with, without] = with_and_without.at(name);
    EXPECT_TRUE(body(with) != body(without)) << name;
  }
  const std::string as_of = first.at("as_of");
  EXPECT_TRUE(body("as_of=" + percent_encode(as_of) + fast) == body(fast));
  EXPECT_EQ(ask(*server, get("/api/v3/people?as_of=2001-01-01", kBearer)).status, 404);
}

TEST_F(ServerTest, EveryParameterOfASimulationChangesItAndEveryReplySaysWhatItIs) {
  const auto server = start();
  const std::string id = World::instance().listed()[0].person;
  const auto ask_what_if = [&](const std::string& query, const std::string& fields) {
    return ask(*server, get("/api/v3/people/" + id + "/what-if?" + query, fields));
  };
  const json acts =
      ask(*server, get("/api/v3/people/" + id + "/explanation?grouping=act", kBearer)).parsed();
  const json& act = acts.at("contributions").at(0);
  const std::string verb = act.at("receipts").at(0).at("verb");
  const std::map<std::string, std::pair<std::string, std::string>> with_and_without{
      {"without", {"more=1&without=" + act.at("mover").get<std::string>(), "more=1"}},
      {"without_act",
       {"more=1&without_act=" + std::to_string(act.at("receipts").at(0).at("act").get<uint64_t>()),
        "more=1"}},
      {"without_verb", {"more=1&without_verb=" + verb, "more=1"}},
      {"after",
       {"without_verb=" + verb +
            "&after=" + percent_encode(act.at("receipts").at(0).at("published").get<std::string>()),
        "without_verb=" + verb}},
      {"more", {"more=2", "more=1"}},
      {"more_verb", {"more=1&more_verb=react", "more=1"}},
      {"from", {"more=9&from=crowd", "more=9"}},
  };
  const json parameters = description("people_what_if").at("parameters");
  for (const json& p : parameters) {
    const auto name = p.at("name").get<std::string>();
    if (name == "id") continue;
    ASSERT_TRUE(with_and_without.contains(name)) << name << " has no example here";
    const auto& [with, without] = with_and_without.at(name);
    const Reply one = ask_what_if(with, kBearer);
    const Reply other = ask_what_if(without, kBearer);
    EXPECT_EQ(one.status, 200) << with << " " << one.body;
    EXPECT_EQ(other.status, 200) << without << " " << other.body;
    EXPECT_NE(one.body, other.body) << name;
    EXPECT_TRUE(one.parsed().at("simulation").get<bool>());
    EXPECT_EQ(problems_with(one.parsed(), description("people_what_if").at("reply")), "") << name;
  }
  EXPECT_EQ(ask_what_if("", kBearer).status, 400);
  EXPECT_EQ(ask_what_if("more=100001", kBearer).status, 400);
  EXPECT_EQ(ask_what_if("more=1", {}).status, 200);
  EXPECT_EQ(ask_what_if("without_act=1", {}).status, 400);
  // Whoever is not listed cannot be asked about, not even as somebody's mover.
  EXPECT_EQ(ask_what_if("without=nobody", {}).status, 404);
}

TEST_F(ServerTest, ExplanationsSumToTheScoreByEveryGroupingForEveryViewer) {
  const auto server = start();
  const std::string id = World::instance().listed()[0].person;
  for (const char* grouping : {"act", "person", "verb", "topic", "network", "month"}) {
    for (const char* limit : {"0", "3"}) {
      for (const std::string& fields : {std::string(), kBearer}) {
        const json reply =
            ask(*server, get("/api/v3/people/" + id + "/explanation?grouping=" + grouping +
                                 "&limit=" + limit,
                             fields))
                .parsed();
        double sum = 0;
        for (const json& c : reply.at("contributions")) sum += c.at("points").get<double>();
        EXPECT_NEAR(sum, reply.at("score").get<double>() - 1, 1e-9) << grouping << " " << limit;
        EXPECT_EQ(reply.at("grouping"), grouping);
      }
    }
  }
}

TEST_F(ServerTest, ThePartsOfAListAreTheWholeList) {
  const auto server = start();
  const json whole =
      ask(*server, get("/api/v3/people?all=true&limit=1000&reasons=false", kBearer)).parsed();
  std::vector<std::string> all;
  for (const json& p : whole.at("people")) all.push_back(p.at("person"));
  EXPECT_EQ(all.size(), whole.at("settled").get<size_t>() + whole.at("provisional").get<size_t>());
  std::vector<std::string> parts;
  std::string target = "/api/v3/people?all=true&limit=70&reasons=false";
  while (!target.empty() && parts.size() <= all.size()) {
    const Reply reply = ask(*server, get(target, kBearer));
    ASSERT_EQ(reply.status, 200) << target;
    const json part = reply.parsed();
    for (const json& p : part.at("people")) parts.push_back(p.at("person"));
    target.clear();
    if (reply.fields.contains("Link")) {
      const std::string& link = reply.fields.at("Link");
      target = link.substr(1, link.find('>') - 1);
    }
  }
  EXPECT_EQ(parts, all);
}

TEST_F(ServerTest, TheListComesAsCsvAndNdjsonToo) {
  const auto server = start();
  const json people = ask(*server, get("/api/v3/people?limit=5", kBearer)).parsed().at("people");
  for (const std::string& request :
       {get("/api/v3/people.ndjson?limit=5", kBearer),
        get("/api/v3/people?limit=5", kBearer + "Accept: application/x-ndjson\r\n")}) {
    const Reply reply = ask(*server, request);
    EXPECT_EQ(reply.fields.at("Content-Type"), "application/x-ndjson");
    std::istringstream lines(reply.body);
    size_t i = 0;
    for (std::string line; std::getline(lines, line); ++i)
      EXPECT_EQ(json::parse(line), people.at(i));
    EXPECT_EQ(i, 5U);
  }
  for (const std::string& request :
       {get("/api/v3/people.csv?limit=5", kBearer),
        get("/api/v3/people?limit=5", kBearer + "Accept: text/csv\r\n")}) {
    const Reply reply = ask(*server, request);
    EXPECT_TRUE(reply.fields.at("Content-Type").starts_with("text/csv"));
    EXPECT_TRUE(reply.body.starts_with("rank,rank_low,rank_high,person,accounts,name,score,"));
    EXPECT_EQ(std::count(reply.body.begin(), reply.body.end(), '\n'), 6);
    EXPECT_EQ(reply.fields.at("Link"), "</api/v3/people.csv?limit=5&offset=5>; rel=\"next\"");
  }
}

TEST_F(ServerTest, BeforeAnythingIsScoredEveryReplySaysWhatToDo) {
  std::string pattern = (fs::temp_directory_path() / "bw-serve-empty-XXXXXX").string();
  const std::string home = ::mkdtemp(pattern.data());
  {
    WorkspaceOptions wanted;
    wanted.home = home;
    wanted.create = true;
    wanted.now = [] { return *parse_instant("2026-01-02"); };
    const auto workspace = Workspace::open(wanted);
    ASSERT_TRUE(workspace.ok()) << workspace.error().message;
    Query query(**workspace);
    const auto server = Server::start(query, options());
    ASSERT_TRUE(server.ok());
    for (const char* target :
         {"/api/v3/people", "/api/v3/people/ana", "/api/v3/people/ana/explanation"}) {
      const Reply reply = ask(**server, get(target));
      EXPECT_EQ(reply.status, 503) << target;
      EXPECT_EQ(reply.parsed().at("type"), "urn:bellwether:not-scored");
      EXPECT_NE(reply.body.find("bellwether score"), std::string::npos);
    }
    for (const char* target : {"/", "/people/ana"}) {
      const Reply reply = ask(**server, get(target));
      EXPECT_EQ(reply.status, 200);
      EXPECT_NE(reply.body.find("bellwether ingest FILE"), std::string::npos);
    }
    const json health = ask(**server, get("/healthz")).parsed();
    EXPECT_TRUE(health.at("meta").is_null());
    EXPECT_EQ(problems_with(health, schemas().at("Health")), "");
  }
  fs::remove_all(home);
}

}  // namespace
}  // namespace bellwether

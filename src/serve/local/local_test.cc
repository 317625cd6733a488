// SPDX-License-Identifier: Apache-2.0
#include "serve/local/local.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <latch>
#include <mutex>
#include <ostream>
#include <sstream>
#include <thread>

#include "serve/local/frame.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

class LocalTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "bw-local-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
  }
  void TearDown() override { fs::remove_all(home_); }

  std::unique_ptr<LocalServer> start(LocalHandler handler) {
    auto server = LocalServer::start(home_, std::move(handler));
    EXPECT_TRUE(server.ok()) << server.error().message;
    return server.ok() ? std::move(*server) : nullptr;
  }
  std::string socket_path() const { return home_ + "/bellwether.sock"; }

  // A connection that says nothing by itself.
  int connect() const {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, socket_path().c_str(), sizeof(name.sun_path) - 1);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)), 0);
    return fd;
  }
  static std::string read_to_end(int fd) {
    std::string all;
    char buffer[4096];
    for (ssize_t got = 0; (got = ::read(fd, buffer, sizeof(buffer))) > 0;) {
      all.append(buffer, static_cast<size_t>(got));
    }
    return all;
  }

  std::string home_;
};

LocalRequest saying(std::vector<std::string> arguments) {
  LocalRequest request;
  request.arguments = std::move(arguments);
  request.cwd = "/somewhere";
  return request;
}

TEST_F(LocalTest, WithoutAServerThereIsNobody) {
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({"rank"}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_FALSE(code->has_value());
  const auto nowhere = run_remotely(home_ + "/not/there", saying({"rank"}), out, err);
  ASSERT_TRUE(nowhere.ok());
  EXPECT_FALSE(nowhere->has_value());
}

TEST_F(LocalTest, ACommandRunsInTheServerAndItsOutputComesBack) {
  LocalRequest seen;
  const auto server = start([&](const LocalRequest& request, std::ostream& out, std::ostream& err) {
    seen = request;
    out << "a result\n";
    err << "a remark\n";
    return 7;
  });
  LocalRequest request = saying({"rank", "--limit", "3", "", "caf\xc3\xa9 \xff"});
  request.out_is_terminal = true;
  request.no_color = true;
  request.columns = 132;
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, request, out, err);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 7);
  EXPECT_EQ(out.str(), "a result\n");
  EXPECT_EQ(err.str(), "a remark\n");
  EXPECT_EQ(seen.arguments, request.arguments);
  EXPECT_EQ(seen.cwd, "/somewhere");
  EXPECT_TRUE(seen.out_is_terminal);
  EXPECT_FALSE(seen.err_is_terminal);
  EXPECT_TRUE(seen.no_color);
  EXPECT_EQ(seen.columns, 132U);
  EXPECT_EQ(seen.input, -1);
}

TEST_F(LocalTest, LargeOutputArrivesWhole) {
  const auto server = start([](const LocalRequest&, std::ostream& out, std::ostream&) {
    for (int i = 0; i < 300'000; ++i) out << i << '\n';
    return 0;
  });
  std::ostringstream expected;
  for (int i = 0; i < 300'000; ++i) expected << i << '\n';
  std::ostringstream out;
  std::ostringstream err;
  ASSERT_TRUE(run_remotely(home_, saying({"rank"}), out, err).ok());
  EXPECT_TRUE(out.str() == expected.str());
}

TEST_F(LocalTest, WhatIsSaidOnTheWayIsSeenBeforeTheEnd) {
  std::latch seen(1);
  const auto server = start([&](const LocalRequest&, std::ostream&, std::ostream& err) {
    err << "half way";
    seen.wait();
    return 0;
  });
  // Releases the command as soon as its words arrive; without them the test would not end.
  class Watch final : public std::stringbuf {
   public:
    explicit Watch(std::latch& latch) : latch_(latch) {}

   protected:
    int sync() override {
      if (str() == "half way" && !done_) {
        done_ = true;
        latch_.count_down();
      }
      return 0;
    }

   private:
    std::latch& latch_;
    bool done_ = false;
  } watch(seen);
  std::ostream err(&watch);
  std::ostringstream out;
  const auto code = run_remotely(home_, saying({"ingest"}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 0);
}

TEST_F(LocalTest, ExitCodesBelowZeroSurvive) {
  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return -2; });
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, -2);
}

TEST_F(LocalTest, AHandlerThatThrowsEndsItsCommandAlone) {
  const auto server = start([](const LocalRequest& request, std::ostream&, std::ostream&) -> int {
    if (request.arguments.at(0) == "bad") throw std::runtime_error("out of luck");
    return 0;
  });
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({"bad"}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 3);
  EXPECT_NE(err.str().find("out of luck"), std::string::npos);
  const auto next = run_remotely(home_, saying({"good"}), out, err);
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(*next, 0);
}

TEST_F(LocalTest, TheSocketIsTheOwnersAlone) {
  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 0; });
  struct stat state {};
  ASSERT_EQ(::stat(socket_path().c_str(), &state), 0);
  EXPECT_TRUE(S_ISSOCK(state.st_mode));
  EXPECT_EQ(state.st_mode & 0777, 0600U);
}

TEST_F(LocalTest, ASecondServerIsRefusedAndToldWhichProcessServes) {
  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 0; });
  const auto second = LocalServer::start(
      home_, [](const LocalRequest&, std::ostream&, std::ostream&) { return 1; });
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, ErrorCode::kBusy);
  EXPECT_NE(second.error().message.find(std::to_string(::getpid())), std::string::npos)
      << second.error().message;
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({}), out, err);
  ASSERT_TRUE(code.ok() && code->has_value());
  EXPECT_EQ(*code, 0) << "the first one answers still";
}

TEST_F(LocalTest, TheSocketOfAServerThatDiedIsReplaced) {
  // A process that is killed leaves its socket behind.
  const pid_t child = ::fork();
  if (child == 0) {
    const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::strncpy(name.sun_path, socket_path().c_str(), sizeof(name.sun_path) - 1);
    const bool bound =
        ::bind(fd, reinterpret_cast<sockaddr*>(&name), sizeof(name)) == 0 && ::listen(fd, 1) == 0;
    ::_exit(bound ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_EQ(status, 0);
  ASSERT_TRUE(fs::exists(socket_path()));

  std::ostringstream out;
  std::ostringstream err;
  const auto nobody = run_remotely(home_, saying({}), out, err);
  ASSERT_TRUE(nobody.ok()) << nobody.error().message;
  EXPECT_FALSE(nobody->has_value());

  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 5; });
  const auto code = run_remotely(home_, saying({}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 5);
}

TEST_F(LocalTest, StoppingRemovesTheSocketAndNothingElse) {
  auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 0; });
  server->stop();
  server->stop();
  server.reset();
  EXPECT_TRUE(fs::is_empty(home_));
}

TEST_F(LocalTest, StoppingWaitsForTheCommandThatRuns) {
  std::latch running(1);
  std::atomic<bool> finished = false;
  auto server = start([&](const LocalRequest& request, std::ostream& out, std::ostream&) {
    running.count_down();
    while (!request.abandoned()) std::this_thread::sleep_for(milliseconds(1));
    out << "to the end\n";
    finished = true;
    return 0;
  });
  std::ostringstream out;
  std::ostringstream err;
  Result<std::optional<int>> code(std::nullopt);
  std::thread client([&] { code = run_remotely(home_, saying({}), out, err); });
  running.wait();
  server.reset();
  EXPECT_TRUE(finished);
  client.join();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 0);
  EXPECT_EQ(out.str(), "to the end\n");
}

TEST_F(LocalTest, AClientThatGoesAwayEndsNothing) {
  std::latch gone(1);
  std::atomic<bool> good_after = true;
  const auto server = start([&](const LocalRequest& request, std::ostream& out, std::ostream&) {
    if (request.arguments.at(0) == "stay") return 0;
    while (!request.abandoned()) std::this_thread::sleep_for(milliseconds(1));
    // More than any buffer on the way holds.
    for (int i = 0; i < 1'000'000 && out; ++i) out << "nobody reads this\n";
    good_after = out.good();
    gone.count_down();
    return 0;
  });
  const int fd = connect();
  const std::string body = encode(saying({"leave"}));
  const std::string bytes =
      encode(FrameHead{FrameKind::kRequest, static_cast<uint32_t>(body.size())}) + body;
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  ::close(fd);
  gone.wait();
  EXPECT_FALSE(good_after);
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({"stay"}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 0);
}

TEST_F(LocalTest, StandardInputIsHandedOver) {
  const auto server = start([](const LocalRequest& request, std::ostream& out, std::ostream&) {
    out << read_to_end(request.input);
    return 0;
  });
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const std::string sent(100'000, 'x');
  std::thread writer([&] {
    EXPECT_EQ(::write(ends[1], sent.data(), sent.size()), static_cast<ssize_t>(sent.size()));
    ::close(ends[1]);
  });
  const int before = ::dup(STDIN_FILENO);
  ::dup2(ends[0], STDIN_FILENO);
  ::close(ends[0]);
  LocalRequest request = saying({"ingest", "-"});
  request.wants_input = true;
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, request, out, err);
  ::dup2(before, STDIN_FILENO);
  ::close(before);
  writer.join();
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_TRUE(out.str() == sent);
}

TEST_F(LocalTest, InputCanBeOpenedByItsPathAsACommandWouldAFile) {
  const auto server = start([](const LocalRequest& request, std::ostream& out, std::ostream&) {
    const int fd = ::open(("/dev/fd/" + std::to_string(request.input)).c_str(), O_RDONLY);
    out << read_to_end(fd);
    ::close(fd);
    return 0;
  });
  const std::string file = home_ + "/input";
  {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT, 0600);
    ASSERT_EQ(::write(fd, "a,b\n", 4), 4);
    ::close(fd);
  }
  const int before = ::dup(STDIN_FILENO);
  const int fd = ::open(file.c_str(), O_RDONLY);
  ::dup2(fd, STDIN_FILENO);
  ::close(fd);
  LocalRequest request = saying({"ingest", "-"});
  request.wants_input = true;
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, request, out, err);
  ::dup2(before, STDIN_FILENO);
  ::close(before);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(out.str(), "a,b\n");
}

TEST_F(LocalTest, SeveralCommandsRunAtOnce) {
  std::latch together(4);
  const auto server = start([&](const LocalRequest&, std::ostream&, std::ostream&) {
    together.arrive_and_wait();  // ends only if all four are inside
    return 0;
  });
  std::vector<std::thread> clients;
  std::atomic<int> good = 0;
  for (int i = 0; i < 4; ++i) {
    clients.emplace_back([&] {
      std::ostringstream out;
      std::ostringstream err;
      const auto code = run_remotely(home_, saying({}), out, err);
      if (code.ok() && *code == 0) ++good;
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(good, 4);
}

TEST_F(LocalTest, AnotherVersionIsRefusedByName) {
  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 0; });
  std::string body = encode(saying({"rank"}));
  body.replace(0, 4, encode_number(kLocalVersion + 1));
  const std::string bytes =
      encode(FrameHead{FrameKind::kRequest, static_cast<uint32_t>(body.size())}) + body;
  const int fd = connect();
  ASSERT_EQ(::write(fd, bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  const std::string reply = read_to_end(fd);
  ::close(fd);
  ASSERT_GT(reply.size(), kFrameHeadBytes);
  EXPECT_EQ(reply.front(), 'V');
  EXPECT_NE(reply.find("restart the server"), std::string::npos) << reply;
}

TEST_F(LocalTest, RubbishIsRefusedAndTheNextOneIsServed) {
  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 0; });
  for (const std::string& rubbish :
       {std::string("GET / HTTP/1.1\r\n\r\n"), std::string("R\xff\xff\xff\xff"),
        std::string("R\x04\0\0\0\x01\0\0\0", 9), std::string("O\0\0\0\0", 5)}) {
    const int fd = connect();
    ASSERT_EQ(::write(fd, rubbish.data(), rubbish.size()), static_cast<ssize_t>(rubbish.size()));
    EXPECT_EQ(read_to_end(fd).substr(0, 1), "V");
    ::close(fd);
  }
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({}), out, err);
  ASSERT_TRUE(code.ok());
  EXPECT_EQ(*code, 0);
}

TEST_F(LocalTest, AServerThatEndsInTheMiddleIsAnErrorAndNoExitCode) {
  const pid_t child = ::fork();
  if (child == 0) {
    auto server =
        LocalServer::start(home_, [](const LocalRequest&, std::ostream& out, std::ostream&) {
          out << "begun\n" << std::flush;
          ::_exit(9);
          return 0;
        });
    if (!server.ok()) ::_exit(1);
    ::pause();
    ::_exit(1);
  }
  for (int i = 0; i < 5'000 && !fs::exists(socket_path()); ++i) {
    std::this_thread::sleep_for(milliseconds(1));
  }
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({"ingest"}), out, err);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 9);
  ASSERT_FALSE(code.ok());
  EXPECT_EQ(code.error().code, ErrorCode::kIo);
  EXPECT_EQ(out.str(), "begun\n");
}

TEST_F(LocalTest, AFolderWithALongNameHasASocketToo) {
  home_ += "/" + std::string(150, 'l');
  fs::create_directory(home_);
  const auto server = start([](const LocalRequest&, std::ostream&, std::ostream&) { return 4; });
  std::ostringstream out;
  std::ostringstream err;
  const auto code = run_remotely(home_, saying({}), out, err);
  ASSERT_TRUE(code.ok()) << code.error().message;
  EXPECT_EQ(*code, 4);
}

TEST_F(LocalTest, AFolderThatIsNotThereIsAnError) {
  const auto server = LocalServer::start(
      home_ + "/not/there", [](const LocalRequest&, std::ostream&, std::ostream&) { return 0; });
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().code, ErrorCode::kIo);
}

TEST(Frame, ARequestReadsBackAsItWas) {
  LocalRequest request = saying({"compare", "", "a b", "caf\xc3\xa9"});
  request.err_is_terminal = true;
  request.wants_input = true;
  request.columns = 80;
  const auto read = decode_request(encode(request));
  ASSERT_TRUE(read.ok());
  EXPECT_EQ(read->arguments, request.arguments);
  EXPECT_EQ(read->cwd, request.cwd);
  EXPECT_TRUE(read->err_is_terminal);
  EXPECT_FALSE(read->out_is_terminal);
  EXPECT_TRUE(read->wants_input);
  EXPECT_EQ(read->columns, 80U);
}

TEST(Frame, EveryCutAndEveryExtraByteIsRefused) {
  const std::string bytes = encode(saying({"rank", "--all"}));
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_request(bytes.substr(0, size)).ok()) << size;
  }
  EXPECT_FALSE(decode_request(bytes + '\0').ok());
}

TEST(Frame, ALengthThatNothingFollowsIsRefusedAtOnce) {
  std::string bytes = encode_number(kLocalVersion) + encode_number(0xffffffff);
  EXPECT_FALSE(decode_request(bytes).ok());
  EXPECT_FALSE(decode_head(std::string("R") + encode_number(kFrameBytesMax + 1)).has_value());
}

TEST(Frame, ArgumentsWithNulAreRefused) {
  EXPECT_FALSE(decode_request(encode(saying({std::string("a\0b", 3)}))).ok());
}

}  // namespace
}  // namespace bellwether

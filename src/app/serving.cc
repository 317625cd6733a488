// SPDX-License-Identifier: Apache-2.0
#include "app/serving.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sodium.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <iostream>
#include <mutex>
#include <sstream>

#include "serve/local/local.h"
#include "serve/serve.h"
#include "workspace/query/query.h"
#include "workspace/workspace.h"

namespace bellwether {
namespace {

// 32 random bytes, which no one guesses, in letters that need no escaping in an address.
std::string make_token() {
  std::array<unsigned char, 32> bytes{};
  randombytes_buf(bytes.data(), bytes.size());
  std::array<char, 64> text{};
  sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(),
                    sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return text.data();
}

// Waits for the signals that end a server. A handler that writes into a pipe, since threads made
// before (the store's) would take a blocked signal and end the process.
class Signals {
 public:
  Signals() {
    if (pipe2(pipe_, O_CLOEXEC) != 0) return;
    struct sigaction action {};
    action.sa_handler = [](int) {
      const char byte = 0;
      // Nothing can be done about a full pipe, and nothing need be: a byte is in it.
      [[maybe_unused]] const ssize_t written = write(pipe_[1], &byte, 1);
    };
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaction(signal, &action, nullptr);
  }
  void wait() const {
    char byte = 0;
    while (read(pipe_[0], &byte, 1) < 0 && errno == EINTR) continue;
  }

 private:
  static inline int pipe_[2] = {-1, -1};
};

Result<void> serve(const Context& own, const ServeRequest& request, Workspace& workspace,
                   Query& query, const std::function<void(const std::string&)>& listening) {
  if (sodium_init() < 0) return Error{ErrorCode::kIo, "no source of random numbers"};
  const Signals signals;
  ServeOptions options;
  options.listen = request.listen;
  options.operator_token = make_token();
  options.threads = std::max(1U, request.threads);
  options.now = own.now;
  options.report = [](std::string_view message) { spdlog::warn("{}", message); };
  BW_ASSIGN(const auto server, Server::start(query, options));

  // One command at a time: two writers would only wait for each other inside.
  std::mutex turn;
  const auto run_here = [&](const LocalRequest& asked, std::ostream& out, std::ostream& err) {
    const std::lock_guard lock(turn);
    std::istringstream no_input;
    Context context{no_input, out, err};
    context.out_is_terminal = asked.out_is_terminal;
    context.err_is_terminal = asked.err_is_terminal;
    context.color = asked.out_is_terminal && !asked.no_color;
    context.columns = asked.columns > 0 ? static_cast<int>(asked.columns) : own.columns;
    context.home = own.home;
    context.cwd = asked.cwd;
    context.threads = own.threads;
    context.now = own.now;
    context.workspace = &workspace;
    context.query = &query;
    std::vector<std::string> arguments = asked.arguments;
    if (asked.input >= 0) {
      std::replace(arguments.begin(), arguments.end(), std::string("-"),
                   fmt::format("/dev/fd/{}", asked.input));
    }
    return run_command(context, arguments);
  };
  BW_ASSIGN(const auto local, LocalServer::start(request.home, run_here));

  listening(fmt::format("{}/?token={}", server->address(), options.operator_token));
  signals.wait();
  local->stop();
  server->stop();
  server->wait();
  return {};
}

}  // namespace

void wire_serving(Context& context) {
  context.serve = [&context](const ServeRequest& request, Workspace& workspace, Query& query,
                             const std::function<void(const std::string&)>& listening) {
    return serve(context, request, workspace, query, listening);
  };
  context.forward = [&context](const std::string& home, const std::vector<std::string>& arguments) {
    LocalRequest request;
    request.arguments = arguments;
    request.cwd = context.cwd;
    request.out_is_terminal = context.out_is_terminal;
    request.err_is_terminal = context.err_is_terminal;
    request.no_color = !context.color;
    request.columns = static_cast<uint32_t>(context.columns);
    request.wants_input =
        std::find(arguments.begin(), arguments.end(), std::string("-")) != arguments.end();
    const std::string folder = home.starts_with('/') ? home : context.cwd + "/" + home;
    return run_remotely(folder, request, context.out, context.err);
  };
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The sockets: connections are taken and bytes moved by one thread, so that nothing here needs a
// lock and a slow answer keeps no other client's timers waiting; answers are made by a pool of
// threads.
//
// The only file that includes Beast's HTTP half, which takes long to compile.
#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <array>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <cassert>
#include <charconv>
#include <chrono>
#include <mutex>
#include <set>
#include <thread>

#include "serve/serve.h"
#include "serve/service.h"

namespace bellwether {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;
using std::chrono::milliseconds;

constexpr size_t kReadBytes = 16 << 10;
constexpr size_t kLingerBytesMax = 4 << 20;  // of what a refused client still sends
constexpr milliseconds kLingerTime{2'000};
constexpr milliseconds kAcceptPause{100};  // after an accept that failed

struct Connection {
  explicit Connection(tcp::socket socket) : stream(std::move(socket)) {}
  beast::tcp_stream stream;
  bool idle = false;  // between requests
};

struct Refusal {
  int status;
  std::string detail;
};

// What to say to a client whose bytes cannot be read as a request; empty: it went away or was too
// slow, and nothing is said.
std::optional<Refusal> refusal_for(const error_code& error, const ServeOptions& options) {
  if (error == http::error::header_limit || error == http::error::buffer_overflow) {
    return Refusal{431,
                   fmt::format("the header is at most {} bytes long", options.header_bytes_max)};
  }
  if (error == http::error::body_limit) {
    return Refusal{413, fmt::format("the body is at most {} bytes long", options.body_bytes_max)};
  }
  if (error == http::error::end_of_stream || error == http::error::partial_message) {
    return std::nullopt;
  }
  if (error.category() == http::make_error_code(http::error::bad_method).category()) {
    return Refusal{400, fmt::format("this is no HTTP request: {}", error.message())};
  }
  return std::nullopt;
}

class BeastServer final : public Server {
 public:
  BeastServer(Query& query, ServeOptions options, tcp::acceptor&& acceptor,
              std::unique_ptr<asio::io_context> io)
      : options_(std::move(options)),
        io_(std::move(io)),
        work_(asio::make_work_guard(*io_)),
        acceptor_(std::move(acceptor)),
        slot_(*io_, asio::steady_timer::time_point::max()),
        deadline_(*io_),
        pool_(options_.threads),
        endpoint_(acceptor_.local_endpoint()),
        service_(query, options_, endpoint_.port()) {
    asio::co_spawn(*io_, accept(), asio::detached);
    thread_ = std::thread([this] { run(); });
  }

  ~BeastServer() override {
    stop();
    wait();
  }

  uint16_t port() const override { return endpoint_.port(); }

  std::string address() const override {
    asio::ip::address address = endpoint_.address();
    // Nobody can go to "any address"; this machine is one of them.
    if (address.is_unspecified()) {
      address = address.is_v4() ? asio::ip::address(asio::ip::address_v4::loopback())
                                : asio::ip::address(asio::ip::address_v6::loopback());
    }
    const std::string host =
        address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
    return fmt::format("http://{}:{}", host, port());
  }

  void stop() override {
    asio::post(*io_, [this] { begin_stop(); });
  }

  void wait() override {
    const std::lock_guard lock(wait_mutex_);
    if (!thread_.joinable()) return;
    thread_.join();
    pool_.join();
  }

 private:
  void run() {
    while (true) {
      try {
        io_->run();
        return;
      } catch (const std::exception& error) {
        report(fmt::format("the server goes on after: {}", error.what()));
      }
    }
  }

  void report(const std::string& sentence) const {
    if (options_.report) options_.report(sentence);
  }

  void begin_stop() {
    if (stopping_) return;
    stopping_ = true;
    error_code ignored;
    acceptor_.close(ignored);
    slot_.cancel();
    for (Connection* connection : connections_) {
      if (connection->idle) connection->stream.cancel();
    }
    deadline_.expires_after(milliseconds(options_.stop_ms_max));
    deadline_.async_wait([this](const error_code& error) {
      if (error) return;
      for (Connection* connection : connections_) connection->stream.close();
    });
    end_if_done();
  }

  void end_if_done() {
    if (!stopping_ || !connections_.empty()) return;
    deadline_.cancel();
    work_.reset();
  }

  asio::awaitable<void> accept() {
    error_code error;
    while (!stopping_) {
      if (connections_.size() >= options_.connections_max) {
        co_await slot_.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      tcp::socket socket =
          co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
      if (stopping_) break;
      if (error) {
        // Out of file descriptors, most likely: those in use will come free.
        report(fmt::format("a connection could not be taken: {}", error.message()));
        asio::steady_timer pause(*io_, kAcceptPause);
        co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
        continue;
      }
      auto connection = std::make_unique<Connection>(std::move(socket));
      connections_.insert(connection.get());
      asio::co_spawn(*io_, attend(std::move(connection)), asio::detached);
    }
  }

  asio::awaitable<void> attend(std::unique_ptr<Connection> connection) {
    try {
      co_await converse(*connection);
    } catch (const std::exception& error) {
      report(fmt::format("a connection was given up: {}", error.what()));
    }
    connections_.erase(connection.get());
    connection.reset();
    slot_.cancel();
    end_if_done();
  }

  // One connection's requests, one after the other: what a client sends ahead waits in the buffer.
  asio::awaitable<void> converse(Connection& connection) {
    beast::tcp_stream& stream = connection.stream;
    error_code error;
    stream.socket().set_option(tcp::no_delay(true), error);
    beast::flat_buffer buffer(options_.header_bytes_max + kReadBytes);
    while (!stopping_) {
      if (buffer.size() == 0) {
        connection.idle = true;
        stream.expires_after(milliseconds(options_.idle_ms_max));
        const size_t bytes = co_await stream.async_read_some(
            buffer.prepare(kReadBytes), asio::redirect_error(asio::use_awaitable, error));
        connection.idle = false;
        if (error) co_return;
        buffer.commit(bytes);
      }
      http::request_parser<http::string_body> parser;
      parser.header_limit(options_.header_bytes_max);
      parser.body_limit(options_.body_bytes_max);
      stream.expires_after(milliseconds(options_.header_ms_max));
      co_await http::async_read_header(stream, buffer, parser,
                                       asio::redirect_error(asio::use_awaitable, error));
      if (!error && !parser.is_done()) {
        stream.expires_after(milliseconds(options_.body_ms_max));
        if (beast::iequals(parser.get()[http::field::expect], "100-continue")) {
          co_await asio::async_write(stream, asio::buffer(kContinue),
                                     asio::redirect_error(asio::use_awaitable, error));
          if (error) co_return;
        }
        co_await http::async_read(stream, buffer, parser,
                                  asio::redirect_error(asio::use_awaitable, error));
      }
      if (error) {
        if (const auto refusal = refusal_for(error, options_)) {
          co_await send(stream, service_.refuse(refusal->status, refusal->detail), error);
          if (!error) co_await linger(stream);
        }
        co_return;
      }
      const HttpRequest request = request_of(parser.get(), stream.socket());
      const bool keep_alive = parser.keep_alive() && !stopping_;
      stream.expires_never();
      const ReplyBytes reply = co_await asio::co_spawn(
          pool_,
          [&]() -> asio::awaitable<ReplyBytes> { co_return service_.answer(request, keep_alive); },
          asio::use_awaitable);
      co_await send(stream, reply, error);
      if (error) co_return;
      if (reply.close || stopping_) {
        co_await linger(stream);
        co_return;
      }
    }
  }

  static HttpRequest request_of(const http::request<http::string_body>& message,
                                const tcp::socket& socket) {
    HttpRequest request;
    request.method = message.method_string();
    request.target = message.target();
    request.http_1_0 = message.version() < 11;
    for (const auto& field : message) {
      request.fields.emplace_back(field.name_string(), field.value());
    }
    error_code error;
    const tcp::endpoint local = socket.local_endpoint(error);
    if (!error) {
      asio::ip::address address = local.address();
      if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
      }
      request.local_address = address.to_string();
    }
    return request;
  }

  asio::awaitable<void> send(beast::tcp_stream& stream, const ReplyBytes& reply,
                             error_code& error) {
    stream.expires_after(milliseconds(options_.write_ms_max));
    const std::array<asio::const_buffer, 2> buffers{asio::buffer(reply.head),
                                                    asio::buffer(reply.body)};
    co_await asio::async_write(stream, buffers, asio::redirect_error(asio::use_awaitable, error));
  }

  // Closing while bytes are still coming in would reset the connection, and with it the reply that
  // the client has not read yet.
  asio::awaitable<void> linger(beast::tcp_stream& stream) {
    error_code error;
    stream.socket().shutdown(tcp::socket::shutdown_send, error);
    if (error) co_return;
    std::string rest(kReadBytes, '\0');
    size_t total = 0;
    stream.expires_after(kLingerTime);
    while (!error && total < kLingerBytesMax) {
      total += co_await stream.async_read_some(asio::buffer(rest),
                                               asio::redirect_error(asio::use_awaitable, error));
    }
  }

  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

  const ServeOptions options_;
  std::unique_ptr<asio::io_context> io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  tcp::acceptor acceptor_;
  asio::steady_timer slot_;      // waited on while all connections are taken
  asio::steady_timer deadline_;  // of a stop
  asio::thread_pool pool_;
  const tcp::endpoint endpoint_;
  const Service service_;
  std::mutex wait_mutex_;
  std::thread thread_;

  // These belong to thread_.
  std::set<Connection*> connections_;
  bool stopping_ = false;
};

Result<tcp::endpoint> parse_listen(const std::string& listen) {
  const Error wrong{ErrorCode::kInvalidArgument,
                    fmt::format("'{}' is no address to listen on: write it as 127.0.0.1:8420 or "
                                "[::1]:8420, port 0 for any free one",
                                listen)};
  const size_t colon = listen.rfind(':');
  if (colon == std::string::npos) return wrong;
  std::string host = listen.substr(0, colon);
  const std::string digits = listen.substr(colon + 1);
  uint16_t port = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (failed != std::errc() || end != digits.data() + digits.size()) return wrong;
  if (host == "localhost") host = "127.0.0.1";
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string::npos) {
    return wrong;
  }
  error_code error;
  const auto address = asio::ip::make_address(host, error);
  if (error) return wrong;
  return tcp::endpoint(address, port);
}

Result<void> check(const ServeOptions& options) {
  const auto wrong = [](std::string_view what) {
    return Error{ErrorCode::kInvalidArgument, std::string(what)};
  };
  if (options.threads < 1 || options.threads > 256) return wrong("threads are 1 to 256");
  if (!options.operator_token.empty()) {
    const bool plain =
        std::all_of(options.operator_token.begin(), options.operator_token.end(), [](char c) {
          return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                 c == '.' || c == '_' || c == '~' || c == '-';
        });
    if (!plain || options.operator_token.size() < 16 || options.operator_token.size() > 256) {
      return wrong("the operator's token is 16 to 256 characters of A-Z, a-z, 0-9 and . _ ~ -");
    }
  }
  if (options.header_bytes_max < 1024 || options.connections_max < 1) {
    return wrong("a server takes at least one connection, and a header of at least 1024 bytes");
  }
  for (const std::string& name : options.host_names) {
    if (host_name(name).empty()) return wrong(fmt::format("'{}' is no host name", name));
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(Query& query, ServeOptions options) {
  BW_TRY(check(options));
  BW_ASSIGN(const tcp::endpoint endpoint, parse_listen(options.listen));
  if (sodium_init() < 0) return Error{ErrorCode::kIo, "the system gives no random numbers"};
  try {
    auto io = std::make_unique<asio::io_context>(1);
    tcp::acceptor acceptor(*io);
    error_code error;
    acceptor.open(endpoint.protocol(), error);
    if (!error) acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) acceptor.bind(endpoint, error);
    if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
    if (error == asio::error::address_in_use) {
      return Error{ErrorCode::kBusy,
                   fmt::format("another program listens on {} already: end it, or choose another "
                               "address (port 0 takes any free one)",
                               options.listen)};
    }
    if (error) {
      return Error{ErrorCode::kIo,
                   fmt::format("cannot listen on {}: {}", options.listen, error.message())};
    }
    if (!endpoint.address().is_loopback() && options.report) {
      options.report(
          fmt::format("{} can be reached by other machines, and what is sent is not encrypted",
                      options.listen));
    }
    return std::unique_ptr<Server>(std::make_unique<BeastServer>(
        query, std::move(options), std::move(acceptor), std::move(io)));
  } catch (const std::exception& error) {
    return Error{ErrorCode::kIo, fmt::format("the server cannot start: {}", error.what())};
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Plain sockets and a thread a command: commands are few, and a client has to start at once.
#include "serve/local/local.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <ostream>
#include <streambuf>
#include <system_error>
#include <thread>
#include <utility>

#include "serve/local/frame.h"

namespace bellwether {
namespace {

constexpr std::string_view kSocketName = "bellwether.sock";
constexpr size_t kBufferBytes = 16 << 10;
constexpr int kCommandsMax = 64;                               // at once
constexpr std::chrono::milliseconds kRequestTime{10'000};      // for a client to say what it wants
constexpr std::chrono::milliseconds kStoppingSendTime{5'000};  // for it to read, once we stop
constexpr int kLookUpMs = 200;                                 // how often a blocked send looks up

std::string system_words(int error) { return std::generic_category().message(error); }

// An open file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int fd = -1) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

// A socket's address may be 107 bytes long, a workspace's path longer: it is then named through an
// open folder, which `folder` has to hold while the address is used.
struct Address {
  Descriptor folder;
  sockaddr_un name{};
};

Result<Address> address_of(const std::string& home, std::string_view file) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string path = fmt::format("{}/{}", home, file);
  if (path.size() >= sizeof(address.name.sun_path)) {
    address.folder = Descriptor(::open(home.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder.open()) {
      return Error{errno == ENOENT || errno == ENOTDIR ? ErrorCode::kNotFound : ErrorCode::kIo,
                   fmt::format("cannot open the folder {}: {}", home, system_words(errno))};
    }
    path = fmt::format("/proc/self/fd/{}/{}", address.folder.get(), file);
  }
  std::memcpy(address.name.sun_path, path.c_str(), path.size() + 1);
  return address;
}

const sockaddr* generic(const sockaddr_un& name) {
  return reinterpret_cast<const sockaddr*>(&name);
}

Descriptor new_socket() { return Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)); }

// The process at the other end, as the system saw it.
struct Peer {
  pid_t process = 0;
  bool trusted = false;  // the same user, or root
};
Peer peer_of(int fd) {
  ucred credentials{};
  socklen_t bytes = sizeof(credentials);
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &bytes) != 0) return {};
  return {credentials.pid, credentials.uid == ::geteuid() || credentials.uid == 0};
}

// Waits until `fd` is ready for `events` or in trouble; false: the time was up.
bool wait_for(int fd, short events, std::chrono::milliseconds time) {
  pollfd poller{fd, events, 0};
  return ::poll(&poller, 1, static_cast<int>(time.count())) > 0;
}

// ---- the server's end
// -------------------------------------------------------------------------------

// What is known of one client, by its command's thread and by whoever asks whether it is still
// there.
class Client {
 public:
  Client(Descriptor socket, const std::atomic<bool>& stopping)
      : socket_(std::move(socket)), stopping_(stopping) {}

  int fd() const { return socket_.get(); }

  void send(FrameKind kind, std::string_view bytes) {
    const std::lock_guard lock(mutex_);
    send_all(encode({kind, static_cast<uint32_t>(bytes.size())}));
    send_all(bytes);
  }

  bool gone() {
    if (gone_) return true;
    pollfd poller{socket_.get(), POLLRDHUP, 0};
    if (::poll(&poller, 1, 0) > 0 && (poller.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0) {
      gone_ = true;
    }
    return gone_;
  }

 private:
  void send_all(std::string_view bytes) {
    auto blocked_since = std::chrono::steady_clock::now();
    while (!bytes.empty() && !gone_) {
      const ssize_t sent =
          ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<size_t>(sent));
        blocked_since = std::chrono::steady_clock::now();
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        // Somebody may read page by page for an hour, but that must not keep the server from
        // ending.
        wait_for(socket_.get(), POLLOUT, std::chrono::milliseconds(kLookUpMs));
        if (stopping_ && std::chrono::steady_clock::now() - blocked_since > kStoppingSendTime) {
          gone_ = true;
        }
      } else if (errno != EINTR) {
        gone_ = true;
      }
    }
  }

  Descriptor socket_;
  const std::atomic<bool>& stopping_;
  std::mutex mutex_;
  std::atomic<bool> gone_ = false;
};

// What is written to it goes out as frames of one kind. Fails once the client is gone.
class FrameBuffer final : public std::streambuf {
 public:
  FrameBuffer(Client& client, FrameKind kind) : client_(client), kind_(kind) {
    setp(buffer_.data(), buffer_.data() + buffer_.size());
  }

 protected:
  int overflow(int c) override {
    if (sync() != 0) return traits_type::eof();
    if (c != traits_type::eof()) {
      *pptr() = static_cast<char>(c);
      pbump(1);
    }
    return traits_type::not_eof(c);
  }
  int sync() override {
    const auto bytes = static_cast<size_t>(pptr() - pbase());
    if (bytes > 0) client_.send(kind_, {pbase(), bytes});
    setp(buffer_.data(), buffer_.data() + buffer_.size());
    return client_.gone() ? -1 : 0;
  }

 private:
  Client& client_;
  const FrameKind kind_;
  std::array<char, kBufferBytes> buffer_{};
};

// Reads exactly `size` bytes within the time that a request may take; `input` gets a file that
// comes with them.
bool receive(int fd, char* to, size_t size, std::chrono::steady_clock::time_point until,
             Descriptor& input) {
  while (size > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0 || !wait_for(fd, POLLIN, left)) return false;
    iovec part{to, size};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(4 * sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t got = ::recvmsg(fd, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (got == 0) return false;
    if (got < 0) {
      if (errno == EINTR || errno == EAGAIN) continue;
      return false;
    }
    for (cmsghdr* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      const size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
      for (size_t i = 0; i < count; ++i) {
        int file = -1;
        std::memcpy(&file, CMSG_DATA(c) + i * sizeof(int), sizeof(int));
        // One is enough; the others are closed as they come.
        Descriptor taken(file);
        if (!input.open()) input = std::move(taken);
      }
    }
    to += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

class SocketServer final : public LocalServer {
 public:
  SocketServer(std::string home, LocalHandler handler)
      : home_(std::move(home)), handler_(std::move(handler)) {}

  Result<void> listen() {
    wake_ = Descriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    socket_ = new_socket();
    if (!wake_.open() || !socket_.open()) {
      return Error{ErrorCode::kIo, fmt::format("cannot make a socket: {}", system_words(errno))};
    }
    BW_TRY(refuse_if_served());
    // Listening before it has its name, so that whoever finds the name is answered; the rename
    // takes the place of a dead server's socket.
    const std::string beside = fmt::format(".{}.{}", kSocketName, ::getpid());
    BW_ASSIGN(const Address address, address_of(home_, beside));
    const std::string beside_path = home_ + "/" + beside;
    ::unlink(beside_path.c_str());
    const auto failed = [&](std::string_view what) {
      const int error = errno;
      ::unlink(beside_path.c_str());
      return Error{ErrorCode::kIo,
                   fmt::format("cannot {} the socket {}: {}", what, path(), system_words(error))};
    };
    if (::bind(socket_.get(), generic(address.name), sizeof(address.name)) != 0) {
      return failed("make");
    }
    if (::chmod(beside_path.c_str(), S_IRUSR | S_IWUSR) != 0) return failed("protect");
    if (::listen(socket_.get(), 64) != 0) return failed("listen on");
    struct stat state {};
    if (::stat(beside_path.c_str(), &state) != 0) return failed("find");
    inode_ = state.st_ino;
    if (::rename(beside_path.c_str(), path().c_str()) != 0) return failed("name");
    thread_ = std::thread([this] { accept(); });
    return {};
  }

  ~SocketServer() override {
    stop();
    if (thread_.joinable()) thread_.join();
    std::unique_lock lock(mutex_);
    all_done_.wait(lock, [this] { return running_ == 0; });
  }

  void stop() override {
    if (stopping_.exchange(true)) return;
    if (wake_.open()) {
      const uint64_t one = 1;
      [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
    }
    // Another server's socket may have taken its place.
    struct stat state {};
    if (inode_ != 0 && ::stat(path().c_str(), &state) == 0 && state.st_ino == inode_) {
      ::unlink(path().c_str());
    }
  }

 private:
  std::string path() const { return fmt::format("{}/{}", home_, kSocketName); }

  Result<void> refuse_if_served() const {
    BW_ASSIGN(const Address address, address_of(home_, kSocketName));
    const Descriptor other = new_socket();
    if (::connect(other.get(), generic(address.name), sizeof(address.name)) != 0) return {};
    return Error{ErrorCode::kBusy,
                 fmt::format("process {} serves the workspace {} already: end it first, or use "
                             "another workspace with --home",
                             peer_of(other.get()).process, home_)};
  }

  void accept() {
    while (!stopping_) {
      std::array<pollfd, 2> pollers{pollfd{socket_.get(), POLLIN, 0},
                                    pollfd{wake_.get(), POLLIN, 0}};
      if (::poll(pollers.data(), pollers.size(), -1) < 0 && errno != EINTR) break;
      if (stopping_) break;
      if ((pollers[0].revents & POLLIN) == 0) continue;
      Descriptor connection(::accept4(socket_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (!connection.open()) {
        // Out of descriptors or memory: the client waits in line until some come free.
        if (errno != EINTR && errno != ECONNABORTED) {
          std::this_thread::sleep_for(std::chrono::milliseconds(kLookUpMs));
        }
        continue;
      }
      {
        const std::lock_guard lock(mutex_);
        ++running_;
      }
      try {
        std::thread([this, socket = connection.get()] {
          run(Descriptor(socket));
          // Under the lock, because the one who waits destroys what is told here.
          const std::lock_guard lock(mutex_);
          --running_;
          all_done_.notify_all();
        }).detach();
        // The thread owns it now.
        connection.release();
      } catch (const std::system_error&) {
        const std::lock_guard lock(mutex_);
        --running_;
      }
    }
    socket_.close();
  }

  static void refuse(Client& client, const Error& error) {
    client.send(FrameKind::kRefused,
                encode_number(static_cast<uint32_t>(error.code)) + error.message);
  }

  void run(Descriptor socket) {
    Client client(std::move(socket), stopping_);
    if (!peer_of(client.fd()).trusted) {
      return refuse(client, {ErrorCode::kDenied, "the workspace is another user's"});
    }
    {
      const std::lock_guard lock(mutex_);
      if (running_ > kCommandsMax) {
        return refuse(client, {ErrorCode::kBusy,
                               "the server runs too many commands at once: try again later"});
      }
    }
    const auto until = std::chrono::steady_clock::now() + kRequestTime;
    Descriptor input;
    std::array<char, kFrameHeadBytes> head_bytes{};
    if (!receive(client.fd(), head_bytes.data(), head_bytes.size(), until, input)) return;
    const auto head = decode_head({head_bytes.data(), head_bytes.size()});
    if (!head || head->kind != FrameKind::kRequest) {
      return refuse(client, {ErrorCode::kInvalidArgument, "this is no request"});
    }
    std::string bytes(head->bytes, '\0');
    if (!receive(client.fd(), bytes.data(), bytes.size(), until, input)) return;
    auto request = decode_request(bytes);
    if (!request.ok()) return refuse(client, request.error());
    request->input = input.get();
    request->abandoned = [&client, this] { return stopping_ || client.gone(); };

    FrameBuffer out_buffer(client, FrameKind::kOut);
    FrameBuffer err_buffer(client, FrameKind::kErr);
    std::ostream out(&out_buffer);
    std::ostream err(&err_buffer);
    // As on a terminal: what is said while something goes on is to be seen at once.
    err << std::unitbuf;
    int code = 3;
    try {
      code = handler_(*request, out, err);
    } catch (const std::exception& error) {
      err << "bellwether: " << error.what() << '\n';
    }
    out.flush();
    err.flush();
    client.send(FrameKind::kExit, encode_number(static_cast<uint32_t>(code)));
  }

  const std::string home_;
  const LocalHandler handler_;
  Descriptor wake_;
  Descriptor socket_;
  ino_t inode_ = 0;
  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  std::mutex mutex_;
  std::condition_variable all_done_;
  int running_ = 0;
};

// ---- the client's end
// -------------------------------------------------------------------------------

// A terminal is not handed over: a server that runs in its background would be stopped for reading
// from it. What is typed goes through a pipe instead.
class TypedInput {
 public:
  static Result<TypedInput> create() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
      return Error{ErrorCode::kIo, fmt::format("cannot make a pipe: {}", system_words(errno))};
    }
    TypedInput typed;
    typed.server_end_ = Descriptor(ends[0]);
    typed.own_end_ = Descriptor(ends[1]);
    return typed;
  }

  int server_end() const { return server_end_.get(); }
  void handed_over() { server_end_.close(); }
  bool open() const { return own_end_.open(); }

  // Waits for an answer on `socket`, passing on meanwhile what is typed.
  void pass_on_until_readable(int socket) {
    while (open()) {
      const bool full = !pending_.empty();
      std::array<pollfd, 2> pollers{
          pollfd{socket, POLLIN, 0},
          full ? pollfd{own_end_.get(), POLLOUT, 0} : pollfd{STDIN_FILENO, POLLIN, 0}};
      if (::poll(pollers.data(), pollers.size(), -1) < 0 && errno != EINTR) return;
      if (full && pollers[1].revents != 0) {
        write_pending();
      } else if (!full && pollers[1].revents != 0) {
        std::array<char, 4096> buffer{};
        const ssize_t got = ::read(STDIN_FILENO, buffer.data(), buffer.size());
        if (got > 0) {
          pending_.assign(buffer.data(), static_cast<size_t>(got));
        } else if (got == 0 || errno != EINTR) {
          own_end_.close();
        }
      }
      if (pollers[0].revents != 0) return;
    }
  }

 private:
  // The pipe may have been closed by a server that wants no more; that must not end this process.
  void write_pending() {
    sigset_t pipe_signal;
    sigset_t before;
    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &before);
    const ssize_t written = ::write(own_end_.get(), pending_.data(), pending_.size());
    if (written > 0) {
      pending_.erase(0, static_cast<size_t>(written));
    } else if (errno == EPIPE) {
      const timespec at_once{0, 0};
      ::sigtimedwait(&pipe_signal, nullptr, &at_once);
      own_end_.close();
      pending_.clear();
    }
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  Descriptor server_end_;
  Descriptor own_end_;
  std::string pending_;
};

Result<void> send_request(int fd, const LocalRequest& request, int input) {
  const std::string body = encode(request);
  if (body.size() > kFrameBytesMax) {
    return Error{ErrorCode::kLimit, "the arguments are too long to be handed to the server"};
  }
  const std::string bytes =
      encode({FrameKind::kRequest, static_cast<uint32_t>(body.size())}) + body;
  size_t sent = 0;
  while (sent < bytes.size()) {
    iovec part{const_cast<char*>(bytes.data()) + sent, bytes.size() - sent};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    if (sent == 0 && input >= 0) {
      message.msg_control = control.data();
      message.msg_controllen = control.size();
      cmsghdr* c = CMSG_FIRSTHDR(&message);
      c->cmsg_level = SOL_SOCKET;
      c->cmsg_type = SCM_RIGHTS;
      c->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(c), &input, sizeof(int));
    }
    const ssize_t got = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (got < 0) {
      if (errno == EINTR) continue;
      return Error{ErrorCode::kIo, fmt::format("cannot reach the server: {}", system_words(errno))};
    }
    sent += static_cast<size_t>(got);
  }
  return {};
}

bool read_all(int fd, char* to, size_t size) {
  while (size > 0) {
    const ssize_t got = ::read(fd, to, size);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return false;
    to += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

Result<std::optional<int>> read_answer(int fd, TypedInput* typed, std::ostream& out,
                                       std::ostream& err) {
  const Error ended{ErrorCode::kIo,
                    "the server that holds the workspace ended before the command did: what it had "
                    "accepted is kept; run the command again"};
  std::string bytes;
  while (true) {
    if (typed != nullptr) typed->pass_on_until_readable(fd);
    std::array<char, kFrameHeadBytes> head_bytes{};
    if (!read_all(fd, head_bytes.data(), head_bytes.size())) return ended;
    const auto head = decode_head({head_bytes.data(), head_bytes.size()});
    if (!head) return ended;
    bytes.resize(head->bytes);
    if (!read_all(fd, bytes.data(), bytes.size())) return ended;
    switch (head->kind) {
      case FrameKind::kOut:
        out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        out.flush();
        break;
      case FrameKind::kErr:
        err.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        err.flush();
        break;
      case FrameKind::kExit: {
        const auto code = decode_number(bytes);
        if (!code) return ended;
        return std::optional<int>(static_cast<int>(*code));
      }
      case FrameKind::kRefused: {
        const auto code = decode_number(std::string_view(bytes).substr(0, 4));
        if (!code || *code > static_cast<uint32_t>(ErrorCode::kDenied)) return ended;
        return Error{static_cast<ErrorCode>(*code), bytes.substr(4)};
      }
      case FrameKind::kRequest:
        return ended;
    }
  }
}

}  // namespace

Result<std::unique_ptr<LocalServer>> LocalServer::start(const std::string& home,
                                                        LocalHandler handler) {
  auto server = std::make_unique<SocketServer>(home, std::move(handler));
  BW_TRY(server->listen());
  return std::unique_ptr<LocalServer>(std::move(server));
}

Result<std::optional<int>> run_remotely(const std::string& home, const LocalRequest& request,
                                        std::ostream& out, std::ostream& err) {
  auto address = address_of(home, kSocketName);
  if (!address.ok()) {
    if (address.error().code == ErrorCode::kNotFound) return std::optional<int>();
    return address.error();
  }
  const Descriptor socket = new_socket();
  if (!socket.open()) {
    return Error{ErrorCode::kIo, fmt::format("cannot make a socket: {}", system_words(errno))};
  }
  if (::connect(socket.get(), generic(address->name), sizeof(address->name)) != 0) {
    switch (errno) {
      case ENOENT:
      case ENOTDIR:
      case ECONNREFUSED:
        return std::optional<int>();  // nobody, or a server that died
      case EACCES:
      case EPERM:
        if (::access(home.c_str(), X_OK) != 0) {
          return Error{ErrorCode::kIo,
                       fmt::format("cannot open the workspace {}: {}", home, system_words(errno))};
        }
        return Error{ErrorCode::kDenied,
                     fmt::format("the workspace {} is served by another user", home)};
      default:
        return Error{ErrorCode::kIo, fmt::format("cannot reach the server of the workspace {}: {}",
                                                 home, system_words(errno))};
    }
  }
  if (!peer_of(socket.get()).trusted) {
    return Error{ErrorCode::kDenied,
                 fmt::format("the workspace {} is served by another user", home)};
  }
  std::optional<TypedInput> typed;
  int input = -1;
  if (request.wants_input) {
    input = STDIN_FILENO;
    if (::isatty(STDIN_FILENO) == 1) {
      BW_ASSIGN(typed, TypedInput::create());
      input = typed->server_end();
    }
  }
  BW_TRY(send_request(socket.get(), request, input));
  if (typed) typed->handed_over();
  return read_answer(socket.get(), typed ? &*typed : nullptr, out, err);
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/git/process.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "event/event.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

constexpr size_t kComplaintBytesMax = 4096;
constexpr size_t kComplaintShownMax = 200;

struct Pipe {
  Descriptor read;
  Descriptor write;
};

Error refused(std::string_view what, int error_number) {
  return {ErrorCode::kIo, fmt::format("cannot {}: {}", what, system_words(error_number))};
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return refused("make a pipe for git", errno);
  return Pipe{Descriptor(ends[0]), Descriptor(ends[1])};
}

// What stands before every command.
std::vector<std::string> common_arguments(const std::string& git_dir) {
  std::vector<std::string> out{"git", "--git-dir=" + git_dir, "--no-pager", "--no-replace-objects",
                               "--no-optional-locks"};
  for (const char* setting :
       {"safe.directory=*", "protocol.allow=never", "core.hooksPath=/dev/null",
        "core.fsmonitor=false", "core.sshCommand=false", "core.commitGraph=false",
        "core.useReplaceRefs=false", "gc.auto=0", "maintenance.auto=false", "color.ui=false"}) {
    out.emplace_back("-c");
    out.emplace_back(setting);
  }
  return out;
}

std::vector<std::string> environment() {
  const char* path = std::getenv("PATH");
  return {fmt::format("PATH={}", path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin"),
          "LC_ALL=C", "GIT_CONFIG_NOSYSTEM=1", "GIT_CONFIG_SYSTEM=/dev/null",
          "GIT_CONFIG_GLOBAL=/dev/null", "GIT_ATTR_NOSYSTEM=1", "GIT_OPTIONAL_LOCKS=0",
          "GIT_NO_REPLACE_OBJECTS=1", "GIT_NO_LAZY_FETCH=1",
          // The empty list: git 2.39 knows no GIT_NO_LAZY_FETCH.
          "GIT_ALLOW_PROTOCOL=", "GIT_PROTOCOL_FROM_USER=0", "GIT_SSH_COMMAND=false",
          "GIT_ASKPASS=false", "GIT_TERMINAL_PROMPT=0", "GIT_PAGER=cat", "GIT_TRACE=0"};
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> out;
  out.reserve(strings.size() + 1);
  for (std::string& string : strings) out.push_back(string.data());
  out.push_back(nullptr);
  return out;
}

// The first line, as far as a message can hold it.
std::string shown(std::string_view complaint) {
  complaint = complaint.substr(0, complaint.find('\n'));
  for (const std::string_view word : {"fatal: ", "error: "}) {
    if (complaint.starts_with(word)) complaint.remove_prefix(word.size());
  }
  std::string out(complaint.substr(0, kComplaintShownMax));
  return is_clean_text(out) ? out : std::string();
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    value_ = other.value_;
    other.value_ = -1;
  }
  return *this;
}

void Descriptor::reset() {
  if (value_ >= 0) ::close(value_);
  value_ = -1;
}

Result<std::unique_ptr<GitCommands>> GitCommands::start(
    const std::string& git_dir, const std::vector<std::vector<std::string>>& commands) {
  std::unique_ptr<GitCommands> made(new GitCommands());
  made->git_dir_ = git_dir;
  BW_ASSIGN(Pipe complaints, make_pipe());
  Descriptor input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (input.get() < 0) return refused("open /dev/null", errno);
  for (const std::vector<std::string>& command : commands) {
    BW_ASSIGN(Pipe output, make_pipe());
    BW_TRY(made->spawn(git_dir, command, input.get(), output.write.get(), complaints.write.get()));
    input = std::move(output.read);
  }
  made->output_ = std::move(input);
  made->complaints_ = std::move(complaints.read);
  // What git complains of is taken while its output is read, and must not block that.
  const int flags = ::fcntl(made->complaints_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(made->complaints_.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
    return refused("read what git says", errno);
  }
  return made;
}

Result<void> GitCommands::spawn(const std::string& git_dir, const std::vector<std::string>& command,
                                int input, int output, int complaints) {
  std::vector<std::string> arguments = common_arguments(git_dir);
  arguments.insert(arguments.end(), command.begin(), command.end());
  std::vector<std::string> variables = environment();

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawnattr_init(&attributes);
  ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
  // A server ignores SIGPIPE and blocks signals; git must not inherit that.
  sigset_t none;
  sigset_t pipe;
  ::sigemptyset(&none);
  ::sigemptyset(&pipe);
  ::sigaddset(&pipe, SIGPIPE);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &pipe);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = 0;
  const int failed = ::posix_spawnp(&pid, "git", &actions, &attributes, pointers(arguments).data(),
                                    pointers(variables).data());
  ::posix_spawnattr_destroy(&attributes);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failed == ENOENT) {
    return Error{ErrorCode::kUnsupported,
                 "there is no git program to read a clone with; install it: apt install git"};
  }
  if (failed != 0) return refused("start git", failed);
  running_.push_back(pid);
  return {};
}

GitCommands::~GitCommands() {
  for (const pid_t pid : running_) ::kill(pid, SIGKILL);
  for (const pid_t pid : running_) {
    while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
}

void GitCommands::take_complaints() {
  std::array<char, 4096> buffer{};
  while (complaints_.get() >= 0) {
    const ssize_t got = ::read(complaints_.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
      complaints_.reset();
      return;
    }
    const size_t room = kComplaintBytesMax - complaint_.size();
    complaint_.append(buffer.data(), std::min(room, static_cast<size_t>(got)));
  }
}

Result<size_t> GitCommands::read(char* buffer, size_t size) {
  size_t filled = 0;
  while (filled < size && !ended_) {
    std::array<pollfd, 2> waiting{{{output_.get(), POLLIN, 0}, {complaints_.get(), POLLIN, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) {
      if (errno == EINTR) continue;
      return refused("wait for git", errno);
    }
    if (waiting[1].revents != 0) take_complaints();
    if (waiting[0].revents == 0) continue;
    const ssize_t got = ::read(output_.get(), buffer + filled, size - filled);
    if (got < 0) {
      if (errno == EINTR) continue;
      return refused("read from git", errno);
    }
    if (got == 0) {
      ended_ = true;
      outcome_ = wait_for_all();
      break;
    }
    filled += static_cast<size_t>(got);
  }
  if (filled == 0 && ended_ && !outcome_.ok()) return outcome_.error();
  return filled;
}

Result<void> GitCommands::wait_for_all() {
  output_.reset();
  bool failed = false;
  while (!running_.empty()) {
    // One that is waited for may still have much to complain of.
    while (complaints_.get() >= 0) {
      pollfd waiting{complaints_.get(), POLLIN, 0};
      if (::poll(&waiting, 1, -1) < 0 && errno != EINTR) break;
      take_complaints();
    }
    int status = 0;
    if (::waitpid(running_.front(), &status, 0) < 0) {
      if (errno == EINTR) continue;
      return refused("wait for git", errno);
    }
    running_.erase(running_.begin());
    failed = failed || !WIFEXITED(status) || WEXITSTATUS(status) != 0;
  }
  if (!failed) return {};
  const std::string said = shown(complaint_);
  return Error{ErrorCode::kCorrupt,
               fmt::format("{}: git cannot read it{}{}", git_dir_, said.empty() ? "" : ": ", said)};
}

}  // namespace bellwether

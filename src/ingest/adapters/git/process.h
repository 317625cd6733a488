// SPDX-License-Identifier: Apache-2.0
// Runs the git program on a repository that nobody vouches for, and reads what it prints.
//
// A repository carries its own configuration, and some settings name programs to run. So: no shell,
// arguments as a list; only commands that read objects and refs, and none that shows a log, a diff
// or a work tree (which may run gpg, filters and monitors); an environment made here, without the
// operator's configuration; every protocol forbidden, so that a clone with missing objects cannot
// have them fetched by a program of its choice; no hooks, no replacement of objects.
#pragma once
#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "ingest/input.h"

namespace bellwether {

// A descriptor that is closed when it goes.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() { reset(); }
  Descriptor(Descriptor&& other) noexcept : value_(other.value_) { other.value_ = -1; }
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  int get() const { return value_; }
  void reset();

 private:
  int value_ = -1;
};

// One git command, or several of which each reads what the one before prints. The stream is what
// the last one prints; it ends with an error where any of them failed. Whoever lets go of the
// stream before its end ends the commands.
class GitCommands final : public ByteStream {
 public:
  // Each of `commands` is the arguments behind `git`; `git_dir` is the folder (or `.git` file) that
  // holds the repository.
  // kUnsupported: there is no git program. kIo: the system refused.
  static Result<std::unique_ptr<GitCommands>> start(
      const std::string& git_dir, const std::vector<std::vector<std::string>>& commands);
  ~GitCommands() override;
  GitCommands(const GitCommands&) = delete;
  GitCommands& operator=(const GitCommands&) = delete;

  // kCorrupt: git failed; the message has the first line that it complained with.
  Result<size_t> read(char* buffer, size_t size) override;

 private:
  GitCommands() = default;

  Result<void> spawn(const std::string& git_dir, const std::vector<std::string>& command, int input,
                     int output, int complaints);
  void take_complaints();
  Result<void> wait_for_all();

  std::string git_dir_;
  std::vector<pid_t> running_;
  Descriptor output_;
  Descriptor complaints_;
  std::string complaint_;  // the beginning of what was written to standard error
  bool ended_ = false;
  Result<void> outcome_;
};

}  // namespace bellwether

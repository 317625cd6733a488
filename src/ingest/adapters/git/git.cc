// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/git/git.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

#include "ingest/adapters/git/commit.h"
#include "ingest/adapters/git/mailmap.h"
#include "ingest/adapters/git/mapping.h"
#include "ingest/adapters/git/process.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

constexpr size_t kCandidatesMax = 1000;  // clones in one folder
constexpr size_t kMailmapBytesMax = 16 << 20;
constexpr size_t kRemoteBytesMax = 4096;

// Refs that are nobody's published work: shelved changes, notes on commits, and what git keeps for
// itself. What they share with branches is read all the same.
constexpr const char* kRefsLeftOut[] = {"refs/stash",      "refs/notes/*",  "refs/replace/*",
                                        "refs/original/*", "refs/bisect/*", "refs/prefetch/*"};

struct Clone {
  std::string folder;   // of the clone, below the input: "", "kiln", "kiln.git"
  std::string git_dir;  // of the repository, below the input; a folder, or a file that names one
};

bool is_head(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  while (text.ends_with('\r') || text.ends_with(' ')) text.remove_suffix(1);
  return is_git_hash(text) || text.starts_with("ref: refs/") || text.starts_with("ref:refs/");
}

bool is_config(std::string_view text) {
  return text.find("[core]") != std::string_view::npos &&
         text.find("repositoryformatversion") != std::string_view::npos;
}

// The clones at the top of the input, or one folder below. Where the top itself is one, what lies
// below is its work tree.
std::vector<Clone> find_clones(const std::vector<Member>& members,
                               const std::function<std::string_view(size_t)>& head) {
  const auto member_called = [&](const std::string& name) {
    const auto at = std::lower_bound(
        members.begin(), members.end(), name,
        [](const Member& member, const std::string& wanted) { return member.name < wanted; });
    return at != members.end() && at->name == name ? static_cast<size_t>(at - members.begin())
                                                   : members.size();
  };
  const auto holds = [&](const std::string& name, bool (*fits)(std::string_view)) {
    const size_t member = member_called(name);
    return member < members.size() && fits(head(member));
  };
  const auto names_folder = [](std::string_view text) { return text.starts_with("gitdir: "); };
  const auto look_in = [&](const std::string& folder, std::vector<Clone>& found) {
    const std::string below = folder.empty() ? "" : folder + "/";
    if (holds(below + ".git/HEAD", is_head) || holds(below + ".git", names_folder)) {
      found.push_back({folder, below + ".git"});
    } else if (holds(below + "HEAD", is_head) && holds(below + "config", is_config)) {
      found.push_back({folder, folder});
    }
  };
  std::vector<Clone> found;
  look_in("", found);
  if (!found.empty()) return found;
  std::string last;
  for (const Member& member : members) {
    const size_t slash = member.name.find('/');
    if (slash == std::string::npos) continue;
    std::string_view rest = std::string_view(member.name).substr(slash + 1);
    if (rest != "HEAD" && rest != ".git" && rest != ".git/HEAD") continue;
    const std::string folder = member.name.substr(0, slash);
    if (folder == last) continue;
    last = folder;
    look_in(folder, found);
    if (found.size() == kCandidatesMax) break;
  }
  return found;
}

class GitAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo{
        "git",
        "the history of a git clone, or of each clone in a folder",
        {Verb::kPost, Verb::kMention, Verb::kReview, Verb::kAdopt, Verb::kUndo},
        1};
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    const std::vector<Clone> clones =
        find_clones(sample.members(), [&](size_t member) { return sample.head(member); });
    if (clones.empty()) return Likeness::kNo;
    return clones.front().folder.empty() ? Likeness::kCertain : Likeness::kLikely;
  }

  Result<void> read(Input& input, const ReadOptions& /*options*/, EventSink& sink) const override {
    std::string kept;
    const std::vector<Clone> clones =
        find_clones(input.members(), [&](size_t member) -> std::string_view {
          const Result<std::unique_ptr<ByteStream>> stream = input.open(member);
          kept.assign(kHeadBytes, '\0');
          Result<size_t> got = size_t{0};
          if (stream.ok()) got = (*stream)->read(kept.data(), kept.size());
          kept.resize(got.ok() ? *got : 0);
          return kept;
        });
    if (clones.empty()) {
      return Error{
          ErrorCode::kUnusable,
          fmt::format("{}: is no clone: there is no .git, nor HEAD beside config", input.path())};
    }
    std::error_code error;
    if (!fs::is_directory(input.path(), error)) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{}: holds a clone, which git reads only from a folder; unpack it "
                               "and give that",
                               input.path())};
    }
    LeftAloneCounts left_alone(sink);
    Result<void> outcome;
    for (const Clone& clone : clones) {
      Result<void> done = read_clone(input, clone, left_alone, sink);
      if (done.ok()) continue;
      // One of several that git cannot read leaves the others good.
      const ErrorCode code = done.error().code;
      const bool its_own = code == ErrorCode::kCorrupt || code == ErrorCode::kUnusable;
      if (clones.size() == 1 || !its_own) return done;
      if (outcome.ok()) outcome = Error{ErrorCode::kCorrupt, done.error().message};
    }
    return outcome;
  }

 private:
  static Result<void> read_clone(Input& input, const Clone& clone, LeftAloneCounts& left_alone,
                                 EventSink& sink) {
    const std::string root = input.path().ends_with('/') ? input.path() : input.path() + "/";
    const std::string git_dir = clone.git_dir.empty() ? input.path() : root + clone.git_dir;
    // Both may be missing, and git then says so by failing.
    BW_ASSIGN(const std::string mailmap,
              output_of(git_dir, {"cat-file", "blob", "HEAD:.mailmap"}, kMailmapBytesMax));
    BW_ASSIGN(std::string remote,
              output_of(git_dir, {"config", "--get", "remote.origin.url"}, kRemoteBytesMax));
    remote.resize(std::min(remote.find('\n'), remote.size()));
    GitMapper mapper(
        Mailmap::parse(mailmap),
        repository_topic(remote, fs_name(clone.folder.empty() ? input.path() : clone.folder)), sink,
        left_alone);

    std::vector<std::string> list{"rev-list", "--reverse"};
    for (const char* refs : kRefsLeftOut) list.push_back(fmt::format("--exclude={}", refs));
    list.emplace_back("--all");
    BW_ASSIGN(const std::unique_ptr<GitCommands> git,
              GitCommands::start(git_dir, {list, {"cat-file", "--batch", "--buffer"}}));
    GitObjectReader reader(*git, input.limits());
    GitObjectReader::Object object;
    Result<void> outcome;
    uint64_t commits = 0;
    for (;;) {
      const Result<bool> more = reader.next(object);
      if (!more.ok()) {
        outcome = more.error();
        break;
      }
      if (!*more) break;
      ++commits;
      BW_TRY(mapper.commit(object));
    }
    BW_TRY(mapper.finish());
    if (outcome.ok() && commits == 0) {
      return Error{ErrorCode::kUnusable, fmt::format("{}: holds no commits yet", git_dir)};
    }
    return outcome;
  }

  // What a command prints, nothing where it fails or prints more than `bytes_max`.
  static Result<std::string> output_of(const std::string& git_dir,
                                       const std::vector<std::string>& command, size_t bytes_max) {
    BW_ASSIGN(const std::unique_ptr<GitCommands> git, GitCommands::start(git_dir, {command}));
    std::string out;
    while (out.size() <= bytes_max) {
      const size_t old = out.size();
      out.resize(old + (64 << 10));
      const Result<size_t> got = git->read(out.data() + old, 64 << 10);
      if (!got.ok() && got.error().code != ErrorCode::kCorrupt) return got.error();
      if (!got.ok()) return std::string();
      out.resize(old + *got);
      if (*got == 0) return out;
    }
    return std::string();
  }

  // The last part of a path, also of "." and "clone/".
  static std::string fs_name(const std::string& path) {
    std::error_code error;
    const fs::path whole = fs::weakly_canonical(path, error);
    if (error) return path;
    return whole.filename().string() == ".git" ? whole.parent_path().filename().string()
                                               : whole.filename().string();
  }
};

}  // namespace

const Adapter& git_adapter() {
  static const GitAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether

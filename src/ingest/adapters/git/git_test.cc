// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/git/git.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/adapter_testing.h"
#include "ingest/adapters/git/commit.h"
#include "ingest/adapters/git/mailmap.h"
#include "ingest/adapters/git/mapping.h"
#include "ingest/adapters/git/process.h"
#include "ingest/left_alone.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kHash = "0123456789abcdef0123456789abcdef01234567";
const std::string kFixture = "src/ingest/adapters/git/fixtures/pottery.git";
const std::string kSource = "src/ingest/adapters/git/pottery.fast-import";

// A folder that goes when this does.
class Folder {
 public:
  Folder() {
    std::string made = (fs::temp_directory_path() / "bellwether-git-XXXXXX").string();
    path_ = ::mkdtemp(made.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  std::string path(std::string_view below = {}) const {
    return below.empty() ? path_.string() : (path_ / below).string();
  }
  void write(std::string_view name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
  }

 private:
  fs::path path_;
};

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

// Runs a line of shell, with a git that knows nothing of this machine; returns what it prints.
std::string shell(const std::string& line) {
  const std::string whole =
      "unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE; export GIT_CONFIG_NOSYSTEM=1 "
      "GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=Ana "
      "GIT_AUTHOR_EMAIL=ana@pottery.example GIT_AUTHOR_DATE='1457000000 +0100' "
      "GIT_COMMITTER_NAME=Ana GIT_COMMITTER_EMAIL=ana@pottery.example "
      "GIT_COMMITTER_DATE='1457000000 +0100'; " +
      line;
  std::FILE* pipe = ::popen(whole.c_str(), "r");
  if (pipe == nullptr) return "popen failed";
  std::string out;
  char buffer[4096];
  for (size_t got = 0; (got = std::fread(buffer, 1, sizeof buffer, pipe)) > 0;) {
    out.append(buffer, got);
  }
  const int status = ::pclose(pipe);
  EXPECT_EQ(status, 0) << line;
  return out;
}

// A clone with a work tree, made from the source of the fixture.
void make_clone(const std::string& path) {
  shell(
      fmt::format("git init -q -b main '{0}' && git --git-dir='{0}/.git' fast-import --quiet < {1}",
                  path, kSource));
}

std::string read_clone(const std::string& path, const InputLimits& limits = {}) {
  const Result<std::unique_ptr<Input>> input = open_input(path, limits);
  if (!input.ok()) return input.error().message;
  const Result<const Adapter*> found = detect_adapter(**input);
  EXPECT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ(found.ok() ? (*found)->info().name : "", "git");
  return events_text(git_adapter(), **input, {});
}

std::string test_hash(uint64_t number) { return fmt::format("{:08x}{:032x}", number, number); }

// What commits give, with their hashes written H1, H2 and so on;
std::string map_commits(const std::vector<std::string>& commits, std::string_view mailmap = {}) {
  CollectingSink sink;
  {
    LeftAloneCounts left_alone(sink);
    GitMapper mapper(Mailmap::parse(mailmap), {}, sink, left_alone);
    GitObjectReader::Object object;
    for (const std::string& commit : commits) {
      ++object.number;
      const std::string hash = test_hash(object.number);
      object.hash = hash;
      object.bytes = commit;
      EXPECT_TRUE(mapper.commit(object).ok());
    }
    EXPECT_TRUE(mapper.finish().ok());
  }
  std::string text = sink.text();
  for (size_t number = 1; number <= commits.size(); ++number) {
    const std::string hash = "git:" + test_hash(number);
    for (size_t at = 0; (at = text.find(hash, at)) != std::string::npos;) {
      text.replace(at, hash.size(), fmt::format("H{}", number));
    }
  }
  return text;
}

std::string commit_by(std::string_view author, std::string_view message,
                      std::string_view committer = "Ana <ana@x.example> 1457000100 +0000") {
  return fmt::format("tree {}\nauthor {}\ncommitter {}\n\n{}", kHash, author, committer, message);
}
const std::string kAna = "Ana <ana@x.example> 1457000000 +0000";

TEST(GitFixture, IsWhatItsSourceMakes) {
  const Folder folder;
  make_clone(folder.path("pottery"));
  EXPECT_EQ(read_clone(folder.path("pottery")),
            read_file("src/ingest/adapters/git/fixtures/pottery.events"));
}

TEST(GitClone, IsFoundBareInAWorkTreeAndOneFolderBelow) {
  const Folder folder;
  make_clone(folder.path("a/pottery"));
  const std::string expected = read_clone(folder.path("a/pottery"));
  EXPECT_THAT(expected, HasSubstr("git:ana@pottery.example post git:"));
  EXPECT_EQ(read_clone(folder.path("a/pottery/.git")), expected);

  // A second work tree has a file in the place of the folder.
  shell(fmt::format("git --git-dir='{}' worktree add -q --detach '{}' main",
                    folder.path("a/pottery/.git"), folder.path("tree/pottery")));
  ASSERT_TRUE(fs::is_regular_file(folder.path("tree/pottery/.git")));
  EXPECT_EQ(read_clone(folder.path("tree/pottery")), expected);

  folder.write("a/notes.txt", "not a clone");
  fs::copy(kFixture, folder.path("a/bare.git"), fs::copy_options::recursive);
  const std::string both = read_clone(folder.path("a"));
  EXPECT_THAT(both, HasSubstr(" 1 pottery public git:"));
  EXPECT_THAT(both, HasSubstr(" 1 bare public git:"));
}

TEST(GitClone, OtherFoldersAreNone) {
  const Folder folder;
  folder.write("HEAD", "ref: refs/heads/main\n");
  folder.write("config", "colour = blue\n");
  folder.write("below/deeper/.git/HEAD", "ref: refs/heads/main\n");
  folder.write("below/.git/HEAD", "HEAD of the department\n");
  const std::unique_ptr<Input> input = open_input(folder.path(), {}).value();
  EXPECT_FALSE(detect_adapter(*input).ok());
  EXPECT_THAT(events_text(git_adapter(), *input, {}), HasSubstr("error kUnusable"));
}

TEST(GitClone, OneInAnArchiveHasToBeUnpacked) {
  const Folder folder;
  make_clone(folder.path("pottery"));
  shell(fmt::format("tar -C '{0}' -cf '{0}/pottery.tar' pottery", folder.path()));
  EXPECT_THAT(read_clone(folder.path("pottery.tar")),
              HasSubstr("error kUnusable " + folder.path("pottery.tar") +
                        ": holds a clone, which git reads only from a folder"));
}

TEST(GitClone, WithoutCommitsHasNothingToSay) {
  const Folder folder;
  shell(fmt::format("git init -q '{}'", folder.path()));
  EXPECT_THAT(read_clone(folder.path()),
              HasSubstr("error kUnusable " + folder.path(".git") + ": holds no commits yet"));
}

TEST(GitClone, ThatIsDamagedSaysSoInGitsWords) {
  const Folder folder;
  make_clone(folder.path("pottery"));
  // The tip of the branch points to nothing.
  folder.write("pottery/.git/refs/heads/main", std::string(kHash) + "\n");
  folder.write("pottery/.git/packed-refs", "");
  EXPECT_THAT(
      read_clone(folder.path("pottery")),
      HasSubstr("error kCorrupt " + folder.path("pottery/.git") + ": git cannot read it: "));
  folder.write("pottery/.git/config", "[core]\n\trepositoryformatversion = 99\n");
  EXPECT_THAT(read_clone(folder.path("pottery")), HasSubstr(": Expected git repo version"));
}

TEST(GitClone, LongCommitsAreToldAndPassedOver) {
  const Folder folder;
  shell(
      fmt::format("cd '{}' && git init -q && git commit -q --allow-empty -m short && head -c "
                  "100000 /dev/zero | tr '\\0' x | git commit -q --allow-empty -F - && "
                  "git commit -q --allow-empty -m third",
                  folder.path()));
  InputLimits limits;
  limits.record_bytes_max = 4096;
  const std::string text = read_clone(folder.path(), limits);
  EXPECT_THAT(text, HasSubstr("\nreject 2 commit is longer than the limit\n3 2016-"));
}

// A clone that names programs to run wherever git lets a repository do so. None may be run.
TEST(GitClone, RunsNoProgramThatItNames) {
  const Folder folder;
  make_clone(folder.path("pottery"));
  const std::string marker = folder.path("it-ran");
  folder.write("evil.sh", fmt::format("#!/bin/sh\necho \"$0 $*\" >> '{}'\nexit 1\n", marker));
  fs::permissions(folder.path("evil.sh"), fs::perms::owner_all);
  const std::string evil = folder.path("evil.sh");
  const std::string git_dir = folder.path("pottery/.git");
  folder.write("pottery/.git/config",
               fmt::format("[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
                           "\tfsmonitor = {0}\n\tpager = {0}\n\tsshCommand = {0}\n\teditor = {0}\n"
                           "\thooksPath = {1}\n\tgitProxy = {0}\n\talternateRefsCommand = {0}\n"
                           "[extensions]\n\tpartialClone = origin\n"
                           "[remote \"origin\"]\n\turl = ext::{0}\n\tpromisor = true\n"
                           "\tpartialclonefilter = tree:0\n"
                           "[protocol]\n\tallow = always\n[protocol \"ext\"]\n\tallow = always\n"
                           "[log]\n\tshowSignature = true\n[gpg]\n\tprogram = {0}\n"
                           "[diff]\n\texternal = {0}\n[pager]\n\trev-list = {0}\n\tcat-file = {0}\n"
                           "[alias]\n\trev-list = !{0}\n[interactive]\n\tdiffFilter = {0}\n"
                           "[mailmap]\n\tfile = {0}\n[trailer \"x\"]\n\tcommand = {0}\n",
                           evil, folder.path("hooks")));
  EXPECT_THAT(read_clone(folder.path("pottery")), HasSubstr("git:ana@pottery.example post "));
  EXPECT_FALSE(fs::exists(marker)) << read_file(marker);

  // An object that is missing would be fetched through the remote, and its transport is a program.
  folder.write("pottery/.git/refs/heads/missing", std::string(kHash) + "\n");
  EXPECT_THAT(read_clone(folder.path("pottery")), HasSubstr("error kCorrupt"));
  EXPECT_FALSE(fs::exists(marker)) << read_file(marker);
  // A git that is not held back does run it, so the trap is a trap.
  shell(fmt::format("git --git-dir='{}' rev-list --all >/dev/null 2>&1; true", git_dir));
  EXPECT_TRUE(fs::exists(marker));
}

TEST(GitClone, NeedsTheGitProgramAndSaysSo) {
  const Folder folder;
  make_clone(folder.path("pottery"));
  const std::string path = std::getenv("PATH");
  ::setenv("PATH", folder.path("nowhere").c_str(), 1);
  const std::string text = read_clone(folder.path("pottery"));
  ::setenv("PATH", path.c_str(), 1);
  EXPECT_EQ(text,
            "error kUnsupported there is no git program to read a clone with; install it: apt "
            "install git\n");
}

TEST(GitCommands, EndWhenTheirStreamIsLetGo) {
  // Prints without end were it not for the one who reads.
  Result<std::unique_ptr<GitCommands>> git = GitCommands::start(
      kFixture,
      {{"cat-file", "--batch-all-objects", "--batch"}, {"hash-object", "--stdin", "-t", "blob"}});
  ASSERT_TRUE(git.ok());
  git->reset();
  // No child is left behind: waiting for any finds none.
  EXPECT_EQ(::waitpid(-1, nullptr, WNOHANG), -1);
}

TEST(GitCommands, AnErrorOfTheFirstOfTwoIsAnErrorOfBoth) {
  const Result<std::unique_ptr<GitCommands>> git =
      GitCommands::start(kFixture, {{"rev-list", "nosuchbranch"}, {"cat-file", "--batch"}});
  ASSERT_TRUE(git.ok());
  char buffer[16];
  const Result<size_t> got = (*git)->read(buffer, sizeof buffer);
  ASSERT_FALSE(got.ok());
  EXPECT_EQ(got.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(got.error().message, HasSubstr("nosuchbranch"));
}

TEST(GitCommit, ADateOrAnIdentThatIsNoneRejectsTheCommit) {
  const auto reason = [&](std::string_view author) {
    const std::string text = map_commits({commit_by(author, "x\n")});
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(reason(kAna), "1 2016-03-03T10:13:20Z git:ana@x.example post H1 - - 1 - public H1");
  EXPECT_THAT(reason("Ana <ana@x.example> 0 +0000"), HasSubstr("1 1970-01-01T00:00:00Z "));
  EXPECT_THAT(reason("Ana <ana@x.example> 7258118399 +0000"), HasSubstr("1 2199-12-31T23:59:59Z "));
  // Odd zones change nothing: the count is one of seconds in UTC.
  for (const std::string_view zone : {" -0830", " +51800", " -2400", " elsewhere", ""}) {
    EXPECT_THAT(reason(fmt::format("Ana <ana@x.example> 1457000000{}", zone)),
                HasSubstr("1 2016-03-03T10:13:20Z "))
        << zone;
  }
  const std::string_view kNoTime = "reject 1 author's time is not an instant from 1970 to 2199";
  EXPECT_EQ(reason("Ana <ana@x.example> -1 +0000"), kNoTime);
  EXPECT_EQ(reason("Ana <ana@x.example> 7258118400 +0000"), kNoTime);
  EXPECT_EQ(reason("Ana <ana@x.example> 99999999999999999999999 +0000"), kNoTime);
  EXPECT_EQ(reason("Ana <ana@x.example> 1457000000x +0000"), kNoTime);
  EXPECT_EQ(reason("Ana <ana@x.example>"), kNoTime);
  EXPECT_EQ(reason("Ana 1457000000 +0000"), "reject 1 author has no address in angle brackets");
  EXPECT_EQ(reason("Ana <ana@x.example 1457000000"),
            "reject 1 author has no address in angle brackets");
  EXPECT_EQ(reason(""), "reject 1 commit has no author");
  for (const std::string_view address : {"", " ", "a\tb", "\xff@x.example"}) {
    EXPECT_EQ(reason(fmt::format("Ana <{}> 1457000000 +0000", address)),
              "reject 1 author has no usable address")
        << address;
  }
  EXPECT_EQ(reason(fmt::format("Ana <{}> 1457000000 +0000", std::string(513, 'a'))),
            "reject 1 author has no usable address");
  EXPECT_THAT(map_commits({commit_by(kAna, "x", "Ana <> 1 +0000")}),
              HasSubstr("reject 1 committer has no usable address"));
  EXPECT_THAT(map_commits({commit_by(kAna, "x", "Ana <a@x> soon")}),
              HasSubstr("reject 1 committer's time is not"));
  EXPECT_THAT(map_commits({commit_by(kAna, "x", "Ana")}),
              HasSubstr("reject 1 committer has no address"));
  EXPECT_THAT(map_commits({"tree x\nauthor " + kAna + "\n\nx"}),
              HasSubstr("reject 1 commit has no committer"));
  EXPECT_THAT(map_commits({""}), HasSubstr("reject 1 commit has no author"));
}

TEST(GitCommit, NamesAreConvertedAndThoseThatCannotBeAreLeftOut) {
  const std::string latin =
      "tree x\nauthor Ren\xe9 <rene@x.example> 1457000000 +0000\n"
      "committer Ren\xe9 <rene@x.example> 1457000000 +0000\n";
  EXPECT_THAT(map_commits({latin + "encoding ISO-8859-1\n\n\xdc"}),
              HasSubstr("profile git:rene@x.example Ren\xc3\xa9 "));
  EXPECT_THAT(map_commits({latin + "\n\xdc"}), HasSubstr("profile git:rene@x.example - "));
  EXPECT_THAT(map_commits({latin + "encoding nosuch\n\nx"}),
              HasSubstr("profile git:rene@x.example - "));
}

TEST(GitCommit, ASignatureIsNoHeader) {
  const std::string text =
      map_commits({fmt::format("tree {}\nparent {}\nauthor {}\ncommitter {}\ngpgsig -----BEGIN\n "
                               "author Eve <eve@x> 1 +0000\n"
                               " -----END\n\nx",
                               kHash, kHash, kAna, kAna)});
  EXPECT_THAT(text, HasSubstr("git:ana@x.example post H1"));
  EXPECT_THAT(text, Not(HasSubstr("eve")));
}

TEST(GitTrailers, AreThoseOfTheLastParagraphOnly) {
  const auto tokens = [](std::string_view message) {
    std::vector<std::string> out;
    for (const GitTrailer& trailer : trailers_of(message)) {
      out.push_back(trailer.token + "=" + trailer.value);
    }
    return out;
  };
  EXPECT_THAT(tokens("t\n\nAcked-by: A <a@x>\nTested-by : B\n  <b@x>\n"),
              ElementsAre("acked-by=A <a@x>", "tested-by=B <b@x>"));
  EXPECT_THAT(tokens("Acked-by: A <a@x>\n"), IsEmpty());
  EXPECT_THAT(tokens("t\n\nAcked-by: A <a@x>\n\nmore\n"), IsEmpty());
  EXPECT_THAT(tokens("t\n\ntext\nAcked-by: A <a@x>\n"), IsEmpty());
  EXPECT_THAT(tokens("t\n\ntext\nSigned-off-by: A <a@x>\n"), ElementsAre("signed-off-by=A <a@x>"));
  EXPECT_THAT(tokens("t\n\na\nb\nc\nd\nSigned-off-by: A <a@x>\n"), IsEmpty());
  EXPECT_THAT(tokens(""), IsEmpty());
  EXPECT_THAT(tokens("\n\n"), IsEmpty());
}

TEST(GitTrailers, AgreeWithGitsOwnReading) {
  const std::vector<std::string> lines{"Reviewed-by: Ana <ana@x>",
                                       "Signed-off-by: Bo <bo@x>",
                                       "acked-BY:Cy <cy@x>",
                                       "Reported-by : Dara <d@x>",
                                       "  of the pottery",
                                       "\tand more",
                                       "plain text",
                                       "a word: text",
                                       "(cherry picked from commit 0123)",
                                       "",
                                       "",
                                       " ",
                                       "# a remark",
                                       "Link: https://x.example/1",
                                       ": nothing before",
                                       "Empty:"};
  std::mt19937_64 random(20310502);
  const Folder folder;
  std::string script;
  std::vector<std::string> messages;
  for (int round = 0; round < 400; ++round) {
    std::string message = "title\n";
    const size_t count = random() % 12;
    for (size_t i = 0; i < count; ++i) message += lines[random() % lines.size()] + "\n";
    folder.write(std::to_string(round), message);
    messages.push_back(std::move(message));
  }
  // One trailer a line, and a line of dots behind each message.
  const std::string all = shell(fmt::format(
      "cd '{}' && for i in $(seq 0 399); do git interpret-trailers --only-trailers --only-input "
      "--unfold --no-divider $i; echo ...; done",
      folder.path()));
  size_t at = 0;
  size_t found = 0;
  for (const std::string& message : messages) {
    const size_t end = all.find("...\n", at);
    ASSERT_NE(end, std::string::npos);
    std::string expected;
    for (std::string rest = all.substr(at, end - at); !rest.empty();) {
      const std::string line = rest.substr(0, rest.find('\n'));
      rest.erase(0, line.size() + 1);
      const size_t colon = line.find(':');
      std::string value = line.substr(colon + 1);
      value.erase(0, value.find_first_not_of(' '));
      expected += lower_case(line.substr(0, colon)) + "=" + value + "\n";
      ++found;
    }
    std::string actual;
    for (const GitTrailer& trailer : trailers_of(message)) {
      actual += trailer.token + "=" + trailer.value + "\n";
    }
    EXPECT_EQ(actual, expected) << message;
    at = end + 4;
  }
  EXPECT_GT(found, 100U);
}

TEST(Mailmap, AgreesWithGitsOwnReading) {
  const std::string text =
      "# who is who\n"
      "Ana Kiln <ana@x.example>\n"
      "<bo@x.example> <bo@old.example>\n"
      "Cy Raku <cy@x.example> <cy@old.example>\n"
      "Dara K <dara@x.example> D <shared@x.example>\n"
      "Eve <eve@x.example> E <shared@x.example>\n"
      "Shared Desk <desk@x.example> <shared@x.example>\n"
      "  Finn  F <FINN@X.example>  <Finn@Old.example>\n"
      "Gil <gil@x.example> <>\n"
      "no address here\n"
      "Hal <hal@x.example\n"
      "<> <empty@x.example>\n"
      "Ana K. <ana@x.example>\n";
  const Folder folder;
  folder.write("map", text);
  std::vector<std::pair<std::string, std::string>> people;
  for (const char* name : {"Ana", "D", "e", "Somebody Else"}) {
    for (const char* address :
         {"ana@x.example", "ANA@x.example", "bo@old.example", "cy@OLD.example", "shared@x.example",
          "finn@old.example", "hal@x.example", "empty@x.example", "nobody@x.example"}) {
      people.emplace_back(name, address);
    }
  }
  std::string asked;
  for (const auto& [name, address] : people) asked += fmt::format("{} <{}>\n", name, address);
  folder.write("asked", asked);
  const std::string answers =
      shell(fmt::format("git --git-dir={} -c mailmap.file='{}' check-mailmap --stdin < '{}'",
                        kFixture, folder.path("map"), folder.path("asked")));
  const Mailmap mailmap = Mailmap::parse(text);
  std::string ours;
  std::string theirs;
  for (size_t at = 0; at < answers.size();) {
    const std::string line = answers.substr(at, answers.find('\n', at) - at);
    at += line.size() + 1;
    const size_t left = line.find('<');
    theirs += line.substr(0, left) + lower_case(line.substr(left)) + "\n";
  }
  for (const auto& [name, address] : people) {
    const GitPerson person = mailmap.resolve(name, address);
    ours += fmt::format("{} <{}>\n", person.name, person.address);
  }
  EXPECT_EQ(ours, theirs);
}

TEST(GitMapping, TheMailmapHoldsForTrailersToo) {
  const std::string text = map_commits(
      {commit_by(kAna, "x\n\nReviewed-by: B <BO@old.example>\nTested-by: Bo <bo@x.example>\n")},
      "Bo Lee <bo@x.example> <bo@old.example>\n");
  EXPECT_THAT(text, HasSubstr("git:bo@x.example review H1 git:ana@x.example"));
  EXPECT_EQ(text.find(" review "), text.rfind(" review ")) << "one person, one review";
}

TEST(GitMapping, ARevertWithdrawsOnlyWhatItsAuthorDid) {
  const std::string bo = "Bo <bo@x.example> 1457000000 +0000";
  const std::string cy = "Cy <cy@x.example> 1457000000 +0000";
  const auto reverts = [](uint64_t number) {
    return fmt::format("Revert\n\nThis reverts commit {}.\n", test_hash(number));
  };
  // 1 is Bo's and taken in by Ana.
  const auto last = [&](const std::string& commit) {
    const std::string text = map_commits({commit_by(bo, "x"), commit});
    std::string out;
    for (size_t at = 0; at < text.size();) {
      const std::string line = text.substr(at, text.find('\n', at) - at);
      at += line.size() + 1;
      if (line.find(" undo ") != std::string::npos || line.find(" revert ") != std::string::npos) {
        out += line + "\n";
      }
    }
    return out;
  };
  EXPECT_EQ(last(commit_by(kAna, reverts(1))),
            "2 2016-03-03T10:13:20Z git:ana@x.example undo H1#committed - - 1 - public H2\n");
  EXPECT_EQ(last(commit_by(bo, reverts(1))),
            "2 2016-03-03T10:13:20Z git:bo@x.example undo H1 - - 1 - public H2\n");
  EXPECT_EQ(last(commit_by(cy, reverts(1))), "left alone 1 revert of somebody else's commit\n");
  EXPECT_EQ(last(commit_by(cy, reverts(7))), "left alone 1 revert of a commit that is not here\n");
  EXPECT_EQ(last(commit_by(cy, "x\n\n> This reverts commit 12.\nThis reverts commit 12345.\n")),
            "");
  // What is put back is in use again.
  EXPECT_THAT(
      map_commits({commit_by(bo, "x"), commit_by(cy, reverts(1)), commit_by(kAna, reverts(2))}),
      HasSubstr("git:ana@x.example adopt H1 git:bo@x.example - 1 - public H3\n"));
}

TEST(GitMapping, OnlyAMergeThatTakesSomethingInIsAdoption) {
  const auto merge = [&](std::string_view message) {
    return map_commits(
        {fmt::format("tree x\nparent {0}\nparent {0}\nparent {0}\nauthor "
                     "{1}\ncommitter {1}\n\n{2}\n",
                     kHash, kAna, message)});
  };
  for (const std::string_view taking :
       {"Merge branch 'glaze'", "Merge pull request #3 from bo/glaze", "Glaze",
        "Merge branch 'main' of https://x.example/kiln", "Merge branch 'glaze' into main",
        "Merge branch 'glaze' into 'main'"}) {
    const std::string text = merge(taking);
    EXPECT_THAT(text,
                HasSubstr(fmt::format("git:ana@x.example adopt git:{} - - 1 - public H1", kHash)))
        << taking;
  }
  for (const std::string_view catching_up :
       {"Merge branch 'main' into glaze", "Merge remote-tracking branch 'origin/master' into glaze",
        "Merge branch 'main' of https://x.example/kiln into glaze"}) {
    const std::string text = merge(catching_up);
    EXPECT_THAT(text, Not(HasSubstr(" adopt "))) << catching_up;
    EXPECT_THAT(text, HasSubstr("left alone 1 merge of the main line into a branch"));
  }
}

TEST(GitMapping, ARepositoryIsCalledByItsRemoteElseByItsFolder) {
  EXPECT_EQ(repository_topic("https://x.example/Potters/kiln.git", "clone"), "potters/kiln");
  EXPECT_EQ(repository_topic("https://ana:secret@x.example/potters/kiln/", "clone"),
            "potters/kiln");
  EXPECT_EQ(repository_topic("git@x.example:potters/kiln.git", "clone"), "potters/kiln");
  EXPECT_EQ(repository_topic("ssh://git@x.example:22/deep/potters/kiln", "clone"), "potters/kiln");
  EXPECT_EQ(repository_topic("x.example:kiln.git", "clone"), "kiln");
  EXPECT_EQ(repository_topic("https://x.example", "clone"), "");
  EXPECT_EQ(repository_topic("/srv/git/kiln.git", "Clone.git"), "clone");
  EXPECT_EQ(repository_topic("file:///srv/git/kiln.git", "clone"), "clone");
  EXPECT_EQ(repository_topic("", "My Kiln"), "my-kiln");
  EXPECT_EQ(repository_topic("", ""), "");
  EXPECT_EQ(repository_topic("://", "."), "");
}

TEST(GitObjects, AreSplitByTheirLengths) {
  const auto split = [](std::string text, size_t limit = 1000) {
    MemoryStream stream(std::make_shared<const std::string>(std::move(text)));
    InputLimits limits;
    limits.record_bytes_max = limit;
    GitObjectReader reader(stream, limits);
    GitObjectReader::Object object;
    std::string out;
    for (;;) {
      const Result<bool> more = reader.next(object);
      if (!more.ok()) return out + more.error().message;
      if (!*more) return out;
      out += fmt::format("{}[{}{}] ", object.number, object.bytes, object.problem);
    }
  };
  const std::string h(kHash);
  EXPECT_EQ(split(h + " commit 3\na\nb\n" + h + " commit 0\n\n"), "1[a\nb] 2[] ");
  EXPECT_EQ(split(h + " missing\n" + h + " commit 1\nx\n"),
            "1[commit is missing from the clone] 2[x] ");
  EXPECT_EQ(split(h + " commit 5\nabcde\n" + h + " commit 1\nx\n", 4),
            "1[commit is longer than the limit] 2[x] ");
  EXPECT_EQ(split(h + " commit 4\nabcd\n", 4), "1[abcd] ");
  EXPECT_EQ(split(h + " blob 1\nx\n"), "1[object is not a commit] ");
  EXPECT_EQ(split(h + " commit 9\nx\n"), "git ended in the middle of a commit");
  EXPECT_EQ(split(h), "git ended in the middle of a commit");
  EXPECT_EQ(split(h + " commit x\n"), "git prints what is no object");
  EXPECT_EQ(split("\n"), "git prints what is no object");
  EXPECT_EQ(split(""), "");
}

// Whatever repository these sources lie in, every commit of it is accounted for.
TEST(GitClone, ThatOfTheseSourcesIsReadWhole) {
  if (!fs::exists(".git")) {
    fmt::print("skipped: these sources are no clone\n");
    GTEST_SKIP();
  }
  const std::string commits = shell(
      "git -c safe.directory='*' rev-list --exclude=refs/stash --exclude='refs/notes/*' --all "
      "--count");
  if (std::stoull(commits) == 0) {
    fmt::print("skipped: the clone has no commits yet\n");
    GTEST_SKIP();
  }
  CollectingSink sink;
  const std::unique_ptr<Input> input = open_input(".", {}).value();
  const Result<void> result = git_adapter().read(*input, {}, sink);
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(sink.rejects(), 0U);
  EXPECT_GE(sink.events(Verb::kPost), std::stoull(commits));
  // The last record is the last commit.
  EXPECT_THAT(sink.text(), HasSubstr(fmt::format("\n{} ", std::stoull(commits))));
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/input.h"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <random>
#include <string>
#include <thread>

#include "ingest/streams.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using namespace std::string_literals;

// A folder that is gone after the test.
class Scratch {
 public:
  Scratch() {
    std::string name = (fs::temp_directory_path() / "bellwether-input-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  ~Scratch() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  std::string path() const { return path_.string(); }
  std::string put(const std::string& name, const std::string& bytes) const {
    const fs::path full = path_ / name;
    fs::create_directories(full.parent_path());
    std::ofstream(full, std::ios::binary) << bytes;
    return full.string();
  }

 private:
  fs::path path_;
};

std::string gzip(const std::string& text, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, static_cast<uLong>(text.size())) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  return out;
}

std::string zstd(const std::string& text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3);
  EXPECT_EQ(ZSTD_isError(size), 0U);
  out.resize(size);
  return out;
}

enum class Kind { kFile, kFolder, kLink, kHardLink };
struct Entry {
  std::string name;
  std::string text;
  Kind kind = Kind::kFile;
};

std::string pack(const std::vector<Entry>& entries, bool zip, const char* zip_options = nullptr) {
  std::string out(1 << 20, '\0');
  for (const Entry& entry : entries) out.resize(out.size() + entry.text.size() + 2048);
  size_t used = 0;
  archive* handle = archive_write_new();
  if (zip) {
    archive_write_set_format_zip(handle);
    if (zip_options != nullptr) {
      EXPECT_EQ(archive_write_set_options(handle, zip_options), ARCHIVE_OK);
      archive_write_set_passphrase(handle, "kiln");
    }
  } else {
    archive_write_set_format_pax_restricted(handle);
  }
  EXPECT_EQ(archive_write_open_memory(handle, out.data(), out.size(), &used), ARCHIVE_OK);
  for (const Entry& entry : entries) {
    archive_entry* e = archive_entry_new();
    archive_entry_set_pathname(e, entry.name.c_str());
    archive_entry_set_perm(e, 0644);
    if (entry.kind == Kind::kFolder) {
      archive_entry_set_filetype(e, AE_IFDIR);
    } else if (entry.kind == Kind::kLink) {
      archive_entry_set_filetype(e, AE_IFLNK);
      archive_entry_set_symlink(e, entry.text.c_str());
    } else {
      archive_entry_set_filetype(e, AE_IFREG);
      if (entry.kind == Kind::kHardLink) {
        archive_entry_set_hardlink(e, entry.text.c_str());
      } else {
        archive_entry_set_size(e, static_cast<la_int64_t>(entry.text.size()));
      }
    }
    EXPECT_EQ(archive_write_header(handle, e), ARCHIVE_OK) << archive_error_string(handle);
    if (entry.kind == Kind::kFile) {
      EXPECT_EQ(archive_write_data(handle, entry.text.data(), entry.text.size()),
                static_cast<la_ssize_t>(entry.text.size()));
    }
    archive_entry_free(e);
  }
  EXPECT_EQ(archive_write_close(handle), ARCHIVE_OK);
  archive_write_free(handle);
  out.resize(used);
  return out;
}

std::unique_ptr<Input> must_open(const std::string& path, const InputLimits& limits = {}) {
  Result<std::unique_ptr<Input>> input = open_input(path, limits);
  EXPECT_TRUE(input.ok()) << input.error().message;
  return input.ok() ? std::move(*input) : nullptr;
}

Error open_error(const std::string& path, const InputLimits& limits = {}) {
  const Result<std::unique_ptr<Input>> input = open_input(path, limits);
  EXPECT_FALSE(input.ok()) << path;
  return input.ok() ? Error{} : input.error();
}

// What came before the end or the error, and the error.
struct Drained {
  std::string text;
  bool failed = false;
  Error error{};
};

Drained drain(ByteStream& stream, size_t step = 1 << 16) {
  Drained out;
  std::string buffer(step, '\0');
  for (;;) {
    const Result<size_t> got = stream.read(buffer.data(), buffer.size());
    if (!got.ok()) {
      out.failed = true;
      out.error = got.error();
      const Result<size_t> again = stream.read(buffer.data(), buffer.size());
      EXPECT_FALSE(again.ok()) << "an error must stay";
      return out;
    }
    if (*got == 0) return out;
    EXPECT_LE(*got, buffer.size());
    out.text.append(buffer.data(), *got);
  }
}

Drained drain(Input& input, size_t member = 0) {
  Result<std::unique_ptr<ByteStream>> stream = input.open(member);
  if (!stream.ok()) return {{}, true, stream.error()};
  return drain(**stream);
}

std::map<std::string, std::string> contents(Input& input) {
  std::map<std::string, std::string> out;
  for (size_t i = 0; i < input.members().size(); ++i) {
    const Drained got = drain(input, i);
    EXPECT_FALSE(got.failed) << got.error.message;
    out[input.members()[i].name] = got.text;
  }
  return out;
}

std::vector<std::string> names(const Input& input) {
  std::vector<std::string> out;
  for (const Member& member : input.members()) out.push_back(member.name);
  return out;
}

std::map<std::string, std::string> reasons(const Input& input) {
  std::map<std::string, std::string> out;
  for (const LeftOut& one : input.left_out()) out[one.name] = one.reason;
  return out;
}

std::string some_text(size_t bytes) {
  std::mt19937_64 random(7);
  std::string out;
  while (out.size() < bytes) out += fmt::format("{} {}\n", random() % 100'000, random() % 100'000);
  out.resize(bytes);
  return out;
}

// ---- single files

TEST(Input, APlainGzipAndZstdFileGiveTheSameBytesWhateverTheirName) {
  const Scratch scratch;
  const std::string text = some_text(700'000);
  for (const std::string& bytes : {text, gzip(text), zstd(text)}) {
    const std::unique_ptr<Input> input = must_open(scratch.put("photo.jpg", bytes));
    ASSERT_EQ(names(*input), std::vector<std::string>{"photo.jpg"});
    EXPECT_EQ(input->members()[0].bytes, bytes.size());
    EXPECT_EQ(input->bytes_total(), bytes.size());
    EXPECT_EQ(input->bytes_read(), 0U);
    EXPECT_EQ(drain(*input).text, text);
    EXPECT_EQ(input->bytes_read(), bytes.size());
    // Reading it again gives the same and counts once.
    EXPECT_EQ(drain(*input).text, text);
    EXPECT_EQ(input->bytes_read(), bytes.size());
  }
}

TEST(Input, AnEmptyFileIsOneEmptyMember) {
  const Scratch scratch;
  const std::unique_ptr<Input> input = must_open(scratch.put("e", ""));
  EXPECT_EQ(names(*input), std::vector<std::string>{"e"});
  EXPECT_EQ(drain(*input).text, "");
  EXPECT_FALSE(drain(*input).failed);
}

TEST(Input, SeveralGzipMembersAndPaddingAreOneStream) {
  const std::string text = some_text(300'000);
  const std::string bytes =
      gzip(text.substr(0, 1000)) + gzip("") + gzip(text.substr(1000)) + std::string(512, '\0');
  const std::unique_ptr<Input> input = memory_input("a.gz", bytes, {});
  const Drained got = drain(*input);
  EXPECT_FALSE(got.failed) << got.error.message;
  EXPECT_EQ(got.text, text);
}

TEST(Input, SeveralZstdFramesAreOneStream) {
  const std::string skippable("\x50\x2a\x4d\x18\x04\0\0\0abcd", 12);
  const std::unique_ptr<Input> input =
      memory_input("a.zst", skippable + zstd("one ") + zstd("two"), {});
  const Drained got = drain(*input);
  EXPECT_FALSE(got.failed) << got.error.message;
  EXPECT_EQ(got.text, "one two");
}

TEST(Input, ACutGzipOrZstdGivesWhatCameBeforeAndThenSaysSo) {
  const std::string text = some_text(2'000'000);
  for (const std::string& bytes : {gzip(text), zstd(text)}) {
    const std::unique_ptr<Input> input = memory_input("a", bytes.substr(0, bytes.size() / 2), {});
    const Drained got = drain(*input);
    ASSERT_TRUE(got.failed);
    EXPECT_EQ(got.error.code, ErrorCode::kCorrupt);
    EXPECT_NE(got.error.message.find("cut off"), std::string::npos) << got.error.message;
    EXPECT_GT(got.text.size(), text.size() / 4);
    EXPECT_EQ(got.text, text.substr(0, got.text.size()));
  }
  // Even where only the checksum at the very end is missing.
  const std::string whole = gzip(text);
  const std::unique_ptr<Input> input = memory_input("a", whole.substr(0, whole.size() - 1), {});
  const Drained got = drain(*input);
  EXPECT_TRUE(got.failed);
  EXPECT_EQ(got.text, text);
}

TEST(Input, ADamagedGzipOrZstdGivesGoodBytesAndThenSaysSo) {
  const std::string text = some_text(2'000'000);
  for (std::string bytes : {gzip(text), zstd(text)}) {
    bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
    bytes[bytes.size() / 2 + 1] = static_cast<char>(bytes[bytes.size() / 2 + 1] ^ 0x55);
    const std::unique_ptr<Input> input = memory_input("a", bytes, {});
    const Drained got = drain(*input);
    ASSERT_TRUE(got.failed);
    EXPECT_EQ(got.error.code, ErrorCode::kCorrupt);
    EXPECT_GT(got.text.size(), text.size() / 4);
  }
}

TEST(Input, RubbishAfterGzipDataIsToldAndNotPassedOver) {
  const std::unique_ptr<Input> input = memory_input("a.gz", gzip("good") + "rubbish", {});
  const Drained got = drain(*input);
  EXPECT_EQ(got.text, "good");
  ASSERT_TRUE(got.failed);
  EXPECT_EQ(got.error.code, ErrorCode::kCorrupt);
}

TEST(Input, OtherCompressionsAreRefusedByName) {
  const Scratch scratch;
  const std::map<std::string, std::string> samples{{"\xfd"
                                                    "7zXZ\0rest of it"s,
                                                    "xz"},
                                                   {"BZh91AY&SYrest of it", "bzip2"},
                                                   {"7z\xbc\xaf\x27\x1crest", "7z"},
                                                   {"Rar!\x1a\x07\x01rest", "rar"}};
  for (const auto& [bytes, name] : samples) {
    const Error error = open_error(scratch.put("f", bytes));
    EXPECT_EQ(error.code, ErrorCode::kUnsupported);
    EXPECT_NE(error.message.find(name), std::string::npos) << error.message;
    const std::unique_ptr<Input> input = memory_input("f", bytes, {});
    EXPECT_EQ(drain(*input).error.code, ErrorCode::kUnsupported);
  }
}

// ---- what cannot be read

TEST(Input, NothingThereIsNotFoundAndNamesThePath) {
  const Error error = open_error("/nonexistent/ana.csv");
  EXPECT_EQ(error.code, ErrorCode::kNotFound);
  EXPECT_NE(error.message.find("/nonexistent/ana.csv"), std::string::npos);
}

TEST(Input, APathBelowAFileIsAnIoErrorThatNamesIt) {
  const Scratch scratch;
  const std::string path = scratch.put("f", "x") + "/below";
  const Error error = open_error(path);
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_NE(error.message.find(path), std::string::npos);
  EXPECT_NE(error.message.find("Not a directory"), std::string::npos);
}

TEST(Input, AFileThatTheSystemRefusesToReadIsAnIoErrorThatNamesIt) {
  // The first page of a process is never mapped, so that reading it fails for root too.
  const Error error = open_error("/proc/self/mem");
  EXPECT_EQ(error.code, ErrorCode::kIo);
  EXPECT_NE(error.message.find("/proc/self/mem"), std::string::npos) << error.message;
}

// Runs `check` in a process without rights; its exit status is what `check` returns.
int without_rights(const std::function<int()>& check) {
  const pid_t child = fork();
  if (child == 0) {
    if (geteuid() == 0 && setuid(65534) != 0) _exit(99);
    _exit(check());
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 98;
}

TEST(Input, FilesAndFoldersWithoutRightsAreIoErrorsThatNameThem) {
  const Scratch scratch;
  const std::string file = scratch.put("all/deep/secret.csv", "actor,target\n");
  scratch.put("all/open.csv", "actor,target\n");
  fs::permissions(scratch.path(), fs::perms(0755));
  fs::permissions(file, fs::perms::none);
  const int file_check = without_rights([&] {
    const Result<std::unique_ptr<Input>> lone = open_input(file, InputLimits{});
    if (lone.ok() || lone.error().code != ErrorCode::kIo) return 1;
    if (lone.error().message.find(file) == std::string::npos) return 2;
    const Result<std::unique_ptr<Input>> folder = open_input(scratch.path(), InputLimits{});
    if (!folder.ok() || (*folder)->members().size() != 2) return 3;
    if (!(*folder)->open(1).ok()) return 4;
    const Result<std::unique_ptr<ByteStream>> stream = (*folder)->open(0);
    if (stream.ok() || stream.error().code != ErrorCode::kIo) return 5;
    return stream.error().message.find(file) == std::string::npos ? 6 : 0;
  });
  EXPECT_EQ(file_check, 0);
  fs::permissions(fs::path(file).parent_path(), fs::perms::none);
  const int folder_check = without_rights([&] {
    const Result<std::unique_ptr<Input>> folder = open_input(scratch.path(), InputLimits{});
    if (folder.ok() || folder.error().code != ErrorCode::kIo) return 1;
    if (folder.error().message.find("/all/deep") == std::string::npos) return 2;
    return folder.error().message.find("Permission denied") == std::string::npos ? 3 : 0;
  });
  EXPECT_EQ(folder_check, 0);
  fs::permissions(fs::path(file).parent_path(), fs::perms(0755));
}

// ---- folders

TEST(Folder, IsWalkedAtAnyDepthInTheOrderOfNames) {
  const Scratch scratch;
  scratch.put("b.txt", "2");
  scratch.put("a/z.txt", "1");
  scratch.put("a/b/c/d.txt", gzip("packed"));
  scratch.put("a-1.txt", "0");
  const std::unique_ptr<Input> input = must_open(scratch.path());
  EXPECT_EQ(names(*input),
            (std::vector<std::string>{"a-1.txt", "a/b/c/d.txt", "a/z.txt", "b.txt"}));
  EXPECT_EQ(contents(*input)["a/b/c/d.txt"], "packed");
  EXPECT_EQ(input->bytes_read(), input->bytes_total());
  EXPECT_TRUE(input->left_out().empty());
  EXPECT_EQ(must_open(scratch.path() + "/")->members().size(), 4U);
}

TEST(Folder, FollowsLinksToFilesAndNamesWhatItLeavesOut) {
  const Scratch scratch;
  scratch.put("data/a.txt", "a");
  scratch.put(".hidden", "h");
  scratch.put(".cache/x", "h");
  scratch.put("__MACOSX/x", "h");
  scratch.put("clone/.git/HEAD", "ref: refs/heads/main\n");
  const fs::path root = scratch.path();
  fs::create_symlink(root / "data/a.txt", root / "link.txt");
  fs::create_directory_symlink(root, root / "data/loop");
  fs::create_symlink(root / "gone", root / "dangling");
  ASSERT_EQ(mkfifo((root / "pipe").c_str(), 0600), 0);
  const std::unique_ptr<Input> input = must_open(scratch.path());
  EXPECT_EQ(names(*input), (std::vector<std::string>{"clone/.git/HEAD", "data/a.txt", "link.txt"}));
  EXPECT_EQ(contents(*input)["link.txt"], "a");
  EXPECT_EQ(reasons(*input),
            (std::map<std::string, std::string>{{".cache", "hidden"},
                                                {".hidden", "hidden"},
                                                {"__MACOSX", "hidden"},
                                                {"dangling", "a link that leads nowhere"},
                                                {"data/loop", "a link to a folder"},
                                                {"pipe", "not a regular file"}}));
}

TEST(Folder, AHiddenPathThatTheOperatorNamesIsRead) {
  const Scratch scratch;
  scratch.put(".private/a.txt", "a");
  EXPECT_EQ(must_open(scratch.path() + "/.private")->members().size(), 1U);
  EXPECT_EQ(must_open(scratch.path() + "/.private/a.txt")->members()[0].name, "a.txt");
}

TEST(Folder, NamesThatAreNoUtf8AreReadableAndDistinct) {
  const Scratch scratch;
  scratch.put("a\xff.txt", "1");
  scratch.put("a\xfe.txt", "2");
  const std::unique_ptr<Input> input = must_open(scratch.path());
  ASSERT_EQ(input->members().size(), 2U);
  EXPECT_EQ(input->members()[0].name, "a\xef\xbf\xbd.txt");
  EXPECT_NE(input->members()[0].name, input->members()[1].name);
  EXPECT_EQ(drain(*input, 0).text, "2");
  EXPECT_EQ(drain(*input, 1).text, "1");
}

TEST(Folder, OfAGitCloneOnlyWhatTellsItIsListed) {
  const Scratch scratch;
  for (const std::string repository : {"kiln/.git", "bare.git"}) {
    scratch.put(repository + "/HEAD", "ref: refs/heads/main\n");
    scratch.put(repository + "/config", "[core]\n");
    scratch.put(repository + "/objects/ab/cdef", "x");
    scratch.put(repository + "/refs/heads/main", "x");
  }
  scratch.put("kiln/top.txt", "x");
  scratch.put("kiln/below/one.txt", "x");
  scratch.put("kiln/below/deep/two.txt", "x");
  scratch.put("tree/.git", "gitdir: ../kiln/.git/worktrees/tree\n");
  scratch.put("tree/below/deep/two.txt", "x");
  // Two of the three make no repository.
  scratch.put("other/HEAD", "x");
  scratch.put("other/objects/far/down/vase.txt", "x");
  const std::unique_ptr<Input> input = must_open(scratch.path());
  std::vector<std::string> names;
  for (const Member& member : input->members()) names.push_back(member.name);
  EXPECT_EQ(names, (std::vector<std::string>{"bare.git/HEAD", "bare.git/config", "kiln/.git/HEAD",
                                             "kiln/.git/config", "kiln/below/one.txt",
                                             "kiln/top.txt", "other/HEAD",
                                             "other/objects/far/down/vase.txt", "tree/.git"}));
  std::string left_out;
  for (const LeftOut& one : input->left_out()) left_out += one.name + ": " + one.reason + "\n";
  EXPECT_EQ(left_out,
            "bare.git/objects: inside a git repository\n"
            "bare.git/refs: inside a git repository\n"
            "kiln/.git/objects: inside a git repository\n"
            "kiln/.git/refs: inside a git repository\n"
            "kiln/below/deep: deep in the work tree of a git clone\n"
            "tree/below/deep: deep in the work tree of a git clone\n");
  // Named by itself, what lies deeper is read.
  EXPECT_EQ(must_open(scratch.path() + "/kiln/below/deep")->members().size(), 1U);
}

TEST(Folder, AnEmptyOneHasNoMembers) {
  const Scratch scratch;
  EXPECT_TRUE(must_open(scratch.path())->members().empty());
}

TEST(Folder, AMemberByItselfIsAnInput) {
  const Scratch scratch;
  scratch.put("a.txt", "a");
  scratch.put("b.txt", "bb");
  const std::shared_ptr<Input> whole = must_open(scratch.path());
  const std::unique_ptr<Input> one = single_member(whole, 1);
  EXPECT_EQ(one->path(), scratch.path() + "/b.txt");
  EXPECT_EQ(names(*one), std::vector<std::string>{"b.txt"});
  EXPECT_EQ(drain(*one).text, "bb");
  EXPECT_EQ(one->bytes_total(), 3U);
  EXPECT_EQ(one->bytes_read(), 2U);
  EXPECT_EQ(whole->bytes_read(), 2U);
}

// ---- archives

TEST(Archive, GivesWhatTheFolderOfItWouldGive) {
  const Scratch scratch;
  const std::vector<Entry> entries{{"top", "", Kind::kFolder},     {"top/b.json", "bee"},
                                   {"top/a.json", "ay"},           {"top/deep/c.gz", gzip("sea")},
                                   {"top/.hidden", "h"},           {"top/.git/HEAD", "ref"},
                                   {"__MACOSX/top/._a.json", "h"}, {"top/empty", ""}};
  const std::string tar = pack(entries, false);
  for (const std::string& bytes : {tar, gzip(tar), zstd(tar), pack(entries, true)}) {
    const std::unique_ptr<Input> input = must_open(scratch.put("anything.bin", bytes));
    EXPECT_EQ(contents(*input), (std::map<std::string, std::string>{{"top/.git/HEAD", "ref"},
                                                                    {"top/a.json", "ay"},
                                                                    {"top/b.json", "bee"},
                                                                    {"top/deep/c.gz", "sea"},
                                                                    {"top/empty", ""}}));
    EXPECT_TRUE(std::is_sorted(input->members().begin(), input->members().end(),
                               [](const Member& a, const Member& b) { return a.name < b.name; }));
    EXPECT_EQ(reasons(*input),
              (std::map<std::string, std::string>{{"top/.hidden", "hidden"},
                                                  {"__MACOSX/top/._a.json", "hidden"}}));
    EXPECT_EQ(input->bytes_read(), input->bytes_total());
  }
}

TEST(Archive, MembersAreReadInAnyOrderAndAgain) {
  const Scratch scratch;
  std::vector<Entry> entries;
  for (size_t i = 0; i < 20; ++i)
    entries.push_back({fmt::format("{:02}", 19 - i), some_text(1000 + 7 * i)});
  const std::string tar = pack(entries, false);
  for (const std::string& bytes : {tar, gzip(tar), pack(entries, true)}) {
    const std::unique_ptr<Input> input = must_open(scratch.put("a", bytes));
    ASSERT_EQ(input->members().size(), 20U);
    for (const size_t member :
         {size_t{5}, size_t{4}, size_t{19}, size_t{19}, size_t{0}, size_t{7}}) {
      EXPECT_EQ(drain(*input, member).text, entries[19 - member].text) << member;
    }
    // Two at a time, one of them left half read.
    auto first = input->open(3);
    auto second = input->open(2);
    ASSERT_TRUE(first.ok() && second.ok());
    char c = 0;
    ASSERT_EQ(*(*first)->read(&c, 1), 1U);
    EXPECT_EQ(drain(**second).text, entries[17].text);
    EXPECT_EQ(c + drain(**first).text, entries[16].text);
  }
}

TEST(Archive, AStreamOutlivesItsInput) {
  const Scratch scratch;
  std::unique_ptr<Input> input = must_open(scratch.put("a", pack({{"x", "text"}}, true)));
  Result<std::unique_ptr<ByteStream>> stream = input->open(0);
  ASSERT_TRUE(stream.ok());
  input.reset();
  EXPECT_EQ(drain(**stream).text, "text");
}

TEST(Archive, NamesThatLeadOutOfItAreTamedAndNothingIsWritten) {
  const Scratch scratch;
  const std::string outside = scratch.path() + "/outside.txt";
  const std::vector<Entry> entries{{"/absolute.txt", "1"},
                                   {"../../up.txt", "2"},
                                   {outside, "3"},
                                   {"a/../b.txt", "4"},
                                   {"./c.txt", "5"}};
  for (const bool zip : {false, true}) {
    const std::unique_ptr<Input> input = must_open(scratch.put("a", pack(entries, zip)));
    const std::map<std::string, std::string> got = contents(*input);
    EXPECT_EQ(got.at("absolute.txt"), "1");
    EXPECT_EQ(got.at("up.txt"), "2");
    EXPECT_EQ(got.at("a/b.txt"), "4");
    EXPECT_EQ(got.at("c.txt"), "5");
    EXPECT_EQ(got.size(), 5U);
    for (const auto& [name, text] : got) {
      EXPECT_FALSE(name.starts_with('/'));
      EXPECT_EQ(name.find(".."), std::string::npos);
    }
    EXPECT_FALSE(fs::exists(outside));
  }
}

TEST(Archive, LinksAreNamedAndNotFollowed) {
  const Scratch scratch;
  const std::unique_ptr<Input> input =
      must_open(scratch.put("a", pack({{"a.txt", "a"},
                                       {"soft", "/etc/passwd", Kind::kLink},
                                       {"hard", "a.txt", Kind::kHardLink}},
                                      false)));
  EXPECT_EQ(names(*input), std::vector<std::string>{"a.txt"});
  EXPECT_EQ(reasons(*input).size(), 2U);
  EXPECT_EQ(reasons(*input)["soft"], "not a regular file");
}

TEST(Archive, OfTwoMembersWithOneNameTheLaterCounts) {
  const Scratch scratch;
  const std::unique_ptr<Input> input =
      must_open(scratch.put("a", pack({{"a", "old"}, {"b", "b"}, {"./a", "new"}}, false)));
  EXPECT_EQ(contents(*input), (std::map<std::string, std::string>{{"a", "new"}, {"b", "b"}}));
  EXPECT_EQ(reasons(*input)["a"], "replaced by a later member of the same name");
}

TEST(Archive, NamesBeyondAsciiAreKept) {
  const Scratch scratch;
  const std::string name =
      "donn\xc3\xa9"
      "es/\xe6\x97\xa5.json";
  // Written with UTF-8 names, whatever the locale of this test.
  const locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
  ASSERT_NE(utf8, locale_t{});
  const locale_t before = uselocale(utf8);
  const std::string zip = pack({{name, "x"}}, true);
  const std::string tar = pack({{name, "x"}}, false);
  uselocale(before);
  freelocale(utf8);
  for (const std::string& bytes : {zip, tar}) {
    EXPECT_EQ(names(*must_open(scratch.put("a", bytes))), std::vector<std::string>{name});
  }
}

TEST(Archive, OneThatIsCutOffIsRefusedAsAWhole) {
  const Scratch scratch;
  const std::vector<Entry> entries{{"a", some_text(300'000)}, {"b", some_text(300'000)}};
  const std::string tar = pack(entries, false);
  for (const std::string& bytes : {tar, gzip(tar), zstd(tar), pack(entries, true)}) {
    const std::string path = scratch.put("a", bytes.substr(0, bytes.size() * 3 / 4));
    const Error error = open_error(path);
    EXPECT_EQ(error.code, ErrorCode::kCorrupt);
    EXPECT_NE(error.message.find(path), std::string::npos) << error.message;
  }
}

TEST(Archive, AZipMemberWithAWrongChecksumSaysSoAfterItsBytes) {
  const Scratch scratch;
  std::string zip = pack({{"a", some_text(100'000)}, {"b", "good"}}, true, "compression=store");
  const size_t at = zip.find(some_text(100));
  ASSERT_NE(at, std::string::npos);
  zip[at + 50'000] = static_cast<char>(zip[at + 50'000] ^ 1);
  const std::unique_ptr<Input> input = must_open(scratch.put("a.zip", zip));
  const Drained got = drain(*input, 0);
  ASSERT_TRUE(got.failed);
  EXPECT_EQ(got.error.code, ErrorCode::kCorrupt);
  EXPECT_EQ(got.text.size(), 100'000U);
  EXPECT_EQ(drain(*input, 1).text, "good");
}

TEST(Archive, AnEncryptedZipIsRefusedByName) {
  const Scratch scratch;
  const std::string zip = pack({{"secret.txt", "text"}}, true, "encryption=zipcrypt");
  const std::unique_ptr<Input> input = must_open(scratch.put("a.zip", zip));
  const Drained got = drain(*input, 0);
  ASSERT_TRUE(got.failed);
  EXPECT_EQ(got.error.code, ErrorCode::kUnsupported);
  EXPECT_NE(got.error.message.find("secret.txt is encrypted"), std::string::npos)
      << got.error.message;
}

TEST(Archive, TextIsNotTakenForATar) {
  EXPECT_FALSE(must_open("src/ingest/input.h")->members()[0].name.empty());
  const Scratch scratch;
  const std::string text(2048, '0');
  EXPECT_EQ(drain(*must_open(scratch.put("a", text))).text, text);
}

// ---- threads

TEST(Input, MembersMayBeReadByTwoThreadsAtOnce) {
  const Scratch scratch;
  std::vector<Entry> entries;
  for (int i = 0; i < 8; ++i) {
    entries.push_back({fmt::format("{}", i), gzip(some_text(400'000))});
    scratch.put(fmt::format("folder/{}", i), entries.back().text);
  }
  const std::string zip = scratch.put("a.zip", pack(entries, true));
  for (const std::string& path : {scratch.path() + "/folder", zip}) {
    const std::unique_ptr<Input> input = must_open(path);
    for (size_t i = 0; i < 8; i += 2) {
      auto first = input->open(i);
      auto second = input->open(i + 1);
      ASSERT_TRUE(first.ok() && second.ok());
      Drained other;
      std::thread reader([&] { other = drain(**second); });
      EXPECT_EQ(drain(**first).text.size(), 400'000U);
      EXPECT_LE(input->bytes_read(), input->bytes_total());
      reader.join();
      EXPECT_EQ(other.text.size(), 400'000U);
    }
    EXPECT_EQ(input->bytes_read(), input->bytes_total());
  }
}

// ---- pipes

// Runs `use` on a path that is a pipe into which `bytes` are written.
void through_pipe(const std::string& bytes, const std::function<void(const std::string&)>& use) {
  const Scratch scratch;
  const std::string path = scratch.path() + "/pipe";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  // A reader that stops early is a failure of the test and no reason to end it.
  ::signal(SIGPIPE, SIG_IGN);
  std::thread writer([&] {
    const int descriptor = ::open(path.c_str(), O_WRONLY);
    for (size_t done = 0; done < bytes.size();) {
      const ssize_t step = ::write(descriptor, bytes.data() + done, bytes.size() - done);
      if (step <= 0) break;
      done += static_cast<size_t>(step);
    }
    ::close(descriptor);
  });
  use(path);
  writer.join();
}

TEST(Pipe, CanBeLookedAtAndThenReadWhole) {
  const std::string text = some_text(5'000'000);
  for (const std::string& bytes : {text, gzip(text), zstd(text)}) {
    through_pipe(bytes, [&](const std::string& path) {
      const std::unique_ptr<Input> input = must_open(path);
      EXPECT_EQ(input->bytes_total(), 0U);
      for (int i = 0; i < 2; ++i) {
        Result<std::unique_ptr<ByteStream>> head = input->open(0);
        ASSERT_TRUE(head.ok());
        std::string buffer(64 << 10, '\0');
        ASSERT_EQ(*(*head)->read(buffer.data(), buffer.size()), buffer.size());
        EXPECT_EQ(buffer, text.substr(0, buffer.size()));
      }
      EXPECT_TRUE(drain(*input).text == text);
      EXPECT_EQ(input->bytes_read(), bytes.size());
    });
  }
}

TEST(Pipe, CannotBeReadTwiceOnceItsBeginningIsForgotten) {
  through_pipe(some_text(3'000'000), [](const std::string& path) {
    const std::unique_ptr<Input> input = must_open(path);
    EXPECT_FALSE(drain(*input).failed);
    const Drained again = drain(*input);
    ASSERT_TRUE(again.failed);
    EXPECT_EQ(again.error.code, ErrorCode::kIo);
    EXPECT_NE(again.error.message.find("save it to a file"), std::string::npos);
  });
}

TEST(Pipe, MayCarryAnArchive) {
  const std::vector<Entry> entries{{"b", some_text(2'000'000)}, {"a", "ay"}};
  const std::string tar = pack(entries, false);
  for (const std::string& bytes : {tar, gzip(tar), pack(entries, true)}) {
    through_pipe(bytes, [&](const std::string& path) {
      const std::unique_ptr<Input> input = must_open(path);
      ASSERT_EQ(names(*input), (std::vector<std::string>{"a", "b"}));
      EXPECT_EQ(drain(*input, 0).text, "ay");
      EXPECT_TRUE(drain(*input, 1).text == entries[0].text);
    });
  }
}

TEST(Pipe, StandardInputIsCalledDash) {
  through_pipe("a,b\n", [](const std::string& path) {
    const int from = ::open(path.c_str(), O_RDONLY);
    const int before = ::dup(STDIN_FILENO);
    ::dup2(from, STDIN_FILENO);
    const std::unique_ptr<Input> input = must_open("-");
    EXPECT_EQ(input->path(), "-");
    EXPECT_EQ(names(*input), std::vector<std::string>{"-"});
    EXPECT_EQ(drain(*input).text, "a,b\n");
    ::dup2(before, STDIN_FILENO);
    ::close(before);
    ::close(from);
  });
}

// ---- limits, on both sides

TEST(Limits, ADocumentAtTheLimitIsHeldAndOneByteMoreIsNot) {
  InputLimits limits;
  limits.document_bytes_max = 100'000;
  const std::unique_ptr<Input> fits = memory_input("d", std::string(100'000, 'x'), limits);
  const Result<std::string> text = read_all(*fits, 0);
  ASSERT_TRUE(text.ok());
  EXPECT_EQ(text->size(), 100'000U);
  const std::unique_ptr<Input> longer = memory_input("d", std::string(100'001, 'x'), limits);
  const Result<std::string> none = read_all(*longer, 0);
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, ErrorCode::kLimit);
  EXPECT_NE(none.error().message.find("100000"), std::string::npos);
  EXPECT_EQ(*read_all(*memory_input("d", "", limits), 0), "");
}

TEST(Limits, AsManyMembersAsAllowedAreListedAndOneMoreIsNot) {
  const Scratch scratch;
  std::vector<Entry> entries;
  for (int i = 0; i < 5; ++i) {
    scratch.put(fmt::format("folder/{}", i), "x");
    entries.push_back({fmt::format("{}", i), "x"});
  }
  const std::string zip = scratch.put("a.zip", pack(entries, true));
  InputLimits limits;
  for (const std::string& path : {scratch.path() + "/folder", zip}) {
    limits.members_max = 5;
    EXPECT_EQ(must_open(path, limits)->members().size(), 5U);
    limits.members_max = 4;
    const Error error = open_error(path, limits);
    EXPECT_EQ(error.code, ErrorCode::kLimit);
    EXPECT_NE(error.message.find("more than 4 files"), std::string::npos) << error.message;
  }
}

TEST(Limits, AllMembersTogetherMayExpandToTheLimitAndNotBeyond) {
  const Scratch scratch;
  const std::string path = scratch.put(
      "a.zip", pack({{"a", std::string(6000, 'a')}, {"b", std::string(4000, 'b')}}, true));
  InputLimits limits;
  limits.expanded_bytes_max = 10'000;
  const std::unique_ptr<Input> fits = must_open(path, limits);
  EXPECT_EQ(contents(*fits).size(), 2U);
  // Reading one of them again is not more.
  EXPECT_FALSE(drain(*fits, 0).failed);
  limits.expanded_bytes_max = 9'999;
  const std::unique_ptr<Input> beyond = must_open(path, limits);
  EXPECT_FALSE(drain(*beyond, 0).failed);
  const Drained got = drain(*beyond, 1);
  ASSERT_TRUE(got.failed);
  EXPECT_EQ(got.error.code, ErrorCode::kLimit);
  EXPECT_NE(got.error.message.find("9999"), std::string::npos);
}

TEST(Limits, ABombIsCutOffAndSmallOrHonestFilesAreNot) {
  const std::string zeros(18 << 20, '\0');
  const std::string packed = gzip(zeros, 9);
  const double ratio = static_cast<double>(zeros.size()) / static_cast<double>(packed.size());
  ASSERT_GT(ratio, 900);
  InputLimits limits;
  // By default such a file is a bomb, and says so after 16 MiB.
  const Drained bomb = drain(*memory_input("bomb.gz", packed, limits));
  ASSERT_TRUE(bomb.failed);
  EXPECT_EQ(bomb.error.code, ErrorCode::kLimit);
  EXPECT_NE(bomb.error.message.find("bomb.gz"), std::string::npos);
  EXPECT_LE(bomb.text.size(), (16U << 20) + (1U << 16));
  // On both sides of its own ratio.
  limits.expansion_ratio_max = ratio * 1.05;
  EXPECT_FALSE(drain(*memory_input("b", packed, limits)).failed);
  limits.expansion_ratio_max = ratio * 0.95;
  EXPECT_TRUE(drain(*memory_input("b", packed, limits)).failed);
  // Up to 16 MiB nothing is a bomb, from there on everything may be.
  limits.expansion_ratio_max = 1.5;
  EXPECT_FALSE(drain(*memory_input("b", gzip(std::string(16 << 20, '\0')), limits)).failed);
  EXPECT_TRUE(drain(*memory_input("b", gzip(std::string((16 << 20) + 1, '\0')), limits)).failed);
  // Real text does not come near.
  const std::string text = some_text(17 << 20);
  EXPECT_FALSE(drain(*memory_input("b", gzip(text, 1), InputLimits{})).failed);
  EXPECT_FALSE(drain(*memory_input("b", zstd(text), InputLimits{})).failed);
}

TEST(Limits, ABombInAnArchiveIsCutOffWhereverItLies) {
  const Scratch scratch;
  const std::string zeros(18 << 20, '\0');
  // Inside a zip; the members beside it are read.
  const std::unique_ptr<Input> zip =
      must_open(scratch.put("a.zip", pack({{"a", zeros}, {"b", "good"}}, true)));
  EXPECT_EQ(drain(*zip, 0).error.code, ErrorCode::kLimit);
  EXPECT_EQ(drain(*zip, 1).text, "good");
  // As gzip within gzip, each layer tame by itself.
  InputLimits limits;
  limits.expansion_ratio_max = 1050;
  const std::string twice = gzip(gzip(zeros, 9), 9);
  const std::unique_ptr<Input> nested =
      must_open(scratch.put("b.zip", pack({{"a", gzip(zeros, 9)}}, true)), limits);
  EXPECT_LT(twice.size(), 5000U);
  EXPECT_EQ(drain(*nested, 0).error.code, ErrorCode::kLimit);
  // In a compressed tar, already while it is listed.
  EXPECT_EQ(open_error(scratch.put("c.tar.gz", gzip(pack({{"a", zeros}}, false)))).code,
            ErrorCode::kLimit);
  EXPECT_EQ(open_error(scratch.put("d.tar.zst", zstd(pack({{"a", zeros}}, false)))).code,
            ErrorCode::kLimit);
}

// ---- lines

std::string lines_of(const std::string& text, const InputLimits& limits = {}) {
  MemoryStream stream(std::make_shared<const std::string>(text));
  std::string out;
  const Result<void> result = for_each_line(
      stream, limits,
      [&](uint64_t number, std::string_view line) -> Result<void> {
        out += fmt::format("{}[{}]", number, line);
        return {};
      },
      [&](uint64_t number, uint64_t bytes) -> Result<void> {
        out += fmt::format("{}!{} ", number, bytes);
        return {};
      });
  EXPECT_TRUE(result.ok());
  return out;
}

TEST(Lines, EndWithOrWithoutReturnOrNotAtAll) {
  EXPECT_EQ(lines_of("a\nb\r\nc"), "1[a]2[b]3[c]");
  EXPECT_EQ(lines_of("a\n\n\r\n"), "1[a]2[]3[]");
  EXPECT_EQ(lines_of(""), "");
  EXPECT_EQ(lines_of("\n"), "1[]");
  EXPECT_EQ(lines_of("a\rb\r\r\n"), "1[a\rb\r]");
}

TEST(Lines, AByteOrderMarkIsPassedOverOnlyAtTheBeginning) {
  EXPECT_EQ(lines_of("\xef\xbb\xbf"
                     "a\n\xef\xbb\xbf"
                     "b"),
            "1[a]2[\xef\xbb\xbf"
            "b]");
  EXPECT_EQ(lines_of("\xef\xbb"), "1[\xef\xbb]");
  EXPECT_EQ(lines_of("\xef\xbb\xbf"), "");
}

TEST(Lines, NulBytesPassThrough) {
  EXPECT_EQ(lines_of(std::string("a\0b\nc", 5)), std::string("1[a\0b]2[c]", 10));
}

TEST(Lines, AtTheLimitAreGivenAndLongerOnesToldWithTheirLength) {
  InputLimits limits;
  limits.record_bytes_max = 4;
  EXPECT_EQ(lines_of("aaaa\nbbbbb\ncccc\r\nddddd\r\neeee", limits),
            "1[aaaa]2!5 3[cccc]4!5 5[eeee]");
  EXPECT_EQ(lines_of("aaaaa", limits), "1!5 ");
  EXPECT_EQ(lines_of("aaaa\r", limits), "1[aaaa]");
  limits.record_bytes_max = 3 << 20;
  const std::string fits(3 << 20, 'x');
  const std::string longer((3 << 20) + 1, 'y');
  EXPECT_EQ(lines_of(fits + "\n" + longer + "\r\nz\n" + longer, limits),
            "1[" + fits + "]2!3145729 3[z]4!3145729 ");
  EXPECT_EQ(lines_of(fits + "\r\nz", limits), "1[" + fits + "]2[z]");
}

TEST(Lines, AreTheSameHoweverLongTheyAreBesideTheBuffer) {
  std::mt19937_64 random(3);
  std::string text;
  std::string expected;
  for (int i = 1; i <= 60; ++i) {
    const std::string line(random() % (i % 10 == 0 ? 300'000 : 40'000),
                           static_cast<char>('a' + i % 26));
    text += line + (i % 3 == 0 ? "\r\n" : "\n");
    expected += fmt::format("{}[{}]", i, line);
  }
  EXPECT_TRUE(lines_of(text) == expected);
}

constexpr size_t kTwoGigabytes = size_t{2} << 30;

TEST(Lines, ALineOfTwoGigabytesCostsNoMemory) {
  class Long final : public ByteStream {
   public:
    Result<size_t> read(char* buffer, size_t size) override {
      const size_t step = std::min(size, left_);
      if (step == 0) return size_t{0};
      std::memset(buffer, 'x', step);
      left_ -= step;
      if (left_ == 0) buffer[step - 1] = '\n';
      return step;
    }

   private:
    size_t left_ = kTwoGigabytes;
  };
  Long stream;
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  uint64_t told = 0;
  const Result<void> result = for_each_line(
      stream, InputLimits{}, [](uint64_t, std::string_view) -> Result<void> { return {}; },
      [&](uint64_t, uint64_t bytes) -> Result<void> {
        told = bytes;
        return {};
      });
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(told, kTwoGigabytes - 1);
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
#ifdef __SANITIZE_THREAD__
  constexpr long kGrowthMaxKib = 1500 << 10;  // the sanitizer keeps four bytes a byte beside ours
#else
  constexpr long kGrowthMaxKib = 300 << 10;
#endif
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, kGrowthMaxKib);
}

TEST(Lines, StopAtTheFirstErrorOfTheirTaker) {
  MemoryStream stream(std::make_shared<const std::string>("a\nb\nc\n"));
  int taken = 0;
  const Result<void> result = for_each_line(
      stream, InputLimits{},
      [&](uint64_t number, std::string_view) -> Result<void> {
        ++taken;
        if (number == 2) return Error{ErrorCode::kIo, "full"};
        return {};
      },
      [](uint64_t, uint64_t) -> Result<void> { return {}; });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "full");
  EXPECT_EQ(taken, 2);
}

TEST(Lines, BeforeABreakAreGivenAndTheOneThatItCutIsNot) {
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += fmt::format("line {}\n", i);
  const std::string packed = gzip(text);
  const std::unique_ptr<Input> input =
      memory_input("a.gz", packed.substr(0, packed.size() / 2), InputLimits{});
  Result<std::unique_ptr<ByteStream>> stream = input->open(0);
  ASSERT_TRUE(stream.ok());
  uint64_t last = 0;
  const Result<void> result = for_each_line(
      **stream, InputLimits{},
      [&](uint64_t number, std::string_view line) -> Result<void> {
        EXPECT_EQ(line, fmt::format("line {}", number - 1));
        last = number;
        return {};
      },
      [](uint64_t, uint64_t) -> Result<void> { return {}; });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_GT(last, 50'000U);
}

}  // namespace
}  // namespace bellwether

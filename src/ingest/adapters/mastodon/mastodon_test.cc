// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/mastodon/mastodon.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "ingest/adapter_testing.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kContext = R"("@context":"https://www.w3.org/ns/activitystreams")";

// A folder of its own for one test.
class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "bw-mastodon-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() {
    std::error_code error;
    fs::remove_all(path_, error);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  const Folder& write(const std::string& name, std::string_view text) const {
    fs::create_directories((path_ / name).parent_path());
    std::ofstream(path_ / name, std::ios::binary) << text;
    return *this;
  }
  std::string path(const std::string& name = "") const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

std::string read_path(const std::string& path, const ReadOptions& options = {}) {
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  EXPECT_TRUE(input.ok());
  if (!input.ok()) return {};
  return events_text(mastodon_adapter(), **input, options);
}

std::string items(std::string_view file, std::string_view elements) {
  return fmt::format(R"({{{},"id":"{}","type":"OrderedCollection","orderedItems":[{}]}})", kContext,
                     file, elements);
}

const std::string kActorText =
    "{" + std::string(kContext) +
    R"(,"id":"https://tern.example/users/ana","type":"Person","outbox":"outbox.json"})";
const std::string kLike = R"("https://wren.example/users/bo/statuses/5")";
const std::string kReact =
    " unknown mastodon:@ana@tern.example react https://wren.example/users/bo/statuses/5 "
    "mastodon:@bo@wren.example - 1 - public "
    "like:@ana@tern.example:https://wren.example/users/bo/statuses/5\n";

TEST(Mastodon, TheOwnerIsWhoTheActorFileNamesElseWhoTheOperatorDoes) {
  const Folder folder;
  folder.write("likes.json", items("likes.json", kLike));
  ReadOptions options;
  options.account = "@ana@tern.example";
  EXPECT_EQ(read_path(folder.path(), options),
            "profile mastodon:@ana@tern.example - - -\n1" + kReact);
  options.account = "mastodon:@ana@tern.example";
  EXPECT_EQ(read_path(folder.path(), options),
            "profile mastodon:@ana@tern.example - - -\n1" + kReact);
  options.account = "https://tern.example/@ana";
  EXPECT_EQ(read_path(folder.path(), options),
            "profile mastodon:@ana@tern.example - - -\n1" + kReact);
  folder.write("actor.json", kActorText);
  options.account = "mastodon:@eve@tern.example";
  const std::string profile =
      "profile mastodon:@ana@tern.example - https://tern.example/users/ana person\n";
  EXPECT_EQ(read_path(folder.path(), options), profile + "2" + kReact);
  // One that cannot be read is told, and the operator's word counts.
  folder.write("actor.json", "{\"id\":");
  EXPECT_EQ(read_path(folder.path(), options),
            "reject 1 JSON is cut off\nprofile mastodon:@eve@tern.example - - -\n"
            "2 unknown mastodon:@eve@tern.example react https://wren.example/users/bo/statuses/5 "
            "mastodon:@bo@wren.example - 1 - public "
            "like:@eve@tern.example:https://wren.example/users/bo/statuses/5\n");
}

TEST(Mastodon, TellsTheOwnerToTheSink) {
  class Owners final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& /*event*/) override { return {}; }
    Result<void> reject(const Reject& /*reject*/) override { return {}; }
    Result<void> profile(const AccountProfile& profile) override {
      if (profile.owner) owners += std::string(profile.account.name) + " ";
      return {};
    }
    Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
    void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}
    std::string owners;
  } sink;
  const Result<std::unique_ptr<Input>> input =
      open_input("src/ingest/adapters/mastodon/fixtures/archive", InputLimits{});
  ASSERT_TRUE(input.ok());
  ASSERT_TRUE(mastodon_adapter().read(**input, {}, sink).ok());
  EXPECT_EQ(sink.owners, "@ana@tern.example ");
}

TEST(Mastodon, AsksForTheAccountWhereNothingNamesTheOwner) {
  const Folder folder;
  folder.write("likes.json", items("likes.json", kLike));
  const std::string text = read_path(folder.path());
  EXPECT_NE(text.find("error kUnusable"), std::string::npos) << text;
  EXPECT_NE(text.find("--account @name@server"), std::string::npos) << text;
  // Acts say by whom they are.
  const Folder other;
  other.write(
      "outbox.json",
      items(
          "outbox.json",
          R"({"type":"Announce","id":"a/1","actor":"https://tern.example/users/ana","object":"https://wren.example/users/bo/statuses/5"})"));
  EXPECT_EQ(
      read_path(other.path()),
      "1 unknown mastodon:@ana@tern.example reshare "
      "https://wren.example/users/bo/statuses/5 mastodon:@bo@wren.example - 1 - public a/1\n");
}

TEST(Mastodon, RefusesWhatHoldsNeitherActsNorLikes) {
  const Folder folder;
  folder.write("actor.json", kActorText);
  EXPECT_NE(read_path(folder.path()).find("error kUnusable"), std::string::npos);
}

TEST(Mastodon, FindsTheFilesInTheFolderThatWasPacked) {
  const Folder folder;
  folder.write("archive-1/actor.json", kActorText)
      .write("archive-1/likes.json", items("likes.json", kLike))
      .write("archive-1/media/old/likes.json", items("likes.json", "\"https://x.example/1\""));
  EXPECT_NE(read_path(folder.path()).find("2" + kReact), std::string::npos);
  EXPECT_NE(read_path(folder.path()).find("left alone 1 other file"), std::string::npos);
}

TEST(Mastodon, SaysInWhichFileItBreaksOff) {
  const Folder folder;
  folder.write("actor.json", kActorText)
      .write("likes.json", items("likes.json", kLike).substr(0, 150) + "\"," + kLike.substr(0, 9));
  const std::string text = read_path(folder.path());
  EXPECT_NE(text.find("likes.json: ends in the middle of a value"), std::string::npos) << text;
}

TEST(Mastodon, DetectsByWhatTheFilesSayAndNotByTheirNamesAlone) {
  const Folder folder;
  folder.write("actor.json", "{}").write("outbox.json", "{\"items\":[]}");
  const auto adapter_of = [](const std::string& path) -> std::string {
    const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
    EXPECT_TRUE(input.ok());
    const Result<const Adapter*> adapter = detect_adapter(**input);
    return adapter.ok() ? std::string((*adapter)->info().name) : "none";
  };
  EXPECT_EQ(adapter_of(folder.path()), "none");
  folder.write("outbox.json", items("outbox.json", ""));
  EXPECT_EQ(adapter_of(folder.path()), "mastodon");
  EXPECT_EQ(adapter_of(folder.path("outbox.json")), "mastodon");
  // By itself, under another name, it is a collection like others.
  folder.write("box.json", items("outbox.json", ""));
  EXPECT_EQ(adapter_of(folder.path("box.json")), "activitystreams");
}

TEST(Mastodon, AnAnswerOfTheApiIsRefusedWithWhatToGiveInstead) {
  const std::string text =
      R"([{"request":{"method":"GET","uri":"https://tern.example/api/v1/notifications"},"response":[{"id":"1","type":"mention"}]}])";
  const std::unique_ptr<Input> input = memory_input("n.json", text, {});
  const Result<const Adapter*> adapter = detect_adapter(*input);
  ASSERT_TRUE(adapter.ok()) << adapter.error().message;
  EXPECT_EQ(*adapter, &mastodon_adapter());
  const std::string refusal = events_text(mastodon_adapter(), *input, {});
  EXPECT_NE(refusal.find("error kUnusable n.json is an answer of Mastodon's API"),
            std::string::npos)
      << refusal;
}

// Packs the files of a folder. `zip`: else a .tar.gz.
void pack(const std::string& folder, const std::string& to, bool zip) {
  archive* out = archive_write_new();
  if (zip) {
    ASSERT_EQ(archive_write_set_format_zip(out), ARCHIVE_OK);
  } else {
    ASSERT_EQ(archive_write_set_format_pax_restricted(out), ARCHIVE_OK);
    ASSERT_EQ(archive_write_add_filter_gzip(out), ARCHIVE_OK);
  }
  ASSERT_EQ(archive_write_open_filename(out, to.c_str()), ARCHIVE_OK);
  for (const fs::directory_entry& file : fs::directory_iterator(folder)) {
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(in), {}};
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, file.path().filename().c_str());
    archive_entry_set_size(entry, static_cast<int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    ASSERT_EQ(archive_write_header(out, entry), ARCHIVE_OK);
    ASSERT_EQ(archive_write_data(out, bytes.data(), bytes.size()),
              static_cast<la_ssize_t>(bytes.size()));
    archive_entry_free(entry);
  }
  ASSERT_EQ(archive_write_close(out), ARCHIVE_OK);
  archive_write_free(out);
}

std::string read_real(const std::string& path, unsigned threads, CountingSink& sink) {
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  EXPECT_TRUE(input.ok());
  const Result<const Adapter*> adapter = detect_adapter(**input);
  EXPECT_TRUE(adapter.ok());
  EXPECT_EQ(*adapter, &mastodon_adapter());
  ReadOptions options;
  options.threads = threads;
  EXPECT_TRUE((*adapter)->read(**input, options, sink).ok());
  return events_text(**adapter, **input, options);
}

TEST(MastodonOnRealData, AnArchiveGivesTheSamePackedOrNot) {
  const std::string path = real_data("mastodon/archive");
  if (path.empty()) GTEST_SKIP();
  CountingSink sink;
  const std::string text = read_real(path, 1, sink);
  const auto count = [&](Verb verb) { return sink.by_verb[static_cast<size_t>(verb)]; };
  EXPECT_EQ(count(Verb::kPost), 1260U);
  EXPECT_EQ(count(Verb::kReply), 422U);
  EXPECT_EQ(count(Verb::kReshare), 326U);
  EXPECT_EQ(count(Verb::kReact), 1115U);
  EXPECT_EQ(count(Verb::kMention), 135U);
  EXPECT_EQ(count(Verb::kQuote), 0U);
  EXPECT_EQ(sink.events, 1260U + 422U + 326U + 1115U + 135U);
  EXPECT_TRUE(sink.rejects.empty());
  EXPECT_EQ(sink.kinds_left_alone,
            (std::map<std::string, uint64_t, std::less<>>{{"bookmark", 865}}));
  EXPECT_EQ(sink.profiles, 1U);

  const Folder folder;
  pack(path, folder.path("a.zip"), true);
  pack(path, folder.path("a.tar.gz"), false);
  CountingSink again;
  EXPECT_EQ(read_real(folder.path("a.zip"), 2, again), text);
  EXPECT_EQ(read_real(folder.path("a.tar.gz"), 2, again), text);
}

TEST(MastodonOnRealData, TheRecordedAnswerOfTheApiIsRefused) {
  const std::string path = real_data("mastodon/api/entity_notification.json");
  if (path.empty()) GTEST_SKIP();
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  ASSERT_TRUE(input.ok());
  const Result<const Adapter*> adapter = detect_adapter(**input);
  ASSERT_TRUE(adapter.ok());
  EXPECT_NE(events_text(**adapter, **input, {}).find("is an answer of Mastodon's API"),
            std::string::npos);
}

}  // namespace
}  // namespace bellwether

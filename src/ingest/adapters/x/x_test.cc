// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/x/x.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>

#include "ingest/adapter_testing.h"
#include "ingest/adapters/x/files.h"
#include "ingest/adapters/x/mapping.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

std::string tweets(std::string_view elements, std::string_view variable = "tweets") {
  return fmt::format("window.YTD.{}.part0 = [{}]", variable, elements);
}

constexpr std::string_view kTweet =
    R"({"tweet":{"id_str":"7","created_at":"Thu May 01 08:00:00 +0000 2031","full_text":"x"}})";
constexpr std::string_view kTweetRead =
    " 2031-05-01T08:00:00Z x:11 post https://x.com/i/status/7 - - 1 - public "
    "https://x.com/i/status/7\n";

ReadOptions by(std::string account) {
  ReadOptions options;
  options.account = std::move(account);
  return options;
}

// What reading gives, without profiles.
std::string read(std::string text, const ReadOptions& options = by("11")) {
  std::string all = events_text(x_adapter(), "t", std::move(text), options);
  std::string out;
  while (!all.empty()) {
    const size_t end = all.find('\n') + 1;
    if (!all.starts_with("profile ")) out += all.substr(0, end);
    all.erase(0, end);
  }
  return out;
}

Likeness detect(const std::vector<std::pair<std::string, std::string>>& files) {
  class Sample final : public InputSample {
   public:
    explicit Sample(const std::vector<std::pair<std::string, std::string>>& files) {
      for (const auto& [name, text] : files) {
        members_.push_back({name, text.size()});
        texts_.push_back(text.substr(0, kHeadBytes));
      }
    }
    const std::vector<Member>& members() const override { return members_; }
    std::string_view head(size_t member) const override { return texts_[member]; }

   private:
    std::vector<Member> members_;
    std::vector<std::string> texts_;
  };
  return x_adapter().detect(Sample(files));
}

TEST(XAdapter, IsFoundByWhatFilesSayAndNotByTheirNames) {
  EXPECT_EQ(detect({{"a.txt", tweets("")}}), Likeness::kCertain);
  EXPECT_EQ(detect({{"tweets.js", "[1,2]"}}), Likeness::kNo);
  EXPECT_EQ(detect({{"a", tweets("", "direct_messages")}}), Likeness::kLikely);
  EXPECT_EQ(detect({{"a", "window.YTD = [1]"}}), Likeness::kNo);
  EXPECT_EQ(detect({{"a", ""}}), Likeness::kNo);
  EXPECT_EQ(detect({{"data/a.js", "x"}, {"data/tweets.js", tweets("")}}), Likeness::kCertain);
  EXPECT_EQ(detect({{"data/like.js", "x"}, {"data/tweets.js", tweets("")}}), Likeness::kCertain);
  EXPECT_EQ(detect({{"data/like.js", "x"}, {"data/tweets.js", "y"}}), Likeness::kNo);
  EXPECT_EQ(detect({{"data/like.js", tweets("")}, {"b", "y"}}), Likeness::kNo);
  EXPECT_EQ(detect({{"data/a.js", tweets("")}, {"b", "y"}}), Likeness::kNo);
}

TEST(XAdapter, LeavesOtherJsonAlone) {
  EXPECT_EQ(detect({{"a", R"([{"id":"1","content":"x","in_reply_to_id":null}])"}}), Likeness::kNo);
  EXPECT_EQ(detect({{"a", R"({"data":[{"id":"1","text":"x"}]})"}}), Likeness::kNo);
  EXPECT_EQ(detect({{"a", R"({"data":[{"id":"1","edit_history_tweet_ids":["1"]}]})"}}),
            Likeness::kLikely);
  EXPECT_EQ(detect({{"a", "actor,target\nana,bo\n"}}), Likeness::kNo);
}

TEST(XArchive, TellsFilesByNameAndPart) {
  std::vector<Member> members;
  for (const char* name :
       {"data/tweets.js", "data/tweets-part10.js", "data/tweets-part2.js", "data/account.js",
        "data/tweets-partx.js", "data/deleted-tweets.js", "data/like.js", "data/tweets.json",
        "data/tweets", "follower.js", "data/tweet-headers.js", "data/following.js"}) {
    members.push_back({name, 0});
  }
  std::string order;
  for (const XMember& file : archive_members(members)) order += members[file.member].name + " ";
  EXPECT_EQ(order,
            "data/account.js data/tweets.js data/tweets-part2.js data/tweets-part10.js "
            "data/like.js data/following.js follower.js ");
}

TEST(XArchive, ReadsTheVariableThatAFileSets) {
  EXPECT_EQ(archive_variable("window.YTD.tweets.part0 = "), "tweets");
  EXPECT_EQ(archive_variable(" \nwindow.YTD.direct_messages.part12="), "direct_messages");
  for (const std::string_view other :
       {"", "window.YTD.tweets = ", "window.YTD.tweets.part = ", "window.YTD.tweets.part0",
        "window.YTD.a b.part0 = ", "var window.YTD.tweets.part0 = ", "window.YTD.a.b.part0 = ",
        "Grailbird.data.tweets_2014_01 = "}) {
    EXPECT_EQ(archive_variable(other), "") << other;
  }
}

TEST(XArchive, ABadElementCostsItselfAndNoMore) {
  const std::string tweet(kTweet);
  EXPECT_EQ(read(tweets(tweet + ",{\"tweet\":tru},[1],7,{}," + tweet)),
            "1" + std::string(kTweetRead) +
                "reject 2 not valid JSON\nreject 3 not a JSON object\nreject 4 not a JSON object\n"
                "reject 5 tweet has no id\n6" +
                std::string(kTweetRead));
  EXPECT_EQ(read(tweets("")), "");
  EXPECT_EQ(read(tweets(tweet) + "; \n"), "1" + std::string(kTweetRead));
  EXPECT_EQ(read(tweets(tweet) + "; x"),
            "1" + std::string(kTweetRead) + "reject 2 something follows the end of the array\n");
}

TEST(XArchive, GivesWhatCameBeforeItBreaksOff) {
  const std::string text = tweets(std::string(kTweet) + "," + std::string(kTweet));
  EXPECT_EQ(read(text.substr(0, text.size() - 1)),
            "1" + std::string(kTweetRead) + "2" + std::string(kTweetRead) +
                "error kCorrupt t: ends in the middle of an array\n");
  EXPECT_EQ(read(text.substr(0, text.size() - 5)),
            "1" + std::string(kTweetRead) + "error kCorrupt t: ends in the middle of a value\n");
}

TEST(XArchive, AnElementBeyondTheLimitIsPassedOver) {
  InputLimits limits;
  limits.record_bytes_max = kTweet.size();
  const std::unique_ptr<Input> input = memory_input(
      "t", tweets(fmt::format("{},{{{}}},{}", kTweet, std::string(kTweet.size(), ' '), kTweet)),
      limits);
  const std::string text = events_text(x_adapter(), *input, by("11"));
  EXPECT_NE(text.find("reject 2 record is longer than the limit\n3 2031"), std::string::npos)
      << text;
}

TEST(XArchive, SaysWhichFilesStateNothing) {
  const std::string text = read(tweets("", "direct_messages"));
  EXPECT_NE(text.find("error kUnusable t is a file of an X archive that states nothing for us: "
                      "direct_messages; give"),
            std::string::npos)
      << text;
}

TEST(XOwnerOption, TakesANumberOrAScreenName) {
  const auto name_of = [](std::string_view given) {
    const Result<XOwner> owner = parse_owner(given);
    return owner.ok() ? account_name(owner->id, owner->screen_name)
                      : std::string(error_word(owner.error().code));
  };
  EXPECT_EQ(name_of("123"), "123");
  EXPECT_EQ(name_of("x:123"), "123");
  EXPECT_EQ(name_of("Ana_Q"), "@ana_q");
  EXPECT_EQ(name_of("@Ana_Q"), "@ana_q");
  EXPECT_EQ(name_of("x:@Ana_Q"), "@ana_q");
  for (const std::string_view wrong :
       {"", "@", "ana q", "ana@example.social", "mastodon:@ana@example.social"}) {
    EXPECT_EQ(name_of(wrong), "kInvalidArgument") << wrong;
  }
}

TEST(XOwnerOption, FindsInTheTweetsWhatItLeavesOut) {
  const std::string self =
      R"({"tweet":{"id_str":"8","in_reply_to_screen_name":"Ana_Q","in_reply_to_user_id_str":"11",)"
      R"("in_reply_to_status_id_str":"7"}})";
  const std::string text = tweets(std::string(kTweet) + "," + self);
  EXPECT_TRUE(events_text(x_adapter(), "t", text, by("ana_q"))
                  .starts_with("profile x:11 @Ana_Q https://x.com/Ana_Q -\n1 "));
  EXPECT_TRUE(events_text(x_adapter(), "t", text, by("11"))
                  .starts_with("profile x:11 @Ana_Q https://x.com/Ana_Q -\n1 "));
  EXPECT_TRUE(events_text(x_adapter(), "t", text, by("dee"))
                  .starts_with("profile x:@dee @dee https://x.com/dee -\n1 "));
  EXPECT_TRUE(events_text(x_adapter(), "t", text, by("12"))
                  .starts_with("profile x:12 - https://x.com/i/user/12 -\n1 "));
}

// The files of an archive in a folder of their own, and as a .zip.
class XFolder : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (fs::temp_directory_path() / "bellwether-x-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
  }
  void TearDown() override { fs::remove_all(root_); }

  void put(const std::string& name, const std::string& text) {
    fs::create_directories((root_ / "a" / name).parent_path());
    std::ofstream(root_ / "a" / name, std::ios::binary) << text;
    files_[name] = text;
  }
  std::string folder() const { return (root_ / "a").string(); }
  std::string zip() const {
    std::string path = (root_ / "a.zip").string();
    archive* handle = archive_write_new();
    archive_write_set_format_zip(handle);
    EXPECT_EQ(archive_write_open_filename(handle, path.c_str()), ARCHIVE_OK);
    for (const auto& [name, text] : files_) {
      archive_entry* entry = archive_entry_new();
      archive_entry_set_pathname(entry, name.c_str());
      archive_entry_set_filetype(entry, AE_IFREG);
      archive_entry_set_perm(entry, 0644);
      archive_entry_set_size(entry, static_cast<la_int64_t>(text.size()));
      EXPECT_EQ(archive_write_header(handle, entry), ARCHIVE_OK);
      EXPECT_EQ(archive_write_data(handle, text.data(), text.size()),
                static_cast<la_ssize_t>(text.size()));
      archive_entry_free(entry);
    }
    EXPECT_EQ(archive_write_close(handle), ARCHIVE_OK);
    archive_write_free(handle);
    return path;
  }
  // Detects and reads the folder and the .zip, which must give the same.
  std::string read_both(const ReadOptions& options = {}) {
    std::string out;
    for (const std::string& path : {folder(), zip()}) {
      const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
      if (!input.ok()) return input.error().message;
      const Result<const Adapter*> adapter = detect_adapter(**input);
      if (!adapter.ok()) return adapter.error().message;
      EXPECT_EQ(*adapter, &x_adapter());
      std::string text = events_text(**adapter, **input, options);
      // Messages name the path.
      for (size_t at = text.find(path); at != std::string::npos; at = text.find(path)) {
        text.replace(at, path.size(), "ARCHIVE");
      }
      EXPECT_TRUE(out.empty() || text == out) << out << text;
      out = text;
    }
    return out;
  }

  fs::path root_;
  std::map<std::string, std::string> files_;
};

std::string account_file(std::string_view name, std::string_view id) {
  return tweets(fmt::format(R"({{"account":{{"username":"{}","accountId":"{}"}}}})", name, id),
                "account");
}

TEST_F(XFolder, AFolderAndItsZipGiveTheSame) {
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator("src/ingest/adapters/x/fixtures/archive")) {
    if (!entry.is_regular_file()) continue;
    std::ifstream in(entry.path(), std::ios::binary);
    put(fs::relative(entry.path(), "src/ingest/adapters/x/fixtures/archive").string(),
        {std::istreambuf_iterator<char>(in), {}});
  }
  std::ifstream expected("src/ingest/adapters/x/fixtures/archive.events", std::ios::binary);
  EXPECT_EQ(read_both(), std::string(std::istreambuf_iterator<char>(expected), {}));
}

TEST_F(XFolder, TheArchiveSaysWhoseItIsAndTheOptionMustAgree) {
  put("data/account.js", account_file("Ana_Q", "11"));
  put("data/tweets.js", tweets(kTweet));
  const std::string text = "profile x:11 @Ana_Q https://x.com/Ana_Q -\n2" + std::string(kTweetRead);
  EXPECT_EQ(read_both(), text);
  EXPECT_EQ(read_both(by("11")), text);
  EXPECT_EQ(read_both(by("@ana_q")), text);
  EXPECT_EQ(read_both(by("bo")),
            "error kInvalidArgument ARCHIVE is the archive of @Ana_Q (11), not of bo; leave "
            "--account out\n");
}

TEST_F(XFolder, WithoutAnOwnerTheErrorNamesTheOption) {
  put("data/tweets.js", tweets(kTweet));
  put("data/like.js", tweets("", "like"));
  const std::string text = read_both();
  EXPECT_NE(text.find("error kUnusable ARCHIVE does not say whose archive it is"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("--account ana"), std::string::npos) << text;
  EXPECT_EQ(text.find(" post "), std::string::npos);
  put("data/account.js", tweets("{}", "account"));
  EXPECT_NE(read_both().find("error kUnusable"), std::string::npos);
  EXPECT_EQ(read_both(by("11")),
            "reject 1 account or age is not told as expected\n"
            "profile x:11 - https://x.com/i/user/11 -\n2" +
                std::string(kTweetRead));
}

TEST_F(XFolder, TheOwnersProfileSaysSoAndWhetherTheyAreAMinor) {
  class Sink final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& /*event*/) override { return {}; }
    Result<void> reject(const Reject& /*reject*/) override { return {}; }
    Result<void> profile(const AccountProfile& profile) override {
      owners += profile.owner ? 1 : 0;
      minors += profile.minor ? 1 : 0;
      return {};
    }
    Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
    void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}
    int owners = 0;
    int minors = 0;
  };
  const auto minors_at = [&](std::string_view age) {
    put("data/account.js", account_file("Ana_Q", "11"));
    put("data/ageinfo.js",
        tweets(fmt::format(R"({{"ageMeta":{{"ageInfo":{{"age":{}}}}}}})", age), "ageinfo"));
    put("data/tweets.js",
        tweets(
            R"({"tweet":{"id":"8","entities":{"user_mentions":[{"screen_name":"bo","id":"2"}]}}})"));
    const Result<std::unique_ptr<Input>> input = open_input(folder(), InputLimits{});
    Sink sink;
    EXPECT_TRUE(x_adapter().read(**input, {}, sink).ok());
    EXPECT_EQ(sink.owners, 1);
    return sink.minors;
  };
  EXPECT_EQ(minors_at("[\"15\"]"), 1);
  EXPECT_EQ(minors_at("\"15\""), 1);
  EXPECT_EQ(minors_at("[15]"), 1);
  EXPECT_EQ(minors_at("[\"16\"]"), 0);
  EXPECT_EQ(minors_at("[]"), 0);
}

TEST_F(XFolder, AFileThatBreaksOffLeavesTheOthersTheirs) {
  put("data/account.js", account_file("Ana_Q", "11"));
  put("data/tweets.js", tweets(kTweet).substr(0, 60));
  put("data/like.js", tweets(R"({"like":{"tweetId":"8"}})", "like"));
  put("data/following.js", "nothing at all");
  const std::string text = read_both();
  EXPECT_NE(text.find(" x:11 react https://x.com/i/status/8 "), std::string::npos) << text;
  EXPECT_NE(text.find("reject 3 file does not hold what its name says\n"), std::string::npos)
      << text;
  EXPECT_TRUE(text.ends_with("error kCorrupt data/tweets.js: ends in the middle of a value\n"))
      << text;
}

TEST_F(XFolder, TwoArchivesAreReadOneByOne) {
  put("a/account.js", account_file("Ana_Q", "11"));
  put("b/account.js", account_file("bo", "22"));
  EXPECT_EQ(read_both(),
            "error kUnusable ARCHIVE holds 2 archives of X; give each by its own path\n");
}

TEST(XStatuses, ReadsDocumentsArraysAndLinesAlike) {
  const std::string status =
      R"({"id_str":"7","created_at":"Thu May 01 08:00:00 +0000 2031","user":{"id_str":"11"}})";
  const std::string one = "1" + std::string(kTweetRead);
  const std::string two = "2" + std::string(kTweetRead);
  EXPECT_EQ(read(status, {}), one);
  EXPECT_EQ(read(status + "\n" + status, {}), one + two);
  EXPECT_EQ(read("[" + status + ",\n" + status + "]", {}), one + two);
  EXPECT_EQ(read("[" + status + "]\n[" + status + "]", {}), one + two);
  EXPECT_EQ(read("{\n\"statuses\":[" + status + "],\"n\":{\"statuses\":1}}", {}), one);
  EXPECT_EQ(read("{\"statuses\":[" + status + "]}\n{\"statuses\":[" + status + "]}\n", {}),
            one + two);
  EXPECT_EQ(read("{\"statuses\":[]}", {}), "");
  EXPECT_EQ(read("{\"st\\u0061tuses\":[" + status + "],\"x\":\"statuses\"}", {}),
            "reject 1 answer spells its keys in escapes\n");
  EXPECT_EQ(read(status + "\n" + status.substr(0, 20) + "\n" + status, {}),
            one + "reject 2 not valid JSON\n3" + std::string(kTweetRead));
  EXPECT_EQ(read("[" + status + ",", {}),
            one + "error kCorrupt t: ends where a value should begin\n");
}

TEST(XStatuses, LinksToTweetsAreQuotesAndOthersAreNot) {
  const auto quotes = [](std::string_view url) {
    const std::string text = read(tweets(fmt::format(
        R"({{"tweet":{{"id_str":"7","entities":{{"urls":[{{"expanded_url":"{}"}}]}}}}}})", url)));
    const size_t at = text.find(" quote ");
    if (at == std::string::npos) return std::string("-");
    const size_t end = text.find(" - 1 ", at);
    return text.substr(at + 7, end - at - 7);
  };
  const std::string bo = "https://x.com/i/status/9 x:@bo";
  EXPECT_EQ(quotes("https://twitter.com/Bo/status/9"), bo);
  EXPECT_EQ(quotes("http://www.twitter.com/bo/statuses/9/photo/1"), bo);
  EXPECT_EQ(quotes("https://x.com/bo/status/9?s=20"), bo);
  EXPECT_EQ(quotes("https://mobile.twitter.com/bo/status/9#m"), bo);
  EXPECT_EQ(quotes("https://x.com/i/web/status/9"), "https://x.com/i/status/9 -");
  for (const std::string_view other :
       {"https://x.com/bo", "https://x.com/bo/status/", "https://x.com/bo/status/9x",
        "https://x.com/bo/status/7/photo/1", "https://example.org/x.com/bo/status/9",
        "https://x.com.example.org/bo/status/9", "https://x.com/bo/likes/9", ""}) {
    EXPECT_EQ(quotes(other), "-") << other;
  }
}

// Real data; the counts of acts are those of another program that reads the same files.
CountingSink read_real(const std::string& path, const ReadOptions& options) {
  CountingSink sink;
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  EXPECT_TRUE(input.ok());
  if (!input.ok()) return sink;
  const Result<const Adapter*> adapter = detect_adapter(**input);
  EXPECT_TRUE(adapter.ok()) << adapter.error().message;
  if (!adapter.ok()) return sink;
  EXPECT_EQ(*adapter, &x_adapter());
  const Result<void> result = (*adapter)->read(**input, options, sink);
  EXPECT_TRUE(result.ok()) << result.error().message;
  return sink;
}

void expect_archive(const CountingSink& sink) {
  const auto count = [&](Verb verb) { return sink.by_verb[static_cast<size_t>(verb)]; };
  EXPECT_TRUE(sink.rejects.empty());
  EXPECT_TRUE(sink.kinds_left_alone.empty());
  EXPECT_EQ(count(Verb::kPost) + count(Verb::kReshare), 1'758U);  // each tweet is one of them
  EXPECT_EQ(count(Verb::kReshare), 128U);
  EXPECT_EQ(count(Verb::kReply), 231U);
  EXPECT_EQ(count(Verb::kMention), 194U);
  EXPECT_EQ(count(Verb::kQuote), 19U);
  EXPECT_EQ(count(Verb::kReact), 609U);
  EXPECT_EQ(count(Verb::kFollow), 418U);
}

TEST_F(XFolder, OnRealDataEveryRecordOfTheArchiveIsAnAct) {
  const std::string path = real_data("x/archive");
  if (path.empty()) GTEST_SKIP();
  expect_archive(read_real(path, by("smithjd")));
  for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
    std::ifstream in(entry.path(), std::ios::binary);
    put("data/" + entry.path().filename().string(), {std::istreambuf_iterator<char>(in), {}});
  }
  expect_archive(read_real(zip(), by("smithjd")));
  // account.js is not there.
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  ASSERT_TRUE(input.ok());
  CollectingSink sink;
  const Result<void> result = x_adapter().read(**input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnusable);
  EXPECT_EQ(sink.events() + sink.rejects(), 0U);
}

TEST(XOnRealData, EveryStatusOfTheSearchAnswerIsAnAct) {
  const std::string path = real_data("x/api_v1/twitter.json");
  if (path.empty()) GTEST_SKIP();
  const CountingSink sink = read_real(path, {});
  const auto count = [&](Verb verb) { return sink.by_verb[static_cast<size_t>(verb)]; };
  EXPECT_TRUE(sink.rejects.empty());
  EXPECT_EQ(count(Verb::kPost), 27U);
  EXPECT_EQ(count(Verb::kReshare), 73U);
  EXPECT_EQ(count(Verb::kReply), 9U);
  EXPECT_EQ(count(Verb::kMention), 1U);
  EXPECT_EQ(count(Verb::kQuote), 0U);
}

TEST(XOnRealData, AnswersOfApiV2AreRefusedWithWhatIsRead) {
  for (const char* name :
       {"x/api_v2/client_get_home_timeline.json", "x/api_v2/asyncclient_get_liked_tweets.json"}) {
    const std::string path = real_data(name);
    if (path.empty()) GTEST_SKIP();
    const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
    ASSERT_TRUE(input.ok());
    const Result<const Adapter*> adapter = detect_adapter(**input);
    ASSERT_TRUE(adapter.ok());
    ASSERT_EQ(*adapter, &x_adapter());
    CollectingSink sink;
    const Result<void> result = (*adapter)->read(**input, {}, sink);
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, ErrorCode::kUnusable);
    EXPECT_NE(result.error().message.find("API v2"), std::string::npos);
    EXPECT_EQ(sink.events() + sink.rejects(), 0U);
  }
}

}  // namespace
}  // namespace bellwether

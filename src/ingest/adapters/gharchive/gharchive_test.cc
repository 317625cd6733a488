// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/gharchive/gharchive.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "ingest/adapter_testing.h"

namespace bellwether {
namespace {

constexpr std::string_view kStar =
    R"({"id":"7","type":"WatchEvent","actor":{"login":"ana"},"repo":{"name":"bo/kiln"},)"
    R"("payload":{"action":"started"},"public":true,"created_at":"2031-05-01T08:00:00Z"})";
constexpr std::string_view kStarRead =
    " 2031-05-01T08:00:00Z github:ana react https://github.com/bo/kiln github:bo - 1 bo/kiln "
    "public "
    "github:event:7\n";

std::string read(std::string text) {
  return events_text(gharchive_adapter(), "t", std::move(text));
}

// One event with another type and payload, and what it becomes.
std::string read_event(std::string_view type, std::string_view payload,
                       std::string_view repository = "bo/kiln") {
  return read(
      fmt::format(R"({{"id":"7","type":"{}","actor":{{"login":"ana"}},"repo":{{"name":"{}"}},)"
                  R"("payload":{},"public":true,"created_at":"2031-05-01T08:00:00Z"}})",
                  type, repository, payload));
}

Likeness detect(std::string text, size_t members = 1) {
  class Sample final : public InputSample {
   public:
    Sample(std::string text, size_t members) : text_(std::move(text)), members_(members) {}
    const std::vector<Member>& members() const override { return members_; }
    std::string_view head(size_t /*member*/) const override {
      return std::string_view(text_).substr(0, kHeadBytes);
    }

   private:
    std::string text_;
    std::vector<Member> members_;
  };
  return gharchive_adapter().detect(Sample(std::move(text), members));
}

TEST(GharchiveAdapter, IsFoundByItsFirstGoodLine) {
  const std::string star(kStar);
  EXPECT_EQ(detect(star), Likeness::kCertain);
  EXPECT_EQ(detect("\xef\xbb\xbf" + star + "\n"), Likeness::kCertain);
  EXPECT_EQ(detect("\n{\"broken\n" + star + "\n"), Likeness::kCertain);
  EXPECT_EQ(detect(star, 2), Likeness::kNo);
  EXPECT_EQ(detect(""), Likeness::kNo);
  EXPECT_EQ(detect("{}\n"), Likeness::kNo);
  EXPECT_EQ(detect("{\"type\":\"Create\",\"actor\":\"x\",\"payload\":1,\"created_at\":1}\n"),
            Likeness::kNo);
  EXPECT_EQ(detect("[" + star + "]"), Likeness::kNo);
  EXPECT_EQ(detect("actor,target\nana,bo\n"), Likeness::kNo);
}

TEST(GharchiveAdapter, IsFoundByAFirstLineThatIsLongerThanTheSample) {
  std::string text(kStar);
  text.insert(text.find("\"public\""), "\"more\":\"" + std::string(2 * kHeadBytes, 'x') + "\",");
  EXPECT_EQ(detect(text), Likeness::kLikely);
  text.insert(1, "\"@context\":\"x\",");
  EXPECT_EQ(detect(text), Likeness::kNo);
}

TEST(GharchiveAdapter, ABadLineCostsOneRecord) {
  const std::string star(kStar);
  EXPECT_EQ(read(star + "\n" + star.substr(0, 100) + "\n\xff\n" + star),
            "1" + std::string(kStarRead) + "reject 2 not valid JSON\nreject 3 not valid JSON\n4" +
                std::string(kStarRead));
  EXPECT_EQ(read(star + ",\n"), "reject 1 not valid JSON\n");
  EXPECT_EQ(read(star + "\r\n" + star),
            "1" + std::string(kStarRead) + "2" + std::string(kStarRead));
  EXPECT_EQ(read(""), "");
}

TEST(GharchiveAdapter, ALineBeyondTheLimitIsPassedOver) {
  InputLimits limits;
  limits.record_bytes_max = kStar.size();
  const std::unique_ptr<Input> input = memory_input(
      "t", std::string(kStar) + "\n" + std::string(kStar) + " \n" + std::string(kStar), limits);
  EXPECT_EQ(events_text(gharchive_adapter(), *input, {}),
            "1" + std::string(kStarRead) + "reject 2 line is longer than the limit\n3" +
                std::string(kStarRead));
}

TEST(GharchiveAdapter, GivesWhatCameBeforeTheBytesBreakOff) {
  // 40 events as a gzip file that lost its end.
  std::string text;
  for (int i = 0; i < 40; ++i) text += std::string(kStar) + "\n";
  class Cut final : public Input {
   public:
    explicit Cut(std::string text) : text_(std::move(text)) {}
    const std::string& path() const override { return path_; }
    const std::vector<Member>& members() const override { return members_; }
    const std::vector<LeftOut>& left_out() const override { return left_out_; }
    const InputLimits& limits() const override { return limits_; }
    uint64_t bytes_read() const override { return 0; }
    uint64_t bytes_total() const override { return 0; }
    Result<std::unique_ptr<ByteStream>> open(size_t /*member*/) override {
      class Stream final : public ByteStream {
       public:
        explicit Stream(std::string_view text) : text_(text) {}
        Result<size_t> read(char* buffer, size_t size) override {
          if (text_.empty()) return Error{ErrorCode::kCorrupt, "cut off"};
          const size_t got = text_.copy(buffer, size);
          text_.remove_prefix(got);
          return got;
        }

       private:
        std::string_view text_;
      };
      return std::unique_ptr<ByteStream>(std::make_unique<Stream>(text_));
    }

   private:
    std::string text_;
    std::string path_ = "t";
    std::vector<Member> members_{{"t", 0}};
    std::vector<LeftOut> left_out_;
    InputLimits limits_;
  } input(text.substr(0, text.size() - 20));
  CollectingSink sink;
  const Result<void> result = gharchive_adapter().read(input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCorrupt);
  EXPECT_EQ(sink.events(), 39U);
  EXPECT_EQ(sink.rejects(), 0U);
}

TEST(GharchiveAdapter, StopsWhenTheSinkCanTakeNoMore) {
  class Full final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& /*event*/) override {
      if (++events == 3) return Error{ErrorCode::kIo, "disk full"};
      return {};
    }
    Result<void> reject(const Reject& /*reject*/) override { return {}; }
    Result<void> profile(const AccountProfile& /*profile*/) override { return {}; }
    Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
    void left_alone(std::string_view /*kind*/, uint64_t records) override { left += records; }
    int events = 0;
    uint64_t left = 0;
  } sink;
  const std::unique_ptr<Input> input = memory_input(
      "t", "\n" + std::string(kStar) + "\n" + std::string(kStar) + "\n" + std::string(kStar), {});
  const Result<void> result = gharchive_adapter().read(*input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().message, "disk full");
  EXPECT_EQ(sink.left, 1U);
}

TEST(GharchiveAdapter, ReadsOneFileAtATime) {
  const Result<std::unique_ptr<Input>> input =
      open_input("src/ingest/adapters/gharchive/fixtures", InputLimits{});
  ASSERT_TRUE(input.ok());
  CollectingSink sink;
  const Result<void> result = gharchive_adapter().read(**input, {}, sink);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kUnusable);
  EXPECT_EQ(sink.events() + sink.rejects(), 0U);
}

TEST(GharchiveMapping, TheSameRepositoryInAnyCaseIsOneObject) {
  const std::string text = read_event("WatchEvent", R"({"action":"started"})", "BO/Kiln");
  EXPECT_EQ(text, "1" + std::string(kStarRead));
}

TEST(GharchiveMapping, AReleaseKeepsTheCaseOfItsTag) {
  const auto release = [](std::string_view url) {
    return read_event(
        "ReleaseEvent",
        fmt::format(R"({{"action":"published","release":{{"html_url":"{}"}}}})", url));
  };
  EXPECT_NE(release("https://github.com/Bo/KILN/releases/tag/V1")
                .find(" post https://github.com/bo/kiln/releases/tag/V1 "),
            std::string::npos);
  for (const std::string_view elsewhere :
       {"https://github.com/bo/kilns/releases/tag/V1", "https://github.com/bo/kiln", "",
        "https://example.org/bo/kiln/releases/tag/V1"}) {
    EXPECT_EQ(release(elsewhere), "reject 1 release has no address\n") << elsewhere;
  }
}

TEST(GharchiveMapping, KindsThatAreNotNamesAreCountedByTypeOnly) {
  EXPECT_EQ(read_event("WatchEvent", R"({"action":"a b"})"), "left alone 1 WatchEvent\n");
  EXPECT_EQ(read_event("WatchEvent", R"({"action":"deleted"})"),
            "left alone 1 WatchEvent/deleted\n");
  EXPECT_EQ(read_event("NosuchEvent", "{}"), "left alone 1 NosuchEvent\n");
}

TEST(GharchiveMapping, HalfACharacterInATextThatIsNotReadDoesNoHarm) {
  EXPECT_EQ(read_event("WatchEvent", R"({"action":"started","description":"cut \ud83d"})"),
            "1" + std::string(kStarRead));
}

TEST(GharchiveOnRealData, EveryLineOfTheHourIsAccountedFor) {
  const std::string path = real_data("github/2015-01-01-0.json.gz");
  if (path.empty()) GTEST_SKIP();
  // Also counts the records that gave events.
  class Sink final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& event) override {
      records_.insert(event.provenance.record);
      EXPECT_TRUE(event.published.known());
      EXPECT_FALSE(event.native_id.empty());
      EXPECT_FALSE(event.topics.empty());
      return counts.event(event);
    }
    Result<void> reject(const Reject& reject) override { return counts.reject(reject); }
    Result<void> profile(const AccountProfile& profile) override { return counts.profile(profile); }
    Result<void> claim(const IdentityClaim& claim) override { return counts.claim(claim); }
    void left_alone(std::string_view kind, uint64_t records) override {
      counts.left_alone(kind, records);
    }
    size_t records() const { return records_.size(); }
    uint64_t verb(Verb verb) const { return counts.by_verb[static_cast<size_t>(verb)]; }
    CountingSink counts;

   private:
    std::set<uint64_t> records_;
  } sink;
  const Result<std::unique_ptr<Input>> input = open_input(path, InputLimits{});
  ASSERT_TRUE(input.ok());
  const Result<const Adapter*> adapter = detect_adapter(**input);
  ASSERT_TRUE(adapter.ok());
  ASSERT_EQ(*adapter, &gharchive_adapter());
  ASSERT_TRUE((*adapter)->read(**input, {}, sink).ok());
  uint64_t left_alone = 0;
  for (const auto& [kind, records] : sink.counts.kinds_left_alone) left_alone += records;
  EXPECT_TRUE(sink.counts.rejects.empty());
  EXPECT_EQ(sink.records() + left_alone, 7'702U);
  // By type, as a count of the file with another JSON parser gives them.
  EXPECT_EQ(sink.verb(Verb::kReact), 642U);    // stars
  EXPECT_EQ(sink.verb(Verb::kAdopt), 213U);    // forks
  EXPECT_EQ(sink.verb(Verb::kReview), 85U);    // comments on the lines of a pull request
  EXPECT_EQ(sink.verb(Verb::kEndorse), 126U);  // merged pull requests
  EXPECT_EQ(sink.verb(Verb::kList), 16U);      // members
  EXPECT_EQ(sink.verb(Verb::kFollow), 0U);     // no longer told in 2015
  // 4,165 pushes, 1,189 comments and issues and pull requests (650 + 56 + 85 + 235 + 163), 90
  // pages, 24 releases, 280 repositories.
  EXPECT_EQ(sink.verb(Verb::kPost), 4'165U + 1'189U + 90U + 24U + 280U);
  // 706 comments; issues and pull requests in repositories of others.
  EXPECT_EQ(sink.verb(Verb::kReply), 706U + 310U);
  const auto& kinds = sink.counts.kinds_left_alone;
  EXPECT_EQ(kinds.at("PushEvent/nothing_new"), 115U);
  EXPECT_EQ(kinds.at("CreateEvent/branch"), 394U);
  EXPECT_EQ(kinds.at("CreateEvent/tag"), 131U);
  EXPECT_EQ(kinds.at("CreateEvent/repository_of_another"), 12U);
  EXPECT_EQ(kinds.at("IssuesEvent/closed"), 135U);
  EXPECT_EQ(kinds.at("IssuesEvent/reopened"), 3U);
  EXPECT_EQ(kinds.at("PullRequestEvent/closed"), 25U);
  EXPECT_EQ(kinds.at("PullRequestEvent/reopened"), 1U);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/record_pipeline.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "ingest/adapter_testing.h"

namespace bellwether {
namespace {

// Makes of each record a mention whose topics and names show its text, or what its kind says.
class Echo final : public RecordReader {
 public:
  void read(const RawRecord& record, TextArena& arena, EventSink& out) override {
    EXPECT_EQ(record.bytes.data()[record.bytes.size() + kPadding - 1] & 0x80, 0);
    if (record.kind == 1) {
      EXPECT_TRUE(out.reject({record.number, 7, "is bad", record.bytes}).ok());
      return;
    }
    if (record.kind == 2) return out.left_alone("kind two", 1);
    AccountProfile profile;
    profile.account = {"test", arena.join({"@", record.bytes})};
    EXPECT_TRUE(out.profile(profile).ok());
    InteractionEvent event;
    event.account = {"test", record.bytes};
    event.target = profile.account;
    event.topics = {record.bytes};
    if (record.number % 3 == 0) event.topics.push_back(profile.account.name);
    event.provenance = {record.number, 1};
    EXPECT_TRUE(out.event(event).ok());
    IdentityClaim claim{event.account, event.target, "same text"};
    EXPECT_TRUE(out.claim(claim).ok());
  }
};

std::string run(unsigned threads, uint64_t records) {
  CollectingSink sink;
  RecordPipeline pipeline(
      threads, [] { return std::make_unique<Echo>(); }, sink);
  for (uint64_t i = 1; i <= records; ++i) {
    if (i % 1000 == 7) {
      EXPECT_TRUE(pipeline.reject(i, "too long").ok());
      continue;
    }
    const std::string text = fmt::format("record-{}-{}", i, std::string(i % 300, 'x'));
    EXPECT_TRUE(pipeline.add(i, text, static_cast<uint32_t>(i % 5)).ok());
  }
  EXPECT_TRUE(pipeline.finish().ok());
  return sink.text();
}

TEST(RecordPipeline, GivesEverythingInOrder) {
  EXPECT_EQ(run(1, 7),
            "reject 1 is bad\n"
            "profile test:@record-3-xxx - - -\n"
            "3 unknown test:record-3-xxx mention - - test:@record-3-xxx 1 "
            "record-3-xxx,@record-3-xxx public -\n"
            "claim test:record-3-xxx test:@record-3-xxx same text\n"
            "profile test:@record-4-xxxx - - -\n"
            "4 unknown test:record-4-xxxx mention - - test:@record-4-xxxx 1 record-4-xxxx public "
            "-\n"
            "claim test:record-4-xxxx test:@record-4-xxxx same text\n"
            "profile test:@record-5-xxxxx - - -\n"
            "5 unknown test:record-5-xxxxx mention - - test:@record-5-xxxxx 1 record-5-xxxxx "
            "public -\n"
            "claim test:record-5-xxxxx test:@record-5-xxxxx same text\n"
            "reject 6 is bad\n"
            "reject 7 too long\n"
            "left alone 1 kind two\n");
}

TEST(RecordPipeline, GivesTheSameWhateverTheNumberOfThreads) {
  const std::string one = run(1, 20'000);
  EXPECT_GT(one.size(), 1U << 20);
  EXPECT_EQ(run(2, 20'000), one);
  EXPECT_EQ(run(5, 20'000), one);
}

TEST(RecordPipeline, NothingIsNothing) {
  EXPECT_EQ(run(1, 0), "");
  EXPECT_EQ(run(3, 0), "");
}

TEST(RecordPipeline, StopsWithTheSinksErrorWhateverIsUnderWay) {
  class Full final : public EventSink {
   public:
    Result<void> event(const InteractionEvent& /*event*/) override {
      if (++events_ == 1000) return Error{ErrorCode::kIo, "disk full"};
      return {};
    }
    Result<void> reject(const Reject& /*reject*/) override { return {}; }
    Result<void> profile(const AccountProfile& /*profile*/) override { return {}; }
    Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
    void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}
    int events() const { return events_; }

   private:
    int events_ = 0;
  };
  for (const unsigned threads : {1U, 3U}) {
    Full sink;
    RecordPipeline pipeline(
        threads, [] { return std::make_unique<Echo>(); }, sink);
    Result<void> outcome;
    for (uint64_t i = 1; i <= 100'000 && outcome.ok(); ++i) {
      outcome = pipeline.add(i, "record", 0);
    }
    if (outcome.ok()) outcome = pipeline.finish();
    ASSERT_FALSE(outcome.ok());
    EXPECT_EQ(outcome.error().message, "disk full");
    EXPECT_EQ(sink.events(), 1000);
  }
}

}  // namespace
}  // namespace bellwether

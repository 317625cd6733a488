// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <thread>

#include "base/hash.h"
#include "store/duckdb/engine.h"
#include "store/store_testing.h"

namespace bellwether {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr Verb kPost = Verb::kPost;
constexpr Verb kReply = Verb::kReply;
constexpr Verb kReshare = Verb::kReshare;
constexpr Verb kReact = Verb::kReact;
constexpr Verb kUndo = Verb::kUndo;
constexpr Verb kFollow = Verb::kFollow;

AccountProfile profile_of(std::string_view name, std::string_view display_name) {
  AccountProfile profile;
  profile.account = {"test", name};
  profile.display_name = display_name;
  return profile;
}

// ---- ingest -------------------------------------------------------------------------------------

std::vector<TopicSetId> sets_with(Store& store, std::string_view topic) {
  uint32_t wanted = 0;
  EXPECT_TRUE(store
                  .each_topic([&](uint32_t number, std::string_view name) {
                    if (name == topic) wanted = number;
                  })
                  .ok());
  std::vector<TopicSetId> sets;
  EXPECT_TRUE(store
                  .each_topic_of_sets([&](TopicSetId set, uint32_t number) {
                    if (number == wanted) sets.push_back(set);
                  })
                  .ok());
  std::sort(sets.begin(), sets.end());
  return sets;
}

TEST(Ingest, TheSameSourceTwiceChangesNothing) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const std::vector<TestAct> acts{{.actor = "ana", .target = "bo", .second = 1},
                                  {.actor = "bo", .target = "ana", .second = 2}};
  EXPECT_EQ(ingest(*store, acts).accepted, 2u);
  const uint64_t generation = store->summary()->generation;
  const SourceReport again = ingest(*store, acts);
  EXPECT_EQ(again.accepted, 0u);
  EXPECT_EQ(again.duplicates, 2u);
  EXPECT_EQ(store->summary()->generation, generation);
  EXPECT_THAT(acts_of(*store), ElementsAre("ana mention bo at 1", "bo mention ana at 2"));
}

TEST(Ingest, TheSameSourceTwiceChangesNothingAcrossProcesses) {
  const StoreFolder folder;
  const std::vector<TestAct> acts{{.actor = "ana", .verb = kPost, .object = "o1", .id = "o1"},
                                  {.actor = "bo", .verb = kReply, .object = "o1", .topics = {"a"}},
                                  {.actor = "bo", .verb = kReply, .object = "o1", .topics = {"a"}}};
  ingest(*open_store(folder), acts);
  const auto store = open_store(folder);
  const uint64_t generation = store->summary()->generation;
  EXPECT_EQ(ingest(*store, acts).duplicates, 3u);
  EXPECT_EQ(store->summary()->generation, generation);
  EXPECT_THAT(must(store->check()), IsEmpty());
}

TEST(Ingest, IdenticalLinesOfOneSourceAreDistinctActs) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const TestAct line{.actor = "ana", .target = "bo"};
  EXPECT_EQ(ingest(*store, {line, line, line}).accepted, 3u);
  // Found again, in full or in part: nothing new.
  EXPECT_EQ(ingest(*store, {line, line, line}).duplicates, 3u);
  EXPECT_EQ(ingest(*store, {line, line}).duplicates, 2u);
  // Four where three are known: one is new.
  const SourceReport four = ingest(*store, {line, line, line, line});
  EXPECT_EQ(four.accepted, 1u);
  EXPECT_EQ(four.duplicates, 3u);
  EXPECT_EQ(store->summary()->events, 4u);
}

TEST(Ingest, IdenticalLinesInTwoSourcesOfOneUnitAreTheSameAct) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const auto writer = must(store->begin_unit());
  const TestAct line{.actor = "ana", .target = "bo"};
  for (const char* path : {"first", "second"}) {
    ASSERT_TRUE(writer->begin_source({path, "test", 1, false}, test_second(0)).ok());
    ASSERT_TRUE(line.give(*writer, 1).ok());
    ASSERT_TRUE(line.give(*writer, 2).ok());
    ASSERT_TRUE(writer->end_source(SourceState::kComplete, {}).ok());
  }
  EXPECT_EQ(writer->report().duplicates, 2u);
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(store->summary()->events, 2u);
}

TEST(Ingest, AMillionIdenticalLinesTakeLinearTime) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const auto writer = must(store->begin_unit());
  ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
  const TestAct line{.actor = "ana", .target = "bo"};
  // Were each line compared with all before it, this would take hours and the test's time limit.
  for (uint64_t i = 1; i <= 1'000'000; ++i) ASSERT_TRUE(line.give(*writer, i).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(store->summary()->events, 1'000'000u);
  EXPECT_EQ(store->sources()->at(0).duplicates, 0u);
}

TEST(Ingest, ARepeatedNativeIdIsTheSameAct) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const TestAct act{.actor = "ana", .verb = kReply, .object = "o1", .id = "r1"};
  const SourceReport report = ingest(*store, {act, act});
  EXPECT_EQ(report.accepted, 1u);
  EXPECT_EQ(report.duplicates, 1u);
}

TEST(Ingest, ADuplicateAddsNoAccountAndNoTopic) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = kReply, .object = "o1", .id = "r1"}});
  const uint64_t generation = store->summary()->generation;
  // The same act by its id, told with another author, a new actor's spelling and a topic.
  ingest(*store, {{.actor = "anna",
                   .verb = kReply,
                   .object = "o1",
                   .author = "cy",
                   .id = "r1",
                   .topics = {"new"}}});
  EXPECT_THAT(accounts_of(*store), ElementsAre("test:ana"));
  EXPECT_THAT(sets_with(*store, "new"), IsEmpty());
  EXPECT_EQ(store->summary()->generation, generation);
}

TEST(Ingest, AnActWithoutTimeIsKeptAndCounted) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const SourceReport report = ingest(
      *store, {{.actor = "ana", .target = "bo", .second = -1}, {.actor = "bo", .second = 7}});
  EXPECT_EQ(report.untimed, 1u);
  const LogSummary summary = must(store->summary());
  EXPECT_EQ(summary.untimed, 1u);
  EXPECT_EQ(summary.first, test_second(7));
  EXPECT_EQ(summary.last, test_second(7));
  EXPECT_THAT(acts_of(*store), ElementsAre("ana mention bo at unknown", "bo mention at 7"));
}

TEST(Ingest, WhatCannotBeStoredIsRefusedAndNothingElseIsLost) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const auto writer = must(store->begin_unit());
  EXPECT_EQ(TestAct{.actor = "ana"}.give(*writer).error().code, ErrorCode::kInvalidArgument)
      << "an event of no source";
  ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
  EXPECT_EQ(TestAct{}.give(*writer).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ((TestAct{.actor = "ana", .topics = {""}}).give(*writer).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_TRUE(TestAct{.actor = "ana"}.give(*writer).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(writer->begin_source({"more", "test", 1, false}, test_second(0)).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_THAT(acts_of(*store), ElementsAre("ana mention at 1"));
}

TEST(Ingest, ReportsSayWhatBecameOfEveryRecord) {
  const StoreFolder folder;
  const auto store = open_store(folder, {.keep_rejects = true});
  const auto writer = must(store->begin_unit());
  const SourceInfo info{"archive\xff.zip", "test", 3, true};
  ASSERT_TRUE(writer->begin_source(info, test_second(5)).ok());
  ASSERT_TRUE((TestAct{.actor = "ana", .verb = kReact, .target = "bo"}).give(*writer).ok());
  ASSERT_TRUE((TestAct{.actor = "ana", .verb = kReact, .target = "cy"}).give(*writer).ok());
  ASSERT_TRUE((TestAct{.actor = "ana", .verb = kReply, .target = "bo"}).give(*writer).ok());
  ASSERT_TRUE(writer->reject({4, 44, "time is not an instant", "a,b,\xfe"}).ok());
  ASSERT_TRUE(writer->reject({5, 55, "time is not an instant", "a,b,?"}).ok());
  ASSERT_TRUE(writer->reject({6, 66, "actor is missing", ",b,1"}).ok());
  writer->left_alone("Delete", 2);
  writer->left_alone("Block", 3);
  writer->left_alone("Delete", 2);
  EXPECT_EQ(writer->report().accepted, 3u);
  ASSERT_TRUE(writer->end_source(SourceState::kBroken, "the archive ends early").ok());
  ASSERT_TRUE(writer->finish().ok());

  const std::vector<SourceReport> sources = must(store->sources());
  ASSERT_THAT(sources, SizeIs(1));
  const SourceReport& report = sources[0];
  EXPECT_EQ(report.unit, 1u);
  EXPECT_EQ(report.source, 1u);
  EXPECT_EQ(report.info.path, "archive\xEF\xBF\xBD.zip");
  EXPECT_EQ(report.info.adapter, "test");
  EXPECT_EQ(report.info.mapping_version, 3u);
  EXPECT_TRUE(report.info.simulated);
  EXPECT_TRUE(store->summary()->simulated);
  EXPECT_EQ(report.state, SourceState::kBroken);
  EXPECT_EQ(report.message, "the archive ends early");
  EXPECT_EQ(report.observed, test_second(5));
  EXPECT_EQ(report.accepted, 3u);
  EXPECT_EQ(report.rejected, 3u);
  const auto text = [](const std::vector<KindCount>& kinds) {
    std::string out;
    for (const KindCount& kind : kinds) out += kind.kind + "=" + std::to_string(kind.count) + " ";
    return out;
  };
  EXPECT_EQ(text(report.accepted_by), "react=2 reply=1 ");
  EXPECT_EQ(text(report.rejected_by), "time is not an instant=2 actor is missing=1 ");
  EXPECT_EQ(text(report.left_alone), "Delete=4 Block=3 ");

  const std::vector<RejectRow> rejects = must(store->rejects(1, 2));
  ASSERT_THAT(rejects, SizeIs(2));
  EXPECT_EQ(rejects[0].record, 4u);
  EXPECT_EQ(rejects[0].record_hash, 44u);
  EXPECT_EQ(rejects[0].reason, "time is not an instant");
  EXPECT_EQ(rejects[0].content, "a,b,\xfe");
  EXPECT_THAT(must(store->rejects(2, 10)), IsEmpty());
}

TEST(Ingest, ContentOfRejectsIsForgottenUnlessAskedFor) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const auto writer = must(store->begin_unit());
  ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
  ASSERT_TRUE(writer->reject({1, 2, "actor is missing", "private"}).ok());
  ASSERT_TRUE(writer->finish().ok());
  EXPECT_EQ(store->rejects(1, 10)->at(0).content, "");
}

TEST(Ingest, SourcesAreNumberedThroughAllUnits) {
  const StoreFolder folder;
  {
    const auto store = open_store(folder);
    ingest(*store, {{.actor = "ana"}}, "first");
  }
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "bo"}}, "second");
  ingest(*store, {}, "empty");
  std::vector<std::string> seen;
  for (const SourceReport& report : must(store->sources())) {
    seen.push_back(std::to_string(report.unit) + "/" + std::to_string(report.source) + " " +
                   report.info.path);
    EXPECT_EQ(report.state, SourceState::kComplete);
  }
  EXPECT_THAT(seen, ElementsAre("1/1 first", "2/2 second", "3/3 empty"));
}

TEST(Ingest, AnUnfinishedUnitLeavesItsCommittedBatchesAndSaysSo) {
  const StoreFolder folder;
  const auto store = open_store(folder, {.batch_events = 4096});
  {
    const auto writer = must(store->begin_unit());
    ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
    for (int64_t i = 0; i < 10'000; ++i) {
      ASSERT_TRUE((TestAct{.actor = "ana", .target = "bo", .second = i}).give(*writer).ok());
    }
    EXPECT_EQ(store->begin_unit().error().code, ErrorCode::kBusy);
    EXPECT_EQ(store->undo_unit(1).error().code, ErrorCode::kBusy);
  }
  const SourceReport left = store->sources()->at(0);
  EXPECT_EQ(left.state, SourceState::kReading);
  EXPECT_EQ(left.accepted, 8192u);
  EXPECT_EQ(store->summary()->events, 8192u);
  EXPECT_THAT(acts_of(*store), SizeIs(8192));
  EXPECT_THAT(must(store->check()), IsEmpty());
  // Reading it again takes up what was lost and nothing else.
  std::vector<TestAct> acts;
  for (int64_t i = 0; i < 10'000; ++i) {
    acts.push_back({.actor = "ana", .target = "bo", .second = i});
  }
  EXPECT_EQ(ingest(*store, acts).accepted, 10'000u - 8192u);
}

TEST(Ingest, OneThreadStoresTheSameAsTwo) {
  std::vector<TestAct> acts;
  for (int64_t i = 0; i < 9000; ++i) {
    acts.push_back({.actor = "a" + std::to_string(i % 97),
                    .verb = kReply,
                    .target = "b" + std::to_string(i % 31),
                    .second = i % 500,
                    .object = "o" + std::to_string(i % 211),
                    .topics = {"t" + std::to_string(i % 5)}});
  }
  const StoreFolder one_folder;
  const StoreFolder two_folder;
  const auto one = open_store(one_folder, {.threads = 1, .batch_events = 1000});
  const auto two = open_store(two_folder, {.threads = 2, .batch_events = 1000});
  EXPECT_EQ(ingest(*one, acts).accepted, ingest(*two, acts).accepted);
  EXPECT_EQ(acts_of(*one), acts_of(*two));
}

TEST(Undo, TakesBackAUnitAndWhatOnlyItSpokeOf) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .target = "bo", .second = 1}});
  ingest(*store, {{.actor = "ana", .target = "bo", .second = 1},
                  {.actor = "cy", .target = "bo", .second = 2}});
  const uint64_t generation = store->summary()->generation;
  EXPECT_THAT(accounts_of(*store), UnorderedElementsAre("test:ana", "test:bo", "test:cy"));
  EXPECT_EQ(must(store->undo_unit(2)), 1u);
  EXPECT_GT(store->summary()->generation, generation);
  EXPECT_THAT(acts_of(*store), ElementsAre("ana mention bo at 1"));
  EXPECT_THAT(accounts_of(*store), UnorderedElementsAre("test:ana", "test:bo"));
  EXPECT_EQ(store->summary()->events, 1u);
  EXPECT_TRUE(store->sources()->at(1).undone);
  EXPECT_EQ(store->undo_unit(2).error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->undo_unit(9).error().code, ErrorCode::kNotFound);
  // What was taken back counts as never seen.
  EXPECT_EQ(ingest(*store, {{.actor = "cy", .target = "bo", .second = 2}}).accepted, 1u);
  EXPECT_THAT(accounts_of(*store), UnorderedElementsAre("test:ana", "test:bo", "test:cy"));
  EXPECT_THAT(must(store->check()), IsEmpty());
}

TEST(Undo, TakesBackRejectsProfilesAndClaims) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .target = "bo"}});
  {
    const auto writer = must(store->begin_unit());
    ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
    ASSERT_TRUE(writer->reject({1, 2, "actor is missing", ""}).ok());
    ASSERT_TRUE(writer->profile(profile_of("ana", "Ana")).ok());
    ASSERT_TRUE(writer->profile(profile_of("dee", "Dee")).ok());
    ASSERT_TRUE(writer->claim({{"test", "ana"}, {"test", "bo"}, "rel=me"}).ok());
    ASSERT_TRUE(writer->finish().ok());
  }
  EXPECT_THAT(must(store->claims()), SizeIs(1));
  EXPECT_THAT(accounts_of(*store), SizeIs(3));
  ASSERT_TRUE(store->undo_unit(2).ok());
  EXPECT_THAT(must(store->claims()), IsEmpty());
  EXPECT_THAT(must(store->rejects(2, 10)), IsEmpty());
  EXPECT_THAT(accounts_of(*store), UnorderedElementsAre("test:ana", "test:bo"));
  const auto numbering = must(store->number_accounts());
  const AccountId ana = numbering->find("test", "ana");
  EXPECT_EQ(store->accounts(*numbering, {{ana}})->at(0).display_name, "");
}

TEST(Undo, RowsOfOtherUnitsStayValid) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  std::vector<TestAct> many;
  for (int64_t i = 0; i < 300'000; ++i) many.push_back({.actor = "ana", .second = i});
  ingest(*store, many);
  ingest(*store, {{.actor = "bo", .target = "cy", .second = 42}}, "kept");
  std::map<std::string, EventRow> row_of;
  const auto numbering = must(store->number_accounts());
  const AccountId bo = numbering->find("test", "bo");
  EventRow row = 0;
  ASSERT_TRUE(store
                  ->scan_acts(*numbering,
                              [&](std::span<const ResolvedAct> piece) {
                                for (const ResolvedAct& act : piece) {
                                  if (act.account == bo) row = act.row;
                                }
                              })
                  .ok());
  ASSERT_TRUE(store->undo_unit(1).ok());
  ingest(*store, {{.actor = "dee", .second = 43}});
  const std::vector<EventRow> asked{row};
  const std::vector<Receipt> receipts = must(store->receipts(asked));
  ASSERT_THAT(receipts, SizeIs(1));
  EXPECT_EQ(receipts[0].account, "test:bo");
  EXPECT_EQ(receipts[0].source, "kept");
}

// ---- profiles and claims ------------------------------------------------------------------------

TEST(Profile, TheNewestKnownWordCounts) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const auto tell = [&](const std::vector<AccountProfile>& profiles) {
    const auto writer = must(store->begin_unit());
    ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
    for (const AccountProfile& profile : profiles) ASSERT_TRUE(writer->profile(profile).ok());
    ASSERT_TRUE(writer->finish().ok());
  };
  AccountProfile full = profile_of("ana", "Ana");
  full.url = "https://a.example/";
  full.kind = AccountKind::kPerson;
  full.minor = true;
  full.owner = true;
  AccountProfile newest = profile_of("ana", "Ana B.");
  newest.indexable = false;
  tell({full});
  tell({profile_of("ana", "Old"), newest});
  const auto numbering = must(store->number_accounts());
  const std::vector<AccountId> ids{0};
  const AccountEntry entry = store->accounts(*numbering, ids)->at(0);
  EXPECT_EQ(entry.display_name, "Ana B.");
  EXPECT_EQ(entry.url, "https://a.example/");
  EXPECT_EQ(entry.kind, AccountKind::kPerson);
  EXPECT_FALSE(entry.indexable);
  EXPECT_TRUE(entry.minor) << "a record that does not know the age says nothing about it";
  EXPECT_TRUE(entry.owner);
  EXPECT_THAT(must(store->flagged(*numbering, AccountFlag::kMinor)), ElementsAre(0u));
  EXPECT_THAT(must(store->flagged(*numbering, AccountFlag::kOwner)), ElementsAre(0u));
  const uint64_t generation = store->summary()->generation;
  tell({profile_of("ana", "Old"), newest});
  EXPECT_EQ(store->summary()->generation, generation) << "nothing new was said";
}

TEST(Claim, IsKeptOnceHoweverOftenItIsStated) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  for (int i = 0; i < 2; ++i) {
    const auto writer = must(store->begin_unit());
    ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
    ASSERT_TRUE(writer->claim({{"a", "ana"}, {"b", "ana"}, "rel=me link"}).ok());
    ASSERT_TRUE(writer->claim({{"a", "ana"}, {"b", "ana"}, "rel=me link"}).ok());
    ASSERT_TRUE(writer->finish().ok());
  }
  const std::vector<ClaimRow> claims = must(store->claims());
  ASSERT_THAT(claims, SizeIs(1));
  EXPECT_EQ(claims[0].network + claims[0].name + claims[0].same_network + claims[0].same_name,
            "aanabana");
  EXPECT_EQ(claims[0].evidence, "rel=me link");
}

// ---- the scan -----------------------------------------------------------------------------------

TEST(Scan, AnObjectBelongsToWhoPostedItEvenIfThePostComesLater) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = kReply, .second = 5, .object = "o1"}});
  EXPECT_THAT(acts_of(*store), ElementsAre("ana reply at 5"));
  ingest(*store, {{.actor = "bo", .verb = kPost, .second = 1, .object = "o1"}});
  EXPECT_THAT(acts_of(*store), ElementsAre("ana reply author=bo at 5", "bo post author=bo at 1"));
}

TEST(Scan, ThePostOutranksWhatOthersSayOfTheAuthor) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = kReply, .second = 5, .object = "o1", .author = "eve"},
                  {.actor = "cy", .verb = kReact, .second = 6, .object = "o1"},
                  {.actor = "bo", .verb = kPost, .second = 1, .object = "o1"}});
  EXPECT_THAT(acts_of(*store), ElementsAre("ana reply author=bo at 5", "bo post author=bo at 1",
                                           "cy react author=bo at 6"));
}

TEST(Scan, AnAuthorNamedByOneRecordServesAllOthers) {
  const std::vector<TestAct> acts{
      {.actor = "ana", .verb = kReply, .second = 5, .object = "o1", .author = "bo"},
      {.actor = "cy", .verb = kReact, .second = 6, .object = "o1"},
      {.actor = "dee", .verb = kReact, .second = 7, .object = "o1", .author = "eve"}};
  std::vector<TestAct> reversed(acts.rbegin(), acts.rend());
  const StoreFolder folder;
  const StoreFolder other_folder;
  const auto store = open_store(folder);
  const auto other = open_store(other_folder);
  ingest(*store, acts);
  ingest(*other, reversed);
  // Which of the two is the author depends on their keys, not on who came first.
  const std::string author = hash64("test:bo") < hash64("test:eve") ? "author=bo" : "author=eve";
  EXPECT_THAT(acts_of(*store),
              ElementsAre("ana reply " + author + " at 5", "cy react " + author + " at 6",
                          "dee react " + author + " at 7"));
  EXPECT_EQ(acts_of(*store), acts_of(*other));
}

TEST(Scan, AResponseWithoutTopicsIsAboutWhatItRespondsTo) {
  const std::vector<TestAct> acts{
      {.actor = "ana", .verb = kReact, .second = 5, .object = "o1"},
      {.actor = "bo", .verb = kPost, .second = 1, .object = "o1", .topics = {"clay", "raku"}},
      {.actor = "cy", .verb = kReply, .second = 6, .object = "o1", .topics = {"tea"}},
      {.actor = "dee", .verb = kReact, .second = 7, .object = "o2"},
      {.actor = "eve", .verb = kReply, .second = 8, .object = "o3", .topics = {"ink"}},
      {.actor = "fay", .verb = kReact, .second = 9, .object = "o3"}};
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, acts);
  const std::vector<std::string> lines{"ana react author=bo at 5 #clay #raku",
                                       "bo post author=bo at 1 #clay #raku",
                                       "cy reply author=bo at 6 #tea",
                                       "dee react at 7",
                                       "eve reply at 8 #ink",
                                       "fay react at 9"};
  EXPECT_EQ(acts_of(*store), lines) << "what others said of o3 is not what it is about";
  const auto receipts = must(store->receipts(std::vector<EventRow>{0, 1, 2, 3, 4, 5, 6}));
  std::map<std::string, std::vector<std::string>> topics;
  for (const Receipt& receipt : receipts) topics[receipt.account] = receipt.topics;
  EXPECT_THAT(topics, SizeIs(6));
  EXPECT_THAT(topics["test:ana"], UnorderedElementsAre("clay", "raku"));
  EXPECT_THAT(topics["test:cy"], ElementsAre("tea"));
  EXPECT_THAT(topics["test:dee"], IsEmpty());
}

// Two sources know a post, each with topics of its own: which counts does not depend on order.
TEST(Scan, OfTwoRecordsOfAPostTheSameOneSaysWhatItIsAbout) {
  const std::vector<TestAct> acts{
      {.actor = "ana", .verb = kReact, .second = 5, .object = "o1"},
      {.actor = "bo", .verb = kPost, .second = 1, .object = "o1", .id = "a", .topics = {"clay"}},
      {.actor = "bo", .verb = kPost, .second = 2, .object = "o1", .id = "b", .topics = {"tea"}}};
  const StoreFolder folder;
  const StoreFolder other_folder;
  const auto store = open_store(folder);
  const auto other = open_store(other_folder);
  for (const TestAct& act : acts) ingest(*store, {act}, "file" + act.id);
  for (auto act = acts.rbegin(); act != acts.rend(); ++act)
    ingest(*other, {*act}, "file" + act->id);
  EXPECT_THAT(acts_of(*store), SizeIs(3));
  EXPECT_EQ(acts_of(*store), acts_of(*other));
}

// Of lines that are the same but for their topics the first has the id, the second one made of it.
TEST(Scan, OfTwoPostsThatDifferInTheirTopicsOnlyTheSameOneSaysWhatTheirObjectIsAbout) {
  std::vector<TestAct> acts{{.actor = "ana", .verb = kReact, .second = 5, .object = "o1"}};
  for (const char* topic : {"clay", "tea", "raku"}) {
    acts.push_back({.actor = "bo", .verb = kPost, .second = 1, .object = "o1", .topics = {topic}});
  }
  std::set<std::vector<std::string>> told;
  for (int order = 0; order < 3; ++order) {
    std::rotate(acts.begin() + 1, acts.begin() + 2, acts.end());
    const StoreFolder folder;
    const auto store = open_store(folder);
    ingest(*store, acts);
    told.insert(acts_of(*store));
    const auto receipts = must(store->receipts(std::vector<EventRow>{1}));
    ASSERT_THAT(receipts, SizeIs(1));
    ASSERT_THAT(receipts[0].topics, SizeIs(1));
    EXPECT_THAT(*told.begin(),
                testing::Contains("ana react author=bo at 5 #" + receipts[0].topics[0]));
  }
  EXPECT_THAT(told, SizeIs(1));
}

TEST(Scan, AReshareOfAReshareHasTheNearestResharerAsAuthor) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = kPost, .second = 1, .object = "o1", .id = "o1"},
                  {.actor = "bo", .verb = kReshare, .second = 2, .object = "o1", .id = "s1"},
                  {.actor = "cy", .verb = kReshare, .second = 3, .object = "s1", .id = "s2"},
                  {.actor = "dee", .verb = kReshare, .second = 4, .object = "s2", .id = "s3"}});
  EXPECT_THAT(acts_of(*store),
              ElementsAre("ana post author=ana at 1", "bo reshare author=ana at 2",
                          "cy reshare author=bo at 3", "dee reshare author=cy at 4"));
  const auto numbering = must(store->number_accounts());
  const std::vector<ReshareLink> links = must(store->reshare_links(*numbering));
  const auto id = [&](const char* name) { return numbering->find("test", name); };
  ASSERT_THAT(links, SizeIs(2));
  for (const ReshareLink& link : links) {
    if (link.act == object_key("s1")) {
      EXPECT_EQ(link.object, object_key("o1"));
      EXPECT_EQ(link.account, id("bo"));
      EXPECT_EQ(link.author, id("ana"));
    } else {
      EXPECT_EQ(link.act, object_key("s2"));
      EXPECT_EQ(link.object, object_key("s1"));
      EXPECT_EQ(link.account, id("cy"));
      EXPECT_EQ(link.author, id("bo"));
    }
  }
}

TEST(Scan, AReshareChainNeedsNoPost) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "bo", .verb = kReshare, .second = 2, .object = "o1", .id = "s1"},
                  {.actor = "cy", .verb = kReshare, .second = 3, .object = "s1", .id = "s2"}});
  EXPECT_THAT(acts_of(*store), ElementsAre("bo reshare at 2", "cy reshare author=bo at 3"));
  const auto numbering = must(store->number_accounts());
  const std::vector<ReshareLink> links = must(store->reshare_links(*numbering));
  ASSERT_THAT(links, SizeIs(1));
  EXPECT_EQ(links[0].author, kNobody);
}

TEST(Scan, AnUndoWithdrawsTheActOfItsOwnAccountOnly) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = kReact, .second = 5, .object = "o1", .id = "l1"},
                  {.actor = "bo", .verb = kReact, .second = 6, .object = "o1", .id = "l2"},
                  {.actor = "cy", .verb = kReact, .second = 7, .object = "o1", .id = "l3"},
                  {.actor = "ana", .verb = kUndo, .second = 20, .object = "l1"},
                  {.actor = "ana", .verb = kUndo, .second = 10, .object = "l1"},
                  {.actor = "eve", .verb = kUndo, .second = 8, .object = "l2"},
                  {.actor = "cy", .verb = kUndo, .second = -1, .object = "l3"}});
  const std::string never = std::to_string((kEarliest.ms - test_second(0).ms) / 1000);
  EXPECT_THAT(acts_of(*store),
              UnorderedElementsAre("ana react at 5 until 10", "bo react at 6",
                                   "cy react at 7 until " + never, "ana undo at 20",
                                   "ana undo at 10", "eve undo at 8", "cy undo at unknown"));
}

TEST(Scan, AnActWithoutIdCanBeUndoneByItsKey) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .target = "bo", .second = 5}});
  uint64_t key = 0;
  const auto numbering = must(store->number_accounts());
  ASSERT_TRUE(
      store->scan_acts(*numbering, [&](std::span<const ResolvedAct> piece) { key = piece[0].act; })
          .ok());
  ingest(*store, {{.actor = "ana", .verb = kUndo, .second = 9, .object = act_reference(key)}});
  EXPECT_THAT(acts_of(*store), ElementsAre("ana mention bo at 5 until 9", "ana undo at 9"));
}

TEST(Scan, UsesAreTimedActsOfTheVerbsAskedForThatHaveTopicsOrAnObject) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = Verb::kPost, .second = 1, .id = "p1", .topics = {"tea"}},
                  {.actor = "bo", .verb = Verb::kPost, .second = 2, .id = "p2"},  // about nothing
                  {.actor = "cy", .verb = Verb::kLink, .second = 3, .object = "o1"},
                  {.actor = "dee", .verb = kReact, .second = 4, .object = "o1", .topics = {"tea"}},
                  {.actor = "eve", .verb = Verb::kPost, .second = -1, .topics = {"tea"}},
                  {.actor = "ana", .verb = kUndo, .second = 9, .object = "p1"}});
  const auto numbering = must(store->number_accounts());
  const std::vector<Verb> verbs{Verb::kPost, Verb::kLink};
  std::vector<Use> uses;
  ASSERT_TRUE(store
                  ->scan_uses(*numbering, verbs, UseScope::kOfSomething,
                              [&](std::span<const Use> piece) {
                                uses.insert(uses.end(), piece.begin(), piece.end());
                              })
                  .ok());
  ASSERT_THAT(uses, SizeIs(2));
  std::sort(uses.begin(), uses.end(),
            [](const Use& a, const Use& b) { return a.published < b.published; });
  EXPECT_EQ(uses[0].account, numbering->find("test", "ana"));
  EXPECT_EQ(uses[0].verb, Verb::kPost);
  EXPECT_EQ(uses[0].published, test_second(1));
  EXPECT_EQ(uses[0].withdrawn, test_second(9));
  const std::vector<TopicSetId> sets{uses[0].topics, uses[1].topics};
  EXPECT_THAT(must(store->topic_sets(sets)), ElementsAre(ElementsAre("tea"), IsEmpty()));
  EXPECT_EQ(uses[1].verb, Verb::kLink);
  EXPECT_EQ(uses[1].object, object_key("o1"));
  EXPECT_FALSE(uses[1].withdrawn.known());
  EXPECT_EQ(must(store->receipts(std::vector<EventRow>{uses[1].row}))[0].object, "o1");
  const auto ignore = [](std::span<const Use>) {};
  EXPECT_TRUE(store->scan_uses(*numbering, {}, UseScope::kAll, ignore).ok());
  ingest(*store, {{.actor = "fay"}});
  EXPECT_EQ(store->scan_uses(*numbering, verbs, UseScope::kAll, ignore).error().code,
            ErrorCode::kInvalidArgument);
}

TEST(Scan, AllUsesAreThoseOfNothingToo) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .verb = Verb::kPost, .second = 1, .id = "p1", .topics = {"tea"}},
                  {.actor = "bo", .target = "ana", .second = 2},
                  {.actor = "cy", .verb = kReact, .second = 3, .object = "p1"},
                  {.actor = "dee", .target = "ana", .second = -1}});
  const auto numbering = must(store->number_accounts());
  const auto many = [&](UseScope scope) {
    size_t uses = 0;
    const std::vector<Verb> verbs{Verb::kPost, Verb::kMention};
    EXPECT_TRUE(store
                    ->scan_uses(*numbering, verbs, scope,
                                [&](std::span<const Use> piece) { uses += piece.size(); })
                    .ok());
    return uses;
  };
  EXPECT_EQ(many(UseScope::kAll), 2U);  // not the one without a time
  EXPECT_EQ(many(UseScope::kOfSomething), 1U);
}

TEST(Scan, AnActOnAPersonKeepsTheAuthorItsRecordNames) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .target = "bo", .second = 5, .author = "cy", .count = 3}});
  EXPECT_THAT(acts_of(*store), ElementsAre("ana mention bo author=cy at 5 x3"));
}

TEST(Scan, ANumberingOfAnotherStateIsRefused) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana"}});
  const auto numbering = must(store->number_accounts());
  ingest(*store, {{.actor = "bo"}});
  const auto ignore = [](std::span<const ResolvedAct>) {};
  EXPECT_EQ(store->scan_acts(*numbering, ignore).error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(store->reshare_links(*numbering).error().code, ErrorCode::kInvalidArgument);
}

TEST(Numbering, DoesNotDependOnTheOrderOfArrival) {
  const std::vector<TestAct> acts{{.actor = "b:ana", .target = "a:bo", .second = 1},
                                  {.actor = "a:cy", .target = "b:ana", .second = 2},
                                  {.actor = "c:dee", .target = "a:bo", .second = 3}};
  std::vector<TestAct> reversed(acts.rbegin(), acts.rend());
  const StoreFolder folder;
  const StoreFolder other_folder;
  const auto store = open_store(folder);
  const auto other = open_store(other_folder);
  ingest(*store, acts);
  for (const TestAct& act : reversed) ingest(*other, {act});
  const auto numbering = must(store->number_accounts());
  const auto same = must(other->number_accounts());
  EXPECT_EQ(numbering->account_key, same->account_key);
  EXPECT_EQ(numbering->account_network, same->account_network);
  EXPECT_EQ(numbering->networks, same->networks);
  EXPECT_THAT(numbering->networks, ElementsAre("a", "b", "c"));
  EXPECT_TRUE(std::is_sorted(numbering->account_key.begin(), numbering->account_key.end()));
  const AccountId bo = numbering->find("a", "bo");
  ASSERT_NE(bo, kNobody);
  EXPECT_EQ(numbering->account_key[bo], hash64("a:bo"));
  EXPECT_EQ(numbering->find("a", "ana"), kNobody);
}

TEST(Numbering, ANetworkWithoutAccountsHasNoNumber) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "z:ana"}});
  ingest(*store, {{.actor = "a:bo"}});
  ASSERT_TRUE(store->undo_unit(2).ok());
  EXPECT_THAT((must(store->number_accounts()))->networks, ElementsAre("z"));
}

// ---- receipts, topics, search -------------------------------------------------------------------

TEST(Receipts, LeadBackToFileAndRecord) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store,
         {{.actor = "ana",
           .verb = kReply,
           .target = "bo",
           .second = 5,
           .object = "o1",
           .topics = {"rust", "go"}},
          {.actor = "cy", .second = -1}},
         "some/file.csv");
  const std::vector<EventRow> rows{2, 99, 1};
  const std::vector<Receipt> receipts = must(store->receipts(rows));
  ASSERT_THAT(receipts, SizeIs(2));
  EXPECT_EQ(receipts[0].row, 2u);
  EXPECT_EQ(receipts[0].account, "test:cy");
  EXPECT_EQ(receipts[0].published, Instant::unknown());
  EXPECT_EQ(receipts[0].object, "");
  EXPECT_EQ(receipts[0].target, "");
  EXPECT_EQ(receipts[1].account, "test:ana");
  EXPECT_EQ(receipts[1].target, "test:bo");
  EXPECT_EQ(receipts[1].verb, kReply);
  EXPECT_EQ(receipts[1].object, "o1");
  EXPECT_EQ(receipts[1].published, test_second(5));
  EXPECT_THAT(receipts[1].topics, ElementsAre("go", "rust"));
  EXPECT_EQ(receipts[1].source, "some/file.csv");
  EXPECT_EQ(receipts[1].record, 1u);
  EXPECT_EQ(receipts[1].record_hash, 7919u);
}

TEST(Topics, ASetIsTheSameInWhateverOrderItIsNamed) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "ana", .second = 1, .topics = {"rust", "go"}},
                  {.actor = "ana", .second = 2, .topics = {"go", "rust", "go"}},
                  {.actor = "ana", .second = 3, .topics = {"go"}},
                  {.actor = "ana", .second = 4}});
  std::set<TopicSetId> sets;
  ASSERT_TRUE(store
                  ->scan_acts(*must(store->number_accounts()),
                              [&](std::span<const ResolvedAct> piece) {
                                for (const ResolvedAct& act : piece) sets.insert(act.topics);
                              })
                  .ok());
  EXPECT_THAT(sets, SizeIs(3));
  EXPECT_TRUE(sets.contains(0));
  EXPECT_THAT(sets_with(*store, "go"), SizeIs(2));
  EXPECT_THAT(sets_with(*store, "rust"), SizeIs(1));
  EXPECT_THAT(sets_with(*store, "java"), IsEmpty());
  const std::vector<TopicSetId> asked{sets_with(*store, "rust").at(0), 0};
  EXPECT_THAT(must(store->topic_sets(asked)), ElementsAre(ElementsAre("go", "rust"), IsEmpty()));
}

TEST(Search, FindsPartsOfNamesWithExactOnesFirst) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, {{.actor = "Hannah", .target = "ana"},
                  {.actor = "banana", .target = "bo"},
                  {.actor = "x%y", .target = "a:ana"}});
  {
    const auto writer = must(store->begin_unit());
    ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
    ASSERT_TRUE(writer->profile(profile_of("bo", "Ana Bo")).ok());
    ASSERT_TRUE(writer->finish().ok());
  }
  const auto search = [&](std::string_view text, uint32_t limit = 10) {
    std::vector<std::string> out;
    for (const AccountEntry& entry : must(store->search_accounts(text, limit))) {
      out.push_back(entry.ref());
    }
    return out;
  };
  EXPECT_THAT(search("ANA"), ElementsAre("a:ana", "test:ana", "test:banana", "test:bo"));
  EXPECT_THAT(search("ana", 1), ElementsAre("a:ana"));
  EXPECT_THAT(search("test:ANA"), ElementsAre("test:ana"));
  EXPECT_THAT(search("ana bo"), ElementsAre("test:bo"));
  EXPECT_THAT(search("%"), ElementsAre("test:x%y"));
  EXPECT_THAT(search("nobody"), IsEmpty());
  EXPECT_EQ(store->search_accounts("ana", 1)->at(0).id, kNobody) << "there is no ledger yet";
}

// ---- ledger -------------------------------------------------------------------------------------

// A log of a ring of accounts, and a ledger over it with entries that differ in every field.
struct Ledger {
  explicit Ledger(Store& store, uint32_t accounts = 50, size_t entries_count = 3000) {
    std::vector<TestAct> acts;
    for (uint32_t i = 0; i < accounts; ++i) {
      acts.push_back({.actor = (i % 2 == 0 ? "a:n" : "b:n") + std::to_string(i), .second = i});
    }
    ingest(store, acts);
    numbering = *store.number_accounts();
    stamp = {numbering->generation, 11, 22};
    for (size_t i = 0; i < entries_count; ++i) {
      const auto n = static_cast<uint32_t>(i);
      entries.push_back({.receiver = n % accounts,
                         .mover = (n * 7) % accounts,
                         .published = Instant{1000 + static_cast<int64_t>(i)},
                         .withdrawn = i % 3 == 0 ? Instant{5000 + n} : Instant::unknown(),
                         .credit = 1 + static_cast<Credit>(i),
                         .row = i + 1,
                         .topics = n % 5,
                         .network = static_cast<NetworkId>(n % 2),
                         .verb = static_cast<Verb>(1 + n % 16),
                         .prompted = i % 4 == 0});
    }
    std::sort(entries.begin(), entries.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
      return std::tuple(a.receiver, a.mover, a.published) <
             std::tuple(b.receiver, b.mover, b.published);
    });
    summary = {.acts = 9,
               .responses = 8,
               .entries = entries.size(),
               .assigned = 6,
               .unassigned_self = 5,
               .unassigned_unknown = 4,
               .untimed = 3};
  }
  std::shared_ptr<const Numbering> numbering;
  LedgerStamp stamp;
  std::vector<LedgerEntry> entries;
  CreditSummary summary;
};

bool same(const LedgerEntry& a, const LedgerEntry& b) {
  const auto all = [](const LedgerEntry& e) {
    return std::tuple(e.receiver, e.mover, e.published, e.withdrawn, e.credit, e.row, e.topics,
                      e.network, e.verb, e.prompted);
  };
  return all(a) == all(b);
}

bool same(const std::vector<LedgerEntry>& a, const std::vector<LedgerEntry>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const LedgerEntry& x, const LedgerEntry& y) { return same(x, y); });
}

std::vector<LedgerEntry> scanned(Store& store) {
  std::vector<LedgerEntry> out;
  EXPECT_TRUE(store
                  .scan_ledger([&](std::span<const LedgerEntry> piece) {
                    out.insert(out.end(), piece.begin(), piece.end());
                  })
                  .ok());
  return out;
}

TEST(LedgerStore, GivesBackWhatItWasGivenInItsOrder) {
  const StoreFolder folder;
  auto store = open_store(folder);
  EXPECT_EQ(must(store->ledger_stamp()), std::nullopt);
  EXPECT_EQ(store->credit_summary().error().code, ErrorCode::kNotFound);
  EXPECT_EQ(store->ledger_numbering().error().code, ErrorCode::kNotFound);
  const Ledger ledger(*store);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  for (int reopened = 0; reopened < 2; ++reopened) {
    EXPECT_EQ(must(store->ledger_stamp()), ledger.stamp);
    EXPECT_TRUE(same(scanned(*store), ledger.entries));
    const CreditSummary summary = must(store->credit_summary());
    EXPECT_EQ(summary.acts, 9u);
    EXPECT_EQ(summary.responses, 8u);
    EXPECT_EQ(summary.entries, 3000u);
    EXPECT_EQ(summary.assigned, 6);
    EXPECT_EQ(summary.unassigned_self, 5);
    EXPECT_EQ(summary.unassigned_unknown, 4);
    EXPECT_EQ(summary.untimed, 3u);
    const auto numbering = must(store->ledger_numbering());
    EXPECT_EQ(numbering->account_key, ledger.numbering->account_key);
    EXPECT_EQ(numbering->account_network, ledger.numbering->account_network);
    EXPECT_EQ(numbering->networks, ledger.numbering->networks);
    EXPECT_EQ(numbering->generation, ledger.numbering->generation);
    store.reset();
    store = open_store(folder);
  }
}

TEST(LedgerStore, KeepsItsOrderOverManyRowGroups) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Ledger ledger(*store, 2000, 700'000);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  EXPECT_TRUE(same(scanned(*store), ledger.entries));
  const auto where = [&](auto wanted) {
    std::vector<LedgerEntry> out;
    std::copy_if(ledger.entries.begin(), ledger.entries.end(), std::back_inserter(out), wanted);
    return out;
  };
  for (const uint32_t step : {1u, 7u, 150u, 1999u}) {
    std::vector<AccountId> asked;
    for (AccountId i = 0; i < 2000; i += step) asked.push_back(1999 - i);
    const std::set<AccountId> in(asked.begin(), asked.end());
    EXPECT_TRUE(same(must(store->ledger_received(asked)),
                     where([&](const LedgerEntry& e) { return in.contains(e.receiver); })));
    EXPECT_TRUE(same(must(store->ledger_given(asked)),
                     where([&](const LedgerEntry& e) { return in.contains(e.mover); })));
  }
  EXPECT_THAT(must(store->ledger_received({})), IsEmpty());
}

TEST(LedgerStore, IsReplacedAsAWhole) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  Ledger ledger(*store);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  ledger.entries.resize(10);
  ledger.stamp.credit_hash = 77;
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  EXPECT_TRUE(same(scanned(*store), ledger.entries));
  EXPECT_EQ((must(store->ledger_stamp()))->credit_hash, 77u);
}

TEST(LedgerStore, RefusesWhatIsNotSettledOrOfAnotherLog) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  Ledger ledger(*store);
  std::swap(ledger.entries.front(), ledger.entries.back());
  EXPECT_EQ(store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary)
                .error()
                .code,
            ErrorCode::kInvalidArgument);
  ingest(*store, {{.actor = "late"}});
  EXPECT_EQ(store->replace_ledger(ledger.stamp, *ledger.numbering, {}, ledger.summary).error().code,
            ErrorCode::kInvalidArgument);
  EXPECT_EQ(must(store->ledger_stamp()), std::nullopt);
}

TEST(LedgerStore, KnowsItsAccountsByNameKeyAndNumber) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Ledger ledger(*store);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  ingest(*store, {{.actor = "late"}});
  const std::optional<AccountEntry> entry = must(store->ledger_account("a", "n4"));
  ASSERT_TRUE(entry.has_value());
  EXPECT_EQ(entry->ref(), "a:n4");
  EXPECT_EQ(entry->id, ledger.numbering->find("a", "n4"));
  EXPECT_EQ(entry->network_id, 0);
  EXPECT_EQ(must(store->ledger_account("b", "n4")) == std::nullopt, true);
  EXPECT_EQ(must(store->ledger_account("test", "late")) == std::nullopt, true);
  const std::vector<std::string> named{"b:n5", "test:late", "a:n4", "b:n5"};
  EXPECT_THAT(must(store->ledger_ids(named)),
              ElementsAre(ledger.numbering->find("b", "n5"), kNobody,
                          ledger.numbering->find("a", "n4"), ledger.numbering->find("b", "n5")));
  EXPECT_THAT(must(store->ledger_ids({})), ElementsAre());
  const std::optional<AccountEntry> by_key = must(store->ledger_account_by_key(hash64("b:n5")));
  ASSERT_TRUE(by_key.has_value());
  EXPECT_EQ(by_key->ref(), "b:n5");
  EXPECT_EQ(by_key->network_id, 1);
  const std::vector<AccountId> ids{by_key->id, 9999, entry->id, by_key->id};
  std::vector<std::string> refs;
  for (const AccountEntry& found : must(store->ledger_accounts(ids))) refs.push_back(found.ref());
  EXPECT_THAT(refs, ElementsAre("b:n5", "a:n4", "b:n5"));
  EXPECT_EQ(store->search_accounts("a:n4", 1)->at(0).id, entry->id);
}

TEST(LedgerStore, KnowsTheNetworkOfEachAccount) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Ledger ledger(*store);
  must(store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary));
  EXPECT_THAT(must(store->ledger_network_names()), ElementsAre("a", "b"));
  const std::vector<AccountId> ids{2, 3, 20, 49};
  std::vector<NetworkId> expected;
  for (const AccountId id : ids) expected.push_back(ledger.numbering->account_network[id]);
  EXPECT_EQ(must(store->ledger_networks(ids)), expected);
  const std::vector<AccountId> unknown{2, 50};
  EXPECT_EQ(store->ledger_networks(unknown).error().code, ErrorCode::kCorrupt);
}

TEST(LedgerStore, AnswersQuestionsAboutVeryManyAccounts) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  constexpr uint32_t kAccounts = 25'000;
  const Ledger ledger(*store, kAccounts, 60'000);
  must(store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary));
  std::vector<AccountId> asked;
  for (AccountId i = 0; i < kAccounts; ++i) {
    if (i % 8 != 3) asked.push_back(i);
  }
  const auto where = [&](auto account) {
    std::vector<LedgerEntry> out;
    std::copy_if(ledger.entries.begin(), ledger.entries.end(), std::back_inserter(out),
                 [&](const LedgerEntry& entry) { return account(entry) % 8 != 3; });
    return out;
  };
  EXPECT_TRUE(same(must(store->ledger_received(asked)),
                   where([](const LedgerEntry& entry) { return entry.receiver; })));
  EXPECT_TRUE(same(must(store->ledger_given(asked)),
                   where([](const LedgerEntry& entry) { return entry.mover; })));
  const std::vector<AccountEntry> entries = must(store->ledger_accounts(asked));
  ASSERT_EQ(entries.size(), asked.size());
  for (size_t i = 0; i < asked.size(); ++i) {
    ASSERT_EQ(entries[i].id, asked[i]);
    ASSERT_EQ(hash64(entries[i].ref()), ledger.numbering->account_key[asked[i]]);
  }
  std::vector<StandingRow> standings;
  for (AccountId i = 0; i < kAccounts; i += 2) standings.push_back({i, 0.5});
  must(store->publish({}, *ledger.numbering, PersonMap::identity(kAccounts), {}, standings, {}));
  const std::vector<StandingRow> kept = must(store->standings(asked));
  size_t expected = 0;
  for (const AccountId id : asked) expected += id % 2 == 0 ? 1 : 0;
  ASSERT_EQ(kept.size(), expected);
  EXPECT_TRUE(std::is_sorted(
      kept.begin(), kept.end(),
      [](const StandingRow& a, const StandingRow& b) { return a.account < b.account; }));
}

// ---- the log, asked about people of the ledger -------------------------------------------------

// A ledger without entries over the log as it is, so that its accounts have numbers.
std::shared_ptr<const Numbering> number_for_ledger(Store& store) {
  auto numbering = must(store.number_accounts());
  must(store.replace_ledger({numbering->generation, 1, 1}, *numbering, {}, {}));
  return numbering;
}

TEST(OwnActs, AreAllThatTheseAccountsDidWithWhatTheyTookBack) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store,
         {{.actor = "ana", .verb = kPost, .second = 1, .object = "o1", .id = "o1"},
          {.actor = "bo", .verb = kReply, .second = 2, .object = "o1", .id = "r1"},
          {.actor = "ana", .verb = kReshare, .second = -1, .object = "x", .id = "s1", .count = 3},
          {.actor = "bo", .verb = kUndo, .second = 4, .object = "s1"},  // not bo's to take back
          {.actor = "ana", .verb = kUndo, .second = 9, .object = "o1"},
          {.actor = "ana", .verb = kUndo, .second = 8, .object = "o1"},  // the earlier one counts
          {.actor = "cy", .verb = kFollow, .target = "ana", .second = 5}});
  const auto numbering = number_for_ledger(*store);
  const std::vector<AccountId> ana{numbering->find("test", "ana")};
  const std::vector<OwnAct> acts = must(store->own_acts(ana));
  ASSERT_THAT(acts, SizeIs(2));
  EXPECT_EQ(acts[0].verb, kPost);
  EXPECT_EQ(acts[0].object, object_key("o1"));
  EXPECT_EQ(acts[0].act, object_key("o1"));
  EXPECT_EQ(acts[0].published, test_second(1));
  EXPECT_EQ(acts[0].withdrawn, test_second(8));
  EXPECT_EQ(acts[1].verb, kReshare);
  EXPECT_FALSE(acts[1].published.known());
  EXPECT_FALSE(acts[1].withdrawn.known());
  EXPECT_EQ(acts[1].count, 3u);
  EXPECT_LT(acts[0].row, acts[1].row);
  const std::vector<AccountId> both{numbering->find("test", "cy"), ana.front()};
  EXPECT_THAT(must(store->own_acts(both)), SizeIs(3));
  EXPECT_THAT(must(store->own_acts({})), IsEmpty());
  const std::vector<AccountId> unknown{numbering->accounts()};
  EXPECT_THAT(must(store->own_acts(unknown)), IsEmpty());
}

TEST(OwnActs, EveryEventKnowsWhatItActedOn) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  std::vector<TestAct> acts;
  for (int i = 0; i < 200; ++i) {
    acts.push_back({.actor = "bo",
                    .verb = kReply,
                    .second = i,
                    .object = i % 3 == 0 ? "" : "o" + std::to_string(i),
                    .author = "ana",
                    .id = "r" + std::to_string(i)});
  }
  ingest(*store, acts);
  number_for_ledger(*store);
  // Few are looked up and many walked along; both in the order asked, repeats and strangers too.
  for (const size_t count : {size_t{0}, size_t{7}, size_t{40}, size_t{41}, size_t{200}}) {
    std::vector<EventRow> rows;
    std::vector<uint64_t> expected;
    for (size_t k = 0; k < count; ++k) {
      const size_t i = (k * 77) % 200;
      rows.push_back(i + 1);
      expected.push_back(acts[i].object.empty() ? 0 : object_key(acts[i].object));
    }
    rows.push_back(100'000);
    expected.push_back(0);
    rows.push_back(2);
    expected.push_back(object_key("o1"));
    EXPECT_EQ(must(store->objects_of(rows)), expected) << count;
  }
}

TEST(LedgerStore, NamesOutliveTheUndoneUnitUntilTheLedgerIsReplaced) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Ledger ledger(*store);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  ASSERT_TRUE(store->undo_unit(1).ok());
  EXPECT_TRUE(store->ledger_account("a", "n4")->has_value());
  EXPECT_THAT(must(store->check()), IsEmpty());
  const auto numbering = must(store->number_accounts());
  EXPECT_EQ(numbering->accounts(), 0u);
  ASSERT_TRUE(store->replace_ledger({numbering->generation, 1, 1}, *numbering, {}, {}).ok());
  EXPECT_FALSE(store->ledger_account("a", "n4")->has_value());
  EXPECT_THAT(must(store->check()), IsEmpty());
}

// ---- snapshots ----------------------------------------------------------------------------------

PersonScore score_of_person(PersonId person, double value) {
  PersonScore score;
  score.person = person;
  score.value = value;
  score.interval = {value - 1, value + 2, 0.9};
  score.settled = person % 2 == 0;
  for (size_t h = 0; h < kHorizonsMax; ++h) score.moved[h] = value * static_cast<double>(h) / 3;
  score.momentum = value / 2;
  score.momentum_before = value / 3;
  score.reach = person + 1;
  score.audience = 0.25;
  score.amplification = 0.125;
  score.standing = 0.5;
  score.movers = person + 2;
  score.vouched_movers = person + 3;
  score.independent_movers = person + 4;
  score.acts = person + 5;
  score.last_evidence = person == 3 ? Instant::unknown() : test_second(person);
  if (person != 3) score.forecast = {{{0.5F, 2}, {static_cast<float>(value), 0.25F}}};
  return score;
}

void expect_same(const PersonScore& a, const PersonScore& b) {
  EXPECT_EQ(a.value, b.value);
  EXPECT_EQ(a.interval.low, b.interval.low);
  EXPECT_EQ(a.interval.high, b.interval.high);
  EXPECT_EQ(a.interval.mass, b.interval.mass);
  EXPECT_EQ(a.settled, b.settled);
  EXPECT_EQ(a.moved, b.moved);
  EXPECT_EQ(a.momentum, b.momentum);
  EXPECT_EQ(a.momentum_before, b.momentum_before);
  EXPECT_EQ(a.reach, b.reach);
  EXPECT_EQ(a.audience, b.audience);
  EXPECT_EQ(a.amplification, b.amplification);
  EXPECT_EQ(a.standing, b.standing);
  EXPECT_EQ(a.movers, b.movers);
  EXPECT_EQ(a.vouched_movers, b.vouched_movers);
  EXPECT_EQ(a.independent_movers, b.independent_movers);
  EXPECT_EQ(a.acts, b.acts);
  EXPECT_EQ(a.last_evidence, b.last_evidence);
  for (size_t w = 0; w < kForecastDays.size(); ++w) {
    EXPECT_EQ(a.forecast[w].mean, b.forecast[w].mean);
    EXPECT_EQ(a.forecast[w].size, b.forecast[w].size);
  }
}

TEST(Snapshots, KeepGradesOnceForEachForecast) {
  const StoreFolder folder;
  auto store = open_store(folder);
  const Ledger ledger(*store, 6);
  must(store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary));
  must(store->publish({}, *ledger.numbering, PersonMap::identity(6), {}, {}, {}));
  SnapshotGrade week;
  week.snapshot = 1;
  week.days = 7;
  week.graded = test_second(5);
  week.generation = 3;
  week.said = 2.5;
  week.came = 4;
  week.calibration.people = 9;
  week.calibration.expected = 2;
  week.calibration.coverage = 0.875;
  week.calibration.tenths[3] = 0.5;
  week.forecast = {0.75, -0.5, std::nullopt, 0.25};
  SnapshotGrade month = week;
  month.days = 30;
  month.score.auc = 0.625;
  must(store->keep_grades(std::vector{month, week}));
  week.came = 5;
  must(store->keep_grades(std::vector{week}));
  for (int reopened = 0; reopened < 2; ++reopened) {
    const std::vector<SnapshotGrade> kept = must(store->grades());
    ASSERT_THAT(kept, SizeIs(2));
    EXPECT_EQ(kept[0].days, 7U);
    EXPECT_EQ(kept[0].snapshot, 1U);
    EXPECT_EQ(kept[0].graded, test_second(5));
    EXPECT_EQ(kept[0].generation, 3U);
    EXPECT_EQ(kept[0].said, 2.5);
    EXPECT_EQ(kept[0].came, 5U) << "the later grade stands";
    EXPECT_EQ(kept[0].calibration.people, 9U);
    EXPECT_EQ(kept[0].calibration.expected, 2U);
    EXPECT_EQ(kept[0].calibration.coverage, 0.875);
    EXPECT_EQ(kept[0].calibration.coverage_expected, std::nullopt);
    EXPECT_EQ(kept[0].calibration.tenths, week.calibration.tenths);
    EXPECT_EQ(kept[0].forecast.ndcg, 0.75);
    EXPECT_EQ(kept[0].forecast.spearman, -0.5);
    EXPECT_EQ(kept[0].forecast.auc, std::nullopt);
    EXPECT_EQ(kept[0].forecast.overlap, 0.25);
    EXPECT_EQ(kept[0].score.auc, std::nullopt);
    EXPECT_EQ(kept[1].days, 30U);
    EXPECT_EQ(kept[1].score.auc, 0.625);
    EXPECT_THAT(must(store->check()), IsEmpty());
    store.reset();
    store = open_store(folder);
  }
}

TEST(Snapshots, OfAStoreBeforeThereWereForecastsHaveNone) {
  const StoreFolder folder;
  PersonScore score = score_of_person(2, 30);
  {
    const auto store = open_store(folder);
    const Ledger ledger(*store, 6);
    must(store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary));
    must(store->publish({}, *ledger.numbering, PersonMap::identity(6), std::vector{score},
                        std::vector<StandingRow>{{2, 1}}, {}));
  }
  {
    const DuckDatabase database = must(DuckDatabase::open(folder.file("log.duckdb"), {}));
    DuckConnection connection = must(database.connect());
    take_out_forecasts(connection);
    must(connection.run("UPDATE meta SET format = 3"));
  }
  for (int opened = 0; opened < 2; ++opened) {
    const auto store = open_store(folder);
    const std::vector<PersonScore> kept = must(store->scores(1));
    ASSERT_THAT(kept, SizeIs(1));
    score.forecast = {};
    expect_same(kept[0], score);
    EXPECT_THAT(must(store->standings({})), IsEmpty()) << "the next scoring makes them anew";
    EXPECT_THAT(must(store->grades()), IsEmpty());
    EXPECT_THAT(must(store->check()), IsEmpty());
  }
}

TEST(Snapshots, ArePublishedReadAndKeptAsHistory) {
  const StoreFolder folder;
  auto store = open_store(folder);
  const Ledger ledger(*store, 6);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  // Accounts 1 and 4 are one person, account 2 is nobody.
  PersonMap persons;
  persons.person_of = {0, 1, kNobody, 2, 1, 3};
  persons.persons = 4;
  const SnapshotInfo info{.as_of = test_second(100),
                          .computed = test_second(200),
                          .generation = 1,
                          .method = "bellwether/1",
                          .policy_name = "default",
                          .policy_hash = "abcd",
                          .policy_toml = "[a]\nb = 'x'\n",
                          .people = 2,
                          .settled = 1,
                          .simulated = true};
  const std::vector<PersonScore> first{score_of_person(1, 40), score_of_person(3, 20.5)};
  const std::vector<StandingRow> standings{{1, 0.5}, {3, 0.125}};
  EXPECT_EQ(
      must(store->publish(info, *ledger.numbering, persons, first, standings, {{{1, 3, 0.1}}})),
      1u);
  SnapshotInfo earlier = info;
  earlier.as_of = test_second(50);
  const std::vector<PersonScore> second{score_of_person(0, 9), score_of_person(1, 41)};
  const std::vector<PassedOn> passed_on{{0, 4, 0.5}, {2, 1, 0.25}, {2, 4, 0.125}, {5, 0, 1}};
  EXPECT_EQ(
      must(store->publish(earlier, *ledger.numbering, persons, second, {{{4, 0.75}}}, passed_on)),
      2u);

  for (int reopened = 0; reopened < 2; ++reopened) {
    const std::vector<SnapshotInfo> snapshots = must(store->snapshots());
    ASSERT_THAT(snapshots, SizeIs(2));
    EXPECT_EQ(snapshots[0].snapshot, 1u);
    EXPECT_EQ(snapshots[0].as_of, test_second(100));
    EXPECT_EQ(snapshots[0].computed, test_second(200));
    EXPECT_EQ(snapshots[0].generation, 1u);
    EXPECT_EQ(snapshots[0].method, "bellwether/1");
    EXPECT_EQ(snapshots[0].policy_name, "default");
    EXPECT_EQ(snapshots[0].policy_hash, "abcd");
    EXPECT_EQ(snapshots[0].policy_toml, "[a]\nb = 'x'\n");
    EXPECT_EQ(snapshots[0].people, 2u);
    EXPECT_EQ(snapshots[0].settled, 1u);
    EXPECT_TRUE(snapshots[0].simulated);

    const std::vector<PersonScore> scores = must(store->scores(1));
    ASSERT_THAT(scores, SizeIs(2));
    EXPECT_EQ(scores[0].person, 1u);
    EXPECT_EQ(scores[1].person, 5u);
    expect_same(scores[0], first[0]);
    expect_same(scores[1], first[1]);
    EXPECT_EQ(store->scores(3).error().code, ErrorCode::kNotFound);

    const uint64_t key = ledger.numbering->account_key[1];
    const std::optional<PersonScore> one = must(store->score_of(2, key));
    ASSERT_TRUE(one.has_value());
    expect_same(*one, second[1]);
    EXPECT_FALSE(store->score_of(1, ledger.numbering->account_key[0])->has_value());

    const std::vector<Store::HistoryPoint> history = must(store->history(key));
    ASSERT_THAT(history, SizeIs(2));
    EXPECT_EQ(history[0].snapshot.snapshot, 2u) << "the earlier as-of comes first";
    EXPECT_EQ(history[0].value, 41);
    EXPECT_EQ(history[1].value, 40);
    EXPECT_EQ(history[1].low, 39);
    EXPECT_EQ(history[1].high, 42);
    EXPECT_FALSE(history[1].settled);

    const std::vector<AccountId> asked{1, 4};
    const std::vector<StandingRow> kept = must(store->standings(asked));
    ASSERT_THAT(kept, SizeIs(1)) << "only those of the newest snapshot are kept";
    EXPECT_EQ(kept[0].account, 4u);
    EXPECT_EQ(kept[0].mass, 0.75);
    EXPECT_THAT(must(store->passed_on({})), SizeIs(4));
    const std::vector<PassedOn> theirs = must(store->passed_on(std::vector<AccountId>{5, 2}));
    ASSERT_THAT(theirs, SizeIs(3));
    EXPECT_EQ(theirs[1].receiver, 2u);
    EXPECT_EQ(theirs[1].mover, 4u);
    EXPECT_EQ(theirs[1].mass, 0.125);
    EXPECT_EQ(theirs[2].receiver, 5u);
    EXPECT_THAT(must(store->passed_on(std::vector<AccountId>{1, 3})), IsEmpty());
    EXPECT_THAT(must(store->standings({})), SizeIs(1));
    EXPECT_THAT(must(store->check()), IsEmpty());
    store.reset();
    store = open_store(folder);
  }
}

TEST(Snapshots, KnowPeopleByTheirKeyWhenTheLedgerIsRenumbered) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Ledger ledger(*store, 6);
  ASSERT_TRUE(
      store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary).ok());
  const PersonMap persons = PersonMap::identity(6);
  const std::vector<PersonScore> scores{score_of_person(2, 30), score_of_person(5, 10)};
  ASSERT_TRUE(
      store->publish({}, *ledger.numbering, persons, scores, {{{2, 1}}}, {{{2, 5, 0.5}}}).ok());
  std::vector<TestAct> more;
  for (int64_t i = 0; i < 100; ++i) more.push_back({.actor = "m" + std::to_string(i), .second = i});
  ingest(*store, more);
  const auto numbering = must(store->number_accounts());
  ASSERT_TRUE(store->replace_ledger({numbering->generation, 1, 1}, *numbering, {}, {}).ok());
  const auto now = [&](AccountId old) {
    const uint64_t key = ledger.numbering->account_key[old];
    return static_cast<AccountId>(
        std::lower_bound(numbering->account_key.begin(), numbering->account_key.end(), key) -
        numbering->account_key.begin());
  };
  const std::vector<PersonScore> kept = must(store->scores(1));
  ASSERT_THAT(kept, SizeIs(2));
  EXPECT_EQ(kept[0].person, now(2));
  EXPECT_EQ(kept[1].person, now(5));
  EXPECT_TRUE(must(store->score_of(1, ledger.numbering->account_key[5])).has_value());
  EXPECT_EQ(store->standings({})->at(0).account, now(2));
  EXPECT_EQ(store->passed_on({})->at(0).receiver, now(2));
  EXPECT_EQ(store->passed_on({})->at(0).mover, now(5));
}

TEST(Snapshots, OfAnOlderFormatStayAndTheLedgerIsMadeAnew) {
  const StoreFolder folder;
  {
    const auto store = open_store(folder);
    const Ledger ledger(*store, 60);
    must(store->replace_ledger(ledger.stamp, *ledger.numbering, ledger.entries, ledger.summary));
    must(store->publish({}, *ledger.numbering, PersonMap::identity(60),
                        std::vector{score_of_person(2, 30)}, {{{2, 1}}}, {{{2, 5, 0.5}}}));
  }
  {
    const DuckDatabase database = must(DuckDatabase::open(folder.file("log.duckdb"), {}));
    DuckConnection connection = must(database.connect());
    must(connection.run("DROP TABLE passed_on"));
    must(connection.run("DROP TABLE remainder_passed_on"));
    must(connection.run("ALTER TABLE standings ADD COLUMN mass_one DOUBLE"));
    must(connection.run("UPDATE meta SET format = 4"));
  }
  for (int opened = 0; opened < 2; ++opened) {
    const auto store = open_store(folder);
    EXPECT_FALSE(std::filesystem::exists(folder.file("log.duckdb.wal")))
        << "the upgrade is merged, and not done again by everybody who reads";
    EXPECT_THAT(must(store->snapshots()), SizeIs(1));
    EXPECT_EQ(must(store->ledger_stamp()), std::nullopt) << "what was passed on is not known";
    EXPECT_THAT(must(store->standings({})), IsEmpty());
    EXPECT_THAT(must(store->passed_on({})), IsEmpty());
    EXPECT_THAT(must(store->check()), IsEmpty());
  }
}

TEST(Snapshots, RefuseScoresOfNobody) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Ledger ledger(*store, 3);
  PersonMap persons;
  persons.person_of = {0, kNobody, 1};
  persons.persons = 2;
  const auto refused = [&](const std::vector<PersonScore>& scores,
                           const std::vector<StandingRow>& standings,
                           const std::vector<PassedOn>& passed_on = {}) {
    return store->publish({}, *ledger.numbering, persons, scores, standings, passed_on)
               .error()
               .code == ErrorCode::kInvalidArgument;
  };
  EXPECT_TRUE(refused({score_of_person(2, 5)}, {}));
  EXPECT_TRUE(refused({score_of_person(1, 5), score_of_person(0, 5)}, {}));
  EXPECT_TRUE(refused({}, {{3, 1}}));
  EXPECT_TRUE(refused({}, {}, {{0, 3, 1}}));
  EXPECT_TRUE(refused({}, {}, {{3, 0, 1}}));
  EXPECT_TRUE(refused({}, {}, {{0, 2, 1}, {0, 2, 1}}));
  EXPECT_THAT(must(store->snapshots()), IsEmpty());
}

// ---- threads ------------------------------------------------------------------------------------

TEST(Threads, ReadersSeeTheStateBeforeOrAfterABatchNeverBetween) {
  const StoreFolder folder;
  const auto store = open_store(folder, {.batch_events = 4096});
  const auto writer = must(store->begin_unit());
  ASSERT_TRUE(writer->begin_source({"file", "test", 1, false}, test_second(0)).ok());
  std::thread other([&] {
    for (int64_t i = 0; i < 40 * 4096; ++i) {
      ASSERT_TRUE(
          (TestAct{.actor = "a" + std::to_string(i % 1000), .second = i}).give(*writer).ok());
    }
    ASSERT_TRUE(writer->finish().ok());
  });
  uint64_t seen = 0;
  do {
    const auto numbering = store->number_accounts();
    ASSERT_TRUE(numbering.ok());
    uint64_t count = 0;
    const auto scan = store->scan_acts(
        **numbering, [&](std::span<const ResolvedAct> piece) { count += piece.size(); });
    if (!scan.ok()) {
      // The log moved on between the two calls, which is said and not papered over.
      ASSERT_EQ(scan.error().code, ErrorCode::kInvalidArgument);
      continue;
    }
    ASSERT_EQ(count % 4096, 0u);
    ASSERT_GE(count, seen);
    seen = count;
  } while (seen < 40 * 4096);
  other.join();
}

}  // namespace
}  // namespace bellwether

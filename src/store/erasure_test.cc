// SPDX-License-Identifier: Apache-2.0
// Taking people out of a store: what goes, what stays, and what a crash on the way leaves.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <random>
#include <thread>

#include "store/store_testing.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

const std::vector<std::string> kQuibble{"test:quibblefax"};

// The names of files that hold the bytes.
std::vector<std::string> files_with(const StoreFolder& folder, const std::string& bytes) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder.path())) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string all((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    if (all.find(bytes) != std::string::npos) found.push_back(entry.path().filename().string());
  }
  return found;
}

std::vector<TestAct> story(int64_t acts) {
  std::vector<TestAct> all;
  for (int64_t i = 0; i < acts; ++i) {
    const bool theirs = i % 7 == 0;
    all.push_back({.actor = theirs ? "quibblefax" : "a" + std::to_string(i % 31),
                   .verb = i % 5 == 0 ? Verb::kPost : Verb::kReply,
                   .target = i % 11 == 0 ? "quibblefax" : "b" + std::to_string(i % 5),
                   .second = i,
                   .object = fmt::format("o{}/{}", i % 97, theirs ? "quibblefax" : "other"),
                   .topics = i % 13 == 0 ? std::vector<std::string>{"quibblefax", "tea"}
                                         : std::vector<std::string>{"tea"}});
  }
  return all;
}

TEST(Erasing, TakesTheirActsAndThoseTowardsThemAndLeavesTheOthersAsTheyWere) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(
      *store,
      {{.actor = "quibblefax", .verb = Verb::kPost, .object = "theirs"},
       {.actor = "bo", .verb = Verb::kReact, .second = 2, .object = "theirs"},
       {.actor = "bo", .verb = Verb::kReply, .target = "quibblefax", .second = 3},
       {.actor = "cy", .verb = Verb::kReply, .second = 4, .object = "x/quibblefax/1"},
       {.actor = "cy", .verb = Verb::kReply, .target = "bo", .second = 5, .topics = {"quibblefax"}},
       {.actor = "dee",
        .verb = Verb::kReply,
        .target = "bo",
        .second = 6,
        .topics = {"_quibblefax-kiln", "tea"}}});
  const uint64_t generation = must(store->summary()).generation;
  EXPECT_TRUE(must(store->knows("test", "quibblefax")));
  const auto erasure = must(store->begin_erasure(kQuibble));
  // Until it takes its place the store is what it was.
  EXPECT_EQ(must(store->summary()).events, 6U);
  EXPECT_EQ(store->begin_unit().error().code, ErrorCode::kBusy);
  const ErasureCounts counts = must(erasure->take_place());
  EXPECT_EQ(counts.accounts, 1U);
  EXPECT_EQ(counts.events, 3U);
  EXPECT_EQ(counts.objects, 1U);
  EXPECT_EQ(counts.topics, 2U);  // a phrase of a title, too
  EXPECT_THAT(acts_of(*store),
              ElementsAre("cy reply at 4", "cy reply bo at 5", "dee reply bo at 6 #tea"));
  EXPECT_THAT(accounts_of(*store), Not(::testing::Contains("test:quibblefax")));
  EXPECT_FALSE(must(store->knows("test", "quibblefax")));
  EXPECT_GT(must(store->summary()).generation, generation);
  EXPECT_EQ(must(store->sources())[0].accepted, 3U);
  EXPECT_THAT(must(store->check()), IsEmpty());
  EXPECT_THAT(files_with(folder, "quibblefax"), IsEmpty());
}

TEST(Erasing, LeavesNoByteInAnyFileAndTheStoreGoesOn) {
  const StoreFolder folder;
  auto store = open_store(folder, {.batch_events = 500});
  ingest(*store, story(4000));
  EXPECT_THAT(files_with(folder, "quibblefax"), Not(IsEmpty()));
  std::ofstream(folder.file("log.duckdb.wal.damaged-1")) << "quibblefax";
  const auto counts = [&] { return must(must(store->begin_erasure(kQuibble))->take_place()); }();
  EXPECT_THAT(counts.files, ElementsAre("log.duckdb.wal.damaged-1"));
  EXPECT_THAT(files_with(folder, "quibblefax"), IsEmpty());
  const auto left = acts_of(*store);
  EXPECT_EQ(ingest(*store, {{.actor = "zoe", .target = "b1", .second = 9}}).accepted, 1U);
  EXPECT_THAT(must(store->check()), IsEmpty());
  store.reset();
  store = open_store(folder);
  EXPECT_EQ(acts_of(*store).size(), left.size() + 1);
  EXPECT_THAT(files_with(folder, "quibblefax"), IsEmpty());
}

TEST(Erasing, KeptContentOfRejectsThatNamesThemGoesAndOtherContentStays) {
  const StoreFolder folder;
  const auto store = open_store(folder, {.keep_rejects = true});
  {
    const auto writer = must(store->begin_unit());
    must(writer->begin_source({"from/quibblefax/archive", "test", 1, false}, test_second(1)));
    must(writer->reject({1, 11, "no time", "soon,quibblefax,reply"}));
    must(writer->reject({2, 12, "no time", "soon,bo,reply"}));
    must(writer->profile({{"test", "quibblefax"}, "Q", "https://q"}));
    must(writer->profile({{"test", "bo"}, "friend of quibblefax", "https://b"}));
    must(writer->claim({{"test", "quibblefax"}, {"test", "bo"}, "link"}));
    must(writer->finish());
  }
  const ErasureCounts counts = must(must(store->begin_erasure(kQuibble))->take_place());
  EXPECT_EQ(counts.rejects, 1U);
  EXPECT_EQ(counts.profiles, 1U);
  EXPECT_EQ(counts.claims, 1U);
  const auto rejects = must(store->rejects(1, 10));
  ASSERT_EQ(rejects.size(), 2U);
  EXPECT_EQ(rejects[0].content, "");
  EXPECT_EQ(rejects[0].record_hash, 0U);
  EXPECT_EQ(rejects[1].content, "soon,bo,reply");
  EXPECT_EQ(must(store->sources())[0].info.path, "from/erased/archive");
  EXPECT_THAT(files_with(folder, "quibblefax"), IsEmpty());
}

TEST(Erasing, WhatWasBegunAndNotEndedLeavesTheStoreAsItWas) {
  const StoreFolder folder;
  {
    const auto store = open_store(folder);
    ingest(*store, story(500));
    const auto before = acts_of(*store);
    { const auto erasure = must(store->begin_erasure(kQuibble)); }
    EXPECT_EQ(acts_of(*store), before);
    EXPECT_FALSE(fs::exists(folder.file("log.erasing")));
    EXPECT_EQ(ingest(*store, {{.actor = "zoe", .second = 9}}).accepted, 1U);
  }
  fs::create_directories(folder.file("log.erasing"));
  std::ofstream(folder.file("log.erasing/log.duckdb")) << "half";
  const auto store = open_store(folder);
  EXPECT_FALSE(fs::exists(folder.file("log.erasing")));
}

TEST(Erasing, KilledAnywhereItIsWithThemOrWithoutThemAndNothingBetween) {
  const StoreFolder origin;
  ingest(*open_store(origin), story(3000));
  const auto with = acts_of(*open_store(origin));
  std::vector<std::string> without;
  {
    const auto copy = origin.copy();
    const auto store = open_store(*copy);
    must(must(store->begin_erasure(kQuibble))->take_place());
    without = acts_of(*store);
  }
  ASSERT_LT(without.size(), with.size());
  std::mt19937 random(7);
  for (int round = 0; round < 10; ++round) {
    const auto folder = origin.copy();
    const pid_t child = fork();
    if (child == 0) {
      const auto store = open_store(*folder);
      must(must(store->begin_erasure(kQuibble))->take_place());
      _exit(0);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 250));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    const auto store = open_store(*folder);
    const auto acts = acts_of(*store);
    EXPECT_TRUE(acts == with || acts == without) << acts.size();
    EXPECT_THAT(must(store->check()), IsEmpty());
    EXPECT_FALSE(fs::exists(folder->file("log.erasing")));
    if (acts == without) {
      EXPECT_THAT(files_with(*folder, "quibblefax"), IsEmpty());
    }
  }
}

TEST(Erasing, ReadersGoOnBesideIt) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, story(2000));
  std::atomic<bool> done = false;
  std::atomic<uint64_t> reads = 0;
  std::thread reader([&] {
    while (!done) {
      const uint64_t events = must(store->summary()).events;
      if (events > 0) ++reads;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  });
  const auto counts = must(must(store->begin_erasure(kQuibble))->take_place());
  done = true;
  reader.join();
  EXPECT_GT(counts.events, 0U);
  EXPECT_GT(reads, 0U);
}

TEST(Remainders, AreKeptByNameOfTheAccountAndReadBackInAnyNumbering) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, story(300));
  FrozenPair pair;
  pair.token = 77;
  pair.at = test_second(1000);
  pair.sums = {{1e6, 0.5, 0.25}, {kEndlessMs, 1, 0.5}};
  pair.week_before = {{kEndlessMs, 0.125, 0}};
  pair.standing = 0.75;
  pair.dealings = Dealings::kAnswered;
  pair.recent = pair.vouches = true;
  pair.teleport = 1;
  pair.mass_one = 1.5;
  {
    const auto erasure = must(store->begin_erasure(kQuibble));
    const auto numbering = must(erasure->store().number_accounts());
    pair.receiver = numbering->find("test", "b1");
    pair.from = {{numbering->find("test", "a2"), 0.5}, {numbering->find("test", "a3"), 0.25}};
    std::sort(pair.from.begin(), pair.from.end(),
              [](const auto& a, const auto& b) { return a.account < b.account; });
    FrozenPair named = pair;
    named.mover = numbering->find("test", "a2");
    must(erasure->keep(*numbering, {{pair, named}, {{pair.receiver, 3, pair.at}}}));
    must(erasure->take_place());
  }
  ingest(*store, {{.actor = "aaa", .target = "zzz", .second = 2000}});
  const auto numbering = must(store->number_accounts());
  const Remainder read = must(store->remainder(*numbering));
  ASSERT_EQ(read.pairs.size(), 2U);
  EXPECT_EQ(read.pairs[0].receiver, numbering->find("test", "b1"));
  EXPECT_EQ(read.pairs[0].mover, kNobody);
  EXPECT_EQ(read.pairs[0].token, 77U);
  EXPECT_EQ(read.pairs[0].at, pair.at);
  ASSERT_EQ(read.pairs[0].sums.size(), 2U);
  EXPECT_EQ(read.pairs[0].sums[0].x, 0.5);
  EXPECT_EQ(read.pairs[0].sums[1].half_life_ms, kEndlessMs);
  ASSERT_EQ(read.pairs[0].week_before.size(), 1U);
  EXPECT_EQ(read.pairs[0].standing, 0.75);
  EXPECT_EQ(read.pairs[0].dealings, Dealings::kAnswered);
  EXPECT_TRUE(read.pairs[0].vouches);
  EXPECT_EQ(read.pairs[1].mover, numbering->find("test", "a2"));
  const auto passed_on = [&](const Remainder& remainder, const char* name) {
    double mass = 0;
    for (const PassedToErased& from : remainder.pairs.at(0).from) {
      if (from.account == store->number_accounts().value()->find("test", name)) mass += from.mass;
    }
    return mass;
  };
  EXPECT_EQ(passed_on(read, "a2"), 0.5);
  EXPECT_EQ(passed_on(read, "a3"), 0.25);
  ASSERT_EQ(read.used.size(), 1U);
  EXPECT_EQ(read.used[0].count, 3U);
  EXPECT_EQ(must(store->summary()).erased, pair.at);

  must(store->replace_ledger({numbering->generation, 1, 1}, *numbering, {}, {}));
  const AccountId receiver = numbering->find("test", "b1");
  const AccountId other = numbering->find("test", "zzz");
  EXPECT_EQ(must(store->ledger_remainder(std::vector{receiver})).pairs.size(), 2U);
  EXPECT_TRUE(must(store->ledger_remainder(std::vector{other})).empty());
  // A later erasure takes along what names somebody.
  must(must(store->begin_erasure({"test:a3"}))->take_place());
  {
    const Remainder rest = must(store->remainder(*must(store->number_accounts())));
    ASSERT_EQ(rest.pairs.size(), 2U);
    EXPECT_EQ(rest.pairs[0].from.size(), 1U);
    EXPECT_EQ(passed_on(rest, "a2"), 0.5);
  }
  must(must(store->begin_erasure({"test:b1"}))->take_place());
  EXPECT_TRUE(must(store->remainder(*must(store->number_accounts()))).empty());
  EXPECT_THAT(must(store->check()), IsEmpty());
}

}  // namespace
}  // namespace bellwether

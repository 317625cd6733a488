// SPDX-License-Identifier: Apache-2.0
// What becomes of a store when things go wrong around it: killed processes, cut and flipped bytes,
// full disks, second processes, foreign files.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <thread>

#include "store/duckdb/engine.h"
#include "store/store_testing.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// The i-th act of an endless story.
TestAct act_number(int64_t i) {
  return {.actor = "a" + std::to_string(i % 301),
          .verb = i % 5 == 0 ? Verb::kPost : Verb::kReply,
          .target = i % 2 == 0 ? "b" + std::to_string(i % 17) : "",
          .second = i,
          .object = i % 3 == 0 ? "" : "o" + std::to_string(i % 97),
          .topics = i % 7 == 0 ? std::vector<std::string>{"t" + std::to_string(i % 11)}
                               : std::vector<std::string>{}};
}

std::vector<TestAct> acts_between(int64_t begin, int64_t end) {
  std::vector<TestAct> acts;
  for (int64_t i = begin; i < end; ++i) acts.push_back(act_number(i));
  return acts;
}

// The lines of the first `count` acts, as a whole store would give them.
std::vector<std::string> story(int64_t count) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  ingest(*store, acts_between(0, count));
  return acts_of(*store);
}

std::string bytes_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

void flip(const std::string& file, uint64_t at) {
  std::fstream bytes(file, std::ios::binary | std::ios::in | std::ios::out);
  bytes.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(bytes.get());
  bytes.seekp(static_cast<std::streamoff>(at));
  bytes.put(static_cast<char>(byte ^ 0x41));
}

Error error_of_open(const std::string& folder, bool create = false) {
  const auto store = Store::open(folder, {}, create);
  return store.ok() ? Error{ErrorCode::kInvalidArgument, "opened"} : store.error();
}

// Runs `work` in a process of its own; what it returns is the exit status.
pid_t in_child(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(work());
  return child;
}

int status_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

// ---- processes ----------------------------------------------------------------------------------

TEST(Kill, LeavesAPrefixOfWholeBatchesAndNothingAcknowledgedIsLost) {
  constexpr int64_t kBatch = 4096;
  constexpr int64_t kUnit = 2 * kBatch;
  std::mt19937 random(20120704);
  uint64_t survived = 0;
  for (int round = 0; round < 12; ++round) {
    const StoreFolder folder;
    int pipe_ends[2];
    ASSERT_EQ(pipe(pipe_ends), 0);
    const pid_t child = in_child([&] {
      close(pipe_ends[0]);
      const auto store = open_store(folder, {.batch_events = kBatch});
      for (int64_t unit = 0;; ++unit) {
        ingest(*store, acts_between(unit * kUnit, (unit + 1) * kUnit));
        if (write(pipe_ends[1], "!", 1) != 1) return 1;
        if (unit % 3 == 2) {
          const auto numbering = must(store->number_accounts());
          must(store->replace_ledger({numbering->generation, 1, 1}, *numbering, {}, {}));
        }
      }
    });
    close(pipe_ends[1]);
    std::this_thread::sleep_for(std::chrono::milliseconds(50 + random() % 700));
    kill(child, SIGKILL);
    EXPECT_EQ(status_of(child), 128 + SIGKILL);
    int64_t acknowledged = 0;
    char byte = 0;
    while (read(pipe_ends[0], &byte, 1) == 1) ++acknowledged;
    close(pipe_ends[0]);

    auto opened = Store::open(folder.path(), {}, true);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    Store& store = **opened;
    const auto events = static_cast<int64_t>(must(store.summary()).events);
    EXPECT_GE(events, acknowledged * kUnit);
    EXPECT_EQ(events % kBatch, 0);
    EXPECT_THAT(must(store.check()), IsEmpty());
    for (const SourceReport& report : must(store.sources())) {
      const bool whole = report.accepted == static_cast<uint64_t>(kUnit);
      if (!whole) {
        EXPECT_EQ(report.state, SourceState::kReading);
      }
    }
    survived += static_cast<uint64_t>(events);
    // Reading the sources again brings back what was cut off, and only that.
    const int64_t goal = events + kUnit;
    EXPECT_EQ(ingest(store, acts_between(0, goal)).accepted, static_cast<uint64_t>(kUnit));
    if (round == 0) {
      EXPECT_EQ(acts_of(store), story(goal));
    }
  }
  EXPECT_GT(survived, 0u) << "every child died before its first batch: the test tested nothing";
}

TEST(SecondProcess, IsToldWhoHoldsTheStore) {
  const StoreFolder folder;
  ingest(*open_store(folder), acts_between(0, 10));
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = in_child([&] {
    const auto store = open_store(folder);
    if (write(pipe_ends[1], "!", 1) != 1) return 1;
    pause();
    return 0;
  });
  char byte = 0;
  ASSERT_EQ(read(pipe_ends[0], &byte, 1), 1);
  const Error error = error_of_open(folder.path());
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_THAT(error.message, HasSubstr(std::to_string(child)));
  EXPECT_THAT(error.message, HasSubstr("store_test")) << "the command is named too";
  kill(child, SIGKILL);
  status_of(child);
  // The lock dies with its holder, whatever the file still says.
  EXPECT_EQ(must(open_store(folder)->summary()).events, 10u);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(SecondProcess, OfAnotherProgramIsNamedToo) {
  const StoreFolder folder;
  ingest(*open_store(folder), acts_between(0, 10));
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = in_child([&] {
    const auto database = DuckDatabase::open(folder.file("log.duckdb"), {});
    if (!database.ok() || write(pipe_ends[1], "!", 1) != 1) return 1;
    pause();
    return 0;
  });
  char byte = 0;
  ASSERT_EQ(read(pipe_ends[0], &byte, 1), 1);
  const Error error = error_of_open(folder.path());
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_THAT(error.message, HasSubstr(std::to_string(child)));
  kill(child, SIGKILL);
  status_of(child);
  close(pipe_ends[0]);
  close(pipe_ends[1]);
}

TEST(SecondProcess, TheSameProcessCannotOpenAStoreTwiceEither) {
  const StoreFolder folder;
  const auto store = open_store(folder);
  const Error error = error_of_open(folder.path());
  EXPECT_EQ(error.code, ErrorCode::kBusy);
  EXPECT_THAT(error.message, HasSubstr(std::to_string(getpid())));
}

// ---- disks --------------------------------------------------------------------------------------

// Ingests into a disk that fills up; 0: it was told so by kIo and nothing worse.
int fill_up(const std::string& folder) {
  StoreOptions options;
  options.batch_events = 4096;
  auto store = Store::open(folder, options, true);
  if (!store.ok()) return store.error().code == ErrorCode::kIo ? 0 : 10;
  auto writer = (*store)->begin_unit();
  if (!writer.ok()) return 11;
  if (!(*writer)->begin_source({"file", "test", 1, false}, test_second(0)).ok()) return 12;
  Result<void> given;
  int64_t i = 1'000'000;
  for (; given.ok() && i < 6'000'000; ++i) given = act_number(i).give(**writer);
  if (given.ok()) return 13;
  if (given.error().code != ErrorCode::kIo) return 14;
  // The error stays; it is not forgotten by the next call.
  if (act_number(i).give(**writer).ok() || (*writer)->finish().ok()) return 15;
  // Whoever reads on is served or told, never given half a batch.
  const auto summary = (*store)->summary();
  if (!summary.ok()) return summary.error().code == ErrorCode::kIo ? 0 : 16;
  return (summary->events - 100) % 4096 == 0 ? 0 : 17;
}

void expect_whole_batches(const std::string& folder) {
  auto opened = Store::open(folder, {}, false);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  const uint64_t events = must((*opened)->summary()).events;
  EXPECT_GE(events, 100u) << "what was there before is lost";
  EXPECT_EQ((events - 100) % 4096, 0u);
  EXPECT_THAT(must((*opened)->check()), IsEmpty());
}

TEST(FullDisk, FailsTheBatchAndKeepsWhatWasThere) {
  const StoreFolder folder;
  ingest(*open_store(folder), acts_between(0, 100));
  for (const uint64_t extra_bytes : {100u << 10, 1u << 20, 5u << 20}) {
    const uint64_t limit = fs::file_size(folder.file("log.duckdb")) + extra_bytes;
    const pid_t child = in_child([&] {
      // A write beyond the limit fails like one to a full disk.
      signal(SIGXFSZ, SIG_IGN);
      const rlimit bytes{limit, limit};
      if (setrlimit(RLIMIT_FSIZE, &bytes) != 0) return 1;
      return fill_up(folder.path());
    });
    EXPECT_EQ(status_of(child), 0);
    expect_whole_batches(folder.path());
  }
}

TEST(FullDisk, OfARealFileSystemIsNoDifferent) {
  const StoreFolder folder;
  if (mount("tmpfs", folder.path().c_str(), "tmpfs", 0, "size=12m") != 0) {
    GTEST_SKIP() << "mounting a small file system needs rights that this process has not";
  }
  ingest(*open_store(folder), acts_between(0, 100));
  const pid_t child = in_child([&] { return fill_up(folder.path()); });
  EXPECT_EQ(status_of(child), 0);
  expect_whole_batches(folder.path());
  EXPECT_EQ(umount(folder.path().c_str()), 0);
}

// ---- bytes --------------------------------------------------------------------------------------

// A store whose process ended before its write-ahead log was merged: 2,000 acts in the database
// file, and thirty units of 50 acts in the log.
class UnmergedLog : public ::testing::Test {
 protected:
  static constexpr int64_t kMerged = 2000;
  static constexpr int64_t kUnits = 30;
  static constexpr int64_t kUnit = 50;
  static constexpr int64_t kAll = kMerged + kUnits * kUnit;

  static void SetUpTestSuite() {
    const StoreFolder folder;
    ingest(*open_store(folder), acts_between(0, kMerged));
    const auto store = open_store(folder);
    for (int64_t unit = 0; unit < kUnits; ++unit) {
      ingest(*store, acts_between(kMerged + unit * kUnit, kMerged + (unit + 1) * kUnit));
    }
    made_ = folder.copy().release();
    ASSERT_GT(fs::file_size(made_->file("log.duckdb.wal")), 10'000u);
  }
  static void TearDownTestSuite() { delete std::exchange(made_, nullptr); }

  // Whatever happened, the store is either refused or whole.
  static void expect_refused(const StoreFolder& folder, const std::string& what) {
    const std::string wal = bytes_of(folder.file("log.duckdb.wal"));
    const std::string database = bytes_of(folder.file("log.duckdb"));
    const Error error = error_of_open(folder.path());
    ASSERT_EQ(error.code, ErrorCode::kCorrupt) << what << ": " << error.message;
    EXPECT_THAT(error.message, HasSubstr("log.duckdb"));
    EXPECT_THAT(error.message, HasSubstr("ingest the sources again"));
    EXPECT_EQ(bytes_of(folder.file("log.duckdb.wal")), wal) << what << ": evidence was destroyed";
    EXPECT_EQ(bytes_of(folder.file("log.duckdb")), database) << what;
  }

  // Repair gives back a prefix of whole units, and ingesting again the rest.
  static void expect_repaired(const StoreFolder& folder, const std::string& what) {
    const auto done = Store::repair(folder.path());
    ASSERT_TRUE(done.ok()) << what << ": " << done.error().message;
    EXPECT_THAT(*done, HasSubstr("are lost")) << what;
    auto opened = Store::open(folder.path(), {}, false);
    ASSERT_TRUE(opened.ok()) << what << ": " << opened.error().message;
    Store& store = **opened;
    EXPECT_THAT(must(store.check()), IsEmpty()) << what;
    const auto events = static_cast<int64_t>(must(store.summary()).events);
    EXPECT_GE(events, kMerged) << what;
    EXPECT_LT(events, kAll) << what;
    EXPECT_EQ((events - kMerged) % kUnit, 0) << what;
    EXPECT_EQ(ingest(store, acts_between(0, kAll)).accepted, static_cast<uint64_t>(kAll - events));
    EXPECT_EQ(must(store.summary()).events, static_cast<uint64_t>(kAll)) << what;
  }

  static StoreFolder* made_;
};
StoreFolder* UnmergedLog::made_ = nullptr;

TEST_F(UnmergedLog, IsTakenUpWhole) {
  const auto folder = made_->copy();
  const auto store = open_store(*folder);
  EXPECT_EQ(acts_of(*store), story(kAll));
  EXPECT_THAT(must(store->check()), IsEmpty());
}

TEST_F(UnmergedLog, CutOffAtItsEndIsNotTakenForACrash) {
  const uint64_t size = fs::file_size(made_->file("log.duckdb.wal"));
  for (const uint64_t cut : {uint64_t{1}, uint64_t{1000}, size / 2, size - 10, size}) {
    const auto folder = made_->copy();
    const std::string what = fmt::format("cut by {} of {} bytes", cut, size);
    fs::resize_file(folder->file("log.duckdb.wal"), size - cut);
    expect_refused(*folder, what);
    expect_repaired(*folder, what);
  }
}

TEST_F(UnmergedLog, ThatIsGoneIsMissed) {
  const auto folder = made_->copy();
  fs::remove(folder->file("log.duckdb.wal"));
  expect_refused(*folder, "removed");
  expect_repaired(*folder, "removed");
}

TEST_F(UnmergedLog, CutOffByACrashIsTakenUpWithoutTheUnacknowledgedBatch) {
  // The mark is written after the commit: where it speaks of less, nobody was promised more.
  const auto folder = made_->copy();
  const uint64_t size = fs::file_size(made_->file("log.duckdb.wal"));
  fs::resize_file(folder->file("log.duckdb.wal"), size - 1);
  fs::remove(folder->file("log.mark"));
  const auto store = open_store(*folder);
  EXPECT_EQ(must(store->summary()).events, static_cast<uint64_t>(kAll - kUnit));
  EXPECT_THAT(must(store->check()), IsEmpty());
}

TEST_F(UnmergedLog, WithAFlippedByteIsRefusedAndCanBeRepaired) {
  const uint64_t size = fs::file_size(made_->file("log.duckdb.wal"));
  std::mt19937_64 random(7);
  std::vector<uint64_t> places{0, 1, 4, 8, 11, 16, 24, 28, 32, 36, size / 2, size - 30, size - 4};
  for (int i = 0; i < 40; ++i) places.push_back(random() % size);
  int repaired = 0;
  for (const uint64_t at : places) {
    const auto folder = made_->copy();
    const std::string what = fmt::format("byte {} of {}", at, size);
    flip(folder->file("log.duckdb.wal"), at);
    auto opened = Store::open(folder->path(), {}, false);
    if (opened.ok()) {
      // Some bytes of a header mean nothing; then nothing may be missing.
      EXPECT_EQ(must((*opened)->summary()).events, static_cast<uint64_t>(kAll)) << what;
      EXPECT_THAT(must((*opened)->check()), IsEmpty()) << what;
      continue;
    }
    expect_refused(*folder, what);
    if (++repaired % 4 == 1) expect_repaired(*folder, what);
  }
  EXPECT_GT(repaired, 40);
}

TEST_F(UnmergedLog, ThatNeedsNoRepairIsLeftAlone) {
  const auto folder = made_->copy();
  EXPECT_THAT(must(Store::repair(folder->path())), HasSubstr("nothing to repair"));
  EXPECT_EQ(acts_of(*open_store(*folder)), story(kAll));
}

TEST_F(UnmergedLog, IsPutAsideByRepairNeverDeleted) {
  const auto folder = made_->copy();
  flip(folder->file("log.duckdb.wal"), 5000);
  const std::string damaged = bytes_of(folder->file("log.duckdb.wal"));
  const std::string done = must(Store::repair(folder->path()));
  EXPECT_THAT(done, HasSubstr("log.duckdb.wal.damaged-1"));
  EXPECT_EQ(bytes_of(folder->file("log.duckdb.wal.damaged-1")), damaged);
}

TEST_F(UnmergedLog, WithADamagedMarkStillOpens) {
  const auto folder = made_->copy();
  flip(folder->file("log.mark"), 20);
  EXPECT_EQ(must(open_store(*folder)->summary()).events, static_cast<uint64_t>(kAll));
}

// A store as it lies after a clean end: everything in the database file.
class MergedLog : public ::testing::Test {
 protected:
  static constexpr int64_t kActs = 40'000;

  static void SetUpTestSuite() {
    made_ = new StoreFolder;
    const auto store = open_store(*made_);
    ingest(*store, acts_between(0, kActs));
    whole_ = acts_of(*store);
  }
  static void TearDownTestSuite() { delete std::exchange(made_, nullptr); }

  // Whether the damage in `folder` shows. Where it does not, nothing may be missing.
  static bool notices(const StoreFolder& folder, const std::string& what) {
    auto opened = Store::open(folder.path(), {}, false);
    if (!opened.ok()) {
      EXPECT_EQ(opened.error().code, ErrorCode::kCorrupt) << what << opened.error().message;
      EXPECT_THAT(opened.error().message, HasSubstr("log.duckdb")) << what;
      EXPECT_EQ(Store::repair(folder.path()).error().code, ErrorCode::kCorrupt) << what;
      return true;
    }
    Store& store = **opened;
    const std::vector<std::string> problems = must(store.check());
    const auto numbering = store.number_accounts();
    Result<void> scanned;
    uint64_t acts = 0;
    if (numbering.ok()) {
      scanned = store.scan_acts(**numbering,
                                [&](std::span<const ResolvedAct> piece) { acts += piece.size(); });
    } else {
      scanned = numbering.error();
    }
    if (!scanned.ok()) {
      EXPECT_EQ(scanned.error().code, ErrorCode::kCorrupt) << what << scanned.error().message;
      EXPECT_THAT(problems, Not(IsEmpty())) << what << ": check sees less than a scan";
    } else {
      EXPECT_EQ(acts, static_cast<uint64_t>(kActs)) << what;
    }
    if (problems.empty()) {
      EXPECT_EQ(acts_of(store), whole_) << what << ": check overlooks it";
    }
    return !problems.empty();
  }

  static StoreFolder* made_;
  static std::vector<std::string> whole_;
};
StoreFolder* MergedLog::made_ = nullptr;
std::vector<std::string> MergedLog::whole_;

TEST_F(MergedLog, WithAFlippedByteNeverGivesAWrongAnswer) {
  const uint64_t size = fs::file_size(made_->file("log.duckdb"));
  std::mt19937_64 random(11);
  std::vector<uint64_t> places{0, 8, 9, 12, 100, 4096, 4104, 8192, 8200, 12'288, size - 1};
  for (int i = 0; i < 30; ++i) places.push_back(random() % size);
  int noticed = 0;
  for (const uint64_t at : places) {
    const auto folder = made_->copy();
    flip(folder->file("log.duckdb"), at);
    noticed += notices(*folder, fmt::format("byte {} of {}", at, size)) ? 1 : 0;
  }
  EXPECT_GT(noticed, 10);
}

TEST_F(MergedLog, CutOffIsNoticed) {
  const uint64_t size = fs::file_size(made_->file("log.duckdb"));
  for (const uint64_t left :
       {size - (300u << 10), size / 2, uint64_t{13'000}, uint64_t{5000}, uint64_t{0}}) {
    const auto folder = made_->copy();
    fs::resize_file(folder->file("log.duckdb"), left);
    EXPECT_TRUE(notices(*folder, fmt::format("{} of {} bytes left", left, size)));
  }
}

TEST(OlderFile, ExchangedForAnOlderOneIsNoticed) {
  const StoreFolder made;
  ingest(*open_store(made), acts_between(0, 100));
  const auto older = made.copy();
  ingest(*open_store(made), acts_between(100, 200));
  fs::copy_file(older->file("log.duckdb"), made.file("log.duckdb"),
                fs::copy_options::overwrite_existing);
  EXPECT_EQ(error_of_open(made.path()).code, ErrorCode::kCorrupt);
  // The older folder as a whole is a good backup.
  EXPECT_EQ(must(open_store(*older)->summary()).events, 100u);
}

// ---- versions and foreign files -----------------------------------------------------------------

TEST(Versions, AnotherFormatIsRefusedByName) {
  const StoreFolder folder;
  ingest(*open_store(folder), acts_between(0, 10));
  {
    const DuckDatabase database = must(DuckDatabase::open(folder.file("log.duckdb"), {}));
    DuckConnection connection = must(database.connect());
    must(connection.run("UPDATE meta SET format = 6, created_by = 'bellwether 9.9.9'"));
  }
  const Error error = error_of_open(folder.path());
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("format 6"));
  EXPECT_THAT(error.message, HasSubstr("bellwether 9.9.9"));
  EXPECT_THAT(error.message, HasSubstr("format 5"));
  EXPECT_EQ(Store::repair(folder.path()).error().code, ErrorCode::kUnsupported);
}

TEST(Versions, TheFormatBeforeIsUpgradedWithAllThatItHolds) {
  const StoreFolder folder;
  ingest(*open_store(folder), acts_between(0, 500));
  {
    const DuckDatabase database = must(DuckDatabase::open(folder.file("log.duckdb"), {}));
    DuckConnection connection = must(database.connect());
    for (const char* table : {"remainder_pairs", "remainder_sums", "remainder_vouches",
                              "remainder_passed_on", "passed_on"}) {
      must(connection.run(fmt::format("DROP TABLE {}", table)));
    }
    take_out_forecasts(connection);
    must(connection.run("UPDATE meta SET format = 1"));
  }
  for (int opened = 0; opened < 2; ++opened) {
    const auto store = open_store(folder);
    EXPECT_THAT(must(store->check()), IsEmpty());
    EXPECT_EQ(acts_of(*store), story(500));
  }
}

TEST(Versions, ANewerFormatWithoutOurColumnsIsRefusedByNameToo) {
  const StoreFolder folder;
  {
    const DuckDatabase database = must(DuckDatabase::open(folder.file("log.duckdb"), {}));
    DuckConnection connection = must(database.connect());
    must(connection.run("CREATE TABLE meta AS SELECT 7::UINTEGER AS format, 'x' AS created_by"));
  }
  EXPECT_EQ(error_of_open(folder.path()).code, ErrorCode::kUnsupported);
}

TEST(ForeignFiles, AreNotTakenForAStore) {
  const StoreFolder folder;
  EXPECT_EQ(error_of_open(folder.path()).code, ErrorCode::kNotFound);
  EXPECT_EQ(error_of_open(folder.file("missing")).code, ErrorCode::kNotFound);
  EXPECT_EQ(Store::repair(folder.path()).error().code, ErrorCode::kNotFound);
  EXPECT_FALSE(fs::exists(folder.file("missing"))) << "asking must not make a folder";
  std::ofstream(folder.file("plain")) << "text";
  EXPECT_EQ(error_of_open(folder.file("plain"), true).code, ErrorCode::kIo);
  {
    const DuckDatabase database = must(DuckDatabase::open(folder.file("log.duckdb"), {}));
    must(must(database.connect()).run("CREATE TABLE mine (x INTEGER)"));
  }
  const Error error = error_of_open(folder.path(), true);
  EXPECT_EQ(error.code, ErrorCode::kUnsupported);
  EXPECT_THAT(error.message, HasSubstr("did not make"));
  std::ofstream(folder.file("log.duckdb")) << std::string(20'000, 'x');
  EXPECT_EQ(error_of_open(folder.path(), true).code, ErrorCode::kCorrupt);
}

TEST(Birth, AStoreThatDiedBeingMadeIsMadeAnew) {
  const StoreFolder empty;
  std::ofstream(empty.file("log.duckdb")) << "";
  EXPECT_EQ(error_of_open(empty.path()).code, ErrorCode::kNotFound);
  EXPECT_EQ(ingest(*open_store(empty), acts_between(0, 5)).accepted, 5u);
  const StoreFolder bare;
  { const DuckDatabase database = must(DuckDatabase::open(bare.file("log.duckdb"), {})); }
  EXPECT_EQ(error_of_open(bare.path()).code, ErrorCode::kNotFound);
  EXPECT_EQ(ingest(*open_store(bare), acts_between(0, 5)).accepted, 5u);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Erasing somebody from a workspace, as their community sees it.
#include "workspace/recipes/erase.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <numeric>
#include <random>

#include "workspace/query/query.h"
#include "workspace/query/render.h"
#include "workspace/recipes/ingest.h"
#include "workspace/recipes/score.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr Instant kToday{1'750'000'000'000};  // 2025-06-15

class EraseTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() /
              fmt::format("bw-erase-{}-{}", ::getpid(),
                          ::testing::UnitTest::GetInstance()->current_test_info()->name());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    open();
  }
  void TearDown() override {
    workspace_.reset();
    fs::remove_all(folder_);
  }

  void open(bool keep_rejects = true) {
    workspace_.reset();
    WorkspaceOptions options;
    options.home = (folder_ / "home").string();
    options.create = true;
    options.keep_rejects = keep_rejects;
    options.now = [] { return kToday; };
    auto workspace = Workspace::open(options);
    ASSERT_TRUE(workspace.ok()) << workspace.error().message;
    workspace_ = std::move(*workspace);
  }

  IngestResult read(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    IngestRequest request;
    request.paths = {path.string()};
    auto result = ingest(*workspace_, request, {});
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(*result);
  }
  void score_now() {
    const auto result = score(*workspace_, {}, {});
    ASSERT_TRUE(result.ok()) << result.error().message;
  }
  EraseResult erase_now(const std::string& account) {
    auto result = erase(*workspace_, account, {});
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(*result);
  }

  // A town of `people`: everybody answers and reshares some others, all over two months.
  static std::string town(int people, uint32_t rng_seed) {
    std::mt19937 random(rng_seed);
    std::string text = "time,actor,verb,target,topics\n";
    const std::vector<std::string> verbs{"reply", "reshare", "react", "mention", "quote"};
    for (int i = 0; i < people * 25; ++i) {
      const auto actor = random() % static_cast<uint32_t>(people);
      // The first ones are answered most.
      const auto target =
          std::min(random(), random()) % static_cast<uint32_t>(people) % (1 + random() % 12);
      text += fmt::format("{},citizen{},{},citizen{},t{}\n", 1'744'000'000 + random() % 5'000'000,
                          actor, verbs[random() % verbs.size()], target, random() % 3);
    }
    return text;
  }

  std::map<std::string, PersonRow> everybody() {
    Query query(*workspace_);
    RankRequest request;
    request.all = true;
    request.limit = 0;
    request.reasons = false;
    const auto ranking = query.rank(request, Viewer::kOperator);
    EXPECT_TRUE(ranking.ok()) << ranking.error().message;
    std::map<std::string, PersonRow> rows;
    for (const PersonRow& row : ranking->people) rows[row.accounts[0]] = row;
    return rows;
  }

  std::vector<std::string> files_with(const std::string& bytes) const {
    std::vector<std::string> found;
    for (const auto& entry : fs::recursive_directory_iterator(folder_ / "home")) {
      if (!entry.is_regular_file()) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string all((std::istreambuf_iterator<char>(file)),
                            std::istreambuf_iterator<char>());
      if (all.find(bytes) != std::string::npos) found.push_back(entry.path().filename().string());
    }
    return found;
  }

  fs::path folder_;
  std::unique_ptr<Workspace> workspace_;
};

TEST_F(EraseTest, NobodyElsesScoreMovesAndEveryExplanationStillSums) {
  for (const uint32_t seed : {1U, 2U, 3U}) {
    fs::remove_all(folder_ / "home");
    open();
    read("town.csv", town(40, seed));
    score_now();
    auto before = everybody();
    std::mt19937 random(seed);
    for (int round = 0; round < 3; ++round) {
      const std::string who = fmt::format("csv:citizen{}", random() % 40);
      if (!before.contains(who)) continue;
      const EraseResult result = erase_now(who);
      EXPECT_GT(result.store.events, 0U);
      std::map<std::string, double> told;
      for (const auto& moved : result.moved) told[moved.account] = moved.before;
      const auto after = everybody();
      EXPECT_FALSE(after.contains(who));
      for (const auto& [account, row] : before) {
        if (account == who || told.contains(account)) continue;
        ASSERT_TRUE(after.contains(account)) << account;
        EXPECT_NEAR(*after.at(account).score, *row.score, 1e-9) << account << " without " << who;
        EXPECT_NEAR(after.at(account).standing, row.standing, 1e-9) << account;
      }
      // Whom nothing was kept back from is told, and nobody else is.
      if (result.dropped == 0) {
        EXPECT_THAT(told, IsEmpty());
      }
      Query query(*workspace_);
      for (const auto& [account, row] : after) {
        for (const Grouping grouping : {Grouping::kMover, Grouping::kAct, Grouping::kTopic,
                                        Grouping::kNetwork, Grouping::kMonth}) {
          const auto explained = query.explain(account, {grouping, 0}, Viewer::kOperator);
          ASSERT_TRUE(explained.ok()) << explained.error().message;
          double sum = 0;
          for (const ContributionRow& part : explained->contributions) {
            sum += part.points;
            if (part.label == kErasedLabel) {
              EXPECT_EQ(part.acts, 0U);
              EXPECT_THAT(part.names, IsEmpty());
              EXPECT_THAT(part.receipts, IsEmpty());
              if (grouping == Grouping::kMonth) {  // it has none, and stands after them
                EXPECT_EQ(&part, &explained->contributions.back());
              }
            }
          }
          EXPECT_NEAR(sum, *row.score - 1, 1e-9) << account;
          EXPECT_NEAR(explained->points_total, *row.score - 1, 1e-9) << account;
        }
      }
      before = after;
    }
    EXPECT_THAT(*workspace_->store().check(), IsEmpty());
  }
}

TEST_F(EraseTest, NoByteOfTheirNamesIsLeftAnywhereAndReadingAgainBringsNothingBack) {
  std::string text = town(30, 7);
  const auto rename = [&](const std::string& from, const std::string& to) {
    for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + 1)) {
      text.replace(at, from.size(), to);
    }
  };
  rename(",citizen5,", ",quibblefax,");
  rename(",citizen6,", ",wugglefrost,");
  text += "soon,quibblefax,reply,citizen1,t0\n";
  read("town.csv", text);
  ASSERT_TRUE(workspace_->registry().link("csv:quibblefax", "csv:wugglefrost").ok());
  ASSERT_TRUE(workspace_->registry().set_consent("csv:quibblefax", Consent::kListed).ok());
  ASSERT_TRUE(
      workspace_->registry().set_teleport_set("csv", {"csv:quibblefax", "csv:citizen0"}).ok());
  score_now();
  score_now();
  const auto before = everybody();

  const EraseResult result = erase_now("csv:wugglefrost");
  EXPECT_EQ(result.accounts, 2U);
  EXPECT_EQ(result.store.accounts, 2U);
  EXPECT_EQ(result.store.rejects, 1U);
  EXPECT_EQ(result.store.scores, 2U);
  EXPECT_EQ(result.registry.teleport, 1U);
  EXPECT_TRUE(result.snapshot.has_value());
  for (const char* name : {"quibblefax", "wugglefrost"}) {
    EXPECT_THAT(files_with(name), IsEmpty()) << name;
  }
  const auto after = everybody();
  for (const auto& [account, row] : after) {
    const bool told =
        std::any_of(result.moved.begin(), result.moved.end(),
                    [&, &name = account](const auto& moved) { return moved.account == name; });
    if (!told) {
      EXPECT_NEAR(*row.score, *before.at(account).score, 1e-9) << account;
    }
  }

  const uint64_t events = workspace_->store().summary()->events;
  const IngestResult again = read("town.csv", text);
  EXPECT_EQ(again.accepted(), 0U);
  ASSERT_THAT(again.sources, ::testing::SizeIs(1));
  const auto& rejected = again.sources[0].rejected_by;
  EXPECT_TRUE(std::any_of(rejected.begin(), rejected.end(), [&](const KindCount& kind) {
    return kind.kind == "by or towards somebody who was erased" &&
           kind.count == result.store.events;
  }));
  EXPECT_EQ(workspace_->store().summary()->events, events);
  score_now();
  const auto later = everybody();
  ASSERT_EQ(later.size(), after.size());
  for (const auto& [account, row] : after) EXPECT_EQ(*later.at(account).score, *row.score);
  for (const char* name : {"quibblefax", "wugglefrost"}) {
    EXPECT_THAT(files_with(name), IsEmpty()) << name;
  }
  EXPECT_THAT(*workspace_->store().check(), IsEmpty());
  EXPECT_THAT(*workspace_->registry().check(), IsEmpty());
}

TEST_F(EraseTest, ASecondCallSaysSoAndDoesNothing) {
  read("town.csv", town(20, 3));
  score_now();
  EXPECT_FALSE(erase_now("csv:citizen1").already);
  const uint64_t generation = workspace_->store().summary()->generation;
  const EraseResult again = erase_now("csv:citizen1");
  EXPECT_TRUE(again.already);
  EXPECT_EQ(workspace_->store().summary()->generation, generation);
  const auto nobody = erase(*workspace_, "csv:never-was", {});
  EXPECT_EQ(nobody.error().code, ErrorCode::kNotFound);
  open();
  EXPECT_TRUE(erase_now("csv:citizen1").already);
}

TEST_F(EraseTest, AskingForThemTellsTheOperatorAndNobodyElse) {
  read("town.csv", town(20, 3));
  score_now();
  Query query(*workspace_);
  const std::string id = query.show("citizen1", Viewer::kOperator)->person.person;
  erase_now("csv:citizen1");
  ASSERT_TRUE(query.refresh().ok());
  for (const std::string& word : {std::string("csv:citizen1"), std::string("citizen1"), id}) {
    const auto shown = query.show(word, Viewer::kOperator);
    ASSERT_FALSE(shown.ok());
    EXPECT_EQ(shown.error().code, ErrorCode::kNotFound);
    EXPECT_THAT(shown.error().message, HasSubstr("was erased"));
    EXPECT_THAT(query.show(word, Viewer::kPublic).error().message, Not(HasSubstr("erased")));
  }
}

TEST_F(EraseTest, AnErasureThatDiedHalfWayIsBroughtToItsEndByTheNextCall) {
  read("town.csv", town(20, 3));
  score_now();
  // What a crash between the first and the last step leaves: buried, and still there.
  ASSERT_TRUE(workspace_->registry().bury({"csv:citizen1"}).ok());
  open();
  EXPECT_THAT(*workspace_->registry().check(), Not(IsEmpty()));
  const EraseResult result = erase_now("csv:citizen1");
  EXPECT_FALSE(result.already);
  EXPECT_GT(result.store.events, 0U);
  EXPECT_THAT(*workspace_->registry().check(), IsEmpty());
  EXPECT_THAT(files_with("citizen1,"), IsEmpty());
}

TEST_F(EraseTest, TheOperatorsOwnTeleportSetForgetsThemAndIsNotReplacedByAnother) {
  read("town.csv", town(20, 3));
  {
    Policy policy;
    policy.teleport = {"csv:citizen2"};
    std::ofstream(folder_ / "home" / "policy.toml")
        << to_toml(policy) << "# citizen2 is csv:citizen2\n";
  }
  score_now();
  const auto before = everybody();
  const EraseResult result = erase_now("csv:citizen2");
  EXPECT_TRUE(result.policy);
  EXPECT_THAT(workspace_->policy().teleport, ElementsAre(std::string(kNobodyLeft)));
  score_now();
  for (const auto& [account, row] : everybody()) {
    const bool told =
        std::any_of(result.moved.begin(), result.moved.end(),
                    [&, &name = account](const auto& moved) { return moved.account == name; });
    if (!told) {
      EXPECT_NEAR(*row.score, *before.at(account).score, 1e-9) << account;
    }
  }
  EXPECT_THAT(files_with("csv:citizen2\""), IsEmpty());
}

TEST_F(EraseTest, WithoutAnythingToScoreTheyAreTakenOutAllTheSame) {
  read("untimed.csv", "actor,verb,target\nquibblefax,reply,bo\nbo,reply,cy\n");
  const EraseResult result = erase_now("csv:quibblefax");
  EXPECT_EQ(result.store.events, 1U);
  EXPECT_FALSE(result.snapshot.has_value());
  EXPECT_THAT(files_with("quibblefax"), IsEmpty());
  EXPECT_EQ(workspace_->store().summary()->events, 1U);
}

}  // namespace
}  // namespace bellwether

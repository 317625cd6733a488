// SPDX-License-Identifier: Apache-2.0
// From a file to an answer, and back to the file: the stories that cross the rooms below.
#include "workspace/workspace.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>

#include "workspace/query/query.h"
#include "workspace/query/render.h"
#include "workspace/recipes/backtest.h"
#include "workspace/recipes/ingest.h"
#include "workspace/recipes/score.h"
#include "workspace/recipes/simulate.h"

namespace bellwether {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr Instant kToday{1'750'000'000'000};  // 2025-06-15

class WorkspaceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("bw-workspace-" + std::to_string(::getpid()) + "-" +
               ::testing::UnitTest::GetInstance()->current_test_info()->name());
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Workspace> open(const std::string& name, unsigned threads = 1) {
    WorkspaceOptions options;
    options.home = (folder_ / name).string();
    options.create = true;
    options.threads = threads;
    options.now = [] { return kToday; };
    auto workspace = Workspace::open(options);
    EXPECT_TRUE(workspace.ok()) << workspace.error().message;
    return std::move(*workspace);
  }

  std::string file(const std::string& name, const std::string& text) {
    const auto path = folder_ / name;
    std::ofstream(path) << text;
    return path.string();
  }

  static IngestResult read(Workspace& workspace, const std::string& path) {
    IngestRequest request;
    request.paths = {path};
    auto result = ingest(workspace, request, {});
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(*result);
  }

  static ScoreResult score_now(Workspace& workspace) {
    auto result = score(workspace, {}, {});
    EXPECT_TRUE(result.ok()) << result.error().message;
    return std::move(*result);
  }

  // A village: ana is answered by everybody, some answer one another, all over a month.
  std::string village() {
    std::string text = "time,actor,verb,target,topics\n";
    const auto act = [&](int day, const std::string& actor, const std::string& verb,
                         const std::string& target, const std::string& topic) {
      text += std::to_string(1'746'000'000 + day * 86'400) + "," + actor + "," + verb + "," +
              target + "," + topic + "\n";
    };
    for (int i = 0; i < 12; ++i) {
      const std::string one = "p" + std::to_string(i);
      const std::string next = "p" + std::to_string((i + 1) % 12);
      act(i, one, "reply", next, "tea");
      act(i + 12, next, "reshare", one, "tea");
      act(i + 2, one, "reshare", "ana", "rust");
      act(i + 15, one, "reply", "ana", "rust");
    }
    return file("village.csv", text);
  }

  std::filesystem::path folder_;
};

std::string bits(const Ranking& ranking) {
  std::string text;
  for (const PersonRow& row : ranking.people) {
    text += row.accounts[0] + " " + std::to_string(std::bit_cast<uint64_t>(*row.score)) + " " +
            std::to_string(std::bit_cast<uint64_t>(row.low)) + " " +
            std::to_string(std::bit_cast<uint64_t>(row.high)) + "\n";
  }
  return text;
}

Ranking rank_all(Workspace& workspace, Viewer viewer = Viewer::kOperator) {
  Query query(workspace);
  RankRequest request;
  request.all = true;
  request.limit = 0;
  auto ranking = query.rank(request, viewer);
  EXPECT_TRUE(ranking.ok()) << ranking.error().message;
  return std::move(*ranking);
}

TEST_F(WorkspaceTest, AFileBecomesARankingWithReasonsThatAddUp) {
  const auto workspace = open("home");
  const IngestResult result = read(*workspace, village());
  EXPECT_EQ(result.accepted(), 48U);
  EXPECT_EQ(score_now(*workspace).snapshot.people, 13U);

  const Ranking ranking = rank_all(*workspace);
  ASSERT_THAT(ranking.people, SizeIs(13));
  const PersonRow& ana = ranking.people[0];
  EXPECT_EQ(ana.name, "ana");
  EXPECT_TRUE(ana.settled);
  EXPECT_EQ(ana.rank, 1U);
  EXPECT_THAT(ana.topics, ElementsAre("rust"));
  EXPECT_THAT(ana.reason, HasSubstr("12 people"));

  Query query(*workspace);
  for (const PersonRow& row : ranking.people) {
    for (const Grouping grouping : {Grouping::kAct, Grouping::kMover, Grouping::kTopic,
                                    Grouping::kVerb, Grouping::kNetwork, Grouping::kMonth}) {
      const auto told = query.explain(row.person, {grouping, 0}, Viewer::kOperator);
      ASSERT_TRUE(told.ok()) << told.error().message;
      const double sum =
          std::accumulate(told->contributions.begin(), told->contributions.end(), 0.0,
                          [](double s, const ContributionRow& c) { return s + c.points; });
      // The slice that explains comes to the very score that was published.
      EXPECT_NEAR(sum, *row.score - 1, 1e-9) << row.name;
      EXPECT_NEAR(told->points_total, *row.score - 1, 1e-9);
    }
  }
}

TEST_F(WorkspaceTest, EveryPointLeadsBackToARecordOfTheFile) {
  const auto workspace = open("home");
  const std::string path = village();
  read(*workspace, path);
  score_now(*workspace);
  Query query(*workspace);
  const auto told = query.explain("ana", {Grouping::kAct, 0}, Viewer::kOperator);
  ASSERT_TRUE(told.ok());
  ASSERT_THAT(told->contributions, SizeIs(24));
  std::ifstream lines(path);
  std::vector<std::string> text;
  for (std::string line; std::getline(lines, line);) text.push_back(line);
  for (const ContributionRow& row : told->contributions) {
    ASSERT_THAT(row.receipts, SizeIs(1));
    const Receipt& receipt = row.receipts[0];
    EXPECT_EQ(receipt.source, path);
    EXPECT_THAT(text[receipt.record - 1], HasSubstr(",ana,"));
  }
}

TEST_F(WorkspaceTest, ReadingTwiceAndInAnotherOrderOnMoreThreadsGivesTheSameBits) {
  const std::string one = village();
  const std::string two = file("two.csv",
                               "time,actor,verb,target\n2025-05-20T10:00:00Z,p3,quote,zoe\n"
                               "2025-05-20T10:00:00Z,p3,quote,zoe\n"
                               "2025-05-21T10:00:00Z,zoe,reply,p3\n");
  const auto first = open("first");
  read(*first, one);
  read(*first, two);
  score_now(*first);
  const auto second = open("second", 4);
  read(*second, two);
  read(*second, one);
  const IngestResult again = read(*second, two);
  EXPECT_EQ(again.accepted(), 0U);
  EXPECT_EQ(again.sources[0].duplicates, 3U);  // the two equal lines are two acts, both known
  score_now(*second);
  EXPECT_EQ(bits(rank_all(*first)), bits(rank_all(*second)));
}

TEST_F(WorkspaceTest, AUnitTakenBackIsAsIfNeverRead) {
  const auto workspace = open("home");
  read(*workspace, village());
  score_now(*workspace);
  const std::string before = bits(rank_all(*workspace));
  const IngestResult more =
      read(*workspace, file("more.csv", "time,actor,verb,target\n2025-05-01,p1,endorse,p2\n"));
  score_now(*workspace);
  EXPECT_NE(bits(rank_all(*workspace)), before);
  ASSERT_EQ(*workspace->store().undo_unit(more.unit), 1U);
  score_now(*workspace);
  EXPECT_EQ(bits(rank_all(*workspace)), before);
}

TEST_F(WorkspaceTest, NobodyIsShownWhoDidNotAskToBe) {
  const auto workspace = open("home");
  read(*workspace, village());
  score_now(*workspace);
  EXPECT_THAT(rank_all(*workspace, Viewer::kPublic).people, IsEmpty());
  {
    Query query(*workspace);
    // A person who hides and one who does not exist are told apart by nothing.
    const auto hidden = query.show("csv:ana", Viewer::kPublic);
    const auto nobody = query.show("csv:ann", Viewer::kPublic);
    ASSERT_FALSE(hidden.ok());
    ASSERT_FALSE(nobody.ok());
    EXPECT_EQ(hidden.error().code, nobody.error().code);
    EXPECT_EQ(hidden.error().message.size(), nobody.error().message.size());
  }
  ASSERT_TRUE(workspace->registry().set_consent("csv:ana", Consent::kListed).ok());
  const Ranking shown = rank_all(*workspace, Viewer::kPublic);
  ASSERT_THAT(shown.people, SizeIs(1));
  EXPECT_EQ(shown.people[0].rank_high, 1U);
  Query query(*workspace);
  for (const Grouping grouping : {Grouping::kMover, Grouping::kAct, Grouping::kVerb}) {
    const auto told = query.explain("csv:ana", {grouping, 0}, Viewer::kPublic);
    ASSERT_TRUE(told.ok());
    const std::string json = to_json(*told);
    for (int i = 0; i < 12; ++i) {
      EXPECT_THAT(json, Not(HasSubstr("\"p" + std::to_string(i) + "\"")));
      EXPECT_THAT(json, Not(HasSubstr("csv:p" + std::to_string(i))));
    }
    // What is hidden still counts: the sum is whole.
    EXPECT_NEAR(told->points_total, *told->person.score - 1, 1e-9);
  }
  const auto card = query.show("csv:ana", Viewer::kPublic);
  ASSERT_TRUE(card.ok());
  EXPECT_THAT(card->moves, IsEmpty());
}

TEST_F(WorkspaceTest, LinkedAccountsAreOnePersonAndUnlinkingRestoresEveryBit) {
  const auto workspace = open("home");
  read(*workspace, village());
  score_now(*workspace);
  const std::string before = bits(rank_all(*workspace));
  ASSERT_TRUE(workspace->registry().link("csv:ana", "csv:p5").ok());
  score_now(*workspace);
  const Ranking linked = rank_all(*workspace);
  EXPECT_THAT(linked.people, SizeIs(12));
  EXPECT_THAT(linked.people[0].accounts, ElementsAre("csv:ana", "csv:p5"));
  {
    Query query(*workspace);
    const auto told = query.explain("csv:p5", {}, Viewer::kOperator);
    ASSERT_TRUE(told.ok());
    EXPECT_NEAR(told->points_total, *linked.people[0].score - 1, 1e-9);
  }
  ASSERT_TRUE(workspace->registry().unlink("csv:p5").ok());
  score_now(*workspace);
  EXPECT_EQ(bits(rank_all(*workspace)), before);
}

// Whichever account the link named first: a snapshot keeps a person under the account with the
// smallest number, and half of all links showed people as without any evidence.
TEST_F(WorkspaceTest, LinkedPeopleHaveTheirScoreHoweverTheLinkWasMade) {
  const auto workspace = open("home");
  read(*workspace, village());
  for (const bool first : {true, false}) {
    const std::string a = first ? "csv:ana" : "csv:p5";
    const std::string b = first ? "csv:p5" : "csv:ana";
    ASSERT_TRUE(workspace->registry().link(a, b).ok());
    score_now(*workspace);
    const double score = *rank_all(*workspace).people[0].score;
    Query query(*workspace);
    for (const std::string& name : {a, b}) {
      const auto card = query.show(name, Viewer::kOperator);
      ASSERT_TRUE(card.ok());
      ASSERT_TRUE(card->person.score.has_value()) << "linked " << a << " first, asked for " << name;
      EXPECT_EQ(*card->person.score, score);
      EXPECT_FALSE(card->history.empty());
    }
    ASSERT_TRUE(workspace->registry().unlink(b).ok());
  }
}

// Consent is that of the account which names a person, and movers were looked up by another one.
TEST_F(WorkspaceTest, ListedMoversAreShownWhicheverAccountNamesThem) {
  const auto workspace = open("home");
  read(*workspace, village());
  ASSERT_TRUE(workspace->registry().set_consent("csv:ana", Consent::kListed).ok());
  for (const auto& [first, other] : {std::pair("csv:p5", "csv:p6"), {"csv:p6", "csv:p5"}}) {
    ASSERT_TRUE(workspace->registry().link(first, other).ok());
    ASSERT_TRUE(workspace->registry().set_consent(first, Consent::kListed).ok());
    score_now(*workspace);
    Query query(*workspace);
    const auto told = query.explain("csv:ana", {}, Viewer::kPublic);
    ASSERT_TRUE(told.ok());
    EXPECT_THAT(told->contributions, SizeIs(1)) << first;
    const auto card = query.show("csv:ana", Viewer::kPublic);
    ASSERT_TRUE(card.ok());
    EXPECT_THAT(card->moves, SizeIs(1)) << first;
    ASSERT_TRUE(workspace->registry().set_consent(first, Consent::kPrivate).ok());
    ASSERT_TRUE(workspace->registry().unlink(other).ok());
  }
}

TEST_F(WorkspaceTest, NoEvidenceIsNoScoreAndNotZero) {
  const auto workspace = open("home");
  read(*workspace,
       file("shy.csv",
            "time,actor,verb,target\n2025-05-01,shy,reply,ana\n2025-05-02,bo,reply,ana\n"));
  score_now(*workspace);
  Query query(*workspace);
  const auto card = query.show("csv:shy", Viewer::kOperator);
  ASSERT_TRUE(card.ok()) << card.error().message;
  EXPECT_FALSE(card->person.score.has_value());
  EXPECT_THAT(card->sentence, HasSubstr("No evidence"));
  EXPECT_THAT(to_json(*card), HasSubstr("\"score\":null"));
  ASSERT_THAT(card->moved_by, SizeIs(1));
  EXPECT_EQ(card->moved_by[0].name, "ana");
}

TEST_F(WorkspaceTest, DatesThatNoClockCanHaveSaidAreRejectedByName) {
  const auto workspace = open("home");
  const IngestResult result =
      read(*workspace,
           file("odd.csv",
                "time,actor,verb,target\n1979-12-31T23:59:59Z,a,reply,b\n1980-01-01,a,reply,b\n"
                "2025-06-16T15:06:40Z,a,reply,b\n2025-06-16T15:06:41Z,a,reply,b\n"));
  EXPECT_EQ(result.accepted(), 2U);  // 1980, and a day after today to the second
  EXPECT_EQ(result.rejected(), 2U);
  const auto rows = workspace->store().rejects(result.unit, 10);
  ASSERT_TRUE(rows.ok());
  ASSERT_THAT(*rows, SizeIs(2));
  EXPECT_EQ((*rows)[0].record, 2U);
  EXPECT_THAT((*rows)[0].reason, HasSubstr("1980"));
  EXPECT_EQ((*rows)[1].record, 5U);
  EXPECT_THAT((*rows)[1].reason, HasSubstr("a day after"));
}

TEST_F(WorkspaceTest, AFolderIsReadFileByFileAndWhatIsUnknownIsNamed) {
  const auto workspace = open("home");
  std::filesystem::create_directories(folder_ / "in");
  village();
  std::filesystem::rename(folder_ / "village.csv", folder_ / "in" / "village.csv");
  std::ofstream(folder_ / "in" / "poem.txt") << "Beware lest you lose the substance\nby grasping\n";
  const IngestResult result = read(*workspace, (folder_ / "in").string());
  EXPECT_EQ(result.accepted(), 48U);
  ASSERT_THAT(result.unusable, SizeIs(1));
  EXPECT_THAT(result.unusable[0].path, EndsWith("in/poem.txt"));
  EXPECT_THAT(result.unusable[0].reason, HasSubstr("none of the forms understood"));

  // The same when the form is named; and a form that does not exist is said at once.
  IngestRequest request;
  request.paths = {(folder_ / "in").string()};
  request.source = "csv";
  const auto named = ingest(*workspace, request, {});
  ASSERT_TRUE(named.ok()) << named.error().message;
  EXPECT_EQ(named->sources[named->sources.size() - 1].duplicates, 48U);
  request.source = "tsv";
  EXPECT_EQ(ingest(*workspace, request, {}).error().code, ErrorCode::kInvalidArgument);
}

TEST_F(WorkspaceTest, ScoringAnEmptyLogSaysWhatToDo) {
  const auto workspace = open("home");
  const auto result = score(*workspace, {}, {});
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(result.error().message, HasSubstr("ingest"));
  Query query(*workspace);
  EXPECT_THAT(query.rank({}, Viewer::kOperator).error().message, HasSubstr("score"));
}

TEST_F(WorkspaceTest, AnEarlierAsOfLeavesOutWhatCameLater) {
  const auto workspace = open("home");
  read(*workspace, village());
  ScoreRequest early;
  early.as_of = Instant{(1'746'000'000 + 10 * 86'400) * int64_t{1000}};
  const auto then = score(*workspace, early, {});
  ASSERT_TRUE(then.ok()) << then.error().message;
  const double before = *rank_all(*workspace).people[0].score;
  score_now(*workspace);
  EXPECT_GT(*rank_all(*workspace).people[0].score, before);
  Query query(*workspace);
  RankRequest request;
  request.as_of = early.as_of;
  request.all = true;
  const auto old = query.rank(request, Viewer::kOperator);
  ASSERT_TRUE(old.ok()) << old.error().message;
  EXPECT_EQ(*old->people[0].score, before);
  request.as_of = Instant{early.as_of->ms - 5};
  const auto none = query.rank(request, Viewer::kOperator);
  ASSERT_FALSE(none.ok());
  EXPECT_THAT(none.error().message, HasSubstr("the nearest for " + to_string(*early.as_of)));
  const auto card = query.show("ana", Viewer::kOperator);
  ASSERT_TRUE(card.ok());
  EXPECT_THAT(card->history, SizeIs(2));
}

TEST_F(WorkspaceTest, AForecastIsKeptWithItsSnapshotAndGradedOnceWhenItsTimeHasPassed) {
  const auto workspace = open("home");
  CommunityOptions options;
  options.people = 150;
  options.days = 100;
  ASSERT_TRUE(simulate(*workspace, options, {}).ok());
  const Instant newest = workspace->store().summary()->last;
  const auto score_at = [&](int days_before) {
    ScoreRequest request;
    request.as_of = Instant{newest.ms + 1 - days_before * kMsPerDay};
    const auto scored = score(*workspace, request, {});
    EXPECT_TRUE(scored.ok()) << scored.error().message;
    return scored->graded;
  };
  EXPECT_THAT(score_at(31), IsEmpty()) << "nothing was forecast before";
  const auto week = score_at(23);
  ASSERT_THAT(week, SizeIs(1)) << "the week has passed, the month has not";
  EXPECT_EQ(week[0].snapshot, 1U);
  EXPECT_EQ(week[0].days, 7U);
  EXPECT_GT(week[0].calibration.people, 50U);
  EXPECT_GT(week[0].came, 0U);
  EXPECT_TRUE(week[0].forecast.ndcg && week[0].score.ndcg);
  EXPECT_GT(*week[0].calibration.coverage, 0.7);
  EXPECT_THAT(score_at(24), IsEmpty()) << "not twice, and of snapshot 2 no time has passed";
  const auto rest = score_at(0);
  ASSERT_THAT(rest, SizeIs(3)) << "the month of snapshot 1, the weeks of 2 and 3";
  EXPECT_EQ(rest[0].days, 30U);
  EXPECT_THAT(score_at(0), IsEmpty());

  Query query(*workspace);
  const auto grades = query.grades();
  ASSERT_TRUE(grades.ok());
  ASSERT_THAT(*grades, SizeIs(4));
  RankRequest request;
  request.by = RankBy::kForecast;
  request.all = true;
  request.limit = 0;
  const auto ranking = query.rank(request, Viewer::kOperator);
  ASSERT_TRUE(ranking.ok());
  double before = 1e9;
  for (const PersonRow& row : ranking->people) {
    ASSERT_TRUE(row.forecast[0] && row.forecast[1]);
    EXPECT_LE(row.forecast[0]->low, row.forecast[0]->high);
    if (!row.settled) continue;
    EXPECT_LE(row.forecast[0]->mean, before);
    before = row.forecast[0]->mean;
  }
  // What came, told to one person, is what the grade added up.
  uint64_t came = 0;
  for (const PersonRow& row : ranking->people) {
    const auto card = query.show(row.person, Viewer::kOperator);
    ASSERT_TRUE(card.ok());
    for (const PastForecast& past : card->forecasts) {
      if (past.as_of == grades->front().snapshot.as_of && past.days == 7) came += past.came;
    }
  }
  EXPECT_EQ(came, grades->front().grade.came);
}

TEST_F(WorkspaceTest, AShortLogIsNotForecastFromAndSaysSo) {
  const auto workspace = open("home");
  CommunityOptions options;
  options.people = 60;
  options.days = 8;
  ASSERT_TRUE(simulate(*workspace, options, {}).ok());
  score_now(*workspace);
  Query query(*workspace);
  RankRequest request;
  request.all = true;
  const auto ranking = query.rank(request, Viewer::kOperator);
  ASSERT_TRUE(ranking.ok());
  EXPECT_FALSE(ranking->people.at(0).forecast[0]);
  EXPECT_THAT(to_ndjson(*ranking), HasSubstr("\"forecast_7d\":null,\"forecast_7d_low\":null"));
  request.by = RankBy::kForecast;
  const auto refused = query.rank(request, Viewer::kOperator);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("more than"));
}

TEST_F(WorkspaceTest, TheSimulatedIsMarkedWhereverItShows) {
  const auto workspace = open("home");
  CommunityOptions options;
  options.people = 200;
  options.days = 30;
  const auto made = simulate(*workspace, options, {});
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_GT(made->accepted(), 1000U);
  const auto again = simulate(*workspace, options, {});
  EXPECT_EQ(again->accepted(), 0U);
  score_now(*workspace);
  const Ranking ranking = rank_all(*workspace);
  EXPECT_TRUE(ranking.meta.simulated);
  EXPECT_THAT(to_json(ranking), HasSubstr("\"simulated\":true"));
}

// The backtest fell back to the automatic set and told its figures as those of the operator's own.
TEST_F(WorkspaceTest, AMisspeltTeleportSetIsNamedAndNothingTakesItsPlace) {
  const auto workspace = open("home");
  read(*workspace, village());
  const auto trust = [&](const std::string& names) {
    std::ofstream(folder_ / "home" / "policy.toml") << "[standing]\nteleport = [" + names + "]\n";
  };
  trust("\"csv:p0\", \"csv:p00\"");
  const ScoreResult half = score_now(*workspace);
  EXPECT_THAT(half.teleport_set, ElementsAre("csv:p0"));
  EXPECT_THAT(half.teleport_unknown, ElementsAre("csv:p00"));
  EXPECT_TRUE(backtest(*workspace, {}, {}).ok());

  trust("\"csv:p00\"");
  const ScoreResult scored = score_now(*workspace);
  EXPECT_THAT(scored.teleport_set, IsEmpty());
  EXPECT_THAT(scored.teleport_unknown, ElementsAre("csv:p00"));
  EXPECT_EQ(scored.snapshot.settled, 0U);
  const auto graded = backtest(*workspace, {}, {});
  ASSERT_FALSE(graded.ok());
  EXPECT_EQ(graded.error().code, ErrorCode::kNotFound);
  EXPECT_THAT(graded.error().message, HasSubstr("[standing] teleport"));

  trust("");
  EXPECT_THAT(score_now(*workspace).teleport_unknown, IsEmpty());
  EXPECT_TRUE(backtest(*workspace, {}, {}).ok());
}

// A made-up community in the log of a real one moved the newest act years ahead: kept forecasts
// came due and were graded as wrong, once and for all.
TEST_F(WorkspaceTest, WhatIsMadeUpDoesNotGetAmongRealPeople) {
  const auto workspace = open("home");
  const uint32_t unit = read(*workspace, village()).unit;
  CommunityOptions options;
  options.people = 20;
  options.days = 10;
  const auto refused = simulate(*workspace, options, {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("--home"));
  EXPECT_THAT(*workspace->store().sources(), SizeIs(1)) << "nothing was begun";
  ASSERT_TRUE(workspace->store().undo_unit(unit).ok());
  EXPECT_TRUE(simulate(*workspace, options, {}).ok()) << "what was taken back is not there";
}

TEST_F(WorkspaceTest, ANewReadingMakesTheOldScoresStale) {
  const auto workspace = open("home");
  read(*workspace, village());
  score_now(*workspace);
  EXPECT_FALSE(rank_all(*workspace).meta.stale);
  read(*workspace, file("more.csv", "time,actor,verb,target\n2025-05-01,p1,endorse,p2\n"));
  EXPECT_TRUE(rank_all(*workspace).meta.stale);
}

TEST_F(WorkspaceTest, RestrictedToATopicOnlyItsActsCount) {
  const auto workspace = open("home");
  read(*workspace, village());
  score_now(*workspace);
  Query query(*workspace);
  RankRequest request;
  request.all = true;
  request.topic = "Tea";
  const auto tea = query.rank(request, Viewer::kOperator);
  ASSERT_TRUE(tea.ok()) << tea.error().message;
  ASSERT_THAT(tea->people, SizeIs(12));
  for (const PersonRow& row : tea->people) EXPECT_NE(row.name, "ana");
  request.topic = "cheese";
  EXPECT_EQ(query.rank(request, Viewer::kOperator).error().code, ErrorCode::kNotFound);
}

TEST_F(WorkspaceTest, AChangedPolicyCountsAtTheNextScoringAndHasAnotherHash) {
  const auto workspace = open("home");
  read(*workspace, village());
  const ScoreResult before = score_now(*workspace);
  std::ofstream(folder_ / "home" / "policy.toml") << "[credit]\nreply = 0\n";
  const ScoreResult after = score_now(*workspace);
  EXPECT_LT(after.credit.responses, before.credit.responses);
  EXPECT_NE(after.snapshot.policy_hash, before.snapshot.policy_hash);
}

// Every part of a change that a person's history can have, in one story.
TEST_F(WorkspaceTest, WhatChangedAddsUpWhateverHappenedBetweenTwoSnapshots) {
  const auto workspace = open("home");
  std::ofstream(folder_ / "home" / "policy.toml") << "[standing]\nteleport = [\"csv:p0\", "
                                                     "\"csv:p1\", \"csv:p2\"]\n";
  read(*workspace, village());
  const auto told_since = [&](const std::string& since, Viewer viewer = Viewer::kOperator) {
    Query query(*workspace);
    ExplainRequest request;
    request.since = since;
    auto told = query.explain("csv:ana", request, viewer);
    EXPECT_TRUE(told.ok()) << told.error().message;
    return std::move(*told);
  };
  const auto part = [](const PersonExplanation& told, std::string_view cause) {
    for (const ChangePart& p : told.changed->parts) {
      if (p.cause == cause) return p;
    }
    ADD_FAILURE() << cause;
    return ChangePart{};
  };
  const auto sum_holds = [](const PersonExplanation& told) {
    double sum = 0;
    for (const ChangePart& p : told.changed->parts) sum += p.points;
    EXPECT_NEAR(sum, told.person.score.value_or(1) - told.changed->score.value_or(1), 1e-9);
    EXPECT_NEAR(sum, told.changed->points, 1e-9);
  };

  ScoreRequest request;
  request.as_of = Instant{(1'746'000'000 + 14 * 86'400) * int64_t{1000}};
  ASSERT_TRUE(score(*workspace, request, {}).ok());
  EXPECT_FALSE(told_since("last").changed);  // there is nothing before it
  score_now(*workspace);
  PersonExplanation told = told_since("last");
  ASSERT_TRUE(told.changed);
  EXPECT_EQ(told.changed->snapshot, 1U);
  EXPECT_GT(part(told, "evidence").points, 0);
  EXPECT_THAT(part(told, "evidence").movers, Not(IsEmpty()));
  EXPECT_LT(part(told, "fading").points, 0);
  EXPECT_EQ(part(told, "policy").points, 0);
  EXPECT_NEAR(part(told, "late").points, 0, 1e-9);
  sum_holds(told);
  EXPECT_FALSE(told_since("none").changed);

  // The same again is no change worth telling; the one before it is.
  score_now(*workspace);
  EXPECT_EQ(told_since("last").changed->snapshot, 1U);

  // What is read later of the time before; the instant stays.
  read(*workspace,
       file("late.csv", "time,actor,verb,target\n" + std::to_string(1'746'000'000 + 5 * 86'400) +
                            ",p2,reply,ana\n"));
  score_now(*workspace);
  told = told_since("last");
  EXPECT_GT(part(told, "late").points, 0.01);
  EXPECT_EQ(part(told, "evidence").points, 0);
  sum_holds(told);

  // Another policy, with other weights and horizons: the ledger of then is made anew.
  std::ofstream(folder_ / "home" / "policy.toml")
      << "name = \"other\"\n[credit]\nreply = 0\n[score]\nhalf_life_days = [10, 100]\n"
         "[standing]\nteleport = [\"csv:p0\", \"csv:p1\"]\n";
  score_now(*workspace);
  told = told_since("last");
  EXPECT_NE(part(told, "policy").points, 0);
  EXPECT_THAT(part(told, "policy").text, HasSubstr("other"));
  EXPECT_NEAR(part(told, "policy").points, told.changed->points, 1e-9);
  sum_holds(told);
  for (const char* since : {"1", "2", "3", "4"}) sum_holds(told_since(since));

  // A link.
  ASSERT_TRUE(workspace->registry().link("csv:ana", "csv:p7").ok());
  score_now(*workspace);
  told = told_since("last");
  EXPECT_THAT(part(told, "late").text, HasSubstr("linked since with csv:"));
  sum_holds(told);
  sum_holds(told_since("1"));

  // The public is told how much, and of nobody who did not ask to be shown.
  ASSERT_TRUE(workspace->registry().set_consent("csv:ana", Consent::kListed).ok());
  told = told_since("1", Viewer::kPublic);
  sum_holds(told);
  EXPECT_THAT(part(told, "evidence").movers, IsEmpty());
  EXPECT_THAT(to_json(told), Not(HasSubstr("p3")));
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

// Six who each answered four others, one who answered ten, and two who answered nobody.
TEST_F(WorkspaceTest, PeersArePeopleOfLikeActivityAndTheirMediansAreOfTheSameGroup) {
  const auto workspace = open("home");
  std::string text = "time,actor,verb,target\n";
  const auto act = [&](const std::string& actor, const std::string& verb, const std::string& target,
                       int day) {
    text += std::to_string(1'746'000'000 + day * 86'400) + "," + actor + "," + verb + "," + target +
            "\n";
  };
  for (int i = 0; i < 7; ++i) {
    const std::string one = "p" + std::to_string(i);
    act(one, "reply", "p" + std::to_string((i + 1) % 7), i);
    act(one, i % 2 == 0 ? "reshare" : "react", "p" + std::to_string((i + 2) % 7), i + 1);
    act(one, "reply", "star", i + 2);
    act(one, "follow", "moon", i + 3);
  }
  for (int i = 0; i < 6; ++i) act("p6", "reshare", "star", 10 + i);  // ten, more than twice four
  read(*workspace, file("village.csv", text));
  score_now(*workspace);
  Query query(*workspace);
  const auto told_of = [&](const std::string& who, Grouping grouping, Viewer viewer) {
    ExplainRequest request;
    request.grouping = grouping;
    auto told = query.explain("csv:" + who, request, viewer);
    EXPECT_TRUE(told.ok()) << told.error().message;
    return std::move(*told);
  };
  const auto points_of = [](const PersonExplanation& told, const std::string& label) {
    for (const ContributionRow& row : told.contributions) {
      if (row.label == label) return row.points;
    }
    return 0.0;
  };
  const PersonExplanation verbs = told_of("p0", Grouping::kVerb, Viewer::kOperator);
  ASSERT_TRUE(verbs.peers);
  EXPECT_EQ(verbs.peers->people, 5U);  // p1 to p5; neither p6, nor those who gave nothing
  EXPECT_EQ(verbs.peers->given, 4U);
  std::vector<double> scores;
  for (int i = 1; i < 6; ++i) {
    scores.push_back(
        *told_of("p" + std::to_string(i), Grouping::kVerb, Viewer::kOperator).person.score);
  }
  EXPECT_DOUBLE_EQ(verbs.peers->score, median_of(scores));
  for (const ContributionRow& row : verbs.contributions) {
    std::vector<double> points;
    for (int i = 1; i < 6; ++i) {
      points.push_back(points_of(
          told_of("p" + std::to_string(i), Grouping::kVerb, Viewer::kOperator), row.label));
    }
    ASSERT_TRUE(row.median);
    EXPECT_NEAR(*row.median, median_of(points), 1e-12) << row.label;
  }
  // Of people, the one in the same place.
  const PersonExplanation movers = told_of("p0", Grouping::kMover, Viewer::kOperator);
  for (size_t place = 0; place < movers.contributions.size(); ++place) {
    std::vector<double> points;
    for (int i = 1; i < 6; ++i) {
      const auto told = told_of("p" + std::to_string(i), Grouping::kMover, Viewer::kOperator);
      points.push_back(place < told.contributions.size() ? told.contributions[place].points : 0);
    }
    EXPECT_NEAR(*movers.contributions[place].median, median_of(points), 1e-12) << place;
  }
  // One who gave ten has p0 to p5 neither within half nor twice; only two gave nothing.
  EXPECT_FALSE(told_of("p6", Grouping::kVerb, Viewer::kOperator).peers);
  EXPECT_FALSE(told_of("star", Grouping::kVerb, Viewer::kOperator).peers);

  // The public's peers are those who asked to be shown, and never fewer than five.
  Registry& registry = workspace->registry();
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(registry.set_consent("csv:p" + std::to_string(i), Consent::kListed).ok());
  }
  ASSERT_TRUE(query.refresh().ok());
  const auto few = told_of("p0", Grouping::kVerb, Viewer::kPublic);
  EXPECT_FALSE(few.peers);
  EXPECT_FALSE(few.contributions[0].median);
  ASSERT_TRUE(registry.set_consent("csv:p5", Consent::kListed).ok());
  ASSERT_TRUE(query.refresh().ok());
  const auto enough = told_of("p0", Grouping::kVerb, Viewer::kPublic);
  ASSERT_TRUE(enough.peers);
  EXPECT_EQ(enough.peers->people, 5U);
  EXPECT_TRUE(enough.contributions[0].median);
  EXPECT_FALSE(told_of("p0", Grouping::kAct, Viewer::kPublic).contributions[0].terms);
}

// The reference of a post takes out every response to it.
TEST_F(WorkspaceTest, WhatIfAPostHadNotBeenTakesOutTheResponsesToIt) {
  const auto workspace = open("home");
  std::string text;
  for (int i = 0; i < 8; ++i) {
    text += R"({"type":"Announce","actor":"https://example.org/@p)" + std::to_string(i) +
            R"(","object":{"id":"https://example.org/posts/)" + std::to_string(i % 2) +
            R"(","attributedTo":"https://example.org/@ana"},"published":"2025-05-0)" +
            std::to_string(i + 1) + "T00:00:00Z\"}\n";
  }
  read(*workspace, file("acts.ndjson", text));
  score_now(*workspace);
  Query query(*workspace);
  const auto people = query.search("ana", 1, Viewer::kOperator);
  ASSERT_TRUE(people.ok());
  ASSERT_THAT(people->people, SizeIs(1));
  WhatIfQuestion question;
  question.without_acts = {"https://example.org/posts/1"};
  const auto told = query.what_if(people->people[0].person, question, Viewer::kOperator);
  ASSERT_TRUE(told.ok()) << told.error().message;
  EXPECT_EQ(told->acts_taken, 4U);
  EXPECT_EQ(told->people_taken, 4U);
  EXPECT_EQ(told->now.movers, 8U);
  EXPECT_EQ(told->then.movers, 4U);
  EXPECT_EQ(told->now.score, people->people[0].score);
  question.without_acts = {"https://example.org/posts/2"};
  EXPECT_EQ(query.what_if(people->people[0].person, question, Viewer::kOperator).error().code,
            ErrorCode::kNotFound);
}

TEST_F(WorkspaceTest, SnapshotsThatCannotBeComparedWithAreRefusedByName) {
  const auto workspace = open("home");
  read(*workspace, village());
  score_now(*workspace);
  ScoreRequest early;
  early.as_of = Instant{(1'746'000'000 + 14 * 86'400) * int64_t{1000}};
  ASSERT_TRUE(score(*workspace, early, {}).ok());
  Query query(*workspace);
  const auto refused = [&](const std::string& since) {
    ExplainRequest request;
    request.since = since;
    const auto told = query.explain("csv:ana", request, Viewer::kOperator);
    EXPECT_FALSE(told.ok()) << since;
    return told.ok() ? Error{} : told.error();
  };
  EXPECT_EQ(refused("1").code, ErrorCode::kInvalidArgument);  // of a later instant
  EXPECT_THAT(refused("1").message, HasSubstr("later"));
  EXPECT_EQ(refused("3").code, ErrorCode::kNotFound);
  EXPECT_EQ(refused("yesterday").code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused("2011-01-01").code, ErrorCode::kNotFound);
}

TEST_F(WorkspaceTest, NoPolicyRewritesWhatWasPublishedBefore) {
  const auto workspace = open("home", 2);
  read(*workspace, village());
  ScoreRequest early;
  early.as_of = Instant{(1'746'000'000 + 14 * 86'400) * int64_t{1000}};
  ASSERT_TRUE(score(*workspace, early, {}).ok());
  score_now(*workspace);
  Store& store = workspace->store();
  const auto everything = [&](size_t snapshots) {
    std::string text;
    const auto kept = store.snapshots();
    EXPECT_TRUE(kept.ok());
    for (const SnapshotInfo& s : std::span(*kept).first(snapshots)) {
      text += fmt::format("{} {} {} {} {} {} {}\n", s.snapshot, s.as_of.ms, s.computed.ms, s.method,
                          s.policy_hash, s.policy_toml, s.people);
      const auto scores = store.scores(s.snapshot);
      EXPECT_TRUE(scores.ok());
      for (const PersonScore& score : *scores) {
        for (const double value : {score.value, score.interval.low, score.interval.high,
                                   score.momentum, score.audience, score.percentile}) {
          text += std::to_string(std::bit_cast<uint64_t>(value)) + " ";
        }
        text += fmt::format("{} {} {}\n", score.person, score.rank, score.acts);
      }
    }
    return text;
  };
  const std::string before = everything(2);
  const auto ledger_before = store.ledger_stamp();
  ASSERT_TRUE(ledger_before.ok());
  const std::string other = "name = \"other\"\n[credit]\nreply = 0\n";
  {
    Query query(*workspace);
    const std::array<PolicyChoice, 2> policies{{{"current", std::nullopt}, {"other.toml", other}}};
    const auto compared = query.compare_policies(policies, {}, 20, Viewer::kOperator, {});
    ASSERT_TRUE(compared.ok()) << compared.error().message;
    EXPECT_FALSE(compared->people.empty());
    ExplainRequest request;
    request.since = "1";
    ASSERT_TRUE(query.explain("csv:ana", request, Viewer::kOperator).ok());
  }
  EXPECT_EQ(everything(2), before);
  EXPECT_EQ(store.snapshots()->size(), 2U);
  EXPECT_TRUE(*store.ledger_stamp() == *ledger_before);  // nor the ledger
  std::ofstream(folder_ / "home" / "policy.toml") << other;
  score_now(*workspace);
  EXPECT_EQ(store.snapshots()->size(), 3U);
  EXPECT_EQ(everything(2), before);
}

TEST_F(WorkspaceTest, AWrongPolicyIsRefusedByLineAndKey) {
  { open("home"); }
  std::ofstream(folder_ / "home" / "policy.toml") << "[credit]\nreply = 11\n";
  WorkspaceOptions options;
  options.home = (folder_ / "home").string();
  options.now = [] { return kToday; };
  const auto refused = Workspace::open(options);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("credit.reply"));
}

}  // namespace
}  // namespace bellwether

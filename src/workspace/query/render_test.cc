// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/render.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "workspace/query/words.h"

namespace bellwether {
namespace {

using nlohmann::json;

Meta some_meta() {
  Meta meta;
  meta.as_of = *parse_instant("2012-07-08T00:00:00Z");
  meta.computed = *parse_instant("2026-01-02T03:04:05Z");
  meta.snapshot = 3;
  meta.method = "bellwether/1";
  meta.policy = "0123456789abcdef";
  meta.policy_name = "default";
  meta.sources = 2;
  meta.sources_broken = 1;
  return meta;
}

PersonRow ana() {
  PersonRow row;
  row.person = "00000000000000aa";
  row.name = "Ana";
  row.accounts = {"mastodon:@ana@example.social", "git:ana@example.org"};
  row.rank = 1;
  row.rank_low = 1;
  row.rank_high = 2;
  row.score = 62.1;
  row.low = 60.25;
  row.high = 1.0 / 3 + 64;
  row.settled = true;
  row.people_moved = 4992.5;
  row.reach = 140;
  row.audience = 0.25;
  row.momentum = 12;
  row.forecast[0] = {4.5, 1, 9};
  row.percentile = 99.5;
  row.topics = {"rust", "databases"};
  row.movers = 150;
  row.acts = 400;
  row.last_evidence = *parse_instant("2012-07-07");
  row.reason = "reshared by @bo and 31 others";
  row.listed = true;
  return row;
}

// Somebody of whom nothing is known but that they exist.
PersonRow nobody_seen() {
  PersonRow row;
  row.person = "00000000000000bb";
  row.name = "Bo";
  row.accounts = {"csv:bo"};
  return row;
}

Ranking two_people() {
  Ranking ranking;
  ranking.meta = some_meta();
  ranking.people = {ana(), nobody_seen()};
  ranking.settled = 1;
  ranking.provisional = 1;
  return ranking;
}

PersonExplanation explained() {
  PersonExplanation e;
  e.meta = some_meta();
  e.person = ana();
  e.grouping = Grouping::kMover;
  // Thirds and sevenths, so that a rounded digit would show.
  double total = 0;
  for (int i = 1; i <= 7; ++i) {
    ContributionRow row;
    row.label = "@m" + std::to_string(i);
    row.points = 61.1 / (3.0 * i);
    row.acts = static_cast<uint32_t>(i);
    row.people = 1;
    total += row.points;
    e.contributions.push_back(row);
  }
  e.person.score = 1 + 61.1;
  e.others.label = "others";
  e.others.points = 61.1 - total;
  e.others.acts = 9;
  e.others.people = 4;
  e.points_total = 61.1;
  return e;
}

TEST(Render, EveryReplyCarriesItsMeta) {
  const json reply = json::parse(to_json(two_people()));
  const json& meta = reply.at("meta");
  EXPECT_EQ(meta.at("as_of"), "2012-07-08T00:00:00Z");
  EXPECT_EQ(meta.at("method"), "bellwether/1");
  EXPECT_EQ(meta.at("policy"), "0123456789abcdef");
  EXPECT_EQ(meta.at("completeness"),
            (json{{"sources", 2}, {"sources_broken", 1}, {"stale", false}}));
  EXPECT_EQ(meta.at("simulated"), false);
  EXPECT_EQ(meta.at("note"), kNotAVerdict);
  EXPECT_EQ(reply.at("settled"), 1);
  EXPECT_EQ(reply.at("provisional"), 1);
  PersonCard card;
  card.meta = some_meta();
  card.person = ana();
  Comparison comparison;
  comparison.meta = some_meta();
  for (const std::string& answer : {to_json(explained()), to_json(card), to_json(comparison)}) {
    EXPECT_EQ(json::parse(answer).at("meta"), meta);
  }
}

TEST(Render, FieldsStandInTheOrderOfTheContract) {
  std::vector<std::string> names;
  const auto line = nlohmann::ordered_json::parse(
      to_ndjson(two_people()).substr(0, to_ndjson(two_people()).find('\n')));
  for (const auto& [name, value] : line.items()) names.push_back(name);
  const std::vector<std::string> contract{"rank",          "rank_low", "rank_high",    "person",
                                          "accounts",      "name",     "score",        "low",
                                          "high",          "settled",  "people_moved", "reach",
                                          "amplification", "audience", "momentum",     "percentile",
                                          "topics",        "as_of",    "method",       "policy"};
  size_t at = 0;
  for (const std::string& name : names) {
    if (at < contract.size() && name == contract[at]) ++at;
  }
  EXPECT_EQ(at, contract.size()) << "next missing or out of order: " << contract[at];
}

TEST(Render, NoEvidenceIsNullAndNeverZero) {
  const json person = json::parse(to_json(two_people())).at("people").at(1);
  for (const char* name :
       {"rank", "rank_low", "rank_high", "score", "low", "high", "people_moved", "reach",
        "amplification", "audience", "momentum", "momentum_before", "percentile", "movers",
        "vouched_movers", "independent_movers", "acts", "last_evidence", "reason"}) {
    EXPECT_TRUE(person.at(name).is_null()) << name << " is " << person.at(name);
  }
  const json known = json::parse(to_json(two_people())).at("people").at(0);
  EXPECT_TRUE(known.at("amplification").is_null()) << "no posts are known";
  EXPECT_EQ(known.at("audience"), 0.25);
  EXPECT_EQ(known.at("reach"), 140);
}

TEST(Render, DoublesReadBackAsTheSameBits) {
  const json person = json::parse(to_json(two_people())).at("people").at(0);
  EXPECT_EQ(person.at("high").get<double>(), 1.0 / 3 + 64);
  EXPECT_NE(to_json(two_people()).find("\"score\":62.1,"), std::string::npos);
}

TEST(Render, PointsSumToScoreMinusOneAfterParsing) {
  const json reply = json::parse(to_json(explained()));
  double sum = 0;
  for (const json& c : reply.at("contributions")) sum += c.at("points").get<double>();
  EXPECT_NEAR(sum, reply.at("score").get<double>() - 1, 1e-9);
  EXPECT_EQ(reply.at("contributions").size(), 8U);
  EXPECT_EQ(reply.at("contributions").back().at("others"), true);
  EXPECT_EQ(reply.at("contributions").front().at("others"), false);

  sum = 0;
  std::istringstream lines(to_ndjson(explained()));
  for (std::string line; std::getline(lines, line);) {
    const json c = json::parse(line);
    EXPECT_EQ(c.at("person"), "00000000000000aa");
    sum += c.at("points").get<double>();
  }
  EXPECT_NEAR(sum, 61.1, 1e-9);
}

TEST(Render, AnExplanationThatShowsEverybodyHasNoOthers) {
  PersonExplanation e = explained();
  e.others = {};
  const json contributions = json::parse(to_json(e)).at("contributions");
  ASSERT_FALSE(contributions.empty());
  for (const json& c : contributions) EXPECT_EQ(c.at("others"), false);
}

TEST(Render, ASimulationSaysSoFirstAndWithoutEvidenceHasNoNumber) {
  Simulation simulation;
  simulation.sentence = "Simulation: no score instead of 12.0 (-11.0) if one act had not been";
  simulation.person = "00000000000000aa";
  simulation.now.score = 12;
  simulation.difference = -11;
  simulation.acts_taken = 1;
  for (const std::string& text : {to_json(simulation), to_ndjson(simulation)}) {
    EXPECT_TRUE(text.starts_with("{\"simulation\":true,"));
    const json j = json::parse(text);
    EXPECT_EQ(j.at("now").at("score"), 12);
    for (const char* key : {"score", "low", "high", "people_moved", "movers"}) {
      EXPECT_TRUE(j.at("what_if").at(key).is_null()) << key;
    }
    EXPECT_TRUE(j.at("standing_added").is_null());
  }
  EXPECT_TRUE(to_csv(simulation).starts_with("simulation,"));
}

TEST(Render, ReceiptsNameFileRecordAndHash) {
  PersonExplanation e = explained();
  Receipt receipt;
  receipt.row = 41;
  receipt.account = "csv:bo";
  receipt.verb = Verb::kReshare;
  receipt.published = *parse_instant("2012-07-04T08:00:00Z");
  receipt.source = "edges.csv";
  receipt.record = 17;
  receipt.record_hash = 0xabc;
  e.contributions[0].receipts = {receipt};
  const json r = json::parse(to_json(e)).at("contributions").at(0).at("receipts").at(0);
  EXPECT_EQ(r, (json{{"act", 41},
                     {"account", "csv:bo"},
                     {"verb", "reshare"},
                     {"object", nullptr},
                     {"target", nullptr},
                     {"published", "2012-07-04T08:00:00Z"},
                     {"topics", json::array()},
                     {"source", "edges.csv"},
                     {"record", 17},
                     {"record_hash", "0000000000000abc"}}));
}

TEST(Render, SimulatedIsMarkedInEveryLine) {
  Ranking ranking = two_people();
  ranking.meta.simulated = true;
  std::istringstream lines(to_ndjson(ranking));
  size_t count = 0;
  for (std::string line; std::getline(lines, line); ++count) {
    EXPECT_EQ(json::parse(line).at("simulated"), true);
  }
  EXPECT_EQ(count, 2U);
  PersonExplanation e = explained();
  e.meta.simulated = true;
  EXPECT_EQ(json::parse(to_json(e)).at("simulated"), true);
}

TEST(Render, BytesThatAreNotUtf8DoNotThrow) {
  Ranking ranking = two_people();
  ranking.people[0].name = "An\xff";
  EXPECT_EQ(json::parse(to_json(ranking)).at("people").at(0).at("name"), "An\xef\xbf\xbd");
}

TEST(Render, AComparisonWithoutEvidenceHasNoProbability) {
  Comparison comparison{some_meta(), {ana(), nobody_seen()}, {{0, 1, 0.5, "nothing to compare"}}};
  EXPECT_TRUE(json::parse(to_json(comparison)).at("pairs").at(0).at("first_higher").is_null());
  EXPECT_TRUE(json::parse(to_ndjson(comparison)).at("first_higher").is_null());
  comparison.people[1].score = 20;
  EXPECT_EQ(json::parse(to_json(comparison)).at("pairs").at(0).at("first_higher"), 0.5);
}

// A reader of RFC 4180, written apart from the writer.
std::vector<std::vector<std::string>> read_csv(const std::string& text) {
  std::vector<std::vector<std::string>> lines(1, {""});
  bool quoted = false;
  for (size_t i = 0; i < text.size(); ++i) {
    std::string& cell = lines.back().back();
    if (quoted) {
      if (text[i] != '"') {
        cell += text[i];
      } else if (i + 1 < text.size() && text[i + 1] == '"') {
        cell += text[++i];
      } else {
        quoted = false;
      }
    } else if (text[i] == '"') {
      quoted = true;
    } else if (text[i] == ',') {
      lines.back().emplace_back();
    } else if (text.compare(i, 2, "\r\n") == 0) {
      lines.emplace_back(1, "");
      ++i;
    } else {
      cell += text[i];
    }
  }
  EXPECT_EQ(lines.back(), std::vector<std::string>{""}) << "the last line is not ended";
  lines.pop_back();
  return lines;
}

TEST(Render, CsvHasAHeaderAndOneCellAColumn) {
  Ranking ranking = two_people();
  ranking.people[0].name = "Ana \"the bell\",\nLopez";
  const auto lines = read_csv(to_csv(ranking));
  ASSERT_EQ(lines.size(), 3U);
  const auto column = [&](const std::string& name) {
    return static_cast<size_t>(std::find(lines[0].begin(), lines[0].end(), name) -
                               lines[0].begin());
  };
  for (const auto& line : lines) EXPECT_EQ(line.size(), lines[0].size());
  EXPECT_EQ(lines[1][column("name")], "Ana \"the bell\",\nLopez");
  EXPECT_EQ(lines[1][column("accounts")], "mastodon:@ana@example.social; git:ana@example.org");
  EXPECT_EQ(lines[1][column("score")], "62.1");
  EXPECT_EQ(lines[1][column("amplification")], "");
  EXPECT_EQ(lines[2][column("score")], "");
  EXPECT_EQ(lines[2][column("people_moved")], "");
  EXPECT_EQ(lines[2][column("rank")], "");
  EXPECT_EQ(lines[2][column("policy")], "0123456789abcdef");
}

TEST(Render, CsvColumnsAreTheFieldsOfTheJson) {
  const auto lines = read_csv(to_csv(two_people()));
  std::vector<std::string> names;
  const auto person = nlohmann::ordered_json::parse(to_json(two_people())).at("people").at(0);
  for (const auto& [name, value] : person.items()) names.push_back(name);
  EXPECT_EQ(lines[0], names);
}

TEST(Render, CsvOfAnExplanationSumsToo) {
  const auto lines = read_csv(to_csv(explained()));
  const auto points = std::find(lines[0].begin(), lines[0].end(), "points") - lines[0].begin();
  double sum = 0;
  for (size_t i = 1; i < lines.size(); ++i) sum += std::stod(lines[i][static_cast<size_t>(points)]);
  EXPECT_NEAR(sum, 61.1, 1e-9);
}

TEST(Render, CellsThatASpreadsheetWouldRunAreDefused) {
  EXPECT_EQ(csv_cell("=1+1"), "\"'=1+1\"");
  EXPECT_EQ(csv_cell("+49 30"), "\"'+49 30\"");
  EXPECT_EQ(csv_cell("-2+3"), "\"'-2+3\"");
  EXPECT_EQ(csv_cell("@SUM(1+1)"), "\"'@SUM(1+1)\"");
  EXPECT_EQ(csv_cell("\t=1"), "\"'\t=1\"");
  EXPECT_EQ(csv_cell("=HYPERLINK(\"http://x\")"), "\"'=HYPERLINK(\"\"http://x\"\")\"");
}

TEST(Render, PlainTextAndHandlesStayAsTheyAre) {
  EXPECT_EQ(csv_cell("@ana@example.social"), "@ana@example.social");
  EXPECT_EQ(csv_cell("@bo"), "@bo");
  EXPECT_EQ(csv_cell("ana=bo"), "ana=bo");
  EXPECT_EQ(csv_cell(""), "");
  EXPECT_EQ(csv_cell("a,b"), "\"a,b\"");
}

TEST(Words, NobodyStandsAboveEverybody) {
  EXPECT_EQ(above_share(0), "0 %");
  EXPECT_EQ(above_share(87.9), "87 %");
  EXPECT_EQ(above_share(98.99), "98 %");
  EXPECT_EQ(above_share(99), "99.0 %");
  EXPECT_EQ(above_share(99.95), "99.9 %");
  EXPECT_EQ(above_share(99.9999), "99.9 %");
}

}  // namespace
}  // namespace bellwether

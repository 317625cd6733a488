// SPDX-License-Identifier: Apache-2.0
#include "event/ontology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <set>

namespace bellwether {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Ontology build(OntologyRows rows) {
  Ontology::Report report;
  return Ontology::build(std::move(rows), report);
}

// Crafts > pottery > raku, pottery > glazes; crafts > weaving.
OntologyRows crafts() {
  OntologyRows rows;
  rows.topics = {{"1", "crafts", "Crafts", "Q1", ""},
                 {"2", "pottery", "Pottery", "", ""},
                 {"3", "raku", "", "", ""},
                 {"4", "glazes", "Glazes", "", ""},
                 {"5", "weaving", "Weaving", "", ""}};
  rows.edges = {{"1", "2", "", "", 0, 2},
                {"2", "3", "", "", 0, 3},
                {"2", "4", "", "", 0, 4},
                {"1", "5", "", "", 0, 5}};
  rows.names = {{"2", "de", "Töpferei", 0, 2}, {"4", "de", "Glasuren", 0, 3}};
  return rows;
}

std::vector<std::string> slugs(const Ontology& ontology, const std::vector<Ontology::Index>& list) {
  std::vector<std::string> out;
  for (const Ontology::Index each : list) out.push_back(ontology.at(each).stated.slug);
  return out;
}

TEST(Ontology, KnowsWhatBelongsToWhat) {
  const Ontology ontology = build(crafts());
  const auto pottery = ontology.find("pottery");
  EXPECT_THAT(slugs(ontology, ontology.descendants(pottery)),
              ElementsAre("pottery", "raku", "glazes"));
  EXPECT_THAT(slugs(ontology, ontology.ancestors(ontology.find("raku"))),
              ElementsAre("crafts", "pottery", "raku"));
  EXPECT_EQ(ontology.find_id("4"), ontology.find("glazes"));
  EXPECT_EQ(ontology.find_id("40"), Ontology::kNone);
  EXPECT_EQ(ontology.shown_name(ontology.find("raku")), "raku");
  EXPECT_EQ(ontology.shown_name(pottery), "Pottery");
}

TEST(Ontology, FindsATopicByAnyNameInAnySpelling) {
  const Ontology ontology = build(crafts());
  const auto pottery = ontology.find("pottery");
  for (const char* name : {"Pottery", "TÖPFEREI", "töpferei", "_pottery"}) {
    EXPECT_EQ(ontology.find(name), pottery) << name;
  }
  EXPECT_EQ(ontology.find("kilns"), Ontology::kNone);
  EXPECT_EQ(ontology.find(""), Ontology::kNone);
}

TEST(Ontology, AnAmbiguousNameIsItsSlugsThenItsOwnNamesThenEnglishThenAnyones) {
  OntologyRows rows;
  rows.topics = {{"1", "a", "Fire", "", ""}, {"2", "fire", "B", "", ""}, {"3", "c", "Clay", "", ""},
                 {"4", "d", "", "", ""},     {"5", "e", "", "", ""},     {"6", "f", "", "", ""}};
  rows.names = {{"4", "de", "Clay", 0, 0},
                {"4", "fr", "four", 0, 0},
                {"5", "en", "four", 0, 0},
                {"5", "de", "Ofen", 0, 0},
                {"4", "nl", "ofen", 0, 0}};
  rows.edges = {{"5", "6", "", "", 0, 0}};
  const Ontology ontology = build(rows);
  EXPECT_THAT(slugs(ontology, ontology.all_called("fire")), ElementsAre("fire", "a"));
  EXPECT_THAT(slugs(ontology, ontology.all_called("clay")), ElementsAre("c", "d"));
  EXPECT_THAT(slugs(ontology, ontology.all_called("four")), ElementsAre("e", "d"));
  // Both by a name in some language: the one with more below it.
  EXPECT_THAT(slugs(ontology, ontology.all_called("ofen")), ElementsAre("e", "d"));
  EXPECT_EQ(ontology.find("ofen"), ontology.find_id("5"));
}

TEST(Ontology, ASlugToTheLetterGoesBeforeOneThatReadsTheSame) {
  OntologyRows rows;
  rows.topics = {{"1", "florida", "Florida", "", ""}, {"2", "flo-rida", "Flo Rida", "", ""}};
  rows.names = {{"2", "de", "Floh", 0, 0}};
  const Ontology ontology = build(rows);
  EXPECT_EQ(ontology.find("florida"), ontology.find_id("1"));
  EXPECT_EQ(ontology.find("Flo Rida"), ontology.find_id("2"));
  EXPECT_EQ(ontology.find("_flo-rida"), ontology.find_id("2"));
  EXPECT_EQ(ontology.find("FloRida"), ontology.find_id("1"));
  EXPECT_THAT(slugs(ontology, ontology.all_called("flo-rida")), ElementsAre("flo-rida", "florida"));
}

TEST(Ontology, IdsAreOrderedAsNumbers) {
  OntologyRows rows;
  rows.topics = {{"10000000000000000000", "b", "", "", ""}, {"9", "a", "", "", ""}};
  EXPECT_EQ(build(rows).at(0).stated.id, "9");
}

TEST(Ontology, ACircleIsOpenedAndNamed) {
  OntologyRows rows = crafts();
  rows.edges.push_back({"3", "1", "", "", 2, 77});
  rows.edges.push_back({"5", "5", "", "", 2, 78});
  Ontology::Report report;
  const Ontology ontology = Ontology::build(rows, report);
  ASSERT_THAT(report.problems, SizeIs(2));
  EXPECT_EQ(report.problems[0].message, "topic 5 would be its own parent");
  EXPECT_EQ(report.problems[0].line, 78u);
  EXPECT_EQ(report.problems[1].message, "would close a circle: crafts > pottery > raku > crafts");
  EXPECT_EQ(report.problems[1].file, 2u);
  EXPECT_EQ(report.problems[1].line, 77u);
  EXPECT_THAT(ontology.ancestors(ontology.find("crafts")), SizeIs(1));
  // Whatever the order of the rows.
  std::reverse(rows.edges.begin(), rows.edges.end());
  std::reverse(rows.topics.begin(), rows.topics.end());
  EXPECT_EQ(build(rows).hash(), ontology.hash());
}

TEST(Ontology, WhatOnlyEdgesSpeakOfBecomesATopic) {
  OntologyRows rows = crafts();
  rows.edges.push_back({"99", "3", "japanese-crafts", "", 1, 9});
  rows.edges.push_back({"98", "5", "crafts", "", 1, 10});  // another id for a known slug
  rows.edges.push_back({"97", "5", "", "", 1, 11});
  Ontology::Report report;
  const Ontology ontology = Ontology::build(rows, report);
  EXPECT_EQ(report.topics_from_edges, 1u);
  EXPECT_TRUE(ontology.at(ontology.find("japanese-crafts")).from_edge);
  EXPECT_THAT(slugs(ontology, ontology.ancestors(ontology.find("raku"))),
              ElementsAre("crafts", "pottery", "raku", "japanese-crafts"));
  EXPECT_EQ(report.repeated, 1u);
  ASSERT_THAT(report.problems, SizeIs(1));
  EXPECT_EQ(report.problems[0].message, "no topic has the id 97");
}

TEST(Ontology, TheRootUnderWhichAllHangsIsNoTopic) {
  OntologyRows rows = crafts();
  rows.edges.push_back({"0", "0", "_root_", "_root_", 1, 2});
  rows.edges.push_back({"0", "1", "_root_", "crafts", 1, 3});
  rows.names.push_back({"0", "en", "Root", 0, 9});
  Ontology::Report report;
  const Ontology ontology = Ontology::build(rows, report);
  EXPECT_THAT(report.problems, IsEmpty());
  EXPECT_EQ(report.roots, 1u);
  EXPECT_EQ(report.root_edges, 3u);
  EXPECT_EQ(ontology.hash(), build(crafts()).hash());
}

TEST(Ontology, ATopicStatedTwiceKeepsItsFirstRow) {
  OntologyRows rows = crafts();
  rows.topics.push_back({"2", "pottery", "Pottery", "", ""});
  rows.topics.push_back({"2", "ceramics", "", "", ""});
  rows.names.push_back(rows.names[0]);
  rows.names.push_back({"77", "de", "Nichts", 3, 4});
  Ontology::Report report;
  const Ontology ontology = Ontology::build(rows, report);
  EXPECT_EQ(report.repeated, 2u);
  ASSERT_THAT(report.problems, SizeIs(2));
  EXPECT_THAT(report.problems[0].message, HasSubstr("stated twice"));
  EXPECT_EQ(report.problems[1].message, "no topic has the id 77");
  EXPECT_EQ(ontology.hash(), build(crafts()).hash());
}

RC_GTEST_PROP(Ontology, IsADagWithTheSameClosuresBothWaysAndAgainFromItsRows,
              (const std::vector<std::pair<uint8_t, uint8_t>>& edges)) {
  OntologyRows rows;
  for (int i = 0; i < 16; ++i) {
    rows.topics.push_back({std::to_string(i), "t" + std::to_string(i), "", "", ""});
  }
  for (const auto& [parent, child] : edges) {
    rows.edges.push_back({std::to_string(parent % 16), std::to_string(child % 16), "", "", 0, 0});
  }
  const Ontology ontology = build(rows);
  for (Ontology::Index a = 0; a < ontology.size(); ++a) {
    const auto below = ontology.descendants(a);
    for (Ontology::Index b = 0; b < ontology.size(); ++b) {
      const auto above = ontology.ancestors(b);
      const bool down = std::binary_search(below.begin(), below.end(), b);
      RC_ASSERT(down == std::binary_search(above.begin(), above.end(), a));
      const auto back = ontology.descendants(b);
      if (a != b && down) RC_ASSERT(!std::binary_search(back.begin(), back.end(), a));
    }
  }
  RC_ASSERT(build(ontology.rows()).hash() == ontology.hash());
}

}  // namespace
}  // namespace bellwether

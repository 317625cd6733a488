// SPDX-License-Identifier: Apache-2.0
#include "ingest/ontology.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Result<void> read(const std::string& name, const std::string& text, OntologyReading& reading,
                  const OntologyLimits& limits = {}) {
  const auto input = memory_input(name, text, limits.input);
  return read_ontology_file(*input, 0, name, limits, reading);
}

constexpr const char* kTopics =
    "\"topicId\",\"topicSlug\",\"topicDisplayName\",\"wikiItemId\",\"freebaseMachineId\"\n"
    "10000000000000000001,\"sea-birds\",\"Sea Birds\",\"Q1\",\"0x\"\n"
    "2,\"kilns\",\"Kilns, and more\",\"Q2\",\"\"\n";

TEST(OntologyFiles, AreToldByTheirHeader) {
  OntologyReading reading;
  ASSERT_TRUE(read("t.csv", kTopics, reading).ok());
  ASSERT_TRUE(read("e.csv",
                   "\"parentTopicId\",\"parrentTopicSlug\",\"childTopicId\",\"childTopicSlug\"\n"
                   "2,\"kilns\",3,\"raku\"\n",
                   reading)
                  .ok());
  ASSERT_TRUE(read("n.csv", "topicId,language,topicDisplayName\n2,de,Öfen\n", reading).ok());
  EXPECT_THAT(reading.files, ElementsAre("t.csv", "e.csv", "n.csv"));
  ASSERT_THAT(reading.rows.topics, SizeIs(2));
  EXPECT_EQ(reading.rows.topics[0].id, "10000000000000000001");
  EXPECT_EQ(reading.rows.topics[0].wiki, "Q1");
  EXPECT_EQ(reading.rows.topics[1].name, "Kilns, and more");
  ASSERT_THAT(reading.rows.edges, SizeIs(1));
  EXPECT_EQ(reading.rows.edges[0].parent, "2");
  EXPECT_EQ(reading.rows.edges[0].child_slug, "raku");
  EXPECT_EQ(reading.rows.edges[0].line, 2u);
  EXPECT_EQ(reading.rows.edges[0].file, 1u);
  ASSERT_THAT(reading.rows.names, SizeIs(1));
  EXPECT_EQ(reading.rows.names[0].language, "de");
  EXPECT_EQ(reading.rejected, 0u);
}

TEST(OntologyFiles, OtherProgramsWriteOtherHeaders) {
  OntologyReading reading;
  ASSERT_TRUE(read("t.tsv", "name\tID\nSea Birds\t7\n", reading).ok());
  ASSERT_TRUE(read("e.csv", "child;parent\n7;8\n", reading).ok());
  ASSERT_THAT(reading.rows.topics, SizeIs(1));
  EXPECT_EQ(reading.rows.topics[0].slug, "sea-birds");
  ASSERT_THAT(reading.rows.edges, SizeIs(1));
  EXPECT_EQ(reading.rows.edges[0].parent, "8");
}

TEST(OntologyFiles, DamagedRowsAreRejectedByLineAndReason) {
  OntologyReading reading;
  const std::string longest(kOntologyTextBytesMax, 'x');
  ASSERT_TRUE(read("t.csv",
                   "id,slug,name\n"
                   "1,a,A\n"
                   ",b,B\n"
                   "3,,\n"
                   "4,d\n"
                   "5,e,\xff\n"
                   "6,f," +
                       longest +
                       "x\n"
                       "7,g," +
                       longest + "\n",
                   reading)
                  .ok());
  EXPECT_THAT(reading.rows.topics, SizeIs(2));
  EXPECT_EQ(reading.rejected, 5u);
  std::vector<std::string> told;
  for (const OntologyProblem& each : reading.rejects) {
    told.push_back(std::to_string(each.line) + " " + each.message);
  }
  EXPECT_THAT(told, ElementsAre("3 the id is missing", "4 neither slug nor name says anything",
                                "5 the row has another number of cells than the header",
                                "6 a cell is not valid UTF-8 or holds control characters",
                                "7 a cell is longer than 200 bytes"));
}

TEST(OntologyFiles, OtherFilesAreLeftOutAndNamed) {
  OntologyReading reading;
  ASSERT_TRUE(read("acts.csv", "time,actor,target\n1,ana,bo\n", reading).ok());
  ASSERT_TRUE(read("empty.csv", "", reading).ok());
  EXPECT_THAT(reading.files, IsEmpty());
  ASSERT_THAT(reading.left_out, SizeIs(2));
  EXPECT_THAT(reading.left_out[0], HasSubstr("acts.csv: its first line does not name"));
}

TEST(OntologyFiles, HoldNoMoreThanTheLimits) {
  OntologyLimits limits;
  limits.topics_max = 2;
  OntologyReading reading;
  EXPECT_TRUE(read("t.csv", kTopics, reading, limits).ok());
  const auto again = read("t.csv", kTopics, reading, limits);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kLimit);
  limits.edges_max = limits.names_max = 1;
  EXPECT_TRUE(read("e.csv", "parent,child\n1,2\n", reading, limits).ok());
  EXPECT_FALSE(read("e.csv", "parent,child\n1,2\n", reading, limits).ok());
  EXPECT_TRUE(read("n.csv", "id,language,name\n1,de,A\n", reading, limits).ok());
  EXPECT_FALSE(read("n.csv", "id,language,name\n1,de,A\n", reading, limits).ok());
  limits.rejects_kept_max = 1;
  OntologyReading bad;
  EXPECT_TRUE(read("n.csv", "id,language,name\n,de,A\n,de,B\n", bad, limits).ok());
  EXPECT_EQ(bad.rejected, 2u);
  EXPECT_THAT(bad.rejects, SizeIs(1));
}

TEST(OntologyFiles, PathsThatCannotBeReadAreErrors) {
  EXPECT_EQ(read_ontology({"/nowhere/topics.csv"}, {}).error().code, ErrorCode::kNotFound);
}

TEST(OntologyFiles, TheRealOneIsReadWhole) {
  const char* data = std::getenv("BELLWETHER_DATA");
  const fs::path folder = fs::path(data != nullptr ? data : "../shared/data") / "topics";
  if (!fs::exists(folder)) GTEST_SKIP() << "there is no " << folder;
  const auto reading = read_ontology({folder.string()}, {});
  ASSERT_TRUE(reading.ok()) << reading.error().message;
  EXPECT_EQ(reading->rows.topics.size(), 8033u);
  EXPECT_EQ(reading->rows.edges.size(), 13446u);
  EXPECT_EQ(reading->rows.names.size(), 47930u);
  EXPECT_EQ(reading->rejected, 0u);
  Ontology::Report report;
  const Ontology ontology = Ontology::build(reading->rows, report);
  EXPECT_GT(ontology.descendants(ontology.find("databases")).size(), 5u);
  EXPECT_EQ(report.roots, 1u);
}

}  // namespace
}  // namespace bellwether

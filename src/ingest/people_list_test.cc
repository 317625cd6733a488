// SPDX-License-Identifier: Apache-2.0
#include "ingest/people_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bellwether {
namespace {

class PeopleListFile : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("people_list_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  Result<PeopleList> read(const std::string& text, bool costs) {
    const auto path = folder_ / "list.csv";
    std::ofstream(path, std::ios::binary) << text;
    return read_people_list(path.string(), costs);
  }
  // "ana 2, bo 3"
  std::string told(const std::string& text, bool costs) {
    const auto list = read(text, costs);
    if (!list.ok()) return "error: " + list.error().message;
    std::string out;
    for (const PeopleList::Row& row : list->rows) {
      out += (out.empty() ? "" : ", ") + row.person;
      if (costs) out += " " + std::to_string(static_cast<int>(row.cost));
    }
    if (list->cost_of_others) {
      out += "; others " + std::to_string(static_cast<int>(*list->cost_of_others));
    }
    return out;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(PeopleListFile, WithoutAHeaderTheFirstColumnIsWhoAndTheSecondTheCost) {
  EXPECT_EQ(told("ana,2\nbo,3\n", true), "ana 2, bo 3");
  EXPECT_EQ(told("ana\nbo\n", false), "ana, bo");
  EXPECT_EQ(told("# whom we know\n\nana\n", false), "ana");
}

TEST_F(PeopleListFile, AHeaderNamesTheColumnsInAnyOrder) {
  EXPECT_EQ(told("cost,note,name\n2,x,ana\n", true), "ana 2");
  EXPECT_EQ(told("Price;Account\n2;x:ana\n", true), "x:ana 2");
  EXPECT_EQ(told("cost,who\n2,ana\n", true), "ana 2");
}

TEST_F(PeopleListFile, OfAnExportOfRankTheIdCounts) {
  EXPECT_EQ(told("rank,person,accounts,name\n1,00ff,\"x:ana; y:ana\",Ana\n", false), "00ff");
}

TEST_F(PeopleListFile, AStarStandsForAllOthers) {
  EXPECT_EQ(told("ana,2\n*,5\n", true), "ana 2; others 5");
  EXPECT_EQ(told("*,5\n", true), "; others 5");
}

TEST_F(PeopleListFile, QuotedNamesMayHoldSeparators) {
  EXPECT_EQ(told("\"Ana, the first\",2\n", true), "Ana, the first 2");
  EXPECT_EQ(told("ana\t2\n", true), "ana 2");
}

TEST_F(PeopleListFile, ACostIsANumberOfAtLeastNothing) {
  EXPECT_EQ(told("ana,0\n", true), "ana 0");
  EXPECT_THAT(told("ana,-1\n", true), testing::HasSubstr("line 1: '-1' is no cost"));
  EXPECT_THAT(told("ana,inf\n", true), testing::HasSubstr("is no cost"));
  EXPECT_THAT(told("person,cost\nana\n", true), testing::HasSubstr("line 2: '' is no cost"));
  EXPECT_THAT(told("person\nana\n", true), testing::HasSubstr("no column is called cost"));
}

TEST_F(PeopleListFile, NobodyIsNoList) {
  EXPECT_THAT(told("", false), testing::HasSubstr("names nobody"));
  EXPECT_THAT(told("person\n", false), testing::HasSubstr("names nobody"));
  EXPECT_THAT(told("person\n \n,\n", false), testing::HasSubstr("the name is missing"));
  EXPECT_EQ(read_people_list("/no/such/file.csv", false).error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace bellwether

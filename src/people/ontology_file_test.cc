// SPDX-License-Identifier: Apache-2.0
#include "people/ontology_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace bellwether {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class OntologyFileTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("bw-ontology-" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static Ontology pottery() {
    OntologyRows rows;
    rows.topics = {{"1", "crafts", "Crafts", "Q1", "0x"},
                   {"10000000000000000002", "raku", "", "", ""}};
    rows.edges = {{"1", "10000000000000000002", "", "", 0, 0}};
    rows.names = {{"1", "de", "Handwerk", 0, 0}, {"1", "ar", "حرف", 0, 0}};
    Ontology::Report report;
    return Ontology::build(std::move(rows), report);
  }
  Result<void> save(const Ontology& ontology) {
    return save_ontology(folder_.string(), ontology, Instant{1});
  }
  Result<Ontology> load() { return load_ontology(folder_.string()); }

  fs::path folder_;
};

TEST_F(OntologyFileTest, ComesBackAsItWas) {
  EXPECT_TRUE(load()->empty());
  ASSERT_TRUE(save(pottery()).ok());
  const auto back = load();
  ASSERT_TRUE(back.ok()) << back.error().message;
  EXPECT_EQ(back->hash(), pottery().hash());
  EXPECT_EQ(back->find("حرف"), back->find("crafts"));
}

TEST_F(OntologyFileTest, IsReplacedAsAWholeAndGoesWhenEmpty) {
  ASSERT_TRUE(save(pottery()).ok());
  OntologyRows rows;
  rows.topics = {{"7", "weaving", "", "", ""}};
  Ontology::Report report;
  ASSERT_TRUE(save(Ontology::build(rows, report)).ok());
  EXPECT_EQ(load()->size(), 1u);
  std::ifstream file(folder_ / "topics.sqlite", std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  EXPECT_EQ(bytes.find("Handwerk"), std::string::npos);
  ASSERT_TRUE(save(Ontology()).ok());
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_TRUE(load()->empty());
}

TEST_F(OntologyFileTest, AChangedByteIsFoundAndTheWayOutIsTold) {
  ASSERT_TRUE(save(pottery()).ok());
  std::string bytes;
  {
    std::ifstream file(folder_ / "topics.sqlite", std::ios::binary);
    bytes.assign((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  }
  const size_t at = bytes.find("Handwerk");
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 'L';
  std::ofstream(folder_ / "topics.sqlite", std::ios::binary) << bytes;
  auto back = load();
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().code, ErrorCode::kCorrupt);
  EXPECT_THAT(back.error().message, HasSubstr("topics import"));
  std::ofstream(folder_ / "topics.sqlite", std::ios::binary) << "not a database";
  back = load();
  ASSERT_FALSE(back.ok());
  EXPECT_EQ(back.error().code, ErrorCode::kCorrupt);
}

}  // namespace
}  // namespace bellwether

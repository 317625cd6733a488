// SPDX-License-Identifier: Apache-2.0
// Holds for every adapter in adapters.inc, and for telling them apart.
#include "ingest/adapter.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "ingest/adapter_testing.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const Adapter& adapter) {
  return fs::path("src/ingest/adapters") / adapter.info().name;
}

TEST(Registry, NamesAreDistinctAndAreFound) {
  ASSERT_FALSE(adapters().empty());
  std::set<std::string_view> names;
  for (const Adapter* adapter : adapters()) {
    const std::string_view name = adapter->info().name;
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_EQ(find_adapter(name), adapter);
    EXPECT_FALSE(name.empty());
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789"), std::string::npos);
    EXPECT_FALSE(adapter->info().title.empty()) << name;
    EXPECT_GE(adapter->info().mapping_version, 1U) << name;
  }
  EXPECT_EQ(find_adapter("nosuch"), nullptr);
  EXPECT_EQ(find_adapter(""), nullptr);
}

TEST(Registry, EveryFolderIsRegistered) {
  for (const fs::directory_entry& entry : fs::directory_iterator("src/ingest/adapters")) {
    if (!entry.is_directory()) continue;
    EXPECT_NE(find_adapter(entry.path().filename().string()), nullptr)
        << entry.path() << " has no line in adapters.inc";
  }
}

TEST(Registry, EveryAdapterHasAReadmeATestAndAFuzzTarget) {
  for (const Adapter* adapter : adapters()) {
    const fs::path folder = folder_of(*adapter);
    EXPECT_TRUE(fs::exists(folder / "README.md")) << folder;
    EXPECT_GT(fs::file_size(folder / "README.md"), 500U) << folder;
    bool test = false;
    bool fuzz = false;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const std::string name = entry.path().filename().string();
      test = test || name.ends_with("_test.cc");
      fuzz = fuzz || name.ends_with("_fuzz.cc");
    }
    EXPECT_TRUE(test) << folder;
    EXPECT_TRUE(fuzz) << folder;
  }
}

TEST(Registry, EveryDeclaredVerbOccursInAFixtureAndNoOther) {
  for (const Adapter* adapter : adapters()) {
    std::vector<Verb> declared = adapter->info().verbs;
    std::sort(declared.begin(), declared.end());
    EXPECT_EQ(std::adjacent_find(declared.begin(), declared.end()), declared.end());
    const std::vector<Verb> shown = verbs_in_fixtures(adapter->info().name);
    for (const Verb verb : declared) {
      EXPECT_NE(std::find(shown.begin(), shown.end(), verb), shown.end())
          << adapter->info().name << " declares " << to_string(verb) << " and no fixture has it";
    }
    for (const Verb verb : shown) {
      EXPECT_NE(std::find(declared.begin(), declared.end(), verb), declared.end())
          << adapter->info().name << " gives " << to_string(verb) << " and does not declare it";
    }
  }
}

TEST(Registry, EveryFixtureGivesItsEvents) {
  for (const Adapter* adapter : adapters()) {
    EXPECT_EQ(check_fixtures(adapter->info().name), "");
  }
}

// What the operator sees when nothing fits.
std::string refusal(std::string name, std::string bytes) {
  const std::unique_ptr<Input> input = memory_input(std::move(name), std::move(bytes), {});
  const Result<const Adapter*> found = detect_adapter(*input);
  if (found.ok()) return "taken for " + std::string((*found)->info().name);
  EXPECT_EQ(found.error().code, ErrorCode::kUnusable);
  return found.error().message;
}

TEST(Detection, SaysWhatTheInputLooksLikeAndWhatIsUnderstood) {
  const std::string binary = refusal("a.bin", std::string("\x7f\x45\x4c\x46\0\0", 6));
  EXPECT_NE(binary.find("a.bin looks like binary data (it begins with 7f 45 4c 46 00 00)"),
            std::string::npos)
      << binary;
  EXPECT_NE(refusal("b", "").find("b is empty"), std::string::npos);
  EXPECT_NE(refusal("b", " \n\n").find("nothing but white space"), std::string::npos);
  EXPECT_NE(refusal("b", "Dear Ana,\nthe kiln is hot.\n").find("text (it begins with: Dear Ana,"),
            std::string::npos);
  EXPECT_NE(refusal("b", std::string("\xff\xfe"
                                     "a\0",
                                     4))
                .find("UTF-16"),
            std::string::npos);
  for (const Adapter* adapter : adapters()) {
    EXPECT_NE(binary.find(adapter->info().name), std::string::npos) << binary;
    EXPECT_NE(binary.find(adapter->info().name), std::string::npos) << binary;
  }
}

TEST(Detection, DoesNotShowMoreThanTheBeginningOfALine) {
  const std::string message = refusal("b", std::string(50'000, 'x') + "\n");
  EXPECT_LT(message.size(), 1000U);
  // A character that the cut would have split is left out whole.
  std::string cut(59, 'x');
  cut += "\xc3\xa9tude";
  EXPECT_TRUE(is_clean_text(refusal("b", cut)));
}

TEST(Detection, PassesOnWhyAFileCannotBeRead) {
  const std::unique_ptr<Input> input =
      memory_input("b.gz", std::string("\x1f\x8b\x08\0\0", 5), InputLimits{});
  const Result<const Adapter*> found = detect_adapter(*input);
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, ErrorCode::kCorrupt);
  EXPECT_NE(found.error().message.find("b.gz"), std::string::npos);
}

TEST(Detection, GoesByContentAndNeverByName) {
  const std::unique_ptr<Input> input =
      memory_input("photo.jpg", "actor,target\nana,bo\n", InputLimits{});
  const Result<const Adapter*> found = detect_adapter(*input);
  ASSERT_TRUE(found.ok()) << found.error().message;
  EXPECT_EQ((*found)->info().name, "csv");
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The store's hash tables against the standard library's maps.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/hash.h"
#include "store/dictionary.h"
#include "store/id_table.h"
#include "store/key_table.h"

namespace bellwether {
namespace {

// Keys from few values meet again; from many they make tables grow. Small numbers are what an input
// can choose on purpose ("act:0000000000000001").
rc::Gen<uint64_t> any_key() {
  return rc::gen::oneOf(rc::gen::inRange<uint64_t>(1, 50),
                        rc::gen::map(rc::gen::inRange<uint64_t>(0, 4000),
                                     [](uint64_t n) { return hash64(std::to_string(n)) | 1; }));
}

RC_GTEST_PROP(IdTable, AgreesWithAMap, ()) {
  IdTable table;
  std::map<Hash128, uint32_t> model;
  for (int i = 0; i < 3000; ++i) {
    const Hash128 id{*any_key(), *any_key() % 3};
    const uint32_t tag =
        *rc::gen::inRange(0u, 5u) == 0 ? IdTable::kTagMax : static_cast<uint32_t>(i);
    bool added = false;
    IdTable::Tag seen = table.find_or_add(id, tag, added);
    const auto [at, fresh] = model.try_emplace(id, tag);
    RC_ASSERT(added == fresh);
    RC_ASSERT(seen.get() == at->second);
    seen.set(tag);
    at->second = tag;
  }
  RC_ASSERT(table.size() == model.size());
}

RC_GTEST_PROP(LeastMap, AgreesWithAMap, ()) {
  LeastMap table;
  std::map<uint64_t, uint64_t> model;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t key = *any_key();
    const uint64_t value = *rc::gen::inRange<uint64_t>(0, 100);
    const auto [at, fresh] = model.try_emplace(key, value);
    at->second = std::min(at->second, value);
    RC_ASSERT(table.give(key, value) == fresh);
  }
  RC_ASSERT(table.size() == model.size());
  for (const auto& [key, value] : model) RC_ASSERT(table.find(key) == value);
  for (uint64_t key = 1; key < 100; ++key) {
    if (!model.contains(key)) RC_ASSERT(table.find(key) == LeastMap::kNone);
  }
}

RC_GTEST_PROP(KeySet, AgreesWithASet, ()) {
  KeySet table;
  std::set<uint64_t> model;
  for (int i = 0; i < 3000; ++i) {
    const uint64_t key = *any_key();
    RC_ASSERT(table.contains(key) == model.contains(key));
    RC_ASSERT(table.add(key) == model.insert(key).second);
  }
  RC_ASSERT(table.size() == model.size());
}

TEST(StringTable, TellsStringsOfOneHashApart) {
  StringTable table;
  bool added = false;
  EXPECT_EQ(table.find_or_add("ana", 42, 1, added), 1u);
  EXPECT_TRUE(added);
  EXPECT_EQ(table.find_or_add("bo", 42, 2, added), 2u);
  EXPECT_TRUE(added);
  EXPECT_EQ(table.find_or_add("ana", 42, 3, added), 1u);
  EXPECT_FALSE(added);
}

TEST(StringTable, KeepsItsOwnCopiesWhileItGrows) {
  StringTable table;
  for (uint32_t i = 0; i < 100'000; ++i) {
    std::string name = "name " + std::to_string(i);
    bool added = false;
    table.find_or_add(name, hash64(name), i, added);
    ASSERT_TRUE(added);
    name.assign(name.size(), 'x');
  }
  EXPECT_EQ(table.size(), 100'000u);
  for (uint32_t i = 0; i < 100'000; ++i) {
    const std::string name = "name " + std::to_string(i);
    bool added = false;
    ASSERT_EQ(table.find_or_add(name, hash64(name), 0, added), i);
    ASSERT_FALSE(added);
  }
  // Longer than a block of the arena.
  const std::string huge(3'000'000, 'h');
  bool added = false;
  EXPECT_EQ(table.find_or_add(huge, hash64(huge), 7, added), 7u);
  EXPECT_EQ(table.find_or_add(huge, hash64(huge), 8, added), 7u);
}

TEST(IdTable, KeysChosenToLieTogetherDoNotSlowItDown) {
  // Consecutive keys, as an input can choose them. Were they to lie in one run of slots, this would
  // be 10^10 steps and meet the time limit.
  IdTable ids;
  KeySet keys;
  LeastMap least;
  for (uint64_t i = 1; i <= 200'000; ++i) {
    bool added = false;
    ids.find_or_add({i, i}, 0, added);
    ASSERT_TRUE(added);
    ASSERT_TRUE(keys.add(i));
    ASSERT_TRUE(least.give(i, i));
  }
  EXPECT_EQ(ids.size() + keys.size() + least.size(), 600'000u);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The store's hash tables against the standard library's maps.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <set>
#include <string>

#include "base/hash.h"
#include "store/fingerprint_table.h"
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

RC_GTEST_PROP(FingerprintTable, AgreesWithAMap, ()) {
  FingerprintTable table;
  std::map<Hash128, uint32_t> model;
  const uint64_t seed = process_seed();
  for (int i = 0; i < 3000; ++i) {
    const Hash128 id{*any_key(), *any_key() % 3};
    const uint32_t number =
        *rc::gen::inRange(0u, 5u) == 0 ? FingerprintTable::kNumberMax : static_cast<uint32_t>(i);
    bool added = false;
    FingerprintTable::Kept kept = table.find_or_add(fingerprint(id, seed), number, added);
    const auto [at, fresh] = model.try_emplace(id, number);
    RC_ASSERT(added == fresh);
    RC_ASSERT(kept.get() == at->second);
    kept.set(number);
    at->second = number;
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

TEST(FingerprintTable, TellsStringsOfOneHashApart) {
  FingerprintTable table;
  bool added = false;
  EXPECT_EQ(table.find_or_add(fingerprint("ana", 42, 7), 1, added).get(), 1u);
  EXPECT_TRUE(added);
  EXPECT_EQ(table.find_or_add(fingerprint("bo", 42, 7), 2, added).get(), 2u);
  EXPECT_TRUE(added);
  EXPECT_EQ(table.find_or_add(fingerprint("ana", 42, 7), 3, added).get(), 1u);
  EXPECT_FALSE(added);
}

TEST(FingerprintTable, KeepsEveryNumberWhileItGrows) {
  FingerprintTable table;
  const auto print = [](uint32_t i) {
    const std::string name = "name " + std::to_string(i);
    return fingerprint(name, hash64(name), process_seed());
  };
  for (uint32_t i = 0; i < 200'000; ++i) {
    bool added = false;
    table.find_or_add(print(i), i, added);
    ASSERT_TRUE(added);
  }
  EXPECT_EQ(table.size(), 200'000u);
  for (uint32_t i = 0; i < 200'000; ++i) {
    bool added = false;
    ASSERT_EQ(table.find_or_add(print(i), 0, added).get(), i);
    ASSERT_FALSE(added);
  }
}

TEST(Tables, KeysChosenToLieTogetherDoNotSlowThemDown) {
  // Consecutive keys, as an input can choose them ("act:0000000000000001"). Were they to lie in one
  // run of slots, this would be 10^10 steps and meet the time limit.
  FingerprintTable ids;
  KeySet keys;
  LeastMap least;
  for (uint64_t i = 1; i <= 200'000; ++i) {
    bool added = false;
    ids.find_or_add(fingerprint(Hash128{i, i}, process_seed()), 0, added);
    ASSERT_TRUE(added);
    ASSERT_TRUE(keys.add(i));
    ASSERT_TRUE(least.give(i, i));
  }
  EXPECT_EQ(ids.size() + keys.size() + least.size(), 600'000u);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What a writer must know of the whole log to append to it: which events it has, and the numbers of
// its strings. Read from the log at first use and kept while the store is open; thrown away
// whenever a transaction fails or a unit is undone, and then read again.
#pragma once
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "store/duckdb/core.h"
#include "store/fingerprint_table.h"
#include "store/key_table.h"

namespace bellwether {

class LogIndex {
 public:
  // Cost: one pass over the ids of the log and over the dictionary; 21 to 43 bytes of memory for
  // each event and account.
  static Result<std::unique_ptr<LogIndex>> load(StoreCore& core);

  FingerprintTable ids;  // the source that stated the event last; 0: it is from the log
  KeySet objects;        // keys of objects that this process has written

  // The number of the account `ref` ("network:name", `key` its hash64), new ones being added to the
  // log in `transaction`.
  // `print` is its fingerprint by process_seed().
  Result<uint32_t> account(const Fingerprint& print, std::string_view ref, uint64_t key,
                           WriteTransaction& transaction);
  // The set of these topics; `topics` is not empty. Order and repeats do not matter.
  Result<TopicSetId> topic_set(std::span<const std::string_view> topics,
                               WriteTransaction& transaction);
  void prefetch_account(const Fingerprint& print) const { accounts_.prefetch(print); }

  uint32_t next_account = 1;

 private:
  Result<uint16_t> network(std::string_view name, WriteTransaction& transaction);

  const uint64_t seed_ = process_seed();
  FingerprintTable accounts_;
  std::vector<std::string> networks_;  // by number, from 1
  FingerprintTable topics_;
  uint32_t next_topic_ = 1;
  FingerprintTable sets_;  // by the bytes of the ascending topic numbers
  uint32_t next_set_ = 1;
  std::vector<uint32_t> scratch_;
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Helpers for tests of the store: a folder that goes away, events in one line, the log as text.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "store/duckdb/engine.h"
#include "store/store.h"

namespace bellwether {

// The value of a call that a test relies on; ends the program with the error where it fails.
template <typename T>
T must(Result<T> result) {
  if (!result.ok()) {
    std::fprintf(stderr, "the store says: %s\n", result.error().message.c_str());
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}

// A new empty folder below the system's folder for temporary files, removed at the end.
class StoreFolder {
 public:
  StoreFolder();
  ~StoreFolder();
  StoreFolder(const StoreFolder&) = delete;
  StoreFolder& operator=(const StoreFolder&) = delete;

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  // A copy of its files as they are, in another such folder.
  std::unique_ptr<StoreFolder> copy() const;

 private:
  std::string path_;
};

// An event that owns its strings. Accounts are names on the network "test", or "network:name".
struct TestAct {
  std::string actor = {};
  Verb verb = Verb::kMention;
  std::string target = {};
  int64_t second = 1;  // of 2020-01-01T00:00:00Z; negative: unknown
  std::string object = {};
  std::string author = {};
  std::string id = {};
  std::vector<std::string> topics = {};
  uint32_t count = 1;

  // Hands the event to the sink; `record` is its number there.
  Result<void> give(EventSink& sink, uint64_t record = 1) const;
};

Instant test_second(int64_t second);

// Opens the store in `folder`, making it where there is none.
std::unique_ptr<Store> open_store(const StoreFolder& folder, StoreOptions options = {});

// Takes out of log.duckdb what format 4 brought, as a store of an older format would be without it.
void take_out_forecasts(DuckConnection& connection);

// One unit of one complete source; returns the source's report.
SourceReport ingest(Store& store, const std::vector<TestAct>& acts,
                    const std::string& path = "file");

// The acts of the log, resolved, one line each, sorted: "ana reply bo author=cy at 5 x1 #a #b".
// Empty parts are left out; numbers of accounts are replaced by names, so that lines compare across
// stores.
std::vector<std::string> acts_of(Store& store);

// Every account of the log in the order of its numbering, "network:name".
std::vector<std::string> accounts_of(Store& store);

}  // namespace bellwether

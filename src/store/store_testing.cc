// SPDX-License-Identifier: Apache-2.0
#include "store/store_testing.h"

#include <fmt/format.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>

namespace bellwether {
namespace {

constexpr int64_t k2020Ms = 1'577'836'800'000;

AccountRef ref_of(const std::string& name) {
  if (name.empty()) return {};
  const size_t colon = name.find(':');
  if (colon == std::string::npos) return {"test", name};
  return {std::string_view(name).substr(0, colon), std::string_view(name).substr(colon + 1)};
}

}  // namespace

StoreFolder::StoreFolder() {
  std::string pattern =
      (std::filesystem::temp_directory_path() / "bellwether-store-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

StoreFolder::~StoreFolder() {
  std::error_code error;
  std::filesystem::remove_all(path_, error);
}

std::unique_ptr<StoreFolder> StoreFolder::copy() const {
  auto other = std::make_unique<StoreFolder>();
  std::filesystem::copy(path_, other->path_, std::filesystem::copy_options::recursive);
  return other;
}

Instant test_second(int64_t second) {
  return second < 0 ? Instant::unknown() : Instant{k2020Ms + second * kMsPerSecond};
}

Result<void> TestAct::give(EventSink& sink, uint64_t record) const {
  InteractionEvent event;
  event.native_id = id;
  event.account = ref_of(actor);
  event.verb = verb;
  event.object = object;
  event.author = ref_of(author);
  event.target = ref_of(target);
  event.published = test_second(second);
  event.count = count;
  event.topics.assign(topics.begin(), topics.end());
  event.provenance = {record, record * 7919};
  return sink.event(event);
}

std::unique_ptr<Store> open_store(const StoreFolder& folder, StoreOptions options) {
  return must(Store::open(folder.path(), options, true));
}

void take_out_forecasts(DuckConnection& connection) {
  for (const char* column :
       {"forecast_7d", "forecast_7d_size", "forecast_30d", "forecast_30d_size"}) {
    must(connection.run(std::string("ALTER TABLE scores DROP COLUMN ") + column));
  }
  must(connection.run("DROP TABLE grades"));
}

SourceReport ingest(Store& store, const std::vector<TestAct>& acts, const std::string& path) {
  const auto writer = must(store.begin_unit());
  must(writer->begin_source({path, "test", 1, false}, test_second(1'000'000)));
  uint64_t record = 0;
  for (const TestAct& act : acts) must(act.give(*writer, ++record));
  must(writer->end_source(SourceState::kComplete, {}));
  must(writer->finish());
  return writer->report();
}

std::vector<std::string> accounts_of(Store& store) {
  const auto numbering = must(store.number_accounts());
  std::vector<AccountId> ids(numbering->accounts());
  for (AccountId i = 0; i < ids.size(); ++i) ids[i] = i;
  std::vector<std::string> out;
  for (const AccountEntry& entry : must(store.accounts(*numbering, ids))) {
    out.push_back(entry.ref());
  }
  return out;
}

std::vector<std::string> acts_of(Store& store) {
  const auto numbering = must(store.number_accounts());
  std::vector<std::string> names = accounts_of(store);
  for (std::string& name : names) {
    if (name.starts_with("test:")) name.erase(0, 5);
  }
  std::vector<ResolvedAct> acts;
  must(store.scan_acts(*numbering, [&](std::span<const ResolvedAct> piece) {
    acts.insert(acts.end(), piece.begin(), piece.end());
  }));
  std::vector<TopicSetId> sets;
  for (const ResolvedAct& act : acts) sets.push_back(act.topics);
  const auto topics = must(store.topic_sets(sets));
  const auto seconds = [](Instant instant) {
    return instant.known() ? std::to_string((instant.ms - k2020Ms) / kMsPerSecond) : "unknown";
  };
  std::vector<std::string> out;
  for (size_t i = 0; i < acts.size(); ++i) {
    const ResolvedAct& act = acts[i];
    std::string line = fmt::format("{} {}", names.at(act.account), to_string(act.verb));
    if (act.target != kNobody) line += " " + names.at(act.target);
    if (act.author != kNobody) line += " author=" + names.at(act.author);
    line += " at " + seconds(act.published);
    if (act.withdrawn.known()) line += " until " + seconds(act.withdrawn);
    if (act.count != 1) line += fmt::format(" x{}", act.count);
    for (const std::string& topic : topics[i]) line += " #" + topic;
    if (numbering->networks.at(act.network) != "test") {
      line += " on " + numbering->networks.at(act.network);
    }
    out.push_back(std::move(line));
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace bellwether

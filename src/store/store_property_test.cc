// SPDX-License-Identifier: Apache-2.0
// What must hold for any log: order of arrival, batches, threads and repetition do not show.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <sstream>

#include "store/store_testing.h"

namespace bellwether {
namespace {

// Tries a property. A store is made of files and takes a tenth of a second, so a fifth of
// rapidcheck's usual number of tries is made; RC_PARAMS="max_success=5000" makes a thousand.
template <typename Testable>
void holds(Testable testable) {
  rc::detail::TestParams params = rc::detail::configuration().testParams;
  params.maxSuccess = std::max(params.maxSuccess / 5, 1);
  const auto result = rc::detail::checkTestable(testable, rc::detail::TestMetadata(), params);
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  EXPECT_TRUE(result.template is<rc::detail::SuccessResult>()) << message.str();
}

std::string numbered(const char* prefix, int number) { return prefix + std::to_string(number); }

// An act of a small world, so that accounts, objects, undone acts and reshares of reshares meet.
// What has an id is determined by it: two reports of one act that differ are a different story.
rc::Gen<TestAct> any_act() {
  return rc::gen::exec([] {
    TestAct act;
    const bool native = *rc::gen::inRange(0, 3) == 0;
    const int seed = native ? *rc::gen::inRange(0, 12) : *rc::gen::inRange(0, 1'000'000);
    const auto pick = [&](int part, int size) { return (seed / part * 7 + seed) % size; };
    if (native) act.id = numbered("id", seed);
    act.actor = numbered("n", pick(1, 5));
    switch (pick(2, 6)) {
      case 0:
        act.verb = Verb::kPost;
        act.object = native ? act.id : numbered("o", pick(3, 4));
        break;
      case 1:
        act.verb = Verb::kReshare;
        act.object = numbered("id", pick(5, 12));
        break;
      case 2:
        act.verb = Verb::kUndo;
        act.object = numbered("id", pick(7, 12));
        break;
      case 3:
        act.verb = Verb::kReply;
        act.object = numbered("o", pick(3, 4));
        if (pick(11, 3) == 0) act.author = numbered("n", pick(13, 5));
        break;
      default:
        act.verb = Verb::kMention;
        act.target = numbered("m:n", pick(17, 3));
    }
    act.second = pick(19, 4) - 1;
    act.count = static_cast<uint32_t>(1 + pick(23, 2));
    for (int i = 0; i < pick(29, 3); ++i) act.topics.push_back(numbered("t", pick(31 + i, 4)));
    return act;
  });
}

StoreOptions any_options() {
  StoreOptions options;
  options.threads = *rc::gen::inRange(1u, 3u);
  options.batch_events = *rc::gen::inRange(1u, 40u);
  return options;
}

// Everything that a ledger could be made of, free of numbers that arrival decides.
std::vector<std::string> everything_in(Store& store) {
  std::vector<std::string> out = acts_of(store);
  const auto numbering = must(store.number_accounts());
  std::vector<std::string> acts;
  must(store.scan_acts(*numbering, [&](std::span<const ResolvedAct> piece) {
    for (const ResolvedAct& act : piece) acts.push_back("act " + std::to_string(act.act));
  }));
  std::sort(acts.begin(), acts.end());
  out.insert(out.end(), acts.begin(), acts.end());
  for (const ReshareLink& link : must(store.reshare_links(*numbering))) {
    out.push_back("link " + std::to_string(link.act) + " " + std::to_string(link.object) + " " +
                  std::to_string(link.account) + " " + std::to_string(link.author));
  }
  for (const std::string& account : accounts_of(store)) out.push_back(account);
  return out;
}

TEST(StoreProperty, OrderBatchesAndThreadsDoNotShow) {
  holds([] {
    const auto acts = *rc::gen::container<std::vector<TestAct>>(any_act());
    std::vector<TestAct> shuffled = acts;
    for (size_t i = shuffled.size(); i > 1; --i) {
      std::swap(shuffled[i - 1], shuffled[*rc::gen::inRange<size_t>(0, i)]);
    }
    const StoreFolder folder;
    const StoreFolder other_folder;
    const auto store = open_store(folder, any_options());
    const auto other = open_store(other_folder, any_options());
    ingest(*store, acts);
    ingest(*other, shuffled);
    RC_ASSERT(everything_in(*store) == everything_in(*other));
    RC_ASSERT(must(store->check()).empty());
  });
}

TEST(StoreProperty, SourcesReadAgainInAnyOrderChangeNothing) {
  holds([] {
    using Sources = std::vector<std::vector<TestAct>>;
    const auto sources =
        *rc::gen::resize(6, rc::gen::container<Sources>(rc::gen::resize(
                                30, rc::gen::container<std::vector<TestAct>>(any_act()))));
    const StoreFolder folder;
    auto store = open_store(folder, any_options());
    for (const auto& source : sources) ingest(*store, source);
    const std::vector<std::string> before = everything_in(*store);
    const uint64_t generation = must(store->summary()).generation;
    const size_t again = *rc::gen::inRange<size_t>(0, 6);
    for (size_t i = 0; i < again && !sources.empty(); ++i) {
      if (*rc::gen::inRange(0, 2) == 0) {
        store.reset();
        store = open_store(folder, any_options());
      }
      ingest(*store, sources[*rc::gen::inRange<size_t>(0, sources.size())]);
    }
    RC_ASSERT(everything_in(*store) == before);
    RC_ASSERT(must(store->summary()).generation == generation);
    RC_ASSERT(must(store->check()).empty());
  });
}

TEST(StoreProperty, UndoingAUnitIsAsIfItHadNeverBeen) {
  holds([] {
    const auto kept = *rc::gen::container<std::vector<TestAct>>(any_act());
    auto undone = *rc::gen::container<std::vector<TestAct>>(any_act());
    const StoreFolder folder;
    const StoreFolder other_folder;
    const auto store = open_store(folder, any_options());
    const auto other = open_store(other_folder, any_options());
    ingest(*store, kept);
    ingest(*store, undone);
    must(store->undo_unit(2));
    ingest(*other, kept);
    RC_ASSERT(everything_in(*store) == everything_in(*other));
    RC_ASSERT(must(store->check()).empty());
  });
}

}  // namespace
}  // namespace bellwether

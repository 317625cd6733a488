// SPDX-License-Identifier: Apache-2.0
// Topics of everybody, beside the bare score of everybody: one pass each over the same settled
// ledger, on one thread. Sketch: an entry of a vouched mover costs a look-up of its set's topics
// and those above, about ten counters; everything else is passed over.
//
// Data: heavy-tailed activity and pull as in bench/generators, a tenth as many people as entries;
// 2,000 topics in a tree four deep with up to two parents each, 20,000 sets of one to five of them.
// With BELLWETHER_BENCH_SMALL=1 ten thousand entries, else ten million.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdlib>
#include <memory>
#include <random>

#include "explain/topics.h"
#include "score/teleport.h"

namespace bellwether {
namespace {

struct World {
  std::vector<LedgerEntry> entries;
  std::unique_ptr<GraphSnapshot> graph;
  std::unique_ptr<Standing> standing;
  Policy policy;
  TopicTree tree;
  std::vector<std::vector<TopicId>> sets;
};

World make_world() {
  World world;
  const bool small = std::getenv("BELLWETHER_BENCH_SMALL") != nullptr;
  const size_t count = small ? 10'000 : 10'000'000;
  const auto people = static_cast<uint32_t>(count / 10);
  const Instant as_of{1'800'000'000'000};
  std::mt19937_64 random(7);
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1.0p-53; };
  const auto somebody = [&] {
    return static_cast<AccountId>(std::pow(unit(), 2.5) * static_cast<double>(people));
  };
  for (size_t i = 0; i < count; ++i) {
    LedgerEntry entry{};
    entry.receiver = somebody();
    entry.mover = somebody();
    if (entry.mover == entry.receiver) continue;
    entry.published = Instant{as_of.ms - 1 - static_cast<int64_t>(unit() * 1e11)};
    entry.withdrawn = Instant::unknown();
    entry.credit = kCreditOne;
    entry.row = i + 1;
    entry.topics = static_cast<TopicSetId>(random() % 4 == 0 ? 0 : 1 + random() % 20'000);
    entry.verb = Verb::kReply;
    world.entries.push_back(entry);
  }
  settle(world.entries, world.policy.credit, PersonMap::identity(people), 2);
  std::vector<FoldEntry> folded;
  folded.reserve(world.entries.size());
  for (const LedgerEntry& entry : world.entries) folded.push_back(FoldEntry::from(entry));
  world.graph = std::make_unique<GraphSnapshot>(
      std::move(folded), std::vector<NetworkId>(people, 0), PersonMap::identity(people), as_of, 2);
  const auto teleport = choose_teleport_set(*world.graph, world.policy, 2);
  world.standing = std::make_unique<Standing>(
      *world.graph,
      world.graph->vouches({world.policy.vouches_max, world.policy.vouch_half_life_days, false, 2}),
      teleport, world.policy, 2);
  std::vector<std::vector<TopicId>> parents(2000);
  for (TopicId topic = 20; topic < parents.size(); ++topic) {
    const TopicId above = topic < 200 ? 20 : topic < 800 ? 200 : 800;
    parents[topic].push_back(static_cast<TopicId>(random() % above));
    if (random() % 2 == 0) parents[topic].push_back(static_cast<TopicId>(random() % above));
  }
  for (auto& list : parents) {
    if (list.size() == 2 && list[0] == list[1]) list.pop_back();
  }
  world.tree = TopicTree::make(std::move(parents));
  world.sets.resize(20'001);
  for (size_t set = 1; set < world.sets.size(); ++set) {
    for (size_t n = 0; n < 1 + set % 5; ++n) {
      world.sets[set].push_back(static_cast<TopicId>(std::pow(unit(), 3) * 2000));
    }
  }
  return world;
}

const World& world() {
  static const World kWorld = make_world();
  return kWorld;
}

void score_of_everybody(benchmark::State& state) {
  const World& w = world();
  size_t people = 0;
  for (auto _ : state) {
    people = score_everybody(*w.graph, *w.standing, w.policy, {}, 1).size();
  }
  state.counters["people"] = static_cast<double>(people);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(w.entries.size()));
}
BENCHMARK(score_of_everybody)->Unit(benchmark::kMillisecond);

void topics_of_all(benchmark::State& state) {
  const World& w = world();
  size_t found = 0;
  for (auto _ : state) {
    found = topics_of_everybody(
                *w.graph, *w.standing, w.policy, w.tree,
                [&](TopicSetId set) { return std::span(w.sets[set]); }, w.entries)
                .size();
  }
  state.counters["topics"] = static_cast<double>(found);
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(w.entries.size()));
}
BENCHMARK(topics_of_all)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bellwether

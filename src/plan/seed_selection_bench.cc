// SPDX-License-Identifier: Apache-2.0
// What choosing a group costs: the best 50 of a Kronecker graph under weighted cascade, epsilon
// 0.1, failure 1 / vertices.
//
// Data: R-MAT with .57 .19 .19 .05 and vertices renumbered at random, arcs of a pair once, none to
// oneself. Argument 0 is 76 k vertices and 811 k arcs, argument 1 is 2^20 and 31 M; in the tests
// both are 2^12 and 32 k. Rng seed 20120704. Beside it in the same process runs OPIM-C as its paper
// has it (`plain_`: PlainOpimC, a coin an arc, one thread) on the same graphs; and the same
// selection under a budget (`budget_`), and with chances that differ from arc to arc (`learned_`).
// Counters: `ratio` certified, `sets` and `members` of RR sets, `spread`, `bytes_per_arc` at the
// peak of the process above what it held before the graph (with the graph, without the list of arcs
// that it was made from), `hash` of the seeds. `CPU` is that of all threads, of which
// BELLWETHER_BENCH_THREADS sets another number than 2.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <numeric>
#include <optional>
#include <random>
#include <string>

#include "base/hash.h"
#include "plan/seed_selection.h"
#include "plan/seed_selection_check.h"

namespace bellwether {
namespace {

constexpr uint64_t kRngSeed = 20120704;

bool is_small() {
  const char* const small = std::getenv("BELLWETHER_BENCH_SMALL");
  return small != nullptr && *small == '1';
}

unsigned threads_wanted() {
  const char* const text = std::getenv("BELLWETHER_BENCH_THREADS");
  return text == nullptr ? 2 : static_cast<unsigned>(std::strtoul(text, nullptr, 10));
}

uint64_t memory_of_process(const char* field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) {
      return std::strtoull(line.c_str() + std::strlen(field) + 1, nullptr, 10) * 1024;
    }
  }
  return 0;
}

void reset_memory_peak() { std::ofstream("/proc/self/clear_refs") << "5" << std::flush; }

struct Size {
  uint32_t vertices;
  uint64_t arcs;  // drawn until there are so many, arcs of a pair counted once
};

Size size_of(int64_t which) {
  if (is_small()) return {1 << 12, 32'768};
  return which == 0 ? Size{76'000, 811'000} : Size{1 << 20, 31'000'000};
}

std::vector<PlainArc> draw_kronecker(Size size) {
  std::mt19937_64 random(kRngSeed);
  const int scale = std::bit_width(size.vertices - 1);
  std::vector<uint32_t> number(size_t{1} << scale);
  std::iota(number.begin(), number.end(), 0U);
  std::shuffle(number.begin(), number.end(), random);
  const auto draw = [&]() -> uint64_t {
    for (;;) {
      uint64_t from = 0;
      uint64_t to = 0;
      for (int bit = 0; bit < scale; ++bit) {
        const double u = static_cast<double>(random() >> 11) * 0x1.0p-53;
        from = from << 1 | (u >= 0.76 ? 1U : 0U);
        to = to << 1 | (u >= 0.57 && (u < 0.76 || u >= 0.95) ? 1U : 0U);
      }
      const uint64_t a = number[from];
      const uint64_t b = number[to];
      if (a != b && a < size.vertices && b < size.vertices) return a << 32 | b;
    }
  };
  std::vector<uint64_t> keys;
  keys.reserve(size.arcs + size.arcs / 8);
  while (keys.size() < size.arcs) {
    const size_t missing = size.arcs - keys.size();
    for (size_t i = 0; i < missing + missing / 16; ++i) keys.push_back(draw());
    std::sort(keys.begin(), keys.end());
    keys.erase(std::unique(keys.begin(), keys.end()), keys.end());
  }
  std::shuffle(keys.begin(), keys.end(), random);
  keys.resize(size.arcs);
  std::vector<PlainArc> arcs;
  arcs.reserve(keys.size());
  for (const uint64_t key : keys) {
    arcs.push_back({static_cast<uint32_t>(key >> 32), static_cast<uint32_t>(key)});
  }
  return arcs;
}

// Made once a size, and kept: before what a benchmark is charged for.
const std::vector<PlainArc>& kronecker(Size size) {
  static std::map<uint64_t, std::vector<PlainArc>> made;
  std::vector<PlainArc>& arcs = made[size.arcs];
  if (arcs.empty()) arcs = draw_kronecker(size);
  return arcs;
}

double hash_of(const std::vector<uint32_t>& seeds) {
  const uint64_t hash =
      hash64({reinterpret_cast<const char*>(seeds.data()), seeds.size() * sizeof seeds[0]});
  return static_cast<double>(hash >> 32);
}

using MakeGraph = Result<InfluenceGraph> (*)(Size, DiffusionModel);

// With `has_budget`, costs of 1 to 5 and a budget of 150 instead of 50 seeds.
void select(benchmark::State& state, DiffusionModel model, MakeGraph make_graph,
            bool has_budget = false) {
  const Size size = size_of(state.range(0));
  kronecker(size);
  malloc_trim(0);
  const uint64_t before = memory_of_process("VmRSS:");
  const auto graph = make_graph(size, model);
  if (!graph.ok()) return state.SkipWithError(graph.error().message.c_str());
  SeedQuestion question;
  question.seeds_max = 50;
  std::vector<double> cost;
  if (has_budget) {
    std::mt19937_64 random(kRngSeed);
    for (uint32_t v = 0; v < size.vertices; ++v) {
      cost.push_back(1 + static_cast<double>(random() >> 11) * 0x1.0p-51);
    }
    question.cost = cost;
    question.budget = 150;
    question.seeds_max = size.vertices;
  }
  SeedOptions options;
  options.threads = threads_wanted();
  malloc_trim(0);
  reset_memory_peak();
  std::optional<SeedSelection> last;
  for (auto _ : state) {
    auto selection = select_seeds(*graph, question, options);
    if (!selection.ok()) return state.SkipWithError(selection.error().message.c_str());
    last = std::move(*selection);
  }
  std::vector<uint32_t> seeds;
  for (const Seed& seed : last->report.seeds) seeds.push_back(seed.vertex);
  state.counters["ratio"] = last->ratio;
  state.counters["sets"] = static_cast<double>(last->rr_sets);
  state.counters["members"] = static_cast<double>(last->rr_members);
  state.counters["rounds"] = last->rounds;
  state.counters["spread"] = last->report.spread.value;
  state.counters["bytes_per_arc"] = static_cast<double>(memory_of_process("VmHWM:") - before) /
                                    static_cast<double>(graph->arcs());
  state.counters["hash"] = hash_of(seeds);
}

void plain(benchmark::State& state, DiffusionModel model) {
  const Size size = size_of(state.range(0));
  const PlainOpimC plain(size.vertices, kronecker(size), model);
  PlainOpimC::Outcome outcome;
  for (auto _ : state) {
    outcome = plain.run(50, 0.1, 1.0 / size.vertices, kRngSeed);
    benchmark::DoNotOptimize(outcome);
  }
  state.counters["ratio"] = outcome.ratio;
  state.counters["sets"] = static_cast<double>(outcome.rr_sets);
  state.counters["members"] = static_cast<double>(outcome.rr_members);
  state.counters["spread_low"] = outcome.spread_low;
}

Result<InfluenceGraph> weighted_cascade(Size size, DiffusionModel model) {
  return InfluenceGraph::weighted_cascade(size.vertices, kronecker(size), model, threads_wanted());
}

// Chances that differ from arc to arc, as learned ones do: 1 / in-degree times a factor drawn from
// Exp(1), at most 1.
Result<InfluenceGraph> learned(Size size, DiffusionModel model) {
  const std::vector<PlainArc>& plain = kronecker(size);
  std::vector<uint32_t> in_degree(size.vertices);
  for (const PlainArc& arc : plain) ++in_degree[arc.receiver];
  std::mt19937_64 random(kRngSeed);
  std::vector<InfluenceArc> arcs;
  arcs.reserve(plain.size());
  std::vector<double> sum(size.vertices);
  for (const PlainArc& arc : plain) {
    const double factor = -std::log1p(-static_cast<double>(random() >> 11) * 0x1.0p-53);
    const double chance = std::min(1.0, factor / in_degree[arc.receiver]);
    arcs.push_back({arc.sender, arc.receiver, static_cast<float>(chance)});
    sum[arc.receiver] += chance;
  }
  if (model == DiffusionModel::kLinearThreshold) {
    for (InfluenceArc& arc : arcs) {
      arc.chance =
          static_cast<float>(static_cast<double>(arc.chance) / std::max(1.0, sum[arc.receiver]));
    }
  }
  return InfluenceGraph::create(size.vertices, arcs, model, threads_wanted());
}

void cascade(benchmark::State& state) {
  select(state, DiffusionModel::kIndependentCascade, weighted_cascade);
}
void threshold(benchmark::State& state) {
  select(state, DiffusionModel::kLinearThreshold, weighted_cascade);
}
void budget_cascade(benchmark::State& state) {
  select(state, DiffusionModel::kIndependentCascade, weighted_cascade, true);
}
void learned_cascade(benchmark::State& state) {
  select(state, DiffusionModel::kIndependentCascade, learned);
}
void learned_threshold(benchmark::State& state) {
  select(state, DiffusionModel::kLinearThreshold, learned);
}
void plain_cascade(benchmark::State& state) { plain(state, DiffusionModel::kIndependentCascade); }
void plain_threshold(benchmark::State& state) { plain(state, DiffusionModel::kLinearThreshold); }

BENCHMARK(cascade)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(plain_cascade)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(threshold)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(plain_threshold)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(budget_cascade)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(learned_cascade)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();
BENCHMARK(learned_threshold)
    ->Arg(0)
    ->Arg(1)
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
}  // namespace bellwether

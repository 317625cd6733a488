// SPDX-License-Identifier: Apache-2.0
#include "plan/rr_sets.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <mutex>
#include <random>

#include "base/hash.h"
#include "base/parallel.h"

namespace bellwether {

namespace {

constexpr uint32_t kDegreeTable = 64;

// 1 / log(1 - 1/d), by which the logarithm of a uniform number becomes the length of a skip. Beyond
// the table by its series in 1/d, which is there exact to 1e-9 of a step.
class InverseLog {
 public:
  InverseLog() {
    table_[0] = table_[1] = 0;  // of one arc, it is always live: no skip
    for (uint32_t d = 2; d < kDegreeTable; ++d) table_[d] = 1 / std::log1p(-1.0 / d);
  }
  double of(uint64_t degree) const {
    if (degree < kDegreeTable) return table_[degree];
    const double d = static_cast<double>(degree);
    const double x = 1 / d;
    return -d + 0.5 + x * (1.0 / 12 + x * (1.0 / 24 + x * (19.0 / 720)));
  }

 private:
  std::array<double, kDegreeTable> table_;
};
const InverseLog kInverseLog;

using Engine = std::mt19937_64;

double uniform(Engine& engine) { return static_cast<double>(engine() >> 11) * 0x1.0p-53; }

// The logarithm of a number in (0, 1].
double log_uniform(Engine& engine) {
  return std::log(static_cast<double>((engine() >> 11) + 1) * 0x1.0p-53);
}

// [0, n), n < 2^33.
uint64_t below(Engine& engine, uint64_t n) { return ((engine() >> 32) * n) >> 32; }

Engine engine_of(uint64_t rng_seed, uint64_t stream, uint64_t batch) {
  const std::array<uint64_t, 3> key{rng_seed, stream, batch};
  return Engine(hash64({reinterpret_cast<const char*>(key.data()), sizeof key}));
}

// Calls `take` for each arc of [begin, end) that is live, all with the same chance:
// `inverse_log` is 1 / log(1 - chance).
template <typename Take>
void skip_over(Engine& engine, uint64_t begin, uint64_t end, double inverse_log, Take&& take) {
  for (uint64_t at = begin; at < end; ++at) {
    const double skip = log_uniform(engine) * inverse_log;
    if (skip >= static_cast<double>(end - at)) return;
    at += static_cast<uint64_t>(skip);
    take(at);
  }
}

}  // namespace

Targets::Targets(std::span<const double> weight)
    : vertices_(static_cast<uint32_t>(weight.size())), total_(0), upto_(weight.size()) {
  for (uint32_t v = 0; v < vertices_; ++v) {
    if (weight[v] > 0) last_ = v;
    upto_[v] = total_ += weight[v];
  }
}

uint32_t Targets::draw(double uniform) const {
  if (upto_.empty()) {
    return static_cast<uint32_t>(uniform * static_cast<double>(vertices_));
  }
  const auto found = std::upper_bound(upto_.begin(), upto_.end(), uniform * total_);
  // The product may round up to the total, which is beyond everybody.
  return std::min(static_cast<uint32_t>(found - upto_.begin()), last_);
}

// What one thread needs beside the graph. Kept between batches, so that nothing is cleared twice.
struct RrCollection::Scratch {
  // So many sets are made at a time: each step of one waits for memory, and the others' steps with
  // it.
  static constexpr uint32_t kAtOnce = 16;
  static_assert(kRrBatchSets % kAtOnce == 0);
  struct Set {
    std::vector<uint32_t> members;
    // Of a walk:
    uint64_t arc = 0;
    uint32_t at = 0;
    bool arc_is_known = false;  // `arc` leads to the next vertex; else `at` is to be looked at
    bool is_on = false;
  };
  struct Reached {
    uint32_t vertex;
    uint32_t set;
  };
  struct Live {
    uint64_t arc;
    uint32_t sender;
    uint32_t set;
  };

  std::array<Set, kAtOnce> sets;
  std::vector<uint16_t> in_sets;   // by vertex: a bit for each set that it is in
  std::vector<uint32_t> coverage;  // by vertex; empty: not counting
  std::vector<uint32_t> members;   // of the batch
  std::vector<Reached> frontier;
  std::vector<Live> live;

  Scratch(uint32_t vertices, bool counting)
      : in_sets(vertices), coverage(counting ? vertices : 0) {}

  // False if it was in already.
  bool put(uint32_t v, uint32_t set) {
    const auto bit = static_cast<uint16_t>(1U << set);
    if ((in_sets[v] & bit) != 0) return false;
    in_sets[v] |= bit;
    sets[set].members.push_back(v);
    return true;
  }

  void finish(uint32_t set, RrBatch& batch) {
    const auto others = static_cast<uint16_t>(~(1U << set));
    for (const uint32_t v : sets[set].members) in_sets[v] &= others;
    members.insert(members.end(), sets[set].members.begin(), sets[set].members.end());
    batch.ends.push_back(members.size());
    sets[set].members.clear();
  }

  // Step by step away from the roots; what the next half-step reads, scattered over memory, is
  // asked for all at once.
  void cascade(const InfluenceGraph& graph, const Targets& targets, Engine& engine,
               RrBatch& batch) {
    constexpr size_t kAhead = 8;
    const bool has_chances = graph.chances() == InfluenceGraph::Chances::kPerArc;
    const uint32_t* const senders = graph.senders();
    for (uint32_t begun = 0; begun < kRrBatchSets; begun += kAtOnce) {
      frontier.clear();
      for (uint32_t set = 0; set < kAtOnce; ++set) {
        const uint32_t root = targets.draw(uniform(engine));
        graph.prefetch(root);
        put(root, set);
        frontier.push_back({root, set});
      }
      while (!frontier.empty()) {
        live.clear();
        for (size_t i = 0; i < frontier.size(); ++i) {
          if (has_chances && i + kAhead < frontier.size()) {
            const uint64_t arc = graph.arcs_begin(frontier[i + kAhead].vertex);
            __builtin_prefetch(&graph.arc_chances()[arc]);
          }
          find_live(graph, engine, frontier[i].vertex, [&](uint64_t arc) {
            __builtin_prefetch(&senders[arc]);
            live.push_back({arc, 0, frontier[i].set});
          });
        }
        for (Live& each : live) {
          each.sender = senders[each.arc];
          __builtin_prefetch(&in_sets[each.sender]);
        }
        frontier.clear();
        for (const Live& each : live) {
          if (!put(each.sender, each.set)) continue;
          graph.prefetch(each.sender);
          frontier.push_back({each.sender, each.set});
        }
      }
      for (uint32_t set = 0; set < kAtOnce; ++set) finish(set, batch);
    }
  }

  // Calls `take` for each live arc into `v`.
  template <typename Take>
  static void find_live(const InfluenceGraph& graph, Engine& engine, uint32_t v, Take&& take) {
    const uint64_t begin = graph.arcs_begin(v);
    const uint64_t end = graph.arcs_begin(v + 1);
    switch (graph.chances()) {
      case InfluenceGraph::Chances::kInverseDegree:
        skip_over(engine, begin, end, kInverseLog.of(end - begin), take);
        break;
      case InfluenceGraph::Chances::kPerVertex:
        if (begin == end) break;
        skip_over(engine, begin, end, 1 / std::log1p(-static_cast<double>(graph.vertex_chance(v))),
                  take);
        break;
      case InfluenceGraph::Chances::kPerArc: {
        // Chances fall, so the one here bounds all that come: skip by it, and let where it lands
        // decide against it. Each landing takes up the lower bound it finds.
        const float* const chances = graph.arc_chances();
        for (uint64_t at = begin; at < end; ++at) {
          const auto most = static_cast<double>(chances[at]);
          const double skip = log_uniform(engine) / std::log1p(-most);
          if (skip >= static_cast<double>(end - at)) return;
          const auto skipped = static_cast<uint64_t>(skip);
          at += skipped;
          if (skipped == 0 || uniform(engine) * most < static_cast<double>(chances[at])) take(at);
        }
        break;
      }
    }
  }

  // The arc into `v` that is live, or the number of all arcs where none is.
  static uint64_t pick_live(const InfluenceGraph& graph, Engine& engine, uint32_t v) {
    const uint64_t begin = graph.arcs_begin(v);
    const uint64_t degree = graph.arcs_begin(v + 1) - begin;
    const uint64_t none = graph.arcs();
    if (degree == 0) return none;
    switch (graph.chances()) {
      case InfluenceGraph::Chances::kInverseDegree:
        return begin + (degree == 1 ? 0 : below(engine, degree));
      case InfluenceGraph::Chances::kPerVertex: {
        const double at = uniform(engine) / static_cast<double>(graph.vertex_chance(v));
        return at >= static_cast<double>(degree) ? none : begin + static_cast<uint64_t>(at);
      }
      case InfluenceGraph::Chances::kPerArc: {
        const uint32_t* const cuts = graph.arc_cuts() + begin;
        const auto at = static_cast<uint32_t>(engine() >> 32);
        const auto picked = static_cast<uint64_t>(std::upper_bound(cuts, cuts + degree, at) - cuts);
        return picked == degree ? none : begin + picked;
      }
    }
    return none;
  }

  // All walks of a batch; where one ends, the next begins. Sets stand in the order in which their
  // walks end.
  void threshold(const InfluenceGraph& graph, const Targets& targets, Engine& engine,
                 RrBatch& batch) {
    const uint32_t* const senders = graph.senders();
    uint32_t begun = 0;
    uint32_t walking = 0;
    const auto begin_walk = [&](Set& walk) {
      walk.is_on = begun < kRrBatchSets;
      if (!walk.is_on) return;
      ++begun;
      ++walking;
      walk.at = targets.draw(uniform(engine));
      walk.arc_is_known = false;
    };
    for (Set& walk : sets) begin_walk(walk);
    while (walking > 0) {
      for (uint32_t set = 0; set < kAtOnce; ++set) {
        Set& walk = sets[set];
        if (!walk.is_on) continue;
        if (walk.arc_is_known) {
          walk.at = senders[walk.arc];
          walk.arc_is_known = false;
          graph.prefetch(walk.at);
          __builtin_prefetch(&in_sets[walk.at]);
          continue;
        }
        if (put(walk.at, set)) {
          walk.arc = pick_live(graph, engine, walk.at);
          walk.arc_is_known = walk.arc != graph.arcs();
          if (walk.arc_is_known) {
            __builtin_prefetch(&senders[walk.arc]);
            continue;
          }
        }
        finish(set, batch);
        --walking;
        begin_walk(walk);
      }
    }
  }

  void sample(const InfluenceGraph& graph, const Targets& targets, Engine engine, RrBatch& batch) {
    members.clear();
    batch.ends.reserve(kRrBatchSets);
    if (graph.model() == DiffusionModel::kLinearThreshold) {
      threshold(graph, targets, engine, batch);
    } else {
      cascade(graph, targets, engine, batch);
    }
    if (!coverage.empty()) {
      for (const uint32_t v : members) ++coverage[v];
    }
    batch.members.assign(members.begin(), members.end());
  }
};

RrCollection::RrCollection(const InfluenceGraph& graph, const Targets& targets, uint64_t rng_seed,
                           uint64_t stream, bool counting)
    : graph_(graph), targets_(targets), rng_seed_(rng_seed), stream_(stream), counting_(counting) {}

RrCollection::~RrCollection() = default;

void RrCollection::grow_to(size_t batches, unsigned threads) {
  const size_t had = batches_.size();
  if (batches <= had) return;
  batches_.resize(batches);
  std::mutex mutex;  // of `idle`
  std::vector<Scratch*> idle;
  for (const auto& scratch : scratch_) idle.push_back(scratch.get());
  parallel_for(batches - had, 1, threads, [&](size_t begin, size_t end) {
    Scratch* scratch = nullptr;
    {
      const std::lock_guard lock(mutex);
      if (idle.empty()) {
        scratch_.push_back(std::make_unique<Scratch>(graph_.vertices(), counting_));
        idle.push_back(scratch_.back().get());
      }
      scratch = idle.back();
      idle.pop_back();
    }
    for (size_t b = had + begin; b < had + end; ++b) {
      scratch->sample(graph_, targets_, engine_of(rng_seed_, stream_, b), batches_[b]);
    }
    const std::lock_guard lock(mutex);
    idle.push_back(scratch);
  });
  for (size_t b = had; b < batches; ++b) members_ += batches_[b].members.size();
}

void RrCollection::coverage(uint32_t begin, uint32_t end, uint32_t* into) const {
  assert(counting_);
  std::fill_n(into, end - begin, 0U);
  for (const auto& scratch : scratch_) {
    for (uint32_t v = begin; v < end; ++v) into[v - begin] += scratch->coverage[v];
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The slow proofs beside seed selection, from the definitions: diffusion run forwards, every
// live-edge world counted, every seed set tried, and OPIM-C as its paper has it. They share no code
// with the fast road, and read arcs rather than an InfluenceGraph.
#pragma once
#include <cstdint>
#include <functional>
#include <random>
#include <span>
#include <vector>

#include "plan/influence_graph.h"
#include "plan/seed_selection.h"

namespace bellwether {

// No pair of vertices has two arcs, and no vertex one to itself.
struct CheckedGraph {
  uint32_t vertices = 0;
  std::vector<InfluenceArc> arcs;
  DiffusionModel model = DiffusionModel::kIndependentCascade;
  std::vector<double> target_weight;  // by vertex
};

struct CheckedSpread {
  double value = 0;
  double standard_error = 0;
};
// The mean over `runs` diffusions run forwards: coin by coin, or threshold by threshold.
CheckedSpread check_spread(const CheckedGraph& graph, std::span<const uint32_t> seeds, int runs,
                           std::mt19937_64& random);

// Exact spreads: for each live-edge world its probability, and whom each vertex reaches in it.
// For a dozen arcs and at most 32 vertices: the worlds are as many as there are subsets of arcs.
class CheckedWorlds {
 public:
  explicit CheckedWorlds(const CheckedGraph& graph);
  double spread(uint32_t seeds) const;  // a bit a vertex

 private:
  struct World {
    double probability;
    std::vector<uint32_t> reached;  // by vertex, a bit each
  };
  std::vector<double> weight_;
  std::vector<World> worlds_;
};

// Whether the question allows this seed set; a bit a vertex.
bool check_allowed(const SeedQuestion& question, uint32_t vertices, uint32_t seeds);
// The largest spread of any seed set that is allowed, by trying all; -1 if none is.
double check_optimum(const CheckedGraph& graph, const CheckedWorlds& worlds,
                     const SeedQuestion& question);

// OPIM-C (Tang et al. 2018, algorithm 2 with the bound of its section 5.2) for k seeds of weighted
// cascade, on one thread, with nothing clever: one coin an arc, or a walk; a vector a set and a
// vector a vertex; greedy by a heap with stale tops.
class PlainOpimC {
 public:
  PlainOpimC(uint32_t vertices, std::span<const PlainArc> arcs, DiffusionModel model);
  struct Outcome {
    std::vector<uint32_t> seeds;
    double spread_low = 0;
    double ratio = 0;
    uint64_t rr_sets = 0;  // of both collections
    uint64_t rr_members = 0;
  };
  Outcome run(uint32_t k, double epsilon, double delta, uint64_t rng_seed) const;

 private:
  uint32_t vertices_;
  DiffusionModel model_;
  std::vector<uint64_t> begin_;
  std::vector<uint32_t> senders_;
};

}  // namespace bellwether

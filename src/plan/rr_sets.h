// SPDX-License-Identifier: Apache-2.0
// Reverse-reachable sets: for a target drawn at random, everybody who would have reached it.
//
// An RR set is the set of vertices that reach a random root in a random live-edge graph (Borgs,
// Brautbar, Chayes and Lucier, SODA 2014). The share of RR sets that hold a vertex of a seed set,
// times the weight of all targets, is an unbiased estimate of the seed set's spread. Independent
// cascade: only the arcs that are live are touched, by geometric skips over arcs of one chance;
// where chances differ, over arcs in the order of falling chance, by skips at the chance where one
// stands and a second draw where one lands (SUBSIM: Guo, Wang, Wei and Chen, SIGMOD 2020). Linear
// threshold: a walk backwards, one arc at most a vertex, until it comes back to itself or ends.
//
// Sets are drawn in batches, each from a generator seeded by (rng seed, stream, number of the
// batch). So a collection is a fixed endless row of sets, of which any beginning can be had, the
// same on any number of threads; two streams are independent.
#pragma once
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "plan/influence_graph.h"

namespace bellwether {

inline constexpr uint32_t kRrBatchSets = 128;

// Whom a plan wants to reach: draws a target in proportion to its weight.
class Targets {
 public:
  // Everybody in [0, vertices), with weight 1.
  explicit Targets(uint32_t vertices) : vertices_(vertices), total_(vertices) {}
  // By vertex; finite, at least 0, not all 0.
  explicit Targets(std::span<const double> weight);

  double total() const { return total_; }
  double weight(uint32_t vertex) const {
    if (upto_.empty()) return 1;
    return vertex == 0 ? upto_[0] : upto_[vertex] - upto_[vertex - 1];
  }
  // `uniform` of [0, 1). Never a target of weight 0. Cost: logarithmic where weights are given.
  uint32_t draw(double uniform) const;

 private:
  uint32_t vertices_;
  double total_;
  std::vector<double> upto_;  // by vertex: sum of the weights up to and with it; empty: all 1
  uint32_t last_ = 0;         // the last of positive weight
};

struct RrBatch {
  std::vector<uint32_t> members;  // set after set, each beginning with its root; no vertex twice
  std::vector<uint64_t> ends;     // where each of the kRrBatchSets sets ends in `members`

  std::span<const uint32_t> set(size_t i) const {
    const uint64_t begin = i == 0 ? 0 : ends[i - 1];
    return std::span(members).subspan(begin, ends[i] - begin);
  }
};

// The beginning of one stream of RR sets, growing.
class RrCollection {
 public:
  // Borrows both for its life. With `counting`, coverage() is kept up while sampling.
  RrCollection(const InfluenceGraph& graph, const Targets& targets, uint64_t rng_seed,
               uint64_t stream, bool counting);
  ~RrCollection();
  RrCollection(const RrCollection&) = delete;
  RrCollection& operator=(const RrCollection&) = delete;

  // Grows to `batches` batches at least. Cost: what is drawn anew; memory: 4 bytes a member, and
  // for each thread a bit a vertex (cascade) or 2 bytes (threshold), 4 more where counting.
  void grow_to(size_t batches, unsigned threads);

  std::span<const RrBatch> batches() const { return batches_; }
  uint64_t sets() const { return uint64_t{batches_.size()} * kRrBatchSets; }
  uint64_t members() const { return members_; }
  // In how many sets each vertex of [begin, end) is: written to `into`. Only where counting.
  void coverage(uint32_t begin, uint32_t end, uint32_t* into) const;

 private:
  struct Scratch;

  const InfluenceGraph& graph_;
  const Targets& targets_;
  uint64_t rng_seed_;
  uint64_t stream_;
  bool counting_;
  std::vector<RrBatch> batches_;
  uint64_t members_ = 0;
  std::vector<std::unique_ptr<Scratch>> scratch_;
};

}  // namespace bellwether

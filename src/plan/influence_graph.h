// SPDX-License-Identifier: Apache-2.0
// Who may move whom, and how likely: the graph on which a group to reach is chosen.
//
// Two diffusion models, after Kempe, Kleinberg and Tardos (KDD 2003). Independent cascade: who
// becomes active has one chance to move each receiver, independently. Linear threshold: everybody
// draws a threshold in [0, 1] and becomes active once the weights of the active senders reach it;
// the same distribution as each vertex keeping at most one arc in, with its weight as probability.
// Weighted cascade is either model with 1 / in-degree on every arc.
//
// Kept by receiver, since reverse-reachable sets (rr_sets.h) walk against the arcs: 8 bytes a
// vertex and 4 an arc, 4 more where the arcs into one vertex differ. It is not the pair graph of
// graph/: that one holds what was, this one what may come.
#pragma once
#include <cassert>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/result.h"

namespace bellwether {

enum class DiffusionModel : uint8_t { kIndependentCascade, kLinearThreshold };

// Vertices are numbered [0, vertices); the last number is left free, as kNobody.
inline constexpr uint64_t kVerticesMax = std::numeric_limits<uint32_t>::max();

struct InfluenceArc {
  uint32_t sender = 0;
  uint32_t receiver = 0;
  // Independent cascade: the probability that `sender`, once active, moves `receiver`. Linear
  // threshold: the weight of `sender` with `receiver`. [0, 1]; 0 is no arc.
  float chance = 0;
};

struct PlainArc {
  uint32_t sender = 0;
  uint32_t receiver = 0;
};

class InfluenceGraph {
 public:
  // How the chances are kept; what a sampler has to know.
  enum class Chances : uint8_t {
    kInverseDegree,  // 1 / in-degree on every arc; nothing is kept
    kPerVertex,      // all arcs into a vertex have the same: vertex_chance()
    kPerArc,         // arc_chances() or arc_cuts()
  };

  // From arcs in any order, borrowed for this call. Arcs from a vertex to itself are left out, for
  // nobody moves themselves. Arcs of one pair become one: they fail independently (cascade), or
  // their weights add up (threshold).
  // kLimit: more than kVerticesMax vertices.
  // kInvalidArgument: an end outside [0, vertices), a chance that is no number of [0, 1], weights
  // into one vertex of more than 1 (threshold; a millionth is taken for rounding). The message
  // names the first such arc or vertex.
  // Cost: n log n in the arcs. The same arcs give the same graph, in whatever order and on however
  // many threads.
  static Result<InfluenceGraph> create(uint64_t vertices, std::span<const InfluenceArc> arcs,
                                       DiffusionModel model, unsigned threads = 1);
  // Weighted cascade: 1 / in-degree on every arc, whichever the model. Arcs of one pair count once.
  // Errors and cost as above.
  static Result<InfluenceGraph> weighted_cascade(uint64_t vertices, std::span<const PlainArc> arcs,
                                                 DiffusionModel model, unsigned threads = 1);

  // The same weighted cascade under another model. Only of a graph with kInverseDegree.
  InfluenceGraph under(DiffusionModel model) &&;

  DiffusionModel model() const { return model_; }
  Chances chances() const { return chances_; }
  uint32_t vertices() const { return static_cast<uint32_t>(begin_.size() - 1); }
  uint64_t arcs() const { return senders_.size(); }

  uint64_t arcs_begin(uint32_t receiver) const { return begin_[receiver]; }
  uint64_t in_degree(uint32_t receiver) const { return begin_[receiver + 1] - begin_[receiver]; }
  // Of all arcs, by receiver. Within a receiver by sender; with kPerArc under independent cascade
  // by falling chance, then sender.
  const uint32_t* senders() const { return senders_.data(); }

  // Asks the processor to fetch where the arcs into `receiver` are. Changes nothing.
  void prefetch(uint32_t receiver) const { __builtin_prefetch(&begin_[receiver]); }

  // Of every arc into `receiver`. Only with kPerVertex.
  float vertex_chance(uint32_t receiver) const {
    assert(chances_ == Chances::kPerVertex);
    return vertex_chance_[receiver];
  }
  // By arc, aligned with senders(). Only with kPerArc under independent cascade.
  const float* arc_chances() const { return arc_chances_.data(); }
  // By arc: the sum of the weights up to and with it, in units of 2^-32, at most 2^32 - 1. Only
  // with kPerArc under linear threshold.
  const uint32_t* arc_cuts() const { return arc_cuts_.data(); }

  uint64_t memory_bytes() const;

 private:
  InfluenceGraph() = default;

  DiffusionModel model_ = DiffusionModel::kIndependentCascade;
  Chances chances_ = Chances::kInverseDegree;
  std::vector<uint64_t> begin_;  // by receiver, and the end
  std::vector<uint32_t> senders_;
  std::vector<float> vertex_chance_;
  std::vector<float> arc_chances_;
  std::vector<uint32_t> arc_cuts_;
};

}  // namespace bellwether

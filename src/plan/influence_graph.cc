// SPDX-License-Identifier: Apache-2.0
#include "plan/influence_graph.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/parallel.h"

namespace bellwether {

namespace {

constexpr size_t kReceiversAtOnce = 4096;
// Weights of which a sum of 1 was meant may add up to a little more in single precision.
constexpr double kRoundingMax = 1e-6;

Error too_many_vertices(uint64_t vertices) {
  return {ErrorCode::kLimit,
          fmt::format("{} vertices: a plan is made over at most {}", vertices, kVerticesMax)};
}

Error outside(size_t arc, uint32_t sender, uint32_t receiver, uint64_t vertices) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("arc {} goes from {} to {}: vertices are numbered from 0 to {}", arc, sender,
                      receiver, vertices - 1)};
}

// Where the arcs of each receiver begin, from how many there are: counts in place [1, n].
void counts_to_begins(std::vector<uint64_t>& begin) {
  for (size_t v = 1; v < begin.size(); ++v) begin[v] += begin[v - 1];
}

// After filling by `begin[receiver]++`, each begin is the next one's.
void shift_back(std::vector<uint64_t>& begin) {
  for (size_t v = begin.size() - 1; v > 0; --v) begin[v] = begin[v - 1];
  begin[0] = 0;
}

// Closes the gaps that arcs left out have made: `kept[v]` arcs of each receiver stay.
template <typename... Columns>
void close_gaps(std::vector<uint64_t>& begin, const std::vector<uint32_t>& kept,
                Columns&... columns) {
  uint64_t to = 0;
  for (size_t v = 0; v < kept.size(); ++v) {
    const uint64_t from = begin[v];
    begin[v] = to;
    if (to != from) {
      const auto move = [&](auto& column) {
        std::copy_n(column.begin() + static_cast<ptrdiff_t>(from), kept[v],
                    column.begin() + static_cast<ptrdiff_t>(to));
      };
      (move(columns), ...);
    }
    to += kept[v];
  }
  begin.back() = to;
  const auto trim = [&](auto& column) {
    const bool many = column.size() - to > to / 16;
    column.resize(to);
    if (many) column.shrink_to_fit();
  };
  (trim(columns), ...);
}

}  // namespace

Result<InfluenceGraph> InfluenceGraph::weighted_cascade(uint64_t vertices,
                                                        std::span<const PlainArc> arcs,
                                                        DiffusionModel model, unsigned threads) {
  if (vertices > kVerticesMax) return too_many_vertices(vertices);
  InfluenceGraph graph;
  graph.model_ = model;
  graph.chances_ = Chances::kInverseDegree;
  graph.begin_.assign(vertices + 1, 0);
  for (size_t i = 0; i < arcs.size(); ++i) {
    const PlainArc& arc = arcs[i];
    if (arc.sender >= vertices || arc.receiver >= vertices) {
      return outside(i, arc.sender, arc.receiver, vertices);
    }
    if (arc.sender != arc.receiver) ++graph.begin_[arc.receiver + 1];
  }
  counts_to_begins(graph.begin_);
  graph.senders_.resize(graph.begin_.back());
  for (const PlainArc& arc : arcs) {
    if (arc.sender != arc.receiver) graph.senders_[graph.begin_[arc.receiver]++] = arc.sender;
  }
  shift_back(graph.begin_);

  std::vector<uint32_t> kept(vertices);
  parallel_for(vertices, kReceiversAtOnce, threads, [&](size_t first, size_t last) {
    for (size_t v = first; v < last; ++v) {
      const auto from = graph.senders_.begin() + static_cast<ptrdiff_t>(graph.begin_[v]);
      const auto to = graph.senders_.begin() + static_cast<ptrdiff_t>(graph.begin_[v + 1]);
      std::sort(from, to);
      kept[v] = static_cast<uint32_t>(std::unique(from, to) - from);
    }
  });
  close_gaps(graph.begin_, kept, graph.senders_);
  return graph;
}

Result<InfluenceGraph> InfluenceGraph::create(uint64_t vertices, std::span<const InfluenceArc> arcs,
                                              DiffusionModel model, unsigned threads) {
  if (vertices > kVerticesMax) return too_many_vertices(vertices);
  InfluenceGraph graph;
  graph.model_ = model;
  graph.begin_.assign(vertices + 1, 0);
  const auto counts = [](const InfluenceArc& arc) {
    return arc.sender != arc.receiver && arc.chance > 0;
  };
  for (size_t i = 0; i < arcs.size(); ++i) {
    const InfluenceArc& arc = arcs[i];
    if (arc.sender >= vertices || arc.receiver >= vertices) {
      return outside(i, arc.sender, arc.receiver, vertices);
    }
    if (!(arc.chance >= 0 && arc.chance <= 1)) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("arc {} from {} to {} has chance {}: give one of [0, 1]", i,
                               arc.sender, arc.receiver, arc.chance)};
    }
    if (counts(arc)) ++graph.begin_[arc.receiver + 1];
  }
  counts_to_begins(graph.begin_);
  graph.senders_.resize(graph.begin_.back());
  graph.arc_chances_.resize(graph.begin_.back());
  for (const InfluenceArc& arc : arcs) {
    if (!counts(arc)) continue;
    const uint64_t at = graph.begin_[arc.receiver]++;
    graph.senders_[at] = arc.sender;
    graph.arc_chances_[at] = arc.chance;
  }
  shift_back(graph.begin_);

  const bool cascade = model == DiffusionModel::kIndependentCascade;
  std::vector<uint32_t> kept(vertices);
  std::vector<uint8_t> differ(vertices), over(vertices);
  parallel_for(vertices, kReceiversAtOnce, threads, [&](size_t first, size_t last) {
    std::vector<std::pair<uint32_t, float>> row;
    for (size_t v = first; v < last; ++v) {
      const uint64_t begin = graph.begin_[v];
      const uint64_t end = graph.begin_[v + 1];
      row.clear();
      for (uint64_t i = begin; i < end; ++i) {
        row.emplace_back(graph.senders_[i], graph.arc_chances_[i]);
      }
      // Sorted by sender and chance, so that the order of arrival decides no rounding.
      std::sort(row.begin(), row.end());
      size_t n = 0;
      for (size_t i = 0; i < row.size();) {
        const uint32_t sender = row[i].first;
        double missed = 1;
        double sum = 0;
        const size_t same = i;
        for (; i < row.size() && row[i].first == sender; ++i) {
          missed *= 1 - static_cast<double>(row[i].second);
          sum += static_cast<double>(row[i].second);
        }
        const float chance =
            i - same == 1 ? row[same].second : static_cast<float>(cascade ? 1 - missed : sum);
        row[n++] = {sender, chance};
      }
      row.resize(n);
      double sum = 0;
      for (const auto& [sender, chance] : row) sum += static_cast<double>(chance);
      over[v] = !cascade && sum > 1 + kRoundingMax ? 1 : 0;
      differ[v] = 0;
      for (const auto& each : row) {
        if (each.second != row.front().second) differ[v] = 1;
      }
      if (cascade) {
        std::sort(row.begin(), row.end(), [](const auto& a, const auto& b) {
          return a.second != b.second ? a.second > b.second : a.first < b.first;
        });
      }
      for (size_t i = 0; i < n; ++i) {
        graph.senders_[begin + i] = row[i].first;
        graph.arc_chances_[begin + i] = row[i].second;
      }
      kept[v] = static_cast<uint32_t>(n);
    }
  });
  if (const auto v = std::find(over.begin(), over.end(), 1); v != over.end()) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("the weights into vertex {} sum to more than 1: divide them by their "
                             "sum",
                             v - over.begin())};
  }
  close_gaps(graph.begin_, kept, graph.senders_, graph.arc_chances_);

  if (std::find(differ.begin(), differ.end(), 1) == differ.end()) {
    graph.chances_ = Chances::kPerVertex;
    graph.vertex_chance_.resize(vertices);
    for (size_t v = 0; v < vertices; ++v) {
      graph.vertex_chance_[v] = kept[v] == 0 ? 0 : graph.arc_chances_[graph.begin_[v]];
    }
    graph.arc_chances_ = {};
    return graph;
  }
  graph.chances_ = Chances::kPerArc;
  if (cascade) return graph;
  graph.arc_cuts_.resize(graph.arcs());
  parallel_for(vertices, kReceiversAtOnce, threads, [&](size_t first, size_t last) {
    for (size_t v = first; v < last; ++v) {
      double sum = 0;
      for (uint64_t i = graph.begin_[v]; i < graph.begin_[v + 1]; ++i) {
        sum += static_cast<double>(graph.arc_chances_[i]);
        graph.arc_cuts_[i] =
            static_cast<uint32_t>(std::min<int64_t>(std::llround(sum * 0x1.0p32), 0xffffffff));
      }
    }
  });
  graph.arc_chances_ = {};
  return graph;
}

InfluenceGraph InfluenceGraph::under(DiffusionModel model) && {
  assert(chances_ == Chances::kInverseDegree);
  model_ = model;
  return std::move(*this);
}

uint64_t InfluenceGraph::memory_bytes() const {
  return begin_.capacity() * sizeof begin_[0] + senders_.capacity() * sizeof senders_[0] +
         vertex_chance_.capacity() * sizeof vertex_chance_[0] +
         arc_chances_.capacity() * sizeof arc_chances_[0] +
         arc_cuts_.capacity() * sizeof arc_cuts_[0];
}

}  // namespace bellwether

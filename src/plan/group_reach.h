// SPDX-License-Identifier: Apache-2.0
// What a group of people is expected to reach, who of them adds what, and in what range it may
// come.
//
// Two kinds of reach. *Direct*: how many people respond to one of the group themselves; a sum of
// independent chances, worked out exactly. *Cascade*: how many are moved directly and through
// others, under independent cascade or linear threshold; estimated from RR sets
// (seed_selection.h). Members of the group count as reached only where others of it move them
// (direct), or not at all (cascade).
//
// Ranges are of what may come when the chances are right: the 5 % and 95 % points of outcomes drawn
// forwards. That the chances may be wrong is not in them.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "base/result.h"
#include "plan/influence_graph.h"
#include "plan/seed_selection.h"
#include "score/forecast.h"

namespace bellwether {

enum class ReachModel : uint8_t { kDirect, kIndependentCascade, kLinearThreshold };

// Who may move whom. Vertices are persons.
struct ReachChances {
  uint32_t persons = 0;
  ReachModel model = ReachModel::kDirect;
  std::vector<InfluenceArc> arcs;        // by sender, then receiver; each pair once
  std::vector<CountForecast> newcomers;  // by person, direct only: people nobody can name yet, each
                                         // counted once; empty: none. They weigh 1 each
  double newcomers_shared_variance = 0;  // as WindowChances
  std::vector<double> weight;            // by person: how much it counts to reach them, at least 0
};

struct ReachRange {
  double value = 0;  // expected people, by weight
  double low = 0;    // 5 % of outcomes are below
  double high = 0;   // 5 % are above; low <= value <= high
};

// Somebody whom a member reaches.
struct Reached {
  uint32_t person = 0;
  double chance = 0;  // that this member moves them and no other of the group does, (0, 1]
};

struct GroupMember {
  uint32_t person = 0;
  bool included = false;  // asked for, not chosen
  double cost = 0;
  double alone = 0;      // people, were they the only one
  ReachRange marginal;   // what they add to those before them; values sum to the group's
  double only = 0;       // what the group loses without them
  double newcomers = 0;  // of `only`, people who never responded to them before
  std::vector<Reached> nobody_else;  // the likeliest few that no other of the group moves directly
};

struct GroupOverlap {
  uint32_t a = 0, b = 0;  // places in the group, a < b
  double people = 0;      // whom both would reach; above 0
};

struct GroupReach {
  std::vector<GroupMember> members;    // as in the selection
  std::vector<GroupOverlap> overlaps;  // the largest first
  ReachRange people;
};

class ReachGraph {
 public:
  // kInvalidArgument, kLimit: as InfluenceGraph::create; vectors that are not by person.
  // Cost: n log n in the arcs; memory: 24 bytes an arc, 32 a person.
  static Result<ReachGraph> create(ReachChances chances, unsigned threads);

  const ReachChances& chances() const { return chances_; }
  // The same question of persons, asked of the vertices that selection sees: what nobody can be
  // asked to do is excluded. `question`: its spans are by person; target_weight is not read.
  Result<SeedSelection> select(const SeedQuestion& question, const SeedOptions& options) const;
  // `group`: persons, in this order. `cost` by person; empty: 1 each. The same bits whatever
  // `threads`. Direct: exact, and linear in the arcs of the group, times the outcomes drawn.
  Result<GroupReach> reach(std::span<const uint32_t> group, std::span<const double> cost,
                           const SeedOptions& options, uint32_t outcomes,
                           size_t nobody_else_max) const;
  // Direct only: who of those who `may` (by person) adds most to the group, and how much; ties go
  // to the smaller number. Empty: nobody adds anything. Cost: linear in the arcs.
  std::optional<std::pair<uint32_t, double>> next(std::span<const uint32_t> group,
                                                  const std::vector<bool>& may) const;
  // The value alone of reach().people.
  Result<double> people(std::span<const uint32_t> group, const SeedOptions& options) const;
  // The weight of everybody whom anybody may move; no group reaches more.
  double targets() const;
  // Whether anybody may be moved by them at all.
  bool reaches_anybody(uint32_t person) const;

 private:
  ReachGraph() = default;
  std::span<const InfluenceArc> arcs_of(uint32_t person) const {
    return std::span(chances_.arcs).subspan(begin_[person], begin_[person + 1] - begin_[person]);
  }
  double newcomers(uint32_t person) const {
    return chances_.newcomers.empty() ? 0 : static_cast<double>(chances_.newcomers[person].mean);
  }
  double weight(uint32_t person) const { return chances_.weight[person]; }
  bool direct() const { return chances_.model == ReachModel::kDirect; }
  void reach_directly(std::span<const uint32_t> group, GroupReach& out) const;
  Result<void> reach_by_cascade(std::span<const uint32_t> group, const SeedOptions& options,
                                GroupReach& out) const;
  void draw(std::span<const uint32_t> group, uint32_t outcomes, const SeedOptions& options,
            GroupReach& out) const;

  ReachChances chances_;
  std::vector<uint64_t> begin_;        // of arcs, by sender, and the end
  std::vector<InfluenceGraph> graph_;  // one; it has no default
  std::vector<double> vertex_weight_;
};

// How many RR sets a plan takes of each collection at least: eight for each target, so that
// somebody who adds a few people is told from the next, within [100,000, 8,000,000].
uint64_t plan_rr_sets(const ReachGraph& graph);

}  // namespace bellwether

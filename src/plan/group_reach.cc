// SPDX-License-Identifier: Apache-2.0
#include "plan/group_reach.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cassert>
#include <cmath>
#include <numeric>
#include <random>
#include <unordered_map>

#include "base/parallel.h"

namespace bellwether {
namespace {

// A uniform of [0, 1) with 53 bits, the same in every standard library.
double uniform(std::mt19937_64& random) { return static_cast<double>(random() >> 11) * 0x1p-53; }

// Within (0, 1), where quantiles are finite.
double inner(double share) { return std::clamp(share, 1e-9, 1 - 1e-9); }

ReachRange range_of(double value, std::vector<double>& outcomes) {
  if (outcomes.empty()) return {value, value, value};
  std::sort(outcomes.begin(), outcomes.end());
  const auto at = [&](double share) {
    return outcomes[static_cast<size_t>(
        std::lround(share * static_cast<double>(outcomes.size() - 1)))];
  };
  // Somebody of the group whom another one reaches takes one away; nobody adds fewer than nobody.
  return {value, std::min(value, std::max(0.0, at(0.05))), std::max(value, at(0.95))};
}

// Persons as senders, then as those who are moved, then newcomers by whom they come to.
enum Part : uint32_t { kSender = 0, kMoved = 1, kNewcomers = 2, kParts = 3 };

}  // namespace

Result<ReachGraph> ReachGraph::create(ReachChances chances, unsigned threads) {
  ReachGraph out;
  const uint32_t n = chances.persons;
  if (chances.weight.size() != n || (!chances.newcomers.empty() && chances.newcomers.size() != n)) {
    return Error{ErrorCode::kInvalidArgument, "weights and newcomers are by person"};
  }
  out.begin_.assign(size_t{n} + 1, 0);
  for (size_t i = 0; i < chances.arcs.size(); ++i) {
    const InfluenceArc& arc = chances.arcs[i];
    if (arc.sender >= n || arc.receiver >= n) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("arc {} has an end that is no person", i)};
    }
    if (i > 0 && std::pair(chances.arcs[i - 1].sender, chances.arcs[i - 1].receiver) >=
                     std::pair(arc.sender, arc.receiver)) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("arc {} is not in the order of sender and receiver", i)};
    }
    ++out.begin_[arc.sender + size_t{1}];
  }
  for (size_t i = 1; i < out.begin_.size(); ++i) out.begin_[i] += out.begin_[i - 1];
  out.chances_ = std::move(chances);
  const DiffusionModel model = out.chances_.model == ReachModel::kLinearThreshold
                                   ? DiffusionModel::kLinearThreshold
                                   : DiffusionModel::kIndependentCascade;
  if (!out.direct()) {
    BW_ASSIGN(auto graph, InfluenceGraph::create(n, out.chances_.arcs, model, threads));
    out.graph_.push_back(std::move(graph));
    // Whom nobody can move would only dilute the sample.
    out.vertex_weight_.assign(n, 0);
    for (const InfluenceArc& arc : out.chances_.arcs) {
      if (arc.chance > 0) out.vertex_weight_[arc.receiver] = out.weight(arc.receiver);
    }
    return out;
  }
  const uint64_t vertices = uint64_t{n} * kParts;
  if (vertices > kVerticesMax) return Error{ErrorCode::kLimit, "too many people for a plan"};
  std::vector<InfluenceArc> arcs;
  arcs.reserve(out.chances_.arcs.size() + n);
  // Whom nobody can move would only dilute the sample.
  out.vertex_weight_.assign(vertices, 0);
  for (InfluenceArc arc : out.chances_.arcs) {
    arc.receiver += n * kMoved;
    if (arc.chance > 0) out.vertex_weight_[arc.receiver] = out.weight(arc.receiver - n * kMoved);
    arcs.push_back(arc);
  }
  for (uint32_t person = 0; person < n; ++person) {
    const double come = out.newcomers(person);
    if (come <= 0) continue;
    arcs.push_back({person, person + n * kNewcomers, 1});
    out.vertex_weight_[person + n * kNewcomers] = come;
  }
  BW_ASSIGN(auto graph, InfluenceGraph::create(vertices, arcs, model, threads));
  out.graph_.push_back(std::move(graph));
  return out;
}

bool ReachGraph::reaches_anybody(uint32_t person) const {
  return newcomers(person) > 0 || !arcs_of(person).empty();
}

double ReachGraph::targets() const {
  return std::accumulate(vertex_weight_.begin(), vertex_weight_.end(), 0.0);
}

uint64_t plan_rr_sets(const ReachGraph& graph) {
  constexpr uint64_t kLeast = 100'000;
  constexpr uint64_t kMost = 8'000'000;
  constexpr double kOfTarget = 8;
  return std::clamp(static_cast<uint64_t>(kOfTarget * graph.targets()), kLeast, kMost);
}

Result<SeedSelection> ReachGraph::select(const SeedQuestion& question,
                                         const SeedOptions& options) const {
  SeedQuestion asked = question;
  asked.target_weight = vertex_weight_;
  if (!direct()) return select_seeds(graph_.front(), asked, options);
  const uint32_t n = chances_.persons;
  const uint32_t vertices = graph_.front().vertices();
  std::vector<uint32_t> exclude(question.exclude.begin(), question.exclude.end());
  for (uint32_t vertex = n; vertex < vertices; ++vertex) exclude.push_back(vertex);
  asked.exclude = exclude;
  std::vector<double> cost(question.cost.begin(), question.cost.end());
  if (!cost.empty()) cost.resize(vertices, 0);
  asked.cost = cost;
  std::vector<std::vector<uint32_t>> groups;
  std::vector<SeedQuota> quotas;
  for (const SeedQuota& quota : question.quotas) {
    groups.emplace_back(quota.group.begin(), quota.group.end()).resize(vertices, kNoGroup);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    quotas.push_back({groups[i], question.quotas[i].at_most});
  }
  asked.quotas = quotas;
  return select_seeds(graph_.front(), asked, options);
}

void ReachGraph::reach_directly(std::span<const uint32_t> group, GroupReach& out) const {
  // Of everybody whom anybody of the group may move: the chance that none of those so far does, and
  // that none at all does.
  std::unordered_map<uint32_t, double> missed;
  for (GroupMember& member : out.members) {
    member.marginal.value = member.alone = member.newcomers = newcomers(member.person);
    for (const InfluenceArc& arc : arcs_of(member.person)) {
      const double chance = weight(arc.receiver) * static_cast<double>(arc.chance);
      double& none = missed.try_emplace(arc.receiver, 1.0).first->second;
      member.alone += chance;
      member.marginal.value += chance * none;
      none *= 1 - static_cast<double>(arc.chance);
    }
    out.people.value += member.marginal.value;
  }
  std::unordered_map<uint64_t, double> shared;
  std::unordered_map<uint32_t, std::vector<std::pair<uint32_t, double>>> moved_by;
  for (uint32_t i = 0; i < group.size(); ++i) {
    for (const InfluenceArc& arc : arcs_of(group[i])) {
      moved_by[arc.receiver].emplace_back(i, arc.chance);
    }
  }
  for (GroupMember& member : out.members) {
    member.only = member.newcomers;
    for (const InfluenceArc& arc : arcs_of(member.person)) {
      // Not by dividing, since a chance may be 1.
      double none = 1;
      for (const auto& [other, chance] : moved_by.at(arc.receiver)) {
        if (group[other] != member.person) none *= 1 - chance;
      }
      const double alone = static_cast<double>(arc.chance) * none;
      member.only += weight(arc.receiver) * alone;
      if (weight(arc.receiver) > 0 && alone > 0) {
        member.nobody_else.push_back({arc.receiver, alone});
      }
    }
  }
  // In the order of receivers, so that sums do not hang on the order of a hash table.
  std::vector<uint32_t> receivers;
  for (const auto& [receiver, movers] : moved_by) {
    if (movers.size() > 1) receivers.push_back(receiver);
  }
  std::sort(receivers.begin(), receivers.end());
  for (const uint32_t receiver : receivers) {
    const auto& movers = moved_by.at(receiver);
    for (size_t i = 0; i < movers.size(); ++i) {
      for (size_t k = i + 1; k < movers.size(); ++k) {
        shared[uint64_t{movers[i].first} << 32 | movers[k].first] +=
            weight(receiver) * movers[i].second * movers[k].second;
      }
    }
  }
  for (const auto& [pair, people] : shared) {
    if (people <= 0) continue;
    out.overlaps.push_back(
        {static_cast<uint32_t>(pair >> 32), static_cast<uint32_t>(pair), people});
  }
}

Result<void> ReachGraph::reach_by_cascade(std::span<const uint32_t> group,
                                          const SeedOptions& options, GroupReach& out) const {
  SeedQuestion question;
  question.target_weight = vertex_weight_;
  BW_ASSIGN(const SeedReport report,
            report_seeds(graph_.front(), group, question,
                         std::max<uint64_t>(options.rr_sets_min, 1), options));
  std::vector<bool> of_group(chances_.persons, false);
  for (const uint32_t person : group) of_group[person] = true;
  for (size_t i = 0; i < group.size(); ++i) {
    GroupMember& member = out.members[i];
    const Seed& seed = report.seeds[i];
    const double own = vertex_weight_[member.person];
    // That they are active themselves is no reach.
    member.alone = std::max(0.0, seed.alone.value - own);
    member.marginal.value = seed.marginal.value - own;
    member.only = std::max(0.0, seed.only.value - own);
    out.people.value += member.marginal.value;
    for (const InfluenceArc& arc : arcs_of(member.person)) {
      if (of_group[arc.receiver] || weight(arc.receiver) <= 0 || arc.chance <= 0) continue;
      double none = 1;
      for (const uint32_t other : group) {
        if (other == member.person) continue;
        const auto arcs = arcs_of(other);
        const auto at = std::lower_bound(
            arcs.begin(), arcs.end(), arc.receiver,
            [](const InfluenceArc& each, uint32_t receiver) { return each.receiver < receiver; });
        if (at != arcs.end() && at->receiver == arc.receiver) {
          none *= 1 - static_cast<double>(at->chance);
        }
      }
      if (none > 0) {
        member.nobody_else.push_back({arc.receiver, none * static_cast<double>(arc.chance)});
      }
    }
  }
  for (const SeedOverlap& overlap : report.overlaps) {
    out.overlaps.push_back({overlap.a, overlap.b, overlap.spread});
  }
  return {};
}

void ReachGraph::draw(std::span<const uint32_t> group, uint32_t outcomes,
                      const SeedOptions& options, GroupReach& out) const {
  const size_t members = group.size();
  std::vector<std::vector<double>> added(members, std::vector<double>(outcomes));
  std::vector<double> together(outcomes);
  const bool threshold = chances_.model == ReachModel::kLinearThreshold;
  parallel_for(outcomes, 16, options.threads, [&](size_t begin, size_t end) {
    std::vector<bool> active(chances_.persons, false);
    std::vector<double> pressed(threshold ? chances_.persons : 0);  // weight of active senders
    std::vector<double> bar(threshold ? chances_.persons : 0);      // thresholds
    std::vector<uint32_t> queue;
    std::vector<uint32_t> touched;
    for (size_t run = begin; run < end; ++run) {
      std::mt19937_64 random(options.rng_seed * 0x9E3779B97F4A7C15ULL + run);
      // One factor for the newcomers of all: gamma, of mean 1.
      const double shared = chances_.newcomers_shared_variance;
      const double level =
          direct() && shared > 0
              ? boost::math::gamma_p_inv(1 / shared, inner(uniform(random))) * shared
              : 1;
      for (size_t i = 0; i < members; ++i) {
        double& reached = added[i][run];
        const CountForecast come =
            chances_.newcomers.empty() ? CountForecast{} : chances_.newcomers[group[i]];
        const auto come_mean = static_cast<double>(come.mean);
        if (come.size > 0 && come_mean > 0) {
          const auto mean = static_cast<float>(std::max(1e-6, come_mean * level));
          // What the factor explains is no variance of their own.
          const double own = 1 / static_cast<double>(come.size) - shared;
          const auto size = static_cast<float>(1 / std::max(own, 1e-6));
          reached += CountForecast{mean, size}.quantile(inner(uniform(random)));
        }
        if (!direct()) {
          // Who was counted as reached by those before, and is of the group, counts no more; what
          // they would pass on came with it.
          if (active[group[i]]) {
            added[i][run] = -weight(group[i]);
            together[run] += added[i][run];
            continue;
          }
          active[group[i]] = true;
          touched.push_back(group[i]);
        }
        queue.assign(1, group[i]);
        for (size_t at = 0; at < queue.size(); ++at) {
          for (const InfluenceArc& arc : arcs_of(queue[at])) {
            if (active[arc.receiver]) continue;
            const auto chance = static_cast<double>(arc.chance);
            bool moves = false;
            if (threshold) {
              if (pressed[arc.receiver] == 0) {
                bar[arc.receiver] = uniform(random);
                touched.push_back(arc.receiver);
              }
              pressed[arc.receiver] += chance;
              moves = pressed[arc.receiver] > bar[arc.receiver];
            } else {
              moves = uniform(random) < chance;
            }
            if (!moves) continue;
            active[arc.receiver] = true;
            touched.push_back(arc.receiver);
            reached += weight(arc.receiver);
            if (!direct()) queue.push_back(arc.receiver);
          }
        }
        together[run] += reached;
      }
      for (const uint32_t person : touched) {
        active[person] = false;
        if (threshold) pressed[person] = 0;
      }
      touched.clear();
    }
  });
  for (size_t i = 0; i < members; ++i) {
    out.members[i].marginal = range_of(out.members[i].marginal.value, added[i]);
  }
  out.people = range_of(out.people.value, together);
}

Result<GroupReach> ReachGraph::reach(std::span<const uint32_t> group, std::span<const double> cost,
                                     const SeedOptions& options, uint32_t outcomes,
                                     size_t nobody_else_max) const {
  GroupReach out;
  for (const uint32_t person : group) {
    if (person >= chances_.persons) {
      return Error{ErrorCode::kInvalidArgument, "a member of the group does not exist"};
    }
    GroupMember& member = out.members.emplace_back();
    member.person = person;
    member.cost = cost.empty() ? 1 : cost[person];
  }
  if (direct()) {
    reach_directly(group, out);
  } else {
    BW_TRY(reach_by_cascade(group, options, out));
  }
  draw(group, outcomes, options, out);
  for (GroupMember& member : out.members) {
    std::sort(member.nobody_else.begin(), member.nobody_else.end(),
              [](const Reached& a, const Reached& b) {
                return a.chance != b.chance ? a.chance > b.chance : a.person < b.person;
              });
    if (member.nobody_else.size() > nobody_else_max) member.nobody_else.resize(nobody_else_max);
  }
  std::sort(out.overlaps.begin(), out.overlaps.end(),
            [](const GroupOverlap& x, const GroupOverlap& y) {
              if (x.people != y.people) return x.people > y.people;
              return std::pair(x.a, x.b) < std::pair(y.a, y.b);
            });
  return out;
}

std::optional<std::pair<uint32_t, double>> ReachGraph::next(std::span<const uint32_t> group,
                                                            const std::vector<bool>& may) const {
  assert(direct());
  std::vector<double> missed(chances_.persons, 1);
  std::vector<bool> of_group(chances_.persons, false);
  for (const uint32_t person : group) {
    of_group[person] = true;
    for (const InfluenceArc& arc : arcs_of(person)) {
      missed[arc.receiver] *= 1 - static_cast<double>(arc.chance);
    }
  }
  std::optional<std::pair<uint32_t, double>> best;
  for (uint32_t person = 0; person < chances_.persons; ++person) {
    if (!may[person] || of_group[person]) continue;
    double gain = newcomers(person);
    for (const InfluenceArc& arc : arcs_of(person)) {
      gain += weight(arc.receiver) * static_cast<double>(arc.chance) * missed[arc.receiver];
    }
    if (gain > 0 && (!best || gain > best->second)) best = {person, gain};
  }
  return best;
}

Result<double> ReachGraph::people(std::span<const uint32_t> group,
                                  const SeedOptions& options) const {
  BW_ASSIGN(const GroupReach reached, reach(group, {}, options, 0, 0));
  return reached.people.value;
}

}  // namespace bellwether

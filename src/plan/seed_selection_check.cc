// SPDX-License-Identifier: Apache-2.0
#include "plan/seed_selection_check.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cmath>
#include <numbers>
#include <queue>

namespace bellwether {

namespace {

double unit(std::mt19937_64& random) {
  return std::uniform_real_distribution<double>(0, 1)(random);
}

}  // namespace

CheckedSpread check_spread(const CheckedGraph& graph, std::span<const uint32_t> seeds, int runs,
                           std::mt19937_64& random) {
  std::vector<std::vector<InfluenceArc>> from(graph.vertices);
  for (const InfluenceArc& arc : graph.arcs) from[arc.sender].push_back(arc);
  double sum = 0;
  double squares = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<bool> active(graph.vertices);
    std::vector<double> pressure(graph.vertices), threshold(graph.vertices);
    // A threshold is never 0: nobody becomes active of themselves.
    for (double& each : threshold) each = 1 - unit(random);
    std::queue<uint32_t> newly;
    double weight = 0;
    const auto activate = [&](uint32_t v) {
      active[v] = true;
      weight += graph.target_weight[v];
      newly.push(v);
    };
    for (const uint32_t v : seeds) activate(v);
    while (!newly.empty()) {
      const uint32_t sender = newly.front();
      newly.pop();
      for (const InfluenceArc& arc : from[sender]) {
        if (active[arc.receiver]) continue;
        if (graph.model == DiffusionModel::kIndependentCascade) {
          if (unit(random) < static_cast<double>(arc.chance)) activate(arc.receiver);
        } else {
          pressure[arc.receiver] += static_cast<double>(arc.chance);
          if (pressure[arc.receiver] >= threshold[arc.receiver]) activate(arc.receiver);
        }
      }
    }
    sum += weight;
    squares += weight * weight;
  }
  const double n = runs;
  const double mean = sum / n;
  return {mean, std::sqrt(std::max(0.0, squares / n - mean * mean) / n)};
}

CheckedWorlds::CheckedWorlds(const CheckedGraph& graph) : weight_(graph.target_weight) {
  assert(graph.vertices <= 32);
  // Choices that are made independently: each a set of alternatives, an alternative being an arc
  // that is live (none: arcs.size()) and its probability.
  struct Alternative {
    size_t arc;
    double probability;
  };
  std::vector<std::vector<Alternative>> choices;
  const size_t none = graph.arcs.size();
  if (graph.model == DiffusionModel::kIndependentCascade) {
    for (size_t i = 0; i < graph.arcs.size(); ++i) {
      const auto p = static_cast<double>(graph.arcs[i].chance);
      choices.push_back({{i, p}, {none, 1 - p}});
    }
  } else {
    for (uint32_t v = 0; v < graph.vertices; ++v) {
      std::vector<Alternative> choice;
      double left = 1;
      for (size_t i = 0; i < graph.arcs.size(); ++i) {
        if (graph.arcs[i].receiver != v) continue;
        choice.push_back({i, static_cast<double>(graph.arcs[i].chance)});
        left -= static_cast<double>(graph.arcs[i].chance);
      }
      choice.push_back({none, std::max(0.0, left)});
      choices.push_back(std::move(choice));
    }
  }
  std::vector<size_t> live;
  const std::function<void(size_t, double)> walk = [&](size_t i, double probability) {
    if (probability <= 0) return;
    if (i < choices.size()) {
      for (const Alternative& alternative : choices[i]) {
        if (alternative.arc != none) live.push_back(alternative.arc);
        walk(i + 1, probability * alternative.probability);
        if (alternative.arc != none) live.pop_back();
      }
      return;
    }
    World world{probability, std::vector<uint32_t>(graph.vertices)};
    for (uint32_t v = 0; v < graph.vertices; ++v) world.reached[v] = uint32_t{1} << v;
    for (bool changed = true; changed;) {
      changed = false;
      for (const size_t arc : live) {
        uint32_t& reached = world.reached[graph.arcs[arc].sender];
        const uint32_t more = reached | world.reached[graph.arcs[arc].receiver];
        changed = changed || more != reached;
        reached = more;
      }
    }
    worlds_.push_back(std::move(world));
  };
  walk(0, 1);
}

double CheckedWorlds::spread(uint32_t seeds) const {
  double sum = 0;
  for (const World& world : worlds_) {
    uint32_t reached = 0;
    for (uint32_t v = 0; v < weight_.size(); ++v) {
      if ((seeds >> v & 1) != 0) reached |= world.reached[v];
    }
    for (uint32_t v = 0; v < weight_.size(); ++v) {
      if ((reached >> v & 1) != 0) sum += world.probability * weight_[v];
    }
  }
  return sum;
}

bool check_allowed(const SeedQuestion& question, uint32_t vertices, uint32_t seeds) {
  if (std::popcount(seeds) > static_cast<int>(question.seeds_max)) return false;
  double cost = 0;
  for (uint32_t v = 0; v < vertices; ++v) {
    if ((seeds >> v & 1) != 0) cost += question.cost.empty() ? 1 : question.cost[v];
  }
  if (cost > question.budget * (1 + 1e-12)) return false;
  for (const uint32_t v : question.include) {
    if ((seeds >> v & 1) == 0) return false;
  }
  for (const uint32_t v : question.exclude) {
    if ((seeds >> v & 1) != 0) return false;
  }
  for (const SeedQuota& quota : question.quotas) {
    std::vector<uint32_t> of_group(quota.at_most.size());
    for (uint32_t v = 0; v < vertices; ++v) {
      if ((seeds >> v & 1) != 0 && quota.group[v] != kNoGroup) ++of_group[quota.group[v]];
    }
    for (size_t g = 0; g < of_group.size(); ++g) {
      if (of_group[g] > quota.at_most[g]) return false;
    }
  }
  return true;
}

double check_optimum(const CheckedGraph& graph, const CheckedWorlds& worlds,
                     const SeedQuestion& question) {
  double best = -1;
  for (uint32_t seeds = 0; seeds < (uint32_t{1} << graph.vertices); ++seeds) {
    if (check_allowed(question, graph.vertices, seeds)) {
      best = std::max(best, worlds.spread(seeds));
    }
  }
  return best;
}

PlainOpimC::PlainOpimC(uint32_t vertices, std::span<const PlainArc> arcs, DiffusionModel model)
    : vertices_(vertices), model_(model), begin_(size_t{vertices} + 1), senders_(arcs.size()) {
  for (const PlainArc& arc : arcs) ++begin_[size_t{arc.receiver} + 1];
  for (size_t v = 0; v < vertices; ++v) begin_[v + 1] += begin_[v];
  std::vector<uint64_t> next(begin_.begin(), begin_.end() - 1);
  for (const PlainArc& arc : arcs) senders_[next[arc.receiver]++] = arc.sender;
}

PlainOpimC::Outcome PlainOpimC::run(uint32_t k, double epsilon, double delta,
                                    uint64_t rng_seed) const {
  const double n = vertices_;
  const double kept = 1 - 1 / std::numbers::e;
  const double log_choose = std::lgamma(n + 1) - std::lgamma(k + 1.0) - std::lgamma(n - k + 1);
  const double root =
      kept * std::sqrt(std::log(6 / delta)) + std::sqrt(kept * (log_choose + std::log(6 / delta)));
  const double theta_max = 2 * n * root * root / (epsilon * epsilon * k);
  const double theta_0 = theta_max * epsilon * epsilon * k / n;
  const int rounds = static_cast<int>(std::ceil(std::log2(theta_max / theta_0)));
  const double a = std::log(3 * rounds / delta);

  struct Collection {
    std::vector<std::vector<uint32_t>> sets;
    std::vector<std::vector<uint32_t>> held_by;  // by vertex
  };
  std::mt19937_64 random(rng_seed);
  std::vector<bool> seen(vertices_);
  const auto uniform = [&] { return static_cast<double>(random() >> 11) * 0x1.0p-53; };
  const auto sample = [&](Collection& to) {
    std::vector<uint32_t> set{static_cast<uint32_t>(uniform() * n)};
    seen[set[0]] = true;
    for (size_t next = 0; next < set.size(); ++next) {
      const uint64_t begin = begin_[set[next]];
      const uint64_t end = begin_[set[next] + 1];
      if (begin == end) continue;
      const auto look = [&](uint64_t arc) {
        if (seen[senders_[arc]]) return;
        seen[senders_[arc]] = true;
        set.push_back(senders_[arc]);
      };
      const double degree = static_cast<double>(end - begin);
      if (model_ == DiffusionModel::kLinearThreshold) {
        look(begin + static_cast<uint64_t>(uniform() * degree));
        continue;
      }
      for (uint64_t arc = begin; arc < end; ++arc) {
        if (uniform() < 1 / degree) look(arc);
      }
    }
    for (const uint32_t v : set) {
      seen[v] = false;
      to.held_by[v].push_back(static_cast<uint32_t>(to.sets.size()));
    }
    to.sets.push_back(std::move(set));
  };

  Collection choosing{{}, std::vector<std::vector<uint32_t>>(vertices_)};
  Collection judging = choosing;
  Outcome outcome;
  for (int round = 1; round <= rounds; ++round) {
    const auto theta = static_cast<size_t>(std::ceil(theta_0 * std::exp2(round - 1)));
    while (choosing.sets.size() < theta) sample(choosing);
    while (judging.sets.size() < theta) sample(judging);

    std::vector<uint64_t> gain(vertices_);
    std::priority_queue<std::pair<uint64_t, uint32_t>> queue;
    for (uint32_t v = 0; v < vertices_; ++v) {
      gain[v] = choosing.held_by[v].size();
      queue.emplace(gain[v], v);
    }
    std::vector<bool> covered(theta);
    uint64_t sum = 0;
    uint64_t most = std::numeric_limits<uint64_t>::max();
    const auto bound = [&] {
      std::vector<uint64_t> top(gain);
      std::nth_element(top.begin(), top.begin() + k, top.end(), std::greater<>());
      uint64_t more = 0;
      for (uint32_t i = 0; i < k; ++i) more += top[i];
      most = std::min(most, sum + more);
    };
    bound();
    outcome.seeds.clear();
    while (outcome.seeds.size() < k) {
      const auto [was, v] = queue.top();
      queue.pop();
      if (was != gain[v]) {
        queue.emplace(gain[v], v);
        continue;
      }
      outcome.seeds.push_back(v);
      sum += gain[v];
      for (const uint32_t set : choosing.held_by[v]) {
        if (covered[set]) continue;
        covered[set] = true;
        for (const uint32_t u : choosing.sets[set]) --gain[u];
      }
      bound();
    }

    std::vector<bool> hit(theta);
    uint64_t judged = 0;
    for (const uint32_t v : outcome.seeds) {
      for (const uint32_t set : judging.held_by[v]) {
        judged += hit[set] ? 0 : 1;
        hit[set] = true;
      }
    }
    const double low_root = std::sqrt(static_cast<double>(judged) + 2 * a / 9) - std::sqrt(a / 2);
    const double low = low_root * low_root - a / 18;
    const double high_root = std::sqrt(static_cast<double>(most) + a / 2) + std::sqrt(a / 2);
    outcome.spread_low = low * n / static_cast<double>(theta);
    outcome.ratio = low / (high_root * high_root);
    outcome.rr_sets = 2 * theta;
    if (outcome.ratio >= kept - epsilon) break;
  }
  for (const Collection* each : {&choosing, &judging}) {
    for (const auto& set : each->sets) outcome.rr_members += set.size();
  }
  return outcome;
}

}  // namespace bellwether

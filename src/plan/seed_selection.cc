// SPDX-License-Identifier: Apache-2.0
#include "plan/seed_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cassert>
#include <cmath>
#include <functional>
#include <numbers>
#include <optional>
#include <tuple>

#include "base/parallel.h"
#include "plan/rr_sets.h"
#include "score/forecast.h"

namespace bellwether {

namespace {

constexpr double kGreedyRatio = 1 - 1 / std::numbers::e;
constexpr double kBudgetRatio = 0.405;
constexpr uint64_t kSetsMax = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kSetsEachMax = kSetsMax / 2;  // of a collection that grows
constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kChoosingStream = 0;
constexpr uint64_t kJudgingStream = 1;
constexpr size_t kVerticesAtOnce = 1 << 18;
// Members of RR sets that one thread passes over before another could have begun.
constexpr uint64_t kMembersAlone = 1 << 17;
// The grid of collection sizes: batches of the first, and the factor between neighbours. A finer
// grid stops nearer to what is needed and costs the bounds a logarithm.
constexpr double kGridFirst = 8;
constexpr double kGridFactor = 1.25;
// How far one leap may go: bounds from few sets are wide, and would ask for too many.
constexpr double kLeapMax = 2;
// Vertices that selection looks at first, for each that it may choose.
constexpr size_t kCandidatesPerSeed = 16;
constexpr size_t kCandidatesMin = 1024;
// So many sets without anybody who may be chosen, and it is not for want of sets.
constexpr uint64_t kSetsForNobody = 1 << 16;
// A sum of costs may round above a budget that it was meant to meet.
constexpr double kCostRounding = 1e-9;

// ---- bounds -------------------------------------------------------------------------------------

// Of the expected number of covered sets, from the number seen; each wrong with probability
// exp(-a). OPIM (2018), lemmas 4.2 and 4.3, by a martingale inequality.
double lower_bound_of(double covered, double a) {
  const double root = std::sqrt(covered + 2 * a / 9) - std::sqrt(a / 2);
  return root <= 0 ? 0 : std::max(0.0, root * root - a / 18);
}
double upper_bound_of(double covered, double a) {
  const double root = std::sqrt(covered + a / 2) + std::sqrt(a / 2);
  return root * root;
}

// For a pass over what is sampled already.
unsigned threads_for(const RrCollection& sets, unsigned threads) {
  return sets.members() < kMembersAlone ? 1 : threads;
}

double log_choose(double n, double k) {
  return log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1);
}

// Sizes of a collection, in batches, growing to OPIM-C's theta_max. All of them share delta.
class Grid {
 public:
  Grid(double sets_max) {
    const double batches_max = std::ceil(std::min(sets_max, static_cast<double>(kSetsEachMax)) /
                                         static_cast<double>(kRrBatchSets));
    for (double size = kGridFirst;; size = std::ceil(size * kGridFactor)) {
      sizes_.push_back(static_cast<uint64_t>(size));
      if (size >= batches_max) break;
    }
  }
  size_t size() const { return sizes_.size(); }
  uint64_t batches(size_t i) const { return sizes_[i]; }
  double sets(size_t i) const { return static_cast<double>(sizes_[i] * kRrBatchSets); }

 private:
  std::vector<uint64_t> sizes_;
};

// ---- the question, checked ----------------------------------------------------------------------

struct Question {
  const SeedQuestion& asked;
  uint32_t vertices;
  bool has_budget;
  std::vector<uint8_t> is_included;  // by vertex; empty: none
  std::vector<uint8_t> is_closed;    // by vertex: may not be chosen; empty: all may
  uint32_t seats = 0;                // beside those to include
  double purse = 0;                  // what is left of the budget beside those, with its rounding
  std::vector<std::vector<uint32_t>> room;  // by quota, by group: beside those to include

  double cost(uint32_t v) const { return asked.cost.empty() ? 1 : asked.cost[v]; }
  bool may_choose(uint32_t v) const {
    return (is_closed.empty() || is_closed[v] == 0) && (is_included.empty() || is_included[v] == 0);
  }
  double weight(uint32_t v) const {
    return asked.target_weight.empty() ? 1 : asked.target_weight[v];
  }
};

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Result<void> check_by_vertex(const char* what, std::span<const double> values, uint32_t vertices) {
  if (values.empty()) return {};
  if (values.size() != vertices) {
    return invalid(fmt::format("there are {} {}s for {} vertices: give one for each, or none",
                               values.size(), what, vertices));
  }
  for (size_t v = 0; v < values.size(); ++v) {
    if (!(values[v] >= 0 && std::isfinite(values[v]))) {
      return invalid(fmt::format("the {} of vertex {} is {}: give a finite one of at least 0", what,
                                 v, values[v]));
    }
  }
  return {};
}

Result<void> check_targets(const SeedQuestion& asked, uint32_t vertices) {
  BW_TRY(check_by_vertex("target weight", asked.target_weight, vertices));
  double sum = asked.target_weight.empty() ? vertices : 0;
  for (const double weight : asked.target_weight) sum += weight;
  if (!(sum > 0 && std::isfinite(sum))) {
    return invalid(
        "no target has a weight above 0, or their sum is no number: nobody is there to be reached");
  }
  return check_by_vertex("cost", asked.cost, vertices);
}

Result<void> check_options(const SeedOptions& options) {
  if (!(options.epsilon > 0 && options.epsilon < kGreedyRatio)) {
    return invalid(
        fmt::format("epsilon is {}: give one above 0 and below 1 - 1/e", options.epsilon));
  }
  if (!(options.delta >= 0 && options.delta < 1)) {
    return invalid(
        fmt::format("delta is {}: give one above 0 and below 1, or 0 for one over the "
                    "number of vertices",
                    options.delta));
  }
  if (!(options.mass > 0 && options.mass < 1)) {
    return invalid(
        fmt::format("the mass of intervals is {}: give one above 0 and below 1", options.mass));
  }
  if (options.threads == 0) return invalid("threads is 0: give at least 1");
  if (options.rr_sets_min > kSetsEachMax) {
    return invalid(fmt::format("at least {} RR sets are asked for: {} is the most",
                               options.rr_sets_min, kSetsEachMax));
  }
  return {};
}

Result<Question> check_question(const SeedQuestion& asked, uint32_t vertices) {
  BW_TRY(check_targets(asked, vertices));
  if (asked.seeds_max == 0) return invalid("seeds_max is 0: ask for at least 1");
  if (!(asked.budget >= 0)) {
    return invalid(fmt::format("the budget is {}: give one of at least 0", asked.budget));
  }
  Question question{asked, vertices, std::isfinite(asked.budget), {}, {}, 0, 0, {}};
  for (const SeedQuota& quota : asked.quotas) {
    if (quota.group.size() != vertices) {
      return invalid(fmt::format("a quota has {} groups for {} vertices: give one for each",
                                 quota.group.size(), vertices));
    }
    for (size_t v = 0; v < vertices; ++v) {
      if (quota.group[v] != kNoGroup && quota.group[v] >= quota.at_most.size()) {
        return invalid(fmt::format("vertex {} is of group {}, of {} with a quota", v,
                                   quota.group[v], quota.at_most.size()));
      }
    }
    question.room.emplace_back(quota.at_most.begin(), quota.at_most.end());
  }
  if (!asked.exclude.empty()) question.is_closed.resize(vertices);
  for (const uint32_t v : asked.exclude) {
    if (v >= vertices) return invalid(fmt::format("vertex {}, to exclude, does not exist", v));
    question.is_closed[v] = 1;
  }
  if (!asked.include.empty()) question.is_included.resize(vertices);
  double spent = 0;
  for (const uint32_t v : asked.include) {
    if (v >= vertices) return invalid(fmt::format("vertex {}, to include, does not exist", v));
    if (question.is_included[v] != 0) {
      return invalid(fmt::format("vertex {} is to be included twice", v));
    }
    if (!question.is_closed.empty() && question.is_closed[v] != 0) {
      return invalid(fmt::format("vertex {} is to be included and excluded: choose one", v));
    }
    question.is_included[v] = 1;
    spent += question.cost(v);
    for (size_t q = 0; q < asked.quotas.size(); ++q) {
      const uint32_t group = asked.quotas[q].group[v];
      if (group == kNoGroup) continue;
      if (question.room[q][group] == 0) {
        return invalid(fmt::format("more of group {} are to be included than its quota of {}",
                                   group, asked.quotas[q].at_most[group]));
      }
      --question.room[q][group];
    }
  }
  if (asked.include.size() > asked.seeds_max) {
    return invalid(fmt::format("{} are to be included, but at most {} chosen", asked.include.size(),
                               asked.seeds_max));
  }
  question.seats =
      std::min(asked.seeds_max, vertices) - static_cast<uint32_t>(asked.include.size());
  if (question.has_budget) {
    const double rounding = kCostRounding * asked.budget;
    question.purse = asked.budget - spent + rounding;
    if (question.purse < 0) {
      return invalid(
          fmt::format("those to include cost {}, more than the budget of {}", spent, asked.budget));
    }
    question.is_closed.resize(vertices);
    for (uint32_t v = 0; v < vertices; ++v) {
      if (question.cost(v) > question.purse) question.is_closed[v] = 1;
    }
  }
  for (size_t q = 0; q < asked.quotas.size(); ++q) {
    question.is_closed.resize(vertices);
    for (uint32_t v = 0; v < vertices; ++v) {
      const uint32_t group = asked.quotas[q].group[v];
      if (group != kNoGroup && question.room[q][group] == 0) question.is_closed[v] = 1;
    }
  }
  if (asked.include.empty()) {
    bool any = question.is_closed.empty();
    for (uint32_t v = 0; v < vertices && !any; ++v) any = question.may_choose(v);
    if (!any) {
      return invalid(
          "nobody may be chosen: each is excluded, costs more than the budget, or is of a group of "
          "which none may be");
    }
  }
  return question;
}

double ratio_of_greedy(const Question& question) {
  const bool has_quota = !question.asked.quotas.empty();
  const bool has_seats = question.asked.seeds_max < question.vertices;
  if (question.has_budget) return has_quota || has_seats ? 0 : kBudgetRatio;
  return has_quota ? 1 / static_cast<double>(question.asked.quotas.size() + 1) : kGreedyRatio;
}

// ---- greedy -------------------------------------------------------------------------------------

enum class Order : uint8_t { kByGain, kByGainPerCost };

struct Choice {
  std::vector<uint32_t> seeds;  // those to include first
  double covered = 0;           // sets of the choosing collection
  double most = 0;              // no choice within the constraints covers more
};

// The choosing collection, cut down to the vertices that matter: all others are in fewer than
// `threshold` sets. Marginals only fall, so as long as the best candidate has as many, nobody else
// is better, and nobody else is worth more than threshold - 1 to a bound.
class Cover {
 public:
  Cover(const Question& question, const RrCollection& sets, std::span<const uint32_t> coverage,
        uint32_t threshold, unsigned threads);

  // Nothing where the candidates did not suffice: then a lower threshold is needed. With a
  // threshold of 1 they always do.
  std::optional<Choice> choose(Order order) const;

 private:
  struct State {
    std::vector<uint32_t> gain;    // by candidate: uncovered sets that hold it
    std::vector<uint8_t> covered;  // by set
    std::vector<uint8_t> chosen;   // by candidate
    uint64_t sum = 0;
  };
  struct Item {
    double key;
    uint32_t candidate;
    // So that the top of a heap is the largest key and among these the smallest vertex.
    bool operator<(const Item& other) const {
      return key != other.key ? key < other.key : candidate > other.candidate;
    }
  };

  double key(Order order, double gain, uint32_t candidate) const {
    if (order == Order::kByGain) return gain;
    const double cost = question_.cost(vertex_[candidate]);
    return cost > 0 ? gain / cost : std::numeric_limits<double>::infinity();
  }
  // Room to work in, kept from step to step.
  struct Spare {
    std::vector<Item> heap;
    std::vector<uint32_t> gains;
  };
  bool is_open(const State& state, uint32_t candidate) const {
    return state.chosen[candidate] == 0 && state.gain[candidate] > 0 &&
           question_.may_choose(vertex_[candidate]);
  }
  void take(State& state, uint32_t candidate) const;
  double bound(const State& state, Spare& spare) const;
  double bound_by_seats(const State& state, Spare& spare) const;
  double bound_by_quota(const State& state, Spare& spare, size_t quota) const;
  double bound_by_budget(const State& state, Spare& spare) const;
  void fill(const State& state, Order order, std::vector<Item>& heap) const;

  const Question& question_;
  uint32_t threshold_;
  std::vector<uint32_t> vertex_;      // by candidate, ascending
  std::vector<uint32_t> gain_;        // by candidate: sets that hold it
  std::vector<uint32_t> included_;    // candidates, in the order asked for
  std::vector<uint64_t> set_begin_;   // by set, and the end; sets without candidates are left out
  std::vector<uint32_t> set_member_;  // candidates
  std::vector<uint64_t> held_begin_;  // by candidate, and the end
  std::vector<uint32_t> held_by_;     // sets
};

Cover::Cover(const Question& question, const RrCollection& sets, std::span<const uint32_t> coverage,
             uint32_t threshold, unsigned threads)
    : question_(question), threshold_(threshold) {
  const uint32_t n = question.vertices;
  std::vector<uint64_t> is_candidate(n / 64 + 1);
  std::vector<uint32_t> candidate_of(n);
  for (uint32_t v = 0; v < n; ++v) {
    const bool included = !question.is_included.empty() && question.is_included[v] != 0;
    if (!included && (coverage[v] < threshold || !question.may_choose(v))) continue;
    is_candidate[v >> 6] |= uint64_t{1} << (v & 63);
    candidate_of[v] = static_cast<uint32_t>(vertex_.size());
    vertex_.push_back(v);
    gain_.push_back(coverage[v]);
  }
  for (const uint32_t v : question.asked.include) included_.push_back(candidate_of[v]);

  struct Part {
    std::vector<uint32_t> members;
    std::vector<uint64_t> ends;
  };
  const auto batches = sets.batches();
  std::vector<Part> parts(batches.size());
  parallel_for(batches.size(), 1, threads_for(sets, threads), [&](size_t first, size_t last) {
    for (size_t b = first; b < last; ++b) {
      Part& part = parts[b];
      size_t begin = 0;
      for (const uint64_t end : batches[b].ends) {
        const size_t had = part.members.size();
        for (size_t i = begin; i < end; ++i) {
          const uint32_t v = batches[b].members[i];
          if ((is_candidate[v >> 6] >> (v & 63) & 1) != 0) part.members.push_back(candidate_of[v]);
        }
        if (part.members.size() != had) part.ends.push_back(part.members.size());
        begin = end;
      }
    }
  });
  set_begin_.push_back(0);
  for (Part& part : parts) {
    const uint64_t base = set_member_.size();
    set_member_.insert(set_member_.end(), part.members.begin(), part.members.end());
    for (const uint64_t end : part.ends) set_begin_.push_back(base + end);
    part = {};
  }
  held_begin_.assign(vertex_.size() + 1, 0);
  for (size_t c = 0; c < vertex_.size(); ++c) held_begin_[c + 1] = held_begin_[c] + gain_[c];
  held_by_.resize(set_member_.size());
  std::vector<uint64_t> next(held_begin_.begin(), held_begin_.end() - 1);
  for (size_t s = 0; s + 1 < set_begin_.size(); ++s) {
    for (uint64_t i = set_begin_[s]; i < set_begin_[s + 1]; ++i) {
      held_by_[next[set_member_[i]]++] = static_cast<uint32_t>(s);
    }
  }
}

void Cover::take(State& state, uint32_t candidate) const {
  state.chosen[candidate] = 1;
  state.sum += state.gain[candidate];
  for (uint64_t h = held_begin_[candidate]; h < held_begin_[candidate + 1]; ++h) {
    const uint32_t set = held_by_[h];
    if (state.covered[set] != 0) continue;
    state.covered[set] = 1;
    for (uint64_t i = set_begin_[set]; i < set_begin_[set + 1]; ++i) --state.gain[set_member_[i]];
  }
}

void Cover::fill(const State& state, Order order, std::vector<Item>& heap) const {
  heap.clear();
  for (uint32_t c = 0; c < vertex_.size(); ++c) {
    if (is_open(state, c)) heap.push_back({key(order, state.gain[c], c), c});
  }
  std::make_heap(heap.begin(), heap.end());
}

// What the seats can add at most: the largest gains.
double Cover::bound_by_seats(const State& state, Spare& spare) const {
  std::vector<uint32_t>& gains = spare.gains;
  gains.clear();
  for (uint32_t c = 0; c < vertex_.size(); ++c) {
    if (state.gain[c] >= threshold_ && is_open(state, c)) gains.push_back(state.gain[c]);
  }
  const size_t seats = question_.seats;
  if (gains.size() > seats) {
    std::nth_element(gains.begin(), gains.begin() + static_cast<ptrdiff_t>(seats), gains.end(),
                     std::greater<>());
    gains.resize(seats);
  }
  uint64_t sum = (seats - gains.size()) * (uint64_t{threshold_} - 1);
  for (const uint32_t gain : gains) sum += gain;
  return static_cast<double>(sum);
}

// The same where a row of quotas has to be kept. All that are in any set are candidates then.
double Cover::bound_by_quota(const State& state, Spare& spare, size_t quota) const {
  assert(threshold_ == 1);
  std::vector<Item>& heap = spare.heap;
  fill(state, Order::kByGain, heap);
  std::vector<uint32_t> room = question_.room[quota];
  uint32_t seats = question_.seats;
  double sum = 0;
  for (auto end = heap.end(); end != heap.begin() && seats > 0; --end) {
    const Item top = heap.front();
    std::pop_heap(heap.begin(), end);
    const uint32_t group = question_.asked.quotas[quota].group[vertex_[top.candidate]];
    if (group != kNoGroup) {
      if (room[group] == 0) continue;
      --room[group];
    }
    sum += top.key;
    --seats;
  }
  return sum;
}

// What the purse can buy at most, were everybody to be had in part.
double Cover::bound_by_budget(const State& state, Spare& spare) const {
  assert(threshold_ == 1);
  std::vector<Item>& heap = spare.heap;
  fill(state, Order::kByGainPerCost, heap);
  double purse = question_.purse;
  double sum = 0;
  for (auto end = heap.end(); end != heap.begin(); --end) {
    const Item top = heap.front();
    std::pop_heap(heap.begin(), end);
    const double cost = question_.cost(vertex_[top.candidate]);
    const double gain = state.gain[top.candidate];
    if (cost > purse) return sum + gain * (purse / cost);
    sum += gain;
    purse -= cost;
  }
  return sum;
}

double Cover::bound(const State& state, Spare& spare) const {
  double most = std::numeric_limits<double>::infinity();
  if (question_.room.empty()) most = bound_by_seats(state, spare);
  for (size_t q = 0; q < question_.room.size(); ++q) {
    most = std::min(most, bound_by_quota(state, spare, q));
  }
  if (question_.has_budget) most = std::min(most, bound_by_budget(state, spare));
  return static_cast<double>(state.sum) + most;
}

std::optional<Choice> Cover::choose(Order order) const {
  State state{gain_, std::vector<uint8_t>(set_begin_.size() - 1),
              std::vector<uint8_t>(vertex_.size()), 0};
  Choice choice;
  for (const uint32_t c : included_) {
    take(state, c);
    choice.seeds.push_back(vertex_[c]);
  }
  auto room = question_.room;
  double purse = question_.purse;
  uint32_t seats = question_.seats;
  const auto fits = [&](uint32_t v) {
    if (question_.has_budget && question_.cost(v) > purse) return false;
    for (size_t q = 0; q < room.size(); ++q) {
      const uint32_t group = question_.asked.quotas[q].group[v];
      if (group != kNoGroup && room[q][group] == 0) return false;
    }
    return true;
  };

  Spare spare;
  choice.most = bound(state, spare);
  // A bound at each step would be the best; where a step adds little it changes little.
  const double step = vertex_.size() < (1 << 16) ? 1.0 / 16 : 1.0 / 8;
  auto bound_at = static_cast<double>(state.sum);
  std::vector<Item> heap;
  fill(state, order, heap);
  while (seats > 0) {
    uint32_t best = kNone;
    while (!heap.empty()) {
      std::pop_heap(heap.begin(), heap.end());
      const Item top = heap.back();
      heap.pop_back();
      // What does not fit now never will again: rooms and purse only shrink.
      if (state.gain[top.candidate] == 0 || !fits(vertex_[top.candidate])) continue;
      const double now = key(order, state.gain[top.candidate], top.candidate);
      if (now == top.key) {
        best = top.candidate;
        break;
      }
      heap.push_back({now, top.candidate});
      std::push_heap(heap.begin(), heap.end());
    }
    if (threshold_ > 1 && (best == kNone || state.gain[best] < threshold_)) return std::nullopt;
    if (best == kNone) break;
    take(state, best);
    const uint32_t v = vertex_[best];
    choice.seeds.push_back(v);
    --seats;
    if (question_.has_budget) purse -= question_.cost(v);
    for (size_t q = 0; q < room.size(); ++q) {
      const uint32_t group = question_.asked.quotas[q].group[v];
      if (group != kNoGroup) --room[q][group];
    }
    const auto sum = static_cast<double>(state.sum);
    if (sum >= bound_at * (1 + step)) {
      choice.most = std::min(choice.most, bound(state, spare));
      bound_at = sum;
    }
  }
  choice.most = std::min(choice.most, bound(state, spare));
  choice.covered = static_cast<double>(state.sum);
  return choice;
}

// The best choice that greedy makes by what the collection shows.
Choice choose(const Question& question, const RrCollection& sets, unsigned threads) {
  const uint32_t n = question.vertices;
  std::vector<uint32_t> coverage(n);
  parallel_for(n, kVerticesAtOnce, threads, [&](size_t first, size_t last) {
    sets.coverage(static_cast<uint32_t>(first), static_cast<uint32_t>(last), &coverage[first]);
  });
  uint32_t threshold = 1;
  if (!question.has_budget && question.room.empty()) {
    // Few are in many sets, so the least coverage of the first so many is found from above.
    constexpr uint32_t kCounted = 1 << 16;
    std::vector<uint32_t> vertices_with(kCounted);
    for (const uint32_t count : coverage) ++vertices_with[std::min(count, kCounted - 1)];
    const size_t wanted = std::max(kCandidatesMin, kCandidatesPerSeed * question.seats);
    size_t have = 0;
    threshold = kCounted;
    while (threshold > 1 && have < wanted) have += vertices_with[--threshold];
  }
  for (;; threshold = std::max(1U, threshold / 4)) {
    const Cover cover(question, sets, coverage, threshold, threads);
    std::optional<Choice> choice = cover.choose(Order::kByGain);
    if (!choice) continue;
    if (question.has_budget) {
      // By gain first comes the best single one, which the guarantee for budgets needs.
      std::optional<Choice> other = cover.choose(Order::kByGainPerCost);
      const double most = std::min(choice->most, other->most);
      if (other->covered > choice->covered) choice = std::move(other);
      choice->most = most;
    }
    return std::move(*choice);
  }
}

// ---- judging ------------------------------------------------------------------------------------

// Which of the seeds are in which sets.
struct Hits {
  std::vector<uint32_t> seeds;  // set after set, positions ascending; sets without any are left out
  std::vector<uint64_t> ends;
};

class SeedMarks {
 public:
  SeedMarks(uint32_t vertices, std::span<const uint32_t> seeds) : marks_(vertices / 64 + 1) {
    for (const uint32_t v : seeds) marks_[v >> 6] |= uint64_t{1} << (v & 63);
  }
  bool has(uint32_t v) const { return (marks_[v >> 6] >> (v & 63) & 1) != 0; }

 private:
  std::vector<uint64_t> marks_;
};

uint64_t count_covered(const RrCollection& sets, const SeedMarks& marks, unsigned threads) {
  const auto batches = sets.batches();
  std::vector<uint32_t> covered(batches.size());
  parallel_for(batches.size(), 1, threads_for(sets, threads), [&](size_t first, size_t last) {
    for (size_t b = first; b < last; ++b) {
      for (size_t i = 0; i < batches[b].ends.size(); ++i) {
        for (const uint32_t v : batches[b].set(i)) {
          if (marks.has(v)) {
            ++covered[b];
            break;
          }
        }
      }
    }
  });
  uint64_t sum = 0;
  for (const uint32_t each : covered) sum += each;
  return sum;
}

// Not in the long double that boost would take for safety: at ten times the time it changes nothing
// that an interval could show.
using InDouble = boost::math::policies::policy<boost::math::policies::promote_double<false>>;

SpreadEstimate estimate(uint64_t covered, uint64_t sets, double total, double mass) {
  const auto x = static_cast<double>(covered);
  const auto n = static_cast<double>(sets);
  const double tail = (1 - mass) / 2;
  SpreadEstimate spread{total * (x / n), 0, total};
  // At the ends Jeffreys' interval is widened to them, as its authors advise.
  if (covered > 0) {
    spread.low = std::min(spread.value,
                          total * boost::math::ibeta_inv(x + 0.5, n - x + 0.5, tail, InDouble()));
  }
  if (covered < sets) {
    spread.high = std::max(spread.value,
                           total * boost::math::ibetac_inv(x + 0.5, n - x + 0.5, tail, InDouble()));
  }
  return spread;
}

SeedReport judge(const RrCollection& sets, std::span<const uint32_t> seeds, size_t included,
                 const SeedQuestion& asked, const Targets& targets, uint32_t vertices,
                 const SeedOptions& options) {
  const SeedMarks marks(vertices, seeds);
  std::vector<std::pair<uint32_t, uint32_t>> place(seeds.size());  // (vertex, position)
  for (uint32_t i = 0; i < seeds.size(); ++i) place[i] = {seeds[i], i};
  std::sort(place.begin(), place.end());

  const auto batches = sets.batches();
  std::vector<Hits> hits(batches.size());
  parallel_for(
      batches.size(), 1, threads_for(sets, options.threads), [&](size_t first, size_t last) {
        std::vector<uint32_t> found;
        for (size_t b = first; b < last; ++b) {
          for (size_t i = 0; i < batches[b].ends.size(); ++i) {
            found.clear();
            for (const uint32_t v : batches[b].set(i)) {
              if (!marks.has(v)) continue;
              found.push_back(
                  std::lower_bound(place.begin(), place.end(), std::pair<uint32_t, uint32_t>{v, 0})
                      ->second);
            }
            if (found.empty()) continue;
            std::sort(found.begin(), found.end());
            hits[b].seeds.insert(hits[b].seeds.end(), found.begin(), found.end());
            hits[b].ends.push_back(hits[b].seeds.size());
          }
        }
      });

  std::vector<uint64_t> alone(seeds.size()), marginal(seeds.size()), only(seeds.size());
  boost::unordered_flat_map<uint64_t, uint64_t> both;  // by the two positions, 32 bits each
  uint64_t covered = 0;
  for (const Hits& part : hits) {
    uint64_t begin = 0;
    for (const uint64_t end : part.ends) {
      ++covered;
      ++marginal[part.seeds[begin]];
      if (end - begin == 1) ++only[part.seeds[begin]];
      for (uint64_t i = begin; i < end; ++i) {
        ++alone[part.seeds[i]];
        for (uint64_t j = i + 1; j < end; ++j) {
          ++both[uint64_t{part.seeds[i]} << 32 | part.seeds[j]];
        }
      }
      begin = end;
    }
  }

  SeedReport report;
  report.rr_sets = sets.sets();
  report.target_total = targets.total();
  const auto spread = [&](uint64_t count) {
    return estimate(count, sets.sets(), targets.total(), options.mass);
  };
  report.spread = spread(covered);
  for (size_t i = 0; i < seeds.size(); ++i) {
    report.seeds.push_back({seeds[i], i < included, asked.cost.empty() ? 1 : asked.cost[seeds[i]],
                            spread(alone[i]), spread(marginal[i]), spread(only[i])});
  }
  for (const auto& [pair, count] : both) {
    report.overlaps.push_back(
        {static_cast<uint32_t>(pair >> 32), static_cast<uint32_t>(pair),
         targets.total() * (static_cast<double>(count) / static_cast<double>(sets.sets()))});
  }
  std::sort(report.overlaps.begin(), report.overlaps.end(),
            [](const SeedOverlap& a, const SeedOverlap& b) {
              return std::tuple(-a.spread, a.a, a.b) < std::tuple(-b.spread, b.a, b.b);
            });
  return report;
}

Targets targets_of(const SeedQuestion& asked, uint32_t vertices) {
  return asked.target_weight.empty() ? Targets(vertices) : Targets(asked.target_weight);
}

// What some group within the constraints reaches at least, for its seeds count themselves: by this
// theta_max is found. Where a budget or quotas say who goes with whom, the best single one.
double least_optimum(const Question& question) {
  double sum = 0;
  for (const uint32_t v : question.asked.include) sum += question.weight(v);
  if (question.asked.target_weight.empty()) {
    if (question.has_budget || !question.room.empty()) return std::max(sum, 1.0);
    return sum + question.seats;
  }
  std::vector<double> weight;
  for (uint32_t v = 0; v < question.vertices; ++v) {
    if (question.may_choose(v)) weight.push_back(question.weight(v));
  }
  const bool free = !question.has_budget && question.room.empty();
  const size_t seats = std::min<size_t>(weight.size(), free ? question.seats : 1);
  std::nth_element(weight.begin(), weight.begin() + static_cast<ptrdiff_t>(seats), weight.end(),
                   std::greater<>());
  for (size_t i = 0; i < std::min<size_t>(seats, question.seats); ++i) sum += weight[i];
  return sum;
}

}  // namespace

Result<SeedSelection> select_seeds(const InfluenceGraph& graph, const SeedQuestion& asked,
                                   const SeedOptions& options) {
  BW_TRY(check_options(options));
  BW_ASSIGN(const Question question, check_question(asked, graph.vertices()));
  const auto n = static_cast<double>(graph.vertices());
  const Targets targets = targets_of(asked, graph.vertices());

  SeedSelection selection;
  selection.delta = options.delta > 0 ? options.delta : std::min(0.5, 1 / n);
  selection.ratio_wanted = kGreedyRatio - options.epsilon;
  selection.ratio_of_greedy = ratio_of_greedy(question);

  // OPIM-C's theta_max, at which greedy under "at most k" has the ratio with probability 1 - delta.
  const double k = std::min(n, static_cast<double>(asked.seeds_max));
  const double log_delta = std::log(6 / selection.delta);
  const double root = kGreedyRatio * std::sqrt(log_delta) +
                      std::sqrt(kGreedyRatio * (log_choose(n, k) + log_delta));
  // Where those who may be chosen weigh nothing themselves, as much as the mean target.
  const double optimum_least = std::max(least_optimum(question), targets.total() / n);
  const double sets_max =
      2 * targets.total() * root * root / (options.epsilon * options.epsilon * optimum_least);
  const Grid grid(std::max(sets_max, static_cast<double>(options.rr_sets_min)));
  // Three bounds at each size of the grid may fail.
  const double a = std::log(3 * static_cast<double>(grid.size()) / selection.delta);

  RrCollection choosing(graph, targets, options.rng_seed, kChoosingStream, true);
  RrCollection judging(graph, targets, options.rng_seed, kJudgingStream, false);
  size_t at = 0;
  while (at + 1 < grid.size() && grid.sets(at) < static_cast<double>(options.rr_sets_min)) ++at;
  for (;;) {
    choosing.grow_to(grid.batches(at), options.threads);
    judging.grow_to(grid.batches(at), options.threads);
    const Choice choice = choose(question, choosing, options.threads);
    const double covered = static_cast<double>(
        count_covered(judging, SeedMarks(graph.vertices(), choice.seeds), options.threads));
    ++selection.rounds;

    const double unit = targets.total() / grid.sets(at);
    double seeds_weight = 0;
    for (const uint32_t v : choice.seeds) seeds_weight += question.weight(v);
    seeds_weight = std::min(seeds_weight, targets.total());
    selection.spread_low = std::max(seeds_weight, unit * lower_bound_of(covered, a));
    selection.spread_high = std::max(selection.spread_low,
                                     std::min(targets.total(), unit * upper_bound_of(covered, a)));
    selection.optimum_high = std::max(
        selection.spread_low, std::min(targets.total(), unit * upper_bound_of(choice.most, a)));
    selection.ratio = selection.spread_low / selection.optimum_high;

    const double shown = choice.covered / choice.most;
    bool done = true;
    if (selection.ratio >= selection.ratio_wanted) {
      selection.end = SelectionEnd::kCertified;
    } else if (choice.most > 0 && selection.ratio >= shown * (1 - options.epsilon)) {
      selection.end = SelectionEnd::kGreedyIsFar;
    } else if (choice.most == 0 && choosing.sets() >= kSetsForNobody) {
      selection.end = SelectionEnd::kNobodyReaches;
    } else if (at + 1 == grid.size()) {
      selection.end = SelectionEnd::kSetsExhausted;
    } else {
      // The first size at which the same shares would do.
      size_t next = at + 1;
      while (next + 1 < grid.size() && grid.sets(next + 1) <= kLeapMax * grid.sets(at)) {
        const double more = grid.sets(next) / grid.sets(at);
        if (lower_bound_of(covered * more, a) / upper_bound_of(choice.most * more, a) >=
            selection.ratio_wanted) {
          break;
        }
        ++next;
      }
      const double members = static_cast<double>(choosing.members() + judging.members());
      done =
          members * grid.sets(next) / grid.sets(at) > static_cast<double>(options.rr_members_max);
      selection.end = SelectionEnd::kMembersMax;
      if (!done) at = next;
    }
    if (!done) continue;
    selection.report = judge(judging, choice.seeds, asked.include.size(), asked, targets,
                             graph.vertices(), options);
    for (const Seed& seed : selection.report.seeds) selection.cost += seed.cost;
    selection.rr_sets = choosing.sets() + judging.sets();
    selection.rr_members = choosing.members() + judging.members();
    return selection;
  }
}

Result<SeedReport> report_seeds(const InfluenceGraph& graph, std::span<const uint32_t> seeds,
                                const SeedQuestion& asked, uint64_t rr_sets,
                                const SeedOptions& options) {
  BW_TRY(check_options(options));
  BW_TRY(check_targets(asked, graph.vertices()));
  if (seeds.empty()) return invalid("there are no seeds to report on");
  std::vector<uint32_t> sorted(seeds.begin(), seeds.end());
  std::sort(sorted.begin(), sorted.end());
  if (sorted.back() >= graph.vertices()) {
    return invalid(fmt::format("seed {} does not exist", sorted.back()));
  }
  if (const auto twice = std::adjacent_find(sorted.begin(), sorted.end()); twice != sorted.end()) {
    return invalid(fmt::format("seed {} is given twice", *twice));
  }
  if (rr_sets == 0 || rr_sets > kSetsMax) {
    return invalid(fmt::format("{} RR sets are asked for: give 1 to {}", rr_sets, kSetsMax));
  }
  const Targets targets = targets_of(asked, graph.vertices());
  RrCollection judging(graph, targets, options.rng_seed, kJudgingStream, false);
  judging.grow_to((rr_sets + kRrBatchSets - 1) / kRrBatchSets, options.threads);
  return judge(judging, seeds, 0, asked, targets, graph.vertices(), options);
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The group that reaches the most, and a certificate of how near it is to the best there could be.
//
// Greedy selection over reverse-reachable sets (rr_sets.h), stopped by OPIM-C (Tang, Tang, Xiao and
// Yuan, SIGMOD 2018): one collection of RR sets chooses, a second, independent one judges. From the
// second comes a lower bound of the chosen group's spread, from the first an upper bound of the
// best group's (OPIM-C+: the least, over the steps of greedy, of what is covered plus the most that
// the constraints leave room for). Their quotient is certified. Collections grow until it is what
// was wanted, along a fixed grid of sizes over which the failure probability is divided; so sizes
// may be leapt over without harm to it.
//
// The certificate holds a posteriori, for the constraints that were asked for, because the room
// that is left is bounded under them: the largest marginal spreads (at most k), the largest per
// group (quotas), as much as the budget buys of the best per cost, the last one in part (budget);
// the least where there are several. What greedy is known to reach beforehand is another matter:
//   at most k                       1 - 1/e          (Nemhauser, Wolsey and Fisher 1978)
//   at most k, p rows of quotas     1 / (p + 1)      (Fisher, Nemhauser and Wolsey 1978)
//   budget                          0.405            (Tang, Tang, Lim, Han, Li and Yuan,
//                                                     SIGMETRICS 2021)
//   budget with k or quotas         nothing is stated; the certificate is all there is
// Must-include and must-exclude change none of these.
//
// Spread is the expected weight of the targets that become active under the model and its chances,
// the seeds' own included. It is not reach (people seen to be moved), and no better than the
// chances.
#pragma once
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "base/result.h"
#include "plan/influence_graph.h"

namespace bellwether {

inline constexpr uint32_t kNoGroup = std::numeric_limits<uint32_t>::max();

// A row of quotas: every vertex is of one group at most, and of each group only so many are chosen.
struct SeedQuota {
  std::span<const uint32_t> group;    // by vertex; kNoGroup: of none, not limited
  std::span<const uint32_t> at_most;  // by group
};

// What is asked for. Borrowed for the call.
struct SeedQuestion {
  uint32_t seeds_max = 0;  // at least 1, those to include counted
  // What the seeds may cost together, those to include counted; at least 0. Infinite: no budget.
  double budget = std::numeric_limits<double>::infinity();
  std::span<const double> cost{};  // by vertex, finite, at least 0; empty: 1 each
  // By vertex, finite, at least 0; empty: 1 each. To reach whoever weighs 0 counts nothing, as of
  // people already reached.
  std::span<const double> target_weight{};
  std::span<const uint32_t> include{};  // vertices; each is chosen, and counts everywhere
  std::span<const uint32_t> exclude{};  // vertices; never chosen, but may pass on and be reached
  std::span<const SeedQuota> quotas{};  // empty: none
};

struct SeedOptions {
  double epsilon = 0.1;  // the ratio wanted is 1 - 1/e - epsilon; (0, 1 - 1/e)
  double delta = 0;      // probability that the certificate is wrong, (0, 1); 0: 1 / vertices
  double mass = 0.9;     // of the intervals, (0, 1)
  uint64_t rng_seed = 20180610;
  uint64_t rr_sets_min = 0;  // RR sets of each collection, at least: for narrower intervals
  // Members of all RR sets together, 4 bytes each: where the next step would hold more, selection
  // ends with the certificate it has.
  uint64_t rr_members_max = uint64_t{1} << 28;
  unsigned threads = 1;
};

// A spread, in the unit of the targets' weight. Credible interval, equal-tailed, from Jeffreys'
// prior over the share of RR sets (Brown, Cai and DasGupta 2001); low <= value <= high.
struct SpreadEstimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

struct Seed {
  uint32_t vertex = 0;
  bool included = false;    // asked for, not chosen
  double cost = 0;          // 1 where no costs were given
  SpreadEstimate alone;     // their spread, were they the only one
  SpreadEstimate marginal;  // what they add to the seeds before them; sums to the group's spread
  SpreadEstimate only;      // what the group loses without them: targets no other of them reaches
};

// Targets that both would reach by themselves. Not subtracted twice where a third does as well.
struct SeedOverlap {
  uint32_t a = 0, b = 0;  // positions among the seeds, a < b
  double spread = 0;      // above 0
};

// A group, estimated from RR sets that had no part in choosing it.
struct SeedReport {
  std::vector<Seed> seeds;            // those to include as they were given, then as chosen
  std::vector<SeedOverlap> overlaps;  // the largest first, then by a, b; empty: they share nobody
  SpreadEstimate spread;
  double target_total = 0;  // the weight of all targets; no spread is above it
  uint64_t rr_sets = 0;     // that the estimates rest on
};

// What ended the growth of the collections.
enum class SelectionEnd : uint8_t {
  kCertified,  // the ratio wanted was reached
  // More RR sets would hardly help: the bound of the best group is far above what greedy found, as
  // constraints may have it, and all but a share of epsilon of the gap is not for want of sets.
  kGreedyIsFar,
  kNobodyReaches,  // of 65,536 targets not one could be reached by anybody who may be chosen
  kMembersMax,     // rr_members_max
  kSetsExhausted,  // the grid of sizes has ended (OPIM-C's theta_max)
};

struct SeedSelection {
  SeedReport report;
  double cost = 0;  // of all seeds
  // Certified: all three hold, and so does the ratio, with probability 1 - delta. An estimate in
  // `report` may lie outside them by chance.
  double spread_low = 0;    // the group's spread is at least so much
  double spread_high = 0;   // and at most so much
  double optimum_high = 0;  // no group within the constraints has a larger spread
  // spread_low / optimum_high, [0, 1]: the group's spread is at least this share of the best one's.
  double ratio = 0;
  double ratio_wanted = 0;     // 1 - 1/e - epsilon
  double ratio_of_greedy = 0;  // what greedy is known to reach under such constraints, whatever the
                               // graph; see above. 0: nothing is known
  double delta = 0;            // as used
  SelectionEnd end = SelectionEnd::kCertified;
  uint64_t rr_sets = 0;     // of both collections together
  uint64_t rr_members = 0;  // of both
  uint32_t rounds = 0;      // selections made; the last one counts
};

// Chooses seeds. Fewer than `seeds_max` where the budget or the quotas allow no more, or where
// nobody else adds anything that the RR sets show. Ties go to the smaller vertex.
// kInvalidArgument: an option out of range; a span that is not empty and not by vertex; a cost or
// weight that is negative or no number; no target of positive weight; a group beyond `at_most`; a
// vertex to include or exclude that does not exist, is in both, or is included twice; more to
// include than seeds_max, the budget or a quota allows; nobody may be chosen, for all are excluded,
// cost more than the budget, or are of groups of which none may be.
// Cost: expected (k log n + log 1/delta) / epsilon^2 RR sets, over the share of the targets that
// the best group reaches; memory: 4 bytes a member of an RR set, 8 a vertex (16 with target
// weights) and up to 6 more a thread, beside the graph. With a budget or quotas everybody who is in
// any RR set is looked at each round, instead of the likely only. The same graph, question and
// options give the same bits, whatever `threads`.
Result<SeedSelection> select_seeds(const InfluenceGraph& graph, const SeedQuestion& question,
                                   const SeedOptions& options);

// What a given group reaches, from at least `rr_sets` RR sets: of the stream from which the groups
// of select_seeds() are judged with this rng seed, so that two groups meet the same chance.
// `question`: only target_weight and cost are read. kInvalidArgument: as above of what is read; no
// seeds, one twice, or one that does not exist; rr_sets of 0 or above 2^32 - 1.
Result<SeedReport> report_seeds(const InfluenceGraph& graph, std::span<const uint32_t> seeds,
                                const SeedQuestion& question, uint64_t rr_sets,
                                const SeedOptions& options);

}  // namespace bellwether

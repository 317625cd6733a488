// SPDX-License-Identifier: Apache-2.0
// How much influence each person has at one instant, and how sure we are of it.
//
// Value: 1 + 99/20 * mean over the horizons of log2(1 + people moved), DESIGN section 4.4 and 4.5;
// the horizons weigh the same unless a policy says otherwise.
// Interval: closed form of a bootstrap over movers with independent Exp(1) weights (4.6).
// It is a description of responses, not a proof of cause.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "graph/graph.h"
#include "score/forecast.h"
#include "score/policy.h"
#include "score/standing.h"

namespace bellwether {

struct CredibleInterval {
  double low = 0, high = 0;  // points; low <= value <= high
  double mass = 0.90;        // posterior probability inside, in (0, 1)
};

// People moved at one horizon, before and after the rules that keep fakes and courtesy small.
struct PeopleMoved {
  double vouched = 0;         // V: sum of s * pf
  double crowd = 0;           // C: sum of (1 - s) * pf
  double courted = 0;         // Q: sum of p - pf
  double moved = 0;           // R: V + X, what the score is made of
  double crowd_factor = 0;    // k: share of the crowd that counted, [0, 1]
  double courted_factor = 0;  // k_Q: share of the courted that counted, [0, 1]
};
// Q' = min(Q, courtesy (1+V)); X = min(Q' + C, crowd_share (1+V)); R = V + X.
PeopleMoved count_people_moved(double vouched, double crowd, double courted, const Policy& policy);

// In an order that leaves no gaps, since there is one for everybody.
struct PersonScore {
  PersonId person = kNobody;
  uint32_t reach = 0;  // distinct people moved in the last reach_days
  double value = 0;    // points, [1, 100]
  CredibleInterval interval;
  std::array<double, kHorizonsMax> moved{};  // R by horizon of the policy
  double momentum = 0;          // points, [1, 100]: the score's formula over hours and days
  double momentum_before = 0;   // the same seven days earlier
  double audience = -1;         // mean standing of those reached, [0, 1]; -1: nobody in that time
  double amplification = -1;    // chance that a post moves somebody, (0, 1); -1: no posts known
  double standing = 0;          // of the person, [0, 1]
  uint32_t movers = 0;          // distinct people moved, ever
  uint32_t vouched_movers = 0;  // of these with standing of at least vouched_min
  // Of these not approached; settled needs settled_movers_min. Those whom the person answered count
  // for no more than those it never acted towards: in a pod everybody has acted towards everybody.
  uint32_t independent_movers = 0;
  uint32_t acts = 0;  // ledger entries behind the score; 0: a remainder of erased people only
  Instant last_evidence;
  // Set by look_ahead: how many people they will move, by kForecastDays; size 0: no forecast.
  std::array<CountForecast, kForecastDays.size()> forecast{};
  bool settled = false;  // enough independent evidence and a narrow margin
  // Set by rank_everybody:
  uint32_t rank = 0;       // among the settled, by score, from 1; 0: provisional, not ranked
  uint32_t rank_low = 0;   // the best and the worst rank that the margins allow;
  uint32_t rank_high = 0;  // rank_low <= rank <= rank_high
  double percentile = 0;   // share of all with evidence whose score is lower, [0, 100)
};
static_assert(sizeof(PersonScore) == 208);

// The number of people a score stands for: 2^((score - 1) / points_per_doubling) - 1. Never
// negative.
double people_moved(double value, const Policy& policy);

// What a person posted and what came of it, for amplification. By person; empty: not known.
struct PostRecord {
  uint32_t posts = 0;   // in the last reach_days
  uint32_t moving = 0;  // of these, posts that at least one other person responded to
};

// Scores everybody with evidence, in PersonId order; borrows its arguments for this call.
// `posts` may be empty. Persons left out of the PersonMap are neither scored nor counted as movers.
// Same arguments give the same bits, whatever `threads`.
std::vector<PersonScore> score_everybody(const GraphSnapshot& graph, const Standing& standing,
                                         const Policy& policy, std::span<const PostRecord> posts,
                                         unsigned threads);

// Sets rank, rank_low, rank_high and percentile of everybody. The settled are ranked by score, ties
// by PersonId; rank_low counts those whose whole margin lies above one's own, rank_high those whose
// margin reaches above one's own low end. Cost: O(n log n).
void rank_everybody(std::span<PersonScore> scores);

// Sets forecast of everybody, where the log is long enough for one; of the longer time no fewer
// than of the shorter. `graph` as it was scored. The same bits whatever `threads`. Cost: as
// forecast_everybody.
void look_ahead(const GraphSnapshot& graph, std::span<PersonScore> scores, unsigned threads);

// One person, as score_everybody computes it; empty: no evidence.
std::optional<PersonScore> score_person(const GraphSnapshot& graph, const Standing& standing,
                                        const Policy& policy, const PostRecord& posts,
                                        PersonId person);

}  // namespace bellwether

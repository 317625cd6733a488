// SPDX-License-Identifier: Apache-2.0
// Every weight, horizon and constant of the method, in one readable file.
//
// A policy is text (TOML), versioned and hashed into every result. Two results may be compared only
// under the same hash. Source of the numbers: DESIGN section 4; docs/methods/score.md says what
// each one does.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"

namespace bellwether {

// The formulas, by version. An older one is run where a policy names it; docs/methods/score.md says
// what changed from one to the next.
//   1: every response vouches; the automatic teleport set are accounts of long history.
//   2: only what was not courted vouches; it is chosen from the core of the community.
//   3: it is those of the core to whom most of the core's electors turned; a follow weighs as much
//      as a reply.
//   4: what somebody passed on is left out of what they gain for both steps of standing, not for
//      the last one only.
inline constexpr int kMethodNewest = 4;
std::string method_name(int method);  // "bellwether/4"
// Empty: no such method.
std::optional<int> parse_method(std::string_view name);
// What Policy::teleport_share is unless a policy says otherwise.
constexpr double teleport_share_of(int method) {
  return method == 1 ? 0.01 : method == 2 ? 0.1 : 0.15;
}

// Likewise what a follow weighs.
constexpr double follow_weight_of(int method) { return method < 3 ? 0.5 : 1; }

inline constexpr size_t kHorizonsMax = 8;

struct Policy {
  std::string name = "default";
  int method = kMethodNewest;
  CreditPolicy credit;

  std::vector<double> half_life_days{30, 90, 365, 1826.25};  // 1 to kHorizonsMax, each > 0
  // How much each half-life weighs beside the others: as many, each >= 0, not all 0; only their
  // proportions matter. Empty: all the same. Momentum's weigh the same always.
  std::vector<double> half_life_weights;
  std::vector<double> momentum_half_life_hours{1, 6, 24, 168};  // likewise
  double points_per_doubling = 99.0 / 20;                       // > 0
  double courtesy_share = 0.15;  // courted people count at most this share of 1 + vouched ones
  double crowd_share = 0.5;      // all that is not vouched counts at most this share of 1 + vouched

  int vouches_max = 50;  // accounts each account can vouch for, >= 1
  double vouch_half_life_days = 1826.25;
  double damping = 0.5;       // of standing, in (0, 1)
  double vouched_min = 0.05;  // standing from which a mover is called vouched, (0, 1]
  // Automatic teleport set, [0, 1]: of the core's audience; method 1: of all accounts.
  double teleport_share = teleport_share_of(kMethodNewest);
  int teleport_min = 10;  // at least so many, where there are that many candidates
  // Automatic teleport set, from method 3 on: what an elector adds to the audience of those before,
  // a share of the core's audience, [0, 1]; how many electors turned to each member, >= 1.
  double elector_share = 0.01;
  int supporters_min = 2;
  std::vector<std::string> teleport;  // `network:name`; not empty: the operator's own set

  double margin_mass = 0.90;       // of the interval, in (0, 1)
  int settled_movers_min = 5;      // vouched movers who were not approached
  double settled_margin_max = 10;  // points
  int reach_days = 365;            // how far back reach, audience and amplification look
  int topic_movers_min = 3;        // vouched movers before a topic is said to be a person's
  int topic_days_min = 2;          // on so many different days (UTC)
};

// The same under another method: what was left as that method has it becomes as the other has it.
Policy under_method(Policy policy, int method);

// How much each half-life weighs in the score, by its place: multiples of an equal share, so that
// they add up to how many there are, and are 1 to the bit where all weigh the same. 0 beyond them.
std::array<double, kHorizonsMax> horizon_weights(const Policy& policy);

// One number of a policy that has a name of its own: "credit.reply", "score.crowd_share".
struct PolicyConstant {
  std::string key;
  double low = 0, high = 0;  // inclusive
  bool whole = false;        // a whole number
  std::function<double(const Policy&)> get;
  std::function<void(Policy&, double)> set;  // of a value within the bounds
};
// All of them but lists, in the order of a policy file; the verbs first.
std::vector<PolicyConstant> policy_constants();

// Reads a policy file; what it does not name keeps its default.
// kInvalidArgument: not TOML, an unknown key, a value out of range, or not as many weights as
// half-lives; names key and bound.
Result<Policy> parse_policy(std::string_view toml);

// The whole policy as commented TOML; parse_policy gives it back.
std::string to_toml(const Policy& policy);

// 16 hexadecimal digits over method and every value but the name; equal for equal meaning.
// `teleport_set` is the set in force, in any order (an automatic set belongs to the policy once
// chosen).
std::string policy_hash(const Policy& policy, const std::vector<std::string>& teleport_set);

}  // namespace bellwether

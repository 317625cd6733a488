// SPDX-License-Identifier: Apache-2.0
// Whom to reach, worked out from a workspace's ledger: the best group within what was asked, and
// what it is expected to reach. Numbers for people; query/plan.h names them, as far as their viewer
// may see them. Writes nothing.
#pragma once
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/group_reach.h"
#include "workspace/query/slice.h"
#include "workspace/workspace.h"

namespace bellwether {

// By default this far ahead, or as far as the log lets one learn.
inline constexpr int64_t kPlanWindowMs = 30 * kMsPerDay;

// People are named by the key of any of their accounts (hash64 of `network:name`); keys that the
// log does not hold are passed over.
struct PlanQuestion {
  Instant as_of;           // what was published at or after it is not looked at
  LedgerRestriction only;  // moved on this topic, on this network
  ReachModel model = ReachModel::kDirect;
  std::optional<int64_t> window_ms;  // direct only; empty: see kPlanWindowMs
  uint32_t people_max = 10;          // at least 1
  double budget = std::numeric_limits<double>::infinity();
  std::vector<std::pair<uint64_t, double>> costs;  // at least 0
  std::optional<double> cost_of_others = 1;        // empty: whose cost is not known is not chosen
  std::vector<uint64_t> include, exclude;
  std::vector<uint64_t> reached;                         // whoever is moved already: reaching them
                                                         // again counts nothing
  std::optional<std::vector<uint64_t>> may_choose;       // empty: everybody
  std::vector<std::pair<std::string, uint32_t>> quotas;  // at most so many of a network
  std::vector<uint64_t> by_score;                        // to compare with, the highest first
  double epsilon = 0.1;
  uint64_t rng_seed = 20180610;
};

struct PlanReceipt {
  EventRow row = 0;
  PersonId mover = kNobody;
};

struct PlanFindings {
  std::shared_ptr<const Numbering> numbering;
  PersonMap persons;
  std::vector<AccountId> first_account;  // by PersonId
  std::optional<int64_t> window_ms;      // direct: within so long
  std::optional<int64_t> occasion_ms;    // cascades: the next time that each does something, which
                                         // is a slot of this length (plan/pair_chances.h)
  uint32_t training_windows = 0;
  uint32_t candidates = 0;         // who could be chosen
  std::optional<double> cheapest;  // of them; empty: nobody could
  bool too_short = false;          // the log is too short to learn from; nothing below is set
  // Nobody chosen: nobody could be, or the budget buys nobody; nothing below is set.
  std::optional<SeedSelection> selection;  // its vertices are persons; see `ratio`
  GroupReach group;                        // in the order of the selection
  double cost = 0;
  double ratio = 0;  // of what the best group reaches, at least, but for selection->delta
  // By member: responses to them, at most a score of them, one a mover: first those whom nobody
  // else reaches, the likeliest first, then the newest.
  std::vector<std::vector<PlanReceipt>> receipts;
  // By member: on which networks they were responded to, and how often; most first.
  std::vector<std::vector<std::pair<std::string, uint64_t>>> places;
  struct Next {
    PersonId person = kNobody;
    double people = 0;  // that they would add
    double cost = 0;
  };
  std::optional<Next> one_more;  // empty: nobody else adds anything, or may be chosen
  struct Top {
    std::vector<PersonId> people;  // the highest scores that the same limits allow
    double reached = 0;
    double cost = 0;
  };
  std::optional<Top> top;  // empty: nothing to compare with
};

// kInvalidArgument: limits that contradict each other; the message says which. kNotFound: nobody
// was moved within the restriction, no such network. Errors as score(). Cost: a pass over the
// ledger, learning the chances, and the selection.
Result<PlanFindings> find_plan(Workspace& workspace, const Policy& policy,
                               const PlanQuestion& question,
                               const std::function<void(std::string_view)>& phase = {});

}  // namespace bellwether

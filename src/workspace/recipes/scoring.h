// SPDX-License-Identifier: Apache-2.0
// The way from a log to a published snapshot, step by step: for recipes that stop on the way or
// look at what lies between. score() is all of it.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "people/people.h"
#include "score/score.h"
#include "score/standing.h"
#include "workspace/recipes/score.h"

namespace bellwether {

// Made for one scoring; the steps are called in their order.
class Scoring {
 public:
  using Phase = std::function<void(std::string_view)>;
  // Reads and writes `store`, which is the workspace's or one that is to take its place.
  Scoring(Workspace& workspace, Store& store, const Phase& phase)
      : workspace_(workspace), store_(store), phase_(phase), policy_(workspace.policy()) {}
  // By another method than the policy names.
  void run(int method) { policy_ = under_method(policy_, method); }
  // Under another policy, and only to look: neither ledger nor teleport set is
  // written, posts are not tallied, nothing is forecast, and publish() must not be called.
  Scoring(Workspace& workspace, const Policy& policy, const Phase& phase)
      : workspace_(workspace),
        store_(workspace.store()),
        phase_(phase),
        policy_(policy),
        looks_only_(true) {}

  // As of when a scoring speaks unless told otherwise: just after the newest event, and not before
  // the newest erasure. kNotFound: there is no act with a known time.
  Result<Instant> newest();
  // Reads the ledger as of `as_of`, making it anew where the log, the weights or the links have
  // changed. kNotFound: nothing happened before.
  Result<void> read(Instant as_of);
  // In place of read(), where the entries themselves are wanted, those after `as_of` too: settled,
  // as the store has them where they are up to date, else made of the log and not kept. Only to
  // look. Errors as read().
  Result<std::vector<LedgerEntry>> whole_ledger(Instant as_of);
  // What is left of erased acts, in place of what the store keeps; after read().
  void set_remainder(Remainder remainder) { remainder_ = std::move(remainder); }
  // Pairs, vouches and standing. `without_remainder` leaves out what is left of erased acts.
  Result<void> fold(bool without_remainder = false);
  // Everybody's score, rank and forecast.
  void count();
  Result<ScoreResult> publish();

  // The forecasts of earlier snapshots whose time has passed by this one, each graded once. Keeps
  // and returns the grades; after publish().
  Result<std::vector<SnapshotGrade>> grade_due();

  const Numbering& numbering() const { return *numbering_; }
  std::shared_ptr<const Numbering> shared_numbering() const { return numbering_; }
  const PersonMap& persons() const { return persons_; }
  const GraphSnapshot& graph() const { return *graph_; }
  const Standing& standing() const { return *standing_; }
  const std::vector<AccountId>& teleport_set() const { return teleport_; }
  const std::vector<PersonScore>& scores() const { return scores_; }
  // Of the policy and the teleport set in force; after fold().
  Result<std::string> hash() const;

 private:
  void begin(std::string_view name) {
    if (phase_) phase_(name);
  }
  const Policy& policy() const { return policy_; }
  bool looks_only() const { return looks_only_; }
  Instant reach_from() const {
    return Instant{as_of_.ms - int64_t{policy().reach_days} * kMsPerDay};
  }
  Result<Policy> without_erased() const;
  Result<void> tally_posts();
  Error nobody_moved() const;
  Result<LedgerStamp> begin_reading(Instant as_of);
  Result<std::vector<LedgerEntry>> make_ledger();
  Result<void> rebuild(const LedgerStamp& stamp);
  Result<void> choose_teleport();
  // Fills what a grade says of the `forecast`-th of kForecastDays.
  void hold(std::span<const PersonScore> scores, size_t forecast, Instant from, Instant end,
            SnapshotGrade& grade) const;

  Workspace& workspace_;
  Store& store_;
  const Phase& phase_;
  Policy policy_;
  bool looks_only_ = false;
  Instant as_of_;
  LogSummary summary_;
  std::shared_ptr<const Numbering> numbering_;
  PersonMap persons_;
  std::vector<FoldEntry> entries_;
  std::vector<PostRecord> posts_;
  Remainder remainder_;
  std::optional<GraphSnapshot> graph_;
  std::optional<Standing> standing_;
  std::vector<AccountId> teleport_;
  std::vector<std::string> teleport_names_;
  std::vector<PersonScore> scores_;
  ScoreResult result_;
};

}  // namespace bellwether

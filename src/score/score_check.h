// SPDX-License-Identifier: Apache-2.0
// The slow proof beside score_everybody: one person's score straight from the ledger, by the
// formulas of DESIGN 4.1 to 4.6 as they are written there. Uses nothing of graph/ nor of the fast
// code here.
#pragma once
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "credit/ledger.h"
#include "score/policy.h"
#include "score/score.h"
#include "score/standing_check.h"

namespace bellwether {

class ScoreCheck {
 public:
  // `ledger` in any order, prompted or not: courting is judged anew. Borrows everything.
  // Cost: quadratic in entries and in accounts.
  ScoreCheck(std::span<const LedgerEntry> ledger, std::span<const NetworkId> account_network,
             const PersonMap& persons, std::span<const AccountId> teleport_set,
             const Policy& policy, Instant as_of);

  // All but amplification, ranks and percentile. Empty: no evidence.
  std::optional<PersonScore> score(PersonId person) const;

  // r_u,h of DESIGN 4.6: the mover's share of R_h, by mover, then horizon.
  std::map<PersonId, std::vector<double>> shares(PersonId person) const;

 private:
  struct Act {
    LedgerEntry entry;
    PersonId receiver, mover;
    bool courted, prompted;
  };
  struct Pair {
    double x = 0, free = 0;
  };
  // By mover, at one half-life; acts before `until`, aged to it.
  std::map<PersonId, Pair> fold(PersonId person, double half_life_days, Instant until) const;
  // `carried` multiplies standing, for the high end of the margin after silence.
  PeopleMoved moved(PersonId person, const std::map<PersonId, Pair>& pairs,
                    double carried = 1) const;
  std::map<PersonId, std::vector<double>> shares_at(PersonId person, Instant until,
                                                    std::vector<double>& people,
                                                    double carried = 1) const;
  double effective_movers(PersonId person, Instant until, double carried = 1) const;
  // `weights` by half-life; empty: all the same.
  double points(PersonId person, std::span<const double> half_life_days,
                std::span<const double> weights, Instant until, double factor,
                double carried = 1) const;
  double standing(PersonId mover, PersonId receiver, double carried = 1) const;
  std::vector<AccountId> accounts_of(PersonId person) const;

  const PersonMap& persons_;
  std::span<const AccountId> teleport_set_;
  const Policy& policy_;
  Instant as_of_;
  std::vector<Act> acts_;  // those that count as of as_of
  VouchMatrix vouches_;
};

}  // namespace bellwether

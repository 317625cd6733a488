// SPDX-License-Identifier: Apache-2.0
// Fits a policy's verb weights, half-lives and their weights to one's own log, and shows on windows
// that the fit never saw what that gains.
//
// Predictive likelihood, forward in time: under a candidate policy
//
//   log mu = a + b * (weighted mean over the half-lives of log2(1 + people moved)) + level,  b >= 0
//
// is fitted as negative binomial on windows before a window, and the candidate is worth the log
// likelihood of how many different people each person then moved within it. Whom somebody moved is
// counted by the policy one starts from, so no candidate can choose what it is graded on. A value
// is changed only if that pays: by more than twice its standard error, beyond a penalty for how far
// it goes. DESIGN section 5 bounds the search: weights stay within a factor of four, and two weeks
// of silence cost at most kSilenceMost points. What is longer than the log stays as it is: a week
// says nothing about years.
//
// The gain is told on nested folds (Varma and Simon, BMC Bioinformatics 7, 2006): each window is
// graded under a policy fitted on windows before it alone. What it is not: a truth about what a
// reply is worth. It says what foretells responses here.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"
#include "score/grade.h"
#include "score/policy.h"
#include "score/replay.h"

namespace bellwether {

// What may be chosen. A policy's own values may stay, whether they are among these or not.
inline constexpr std::array<double, 10> kTuneHalfLifeDays{7,   14,  30,  60,      90,
                                                          180, 365, 730, 1826.25, 3652.5};
inline constexpr std::array<double, 5> kTuneFactors{0.25, 0.5, 1, 2, 4};  // of a verb's weight
// Of a half-life's weight beside the others.
inline constexpr std::array<double, 5> kTuneShares{0, 0.5, 1, 2, 4};
inline constexpr size_t kTuneWindowsMax = 6;   // before an instant, that a fit looks at
inline constexpr size_t kTuneWindowsMin = 3;   // with fewer nothing is changed
inline constexpr uint64_t kTuneActsMin = 100;  // of a verb; with fewer its weight stays

// The most points that two weeks of silence may cost; see two_weeks_of_silence().
inline constexpr double kSilenceMost = 0.91;

// What two weeks without a response cost somebody at most, points: credit fades at every half-life,
// standing by two vouches in a row.
double two_weeks_of_silence(const Policy& policy);

// One window graded under both policies; the fitted one from windows before it.
struct TunedFold {
  Window window;
  uint32_t windows = 0;             // that were fitted on
  uint32_t people = 0, moving = 0;  // as in BacktestFold
  Policy policy;                    // as fitted
  bool changed = false;             // otherwise it is the one that was started from
  // Mean log likelihood of a person's count, nats; of a large community's training people, each
  // weighing as many as they stand for. Empty: no window before to fit the count model on.
  std::optional<double> likelihood_before, likelihood_after;
  RankingGrade before, after;  // of the score, over everybody
};

// A value of a policy, under the one and the other.
struct TunedValue {
  std::string key;  // "credit.reply"; of a list with its place from 1: "score.half_life_days.2"
  double before = 0, after = 0;
};

struct TuneReport {
  Policy policy;         // fitted on all windows; what was started from where nothing pays
  bool changed = false;  // whether any value is another
  // Those that are: in the order of a policy file; weights of half-lives as shares that sum to 1.
  std::vector<TunedValue> values;
  Instant as_of;         // the end of the newest window
  uint32_t windows = 0;  // that the policy was fitted on; 0: the log is too short
  uint32_t tried = 0;    // candidates looked at, all fits together
  // On the windows of the last fit, each foretold from those before it, nats in all, and its
  // standard error. The candidates were chosen by it, so it flatters; the folds do not.
  double gain = 0, gain_error = 0;
  std::vector<TunedFold> folds;  // oldest first
  // Mean over the folds of likelihood_after - likelihood_before; empty: there is none.
  std::optional<double> nested_gain;
  // Whether the folds speak for it: something is changed, and nested_gain is above 0, in more than
  // half of the folds too.
  bool pays = false;
};

struct TuneProgress {
  uint32_t fit = 0, fits = 0;  // the one at hand, from 1, and how many there are
  uint32_t tried = 0;          // candidates so far, all fits together
};

// `ledger` settled and whole, made with base.credit. `teleport_set`: the operator's own; empty: at
// each cut the automatic one. `options` are those of the nested folds; earlier windows are as long.
// The same bits whatever `threads`. Errors as windows_of(). Cost: some hundred folds of the
// training people's part of the ledger for each fit, and a scoring or two for each fold.
Result<TuneReport> tune(std::span<const LedgerEntry> ledger,
                        const std::vector<NetworkId>& account_network, const PersonMap& persons,
                        std::span<const AccountId> teleport_set, const Policy& base,
                        const BacktestOptions& options, unsigned threads,
                        const std::function<void(const TuneProgress&)>& progress = {});

// The same entries as another policy's weights would have made them, to a unit of credit. Verbs of
// weight 0 under `from` are not in a ledger, and do not come into it.
std::vector<LedgerEntry> reweighted(std::span<const LedgerEntry> ledger, const CreditPolicy& from,
                                    const CreditPolicy& to);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Holds the score against the planted truth of made-up communities, beside the naive measures that
// it has to beat.
//
// For each rng seed a community is generated, scored as in real life, and everybody who did or
// received anything is put in order by each measure; Spearman's correlation with the planted
// persuasion says how near the order comes to the truth. What the truth is:
// docs/methods/simulate.md.
#pragma once
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "score/policy.h"
#include "simulate/community.h"

namespace bellwether {

struct TruthOptions {
  CommunityOptions community;  // its rng_seed is the first; the others follow it
  uint32_t seeds = 20;         // how many communities, [1, 10'000]
};

struct TruthTrial {
  uint64_t rng_seed = 0;
  uint32_t people = 0;  // compared
  uint64_t acts = 0;
  double vouched_share = 0;      // of those who had responded to anybody, how many are vouched
  std::vector<double> spearman;  // by measure, [-1, 1]; ties at random, in expectation
  double margin = 0;             // the score's less the best baseline's
  size_t best_baseline = 0;      // its place among the measures
};

struct TruthReport {
  std::vector<std::string_view> measures;  // the score first, then what is no baseline, see below
  size_t baselines_from = 0;               // place of the first baseline among the measures
  std::vector<TruthTrial> trials;          // by rng seed
  std::vector<double> mean;                // Spearman, by measure
  double margin_least = 0, margin_mean = 0;
  uint32_t won = 0;  // trials in which the score was above every baseline
};

// Each community on one thread, `threads` of them at once; the same bits whatever their number.
// `done` is told how many are done, from one thread at a time. kInvalidArgument: an option out of
// range. kNotFound: a community is so small that nobody in it moves more people than another.
Result<TruthReport> grade_truth(const TruthOptions& options, const Policy& policy, unsigned threads,
                                const std::function<void(uint32_t)>& done = {});

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "simulate/truth.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>

#include "base/parallel.h"
#include "score/baselines.h"
#include "score/grade.h"
#include "simulate/appraisal.h"

namespace bellwether {
namespace {

struct Facts {
  const World& world;
  const Appraisal& appraisal;
  const std::vector<double>& score_without_crowd_rule;  // by person
  std::vector<Response> responses;
  ResponseGraph responded;
};

struct Measure {
  std::string_view name;
  std::vector<double> (*values)(const Facts&);  // by person
};

std::vector<double> by_person(std::span<const PersonScore> scores, uint32_t persons) {
  std::vector<double> out(persons, 0);
  for (const PersonScore& score : scores) out[score.person] = score.value;
  return out;
}

uint32_t persons_of(const Facts& f) { return f.world.persons.persons; }

constexpr size_t kBaselinesFrom = 2;
constexpr std::array kMeasures{
    Measure{"score", [](const Facts& f) { return by_person(f.appraisal.scores, persons_of(f)); }},
    Measure{"score without the crowd rule",
            [](const Facts& f) { return f.score_without_crowd_rule; }},
    Measure{"responses",
            [](const Facts& f) { return total_responses(f.responses, persons_of(f)); }},
    Measure{"distinct responders",
            [](const Facts& f) { return distinct_responders(f.responses, persons_of(f)); }},
    Measure{"pagerank", [](const Facts& f) { return page_rank(f.responded); }},
    Measure{"k-core", [](const Facts& f) { return core_number(f.responded); }},
    Measure{"voterank", [](const Facts& f) { return vote_rank(f.responded); }},
    Measure{"last month",
            [](const Facts& f) {
              constexpr auto kMonth = static_cast<int64_t>(kPersuasionDays) * kMsPerDay;
              const Instant from{f.world.as_of.ms - kMonth};
              return distinct_responders(in_force(f.responses, from, f.world.as_of), persons_of(f));
            }},
    Measure{"followers", [](const Facts& f) { return followers(f.responses, persons_of(f)); }},
};

// The same order as `values`, as the whole numbers that a grade takes.
std::vector<uint32_t> places(std::span<const double> values) {
  std::vector<double> sorted(values.begin(), values.end());
  std::sort(sorted.begin(), sorted.end());
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  std::vector<uint32_t> out;
  for (const double value : values) {
    out.push_back(static_cast<uint32_t>(std::lower_bound(sorted.begin(), sorted.end(), value) -
                                        sorted.begin()));
  }
  return out;
}

Result<TruthTrial> try_one(CommunityOptions options, uint64_t rng_seed, const Policy& policy) {
  options.rng_seed = rng_seed;
  BW_ASSIGN(const Community community, Community::create(options));
  const World world = world_of(community);
  const Appraisal appraisal = appraise(world, policy, {}, 1);
  Policy free = policy;
  free.crowd_share = 1e12;  // so high that it never binds
  const std::vector<double> without = by_person(
      score_everybody(appraisal.graph, appraisal.standing, free, {}, 1), world.persons.persons);
  std::vector<Response> responses = responses_of(appraisal.ledger, world.persons);
  ResponseGraph responded(responses, world.persons.persons);
  const Facts facts{world, appraisal, without, std::move(responses), std::move(responded)};

  TruthTrial trial;
  trial.rng_seed = rng_seed;
  trial.acts = world.acts.size();
  std::vector<bool> there(world.persons.persons, false);
  for (const SimulatedAct& act : world.acts) {
    there[world.persons.person_of[act.account]] = true;
    if (act.towards != kNobody) there[world.persons.person_of[act.towards]] = true;
  }
  uint32_t responding = 0;
  uint32_t vouched = 0;
  for (PersonId p = 0; p < there.size(); ++p) {
    trial.people += there[p] ? 1 : 0;
    if (facts.responded.receivers_of(p).empty()) continue;
    ++responding;
    vouched += appraisal.standing.of(appraisal.graph, p) >= policy.vouched_min ? 1 : 0;
  }
  trial.vouched_share = responding == 0 ? 0 : static_cast<double>(vouched) / responding;
  const auto compared = [&](std::span<const double> all) {
    std::vector<double> out;
    for (PersonId p = 0; p < there.size(); ++p) {
      if (there[p]) out.push_back(all[p]);
    }
    return out;
  };
  const std::vector<uint32_t> truth = places(compared(community.planted_persuasion()));
  // A correlation with what is the same for everybody is none, not 0.
  if (std::all_of(truth.begin(), truth.end(), [](uint32_t place) { return place == 0; })) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("nobody who did anything in the community of rng seed {} moves more "
                             "people than another; try more people, days or acts",
                             rng_seed)};
  }
  for (const Measure& measure : kMeasures) {
    const std::vector<double> values = compared(measure.values(facts));
    trial.spearman.push_back(grade_ranking(values, truth).spearman.value_or(0));
  }
  trial.best_baseline = static_cast<size_t>(
      std::max_element(trial.spearman.begin() + kBaselinesFrom, trial.spearman.end()) -
      trial.spearman.begin());
  trial.margin = trial.spearman[0] - trial.spearman[trial.best_baseline];
  return trial;
}

}  // namespace

Result<TruthReport> grade_truth(const TruthOptions& options, const Policy& policy, unsigned threads,
                                const std::function<void(uint32_t)>& done) {
  if (options.seeds < 1 || options.seeds > 10'000) {
    return Error{ErrorCode::kInvalidArgument, "a trial takes 1 to 10,000 rng seeds"};
  }
  std::vector<std::optional<Result<TruthTrial>>> trials(options.seeds);
  std::mutex mutex;
  uint32_t finished = 0;
  parallel_for(options.seeds, 1, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      trials[i] = try_one(options.community, options.community.rng_seed + i, policy);
      const std::lock_guard lock(mutex);
      ++finished;
      if (done) done(finished);
    }
  });
  TruthReport report;
  report.baselines_from = kBaselinesFrom;
  report.mean.assign(kMeasures.size(), 0);
  for (const Measure& measure : kMeasures) report.measures.push_back(measure.name);
  for (auto& trial : trials) {
    if (!trial->ok()) return trial->error();
    TruthTrial& one = **trial;
    for (size_t m = 0; m < kMeasures.size(); ++m) report.mean[m] += one.spearman[m] / options.seeds;
    report.margin_mean += one.margin / options.seeds;
    report.margin_least =
        report.trials.empty() ? one.margin : std::min(report.margin_least, one.margin);
    report.won += one.margin > 0 ? 1 : 0;
    report.trials.push_back(std::move(one));
  }
  return report;
}

}  // namespace bellwether

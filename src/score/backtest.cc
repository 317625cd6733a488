// SPDX-License-Identifier: Apache-2.0
#include "score/backtest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/parallel.h"
#include "score/baselines.h"
#include "score/forecast.h"
#include "score/replay.h"
#include "score/score.h"
#include "score/standing.h"
#include "score/teleport.h"

namespace bellwether {
namespace {

// The values of those who are compared.
std::vector<double> of_people(std::span<const double> all, std::span<const PersonId> people) {
  std::vector<double> out;
  out.reserve(people.size());
  for (const PersonId person : people) out.push_back(all[person]);
  return out;
}

// The part of a window that a fit looks at.
ForecastWindow sampled(const Seen& seen, const ForecastWindow& all,
                       std::span<const TrainingPerson> sample) {
  ForecastWindow out;
  size_t at = 0;
  for (size_t i = 0; i < seen.people.size(); ++i) {
    while (at < sample.size() && sample[at].person < seen.people[i]) ++at;
    if (at == sample.size() || sample[at].person != seen.people[i]) continue;
    out.features.push_back(all.features[i]);
    out.moved.push_back(all.moved[i]);
    out.weight.push_back(sample[at].weight);
  }
  return out;
}

// What measures are made of.
struct Facts {
  const Window& window;
  const Seen& seen;
  const ResponseGraph& responded;
  uint32_t persons;
  // By person; all 0: there is none.
  std::vector<double> forecast, score, score_without_crowd_rule;
};

struct Measure {
  std::string_view name;
  std::vector<double> (*values)(const Facts&);  // by person
};

constexpr std::array kMeasures{
    Measure{"forecast", [](const Facts& f) { return f.forecast; }},
    Measure{"score", [](const Facts& f) { return f.score; }},
    Measure{"score without the crowd rule",
            [](const Facts& f) { return f.score_without_crowd_rule; }},
    Measure{"responses", [](const Facts& f) { return total_responses(f.seen.known, f.persons); }},
    Measure{"distinct responders",
            [](const Facts& f) { return distinct_responders(f.seen.known, f.persons); }},
    Measure{"pagerank", [](const Facts& f) { return page_rank(f.responded); }},
    Measure{"k-core", [](const Facts& f) { return core_number(f.responded); }},
    Measure{"voterank", [](const Facts& f) { return vote_rank(f.responded); }},
    Measure{"last duration",
            [](const Facts& f) {
              const Instant from{f.window.cut.ms - (f.window.end.ms - f.window.cut.ms)};
              return distinct_responders(in_force(f.seen.known, from, f.window.cut), f.persons);
            }},
    Measure{"last responses",
            [](const Facts& f) {
              const size_t many = std::min(f.seen.came.size(), f.seen.known.size());
              return distinct_responders(std::span(f.seen.known).last(many), f.persons);
            }},
    Measure{"followers", [](const Facts& f) { return followers(f.seen.known, f.persons); }},
};

class Replay {
 public:
  Replay(std::span<const LedgerEntry> ledger, std::span<const Response> responses,
         const std::vector<NetworkId>& account_network, const PersonMap& persons,
         std::span<const AccountId> teleport_set, const Policy& policy, unsigned threads)
      : ledger_(ledger),
        responses_(responses),
        account_network_(account_network),
        persons_(persons),
        teleport_set_(teleport_set),
        policy_(policy),
        free_policy_(policy),
        threads_(threads) {
    // So high that it never binds.
    free_policy_.crowd_share = 1e12;
  }

  // `before`: windows to fit the forecast on, if this is the first fold.
  BacktestFold run(const Window& window, std::span<const Window> before);

 private:
  Seen look(const Window& window) const { return look_at(responses_, persons_.persons, window); }
  ForecastWindow window_at(const Seen& seen, const GraphSnapshot& graph, Instant cut) const;
  std::vector<double> score_under(const GraphSnapshot& graph, const Standing& standing,
                                  const Policy& policy) const;
  // The means, by person, and how well the intervals held; all 0 if there is no window to fit on.
  std::vector<double> forecast(const Seen& seen, const ForecastWindow& now,
                               BacktestFold& fold) const;

  std::span<const LedgerEntry> ledger_;
  std::span<const Response> responses_;
  const std::vector<NetworkId>& account_network_;
  const PersonMap& persons_;
  std::span<const AccountId> teleport_set_;
  const Policy& policy_;
  Policy free_policy_;
  unsigned threads_;
  std::vector<ForecastWindow> training_;  // oldest first; at most kForecastWindowsMax
};

ForecastWindow Replay::window_at(const Seen& seen, const GraphSnapshot& graph, Instant cut) const {
  const std::vector<ForecastFeatures> all = forecast_features(graph, cut, threads_);
  ForecastWindow window;
  for (const PersonId person : seen.people) window.features.push_back(all[person]);
  window.moved = seen.moved;
  return window;
}

std::vector<double> Replay::score_under(const GraphSnapshot& graph, const Standing& standing,
                                        const Policy& policy) const {
  std::vector<double> out(persons_.persons, 0);
  for (const PersonScore& score : score_everybody(graph, standing, policy, {}, threads_)) {
    out[score.person] = score.value;
  }
  return out;
}

std::vector<double> Replay::forecast(const Seen& seen, const ForecastWindow& now,
                                     BacktestFold& fold) const {
  std::vector<double> means(persons_.persons, 0);
  if (training_.empty()) return means;
  const ForecastModel model = ForecastModel::fit(training_, threads_);
  std::vector<CountForecast> forecasts;
  for (size_t i = 0; i < seen.people.size(); ++i) {
    forecasts.push_back(model.forecast(now.features[i]));
    means[seen.people[i]] = forecasts.back().mean;
  }
  fold.calibration = grade_intervals(forecasts, seen.moved);
  fold.training_windows = static_cast<uint32_t>(training_.size());
  return means;
}

BacktestFold Replay::run(const Window& window, std::span<const Window> before) {
  BacktestFold fold;
  fold.cut = window.cut;
  fold.end = window.end;
  const uint32_t persons = persons_.persons;
  const GraphSnapshot graph = graph_at(ledger_, account_network_, persons_, window.cut, threads_);
  std::vector<AccountId> teleport(teleport_set_.begin(), teleport_set_.end());
  if (teleport.empty()) teleport = choose_teleport_set(graph, policy_, threads_);
  const Standing standing(graph, graph.vouches(vouch_options(policy_, threads_)), teleport, policy_,
                          threads_);

  const Seen seen = look(window);
  const ResponseGraph responded(seen.known, persons);
  uint32_t responding = 0;
  uint32_t vouched = 0;
  for (const PersonId person : seen.people) {
    if (responded.receivers_of(person).empty()) continue;
    ++responding;
    if (standing.of(graph, person) >= policy_.vouched_min) ++vouched;
  }
  fold.responses_before = seen.known.size();
  fold.responses_within = seen.came.size();
  fold.people = static_cast<uint32_t>(seen.people.size());
  fold.moving = static_cast<uint32_t>(
      std::count_if(seen.moved.begin(), seen.moved.end(), [](uint32_t m) { return m > 0; }));
  fold.vouched_share = responding == 0 ? 0 : static_cast<double>(vouched) / responding;

  const std::vector<TrainingPerson> sample = training_people(graph);
  for (const Window& earlier : before) {
    const Seen known = look(earlier);
    training_.push_back(sampled(known, window_at(known, graph, earlier.cut), sample));
  }
  const ForecastWindow now = window_at(seen, graph, window.cut);
  const Facts facts{window,
                    seen,
                    responded,
                    persons,
                    forecast(seen, now, fold),
                    score_under(graph, standing, policy_),
                    score_under(graph, standing, free_policy_)};
  training_.push_back(sampled(seen, now, sample));
  if (training_.size() > kForecastWindowsMax) training_.erase(training_.begin());

  fold.grades.resize(kMeasures.size());
  parallel_for(kMeasures.size(), 1, threads_, [&](size_t begin, size_t end) {
    for (size_t m = begin; m < end; ++m) {
      const std::vector<double> values = of_people(kMeasures[m].values(facts), seen.people);
      // Nothing to grade where all stand at 0, as with followers where nobody follows.
      const bool any = std::any_of(values.begin(), values.end(), [](double v) { return v > 0; });
      if (any) fold.grades[m] = grade_ranking(values, seen.moved);
    }
  });
  return fold;
}

// Everybody weighs the same, in whichever window.
Calibration mean_of(std::span<const BacktestFold> folds) {
  Calibration out;
  double within = 0;
  double within_expected = 0;
  for (const BacktestFold& fold : folds) {
    if (!fold.calibration) continue;
    const Calibration& one = *fold.calibration;
    out.people += one.people;
    out.expected += one.expected;
    within += one.coverage.value_or(0) * static_cast<double>(one.people);
    within_expected += one.coverage_expected.value_or(0) * static_cast<double>(one.expected);
    for (size_t t = 0; t < out.tenths.size(); ++t) {
      out.tenths[t] += one.tenths[t] * static_cast<double>(one.expected);
    }
  }
  for (double& tenth : out.tenths) {
    if (out.expected > 0) tenth /= static_cast<double>(out.expected);
  }
  if (out.people > 0) out.coverage = within / static_cast<double>(out.people);
  if (out.expected > 0) out.coverage_expected = within_expected / static_cast<double>(out.expected);
  return out;
}

void add_mean(BacktestReport& report, std::optional<double> RankingGrade::*figure) {
  for (size_t m = 0; m < report.measures.size(); ++m) {
    double sum = 0;
    uint32_t folds = 0;
    for (const BacktestFold& fold : report.folds) {
      if (!(fold.grades[m].*figure)) continue;
      sum += *(fold.grades[m].*figure);
      ++folds;
    }
    if (folds > 0) report.mean[m].*figure = sum / folds;
  }
}

}  // namespace

Result<BacktestReport> backtest(std::span<const LedgerEntry> ledger,
                                const std::vector<NetworkId>& account_network,
                                const PersonMap& persons, std::span<const AccountId> teleport_set,
                                const Policy& policy, const BacktestOptions& options,
                                unsigned threads, const std::function<void(uint32_t)>& done) {
  const std::vector<Response> all = responses_of(ledger, persons);
  BW_ASSIGN(const std::vector<Window> windows, windows_of(all, options));
  BacktestReport report;
  for (const Measure& measure : kMeasures) report.measures.push_back(measure.name);
  Replay replay(ledger, all, account_network, persons, teleport_set, policy, threads);
  const std::vector<Window> earlier =
      windows_before(all, windows.front(), options.window_ms > 0, kForecastWindowsMax);
  for (const Window& window : windows) {
    report.folds.push_back(
        replay.run(window, report.folds.empty() ? earlier : std::vector<Window>()));
    if (done) done(static_cast<uint32_t>(report.folds.size()));
  }
  report.mean.resize(report.measures.size());
  for (const auto figure :
       {&RankingGrade::ndcg, &RankingGrade::spearman, &RankingGrade::auc, &RankingGrade::overlap}) {
    add_mean(report, figure);
  }
  report.calibration = mean_of(report.folds);
  return report;
}

}  // namespace bellwether

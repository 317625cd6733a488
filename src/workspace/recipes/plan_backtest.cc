// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/plan_backtest.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <random>
#include <span>

#include "plan/group_reach.h"
#include "plan/window_chances.h"
#include "score/baselines.h"
#include "score/forecast.h"
#include "score/score.h"
#include "score/standing.h"
#include "score/teleport.h"
#include "workspace/recipes/history.h"

namespace bellwether {
namespace {

constexpr uint32_t kMost = kPlanBacktestPeople.back();
constexpr int kDraws = 200;

using Group = std::vector<PersonId>;

// Who moved whom in a window, and how many different ones a group did.
class Came {
 public:
  Came(std::span<const Response> responses, uint32_t persons) : graph_(responses, persons) {}

  double moved(std::span<const PersonId> group) {
    std::vector<PersonId> people;
    for (const PersonId person : group) {
      const auto movers = graph_.movers_of(person);
      people.insert(people.end(), movers.begin(), movers.end());
    }
    std::sort(people.begin(), people.end());
    return static_cast<double>(std::unique(people.begin(), people.end()) - people.begin());
  }

  // Greedy by what came.
  Group best() const {
    std::vector<bool> moved(graph_.persons(), false);
    std::vector<uint32_t> gain(graph_.persons());
    for (PersonId p = 0; p < gain.size(); ++p) {
      gain[p] = static_cast<uint32_t>(graph_.movers_of(p).size());
    }
    Group group;
    while (group.size() < kMost) {
      const auto most = std::max_element(gain.begin(), gain.end());
      if (most == gain.end() || *most == 0) break;
      const auto person = static_cast<PersonId>(most - gain.begin());
      group.push_back(person);
      for (const PersonId mover : graph_.movers_of(person)) {
        if (moved[mover]) continue;
        moved[mover] = true;
        for (const PersonId other : graph_.receivers_of(mover)) --gain[other];
      }
    }
    return group;
  }

 private:
  ResponseGraph graph_;
};

// The first of `people` by measure; empty: all stand level.
Group first_by(const std::vector<double>& measure, std::span<const PersonId> people) {
  Group order(people.begin(), people.end());
  const auto [least, most] = std::minmax_element(
      order.begin(), order.end(), [&](PersonId a, PersonId b) { return measure[a] < measure[b]; });
  if (order.empty() || measure[*least] == measure[*most]) return {};
  std::stable_sort(order.begin(), order.end(),
                   [&](PersonId a, PersonId b) { return measure[a] > measure[b]; });
  order.resize(std::min<size_t>(order.size(), kMost));
  return order;
}

PlanBacktest::Measure measure_of(std::string_view name, const Group& group, Came& came) {
  PlanBacktest::Measure measure{name, {}};
  if (group.empty()) return measure;
  for (size_t i = 0; i < kPlanBacktestPeople.size(); ++i) {
    const size_t many = std::min<size_t>(kPlanBacktestPeople[i], group.size());
    measure.moved[i] = came.moved(std::span(group).first(many));
  }
  return measure;
}

Result<PlanBacktest::Measure> plan_of(const GraphSnapshot& graph, std::span<const Window> before,
                                      Came& came, unsigned threads) {
  PlanBacktest::Measure measure{"plan", {}};
  WindowChances learnt = window_chances(graph, before, threads);
  if (learnt.training_windows == 0) return measure;
  ReachChances chances;
  chances.persons = graph.persons().persons;
  chances.arcs = std::move(learnt.pairs);
  chances.newcomers = std::move(learnt.newcomers);
  chances.weight.assign(chances.persons, 1);
  BW_ASSIGN(const ReachGraph reach, ReachGraph::create(std::move(chances), threads));
  std::vector<uint32_t> nobody;
  for (PersonId person = 0; person < graph.persons().persons; ++person) {
    if (!reach.reaches_anybody(person)) nobody.push_back(person);
  }
  if (nobody.size() == graph.persons().persons) return measure;
  for (size_t i = 0; i < kPlanBacktestPeople.size(); ++i) {
    SeedQuestion question;
    question.seeds_max = kPlanBacktestPeople[i];
    question.exclude = nobody;
    SeedOptions options;
    options.rr_sets_min = plan_rr_sets(reach);
    options.threads = threads;
    BW_ASSIGN(const SeedSelection selection, reach.select(question, options));
    Group group;
    for (const Seed& seed : selection.report.seeds) group.push_back(seed.vertex);
    measure.moved[i] = came.moved(group);
  }
  return measure;
}

}  // namespace

Result<PlanBacktest> backtest_plans(Workspace& workspace, const BacktestOptions& options,
                                    const std::function<void(std::string_view)>& phase) {
  BW_ASSIGN(const History history, read_history(workspace, phase));
  const Policy& policy = history.policy;
  const unsigned threads = workspace.threads();
  const uint32_t persons = history.persons.persons;
  const std::vector<Response> responses = responses_of(history.ledger, history.persons);
  BW_ASSIGN(const std::vector<Window> windows, windows_of(responses, options));
  PlanBacktest result;
  for (const Window& window : windows) {
    if (phase) phase(fmt::format("window {} of {}", result.folds.size() + 1, windows.size()));
    const GraphSnapshot graph = graph_at(history.ledger, history.numbering->account_network,
                                         history.persons, window.cut, threads);
    const Seen seen = look_at(responses, persons, window);
    Came came(seen.came, persons);
    const std::vector<Window> before =
        windows_before(responses, window, options.window_ms > 0, kForecastWindowsMax);
    PlanBacktest::Fold& fold = result.folds.emplace_back();
    fold.cut = window.cut;
    fold.end = window.end;
    fold.responses_before = seen.known.size();
    fold.responses_within = seen.came.size();
    fold.training_windows = static_cast<uint32_t>(before.size());
    BW_ASSIGN(const PlanBacktest::Measure plan, plan_of(graph, before, came, threads));
    fold.measures.push_back(plan);

    std::vector<AccountId> teleport = history.teleport_set;
    if (teleport.empty()) teleport = choose_teleport_set(graph, policy, threads);
    const Standing standing(graph, graph.vouches(vouch_options(policy, threads)), teleport, policy,
                            threads);
    std::vector<double> score(persons, 0);
    for (const PersonScore& each : score_everybody(graph, standing, policy, {}, threads)) {
      score[each.person] = each.value;
    }
    std::vector<double> forecast(persons, 0);
    std::vector<ForecastWindow> training;
    for (const Window& earlier : before) {
      const Seen known = look_at(responses, persons, earlier);
      const auto features = forecast_features(graph, earlier.cut, threads);
      ForecastWindow& of = training.emplace_back();
      for (const PersonId person : known.people) of.features.push_back(features[person]);
      of.moved = known.moved;
    }
    if (!training.empty()) {
      const ForecastModel model = ForecastModel::fit(training, threads);
      const auto features = forecast_features(graph, window.cut, threads);
      for (const PersonId person : seen.people) {
        forecast[person] = static_cast<double>(model.forecast(features[person]).mean);
      }
    }
    const auto list = [&](std::string_view name, const std::vector<double>& measure) {
      fold.measures.push_back(measure_of(name, first_by(measure, seen.people), came));
    };
    list("score", score);
    list("forecast", forecast);
    list("distinct responders", distinct_responders(seen.known, persons));
    list("pagerank", page_rank(ResponseGraph(seen.known, persons)));
    const size_t last = std::min(seen.came.size(), seen.known.size());
    list("last responses", distinct_responders(std::span(seen.known).last(last), persons));

    PlanBacktest::Measure random{"random", {}};
    std::mt19937_64 draw(20180610);
    for (size_t i = 0; i < kPlanBacktestPeople.size() && !seen.people.empty(); ++i) {
      double sum = 0;
      for (int d = 0; d < kDraws; ++d) {
        Group group;
        for (uint32_t k = 0; k < kPlanBacktestPeople[i]; ++k) {
          group.push_back(seen.people[draw() % seen.people.size()]);
        }
        sum += came.moved(group);
      }
      random.moved[i] = sum / kDraws;
    }
    fold.measures.push_back(random);
    fold.measures.push_back(measure_of("best possible", came.best(), came));
  }
  result.method = method_name(policy.method);
  result.policy_name = policy.name;
  result.policy_hash = policy_hash(policy, policy.teleport);
  result.simulated = history.simulated;
  return result;
}

}  // namespace bellwether

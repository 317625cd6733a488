// SPDX-License-Identifier: Apache-2.0
#include "score/backtest.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/parallel.h"
#include "score/baselines.h"
#include "score/forecast.h"
#include "score/score.h"
#include "score/standing.h"

namespace bellwether {
namespace {

struct Window {
  Instant cut, end;
};

bool before(const Response& response, Instant instant) { return response.published < instant; }

Error too_few(uint32_t folds) {
  return {ErrorCode::kNotFound,
          fmt::format("the log holds too few responses for {}: try fewer folds or an earlier cut",
                      folds == 1 ? "a window" : fmt::format("{} windows", folds))};
}

Result<std::vector<Window>> windows_of(std::span<const Response> responses,
                                       const BacktestOptions& options) {
  if (options.folds < 1 || options.folds > 1000) {
    return Error{ErrorCode::kInvalidArgument, "a backtest takes 1 to 1,000 folds"};
  }
  if (!(options.cut_share > 0 && options.cut_share < 1)) {
    return Error{ErrorCode::kInvalidArgument, "the share before the cut lies between 0 and 1"};
  }
  if (responses.size() < 2) return too_few(options.folds);
  const Instant first = responses.front().published;
  const Instant end{responses.back().published.ms + 1};
  if (options.cut && (*options.cut <= first || *options.cut >= end)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("a cut at {} has nothing on one of its sides: the responses last from "
                             "{} to {}",
                             to_string(*options.cut), to_string(first), to_string(end))};
  }
  std::vector<Window> windows;
  if (options.window_ms > 0) {
    const int64_t all = int64_t{options.folds} * options.window_ms;
    Instant cut = options.cut.value_or(Instant{end.ms - all});
    if (cut.ms + all > end.ms || cut <= first) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("{} of that length from {} do not fit into the log, which lasts "
                               "from {} to {}",
                               options.folds == 1 ? "a window" : "so many windows", to_string(cut),
                               to_string(first), to_string(end))};
    }
    for (uint32_t fold = 0; fold < options.folds; ++fold) {
      windows.push_back({cut, Instant{cut.ms + options.window_ms}});
      cut = windows.back().end;
    }
    return windows;
  }
  const auto count = static_cast<double>(responses.size());
  const auto begin =
      options.cut ? static_cast<size_t>(std::partition_point(responses.begin(), responses.end(),
                                                             [&](const Response& r) {
                                                               return before(r, *options.cut);
                                                             }) -
                                        responses.begin())
                  : static_cast<size_t>(options.cut_share * count);
  const auto instant_at = [&](uint32_t fold) {
    if (fold == options.folds) return end;
    if (fold == 0 && options.cut) return *options.cut;
    return responses[begin + (responses.size() - begin) * fold / options.folds].published;
  };
  for (uint32_t fold = 0; fold < options.folds; ++fold) {
    windows.push_back({instant_at(fold), instant_at(fold + 1)});
    if (windows.back().cut <= first || windows.back().cut >= windows.back().end) {
      return too_few(options.folds);
    }
  }
  return windows;
}

// The values of those who are compared.
std::vector<double> of_people(std::span<const double> all, std::span<const PersonId> people) {
  std::vector<double> out;
  out.reserve(people.size());
  for (const PersonId person : people) out.push_back(all[person]);
  return out;
}

std::vector<double> by_person(std::span<const PersonScore> scores, uint32_t persons) {
  std::vector<double> out(persons, 0);
  for (const PersonScore& score : scores) out[score.person] = score.value;
  return out;
}

constexpr std::array kMeasures{
    std::string_view("forecast"),
    std::string_view("score"),
    std::string_view("score without the crowd rule"),
    std::string_view("responses"),
    std::string_view("distinct responders"),
    std::string_view("pagerank"),
    std::string_view("k-core"),
    std::string_view("voterank"),
    std::string_view("last duration"),
    std::string_view("last responses"),
    std::string_view("followers"),
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

  // `before`: windows to learn from, if this is the first fold.
  BacktestFold run(const Window& window, std::span<const Window> before);

 private:
  // Who had been on either side of a response before a cut, and how many each moved after it.
  struct Seen {
    std::vector<Response> known, came;
    std::vector<PersonId> people;
    std::vector<uint32_t> moved;  // by place in people
  };
  Seen look(const Window& window) const;
  GraphSnapshot graph_at(Instant cut) const;
  ForecastWindow lesson(const Seen& seen, const GraphSnapshot& graph, Instant cut) const;
  // Nothing if there is nothing to learn from.
  void grade_forecast(const Seen& seen, const ForecastWindow& now, BacktestFold& fold) const;

  std::span<const LedgerEntry> ledger_;
  std::span<const Response> responses_;
  const std::vector<NetworkId>& account_network_;
  const PersonMap& persons_;
  std::span<const AccountId> teleport_set_;
  const Policy& policy_;
  Policy free_policy_;
  unsigned threads_;
  std::vector<ForecastWindow> lessons_;  // oldest first
};

Replay::Seen Replay::look(const Window& window) const {
  Seen seen;
  seen.known = in_force(responses_, kEarliest, window.cut);
  seen.came = in_force(responses_, window.cut, window.end);
  std::vector<bool> there(persons_.persons, false);
  for (const Response& response : seen.known) {
    there[response.receiver] = there[response.mover] = true;
  }
  const std::vector<double> movers = distinct_responders(seen.came, persons_.persons);
  for (PersonId person = 0; person < persons_.persons; ++person) {
    if (!there[person]) continue;
    seen.people.push_back(person);
    seen.moved.push_back(static_cast<uint32_t>(movers[person]));
  }
  return seen;
}

GraphSnapshot Replay::graph_at(Instant cut) const {
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& entry : ledger_) {
    if (entry.counts_as_of(cut)) entries.push_back(FoldEntry::from(entry));
  }
  return GraphSnapshot(std::move(entries), account_network_, persons_, cut, threads_);
}

ForecastWindow Replay::lesson(const Seen& seen, const GraphSnapshot& graph, Instant cut) const {
  const std::vector<ForecastFeatures> all = forecast_features(graph, cut, threads_);
  ForecastWindow window;
  for (const PersonId person : seen.people) window.features.push_back(all[person]);
  window.moved = seen.moved;
  return window;
}

void Replay::grade_forecast(const Seen& seen, const ForecastWindow& now, BacktestFold& fold) const {
  const size_t count = std::min(lessons_.size(), kForecastWindowsMax);
  if (count == 0) {
    fold.grades.emplace_back();
    return;
  }
  std::vector<const ForecastWindow*> lessons;
  for (const ForecastWindow& lesson : std::span(lessons_).last(count)) lessons.push_back(&lesson);
  const ForecastModel model = ForecastModel::fit(lessons, threads_);
  std::vector<CountForecast> forecasts;
  std::vector<double> means;
  for (const ForecastFeatures& features : now.features) {
    forecasts.push_back(model.forecast(features));
    means.push_back(forecasts.back().mean);
  }
  fold.calibration = grade_intervals(forecasts, seen.moved);
  fold.lessons = static_cast<uint32_t>(count);
  fold.grades.push_back(grade_ranking(means, seen.moved));
}

BacktestFold Replay::run(const Window& window, std::span<const Window> before) {
  BacktestFold fold;
  fold.cut = window.cut;
  fold.end = window.end;
  const uint32_t persons = persons_.persons;
  const GraphSnapshot graph = graph_at(window.cut);
  std::vector<AccountId> teleport(teleport_set_.begin(), teleport_set_.end());
  if (teleport.empty()) teleport = choose_teleport_set(graph, policy_, threads_);
  const Standing standing(
      graph, graph.vouches({policy_.vouches_max, policy_.vouch_half_life_days, threads_}), teleport,
      policy_, threads_);

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

  for (const Window& earlier : before) {
    lessons_.push_back(lesson(look(earlier), graph, earlier.cut));
  }
  ForecastWindow now = lesson(seen, graph, window.cut);
  grade_forecast(seen, now, fold);
  lessons_.push_back(std::move(now));

  const auto score_under = [&](const Policy& policy) {
    return by_person(score_everybody(graph, standing, policy, {}, threads_), persons);
  };
  std::vector<double> score = score_under(policy_);
  std::vector<double> free_score = score_under(free_policy_);
  const Instant as_long{window.cut.ms - (window.end.ms - window.cut.ms)};
  const size_t as_many = std::min(seen.came.size(), seen.known.size());
  const std::vector<std::function<std::vector<double>()>> measures{
      [&] { return score; },
      [&] { return free_score; },
      [&] { return total_responses(seen.known, persons); },
      [&] { return distinct_responders(seen.known, persons); },
      [&] { return page_rank(responded); },
      [&] { return core_number(responded); },
      [&] { return vote_rank(responded); },
      [&] { return distinct_responders(in_force(seen.known, as_long, window.cut), persons); },
      [&] { return distinct_responders(std::span(seen.known).last(as_many), persons); },
      [&] { return followers(seen.known, persons); },
  };
  std::vector<RankingGrade> grades(measures.size());
  parallel_for(measures.size(), 1, threads_, [&](size_t begin, size_t end) {
    for (size_t m = begin; m < end; ++m) {
      const std::vector<double> values = of_people(measures[m](), seen.people);
      // Where nobody is told apart from nobody, as followers are where nobody follows, there is
      // nothing to grade.
      const bool any = std::any_of(values.begin(), values.end(), [](double v) { return v > 0; });
      if (any) grades[m] = grade_ranking(values, seen.moved);
    }
  });
  fold.grades.insert(fold.grades.end(), grades.begin(), grades.end());
  return fold;
}

// The windows before the first, as long as it and without a gap, oldest first: of equal length in
// time, or of equally many responses.
std::vector<Window> windows_before(std::span<const Response> responses, const Window& first,
                                   bool equal_time) {
  std::vector<Window> out;
  const auto place = [&](Instant instant) {
    return static_cast<size_t>(
        std::partition_point(responses.begin(), responses.end(),
                             [&](const Response& r) { return before(r, instant); }) -
        responses.begin());
  };
  const size_t many = place(first.end) - place(first.cut);
  Instant end = first.cut;
  while (out.size() < kForecastWindowsMax) {
    const size_t at = place(end);
    if (!equal_time && at <= many) break;
    const Instant cut = equal_time ? Instant{end.ms - (first.end.ms - first.cut.ms)}
                                   : responses[at - many].published;
    if (cut <= responses.front().published || cut >= end) break;
    out.push_back({cut, end});
    end = cut;
  }
  std::reverse(out.begin(), out.end());
  return out;
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
  report.measures.assign(kMeasures.begin(), kMeasures.end());
  Replay replay(ledger, all, account_network, persons, teleport_set, policy, threads);
  const std::vector<Window> earlier = windows_before(all, windows.front(), options.window_ms > 0);
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

// SPDX-License-Identifier: Apache-2.0
#include "score/backtest.h"

#include <fmt/format.h>

#include <algorithm>

#include "score/baselines.h"
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
    std::string_view("score"),          std::string_view("score without the crowd rule"),
    std::string_view("responses"),      std::string_view("distinct responders"),
    std::string_view("pagerank"),       std::string_view("k-core"),
    std::string_view("voterank"),       std::string_view("last duration"),
    std::string_view("last responses"), std::string_view("followers"),
};

class Replay {
 public:
  Replay(std::span<const LedgerEntry> ledger, const std::vector<NetworkId>& account_network,
         const PersonMap& persons, std::span<const AccountId> teleport_set, const Policy& policy,
         unsigned threads)
      : ledger_(ledger),
        account_network_(account_network),
        persons_(persons),
        teleport_set_(teleport_set),
        policy_(policy),
        free_policy_(policy),
        threads_(threads) {
    // So high that it never binds.
    free_policy_.crowd_share = 1e12;
  }

  BacktestFold run(const Window& window) const;

 private:
  std::span<const LedgerEntry> ledger_;
  const std::vector<NetworkId>& account_network_;
  const PersonMap& persons_;
  std::span<const AccountId> teleport_set_;
  const Policy& policy_;
  Policy free_policy_;
  unsigned threads_;
};

BacktestFold Replay::run(const Window& window) const {
  BacktestFold fold{window.cut, window.end, 0, 0, 0, 0, 0, {}};
  const uint32_t persons = persons_.persons;

  std::vector<FoldEntry> entries;
  for (const LedgerEntry& entry : ledger_) {
    if (entry.counts_as_of(window.cut)) entries.push_back(FoldEntry::from(entry));
  }
  const GraphSnapshot graph(std::move(entries), account_network_, persons_, window.cut, threads_);
  std::vector<AccountId> teleport(teleport_set_.begin(), teleport_set_.end());
  if (teleport.empty()) teleport = choose_teleport_set(graph, policy_, threads_);
  const Standing standing(
      graph, graph.vouches({policy_.vouches_max, policy_.vouch_half_life_days, threads_}), teleport,
      policy_, threads_);

  const std::vector<Response> known = responses_of(ledger_, persons_, window.cut);
  const ResponseGraph responded(known, persons);
  std::vector<PersonId> people;
  uint32_t responding = 0;
  uint32_t vouched = 0;
  for (PersonId person = 0; person < persons; ++person) {
    const bool responds = !responded.receivers_of(person).empty();
    if (responds || !responded.movers_of(person).empty()) people.push_back(person);
    if (!responds) continue;
    ++responding;
    if (standing.of(graph, person) >= policy_.vouched_min) ++vouched;
  }

  std::vector<Response> came = responses_of(ledger_, persons_, window.end);
  std::erase_if(came, [&](const Response& r) { return r.published < window.cut; });
  const std::vector<double> movers = distinct_responders(came, persons);
  std::vector<uint32_t> moved;
  for (const PersonId person : people) moved.push_back(static_cast<uint32_t>(movers[person]));

  fold.responses_before = known.size();
  fold.responses_within = came.size();
  fold.people = static_cast<uint32_t>(people.size());
  fold.moving = static_cast<uint32_t>(
      std::count_if(moved.begin(), moved.end(), [](uint32_t m) { return m > 0; }));
  fold.vouched_share = responding == 0 ? 0 : static_cast<double>(vouched) / responding;

  const auto grade = [&](std::span<const double> measure) {
    fold.grades.push_back(grade_ranking(of_people(measure, people), moved));
  };
  for (const Policy* policy : {&policy_, &free_policy_}) {
    grade(by_person(score_everybody(graph, standing, *policy, {}, threads_), persons));
  }
  grade(total_responses(known, persons));
  grade(distinct_responders(known, persons));
  grade(page_rank(responded));
  grade(core_number(responded));
  grade(vote_rank(responded));
  const Instant as_long{window.cut.ms - (window.end.ms - window.cut.ms)};
  const auto recent = std::partition_point(known.begin(), known.end(),
                                           [&](const Response& r) { return before(r, as_long); });
  grade(distinct_responders({recent, known.end()}, persons));
  const size_t as_many = std::min(came.size(), known.size());
  grade(distinct_responders(std::span(known).last(as_many), persons));
  const std::vector<double> following = followers(known, persons);
  if (std::any_of(following.begin(), following.end(), [](double f) { return f > 0; })) {
    grade(following);
  } else {
    fold.grades.emplace_back();
  }
  return fold;
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
  const std::vector<Response> all = responses_of(ledger, persons, Instant{kLatest.ms});
  BW_ASSIGN(const std::vector<Window> windows, windows_of(all, options));
  BacktestReport report;
  report.measures.assign(kMeasures.begin(), kMeasures.end());
  const Replay replay(ledger, account_network, persons, teleport_set, policy, threads);
  for (const Window& window : windows) {
    report.folds.push_back(replay.run(window));
    if (done) done(static_cast<uint32_t>(report.folds.size()));
  }
  report.mean.resize(report.measures.size());
  for (const auto figure :
       {&RankingGrade::ndcg, &RankingGrade::spearman, &RankingGrade::auc, &RankingGrade::overlap}) {
    add_mean(report, figure);
  }
  return report;
}

}  // namespace bellwether

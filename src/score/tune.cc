// SPDX-License-Identifier: Apache-2.0
#include "score/tune.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

#include "base/parallel.h"
#include "score/forecast.h"
#include "score/score.h"
#include "score/standing.h"
#include "score/teleport.h"

namespace bellwether {
namespace {

constexpr size_t kFitWindowsMax = 4;  // of the count model, the newest before a window
constexpr double kWindowDecay = 0.7;  // of the weight of a window for each newer one
constexpr double kPays = 2;           // standard errors by which a change has to gain
constexpr int kSweepsMax = 3;
constexpr size_t kPeoplePerPiece = 1024;
constexpr double kLogMeanMax = 20;
constexpr double kSizeLogMax = 8;
constexpr double kHorizonFloor = 1.0 / 8;  // of a weight, in the penalty: 0 is no infinity

// What the training people had received before a cut, and how many they moved in the window after
// it. Pairs and acts lie one after the other.
struct Act {
  float age_days;
  float credit;  // as the base policy has it
  Verb verb;
  bool courted;
};
struct Pair {
  float standing;  // under the base policy
  uint32_t acts;   // how many
};
struct Trained {
  uint32_t place;  // among the training people
  uint32_t moved;
  float weight;
  uint32_t pairs;  // how many
};
struct Piece {
  std::vector<Trained> people;
  std::vector<Pair> pairs;
  std::vector<Act> acts;
};
struct Evidence {
  std::vector<Piece> pieces;
  size_t people = 0;
};

// By window, then person in the order of the pieces.
using Values = std::vector<std::vector<double>>;

class Past {
 public:
  Past(std::span<const LedgerEntry> ledger, const std::vector<NetworkId>& account_network,
       const PersonMap& persons, std::span<const AccountId> teleport_set, const Policy& base,
       unsigned threads)
      : ledger_(ledger),
        responses_(responses_of(ledger, persons)),
        account_network_(account_network),
        persons_(persons),
        teleport_set_(teleport_set),
        base_(base),
        threads_(threads),
        row_(account_network.size() + 1, 0) {
    for (const LedgerEntry& entry : ledger) ++row_[entry.receiver + size_t{1}];
    for (size_t i = 1; i < row_.size(); ++i) row_[i] += row_[i - 1];
  }

  std::span<const Response> responses() const { return responses_; }
  Seen look(const Window& window) const { return look_at(responses_, persons_.persons, window); }
  std::vector<TrainingPerson> training(Instant cut) const {
    return training_people(graph_at(ledger_, account_network_, persons_, cut, threads_));
  }

  Evidence at(const Window& window, std::span<const TrainingPerson> training) const {
    const GraphSnapshot graph = graph_at(ledger_, account_network_, persons_, window.cut, threads_);
    const Standing standing = standing_in(graph, base_);
    const Seen seen = look(window);
    Evidence evidence;
    evidence.pieces.resize((training.size() + kPeoplePerPiece - 1) / kPeoplePerPiece);
    parallel_for(evidence.pieces.size(), 1, threads_, [&](size_t first, size_t last) {
      std::vector<std::pair<PersonId, const LedgerEntry*>> received;
      for (size_t piece = first; piece < last; ++piece) {
        const size_t end = std::min(training.size(), (piece + 1) * kPeoplePerPiece);
        for (size_t place = piece * kPeoplePerPiece; place < end; ++place) {
          const PersonId person = training[place].person;
          const auto found = std::lower_bound(seen.people.begin(), seen.people.end(), person);
          if (found == seen.people.end() || *found != person) continue;
          Trained trained{static_cast<uint32_t>(place),
                          seen.moved[static_cast<size_t>(found - seen.people.begin())],
                          training[place].weight, 0};
          add(person, window.cut, graph, standing, received, trained, evidence.pieces[piece]);
        }
      }
    });
    for (const Piece& piece : evidence.pieces) evidence.people += piece.people.size();
    return evidence;
  }

  // Of everybody's score, made anew under `policy` as of the window's cut.
  RankingGrade grade(const Window& window, const Seen& seen, const Policy& policy) const {
    const std::vector<LedgerEntry> other = policy.credit.weight == base_.credit.weight
                                               ? std::vector<LedgerEntry>()
                                               : reweighted(ledger_, base_.credit, policy.credit);
    const GraphSnapshot graph =
        graph_at(other.empty() ? ledger_ : other, account_network_, persons_, window.cut, threads_);
    std::vector<double> all(persons_.persons, 0);
    for (const PersonScore& score :
         score_everybody(graph, standing_in(graph, policy), policy, {}, threads_)) {
      all[score.person] = score.value;
    }
    std::vector<double> values;
    for (const PersonId person : seen.people) values.push_back(all[person]);
    return grade_ranking(values, seen.moved);
  }

 private:
  Standing standing_in(const GraphSnapshot& graph, const Policy& policy) const {
    std::vector<AccountId> set(teleport_set_.begin(), teleport_set_.end());
    if (set.empty()) set = choose_teleport_set(graph, policy, threads_);
    return {graph, graph.vouches(vouch_options(policy, threads_)), set, policy, threads_};
  }

  void add(PersonId person, Instant cut, const GraphSnapshot& graph, const Standing& standing,
           std::vector<std::pair<PersonId, const LedgerEntry*>>& received, Trained& trained,
           Piece& piece) const {
    received.clear();
    for (const AccountId account : graph.accounts_of(person)) {
      for (size_t i = row_[account]; i < row_[account + size_t{1}]; ++i) {
        const LedgerEntry& entry = ledger_[i];
        const PersonId mover = persons_.person_of[entry.mover];
        if (mover == kNobody || mover == person || !entry.counts_as_of(cut)) continue;
        received.emplace_back(mover, &entry);
      }
    }
    std::stable_sort(received.begin(), received.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    PersonId last = kNobody;
    for (const auto& [mover, entry] : received) {
      if (mover != last) {
        last = mover;
        ++trained.pairs;
        piece.pairs.push_back({static_cast<float>(standing.for_receiver(graph, mover, person)), 0});
      }
      ++piece.pairs.back().acts;
      piece.acts.push_back(
          {static_cast<float>(static_cast<double>(cut.ms - entry->published.ms) /
                              static_cast<double>(kMsPerDay)),
           static_cast<float>(static_cast<double>(entry->credit) / static_cast<double>(kCreditOne)),
           entry->verb, entry->courted()});
    }
    piece.people.push_back(trained);
  }

  std::span<const LedgerEntry> ledger_;
  std::vector<Response> responses_;
  const std::vector<NetworkId>& account_network_;
  const PersonMap& persons_;
  std::span<const AccountId> teleport_set_;
  const Policy& base_;
  unsigned threads_;
  std::vector<size_t> row_;  // of the ledger, by receiver
};

// log2(1 + people moved) at several half-lives, under a policy's weights: by person, then
// half-life.
std::vector<double> doublings_of(const Piece& piece, const Policy& policy, const Policy& base,
                                 std::span<const double> half_life_days) {
  std::array<float, kVerbSlots> factor{};
  for (size_t verb = 0; verb < kVerbSlots; ++verb) {
    const double from = base.credit.weight[verb];
    factor[verb] = from > 0 ? static_cast<float>(policy.credit.weight[verb] / from) : 0;
  }
  const size_t n = half_life_days.size();
  std::vector<float> per_day;
  for (const double days : half_life_days) per_day.push_back(static_cast<float>(-1 / days));
  struct Sums {
    double vouched = 0, crowd = 0, courted = 0;
  };
  std::vector<double> out;
  out.reserve(piece.people.size() * n);
  std::vector<Sums> sums(n);
  std::vector<float> x(n);
  std::vector<float> free(n);
  const Pair* pair = piece.pairs.data();
  const Act* act = piece.acts.data();
  for (const Trained& person : piece.people) {
    std::fill(sums.begin(), sums.end(), Sums{});
    for (uint32_t p = 0; p < person.pairs; ++p, ++pair) {
      std::fill(x.begin(), x.end(), 0.0F);
      std::fill(free.begin(), free.end(), 0.0F);
      bool drawn = false;
      for (uint32_t a = 0; a < pair->acts; ++a, ++act) {
        const float credit = act->credit * factor[static_cast<size_t>(act->verb)];
        for (size_t h = 0; h < n; ++h) {
          const float left = credit * std::exp2(act->age_days * per_day[h]);
          x[h] += left;
          if (!act->courted) free[h] += left;
        }
        drawn |= act->courted;
      }
      const auto s = static_cast<double>(pair->standing);
      for (size_t h = 0; h < n; ++h) {
        const double chance = free[h] > 0 ? moved_probability(static_cast<double>(free[h])) : 0;
        sums[h].vouched += s * chance;
        sums[h].crowd += (1 - s) * chance;
        if (drawn) sums[h].courted += moved_probability(static_cast<double>(x[h])) - chance;
      }
    }
    for (const Sums& sum : sums) {
      out.push_back(
          std::log2(1 + count_people_moved(sum.vouched, sum.crowd, sum.courted, base).moved));
    }
  }
  return out;
}

// ---- the count model ----------------------------------------------------------------------------

struct Cell {
  double q = 0, moved = 0, weight = 0;
};

// People of nearly the same q who moved equally many are looked at together.
class Cells {
 public:
  void add(double q, uint32_t moved, double weight) {
    if (moved >= kFew) {
      cells_.push_back({q, static_cast<double>(moved), weight});
      return;
    }
    // Nothing at all is told from little.
    const size_t bin =
        q <= 0 ? 0 : 1 + std::min(static_cast<size_t>(q * kBinsPerDoubling), kBins - 2);
    Cell& cell = few_[bin * kFew + moved];
    cell.q += weight * q;
    cell.moved = moved;
    cell.weight += weight;
  }
  std::vector<Cell> finish() {
    for (const Cell& cell : few_) {
      if (cell.weight > 0) cells_.push_back({cell.q / cell.weight, cell.moved, cell.weight});
    }
    return std::move(cells_);
  }

 private:
  static constexpr size_t kFew = 32;
  static constexpr double kBinsPerDoubling = 8;
  static constexpr size_t kBins = 200;
  std::vector<Cell> few_ = std::vector<Cell>(kBins * kFew);
  std::vector<Cell> cells_;
};

struct CountModel {
  double intercept = 0, slope = 0.5;          // a, b
  double size_intercept = 0, size_slope = 0;  // of the log of the size, over log mu
  ForecastLevel level;

  double log_mean(double q) const {
    return std::clamp(intercept + slope * q, -kLogMeanMax, kLogMeanMax);
  }
  double size_at(double log_mean) const {
    return std::exp(std::clamp(size_intercept + size_slope * log_mean, -kSizeLogMax, kSizeLogMax));
  }

  // The log of the chance that somebody of `q` moves so many.
  double log_chance(double q, uint32_t moved) const {
    const double at = std::clamp(log_mean(q) + level.value, -kLogMeanMax, kLogMeanMax);
    const double mean = std::exp(at);
    const double size = 1 / (1 / size_at(at) + std::expm1(level.variance));
    double log = -size * std::log1p(mean / size);
    if (moved > 0) {
      const double count = moved;
      log += log_gamma(count + size) - log_gamma(size) - log_gamma(count + 1) +
             count * (at - std::log(size + mean));
    }
    return log;
  }

  void fit_size(std::span<const Cell> cells) {
    const auto likelihood = [&](double i, double s) {
      double sum = 0;
      for (const Cell& cell : cells) {
        const double at = log_mean(cell.q);
        const double mean = std::exp(at);
        const double size = std::exp(std::clamp(i + s * at, -kSizeLogMax, kSizeLogMax));
        double log = -size * std::log1p(mean / size);
        if (cell.moved > 0) {
          log += log_gamma(cell.moved + size) - log_gamma(size) +
                 cell.moved * (at - std::log(size + mean));
        }
        sum += cell.weight * log;
      }
      return sum;
    };
    double best = likelihood(size_intercept, size_slope);
    for (double step = 0.5; step > 0.02; step /= 2) {
      for (bool better = true; better;) {
        better = false;
        for (const auto& [di, ds] :
             {std::pair{step, 0.0}, {-step, 0.0}, {0.0, step / 2}, {0.0, -step / 2}}) {
          const double i = std::clamp(size_intercept + di, -kSizeLogMax, kSizeLogMax);
          const double s = std::clamp(size_slope + ds, -2.0, 2.0);
          const double value = likelihood(i, s);
          if (value > best + 1e-9) {
            best = value;
            size_intercept = i;
            size_slope = s;
            better = true;
          }
        }
      }
    }
  }
};

// What a fit of the count model reads of one window.
struct Told {
  const Evidence* evidence;
  const std::vector<double>* q;
};

// `windows` oldest first, at least one. Iteratively reweighted least squares, the size refitted on
// the way, as the forecast is.
CountModel fit_counts(std::span<const Told> windows) {
  Cells gathered;
  double people = 0;
  double moved = 0;
  double window_weight = 1;
  for (size_t w = windows.size(); w-- > 0;) {
    size_t i = 0;
    for (const Piece& piece : windows[w].evidence->pieces) {
      for (const Trained& person : piece.people) {
        const double weight = window_weight * static_cast<double>(person.weight);
        gathered.add((*windows[w].q)[i++], person.moved, weight);
        people += weight;
        moved += weight * person.moved;
      }
    }
    window_weight *= kWindowDecay;
  }
  const std::vector<Cell> cells = gathered.finish();
  CountModel model;
  model.intercept = people > 0 ? std::log((moved + 0.5) / people) : -kLogMeanMax;
  if (moved <= 0) {
    model.slope = 0;
    return model;
  }
  constexpr int kIterationsMax = 30;
  for (int iteration = 0; iteration < kIterationsMax; ++iteration) {
    if (iteration == 3 || iteration == 8) model.fit_size(cells);
    double one = 1e-9;
    double first = 0;
    double second = 1e-9;
    double right = 0;
    double right_first = 0;
    for (const Cell& cell : cells) {
      const double at = model.log_mean(cell.q);
      const double mean = std::exp(at);
      const double weight = cell.weight * mean / (1 + mean / model.size_at(at));
      const double target = at + (cell.moved - mean) / mean;
      one += weight;
      first += weight * cell.q;
      second += weight * cell.q * cell.q;
      right += weight * target;
      right_first += weight * cell.q * target;
    }
    const double determinant = one * second - first * first;
    double slope =
        determinant > 1e-12 * one * second ? (one * right_first - first * right) / determinant : 0;
    slope = std::max(0.0, slope);
    const double intercept = (right - slope * first) / one;
    const double change =
        std::max(std::abs(intercept - model.intercept), std::abs(slope - model.slope));
    const double step = change > 1 ? 1 / change : 1;
    model.intercept += step * (intercept - model.intercept);
    model.slope += step * (slope - model.slope);
    if (change < 1e-6 && iteration > 8) break;
  }
  model.fit_size(cells);

  std::vector<double> levels;
  for (const Told& window : windows) {
    double said = 0;
    double came = 0;
    size_t i = 0;
    for (const Piece& piece : window.evidence->pieces) {
      for (const Trained& person : piece.people) {
        const auto weight = static_cast<double>(person.weight);
        said += weight * std::exp(model.log_mean((*window.q)[i++]));
        came += weight * person.moved;
      }
    }
    levels.push_back(std::log((came + 1) / (said + 1)));
  }
  model.level = forecast_level(levels);
  return model;
}

// The log of the chance of what came in one window, by person, from the windows before it.
std::vector<double> foretold(std::span<const Told> before, const Told& window) {
  const CountModel model = fit_counts(before.last(std::min(before.size(), kFitWindowsMax)));
  std::vector<double> out;
  out.reserve(window.evidence->people);
  for (const Piece& piece : window.evidence->pieces) {
    for (const Trained& person : piece.people) {
      out.push_back(model.log_chance((*window.q)[out.size()], person.moved));
    }
  }
  return out;
}

double mean_of(const Evidence& evidence, std::span<const double> values) {
  double sum = 0;
  double people = 0;
  size_t i = 0;
  for (const Piece& piece : evidence.pieces) {
    for (const Trained& person : piece.people) {
      sum += static_cast<double>(person.weight) * values[i++];
      people += static_cast<double>(person.weight);
    }
  }
  return people > 0 ? sum / people : 0;
}

// ---- the search ---------------------------------------------------------------------------------

// How far a policy is from the one that was started from, nats: half a squared doubling for each
// value. What a change has to gain besides.
double distance(const Policy& policy, const Policy& base) {
  double sum = 0;
  const auto add = [&](double a, double b) {
    const double doublings = std::log2(a / b);
    sum += doublings * doublings / 2;
  };
  for (size_t verb = 0; verb < kVerbSlots; ++verb) {
    if (base.credit.weight[verb] > 0) add(policy.credit.weight[verb], base.credit.weight[verb]);
  }
  const auto weights = horizon_weights(policy);
  const auto weights_base = horizon_weights(base);
  for (size_t h = 0; h < base.half_life_days.size(); ++h) {
    add(policy.half_life_days[h], base.half_life_days[h]);
    add(std::max(kHorizonFloor, weights[h]), std::max(kHorizonFloor, weights_base[h]));
  }
  return sum;
}

struct Gain {
  double nats = 0, error = 0;
};

class Search {
 public:
  // `known_days`: how long the log was before the newest window.
  Search(std::span<const Evidence> windows, size_t training_people, double known_days,
         const Policy& base, unsigned threads, std::function<void()> tried)
      : windows_(windows),
        training_people_(training_people),
        known_days_(known_days),
        base_(base),
        threads_(threads),
        tried_(std::move(tried)),
        silence_most_(std::max(kSilenceMost, two_weeks_of_silence(base))),
        centre_(base.credit.weight) {
    for (const Piece& piece : windows.back().pieces) {
      for (const Act& act : piece.acts) ++acts_[static_cast<size_t>(act.verb)];
    }
  }

  // The best policy found; `gain` over the base.
  Policy run(Gain& gain) {
    Policy best = base_;
    const Values at_first = chances(best);
    Values now = at_first;
    for (int sweep = 0; sweep < kSweepsMax; ++sweep) {
      bool better = false;
      const size_t coordinates = 2 * base_.half_life_days.size() + 1 + kVerbSlots;
      for (size_t coordinate = 0; coordinate < coordinates; ++coordinate) {
        Policy next = best;
        Values next_chances;
        double most = 0;
        for (const Policy& candidate : candidates(best, coordinate)) {
          if (two_weeks_of_silence(candidate) > silence_most_) continue;
          if (tried_) tried_();
          Values value = chances(candidate);
          const Gain over = paired(value, now);
          const double worth = over.nats - (distance(candidate, base_) - distance(best, base_));
          if (worth > kPays * over.error && worth > most) {
            most = worth;
            next = candidate;
            next_chances = std::move(value);
          }
        }
        if (next_chances.empty()) continue;
        better = true;
        best = std::move(next);
        centre_ = best.credit.weight;
        now = std::move(next_chances);
      }
      if (!better) break;
    }
    gain = paired(now, at_first);
    return best;
  }

 private:
  // Other values of one coordinate: a half-life, its weight, the slope of all weights, a verb.
  std::vector<Policy> candidates(const Policy& policy, size_t coordinate) const {
    std::vector<Policy> out;
    const size_t horizons = policy.half_life_days.size();
    if (coordinate < horizons) {
      const std::vector<double>& own = policy.half_life_days;
      if (own[coordinate] > known_days_) return out;
      for (const double days : kTuneHalfLifeDays) {
        if (days > known_days_) continue;
        // Each keeps its place among the others, so that no two become one.
        const bool fits = std::none_of(own.begin(), own.end(), [&](double other) {
          return (other < own[coordinate] && days <= other) ||
                 (other > own[coordinate] && days >= other) || days == other;
        });
        if (!fits) continue;
        out.push_back(policy);
        out.back().half_life_days[coordinate] = days;
      }
      return out;
    }
    coordinate -= horizons;
    const auto weights = horizon_weights(policy);
    const auto add_weights = [&](std::vector<double> changed) {
      const double sum = std::accumulate(changed.begin(), changed.end(), 0.0);
      if (sum <= 0) return;
      for (double& weight : changed) weight /= sum;
      out.push_back(policy);
      out.back().half_life_weights = std::move(changed);
    };
    const std::vector<double> own(weights.begin(), weights.begin() + horizons);
    if (coordinate < horizons) {
      if (horizons < 2 || policy.half_life_days[coordinate] > known_days_) return out;
      for (const double share : kTuneShares) {
        std::vector<double> changed = own;
        changed[coordinate] = share;
        if (changed != own) add_weights(std::move(changed));
      }
      return out;
    }
    coordinate -= horizons;
    if (coordinate == 0) {
      const std::vector<double>& days = policy.half_life_days;
      if (*std::max_element(days.begin(), days.end()) > known_days_) return out;
      for (const double ratio : {0.5, 2.0}) {
        std::vector<double> changed = own;
        for (size_t h = 0; h < horizons; ++h) {
          changed[h] *= std::pow(ratio, static_cast<double>(h));
        }
        if (horizons > 1) add_weights(std::move(changed));
      }
      return out;
    }
    const size_t verb = coordinate - 1;
    const double from = base_.credit.weight[verb];
    if (from <= 0 || acts_[verb] < kTuneActsMin) return out;
    for (const double factor : kTuneFactors) {
      const double weight = std::min(kWeightMax, from * factor);
      if (weight == policy.credit.weight[verb]) continue;
      out.push_back(policy);
      out.back().credit.weight[verb] = weight;
    }
    return out;
  }

  // log2(1 + people moved) at every half-life that may be asked for, under these verb weights. Kept
  // while only half-lives and their weights change.
  const std::vector<std::vector<double>>& doublings(const Policy& policy,
                                                    std::vector<double>& half_lives) {
    const bool settled = policy.credit.weight == kept_weights_ && !kept_.empty();
    if (!settled) {
      kept_weights_ = policy.credit.weight;
      kept_.assign(windows_.size(), {});
      kept_half_lives_.assign(kTuneHalfLifeDays.begin(), kTuneHalfLifeDays.end());
      for (const double days : base_.half_life_days) kept_half_lives_.push_back(days);
      std::sort(kept_half_lives_.begin(), kept_half_lives_.end());
      kept_half_lives_.erase(std::unique(kept_half_lives_.begin(), kept_half_lives_.end()),
                             kept_half_lives_.end());
      fold(policy, kept_half_lives_, kept_);
    }
    half_lives = kept_half_lives_;
    return kept_;
  }

  void fold(const Policy& policy, std::span<const double> half_lives,
            std::vector<std::vector<double>>& out) const {
    std::vector<std::pair<size_t, size_t>> jobs;  // window and piece
    std::vector<std::vector<std::vector<double>>> parts(windows_.size());
    for (size_t w = 0; w < windows_.size(); ++w) {
      parts[w].resize(windows_[w].pieces.size());
      for (size_t p = 0; p < parts[w].size(); ++p) jobs.emplace_back(w, p);
    }
    parallel_for(jobs.size(), 1, threads_, [&](size_t begin, size_t end) {
      for (size_t j = begin; j < end; ++j) {
        const auto [w, p] = jobs[j];
        parts[w][p] = doublings_of(windows_[w].pieces[p], policy, base_, half_lives);
      }
    });
    for (size_t w = 0; w < windows_.size(); ++w) {
      out[w].clear();
      for (const std::vector<double>& part : parts[w]) {
        out[w].insert(out[w].end(), part.begin(), part.end());
      }
    }
  }

 public:
  // By window and person: the weighted mean of the doublings.
  Values regressors(const Policy& policy) {
    std::vector<double> half_lives;
    std::vector<std::vector<double>> own;
    const std::vector<std::vector<double>>* all = &own;
    if (policy.credit.weight == centre_) {
      all = &doublings(policy, half_lives);
    } else {
      half_lives = policy.half_life_days;
      own.resize(windows_.size());
      fold(policy, half_lives, own);
    }
    const auto weights = horizon_weights(policy);
    std::vector<std::pair<size_t, double>> shares;  // place among half_lives, and weight
    for (size_t h = 0; h < policy.half_life_days.size(); ++h) {
      const auto at = std::find(half_lives.begin(), half_lives.end(), policy.half_life_days[h]);
      assert(at != half_lives.end());
      shares.emplace_back(static_cast<size_t>(at - half_lives.begin()),
                          weights[h] / static_cast<double>(policy.half_life_days.size()));
    }
    Values q(windows_.size());
    for (size_t w = 0; w < windows_.size(); ++w) {
      q[w].resize(windows_[w].people);
      for (size_t i = 0; i < q[w].size(); ++i) {
        double sum = 0;
        for (const auto& [place, share] : shares) {
          sum += share * (*all)[w][i * half_lives.size() + place];
        }
        q[w][i] = sum;
      }
    }
    return q;
  }

 private:
  // By graded window (all but the first) and person.
  Values chances(const Policy& policy) {
    const Values q = regressors(policy);
    std::vector<Told> told;
    for (size_t w = 0; w < windows_.size(); ++w) told.push_back({&windows_[w], &q[w]});
    Values out(windows_.size() - 1);
    parallel_for(out.size(), 1, threads_, [&](size_t begin, size_t end) {
      for (size_t w = begin; w < end; ++w) {
        out[w] = foretold(std::span(told).first(w + 1), told[w + 1]);
      }
    });
    return out;
  }

  // What `a` gains over `b`. Its error is that of a sum over people, each with all their windows
  // together, or over windows, whichever is larger: what befalls a window befalls all its people.
  Gain paired(const Values& a, const Values& b) const {
    std::vector<double> person(training_people_, 0);
    std::vector<double> weight(training_people_, 0);
    std::vector<double> window(a.size(), 0);
    for (size_t w = 0; w < a.size(); ++w) {
      size_t i = 0;
      for (const Piece& piece : windows_[w + 1].pieces) {
        for (const Trained& trained : piece.people) {
          const double more = a[w][i] - b[w][i];
          ++i;
          person[trained.place] += more;
          weight[trained.place] = static_cast<double>(trained.weight);
          window[w] += static_cast<double>(trained.weight) * more;
        }
      }
    }
    Gain gain;
    double people = 0;
    for (size_t i = 0; i < person.size(); ++i) {
      gain.nats += weight[i] * person[i];
      people += weight[i];
    }
    if (people <= 0) return gain;
    double by_person = 0;
    for (size_t i = 0; i < person.size(); ++i) {
      const double off = weight[i] * (person[i] - gain.nats / people);
      by_person += off * off;
    }
    double by_window = 0;
    const auto windows = static_cast<double>(window.size());
    for (const double one : window) {
      by_window += (one - gain.nats / windows) * (one - gain.nats / windows);
    }
    by_window *= windows > 1 ? windows / (windows - 1) : 0;
    gain.error = std::sqrt(std::max(by_person, by_window));
    return gain;
  }

  std::span<const Evidence> windows_;
  size_t training_people_;
  double known_days_;
  const Policy& base_;
  unsigned threads_;
  std::function<void()> tried_;
  double silence_most_;
  std::array<double, kVerbSlots> centre_;  // the verb weights of the best so far
  std::array<uint64_t, kVerbSlots> acts_{};
  std::array<double, kVerbSlots> kept_weights_{};
  std::vector<double> kept_half_lives_;
  std::vector<std::vector<double>> kept_;
};

bool same_values(const Policy& a, const Policy& b) {
  return policy_hash(a, {}) == policy_hash(b, {});
}

std::vector<TunedValue> values_of(const Policy& before, const Policy& after) {
  std::vector<TunedValue> out;
  const auto add = [&](std::string key, double from, double to) {
    if (std::abs(from - to) > 1e-12) out.push_back({std::move(key), from, to});
  };
  for (size_t verb = 0; verb < kVerbSlots; ++verb) {
    add(fmt::format("credit.{}", to_string(static_cast<Verb>(verb))), before.credit.weight[verb],
        after.credit.weight[verb]);
  }
  const auto weights = horizon_weights(before);
  const auto weights_after = horizon_weights(after);
  const size_t horizons = before.half_life_days.size();
  for (size_t h = 0; h < horizons; ++h) {
    add(fmt::format("score.half_life_days.{}", h + 1), before.half_life_days[h],
        after.half_life_days[h]);
  }
  for (size_t h = 0; h < horizons; ++h) {
    add(fmt::format("score.half_life_weights.{}", h + 1),
        weights[h] / static_cast<double>(horizons),
        weights_after[h] / static_cast<double>(horizons));
  }
  return out;
}

void conclude(TuneReport& report) {
  uint32_t gained = 0;
  uint32_t graded = 0;
  double sum = 0;
  for (const TunedFold& fold : report.folds) {
    if (!fold.likelihood_before) continue;
    const double gain = *fold.likelihood_after - *fold.likelihood_before;
    ++graded;
    sum += gain;
    if (gain > 0) ++gained;
  }
  if (graded > 0) report.nested_gain = sum / graded;
  report.pays = report.changed && sum > 0 && 2 * gained > graded;
}

}  // namespace

double two_weeks_of_silence(const Policy& policy) {
  constexpr double kDays = 14;
  const auto weights = horizon_weights(policy);
  double fading = 2 / policy.vouch_half_life_days;
  for (size_t h = 0; h < policy.half_life_days.size(); ++h) {
    fading +=
        weights[h] / static_cast<double>(policy.half_life_days.size()) / policy.half_life_days[h];
  }
  return policy.points_per_doubling * kDays * fading;
}

std::vector<LedgerEntry> reweighted(std::span<const LedgerEntry> ledger, const CreditPolicy& from,
                                    const CreditPolicy& to) {
  std::vector<LedgerEntry> out;
  out.reserve(ledger.size());
  for (const LedgerEntry& entry : ledger) {
    const auto verb = static_cast<size_t>(entry.verb);
    LedgerEntry other = entry;
    if (to.weight[verb] != from.weight[verb]) {
      other.credit =
          std::llround(static_cast<double>(entry.credit) * to.weight[verb] / from.weight[verb]);
      if (other.credit <= 0) continue;
    }
    out.push_back(other);
  }
  return out;
}

Result<TuneReport> tune(std::span<const LedgerEntry> ledger,
                        const std::vector<NetworkId>& account_network, const PersonMap& persons,
                        std::span<const AccountId> teleport_set, const Policy& base,
                        const BacktestOptions& options, unsigned threads,
                        const std::function<void(const TuneProgress&)>& progress) {
  const Past past(ledger, account_network, persons, teleport_set, base, threads);
  BW_ASSIGN(const std::vector<Window> folds, windows_of(past.responses(), options));
  std::vector<Window> windows =
      windows_before(past.responses(), folds.front(), options.window_ms > 0, kTuneWindowsMax);
  TuneReport report;
  report.policy = base;
  report.as_of = folds.back().end;
  TuneProgress told{0, static_cast<uint32_t>(folds.size()) + 1, 0};
  const auto tell = [&] {
    if (progress) progress(told);
  };

  // Fits on the newest of `windows`; `next`, if there is one, is graded.
  const auto fit = [&](const Window* next, TunedFold* fold) {
    ++told.fit;
    tell();
    const size_t many = std::min(windows.size(), kTuneWindowsMax);
    const std::span<const Window> own = std::span(windows).last(many);
    Policy policy = base;
    Gain gain;
    std::vector<Evidence> evidence;
    const std::vector<TrainingPerson> training =
        past.training(next != nullptr ? next->cut : report.as_of);
    for (const Window& window : own) evidence.push_back(past.at(window, training));
    const double known_days =
        own.empty()
            ? 0
            : static_cast<double>(own.back().cut.ms - past.responses().front().published.ms) /
                  static_cast<double>(kMsPerDay);
    if (many >= kTuneWindowsMin) {
      Search search(evidence, training.size(), known_days, base, threads, [&] {
        ++told.tried;
        tell();
      });
      policy = search.run(gain);
    }
    const bool changed = !same_values(policy, base);
    if (fold == nullptr) {
      report.changed = changed;
      report.windows = static_cast<uint32_t>(many);
      report.gain = gain.nats;
      report.gain_error = gain.error;
      report.values = values_of(base, policy);
      report.policy = std::move(policy);
      return;
    }
    fold->windows = static_cast<uint32_t>(many);
    fold->changed = changed;
    const Seen seen = past.look(*next);
    fold->people = static_cast<uint32_t>(seen.people.size());
    fold->moving = static_cast<uint32_t>(
        std::count_if(seen.moved.begin(), seen.moved.end(), [](uint32_t m) { return m > 0; }));
    fold->before = past.grade(*next, seen, base);
    fold->after = changed ? past.grade(*next, seen, policy) : fold->before;
    if (many > 0) {
      evidence.push_back(past.at(*next, training));
      Search all(evidence, training.size(), known_days, base, threads, {});
      const auto likelihood = [&](const Policy& under) {
        const Values q = all.regressors(under);
        std::vector<Told> windows_told;
        for (size_t w = 0; w < evidence.size(); ++w) windows_told.push_back({&evidence[w], &q[w]});
        const std::vector<double> values =
            foretold(std::span(windows_told).first(evidence.size() - 1), windows_told.back());
        return mean_of(evidence.back(), values);
      };
      fold->likelihood_before = likelihood(base);
      fold->likelihood_after = changed ? likelihood(policy) : fold->likelihood_before;
    }
    fold->policy = std::move(policy);
  };

  for (const Window& window : folds) {
    TunedFold& fold = report.folds.emplace_back();
    fold.window = window;
    fit(&window, &fold);
    windows.push_back(window);
  }
  fit(nullptr, nullptr);
  report.tried = told.tried;
  conclude(report);
  return report;
}

}  // namespace bellwether

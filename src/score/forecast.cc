// SPDX-License-Identifier: Apache-2.0
#include "score/forecast.h"

#include <algorithm>
#include <bit>
#include <boost/math/distributions/negative_binomial.hpp>
#include <cassert>
#include <cmath>
#include <map>
#include <numeric>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kHorizons = kForecastHalfLifeHours.size();
constexpr size_t kParameters = kForecastFeatures + 1;
constexpr double kFloor = 0.1;        // people moved, below which nothing is told apart
constexpr float kActivitySteps = 8;   // in which activity is told, so that many people are alike
constexpr double kWindowDecay = 0.7;  // of the weight of a window for each newer one
constexpr int kIterationsMax = 40;
constexpr double kStepMax = 1;  // of any parameter in one iteration
constexpr double kConverged = 1e-4;
constexpr double kRidge = 1e-6;     // against horizons that say the same
constexpr double kLogMeanMax = 20;  // nobody moves more people than there are
constexpr double kSizeLogMax = 8;   // beyond which a count is as good as Poisson
constexpr size_t kSizeBins = 256;   // of means, within one of which people are all but equal

struct Row {
  ForecastFeatures features;
  double moved;
  double weight;
};

double weight_of(const ForecastWindow& window, size_t i) {
  return window.weight.empty() ? 1 : static_cast<double>(window.weight[i]);
}

double clamped(double log_mean) { return std::clamp(log_mean, -kLogMeanMax, kLogMeanMax); }

// Most people never moved anybody: those of them who are alike become one row for each count.
std::vector<Row> rows_of(std::span<const ForecastWindow> windows) {
  std::vector<Row> rows;
  std::map<std::pair<ForecastFeatures, uint32_t>, double> alike;
  double weight = 1;
  for (size_t w = windows.size(); w-- > 0;) {
    const ForecastWindow& window = windows[w];
    for (size_t i = 0; i < window.features.size(); ++i) {
      const ForecastFeatures& features = window.features[i];
      const double people = weight * weight_of(window, i);
      if (features[kHorizons - 1] > 0) {
        rows.push_back({features, static_cast<double>(window.moved[i]), people});
      } else {
        alike[{features, window.moved[i]}] += people;
      }
    }
    weight *= kWindowDecay;
  }
  for (const auto& [row, people] : alike) {
    rows.push_back({row.first, static_cast<double>(row.second), people});
  }
  return rows;
}

// Sums run over parts of so many rows, added up in their order whatever the threads.
constexpr size_t kPart = 4096;

struct NormalEquations {
  std::array<std::array<double, kParameters>, kParameters> gram{};  // lower triangle
  std::array<double, kParameters> right{};

  void add(const ForecastFeatures& features, double target, double weight) {
    std::array<double, kParameters> x{};
    x[0] = 1;
    std::copy(features.begin(), features.end(), x.begin() + 1);
    for (size_t i = 0; i < kParameters; ++i) {
      const double scaled = weight * x[i];
      right[i] += scaled * target;
      for (size_t k = 0; k <= i; ++k) gram[i][k] += scaled * x[k];
    }
  }
  NormalEquations& operator+=(const NormalEquations& other) {
    for (size_t i = 0; i < kParameters; ++i) {
      right[i] += other.right[i];
      for (size_t k = 0; k <= i; ++k) gram[i][k] += other.gram[i][k];
    }
    return *this;
  }
};

// min x'Gx/2 - b'x with all but the first of x not below 0, coordinate by coordinate.
void solve_not_negative(const std::array<std::array<double, kParameters>, kParameters>& gram,
                        const std::array<double, kParameters>& right,
                        std::array<double, kParameters>& x) {
  constexpr int kSweepsMax = 1000;
  for (int sweep = 0; sweep < kSweepsMax; ++sweep) {
    double change = 0;
    for (size_t i = 0; i < kParameters; ++i) {
      double residual = right[i];
      for (size_t k = 0; k < kParameters; ++k) {
        if (k != i) residual -= gram[i][k] * x[k];
      }
      double next = residual / gram[i][i];
      if (i > 0) next = std::max(0.0, next);
      change = std::max(change, std::abs(next - x[i]));
      x[i] = next;
    }
    if (change < 1e-10) return;
  }
}

// The likelihood of sizes exp(d0 + d1 log mu), means given. Those who moved equally few, and were
// expected to move as good as equally many, are looked at together.
class SizeLikelihood {
 public:
  void add(double log_mean, double moved, double weight) {
    if (moved >= kFew) {
      many_.push_back({log_mean, moved, weight});
      return;
    }
    const double at = (log_mean + kLogMeanMax) / (2 * kLogMeanMax) * kSizeBins;
    const size_t bin = std::min(static_cast<size_t>(at), kSizeBins - 1);
    Sample& cell = few_[static_cast<size_t>(moved) * kSizeBins + bin];
    cell.log_mean += weight * log_mean;
    cell.moved = moved;
    cell.weight += weight;
  }
  void finish() {
    for (const Sample& cell : few_) {
      if (cell.weight > 0) many_.push_back({cell.log_mean / cell.weight, cell.moved, cell.weight});
    }
  }
  double operator()(double intercept, double slope) const {
    double sum = 0;
    for (const Sample& sample : many_) sum += sample.weight * of(sample, intercept, slope);
    return sum;
  }

 private:
  struct Sample {
    double log_mean = 0, moved = 0, weight = 0;
  };
  static double of(const Sample& sample, double intercept, double slope) {
    const double mean = std::exp(sample.log_mean);
    const double size =
        std::exp(std::clamp(intercept + slope * sample.log_mean, -kSizeLogMax, kSizeLogMax));
    double log = -size * std::log1p(mean / size);
    if (sample.moved > 0) {
      log += log_gamma(sample.moved + size) - log_gamma(size) +
             sample.moved * (sample.log_mean - std::log(size + mean));
    }
    return log;
  }
  static constexpr size_t kFew = 32;

  std::vector<Sample> few_ = std::vector<Sample>(kFew * kSizeBins);  // by moved, then mean
  std::vector<Sample> many_;
};

float feature(double amount) { return static_cast<float>(std::log((kFloor + amount) / kFloor)); }

// People moved as of several instants, in one pass over what a person received: between two
// instants all that came before shrinks by one factor.
class Series {
 public:
  // Ascending.
  explicit Series(std::span<const Instant> until) : until_(until.begin(), until.end()) {
    for (size_t h = 0; h < kHorizons; ++h) {
      per_ms_[h] = -1 / (kForecastHalfLifeHours[h] * static_cast<double>(kMsPerHour));
    }
    for (size_t i = 1; i < until_.size(); ++i) {
      Sums& shrink = shrink_.emplace_back();
      const auto passed = static_cast<double>(until_[i].ms - until_[i - 1].ms);
      for (size_t h = 0; h < kHorizons; ++h) shrink[h] = std::exp2(passed * per_ms_[h]);
    }
  }

  // `received` by mover and time. Fills one row of `moved` for each instant: the sum of chances
  // over the movers, by horizon.
  using Sums = std::array<double, kHorizons>;
  void tell(std::span<const FoldEntry> received, std::vector<Sums>& moved) const {
    moved.assign(until_.size(), Sums{});
    for_each_pair(received, [&](std::span<const FoldEntry> pair) {
      Sums x{};
      size_t at = 0;
      for (size_t i = 0; i < until_.size(); ++i) {
        if (at > 0) {
          for (size_t h = 0; h < kHorizons; ++h) x[h] *= shrink_[i - 1][h];
        }
        for (; at < pair.size() && pair[at].published_ms < until_[i].ms; ++at) {
          add(pair[at], until_[i], x);
        }
        if (at == 0) continue;
        for (size_t h = 0; h < kHorizons; ++h) moved[i][h] += chance(x[h]);
      }
    });
  }

 private:
  void add(const FoldEntry& entry, Instant until, Sums& x) const {
    const double credit = static_cast<double>(entry.credit()) / static_cast<double>(kCreditOne);
    const auto age_ms = static_cast<double>(until.ms - entry.published_ms);
    for (size_t h = kHorizons; h-- > 0;) {
      const double exponent = age_ms * per_ms_[h];
      if (exponent < -kHalvingsMax) break;  // and at every shorter half-life
      x[h] += credit * std::exp2(exponent);
    }
  }
  // 1 - exp(-x), by its series where that is right to ten digits and much quicker.
  static double chance(double x) {
    return x < 1e-3 ? x * (1 - x / 2 * (1 - x / 3)) : moved_probability(x);
  }
  static constexpr double kHalvingsMax = 60;

  std::vector<Instant> until_;
  std::array<double, kHorizons> per_ms_{};
  std::vector<Sums> shrink_;  // from each instant to the next
};

// What some people lately did towards others, as of several instants, and when each was first seen
// on either side of a response.
class Activity {
 public:
  // `people` ascending; `until`: none after the graph's as-of. Each thread reads the whole ledger,
  // in its order, for some of the people.
  Activity(const GraphSnapshot& graph, std::span<const PersonId> people,
           std::span<const Instant> until, unsigned threads)
      : instants_(until.size()),
        given_(people.size() * until.size()),
        first_ms_(people.size(), INT64_MAX) {
    std::vector<uint32_t> place_of(graph.accounts(), kNobody);
    for (uint32_t place = 0; place < people.size(); ++place) {
      for (const AccountId account : graph.accounts_of(people[place])) place_of[account] = place;
    }
    const std::vector<PersonId>& person_of = graph.persons().person_of;
    const size_t share = people.size() / std::max(1U, threads) + 1;
    parallel_for(people.size(), share, threads, [&](size_t begin, size_t end) {
      const auto ours = [&](uint32_t place) { return place >= begin && place < end; };
      for (const FoldEntry& entry : graph.entries()) {
        const uint32_t mover = place_of[entry.mover];
        const uint32_t receiver = place_of[entry.receiver];
        if (!ours(mover) && !ours(receiver)) continue;
        if (person_of[entry.mover] == kNobody ||
            person_of[entry.mover] == person_of[entry.receiver]) {
          continue;
        }
        if (ours(receiver)) see(receiver, entry.published_ms);
        if (!ours(mover)) continue;
        see(mover, entry.published_ms);
        for (size_t i = 0; i < instants_; ++i) {
          const int64_t age_ms = until[i].ms - entry.published_ms;
          // By then nothing is left that could show in eighths.
          if (age_ms <= 0 || age_ms > kForgottenMs) continue;
          Given& given = given_[mover * instants_ + i];
          for (size_t k = 0; k < given.size(); ++k) {
            given[k] +=
                std::exp2(-static_cast<double>(age_ms) /
                          (kForecastActivityHalfLifeHours[k] * static_cast<double>(kMsPerHour)));
          }
        }
      }
    });
  }

  // Of the one at `place` of the people.
  void tell(size_t place, size_t instant, ForecastFeatures& features) const {
    const Given& given = given_[place * instants_ + instant];
    for (size_t k = 0; k < given.size(); ++k) {
      features[kHorizons + k] = std::round(kActivitySteps * feature(given[k])) / kActivitySteps;
    }
  }
  // Before this instant nothing is known of them.
  bool seen_before(size_t place, Instant at) const { return first_ms_[place] < at.ms; }

 private:
  void see(size_t place, int64_t published_ms) {
    first_ms_[place] = std::min(first_ms_[place], published_ms);
  }

  using Given = std::array<double, kForecastActivityHalfLifeHours.size()>;
  static constexpr int64_t kForgottenMs = 40 * kMsPerDay;

  size_t instants_;
  std::vector<Given> given_;  // by place, then instant
  std::vector<int64_t> first_ms_;
};

// The cuts and ends of the windows of one length before the graph's as-of, oldest first; one more
// than there are windows.
std::vector<Instant> ends_of_windows(Instant as_of, int64_t window_ms, Instant first) {
  std::vector<Instant> ends{as_of};
  const auto least_ms =
      static_cast<int64_t>((1 + kForecastKnownShare) * static_cast<double>(window_ms));
  while (ends.size() <= kForecastWindowsMax && ends.back().ms - first.ms > least_ms) {
    ends.push_back({ends.back().ms - window_ms});
  }
  std::reverse(ends.begin(), ends.end());
  return ends;
}

// What was known and what came, by length asked for; empty where the log is too short.
std::vector<std::vector<ForecastWindow>> training_windows(const GraphSnapshot& graph,
                                                          std::span<const int64_t> window_ms,
                                                          unsigned threads) {
  Instant first{INT64_MAX};
  for (const FoldEntry& entry : graph.entries()) first.ms = std::min(first.ms, entry.published_ms);
  std::vector<std::vector<Instant>> ends;
  std::vector<Instant> cuts;  // of all windows, each once
  for (const int64_t length : window_ms) {
    ends.push_back(ends_of_windows(graph.as_of(), length, first));
    cuts.insert(cuts.end(), ends.back().begin(), ends.back().end() - 1);
  }
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());

  const std::vector<TrainingPerson> people = training_people(graph);
  const Series series(cuts);
  std::vector<PersonId> numbers;
  for (const TrainingPerson& one : people) numbers.push_back(one.person);
  const Activity activity(graph, numbers, cuts, threads);
  std::vector<ForecastFeatures> features(people.size() * cuts.size());
  std::vector<std::vector<uint32_t>> moved(window_ms.size());
  for (size_t l = 0; l < moved.size(); ++l) moved[l].resize(people.size() * (ends[l].size() - 1));
  parallel_for(people.size(), 256, threads, [&](size_t begin, size_t end) {
    std::vector<Series::Sums> sums;
    std::vector<FoldEntry> scratch;
    for (size_t i = begin; i < end; ++i) {
      const auto received = graph.received_by(people[i].person, scratch);
      series.tell(received, sums);
      for (size_t c = 0; c < cuts.size(); ++c) {
        ForecastFeatures& known = features[i * cuts.size() + c];
        for (size_t h = 0; h < kHorizons; ++h) known[h] = feature(sums[c][h]);
        activity.tell(i, c, known);
      }
      for (size_t l = 0; l < moved.size(); ++l) {
        const size_t windows = ends[l].size() - 1;
        for (size_t w = 0; w < windows; ++w) {
          moved[l][i * windows + w] = movers_within(received, ends[l][w], ends[l][w + 1]);
        }
      }
    }
  });

  std::vector<std::vector<ForecastWindow>> out(window_ms.size());
  for (size_t l = 0; l < out.size(); ++l) {
    out[l].resize(ends[l].size() - 1);
    for (size_t w = 0; w < out[l].size(); ++w) {
      const auto cut = static_cast<size_t>(std::lower_bound(cuts.begin(), cuts.end(), ends[l][w]) -
                                           cuts.begin());
      for (size_t i = 0; i < people.size(); ++i) {
        if (!activity.seen_before(i, ends[l][w])) continue;
        out[l][w].features.push_back(features[i * cuts.size() + cut]);
        out[l][w].moved.push_back(moved[l][i * out[l].size() + w]);
        out[l][w].weight.push_back(people[i].weight);
      }
    }
  }
  return out;
}

}  // namespace

std::vector<ForecastFeatures> forecast_features(const GraphSnapshot& graph, Instant until,
                                                unsigned threads) {
  const uint32_t persons = graph.persons().persons;
  const Series series(std::span(&until, 1));
  std::vector<PersonId> everybody(persons);
  std::iota(everybody.begin(), everybody.end(), PersonId{0});
  const Activity activity(graph, everybody, std::span(&until, 1), threads);
  std::vector<ForecastFeatures> out(persons);
  parallel_for(persons, 1024, threads, [&](size_t begin, size_t end) {
    std::vector<Series::Sums> moved;
    std::vector<FoldEntry> scratch;
    for (size_t p = begin; p < end; ++p) {
      const auto person = static_cast<PersonId>(p);
      series.tell(graph.received_by(person, scratch), moved);
      for (size_t h = 0; h < kHorizons; ++h) out[p][h] = feature(moved[0][h]);
      activity.tell(p, 0, out[p]);
    }
  });
  return out;
}

std::vector<TrainingPerson> training_people(const GraphSnapshot& graph) {
  const uint32_t persons = graph.persons().persons;
  // By doublings of the responses received, so that of the few who are responded to most all are
  // looked at: it is they who are forecast worst where they are guessed from others.
  constexpr uint32_t kEnough = 4'096;  // of each
  std::array<std::vector<PersonId>, 64> alike;
  for (PersonId person = 0; person < persons; ++person) {
    uint64_t received = 0;
    for (const AccountId account : graph.accounts_of(person)) {
      received += graph.received(account).size();
    }
    alike[static_cast<size_t>(std::bit_width(received))].push_back(person);
  }
  std::vector<TrainingPerson> people;
  for (const std::vector<PersonId>& group : alike) {
    const size_t stride = std::max<size_t>(1, group.size() / kEnough);
    for (size_t i = 0; i < group.size(); i += stride) {
      const size_t stands_for = std::min(stride, group.size() - i);
      people.push_back({group[i], static_cast<float>(stands_for)});
    }
  }
  std::sort(people.begin(), people.end(),
            [](const auto& a, const auto& b) { return a.person < b.person; });
  return people;
}

double CountForecast::at_most(double count) const {
  if (count < 0) return 0;
  // Long doubles would take four times as long for digits that nobody reads.
  using Precision = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  const auto many = static_cast<double>(size);
  const boost::math::negative_binomial_distribution<double, Precision> distribution(
      many, many / (many + static_cast<double>(mean)));
  return boost::math::cdf(distribution, std::floor(count));
}

uint32_t CountForecast::quantile(double chance) const {
  assert(chance > 0 && chance < 1);
  // Doubling, then halving: every step is one look at the distribution.
  double high = 1;
  while (at_most(high - 1) < chance && high < 0x1p31) high *= 2;
  double low = 0;  // of [low, high) one is the answer
  while (high - low > 1) {
    const double middle = std::floor((low + high) / 2);
    if (at_most(middle - 1) < chance) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return static_cast<uint32_t>(low);
}

double ForecastModel::log_mean(const ForecastFeatures& features) const {
  double sum = intercept_;
  for (size_t k = 0; k < kForecastFeatures; ++k) sum += coefficient_[k] * features[k];
  return clamped(sum);
}

double ForecastModel::size_at(double log_mean) const {
  return std::exp(std::clamp(size_intercept_ + size_slope_ * log_mean, -kSizeLogMax, kSizeLogMax));
}

CountForecast ForecastModel::forecast(const ForecastFeatures& features) const {
  const double at = clamped(log_mean(features) + level_.value);
  // The level multiplies every mean by a random factor of this relative variance.
  const double wander = std::expm1(level_.variance);
  return {static_cast<float>(std::exp(at)), static_cast<float>(1 / (1 / size_at(at) + wander))};
}

ForecastModel ForecastModel::fit(std::span<const ForecastWindow> windows, unsigned threads) {
  assert(!windows.empty());
  ForecastModel model;
  const std::vector<Row> rows = rows_of(windows);
  double people = 0;
  double moved = 0;
  for (const Row& row : rows) {
    people += row.weight;
    moved += row.weight * row.moved;
  }
  if (moved <= 0) {
    // Nobody was ever moved: as good as certain that nobody will be.
    model.intercept_ = people > 0 ? std::log(0.5 / people) : -kLogMeanMax;
    return model;
  }
  model.intercept_ = std::log(moved / people);

  const auto fit_size = [&] {
    SizeLikelihood likelihood;
    for (const Row& row : rows) likelihood.add(model.log_mean(row.features), row.moved, row.weight);
    likelihood.finish();
    double best = likelihood(model.size_intercept_, model.size_slope_);
    for (double step = 1; step > 0.01; step /= 2) {
      for (bool better = true; better;) {
        better = false;
        for (const auto& [di, ds] :
             {std::pair{step, 0.0}, {-step, 0.0}, {0.0, step / 2}, {0.0, -step / 2}}) {
          const double i = std::clamp(model.size_intercept_ + di, -kSizeLogMax, kSizeLogMax);
          const double s = std::clamp(model.size_slope_ + ds, -2.0, 2.0);
          const double value = likelihood(i, s);
          if (value > best + 1e-9) {
            best = value;
            model.size_intercept_ = i;
            model.size_slope_ = s;
            better = true;
          }
        }
      }
    }
  };

  // Iteratively reweighted least squares, the size refitted on the way.
  for (int iteration = 0; iteration < kIterationsMax; ++iteration) {
    if (iteration == 3 || iteration == 8) fit_size();
    std::vector<NormalEquations> parts((rows.size() + kPart - 1) / kPart);
    parallel_for(parts.size(), 1, threads, [&](size_t first, size_t last) {
      for (size_t part = first; part < last; ++part) {
        for (size_t r = part * kPart; r < std::min(rows.size(), (part + 1) * kPart); ++r) {
          const Row& row = rows[r];
          const double at = model.log_mean(row.features);
          const double mean = std::exp(at);
          parts[part].add(row.features, at + (row.moved - mean) / mean,
                          row.weight * mean / (1 + mean / model.size_at(at)));
        }
      }
    });
    NormalEquations sums;
    for (const NormalEquations& part : parts) sums += part;
    auto& [gram, right] = sums;
    for (size_t i = 0; i < kParameters; ++i) {
      for (size_t k = 0; k < i; ++k) gram[k][i] = gram[i][k];
      gram[i][i] += kRidge * (1 + gram[0][0]);
    }
    std::array<double, kParameters> next{};
    next[0] = model.intercept_;
    std::copy(model.coefficient_.begin(), model.coefficient_.end(), next.begin() + 1);
    const std::array<double, kParameters> before = next;
    solve_not_negative(gram, right, next);
    double change = 0;
    for (size_t i = 0; i < kParameters; ++i)
      change = std::max(change, std::abs(next[i] - before[i]));
    const double step = change > kStepMax ? kStepMax / change : 1;
    model.intercept_ += step * (next[0] - before[0]);
    for (size_t k = 0; k < kForecastFeatures; ++k) {
      model.coefficient_[k] += step * (next[k + 1] - before[k + 1]);
    }
    if (change < kConverged && iteration > 8) break;
  }
  fit_size();

  // The level of each window, and how it wandered.
  std::vector<double> levels;
  for (const ForecastWindow& window : windows) {
    double said = 0;
    double came = 0;
    for (size_t i = 0; i < window.features.size(); ++i) {
      said += weight_of(window, i) * std::exp(model.log_mean(window.features[i]));
      came += weight_of(window, i) * window.moved[i];
    }
    levels.push_back(std::log((came + 1) / (said + 1)));
  }
  model.level_ = forecast_level(levels);
  return model;
}

double log_gamma(double x) {
  int sign = 0;
  return ::lgamma_r(x, &sign);
}

ForecastLevel forecast_level(std::span<const double> levels) {
  ForecastLevel level;
  double wandered = level.variance;
  for (size_t w = 1; w < levels.size(); ++w) {
    wandered += (levels[w] - levels[w - 1]) * (levels[w] - levels[w - 1]);
  }
  level.value = levels.back();
  level.variance = wandered / static_cast<double>(levels.size());
  return level;
}

std::vector<WindowForecast> forecast_everybody(const GraphSnapshot& graph,
                                               std::span<const int64_t> window_ms,
                                               unsigned threads) {
  std::vector<WindowForecast> out(window_ms.size());
  for (size_t l = 0; l < out.size(); ++l) out[l].window_ms = window_ms[l];
  if (graph.entries().empty()) return out;
  const auto windows = training_windows(graph, window_ms, threads);
  const bool any = std::any_of(windows.begin(), windows.end(),
                               [](const auto& of_length) { return !of_length.empty(); });
  if (!any) return out;
  const std::vector<ForecastFeatures> now = forecast_features(graph, graph.as_of(), threads);
  for (size_t l = 0; l < out.size(); ++l) {
    if (windows[l].empty()) continue;
    const ForecastModel model = ForecastModel::fit(windows[l], threads);
    out[l].training_windows = static_cast<uint32_t>(windows[l].size());
    out[l].people.resize(now.size());
    parallel_for(now.size(), 4096, threads, [&](size_t begin, size_t end) {
      for (size_t person = begin; person < end; ++person) {
        out[l].people[person] = model.forecast(now[person]);
      }
    });
  }
  return out;
}

}  // namespace bellwether

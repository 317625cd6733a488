// SPDX-License-Identifier: Apache-2.0
#include "score/forecast.h"

#include <algorithm>
#include <boost/math/distributions/negative_binomial.hpp>
#include <cassert>
#include <cmath>
#include <map>

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
constexpr double kConverged = 1e-5;
constexpr double kRidge = 1e-6;     // against horizons that say the same
constexpr double kLogMeanMax = 20;  // nobody moves more people than there are
constexpr double kSizeLogMax = 8;   // beyond which a count is as good as Poisson
constexpr size_t kSizeBins = 256;   // those who moved nobody are all but equal within one
// How far the level is taken to wander where too few windows have shown it: by a tenth or so.
constexpr double kLevelVariancePrior = 0.01;

struct Row {
  ForecastFeatures features;
  double moved;
  double weight;
};

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
      if (features[kHorizons - 1] > 0) {
        rows.push_back({features, static_cast<double>(window.moved[i]), weight});
      } else {
        alike[{features, window.moved[i]}] += weight;
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

// The likelihood of sizes exp(d0 + d1 log mu), means given. Those who moved nobody in bins.
class SizeLikelihood {
 public:
  void add(double log_mean, double moved, double weight) {
    if (moved > 0) {
      some_.push_back({log_mean, moved, weight});
      return;
    }
    const double at = (log_mean + kLogMeanMax) / (2 * kLogMeanMax) * kSizeBins;
    Sample& bin = none_[std::min(static_cast<size_t>(at), kSizeBins - 1)];
    bin.log_mean += weight * log_mean;
    bin.weight += weight;
  }
  void finish() {
    for (Sample& bin : none_) {
      if (bin.weight > 0) bin.log_mean /= bin.weight;
    }
  }
  double operator()(double intercept, double slope) const {
    double sum = 0;
    for (const Sample& bin : none_) {
      if (bin.weight > 0) sum += bin.weight * of(bin, intercept, slope);
    }
    for (const Sample& sample : some_) sum += sample.weight * of(sample, intercept, slope);
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
      log += std::lgamma(sample.moved + size) - std::lgamma(size) +
             sample.moved * (sample.log_mean - std::log(size + mean));
    }
    return log;
  }

  std::array<Sample, kSizeBins> none_{};
  std::vector<Sample> some_;
};

}  // namespace

std::vector<ForecastFeatures> forecast_features(const GraphSnapshot& graph, Instant until,
                                                unsigned threads) {
  const uint32_t persons = graph.persons().persons;
  std::array<double, kHorizons> half_life_ms{};
  for (size_t h = 0; h < kHorizons; ++h)
    half_life_ms[h] = kForecastHalfLifeHours[h] * static_cast<double>(kMsPerHour);
  const auto feature = [](double amount) {
    return static_cast<float>(std::log((kFloor + amount) / kFloor));
  };
  std::vector<ForecastFeatures> out(persons);
  parallel_for(persons, 1024, threads, [&](size_t begin, size_t end) {
    std::vector<MoverFold> fold;
    for (size_t person = begin; person < end; ++person) {
      graph.fold(static_cast<PersonId>(person), half_life_ms, until, fold);
      for (size_t h = 0; h < kHorizons; ++h) {
        double moved = 0;
        for (const MoverFold& mover : fold) moved += moved_probability(mover.x[h]);
        out[person][h] = feature(moved);
      }
    }
  });
  // In the order of the ledger, on one thread.
  std::vector<std::array<double, kForecastActivityHalfLifeHours.size()>> given(persons);
  for (const FoldEntry& entry : graph.entries()) {
    const PersonId mover = graph.persons().person_of[entry.mover];
    if (entry.published_ms >= until.ms || mover == kNobody) continue;
    const auto age_ms = static_cast<double>(until.ms - entry.published_ms);
    for (size_t k = 0; k < given[mover].size(); ++k) {
      given[mover][k] += std::exp2(
          -age_ms / (kForecastActivityHalfLifeHours[k] * static_cast<double>(kMsPerHour)));
    }
  }
  for (PersonId person = 0; person < persons; ++person) {
    for (size_t k = 0; k < given[person].size(); ++k) {
      out[person][kHorizons + k] =
          std::round(kActivitySteps * feature(given[person][k])) / kActivitySteps;
    }
  }
  return out;
}

double CountForecast::at_most(double count) const {
  if (count < 0) return 0;
  // Long doubles would take four times as long for digits that nobody reads.
  using Precision = boost::math::policies::policy<boost::math::policies::promote_double<false>>;
  const boost::math::negative_binomial_distribution<double, Precision> distribution(
      size, size / (size + mean));
  return boost::math::cdf(distribution, std::floor(count));
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
  const double at = clamped(log_mean(features) + level_);
  // The level multiplies every mean by a random factor of this relative variance.
  const double wander = std::expm1(level_variance_);
  return {std::exp(at), 1 / (1 / size_at(at) + wander)};
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
    model.level_variance_ = kLevelVariancePrior;
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
    if (iteration == 4 || iteration == 12) fit_size();
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
    if (change < kConverged && iteration > 12) break;
  }
  fit_size();

  // The level of each window, and how it wandered.
  std::vector<double> levels;
  for (const ForecastWindow& window : windows) {
    double said = 0;
    double came = 0;
    for (size_t i = 0; i < window.features.size(); ++i) {
      said += std::exp(model.log_mean(window.features[i]));
      came += window.moved[i];
    }
    levels.push_back(std::log((came + 1) / (said + 1)));
  }
  double wandered = kLevelVariancePrior;
  for (size_t w = 1; w < levels.size(); ++w) {
    wandered += (levels[w] - levels[w - 1]) * (levels[w] - levels[w - 1]);
  }
  model.level_ = levels.back();
  model.level_variance_ = wandered / static_cast<double>(levels.size());
  return model;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "plan/pair_fit.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"

namespace bellwether {
namespace {

// Exposures at everybody's rate that a person's rate is shrunk by, so that one answer is no rate.
constexpr double kRateShrinkage = 5;
// Everybody's own is shrunk towards one in twenty by so many.
constexpr double kAllShrinkage = 20;
constexpr double kAllRate = 0.05;

constexpr size_t kConstants = kChanceConstants;
using Constants = ChanceConstants;
// How far from the usual, in standard deviations, is no surprise.
const Constants kUsual = FittedConstants::usual_constants();
constexpr Constants kUsualWithin{1, 0.5, 0.5, 1.5};
const Constants kLow{-20, 0, 0, std::log(0.1)};
const Constants kHigh{20, 3, 3, std::log(1e5)};
constexpr int kIterationsMax = 60;
constexpr double kGainMin = 1e-7;  // of the log likelihood of one exposure

double rate_at(const ExposureCounts& counts, size_t horizon, double all) {
  return (static_cast<double>(counts.answered[horizon]) + kRateShrinkage * all) /
         (static_cast<double>(counts.exposures[horizon]) + kRateShrinkage);
}

PriorOdds odds_at(const ExposureCounts& from, const ExposureCounts& to, const ExposureCounts& all,
                  size_t horizon) {
  const double everybody = rate_of_all(all, horizon);
  const double base = log_odds_of(everybody);
  return {static_cast<float>(log_odds_of(rate_at(from, horizon, everybody)) - base),
          static_cast<float>(log_odds_of(rate_at(to, horizon, everybody)) - base)};
}

double log_odds_with(const Constants& constants, double lately, const PriorOdds& odds) {
  return constants[0] + lately + constants[1] * static_cast<double>(odds.from) +
         constants[2] * static_cast<double>(odds.to);
}

// Samples at one pair of half-lives.
struct Rows {
  struct Row {
    double lately;
    PriorOdds odds;
    double answered, exposures;
    double weight;
    bool came;
  };
  std::vector<Row> rows;
  double weight = 0;
};

struct Objective {
  double value = 0;  // log likelihood, and the prior's
  Constants gradient{};
  std::array<Constants, kConstants> information{};
};

double log_prior(const Constants& constants) {
  double sum = 0;
  for (size_t i = 0; i < kConstants; ++i) {
    const double off = (constants[i] - kUsual[i]) / kUsualWithin[i];
    sum -= off * off / 2;
  }
  return sum;
}

double value_at(const Rows& data, const Constants& constants) {
  const double strength = std::exp(constants[3]);
  double sum = log_prior(constants);
  for (const Rows::Row& row : data.rows) {
    const double prior = logistic(log_odds_with(constants, row.lately, row.odds));
    const double chance = (strength * prior + row.answered) / (strength + row.exposures);
    sum += row.weight * std::log(row.came ? chance : 1 - chance);
  }
  return sum;
}

Objective objective_at(const Rows& data, const Constants& constants) {
  Objective out;
  out.value = log_prior(constants);
  const double strength = std::exp(constants[3]);
  for (const Rows::Row& row : data.rows) {
    const double prior = logistic(log_odds_with(constants, row.lately, row.odds));
    const double share = strength / (strength + row.exposures);
    const double chance = (strength * prior + row.answered) / (strength + row.exposures);
    out.value += row.weight * std::log(row.came ? chance : 1 - chance);
    const double by_odds = share * prior * (1 - prior);
    const Constants slope{by_odds, by_odds * static_cast<double>(row.odds.from),
                          by_odds * static_cast<double>(row.odds.to), share * (prior - chance)};
    const double variance = chance * (1 - chance);
    const double residual = row.weight * ((row.came ? 1.0 : 0.0) - chance) / variance;
    for (size_t i = 0; i < kConstants; ++i) {
      out.gradient[i] += residual * slope[i];
      const double scaled = row.weight / variance * slope[i];
      for (size_t k = 0; k <= i; ++k) out.information[i][k] += scaled * slope[k];
    }
  }
  for (size_t i = 0; i < kConstants; ++i) {
    const double precision = 1 / (kUsualWithin[i] * kUsualWithin[i]);
    out.gradient[i] -= (constants[i] - kUsual[i]) * precision;
    out.information[i][i] += precision;
    for (size_t k = 0; k < i; ++k) out.information[k][i] = out.information[i][k];
  }
  return out;
}

// Solves the damped system by elimination; its matrix is positive definite.
Constants step_of(const Objective& at, double damping, const std::array<bool, kConstants>& held) {
  std::array<Constants, kConstants> matrix = at.information;
  Constants right = at.gradient;
  for (size_t i = 0; i < kConstants; ++i) {
    matrix[i][i] *= 1 + damping;
    if (!held[i]) continue;
    for (size_t k = 0; k < kConstants; ++k) matrix[i][k] = matrix[k][i] = 0;
    matrix[i][i] = 1;
    right[i] = 0;
  }
  for (size_t i = 0; i < kConstants; ++i) {
    for (size_t r = i + 1; r < kConstants; ++r) {
      const double factor = matrix[r][i] / matrix[i][i];
      for (size_t k = i; k < kConstants; ++k) matrix[r][k] -= factor * matrix[i][k];
      right[r] -= factor * right[i];
    }
  }
  Constants step{};
  for (size_t i = kConstants; i-- > 0;) {
    double sum = right[i];
    for (size_t k = i + 1; k < kConstants; ++k) sum -= matrix[i][k] * step[k];
    step[i] = sum / matrix[i][i];
  }
  return step;
}

void maximise(const Rows& data, FittedConstants& best) {
  Objective at = objective_at(data, best.constants);
  double damping = 1e-3;
  for (int iteration = 0; iteration < kIterationsMax && damping < 1e8; ++iteration) {
    std::array<bool, kConstants> held{};
    for (size_t i = 0; i < kConstants; ++i) {
      held[i] = (best.constants[i] <= kLow[i] && at.gradient[i] < 0) ||
                (best.constants[i] >= kHigh[i] && at.gradient[i] > 0);
    }
    const Constants step = step_of(at, damping, held);
    Constants next = best.constants;
    for (size_t i = 0; i < kConstants; ++i) {
      next[i] = std::clamp(next[i] + step[i], kLow[i], kHigh[i]);
    }
    const double value = value_at(data, next);
    if (!(value > at.value)) {
      damping *= 10;
      continue;
    }
    const double gain = value - at.value;
    best.constants = next;
    at = objective_at(data, next);
    damping = std::max(1e-6, damping / 10);
    if (gain < kGainMin * data.weight) break;
  }
  best.log_likelihood = at.value;
}

}  // namespace

double log_odds_of(double chance) { return std::log(chance / (1 - chance)); }

double rate_of_all(const ExposureCounts& all, size_t horizon) {
  return (static_cast<double>(all.answered[horizon]) + kAllShrinkage * kAllRate) /
         (static_cast<double>(all.exposures[horizon]) + kAllShrinkage);
}

ExposureSample sample_of(const Exposure& exposure) {
  ExposureSample sample;
  for (size_t h = 0; h < kLatelyHorizons; ++h) {
    sample.lately[h] = static_cast<float>(log_odds_of(rate_of_all(exposure.all, h)));
  }
  for (size_t h = 0; h < kChanceHorizons; ++h) {
    sample.odds[h] = odds_at(exposure.from, exposure.to, exposure.all, h);
  }
  sample.answered = exposure.own.answered;
  sample.exposures = exposure.own.exposures;
  sample.slot = exposure.slot;
  sample.came = exposure.answered;
  return sample;
}

void ChanceFitter::keep(Thinned& some, const Exposure& exposure) {
  some.kept.push_back(sample_of(exposure));
  if (some.kept.size() < 2 * kKeptMax) return;
  for (size_t i = 0; i < kKeptMax; ++i) some.kept[i] = some.kept[2 * i];
  some.kept.resize(kKeptMax);
  some.every *= 2;
}

double ChanceFit::prior_log_odds(const ExposureCounts& from, const ExposureCounts& to,
                                 const ExposureCounts& all) const {
  const PriorOdds odds = odds_at(from, to, all, horizon);
  return model.level + log_odds_of(rate_of_all(all, lately)) +
         model.by_from * static_cast<double>(odds.from) +
         model.by_to * static_cast<double>(odds.to);
}

double ChanceFit::chance(double prior, double answered, double exposures) const {
  return (model.strength * prior + answered) / (model.strength + exposures);
}

std::optional<ChanceFit> ChanceFitter::fit(int32_t slot, unsigned threads) {
  if (answered_.seen + others_.seen == 0) return std::nullopt;
  parallel_for(fitted_.size(), 1, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const size_t horizon = i / kLatelyHorizons;
      const size_t lately = i % kLatelyHorizons;
      Rows data;
      for (const Thinned* some : {&answered_, &others_}) {
        const double each = some->kept.empty() ? 0
                                               : static_cast<double>(some->seen) /
                                                     static_cast<double>(some->kept.size());
        for (const ExposureSample& sample : some->kept) {
          const double weight = each * std::exp2((sample.slot - slot) / kFitHalfLife);
          data.rows.push_back({static_cast<double>(sample.lately[lately]), sample.odds[horizon],
                               static_cast<double>(sample.answered[horizon]),
                               static_cast<double>(sample.exposures[horizon]), weight,
                               sample.came});
          data.weight += weight;
        }
      }
      maximise(data, fitted_[i]);
    }
  });
  const auto best =
      static_cast<size_t>(std::max_element(fitted_.begin(), fitted_.end(),
                                           [](const FittedConstants& a, const FittedConstants& b) {
                                             return a.log_likelihood < b.log_likelihood;
                                           }) -
                          fitted_.begin());
  ChanceFit fit;
  fit.horizon = best / kLatelyHorizons;
  fit.lately = best % kLatelyHorizons;
  const Constants& constants = fitted_[best].constants;
  fit.model = {.occasion_ms = occasion_ms_,
               .half_life = kChanceHalfLives[fit.horizon],
               .lately = kChanceHalfLives[fit.lately],
               .strength = std::exp(constants[3]),
               .level = constants[0],
               .by_from = constants[1],
               .by_to = constants[2],
               .exposures = answered_.seen + others_.seen};
  return fit;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "plan/window_chances.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kHalfLives = kForecastHalfLifeHours.size();
constexpr std::array<double, 4> kActiveHalfLifeHours{1, 24, 7 * 24, 30 * 24};
constexpr std::array<double, 2> kReturnHalfLifeHours{24, 30 * 24};
// Of a pair: an intercept, credit by half-life, the receiver's activity, whom the sender moves at
// each half-life, and what the sender did towards the receiver.
constexpr size_t kPairFeatures =
    1 + kHalfLives + kActiveHalfLifeHours.size() + kHalfLives + kReturnHalfLifeHours.size();
// Sums run over parts of so many rows, added up in their order whatever the threads.
constexpr size_t kPart = 8192;
constexpr double kFloor = 0.1;
constexpr double kRidge = 1.0;  // of each coefficient but the intercept, in pairs

using PairFeatures = std::array<float, kPairFeatures>;

float feature(double amount) { return static_cast<float>(std::log((kFloor + amount) / kFloor)); }

double per_ms(double half_life_hours) {
  return -1 / (half_life_hours * static_cast<double>(kMsPerHour));
}

struct PairRow {
  PersonId sender;    // whom credit went to
  PersonId receiver;  // who responded
  bool came;          // again, within the window
  PairFeatures x;
};

// Pairs as of an instant.
struct PairTable {
  std::vector<PairRow> rows;        // by sender, then receiver
  std::vector<uint32_t> newcomers;  // by person, within the window
};

class PairReader {
 public:
  PairReader(const GraphSnapshot& graph, Instant cut, Instant end, unsigned threads)
      : graph_(graph), cut_(cut), end_(end), threads_(threads) {
    const std::vector<PersonId>& person_of = graph.persons().person_of;
    active_.resize(graph.persons().persons);
    for (const FoldEntry& entry : graph.entries()) {
      const int64_t age_ms = cut.ms - entry.published_ms;
      const PersonId mover = person_of[entry.mover];
      if (age_ms <= 0 || mover == kNobody || mover == person_of[entry.receiver]) continue;
      for (size_t h = 0; h < kActiveHalfLifeHours.size(); ++h) {
        active_[mover][h] +=
            std::exp2(static_cast<double>(age_ms) * per_ms(kActiveHalfLifeHours[h]));
      }
    }
    features_ = forecast_features(graph, cut, threads);
  }

  PairTable read() const {
    const uint32_t persons = graph_.persons().persons;
    PairTable table;
    table.newcomers.assign(persons, 0);
    constexpr size_t kPersons = 1024;
    std::vector<std::vector<PairRow>> parts((persons + kPersons - 1) / kPersons);
    parallel_for(parts.size(), 1, threads_, [&](size_t begin, size_t end) {
      std::vector<FoldEntry> scratch;
      for (size_t part = begin; part < end; ++part) {
        const auto last = static_cast<PersonId>(std::min<size_t>(persons, (part + 1) * kPersons));
        for (auto p = static_cast<PersonId>(part * kPersons); p < last; ++p) {
          read(p, graph_.received_by(p, scratch), parts[part], table.newcomers[p]);
        }
      }
    });
    for (std::vector<PairRow>& part : parts) {
      table.rows.insert(table.rows.end(), part.begin(), part.end());
      part = {};
    }
    return table;
  }

  const std::vector<ForecastFeatures>& features() const { return features_; }

 private:
  void read(PersonId sender, std::span<const FoldEntry> received, std::vector<PairRow>& rows,
            uint32_t& newcomers) const {
    for_each_pair(received, [&](std::span<const FoldEntry> pair) {
      std::array<double, kHalfLives> x{};
      bool known = false;
      bool came = false;
      for (const FoldEntry& entry : pair) {
        if (entry.published_ms >= end_.ms) break;
        if (entry.published_ms >= cut_.ms) {
          came = true;
          break;
        }
        known = true;
        const double credit = static_cast<double>(entry.credit()) / static_cast<double>(kCreditOne);
        const auto age_ms = static_cast<double>(cut_.ms - entry.published_ms);
        for (size_t h = 0; h < kHalfLives; ++h) {
          x[h] += credit * std::exp2(age_ms * per_ms(kForecastHalfLifeHours[h]));
        }
      }
      if (!known) {
        if (came) ++newcomers;
        return;
      }
      const PersonId receiver = pair.front().mover;
      PairRow row{sender, receiver, came, {}};
      size_t at = 0;
      row.x[at++] = 1;
      for (const double amount : x) row.x[at++] = feature(amount);
      for (const double amount : active_[receiver]) row.x[at++] = feature(amount);
      for (size_t h = 0; h < kHalfLives; ++h) row.x[at++] = features_[sender][h];
      for (const double amount : returned(sender, receiver)) row.x[at++] = feature(amount);
      rows.push_back(row);
    });
  }

  // What the sender did towards the receiver.
  std::array<double, kReturnHalfLifeHours.size()> returned(PersonId sender,
                                                           PersonId receiver) const {
    std::array<double, kReturnHalfLifeHours.size()> sum{};
    for (const AccountId from : graph_.accounts_of(sender)) {
      for (const AccountId to : graph_.accounts_of(receiver)) {
        for (const FoldEntry& entry : graph_.responses(from, to)) {
          const int64_t age_ms = cut_.ms - entry.published_ms;
          if (age_ms <= 0) break;
          for (size_t h = 0; h < sum.size(); ++h) {
            sum[h] += std::exp2(static_cast<double>(age_ms) * per_ms(kReturnHalfLifeHours[h]));
          }
        }
      }
    }
    return sum;
  }

  const GraphSnapshot& graph_;
  Instant cut_, end_;
  unsigned threads_;
  std::vector<std::array<double, kActiveHalfLifeHours.size()>> active_;  // by person
  std::vector<ForecastFeatures> features_;                               // by person
};

using Coefficients = std::array<double, kPairFeatures>;

double chance_of(const PairFeatures& x, const Coefficients& beta) {
  double log_odds = 0;
  for (size_t i = 0; i < kPairFeatures; ++i) log_odds += beta[i] * static_cast<double>(x[i]);
  return 1 / (1 + std::exp(-log_odds));
}

// A step of Newton's method.
struct Curvature {
  std::array<std::array<double, kPairFeatures>, kPairFeatures> hessian{};  // lower triangle
  Coefficients gradient{};
  double log_likelihood = 0;

  void add(const PairRow& row, double weight, const Coefficients& beta) {
    const double chance = chance_of(row.x, beta);
    log_likelihood += weight * std::log(std::max(1e-300, row.came ? chance : 1 - chance));
    const double residual = weight * ((row.came ? 1.0 : 0.0) - chance);
    const double curve = weight * chance * (1 - chance);
    for (size_t i = 0; i < kPairFeatures; ++i) {
      const auto x = static_cast<double>(row.x[i]);
      gradient[i] += residual * x;
      const double scaled = curve * x;
      for (size_t k = 0; k <= i; ++k) hessian[i][k] += scaled * static_cast<double>(row.x[k]);
    }
  }
  Curvature& operator+=(const Curvature& other) {
    for (size_t i = 0; i < kPairFeatures; ++i) {
      gradient[i] += other.gradient[i];
      for (size_t k = 0; k <= i; ++k) hessian[i][k] += other.hessian[i][k];
    }
    log_likelihood += other.log_likelihood;
    return *this;
  }
};

// Solves hessian * step = gradient by Cholesky's factors; the ridge keeps it positive.
Coefficients solve(Curvature at) {
  auto& h = at.hessian;
  Coefficients step = at.gradient;
  for (size_t i = 0; i < kPairFeatures; ++i) {
    for (size_t k = 0; k <= i; ++k) {
      double sum = h[i][k];
      for (size_t j = 0; j < k; ++j) sum -= h[i][j] * h[k][j];
      h[i][k] = i == k ? std::sqrt(std::max(sum, 1e-12)) : sum / h[k][k];
    }
  }
  for (size_t i = 0; i < kPairFeatures; ++i) {
    for (size_t j = 0; j < i; ++j) step[i] -= h[i][j] * step[j];
    step[i] /= h[i][i];
  }
  for (size_t i = kPairFeatures; i-- > 0;) {
    for (size_t j = i + 1; j < kPairFeatures; ++j) step[i] -= h[j][i] * step[j];
    step[i] /= h[i][i];
  }
  return step;
}

class PairModel {
 public:
  // The newest window, which is the last, weighs 1, each before it half of the next.
  PairModel(std::span<const PairTable> windows, unsigned threads)
      : windows_(windows), threads_(threads) {
    double positive = 0.5;
    double all = 1;
    for (size_t w = 0; w < windows.size(); ++w) {
      for (const PairRow& row : windows[w].rows) {
        positive += row.came ? weight(w) : 0;
        all += weight(w);
      }
    }
    beta_[0] = std::log(positive / (all - positive));
    constexpr int kStepsMax = 30;
    Curvature now = look(beta_);
    for (int i = 0; i < kStepsMax; ++i) {
      const Coefficients step = solve(now);
      double most = 0;
      for (const double change : step) most = std::max(most, std::abs(change));
      // Halved until it is no step back.
      double share = 1;
      Curvature next;
      Coefficients tried{};
      for (int half = 0; half < 20; ++half, share /= 2) {
        for (size_t k = 0; k < kPairFeatures; ++k) tried[k] = beta_[k] + share * step[k];
        next = look(tried);
        if (next.log_likelihood >= now.log_likelihood) break;
      }
      if (next.log_likelihood < now.log_likelihood) break;
      beta_ = tried;
      now = next;
      if (most * share < 1e-6) break;
    }
  }

  double chance(const PairFeatures& x) const { return chance_of(x, beta_); }

 private:
  double weight(size_t window) const {
    return std::exp2(-static_cast<double>(windows_.size() - 1 - window));
  }

  Curvature look(const Coefficients& beta) const {
    Curvature sum;
    for (size_t w = 0; w < windows_.size(); ++w) {
      const std::vector<PairRow>& rows = windows_[w].rows;
      std::vector<Curvature> parts((rows.size() + kPart - 1) / kPart);
      parallel_for(rows.size(), kPart, threads_, [&](size_t begin, size_t end) {
        for (size_t i = begin; i < end; ++i) parts[begin / kPart].add(rows[i], weight(w), beta);
      });
      for (const Curvature& part : parts) sum += part;
    }
    for (size_t i = 1; i < kPairFeatures; ++i) {
      sum.gradient[i] -= kRidge * beta[i];
      sum.hessian[i][i] += kRidge;
      sum.log_likelihood -= kRidge * beta[i] * beta[i] / 2;
    }
    sum.hessian[0][0] += 1e-9;
    return sum;
  }

  std::span<const PairTable> windows_;
  unsigned threads_;
  Coefficients beta_{};
};

}  // namespace

std::vector<Window> windows_to_learn_from(const GraphSnapshot& graph, int64_t window_ms) {
  Instant first{INT64_MAX};
  for (const FoldEntry& entry : graph.entries()) first.ms = std::min(first.ms, entry.published_ms);
  const auto least_ms =
      static_cast<int64_t>((1 + kForecastKnownShare) * static_cast<double>(window_ms));
  std::vector<Window> windows;
  Instant end = graph.as_of();
  while (windows.size() < kForecastWindowsMax && end.ms - first.ms > least_ms) {
    windows.push_back({Instant{end.ms - window_ms}, end});
    end = windows.back().cut;
  }
  std::reverse(windows.begin(), windows.end());
  return windows;
}

WindowChances window_chances(const GraphSnapshot& graph, std::span<const Window> before,
                             unsigned threads) {
  WindowChances out;
  if (before.empty() || graph.entries().empty()) return out;
  out.training_windows = static_cast<uint32_t>(before.size());
  std::vector<PairTable> tables;
  std::vector<ForecastWindow> newcomers;
  for (const Window& window : before) {
    const PairReader reader(graph, window.cut, window.end, threads);
    PairTable table = reader.read();
    ForecastWindow& of = newcomers.emplace_back();
    std::vector<bool> there(graph.persons().persons, false);
    for (const FoldEntry& entry : graph.entries()) {
      if (entry.published_ms >= window.cut.ms) continue;
      for (const AccountId account : {entry.receiver, entry.mover}) {
        const PersonId person = graph.persons().person_of[account];
        if (person != kNobody) there[person] = true;
      }
    }
    for (PersonId p = 0; p < there.size(); ++p) {
      if (!there[p]) continue;
      of.features.push_back(reader.features()[p]);
      of.moved.push_back(table.newcomers[p]);
    }
    if (of.features.empty()) newcomers.pop_back();
    tables.push_back(std::move(table));
  }
  const PairReader now(graph, graph.as_of(), graph.as_of(), threads);
  const PairModel model(tables, threads);
  tables.clear();
  const PairTable table = now.read();
  out.pairs.resize(table.rows.size());
  parallel_for(table.rows.size(), kPart, threads, [&](size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      const PairRow& row = table.rows[i];
      out.pairs[i] = {row.sender, row.receiver, static_cast<float>(model.chance(row.x))};
    }
  });
  out.newcomers.resize(graph.persons().persons);
  if (newcomers.empty()) return out;
  const ForecastModel arriving = ForecastModel::fit(newcomers, threads);
  parallel_for(out.newcomers.size(), 4096, threads, [&](size_t begin, size_t end) {
    for (size_t p = begin; p < end; ++p) {
      out.newcomers[p] = arriving.forecast(now.features()[p]);
    }
  });
  out.newcomers_shared_variance = std::expm1(arriving.level().variance);
  return out;
}

}  // namespace bellwether

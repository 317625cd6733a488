// SPDX-License-Identifier: Apache-2.0
#include "plan/chance_grade.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "plan/pair_fit.h"
#include "plan/pair_replay.h"

namespace bellwether {
namespace {

struct Group {
  double said = 0;
  uint64_t exposures = 0, answered = 0;

  void add(double chance, bool came) {
    said += chance;
    ++exposures;
    answered += came ? 1 : 0;
  }
};

// A chance as it is graded.
struct Held {
  double chance = 0;
  double log_came = 0, log_not = 0;  // of the chance of either
  size_t cell = 0;
};
// Cells so narrow by log odds that what lies in one is as good as equal.
constexpr size_t kCells = 1 << 14;

Held held(double chance) {
  Held out{.chance = std::clamp(chance, kChanceLow, kChanceHigh)};
  out.log_came = std::log(out.chance);
  out.log_not = std::log1p(-out.chance);
  const double low = std::log(kChanceLow / (1 - kChanceLow));
  const double high = std::log(kChanceHigh / (1 - kChanceHigh));
  const double place = (out.log_came - out.log_not - low) / (high - low);
  out.cell = std::min(kCells - 1, static_cast<size_t>(std::max(0.0, place * kCells)));
  return out;
}

// What one measure foretold, and what came.
class Foretold {
 public:
  void add(const Held& foretold, bool came, size_t alike) {
    log_loss_ -= came ? foretold.log_came : foretold.log_not;
    cells_[foretold.cell].add(foretold.chance, came);
    alike_[alike].add(foretold.chance, came);
  }

  std::array<ChanceTenth, 10> tenths() const {
    std::array<ChanceTenth, 10> out{};
    const double each = static_cast<double>(exposures()) / 10;
    size_t tenth = 0;
    double room = each;
    for (const Group& cell : cells_) {
      auto left = static_cast<double>(cell.exposures);
      while (left > 0) {
        // The last one takes what rounding leaves.
        const double taken = tenth + 1 == out.size() ? left : std::min(left, room);
        const double share = taken / static_cast<double>(cell.exposures);
        out[tenth].said += share * cell.said / each;
        out[tenth].came += share * static_cast<double>(cell.answered) / each;
        left -= taken;
        room -= taken;
        if (room <= 0 && tenth + 1 < out.size()) {
          ++tenth;
          room = each;
        }
      }
    }
    return out;
  }

  ChanceGrade grade() const {
    ChanceGrade grade;
    const auto all = static_cast<double>(exposures());
    grade.log_loss = log_loss_ / all;
    for (const ChanceTenth& tenth : tenths()) {
      grade.calibration_error += std::abs(tenth.said - tenth.came) / 10;
    }
    for (const Group& group : alike_) {
      grade.alike_error += std::abs(group.said - static_cast<double>(group.answered)) / all;
      grade.mean += group.said / all;
    }
    return grade;
  }

  static constexpr size_t kDoublings = 33;
  static size_t alike_of(uint32_t exposures, uint32_t responses) {
    return static_cast<size_t>(std::bit_width(exposures)) * kDoublings +
           static_cast<size_t>(std::bit_width(responses));
  }

 private:
  uint64_t exposures() const {
    uint64_t sum = 0;
    for (const Group& group : alike_) sum += group.exposures;
    return sum;
  }

  double log_loss_ = 0;
  std::vector<Group> cells_ = std::vector<Group>(kCells);
  std::vector<Group> alike_ = std::vector<Group>(kDoublings * kDoublings);
};

}  // namespace

std::string_view to_string(ChanceMeasure measure) {
  switch (measure) {
    case ChanceMeasure::kChances:
      return "chances";
    case ChanceMeasure::kConstant:
      return "constant";
    case ChanceMeasure::kWeightedCascade:
      return "1/in-degree";
    case ChanceMeasure::kPlainRate:
      return "plain rate";
  }
  return "";
}

Result<std::optional<ChanceReport>> grade_chances(std::span<const LedgerEntry> ledger,
                                                  std::span<const PersonAct> acts,
                                                  const PersonMap& persons, const Window& window,
                                                  const PairChanceOptions& options) {
  BW_ASSIGN(const int64_t length, occasion_length(ledger, acts, window.cut, options));
  SlotGrid grid{window.cut, length};
  const PairHistory history =
      pair_history(ledger, acts, persons, window.end, options.active_days, nullptr, grid);
  const auto slot_at = [&](Instant instant) {
    return static_cast<int32_t>(std::max<int64_t>(0, grid.slot_of(instant)));
  };
  const int32_t first = slot_at(window.cut);
  const int32_t end = slot_at(window.end);  // a last slot that is cut short is left out

  PairReplay replay(history);
  ChanceFitter fitter(length);
  replay.advance(first, [&](const Exposure& exposure) { fitter.see(exposure); });
  ChanceReport report;
  std::array<Foretold, kChanceMeasures> foretold;
  std::vector<Held> inverse{held(1)};  // by how many somebody has met; nobody has met none
  std::vector<bool> of_pair(history.pairs.size(), false);
  for (int32_t part = 0; part < kChanceFitsMax; ++part) {
    const auto until =
        static_cast<int32_t>(first + int64_t{end - first} * (part + 1) / kChanceFitsMax);
    if (until == replay.slot()) continue;
    const std::optional<ChanceFit> fit = fitter.fit(replay.slot(), options.threads);
    if (!fit) return std::optional<ChanceReport>();
    report.model = fit->model;
    const size_t h = fit->horizon;
    int32_t slot = -1;
    double rate = 0;  // of all exposures before this slot
    Held constant;
    replay.advance(until, [&](const Exposure& exposure) {
      if (exposure.slot != slot) {
        slot = exposure.slot;
        rate = fitter.rate();
        constant = held(rate);
      }
      while (inverse.size() <= exposure.met_by_to) {
        inverse.push_back(held(1 / static_cast<double>(inverse.size())));
      }
      const double prior = logistic(fit->prior_log_odds(exposure.from, exposure.to, exposure.all));
      const double chance = fit->chance(prior, static_cast<double>(exposure.own.answered[h]),
                                        static_cast<double>(exposure.own.exposures[h]));
      const double plain = (static_cast<double>(exposure.responses) + rate) /
                           (static_cast<double>(exposure.exposures) + 1);
      const std::array<Held, kChanceMeasures> chances{held(chance), constant,
                                                      inverse[exposure.met_by_to], held(plain)};
      const size_t alike = Foretold::alike_of(exposure.exposures, exposure.responses);
      for (size_t m = 0; m < kChanceMeasures; ++m) {
        foretold[m].add(chances[m], exposure.answered, alike);
      }
      ++report.exposures;
      if (exposure.answered) ++report.answered;
      if (!of_pair[exposure.pair]) ++report.pairs;
      of_pair[exposure.pair] = true;
      fitter.see(exposure);
    });
  }
  if (report.exposures == 0) return std::optional<ChanceReport>();
  for (size_t m = 0; m < kChanceMeasures; ++m) report.grades[m] = foretold[m].grade();
  report.tenths = foretold[0].tenths();
  return std::optional<ChanceReport>(report);
}

}  // namespace bellwether

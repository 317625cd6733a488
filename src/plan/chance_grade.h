// SPDX-License-Identifier: Apache-2.0
// How good pair chances are: each later exposure foretold from what was known before its slot, and
// held against whether it was answered, beside what anybody could count by hand.
//
// Figures are the log loss and the calibration error: the mean, over ten groups of equally many
// exposures in the order of what was foretold, of |foretold - came| (Naeini, Cooper and
// Hauskrecht, AAAI 2015). By that alone one number for everybody is as good as perfect once it hits
// the mean; so there is the same over groups of pairs with like history, the same groups for
// everyone.
#pragma once
#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "plan/pair_chances.h"
#include "score/replay.h"

namespace bellwether {

enum class ChanceMeasure : uint8_t {
  kChances,          // as pair_chances() makes them
  kConstant,         // one chance for all: the rate of all exposures so far
  kWeightedCascade,  // 1 over how many `to` has met
  kPlainRate,        // (answered + r) / (exposures + 1), r the constant; neither decayed
};
inline constexpr size_t kChanceMeasures = 4;
std::string_view to_string(ChanceMeasure measure);

// What is foretold is held within these, for every measure: a certainty that fails once would cost
// without end.
inline constexpr double kChanceLow = 0.0001;
inline constexpr double kChanceHigh = 0.99;

struct ChanceGrade {
  double log_loss = 0;           // mean of -log of the chance of what came, nats; lower is better
  double calibration_error = 0;  // [0, 1]; lower is better
  double alike_error = 0;        // likewise, over groups of pairs with like history
  double mean = 0;               // foretold, over all exposures
};

// One of the ten groups: exposures in the order of what was foretold for them.
struct ChanceTenth {
  double said = 0;  // mean of what was foretold
  double came = 0;  // share that was answered
};

struct ChanceReport {
  uint64_t exposures = 0;  // that were foretold; > 0
  uint64_t answered = 0;
  uint64_t pairs = 0;                                 // that they are of
  std::array<ChanceGrade, kChanceMeasures> grades{};  // by ChanceMeasure
  std::array<ChanceTenth, 10> tenths{};               // of kChances
  ChanceModel model;                                  // as fitted last
};

// The constants are fitted anew as the window goes on, so many times at most: whoever asks for
// chances has them fitted as of then.
inline constexpr int32_t kChanceFitsMax = 16;

// Foretells every exposure in the whole slots of the window. Slots are counted from its cut, and
// are as long as was right then. Borrows all; what was withdrawn by the end of the window takes no
// part. Empty: no exposure was known before the window, or none came. Errors, determinism and cost
// as pair_chances().
Result<std::optional<ChanceReport>> grade_chances(std::span<const LedgerEntry> ledger,
                                                  std::span<const PersonAct> acts,
                                                  const PersonMap& persons, const Window& window,
                                                  const PairChanceOptions& options = {});

}  // namespace bellwether

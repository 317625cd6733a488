// SPDX-License-Identifier: Apache-2.0
// A ledger as it was known at an instant, and what came in the window after it: what backtests,
// tuning and sensitivity have in common.
//
// Windows are half-open and follow each other without a gap, of equal length or with equally many
// responses. Nothing here says what is foretold; see score/backtest.h.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"
#include "graph/graph.h"
#include "score/baselines.h"

namespace bellwether {

struct BacktestOptions {
  uint32_t folds = 1;  // [1, 1000]; windows follow each other without a gap
  // How long each window is. Not above 0: what comes after the first cut is divided into windows of
  // equally many responses.
  int64_t window_ms = 0;
  // Where the first window begins: at an instant, or after a share of the responses, (0, 1); of
  // both the instant counts. Both empty: with a window's length, so that the last one ends with the
  // ledger; otherwise after kCutShare.
  std::optional<Instant> cut = {};
  std::optional<double> cut_share = {};
};
inline constexpr double kCutShare = 0.75;

struct Window {
  Instant cut, end;  // [cut, end)
};

// The windows asked for, oldest first. `responses` in the order of `published`.
// kNotFound: too few responses for so many, or none before the first.
// kInvalidArgument: an option out of range.
Result<std::vector<Window>> windows_of(std::span<const Response> responses,
                                       const BacktestOptions& options);

// The windows before the first, as long as it and without a gap, oldest first, at most `most`: of
// equal length in time, each with at least kForecastKnownShare of its length known before it, or of
// equally many responses.
std::vector<Window> windows_before(std::span<const Response> responses, const Window& first,
                                   bool equal_time, size_t most);

// Who had been on either side of a response before a cut, and how many each moved after it.
struct Seen {
  std::vector<Response> known, came;
  std::vector<PersonId> people;  // ascending
  std::vector<uint32_t> moved;   // by place in people: different people, within the window
};
Seen look_at(std::span<const Response> responses, uint32_t persons, const Window& window);

// Of the entries that count as of `cut`. `ledger` in its order.
GraphSnapshot graph_at(std::span<const LedgerEntry> ledger,
                       const std::vector<NetworkId>& account_network, const PersonMap& persons,
                       Instant cut, unsigned threads);

}  // namespace bellwether

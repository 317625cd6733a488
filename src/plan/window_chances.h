// SPDX-License-Identifier: Apache-2.0
// How likely it is that somebody responds to whom within the next window: learned from what came in
// windows before it.
//
// Pairs with history: a logistic regression of "responded within the window" on what the ledger
// shows before it: credit between the two decayed at seven half-lives, how often the one who may be
// moved lately responded to anybody, how many the other lately moved, and what the other did
// towards the one. Fitted on up to kForecastWindowsMax windows of the same length, each half as
// heavy as the next. Newcomers, who have never responded to somebody before: a count for each
// person, by the model of score/forecast.h fitted on newcomers alone.
//
// One step only: who is moved by whom directly. It is foresight, not cause.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "graph/graph.h"
#include "plan/influence_graph.h"
#include "score/forecast.h"
#include "score/replay.h"

namespace bellwether {

struct WindowChances {
  // Of pairs with history, by sender, then receiver: the chance that `receiver` responds to
  // `sender` at least once within the window, (0, 1). Vertices are PersonIds.
  std::vector<InfluenceArc> pairs;
  // By PersonId: how many people who never responded to them before will do so within the window.
  // Mean 0: nobody.
  std::vector<CountForecast> newcomers;
  // By how much all of these may be off together: the relative variance of a factor that they have
  // in common. It is part of each one's variance.
  double newcomers_shared_variance = 0;
  uint32_t training_windows = 0;  // 0: nothing to learn from, and the above are empty
};

// As of graph.as_of(). `before`: windows that end by then, oldest first, of the length that is
// asked about; the graph holds what came in them. Who was erased takes no part. The same bits
// whatever `threads`. Cost: some ten passes over the pairs of each window; memory: 80 bytes a pair
// of each window.
WindowChances window_chances(const GraphSnapshot& graph, std::span<const Window> before,
                             unsigned threads);

// The windows before `as_of` of this length in time that window_chances() can learn from, oldest
// first; empty: the graph is too short for one.
std::vector<Window> windows_to_learn_from(const GraphSnapshot& graph, int64_t window_ms);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What `score` and `start` both say about a scoring.
#pragma once
#include "cli/output.h"
#include "workspace/recipes/score.h"

namespace bellwether {

// Scores, with the phases on a progress line, and tells the outcome on `err`.
Result<ScoreResult> score_aloud(Context& context, OpenWorkspace& open, const ScoreRequest& request);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// A made-up community, marked as simulated wherever it shows: to try things without an archive.
//
// Plain: heavy-tailed activity and pull, reciprocity, topics, one network. The generator's
// definition is in docs/methods/simulate.md. Deterministic in its options.
#pragma once
#include <cstdint>

#include "workspace/recipes/ingest.h"

namespace bellwether {

struct SimulateOptions {
  uint32_t people = 2'000;           // [2, 10'000'000]
  uint32_t days = 120;               // [1, 3650]
  double acts_per_person_day = 0.5;  // mean, (0, 100]
  uint64_t rng_seed = 1;
};

// Writes one unit with one source, "simulated:people=...,rng_seed=...", into the log; a second call
// with equal options changes nothing.
// kInvalidArgument: an option is out of range.
Result<IngestResult> simulate(Workspace& workspace, const SimulateOptions& options,
                              const std::function<void(const IngestProgress&)>& progress);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Writes a made-up community into the log, marked as simulated wherever it shows: to try things
// without an archive. Its definition is docs/methods/simulate.md.
#pragma once
#include "simulate/community.h"
#include "workspace/recipes/ingest.h"

namespace bellwether {

// Writes one unit with one source, "simulated:people=...,rng_seed=...", into the log, and links the
// accounts of people who have two; a second call with equal options changes nothing.
// kInvalidArgument: an option is out of range.
Result<IngestResult> simulate(Workspace& workspace, const CommunityOptions& options,
                              const std::function<void(const IngestProgress&)>& progress);

}  // namespace bellwether

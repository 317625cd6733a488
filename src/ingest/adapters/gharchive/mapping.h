// SPDX-License-Identifier: Apache-2.0
// Maps one public event of GitHub to what it states. Pure; README.md has the table.
#pragma once
#include "ingest/acts.h"
#include "ingest/json.h"

namespace bellwether {

// Fills `acts`, which has begun the record that `event` was parsed from, with events, a kind that
// is left alone, or a reason. What it puts there lives as long as `event` and `acts`.
void map_github_event(const JsonElement& event, RecordActs& acts);

// True for an object that is one of these events in any of its forms since 2011: for detection.
bool is_github_event(const JsonElement& event);

}  // namespace bellwether

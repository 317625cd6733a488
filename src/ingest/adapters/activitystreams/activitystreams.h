// SPDX-License-Identifier: Apache-2.0
// The activitystreams adapter: Activity Streams 2.0 as lines, documents and collections; the
// neutral format that anything can be brought in by. README.md says what is read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& activitystreams_adapter();

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The git adapter: the history of a clone, read by the git program. README.md says what is read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& git_adapter();

}  // namespace bellwether

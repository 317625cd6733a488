// SPDX-License-Identifier: Apache-2.0
// The x adapter: the personal archive of X, formerly Twitter, and answers of its API v1.1.
// README.md says what is read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& x_adapter();

}  // namespace bellwether

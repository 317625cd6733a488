// SPDX-License-Identifier: Apache-2.0
// The stackexchange adapter: the public dump of a Stack Exchange site. README.md says what is read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& stackexchange_adapter();

}  // namespace bellwether

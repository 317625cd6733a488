// SPDX-License-Identifier: Apache-2.0
// The csv adapter: separated values, one act a row. README.md says what is read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& csv_adapter();

}  // namespace bellwether

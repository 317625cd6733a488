// SPDX-License-Identifier: Apache-2.0
// The gharchive adapter: public events of GitHub, one JSON object a line. README.md says what is
// read.
#pragma once
#include "ingest/adapter.h"

namespace bellwether {

const Adapter& gharchive_adapter();

}  // namespace bellwether

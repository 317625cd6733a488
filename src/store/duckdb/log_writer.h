// SPDX-License-Identifier: Apache-2.0
// The UnitWriter over DuckDB: events are staged in blocks on the caller's thread, and told apart
// from what the log has, numbered and appended on a second one.
#pragma once
#include <memory>

#include "store/duckdb/core.h"
#include "store/store.h"

namespace bellwether {

// With StoreOptions::threads of 1 everything happens on the caller's thread.
Result<std::unique_ptr<UnitWriter>> make_log_writer(std::shared_ptr<StoreCore> core);

}  // namespace bellwether

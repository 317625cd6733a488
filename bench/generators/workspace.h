// SPDX-License-Identifier: Apache-2.0
// A workspace for workloads, whose clock stands a day after the community's last act. Every failure
// ends the program with a line on standard error and status 3.
#pragma once
#include <memory>
#include <string>

#include "workspace/recipes/ingest.h"
#include "workspace/workspace.h"

namespace bellwether {

[[noreturn]] void fail(const std::string& why);

// What `result` holds; ends the program where it is an error.
template <typename Value>
Value must(Result<Value> result) {
  if (!result.ok()) fail(result.error().message);
  return std::move(result.value());
}

// Opens the one at `home`, or makes it.
std::unique_ptr<Workspace> open_bench_workspace(const std::string& home, size_t threads);

// Reads one file into it, as the `ingest` command does.
IngestResult ingest_file(Workspace& workspace, const std::string& file);

}  // namespace bellwether

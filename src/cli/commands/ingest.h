// SPDX-License-Identifier: Apache-2.0
// The options of reading, shared by `ingest` and `start`.
#pragma once
#include <string>
#include <vector>

#include "cli/output.h"

namespace bellwether {

struct IngestOptions {
  CommonOptions common;
  std::vector<std::string> paths;
  std::string source;
  std::string account;
  std::string network;
  std::string columns;
  std::vector<std::string> verbs;
  bool strict = false;
  bool keep_rejects = false;
};

void add_ingest_options(CLI::App& app, IngestOptions& options);
Result<IngestRequest> to_request(const Context& context, const IngestOptions& options);
// 0, or 1 where nothing was usable or, with --strict, anything was refused.
int ingest_exit(const IngestOptions& options, const IngestResult& result);

}  // namespace bellwether

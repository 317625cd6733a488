// SPDX-License-Identifier: Apache-2.0
#include "bench/generators/workspace.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "bench/generators/community.h"

namespace bellwether {

void fail(const std::string& why) {
  fmt::print(stderr, "{}\n", why);
  std::exit(3);
}

std::unique_ptr<Workspace> open_bench_workspace(const std::string& home, size_t threads) {
  WorkspaceOptions where;
  where.home = home;
  where.create = true;
  where.threads = static_cast<unsigned>(threads);
  where.now = [] { return Instant{kCommunityAsOf.ms + kMsPerDay}; };
  return must(Workspace::open(std::move(where)));
}

IngestResult ingest_file(Workspace& workspace, const std::string& file) {
  IngestRequest request;
  request.paths = {file};
  request.read.threads = workspace.threads();
  return must(ingest(workspace, request, {}));
}

}  // namespace bellwether

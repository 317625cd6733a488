// SPDX-License-Identifier: Apache-2.0
// Reads files, folders and archives into the log: one call is one unit, which can be listed and
// undone.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "ingest/adapter.h"
#include "workspace/workspace.h"

namespace bellwether {

struct IngestRequest {
  std::vector<std::string> paths;  // "-": standard input
  std::string source;              // adapter to use; empty: told by content
  ReadOptions read;
  InputLimits limits;
};

// Called every few thousand records and at the end of each source.
struct IngestProgress {
  std::string path;
  uint64_t bytes_read = 0;
  uint64_t bytes_total = 0;  // 0: unknown
  const SourceReport* report = nullptr;
  bool source_done = false;
};

struct SkippedPath {
  std::string path;
  std::string reason;  // one sentence, which may name the path again
};

struct IngestResult {
  uint32_t unit = 0;                  // 0: nothing was usable
  std::vector<SourceReport> sources;  // in the order read
  std::vector<SkippedPath> unusable;  // what was looked at and could not be read
  std::vector<SkippedPath>
      left_out;                 // of folders and archives, what was not looked at: hidden files
  bool system_refused = false;  // to open or to read something: no rights, a failing disk
  uint64_t accepted() const;
  uint64_t rejected() const;
};

// A folder or archive that one adapter knows as a whole is one source; any other one is read member
// by member, with the adapter asked for if there is one, and members of no known form are listed in
// `unusable`. Events dated before 1980 or
// more than a day after they were observed are rejected: no network was there, or its clock is
// wrong. Errors: those of the store; a source that breaks off is no error, its report says so.
Result<IngestResult> ingest(Workspace& workspace, const IngestRequest& request,
                            const std::function<void(const IngestProgress&)>& progress);

}  // namespace bellwether

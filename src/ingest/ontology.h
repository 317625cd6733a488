// SPDX-License-Identifier: Apache-2.0
// Reads an ontology of topics from CSV files: topics, which belongs to which, names by language.
//
// What a file holds is told by its header, in any order of columns and without regard to case,
// spaces and underscores; Klout's open data (github.com/klout/opendata) has these names:
//
//   topics   topicId, topicSlug, topicDisplayName, wikiItemId, freebaseMachineId
//   parents  parentTopicId, parentTopicSlug, childTopicId, childTopicSlug
//   names    topicId, language, topicDisplayName
//
// "id", "slug", "name", "parent", "child" and the like are understood too, and of the topics only
// the id and one of slug and name are needed, of the parents only the two ids. Separated by comma,
// semicolon or tab. It judges rows one by one; what does not fit together is for Ontology::build.
#pragma once
#include <string>
#include <vector>

#include "base/result.h"
#include "event/ontology.h"
#include "ingest/input.h"

namespace bellwether {

struct OntologyLimits {
  InputLimits input;
  uint64_t topics_max = 1'000'000;
  uint64_t edges_max = 10'000'000;
  uint64_t names_max = 20'000'000;
  uint64_t rejects_kept_max = 1000;  // more are counted only
};

struct OntologyReading {
  OntologyRows rows;
  std::vector<std::string> files;     // those that were read; numbered by OntologyProblem::file
  std::vector<std::string> left_out;  // those that are no part of an ontology: "path: why"
  std::vector<OntologyProblem> rejects;
  uint64_t rejected = 0;  // rows; at least as many as `rejects`
};

// Reads files, folders and archives. kNotFound, kIo and the like: as open_input, of the first path
// that cannot be read; nothing is half read. kUnusable: no file has such a header; the message
// names what was found. kLimit: more rows than `limits` allow.
Result<OntologyReading> read_ontology(const std::vector<std::string>& paths,
                                      const OntologyLimits& limits);

// The same of one input in memory; for tests.
Result<void> read_ontology_file(Input& input, size_t member, const std::string& label,
                                const OntologyLimits& limits, OntologyReading& reading);

}  // namespace bellwether

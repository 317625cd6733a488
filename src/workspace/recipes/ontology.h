// SPDX-License-Identifier: Apache-2.0
// Brings an ontology of topics into a workspace.
#pragma once
#include <string>
#include <vector>

#include "ingest/ontology.h"
#include "people/people.h"
#include "workspace/workspace.h"

namespace bellwether {

struct OntologyImport {
  std::vector<std::string> files;     // read, in this order; numbers in problems speak of them
  std::vector<std::string> left_out;  // no part of an ontology: "path: why"
  uint64_t topics = 0;
  uint64_t parents = 0;  // relations
  uint64_t names = 0;    // besides each topic's own
  std::vector<std::string> languages;
  uint64_t rejected = 0;                  // rows, by themselves or beside the others
  std::vector<OntologyProblem> problems;  // of these, at most rejects_kept_max of either kind
  Ontology::Report report;                // without its problems
  uint64_t erased = 0;                    // topics and names left out that name somebody erased
};

// Reads all of it and puts it in the place of the ontology that was there; scores and log stay as
// they are, and topics mean what it says from the next answer on. Errors: as read_ontology, before
// anything has changed; kUnusable: there is no topic in it; as save_ontology.
Result<OntologyImport> import_ontology(Workspace& workspace, const std::vector<std::string>& paths,
                                       const OntologyLimits& limits = {});

// Without topics and names that name somebody erased; `left_out` counts them. Cost: nothing where
// nobody was.
OntologyRows without_erased(OntologyRows rows, const Erased& erased, uint64_t& left_out);

}  // namespace bellwether

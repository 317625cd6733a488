// SPDX-License-Identifier: Apache-2.0
// The ontology of a workspace on disk: topics.sqlite (docs/formats/workspace.md).
//
// A file of its own beside the registry, since it is a thousand times as large, holds nothing about
// anybody who was asked, and is replaced as a whole by each import.
#pragma once
#include <string>

#include "base/instant.h"
#include "base/result.h"
#include "event/ontology.h"

namespace bellwether {

// Empty where there is no file. Reads all of it and holds it against the hash that was written with
// it. kCorrupt: not what was written; import it again. kUnsupported: written by another version.
// kIo: the system refused.
Result<Ontology> load_ontology(const std::string& folder);

// Replaces the file in one step that a crash cannot divide; nothing of the old one stays. An empty
// ontology removes it. `imported`: our clock, for people who look into the file.
Result<void> save_ontology(const std::string& folder, const Ontology& ontology, Instant imported);

}  // namespace bellwether

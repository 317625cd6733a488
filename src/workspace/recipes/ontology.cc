// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/ontology.h"

#include <algorithm>
#include <set>

namespace bellwether {
namespace {

// A slug joins with hyphens what a name has spaces between.
bool names_somebody(const Erased& erased, const std::string& text) {
  std::string spaced = text;
  std::replace(spaced.begin(), spaced.end(), '-', ' ');
  return erased.mentioned_in(text) || erased.mentioned_in(spaced);
}

}  // namespace

OntologyRows without_erased(OntologyRows rows, const Erased& erased, uint64_t& left_out) {
  left_out = 0;
  if (erased.empty()) return rows;
  std::set<std::string> gone;
  std::erase_if(rows.topics, [&](const OntologyTopic& topic) {
    const bool named = names_somebody(erased, topic.slug) || names_somebody(erased, topic.name) ||
                       names_somebody(erased, topic.id);
    if (named) gone.insert(topic.id);
    return named;
  });
  left_out = gone.size();
  std::erase_if(rows.edges, [&](const OntologyEdge& edge) {
    return gone.contains(edge.parent) || gone.contains(edge.child) ||
           names_somebody(erased, edge.parent_slug) || names_somebody(erased, edge.child_slug);
  });
  const size_t names = rows.names.size();
  std::erase_if(rows.names, [&](const OntologyName& name) {
    return gone.contains(name.topic) || names_somebody(erased, name.name);
  });
  left_out += names - rows.names.size();
  return rows;
}

Result<OntologyImport> import_ontology(Workspace& workspace, const std::vector<std::string>& paths,
                                       const OntologyLimits& limits) {
  BW_ASSIGN(OntologyReading reading, read_ontology(paths, limits));
  OntologyImport result;
  BW_ASSIGN(const Erased erased, workspace.registry().erased());
  OntologyRows rows = without_erased(std::move(reading.rows), erased, result.erased);
  Ontology ontology = Ontology::build(std::move(rows), result.report);
  if (ontology.empty()) {
    return Error{ErrorCode::kUnusable,
                 "there is no topic in it: give the file of the topics too, "
                 "whose first line names id, slug or name"};
  }
  std::set<std::string> languages;
  result.topics = ontology.size();
  for (Ontology::Index i = 0; i < ontology.size(); ++i) {
    result.parents += ontology.at(i).parents.size();
    result.names += ontology.at(i).names.size();
    for (const Ontology::Name& name : ontology.at(i).names) languages.insert(name.language);
  }
  result.languages.assign(languages.begin(), languages.end());
  result.files = std::move(reading.files);
  result.left_out = std::move(reading.left_out);
  result.rejected = reading.rejected + result.report.problems.size();
  result.problems = std::move(reading.rejects);
  auto& more = result.report.problems;
  if (more.size() > limits.rejects_kept_max) more.resize(limits.rejects_kept_max);
  result.problems.insert(result.problems.end(), more.begin(), more.end());
  more.clear();
  std::stable_sort(result.problems.begin(), result.problems.end(),
                   [](const OntologyProblem& a, const OntologyProblem& b) {
                     return std::pair(a.file, a.line) < std::pair(b.file, b.line);
                   });
  BW_TRY(workspace.replace_ontology(std::move(ontology)));
  return result;
}

}  // namespace bellwether

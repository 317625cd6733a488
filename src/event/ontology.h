// SPDX-License-Identifier: Apache-2.0
// Which topics there are, which belong to which, and what they are called in which language.
//
// An ontology is brought by the operator (`bellwether topics import`) and knows nothing of the log.
// Names of topics in acts are found in it by their keys (event/topic.h). It is a hierarchy, not a
// thesaurus: nothing follows from two topics having a parent in common.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/topic.h"

namespace bellwether {

inline constexpr size_t kOntologyTextBytesMax = 200;  // of an id, a slug, a name, a language

// A topic as its source states it.
struct OntologyTopic {
  std::string id;        // the source's own, any text; never empty
  std::string slug;      // normalised (normalise_topic); never empty
  std::string name;      // as it is shown; empty: the slug
  std::string wiki;      // of Wikidata, "Q229680"; empty: unknown
  std::string freebase;  // machine id; empty: unknown
};
struct OntologyEdge {
  std::string parent, child;            // ids
  std::string parent_slug, child_slug;  // empty: not stated
  uint32_t file = 0;                    // number of its file, from 0
  uint64_t line = 0;                    // in it, from 1; 0: unknown
};
struct OntologyName {
  std::string topic;     // id
  std::string language;  // as the source writes it: "en", "pt-BR"; empty: any
  std::string name;
  uint32_t file = 0;
  uint64_t line = 0;
};
// What a source states, in its order.
struct OntologyRows {
  std::vector<OntologyTopic> topics;
  std::vector<OntologyEdge> edges;
  std::vector<OntologyName> names;
};

// Something of an ontology that could not be used as it stands.
struct OntologyProblem {
  uint32_t file = 0;
  uint64_t line = 0;    // 0: not of one line
  std::string message;  // one sentence, names what it is about
};

// Immutable; safe to share between threads.
class Ontology {
 public:
  using Index = uint32_t;  // of a topic, [0, size()), by id: shorter ids first, then by text
  static constexpr Index kNone = UINT32_MAX;

  struct Name {
    std::string language;
    std::string name;
    friend bool operator==(const Name&, const Name&) = default;
  };
  struct Topic {
    OntologyTopic stated;
    bool from_edge = false;                // no row states it; an edge or a name speaks of it
    std::vector<Index> parents, children;  // ascending, no one twice
    std::vector<Name> names;               // by language, then name
  };

  // What is left over after build().
  struct Report {
    std::vector<OntologyProblem> problems;  // of rows that were not used
    uint64_t topics_from_edges = 0;         // made, since only edges speak of them
    uint64_t roots = 0;                     // see build
    uint64_t root_edges = 0;
    uint64_t repeated = 0;  // rows that say what another one said
  };

  Ontology() = default;

  // Of several rows for one id the first counts; the others are problems unless they say the same.
  // An edge names its ends by id; an id that no row states is looked for by the slug that the edge
  // gives, and else becomes a topic of that slug. An id that only edges speak of and that is its
  // own parent is the root under which a source hangs everything: it is no topic, and left out with
  // its edges. An edge that would close a circle is a problem, named with the circle; which edge of
  // a circle that is depends on the rows alone, not on their order. Linear but for sorting.
  static Ontology build(OntologyRows rows, Report& report);

  bool empty() const { return topics_.empty(); }
  Index size() const { return static_cast<Index>(topics_.size()); }
  const Topic& at(Index topic) const { return topics_[topic]; }
  // What it is called for people: its name, else its slug.
  const std::string& shown_name(Index topic) const;

  // The topic that a name means, by its key. Of several: whose slug it is to the letter, then whose
  // slug it is, then whose own name, whose name in English, whose in any language; among equals the
  // one with more topics below it, then the smaller index. kNone: nobody's. Cost: one look-up.
  Index find(std::string_view name) const { return find(name, topic_key(name)); }
  // The same where the key is at hand.
  Index find(std::string_view name, const std::string& key) const;
  // All that the name may mean, the one that find() gives first.
  std::vector<Index> all_called(std::string_view name) const;
  // By id; kNone: there is none.
  Index find_id(std::string_view id) const;

  // The topic itself and all below it, or above it, ascending, each once. Cost: in what it finds.
  std::vector<Index> descendants(Index topic) const { return closure(topic, true); }
  std::vector<Index> ancestors(Index topic) const { return closure(topic, false); }

  // The rows that build() makes the same ontology of.
  OntologyRows rows() const;
  // Over everything it says; equal ontologies, equal hashes.
  uint64_t hash() const;

 private:
  struct Meaning {
    uint8_t rank;  // 0 slug, 1 own name, 2 English, 3 any language
    Index topic;
  };
  std::vector<Index> closure(Index topic, bool down) const;
  void index_names();

  std::vector<Topic> topics_;
  std::unordered_map<std::string, Index> by_id_;
  std::unordered_map<std::string, std::vector<Meaning>> by_key_;  // best first
};

}  // namespace bellwether

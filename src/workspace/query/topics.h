// SPDX-License-Identifier: Apache-2.0
// The topics of a log under one roof: what acts are about, in every spelling, and where that stands
// in the ontology (docs/methods/topics.md).
//
// A topic of the log is the topic of the ontology that its name means; failing that, all names with
// one key (event/topic.h) are one topic. A phrase of a title counts only where it means a topic
// that some act is tagged with, give or take a final s, or, being of two words or more, a topic of
// the ontology. A repository, `owner/name`, stands below the topic it is named after, if there is
// one. Immutable; safe to share between threads.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/ontology.h"
#include "explain/topics.h"
#include "store/store.h"

namespace bellwether {

class TopicIndex {
 public:
  // Reads every topic of the log. Cost: linear in them; memory: about 150 bytes each.
  static Result<std::shared_ptr<const TopicIndex>> make(Store& store,
                                                        std::shared_ptr<const Ontology> ontology);

  // Those of the log that count, and all above them.
  const TopicTree& tree() const { return tree_; }
  const Ontology& ontology() const { return *ontology_; }
  // How it is written: its slug in the ontology, else the spelling with most hyphens.
  const std::string& label(TopicId topic) const { return topics_[topic].label; }
  // kNone: the ontology does not know it.
  Ontology::Index in_ontology(TopicId topic) const { return topics_[topic].in_ontology; }

  // Of names as the log keeps them: what they mean, ascending, each once; phrases that mean nothing
  // known are passed over.
  std::vector<TopicId> of_names(const std::vector<std::string>& names) const;
  // Of numbers as Store::each_topic gives them. kUnknownTopic: a phrase that means nothing known.
  TopicId of_number(uint32_t number) const {
    return number < of_number_.size() ? of_number_[number] : kUnknownTopic;
  }

  // The topic that somebody means by a name in any spelling and language, failing that, by the same
  // with a final s more or less, failing that, by the ontology's id. kUnknownTopic: nothing in the
  // log or above it.
  TopicId find(std::string_view text) const;
  // The topic of the ontology that somebody means, looked for as in find(), whether or not the log
  // knows it. Ontology::kNone: it has none.
  Ontology::Index find_in_ontology(std::string_view text) const;
  // A topic of the ontology; kUnknownTopic: nothing in the log is about it or anything below it.
  TopicId find_in_log(Ontology::Index topic) const;
  // How the log writes it, sorted, `most` at most; phrases of titles without their mark.
  std::vector<std::string> spellings(TopicId topic, size_t most) const;
  // The topic and all below it, ascending.
  std::vector<TopicId> with_below(TopicId topic) const;

  // What to look for when somebody asks for a topic.
  struct Asked {
    std::string label;
    TopicId topic = kUnknownTopic;  // kUnknownTopic: only titles or repositories speak of it
    std::vector<bool> wanted;       // by number: counts for it
    bool holds(uint32_t number) const { return number < wanted.size() && wanted[number]; }
  };
  // Phrases of titles and names of repositories that say just this count too, though by themselves
  // they would not, since they were asked for. kNotFound: no act is about it or anything below it.
  Result<Asked> asked(const std::string& text) const;

 private:
  struct Topic {
    std::string label;
    Ontology::Index in_ontology = Ontology::kNone;
  };

  std::shared_ptr<const Ontology> ontology_;
  std::vector<Topic> topics_;  // by TopicId, by label
  TopicTree tree_;
  std::vector<std::vector<TopicId>> children_;
  std::vector<std::string> names_;  // by number; empty: none
  std::vector<TopicId> of_number_;
  std::unordered_map<std::string_view, uint32_t> number_of_;  // views of names_
  std::unordered_map<std::string, TopicId> by_key_;           // of topics outside the ontology
  std::unordered_map<Ontology::Index, TopicId> by_ontology_;
};

// The part of a repository's name that says what it is about, "hello" of "octo/hello"; empty: it is
// no repository.
std::string_view repository_subject(std::string_view topic);

}  // namespace bellwether

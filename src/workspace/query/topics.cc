// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/topics.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <set>
#include <tuple>

#include "event/event.h"
#include "event/topic.h"

namespace bellwether {

std::string_view repository_subject(std::string_view topic) {
  const size_t slash = topic.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == topic.size()) return {};
  const std::string_view name = topic.substr(slash + 1);
  return name.find('/') == std::string_view::npos ? name : std::string_view();
}

namespace {

// The key with a final s more, or less; empty for short ones.
std::string other_number(const std::string& key) {
  if (key.size() < 3) return {};
  if (key.back() != 's') return key + 's';
  return key.size() < 4 ? std::string() : key.substr(0, key.size() - 1);
}

}  // namespace

Result<std::shared_ptr<const TopicIndex>> TopicIndex::make(
    Store& store, std::shared_ptr<const Ontology> ontology) {
  auto index = std::make_shared<TopicIndex>();
  index->ontology_ = std::move(ontology);
  const Ontology& known = *index->ontology_;
  std::vector<std::string>& names = index->names_;
  BW_TRY(store.each_topic([&](uint32_t number, std::string_view name) {
    if (number >= names.size()) names.resize(number + size_t{1});
    names[number] = name;
  }));
  std::vector<std::string> keys(names.size());
  for (size_t i = 0; i < names.size(); ++i) keys[i] = topic_key(names[i]);

  // What is tagged: in the ontology, or known by its key alone.
  std::set<Ontology::Index> used;
  std::vector<Ontology::Index> meaning(names.size(), Ontology::kNone);
  std::vector<std::string_view> keyed(names.size());                // empty: not known by its key
  std::unordered_map<std::string_view, std::string_view> spelling;  // by key
  const auto reads_better = [](std::string_view a, std::string_view b) {
    const auto hyphens = [](std::string_view text) {
      return std::count(text.begin(), text.end(), '-');
    };
    return hyphens(a) != hyphens(b) ? hyphens(a) > hyphens(b) : a < b;
  };
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i].empty() || !phrase_of(names[i]).empty()) continue;
    meaning[i] = known.find(names[i], keys[i]);
    if (meaning[i] != Ontology::kNone) {
      used.insert(meaning[i]);
      continue;
    }
    const auto [at, fresh] = spelling.try_emplace(keys[i], names[i]);
    if (!fresh && reads_better(names[i], at->second)) at->second = names[i];
    keyed[i] = at->first;
  }
  // Phrases of titles, by what is tagged.
  const std::set<Ontology::Index> tagged = used;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string_view phrase = phrase_of(names[i]);
    if (phrase.empty()) continue;
    const auto means = [&](const std::string& key, bool any_of_ontology) {
      if (key.empty()) return false;
      const Ontology::Index found = known.find(phrase, key);
      if (found != Ontology::kNone && (any_of_ontology || tagged.contains(found))) {
        meaning[i] = found;
        used.insert(found);
        return true;
      }
      const auto at = spelling.find(key);
      if (at == spelling.end()) return false;
      keyed[i] = at->first;
      return true;
    };
    // One word means too many things to stand for a topic that nobody here speaks of.
    if (!means(keys[i], phrase.find('-') != std::string_view::npos)) {
      means(other_number(keys[i]), false);
    }
  }
  // What repositories are about, where that is known.
  struct Subject {
    Ontology::Index in_ontology = Ontology::kNone;
    std::string_view key;  // empty: not known by its key
  };
  std::unordered_map<std::string_view, Subject> subject_of;  // by the repository's key
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string_view about = repository_subject(names[i]);
    if (about.empty() || meaning[i] != Ontology::kNone) continue;
    Subject subject;
    const std::string key = topic_key(about);
    subject.in_ontology = known.find(about, key);
    if (subject.in_ontology != Ontology::kNone) {
      used.insert(subject.in_ontology);
    } else if (const auto at = spelling.find(key); at != spelling.end()) {
      subject.key = at->first;
    } else {
      continue;
    }
    subject_of.emplace(keys[i], subject);
  }
  {
    std::set<Ontology::Index> all;
    for (const Ontology::Index each : used) {
      if (all.contains(each)) continue;
      for (const Ontology::Index above : known.ancestors(each)) all.insert(above);
    }
    used = std::move(all);
  }

  // Numbered by their labels, so that ties are broken by what people read.
  struct Draft {
    Topic topic;
    std::string_view key;
  };
  std::vector<Draft> drafts;
  for (const Ontology::Index each : used)
    drafts.push_back({{known.at(each).stated.slug, each}, {}});
  for (const auto& [key, best] : spelling) {
    drafts.push_back({{std::string(best), Ontology::kNone}, key});
  }
  std::sort(drafts.begin(), drafts.end(), [](const Draft& a, const Draft& b) {
    return std::tie(a.topic.label, a.topic.in_ontology, a.key) <
           std::tie(b.topic.label, b.topic.in_ontology, b.key);
  });
  for (Draft& draft : drafts) {
    const auto id = static_cast<TopicId>(index->topics_.size());
    if (draft.topic.in_ontology != Ontology::kNone) {
      index->by_ontology_.emplace(draft.topic.in_ontology, id);
    } else {
      index->by_key_.emplace(std::string(draft.key), id);
    }
    index->topics_.push_back(std::move(draft.topic));
  }
  std::vector<std::vector<TopicId>> parents(index->topics_.size());
  index->children_.resize(index->topics_.size());
  const auto put_below = [&](TopicId child, TopicId parent) {
    parents[child].push_back(parent);
    index->children_[parent].push_back(child);
  };
  for (const Ontology::Index each : used) {
    for (const Ontology::Index parent : known.at(each).parents) {
      put_below(index->by_ontology_.at(each), index->by_ontology_.at(parent));
    }
  }
  for (const auto& [key, subject] : subject_of) {
    put_below(index->by_key_.at(std::string(key)),
              subject.in_ontology != Ontology::kNone ? index->by_ontology_.at(subject.in_ontology)
                                                     : index->by_key_.at(std::string(subject.key)));
  }
  for (auto& list : parents) std::sort(list.begin(), list.end());
  for (auto& list : index->children_) std::sort(list.begin(), list.end());
  index->tree_ = TopicTree::make(std::move(parents));

  index->of_number_.assign(names.size(), kUnknownTopic);
  for (uint32_t i = 0; i < names.size(); ++i) {
    if (names[i].empty()) continue;
    index->number_of_.emplace(names[i], i);
    if (meaning[i] != Ontology::kNone) {
      index->of_number_[i] = index->by_ontology_.at(meaning[i]);
    } else if (!keyed[i].empty()) {
      index->of_number_[i] = index->by_key_.at(std::string(keyed[i]));
    }
  }
  return std::shared_ptr<const TopicIndex>(std::move(index));
}

std::vector<TopicId> TopicIndex::of_names(const std::vector<std::string>& names) const {
  std::vector<TopicId> topics;
  for (const std::string& name : names) {
    const auto at = number_of_.find(name);
    if (at != number_of_.end() && of_number_[at->second] != kUnknownTopic) {
      topics.push_back(of_number_[at->second]);
    }
  }
  std::sort(topics.begin(), topics.end());
  topics.erase(std::unique(topics.begin(), topics.end()), topics.end());
  return topics;
}

TopicId TopicIndex::find(std::string_view text) const {
  const std::string name = normalise_topic(text);
  const std::string key = topic_key(name);
  for (const std::string& each : {key, other_number(key)}) {
    if (each.empty()) continue;
    if (const TopicId found = find_in_log(ontology_->find(name, each)); found != kUnknownTopic) {
      return found;
    }
    if (const auto at = by_key_.find(each); at != by_key_.end()) return at->second;
  }
  return find_in_log(ontology_->find_id(text));
}

Ontology::Index TopicIndex::find_in_ontology(std::string_view text) const {
  const std::string name = normalise_topic(text);
  const std::string key = topic_key(name);
  for (const std::string& each : {key, other_number(key)}) {
    if (each.empty()) continue;
    const Ontology::Index found = ontology_->find(name, each);
    if (found != Ontology::kNone) return found;
  }
  return ontology_->find_id(text);
}

TopicId TopicIndex::find_in_log(Ontology::Index topic) const {
  const auto at = by_ontology_.find(topic);
  return at == by_ontology_.end() ? kUnknownTopic : at->second;
}

std::vector<std::string> TopicIndex::spellings(TopicId topic, size_t most) const {
  std::set<std::string> all;
  for (uint32_t i = 0; i < names_.size(); ++i) {
    if (!names_[i].empty() && of_number_[i] == topic) all.emplace(without_mark(names_[i]));
  }
  std::vector<std::string> list(all.begin(), all.end());
  if (list.size() > most) list.resize(most);
  return list;
}

std::vector<TopicId> TopicIndex::with_below(TopicId topic) const {
  std::vector<TopicId> found{topic};
  std::set<TopicId> seen{topic};
  for (size_t at = 0; at < found.size(); ++at) {
    for (const TopicId child : children_[found[at]]) {
      if (seen.insert(child).second) found.push_back(child);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

Result<TopicIndex::Asked> TopicIndex::asked(const std::string& text) const {
  Asked asked;
  asked.topic = find(text);
  asked.wanted.assign(names_.size(), false);
  const std::string name = normalise_topic(text);
  const std::string key = topic_key(name);
  Ontology::Index meant = Ontology::kNone;
  std::vector<TopicId> all;
  asked.label = name;
  if (asked.topic != kUnknownTopic) {
    asked.label = label(asked.topic);
    meant = in_ontology(asked.topic);
    all = with_below(asked.topic);
  }
  bool any = false;
  for (uint32_t i = 0; i < names_.size(); ++i) {
    if (names_[i].empty()) continue;
    const std::string_view about = repository_subject(names_[i]);
    if (of_number_[i] != kUnknownTopic &&
        std::binary_search(all.begin(), all.end(), of_number_[i])) {
      asked.wanted[i] = true;
    } else if (of_number_[i] == kUnknownTopic || !about.empty()) {
      const std::string_view says = about.empty() ? std::string_view(names_[i]) : about;
      const std::string its_key = topic_key(says);
      asked.wanted[i] = (!key.empty() && its_key == key) ||
                        (meant != Ontology::kNone && ontology_->find(says, its_key) == meant);
    }
    any = any || asked.wanted[i];
  }
  if (any) return asked;
  const bool known = ontology_->find(text) != Ontology::kNone;
  return Error{
      ErrorCode::kNotFound,
      fmt::format("no act is about '{}'{}: `bellwether topics list --search WORD` looks for "
                  "topics",
                  text, known ? " or anything below it" : "")};
}

}  // namespace bellwether

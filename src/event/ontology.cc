// SPDX-License-Identifier: Apache-2.0
#include "event/ontology.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "base/hash.h"
#include "event/event.h"

namespace bellwether {
namespace {

// Ids are mostly numbers: this is the order of their values.
bool id_before(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

void sort_unique(std::vector<Ontology::Index>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

bool is_english(std::string_view language) {
  return language == "en" || language.starts_with("en-") || language.starts_with("en_");
}

}  // namespace

const std::string& Ontology::shown_name(Index topic) const {
  const OntologyTopic& stated = topics_[topic].stated;
  return stated.name.empty() ? stated.slug : stated.name;
}

Ontology Ontology::build(OntologyRows rows, Report& report) {
  Ontology result;
  // Who is there: those stated, then those of whom only edges speak.
  std::map<std::string, Topic, decltype(&id_before)> all(&id_before);
  std::unordered_map<std::string, std::string> id_of_slug;  // the smallest id
  const auto learn_slug = [&](const std::string& slug, const std::string& id) {
    const auto [at, fresh] = id_of_slug.try_emplace(slug, id);
    if (!fresh && id_before(id, at->second)) at->second = id;
  };
  for (OntologyTopic& topic : rows.topics) {
    const std::string id = topic.id;
    const auto [at, fresh] = all.try_emplace(id);
    if (fresh) {
      at->second.stated = std::move(topic);
      learn_slug(at->second.stated.slug, id);
      continue;
    }
    const OntologyTopic& first = at->second.stated;
    if (std::tie(first.slug, first.name, first.wiki, first.freebase) ==
        std::tie(topic.slug, topic.name, topic.wiki, topic.freebase)) {
      ++report.repeated;
    } else {
      report.problems.push_back(
          {0, 0, fmt::format("topic {} is stated twice; the first, '{}', counts", id, first.slug)});
    }
  }
  std::vector<std::string> roots;
  for (const OntologyEdge& edge : rows.edges) {
    if (edge.parent == edge.child && !all.contains(edge.parent)) roots.push_back(edge.parent);
  }
  std::sort(roots.begin(), roots.end());
  roots.erase(std::unique(roots.begin(), roots.end()), roots.end());
  report.roots = roots.size();
  const auto is_root = [&](const std::string& id) {
    return std::binary_search(roots.begin(), roots.end(), id);
  };
  struct Edge {
    std::string parent, child;
    uint32_t file;
    uint64_t line;
  };
  std::vector<Edge> edges;
  // Those whose slug no other topic has: in the order of their ids, so that of two of one slug the
  // smaller is made.
  std::map<std::string, std::string, decltype(&id_before)> unknown(&id_before);
  for (const OntologyEdge& edge : rows.edges) {
    for (const auto& [id, slug] :
         {std::pair(edge.parent, edge.parent_slug), std::pair(edge.child, edge.child_slug)}) {
      if (!all.contains(id) && !is_root(id) && !slug.empty()) unknown.try_emplace(id, slug);
    }
  }
  for (const auto& [id, slug] : unknown) {
    if (id_of_slug.contains(slug)) continue;
    Topic& topic = all[id];
    topic.stated.id = id;
    topic.stated.slug = slug;
    topic.from_edge = true;
    learn_slug(slug, id);
    ++report.topics_from_edges;
  }
  const auto resolved = [&](const std::string& id, const std::string& slug) -> std::string {
    if (all.contains(id)) return id;
    const auto known = id_of_slug.find(slug);
    return known == id_of_slug.end() ? std::string() : known->second;
  };
  for (const OntologyEdge& edge : rows.edges) {
    if (is_root(edge.parent) || is_root(edge.child)) {
      ++report.root_edges;
      continue;
    }
    const std::string parent = resolved(edge.parent, edge.parent_slug);
    const std::string child = resolved(edge.child, edge.child_slug);
    if (parent.empty() || child.empty()) {
      report.problems.push_back(
          {edge.file, edge.line,
           fmt::format("no topic has the id {}", parent.empty() ? edge.parent : edge.child)});
    } else if (parent == child) {
      report.problems.push_back(
          {edge.file, edge.line, fmt::format("topic {} would be its own parent", parent)});
    } else {
      edges.push_back({parent, child, edge.file, edge.line});
    }
  }

  std::unordered_map<std::string, Index> number;
  for (auto& [id, topic] : all) {
    number.emplace(id, static_cast<Index>(result.topics_.size()));
    result.topics_.push_back(std::move(topic));
  }
  // By their ends, so that the order of the rows does not matter; of equal ones the first stays.
  std::stable_sort(edges.begin(), edges.end(), [&](const Edge& a, const Edge& b) {
    return std::pair(number[a.parent], number[a.child]) <
           std::pair(number[b.parent], number[b.child]);
  });
  const auto same = [](const Edge& a, const Edge& b) {
    return a.parent == b.parent && a.child == b.child;
  };
  const size_t stated = edges.size();
  edges.erase(std::unique(edges.begin(), edges.end(), same), edges.end());
  report.repeated += stated - edges.size();

  // Depth first from the smallest topic on; an edge to a topic that is still being looked at closes
  // a circle.
  std::vector<std::vector<uint32_t>> below(result.size());  // numbers of edges
  for (uint32_t e = 0; e < edges.size(); ++e) below[number[edges[e].parent]].push_back(e);
  enum class State : uint8_t { kNew, kOpen, kDone };
  std::vector<State> state(result.size(), State::kNew);
  struct Frame {
    Index topic;
    size_t next;
  };
  std::vector<Frame> stack;
  for (Index start = 0; start < result.size(); ++start) {
    if (state[start] != State::kNew) continue;
    state[start] = State::kOpen;
    stack.push_back({start, 0});
    while (!stack.empty()) {
      Frame& frame = stack.back();
      if (frame.next == below[frame.topic].size()) {
        state[frame.topic] = State::kDone;
        stack.pop_back();
        continue;
      }
      const Edge& edge = edges[below[frame.topic][frame.next++]];
      const Index parent = frame.topic;
      const Index child = number[edge.child];
      if (state[child] == State::kOpen) {
        std::string circle;
        bool within = false;
        size_t shown = 0;
        for (const Frame& each : stack) {
          within |= each.topic == child;
          if (!within) continue;
          if (++shown == 8) circle += "... > ";
          if (shown >= 8 && &each != &stack.back()) continue;
          circle += result.topics_[each.topic].stated.slug + " > ";
        }
        report.problems.push_back(
            {edge.file, edge.line,
             fmt::format("would close a circle: {}{}", circle, result.topics_[child].stated.slug)});
        continue;
      }
      result.topics_[parent].children.push_back(child);
      result.topics_[child].parents.push_back(parent);
      if (state[child] == State::kNew) {
        state[child] = State::kOpen;
        stack.push_back({child, 0});
      }
    }
  }
  for (Topic& topic : result.topics_) {
    sort_unique(topic.parents);
    sort_unique(topic.children);
  }

  for (OntologyName& name : rows.names) {
    const auto at = number.find(name.topic);
    if (at == number.end()) {
      if (is_root(name.topic)) {
        ++report.root_edges;
      } else {
        report.problems.push_back(
            {name.file, name.line, fmt::format("no topic has the id {}", name.topic)});
      }
      continue;
    }
    result.topics_[at->second].names.push_back({std::move(name.language), std::move(name.name)});
  }
  for (Topic& topic : result.topics_) {
    auto& names = topic.names;
    std::sort(names.begin(), names.end(), [](const Name& a, const Name& b) {
      return std::tie(a.language, a.name) < std::tie(b.language, b.name);
    });
    const size_t given = names.size();
    names.erase(std::unique(names.begin(), names.end()), names.end());
    report.repeated += given - names.size();
  }
  result.by_id_ = std::move(number);
  result.index_names();
  return result;
}

void Ontology::index_names() {
  const auto add = [&](std::string_view name, uint8_t rank, Index topic) {
    std::string key = topic_key(name);
    if (key.empty()) return;
    std::vector<Meaning>& meanings = by_key_[std::move(key)];
    for (Meaning& meaning : meanings) {
      if (meaning.topic != topic) continue;
      meaning.rank = std::min(meaning.rank, rank);
      return;
    }
    meanings.push_back({rank, topic});
  };
  for (Index i = 0; i < size(); ++i) {
    const Topic& topic = topics_[i];
    add(topic.stated.slug, 0, i);
    if (!topic.stated.name.empty()) add(topic.stated.name, 1, i);
    for (const Name& name : topic.names) {
      add(name.name, is_english(name.language) ? uint8_t{2} : uint8_t{3}, i);
    }
  }
  for (auto& [key, meanings] : by_key_) {
    if (meanings.size() < 2) continue;
    std::map<Index, size_t> below;
    for (const Meaning& meaning : meanings)
      below[meaning.topic] = descendants(meaning.topic).size();
    std::sort(meanings.begin(), meanings.end(), [&](const Meaning& a, const Meaning& b) {
      if (a.rank != b.rank) return a.rank < b.rank;
      if (below[a.topic] != below[b.topic]) return below[a.topic] > below[b.topic];
      return a.topic < b.topic;
    });
  }
}

Ontology::Index Ontology::find(std::string_view name, const std::string& key) const {
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return kNone;
  if (at->second.size() > 1 && at->second[1].rank == 0) {
    const std::string slug = normalise_topic(without_mark(name));
    for (const Meaning& meaning : at->second) {
      if (meaning.rank == 0 && topics_[meaning.topic].stated.slug == slug) return meaning.topic;
    }
  }
  return at->second.front().topic;
}

std::vector<Ontology::Index> Ontology::all_called(std::string_view name) const {
  std::vector<Index> all;
  const std::string key = topic_key(name);
  const auto at = by_key_.find(key);
  if (at == by_key_.end()) return all;
  all.push_back(find(name, key));
  for (const Meaning& meaning : at->second) {
    if (meaning.topic != all.front()) all.push_back(meaning.topic);
  }
  return all;
}

Ontology::Index Ontology::find_id(std::string_view id) const {
  const auto at = by_id_.find(std::string(id));
  return at == by_id_.end() ? kNone : at->second;
}

std::vector<Ontology::Index> Ontology::closure(Index topic, bool down) const {
  std::vector<Index> found{topic};
  std::unordered_map<Index, bool> seen{{topic, true}};
  for (size_t at = 0; at < found.size(); ++at) {
    const Topic& each = topics_[found[at]];
    for (const Index next : down ? each.children : each.parents) {
      if (seen.emplace(next, true).second) found.push_back(next);
    }
  }
  std::sort(found.begin(), found.end());
  return found;
}

OntologyRows Ontology::rows() const {
  OntologyRows rows;
  for (const Topic& topic : topics_) {
    rows.topics.push_back(topic.stated);
    for (const Index child : topic.children) {
      rows.edges.push_back({topic.stated.id, topics_[child].stated.id, {}, {}, 0, 0});
    }
    for (const Name& name : topic.names) {
      rows.names.push_back({topic.stated.id, name.language, name.name, 0, 0});
    }
  }
  return rows;
}

uint64_t Ontology::hash() const {
  std::string all;
  const auto add = [&](std::string_view text) { all += fmt::format("{}:{}", text.size(), text); };
  for (const Topic& topic : topics_) {
    const OntologyTopic& stated = topic.stated;
    for (const std::string* text :
         {&stated.id, &stated.slug, &stated.name, &stated.wiki, &stated.freebase}) {
      add(*text);
    }
    all += fmt::format("{}/{}/", topic.children.size(), topic.names.size());
    for (const Index child : topic.children) all += fmt::format("{},", child);
    for (const Name& name : topic.names) {
      add(name.language);
      add(name.name);
    }
  }
  return hash64(all);
}

}  // namespace bellwether

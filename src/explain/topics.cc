// SPDX-License-Identifier: Apache-2.0
#include "explain/topics.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace bellwether {
TopicTree TopicTree::make(std::vector<std::vector<TopicId>> parents) {
  TopicTree tree;
  tree.parents = std::move(parents);
  tree.depth.assign(tree.parents.size(), 0);
  // From the tops down: a topic comes when all its parents are through.
  std::vector<uint32_t> waiting(tree.parents.size(), 0);
  std::vector<std::vector<TopicId>> children(tree.parents.size());
  for (TopicId topic = 0; topic < tree.topics(); ++topic) {
    waiting[topic] = static_cast<uint32_t>(tree.parents[topic].size());
    for (const TopicId parent : tree.parents[topic]) children[parent].push_back(topic);
  }
  std::vector<TopicId> ready;
  for (TopicId topic = 0; topic < tree.topics(); ++topic) {
    if (waiting[topic] == 0) ready.push_back(topic);
  }
  for (size_t at = 0; at < ready.size(); ++at) {
    for (const TopicId child : children[ready[at]]) {
      tree.depth[child] = std::max(tree.depth[child], tree.depth[ready[at]] + 1);
      if (--waiting[child] == 0) ready.push_back(child);
    }
  }
  // Whatever stands in a circle has no order; without parents it is a topic like others.
  for (TopicId topic = 0; topic < tree.topics(); ++topic) {
    if (waiting[topic] > 0) {
      tree.parents[topic].clear();
      tree.depth[topic] = 0;
    }
  }
  return tree;
}

TopicCounter::TopicCounter(const TopicTree& tree, const Policy& policy, TopicsOfSet topics)
    : tree_(tree), policy_(policy), topics_(std::move(topics)), slot_(tree.topics(), 0) {}

std::span<const TopicId> TopicCounter::closure_of(TopicSetId set) {
  if (set >= closure_number_.size()) closure_number_.resize(set + size_t{1}, 0);
  uint32_t& number = closure_number_[set];
  if (number == 0) {
    const std::span<const TopicId> own = topics_(set);
    std::vector<TopicId> all(own.begin(), own.end());
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    std::vector<TopicId> next = all;
    while (!next.empty()) {
      const TopicId topic = next.back();
      next.pop_back();
      for (const TopicId parent : tree_.parents[topic]) {
        const auto at = std::lower_bound(all.begin(), all.end(), parent);
        if (at != all.end() && *at == parent) continue;
        all.insert(at, parent);
        next.push_back(parent);
      }
    }
    closures_.push_back(std::move(all));
    number = static_cast<uint32_t>(closures_.size());
  }
  return closures_[number - 1];
}

bool TopicCounter::enough(uint32_t movers, uint32_t days) const {
  return movers >= static_cast<uint32_t>(policy_.topic_movers_min) &&
         days >= static_cast<uint32_t>(policy_.topic_days_min);
}

// Of the acts `which`, those apart that are marked in `held`.
void TopicCounter::count_distinct(std::span<const TopicAct> acts, std::span<const uint32_t> which,
                                  const std::vector<uint32_t>* held, uint32_t& movers,
                                  uint32_t& days) {
  movers_.clear();
  days_.clear();
  for (const uint32_t i : which) {
    if (held != nullptr && (*held)[i] != 0) continue;
    if (movers_.empty() || movers_.back() != acts[i].mover) movers_.push_back(acts[i].mover);
    if (days_.empty() || days_.back() != acts[i].day) days_.push_back(acts[i].day);
  }
  const auto distinct = [](auto& list) {
    std::sort(list.begin(), list.end());
    return static_cast<uint32_t>(std::unique(list.begin(), list.end()) - list.begin());
  };
  movers = distinct(movers_);
  days = distinct(days_);
}

std::span<const TopicEvidence> TopicCounter::count(std::span<const TopicAct> acts) {
  for (const TopicId topic : met_) slot_[topic] = 0;
  met_.clear();
  begin_.assign(1, 0);
  // Sizes, then places.
  for (const TopicAct& act : acts) {
    if (act.topics == 0) continue;
    for (const TopicId topic : closure_of(act.topics)) {
      uint32_t& slot = slot_[topic];
      if (slot == 0) {
        met_.push_back(topic);
        slot = static_cast<uint32_t>(met_.size());
        begin_.push_back(0);
      }
      ++begin_[slot];
    }
  }
  for (size_t slot = 1; slot < begin_.size(); ++slot) begin_[slot] += begin_[slot - 1];
  acts_of_.resize(begin_.back());
  found_.assign(met_.size(), {});
  for (uint32_t i = 0; i < acts.size(); ++i) {
    if (acts[i].topics == 0) continue;
    for (const TopicId topic : closure_of(acts[i].topics)) {
      const uint32_t slot = slot_[topic] - 1;
      TopicEvidence& evidence = found_[slot];
      acts_of_[begin_[slot] + evidence.acts++] = i;
      evidence.points += acts[i].points;
      if (evidence.receipt_count < evidence.receipt.size()) {
        evidence.receipt[evidence.receipt_count++] = acts[i].row;
      }
    }
  }
  for (size_t slot = 0; slot < met_.size(); ++slot) {
    TopicEvidence& evidence = found_[slot];
    evidence.topic = met_[slot];
    count_distinct(acts, std::span(acts_of_).subspan(begin_[slot], evidence.acts), nullptr,
                   evidence.movers, evidence.days);
  }
  attribute(acts);
  std::sort(found_.begin(), found_.end(), [](const TopicEvidence& a, const TopicEvidence& b) {
    return std::tuple(a.state, -a.points, a.topic) < std::tuple(b.state, -b.points, b.topic);
  });
  return found_;
}

// From the most specific up, so that all below a topic is decided before it is.
void TopicCounter::attribute(std::span<const TopicAct> acts) {
  std::vector<uint32_t> order;
  for (uint32_t slot = 0; slot < found_.size(); ++slot) {
    if (enough(found_[slot].movers, found_[slot].days)) order.push_back(slot);
  }
  if (order.empty()) return;
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    const TopicId x = met_[a];
    const TopicId y = met_[b];
    return std::pair(tree_.depth[y], x) < std::pair(tree_.depth[x], y);
  });
  // By slot: the named topics below it.
  std::vector<std::vector<uint32_t>> below(found_.size());
  std::vector<uint32_t> held;
  std::vector<TopicId> above;
  for (const uint32_t slot : order) {
    TopicEvidence& evidence = found_[slot];
    evidence.state = TopicState::kTheirs;
    const auto own = std::span(acts_of_).subspan(begin_[slot], evidence.acts);
    if (!below[slot].empty()) {
      held.assign(acts.size(), 0);
      for (const uint32_t named : below[slot]) {
        for (uint32_t at = begin_[named]; at < begin_[named] + found_[named].acts; ++at) {
          held[acts_of_[at]] = 1;
        }
      }
      uint32_t movers = 0;
      uint32_t days = 0;
      count_distinct(acts, own, &held, movers, days);
      if (!enough(movers, days)) evidence.state = TopicState::kWithin;
    }
    if (evidence.state != TopicState::kTheirs) continue;
    above.assign(tree_.parents[met_[slot]].begin(), tree_.parents[met_[slot]].end());
    for (size_t at = 0; at < above.size(); ++at) {
      for (const TopicId parent : tree_.parents[above[at]]) {
        if (std::find(above.begin(), above.end(), parent) == above.end()) above.push_back(parent);
      }
    }
    std::sort(above.begin(), above.end());
    above.erase(std::unique(above.begin(), above.end()), above.end());
    for (const TopicId topic : above) below[slot_[topic] - 1].push_back(slot);
  }
}

std::vector<TopicEvidence> topic_evidence(std::span<const Contribution> acts, const Policy& policy,
                                          const TopicTree& tree, const TopicsOfSet& topics) {
  std::vector<TopicAct> vouched;
  for (const Contribution& act : acts) {
    if (act.entry.topics == 0 || act.standing < policy.vouched_min) continue;
    vouched.push_back({act.mover, act.entry.published.ms / kMsPerDay, act.entry.topics, act.points,
                       act.entry.row});
  }
  TopicCounter counter(tree, policy, topics);
  const auto found = counter.count(vouched);
  return {found.begin(), found.end()};
}

std::vector<PersonTopic> topics_of_everybody(const GraphSnapshot& graph, const Standing& standing,
                                             const Policy& policy, const TopicTree& tree,
                                             const TopicsOfSet& topics,
                                             std::span<const LedgerEntry> entries) {
  std::vector<PersonTopic> result;
  TopicCounter counter(tree, policy, topics);
  const PersonMap& persons = graph.persons();
  std::vector<TopicAct> acts;
  // Where the entries of each account begin; they stand by receiver.
  std::vector<uint64_t> row(graph.accounts() + size_t{1}, 0);
  for (const LedgerEntry& entry : entries) ++row[entry.receiver + size_t{1}];
  for (size_t account = 0; account < graph.accounts(); ++account) row[account + 1] += row[account];
  const auto movers_min = static_cast<size_t>(policy.topic_movers_min);
  for (PersonId person = 0; person < persons.persons; ++person) {
    acts.clear();
    size_t movers = 0;  // at least as many as there are
    PersonId last = kNobody;
    double last_standing = 0;
    for (const AccountId account : graph.accounts_of(person)) {
      for (uint64_t i = row[account]; i < row[account + 1]; ++i) {
        const LedgerEntry& entry = entries[i];
        if (entry.topics == 0) continue;
        const PersonId mover = persons.person_of[entry.mover];
        if (mover == kNobody || mover == person) continue;
        if (mover != last) {
          last = mover;
          last_standing = standing.for_receiver(graph, mover, person);
          if (last_standing >= policy.vouched_min) ++movers;
        }
        if (last_standing < policy.vouched_min) continue;
        acts.push_back({mover, entry.published.ms / kMsPerDay, entry.topics,
                        static_cast<double>(entry.credit) / static_cast<double>(kCreditOne),
                        entry.row});
      }
    }
    // Most people have too few movers for any topic, and are not looked at more closely.
    if (movers < movers_min) continue;
    for (const TopicEvidence& evidence : counter.count(acts)) {
      if (evidence.state == TopicState::kTooLittle) break;
      result.push_back({person, evidence.topic, evidence.state, evidence.movers, evidence.days,
                        evidence.acts, evidence.points});
    }
  }
  return result;
}

}  // namespace bellwether

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
    if (!std::is_sorted(list.begin(), list.end())) std::sort(list.begin(), list.end());
    return static_cast<uint32_t>(std::unique(list.begin(), list.end()) - list.begin());
  };
  movers = distinct(movers_);
  days = distinct(days_);
}

std::span<const TopicEvidence> TopicCounter::count(std::span<const TopicAct> acts,
                                                   TopicDetail detail) {
  for (const TopicId topic : met_) slot_[topic] = 0;
  met_.clear();
  begin_.assign(1, 0);
  topics_of_act_.clear();
  for (const TopicAct& act : acts) {
    topics_of_act_.push_back(act.topics == 0 ? std::span<const TopicId>() : closure_of(act.topics));
    for (const TopicId topic : topics_of_act_.back()) {
      uint32_t& slot = slot_[topic];
      if (slot == 0) {
        met_.push_back(topic);
        slot = static_cast<uint32_t>(met_.size());
        begin_.push_back(0);
      }
      ++begin_[slot];
    }
  }
  if (detail == TopicDetail::kEnough) drop_small();
  for (size_t slot = 1; slot < begin_.size(); ++slot) begin_[slot] += begin_[slot - 1];
  acts_of_.resize(begin_.back());
  found_.assign(met_.size(), {});
  for (uint32_t i = 0; i < acts.size(); ++i) {
    for (const TopicId topic : topics_of_act_[i]) {
      if (slot_[topic] == 0) continue;
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
  if (detail == TopicDetail::kEnough) {
    std::erase_if(found_,
                  [](const TopicEvidence& each) { return each.state == TopicState::kTooLittle; });
  }
  std::sort(found_.begin(), found_.end(), [](const TopicEvidence& a, const TopicEvidence& b) {
    return std::tuple(a.state, -a.points, a.topic) < std::tuple(b.state, -b.points, b.topic);
  });
  return found_;
}

// Forgets topics of so few acts that they cannot be enough: most of those met.
void TopicCounter::drop_small() {
  const auto least =
      static_cast<uint32_t>(std::max(policy_.topic_movers_min, policy_.topic_days_min));
  size_t kept = 0;
  for (size_t slot = 0; slot < met_.size(); ++slot) {
    const TopicId topic = met_[slot];
    slot_[topic] = 0;
    if (begin_[slot + 1] < least) continue;
    met_[kept] = topic;
    begin_[kept + 1] = begin_[slot + 1];
    slot_[topic] = static_cast<uint32_t>(++kept);
  }
  met_.resize(kept);
  begin_.resize(kept + 1);
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
                                          const TopicTree& tree, const TopicsOfSet& topics,
                                          TopicDetail detail) {
  std::vector<TopicAct> vouched;
  for (const Contribution& act : acts) {
    if (act.entry.topics == 0 || act.standing < policy.vouched_min) continue;
    vouched.push_back({act.mover, act.entry.published.ms / kMsPerDay, act.entry.topics, act.points,
                       act.entry.row});
  }
  TopicCounter counter(tree, policy, topics);
  const auto found = counter.count(vouched, detail);
  return {found.begin(), found.end()};
}

}  // namespace bellwether

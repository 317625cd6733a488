// SPDX-License-Identifier: Apache-2.0
// Which topics are a person's, and by what evidence.
//
// A topic is a person's only on evidence (DESIGN section 4.8): so many vouched people were moved on
// it, on so many days. An act on a topic is an act on every topic above it, once, however many ways
// lead there. Of topics above one another those are named that stand on evidence of their own: a
// topic is passed over where what is left, once the acts of the more specific ones that are named
// are taken away, is too little. It is not a score of the topic, which is the score of the ledger
// restricted to it.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "event/ids.h"
#include "explain/explain.h"
#include "score/policy.h"

namespace bellwether {

using TopicId = uint32_t;  // [0, topics of the tree); in the order of their names
inline constexpr TopicId kUnknownTopic = UINT32_MAX;

// Which topics belong to which. Acyclic.
struct TopicTree {
  std::vector<std::vector<TopicId>> parents;  // by TopicId
  std::vector<uint32_t> depth;                // the longest way up; above all its descendants' is
                                              // none: a parent's is smaller

  // Takes the parents and works out the depths; what would close a circle counts as a top.
  static TopicTree make(std::vector<std::vector<TopicId>> parents);
  uint32_t topics() const { return static_cast<uint32_t>(parents.size()); }
};

// The topics themselves of a set of an act, without those above them; any order.
using TopicsOfSet = std::function<std::span<const TopicId>(TopicSetId)>;

// What came of a topic for one person.
enum class TopicState : uint8_t {
  kTheirs,     // named as theirs
  kWithin,     // enough evidence, but what more specific topics of theirs do not hold is too little
  kTooLittle,  // below the rule
};

// Counts are of acts of vouched movers on the topic or any below it.
struct TopicEvidence {
  TopicId topic = kUnknownTopic;
  TopicState state = TopicState::kTooLittle;
  double points = 0;    // of these acts, each whole: those of several topics do not add up
  uint32_t movers = 0;  // distinct vouched people
  uint32_t days = 0;    // distinct days, UTC
  uint32_t acts = 0;
  std::array<EventRow, 3> receipt{};
  uint32_t receipt_count = 0;  // of these in use

  // At most three, by points.
  std::span<const EventRow> receipts() const { return std::span(receipt).first(receipt_count); }
};

// One act as far as it is evidence for topics.
struct TopicAct {
  PersonId mover = kNobody;
  int64_t day = 0;  // UTC, since 1970
  TopicSetId topics = 0;
  double points = 0;  // or any other amount to rank by
  EventRow row = 0;
};

// What somebody wants to know of a person's topics.
enum class TopicDetail {
  kAll,     // whatever their acts are about
  kEnough,  // only those with enough evidence: kTheirs and kWithin
};

// Counts one person after the other, with memory that is kept. `tree`, `policy` and `topics` are
// borrowed. For one thread.
class TopicCounter {
 public:
  TopicCounter(const TopicTree& tree, const Policy& policy, TopicsOfSet topics);

  // The evidence of one person by their acts with vouched movers, most points first: receipts are
  // the first ones. `detail` says which topics. Named topics come first, then those within them,
  // then the others; each by points, ties by TopicId. Good until the next call. Cost: linear in the
  // acts times their topics and those above, but for the sorts of small lists. Same acts, same
  // bits.
  std::span<const TopicEvidence> count(std::span<const TopicAct> acts,
                                       TopicDetail detail = TopicDetail::kAll);

 private:
  std::span<const TopicId> closure_of(TopicSetId set);
  void drop_small();
  void attribute(std::span<const TopicAct> acts);
  bool enough(uint32_t movers, uint32_t days) const;
  void count_distinct(std::span<const TopicAct> acts, std::span<const uint32_t> which,
                      const std::vector<uint32_t>* held, uint32_t& movers, uint32_t& days);

  const TopicTree& tree_;
  const Policy& policy_;
  const TopicsOfSet topics_;
  std::vector<std::vector<TopicId>> closures_;  // by number in closure_number_
  std::vector<uint32_t> closure_number_;        // by TopicSetId; 0: not made yet
  std::vector<uint32_t> slot_;                  // by TopicId, + 1; 0: not met in this person
  std::vector<TopicId> met_;
  std::vector<std::span<const TopicId>> topics_of_act_;
  std::vector<uint32_t> begin_, acts_of_;  // acts by slot
  std::vector<TopicEvidence> found_;
  std::vector<PersonId> movers_;
  std::vector<int64_t> days_;
};

// Of one person by the contributions of explain(), as it sorts them. Only those of vouched movers
// count.
std::vector<TopicEvidence> topic_evidence(std::span<const Contribution> acts, const Policy& policy,
                                          const TopicTree& tree, const TopicsOfSet& topics,
                                          TopicDetail detail = TopicDetail::kAll);

}  // namespace bellwether

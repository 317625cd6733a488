// SPDX-License-Identifier: Apache-2.0
// Why a score is what it is: contributions that add up to it, act by act, and reasons in words.
//
// Contributions are Aumann-Shapley shares, nested at each sum (DESIGN section 4.7): any grouping of
// them adds up to score - 1. They are derived from a slice of the ledger by the same folding that
// made the score, so that whoever has the receipts can do it again.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "credit/ledger.h"
#include "graph/graph.h"
#include "score/score.h"
#include "score/standing.h"

namespace bellwether {

// What one act added.
struct Contribution {
  LedgerEntry entry;  // the receipt
  PersonId mover = kNobody;
  double standing = 0;  // the mover's, for this person, [0, 1]
  bool courted = false;
  double points = 0;  // >= 0; all of a person's sum to score - 1
};

// Which groups contributions may be added up in.
enum class Grouping { kAct, kMover, kVerb, kTopic, kNetwork, kMonth };
std::string_view to_string(Grouping grouping);
std::optional<Grouping> parse_grouping(std::string_view name);

// A sum of contributions. Which of the keys is set follows from the grouping.
struct ContributionGroup {
  double points = 0;
  uint32_t acts = 0;
  uint32_t movers = 0;               // distinct people
  PersonId mover = kNobody;          // kMover
  Verb verb = Verb::kPost;           // kVerb
  std::string topic;                 // kTopic; empty: acts without a topic
  NetworkId network = 0;             // kNetwork
  std::string month;                 // kMonth: "2012-07", UTC
  EventRow row = 0;                  // kAct
  std::vector<PersonId> top_movers;  // at most three, by points
  std::vector<EventRow> receipts;    // at most three, by points
};

// Something that holds a score where it is. `points`: how much higher the score would be without
// it, each taken alone, computed by the same formula.
struct Restraint {
  enum class Kind : uint8_t {
    kCrowd,    // people nobody vouches for count only up to a share
    kCourted,  // responses drawn out by an approach count only up to a share
    kFading,   // the evidence has aged since it was new
    kRepeats,  // the same few people again and again: one person is one person
  };
  Kind kind;
  double points = 0;
  double people = 0;  // how many people it concerns, a sum of chances
};

// What a settled score still needs; all zero when settled.
struct MissingEvidence {
  uint32_t independent_movers = 0;  // further vouched people who were not approached
  double margin_over = 0;           // points by which the margin is too wide
};

struct Explanation {
  PersonScore score;
  std::vector<Contribution> acts;  // by points, largest first; ties by ledger order
  // What the acts of people who were erased left behind; with `acts` it sums to score - 1. May be
  // below 0 where an erasure made acts that are left count for more.
  double erased_points = 0;
  uint32_t erased_people = 0;
  bool erased = false;                // there is such a remainder
  std::vector<ContributionGroup> up;  // at most three, by verb: what holds the score up
  std::vector<Restraint> down;        // at most three, largest first; only those above 0.05 points
  MissingEvidence missing;
  std::array<PeopleMoved, kHorizonsMax> horizons{};
};

// Explains the person's score from the entries they received. `graph` holds at least those entries
// and those they gave; `standing` their movers' masses, and what of these they passed on. `entries`
// are the person's, in ledger order, as of graph.as_of(). Empty: no evidence. Cost: linear in the
// entries, but for the sort.
std::optional<Explanation> explain(const GraphSnapshot& graph, const Standing& standing,
                                   const Policy& policy, const PostRecord& posts, PersonId person,
                                   std::span<const LedgerEntry> entries);

// Adds contributions up, largest first; months stand newest first. `topics` names the topics of a
// set; an act with several counts in equal shares, one with none as an act without topic. The
// groups' points sum to those of `acts`.
std::vector<ContributionGroup> group(
    std::span<const Contribution> acts, Grouping grouping,
    const std::function<std::vector<std::string>(TopicSetId)>& topics);

}  // namespace bellwether

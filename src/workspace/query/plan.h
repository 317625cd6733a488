// SPDX-License-Identifier: Apache-2.0
// Whom to reach, asked of a workspace: the best group within what may be spent, and for each of
// them an answer to "why these people?". docs/methods/plan.md says what the figures mean.
//
// Figures are what is expected under chances learnt from the ledger. They are no promise, and no
// proof of cause. Consent is applied here: to everybody but the operator only listed persons can be
// chosen, compared with, or named as somebody who is reached; how many people a listed person
// reaches is counted over everybody, as their score is.
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/group_reach.h"
#include "workspace/query/query.h"
#include "workspace/recipes/plan.h"

namespace bellwether {

struct PlanRequest {
  std::optional<std::string> topic;    // moved on it or any below it
  std::optional<std::string> network;  // moved there
  std::optional<uint32_t> people;      // at most so many, at least 1; empty: 10, with a budget as
                                       // many as it buys
  std::optional<double> budget;        // at least 0, in the unit of the costs
  struct Cost {
    std::string person;
    double cost = 0;  // at least 0
  };
  std::vector<Cost> costs;
  std::optional<double> cost_of_others;  // empty: 1 where no costs are given; else whose cost is
                                         // not known is not chosen
  std::vector<std::string> include, exclude;
  std::vector<std::string> reached;                      // as in Query::show(); unknown names pass
  std::vector<std::pair<std::string, uint32_t>> quotas;  // network, at most
  ReachModel model = ReachModel::kDirect;
  std::optional<int64_t> window_ms;  // how far ahead, direct only; empty: 30 days, or as far as the
                                     // log lets one learn
  std::optional<Instant> as_of;      // empty: that of the newest snapshot
  double epsilon = 0.1;              // (0, 1 - 1/e)
  uint64_t rng_seed = 20180610;
  TimeZone zone = {};  // by whose hours the best ones are told
};

struct PlanAnswer {
  Meta meta;                   // as of the instant asked for
  std::string topic, network;  // empty: not asked for
  Viewer viewer = Viewer::kOperator;
  ReachModel model = ReachModel::kDirect;
  std::optional<int64_t> window_ms;    // direct: within so long
  std::optional<int64_t> occasion_ms;  // cascades: by the next slot of this length in which each of
                                       // them does something
  uint32_t training_windows = 0;
  std::optional<double> budget;
  bool costs_given = false;            // otherwise each costs 1, and "cost" is people
  uint32_t candidates = 0;             // who could be chosen, whom the viewer may see
  uint32_t reached_before = 0;         // people of the log who count nothing, being reached already
  std::vector<std::string> not_known;  // names of costs and reached that the log does not hold; at
                                       // most five
  uint32_t not_known_total = 0;

  struct Shared {
    std::string name;
    double people = 0;  // whom both would move
  };
  struct Named {
    std::string name;
    double chance = 0;  // that this one moves them and no other of the group does
  };
  struct Person {
    PersonRow row;          // of the newest snapshot, whatever the topic
    bool included = false;  // asked for, not chosen
    double cost = 0;
    ReachRange marginal;   // people, whom those before them do not move; the range holds 9 of 10
                           // outcomes
    double alone = 0;      // people, were they the only one
    double only = 0;       // people nobody else of the group moves
    double newcomers = 0;  // of these, people who never responded to them before
    double removed = 0;    // alone - marginal: whom those before them move too
    std::optional<double> cost_per_person;  // cost / marginal; empty: they add nobody
    std::vector<Shared> shared;             // with whom most, at most three
    std::vector<Named> nobody_else;         // the likeliest whom nobody else moves, at most three
                                            // whom the viewer may see
    std::vector<Receipt> receipts;          // at most three; to the public without source
    std::vector<std::string> receipts_by;   // who responded, as they are called; by receipt
    std::vector<std::pair<std::string, uint64_t>> places;  // network and responses there; most
                                                           // first
    std::string hours;             // best hours of the week, in words; empty: it cannot be told
    std::string hours_unknown;     // then why
    bool hours_stand_out = false;  // some hour is better than the average beyond chance
    std::string sentence;          // why this person
  };
  std::vector<Person> people;  // in the order of the choice; empty: see `missing`
  ReachRange reach;            // people the group is expected to move
  double cost = 0;             // of all

  double ratio = 0;         // of what the best group moves, at least; but for delta
  double optimum_high = 0;  // people; no group within the limits is expected to move more; by a
                            // cascade its own members counted
  double epsilon = 0, delta = 0;
  std::string certificate;  // in words

  struct Next {
    std::string name;
    double people = 0;
    double cost = 0;
  };
  std::optional<Next> one_more;   // who would come next, and what they would add
  std::optional<Next> one_fewer;  // whom the group would miss least; of two or more
  struct Top {
    std::vector<std::string> names;
    uint32_t in_common = 0;  // with the group
    double people = 0;       // that the highest scores are expected to move
    double cost = 0;
    std::string sentence;  // beside the group, in words
  };
  std::optional<Top> top;

  std::string sentence;                  // what the group is expected to move
  std::vector<std::string> assumptions;  // sentences without period
  std::string missing;                   // why there is nobody; a sentence without period
};

// Reads who was reached already, and what people cost, from CSV files (ingest/people_list.h) into
// the request; an empty path is not read. Errors as read_people_list().
Result<void> read_plan_lists(const std::string& costs, const std::string& reached,
                             PlanRequest& request);

// kNotFound too: no act is about the topic, nobody is called so (the message suggests whom);
// kInvalidArgument too: limits that contradict each other. Cost: find_plan(), and show() for each
// who is chosen.
Result<PlanAnswer> plan(Workspace& workspace, Query& query, const PlanRequest& request,
                        Viewer viewer, const std::function<void(std::string_view)>& phase = {});

// "direct", "ic", "lt"; empty: none of them.
std::optional<ReachModel> parse_reach_model(std::string_view text);
std::string_view to_string(ReachModel model);
// "1,234", "3.4": people as they are spoken of; "fewer than 0.1" where it is next to nobody.
std::string expected_people(double people);
// "1,234": ends of a range, which are counts.
std::string whole_people(double people);
// "settled, score 44 (43 to 45): 120 people in 340 responses, the last on 2012-07-07"
std::string plan_evidence_words(const PlanAnswer::Person& person);

}  // namespace bellwether

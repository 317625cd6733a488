// SPDX-License-Identifier: Apache-2.0
// The naive measures of influence that a score has to beat. A higher value stands for more.
//
// They read a plain list of responses between people. Windows apart they know no time, and none of
// them knows who vouches for whom.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "credit/ledger.h"
#include "event/ids.h"

namespace bellwether {

// Somebody's act that responded to somebody else.
struct Response {
  PersonId receiver;  // who moved
  PersonId mover;     // who was moved
  Instant published;
  Instant withdrawn;  // unknown: never
  Verb verb;
};

// The responses of a ledger between people, in the order of `published`, then of the ledger.
// People left out of `persons` are left out here.
std::vector<Response> responses_of(std::span<const LedgerEntry> ledger, const PersonMap& persons);

// How many of `responses` (in the order of `published`) were published before `instant`.
size_t count_before(std::span<const Response> responses, Instant instant);

// Those of `responses` (in the order of `published`) published in [from, as_of) and in force as of
// `as_of`, in their order.
std::vector<Response> in_force(std::span<const Response> responses, Instant from, Instant as_of);

// Who responded to whom at all, both ways round, each pair once.
class ResponseGraph {
 public:
  ResponseGraph(std::span<const Response> responses, uint32_t persons);

  uint32_t persons() const { return static_cast<uint32_t>(movers_.begin.size() - 1); }
  uint64_t pairs() const { return movers_.others.size(); }
  // Who responded to `person`, ascending.
  std::span<const PersonId> movers_of(PersonId person) const { return movers_.of(person); }
  // Whom `person` responded to, ascending.
  std::span<const PersonId> receivers_of(PersonId person) const { return receivers_.of(person); }

 private:
  // Compressed rows by person.
  struct Rows {
    std::vector<uint64_t> begin;  // persons + 1
    std::vector<PersonId> others;

    // `pairs`: the row's person in the upper half, the other in the lower.
    Rows(std::vector<uint64_t> pairs, uint32_t persons);
    std::span<const PersonId> of(PersonId person) const {
      return std::span(others).subspan(begin[person], begin[person + size_t{1}] - begin[person]);
    }
  };
  Rows movers_;
  Rows receivers_;
};

// How many responses each received.
std::vector<double> total_responses(std::span<const Response> responses, uint32_t persons);

// How many different people responded to each.
std::vector<double> distinct_responders(std::span<const Response> responses, uint32_t persons);

// How many different people followed or subscribed to each.
std::vector<double> followers(std::span<const Response> responses, uint32_t persons);

// PageRank over "responded to", each pair once, damping 0.85, until the sum of changes is below
// 1e-8 or 100 iterations have passed. What people who responded to nobody hold returns to the
// teleport set, which is everybody. Sums to 1. Page et al. 1999; Gleich, SIAM Review 57(3), 2015,
// calls this the strongly preferential one.
std::vector<double> page_rank(const ResponseGraph& graph);

// The largest k such that the person belongs to a group where everybody has dealt with at least k
// others of it, either way round. Batagelj and Zaversnik, 2003. Cost: linear.
std::vector<double> core_number(const ResponseGraph& graph);

// VoteRank: people elect whoever most of them responded to; those who elected somebody have less to
// give to the next, by one over the mean number of people somebody responded to. The first elected
// has the highest value; 0: never elected. Zhang et al., Scientific Reports 6, 27823, 2016.
std::vector<double> vote_rank(const ResponseGraph& graph);

}  // namespace bellwether

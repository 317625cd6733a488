// SPDX-License-Identifier: Apache-2.0
// What one person did, and what came of each thing they made: what the signals of habit are
// computed from (score/signals/).
//
// The ledger says who responded, the log what they responded to. Whoever responded stays a number
// here: nothing of it names anybody.
#pragma once
#include <cstdint>
#include <vector>

#include "base/zone.h"
#include "score/signals/style/style.h"
#include "score/signals/when_to_post/when_to_post.h"
#include "store/store.h"
#include "workspace/query/slice.h"

namespace bellwether {

// Something a person made, so that others could respond to it.
struct MadeThing {
  enum class Kind : uint8_t {
    kPost,    // of their own accord: a post, a quote
    kAnswer,  // in answer to somebody: a reply, a review
    kPassed,  // somebody else's, passed on: a reshare
  };
  Instant published;  // known
  Kind kind = Kind::kPost;
  std::vector<Instant> responses;  // to this very thing, the first one of each other person
};

// A response to the person, whatever it names.
struct ReceivedResponse {
  Instant published;
  PersonId mover = kNobody;  // of the slice
};

struct Conduct {
  std::vector<OwnAct> acts;     // known time, before as-of, not withdrawn by then; by row
  std::vector<MadeThing> made;  // by published
  std::vector<ReceivedResponse> received;  // by published
  uint32_t naming = 0;                     // of these, those that say which thing they respond to
  uint32_t linked = 0;                     // of these, those to one of `made`
};

// `slice`: the person's, as of `as_of`. Cost: two passes over columns of the log.
Result<Conduct> read_conduct(Store& store, const Slice& slice, Instant as_of);

// What posts of the person got, by the hour in which they were made: those that are over, within
// the signal's memory. A reshare is not theirs to time.
std::vector<HourOutcome> post_outcomes(const Conduct& conduct, Instant as_of, const TimeZone& zone);
// In their stead where responses name no post: how many people came in each hour of the calendar,
// those without any included.
std::vector<HourOutcome> arrival_outcomes(const Conduct& conduct, Instant as_of,
                                          const TimeZone& zone);

// What the person's acts tell of their style: each act of the log once, whatever its record states,
// with its topics and whom it concerned. Phrases of titles are no topics here: no two titles have
// the same. Cost: the topics of their acts are looked up.
Result<std::vector<StyleAct>> style_acts(Store& store, const Conduct& conduct, const Slice& slice);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What one person did, and what came of each thing they made: what the signals of habit are
// computed from (score/signals/).
//
// The ledger says who responded, the log what they responded to. Whoever responded stays a number
// here: nothing of it names anybody.
#pragma once
#include <cstdint>
#include <vector>

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

struct Conduct {
  std::vector<OwnAct> acts;       // known time, before as-of, not withdrawn by then; by row
  std::vector<MadeThing> made;    // by published
  std::vector<Instant> received;  // responses to the person, whatever they name; ascending
  uint32_t naming = 0;            // of these, those that say which thing they respond to
  uint32_t linked = 0;            // of these, those to one of `made`
};

// `slice`: the person's, as of `as_of`. Cost: two passes over columns of the log.
Result<Conduct> read_conduct(Store& store, const Slice& slice, Instant as_of);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// How often somebody's posts move anybody: the tally behind the facet "amplification".
//
// Not a rate of responses per post: a post moves somebody or it does not, however many respond.
#pragma once
#include <cstdint>
#include <vector>

#include "event/ids.h"
#include "score/score.h"

namespace bellwether {

class PostTally {
 public:
  // Counts posts published in [from, as_of) and the responses to them published before as_of.
  PostTally(const PersonMap& persons, Instant from, Instant as_of);

  // Any order; undone acts do not count.
  void see(const ResolvedAct& act);

  // By person; empty if no post was seen. Cost: sorting what was seen.
  std::vector<PostRecord> finish();

 private:
  struct Post {
    uint64_t object;
    PersonId author;
  };
  const PersonMap& persons_;
  Instant from_, as_of_;
  std::vector<Post> posts_;
  std::vector<Post> responses_;  // object and the person who responded
};

}  // namespace bellwether

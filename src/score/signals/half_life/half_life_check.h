// SPDX-License-Identifier: Apache-2.0
// The slow proof beside half_life: the distribution of delays by expectation and maximisation.
#pragma once
#include <optional>
#include <span>
#include <vector>

#include "score/signals/half_life/half_life.h"

namespace bellwether {

// The distribution that response_shares() should give. The responses that a young post is still to
// get are filled in by what the distribution says, and the distribution is made of all of them,
// until nothing changes (Turnbull 1976). Another road to the same maximum of likelihood. Empty:
// after 20,000 passes it still changes, as where no post is old enough to bridge a gap and what
// lies below it shrinks for ever. Cost: each pass all pairs of posts and delays.
std::optional<std::vector<ResponseShare>> check_response_shares(std::span<const PostAnswers> posts,
                                                                Instant as_of);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// The slow proof beside half_life: the distribution of delays by expectation and maximisation.
#pragma once
#include <span>
#include <vector>

#include "score/signals/half_life/half_life.h"

namespace bellwether {

// The distribution that response_shares() should give. The responses that a young post is still to
// get are filled in by what the distribution says, and the distribution is made of all of them,
// until nothing changes (Turnbull 1976). Another road to the same maximum of likelihood. Cost:
// thousands of passes over all pairs of posts and delays.
std::vector<ResponseShare> check_response_shares(std::span<const PostAnswers> posts, Instant as_of);

}  // namespace bellwether

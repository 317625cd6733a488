// SPDX-License-Identifier: Apache-2.0
// The half-life of a post: how long until half of the responses to somebody's post have come.
//
// Delays between a post and the responses to that very post; of each person the first response to
// each post. The newer posts have not had all of theirs yet, and nobody knows how many are still to
// come: their delays are truncated at the post's age, not censored. So the share of responses that
// come within a time is estimated by the product-limit on reversed time (Lagakos, Barraj and De
// Gruttola, "Nonparametric analysis of truncated survival data, with application to AIDS",
// Biometrika 1988), as delays of reporting are. Each post weighs the same, however many responded.
// The interval is a bootstrap over posts with independent Exp(1) weights, as a score's margin is.
//
// Not how long a post is read, and not of posts that nobody answers: they have no half.
#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/instant.h"

namespace bellwether {

inline constexpr int kHalfLifeDays = 30;          // responses later than that are not counted
inline constexpr uint32_t kHalfLifePostsMin = 5;  // answered; fewer say nothing
inline constexpr uint32_t kHalfLifeResponsesMin = 10;
inline constexpr uint32_t kHalfLifePostsMax = 500;  // the newest answered ones
inline constexpr double kHalfLifeMass = 0.90;       // of the interval

// One post of a person and when each other person first responded to it.
struct PostAnswers {
  Instant published;               // known
  std::vector<Instant> responses;  // known, one a person, in any order
};

struct HalfLife {
  double hours = 0;  // >= 0; the time within which half of the responses come
  double low = 0;    // hours; the 90 % interval, low <= hours <= high
  double high = 0;
  double within_days = 0;  // half of those that come within this time, (0, kHalfLifeDays]: shorter
                           // where fewer than kHalfLifePostsMin posts are that old
  uint32_t posts = 0;      // answered, that it rests on
  uint32_t responses = 0;  // to these, within that time
};

// A step of the distribution of delays.
struct ResponseShare {
  int64_t delay_ms;
  double share;  // of the responses that come within within_days: those within delay_ms, (0, 1]
};

// Borrows `posts`, in any order. Posts and responses published at or after `as_of` do not count,
// nor does a response dated before its post. Empty: fewer than the minima above. Same arguments,
// same bits. Cost: sorting the responses, and 200 passes over those of kHalfLifePostsMax posts.
std::optional<HalfLife> half_life(std::span<const PostAnswers> posts, Instant as_of);

// The distribution that half_life() halves, by ascending delay; empty where that is.
std::vector<ResponseShare> response_shares(std::span<const PostAnswers> posts, Instant as_of);

}  // namespace bellwether

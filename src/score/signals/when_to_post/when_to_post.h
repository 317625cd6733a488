// SPDX-License-Identifier: Apache-2.0
// When to post: what somebody's posts got, by the hour of the week in which they were made.
//
// Responders per post, hour by hour, shrunk toward the person's own average: a gamma-Poisson model
// with dispersion (empirical Bayes, after Robbins; moments as in Marshall, "Mapping disease and
// mortality rates using empirical Bayes estimators", Applied Statistics 1991). Neighbouring hours,
// and the same hour on other days, lend each other strength by a circular kernel. Posts of another
// kind are held against what their kind usually gets.
//
// Not when the audience is awake, and no advice from chance: an hour stands out only if it would be
// surprising among all hours looked at.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/zone.h"

namespace bellwether {

inline constexpr int kPostingWindowDays = 3;    // responders within this time of a post count
inline constexpr int kPostingMemoryDays = 365;  // posts of this time before as-of, but for the last
                                                // kPostingWindowDays, which are not over yet
inline constexpr uint32_t kPostingPostsMin = 20;
inline constexpr uint32_t kPostingRespondersMin = 20;
inline constexpr int kPostingSpanDaysMin = 14;      // between the first and the last
inline constexpr double kPostingMass = 0.90;        // of an hour's interval
inline constexpr double kPostingFalseAlarm = 0.05;  // that any hour stands out by chance
inline constexpr uint8_t kPostingKindsMax = 4;

// One post, or one hour of the calendar in which somebody may have come.
struct HourOutcome {
  Instant published;
  int hour = 0;             // of the week, [0, kHoursOfWeek), in the zone asked for
  uint8_t kind = 0;         // [0, kPostingKindsMax): posts of a kind compare with each other
  uint32_t responders = 0;  // different people
};

struct HourRate {
  uint32_t posts = 0;        // made in this very hour
  uint32_t responders = 0;   // that these got, summed over posts
  double rate = 0;           // responders an ordinary post would get here, > 0
  double low = 0, high = 0;  // its 90 % interval
  bool stands_out = false;   // above the person's average, by more than chance among all hours
};

struct PostingHours {
  std::array<HourRate, kHoursOfWeek> hours;  // from Monday 00:00
  double average = 0;                        // responders a post, > 0
  double dispersion = 1;  // variance of a post's responders over their mean, within an hour, >= 1
  uint32_t posts = 0;
  uint32_t responders = 0;
  std::vector<int> best;  // hours that stand out, by descending rate; empty: none does
};

// How much hour `b` tells of hour `a`, (0, 1] or 0. By the distance of the clock: 1, 2/3, 1/3, then
// nothing; on another day a third of that. Symmetric and the same around the week.
double hour_kinship(int a, int b);

// Borrows `outcomes`, in any order. Empty: below one of the minima. Same arguments, same bits.
// Cost: linear, and 168 gamma quantiles.
std::optional<PostingHours> when_to_post(std::span<const HourOutcome> outcomes);

}  // namespace bellwether

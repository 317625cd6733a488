// SPDX-License-Identifier: Apache-2.0
// What an erasure leaves of acts that are gone: decayed sums, the standing and the vouch behind
// them.
//
// Erasing a person must move nobody else's score, so for every pair that lost acts there stays what
// those acts came to at the instant of the erasure, and fades from there like everything else:
// a sum at half-life h is 2^(-dt/h) of itself after dt. Nothing here names the erased or says when
// they acted. It counts for instants at or after the erasure, not before: earlier ones are scored
// without the erased. docs/methods/erasure.md has the whole of it.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "base/instant.h"
#include "event/ids.h"

namespace bellwether {

// How one person has dealt with another.
enum class Dealings : uint8_t {  // persisted; do not renumber
  kNone = 0,                     // never acted towards them
  kAnswered = 1,                 // only within the courting time after an act of theirs
  kApproached = 2,               // at least once of their own accord
};

// A half-life beyond any age: nothing fades.
inline constexpr double kEndlessMs = 1e30;

// Credit of the acts that are gone, decayed at one half-life.
struct FrozenSum {
  double half_life_ms = 0;
  double x = 0;     // all of it; below 0 where acts that are left count for more than before
  double free = 0;  // without courted acts
};

// What an account of the teleport set had passed on to a voucher who is erased.
struct PassedToErased {
  AccountId account = kNobody;
  double mass = 0;  // above 0
};

// One pair that lost acts.
struct FrozenPair {
  AccountId receiver = kNobody;
  AccountId mover = kNobody;    // kNobody: somebody who was erased. Otherwise both remain, acts
                                // between them went with somebody else's, and x = live + frozen
  uint64_t token = 0;           // equal on rows of one erased mover towards one person, random, and
                                // different towards every other person; 0 where the mover is named
  Instant at;                   // the erasure
  std::vector<FrozenSum> sums;  // as of `at`, half-lives ascending, the last one endless
  std::vector<FrozenSum> week_before;  // as of seven days before `at`, of what was older then
  double standing = 0;  // that the erased had for the receiver, [0, 1]; stays as it is
  Dealings dealings = Dealings::kNone;  // of the receiver with the erased; where the mover is
                                        // named: of the mover with the receiver, up to `at`
  bool moved = true;     // the pair had acts that counted; false: only the vouch does
  bool recent = false;   // the last of them was no older than the policy's reach_days
  bool vouches = false;  // the mover's vouch for the receiver was among their first ones
  double teleport = 0;   // of an erased voucher: T, [0, 1]
  double mass_one = 0;   // and m1; see score/standing.h
  std::vector<PassedToErased> from;  // of that m1, what accounts that remain passed on, ascending
};

// How many vouches of an account had gone to people who are erased: they stay used.
struct UsedVouches {
  AccountId account = kNobody;
  uint32_t count = 0;
  Instant at;
};

struct Remainder {
  std::vector<FrozenPair> pairs;
  std::vector<UsedVouches> used;
  bool empty() const { return pairs.empty() && used.empty(); }
};

// The sum at any half-life. One that was not frozen lies between two that were: a decayed sum is
// log-convex in 1/half-life, so the line between the logarithms of its neighbours is at most too
// high, and never above the longer one. Below the shortest the same line goes on, at most to 0.
FrozenSum sum_at(std::span<const FrozenSum> sums, double half_life_ms);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Style: the cell of the four by four influence matrix that somebody's acts put them in.
//
// Four published axes, each a number in [0, 1] with the acts behind it; the side of the middle on
// which each lies gives the cell (Klout never published its own rules; the names are its). Acts
// fade with a half-life of 90 days. So that a label does not jump from day to day, the axes are
// looked at once a week, at Monday 00:00 UTC, from the first act on, and an axis changes its side
// only when it lies beyond the middle by more than a band. All of it follows from the log alone:
// whoever asks, and whenever, gets the same.
//
// Not a grade: no cell is better than another, and none of it touches the score.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "event/event.h"

namespace bellwether {

inline constexpr double kStyleHalfLifeDays = 90;
inline constexpr double kStyleBand = 0.1;      // beyond the middle, 0.5, before a side changes
inline constexpr uint32_t kStyleActsMin = 30;  // ever; fewer tell no style
inline constexpr double kStyleActsNowMin = 3;  // faded; less, and it speaks of long ago
inline constexpr double kStyleUnsure = 3;      // faded acts that an axis without any counts on each
                                               // side: few acts say little
inline constexpr uint32_t kStyleAxisActsMin = 5;  // of the two kinds of an axis, ever; fewer, and
                                                  // it has no side, nor the person a cell
inline constexpr double kStyleTopicsMiddle = 15;  // as many topics, equally used, are half focused
inline constexpr double kStylePeopleMiddle = 25;  // likewise people, where topics are not known
inline constexpr uint32_t kStyleTopicActsMin =
    20;  // acts with topics, ever; fewer, and people count

enum class StyleAxis : uint8_t { kCreating, kFocused, kParticipating, kConsistent };
inline constexpr size_t kStyleAxes = 4;

// What somebody did, once.
struct StyleAct {
  Instant published;  // known
  enum class Kind : uint8_t {
    kCreated,   // made something of their own: a post, a quote
    kShared,    // passed something on: a reshare, a link
    kTalked,    // said something to somebody: a reply, a mention, a message, a review ...
    kListened,  // took something in without a word: a reaction, a follow, a list ...
    kOther,     // counts for how often they are here only
  } kind = Kind::kOther;
  std::vector<uint64_t> topics;  // any numbers, equal for equal topics; none twice; may be empty
  uint64_t towards = 0;          // whom, any number equal for equal people; 0: nobody
};

// What an act of this verb is; empty: it tells nothing (an undo).
std::optional<StyleAct::Kind> style_kind(Verb verb);

struct StyleSide {
  double value = 0;       // [0, 1]; 1: creating, focused, participating, consistent
  bool high = false;      // the side it is on, after the band
  double for_it = 0;      // faded acts (weeks, of kConsistent) that speak for the high side; of
                          // kFocused the effective number of topics or people, at least 1, or 0
  double against_it = 0;  // likewise for the low side; of kFocused nothing
};

struct Style {
  std::array<StyleSide, kStyleAxes> axes;  // by StyleAxis
  std::string_view cell;                   // "Thought Leader"
  int row = 0, column = 0;                 // of the matrix, [0, 4)
  bool by_topics = false;                  // kFocused is of topics; else of people
  uint32_t acts = 0;                       // ever, until `as_of`
  Instant as_of;                           // the Monday it speaks of
  Instant since;                           // the Monday since when the cell is this one
};

// The matrix: rows consistent and broad, consistent and focused, casual and broad, casual and
// focused; columns sharing and listening, sharing and participating, creating and participating,
// creating and listening.
std::string_view style_cell(int row, int column);

// Borrows `acts`, in any order; acts at or after `as_of` do not count. Empty: fewer acts than
// kStyleActsMin, an axis without evidence, or too long ago. Same arguments, same bits. Cost:
// sorting the acts, and a step a week.
std::optional<Style> style_of(std::span<const StyleAct> acts, Instant as_of);

}  // namespace bellwether

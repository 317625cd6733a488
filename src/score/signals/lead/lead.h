// SPDX-License-Identifier: Apache-2.0
// Who takes things up before others do, more often than chance allows: the lead test.
//
// An adoption is a person's first use of an item (a topic, a link). For each item its adoptions
// make a row of slots in time. The test holds the slots fixed, so that every item keeps its own
// curve, shuffles who has which (after Anagnostopoulos, Kumar and Mahdian, KDD 2008), and asks how
// likely it is that chance gives this person slots after which so many of the others came within
// the window. At each slot one of those who have not had theirs gets it, in proportion to
// `(what they take up around then)^haste`: whoever is not around has no chance, whoever is busy a
// larger one (Cox's proportional hazards; Plackett and Luce). The haste is the one under which
// being busy says nothing more of being early in this community. A person has to be ahead of that,
// and of haste 1, the race, too, in which whoever began k things for one that caught on has at
// least k chances in n of being the first of n: who tries everything comes first, and nothing
// follows from that.
// Items taken up in one occasion (a week) are one vote, whatever their dependence. The tail
// is a saddlepoint approximation (Lugannani and Rice 1980); how far people are early or late by
// habit is taken out by genomic control (Devlin and Roeder 1999); false discoveries are kept to a
// share by Benjamini and Hochberg (1995). docs/methods/lead.md has reasons and figures.
//
// It finds who comes first, not why: who hears the same news earlier comes first too.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "event/ids.h"

namespace bellwether {

inline constexpr uint32_t kNoItem = UINT32_MAX;

// A use of an item by a person. Of several uses the first is the adoption.
struct Adoption {
  PersonId person = kNobody;
  uint32_t item = kNoItem;  // kNoItem: an attempt that came to nothing, as one that was withdrawn;
                            // it only tells how much the person takes up
  Instant published;        // known
};

// `receiver` has itself passed on the standing that `other` has, so `other` proves nothing for it.
struct NotFor {
  PersonId receiver;
  PersonId other;
  friend auto operator<=>(const NotFor&, const NotFor&) = default;
};

struct LeadOptions {
  // Days within which others follow; also over how long, half before and half after, it is counted
  // how much somebody takes up, and how long a log must have run before an item counts as new.
  int window_days = 30;          // [1, 3650]
  int occasion_days = 7;         // items taken up within so long are one vote, [1, 3650]
  uint32_t adopters_min = 5;     // fewer of standing, and an item does not count; at least 2
  uint32_t occasions_min = 5;    // fewer, and a person is not tested; at least 1
  uint32_t followers_min = 5;    // a leader has at least so many different followers
  double false_discovery = 0.1;  // share of those said to lead who do not, (0, 1)
  Instant begin;                 // since when the log tells of uses; unknown: since the first
  unsigned threads = 1;
};

// An item that somebody took up, as evidence.
struct LeadItem {
  uint32_t item = kNoItem;
  Instant published;
  uint32_t position = 0;  // among its adopters of standing, from 1
  uint32_t adopters = 0;  // of standing, the person included
  uint32_t followed = 0;  // of the others, those who came later, within the window
  double expected = 0;    // how many would by chance: by that which gives the person more in all
  uint32_t occasion = 0;  // [0, occasions)
  // The first of those who followed; kNobody: no more. Only where q is within the level.
  std::array<PersonId, 3> next{kNobody, kNobody, kNobody};
};

struct LeadFollower {
  PersonId person = kNobody;
  uint32_t items = 0;  // on which they came within the window
};

struct PersonLead {
  PersonId person = kNobody;
  uint32_t items = 0;      // that count, taken up by them
  uint32_t occasions = 0;  // that these make
  uint32_t first = 0;      // items of which they were the first
  // Mean over occasions of the share of the others who followed within the window, [0, 1], and what
  // chance gives: at the usual haste or in the race, whichever gives more.
  double followed = 0, expected = 0;
  double p_usual = 1, p_race = 1;  // chance of as much or more, before habits are taken out
  double p = 1;                    // the larger one, after; (0, 1]
  double q = 1;                    // share of false discoveries among those with p as small; [p, 1]
  bool leads = false;              // q within the level, and enough different followers
  std::vector<LeadItem> evidence;  // by followed - expected, then time, then item
  std::vector<LeadFollower> followers;  // only where q is within the level; most items first, ties
                                        // by PersonId
};

struct LeadReport {
  std::vector<PersonLead> people;  // who was tested: by p, then followed - expected, then PersonId
  uint32_t leading = 0;            // of these
  uint32_t items = 0;              // that count
  uint32_t items_old = 0;          // left out as not new: in use before the log had run a window
  uint32_t items_few = 0;          // left out for too few adopters of standing
  uint64_t adoptions = 0;          // of items that count
  uint32_t not_tested = 0;         // people of standing with an item that counts, but too few
  double haste = 0;  // the usual one, of kHastes; 0 where fewer than kHabitPeopleMin are tested
  // How much further people lie from chance than chance would have them: the factor of the variance
  // that was taken out, at least 1. 1 where fewer than kHabitPeopleMin are tested.
  double habit = 1;
};
inline constexpr uint32_t kHabitPeopleMin = 20;

inline constexpr std::array<double, 5> kHastes{0, 0.25, 0.5, 0.75, 1};

// Items with more adopters are looked at in so many runs of slots of nearly equal length.
inline constexpr size_t kLeadRunsMax = 32;

// Tests everybody of standing. `uses`: in any order, all there is as of some instant.
// `has_standing`: by PersonId, not 0; who has none is neither tested nor counts as an adopter, so
// that made-up accounts are nobody. `not_for`: in any order. kInvalidArgument: an option out of
// range, a person not in `has_standing`, an unknown time. The same uses give the same bits, in
// whatever order and on however many threads. Cost: n log n in the uses, and kLeadRunsMax for each
// adoption; memory: some 60 bytes a use.
Result<LeadReport> test_lead(std::span<const Adoption> uses, std::span<const uint8_t> has_standing,
                             std::span<const NotFor> not_for, const LeadOptions& options);

}  // namespace bellwether

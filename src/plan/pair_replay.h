// SPDX-License-Identifier: Apache-2.0
// Walks through a log slot by slot, and hands out each exposure with what was known before its
// slot. The room's own; what an exposure is, pair_chances.h says.
#pragma once
#include <array>
#include <cassert>
#include <cmath>
#include <cstdint>
#include <span>
#include <unordered_set>
#include <vector>

#include "plan/pair_chances.h"

namespace bellwether {

// In slots. Each about three times the one before: what lies between fits hardly better.
inline constexpr std::array<double, 6> kChanceHalfLives{1, 3, 7, 20, 60, 180};
inline constexpr size_t kChanceHorizons = kChanceHalfLives.size();

// Decayed by horizon, as of the beginning of `slot`.
struct ExposureCounts {
  std::array<float, kChanceHorizons> answered{};
  std::array<float, kChanceHorizons> exposures{};
  int32_t slot = 0;
};

// Slot 0 begins at `first`; slots are [first + k length, first + (k + 1) length).
struct SlotGrid {
  Instant first;
  int64_t length_ms = kMsPerDay;

  // Slots before `first` are negative.
  int64_t slot_of(Instant instant) const {
    const int64_t ms = instant.ms - first.ms;
    return ms >= 0 ? ms / length_ms : -((-ms + length_ms - 1) / length_ms);
  }
};

// Lists by row, one behind the other.
template <typename T>
struct SlotRows {
  std::vector<uint64_t> begin;  // rows + 1
  std::vector<T> items;

  std::span<const T> of(size_t row) const {
    return std::span(items).subspan(begin[row], begin[row + 1] - begin[row]);
  }
  size_t rows() const { return begin.size() - 1; }
};

struct MetPair {
  PersonId from = kNobody;
  PersonId to = kNobody;
  int32_t met = 0;  // slot of the first response, whatever it was about
};

struct Occasion {
  PersonId person = kNobody;
  bool by_one_answer = false;  // one person's response is all that tells of it
};

// What happened, in slots counted from the first.
struct PairHistory {
  std::vector<MetPair> pairs;        // by from, met, to
  std::vector<uint64_t> from_begin;  // by person, persons + 1: where their pairs begin
  SlotRows<int32_t> responses;       // by pair: slots of responses, ascending, each once
  SlotRows<Occasion> occasions;      // by slot, of those who ever met somebody; persons ascending
  SlotRows<PersonId> acts;           // by slot: who did anything, ascending
  int32_t active_slots = 0;          // that somebody stays active for

  uint32_t persons() const { return static_cast<uint32_t>(from_begin.size() - 1); }
  int32_t slots() const { return static_cast<int32_t>(acts.rows()); }
};

// Of what was published before `end` and not withdrawn by then. The grid is moved back by whole
// slots so that its slot 0 is the first in which anything happened; `grid` becomes that one. With
// `topics`, responses and occasions are those about them; pairs, when they met and who was active
// stay the same. Empty where nobody responded to anybody.
PairHistory pair_history(std::span<const LedgerEntry> ledger, std::span<const PersonAct> acts,
                         const PersonMap& persons, Instant end, int active_days,
                         const std::unordered_set<TopicSetId>* topics, SlotGrid& grid);

// One exposure, and what was known before its slot. References are good within the visit.
struct Exposure {
  size_t pair = 0;  // in PairHistory::pairs
  int32_t slot = 0;
  bool answered = false;
  const ExposureCounts& own;
  const ExposureCounts& from;  // of all pairs of `from`
  const ExposureCounts& to;    // of all pairs of `to`
  const ExposureCounts& all;
  uint32_t exposures = 0;  // of the pair, not decayed
  uint32_t responses = 0;  // of these, answered
  uint32_t met_by_to = 0;  // how many `to` has met, >= 1
};

class PairReplay {
 public:
  // Borrows it for its life.
  explicit PairReplay(const PairHistory& history);

  // Goes on to the beginning of `slot`, and visits the exposures on the way by slot, from, met, to.
  // `visit(const Exposure&)` is called for those who were active before the slot; an answer of
  // somebody who was not counts as evidence all the same.
  template <typename Visit>
  void advance(int32_t slot, Visit&& visit);

  int32_t slot() const { return slot_; }
  // As of slot().
  const ExposureCounts& own(size_t pair) { return at(own_[pair], slot_); }
  const ExposureCounts& from(PersonId person) { return at(from_[person], slot_); }
  const ExposureCounts& to(PersonId person) { return at(to_[person], slot_); }
  const ExposureCounts& all() { return at(all_, slot_); }
  uint32_t exposures(size_t pair) const { return plain_[pair].exposures; }
  uint32_t responses(size_t pair) const { return plain_[pair].responses; }

 private:
  struct Plain {
    uint32_t exposures = 0, responses = 0;
    uint64_t next = 0;  // among the pair's responses, the first not before the slot
  };
  struct Seen {
    uint32_t pair;
    bool answered;
    bool met;  // now
  };

  const ExposureCounts& at(ExposureCounts& counts, int32_t slot) {
    if (counts.slot != slot) {
      const auto passed = static_cast<size_t>(slot - counts.slot);
      for (size_t h = 0; h < kChanceHorizons; ++h) {
        counts.answered[h] *= decay_[h][passed];
        counts.exposures[h] *= decay_[h][passed];
      }
      counts.slot = slot;
    }
    return counts;
  }
  void add(ExposureCounts& counts, float exposures, float answered) {
    at(counts, slot_);
    for (size_t h = 0; h < kChanceHorizons; ++h) {
      counts.exposures[h] += exposures;
      counts.answered[h] += answered;
    }
  }
  bool active(PersonId person) const {
    return last_act_[person] != kNever && slot_ - last_act_[person] <= history_.active_slots;
  }
  void end_slot();

  static constexpr int32_t kNever = INT32_MIN;

  const PairHistory& history_;
  std::array<std::vector<float>, kChanceHorizons> decay_;  // by slots passed
  std::vector<ExposureCounts> own_;                        // by pair
  std::vector<Plain> plain_;                               // by pair
  std::vector<ExposureCounts> from_, to_;                  // by person
  ExposureCounts all_;
  std::vector<uint32_t> met_by_;   // by person
  std::vector<int32_t> last_act_;  // by person; kNever
  std::vector<Seen> seen_;         // in this slot
  int32_t slot_ = 0;
};

template <typename Visit>
void PairReplay::advance(int32_t slot, Visit&& visit) {
  assert(slot <= history_.slots());
  for (; slot_ < slot; ++slot_) {
    for (const Occasion& occasion : history_.occasions.of(static_cast<size_t>(slot_))) {
      const PersonId from = occasion.person;
      for (uint64_t i = history_.from_begin[from]; i < history_.from_begin[from + size_t{1}]; ++i) {
        const MetPair& pair = history_.pairs[i];
        if (pair.met > slot_) break;
        const std::span<const int32_t> responses = history_.responses.of(i);
        Plain& plain = plain_[i];
        while (plain.next < responses.size() && responses[plain.next] < slot_) ++plain.next;
        const bool answered = plain.next < responses.size() && responses[plain.next] == slot_;
        if (pair.met == slot_) {
          seen_.push_back({static_cast<uint32_t>(i), answered, true});
          continue;
        }
        if (answered && occasion.by_one_answer) continue;
        const bool was_active = active(pair.to);
        if (!answered && !was_active) continue;
        if (was_active) {
          visit(Exposure{i, slot_, answered, at(own_[i], slot_), at(from_[from], slot_),
                         at(to_[pair.to], slot_), at(all_, slot_), plain.exposures, plain.responses,
                         met_by_[pair.to]});
        }
        seen_.push_back({static_cast<uint32_t>(i), answered, false});
      }
    }
    end_slot();
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "plan/pair_replay.h"

#include <algorithm>
#include <tuple>

namespace bellwether {
namespace {

// Somebody in a slot, or a pair and the slot of a response.
struct InSlot {
  uint64_t key;
  int32_t slot;
  friend auto operator<=>(const InSlot&, const InSlot&) = default;
};

// Beside the person of an occasion.
constexpr uint64_t kByOneAnswer = uint64_t{1} << 32;

void sort_each_once(std::vector<InSlot>& all) {
  if (!std::is_sorted(all.begin(), all.end())) std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
}

// By slot, in the order given within.
template <typename Item, typename Make>
SlotRows<Item> by_slot(std::span<const InSlot> all, int32_t slots, Make&& make) {
  SlotRows<Item> rows;
  rows.begin.assign(static_cast<size_t>(slots) + 1, 0);
  for (const InSlot& one : all) ++rows.begin[static_cast<size_t>(one.slot) + 1];
  for (size_t s = 0; s < static_cast<size_t>(slots); ++s) rows.begin[s + 1] += rows.begin[s];
  rows.items.resize(all.size());
  std::vector<uint64_t> next(rows.begin.begin(), rows.begin.end() - 1);
  for (const InSlot& one : all) rows.items[next[static_cast<size_t>(one.slot)]++] = make(one);
  return rows;
}

// Occasions as somebody told of them, twice where they told by themselves. Whether it was one
// person's answer alone shows in how many there are.
std::vector<InSlot> each_once(std::vector<InSlot> told) {
  std::sort(told.begin(), told.end());
  std::vector<InSlot> out;
  for (size_t i = 0; i < told.size();) {
    size_t end = i + 1;
    while (end < told.size() && told[end] == told[i]) ++end;
    out.push_back({told[i].key | (end == i + 1 ? kByOneAnswer : 0), told[i].slot});
    i = end;
  }
  return out;
}

}  // namespace

bool makes_occasion(Verb verb) {
  switch (verb) {
    case Verb::kPost:
    case Verb::kReply:
    case Verb::kReshare:
    case Verb::kQuote:
    case Verb::kMention:
    case Verb::kLink:
    case Verb::kReview:
      return true;
    default:
      return false;
  }
}

PairHistory pair_history(std::span<const LedgerEntry> ledger, std::span<const PersonAct> acts,
                         const PersonMap& persons, Instant end, int active_days,
                         const std::unordered_set<TopicSetId>* topics, SlotGrid& grid) {
  const auto wanted = [&](TopicSetId set) { return topics == nullptr || topics->contains(set); };
  const auto counts = [&](const PersonAct& act) {
    return act.person != kNobody && act.published.known() && act.published < end &&
           (!act.withdrawn.known() || act.withdrawn >= end);
  };
  Instant first = end;
  for (const LedgerEntry& entry : ledger) {
    if (entry.counts_as_of(end)) first = std::min(first, entry.published);
  }
  for (const PersonAct& act : acts) {
    if (counts(act)) first = std::min(first, act.published);
  }
  grid.first.ms += grid.slot_of(first) * grid.length_ms;
  PairHistory history;
  // The last slot may be cut short by `end`; whoever asks for whole ones stops before it.
  const auto slots = static_cast<int32_t>(
      (std::max<int64_t>(0, end.ms - grid.first.ms) + grid.length_ms - 1) / grid.length_ms);
  history.active_slots = static_cast<int32_t>(int64_t{active_days} * kMsPerDay / grid.length_ms);

  std::vector<InSlot> all;        // pairs, whatever the topic
  std::vector<InSlot> responses;  // about a topic, where one is asked for
  std::vector<InSlot> acted;      // who did something for others to see
  std::vector<InSlot> active;
  for (const LedgerEntry& entry : ledger) {
    if (!entry.counts_as_of(end)) continue;
    const PersonId from = persons.person_of[entry.receiver];
    const PersonId to = persons.person_of[entry.mover];
    if (from == kNobody || to == kNobody || from == to) continue;
    const auto slot = static_cast<int32_t>(grid.slot_of(entry.published));
    const InSlot response{uint64_t{from} << 32 | to, slot};
    all.push_back(response);
    active.push_back({to, slot});
    if (!wanted(entry.topics)) continue;
    if (topics != nullptr) responses.push_back(response);
    if (makes_occasion(entry.verb)) acted.push_back({to, slot});
  }
  for (const PersonAct& act : acts) {
    if (!counts(act)) continue;
    const auto slot = static_cast<int32_t>(grid.slot_of(act.published));
    active.push_back({act.person, slot});
    if (wanted(act.topics)) acted.push_back({act.person, slot});
  }
  sort_each_once(all);
  sort_each_once(responses);

  // The first response of each pair, then the pairs of each in the order in which they met.
  for (size_t i = 0; i < all.size(); ++i) {
    if (i > 0 && all[i].key == all[i - 1].key) continue;
    history.pairs.push_back({static_cast<PersonId>(all[i].key >> 32),
                             static_cast<PersonId>(all[i].key & 0xffffffffU), all[i].slot});
  }
  std::sort(history.pairs.begin(), history.pairs.end(), [](const MetPair& a, const MetPair& b) {
    return std::tie(a.from, a.met, a.to) < std::tie(b.from, b.met, b.to);
  });
  history.from_begin.assign(persons.persons + size_t{1}, 0);
  for (const MetPair& pair : history.pairs) ++history.from_begin[pair.from + size_t{1}];
  for (size_t p = 0; p < persons.persons; ++p) history.from_begin[p + 1] += history.from_begin[p];
  const std::vector<InSlot>& counted = topics == nullptr ? all : responses;
  history.responses.begin.reserve(history.pairs.size() + 1);
  history.responses.begin.push_back(0);
  history.responses.items.reserve(counted.size());
  for (const MetPair& pair : history.pairs) {
    const uint64_t key = uint64_t{pair.from} << 32 | pair.to;
    for (auto at = std::lower_bound(counted.begin(), counted.end(), InSlot{key, INT32_MIN});
         at != counted.end() && at->key == key; ++at) {
      history.responses.items.push_back(at->slot);
    }
    history.responses.begin.push_back(history.responses.items.size());
  }
  std::vector<InSlot> told;
  const auto tell = [&](uint64_t person, int32_t slot) {
    if (history.from_begin[person] != history.from_begin[person + 1])
      told.push_back({person, slot});
  };
  for (const InSlot& response : counted) tell(response.key >> 32, response.slot);
  sort_each_once(acted);
  for (const InSlot& one : acted) {
    tell(one.key, one.slot);
    tell(one.key, one.slot);
  }
  history.occasions = by_slot<Occasion>(each_once(std::move(told)), slots, [](const InSlot& one) {
    return Occasion{static_cast<PersonId>(one.key & 0xffffffffU), (one.key & kByOneAnswer) != 0};
  });
  sort_each_once(active);
  history.acts = by_slot<PersonId>(
      active, slots, [](const InSlot& one) { return static_cast<PersonId>(one.key); });
  return history;
}

PairReplay::PairReplay(const PairHistory& history)
    : history_(history),
      own_(history.pairs.size()),
      plain_(history.pairs.size()),
      from_(history.persons()),
      to_(history.persons()),
      met_by_(history.persons()),
      last_act_(history.persons(), kNever) {
  const size_t passed = static_cast<size_t>(history.slots()) + 1;
  for (size_t h = 0; h < kChanceHorizons; ++h) {
    decay_[h].reserve(passed);
    for (size_t s = 0; s < passed; ++s) {
      decay_[h].push_back(
          static_cast<float>(std::exp2(-static_cast<double>(s) / kChanceHalfLives[h])));
    }
  }
}

// What is seen in a slot is evidence from its end on, not for others within it.
void PairReplay::end_slot() {
  float all_exposures = 0;
  float all_answered = 0;
  for (size_t i = 0; i < seen_.size();) {
    const PersonId from = history_.pairs[seen_[i].pair].from;
    float exposures = 0;
    float answered = 0;
    for (; i < seen_.size() && history_.pairs[seen_[i].pair].from == from; ++i) {
      const Seen& seen = seen_[i];
      const PersonId to = history_.pairs[seen.pair].to;
      if (seen.met) {
        ++met_by_[to];
        continue;
      }
      Plain& plain = plain_[seen.pair];
      ++plain.exposures;
      if (seen.answered) ++plain.responses;
      const float one = seen.answered ? 1 : 0;
      add(own_[seen.pair], 1, one);
      add(to_[to], 1, one);
      exposures += 1;
      answered += one;
    }
    if (exposures > 0) add(from_[from], exposures, answered);
    all_exposures += exposures;
    all_answered += answered;
  }
  if (all_exposures > 0) add(all_, all_exposures, all_answered);
  seen_.clear();
  for (const PersonId person : history_.acts.of(static_cast<size_t>(slot_))) {
    last_act_[person] = slot_;
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What one record states: its events, the profiles of the accounts in it, or why there is neither.
//
// A record is taken whole or not at all: nothing is given to the sink before every event of the
// record is known to be one that a store takes. The room's own; mappings fill it, adapters deliver.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "event/sink.h"
#include "ingest/left_alone.h"

namespace bellwether {

// Profiles that were given to the sink before. It forgets all of them now and then, so that its
// memory is bounded (about 40 MB) whatever it reads; a profile that is then told again is no harm.
class KnownProfiles {
 public:
  static constexpr size_t kProfilesMax = 1'000'000;

  // False where the very same profile was told before.
  bool is_news(const AccountProfile& profile);

 private:
  std::unordered_set<uint64_t> seen_;
};

// Used for one record after the other; its memory is kept. Every view that is put into it must live
// until deliver() or be kept by keep().
class RecordActs {
 public:
  // Forgets the record before. `bytes` are those of the new one, `number` its provenance.
  void begin(uint64_t number, std::string_view bytes);

  // Text that lives until the next begin().
  std::string_view keep(std::string text);

  // A new event, empty but for its provenance. Stays where it is until the next begin().
  InteractionEvent& add_event();
  // Topics of every event of the record: normalised, no empty one, none twice, kTopicsMax at most.
  void add_topic(std::string_view text);
  // The phrases of a title (event/topic.h) as further topics, behind those that were added before.
  void add_title(std::string_view title);
  void add_profile(const AccountProfile& profile) { profiles_.push_back(profile); }

  // The record is bad; reasons are string literals: short, and without the record's content.
  void reject(std::string_view reason) { reason_ = reason; }
  // The record was understood and states nothing.
  void leave_alone(std::string_view kind) { kind_ = kind; }

  size_t events() const { return events_used_; }
  bool is_rejected() const { return !reason_.empty(); }

  // Gives the record away: its events, or one reject, or one count of its kind. An event that
  // cannot be stored rejects the whole record with the words of problem_with(). Errors are the
  // sink's.
  Result<void> deliver(EventSink& sink, KnownProfiles& known, LeftAloneCounts& left_alone);

 private:
  uint64_t number_ = 0;
  std::string_view bytes_;
  uint64_t hash_ = 0;
  // A deque, because views into its strings stay good while it grows.
  std::deque<std::string> texts_;
  size_t texts_used_ = 0;
  std::deque<InteractionEvent> events_;
  size_t events_used_ = 0;
  std::vector<std::string_view> topics_;
  std::vector<AccountProfile> profiles_;
  std::string reason_;
  std::string_view kind_;
};

}  // namespace bellwether

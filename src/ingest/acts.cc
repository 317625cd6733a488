// SPDX-License-Identifier: Apache-2.0
#include "ingest/acts.h"

#include <fmt/core.h>

#include <algorithm>
#include <cassert>
#include <utility>

#include "base/hash.h"
#include "event/topic.h"

namespace bellwether {

bool KnownProfiles::is_news(const AccountProfile& profile) {
  // The separator occurs in no name.
  const uint64_t hash =
      hash64(fmt::format("{}\n{}\n{}\n{}\n{}{}{}{}", profile.account.network, profile.account.name,
                         profile.display_name, profile.url, static_cast<int>(profile.kind),
                         profile.indexable ? 1 : 0, profile.minor ? 1 : 0, profile.owner ? 1 : 0));
  if (seen_.contains(hash)) return false;
  if (seen_.size() >= kProfilesMax) seen_.clear();
  seen_.insert(hash);
  return true;
}

void RecordActs::begin(uint64_t number, std::string_view bytes) {
  number_ = number;
  bytes_ = bytes;
  hash_ = hash64(bytes);
  texts_used_ = 0;
  events_used_ = 0;
  topics_.clear();
  profiles_.clear();
  reason_.clear();
  kind_ = {};
}

std::string_view RecordActs::keep(std::string text) {
  if (texts_used_ == texts_.size()) {
    texts_.push_back(std::move(text));
  } else {
    texts_[texts_used_] = std::move(text);
  }
  return texts_[texts_used_++];
}

InteractionEvent& RecordActs::add_event() {
  if (events_used_ == events_.size()) {
    events_.emplace_back();
  } else {
    events_[events_used_].clear();
  }
  InteractionEvent& event = events_[events_used_++];
  event.provenance = {number_, hash_};
  return event;
}

void RecordActs::add_topic(std::string_view text) {
  if (topics_.size() == kTopicsMax) return;
  std::string topic = normalise_topic(text);
  if (topic.empty() || std::find(topics_.begin(), topics_.end(), topic) != topics_.end()) return;
  topics_.push_back(keep(std::move(topic)));
}

void RecordActs::add_title(std::string_view title) {
  for (std::string& phrase : title_phrases(title)) {
    if (topics_.size() == kTopicsMax) return;
    if (std::find(topics_.begin(), topics_.end(), without_mark(phrase)) != topics_.end()) continue;
    if (std::find(topics_.begin(), topics_.end(), phrase) != topics_.end()) continue;
    topics_.push_back(keep(std::move(phrase)));
  }
}

Result<void> RecordActs::deliver(EventSink& sink, KnownProfiles& known,
                                 LeftAloneCounts& left_alone) {
  for (size_t i = 0; i < events_used_ && reason_.empty(); ++i) {
    events_[i].topics.assign(topics_.begin(), topics_.end());
    reason_ = problem_with(events_[i]);
  }
  if (!reason_.empty()) return sink.reject({number_, hash_, reason_, bytes_});
  if (events_used_ == 0) {
    assert(!kind_.empty());
    left_alone.add(kind_);
    return {};
  }
  for (const AccountProfile& profile : profiles_) {
    if (known.is_news(profile)) BW_TRY(sink.profile(profile));
  }
  for (size_t i = 0; i < events_used_; ++i) BW_TRY(sink.event(events_[i]));
  return {};
}

}  // namespace bellwether

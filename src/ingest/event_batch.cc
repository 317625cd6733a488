// SPDX-License-Identifier: Apache-2.0
#include "ingest/event_batch.h"

namespace bellwether {

Result<void> EventBatch::event(const InteractionEvent& event) {
  order_.push_back(Kind::kEvent);
  if (events_used_ == events_.size()) {
    events_.push_back(event);
  } else {
    events_[events_used_] = event;
  }
  ++events_used_;
  return {};
}

Result<void> EventBatch::reject(const Reject& reject) {
  order_.push_back(Kind::kReject);
  rejects_.push_back(reject);
  return {};
}

Result<void> EventBatch::profile(const AccountProfile& profile) {
  order_.push_back(Kind::kProfile);
  profiles_.push_back(profile);
  return {};
}

Result<void> EventBatch::claim(const IdentityClaim& claim) {
  order_.push_back(Kind::kClaim);
  claims_.push_back(claim);
  return {};
}

void EventBatch::left_alone(std::string_view kind, uint64_t records) {
  const auto at = left_alone_.find(kind);
  if (at != left_alone_.end()) {
    at->second += records;
  } else {
    left_alone_.emplace(kind, records);
  }
}

Result<void> EventBatch::deliver(EventSink& sink) {
  size_t event = 0;
  size_t reject = 0;
  size_t profile = 0;
  size_t claim = 0;
  Result<void> outcome;
  for (const Kind kind : order_) {
    switch (kind) {
      case Kind::kEvent:
        outcome = sink.event(events_[event++]);
        break;
      case Kind::kReject:
        outcome = sink.reject(rejects_[reject++]);
        break;
      case Kind::kProfile:
        outcome = sink.profile(profiles_[profile++]);
        break;
      case Kind::kClaim:
        outcome = sink.claim(claims_[claim++]);
        break;
    }
    if (!outcome.ok()) break;
  }
  for (const auto& [kind, records] : left_alone_) sink.left_alone(kind, records);
  clear();
  return outcome;
}

void EventBatch::clear() {
  order_.clear();
  events_used_ = 0;
  rejects_.clear();
  profiles_.clear();
  claims_.clear();
  left_alone_.clear();
}

}  // namespace bellwether

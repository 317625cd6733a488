// SPDX-License-Identifier: Apache-2.0
// A sink that holds what it is given, in order, until it is delivered to another one: so that
// records can be read on several threads while one thread feeds the store.
//
// Text stays borrowed: whoever fills a batch keeps the bytes until it has been delivered.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "event/sink.h"

namespace bellwether {

class EventBatch final : public EventSink {
 public:
  // These never fail: what the receiver makes of them is seen at deliver().
  Result<void> event(const InteractionEvent& event) override;
  Result<void> reject(const Reject& reject) override;
  Result<void> profile(const AccountProfile& profile) override;
  Result<void> claim(const IdentityClaim& claim) override;
  void left_alone(std::string_view kind, uint64_t records) override;

  // Hands everything on in the order in which it came, the counts of what was left alone last, and
  // is empty then. Stops at the first error of `sink` and returns it.
  Result<void> deliver(EventSink& sink);

 private:
  enum class Kind : uint8_t { kEvent, kReject, kProfile, kClaim };

  void clear();

  std::vector<Kind> order_;
  // Slots are used again, with the memory of their topics.
  std::vector<InteractionEvent> events_;
  size_t events_used_ = 0;
  std::vector<Reject> rejects_;
  std::vector<AccountProfile> profiles_;
  std::vector<IdentityClaim> claims_;
  std::map<std::string, uint64_t, std::less<>> left_alone_;
};

}  // namespace bellwether

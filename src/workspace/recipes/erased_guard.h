// SPDX-License-Identifier: Apache-2.0
// Stands before the log and keeps out what an erasure has taken away.
//
// A record by or towards somebody erased becomes a reject that holds neither its content nor a hash
// of it; its reason names no one. Where nobody was erased it passes everything on.
#pragma once
#include <string>
#include <unordered_map>
#include <vector>

#include "people/people.h"
#include "store/store.h"

namespace bellwether {

class ErasedGuard : public EventSink {
 public:
  // Borrows `sink`.
  ErasedGuard(EventSink& sink, Erased erased) : sink_(sink), erased_(std::move(erased)) {}

  Result<void> event(const InteractionEvent& event) override;
  Result<void> reject(const Reject& reject) override;
  Result<void> profile(const AccountProfile& profile) override;
  Result<void> claim(const IdentityClaim& claim) override;
  void left_alone(std::string_view kind, uint64_t records) override {
    sink_.left_alone(kind, records);
  }

 private:
  bool is_erased(const AccountRef& account);

  EventSink& sink_;
  const Erased erased_;
  std::unordered_map<std::string, bool> known_;  // accounts asked about, by network:name
  std::vector<std::string_view> topics_;
};

}  // namespace bellwether

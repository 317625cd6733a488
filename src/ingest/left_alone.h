// SPDX-License-Identifier: Apache-2.0
// Counts what an adapter understood and made no event of, and tells the sink once at the end.
//
// The room's own. Kinds of records come from the input, so their number is bounded: from
// kKindsMax on, new ones are counted together.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "event/event.h"
#include "event/sink.h"

namespace bellwether {

class LeftAloneCounts {
 public:
  static constexpr size_t kKindsMax = 200;
  static constexpr std::string_view kOthers = "of further kinds";

  // Borrows `sink`, which is told when this goes: also where the bytes break off before.
  explicit LeftAloneCounts(EventSink& sink) : sink_(sink) {}
  ~LeftAloneCounts() {
    for (const auto& [kind, records] : kinds_) sink_.left_alone(kind, records);
  }
  LeftAloneCounts(const LeftAloneCounts&) = delete;
  LeftAloneCounts& operator=(const LeftAloneCounts&) = delete;

  void add(std::string_view kind, uint64_t records = 1) {
    if (records == 0) return;
    const auto at = kinds_.find(kind);
    if (at != kinds_.end()) {
      at->second += records;
    } else if (kinds_.size() < kKindsMax && is_clean_text(kind)) {
      kinds_.emplace(kind, records);
    } else {
      kinds_[std::string(kOthers)] += records;
    }
  }

 private:
  EventSink& sink_;
  std::map<std::string, uint64_t, std::less<>> kinds_;
};

}  // namespace bellwether

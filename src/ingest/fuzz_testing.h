// SPDX-License-Identifier: Apache-2.0
// What the fuzz targets of adapters share. What a sink demands of an adapter stays with each of
// them.
#pragma once
#include <cstdlib>
#include <string_view>
#include <vector>

#include "ingest/adapter.h"

namespace bellwether {

// What does not hold ends the process, which the fuzzer reports with the input.
inline void require(bool holds) {
  if (!holds) std::abort();
}

// Shows one file that begins with `text` to the adapter's detection.
inline void fuzz_detection(const Adapter& adapter, std::string_view text) {
  class Sample final : public InputSample {
   public:
    explicit Sample(std::string_view head) : head_(head.substr(0, kHeadBytes)) {}
    const std::vector<Member>& members() const override { return members_; }
    std::string_view head(size_t /*member*/) const override { return head_; }

   private:
    std::string_view head_;
    std::vector<Member> members_{{"fuzz", 0}};
  };
  (void)adapter.detect(Sample(text));
}

}  // namespace bellwether

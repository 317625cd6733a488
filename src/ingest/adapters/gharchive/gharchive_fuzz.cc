// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file of events. Every line must come out as events that a store takes, as a reject
// with a reason, or be counted as left alone.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/adapters/gharchive/gharchive.h"
#include "ingest/fuzz_testing.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(event.provenance.record >= last_record_);
    records += event.provenance.record > last_record_ ? 1 : 0;
    last_record_ = event.provenance.record;
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty());
    require(reject.record > last_record_);
    last_record_ = reject.record;
    ++records;
    return {};
  }
  Result<void> profile(const AccountProfile& profile) override {
    require(!profile.account.empty());
    require(is_clean_text(profile.account.name) && is_clean_text(profile.display_name));
    require(is_clean_text(profile.url));
    return {};
  }
  Result<void> claim(const IdentityClaim& /*claim*/) override { std::abort(); }
  void left_alone(std::string_view kind, uint64_t count) override {
    require(is_clean_text(kind) && !kind.empty());
    records += count;
  }

  uint64_t records = 0;

 private:
  uint64_t last_record_ = 0;
};

void read(const std::string& text) {
  InputLimits limits;
  limits.record_bytes_max = 16 << 10;
  const std::unique_ptr<Input> input = memory_input("fuzz", text, limits);
  StrictSink sink;
  const Result<void> result = gharchive_adapter().read(*input, {}, sink);
  if (!result.ok()) {
    require(!result.error().message.empty());
    return;
  }
  uint64_t lines = 0;
  const Result<std::unique_ptr<ByteStream>> stream = input->open(0);
  require(stream.ok());
  const auto count = [&](uint64_t, auto) -> Result<void> {
    ++lines;
    return {};
  };
  require(for_each_line(**stream, limits, count, count).ok());
  require(sink.records == lines);
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  bellwether::fuzz_detection(bellwether::gharchive_adapter(), text);
  bellwether::read(text);
  return 0;
}

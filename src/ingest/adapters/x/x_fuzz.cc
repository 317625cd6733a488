// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file of an archive or an answer of the API. Every record must come out as events
// that a store takes or as a reject with a reason, in order and none left out.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/adapters/x/x.h"
#include "ingest/fuzz_testing.h"

namespace bellwether {
namespace {

class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(event.provenance.record == last_record_ || event.provenance.record == last_record_ + 1);
    last_record_ = event.provenance.record;
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty());
    require(reject.record == last_record_ + 1);
    last_record_ = reject.record;
    return {};
  }
  Result<void> profile(const AccountProfile& profile) override {
    require(!profile.account.empty() && is_clean_text(profile.account.name));
    require(is_clean_text(profile.display_name) && is_clean_text(profile.url));
    owners += profile.owner ? 1 : 0;
    require(owners <= 1);
    return {};
  }
  Result<void> claim(const IdentityClaim& /*claim*/) override { std::abort(); }
  void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override { std::abort(); }

  int owners = 0;
  uint64_t last_record() const { return last_record_; }

 private:
  uint64_t last_record_ = 0;
};

void read(const std::string& text, const std::string& account) {
  InputLimits limits;
  limits.record_bytes_max = 16 << 10;
  const std::unique_ptr<Input> input = memory_input("fuzz", text, limits);
  ReadOptions options;
  options.account = account;
  StrictSink sink;
  const Result<void> result = x_adapter().read(*input, options, sink);
  if (result.ok()) return;
  require(!result.error().message.empty());
  require(sink.last_record() == 0 || result.error().code == ErrorCode::kCorrupt ||
          result.error().code == ErrorCode::kLimit);
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  bellwether::fuzz_detection(bellwether::x_adapter(), text);
  bellwether::read(text, "");
  bellwether::read(text, "ana_q");
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Any bytes as Activity Streams, as one file and as an element of a collection, on one thread and
// on two, which must agree. Everything must come out as events that a store takes, as rejects with
// a reason, or be counted as left alone.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "ingest/adapters/activitystreams/activitystreams.h"
#include "ingest/adapters/activitystreams/reader.h"
#include "ingest/fuzz_testing.h"

namespace bellwether {
namespace {

// Also remembers, as a hash, everything that it was given.
class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(is_clean_text(event.native_id));
    require(event.provenance.record > 0);
    const EventId id = identify(event);
    add(id.high ^ (id.low * 3));
    for (const std::string_view topic : event.topics) {
      require(!topic.empty() && topic.size() <= kTopicBytesMax && is_clean_text(topic));
      add(hash64(topic));
    }
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty() && is_clean_text(reject.reason));
    require(reject.record > 0);
    add(hash64(reject.reason) + reject.record);
    return {};
  }
  Result<void> profile(const AccountProfile& profile) override {
    InteractionEvent event;
    event.account = profile.account;
    require(problem_with(event).empty());
    require(is_clean_text(profile.display_name) && is_clean_text(profile.url));
    add(hash64(profile.display_name));
    return {};
  }
  Result<void> claim(const IdentityClaim& /*claim*/) override { std::abort(); }
  void left_alone(std::string_view kind, uint64_t records) override {
    require(is_clean_text(kind) && !kind.empty() && kind.size() < 200);
    left_alone_ += hash64(kind) * records;
    ++given_;
  }

  uint64_t seen() const { return hash_ + left_alone_; }
  uint64_t given() const { return given_; }

 private:
  void add(uint64_t value) {
    hash_ = hash_ * 0x9e3779b97f4a7c15U + value;
    ++given_;
  }
  uint64_t hash_ = 0;
  uint64_t left_alone_ = 0;
  uint64_t given_ = 0;
};

StrictSink read(std::string_view text, unsigned threads, bool small) {
  InputLimits limits;
  if (small) limits.record_bytes_max = 200;
  const std::unique_ptr<Input> input = memory_input("fuzz", std::string(text), limits);
  ReadOptions options;
  options.threads = threads;
  StrictSink sink;
  const Result<void> outcome = activitystreams_adapter().read(*input, options, sink);
  if (!outcome.ok()) require(!outcome.error().message.empty());
  return sink;
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bellwether;
  const std::string text(reinterpret_cast<const char*>(data), size);
  (void)likeness_to_as2(text, true);
  (void)likeness_to_as2(text, false);
  const StrictSink one = read(text, 1, false);
  if (size > 0 && data[0] % 16 == '{' % 16) {
    const StrictSink two = read(text, 2, false);
    require(one.seen() == two.seen() && one.given() == two.given());
  }
  read(text, 1, true);
  const std::string whole = "{\"orderedItems\":[" + text + "]}";
  require(read(whole, 1, false).given() > 0);
  read(text + "\n" + text + "\n{}\n", 1, false);
  return 0;
}

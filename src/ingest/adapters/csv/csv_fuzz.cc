// SPDX-License-Identifier: Apache-2.0
// Any bytes as a table, by detection's eyes and with and without options. Every record must come
// out as an event that a store takes, as a reject with a reason, or be counted as left alone.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/adapters/csv/csv.h"
#include "ingest/adapters/csv/parse.h"
#include "ingest/fuzz_testing.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(event.provenance.record > last_record_);
    last_record_ = event.provenance.record;
    ++records;
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty());
    require(reject.record > last_record_);
    last_record_ = reject.record;
    ++records;
    return {};
  }
  Result<void> profile(const AccountProfile& /*profile*/) override { std::abort(); }
  Result<void> claim(const IdentityClaim& /*claim*/) override { std::abort(); }
  void left_alone(std::string_view kind, uint64_t count) override {
    require(is_clean_text(kind));
    if (kind.starts_with("verb ")) records += count;
  }

  uint64_t records = 0;

 private:
  uint64_t last_record_ = 0;
};

InputLimits small_limits() {
  InputLimits limits;
  limits.record_bytes_max = 4096;
  return limits;
}

// Records that the reader sees in a dialect; at least that many must be accounted for.
uint64_t count_records(const std::string& text, char separator) {
  MemoryStream stream(std::make_shared<const std::string>(text));
  CsvReader reader(stream, small_limits());
  reader.set_dialect({separator});
  CsvRecord record;
  uint64_t count = 0;
  uint64_t line = 0;
  for (;;) {
    const Result<bool> more = reader.next(record);
    require(more.ok());
    if (!*more) return count;
    require(record.line > line);
    line = record.line;
    require(record.problem.empty() != record.fields.empty());
    ++count;
  }
}

void read(const std::string& text, const ReadOptions& options) {
  const std::unique_ptr<Input> input = memory_input("fuzz", text, small_limits());
  StrictSink sink;
  const Result<void> result = csv_adapter().read(*input, options, sink);
  if (result.ok()) return;
  require(!result.error().message.empty());
  // Refused as a whole, or the bytes were compressed ones that broke off.
  require(sink.records == 0 || result.error().code == ErrorCode::kCorrupt ||
          result.error().code == ErrorCode::kLimit);
}

void read_with_columns(const std::string& text) {
  // Compressed bytes and byte order marks would make the two counts differ.
  if (text.starts_with("\x1f\x8b") || text.find('\xb5') != std::string::npos ||
      text.find("\x2a\x4d\x18") != std::string::npos || text.starts_with("\xef\xbb\xbf") ||
      text.find_first_of("#%") != std::string::npos) {
    return;
  }
  ReadOptions options;
  options.columns = {"actor", "target", "time", "verb"};
  options.verbs = {{"*", "message"}, {"x", "-"}};
  const std::unique_ptr<Input> input = memory_input("fuzz", text, small_limits());
  StrictSink sink;
  if (!csv_adapter().read(*input, options, sink).ok()) return;
  const uint64_t counts[] = {count_records(text, ','), count_records(text, ';'),
                             count_records(text, '\t'), count_records(text, ' ')};
  // A first row that is a header is no record.
  require(std::any_of(std::begin(counts), std::end(counts), [&](uint64_t count) {
    return sink.records == count || sink.records + 1 == count;
  }));
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  bellwether::fuzz_detection(bellwether::csv_adapter(), text);
  bellwether::read(text, {});
  bellwether::read_with_columns(text);
  return 0;
}

// SPDX-License-Identifier: Apache-2.0
// Any bytes as a table of a dump, after tables that are sound, so that every road between tables is
// open: each row must come out as an event that a store takes, as a reject with a reason, as a
// profile, or be counted.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/adapters/stackexchange/mapping.h"
#include "ingest/adapters/stackexchange/stackexchange.h"
#include "ingest/fuzz_testing.h"
#include "ingest/left_alone.h"
#include "ingest/streams.h"
#include "ingest/xml_rows.h"

namespace bellwether {
namespace {

class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(event.provenance.record > 0);
    ++told;
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty());
    ++told;
    return {};
  }
  Result<void> profile(const AccountProfile& profile) override {
    require(!profile.account.empty());
    require(is_clean_text(profile.display_name) && is_clean_text(profile.url));
    ++told;
    return {};
  }
  Result<void> claim(const IdentityClaim& /*claim*/) override { std::abort(); }
  void left_alone(std::string_view kind, uint64_t count) override {
    require(is_clean_text(kind) && count > 0);
    told += count;
  }

  uint64_t told = 0;
};

InputLimits small_limits() {
  InputLimits limits;
  limits.record_bytes_max = 4096;
  return limits;
}

constexpr std::array<std::string_view, 3> kBefore{
    R"(<users><row Id="1" DisplayName="Ana"/><row Id="2" DisplayName="Bo Lee"/></users>)",
    R"(<posts><row Id="1" PostTypeId="1" AcceptedAnswerId="2" OwnerUserId="1" Tags="|a|"/>)"
    R"(<row Id="2" PostTypeId="2" ParentId="1" OwnerUserId="2"/></posts>)",
    R"(<comments><row Id="1" PostId="1" UserId="2" Text="x"/></comments>)",
};

Result<void> read_rows(std::string_view text, SiteTable table, SiteMapper& mapper,
                       uint64_t* rows = nullptr) {
  MemoryStream stream(std::make_shared<const std::string>(text));
  const InputLimits limits = small_limits();
  uint64_t last = 0;
  return for_each_xml_row(stream, limits, "fuzz", [&](const XmlRow& row) {
    // A row may be followed by one report of what strays behind it.
    require(row.number == last + 1 || (row.number == last && !row.problem.empty()));
    last = row.number;
    if (rows != nullptr) ++*rows;
    return mapper.row(table, row);
  });
}

void read_as(std::string_view text, SiteTable table) {
  StrictSink sink;
  uint64_t rows = 0;
  {
    LeftAloneCounts left_alone(sink);
    SiteMapper mapper("fuzz.example", sink, left_alone);
    for (size_t i = 0; i < kBefore.size() && i < static_cast<size_t>(table); ++i) {
      require(read_rows(kBefore[i], static_cast<SiteTable>(i), mapper).ok());
    }
    const Result<void> result = read_rows(text, table, mapper, &rows);
    require(result.ok() || result.error().code == ErrorCode::kCorrupt);
    require(mapper.finish().ok());
  }
  require(sink.told >= rows);
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bellwether;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const SiteTable table :
       {SiteTable::kUsers, SiteTable::kPosts, SiteTable::kComments, SiteTable::kVotes}) {
    read_as(text, table);
  }
  const std::unique_ptr<Input> input = memory_input("site/fuzz.xml", text, small_limits());
  StrictSink sink;
  const Result<void> result = stackexchange_adapter().read(*input, {}, sink);
  require(result.ok() || !result.error().message.empty());
  return 0;
}

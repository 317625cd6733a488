// SPDX-License-Identifier: Apache-2.0
// Any bytes as what git prints of a repository: first a .mailmap up to a NUL, then the output of
// `cat-file --batch`. And the same bytes as one commit, so that not every input has to get its
// lengths right. Each commit must come out as events that a store takes or as a reject.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "ingest/adapters/git/commit.h"
#include "ingest/adapters/git/mailmap.h"
#include "ingest/adapters/git/mapping.h"
#include "ingest/fuzz_testing.h"
#include "ingest/left_alone.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(event.provenance.record > 0);
    require(!event.native_id.empty());
    if (event.verb == Verb::kMention) require(event.target != event.account);
    posts += event.verb == Verb::kPost && event.object.find('#') == std::string_view::npos ? 1 : 0;
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty());
    ++rejects;
    return {};
  }
  Result<void> profile(const AccountProfile& profile) override {
    require(!profile.account.empty() && is_clean_text(profile.account.name));
    require(is_clean_text(profile.display_name) && is_clean_text(profile.url));
    return {};
  }
  Result<void> claim(const IdentityClaim& claim) override {
    require(is_clean_text(claim.account.name) && is_clean_text(claim.same_as.name));
    require(!claim.same_as.name.empty());
    return {};
  }
  void left_alone(std::string_view kind, uint64_t count) override {
    require(is_clean_text(kind) && count > 0);
  }

  uint64_t posts = 0;
  uint64_t rejects = 0;
};

InputLimits small_limits() {
  InputLimits limits;
  limits.record_bytes_max = 1024;
  return limits;
}

void read_batch(std::string_view text) {
  const size_t nul = text.find('\0');
  const std::string_view mailmap = text.substr(0, nul);
  const std::string_view batch = nul == std::string_view::npos ? text : text.substr(nul + 1);
  MemoryStream stream(std::make_shared<const std::string>(batch));
  const InputLimits limits = small_limits();
  GitObjectReader reader(stream, limits);
  StrictSink sink;
  uint64_t objects = 0;
  {
    LeftAloneCounts left_alone(sink);
    GitMapper mapper(Mailmap::parse(mailmap), repository_topic(mailmap.substr(0, 100), batch), sink,
                     left_alone);
    GitObjectReader::Object object;
    for (;;) {
      const Result<bool> more = reader.next(object);
      require(more.ok() || more.error().code == ErrorCode::kCorrupt);
      if (!more.ok() || !*more) break;
      require(object.number == ++objects);
      require(mapper.commit(object).ok());
    }
    require(mapper.finish().ok());
  }
  require(sink.posts + sink.rejects == objects);
}

void read_commit(std::string_view text) {
  StrictSink sink;
  {
    LeftAloneCounts left_alone(sink);
    GitMapper mapper(Mailmap::parse(text), "kiln", sink, left_alone);
    GitObjectReader::Object object;
    object.number = 1;
    object.hash = "0123456789012345678901234567890123456789";
    object.bytes = text;
    // Twice, so that what it reverts is there.
    require(mapper.commit(object).ok());
    require(mapper.commit(object).ok());
    require(mapper.finish().ok());
  }
  require(sink.posts + sink.rejects == 2);
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  bellwether::read_batch(text);
  bellwether::read_commit(text);
  return 0;
}

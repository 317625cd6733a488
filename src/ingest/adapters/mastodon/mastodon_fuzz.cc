// SPDX-License-Identifier: Apache-2.0
// Any bytes as the files of an archive: those up to the first 0xff are actor.json, those up to the
// next likes.json, then bookmarks.json, and the rest outbox.json. Everything must come out as
// events that a store takes, as rejects with a reason, or be counted as left alone.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/adapters/mastodon/mastodon.h"
#include "ingest/fuzz_testing.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

class StrictSink final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    require(problem_with(event).empty());
    require(is_clean_text(event.native_id) && event.provenance.record > 0);
    return {};
  }
  Result<void> reject(const Reject& reject) override {
    require(!reject.reason.empty() && is_clean_text(reject.reason) && reject.record > 0);
    return {};
  }
  Result<void> profile(const AccountProfile& profile) override {
    InteractionEvent event;
    event.account = profile.account;
    require(problem_with(event).empty());
    require(is_clean_text(profile.display_name) && is_clean_text(profile.url));
    return {};
  }
  Result<void> claim(const IdentityClaim& /*claim*/) override { std::abort(); }
  void left_alone(std::string_view kind, uint64_t records) override {
    require(is_clean_text(kind) && !kind.empty() && records > 0);
  }
};

class Files final : public Input {
 public:
  explicit Files(std::vector<std::pair<std::string, std::string>> files) {
    for (auto& [name, text] : files) {
      members_.push_back({name, text.size()});
      texts_.push_back(std::make_shared<const std::string>(std::move(text)));
    }
  }
  const std::string& path() const override { return path_; }
  const std::vector<Member>& members() const override { return members_; }
  const std::vector<LeftOut>& left_out() const override { return left_out_; }
  const InputLimits& limits() const override { return limits_; }
  uint64_t bytes_read() const override { return 0; }
  uint64_t bytes_total() const override { return 0; }
  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    return std::unique_ptr<ByteStream>(std::make_unique<MemoryStream>(texts_[member]));
  }

 private:
  std::string path_ = "fuzz";
  std::vector<Member> members_;
  std::vector<LeftOut> left_out_;
  InputLimits limits_;
  std::vector<std::shared_ptr<const std::string>> texts_;
};

class Sample final : public InputSample {
 public:
  Sample(const std::vector<Member>& members, std::string_view head)
      : members_(members), head_(head.substr(0, kHeadBytes)) {}
  const std::vector<Member>& members() const override { return members_; }
  std::string_view head(size_t /*member*/) const override { return head_; }

 private:
  const std::vector<Member>& members_;
  std::string_view head_;
};

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bellwether;
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::vector<std::pair<std::string, std::string>> files;
  for (const char* name : {"actor.json", "likes.json", "bookmarks.json", "outbox.json"}) {
    const bool last = std::string_view(name) == "outbox.json";
    const size_t end = last ? rest.size() : std::min(rest.find('\xff'), rest.size());
    if (end > 0) files.emplace_back(name, std::string(rest.substr(0, end)));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  Files input(std::move(files));
  (void)mastodon_adapter().detect(
      Sample(input.members(), {reinterpret_cast<const char*>(data), size}));
  for (const char* account : {"", "ana@tern.example"}) {
    ReadOptions options;
    options.account = account;
    StrictSink sink;
    const Result<void> outcome = mastodon_adapter().read(input, options, sink);
    if (!outcome.ok()) require(!outcome.error().message.empty());
  }
  return 0;
}

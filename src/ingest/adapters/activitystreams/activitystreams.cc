// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/activitystreams.h"

#include <fmt/core.h>

#include <algorithm>
#include <memory>

#include "ingest/adapters/activitystreams/reader.h"

namespace bellwether {
namespace {

class ActivityStreamsAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo{
        "activitystreams",
        "Activity Streams 2.0: activities one a line, documents, collections",
        {Verb::kPost, Verb::kReply, Verb::kReshare, Verb::kQuote, Verb::kReact, Verb::kMention,
         Verb::kFollow, Verb::kList, Verb::kSubscribe, Verb::kMessage, Verb::kUndo},
        2};
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    if (sample.members().size() != 1) return Likeness::kNo;
    const std::string_view head = sample.head(0);
    return likeness_to_as2(head, head.size() < kHeadBytes);
  }

  Result<void> read(Input& input, const ReadOptions& options, EventSink& sink) const override {
    if (input.members().size() != 1) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} holds {} files, and activitystreams reads one at a time; give "
                               "each file by its own path",
                               input.path(), input.members().size())};
    }
    BW_ASSIGN(const std::string network, As2Mapper::network_of(options.network, "activitystreams"));
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input.open(0));
    As2Filter filter(sink);
    RecordPipeline pipeline(
        std::max(options.threads, 1U), [&] { return std::make_unique<As2RecordReader>(network); },
        filter);
    uint64_t records = 0;
    Result<void> outcome =
        add_as2_records(*stream, input.limits(), input.path(), pipeline, records);
    const bool broke_off = !outcome.ok() && (outcome.error().code == ErrorCode::kCorrupt ||
                                             outcome.error().code == ErrorCode::kLimit);
    if (!outcome.ok() && !broke_off) return outcome;
    // What came before the bytes broke off is good.
    BW_TRY(pipeline.finish());
    return outcome;
  }
};

}  // namespace

const Adapter& activitystreams_adapter() {
  static const ActivityStreamsAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether

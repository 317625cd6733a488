// SPDX-License-Identifier: Apache-2.0
// From a stream of bytes to records, and from records to what they state: shared by the adapters
// whose networks speak Activity Streams.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/adapter.h"
#include "ingest/adapters/activitystreams/mapping.h"
#include "ingest/adapters/activitystreams/parse.h"
#include "ingest/input.h"
#include "ingest/record_pipeline.h"

namespace bellwether {

// Reads one record; its kind is an As2Place.
class As2RecordReader : public RecordReader {
 public:
  explicit As2RecordReader(std::string network) : mapper_(std::move(network)) {}
  void read(const RawRecord& record, TextArena& arena, EventSink& out) override;

 private:
  As2Parser parser_;
  As2Mapper mapper_;
};

// Adds every record of `stream` to `pipeline`, with an As2Place as its kind: lines, where it is a
// file of lines that are objects; else documents, one after the other, collections and arrays
// element by element. Records are numbered by line or by element.
//
// A document that the vocabulary refuses as a whole is one reject, and none of its elements is
// taken, unless it is longer than record_bytes_max and what is wrong with it stands after them.
// `records` is how many there were before in this source, and after the call how many there are.
// One that is malformed or cut off is a reject too, and ends the reading.
// kCorrupt: that, where records came before it; these were added. `label` names the stream then.
// Otherwise errors of the stream and of the pipeline.
Result<void> add_as2_records(ByteStream& stream, const InputLimits& limits,
                             const std::string& label, RecordPipeline& pipeline, uint64_t& records);

// Whether the first bytes of a file look like this vocabulary. kCertain: its context is there;
// kLikely: an activity of its words without context; kPossible: nothing in it is foreign.
// `whole`: there are no further bytes.
Likeness likeness_to_as2(std::string_view head, bool whole);

// Passes on what it is given, but each profile only when it says something else than the one
// before, since activities repeat their actor's; and no more than a few hundred kinds of what was
// left alone, because records choose their words.
class As2Filter final : public EventSink {
 public:
  explicit As2Filter(EventSink& sink) : sink_(sink) {}

  Result<void> event(const InteractionEvent& event) override { return sink_.event(event); }
  Result<void> reject(const Reject& reject) override { return sink_.reject(reject); }
  Result<void> profile(const AccountProfile& profile) override;
  Result<void> claim(const IdentityClaim& claim) override { return sink_.claim(claim); }
  void left_alone(std::string_view kind, uint64_t records) override;

 private:
  EventSink& sink_;
  std::unordered_map<uint64_t, uint64_t> profiles_;  // by hash of the account, of what was said
  std::unordered_map<std::string, bool> kinds_;
};

}  // namespace bellwether

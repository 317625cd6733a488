// SPDX-License-Identifier: Apache-2.0
// Reads records (lines, elements) on several threads and gives what they state to a sink on the
// caller's, in the order of the records: the outcome does not depend on the number of threads.
//
// Records travel in batches of about 256 KiB of text, which stay in the processor's cache between
// being copied, understood and handed on.
#pragma once
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/arena.h"

namespace bellwether {

struct RawRecord {
  uint64_t number = 0;     // in its source, from 1
  std::string_view bytes;  // followed by RecordReader::kPadding readable bytes
  uint32_t kind = 0;       // whatever the adapter wants to know of it
};

// What an adapter does with one record. Each thread has one of its own.
class RecordReader {
 public:
  static constexpr size_t kPadding = 64;  // as far as simdjson looks beyond a text

  virtual ~RecordReader() = default;
  // Gives everything that `record` states to `out`, which takes all. Views may point into the
  // record's bytes, into `arena`, or to what lives as long as this reader; they are used until the
  // batch has been delivered.
  virtual void read(const RawRecord& record, TextArena& arena, EventSink& out) = 0;
};

class RecordPipeline {
 public:
  // Borrows `sink`. threads >= 1: with 1 everything runs on the caller's thread, with more that
  // many threads read while the caller's feeds the sink.
  RecordPipeline(unsigned threads,
                 const std::function<std::unique_ptr<RecordReader>()>& make_reader,
                 EventSink& sink);
  ~RecordPipeline();
  RecordPipeline(const RecordPipeline&) = delete;
  RecordPipeline& operator=(const RecordPipeline&) = delete;

  // Copies the record. An error is the sink's, perhaps about an earlier record: add no more then.
  Result<void> add(uint64_t number, std::string_view bytes, uint32_t kind);
  // A record that could not even be taken whole. `reason` is a literal.
  Result<void> reject(uint64_t number, std::string_view reason);
  // Delivers all that is under way; errors as for add().
  Result<void> finish();

 private:
  struct Batch;
  class Workers;

  Result<void> submit();
  Result<void> deliver_oldest();

  EventSink& sink_;
  std::unique_ptr<RecordReader> reader_;  // with one thread
  std::unique_ptr<Batch> filling_;
  std::vector<std::unique_ptr<Batch>> idle_;
  std::deque<std::unique_ptr<Batch>> under_way_;  // oldest first
  size_t under_way_max_;
  std::unique_ptr<Workers> workers_;  // with more threads; joined before the batches die
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/record_pipeline.h"

#include <cassert>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include "ingest/event_batch.h"

namespace bellwether {
namespace {

constexpr size_t kBatchBytes = 256 << 10;
constexpr size_t kBatchRecords = 16 << 10;

}  // namespace

struct RecordPipeline::Batch {
  struct Place {
    uint64_t number;
    size_t offset;
    size_t size;
    uint32_t kind;
    std::string_view problem;  // not empty: a reject already
  };

  std::string bytes;
  std::vector<Place> records;
  TextArena arena;
  EventBatch out;
  bool done = false;  // guarded by the workers' mutex

  bool full() const { return bytes.size() >= kBatchBytes || records.size() >= kBatchRecords; }

  void read(RecordReader& reader) {
    bytes.append(RecordReader::kPadding, ' ');
    for (const Place& place : records) {
      if (!place.problem.empty()) {
        // A batch takes everything.
        (void)out.reject({place.number, 0, place.problem, {}});
        continue;
      }
      const std::string_view text = std::string_view(bytes).substr(place.offset, place.size);
      reader.read({place.number, text, place.kind}, arena, out);
    }
  }

  void clear() {
    bytes.clear();
    if (bytes.capacity() > 4 * kBatchBytes) bytes.shrink_to_fit();
    records.clear();
    arena.clear();
    done = false;
  }
};

class RecordPipeline::Workers {
 public:
  Workers(unsigned threads, const std::function<std::unique_ptr<RecordReader>()>& make_reader) {
    for (unsigned i = 0; i < threads; ++i) readers_.push_back(make_reader());
    for (const std::unique_ptr<RecordReader>& reader : readers_) {
      threads_.emplace_back([this, &reader] { work(*reader); });
    }
  }
  ~Workers() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& thread : threads_) thread.join();
  }
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  void submit(Batch& batch) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(&batch);
    }
    wake_.notify_one();
  }
  void wait_for(const Batch& batch) {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [&] { return batch.done; });
  }

 private:
  void work(RecordReader& reader) {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stop_ || !waiting_.empty(); });
      if (stop_) return;
      Batch& batch = *waiting_.front();
      waiting_.pop_front();
      lock.unlock();
      batch.read(reader);
      lock.lock();
      batch.done = true;
      done_.notify_one();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  std::deque<Batch*> waiting_;
  bool stop_ = false;
  std::vector<std::unique_ptr<RecordReader>> readers_;
  std::vector<std::thread> threads_;
};

RecordPipeline::RecordPipeline(unsigned threads,
                               const std::function<std::unique_ptr<RecordReader>()>& make_reader,
                               EventSink& sink)
    : sink_(sink), filling_(std::make_unique<Batch>()), under_way_max_(2 * size_t{threads} + 1) {
  assert(threads >= 1);
  if (threads == 1) {
    reader_ = make_reader();
  } else {
    workers_ = std::make_unique<Workers>(threads, make_reader);
  }
}

RecordPipeline::~RecordPipeline() = default;

Result<void> RecordPipeline::add(uint64_t number, std::string_view bytes, uint32_t kind) {
  Batch& batch = *filling_;
  batch.records.push_back({number, batch.bytes.size(), bytes.size(), kind, {}});
  batch.bytes.append(bytes);
  return batch.full() ? submit() : Result<void>();
}

Result<void> RecordPipeline::reject(uint64_t number, std::string_view reason) {
  filling_->records.push_back({number, 0, 0, 0, reason});
  return filling_->full() ? submit() : Result<void>();
}

Result<void> RecordPipeline::submit() {
  if (filling_->records.empty()) return {};
  if (workers_ == nullptr) {
    filling_->read(*reader_);
    Result<void> outcome = filling_->out.deliver(sink_);
    filling_->clear();
    return outcome;
  }
  workers_->submit(*filling_);
  under_way_.push_back(std::move(filling_));
  if (idle_.empty()) {
    filling_ = std::make_unique<Batch>();
  } else {
    filling_ = std::move(idle_.back());
    idle_.pop_back();
  }
  return under_way_.size() < under_way_max_ ? Result<void>() : deliver_oldest();
}

Result<void> RecordPipeline::deliver_oldest() {
  std::unique_ptr<Batch> batch = std::move(under_way_.front());
  workers_->wait_for(*batch);
  under_way_.pop_front();
  Result<void> outcome = batch->out.deliver(sink_);
  batch->clear();
  idle_.push_back(std::move(batch));
  return outcome;
}

Result<void> RecordPipeline::finish() {
  BW_TRY(submit());
  while (!under_way_.empty()) BW_TRY(deliver_oldest());
  return {};
}

}  // namespace bellwether

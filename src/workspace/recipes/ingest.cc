// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/ingest.h"

#include <fmt/format.h>

#include <memory>
#include <numeric>

#include "workspace/recipes/erased_guard.h"

namespace bellwether {
namespace {

constexpr Instant kPlausibleFrom{315'532'800'000};  // 1980-01-01
constexpr uint64_t kRecordsPerProgress = 8192;

// Stands between an adapter and the log: refuses what no clock can have said, and tells how far it
// is.
class WatchedSink : public EventSink {
 public:
  WatchedSink(EventSink& writer, Instant observed, std::function<void()> tick)
      : writer_(writer), latest_(Instant{observed.ms + kMsPerDay}), tick_(std::move(tick)) {}

  Result<void> event(const InteractionEvent& event) override {
    tick();
    if (event.published.known()) {
      if (event.published < kPlausibleFrom) return refuse(event, "time lies before 1980");
      if (event.published > latest_) {
        return refuse(event, "time lies more than a day after it was read");
      }
    }
    return watched(writer_.event(event));
  }
  Result<void> reject(const Reject& reject) override {
    tick();
    return watched(writer_.reject(reject));
  }
  Result<void> profile(const AccountProfile& profile) override {
    return watched(writer_.profile(profile));
  }
  Result<void> claim(const IdentityClaim& claim) override { return watched(writer_.claim(claim)); }
  void left_alone(std::string_view kind, uint64_t records) override {
    tick();
    writer_.left_alone(kind, records);
  }

  // True once the log took something no more: then an error is its own and not the input's.
  bool log_failed() const { return log_failed_; }

 private:
  Result<void> watched(Result<void> result) {
    log_failed_ = log_failed_ || !result.ok();
    return result;
  }
  void tick() {
    if (++records_ % kRecordsPerProgress == 0) tick_();
  }
  Result<void> refuse(const InteractionEvent& event, std::string_view reason) {
    return watched(
        writer_.reject({event.provenance.record, event.provenance.record_hash, reason, {}}));
  }

  EventSink& writer_;
  Instant latest_;
  std::function<void()> tick_;
  uint64_t records_ = 0;
  bool log_failed_ = false;
};

class Ingestion {
 public:
  Ingestion(Workspace& workspace, const IngestRequest& request,
            const std::function<void(const IngestProgress&)>& progress)
      : workspace_(workspace), request_(request), progress_(progress) {}

  Result<IngestResult> run() {
    if (!request_.source.empty() && find_adapter(request_.source) == nullptr) {
      return unknown_source(request_.source);
    }
    for (const std::string& path : request_.paths) {
      auto input = open_input(path, request_.limits);
      if (!input.ok()) {
        set_aside(path, input.error());
        continue;
      }
      for (const LeftOut& out : (*input)->left_out()) {
        result_.left_out.push_back({below(path, out.name), out.reason});
      }
      BW_TRY(take(std::shared_ptr<Input>(std::move(*input)), path));
    }
    if (writer_) BW_TRY(writer_->finish());
    return std::move(result_);
  }

 private:
  // Reads one input whole if an adapter knows it, else its members one by one.
  Result<void> take(const std::shared_ptr<Input>& input, const std::string& label) {
    auto adapter = choose(*input);
    if (adapter.ok()) return read(**adapter, *input, label);
    if (input->members().size() < 2) {
      set_aside(label, adapter.error());
      return {};
    }
    for (size_t member = 0; member < input->members().size(); ++member) {
      const std::shared_ptr<Input> single = single_member(input, member);
      BW_TRY(take(single, below(label, input->members()[member].name)));
    }
    return {};
  }

  void set_aside(const std::string& path, const Error& error) {
    result_.unusable.push_back({path, error.message});
    result_.system_refused = result_.system_refused || error.code == ErrorCode::kIo;
  }

  static std::string below(const std::string& folder, const std::string& name) {
    return folder.ends_with('/') ? folder + name : folder + '/' + name;
  }

  Result<const Adapter*> choose(Input& input) const {
    if (request_.source.empty()) return detect_adapter(input);
    const Adapter* adapter = find_adapter(request_.source);
    if (input.members().size() < 2) return adapter;
    // Of several files one adapter may make a whole, or each is read by it alone.
    BW_ASSIGN(const Adapter* const whole, detect_adapter(input));
    if (whole == adapter) return adapter;
    return Error{ErrorCode::kUnusable, "not of one piece"};
  }

  static Error unknown_source(const std::string& name) {
    std::string known;
    for (const Adapter* each : adapters()) {
      known += fmt::format("{}{}", known.empty() ? "" : ", ", each->info().name);
    }
    return {ErrorCode::kInvalidArgument,
            fmt::format("no source is called '{}'; there are {}", name, known)};
  }

  Result<void> read(const Adapter& adapter, Input& input, const std::string& label) {
    if (!writer_) {
      BW_ASSIGN(writer_, workspace_.store().begin_unit());
      result_.unit = writer_->unit();
    }
    const Instant observed = workspace_.now();
    SourceInfo info{label, std::string(adapter.info().name), adapter.info().mapping_version, false};
    BW_TRY(writer_->begin_source(info, observed));
    IngestProgress progress{label, 0, input.bytes_total(), &writer_->report(), false};
    const auto tell = [&] {
      progress.bytes_read = input.bytes_read();
      if (progress_) progress_(progress);
    };
    BW_ASSIGN(Erased erased, workspace_.registry().erased());
    ErasedGuard guard(*writer_, std::move(erased));
    WatchedSink sink(guard, observed, tell);
    Result<void> outcome = adapter.read(input, request_.read, sink);
    SourceState state = SourceState::kComplete;
    std::string message;
    if (!outcome.ok()) {
      // What the log refuses is the whole run's trouble; what the input lacks is its own.
      if (sink.log_failed()) return outcome;
      result_.system_refused = result_.system_refused || outcome.error().code == ErrorCode::kIo;
      state = SourceState::kBroken;
      message = outcome.error().message;
    }
    BW_TRY(writer_->end_source(state, message));
    result_.sources.push_back(writer_->report());
    progress.report = &result_.sources.back();
    progress.source_done = true;
    tell();
    return {};
  }

  Workspace& workspace_;
  const IngestRequest& request_;
  const std::function<void(const IngestProgress&)>& progress_;
  std::unique_ptr<UnitWriter> writer_;
  IngestResult result_;
};

}  // namespace

uint64_t IngestResult::accepted() const {
  return std::accumulate(sources.begin(), sources.end(), uint64_t{0},
                         [](uint64_t sum, const auto& s) { return sum + s.accepted; });
}

uint64_t IngestResult::rejected() const {
  return std::accumulate(sources.begin(), sources.end(), uint64_t{0},
                         [](uint64_t sum, const auto& s) { return sum + s.rejected; });
}

Result<IngestResult> ingest(Workspace& workspace, const IngestRequest& request,
                            const std::function<void(const IngestProgress&)>& progress) {
  return Ingestion(workspace, request, progress).run();
}

}  // namespace bellwether

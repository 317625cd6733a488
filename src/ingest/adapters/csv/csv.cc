// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/csv/csv.h"

#include <fmt/core.h>

#include <memory>

#include "base/hash.h"
#include "ingest/adapters/csv/columns.h"
#include "ingest/adapters/csv/mapping.h"
#include "ingest/adapters/csv/parse.h"
#include "ingest/left_alone.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

constexpr size_t kSniffBytes = 256 << 10;

class CsvAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo = [] {
      AdapterInfo info{"csv", "tables of acts: CSV, TSV, edge lists", {}, 1};
      for (auto v = static_cast<uint8_t>(kVerbFirst); v <= static_cast<uint8_t>(kVerbLast); ++v) {
        info.verbs.push_back(static_cast<Verb>(v));
      }
      return info;
    }();
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    if (sample.members().size() != 1) return Likeness::kNo;
    const std::string_view head = sample.head(0);
    MemoryStream stream(std::make_shared<const std::string>(head));
    CsvReader reader(stream, InputLimits{});
    if (const Result<uint64_t> comments = reader.skip_comments(); !comments.ok()) {
      return Likeness::kNo;
    }
    const std::string_view text = reader.peek(head.size());
    const bool whole = head.size() < kHeadBytes;
    if (is_no_table(text)) return Likeness::kNo;
    const Result<CsvPlan> plan = plan_csv(text, whole, {});
    if (plan.ok() && plan->inferred) return Likeness::kLikely;
    if (plan.ok() && plan->columns.says_whom()) return Likeness::kCertain;
    // The operator may know better: reading it says which option would mend it.
    return looks_like_table(text, whole) ? Likeness::kPossible : Likeness::kNo;
  }

  Result<void> read(Input& input, const ReadOptions& options, EventSink& sink) const override {
    if (input.members().size() != 1) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} holds {} files, and csv reads one table at a time; give each "
                               "file by its own path",
                               input.path(), input.members().size())};
    }
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input.open(0));
    CsvReader reader(*stream, input.limits());
    BW_ASSIGN(const uint64_t comments, reader.skip_comments());
    CsvRecord record;
    const std::string_view text = reader.peek(kSniffBytes);
    Result<CsvPlan> plan = plan_csv(text, text.size() < kSniffBytes, options);
    if (!plan.ok()) {
      // Where the stream broke off before there was enough to see, that is what to say.
      for (bool more = text.size() < kSniffBytes; more;) {
        BW_ASSIGN(more, reader.next(record));
      }
      return Error{plan.error().code, fmt::format("{}: {}", input.path(), plan.error().message)};
    }
    BW_ASSIGN(CsvMapper mapper, CsvMapper::create(plan->columns, options));
    reader.set_dialect(plan->dialect);
    LeftAloneCounts left_alone(sink);
    left_alone.add("comment line", comments);
    if (plan->has_header) {
      BW_ASSIGN(const bool more, reader.next(record));
      if (!more) return {};
    }
    return read_rows(reader, plan->columns, mapper, left_alone, sink);
  }

 private:
  static Result<void> read_rows(CsvReader& reader, const CsvColumns& columns, CsvMapper& mapper,
                                LeftAloneCounts& left_alone, EventSink& sink) {
    CsvRecord record;
    uint64_t rows = 0;
    Result<void> outcome;
    for (;;) {
      const Result<bool> more = reader.next(record);
      if (!more.ok()) {
        outcome = more.error();
        break;
      }
      if (!*more) break;
      ++rows;
      if (outcome = take_row(record, mapper, left_alone, sink); !outcome.ok()) break;
    }
    for (const std::string& column : columns.unread) {
      left_alone.add(fmt::format("column {}", column), rows);
    }
    return outcome;
  }

  static Result<void> take_row(const CsvRecord& record, CsvMapper& mapper,
                               LeftAloneCounts& left_alone, EventSink& sink) {
    switch (mapper.map(record)) {
      case CsvMapper::Outcome::kEvent:
        left_alone.add("topic that cannot be read", mapper.topics_left_out());
        return sink.event(mapper.event());
      case CsvMapper::Outcome::kReject:
        return sink.reject({record.line, hash64(record.bytes), mapper.reason(), record.bytes});
      case CsvMapper::Outcome::kSkip:
        left_alone.add(mapper.skipped(), 1);
        return {};
    }
    return {};
  }
};

}  // namespace

const Adapter& csv_adapter() {
  static const CsvAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether

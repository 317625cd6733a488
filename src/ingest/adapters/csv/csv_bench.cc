// SPDX-License-Identifier: Apache-2.0
// Rows a second of the csv adapter into a sink that only counts, on one thread, beside two floors:
// finding the line ends, and libcsv alone.
//
// The table is made of `account account time verb` in the proportions of a retweet log; its bytes
// depend on the seed below only. With BELLWETHER_BENCH_SMALL it is a hundredth.
#include <benchmark/benchmark.h>
#include <csv.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <random>
#include <string>

#include "ingest/adapters/csv/csv.h"

namespace bellwether {
namespace {

constexpr uint64_t kSeed = 20120704;

uint64_t rows() { return std::getenv("BELLWETHER_BENCH_SMALL") == nullptr ? 2'000'000 : 20'000; }

// The same rows in two spellings: `1 2 3 RT`, and `"1","2","3","RT"`.
std::string make_table(bool quoted) {
  std::mt19937_64 random(kSeed);
  const std::string begin = quoted ? "\"" : "";
  const std::string between = quoted ? "\",\"" : " ";
  const std::string end = quoted ? "\"\n" : "\n";
  std::string text;
  for (uint64_t i = 0; i < rows(); ++i) {
    const uint64_t draw = random() % 100;
    text += begin + std::to_string(random() % 450'000) + between +
            std::to_string(random() % 450'000) + between + std::to_string(1'341'100'972 + i / 10) +
            between + (draw < 63 ? "RT" : (draw < 93 ? "MT" : "RE")) + end;
  }
  return text;
}

class Counter final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    ++events;
    hash += event.provenance.record_hash;
    return {};
  }
  Result<void> reject(const Reject& /*reject*/) override {
    return Error{ErrorCode::kInvalidArgument, "no row of this table is bad"};
  }
  Result<void> profile(const AccountProfile& /*profile*/) override { return {}; }
  Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
  void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}

  uint64_t events = 0;
  uint64_t hash = 0;
};

void say_rate(benchmark::State& state, const std::string& text) {
  const auto runs = static_cast<int64_t>(state.iterations());
  state.SetItemsProcessed(runs * static_cast<int64_t>(rows()));
  state.SetBytesProcessed(runs * static_cast<int64_t>(text.size()));
}

void read_adapter(benchmark::State& state, bool quoted) {
  const std::string text = make_table(quoted);
  uint64_t hash = 0;
  for (auto _ : state) {
    const std::unique_ptr<Input> input = memory_input("table", text, {});
    Counter sink;
    const Result<void> result = csv_adapter().read(*input, {}, sink);
    if (!result.ok() || sink.events != rows()) {
      state.SkipWithError("the table was not read whole");
      return;
    }
    hash = sink.hash;
  }
  state.SetLabel("hash " + std::to_string(hash));
  say_rate(state, text);
}

void CsvAdapterPlain(benchmark::State& state) { read_adapter(state, false); }
void CsvAdapterQuoted(benchmark::State& state) { read_adapter(state, true); }

void FloorLineEnds(benchmark::State& state) {
  const std::string text = make_table(false);
  for (auto _ : state) {
    uint64_t lines = 0;
    for (size_t at = text.find('\n'); at != std::string::npos; at = text.find('\n', at + 1)) {
      ++lines;
    }
    benchmark::DoNotOptimize(lines);
  }
  say_rate(state, text);
}

void PeerLibcsv(benchmark::State& state) {
  const std::string text = make_table(true);
  for (auto _ : state) {
    csv_parser parser;
    csv_init(&parser, CSV_STRICT);
    uint64_t count = 0;
    csv_parse(
        &parser, text.data(), text.size(), [](void*, size_t, void*) {},
        [](int, void* counted) { ++*static_cast<uint64_t*>(counted); }, &count);
    csv_free(&parser);
    if (count != rows()) state.SkipWithError("libcsv lost rows");
  }
  say_rate(state, text);
}

BENCHMARK(CsvAdapterPlain)->Unit(benchmark::kMillisecond);
BENCHMARK(CsvAdapterQuoted)->Unit(benchmark::kMillisecond);
BENCHMARK(FloorLineEnds)->Unit(benchmark::kMillisecond);
BENCHMARK(PeerLibcsv)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bellwether

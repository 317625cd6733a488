// SPDX-License-Identifier: Apache-2.0
// Activities a second of the activitystreams adapter into a sink that only counts, on one thread
// and on two, beside two floors: finding the line ends, and simdjson's first pass over each line.
//
// The lines are likes, reshares, replies with mentions and tags, and follows, in the proportions of
// a busy server; their bytes depend on the seed below only. With BELLWETHER_BENCH_SMALL there are a
// hundredth of them.
#include <benchmark/benchmark.h>
#include <fmt/core.h>
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <random>
#include <string>

#include "ingest/adapters/activitystreams/activitystreams.h"

namespace bellwether {
namespace {

constexpr uint64_t kSeed = 20310301;

uint64_t lines() { return std::getenv("BELLWETHER_BENCH_SMALL") == nullptr ? 500'000 : 5'000; }

const std::string& text() {
  static const std::string kText = [] {
    std::mt19937_64 random(kSeed);
    std::string out;
    for (uint64_t i = 0; i < lines(); ++i) {
      const uint64_t u = random() % 100'000;
      const uint64_t v = random() % 100'000;
      const std::string actor = fmt::format("https://host{}.example/users/user{}", u % 200, u);
      const std::string other = fmt::format("https://host{}.example/users/user{}", v % 200, v);
      const std::string object =
          fmt::format("{}/statuses/{}", other, 100'000'000 + random() % 1'000'000);
      const std::string time =
          to_string(Instant{1'900'000'000'000 + static_cast<int64_t>(i) * 3000});
      const uint64_t draw = random() % 100;
      const std::string begin = fmt::format(
          R"({{"@context":"https://www.w3.org/ns/activitystreams","id":"{}/activities/{}","actor":"{}","published":"{}",)",
          actor, i, actor, time);
      if (draw < 35) {
        out += fmt::format(
            R"({}"type":"Like","object":{{"id":"{}","type":"Note","attributedTo":"{}"}}}})", begin,
            object, other);
      } else if (draw < 65) {
        out += fmt::format(
            R"({}"type":"Announce","object":"{}","to":["https://www.w3.org/ns/activitystreams#Public"],"cc":["{}/followers"]}})",
            begin, object, actor);
      } else if (draw < 75) {
        out += fmt::format(R"({}"type":"Follow","object":"{}"}})", begin, other);
      } else {
        out += fmt::format(
            R"({}"type":"Create","to":["https://www.w3.org/ns/activitystreams#Public"],"object":{{"id":"{}/statuses/{}","type":"Note","attributedTo":"{}","inReplyTo":"{}","content":"<p>the kiln is hot and the sea is cold &amp; quiet</p>","tag":[{{"type":"Mention","href":"{}"}},{{"type":"Hashtag","name":"#tag{}"}}]}}}})",
            begin, actor, i, actor, object, other, draw);
      }
      out += '\n';
    }
    return out;
  }();
  return kText;
}

class Counter final : public EventSink {
 public:
  Result<void> event(const InteractionEvent& event) override {
    ++events;
    hash += event.provenance.record_hash;
    return {};
  }
  Result<void> reject(const Reject& /*reject*/) override {
    return Error{ErrorCode::kInvalidArgument, "no line of these is bad"};
  }
  Result<void> profile(const AccountProfile& /*profile*/) override { return {}; }
  Result<void> claim(const IdentityClaim& /*claim*/) override { return {}; }
  void left_alone(std::string_view /*kind*/, uint64_t /*records*/) override {}

  uint64_t events = 0;
  uint64_t hash = 0;
};

void say_rate(benchmark::State& state) {
  const auto runs = static_cast<int64_t>(state.iterations());
  state.SetItemsProcessed(runs * static_cast<int64_t>(lines()));
  state.SetBytesProcessed(runs * static_cast<int64_t>(text().size()));
}

void read_adapter(benchmark::State& state, unsigned threads) {
  const std::unique_ptr<Input> input = memory_input("lines", text(), {});
  uint64_t hash = 0;
  for (auto _ : state) {
    Counter sink;
    ReadOptions options;
    options.threads = threads;
    const Result<void> outcome = activitystreams_adapter().read(*input, options, sink);
    if (!outcome.ok() || sink.events < lines()) {
      state.SkipWithError("the lines were not read whole");
      return;
    }
    hash = sink.hash;
  }
  state.SetLabel(fmt::format("hash {}", hash));
  say_rate(state);
}

void ActivityStreamsOneThread(benchmark::State& state) { read_adapter(state, 1); }
void ActivityStreamsTwoThreads(benchmark::State& state) { read_adapter(state, 2); }

template <typename Line>
void each_line(const Line& line) {
  const char* at = text().data();
  const char* const end = at + text().size();
  while (at < end) {
    const auto* newline =
        static_cast<const char*>(std::memchr(at, '\n', static_cast<size_t>(end - at)));
    line(std::string_view(at, static_cast<size_t>(newline - at)));
    at = newline + 1;
  }
}

void FloorLineEnds(benchmark::State& state) {
  for (auto _ : state) {
    uint64_t bytes = 0;
    each_line([&](std::string_view line) { bytes += line.size(); });
    benchmark::DoNotOptimize(bytes);
  }
  say_rate(state);
}

void FloorSimdjsonFirstPass(benchmark::State& state) {
  simdjson::ondemand::parser parser;
  std::string buffer(4096, ' ');
  for (auto _ : state) {
    each_line([&](std::string_view line) {
      line.copy(buffer.data(), line.size());
      simdjson::ondemand::document document;
      if (parser.iterate(buffer.data(), line.size(), buffer.size()).get(document)) {
        state.SkipWithError("a line is no JSON");
      }
    });
  }
  say_rate(state);
}

BENCHMARK(ActivityStreamsOneThread)->Unit(benchmark::kMillisecond);
BENCHMARK(ActivityStreamsTwoThreads)->Unit(benchmark::kMillisecond)->UseRealTime();
BENCHMARK(FloorLineEnds)->Unit(benchmark::kMillisecond);
BENCHMARK(FloorSimdjsonFirstPass)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/gharchive/gharchive.h"

#include <fmt/core.h>

#include <memory>
#include <string_view>

#include "base/hash.h"
#include "ingest/acts.h"
#include "ingest/adapters/gharchive/mapping.h"
#include "ingest/json.h"
#include "ingest/left_alone.h"

namespace bellwether {
namespace {

// Lines that detection looks at; one of them may well be broken.
constexpr int kLinesTried = 5;

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

// What the cut beginning of a very long event still shows.
bool looks_like_event(std::string_view cut) {
  const auto holds = [&](std::string_view text) {
    return cut.find(text) != std::string_view::npos;
  };
  return cut.starts_with("{\"") && holds("Event\",") && holds("\"type\":\"") &&
         holds("\"actor\":") && holds("\"payload\":{") && !holds("\"@context\"");
}

class GharchiveAdapter final : public Adapter {
 public:
  const AdapterInfo& info() const override {
    static const AdapterInfo kInfo{"gharchive",
                                   "public events of GitHub, as GH Archive keeps them",
                                   {Verb::kPost, Verb::kReply, Verb::kReact, Verb::kFollow,
                                    Verb::kEndorse, Verb::kList, Verb::kReview, Verb::kAdopt},
                                   2};
    return kInfo;
  }

  Likeness detect(const InputSample& sample) const override {
    if (sample.members().size() != 1) return Likeness::kNo;
    std::string_view head = sample.head(0);
    const bool whole = head.size() < kHeadBytes;
    if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
    JsonParser parser;
    for (int tried = 0; tried < kLinesTried && !head.empty();) {
      const size_t end = head.find('\n');
      const std::string_view line = head.substr(0, end);
      if (end == std::string_view::npos && !whole) {
        return looks_like_event(line) ? Likeness::kLikely : Likeness::kNo;
      }
      head.remove_prefix(end == std::string_view::npos ? head.size() : end + 1);
      if (is_blank(line)) continue;
      ++tried;
      if (!line.starts_with('{')) continue;
      const std::optional<JsonElement> event = parser.parse(line);
      if (event.has_value() && is_github_event(*event)) return Likeness::kCertain;
    }
    return Likeness::kNo;
  }

  Result<void> read(Input& input, const ReadOptions& /*options*/, EventSink& sink) const override {
    if (input.members().size() != 1) {
      return Error{ErrorCode::kUnusable,
                   fmt::format("{} holds {} files, and gharchive reads one hour or day at a time; "
                               "give each file by its own path",
                               input.path(), input.members().size())};
    }
    BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input.open(0));
    LeftAloneCounts left_alone(sink);
    KnownProfiles known;
    RecordActs acts;
    JsonParser parser;
    const auto take = [&](uint64_t number, std::string_view line) -> Result<void> {
      if (is_blank(line)) {
        left_alone.add("blank line");
        return {};
      }
      acts.begin(number, line);
      if (const std::optional<JsonElement> event = parser.parse(line); event.has_value()) {
        map_github_event(*event, acts);
      } else {
        acts.reject("not valid JSON");
      }
      return acts.deliver(sink, known, left_alone);
    };
    const auto too_long = [&](uint64_t number, uint64_t /*bytes*/) -> Result<void> {
      return sink.reject({number, 0, "line is longer than the limit", {}});
    };
    return for_each_line(*stream, input.limits(), take, too_long);
  }
};

}  // namespace

const Adapter& gharchive_adapter() {
  static const GharchiveAdapter kAdapter;
  return kAdapter;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/simulate.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <random>

#include "workspace/recipes/erased_guard.h"

namespace bellwether {
namespace {

constexpr Instant kFirstDay{1'736'121'600'000};  // 2025-01-06, a Monday
constexpr std::string_view kNetwork = "simulated";
constexpr std::array<std::string_view, 12> kTopics{
    "databases", "gardening", "typography", "astronomy", "compilers",   "cycling",
    "baking",    "maps",      "birds",      "chess",     "electronics", "translation"};
constexpr std::array<std::string_view, 16> kSyllables{"ba",  "ri", "no", "ka", "lu", "me",
                                                      "so",  "ti", "va", "do", "pe", "ru",
                                                      "shi", "an", "el", "mo"};

// Draws that are the same on every machine: the engine is defined by the standard, the standard's
// distributions are not.
class Draw {
 public:
  explicit Draw(uint64_t rng_seed) : engine_(rng_seed) {}
  double uniform() { return static_cast<double>(engine_() >> 11) * 0x1.0p-53; }
  size_t below(size_t n) { return static_cast<size_t>(uniform() * static_cast<double>(n)); }
  double normal() {
    const double u = 1 - uniform();
    return std::sqrt(-2 * std::log(u)) * std::cos(2 * std::numbers::pi * uniform());
  }
  // Knuth's product method; means here are small.
  uint32_t poisson(double mean) {
    uint32_t n = 0;
    for (; mean > 30; mean -= 30) n += poisson(30);
    const double limit = std::exp(-mean);
    for (double product = uniform(); product > limit; product *= uniform()) ++n;
    return n;
  }

 private:
  std::mt19937_64 engine_;
};

// Picks i with probability proportional to weight[i].
class Urn {
 public:
  explicit Urn(const std::vector<double>& weight) : upto_(weight.size()) {
    double sum = 0;
    for (size_t i = 0; i < weight.size(); ++i) upto_[i] = sum += weight[i];
  }
  size_t pick(Draw& draw) const {
    const double at = draw.uniform() * upto_.back();
    return static_cast<size_t>(std::upper_bound(upto_.begin(), upto_.end(), at) - upto_.begin());
  }

 private:
  std::vector<double> upto_;
};

std::string make_name(size_t number) {
  std::string name = "@";
  for (size_t n = number + 256, i = 0; n > 0 && i < 8; n /= 16, ++i) name += kSyllables[n % 16];
  return name;
}

struct Post {
  uint32_t author;
  uint32_t number;
  uint8_t topic;
};

}  // namespace

Result<IngestResult> simulate(Workspace& workspace, const SimulateOptions& options,
                              const std::function<void(const IngestProgress&)>& progress) {
  if (options.people < 2 || options.people > 10'000'000) {
    return Error{ErrorCode::kInvalidArgument, "--people is outside 2 to 10000000"};
  }
  if (options.days < 1 || options.days > 3650) {
    return Error{ErrorCode::kInvalidArgument, "--days is outside 1 to 3650"};
  }
  if (!(options.acts_per_person_day > 0 && options.acts_per_person_day <= 100)) {
    return Error{ErrorCode::kInvalidArgument, "--acts is not above 0 and at most 100"};
  }
  Draw draw(options.rng_seed);
  const size_t people = options.people;

  // Who is how active, how much they pull, and what they talk about: heavy tails, independent.
  std::vector<double> activity(people);
  std::vector<double> pull(people);
  std::vector<std::array<uint8_t, 2>> interests(people);
  for (size_t p = 0; p < people; ++p) {
    activity[p] = options.acts_per_person_day * std::exp(1.2 * draw.normal() - 0.72);
    pull[p] = std::exp(1.6 * draw.normal());
    for (uint8_t& topic : interests[p]) topic = static_cast<uint8_t>(draw.below(kTopics.size()));
  }
  // Whom each one watches: mostly those who pull, some of them back.
  const Urn by_pull(pull);
  std::vector<std::vector<uint32_t>> watches(people);
  for (size_t p = 0; p < people; ++p) {
    const size_t wanted = 3 + draw.poisson(12);
    for (size_t i = 0; i < wanted; ++i) {
      const auto other = static_cast<uint32_t>(by_pull.pick(draw));
      if (other == p) continue;
      watches[p].push_back(other);
      if (draw.uniform() < 0.25) watches[other].push_back(static_cast<uint32_t>(p));
    }
  }

  BW_ASSIGN(const std::unique_ptr<UnitWriter> writer, workspace.store().begin_unit());
  const std::string label =
      fmt::format("simulated:people={},days={},acts={},rng_seed={}", options.people, options.days,
                  options.acts_per_person_day, options.rng_seed);
  BW_TRY(writer->begin_source({label, "simulate", 1, true}, workspace.now()));
  BW_ASSIGN(Erased erased, workspace.registry().erased());
  ErasedGuard sink(*writer, std::move(erased));

  std::vector<std::string> names(people);
  for (size_t p = 0; p < people; ++p) names[p] = make_name(p);
  std::vector<std::vector<Post>> recent(people);  // each one's last few posts
  uint64_t record = 0;
  uint32_t posts = 0;
  InteractionEvent event;
  std::string native_id;
  std::string object;
  const auto object_of = [&](const Post& post) {
    return fmt::format("https://simulated.example/{}/{}", names[post.author].substr(1),
                       post.number);
  };
  struct Moment {
    uint32_t ms;
    uint32_t person;
  };
  std::vector<Moment> moments;
  for (uint32_t day = 0; day < options.days; ++day) {
    const double weekday = day % 7 < 5 ? 1 : 0.6;
    moments.clear();
    for (uint32_t p = 0; p < people; ++p) {
      for (uint32_t n = draw.poisson(activity[p] * weekday); n > 0; --n) {
        // Most is done around two in the afternoon.
        const double hour = std::clamp(14 + 4 * draw.normal(), 0.0, 23.999);
        moments.push_back({static_cast<uint32_t>(hour * static_cast<double>(kMsPerHour)), p});
      }
    }
    std::sort(moments.begin(), moments.end(), [](const Moment& a, const Moment& b) {
      return a.ms != b.ms ? a.ms < b.ms : a.person < b.person;
    });
    for (const Moment& moment : moments) {
      const uint32_t person = moment.person;
      event.clear();
      event.account = {kNetwork, names[person]};
      event.published = Instant{kFirstDay.ms + day * kMsPerDay + moment.ms};
      native_id = fmt::format("{}#{}", label, ++record);
      event.native_id = native_id;
      event.provenance = {record, hash64(native_id)};
      const uint32_t other =
          watches[person].empty() ? person : watches[person][draw.below(watches[person].size())];
      if (draw.uniform() < 0.35 || recent[other].empty()) {
        const uint8_t topic = interests[person][draw.below(2)];
        const Post post{person, ++posts, topic};
        object = object_of(post);
        event.verb = Verb::kPost;
        event.object = object;
        event.topics.push_back(kTopics[topic]);
        BW_TRY(sink.event(event));
        if (recent[person].size() == 4) recent[person].erase(recent[person].begin());
        recent[person].push_back(post);
      } else {
        const Post& post = recent[other][draw.below(recent[other].size())];
        const bool shared =
            interests[person][0] == post.topic || interests[person][1] == post.topic;
        // A topic of one's own draws out more than a heart.
        const double kind = draw.uniform() * (shared ? 0.7 : 1);
        event.verb = kind < 0.25 ? Verb::kReshare : kind < 0.5 ? Verb::kReply : Verb::kReact;
        object = object_of(post);
        event.object = object;
        event.author = {kNetwork, names[post.author]};
        event.topics.push_back(kTopics[post.topic]);
        BW_TRY(sink.event(event));
      }
    }
    if (progress) progress({label, day, options.days, &writer->report(), false});
  }
  BW_TRY(writer->end_source(SourceState::kComplete, {}));
  IngestResult result;
  result.unit = writer->unit();
  result.sources.push_back(writer->report());
  BW_TRY(writer->finish());
  if (progress) progress({label, options.days, options.days, &result.sources.back(), true});
  return result;
}

}  // namespace bellwether

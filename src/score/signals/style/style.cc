// SPDX-License-Identifier: Apache-2.0
#include "score/signals/style/style.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace bellwether {
namespace {

constexpr int64_t kWeekMs = 7 * kMsPerDay;
constexpr int64_t kFirstMondayMs = 4 * kMsPerDay;  // 1970-01-05

constexpr std::array<std::array<std::string_view, 4>, 4> kCells{{
    {"Curator", "Broadcaster", "Taste Maker", "Celebrity"},
    {"Syndicator", "Feeder", "Thought Leader", "Pundit"},
    {"Dabbler", "Conversationalist", "Socializer", "Networker"},
    {"Observer", "Explorer", "Activist", "Specialist"},
}};

int64_t week_of(Instant at) {
  const int64_t ms = at.ms - kFirstMondayMs;
  return ms >= 0 ? ms / kWeekMs : -((-ms + kWeekMs - 1) / kWeekMs);
}

// How evenly weights are spread over things: (sum w)^2 / sum w^2 equal things would be as even.
// All weights fade alike, so that the shares need not be touched as time goes by.
class Spread {
 public:
  void add(uint64_t thing, double weight) {
    double& own = weights_[thing];
    squares_ += weight * (2 * own + weight);
    own += weight;
    sum_ += weight;
  }
  double effective() const { return sum_ > 0 ? sum_ * sum_ / squares_ : 0; }
  // Divides all weights, before they grow beyond what a double holds.
  void scale_down(double factor) {
    sum_ = squares_ = 0;
    for (auto& [thing, weight] : weights_) {
      weight /= factor;
      sum_ += weight;
      squares_ += weight * weight;
    }
  }

 private:
  std::map<uint64_t, double> weights_;
  double sum_ = 0;
  double squares_ = 0;
};

double leaning(double for_it, double against_it) {
  return (for_it + kStyleUnsure) / (for_it + against_it + 2 * kStyleUnsure);
}

double focus(double effective, double middle) {
  // One thing alone is 1, `middle` equal ones are a half.
  return (middle - 1) / (middle - 1 + effective - 1);
}

}  // namespace

std::optional<StyleAct::Kind> style_kind(Verb verb) {
  switch (verb) {
    case Verb::kPost:
    case Verb::kQuote:
      return StyleAct::Kind::kCreated;
    case Verb::kReshare:
    case Verb::kLink:
      return StyleAct::Kind::kShared;
    case Verb::kReply:
    case Verb::kMention:
    case Verb::kMessage:
    case Verb::kMeet:
    case Verb::kIntroduce:
    case Verb::kReview:
    case Verb::kEndorse:
      return StyleAct::Kind::kTalked;
    case Verb::kReact:
    case Verb::kFollow:
    case Verb::kSubscribe:
    case Verb::kList:
    case Verb::kAdopt:
      return StyleAct::Kind::kListened;
    case Verb::kUndo:
      return std::nullopt;
  }
  return std::nullopt;
}

std::string_view style_cell(int row, int column) {
  return kCells[static_cast<size_t>(row)][static_cast<size_t>(column)];
}

std::optional<Style> style_of(std::span<const StyleAct> acts, Instant as_of) {
  std::vector<const StyleAct*> order;
  for (const StyleAct& act : acts) {
    if (act.published < as_of) order.push_back(&act);
  }
  if (order.size() < kStyleActsMin) return std::nullopt;
  std::sort(order.begin(), order.end(), [](const StyleAct* a, const StyleAct* b) {
    if (a->published != b->published) return a->published < b->published;
    if (a->kind != b->kind) return a->kind < b->kind;
    if (a->towards != b->towards) return a->towards < b->towards;
    return a->topics < b->topics;
  });

  const double step = std::exp2(-7 / kStyleHalfLifeDays);
  std::array<double, 5> faded{};   // acts by kind
  std::array<uint32_t, 5> ever{};  // likewise, unfaded
  double weeks_here = 0;
  double weeks = 0;
  Spread topics;
  Spread people;
  uint32_t with_topics = 0;
  uint32_t seen = 0;
  bool begun = false;
  double weight = 1;  // forward: of this week's acts, relative to those before
  Style style;
  size_t at = 0;
  const int64_t last = week_of(as_of);
  for (int64_t week = week_of(order.front()->published); week < last; ++week) {
    const int64_t end_ms = kFirstMondayMs + (week + 1) * kWeekMs;
    for (double& each : faded) each *= step;
    weeks_here *= step;
    weeks = weeks * step + 1;
    weight /= step;
    constexpr double kTooLarge = 0x1p100;
    if (weight > kTooLarge) {
      topics.scale_down(weight);
      people.scale_down(weight);
      weight = 1;
    }
    if (at < order.size() && order[at]->published.ms < end_ms) weeks_here += 1;
    for (; at < order.size() && order[at]->published.ms < end_ms; ++at) {
      const StyleAct& act = *order[at];
      ++seen;
      faded[static_cast<size_t>(act.kind)] += 1;
      ++ever[static_cast<size_t>(act.kind)];
      if (!act.topics.empty()) ++with_topics;
      for (const uint64_t topic : act.topics) {
        topics.add(topic, weight / static_cast<double>(act.topics.size()));
      }
      if (act.towards != 0) people.add(act.towards, weight);
    }
    const auto ever_of = [&](StyleAct::Kind a, StyleAct::Kind b) {
      return ever[static_cast<size_t>(a)] + ever[static_cast<size_t>(b)];
    };
    style.by_topics = with_topics >= kStyleTopicActsMin;
    const double effective = style.by_topics ? topics.effective() : people.effective();
    if (seen < kStyleActsMin || effective == 0 ||
        ever_of(StyleAct::Kind::kCreated, StyleAct::Kind::kShared) < kStyleAxisActsMin ||
        ever_of(StyleAct::Kind::kTalked, StyleAct::Kind::kListened) < kStyleAxisActsMin) {
      continue;
    }

    using Kind = StyleAct::Kind;
    const auto acts_of = [&](Kind kind) { return faded[static_cast<size_t>(kind)]; };
    std::array<StyleSide, kStyleAxes> now{};
    const auto put = [&](StyleAxis axis, double for_it, double against_it, double value) {
      now[static_cast<size_t>(axis)] = {value, false, for_it, against_it};
    };
    const double created = acts_of(Kind::kCreated);
    const double shared = acts_of(Kind::kShared);
    put(StyleAxis::kCreating, created, shared, leaning(created, shared));
    put(StyleAxis::kFocused, effective, 0,
        focus(effective, style.by_topics ? kStyleTopicsMiddle : kStylePeopleMiddle));
    const double talked = acts_of(Kind::kTalked);
    const double listened = acts_of(Kind::kListened);
    put(StyleAxis::kParticipating, talked, listened, leaning(talked, listened));
    // Weeks are few: one on each side is enough to be unsure of the first ones.
    put(StyleAxis::kConsistent, weeks_here, weeks - weeks_here, (weeks_here + 1) / (weeks + 2));
    for (size_t a = 0; a < kStyleAxes; ++a) {
      const bool before = style.axes[a].high;
      const double value = now[a].value;
      now[a].high =
          !begun ? value >= 0.5 : (before ? value >= 0.5 - kStyleBand : value > 0.5 + kStyleBand);
    }
    style.axes = now;
    const auto high = [&](StyleAxis axis) { return now[static_cast<size_t>(axis)].high; };
    const int row = (high(StyleAxis::kConsistent) ? 0 : 2) + (high(StyleAxis::kFocused) ? 1 : 0);
    const int column = high(StyleAxis::kCreating) ? (high(StyleAxis::kParticipating) ? 2 : 3)
                                                  : (high(StyleAxis::kParticipating) ? 1 : 0);
    style.as_of = Instant{end_ms};
    if (!begun || row != style.row || column != style.column) style.since = style.as_of;
    style.row = row;
    style.column = column;
    begun = true;
  }
  const double now = std::accumulate(faded.begin(), faded.end(), 0.0);
  if (!begun || now < kStyleActsNowMin) return std::nullopt;
  style.cell = style_cell(style.row, style.column);
  style.acts = seen;
  return style;
}

}  // namespace bellwether

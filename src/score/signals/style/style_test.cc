// SPDX-License-Identifier: Apache-2.0
#include "score/signals/style/style.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <set>

#include "score/signals/style/style_check.h"

namespace bellwether {
namespace {

using Kind = StyleAct::Kind;

constexpr Instant kMonday{1'704'067'200'000};  // 2024-01-01T00:00:00Z

Instant day(double days) {
  return {kMonday.ms + static_cast<int64_t>(days * static_cast<double>(kMsPerDay))};
}

const StyleSide& axis(const Style& style, StyleAxis which) {
  return style.axes[static_cast<size_t>(which)];
}

// So many acts of a kind, one a day, on `topics` in turn.
void add(std::vector<StyleAct>& acts, size_t count, Kind kind, double every_days = 1,
         uint64_t topics = 1) {
  for (size_t i = 0; i < count; ++i) {
    acts.push_back({day(static_cast<double>(i) * every_days), kind, {1 + i % topics}, 0});
  }
}

TEST(Style, ASharerAndACreatorStandApart) {
  std::vector<StyleAct> sharer;
  add(sharer, 200, Kind::kShared, 1, 40);
  add(sharer, 40, Kind::kListened, 5, 40);
  EXPECT_EQ(style_of(sharer, day(200))->cell, "Curator");
  std::vector<StyleAct> creator;
  add(creator, 200, Kind::kCreated, 1, 2);
  add(creator, 100, Kind::kTalked, 2, 2);
  const auto told = style_of(creator, day(200));
  EXPECT_EQ(told->cell, "Thought Leader");
  EXPECT_GT(axis(*told, StyleAxis::kCreating).value, 0.9);
  EXPECT_NEAR(axis(*told, StyleAxis::kFocused).for_it, 2, 1e-3);
  EXPECT_GT(axis(*told, StyleAxis::kConsistent).value, 0.85);
  EXPECT_TRUE(told->by_topics);
  // The same in bursts of a day every five weeks.
  std::vector<StyleAct> seldom;
  for (int burst = 0; burst < 10; ++burst) {
    for (int i = 0; i < 20; ++i) {
      seldom.push_back({day(35 * burst + 0.01 * i),
                        i % 3 == 0 ? Kind::kTalked : Kind::kCreated,
                        {static_cast<uint64_t>(1 + i % 2)},
                        0});
    }
  }
  EXPECT_EQ(style_of(seldom, day(330))->cell, "Activist");
}

TEST(Style, WithoutTopicsPeopleTellHowFocusedSomebodyIs) {
  std::vector<StyleAct> few;
  std::vector<StyleAct> many;
  for (int i = 0; i < 200; ++i) {
    const auto n = static_cast<uint64_t>(i);
    const Kind kind = i % 9 == 0 ? Kind::kCreated : Kind::kTalked;
    few.push_back({day(i), kind, {}, 1 + n % 2});
    many.push_back({day(i), kind, {}, 1 + n % 60});
  }
  const auto told = style_of(few, day(200));
  EXPECT_FALSE(told->by_topics);
  EXPECT_TRUE(axis(*told, StyleAxis::kFocused).high);
  EXPECT_FALSE(axis(*style_of(many, day(200)), StyleAxis::kFocused).high);
}

TEST(Style, AnAxisWithoutEvidenceLeavesNoCell) {
  std::vector<StyleAct> acts;
  add(acts, 100, Kind::kTalked);
  EXPECT_FALSE(style_of(acts, day(120))) << "nothing made, nothing passed on";
  add(acts, kStyleAxisActsMin - 1, Kind::kShared);
  EXPECT_FALSE(style_of(acts, day(120)));
  add(acts, 1, Kind::kCreated);
  EXPECT_TRUE(style_of(acts, day(120)));
  std::vector<StyleAct> mute;
  add(mute, 100, Kind::kCreated);
  EXPECT_FALSE(style_of(mute, day(120)));
  add(mute, kStyleAxisActsMin, Kind::kListened);
  EXPECT_TRUE(style_of(mute, day(120)));
  for (StyleAct& act : acts) act.topics.clear();
  EXPECT_FALSE(style_of(acts, day(120))) << "neither topics nor people are known";
}

TEST(Style, TwentyActsWithTopicsMakeItOneOfTopics) {
  std::vector<StyleAct> acts;
  for (uint32_t i = 0; i < 60; ++i) {
    StyleAct act{day(i), i % 6 == 0 ? Kind::kCreated : Kind::kTalked, {}, 1 + i % 30};
    if (i < kStyleTopicActsMin - 1) act.topics = {7};
    acts.push_back(act);
  }
  EXPECT_FALSE(style_of(acts, day(70))->by_topics);
  acts[kStyleTopicActsMin - 1].topics = {7};
  EXPECT_TRUE(style_of(acts, day(70))->by_topics);
}

// Posts with an answer now and then.
std::vector<StyleAct> mixed(size_t count) {
  std::vector<StyleAct> acts;
  for (size_t i = 0; i < count; ++i) {
    acts.push_back(
        {day(static_cast<double>(i)), i % 4 == 0 ? Kind::kTalked : Kind::kCreated, {1}, 0});
  }
  return acts;
}

TEST(Style, SaysNothingOfFewActsOrOfLongAgo) {
  EXPECT_FALSE(style_of(mixed(kStyleActsMin - 1), day(60)));
  const auto acts = mixed(kStyleActsMin);
  EXPECT_TRUE(style_of(acts, day(60)));
  // Thirty acts are three after some 300 days.
  EXPECT_TRUE(style_of(acts, day(260)));
  EXPECT_FALSE(style_of(acts, day(400)));
  EXPECT_FALSE(style_of({}, day(60)));
}

TEST(Style, SpeaksOfTheLastMondayAndOfNothingLater) {
  const auto acts = mixed(70);
  EXPECT_EQ(style_of(acts, day(49))->as_of, day(49));
  EXPECT_EQ(style_of(acts, day(55.9))->as_of, day(49));
  EXPECT_EQ(style_of(acts, day(55.9))->acts, 49u);
  EXPECT_EQ(style_of(acts, day(56))->as_of, day(56));
}

// Of a person who hovers at the middle of every axis: acts of all kinds, each as likely as its
// opposite, on as many topics as are the middle, in every other week or so.
std::vector<StyleAct> hovering(std::mt19937_64& random, int weeks) {
  std::vector<StyleAct> acts;
  for (int week = 0; week < weeks; ++week) {
    if (random() % 2 == 0) continue;
    for (uint64_t i = random() % 8 + 1; i > 0; --i) {
      acts.push_back({day(7 * week + static_cast<double>(random() % 700) / 100),
                      static_cast<Kind>(random() % 4),
                      {random() % 5},
                      0});
    }
  }
  return acts;
}

TEST(Style, WhoeverHoversAtTheMiddleChangesSeldom) {
  std::mt19937_64 random(3);
  size_t changes = 0;
  size_t without_band = 0;
  constexpr int kPeople = 100;
  constexpr int kWeeks = 3 * 52;
  for (int person = 0; person < kPeople; ++person) {
    const auto acts = hovering(random, kWeeks);
    const auto weekly = check_style(acts, day(7 * kWeeks));
    for (size_t i = 1; i < weekly.size(); ++i) {
      changes += weekly[i].cell != weekly[i - 1].cell ? 1 : 0;
      for (size_t a = 0; a < kStyleAxes; ++a) {
        without_band += (weekly[i].value[a] >= 0.5) != (weekly[i - 1].value[a] >= 0.5) ? 1 : 0;
      }
    }
  }
  const double a_year = static_cast<double>(changes) / kPeople / 3;
  RecordProperty("changes_a_year", std::to_string(a_year));
  RecordProperty("crossings_a_year",
                 std::to_string(static_cast<double>(without_band) / kPeople / 3));
  EXPECT_LT(a_year, 3);
  EXPECT_GT(without_band, 5 * changes);
}

TEST(Style, EveryCellHasItsName) {
  std::set<std::string_view> names;
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) names.insert(style_cell(row, column));
  }
  EXPECT_EQ(names.size(), 16u);
  for (Verb verb = kVerbFirst; verb <= kVerbLast;
       verb = static_cast<Verb>(static_cast<int>(verb) + 1)) {
    EXPECT_EQ(style_kind(verb).has_value(), verb != Verb::kUndo);
  }
}

std::vector<StyleAct> any_acts() {
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::vector<StyleAct> acts;
  const uint64_t days = 20 + random() % 500;
  const uint64_t kinds = 1 + random() % 5;
  const uint64_t with_topics = random() % 3;
  for (uint64_t i = 20 + random() % 150; i > 0; --i) {
    StyleAct act{day(static_cast<double>(random() % (days * 24)) / 24),
                 static_cast<Kind>(random() % kinds),
                 {},
                 random() % 12};
    std::set<uint64_t> topics;
    for (uint64_t k = random() % 3 * with_topics; k > 0; --k) topics.insert(random() % 9);
    act.topics.assign(topics.begin(), topics.end());
    acts.push_back(act);
  }
  return acts;
}

RC_GTEST_PROP(Style, AgreesWithTheAxesMadeAnewEveryWeek, ()) {
  const auto acts = any_acts();
  const Instant as_of = day(static_cast<double>(*rc::gen::inRange(0, 600)));
  const auto fast = style_of(acts, as_of);
  const auto slow = check_style(acts, as_of);
  if (!fast) {
    if (!slow.empty()) {
      double now = 0;
      for (const StyleAct& act : acts) {
        if (act.published >= slow.back().as_of) continue;
        const int64_t ago = (slow.back().as_of.ms - 1 - act.published.ms) / (7 * kMsPerDay);
        now += std::exp2(-7.0 * static_cast<double>(ago) / kStyleHalfLifeDays);
      }
      RC_ASSERT(now < kStyleActsNowMin + 1e-9);
    }
    return;
  }
  RC_ASSERT(!slow.empty());
  RC_ASSERT(fast->as_of == slow.back().as_of);
  for (size_t a = 0; a < kStyleAxes; ++a) {
    RC_ASSERT(std::abs(fast->axes[a].value - slow.back().value[a]) < 1e-9);
  }
  RC_ASSERT(fast->cell == slow.back().cell);
  auto since = slow.rbegin();
  while (std::next(since) != slow.rend() && std::next(since)->cell == fast->cell) ++since;
  RC_ASSERT(fast->since == since->as_of);
}

RC_GTEST_PROP(Style, IsTheSameWhateverComesLaterAndInWhateverOrder, ()) {
  auto acts = any_acts();
  const Instant as_of = day(static_cast<double>(*rc::gen::inRange(30, 500)));
  std::erase_if(acts, [&](const StyleAct& act) { return act.published >= as_of; });
  const auto told = style_of(acts, as_of);
  for (int i = 0; i < 100; ++i) {
    acts.push_back({Instant{as_of.ms + i * kMsPerHour}, Kind::kShared, {99}, 5});
  }
  std::mt19937_64 random(*rc::gen::arbitrary<uint64_t>());
  std::shuffle(acts.begin(), acts.end(), random);
  const auto again = style_of(acts, as_of);
  RC_ASSERT(told.has_value() == again.has_value());
  if (!told) return;
  RC_ASSERT(told->cell == again->cell);
  RC_ASSERT(told->since == again->since);
  for (size_t a = 0; a < kStyleAxes; ++a) RC_ASSERT(told->axes[a].value == again->axes[a].value);
}

// One more act decides the side of an axis only if it carries it over an edge of the band, to
// either side.
RC_GTEST_PROP(Style, OneMoreActInTheLastWeekChangesAtMostWhatLiesAtTheBand, ()) {
  auto acts = any_acts();
  const Instant as_of = day(7 * *rc::gen::inRange(10, 60));
  const auto before = style_of(acts, as_of);
  if (check_style(acts, as_of).size() < 2) return;  // the first Monday has no side to keep
  acts.push_back({Instant{as_of.ms - 1}, static_cast<Kind>(*rc::gen::inRange(0, 5)), {3}, 4});
  const auto after = style_of(acts, as_of);
  if (!before || !after || before->by_topics != after->by_topics) return;
  for (size_t a = 0; a < kStyleAxes; ++a) {
    const bool turned = before->axes[a].high != after->axes[a].high;
    if (!turned) continue;
    const double was = before->axes[a].value;
    const double is = after->axes[a].value;
    RC_ASSERT(was != is);
    RC_ASSERT(std::max(std::abs(was - 0.5), std::abs(is - 0.5)) > kStyleBand - 1e-9);
    RC_ASSERT(std::min(std::abs(was - 0.5), std::abs(is - 0.5)) < kStyleBand + 1e-9);
  }
}

}  // namespace
}  // namespace bellwether

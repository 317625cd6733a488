// SPDX-License-Identifier: Apache-2.0
#include "plan/window_chances.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

namespace bellwether {
namespace {

constexpr int64_t kDay = kMsPerDay;
constexpr int64_t kBegin = 20'000 * kMsPerDay;

FoldEntry entry(AccountId receiver, AccountId mover, int64_t at_ms) {
  LedgerEntry e{};
  e.receiver = receiver;
  e.mover = mover;
  e.published = Instant{at_ms};
  e.credit = kCreditOne;
  e.verb = Verb::kReply;
  return FoldEntry::from(e);
}

GraphSnapshot graph_of(std::vector<FoldEntry> entries, uint32_t accounts, int64_t as_of_ms) {
  std::sort(entries.begin(), entries.end(), [](const FoldEntry& a, const FoldEntry& b) {
    return std::tuple(a.receiver, a.mover, a.published_ms) <
           std::tuple(b.receiver, b.mover, b.published_ms);
  });
  return GraphSnapshot(std::move(entries), std::vector<NetworkId>(accounts, 0),
                       PersonMap::identity(accounts), Instant{as_of_ms});
}

// 0 to 9 are responded to; of 10 to 309 each responds to one of them, every `every[i % 3]` days.
struct Habits {
  std::vector<FoldEntry> entries;
  std::map<std::pair<uint32_t, uint32_t>, double> daily;  // rate by sender and receiver
};
Habits habits(int days, uint64_t rng_seed) {
  Habits out;
  std::mt19937_64 random(rng_seed);
  const double rates[]{0.3, 0.03, 0.003};
  for (uint32_t receiver = 10; receiver < 310; ++receiver) {
    const uint32_t sender = receiver % 10;
    const double rate = rates[receiver % 3];
    out.daily[{sender, receiver}] = rate;
    for (int day = 0; day < days; ++day) {
      if (std::generate_canonical<double, 32>(random) < rate) {
        out.entries.push_back(entry(sender, receiver, kBegin + day * kDay + 1000 * receiver));
      }
    }
  }
  return out;
}

TEST(WindowChances, FollowWhatPairsAreInTheHabitOf) {
  const Habits world = habits(100, 5);
  const GraphSnapshot graph = graph_of(world.entries, 310, kBegin + 100 * kDay);
  const auto windows = windows_to_learn_from(graph, 10 * kDay);
  ASSERT_THAT(windows, testing::SizeIs(kForecastWindowsMax));
  const WindowChances chances = window_chances(graph, windows, 1);
  EXPECT_EQ(chances.training_windows, kForecastWindowsMax);
  double said = 0, right = 0, often = 0, seldom = 0;
  uint32_t many = 0, few = 0;
  for (const InfluenceArc& arc : chances.pairs) {
    const double rate = world.daily.at({arc.sender, arc.receiver});
    said += static_cast<double>(arc.chance);
    right += 1 - std::pow(1 - rate, 10);
    if (rate > 0.2) {
      often += static_cast<double>(arc.chance);
      ++many;
    } else if (rate < 0.02) {
      seldom += static_cast<double>(arc.chance);
      ++few;
    }
  }
  EXPECT_NEAR(said / right, 1, 0.15);
  EXPECT_NEAR(often / many, 0.97, 0.06);
  EXPECT_LT(seldom / few, 0.15);
}

TEST(WindowChances, PairsAreOfThoseWithHistoryInTheirOrder) {
  const Habits world = habits(60, 6);
  const GraphSnapshot graph = graph_of(world.entries, 310, kBegin + 60 * kDay);
  const WindowChances chances = window_chances(graph, windows_to_learn_from(graph, 7 * kDay), 1);
  std::map<std::pair<uint32_t, uint32_t>, bool> known;
  for (const FoldEntry& e : graph.entries()) known[{e.receiver, e.mover}] = true;
  ASSERT_EQ(chances.pairs.size(), known.size());
  auto at = known.begin();
  for (const InfluenceArc& arc : chances.pairs) {
    EXPECT_EQ(at->first, std::pair(arc.sender, arc.receiver));
    EXPECT_GT(arc.chance, 0);
    EXPECT_LT(arc.chance, 1);
    ++at;
  }
  EXPECT_THAT(chances.newcomers, testing::SizeIs(310));
}

TEST(WindowChances, WhoAlwaysMeetsNewPeopleIsExpectedToMeetMore) {
  std::vector<FoldEntry> entries;
  for (uint32_t day = 0; day < 90; ++day) {
    // 0 is responded to by three new people a day, 1 by the same one.
    for (uint32_t i = 0; i < 3; ++i) {
      entries.push_back(entry(0, 2 + 3 * day + i, kBegin + day * kDay + i * 1000));
    }
    entries.push_back(entry(1, 2, kBegin + day * kDay + 9000));
  }
  const GraphSnapshot graph = graph_of(entries, 272, kBegin + 90 * kDay);
  const WindowChances chances = window_chances(graph, windows_to_learn_from(graph, 10 * kDay), 1);
  EXPECT_NEAR(static_cast<double>(chances.newcomers[0].mean), 30, 6);
  EXPECT_LT(static_cast<double>(chances.newcomers[1].mean), 3);
}

TEST(WindowChances, NothingIsLearntFromALogThatIsTooShort) {
  const GraphSnapshot graph =
      graph_of({entry(0, 1, kBegin), entry(0, 1, kBegin + 5 * kDay)}, 2, kBegin + 6 * kDay);
  EXPECT_TRUE(windows_to_learn_from(graph, 30 * kDay).empty());
  // A window needs half its length before it: 6 days hold one of 3, none of 4 and a bit.
  EXPECT_THAT(windows_to_learn_from(graph, 3 * kDay), testing::SizeIs(1));
  EXPECT_TRUE(windows_to_learn_from(graph, 4 * kDay).empty());
  EXPECT_TRUE(window_chances(graph, {}, 1).pairs.empty());
  EXPECT_EQ(window_chances(graph, {}, 1).training_windows, 0U);
}

TEST(WindowChances, WindowsEndWithTheLogAndLeaveNoGap) {
  Habits world = habits(60, 7);
  const int64_t as_of = kBegin + 60 * kDay;
  const GraphSnapshot graph = graph_of(world.entries, 310, as_of);
  const auto windows = windows_to_learn_from(graph, 7 * kDay);
  ASSERT_FALSE(windows.empty());
  EXPECT_EQ(windows.back().end.ms, as_of);
  for (size_t i = 1; i < windows.size(); ++i) EXPECT_EQ(windows[i - 1].end, windows[i].cut);
}

TEST(WindowChances, TheSameBitsWhateverTheThreads) {
  const Habits world = habits(80, 8);
  const GraphSnapshot graph = graph_of(world.entries, 310, kBegin + 80 * kDay);
  const auto windows = windows_to_learn_from(graph, 7 * kDay);
  const WindowChances one = window_chances(graph, windows, 1);
  const WindowChances four = window_chances(graph, windows, 4);
  ASSERT_EQ(one.pairs.size(), four.pairs.size());
  for (size_t i = 0; i < one.pairs.size(); ++i) {
    EXPECT_EQ(one.pairs[i].chance, four.pairs[i].chance);
  }
  for (size_t p = 0; p < one.newcomers.size(); ++p) {
    EXPECT_EQ(one.newcomers[p].mean, four.newcomers[p].mean);
  }
}

}  // namespace
}  // namespace bellwether

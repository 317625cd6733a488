// SPDX-License-Identifier: Apache-2.0
#include "score/signals/style/style_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace bellwether {
namespace {

using Kind = StyleAct::Kind;

double effective_number(const std::map<uint64_t, double>& weights) {
  double sum = 0;
  for (const auto& [thing, weight] : weights) sum += weight;
  double squares = 0;
  for (const auto& [thing, weight] : weights) squares += weight / sum * (weight / sum);
  return weights.empty() ? 0 : 1 / squares;
}

}  // namespace

std::vector<CheckedStyle> check_style(std::span<const StyleAct> acts, Instant as_of) {
  std::vector<CheckedStyle> out;
  const int64_t week = 7 * kMsPerDay;
  int64_t first = as_of.ms;
  for (const StyleAct& act : acts) first = std::min(first, act.published.ms);
  std::array<bool, kStyleAxes> side{};
  // 1969-12-29 was a Monday.
  for (int64_t monday = -3 * kMsPerDay; monday <= as_of.ms; monday += week) {
    if (monday <= first) continue;
    uint32_t seen = 0;
    uint32_t with_topics = 0;
    std::map<Kind, double> by_kind;
    std::map<Kind, uint32_t> ever;
    std::map<uint64_t, double> topics;
    std::map<uint64_t, double> people;
    std::set<int64_t> weeks_here;  // by how many weeks ago
    for (const StyleAct& act : acts) {
      if (act.published.ms >= monday || act.published >= as_of) continue;
      const int64_t ago = (monday - 1 - act.published.ms) / week;  // whole weeks
      const double weight = std::exp2(-7.0 * static_cast<double>(ago) / kStyleHalfLifeDays);
      ++seen;
      by_kind[act.kind] += weight;
      ++ever[act.kind];
      weeks_here.insert(ago);
      with_topics += act.topics.empty() ? 0 : 1;
      for (const uint64_t topic : act.topics) {
        topics[topic] += weight / static_cast<double>(act.topics.size());
      }
      if (act.towards != 0) people[act.towards] += weight;
    }
    if (seen < kStyleActsMin) continue;
    if (ever[Kind::kCreated] + ever[Kind::kShared] < kStyleAxisActsMin) continue;
    if (ever[Kind::kTalked] + ever[Kind::kListened] < kStyleAxisActsMin) continue;
    double here = 0;
    double all = 0;
    for (int64_t ago = 0; ago <= (monday - 1 - first) / week; ++ago) {
      const double weight = std::exp2(-7.0 * static_cast<double>(ago) / kStyleHalfLifeDays);
      all += weight;
      if (weeks_here.contains(ago)) here += weight;
    }
    const bool by_topics = with_topics >= kStyleTopicActsMin;
    const double middle = (by_topics ? kStyleTopicsMiddle : kStylePeopleMiddle) - 1;
    const double effective = effective_number(by_topics ? topics : people);
    if (effective == 0) continue;
    const auto share = [&](Kind high, Kind low) {
      return (by_kind[high] + kStyleUnsure) / (by_kind[high] + by_kind[low] + 2 * kStyleUnsure);
    };
    CheckedStyle now{Instant{monday},
                     {share(Kind::kCreated, Kind::kShared), middle / (middle + effective - 1),
                      share(Kind::kTalked, Kind::kListened), (here + 1) / (all + 2)},
                     {}};
    for (size_t a = 0; a < kStyleAxes; ++a) {
      if (out.empty()) {
        side[a] = now.value[a] >= 0.5;
      } else if (std::abs(now.value[a] - 0.5) > kStyleBand) {
        side[a] = now.value[a] > 0.5;
      }
    }
    const int row = side[3] ? (side[1] ? 1 : 0) : (side[1] ? 3 : 2);
    const int column = side[0] ? (side[2] ? 2 : 3) : (side[2] ? 1 : 0);
    now.cell = style_cell(row, column);
    out.push_back(now);
  }
  return out;
}

}  // namespace bellwether

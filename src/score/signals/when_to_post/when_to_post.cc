// SPDX-License-Identifier: Apache-2.0
#include "score/signals/when_to_post/when_to_post.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cassert>
#include <cmath>
#include <cstdlib>
#include <tuple>

namespace bellwether {
namespace {

constexpr uint32_t kOfAKindMin = 5;  // fewer posts are no kind of their own
// Hours differ by at least this share of the average, one standard deviation, whatever was seen:
// otherwise an hour without posts would be known exactly.
constexpr double kSpreadMin = 0.2;
constexpr double kNeighboursShared = 3;  // hours that the kernel makes of one: its sum within a day

struct Cell {
  double exposure = 0;  // ordinary posts
  double got = 0;
  double deviations = 0;  // of single posts from the cell's own rate
  uint32_t posts = 0;
};

// What a post of each kind gets, over what any post gets.
std::array<double, kPostingKindsMax> exposures(std::span<const HourOutcome> outcomes,
                                               double average) {
  std::array<double, kPostingKindsMax> posts{};
  std::array<double, kPostingKindsMax> got{};
  for (const HourOutcome& each : outcomes) {
    assert(each.kind < kPostingKindsMax);
    posts[each.kind] += 1;
    got[each.kind] += each.responders;
  }
  // The few of a small kind are taken together, so that all exposures still sum to all posts.
  double few_posts = 0;
  double few_got = 0;
  for (size_t k = 0; k < posts.size(); ++k) {
    if (posts[k] >= kOfAKindMin) continue;
    few_posts += posts[k];
    few_got += got[k];
  }
  std::array<double, kPostingKindsMax> exposure{};
  for (size_t k = 0; k < posts.size(); ++k) {
    const bool few = posts[k] < kOfAKindMin;
    const double n = few ? few_posts : posts[k];
    if (n > 0) exposure[k] = (few ? few_got : got[k]) / n / average;
  }
  return exposure;
}

}  // namespace

double hour_kinship(int a, int b) {
  const int apart = std::abs(a - b) % kHoursOfWeek;
  const int around = std::min(apart, kHoursOfWeek - apart);  // [0, 84]
  const int of_day = around % 24;
  const int clock = std::min(of_day, 24 - of_day);
  const bool same_day = around == clock;
  return std::max(0.0, 1 - clock / kNeighboursShared) * (same_day ? 1.0 : 1.0 / 3);
}

std::optional<PostingHours> when_to_post(std::span<const HourOutcome> outcomes) {
  PostingHours result;
  Instant first{};
  Instant last{};
  for (const HourOutcome& each : outcomes) {
    assert(each.hour >= 0 && each.hour < kHoursOfWeek);
    HourRate& hour = result.hours[static_cast<size_t>(each.hour)];
    ++hour.posts;
    hour.responders += each.responders;
    ++result.posts;
    result.responders += each.responders;
    if (!first.known() || each.published < first) first = each.published;
    if (!last.known() || each.published > last) last = each.published;
  }
  if (result.posts < kPostingPostsMin || result.responders < kPostingRespondersMin ||
      last.ms - first.ms < kPostingSpanDaysMin * kMsPerDay) {
    return std::nullopt;
  }
  const double average = static_cast<double>(result.responders) / result.posts;
  result.average = average;
  const auto exposure = exposures(outcomes, average);

  // Sorted, so that no sum depends on the order of arrival.
  std::vector<std::tuple<int, uint8_t, uint32_t>> sorted;
  for (const HourOutcome& each : outcomes) {
    if (exposure[each.kind] == 0) continue;  // nothing of this kind ever gets anything
    sorted.emplace_back(each.hour, each.kind, each.responders);
  }
  std::sort(sorted.begin(), sorted.end());
  std::array<Cell, kHoursOfWeek> cells;
  for (const auto& [hour, kind, responders] : sorted) {
    Cell& cell = cells[static_cast<size_t>(hour)];
    ++cell.posts;
    cell.exposure += exposure[kind];
    cell.got += responders;
  }
  double overall = 0;
  for (const auto& [hour, kind, responders] : sorted) {
    const double e = exposure[kind];
    Cell& cell = cells[static_cast<size_t>(hour)];
    const double off = responders - e * cell.got / cell.exposure;
    cell.deviations += off * off / e;
    const double off_average = responders - e * average;
    overall += off_average * off_average / e;
  }
  double within = 0;
  double freedom = 0;
  for (const Cell& cell : cells) {
    within += cell.deviations;
    if (cell.posts > 1) freedom += cell.posts - 1;
  }
  constexpr double kFreedomMin = 10;  // fewer, and one hour's posts do not tell what is usual
  result.dispersion = std::max(
      1.0, freedom >= kFreedomMin ? within / freedom / average
                                  : overall / static_cast<double>(sorted.size() - 1) / average);

  double between = 0;
  double squares = 0;
  uint32_t hours_with_posts = 0;
  for (const Cell& cell : cells) {
    const double off = cell.got - cell.exposure * average;
    between += off * off - result.dispersion * cell.exposure * average;
    squares += cell.exposure * cell.exposure;
    if (cell.posts > 0) ++hours_with_posts;
  }
  const double floor = kSpreadMin * average * kSpreadMin * average;
  const double variance = squares > 0 ? std::max(floor, between / squares) : floor;
  const double prior_shape = average * average / variance;
  const double prior_posts = average / variance;

  const double looked_at = std::max(1.0, hours_with_posts / kNeighboursShared);
  constexpr double kTail = (1 - kPostingMass) / 2;
  for (int h = 0; h < kHoursOfWeek; ++h) {
    double got = 0;
    double posts = 0;
    for (int other = 0; other < kHoursOfWeek; ++other) {
      const double kinship = hour_kinship(h, other);
      got += kinship * cells[static_cast<size_t>(other)].got;
      posts += kinship * cells[static_cast<size_t>(other)].exposure;
    }
    const double shape = prior_shape + got / result.dispersion;
    const double rate = prior_posts + posts / result.dispersion;
    HourRate& hour = result.hours[static_cast<size_t>(h)];
    hour.rate = shape / rate;
    hour.low = boost::math::gamma_p_inv(shape, kTail) / rate;
    hour.high = boost::math::gamma_q_inv(shape, kTail) / rate;
    // What neighbours lend makes no hour stand out that was not itself the better.
    const Cell& own = cells[static_cast<size_t>(h)];
    hour.stands_out = own.got > own.exposure * average &&
                      boost::math::gamma_p(shape, average * rate) <= kPostingFalseAlarm / looked_at;
    if (hour.stands_out) result.best.push_back(h);
  }
  std::stable_sort(result.best.begin(), result.best.end(), [&](int a, int b) {
    return result.hours[static_cast<size_t>(a)].rate > result.hours[static_cast<size_t>(b)].rate;
  });
  return result;
}

}  // namespace bellwether

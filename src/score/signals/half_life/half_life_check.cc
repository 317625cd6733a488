// SPDX-License-Identifier: Apache-2.0
#include "score/signals/half_life/half_life_check.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace bellwether {
namespace {

// Of one post: how old it is, and the delays of what it got.
using Post = std::pair<int64_t, std::vector<int64_t>>;

bool too_few(const std::vector<Post>& posts) {
  size_t responses = 0;
  for (const auto& [age, delays] : posts) responses += delays.size();
  return posts.size() < kHalfLifePostsMin || responses < kHalfLifeResponsesMin;
}

void keep_within(std::vector<Post>& posts, int64_t window_ms) {
  for (auto& [age, delays] : posts) {
    std::erase_if(delays, [&](int64_t delay) { return delay > window_ms; });
    age = std::min(age, window_ms);
  }
  std::erase_if(posts, [](const Post& post) { return post.second.empty(); });
}

}  // namespace

std::optional<std::vector<ResponseShare>> check_response_shares(std::span<const PostAnswers> posts,
                                                                Instant as_of) {
  std::vector<Post> seen;
  for (const PostAnswers& post : posts) {
    Post one{as_of.ms - post.published.ms, {}};
    for (const Instant response : post.responses) {
      if (response < as_of && response >= post.published && post.published < as_of) {
        one.second.push_back(response.ms - post.published.ms);
      }
    }
    seen.push_back(one);
  }
  const int64_t longest = int64_t{kHalfLifeDays} * kMsPerDay;
  std::erase_if(seen, [&](const Post& post) {
    return std::none_of(post.second.begin(), post.second.end(),
                        [&](int64_t delay) { return delay <= longest; });
  });
  std::vector<int64_t> ages;
  for (const Post& post : seen) ages.push_back(post.first);
  std::sort(ages.rbegin(), ages.rend());
  const std::vector<ResponseShare> none;
  if (ages.size() < kHalfLifePostsMin) return none;
  keep_within(seen, std::min(longest, ages[kHalfLifePostsMin - 1]));
  if (too_few(seen)) return none;

  std::map<int64_t, double> mass;  // by delay
  for (const auto& [age, delays] : seen) {
    for (const int64_t delay : delays) mass[delay] = 0;
  }
  for (auto& [delay, m] : mass) m = 1.0 / static_cast<double>(mass.size());
  double moved = 1;
  for (int round = 0; round < 20'000 && moved > 1e-13; ++round) {
    std::map<int64_t, double> filled;
    double all = 0;
    for (const auto& [age, delays] : seen) {
      double within_age = 0;
      for (const auto& [delay, m] : mass) within_age += delay <= age ? m : 0;
      for (const int64_t delay : delays) filled[delay] += 1.0 / static_cast<double>(delays.size());
      for (const auto& [delay, m] : mass) {
        if (delay > age && within_age > 0) filled[delay] += m / within_age;
      }
    }
    for (const auto& [delay, m] : filled) all += m;
    moved = 0;
    for (auto& [delay, m] : mass) {
      const double now = filled[delay] / all;
      moved = std::max(moved, std::abs(now - m));
      m = now;
    }
  }
  if (moved > 1e-10) return std::nullopt;
  std::vector<ResponseShare> shares;
  double share = 0;
  for (const auto& [delay, m] : mass) shares.push_back({delay, share += m});
  return shares;
}

}  // namespace bellwether

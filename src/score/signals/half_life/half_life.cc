// SPDX-License-Identifier: Apache-2.0
#include "score/signals/half_life/half_life.h"

#include <algorithm>
#include <cmath>
#include <random>

namespace bellwether {
namespace {

constexpr int kReplicates = 200;
constexpr uint64_t kRngSeed = 1;  // any: the same for everybody

// What is counted, in an order that does not depend on the one it came in.
struct Delays {
  struct Post {
    int64_t age_ms;  // at most the window
    uint32_t responses;
  };
  struct Delay {
    int64_t ms;
    uint32_t post;
  };
  std::vector<Post> posts;    // youngest first
  std::vector<Delay> delays;  // ascending
  int64_t window_ms = 0;
};

Delays counted(std::span<const PostAnswers> posts, Instant as_of) {
  struct Seen {
    int64_t age_ms;
    std::vector<int64_t> delays;  // ascending
  };
  constexpr int64_t kWindow = kHalfLifeDays * kMsPerDay;
  std::vector<Seen> seen;
  for (const PostAnswers& post : posts) {
    if (post.published >= as_of) continue;
    Seen one{as_of.ms - post.published.ms, {}};
    for (const Instant response : post.responses) {
      const int64_t delay = response.ms - post.published.ms;
      if (response < as_of && delay >= 0 && delay <= kWindow) one.delays.push_back(delay);
    }
    if (one.delays.empty()) continue;
    std::sort(one.delays.begin(), one.delays.end());
    seen.push_back(std::move(one));
  }
  std::sort(seen.begin(), seen.end(), [](const Seen& a, const Seen& b) {
    return a.age_ms != b.age_ms ? a.age_ms < b.age_ms : a.delays < b.delays;
  });
  if (seen.size() > kHalfLifePostsMax) seen.resize(kHalfLifePostsMax);
  Delays out;
  if (seen.size() < kHalfLifePostsMin) return out;
  // What comes late is known of posts only that are as old, and one or two are no distribution.
  out.window_ms = std::min(kWindow, seen[seen.size() - kHalfLifePostsMin].age_ms);
  for (const Seen& one : seen) {
    const auto end = std::upper_bound(one.delays.begin(), one.delays.end(), out.window_ms);
    const auto post = static_cast<uint32_t>(out.posts.size());
    for (auto delay = one.delays.begin(); delay != end; ++delay) {
      out.delays.push_back({*delay, post});
    }
    if (end == one.delays.begin()) continue;
    out.posts.push_back(
        {std::min(one.age_ms, out.window_ms), static_cast<uint32_t>(end - one.delays.begin())});
  }
  std::sort(out.delays.begin(), out.delays.end(), [](const auto& a, const auto& b) {
    return a.ms != b.ms ? a.ms < b.ms : a.post < b.post;
  });
  return out;
}

bool is_enough(const Delays& all) {
  return all.posts.size() >= kHalfLifePostsMin && all.delays.size() >= kHalfLifeResponsesMin;
}

// One distinct delay: the weight at it, and of all no later among posts that are as old.
struct Step {
  int64_t ms;
  double here;
  double at_risk;
};

void steps(const Delays& all, std::span<const double> weight, std::vector<Step>& out) {
  out.clear();
  double so_far = 0;
  double too_young = 0;
  size_t young = 0;
  for (size_t i = 0; i < all.delays.size();) {
    const int64_t ms = all.delays[i].ms;
    double here = 0;
    for (; i < all.delays.size() && all.delays[i].ms == ms; ++i) {
      const uint32_t post = all.delays[i].post;
      here += weight[post] / all.posts[post].responses;
    }
    so_far += here;
    for (; young < all.posts.size() && all.posts[young].age_ms < ms; ++young) {
      too_young += weight[young];
    }
    out.push_back({ms, here, std::max(here, so_far - too_young)});
  }
}

// Shares from the last delay, where all of them are, down to the first.
int64_t half(std::span<const Step> steps) {
  double share = 1;
  for (size_t i = steps.size(); i-- > 0;) {
    share *= 1 - steps[i].here / steps[i].at_risk;  // of those before this one
    if (share < 0.5) return steps[i].ms;
  }
  return steps.front().ms;
}

double hours(int64_t ms) { return static_cast<double>(ms) / static_cast<double>(kMsPerHour); }

}  // namespace

std::optional<HalfLife> half_life(std::span<const PostAnswers> posts, Instant as_of) {
  const Delays all = counted(posts, as_of);
  if (!is_enough(all)) return std::nullopt;
  std::vector<double> weight(all.posts.size(), 1);
  std::vector<Step> scratch;
  steps(all, weight, scratch);
  const int64_t middle = half(scratch);

  std::mt19937_64 random(kRngSeed);
  std::vector<int64_t> halves;
  for (int r = 0; r < kReplicates; ++r) {
    for (double& w : weight) {
      w = -std::log1p(-static_cast<double>(random() >> 11) * 0x1p-53);
    }
    steps(all, weight, scratch);
    halves.push_back(half(scratch));
  }
  std::sort(halves.begin(), halves.end());
  constexpr auto kTail = static_cast<size_t>(kReplicates * (1 - kHalfLifeMass) / 2);
  HalfLife result;
  result.hours = hours(middle);
  result.low = std::min(result.hours, hours(halves[kTail]));
  result.high = std::max(result.hours, hours(halves[halves.size() - 1 - kTail]));
  result.within_days = static_cast<double>(all.window_ms) / static_cast<double>(kMsPerDay);
  result.posts = static_cast<uint32_t>(all.posts.size());
  result.responses = static_cast<uint32_t>(all.delays.size());
  return result;
}

std::vector<ResponseShare> response_shares(std::span<const PostAnswers> posts, Instant as_of) {
  const Delays all = counted(posts, as_of);
  if (!is_enough(all)) return {};
  std::vector<Step> all_steps;
  steps(all, std::vector<double>(all.posts.size(), 1), all_steps);
  std::vector<ResponseShare> shares(all_steps.size());
  double share = 1;
  for (size_t i = all_steps.size(); i-- > 0;) {
    shares[i] = {all_steps[i].ms, share};
    share *= 1 - all_steps[i].here / all_steps[i].at_risk;
  }
  std::erase_if(shares, [](const ResponseShare& each) { return each.share <= 0; });
  return shares;
}

}  // namespace bellwether

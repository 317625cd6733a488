// SPDX-License-Identifier: Apache-2.0
#include "score/signals/lead/lead_check.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace bellwether {
namespace {

// An item as one person's shuffle needs it.
struct Shuffled {
  int64_t published_ms = 0;  // by the person
  size_t slot = 0;           // theirs
  double first = 0;          // the chance of the first slot by how much they begin
  std::vector<double> share;
  std::vector<double> weight;  // the person's, at each slot
  std::vector<double> others;  // of those left at each slot if the person has none
};

}  // namespace

LeadShuffle shuffle_lead(std::span<const Adoption> uses, PersonId person, double haste,
                         const LeadOptions& options, uint32_t draws, uint64_t rng_seed) {
  const int64_t window_ms = int64_t{options.window_days} * kMsPerDay;
  std::map<uint32_t, std::map<PersonId, int64_t>> items;  // when each first used it
  std::vector<std::pair<PersonId, int64_t>> taken;        // all that anybody took up
  int64_t begin_ms = INT64_MAX;
  for (const Adoption& use : uses) {
    begin_ms = std::min(begin_ms, use.published.ms);
    if (use.item == kNoItem) {
      taken.emplace_back(use.person, use.published.ms);
      continue;
    }
    const auto at = items[use.item].try_emplace(use.person, use.published.ms).first;
    at->second = std::min(at->second, use.published.ms);
  }
  for (const auto& [item, adopters] : items) {
    for (const auto& adoption : adopters) taken.push_back(adoption);
  }
  // What began with somebody, and whether enough took it up.
  struct Begun {
    PersonId person;
    int64_t at_ms;
    bool caught_on;
  };
  std::vector<Begun> begun;
  for (const Adoption& use : uses) {
    if (use.item == kNoItem) begun.push_back({use.person, use.published.ms, false});
  }
  for (const auto& [item, adopters] : items) {
    const auto first =
        std::min_element(adopters.begin(), adopters.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (first->second < begin_ms + window_ms) continue;
    begun.push_back({first->first, first->second, adopters.size() >= options.adopters_min});
  }
  const auto weight = [&](PersonId who, int64_t at_ms) {
    const auto around = std::count_if(taken.begin(), taken.end(), [&](const auto& each) {
      return each.first == who && std::abs(each.second - at_ms) <= window_ms / 2;
    });
    return around == 0 ? 0.0 : std::pow(static_cast<double>(around), haste);
  };

  std::vector<Shuffled> shuffled;
  for (const auto& [item, adopters] : items) {
    if (!adopters.contains(person) || adopters.size() < options.adopters_min) continue;
    std::vector<std::pair<int64_t, PersonId>> slots;
    for (const auto& [who, at_ms] : adopters) slots.emplace_back(at_ms, who);
    std::sort(slots.begin(), slots.end());
    if (slots[0].first < begin_ms + window_ms) continue;
    Shuffled one;
    for (size_t k = 0; k < slots.size(); ++k) {
      const auto followed = std::count_if(slots.begin(), slots.end(), [&](const auto& other) {
        return other.first > slots[k].first && other.first <= slots[k].first + window_ms;
      });
      one.share.push_back(static_cast<double>(followed) / static_cast<double>(slots.size() - 1));
      one.weight.push_back(weight(person, slots[k].first));
      if (slots[k].second == person) {
        one.slot = k;
        one.published_ms = slots[k].first;
      }
    }
    std::vector<PersonId> others;
    for (const auto& [at_ms, who] : slots) {
      if (who != person) others.push_back(who);
    }
    for (size_t k = 0; k < slots.size(); ++k) {
      double sum = 0;
      for (size_t o = k; o < others.size(); ++o) sum += weight(others[o], slots[k].first);
      one.others.push_back(sum);
    }
    if (haste == 1) {  // the race
      const double more = one.slot == 0 ? 0 : 1;
      double all = more, good = more;
      for (const Begun& each : begun) {
        if (each.person != person || std::abs(each.at_ms - slots[0].first) > window_ms / 2)
          continue;
        ++all;
        good += each.caught_on ? 1 : 0;
      }
      one.first = std::min(1.0, all / good / static_cast<double>(slots.size()));
    }
    double low = 2, high = -1;
    for (size_t k = 0; k < slots.size(); ++k) {
      if (one.weight[k] == 0) continue;
      low = std::min(low, one.share[k]);
      high = std::max(high, one.share[k]);
    }
    if (high > low) shuffled.push_back(std::move(one));
  }
  std::sort(shuffled.begin(), shuffled.end(),
            [](const Shuffled& a, const Shuffled& b) { return a.published_ms < b.published_ms; });
  std::vector<double> vote(shuffled.size());
  for (size_t begin = 0; begin < shuffled.size();) {
    size_t end = begin;
    while (end < shuffled.size() &&
           shuffled[end].published_ms <
               shuffled[begin].published_ms + int64_t{options.occasion_days} * kMsPerDay) {
      ++end;
    }
    for (size_t i = begin; i < end; ++i) vote[i] = 1.0 / static_cast<double>(end - begin);
    begin = end;
  }

  std::mt19937_64 engine(rng_seed);
  const auto uniform = [&] { return static_cast<double>(engine() >> 11) * 0x1.0p-53; };
  const auto draw = [&](const Shuffled& one) {
    while (true) {  // until there is a slot for them
      for (size_t k = 0; k < one.share.size(); ++k) {
        const double all = one.weight[k] + one.others[k];
        if (one.weight[k] == 0) continue;
        const double chance = one.weight[k] / all;
        if (uniform() < (k == 0 ? std::max(chance, one.first) : chance)) {
          return one.share[k];
        }
      }
    }
  };
  LeadShuffle out;
  for (size_t i = 0; i < shuffled.size(); ++i)
    out.own += vote[i] * shuffled[i].share[shuffled[i].slot];
  for (uint32_t d = 0; d < draws; ++d) {
    double sum = 0;
    for (size_t i = 0; i < shuffled.size(); ++i) sum += vote[i] * draw(shuffled[i]);
    out.expected += sum / draws;
    if (sum >= out.own - 1e-9) out.at_least += 1.0 / draws;
  }
  return out;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "score/signals/lead/lead.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/math/special_functions/erf.hpp>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <optional>
#include <tuple>
#include <unordered_map>

#include "base/parallel.h"

namespace bellwether {
namespace {

constexpr size_t kRace = kHastes.size() - 1;
constexpr size_t kHastePeopleMax = 4096;

struct Slot {
  int64_t ms;
  PersonId person;
};

// One run of slots of an item; of an item with few adopters, one slot.
struct Run {
  int64_t at_ms;    // of its middle slot
  uint32_t middle;  // slot
  uint32_t size;    // slots
  double share;     // mean over its slots of the others who follow, [0, 1]
  // By kHastes: the weights around at_ms of those who have the middle slot or a later one, summed,
  // and of this, of whoever has the middle slot.
  std::array<double, kHastes.size()> rest;
  std::array<double, kHastes.size()> taker;
};

// What somebody weighs who takes up so much: 0 for nothing, by kHastes.
class Weights {
 public:
  Weights() {
    for (size_t g = 0; g < kHastes.size(); ++g) {
      for (size_t n = 0; n < kTable; ++n) table_[n][g] = weigh(n, g);
    }
  }
  std::array<double, kHastes.size()> of(uint32_t around) const {
    if (around < kTable) return table_[around];
    std::array<double, kHastes.size()> out{};
    for (size_t g = 0; g < kHastes.size(); ++g) out[g] = weigh(around, g);
    return out;
  }

 private:
  static constexpr size_t kTable = 1024;
  static double weigh(size_t around, size_t g) {
    return around == 0 ? 0 : std::pow(static_cast<double>(around), kHastes[g]);
  }
  std::array<std::array<double, kHastes.size()>, kTable> table_{};
};

// When everybody did something: by person, times ascending.
class Timelines {
 public:
  Timelines(uint32_t people, std::vector<std::pair<PersonId, int64_t>> done, int64_t half_ms)
      : row_(people + size_t{1}), half_ms_(half_ms) {
    std::sort(done.begin(), done.end());
    for (const auto& [person, ms] : done) {
      ++row_[person + size_t{1}];
      ms_.push_back(ms);
    }
    for (size_t p = 0; p < people; ++p) row_[p + 1] += row_[p];
  }

  // How much within half a window on either side.
  uint32_t around(PersonId person, int64_t at_ms) const { return around(of(person), at_ms); }
  std::span<const int64_t> of(PersonId person) const {
    return std::span(ms_).subspan(row_[person], row_[person + size_t{1}] - row_[person]);
  }

 private:
  uint32_t around(std::span<const int64_t> times, int64_t at_ms) const {
    const auto from = std::lower_bound(times.begin(), times.end(), at_ms - half_ms_);
    return static_cast<uint32_t>(std::upper_bound(from, times.end(), at_ms + half_ms_) - from);
  }

  std::vector<uint64_t> row_;  // by person, people + 1
  std::vector<int64_t> ms_;
  int64_t half_ms_;
};

// How many came after each slot within the window: at the same instant is not after.
void count_followers(std::span<const Slot> slots, int64_t window_ms, std::span<uint32_t> followed) {
  size_t after = 0;
  size_t end = 0;
  for (size_t k = 0; k < slots.size(); ++k) {
    while (after < slots.size() && slots[after].ms <= slots[k].ms) ++after;
    while (end < slots.size() && slots[end].ms <= slots[k].ms + window_ms) ++end;
    followed[k] = static_cast<uint32_t>(end - after);
  }
}

size_t runs_of(size_t slots) { return std::min(slots, kLeadRunsMax); }
size_t run_begin(size_t run, size_t slots) { return run * slots / runs_of(slots); }

void fill_runs(std::span<const Slot> slots, std::span<const uint32_t> followed,
               const Timelines& timelines, const Weights& weights, std::span<Run> runs) {
  const size_t n = slots.size();
  for (size_t c = 0; c < runs.size(); ++c) {
    const size_t begin = run_begin(c, n);
    const size_t end = run_begin(c + 1, n);
    Run& run = runs[c];
    run = {};
    run.middle = static_cast<uint32_t>(begin + (end - begin - 1) / 2);
    run.size = static_cast<uint32_t>(end - begin);
    run.at_ms = slots[run.middle].ms;
    uint64_t all = 0;
    for (size_t k = begin; k < end; ++k) all += followed[k];
    run.share = static_cast<double>(all) / static_cast<double>((end - begin) * (n - 1));
    for (size_t k = run.middle; k < n; ++k) {
      const auto weight = weights.of(timelines.around(slots[k].person, run.at_ms));
      for (size_t g = 0; g < kHastes.size(); ++g) run.rest[g] += weight[g];
      if (k == run.middle) run.taker = weight;
    }
  }
}

// One item of one person: how chance might have placed them, by kHastes.
struct Trial {
  std::vector<double> share;  // of the runs within which they were around
  std::array<std::vector<double>, kHastes.size()> chance;  // empty: not asked for
  double own = 0;                                          // the share that was
  double weight = 1;  // of the item within its occasion, (0, 1]

  double mean(size_t haste) const {
    double sum = 0;
    for (size_t c = 0; c < share.size(); ++c) sum += chance[haste][c] * share[c];
    return sum;
  }
  double variance(size_t haste) const {
    const double middle = mean(haste);
    double sum = 0;
    for (size_t c = 0; c < share.size(); ++c) {
      sum += chance[haste][c] * (share[c] - middle) * (share[c] - middle);
    }
    return sum;
  }
};

// By the hastes asked for. `beginning`: the chance of the first slot by what they begin; in the
// race it holds where it is the larger one. False: chance leaves no choice, and the item says
// nothing of this person.
bool try_item(PersonId person, size_t slot, std::span<const Run> runs, const Timelines& timelines,
              const Weights& weights, std::span<const size_t> hastes, double beginning,
              Trial& trial) {
  trial.share.clear();
  for (auto& chance : trial.chance) chance.clear();
  std::array<double, kHastes.size()> left;  // the chance of having no slot so far
  left.fill(1);
  size_t first = 0;
  for (const Run& run : runs) {
    const bool own = slot >= first && slot < first + run.size;
    first += run.size;
    const uint32_t seen = timelines.around(person, run.at_ms);
    // Whoever took a slot of the run was there.
    const uint32_t around = own ? std::max(seen, 1U) : seen;
    if (own) trial.own = run.share;
    if (around == 0) continue;
    trial.share.push_back(run.share);
    const auto counted = weights.of(seen);
    const auto weight = weights.of(around);
    for (const size_t g : hastes) {
      // Those who are left if this person has none of the earlier slots: the others keep their
      // order, so that those behind it have moved up by one.
      const double others =
          std::max(0.0, run.middle <= slot ? run.rest[g] - counted[g] : run.rest[g] - run.taker[g]);
      const double none = others / (weight[g] + others);
      double after = left[g] * (run.size == 1 ? none : std::pow(none, run.size - 1.0) * none);
      if (g == kRace && run.middle < run.size && first == run.size && beginning > 1 - none) {
        after *= (1 - beginning) / none;
      }
      trial.chance[g].push_back(left[g] - after);
      left[g] = after;
    }
  }
  double low = 1;
  double high = 0;
  for (const double share : trial.share) {
    low = std::min(low, share);
    high = std::max(high, share);
  }
  // That the slots run out before the person has one is no way it can have been.
  for (const size_t g : hastes) {
    for (double& chance : trial.chance[g]) chance /= 1 - left[g];
  }
  return high - low > 1e-9;
}

// The chance of at least what was, for the sum of all trials: independent but within occasions,
// where the cumulants of the sum are at most the weighted sum of theirs (Hoelder), whatever the
// dependence.
class Tail {
 public:
  Tail(std::span<const Trial> trials, size_t haste) : trials_(trials), haste_(haste) {}

  double of_own() const {
    double own = 0, lowest = 0, highest = 0, log_highest = 0;
    for (const Trial& trial : trials_) {
      const std::vector<double>& chance = trial.chance[haste_];
      double low = 2, high = -1, at_high = 0;
      for (size_t c = 0; c < chance.size(); ++c) {
        if (!(chance[c] > 0)) continue;
        low = std::min(low, trial.share[c]);
        if (trial.share[c] > high) {
          high = trial.share[c];
          at_high = 0;
        }
        if (trial.share[c] == high) at_high += chance[c];
      }
      own += trial.weight * trial.own;
      lowest += trial.weight * low;
      highest += trial.weight * high;
      log_highest += trial.weight * std::log(at_high);
    }
    constexpr double kNear = 1e-9;
    const double at_most = std::exp(log_highest);  // the chance of the best there is
    if (own <= lowest + kNear) return 1;
    if (own >= highest - kNear) return std::max(at_most, kSmallest);
    const Cumulants middle = cumulants(0);
    if (!(middle.second > 1e-18)) return own > middle.first ? kSmallest : 1;
    const double s = solve(own, middle);
    const Cumulants there = cumulants(s);
    const double exponent = std::min(0.0, there.log_moment - s * own);
    const double bound = std::exp(exponent);  // Chernoff's
    const double w = std::copysign(std::sqrt(-2 * exponent), s);
    const double u = s * std::sqrt(there.second);
    double p;
    if (std::abs(w) < 1e-3) {
      // In the middle the formula below is a difference of two large numbers.
      p = 0.5 -
          (middle.third / (6 * std::pow(middle.second, 1.5)) + w) / std::sqrt(2 * std::numbers::pi);
    } else {
      p = 0.5 * std::erfc(w / std::numbers::sqrt2) +
          std::exp(exponent) / std::sqrt(2 * std::numbers::pi) * (1 / u - 1 / w);
    }
    if (!std::isfinite(p)) p = bound;
    p = s > 0 ? std::clamp(p, std::min(at_most, bound), bound) : std::clamp(p, 1 - bound, 1.0);
    return std::clamp(p, kSmallest, 1.0);
  }

 private:
  static constexpr double kSmallest = 1e-300;

  struct Cumulants {
    double log_moment = 0, first = 0, second = 0, third = 0;
  };

  Cumulants cumulants(double s) const {
    Cumulants sum;
    for (const Trial& trial : trials_) {
      const std::vector<double>& chance = trial.chance[haste_];
      // Counted from the end that weighs most, so that nothing overflows.
      double top = s > 0 ? 0 : 1;
      for (const double share : trial.share) {
        top = s > 0 ? std::max(top, share) : std::min(top, share);
      }
      double all = 0, one = 0, two = 0, three = 0;
      for (size_t c = 0; c < chance.size(); ++c) {
        const double x = trial.share[c] - top;
        const double e = chance[c] * std::exp(s * x);
        all += e;
        one += e * x;
        two += e * x * x;
        three += e * x * x * x;
      }
      one /= all;
      two /= all;
      three /= all;
      sum.log_moment += trial.weight * (std::log(all) + s * top);
      sum.first += trial.weight * (one + top);
      sum.second += trial.weight * std::max(0.0, two - one * one);
      sum.third += trial.weight * (three - 3 * one * two + 2 * one * one * one);
    }
    return sum;
  }

  // Where the first cumulant is `own`: Newton's method within a bracket.
  double solve(double own, const Cumulants& middle) const {
    const double direction = own >= middle.first ? 1 : -1;
    double inner = 0;
    double outer = direction;
    while (std::abs(outer) < 1e7 && (cumulants(outer).first - own) * direction < 0) {
      inner = outer;
      outer *= 4;
    }
    double s = std::clamp((own - middle.first) / middle.second, std::min(inner, outer),
                          std::max(inner, outer));
    for (int step = 0; step < 60; ++step) {
      const Cumulants here = cumulants(s);
      const double miss = here.first - own;
      if (std::abs(miss) < 1e-11) break;
      if (miss * direction < 0) {
        inner = s;
      } else {
        outer = s;
      }
      const double next = s - miss / here.second;
      const bool inside = next > std::min(inner, outer) && next < std::max(inner, outer);
      s = inside ? next : (inner + outer) / 2;
    }
    return s;
  }

  std::span<const Trial> trials_;
  size_t haste_;
};

double normal_of(double p) {
  return std::numbers::sqrt2 *
         boost::math::erfc_inv(2 *
                               std::clamp(p, 1e-300, 1 - std::numeric_limits<double>::epsilon()));
}

std::optional<Error> problem_with(const LeadOptions& options) {
  const auto wrong = [](std::string_view what) {
    return Error{ErrorCode::kInvalidArgument, std::string(what)};
  };
  if (options.window_days < 1 || options.window_days > 3650) {
    return wrong("the window of followers is between 1 and 3650 days");
  }
  if (options.occasion_days < 1 || options.occasion_days > 3650) {
    return wrong("an occasion lasts between 1 and 3650 days");
  }
  if (options.adopters_min < 2) return wrong("an item needs at least 2 adopters to count");
  if (options.occasions_min < 1) return wrong("a person needs at least one occasion");
  if (!(options.false_discovery > 0 && options.false_discovery < 1)) {
    return wrong("the share of false discoveries lies between 0 and 1");
  }
  return std::nullopt;
}

// Everything that is the same for whoever is tested.
class LeadTest {
 public:
  LeadTest(std::span<const Adoption> uses, std::span<const uint8_t> has_standing,
           std::span<const NotFor> not_for, const LeadOptions& options)
      : options_(options),
        window_ms_(int64_t{options.window_days} * kMsPerDay),
        occasion_ms_(int64_t{options.occasion_days} * kMsPerDay),
        people_(static_cast<uint32_t>(has_standing.size())),
        not_for_(not_for.begin(), not_for.end()),
        timelines_(0, {}, 0),
        begun_(0, {}, 0),
        caught_on_(0, {}, 0) {
    std::sort(not_for_.begin(), not_for_.end());
    take(uses, has_standing);
  }

  LeadReport run() {
    // The items are apart from each other, and then the people.
    parallel_for(items_.size(), 64, options_.threads, [&](size_t begin, size_t end) {
      for (size_t i = begin; i < end; ++i) {
        const Item& item = items_[i];
        const auto slots = slots_of(item);
        const std::span followed = std::span(followed_).subspan(item.first, item.size);
        count_followers(slots, window_ms_, followed);
        fill_runs(slots, followed, timelines_, weights_,
                  std::span(runs_).subspan(item.first_run, runs_of(item.size)));
      }
    });
    choose_haste();
    std::vector<std::optional<PersonLead>> found(people_);
    std::vector<uint8_t> too_few(people_);
    parallel_for(people_, 16, options_.threads, [&](size_t begin, size_t end) {
      for (size_t p = begin; p < end; ++p) {
        const auto person = static_cast<PersonId>(p);
        if (places_of(person).empty()) continue;
        found[p] = test(person);
        too_few[p] = found[p] ? 0 : 1;
      }
    });
    for (uint32_t p = 0; p < people_; ++p) {
      if (found[p]) report_.people.push_back(std::move(*found[p]));
      report_.not_tested += too_few[p];
    }
    judge();
    return std::move(report_);
  }

 private:
  struct Item {
    uint32_t number;  // the caller's
    uint32_t size;
    uint64_t first;      // slot
    uint64_t first_run;  // in runs_
  };
  struct Place {
    uint32_t item;  // in items_
    uint32_t slot;
  };

  std::span<const Slot> slots_of(const Item& item) const {
    return std::span(slots_).subspan(item.first, item.size);
  }

  void take(std::span<const Adoption> uses, std::span<const uint8_t> has_standing) {
    std::vector<Adoption> first;
    for (const Adoption& use : uses) {
      if (has_standing[use.person] != 0) first.push_back(use);
    }
    std::sort(first.begin(), first.end(), [](const Adoption& a, const Adoption& b) {
      return std::tie(a.item, a.person, a.published) < std::tie(b.item, b.person, b.published);
    });
    first.erase(std::unique(first.begin(), first.end(),
                            [](const Adoption& a, const Adoption& b) {
                              return a.item != kNoItem && a.item == b.item && a.person == b.person;
                            }),
                first.end());
    int64_t begin_ms =
        options_.begin.known() ? options_.begin.ms : std::numeric_limits<int64_t>::max();
    std::vector<std::pair<PersonId, int64_t>> taken_up;
    std::vector<std::pair<PersonId, int64_t>> begun;
    std::vector<std::pair<PersonId, int64_t>> caught_on;
    for (const Adoption& use : first) {
      begin_ms = std::min(begin_ms, use.published.ms);
      taken_up.emplace_back(use.person, use.published.ms);
      if (use.item == kNoItem) begun.emplace_back(use.person, use.published.ms);
    }
    timelines_ = Timelines(people_, std::move(taken_up), window_ms_ / 2);
    place_row_.assign(people_ + size_t{1}, 0);

    for (size_t at = 0; at < first.size() && first[at].item != kNoItem;) {
      size_t end = at + 1;
      while (end < first.size() && first[end].item == first[at].item) ++end;
      const size_t size = end - at;
      const auto oldest = std::min_element(
          first.begin() + static_cast<ptrdiff_t>(at), first.begin() + static_cast<ptrdiff_t>(end),
          [](const Adoption& a, const Adoption& b) {
            return std::tie(a.published, a.person) < std::tie(b.published, b.person);
          });
      const bool old = oldest->published.ms < begin_ms + window_ms_;
      if (!old) begun.emplace_back(oldest->person, oldest->published.ms);
      if (old) {
        ++report_.items_old;
      } else if (size < options_.adopters_min) {
        ++report_.items_few;
      } else {
        caught_on.emplace_back(oldest->person, oldest->published.ms);
        items_.push_back(
            {first[at].item, static_cast<uint32_t>(size), slots_.size(),
             items_.empty() ? 0 : items_.back().first_run + runs_of(items_.back().size)});
        const auto begin = static_cast<ptrdiff_t>(slots_.size());
        for (; at < end; ++at) slots_.push_back({first[at].published.ms, first[at].person});
        std::sort(slots_.begin() + begin, slots_.end(), [](const Slot& a, const Slot& b) {
          return a.ms != b.ms ? a.ms < b.ms : a.person < b.person;
        });
      }
      at = end;
    }
    begun_ = Timelines(people_, std::move(begun), window_ms_ / 2);
    caught_on_ = Timelines(people_, std::move(caught_on), window_ms_ / 2);
    report_.items = static_cast<uint32_t>(items_.size());
    report_.adoptions = slots_.size();
    followed_.resize(slots_.size());
    runs_.resize(items_.empty() ? 0 : items_.back().first_run + runs_of(items_.back().size));

    for (const Slot& slot : slots_) ++place_row_[slot.person + size_t{1}];
    for (size_t p = 0; p < people_; ++p) place_row_[p + 1] += place_row_[p];
    places_.resize(slots_.size());
    std::vector<uint64_t> at(place_row_.begin(), place_row_.end() - 1);
    for (uint32_t i = 0; i < items_.size(); ++i) {
      const auto slots = slots_of(items_[i]);
      for (uint32_t k = 0; k < slots.size(); ++k) places_[at[slots[k].person]++] = {i, k};
    }
  }

  std::span<const Place> places_of(PersonId person) const {  // by item
    return std::span(places_).subspan(place_row_[person],
                                      place_row_[person + size_t{1}] - place_row_[person]);
  }
  // Who proves nothing for `person`, ascending.
  std::span<const NotFor> not_for(PersonId person) const {
    const auto [begin, end] =
        std::equal_range(not_for_.begin(), not_for_.end(), NotFor{person, 0},
                         [](const NotFor& a, const NotFor& b) { return a.receiver < b.receiver; });
    return std::span(not_for_).subspan(static_cast<size_t>(begin - not_for_.begin()),
                                       static_cast<size_t>(end - begin));
  }
  static bool holds(std::span<const NotFor> left_out, PersonId person) {
    return std::binary_search(left_out.begin(), left_out.end(), NotFor{0, person},
                              [](const NotFor& a, const NotFor& b) { return a.other < b.other; });
  }
  // By place of the person: whether somebody left out is among the item's adopters.
  std::vector<uint8_t> touched(std::span<const Place> places,
                               std::span<const NotFor> left_out) const {
    std::vector<uint8_t> out(left_out.empty() ? 0 : places.size());
    for (const NotFor& each : left_out) {
      if (each.other >= people_ || each.other == each.receiver) continue;
      const auto theirs = places_of(each.other);
      size_t at = 0;
      for (const Place& place : theirs) {
        while (at < places.size() && places[at].item < place.item) ++at;
        if (at == places.size()) break;
        if (places[at].item == place.item) out[at] = 1;
      }
    }
    return out;
  }

  // An item as one person sees it.
  struct View {
    std::span<const Slot> slots;
    std::span<const uint32_t> followed;
    std::span<const Run> runs;
    size_t slot = 0;              // the person's
    std::vector<Slot> own_slots;  // of which these are, where somebody was left out
    std::vector<uint32_t> own_followed;
    std::vector<Run> own_runs;
  };
  void look(const Place& place, bool leave_out, PersonId person, std::span<const NotFor> left_out,
            View& view) const {
    const Item& item = items_[place.item];
    view.slots = slots_of(item);
    view.slot = place.slot;
    if (!leave_out) {
      view.followed = std::span(followed_).subspan(item.first, item.size);
      view.runs = std::span(runs_).subspan(item.first_run, runs_of(item.size));
      return;
    }
    view.own_slots.clear();
    for (const Slot& slot : view.slots) {
      if (slot.person == person) view.slot = view.own_slots.size();
      if (slot.person == person || !holds(left_out, slot.person)) view.own_slots.push_back(slot);
    }
    view.own_followed.resize(view.own_slots.size());
    view.own_runs.resize(runs_of(view.own_slots.size()));
    view.slots = view.own_slots;
    if (view.slots.size() >= options_.adopters_min) {
      count_followers(view.slots, window_ms_, view.own_followed);
      fill_runs(view.slots, view.own_followed, timelines_, weights_, view.own_runs);
    }
    view.followed = view.own_followed;
    view.runs = view.own_runs;
  }

  // The chance of the first slot by how many things the person begins for one that catches on: one
  // in `n` for each.
  double beginning(PersonId person, std::span<const Slot> slots) const {
    const int64_t at_ms = slots.front().ms;
    const uint32_t more = slots.front().person == person ? 0 : 1;  // had they begun this one too
    const uint32_t begun = begun_.around(person, at_ms) + more;
    const uint32_t caught_on = caught_on_.around(person, at_ms) + more;
    return std::min(1.0, static_cast<double>(begun) / static_cast<double>(caught_on) /
                             static_cast<double>(slots.size()));
  }

  // What somebody took up, and how chance might have placed them; by time.
  struct Tried {
    std::vector<LeadItem> items;
    std::vector<Trial> trials;
    uint32_t occasions = 0;
  };
  Tried try_all(PersonId person, std::span<const size_t> hastes) const {
    Tried tried;
    const auto places = places_of(person);
    if (places.size() < options_.occasions_min) return tried;
    const auto left_out = not_for(person);
    const std::vector<uint8_t> leave_out = touched(places, left_out);
    View view;
    Trial trial;
    for (size_t i = 0; i < places.size(); ++i) {
      look(places[i], !leave_out.empty() && leave_out[i] != 0, person, left_out, view);
      if (view.slots.size() < options_.adopters_min) continue;
      if (!try_item(person, view.slot, view.runs, timelines_, weights_, hastes,
                    beginning(person, view.slots), trial)) {
        continue;
      }
      LeadItem item;
      item.item = items_[places[i].item].number;
      item.published = Instant{view.slots[view.slot].ms};
      item.position = static_cast<uint32_t>(view.slot + 1);
      item.adopters = static_cast<uint32_t>(view.slots.size());
      item.followed = view.followed[view.slot];
      item.occasion = static_cast<uint32_t>(tried.trials.size());  // its number, until sorted
      tried.items.push_back(item);
      tried.trials.push_back(trial);
    }
    std::sort(tried.items.begin(), tried.items.end(), [](const LeadItem& a, const LeadItem& b) {
      return std::tie(a.published, a.item) < std::tie(b.published, b.item);
    });
    std::vector<Trial> in_time(tried.trials.size());
    for (size_t i = 0; i < in_time.size(); ++i) {
      in_time[i] = std::move(tried.trials[tried.items[i].occasion]);
    }
    tried.trials = std::move(in_time);
    for (size_t begin = 0; begin < tried.items.size(); ++tried.occasions) {
      const int64_t end_ms = tried.items[begin].published.ms + occasion_ms_;
      size_t end = begin;
      while (end < tried.items.size() && tried.items[end].published.ms < end_ms) ++end;
      for (size_t i = begin; i < end; ++i) {
        tried.trials[i].weight = 1.0 / static_cast<double>(end - begin);
        tried.items[i].occasion = tried.occasions;
      }
      begin = end;
    }
    return tried;
  }

  // The haste under which how much people take up says nothing more of how early they are.
  void choose_haste() {
    using Distances = std::array<double, kHastes.size()>;
    std::vector<size_t> all(kHastes.size());
    std::iota(all.begin(), all.end(), size_t{0});
    // In a large community a share of them says as much; by number, which is as good as random.
    std::vector<PersonId> sample;
    for (PersonId p = 0; p < people_; ++p) {
      if (places_of(p).size() >= options_.occasions_min) sample.push_back(p);
    }
    const size_t every = (sample.size() + kHastePeopleMax - 1) / kHastePeopleMax;
    for (size_t i = 0; i * every < sample.size(); ++i) sample[i] = sample[i * every];
    if (every > 1) sample.resize((sample.size() + every - 1) / every);
    std::vector<std::optional<Distances>> distance(sample.size());
    parallel_for(sample.size(), 16, options_.threads, [&](size_t begin, size_t end) {
      for (size_t p = begin; p < end; ++p) {
        const Tried tried = try_all(sample[p], all);
        if (tried.occasions < options_.occasions_min) continue;
        Distances& z = distance[p].emplace();
        for (size_t g = 0; g < kHastes.size(); ++g) {
          double above = 0, variance = 0;
          for (const Trial& trial : tried.trials) {
            above += trial.weight * (trial.own - trial.mean(g));
            variance += trial.weight * trial.variance(g);
          }
          // Cut off, so that a few who lead do not set what is usual.
          z[g] = variance > 0 ? std::clamp(above / std::sqrt(variance), -2.0, 2.0) : 0;
        }
      }
    });
    double people = 0, mean = 0;
    for (size_t p = 0; p < sample.size(); ++p) {
      if (!distance[p]) continue;
      ++people;
      mean += std::log(static_cast<double>(timelines_.of(sample[p]).size()));
    }
    if (people < kHabitPeopleMin) return;
    mean /= people;
    Distances slope{};
    for (size_t p = 0; p < sample.size(); ++p) {
      if (!distance[p]) continue;
      const double busy = std::log(static_cast<double>(timelines_.of(sample[p]).size())) - mean;
      for (size_t g = 0; g < kHastes.size(); ++g) slope[g] += busy * (*distance[p])[g];
    }
    for (size_t g = 0; g < kHastes.size(); ++g) {
      if (std::abs(slope[g]) < std::abs(slope[haste_])) haste_ = g;
    }
  }

  std::optional<PersonLead> test(PersonId person) const {
    const std::array hastes{haste_, kRace};
    Tried tried = try_all(person, std::span(hastes).first(haste_ == kRace ? 1 : 2));
    if (tried.occasions < options_.occasions_min) return std::nullopt;
    PersonLead lead;
    lead.person = person;
    lead.occasions = tried.occasions;
    lead.evidence = std::move(tried.items);
    lead.items = static_cast<uint32_t>(lead.evidence.size());
    lead.p_usual = Tail(tried.trials, haste_).of_own();
    lead.p_race = Tail(tried.trials, kRace).of_own();
    double usual = 0, race = 0;
    for (const Trial& trial : tried.trials) {
      lead.followed += trial.weight * trial.own;
      usual += trial.weight * trial.mean(haste_);
      race += trial.weight * trial.mean(kRace);
    }
    const size_t more = race > usual ? kRace : haste_;
    const auto votes = static_cast<double>(lead.occasions);
    lead.followed /= votes;
    lead.expected = std::max(usual, race) / votes;
    for (size_t i = 0; i < lead.evidence.size(); ++i) {
      LeadItem& item = lead.evidence[i];
      item.expected = tried.trials[i].mean(more) * static_cast<double>(item.adopters - 1);
      lead.first += item.position == 1 ? 1 : 0;
    }
    std::sort(lead.evidence.begin(), lead.evidence.end(), [](const LeadItem& a, const LeadItem& b) {
      const double x = a.followed - a.expected;
      const double y = b.followed - b.expected;
      return std::tie(y, a.published, a.item) < std::tie(x, b.published, b.item);
    });
    return lead;
  }

  // How much wider than chance people lie: by the median, which leaders do not move.
  double habit() const {
    if (report_.people.size() < kHabitPeopleMin) return 1;
    std::vector<double> squares;
    for (const PersonLead& lead : report_.people) {
      const double z = normal_of(lead.p_usual);
      squares.push_back(z * z);
    }
    std::sort(squares.begin(), squares.end());
    const size_t n = squares.size();
    const double median = (squares[(n - 1) / 2] + squares[n / 2]) / 2;
    constexpr double kMedianOfChance = 0.454936423119573;  // of chi-square with one degree
    return std::max(1.0, median / kMedianOfChance);
  }

  void judge() {
    std::vector<PersonLead>& people = report_.people;
    report_.haste = kHastes[haste_];
    report_.habit = habit();
    for (PersonLead& lead : people) {
      const double usual = report_.habit == 1
                               ? lead.p_usual
                               : 0.5 * std::erfc(normal_of(lead.p_usual) /
                                                 std::sqrt(report_.habit) / std::numbers::sqrt2);
      lead.p = std::max(usual, lead.p_race);
    }
    std::sort(people.begin(), people.end(), [](const PersonLead& a, const PersonLead& b) {
      const double x = a.followed - a.expected;
      const double y = b.followed - b.expected;
      return std::tie(a.p, y, a.person) < std::tie(b.p, x, b.person);
    });
    double q = 1;
    for (size_t i = people.size(); i-- > 0;) {
      q = std::min(q,
                   people[i].p * static_cast<double>(people.size()) / static_cast<double>(i + 1));
      people[i].q = std::max(q, people[i].p);
    }
    for (PersonLead& lead : people) {
      if (lead.q > options_.false_discovery) continue;
      name_followers(lead);
      lead.leads = lead.followers.size() >= options_.followers_min && lead.followed > lead.expected;
      report_.leading += lead.leads ? 1 : 0;
    }
  }

  void name_followers(PersonLead& lead) const {
    const auto left_out = not_for(lead.person);
    std::unordered_map<uint32_t, LeadItem*> counted;  // by the caller's number
    for (LeadItem& item : lead.evidence) counted.emplace(item.item, &item);
    std::vector<PersonId> all;
    for (const Place& place : places_of(lead.person)) {
      const Item& item = items_[place.item];
      const auto evidence = counted.find(item.number);
      if (evidence == counted.end()) continue;
      const auto slots = slots_of(item);
      const int64_t at = slots[place.slot].ms;
      size_t named = 0;
      for (size_t k = place.slot + size_t{1}; k < slots.size(); ++k) {
        if (slots[k].ms > at + window_ms_) break;
        if (slots[k].ms == at || holds(left_out, slots[k].person)) continue;
        all.push_back(slots[k].person);
        auto& next = evidence->second->next;
        if (named < next.size()) next[named++] = slots[k].person;
      }
    }
    std::sort(all.begin(), all.end());
    for (size_t i = 0; i < all.size();) {
      size_t end = i + 1;
      while (end < all.size() && all[end] == all[i]) ++end;
      lead.followers.push_back({all[i], static_cast<uint32_t>(end - i)});
      i = end;
    }
    std::stable_sort(
        lead.followers.begin(), lead.followers.end(),
        [](const LeadFollower& a, const LeadFollower& b) { return a.items > b.items; });
  }

  const LeadOptions& options_;
  int64_t window_ms_, occasion_ms_;
  uint32_t people_;
  std::vector<NotFor> not_for_;
  Timelines timelines_;  // what they took up
  Timelines begun_;      // of this, what nobody had used before
  Timelines caught_on_;  // of this, the items that count
  Weights weights_;
  size_t haste_ = 0;  // in kHastes
  std::vector<Item> items_;
  std::vector<Slot> slots_;         // by item, then time
  std::vector<uint32_t> followed_;  // by slot
  std::vector<Run> runs_;           // by item
  std::vector<uint64_t> place_row_;
  std::vector<Place> places_;  // by person, then item
  LeadReport report_;
};

}  // namespace

Result<LeadReport> test_lead(std::span<const Adoption> uses, std::span<const uint8_t> has_standing,
                             std::span<const NotFor> not_for, const LeadOptions& options) {
  if (const auto problem = problem_with(options)) return *problem;
  for (const Adoption& use : uses) {
    if (use.person >= has_standing.size()) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("person {} of {} took something up",
                                                            use.person, has_standing.size())};
    }
    if (!use.published.known()) {
      return Error{ErrorCode::kInvalidArgument, "an adoption has no known time"};
    }
  }
  return LeadTest(uses, has_standing, not_for, options).run();
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "explain/explain.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <cassert>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>
#include <utility>

namespace bellwether {
namespace {

constexpr double kWorthSaying = 0.05;  // points below which a restraint is noise to a reader

constexpr std::array<std::string_view, 6> kGroupingNames{"act",   "person",  "verb",
                                                         "topic", "network", "month"};

double points_of(const std::array<PeopleMoved, kHorizonsMax>& horizons, size_t count,
                 const Policy& policy) {
  const auto weights = horizon_weights(policy);
  double sum = 0;
  for (size_t h = 0; h < count; ++h) sum += weights[h] * std::log2(1 + horizons[h].moved);
  return std::clamp(1 + policy.points_per_doubling * sum / static_cast<double>(count), 1.0, 100.0);
}

// One person's movers, folded, with their standing for that person.
struct Folded {
  std::vector<MoverFold> movers;
  std::vector<double> standing;

  std::array<PeopleMoved, kHorizonsMax> count(size_t horizons, const Policy& policy) const {
    std::array<PeopleMoved, kHorizonsMax> result{};
    for (size_t h = 0; h < horizons; ++h) {
      double vouched = 0;
      double crowd = 0;
      double courted = 0;
      for (size_t i = 0; i < movers.size(); ++i) {
        const double free = moved_probability(movers[i].free[h]);
        vouched += standing[i] * free;
        crowd += (1 - standing[i]) * free;
        courted += moved_probability(movers[i].x[h]) - free;
      }
      result[h] = count_people_moved(vouched, crowd, courted, policy);
    }
    return result;
  }
};

std::vector<Restraint> restraints(const GraphSnapshot& graph, const Standing& standing,
                                  const Policy& policy, PersonId person, const Folded& now,
                                  std::span<const double> half_life_ms, const PersonScore& score) {
  const size_t horizons = half_life_ms.size();
  std::vector<Restraint> found;
  const auto counts = now.count(horizons, policy);
  const size_t longest = static_cast<size_t>(
      std::max_element(half_life_ms.begin(), half_life_ms.end()) - half_life_ms.begin());
  const auto add = [&](Restraint::Kind kind, double value, double people) {
    if (value - score.value > kWorthSaying) found.push_back({kind, value - score.value, people});
  };
  {
    Policy open = policy;
    open.crowd_share = 1e12;
    add(Restraint::Kind::kCrowd, points_of(now.count(horizons, open), horizons, policy),
        counts[longest].crowd);
    Policy courteous = policy;
    courteous.courtesy_share = 1e12;
    add(Restraint::Kind::kCourted, points_of(now.count(horizons, courteous), horizons, policy),
        counts[longest].courted);
  }
  {
    // Evidence that had just come in: the same fold with half-lives beyond any age.
    std::vector<double> endless(horizons, kEndlessMs);
    Folded fresh;
    graph.fold(person, endless, graph.as_of(), fresh.movers);
    for (const MoverFold& m : fresh.movers) {
      fresh.standing.push_back(standing.for_receiver(graph, m.mover, person));
    }
    const auto ageless = fresh.count(horizons, policy);
    add(Restraint::Kind::kFading, points_of(ageless, horizons, policy),
        static_cast<double>(fresh.movers.size()));
    // One person is one person: what plain counting of their acts would say of those who repeat.
    const auto repeats = [](const MoverFold& m) { return m.entries > 1; };
    const auto repeating = std::count_if(now.movers.begin(), now.movers.end(), repeats);
    const auto weights = horizon_weights(policy);
    double extra = 0;
    for (size_t h = 0; h < horizons; ++h) {
      double linear_vouched = 0;
      double linear_crowd = 0;
      double courted = 0;
      for (size_t i = 0; i < now.movers.size(); ++i) {
        const MoverFold& m = now.movers[i];
        const double free = repeats(m) ? m.free[h] : moved_probability(m.free[h]);
        const double all = repeats(m) ? m.x[h] : moved_probability(m.x[h]);
        linear_vouched += now.standing[i] * free;
        linear_crowd += (1 - now.standing[i]) * free;
        courted += all - free;
      }
      const PeopleMoved counted = count_people_moved(linear_vouched, linear_crowd, courted, policy);
      extra += weights[h] * std::log2(1 + counted.moved);
    }
    if (repeating > 0) {
      add(Restraint::Kind::kRepeats,
          std::clamp(1 + policy.points_per_doubling * extra / static_cast<double>(horizons), 1.0,
                     100.0),
          static_cast<double>(repeating));
    }
  }
  std::sort(found.begin(), found.end(), [](const Restraint& a, const Restraint& b) {
    return std::tie(b.points, a.kind) < std::tie(a.points, b.kind);
  });
  if (found.size() > 3) found.resize(3);
  return found;
}

}  // namespace

std::string_view to_string(Grouping grouping) {
  return kGroupingNames[static_cast<size_t>(grouping)];
}

std::optional<Grouping> parse_grouping(std::string_view name) {
  for (size_t i = 0; i < kGroupingNames.size(); ++i) {
    if (kGroupingNames[i] == name) return static_cast<Grouping>(i);
  }
  return std::nullopt;
}

std::optional<Explanation> explain(const GraphSnapshot& graph, const Standing& standing,
                                   const Policy& policy, const PostRecord& posts, PersonId person,
                                   std::span<const LedgerEntry> entries) {
  const auto score = score_person(graph, standing, policy, posts, person);
  if (!score) return std::nullopt;
  Explanation result;
  result.score = *score;

  const size_t horizons = policy.half_life_days.size();
  std::vector<double> half_life_ms;
  for (const double days : policy.half_life_days) {
    half_life_ms.push_back(days * static_cast<double>(kMsPerDay));
  }
  Folded now;
  graph.fold(person, half_life_ms, graph.as_of(), now.movers);
  for (const MoverFold& m : now.movers) {
    now.standing.push_back(standing.for_receiver(graph, m.mover, person));
  }
  result.horizons = now.count(horizons, policy);

  // Points that one unit of decayed credit is worth, by mover, courted or not, and horizon.
  struct Rate {
    std::array<double, kHorizonsMax> free{};
    std::array<double, kHorizonsMax> courted{};
  };
  std::vector<Rate> rates(now.movers.size());
  const auto weights = horizon_weights(policy);
  double unclamped = 0;
  for (size_t h = 0; h < horizons; ++h) {
    const PeopleMoved& people = result.horizons[h];
    if (people.moved <= 0) continue;
    const double points = policy.points_per_doubling * weights[h] / static_cast<double>(horizons) *
                          std::log2(1 + people.moved);
    unclamped += points;
    for (size_t i = 0; i < now.movers.size(); ++i) {
      const MoverFold& m = now.movers[i];
      const double s = now.standing[i];
      const double free = moved_probability(m.free[h]);
      if (m.free[h] > 0) {
        rates[i].free[h] =
            points / people.moved * (s + (1 - s) * people.crowd_factor) * free / m.free[h];
      }
      const double drawn = m.x[h] - m.free[h];
      if (drawn > 0) {
        rates[i].courted[h] = points / people.moved * people.courted_factor *
                              (moved_probability(m.x[h]) - free) / drawn;
      }
    }
  }
  const double clamp = unclamped > 0 ? (score->value - 1) / unclamped : 1;

  // What each mover's sums owe to acts that are there; the rest is the remainder.
  result.erased = graph.last_frozen(person).known();
  std::vector<MoverFold> live(result.erased ? now.movers.size() : 0);
  for (const LedgerEntry& entry : entries) {
    const PersonId mover = graph.persons().person_of[entry.mover];
    if (mover == kNobody || mover == person || !entry.counts_as_of(graph.as_of())) continue;
    const auto found = std::lower_bound(now.movers.begin(), now.movers.end(), mover,
                                        [](const MoverFold& m, PersonId p) { return m.mover < p; });
    if (found == now.movers.end() || found->mover != mover) {
      // Credit that came to them only by an erasure counts for nothing.
      assert(result.erased);
      result.acts.push_back({entry, mover, 0, entry.courted(), 0});
      continue;
    }
    const auto i = static_cast<size_t>(found - now.movers.begin());
    const bool courted = entry.courted();
    const auto& rate = courted ? rates[i].courted : rates[i].free;
    const double credit = static_cast<double>(entry.credit) / static_cast<double>(kCreditOne);
    const auto age_ms = static_cast<double>(graph.as_of().ms - entry.published.ms);
    double points = 0;
    for (size_t h = 0; h < horizons; ++h) {
      const double decayed = credit * std::exp2(-age_ms / half_life_ms[h]);
      points += rate[h] * decayed;
      if (!live.empty()) {
        live[i].x[h] += decayed;
        if (!courted) live[i].free[h] += decayed;
      }
    }
    result.acts.push_back({entry, mover, now.standing[i], courted, points * clamp});
  }
  for (size_t i = 0; i < live.size(); ++i) {
    const MoverFold& m = now.movers[i];
    if (graph.is_erased(m.mover)) ++result.erased_people;
    for (size_t h = 0; h < horizons; ++h) {
      const double free = m.free[h] - live[i].free[h];
      result.erased_points +=
          clamp * (rates[i].free[h] * free + rates[i].courted[h] * (m.x[h] - live[i].x[h] - free));
    }
  }
  std::stable_sort(
      result.acts.begin(), result.acts.end(),
      [](const Contribution& a, const Contribution& b) { return a.points > b.points; });

  result.up = group(result.acts, Grouping::kVerb, {});
  if (result.up.size() > 3) result.up.resize(3);
  result.down = restraints(graph, standing, policy, person, now, half_life_ms, *score);
  if (!score->settled) {
    const auto needed = static_cast<uint32_t>(policy.settled_movers_min);
    result.missing.independent_movers = needed - std::min(needed, score->independent_movers);
    result.missing.margin_over =
        std::max(0.0, score->interval.high - score->interval.low - policy.settled_margin_max);
  }
  return result;
}

std::vector<ContributionGroup> group(
    std::span<const Contribution> acts, Grouping grouping,
    const std::function<std::vector<std::string>(TopicSetId)>& topics) {
  // A share of an act's points in one group. Large explanations have a million of them, so they are
  // laid out and sorted rather than kept in a map for each group.
  struct Share {
    PersonId mover;
    EventRow row;
    double points;
  };
  // Keys as text sort the same everywhere; numbers come first in the pair instead.
  using Key = std::pair<uint64_t, std::string>;
  std::map<Key, uint32_t> place_of;  // but for acts, each of which is a group of its own
  boost::unordered_flat_map<PersonId, uint32_t> place_of_mover;
  std::vector<ContributionGroup> groups;
  std::vector<Key> keys;
  std::vector<std::pair<uint32_t, Share>> shares;  // by group
  shares.reserve(acts.size());
  std::map<TopicSetId, std::vector<std::string>> names;

  const auto group_at = [&](uint32_t& place, bool fresh, uint64_t number, std::string_view text) {
    if (fresh) {
      place = static_cast<uint32_t>(groups.size());
      groups.emplace_back();
      keys.emplace_back(number, text);
    }
    return place;
  };
  const auto add = [&](uint64_t number, std::string_view text, const Contribution& act,
                       double points) -> ContributionGroup& {
    uint32_t place = 0;
    if (grouping == Grouping::kAct) {
      group_at(place, true, number, {});
    } else if (grouping == Grouping::kMover) {
      const auto [at, fresh] = place_of_mover.try_emplace(act.mover, 0);
      place = group_at(at->second, fresh, number, {});
    } else {
      const auto [at, fresh] = place_of.try_emplace(Key(number, text), 0);
      place = group_at(at->second, fresh, number, text);
    }
    groups[place].points += points;
    ++groups[place].acts;
    shares.push_back({place, {act.mover, act.entry.row, points}});
    return groups[place];
  };
  for (const Contribution& act : acts) {
    switch (grouping) {
      case Grouping::kAct: {
        // An act may credit one person twice along a reshare chain; each entry stands for itself.
        ContributionGroup& g = add(groups.size(), {}, act, act.points);
        g.row = act.entry.row;
        g.mover = act.mover;
        g.verb = act.entry.verb;
        break;
      }
      case Grouping::kMover:
        add(act.mover, {}, act, act.points).mover = act.mover;
        break;
      case Grouping::kVerb:
        add(static_cast<uint64_t>(act.entry.verb), {}, act, act.points).verb = act.entry.verb;
        break;
      case Grouping::kNetwork:
        add(act.entry.network, {}, act, act.points).network = act.entry.network;
        break;
      case Grouping::kMonth: {
        const std::string month = to_day(act.entry.published).substr(0, 7);
        add(0, month, act, act.points).month = month;
        break;
      }
      case Grouping::kTopic: {
        if (act.entry.topics == 0) {
          add(0, {}, act, act.points);
          break;
        }
        auto known = names.find(act.entry.topics);
        if (known == names.end()) {
          known = names.emplace(act.entry.topics, topics(act.entry.topics)).first;
        }
        if (known->second.empty()) {
          add(0, {}, act, act.points);
          break;
        }
        const auto share = act.points / static_cast<double>(known->second.size());
        for (const std::string& topic : known->second) add(1, topic, act, share).topic = topic;
        break;
      }
    }
  }

  // By group, in the order in which they came.
  std::vector<size_t> begin_of(groups.size() + 1, 0);
  for (const auto& [place, share] : shares) ++begin_of[place + size_t{1}];
  for (size_t g = 0; g < groups.size(); ++g) begin_of[g + 1] += begin_of[g];
  std::vector<Share> sorted(shares.size());
  {
    std::vector<size_t> next = begin_of;
    for (const auto& [place, share] : shares) sorted[next[place]++] = share;
  }
  std::vector<std::pair<double, PersonId>> movers;
  for (size_t g = 0; g < groups.size(); ++g) {
    const std::span<Share> own(sorted.data() + begin_of[g], begin_of[g + 1] - begin_of[g]);
    constexpr size_t kTop = 3;
    // The first of equal ones, in the order in which they came.
    std::array<const Share*, kTop> top{};
    size_t found = 0;
    for (const Share& share : own) {
      size_t at = found;
      while (at > 0 && share.points > top[at - 1]->points) --at;
      if (at == kTop) continue;
      found = std::min(kTop, found + 1);
      for (size_t i = found - 1; i > at; --i) top[i] = top[i - 1];
      top[at] = &share;
    }
    for (size_t i = 0; i < found; ++i) groups[g].receipts.push_back(top[i]->row);
    // Stable, so that each mover's points are summed in the order in which they came.
    if (own.size() > 1) {
      std::stable_sort(own.begin(), own.end(),
                       [](const Share& a, const Share& b) { return a.mover < b.mover; });
    }
    movers.clear();
    for (const Share& share : own) {
      if (movers.empty() || movers.back().second != share.mover)
        movers.emplace_back(0, share.mover);
      movers.back().first -= share.points;
    }
    groups[g].movers = static_cast<uint32_t>(movers.size());
    const auto most = movers.begin() + static_cast<std::ptrdiff_t>(std::min(kTop, movers.size()));
    std::partial_sort(movers.begin(), most, movers.end());
    for (auto at = movers.begin(); at != most; ++at) groups[g].top_movers.push_back(at->second);
  }
  // Groups of equal points stand in the order of their keys; months in that of time.
  std::vector<uint32_t> order(groups.size());
  std::iota(order.begin(), order.end(), 0U);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) {
    if (grouping == Grouping::kMonth) return keys[b] < keys[a];
    return groups[a].points != groups[b].points ? groups[a].points > groups[b].points
                                                : keys[a] < keys[b];
  });
  std::vector<ContributionGroup> out;
  out.reserve(groups.size());
  for (const uint32_t place : order) out.push_back(std::move(groups[place]));
  return out;
}

}  // namespace bellwether

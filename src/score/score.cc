// SPDX-License-Identifier: Apache-2.0
#include "score/score.h"

#include <algorithm>
#include <cassert>
#include <cmath>

#include "base/parallel.h"
#include "score/margin.h"

namespace bellwether {
namespace {

// What scoring one person needs besides the graph; one for each thread.
class Scorer {
 public:
  Scorer(const GraphSnapshot& graph, const Standing& standing, const Policy& policy,
         const MarginQuantiles& quantiles)
      : graph_(graph), standing_(standing), policy_(policy), quantiles_(quantiles) {
    for (const double days : policy.half_life_days) {
      half_life_ms_.push_back(days * static_cast<double>(kMsPerDay));
    }
    for (const double hours : policy.momentum_half_life_hours) {
      momentum_half_life_ms_.push_back(hours * static_cast<double>(kMsPerHour));
    }
  }

  std::optional<PersonScore> score(PersonId person, const PostRecord& posts) {
    graph_.fold(person, half_life_ms_, graph_.as_of(), movers_);
    if (movers_.empty()) return std::nullopt;
    PersonScore result;
    result.person = person;
    result.movers = static_cast<uint32_t>(movers_.size());
    standing_of_.resize(movers_.size());
    const int64_t reach_from = graph_.as_of().ms - int64_t{policy_.reach_days} * kMsPerDay;
    double audience = 0;
    uint32_t untouched = 0;  // vouched movers whom the person never acted towards
    uint32_t answered = 0;   // or only in answer to them
    result.last_evidence = kEarliest;
    for (size_t i = 0; i < movers_.size(); ++i) {
      const MoverFold& m = movers_[i];
      const double s = standing_.for_receiver(graph_, m.mover, person);
      standing_of_[i] = s;
      result.acts += m.entries;
      result.last_evidence = std::max(result.last_evidence, Instant{m.last_ms});
      if (m.last_ms >= reach_from) {
        ++result.reach;
        audience += s;
      }
      if (s >= policy_.vouched_min) {
        ++result.vouched_movers;
        switch (graph_.dealings(person, m.mover)) {
          case Dealings::kNone:
            ++untouched;
            break;
          case Dealings::kAnswered:
            ++answered;
            break;
          case Dealings::kApproached:
            break;
        }
      }
    }
    result.independent_movers = untouched + std::min(untouched, answered);
    if (result.reach > 0) result.audience = audience / result.reach;
    result.standing = standing_.of(graph_, person);
    if (posts.posts > 0) {
      // Jeffreys prior: half a success, half a failure.
      result.amplification = (posts.moving + 0.5) / (posts.posts + 1.0);
    }

    const size_t horizons = half_life_ms_.size();
    const auto now = count(movers_, horizons);
    for (size_t h = 0; h < horizons; ++h) result.moved[h] = now[h].moved;
    result.value = points(now, horizons, 1);
    const auto factors = quantiles_.at(effective_movers(movers_, now, horizons));
    double low = points(now, horizons, factors.low);
    double high = points(now, horizons, factors.high);

    result.momentum = momentum(person, graph_.as_of());
    result.momentum_before = momentum(person, Instant{graph_.as_of().ms - 7 * kMsPerDay});

    // The margin widens with silence: it also covers what the last evidence said when it was fresh.
    // A millisecond after it, since a fold ends before its instant.
    const Instant then{result.last_evidence.ms + 1};
    if (then < graph_.as_of()) {
      graph_.fold(person, half_life_ms_, then, movers_then_);
      const Counts before = count(movers_then_, horizons);
      const auto factors_then = quantiles_.at(effective_movers(movers_then_, before, horizons));
      low = std::min(low, points(before, horizons, factors_then.low));
      // Standing has faded since too, by no more than two vouches in a row can have; without that
      // much carried back the high end would sink a little while nobody says a word.
      const double silence_days =
          static_cast<double>(graph_.as_of().ms - then.ms) / static_cast<double>(kMsPerDay);
      const double carried = std::exp2(2 * silence_days / policy_.vouch_half_life_days);
      for (double& s : standing_of_) s = std::min(1.0, s * carried);
      const Counts best = count(movers_then_, horizons);
      const auto factors_best = quantiles_.at(effective_movers(movers_then_, best, horizons));
      high = std::max(high, points(best, horizons, factors_best.high));
    }
    result.interval = {low, high, policy_.margin_mass};
    result.settled =
        result.independent_movers >= static_cast<uint32_t>(policy_.settled_movers_min) &&
        high - low <= policy_.settled_margin_max;
    return result;
  }

 private:
  using Counts = std::array<PeopleMoved, kHorizonsMax>;

  // `movers` are those of the whole fold or, at an earlier instant, some of them in the same order.
  Counts count(const std::vector<MoverFold>& movers, size_t horizons) const {
    std::array<double, kHorizonsMax> vouched{};
    std::array<double, kHorizonsMax> crowd{};
    std::array<double, kHorizonsMax> courted{};
    size_t all = 0;
    for (const MoverFold& m : movers) {
      while (movers_[all].mover != m.mover) ++all;
      const double s = standing_of_[all];
      for (size_t h = 0; h < horizons; ++h) {
        const double free = moved_probability(m.free[h]);
        vouched[h] += s * free;
        crowd[h] += (1 - s) * free;
        if (m.free[h] != m.x[h]) courted[h] += moved_probability(m.x[h]) - free;
      }
    }
    Counts counts;
    for (size_t h = 0; h < horizons; ++h) {
      counts[h] = count_people_moved(vouched[h], crowd[h], courted[h], policy_);
    }
    return counts;
  }

  double points(const Counts& counts, size_t horizons, double factor) const {
    double sum = 0;
    for (size_t h = 0; h < horizons; ++h) sum += std::log2(1 + counts[h].moved * factor);
    return std::clamp(1 + policy_.points_per_doubling * sum / static_cast<double>(horizons), 1.0,
                      100.0);
  }

  // n of DESIGN 4.6: how many equal movers would spread as widely.
  double effective_movers(const std::vector<MoverFold>& movers, const Counts& counts,
                          size_t horizons) const {
    double sum = 0;
    double squares = 0;
    size_t all = 0;
    for (const MoverFold& m : movers) {
      while (movers_[all].mover != m.mover) ++all;
      const double s = standing_of_[all];
      double g = 0;
      for (size_t h = 0; h < horizons; ++h) {
        const double free = moved_probability(m.free[h]);
        double share = (s + (1 - s) * counts[h].crowd_factor) * free;
        if (m.free[h] != m.x[h]) {
          share += counts[h].courted_factor * (moved_probability(m.x[h]) - free);
        }
        g += share / (1 + counts[h].moved);
      }
      sum += g;
      squares += g * g;
    }
    return squares > 0 ? sum * sum / squares : 1;
  }

  double momentum(PersonId person, Instant until) {
    graph_.fold(person, momentum_half_life_ms_, until, momentum_movers_);
    if (momentum_movers_.empty()) return 1;
    const size_t horizons = momentum_half_life_ms_.size();
    const Counts counts = count(momentum_movers_, horizons);
    return points(counts, horizons, 1);
  }

  const GraphSnapshot& graph_;
  const Standing& standing_;
  const Policy& policy_;
  const MarginQuantiles& quantiles_;
  std::vector<double> half_life_ms_, momentum_half_life_ms_;
  std::vector<MoverFold> movers_, movers_then_, momentum_movers_;
  std::vector<double> standing_of_;  // of each of movers_, for the person at hand
};

}  // namespace

PeopleMoved count_people_moved(double vouched, double crowd, double courted, const Policy& policy) {
  PeopleMoved result{vouched, crowd, courted, 0, 0, 0};
  const double courtesy = std::min(courted, policy.courtesy_share * (1 + vouched));
  const double others = courtesy + crowd;
  const double counted = std::min(others, policy.crowd_share * (1 + vouched));
  result.moved = vouched + counted;
  result.crowd_factor = others > 0 ? counted / others : 0;
  result.courted_factor = courted > 0 ? result.crowd_factor * courtesy / courted : 0;
  return result;
}

double people_moved(double value, const Policy& policy) {
  return std::exp2((value - 1) / policy.points_per_doubling) - 1;
}

std::vector<PersonScore> score_everybody(const GraphSnapshot& graph, const Standing& standing,
                                         const Policy& policy, std::span<const PostRecord> posts,
                                         unsigned threads) {
  const uint32_t persons = graph.persons().persons;
  assert(posts.empty() || posts.size() == persons);
  const MarginQuantiles quantiles(policy.margin_mass);
  constexpr size_t kGrain = 1024;
  // Each piece keeps its own scores; put end to end they are in PersonId order.
  std::vector<std::vector<PersonScore>> pieces((persons + kGrain - 1) / kGrain);
  parallel_for(persons, kGrain, threads, [&](size_t begin, size_t end) {
    Scorer scorer(graph, standing, policy, quantiles);
    std::vector<PersonScore>& piece = pieces[begin / kGrain];
    for (size_t p = begin; p < end; ++p) {
      const PostRecord record = posts.empty() ? PostRecord{} : posts[p];
      if (auto score = scorer.score(static_cast<PersonId>(p), record)) piece.push_back(*score);
    }
  });
  size_t total = 0;
  for (const auto& piece : pieces) total += piece.size();
  std::vector<PersonScore> scores;
  scores.reserve(total);
  for (auto& piece : pieces) {
    scores.insert(scores.end(), piece.begin(), piece.end());
    std::vector<PersonScore>().swap(piece);
  }
  return scores;
}

void rank_everybody(std::span<PersonScore> scores) {
  std::vector<size_t> settled;
  std::vector<double> values;
  std::vector<double> lows;
  std::vector<double> highs;
  values.reserve(scores.size());
  for (size_t i = 0; i < scores.size(); ++i) {
    PersonScore& s = scores[i];
    s.rank = s.rank_low = s.rank_high = 0;
    values.push_back(s.value);
    if (!s.settled) continue;
    settled.push_back(i);
    lows.push_back(s.interval.low);
    highs.push_back(s.interval.high);
  }
  std::sort(values.begin(), values.end());
  std::sort(lows.begin(), lows.end());
  std::sort(highs.begin(), highs.end());
  std::sort(settled.begin(), settled.end(), [&](size_t a, size_t b) {
    if (scores[a].value != scores[b].value) return scores[a].value > scores[b].value;
    return scores[a].person < scores[b].person;
  });
  for (PersonScore& s : scores) {
    const auto lower = std::lower_bound(values.begin(), values.end(), s.value) - values.begin();
    s.percentile = 100.0 * static_cast<double>(lower) / static_cast<double>(values.size());
  }
  for (size_t place = 0; place < settled.size(); ++place) {
    PersonScore& s = scores[settled[place]];
    s.rank = static_cast<uint32_t>(place) + 1;
    const auto surely_above =
        lows.end() - std::upper_bound(lows.begin(), lows.end(), s.interval.high);
    const auto maybe_above =
        highs.end() - std::lower_bound(highs.begin(), highs.end(), s.interval.low);
    s.rank_low = static_cast<uint32_t>(surely_above) + 1;
    // Those who may stand above include oneself.
    s.rank_high = static_cast<uint32_t>(maybe_above);
  }
}

std::optional<PersonScore> score_person(const GraphSnapshot& graph, const Standing& standing,
                                        const Policy& policy, const PostRecord& posts,
                                        PersonId person) {
  const MarginQuantiles quantiles(policy.margin_mass);
  return Scorer(graph, standing, policy, quantiles).score(person, posts);
}

}  // namespace bellwether

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
      : graph_(graph),
        standing_(standing),
        policy_(policy),
        quantiles_(quantiles),
        weights_(horizon_weights(policy)) {
    momentum_weights_.fill(1);
    for (const double days : policy.half_life_days) {
      half_life_ms_.push_back(days * static_cast<double>(kMsPerDay));
    }
    for (const double hours : policy.momentum_half_life_hours) {
      momentum_half_life_ms_.push_back(hours * static_cast<double>(kMsPerHour));
      momentum_longest_ms_ = std::max(momentum_longest_ms_, momentum_half_life_ms_.back());
    }
  }

  // `last` is when somebody last responded to `person`; known.
  PersonScore score(PersonId person, Instant last, const PostRecord& posts) {
    // Folded when the last evidence was fresh, a millisecond after it, since a fold ends before its
    // instant; what is left of that now follows from the time that has passed.
    Instant then{last.ms + 1};
    const Instant frozen = graph_.last_frozen(person);
    if (frozen.known()) {
      // Remainders are carried back to then. Beyond some hundred halvings that is no number any
      // more, and says no more than fewer do.
      const double shortest = *std::min_element(half_life_ms_.begin(), half_life_ms_.end());
      const double back_ms = std::min(500 * shortest, static_cast<double>(INT64_MAX / 4));
      then = std::max(then, Instant{frozen.ms - static_cast<int64_t>(back_ms)});
    }
    graph_.fold(person, half_life_ms_, then, movers_, FrozenAt::kCarried);
    PersonScore result;
    result.person = person;
    result.last_evidence = last;
    look_at_movers(result);
    result.standing = standing_.of(graph_, person);
    if (posts.posts > 0) {
      // Jeffreys prior: half a success, half a failure.
      result.amplification = (posts.moving + 0.5) / (posts.posts + 1.0);
    }

    const size_t horizons = half_life_ms_.size();
    const auto silence_ms = static_cast<double>(graph_.as_of().ms - then.ms);
    std::array<double, kHorizonsMax> left{};
    for (size_t h = 0; h < horizons; ++h) left[h] = std::exp2(-silence_ms / half_life_ms_[h]);
    find_chances(movers_, left, horizons);
    const Counts now = count(horizons);
    for (size_t h = 0; h < horizons; ++h) result.moved[h] = now[h].moved;
    result.value = points(now, weights_, horizons, 1);
    const auto factors = quantiles_.at(effective_movers(now, horizons));
    double low = points(now, weights_, horizons, factors.low);
    // Of a narrow mass both quantiles of a gamma variate lie below its mean.
    double high = std::max(result.value, points(now, weights_, horizons, factors.high));

    // The margin widens with silence: it also covers what the last evidence said when it was fresh.
    if (silence_ms > 0) {
      left.fill(1);
      find_chances(movers_, left, horizons);
      const Counts fresh = count(horizons);
      const auto factors_fresh = quantiles_.at(effective_movers(fresh, horizons));
      low = std::min(low, points(fresh, weights_, horizons, factors_fresh.low));
      // Standing has faded since too, by no more than two vouches in a row can have; without that
      // much carried back the high end would sink a little while nobody says a word.
      const double vouch_half_life_ms =
          policy_.vouch_half_life_days * static_cast<double>(kMsPerDay);
      // Bounded, so that it stays a number and nothing times it stays nothing.
      const double carried = std::exp2(std::min(1000.0, 2 * silence_ms / vouch_half_life_ms));
      standing_now_ = standing_of_;
      for (double& s : standing_of_) s = std::min(1.0, s * carried);
      const Counts best = count(horizons);
      const auto factors_best = quantiles_.at(effective_movers(best, horizons));
      high = std::max(high, points(best, weights_, horizons, factors_best.high));
      standing_of_.swap(standing_now_);
    }
    result.interval = {low, high, policy_.margin_mass};
    result.settled =
        result.independent_movers >= static_cast<uint32_t>(policy_.settled_movers_min) &&
        high - low <= policy_.settled_margin_max;

    const Instant newest = std::max(last, frozen);
    everybody_.clear();
    for (const MoverFold& m : movers_) everybody_.push_back(m.mover);
    result.momentum = momentum(person, newest, graph_.as_of());
    result.momentum_before = momentum(person, newest, Instant{graph_.as_of().ms - 7 * kMsPerDay});
    // Few have very many movers: what they took is given back, so that not every thread keeps it.
    constexpr size_t kKept = 32768;
    if (movers_.capacity() > kKept) {
      movers_ = {};
      chances_ = {};
    }
    return result;
  }

 private:
  using Counts = std::array<PeopleMoved, kHorizonsMax>;
  using Weights = std::array<double, kHorizonsMax>;

  // Fills what is counted by mover rather than by horizon, and standing_of_.
  void look_at_movers(PersonScore& result) {
    const int64_t reach_from = graph_.as_of().ms - int64_t{policy_.reach_days} * kMsPerDay;
    double audience = 0;
    uint32_t untouched = 0;  // vouched movers whom the person never acted towards
    uint32_t answered = 0;   // or only in answer to them
    result.movers = static_cast<uint32_t>(movers_.size());
    standing_of_.resize(movers_.size());
    constexpr size_t kAhead = 12;  // movers; what they hold lies scattered, so ask for it early
    for (size_t i = 0; i < movers_.size(); ++i) {
      if (i + kAhead < movers_.size()) standing_.prefetch(graph_, movers_[i + kAhead].mover);
      const MoverFold& m = movers_[i];
      const double s = standing_.for_receiver(graph_, m.mover, result.person);
      standing_of_[i] = s;
      result.acts += m.entries;
      if (m.last_ms >= reach_from) {
        ++result.reach;
        audience += s;
      }
      if (s >= policy_.vouched_min) {
        ++result.vouched_movers;
        switch (graph_.dealings(result.person, m.mover)) {
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
  }

  // How likely each of `movers` was moved, freely and by courting, when credit has shrunk to
  // `left`. Computed once and counted several times.
  void find_chances(const std::vector<MoverFold>& movers,
                    const std::array<double, kHorizonsMax>& left, size_t horizons) {
    chances_.resize(movers.size() * horizons);
    Chance* chance = chances_.data();
    for (const MoverFold& m : movers) {
      for (size_t h = 0; h < horizons; ++h, ++chance) {
        chance->free = m.free[h] == 0 ? 0 : moved_probability(m.free[h] * left[h]);
        chance->courted =
            m.free[h] == m.x[h] ? 0 : moved_probability(m.x[h] * left[h]) - chance->free;
      }
    }
  }

  // Over chances_ and the standings beside them.
  Counts count(size_t horizons) const {
    std::array<double, kHorizonsMax> vouched{};
    std::array<double, kHorizonsMax> crowd{};
    std::array<double, kHorizonsMax> courted{};
    const Chance* chance = chances_.data();
    for (const double s : standing_of_) {
      for (size_t h = 0; h < horizons; ++h, ++chance) {
        vouched[h] += s * chance->free;
        crowd[h] += (1 - s) * chance->free;
        courted[h] += chance->courted;
      }
    }
    Counts counts;
    for (size_t h = 0; h < horizons; ++h) {
      counts[h] = count_people_moved(vouched[h], crowd[h], courted[h], policy_);
    }
    return counts;
  }

  double points(const Counts& counts, const Weights& weights, size_t horizons,
                double factor) const {
    double sum = 0;
    for (size_t h = 0; h < horizons; ++h) {
      sum += weights[h] * std::log2(1 + counts[h].moved * factor);
    }
    return std::clamp(1 + policy_.points_per_doubling * sum / static_cast<double>(horizons), 1.0,
                      100.0);
  }

  // n of DESIGN 4.6: how many equal movers would spread as widely.
  double effective_movers(const Counts& counts, size_t horizons) const {
    std::array<double, kHorizonsMax> weight{};
    for (size_t h = 0; h < horizons; ++h) weight[h] = weights_[h] / (1 + counts[h].moved);
    double sum = 0;
    double squares = 0;
    const Chance* chance = chances_.data();
    for (const double s : standing_of_) {
      double g = 0;
      for (size_t h = 0; h < horizons; ++h, ++chance) {
        const double share = (s + (1 - s) * counts[h].crowd_factor) * chance->free +
                             counts[h].courted_factor * chance->courted;
        g += share * weight[h];
      }
      sum += g;
      squares += g * g;
    }
    return squares > 0 ? sum * sum / squares : 1;
  }

  // Folds into movers_, whose order everybody_ and standing_of_ keep: somebody with very many
  // movers is not held twice.
  double momentum(PersonId person, Instant last, Instant until) {
    // After a hundred halvings of the longest horizon nothing is left to fold.
    if (static_cast<double>(until.ms - last.ms) > 100 * momentum_longest_ms_) return 1;
    graph_.fold(person, momentum_half_life_ms_, until, movers_);
    if (movers_.empty()) return 1;
    const size_t horizons = momentum_half_life_ms_.size();
    std::array<double, kHorizonsMax> left{};
    left.fill(1);
    find_chances(movers_, left, horizons);
    // Who had moved by then: some of everybody, in the same order.
    standing_now_.clear();
    size_t all = 0;
    for (const MoverFold& m : movers_) {
      while (everybody_[all] != m.mover) ++all;
      standing_now_.push_back(standing_of_[all]);
    }
    standing_of_.swap(standing_now_);
    const double value = points(count(horizons), momentum_weights_, horizons, 1);
    standing_of_.swap(standing_now_);
    return value;
  }

  struct Chance {
    double free, courted;
  };

  const GraphSnapshot& graph_;
  const Standing& standing_;
  const Policy& policy_;
  const MarginQuantiles& quantiles_;
  Weights weights_, momentum_weights_{};  // by horizon, as multiples of an equal share
  std::vector<double> half_life_ms_, momentum_half_life_ms_;
  double momentum_longest_ms_ = 0;
  std::vector<MoverFold> movers_;
  std::vector<PersonId> everybody_;   // the movers that standing_of_ speaks of
  std::vector<double> standing_of_;   // of each of movers_, for the person at hand
  std::vector<double> standing_now_;  // kept while standing_of_ speaks of something else
  std::vector<Chance> chances_;       // by mover, then horizon
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
  // Who has evidence decides where each score stands, so that each is written once, in its place.
  const size_t parts = (persons + kGrain - 1) / kGrain;
  const auto people_of = [&](size_t part) {
    return std::pair(part * kGrain, std::min<size_t>(persons, (part + 1) * kGrain));
  };
  std::vector<size_t> place(parts + 1, 0);  // of the first score of each part
  parallel_for(parts, 1, threads, [&](size_t first, size_t last) {
    for (size_t part = first; part < last; ++part) {
      const auto people = people_of(part);
      for (size_t p = people.first; p < people.second; ++p) {
        if (graph.last_received(static_cast<PersonId>(p)).known()) ++place[part + 1];
      }
    }
  });
  for (size_t part = 0; part < parts; ++part) place[part + 1] += place[part];
  std::vector<PersonScore> scores(place.back());
  parallel_for(parts, 1, threads, [&](size_t first, size_t last) {
    Scorer scorer(graph, standing, policy, quantiles);
    for (size_t part = first; part < last; ++part) {
      const auto people = people_of(part);
      size_t at = place[part];
      for (size_t p = people.first; p < people.second; ++p) {
        const auto person = static_cast<PersonId>(p);
        const Instant newest = graph.last_received(person);
        if (!newest.known()) continue;
        scores[at++] = scorer.score(person, newest, posts.empty() ? PostRecord{} : posts[p]);
      }
    }
  });
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

void look_ahead(const GraphSnapshot& graph, std::span<PersonScore> scores, unsigned threads) {
  std::array<int64_t, kForecastDays.size()> window_ms{};
  for (size_t w = 0; w < window_ms.size(); ++w) window_ms[w] = kForecastDays[w] * kMsPerDay;
  const std::vector<WindowForecast> ahead = forecast_everybody(graph, window_ms, threads);
  for (PersonScore& score : scores) {
    for (size_t w = 0; w < ahead.size(); ++w) {
      if (ahead[w].people.empty()) continue;
      score.forecast[w] = ahead[w].people[score.person];
      // Whom somebody moves within a week they have moved within a month; the fits know nothing of
      // each other.
      if (w > 0 && score.forecast[w].mean < score.forecast[w - 1].mean) {
        score.forecast[w] = score.forecast[w - 1];
      }
    }
  }
}

std::optional<PersonScore> score_person(const GraphSnapshot& graph, const Standing& standing,
                                        const Policy& policy, const PostRecord& posts,
                                        PersonId person) {
  const Instant last = graph.last_received(person);
  if (!last.known()) return std::nullopt;
  const MarginQuantiles quantiles(policy.margin_mass);
  return Scorer(graph, standing, policy, quantiles).score(person, last, posts);
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "explain/change.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "score/score.h"

namespace bellwether {
namespace {

// Decayed credit at each horizon, freely given and all of it.
struct Sums {
  std::array<double, kHorizonsMax> x{};
  std::array<double, kHorizonsMax> free{};

  void add(const Sums& other) {
    for (size_t h = 0; h < kHorizonsMax; ++h) {
      x[h] += other.x[h];
      free[h] += other.free[h];
    }
  }
};

// One mover at both instants.
struct Both {
  PersonId mover = kNobody;
  Sums kept_then, kept_now;      // acts that count at both
  Sums gone_then, gone_now;      // withdrawn since; as old as they would be now
  Sums came;                     // since
  Sums frozen_then, frozen_now;  // what erasures left
  double standing_then = 0, standing_now = 0;
  uint32_t kept_acts = 0, new_acts = 0;
};

enum Cause : unsigned { kCame = 1, kGone = 2, kFaded = 4, kStanding = 8 };
constexpr unsigned kCauses = 4;
constexpr unsigned kEvery = (1U << kCauses) - 1;

class Movers {
 public:
  Movers(const Moment& then, const Moment& now, const Policy& policy, PersonId person)
      : policy_(policy),
        horizons_(policy.half_life_days.size()),
        weights_(horizon_weights(policy)) {
    for (const double days : policy.half_life_days) {
      half_life_ms_.push_back(days * static_cast<double>(kMsPerDay));
    }
    find_movers(then, now, person);
    add_acts(then, now, person);
    add_frozen(then, now, person);
    for (Both& m : movers_) {
      if (now.graph.is_erased(m.mover)) {
        m.standing_then = m.standing_now = now.graph.erased_standing(m.mover);
      } else {
        m.standing_then = then.standing.for_receiver(then.graph, m.mover, person);
        m.standing_now = now.standing.for_receiver(now.graph, m.mover, person);
      }
    }
  }

  std::span<const Both> all() const { return movers_; }
  bool any_gone() const { return withdrawn_acts_ > 0; }
  uint32_t withdrawn_acts() const { return withdrawn_acts_; }

  // The score where of the causes these have come about.
  double points(unsigned causes) const {
    Counts counts{};
    for (const Both& m : movers_) count(m, causes, 1, counts);
    return points_of(counts);
  }

  // The score of now, but for one mover, of whom other causes have come about.
  double points_but_for(const Both& m, unsigned causes, const auto& everybody) const {
    Counts counts = everybody;
    count(m, kEvery, -1, counts);
    count(m, causes, 1, counts);
    return points_of(counts);
  }
  auto everybody() const {
    Counts counts{};
    for (const Both& m : movers_) count(m, kEvery, 1, counts);
    return counts;
  }

 private:
  struct People {
    double vouched = 0, crowd = 0, courted = 0;
  };
  using Counts = std::array<People, kHorizonsMax>;

  void find_movers(const Moment& then, const Moment& now, PersonId person) {
    std::vector<PersonId> ids;
    for (const auto& received : {then.received, now.received}) {
      for (const LedgerEntry& e : received) ids.push_back(now.graph.persons().person_of[e.mover]);
    }
    if (!now.graph.remainder().pairs.empty()) {
      // Whom only a remainder knows is found by the fold that adds it.
      std::vector<MoverFold> folded;
      now.graph.fold(person, half_life_ms_, now.graph.as_of(), folded);
      for (const MoverFold& m : folded) ids.push_back(m.mover);
      now.graph.fold(person, half_life_ms_, then.graph.as_of(), folded, FrozenAt::kCarried);
      for (const MoverFold& m : folded) ids.push_back(m.mover);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    std::erase_if(ids, [&](PersonId id) { return id == kNobody || id == person; });
    for (const PersonId id : ids) movers_.emplace_back().mover = id;
  }

  Both* find(PersonId mover) {
    const auto at = std::lower_bound(movers_.begin(), movers_.end(), mover,
                                     [](const Both& m, PersonId id) { return m.mover < id; });
    return at == movers_.end() || at->mover != mover ? nullptr : &*at;
  }

  void add_acts(const Moment& then, const Moment& now, PersonId person) {
    const auto add = [&](const LedgerEntry& e, Instant at, Sums& to) {
      const double credit = static_cast<double>(e.credit) / static_cast<double>(kCreditOne);
      const auto age_ms = static_cast<double>(at.ms - e.published.ms);
      for (size_t h = 0; h < horizons_; ++h) {
        const double decayed = credit * std::exp2(-age_ms / half_life_ms_[h]);
        to.x[h] += decayed;
        if (!e.courted()) to.free[h] += decayed;
      }
    };
    const auto mover_of = [&](const LedgerEntry& e) -> Both* {
      const PersonId mover = now.graph.persons().person_of[e.mover];
      return mover == kNobody || mover == person ? nullptr : find(mover);
    };
    for (const LedgerEntry& e : now.received) {
      Both* const m = mover_of(e);
      if (m == nullptr) continue;
      if (e.counts_as_of(then.graph.as_of())) {
        add(e, then.graph.as_of(), m->kept_then);
        add(e, now.graph.as_of(), m->kept_now);
        ++m->kept_acts;
      } else {
        add(e, now.graph.as_of(), m->came);
        ++m->new_acts;
      }
    }
    for (const LedgerEntry& e : then.received) {
      Both* const m = mover_of(e);
      if (m == nullptr || e.counts_as_of(now.graph.as_of())) continue;
      add(e, then.graph.as_of(), m->gone_then);
      add(e, now.graph.as_of(), m->gone_now);
      ++withdrawn_acts_;
    }
  }

  // What a fold says beyond the acts that are there.
  void add_frozen(const Moment& then, const Moment& now, PersonId person) {
    if (now.graph.remainder().pairs.empty()) return;
    const auto rest = [&](Instant until, FrozenAt frozen, Sums Both::*live, Sums Both::*more,
                          Sums Both::*to) {
      std::vector<MoverFold> folded;
      now.graph.fold(person, half_life_ms_, until, folded, frozen);
      for (Both& m : movers_) {
        const auto at =
            std::lower_bound(folded.begin(), folded.end(), m.mover,
                             [](const MoverFold& f, PersonId id) { return f.mover < id; });
        const bool there = at != folded.end() && at->mover == m.mover;
        for (size_t h = 0; h < horizons_; ++h) {
          const double x = (m.*live).x[h] + (more == nullptr ? 0 : (m.*more).x[h]);
          const double free = (m.*live).free[h] + (more == nullptr ? 0 : (m.*more).free[h]);
          (m.*to).x[h] = bounded(there ? at->x[h] : 0) - x;
          (m.*to).free[h] = bounded(there ? at->free[h] : 0) - free;
        }
      }
    };
    rest(now.graph.as_of(), FrozenAt::kKnown, &Both::kept_now, &Both::came, &Both::frozen_now);
    rest(then.graph.as_of(), FrozenAt::kCarried, &Both::kept_then, nullptr, &Both::frozen_then);
  }

  // A remainder carried back over very many half-lives is no number any more; nobody is surer than
  // sure to have been moved.
  static double bounded(double sum) {
    if (std::isnan(sum)) return 0;
    return std::min(sum, 1e6);
  }

  void count(const Both& m, unsigned causes, double sign, Counts& counts) const {
    const bool faded = (causes & kFaded) != 0;
    Sums sums = faded ? m.kept_now : m.kept_then;
    sums.add(faded ? m.frozen_now : m.frozen_then);
    if ((causes & kGone) == 0) sums.add(faded ? m.gone_now : m.gone_then);
    if ((causes & kCame) != 0) sums.add(m.came);
    const double s = (causes & kStanding) != 0 ? m.standing_now : m.standing_then;
    for (size_t h = 0; h < horizons_; ++h) {
      const double free = moved_probability(sums.free[h]);
      counts[h].vouched += sign * s * free;
      counts[h].crowd += sign * (1 - s) * free;
      counts[h].courted += sign * (moved_probability(sums.x[h]) - free);
    }
  }

  double points_of(const Counts& counts) const {
    double sum = 0;
    for (size_t h = 0; h < horizons_; ++h) {
      // Taking a mover out may leave a last bit below 0.
      const PeopleMoved people =
          count_people_moved(std::max(0.0, counts[h].vouched), std::max(0.0, counts[h].crowd),
                             std::max(0.0, counts[h].courted), policy_);
      sum += weights_[h] * std::log2(1 + people.moved);
    }
    return std::clamp(1 + policy_.points_per_doubling * sum / static_cast<double>(horizons_), 1.0,
                      100.0);
  }

  const Policy& policy_;
  size_t horizons_;
  std::array<double, kHorizonsMax> weights_;
  std::vector<double> half_life_ms_;
  std::vector<Both> movers_;  // ascending; the erased last
  uint32_t withdrawn_acts_ = 0;
};

// What each cause adds to those before it, averaged over all orders: a set of k causes stands
// before one of the others in k! (n-k-1)! of n! orders.
std::array<double, kCauses> shapley(const Movers& movers) {
  std::array<double, kEvery + 1> value{};
  for (unsigned set = 0; set <= kEvery; ++set) {
    // Where nothing was withdrawn that cause changes nothing.
    value[set] = (set & kGone) != 0 && !movers.any_gone() ? value[set & ~unsigned{kGone}]
                                                          : movers.points(set);
  }
  constexpr std::array<double, kCauses> kShare{6.0 / 24, 2.0 / 24, 2.0 / 24, 6.0 / 24};
  std::array<double, kCauses> result{};
  for (unsigned cause = 0; cause < kCauses; ++cause) {
    const unsigned bit = 1U << cause;
    for (unsigned set = 0; set <= kEvery; ++set) {
      if ((set & bit) != 0) continue;
      result[cause] +=
          kShare[static_cast<size_t>(std::popcount(set))] * (value[set | bit] - value[set]);
    }
  }
  return result;
}

void name_movers(const Movers& movers, Change& change) {
  constexpr size_t kNamed = 3;
  constexpr double kWorthNaming = 0.05;  // points; less is shown as nothing
  const auto everybody = movers.everybody();
  for (const Both& m : movers.all()) {
    if (m.new_acts > 0) {
      const double points =
          change.after - movers.points_but_for(m, kEvery & ~unsigned{kCame}, everybody);
      if (points > kWorthNaming) change.came.push_back({m.mover, points, m.new_acts});
    }
    if (m.kept_acts > 0) {
      const double points =
          change.after - movers.points_but_for(m, kEvery & ~unsigned{kFaded}, everybody);
      if (points < -kWorthNaming) change.faded.push_back({m.mover, points, m.kept_acts});
    }
  }
  for (auto* list : {&change.came, &change.faded}) {
    std::sort(list->begin(), list->end(), [](const ChangeMover& a, const ChangeMover& b) {
      return std::abs(a.points) != std::abs(b.points) ? std::abs(a.points) > std::abs(b.points)
                                                      : a.mover < b.mover;
    });
    if (list->size() > kNamed) list->resize(kNamed);
  }
}

}  // namespace

Change what_changed(const Moment& then, const Moment& now, const Policy& policy, PersonId person,
                    const std::optional<Restated>& restated) {
  Change change;
  change.before = then.published.value_or(1);
  change.after = now.published.value_or(1);
  const Movers movers(then, now, policy, person);
  const auto shares = shapley(movers);
  change.evidence = shares[0];
  change.withdrawn = shares[1];
  change.fading = shares[2];
  change.standing = shares[3];
  if (restated) change.policy = restated->now - restated->then;
  // Both ends as the ledger of now has them: what is missing to those that were published was read
  // later, or belongs to accounts that were linked or unlinked since.
  change.late =
      (movers.points(0) - change.before - change.policy) + (change.after - movers.points(kEvery));
  change.withdrawn_acts = movers.withdrawn_acts();
  for (const Both& m : movers.all()) {
    change.new_acts += m.new_acts;
    if (m.new_acts > 0) ++change.new_movers;
  }
  const Instant frozen = now.graph.last_frozen(person);
  change.erased = frozen.known() && frozen >= then.graph.as_of();
  name_movers(movers, change);
  return change;
}

}  // namespace bellwether

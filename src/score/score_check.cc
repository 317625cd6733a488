// SPDX-License-Identifier: Apache-2.0
#include "score/score_check.h"

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <set>
#include <utility>

namespace bellwether {
namespace {

double days_between(Instant from, Instant to) {
  return static_cast<double>(to.ms - from.ms) / 86'400'000.0;
}

double in_full(Credit credit) { return static_cast<double>(credit) / 1'048'576.0; }

bool draws_out(Verb verb) {
  static const std::set<Verb> kCourted{Verb::kReply,    Verb::kQuote,   Verb::kReact,
                                       Verb::kMention,  Verb::kMessage, Verb::kFollow,
                                       Verb::kSubscribe};
  return kCourted.contains(verb);
}

}  // namespace

ScoreCheck::ScoreCheck(std::span<const LedgerEntry> ledger,
                       std::span<const NetworkId> account_network, const PersonMap& persons,
                       std::span<const AccountId> teleport_set, const Policy& policy, Instant as_of)
    : persons_(persons),
      teleport_set_(teleport_set),
      policy_(policy),
      as_of_(as_of),
      vouches_(static_cast<uint32_t>(account_network.size())) {
  for (const LedgerEntry& e : ledger) {
    if (e.published >= as_of || (e.withdrawn.known() && e.withdrawn < as_of)) continue;
    Act act{e, persons.person_of[e.receiver], persons.person_of[e.mover], false, false};
    if (act.receiver == kNobody || act.mover == kNobody || act.receiver == act.mover) continue;
    for (const LedgerEntry& approach : ledger) {
      if (persons.person_of[approach.mover] == act.receiver &&
          persons.person_of[approach.receiver] == act.mover && approach.network == e.network &&
          approach.published < e.published &&
          approach.published.ms + policy.credit.courting_ms >= e.published.ms) {
        act.prompted = true;
      }
    }
    act.courted = act.prompted && draws_out(e.verb);
    acts_.push_back(act);
  }

  struct Given {
    Instant first;
    double x = 0;
  };
  std::map<AccountId, std::map<AccountId, Given>> given;
  // In ledger order, so that the sums round as the fast code's do; see below.
  std::vector<const LedgerEntry*> order;
  for (const Act& act : acts_) {
    if (policy.method == 1 || !act.courted) order.push_back(&act.entry);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto* a, const auto* b) { return a->published < b->published; });
  for (const LedgerEntry* e : order) {
    if (account_network[e->receiver] != account_network[e->mover]) continue;
    Given& g = given[e->mover].try_emplace(e->receiver, Given{e->published}).first->second;
    g.x += in_full(e->credit) *
           std::exp2(-days_between(e->published, as_of) / policy.vouch_half_life_days);
  }
  for (const auto& [voucher, receivers] : given) {
    std::vector<std::pair<Instant, AccountId>> first;
    for (const auto& [receiver, g] : receivers) first.emplace_back(g.first, receiver);
    std::sort(first.begin(), first.end());
    for (size_t i = 0; i < first.size() && i < static_cast<size_t>(policy.vouches_max); ++i) {
      const AccountId receiver = first[i].second;
      // A vouch is kept in single precision; that is part of the method's definition.
      vouches_.at(voucher, receiver) =
          static_cast<float>((1 - std::exp(-receivers.at(receiver).x)) / policy.vouches_max);
    }
  }
}

std::vector<AccountId> ScoreCheck::accounts_of(PersonId person) const {
  std::vector<AccountId> accounts;
  for (AccountId a = 0; a < persons_.person_of.size(); ++a) {
    if (persons_.person_of[a] == person) accounts.push_back(a);
  }
  return accounts;
}

double ScoreCheck::standing(PersonId mover, PersonId receiver, double carried) const {
  return std::min(1.0, carried * check_standing(vouches_, teleport_set_, policy_,
                                                accounts_of(mover), accounts_of(receiver)));
}

std::map<PersonId, ScoreCheck::Pair> ScoreCheck::fold(PersonId person, double half_life_days,
                                                      Instant until) const {
  std::map<PersonId, Pair> pairs;
  for (const Act& act : acts_) {
    if (act.receiver != person || act.entry.published >= until) continue;
    const double x = in_full(act.entry.credit) *
                     std::pow(2.0, -days_between(act.entry.published, until) / half_life_days);
    pairs[act.mover].x += x;
    if (!act.courted) pairs[act.mover].free += x;
  }
  return pairs;
}

PeopleMoved ScoreCheck::moved(PersonId person, const std::map<PersonId, Pair>& pairs,
                              double carried) const {
  PeopleMoved r;
  for (const auto& [mover, pair] : pairs) {
    const double s = standing(mover, person, carried);
    const double p = -std::expm1(-pair.x);
    const double pf = -std::expm1(-pair.free);
    r.vouched += s * pf;
    r.crowd += (1 - s) * pf;
    r.courted += p - pf;
  }
  const double q = std::min(r.courted, policy_.courtesy_share * (1 + r.vouched));
  const double x = std::min(q + r.crowd, policy_.crowd_share * (1 + r.vouched));
  r.moved = r.vouched + x;
  r.crowd_factor = q + r.crowd == 0 ? 0 : x / (q + r.crowd);
  r.courted_factor = r.courted == 0 ? 0 : r.crowd_factor * q / r.courted;
  return r;
}

double ScoreCheck::points(PersonId person, std::span<const double> half_life_days,
                          std::span<const double> weights, Instant until, double factor,
                          double carried) const {
  double sum = 0;
  double all = 0;
  for (size_t h = 0; h < half_life_days.size(); ++h) {
    const double weight = weights.empty() ? 1 : weights[h];
    sum += weight *
           std::log2(1 +
                     factor * moved(person, fold(person, half_life_days[h], until), carried).moved);
    all += weight;
  }
  const double s = 1 + policy_.points_per_doubling * sum / all;
  return std::min(100.0, std::max(1.0, s));
}

std::map<PersonId, std::vector<double>> ScoreCheck::shares_at(PersonId person, Instant until,
                                                              std::vector<double>& people,
                                                              double carried) const {
  std::map<PersonId, std::vector<double>> shares;
  for (const double h : policy_.half_life_days) {
    const auto pairs = fold(person, h, until);
    const PeopleMoved r = moved(person, pairs, carried);
    people.push_back(r.moved);
    for (const auto& [mover, pair] : pairs) {
      const double s = standing(mover, person, carried);
      const double pf = -std::expm1(-pair.free);
      shares[mover].push_back((s + (1 - s) * r.crowd_factor) * pf +
                              r.courted_factor * (-std::expm1(-pair.x) - pf));
    }
  }
  return shares;
}

std::map<PersonId, std::vector<double>> ScoreCheck::shares(PersonId person) const {
  std::vector<double> people;
  return shares_at(person, as_of_, people);
}

double ScoreCheck::effective_movers(PersonId person, Instant until, double carried) const {
  std::vector<double> people;
  double sum = 0;
  double squares = 0;
  for (const auto& [mover, r] : shares_at(person, until, people, carried)) {
    double g = 0;
    for (size_t h = 0; h < people.size(); ++h) {
      const double weight = policy_.half_life_weights.empty() ? 1 : policy_.half_life_weights[h];
      g += weight * r[h] / (1 + people[h]) / static_cast<double>(people.size());
    }
    sum += g;
    squares += g * g;
  }
  return squares > 0 ? sum * sum / squares : 1;
}

std::optional<PersonScore> ScoreCheck::score(PersonId person) const {
  PersonScore result;
  result.person = person;
  std::set<PersonId> movers, recent, approached, acted_on;
  uint32_t untouched = 0;
  uint32_t answered = 0;
  Instant last{INT64_MIN};
  for (const Act& act : acts_) {
    if (act.mover == person) acted_on.insert(act.receiver);
    if (act.mover == person && !act.prompted) approached.insert(act.receiver);
    if (act.receiver != person) continue;
    ++result.acts;
    movers.insert(act.mover);
    last = std::max(last, act.entry.published);
    if (days_between(act.entry.published, as_of_) <= policy_.reach_days) recent.insert(act.mover);
  }
  if (movers.empty()) return std::nullopt;
  result.last_evidence = last;
  result.movers = static_cast<uint32_t>(movers.size());
  result.reach = static_cast<uint32_t>(recent.size());
  double audience = 0;
  for (const PersonId mover : movers) {
    const double s = standing(mover, person);
    if (recent.contains(mover)) audience += s;
    if (s < policy_.vouched_min) continue;
    ++result.vouched_movers;
    if (!acted_on.contains(mover)) {
      ++untouched;
    } else if (!approached.contains(mover)) {
      ++answered;
    }
  }
  result.independent_movers = untouched + std::min(untouched, answered);
  if (!recent.empty()) result.audience = audience / static_cast<double>(recent.size());
  const auto mass = check_mass(vouches_, teleport_set_, policy_.damping, 2);
  for (const AccountId account : accounts_of(person)) {
    result.standing = std::max(
        result.standing, std::min(1.0, mass[account] * policy_.vouches_max / policy_.damping));
  }

  // Now, and when the last evidence was fresh: credit carried back; for the high end standing too,
  // by as much as two vouches in a row can have faded since.
  const Instant then = std::min(as_of_, Instant{last.ms + 1});
  const double carried =
      std::pow(2.0, 2 * days_between(then, as_of_) / policy_.vouch_half_life_days);
  const double tail = (1 - policy_.margin_mass) / 2;
  const auto end = [&](double below, Instant until, double carry) {
    const double n = effective_movers(person, until, carry);
    return points(person, policy_.half_life_days, policy_.half_life_weights, until,
                  boost::math::gamma_p_inv(n, below) / n, carry);
  };
  const double low = std::min(end(tail, as_of_, 1), end(tail, then, 1));
  result.value = points(person, policy_.half_life_days, policy_.half_life_weights, as_of_, 1);
  const double high =
      std::max({result.value, end(1 - tail, as_of_, 1), end(1 - tail, then, carried)});
  size_t h = 0;
  for (const double half_life : policy_.half_life_days) {
    result.moved[h++] = moved(person, fold(person, half_life, as_of_)).moved;
  }
  result.interval = {low, high, policy_.margin_mass};
  result.settled = result.independent_movers >= static_cast<uint32_t>(policy_.settled_movers_min) &&
                   high - low <= policy_.settled_margin_max;

  std::vector<double> momentum_days;
  for (const double hours : policy_.momentum_half_life_hours) momentum_days.push_back(hours / 24);
  result.momentum = points(person, momentum_days, {}, as_of_, 1);
  result.momentum_before =
      points(person, momentum_days, {}, Instant{as_of_.ms - 7 * 86'400'000LL}, 1);
  return result;
}

}  // namespace bellwether

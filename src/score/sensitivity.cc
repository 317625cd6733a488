// SPDX-License-Identifier: Apache-2.0
#include "score/sensitivity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>

#include "score/agreement.h"
#include "score/grade.h"
#include "score/score.h"
#include "score/standing.h"
#include "score/teleport.h"
#include "score/tune.h"

namespace bellwether {
namespace {

bool of_electors(std::string_view key) {
  return key == "standing.elector_share" || key == "standing.supporters_min";
}

bool of_automatic_set(std::string_view key) {
  return key == "standing.teleport_share" || key == "standing.teleport_min" || of_electors(key);
}

// Whether the method's automatic set is another where this constant is.
bool says_whom_to_choose(std::string_view key, int method) {
  return of_automatic_set(key) && (method > 2 || !of_electors(key));
}

enum class StartFrom { kInForce, kAutomatic, kHalf, kMethodOne, kMethodTwo };

// Whose automatic set it is; 0: none's.
int method_of(StartFrom start) {
  return start == StartFrom::kMethodOne ? 1 : start == StartFrom::kMethodTwo ? 2 : 0;
}

// One change of a policy, and what of a scoring it asks to be made anew.
struct Change {
  Variation variation;
  Policy policy;
  StartFrom start = StartFrom::kInForce;
  bool ledger = false;    // the entries are others
  bool standing = false;  // vouches, the set or how far standing flows
};

// The community as of one instant, folded once; and what a change makes of it.
class Instance {
 public:
  // `set`: where standing starts from; empty: the automatic one.
  Instance(std::span<const LedgerEntry> ledger, const std::vector<NetworkId>& account_network,
           const PersonMap& persons, std::vector<AccountId> set, const Policy& policy, Instant at,
           unsigned threads)
      : account_network_(account_network),
        persons_(persons),
        at_(at),
        threads_(threads),
        automatic_(set.empty()),
        graph_(graph_at(ledger, account_network, persons, at, threads)),
        set_(automatic_ ? choose_teleport_set(graph_, policy, threads) : std::move(set)),
        standing_(standing_in(graph_, set_, policy)) {}

  // `set_is_automatic`: whether the constants of the automatic set speak of the set in force.
  std::vector<PersonScore> scores(const Change& change, std::span<const LedgerEntry> ledger,
                                  bool set_is_automatic) const {
    if (!change.ledger && !change.standing) {
      return score_everybody(graph_, standing_, change.policy, {}, threads_);
    }
    std::optional<GraphSnapshot> other;
    if (change.ledger) other.emplace(graph_at(ledger, account_network_, persons_, at_, threads_));
    const GraphSnapshot& graph = other ? *other : graph_;
    std::vector<AccountId> set = set_;
    const bool choose = says_whom_to_choose(change.variation.key, change.policy.method) ||
                        (automatic_ && change.ledger);
    if (const int method = method_of(change.start)) {
      set = choose_teleport_set(graph, under_method(change.policy, method), threads_);
    } else if (change.start == StartFrom::kAutomatic || (choose && set_is_automatic)) {
      set = choose_teleport_set(graph, change.policy, threads_);
    }
    if (change.start == StartFrom::kHalf) {
      size_t kept = 0;
      for (size_t i = 0; i < set.size(); i += 2) set[kept++] = set[i];
      set.resize(kept);
    }
    return score_everybody(graph, standing_in(graph, set, change.policy), change.policy, {},
                           threads_);
  }

 private:
  Standing standing_in(const GraphSnapshot& graph, std::span<const AccountId> set,
                       const Policy& policy) const {
    return {graph, graph.vouches(vouch_options(policy, threads_)), set, policy, threads_};
  }

  const std::vector<NetworkId>& account_network_;
  const PersonMap& persons_;
  Instant at_;
  unsigned threads_;
  bool automatic_;
  GraphSnapshot graph_;
  std::vector<AccountId> set_;
  Standing standing_;
};

bool has_part(const PolicyConstant& constant, int method, bool set_is_automatic) {
  static constexpr std::array<std::string_view, 5> kNoPart{"score.points_per_doubling",
                                                           "margin.mass", "facets.reach_days",
                                                           "topics.movers_min", "topics.days_min"};
  if (std::find(kNoPart.begin(), kNoPart.end(), constant.key) != kNoPart.end()) return false;
  if (of_automatic_set(constant.key)) {
    return set_is_automatic && says_whom_to_choose(constant.key, method);
  }
  return true;
}

std::vector<Change> changes_of(const Policy& policy, std::span<const LedgerEntry> ledger,
                               bool set_is_automatic) {
  std::array<bool, kVerbSlots> there{};
  for (const LedgerEntry& entry : ledger) there[static_cast<size_t>(entry.verb)] = true;
  std::vector<Change> out;
  for (const bool twice : {false, true}) {
    const double factor = twice ? 2 : 0.5;
    const auto add = [&](const std::string& key, double before, double after, bool bounded,
                         Policy other) {
      Change change;
      change.variation.key = key;
      change.variation.setting = twice ? "doubled" : "halved";
      change.variation.before = before;
      change.variation.after = after;
      change.variation.bounded = bounded;
      change.policy = std::move(other);
      change.ledger = key.starts_with("credit.");
      change.standing = change.ledger || key.starts_with("standing.");
      out.push_back(std::move(change));
    };
    for (const PolicyConstant& constant : policy_constants()) {
      if (!has_part(constant, policy.method, set_is_automatic)) continue;
      if (constant.key.starts_with("credit.")) {
        const auto verb = parse_verb(constant.key.substr(7));
        if (verb && !there[static_cast<size_t>(*verb)]) continue;
      }
      const double before = constant.get(policy);
      const double asked = constant.whole ? std::round(before * factor) : before * factor;
      const double after = std::clamp(asked, constant.low, constant.high);
      if (after == before) continue;
      Policy other = policy;
      constant.set(other, after);
      add(constant.key, before, after, after != asked, std::move(other));
    }
    for (const auto& [name, list] : {std::pair{"score.half_life_days", &Policy::half_life_days},
                                     {"score.half_life_weights", &Policy::half_life_weights}}) {
      for (size_t h = 0; h < (policy.*list).size(); ++h) {
        Policy other = policy;
        double& value = (other.*list)[h];
        const double before = value;
        value *= factor;
        if (value == before) continue;
        add(fmt::format("{}.{}", name, h + 1), before, value, false, other);
      }
    }
  }
  for (const auto& [start, setting] : {std::pair{StartFrom::kAutomatic, "the automatic one of now"},
                                       {StartFrom::kHalf, "half of it"},
                                       {StartFrom::kMethodOne, "that of bellwether/1"},
                                       {StartFrom::kMethodTwo, "that of bellwether/2"}}) {
    if (policy.method == method_of(start)) continue;
    Change change;
    change.variation.key = "standing.teleport";
    change.variation.setting = setting;
    change.policy = policy;
    change.start = start;
    change.standing = true;
    out.push_back(std::move(change));
  }
  return out;
}

// By person, those of `ranked` alone: 1 for the highest. Ties in the order of `ranked`.
std::vector<uint32_t> ranks_of(std::span<const PersonId> ranked, std::span<const double> value) {
  std::vector<uint32_t> order(ranked.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](uint32_t a, uint32_t b) { return value[ranked[a]] > value[ranked[b]]; });
  std::vector<uint32_t> rank(ranked.size());
  for (uint32_t place = 0; place < order.size(); ++place) rank[order[place]] = place + 1;
  return rank;
}

std::vector<double> by_person(std::span<const PersonScore> scores, uint32_t persons) {
  std::vector<double> out(persons, 0);
  for (const PersonScore& score : scores) out[score.person] = score.value;
  return out;
}

uint32_t settled_in(std::span<const PersonScore> scores) {
  return static_cast<uint32_t>(
      std::count_if(scores.begin(), scores.end(), [](const PersonScore& s) { return s.settled; }));
}

// Constants whose variations move those who are followed most come first.
void order_by_effect(std::vector<Variation>& variations) {
  struct Effect {
    double move = 0;
    double spearman = 1;
    size_t first = 0;
  };
  std::map<std::string, Effect> effects;
  for (size_t i = 0; i < variations.size(); ++i) {
    const Variation& v = variations[i];
    Effect& effect = effects.try_emplace(v.key, Effect{0, 1, i}).first->second;
    effect.move = std::max(effect.move, v.mean_move);
    effect.spearman = std::min(effect.spearman, v.spearman.value_or(1));
  }
  std::stable_sort(variations.begin(), variations.end(),
                   [&](const Variation& a, const Variation& b) {
                     const Effect& x = effects[a.key];
                     const Effect& y = effects[b.key];
                     if (x.move != y.move) return x.move > y.move;
                     if (x.spearman != y.spearman) return x.spearman < y.spearman;
                     return x.first < y.first;
                   });
}

}  // namespace

Result<SensitivityReport> sensitivity(std::span<const LedgerEntry> ledger,
                                      const std::vector<NetworkId>& account_network,
                                      const PersonMap& persons,
                                      std::span<const AccountId> set_in_force,
                                      std::span<const AccountId> own_set, const Policy& policy,
                                      const SensitivityOptions& options, unsigned threads,
                                      const std::function<void(uint32_t, uint32_t)>& done) {
  SensitivityReport report;
  const std::vector<Response> responses = responses_of(ledger, persons);
  BacktestOptions window = options.window;
  window.folds = 1;
  BW_ASSIGN(const std::vector<Window> windows, windows_of(responses, window));
  report.window = windows.front();
  const Seen seen = look_at(responses, persons.persons, report.window);
  const bool automatic = own_set.empty();
  const Instance now(ledger, account_network, persons, {set_in_force.begin(), set_in_force.end()},
                     policy, options.as_of, threads);
  const Instance then(ledger, account_network, persons, {own_set.begin(), own_set.end()}, policy,
                      report.window.cut, threads);
  const auto grade = [&](const std::vector<PersonScore>& scores) {
    const std::vector<double> all = by_person(scores, persons.persons);
    std::vector<double> values;
    for (const PersonId person : seen.people) values.push_back(all[person]);
    return grade_ranking(values, seen.moved).ndcg;
  };

  Change none;
  none.policy = policy;
  const std::vector<PersonScore> as_it_is = now.scores(none, ledger, automatic);
  report.ndcg = grade(then.scores(none, ledger, automatic));
  report.all_ranked = settled_in(as_it_is) < 2;
  std::vector<PersonId> ranked;
  for (const PersonScore& score : as_it_is) {
    if (report.all_ranked || score.settled) ranked.push_back(score.person);
  }
  report.ranked = static_cast<uint32_t>(ranked.size());
  const std::vector<double> value = by_person(as_it_is, persons.persons);
  const std::vector<uint32_t> rank = ranks_of(ranked, value);
  const auto places = std::min(kSensitivityPlaces, report.ranked);
  std::vector<size_t> followed;
  for (size_t i = 0; i < ranked.size(); ++i) {
    if (rank[i] <= options.people) followed.push_back(i);
  }
  std::sort(followed.begin(), followed.end(),
            [&](size_t a, size_t b) { return rank[a] < rank[b]; });
  for (const size_t i : followed) {
    report.people.push_back({ranked[i], value[ranked[i]], rank[i], rank[i], rank[i], {}, {}});
  }

  std::vector<Change> changes = changes_of(policy, ledger, automatic);
  uint32_t finished = 0;
  for (Change& change : changes) {
    if (done) done(finished, static_cast<uint32_t>(changes.size()));
    ++finished;
    Variation& variation = change.variation;
    std::vector<LedgerEntry> other;
    if (change.policy.credit.courting_ms != policy.credit.courting_ms) {
      other.assign(ledger.begin(), ledger.end());
      settle(other, change.policy.credit, persons, threads);
    } else if (change.ledger) {
      other = reweighted(ledger, policy.credit, change.policy.credit);
    }
    const std::vector<PersonScore> scores = now.scores(change, other, automatic);
    variation.ndcg = grade(then.scores(change, other, automatic));
    variation.settled = settled_in(scores);
    const std::vector<double> value_then = by_person(scores, persons.persons);
    const std::vector<uint32_t> rank_then = ranks_of(ranked, value_then);
    std::vector<ScoredTwice> both;
    uint32_t shared = 0;
    for (size_t i = 0; i < ranked.size(); ++i) {
      both.push_back({value[ranked[i]], value_then[ranked[i]], rank[i], rank_then[i]});
      if (rank[i] <= places && rank_then[i] <= places) ++shared;
    }
    variation.spearman = agreement_of(both, report.ranked, report.ranked).spearman;
    variation.overlap = places == 0 ? 0 : static_cast<double>(shared) / places;
    const std::string with = fmt::format("{} {}", variation.key, variation.setting);
    for (size_t f = 0; f < followed.size(); ++f) {
      RankRange& range = report.people[f];
      const uint32_t at = rank_then[followed[f]];
      const uint32_t move = at > range.rank ? at - range.rank : range.rank - at;
      variation.largest_move = std::max(variation.largest_move, move);
      variation.mean_move += static_cast<double>(move) / static_cast<double>(followed.size());
      if (at < range.best) {
        range.best = at;
        range.best_with = with;
      }
      if (at > range.worst) {
        range.worst = at;
        range.worst_with = with;
      }
    }
    report.variations.push_back(std::move(variation));
  }
  order_by_effect(report.variations);
  return report;
}

}  // namespace bellwether

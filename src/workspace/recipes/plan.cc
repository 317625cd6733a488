// SPDX-License-Identifier: Apache-2.0
#include "workspace/recipes/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <unordered_map>

#include "plan/pair_chances.h"
#include "plan/window_chances.h"
#include "workspace/persons.h"
#include "workspace/recipes/history.h"
#include "workspace/recipes/scoring.h"

namespace bellwether {
namespace {

constexpr uint32_t kOutcomes = 1000;
constexpr size_t kNobodyElse = 50;
constexpr size_t kReceipts = 20;

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

class Planner {
 public:
  Planner(Workspace& workspace, const Policy& policy, const PlanQuestion& question,
          const std::function<void(std::string_view)>& phase)
      : workspace_(workspace), policy_(policy), question_(question), phase_(phase) {}

  Result<PlanFindings> run() {
    BW_TRY(read());
    BW_ASSIGN(const std::optional<ReachChances> chances, learn());
    if (!chances) {
      found_.too_short = true;
      return std::move(found_);
    }
    begin("choosing");
    BW_ASSIGN(const ReachGraph graph, ReachGraph::create(*chances, workspace_.threads()));
    BW_TRY(admit(graph));
    if (found_.candidates == 0 || *found_.cheapest > question_.budget) return std::move(found_);
    BW_TRY(choose(graph));
    tell_receipts();
    return std::move(found_);
  }

 private:
  void begin(std::string_view name) {
    if (phase_) phase_(name);
  }

  PersonId person_of(uint64_t key) const {
    const auto& keys = found_.numbering->account_key;
    const auto at = std::lower_bound(keys.begin(), keys.end(), key);
    if (at == keys.end() || *at != key) return kNobody;
    return found_.persons.person_of[static_cast<size_t>(at - keys.begin())];
  }
  std::vector<PersonId> people_of(const std::vector<uint64_t>& keys) const {
    std::vector<PersonId> people;
    for (const uint64_t key : keys) {
      const PersonId person = person_of(key);
      if (person != kNobody && std::find(people.begin(), people.end(), person) == people.end()) {
        people.push_back(person);
      }
    }
    return people;
  }

  // The ledger as of then, and the part of it that is asked about.
  Result<void> read() {
    Scoring scoring(workspace_, policy_, phase_);
    BW_ASSIGN(ledger_, scoring.whole_ledger(question_.as_of));
    found_.numbering = scoring.shared_numbering();
    found_.persons = scoring.persons();
    found_.first_account = first_accounts(found_.persons);
    std::erase_if(ledger_, [&](const LedgerEntry& e) {
      const PersonId mover = found_.persons.person_of[e.mover];
      const PersonId receiver = found_.persons.person_of[e.receiver];
      const bool on_network = !question_.only.network || e.network == *question_.only.network;
      return !e.counts_as_of(question_.as_of) || !on_network || mover == kNobody ||
             receiver == kNobody || mover == receiver;
    });
    moved_here_.assign(found_.persons.persons, false);
    bool any = false;
    for (const LedgerEntry& e : ledger_) {
      if (!question_.only.holds(e)) continue;
      moved_here_[found_.persons.person_of[e.receiver]] = true;
      any = true;
    }
    if (!any) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("nobody was moved by anybody there before {}: leave --topic or "
                               "--network out, or ask for another",
                               to_string(question_.as_of))};
    }
    return {};
  }

  // Where chances come from. Empty: the log is too short.
  Result<std::optional<ReachChances>> learn() {
    begin("learning who may move whom");
    ReachChances chances;
    chances.persons = found_.persons.persons;
    chances.model = question_.model;
    chances.weight.assign(chances.persons, 1);
    for (const PersonId person : people_of(question_.reached)) chances.weight[person] = 0;
    if (question_.model != ReachModel::kDirect) {
      BW_ASSIGN(const bool any, learn_next_occasion(chances));
      return any ? std::optional(std::move(chances)) : std::nullopt;
    }
    std::vector<FoldEntry> entries;
    for (const LedgerEntry& e : ledger_) entries.push_back(FoldEntry::from(e));
    const GraphSnapshot graph(std::move(entries), found_.numbering->account_network, found_.persons,
                              question_.as_of, workspace_.threads());
    std::vector<Window> windows;
    if (question_.window_ms) {
      found_.window_ms = question_.window_ms;
      windows = windows_to_learn_from(graph, *question_.window_ms);
    } else {
      // Half as long until there are two windows to learn from, or one hour is reached.
      int64_t window_ms = kPlanWindowMs;
      windows = windows_to_learn_from(graph, window_ms);
      while (windows.size() < 2 && window_ms >= 2 * kMsPerHour) {
        window_ms /= 2;
        windows = windows_to_learn_from(graph, window_ms);
      }
      found_.window_ms = window_ms;
    }
    if (windows.empty()) return std::optional<ReachChances>();
    WindowChances learnt = window_chances(graph, windows, workspace_.threads());
    found_.training_windows = learnt.training_windows;
    chances.arcs = std::move(learnt.pairs);
    chances.newcomers = std::move(learnt.newcomers);
    chances.newcomers_shared_variance = learnt.newcomers_shared_variance;
    if (question_.only.topics) on_topic(chances);
    return std::optional(std::move(chances));
  }

  // For cascades: that the next occasion of the one moves the other, for pairs with history. False:
  // nobody was ever exposed again to whom they had met.
  Result<bool> learn_next_occasion(ReachChances& chances) {
    BW_ASSIGN(const std::vector<PersonAct> acts,
              read_acts(workspace_, *found_.numbering, found_.persons, question_.only.network));
    PairChanceOptions options;
    options.threads = workspace_.threads();
    BW_ASSIGN(const PairChances learnt,
              pair_chances(ledger_, acts, found_.persons, question_.as_of, options,
                           question_.only.topics ? &*question_.only.topics : nullptr));
    if (!learnt.model || learnt.pairs.empty()) return false;
    found_.occasion_ms = learnt.model->occasion_ms;
    std::vector<double> pressed(chances.persons, 0);
    for (const PairChance& pair : learnt.pairs) {
      chances.arcs.push_back({pair.from, pair.to, pair.chance});
      pressed[pair.to] += static_cast<double>(pair.chance);
    }
    if (question_.model == ReachModel::kLinearThreshold) {
      // Weights into one person sum to at most 1.
      for (InfluenceArc& arc : chances.arcs) {
        if (pressed[arc.receiver] <= 1) continue;
        arc.chance = static_cast<float>(static_cast<double>(arc.chance) /
                                        (pressed[arc.receiver] * (1 + 1e-6)));
      }
    }
    return true;
  }

  // Chances of being moved at all become those of being moved on the topic: by the share of it in
  // what passed between the two, shrunk towards what it is for each of them.
  void on_topic(ReachChances& chances) const {
    struct Share {
      double all = 0, here = 0;
      // Towards `prior`, which weighs as much as so many responses.
      double shrunk(double prior, double responses) const {
        return (here + responses * prior) / (all + responses);
      }
    };
    constexpr double kPersonPrior = 5;  // responses
    constexpr double kPairPrior = 1;
    Share everybody;
    std::vector<Share> given(chances.persons), received(chances.persons);
    std::unordered_map<uint64_t, Share> pairs;
    for (const LedgerEntry& e : ledger_) {
      const PersonId sender = found_.persons.person_of[e.receiver];
      const PersonId receiver = found_.persons.person_of[e.mover];
      const bool here = question_.only.holds(e);
      for (Share* share : {&everybody, &received[sender], &given[receiver],
                           &pairs[uint64_t{sender} << 32 | receiver]}) {
        share->all += 1;
        if (here) share->here += 1;
      }
    }
    const double usual = everybody.here / everybody.all;
    for (InfluenceArc& arc : chances.arcs) {
      const double of_sender = received[arc.sender].shrunk(usual, kPersonPrior);
      const double of_receiver = given[arc.receiver].shrunk(usual, kPersonPrior);
      const double prior = std::min(1.0, of_sender * of_receiver / usual);
      const Share& pair = pairs.at(uint64_t{arc.sender} << 32 | arc.receiver);
      arc.chance =
          static_cast<float>(static_cast<double>(arc.chance) * pair.shrunk(prior, kPairPrior));
    }
    for (PersonId person = 0; person < chances.newcomers.size(); ++person) {
      CountForecast& come = chances.newcomers[person];
      const double share = received[person].shrunk(usual, kPersonPrior);
      come.mean = static_cast<float>(static_cast<double>(come.mean) * share);
    }
  }

  // Who may be chosen at what cost, and whether what is to be included fits the limits.
  Result<void> admit(const ReachGraph& graph) {
    const uint32_t persons = found_.persons.persons;
    cost_.assign(persons, question_.cost_of_others.value_or(-1));
    for (const auto& [key, cost] : question_.costs) {
      if (const PersonId person = person_of(key); person != kNobody) cost_[person] = cost;
    }
    include_ = people_of(question_.include);
    may_.assign(persons, !question_.may_choose);
    if (question_.may_choose) {
      for (const PersonId person : people_of(*question_.may_choose)) may_[person] = true;
    }
    for (PersonId person = 0; person < persons; ++person) {
      may_[person] = may_[person] && moved_here_[person] && cost_[person] >= 0 &&
                     graph.reaches_anybody(person);
    }
    for (const PersonId person : people_of(question_.exclude)) {
      if (std::find(include_.begin(), include_.end(), person) != include_.end()) {
        return invalid("somebody is both to be included and excluded: leave one of the two out");
      }
      may_[person] = false;
    }
    double cost = 0;
    for (const PersonId person : include_) {
      if (cost_[person] < 0) {
        return invalid("what somebody to include costs is not known: give it in --costs");
      }
      may_[person] = true;
      cost += cost_[person];
    }
    if (include_.size() > question_.people_max) {
      return invalid(
          fmt::format("{} people are to be included and at most {} chosen: raise "
                      "--people",
                      include_.size(), question_.people_max));
    }
    if (cost > question_.budget) {
      return invalid(
          fmt::format("those to be included cost {:g} together and the budget is {:g}: "
                      "raise it or leave some out",
                      cost, question_.budget));
    }
    for (PersonId person = 0; person < persons; ++person) {
      if (!may_[person]) {
        exclude_.push_back(person);
        continue;
      }
      ++found_.candidates;
      found_.cheapest = std::min(found_.cheapest.value_or(cost_[person]), cost_[person]);
    }
    for (double& each : cost_) each = std::max(each, 0.0);
    return read_quotas();
  }

  Result<void> read_quotas() {
    if (question_.quotas.empty()) return {};
    // Everybody is of the network on which they are responded to most.
    const size_t networks = found_.numbering->networks.size();
    std::vector<std::map<NetworkId, uint64_t>> where(found_.persons.persons);
    for (const LedgerEntry& e : ledger_) {
      if (question_.only.holds(e)) ++where[found_.persons.person_of[e.receiver]][e.network];
    }
    network_.assign(found_.persons.persons, kNoGroup);
    for (PersonId person = 0; person < where.size(); ++person) {
      uint64_t most = 0;
      for (const auto& [network, responses] : where[person]) {
        if (responses > most) network_[person] = network;
        most = std::max(most, responses);
      }
    }
    at_most_.assign(networks, question_.people_max);
    for (const auto& [name, most] : question_.quotas) {
      BW_ASSIGN(const NetworkId network, find_network(*found_.numbering, name));
      at_most_[network] = most;
    }
    for (size_t network = 0; network < networks; ++network) {
      const auto there = static_cast<uint32_t>(
          std::count_if(include_.begin(), include_.end(),
                        [&](PersonId person) { return network_[person] == network; }));
      if (there > at_most_[network]) {
        return invalid(fmt::format("{} of those to be included are of {}, and the quota is {}",
                                   there, found_.numbering->networks[network], at_most_[network]));
      }
    }
    return {};
  }

  bool fits(PersonId person, const std::vector<uint32_t>& of_network, double left) const {
    if (!may_[person] || cost_[person] > left) return false;
    return network_.empty() || network_[person] == kNoGroup ||
           of_network[network_[person]] < at_most_[network_[person]];
  }

  Result<void> choose(const ReachGraph& graph) {
    SeedOptions options;
    options.epsilon = question_.epsilon;
    options.rng_seed = question_.rng_seed;
    options.rr_sets_min = plan_rr_sets(graph);
    options.threads = workspace_.threads();
    SeedQuestion asked;
    asked.seeds_max = question_.people_max;
    asked.budget = question_.budget;
    asked.cost = cost_;
    asked.include = include_;
    asked.exclude = exclude_;
    const std::array<SeedQuota, 1> quota{SeedQuota{network_, at_most_}};
    if (!network_.empty()) asked.quotas = quota;
    BW_ASSIGN(SeedSelection selection, graph.select(asked, options));
    std::vector<PersonId> chosen;
    for (const Seed& seed : selection.report.seeds) chosen.push_back(seed.vertex);
    if (chosen.empty()) {
      found_.candidates = 0;
      return {};
    }
    begin("what may come of it");
    BW_ASSIGN(found_.group, graph.reach(chosen, cost_, options, kOutcomes, kNobodyElse));
    for (size_t i = 0; i < chosen.size(); ++i) {
      found_.group.members[i].included = selection.report.seeds[i].included;
      found_.cost += found_.group.members[i].cost;
    }
    // What the group reaches directly is known exactly; the best group is bounded all the same.
    found_.ratio = selection.ratio;
    if (question_.model == ReachModel::kDirect && selection.optimum_high > 0) {
      found_.ratio = std::min(
          1.0, std::max(selection.ratio, found_.group.people.value / selection.optimum_high));
    }
    found_.selection = std::move(selection);

    begin("what others would reach");
    BW_TRY(one_more(graph, chosen, options));
    return compare(graph, chosen, options);
  }

  Result<void> one_more(const ReachGraph& graph, const std::vector<PersonId>& chosen,
                        const SeedOptions& options) {
    if (question_.model == ReachModel::kDirect) {
      if (const auto best = graph.next(chosen, may_)) {
        found_.one_more = {best->first, best->second, cost_[best->first]};
      }
      return {};
    }
    SeedQuestion asked;
    asked.seeds_max = static_cast<uint32_t>(chosen.size() + 1);
    asked.include = chosen;
    asked.exclude = exclude_;
    if (found_.candidates <= chosen.size()) return {};
    BW_ASSIGN(const SeedSelection next, graph.select(asked, options));
    if (next.report.seeds.size() <= chosen.size()) return {};
    std::vector<PersonId> with = chosen;
    with.push_back(next.report.seeds.back().vertex);
    BW_ASSIGN(const double people, graph.people(with, options));
    found_.one_more = {with.back(), std::max(0.0, people - found_.group.people.value),
                       cost_[with.back()]};
    return {};
  }

  // The highest scores that the same limits allow, those to include first.
  Result<void> compare(const ReachGraph& graph, const std::vector<PersonId>& chosen,
                       const SeedOptions& options) {
    if (question_.by_score.empty()) return {};
    PlanFindings::Top top;
    std::vector<uint32_t> of_network(found_.numbering->networks.size(), 0);
    const auto take = [&](PersonId person) {
      top.people.push_back(person);
      top.cost += cost_[person];
      if (!network_.empty() && network_[person] != kNoGroup) ++of_network[network_[person]];
    };
    for (const PersonId person : include_) take(person);
    const bool budgeted = std::isfinite(question_.budget);
    for (const PersonId person : people_of(question_.by_score)) {
      // By number: as many as were chosen. By budget: as many as it buys.
      if (top.people.size() >= (budgeted ? question_.people_max : chosen.size())) break;
      if (std::find(include_.begin(), include_.end(), person) != include_.end()) continue;
      if (fits(person, of_network, question_.budget - top.cost)) take(person);
    }
    if (top.people.empty()) return {};
    BW_ASSIGN(top.reached, graph.people(top.people, options));
    found_.top = std::move(top);
    return {};
  }

  void tell_receipts() {
    std::unordered_map<PersonId, size_t> place;
    for (size_t i = 0; i < found_.group.members.size(); ++i) {
      place[found_.group.members[i].person] = i;
    }
    struct Newest {
      EventRow row;
      Instant published;
    };
    std::vector<std::map<PersonId, Newest>> newest(place.size());  // by member, then mover
    std::vector<std::map<NetworkId, uint64_t>> where(place.size());
    for (const LedgerEntry& e : ledger_) {
      if (!question_.only.holds(e)) continue;
      const auto at = place.find(found_.persons.person_of[e.receiver]);
      if (at == place.end()) continue;
      ++where[at->second][e.network];
      const Newest entry{e.row, e.published};
      const auto [known, fresh] =
          newest[at->second].try_emplace(found_.persons.person_of[e.mover], entry);
      if (!fresh && std::pair(known->second.published, known->second.row) <
                        std::pair(entry.published, entry.row)) {
        known->second = entry;
      }
    }
    found_.receipts.resize(place.size());
    found_.places.resize(place.size());
    for (size_t i = 0; i < place.size(); ++i) {
      std::vector<PlanReceipt>& receipts = found_.receipts[i];
      for (const Reached& each : found_.group.members[i].nobody_else) {
        if (receipts.size() == kReceipts) break;
        const auto at = newest[i].find(each.person);
        if (at == newest[i].end()) continue;
        receipts.push_back({at->second.row, each.person});
        newest[i].erase(at);
      }
      std::vector<std::pair<PersonId, Newest>> others(newest[i].begin(), newest[i].end());
      std::sort(others.begin(), others.end(), [](const auto& a, const auto& b) {
        return std::pair(a.second.published, a.second.row) >
               std::pair(b.second.published, b.second.row);
      });
      for (const auto& [mover, entry] : others) {
        if (receipts.size() == kReceipts) break;
        receipts.push_back({entry.row, mover});
      }
      for (const auto& [network, responses] : where[i]) {
        found_.places[i].emplace_back(found_.numbering->networks[network], responses);
      }
      std::stable_sort(found_.places[i].begin(), found_.places[i].end(),
                       [](const auto& a, const auto& b) { return a.second > b.second; });
    }
  }

  Workspace& workspace_;
  const Policy& policy_;
  const PlanQuestion& question_;
  const std::function<void(std::string_view)>& phase_;
  PlanFindings found_;
  std::vector<LedgerEntry> ledger_;  // on the network asked for, all topics
  std::vector<bool> moved_here_;     // by person: was responded to, on the topic asked for
  std::vector<bool> may_;            // be chosen
  std::vector<double> cost_;
  std::vector<PersonId> include_, exclude_;
  std::vector<uint32_t> network_;  // by person, for quotas; empty: none
  std::vector<uint32_t> at_most_;  // by network
};

}  // namespace

Result<PlanFindings> find_plan(Workspace& workspace, const Policy& policy,
                               const PlanQuestion& question,
                               const std::function<void(std::string_view)>& phase) {
  return Planner(workspace, policy, question, phase).run();
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/query/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <unordered_set>

#include "base/hash.h"
#include "ingest/people_list.h"
#include "workspace/persons.h"
#include "workspace/query/topics.h"
#include "workspace/query/words.h"

namespace bellwether {
namespace {

constexpr uint32_t kPeopleUsual = 10;
constexpr uint32_t kPeopleOfBudgetMax = 1000;
constexpr uint32_t kComparedMax = 5000;  // of the highest scores, tried against the limits
constexpr size_t kShown = 3;

std::string names_of(const std::vector<PlanAnswer::Shared>& shared) {
  std::vector<std::string> names;
  for (const PlanAnswer::Shared& each : shared) names.push_back(each.name);
  return name_list(names, names.size());
}

class Asking {
 public:
  Asking(Workspace& workspace, Query& query, const PlanRequest& request, Viewer viewer)
      : workspace_(workspace), query_(query), request_(request), viewer_(viewer) {}

  Result<PlanAnswer> ask(const std::function<void(std::string_view)>& phase) {
    BW_ASSIGN(answer_.meta, query_.meta());
    answer_.viewer = viewer_;
    answer_.model = request_.model;
    answer_.network = request_.network.value_or("");
    answer_.budget = request_.budget;
    answer_.costs_given = !request_.costs.empty() || request_.cost_of_others.has_value();
    answer_.epsilon = request_.epsilon;
    if (request_.as_of) answer_.meta.as_of = *request_.as_of;
    PlanQuestion question;
    BW_TRY(prepare(question));
    BW_TRY(workspace_.reload_policy());
    BW_ASSIGN(found_, find_plan(workspace_, workspace_.policy(), question, phase));
    answer_.window_ms = found_.window_ms;
    answer_.occasion_ms = found_.occasion_ms;
    answer_.training_windows = found_.training_windows;
    answer_.candidates = found_.candidates;
    for (const uint64_t key : question.reached) {
      if (in_log(key)) ++answer_.reached_before;
    }
    if (!found_.selection) {
      answer_.missing = why_nobody(question);
      return std::move(answer_);
    }
    if (phase) phase("names and receipts");
    BW_TRY(tell_people());
    BW_TRY(tell_group());
    tell_words();
    return std::move(answer_);
  }

 private:
  bool in_log(uint64_t key) const {
    const auto& keys = found_.numbering->account_key;
    return std::binary_search(keys.begin(), keys.end(), key);
  }

  // Perhaps somebody who is called nearly so was meant.
  Error unknown(const std::string& name, const Error& error) {
    if (error.code != ErrorCode::kNotFound) return error;
    std::string text = name.substr(name.find(':') == std::string::npos ? 0 : name.find(':') + 1);
    if (!text.empty() && text.front() == '@') text.erase(0, 1);
    // Shorter and shorter beginnings, since that is where names agree.
    for (size_t length = text.size(); length >= 2; length = length * 2 / 3) {
      const auto like = query_.search(text.substr(0, length), kShown, viewer_);
      if (!like.ok() || like->people.empty()) continue;
      std::vector<std::string> names;
      for (const PersonRow& row : like->people) names.push_back(row.accounts.front());
      return {error.code, fmt::format("{}; perhaps {}", error.message,
                                      fmt::join(names.begin(), names.end(), " or "))};
    }
    return error;
  }

  Result<uint64_t> key_of(const std::string& name) {
    const auto accounts = query_.accounts_of(name);
    if (!accounts.ok()) return unknown(name, accounts.error());
    return hash64(accounts->front());
  }

  // Names of people who need not be in the log.
  Result<std::optional<uint64_t>> key_if_known(const std::string& name) {
    const auto accounts = query_.accounts_of(name);
    if (accounts.ok()) return std::optional(hash64(accounts->front()));
    if (accounts.error().code != ErrorCode::kNotFound) return accounts.error();
    ++answer_.not_known_total;
    if (answer_.not_known.size() < 5) answer_.not_known.push_back(name);
    return std::optional<uint64_t>();
  }

  Result<void> prepare(PlanQuestion& question) {
    question.as_of = answer_.meta.as_of;
    question.model = request_.model;
    question.window_ms = request_.window_ms;
    question.epsilon = request_.epsilon;
    question.rng_seed = request_.rng_seed;
    question.quotas = request_.quotas;
    if (request_.people) {
      question.people_max = *request_.people;
    } else {
      question.people_max = request_.budget ? kPeopleOfBudgetMax : kPeopleUsual;
    }
    if (question.people_max == 0) {
      return Error{ErrorCode::kInvalidArgument, "a plan is for at least one person: --people 10"};
    }
    if (request_.budget) question.budget = *request_.budget;
    question.cost_of_others = request_.cost_of_others  ? request_.cost_of_others
                              : request_.costs.empty() ? std::optional(1.0)
                                                       : std::nullopt;
    if (request_.topic) {
      BW_ASSIGN(auto ontology, workspace_.ontology());
      BW_ASSIGN(const auto index, TopicIndex::make(workspace_.store(), std::move(ontology)));
      BW_ASSIGN(const TopicIndex::Asked asked, index->asked(*request_.topic));
      answer_.topic = asked.label;
      question.only.topics.emplace();
      BW_TRY(workspace_.store().each_topic_of_sets([&](TopicSetId set, uint32_t number) {
        if (asked.holds(number)) question.only.topics->insert(set);
      }));
    }
    if (request_.network) {
      BW_ASSIGN(const auto numbering, workspace_.store().number_accounts());
      BW_ASSIGN(question.only.network, find_network(*numbering, *request_.network));
    }
    for (const std::string& name : request_.include) {
      BW_ASSIGN(const uint64_t key, key_of(name));
      question.include.push_back(key);
    }
    for (const std::string& name : request_.exclude) {
      BW_ASSIGN(const uint64_t key, key_of(name));
      question.exclude.push_back(key);
    }
    for (const std::string& name : request_.reached) {
      BW_ASSIGN(const auto key, key_if_known(name));
      if (key) question.reached.push_back(*key);
    }
    std::sort(question.reached.begin(), question.reached.end());
    question.reached.erase(std::unique(question.reached.begin(), question.reached.end()),
                           question.reached.end());
    for (const PlanRequest::Cost& cost : request_.costs) {
      BW_ASSIGN(const auto key, key_if_known(cost.person));
      if (key) question.costs.emplace_back(*key, cost.cost);
    }
    BW_ASSIGN(const auto listed, workspace_.registry().listed());
    for (const std::string& account : listed) listed_.insert(hash64(account));
    if (viewer_ == Viewer::kPublic) {
      question.may_choose = std::vector<uint64_t>(listed_.begin(), listed_.end());
      std::sort(question.may_choose->begin(), question.may_choose->end());
      for (const std::string& name : request_.include) {
        // Whoever may not be seen is not named by being asked for.
        if (const auto card = query_.show(name, viewer_); !card.ok()) return card.error();
      }
    }
    RankRequest rank;
    rank.topic = request_.topic;
    rank.network = request_.network;
    rank.limit = kComparedMax;
    rank.all = true;
    rank.reasons = false;
    BW_ASSIGN(const Ranking ranking, query_.rank(rank, viewer_));
    for (const PersonRow& row : ranking.people) {
      if (const auto key = parse_person_id(row.person)) question.by_score.push_back(*key);
    }
    return {};
  }

  std::string why_nobody(const PlanQuestion& question) const {
    if (found_.too_short && request_.model != ReachModel::kDirect) {
      return "nobody was ever seen again with those they had responded to, so no chances can be "
             "learnt: the log is too short";
    }
    if (found_.too_short) {
      return fmt::format(
          "the log is too short to learn what comes within {}: ask for less with --window, or plan "
          "for the next time that each does something, with --model ic",
          found_.window_ms ? lasting(*found_.window_ms) : "any time");
    }
    if (found_.candidates == 0) {
      if (viewer_ == Viewer::kPublic) {
        return "nobody who may be chosen has asked to be listed: `bellwether people consent NAME "
               "listed` records that somebody did, and --for all plans over everybody";
      }
      return question.cost_of_others
                 ? "nobody who may be chosen moves anybody"
                 : "nobody who may be chosen has a cost: give more in --costs, or what all others "
                   "cost in a line `*,COST`";
    }
    return fmt::format(
        "the budget buys nobody: the cheapest costs {:g}, and there is {:g} to spend",
        *found_.cheapest, question.budget);
  }

  bool may_see(PersonId person) {
    if (viewer_ == Viewer::kOperator) return true;
    if (visible_.empty()) {
      visible_.assign(found_.persons.persons, false);
      for (size_t a = 0; a < found_.persons.person_of.size(); ++a) {
        const PersonId of = found_.persons.person_of[a];
        if (of != kNobody && listed_.contains(found_.numbering->account_key[a])) {
          visible_[of] = true;
        }
      }
    }
    return visible_[person];
  }

  uint64_t key_of(PersonId person) const {
    return found_.numbering->account_key[found_.first_account[person]];
  }

  // Names of those who are only mentioned.
  Result<std::map<PersonId, std::string>> mention(const std::set<PersonId>& people) {
    std::map<PersonId, std::string> names;
    std::vector<AccountId> accounts;
    for (const PersonId person : people) accounts.push_back(found_.first_account[person]);
    BW_ASSIGN(const auto entries, workspace_.store().accounts(*found_.numbering, accounts));
    for (const AccountEntry& entry : entries) {
      names[found_.persons.person_of[entry.id]] = shown_name(entry);
    }
    return names;
  }

  Result<void> tell_people() {
    const GroupReach& group = found_.group;
    std::set<PersonId> mentioned;
    std::vector<std::vector<Reached>> nobody_else(group.members.size());
    for (size_t i = 0; i < group.members.size(); ++i) {
      for (const Reached& each : group.members[i].nobody_else) {
        if (nobody_else[i].size() == kShown) break;
        if (!may_see(each.person)) continue;
        nobody_else[i].push_back(each);
        mentioned.insert(each.person);
      }
    }
    BW_ASSIGN(const auto names, mention(mentioned));
    for (size_t i = 0; i < group.members.size(); ++i) {
      const GroupMember& member = group.members[i];
      PlanAnswer::Person& person = answer_.people.emplace_back();
      BW_ASSIGN(const PersonCard card,
                query_.show(person_id(key_of(member.person)), viewer_, request_.zone));
      person.row = card.person;
      if (card.habits.hours) {
        person.hours = hours_words(card.habits);
        person.hours_stand_out = !card.habits.hours->best.empty();
      } else {
        person.hours_unknown = card.habits.hours_unknown;
      }
      person.included = member.included;
      person.cost = member.cost;
      person.marginal = member.marginal;
      person.alone = member.alone;
      person.only = member.only;
      person.newcomers = member.newcomers;
      person.removed = std::max(0.0, member.alone - member.marginal.value);
      constexpr double kNobodyToSpeakOf = 0.005;
      if (member.marginal.value >= kNobodyToSpeakOf) {
        person.cost_per_person = member.cost / member.marginal.value;
      }
      for (const Reached& each : nobody_else[i]) {
        const auto name = names.find(each.person);
        if (name != names.end()) person.nobody_else.push_back({name->second, each.chance});
      }
      person.places = found_.places[i];
      std::vector<EventRow> rows;
      std::map<EventRow, PersonId> movers;
      for (const PlanReceipt& receipt : found_.receipts[i]) {
        if (rows.size() == kShown || !may_see(receipt.mover)) continue;
        rows.push_back(receipt.row);
        movers[receipt.row] = receipt.mover;
      }
      std::set<PersonId> responding;
      for (const auto& [row, mover] : movers) responding.insert(mover);
      BW_ASSIGN(const auto called, mention(responding));
      BW_ASSIGN(person.receipts, workspace_.store().receipts(rows));
      for (Receipt& receipt : person.receipts) {
        person.receipts_by.push_back(called.at(movers.at(receipt.row)));
        if (viewer_ != Viewer::kPublic) continue;
        receipt.source.clear();
        receipt.record = receipt.record_hash = 0;
        receipt.row = 0;
      }
    }
    for (const GroupOverlap& overlap : group.overlaps) {
      for (const auto& [one, other] : {std::pair(overlap.a, overlap.b), {overlap.b, overlap.a}}) {
        auto& shared = answer_.people[one].shared;
        if (shared.size() == kShown) continue;
        shared.push_back({answer_.people[other].row.name, overlap.people});
      }
    }
    return {};
  }

  Result<void> tell_group() {
    answer_.reach = found_.group.people;
    answer_.cost = found_.cost;
    answer_.ratio = found_.ratio;
    answer_.optimum_high = found_.selection->optimum_high;
    answer_.delta = found_.selection->delta;
    std::set<PersonId> mentioned;
    if (found_.one_more) mentioned.insert(found_.one_more->person);
    if (found_.top) mentioned.insert(found_.top->people.begin(), found_.top->people.end());
    BW_ASSIGN(const auto names, mention(mentioned));
    if (found_.one_more) {
      answer_.one_more = {names.at(found_.one_more->person), found_.one_more->people,
                          found_.one_more->cost};
    }
    if (answer_.people.size() > 1) {
      const PlanAnswer::Person* least = nullptr;
      for (const PlanAnswer::Person& person : answer_.people) {
        if (!person.included && (least == nullptr || person.only < least->only)) least = &person;
      }
      if (least != nullptr) answer_.one_fewer = {least->row.name, least->only, least->cost};
    }
    if (found_.top) {
      answer_.top = PlanAnswer::Top{};
      PlanAnswer::Top& top = *answer_.top;
      top.people = found_.top->reached;
      top.cost = found_.top->cost;
      for (const PersonId person : found_.top->people) {
        top.names.push_back(names.at(person));
        top.in_common += static_cast<uint32_t>(
            std::count_if(found_.group.members.begin(), found_.group.members.end(),
                          [&](const GroupMember& member) { return member.person == person; }));
      }
    }
    return {};
  }

  std::string about_what() const {
    return fmt::format("{}{}", answer_.topic.empty() ? "" : fmt::format(" on {}", answer_.topic),
                       answer_.network.empty() ? "" : fmt::format(" on {}", answer_.network));
  }

  void tell_words() {
    const bool direct = answer_.model == ReachModel::kDirect;
    const size_t many = answer_.people.size();
    answer_.sentence = fmt::format(
        "{} expected to move {} people{}{}, in 9 of 10 cases {} to {}",
        many == 1 ? "this one person is" : fmt::format("these {} people are", grouped(many)),
        expected_people(answer_.reach.value), about_what(),
        direct ? fmt::format(" within {}", lasting(*answer_.window_ms))
               : ", directly and through others, the next time each of them does something",
        whole_people(answer_.reach.low), whole_people(answer_.reach.high));
    answer_.certificate = fmt::format(
        "no group within these limits is expected to move more than {}{}, so this one has at least "
        "{:.0f} % of the best there could be (that this bound is wrong has a chance of at most one "
        "in {})",
        expected_people(answer_.optimum_high), direct ? "" : ", its own members counted",
        std::floor(100 * answer_.ratio),
        grouped(static_cast<uint64_t>(std::llround(1 / answer_.delta))));
    if (answer_.top) answer_.top->sentence = beside(*answer_.top);
    for (PlanAnswer::Person& person : answer_.people) person.sentence = why(person, many);
    answer_.assumptions.push_back(
        direct
            ? fmt::format("moved means: responds to one of them within {}; chances are learnt "
                          "from what came in {} before",
                          lasting(*answer_.window_ms),
                          count_of(answer_.training_windows, "window as long", "windows as long"))
            : fmt::format("moved means: responds within {} of an occasion, directly or because "
                          "somebody did who was moved; the chance of each pair with history is "
                          "learnt from earlier occasions, and newcomers are not counted",
                          lasting(*answer_.occasion_ms)));
    answer_.assumptions.push_back(
        "ranges hold 9 of 10 outcomes if the chances are right; it is no promise, and responding "
        "is no proof of cause");
    if (request_.topic && direct) {
      answer_.assumptions.push_back(
          "the chance to be moved on the topic is that of being moved at all, times the topic's "
          "share of what passed between the two, and between each of them and others");
    }
    if (answer_.reached_before > 0) {
      answer_.assumptions.push_back(
          fmt::format("{} reached already count nothing",
                      count_of(answer_.reached_before, "person", "people")));
    }
  }

  // The highest scores beside the group.
  std::string beside(const PlanAnswer::Top& top) const {
    const size_t many = top.names.size();
    if (top.in_common == many && many == answer_.people.size()) {
      return fmt::format("the {} highest scores{} are these same people", grouped(many),
                         answer_.budget ? " that the budget buys" : "");
    }
    const double more = answer_.reach.value - top.people;
    std::string than = "as many: by this measure the two groups are equals";
    if (std::abs(more) >= 0.05) {
      than = fmt::format("{} {}", expected_people(std::abs(more)), more > 0 ? "fewer" : "more");
    }
    return fmt::format(
        "the {} highest scores{} are expected to move {}, {}; {} of them {} in "
        "this group",
        grouped(many), answer_.budget ? " that the budget buys" : "", expected_people(top.people),
        than, grouped(top.in_common), top.in_common == 1 ? "is" : "are");
  }

  std::string why(const PlanAnswer::Person& person, size_t many) const {
    std::string words =
        fmt::format("{}expected to move {} people", person.included ? "asked for; " : "",
                    expected_people(person.alone));
    if (person.newcomers > person.alone / 2) {
      words += fmt::format(
          ", {} of whom never responded to them before",
          person.newcomers > person.alone - 0.5 ? "nearly all" : expected_people(person.newcomers));
    }
    if (many == 1) return words;
    if (person.alone - person.only < std::max(0.05, person.alone / 200)) {
      return words + "; nobody else in this group moves these";
    }
    words +=
        fmt::format("; nobody else in this group moves {} of them", expected_people(person.only));
    if (!person.shared.empty()) {
      words += fmt::format(", the others are mostly moved by {} too", names_of(person.shared));
    }
    return words;
  }

  Workspace& workspace_;
  Query& query_;
  const PlanRequest& request_;
  const Viewer viewer_;
  PlanAnswer answer_;
  PlanFindings found_;
  std::unordered_set<uint64_t> listed_;  // keys of accounts
  std::vector<bool> visible_;            // by person; empty: not looked at yet
};

}  // namespace

Result<PlanAnswer> plan(Workspace& workspace, Query& query, const PlanRequest& request,
                        Viewer viewer, const std::function<void(std::string_view)>& phase) {
  return Asking(workspace, query, request, viewer).ask(phase);
}

std::optional<ReachModel> parse_reach_model(std::string_view text) {
  for (const ReachModel model :
       {ReachModel::kDirect, ReachModel::kIndependentCascade, ReachModel::kLinearThreshold}) {
    if (text == to_string(model)) return model;
  }
  return std::nullopt;
}

std::string_view to_string(ReachModel model) {
  switch (model) {
    case ReachModel::kIndependentCascade:
      return "ic";
    case ReachModel::kLinearThreshold:
      return "lt";
    case ReachModel::kDirect:
      break;
  }
  return "direct";
}

Result<void> read_plan_lists(const std::string& costs, const std::string& reached,
                             PlanRequest& request) {
  if (!costs.empty()) {
    BW_ASSIGN(const PeopleList list, read_people_list(costs, true));
    for (const PeopleList::Row& row : list.rows) request.costs.push_back({row.person, row.cost});
    request.cost_of_others = list.cost_of_others;
  }
  if (!reached.empty()) {
    BW_ASSIGN(const PeopleList list, read_people_list(reached, false));
    for (const PeopleList::Row& row : list.rows) request.reached.push_back(row.person);
  }
  return {};
}

std::string whole_people(double people) {
  return fmt::format("{}{}", people <= -0.5 ? "-" : "",
                     grouped(static_cast<uint64_t>(std::llround(std::abs(people)))));
}

std::string plan_evidence_words(const PlanAnswer::Person& person) {
  const PersonRow& row = person.row;
  if (!row.score) return "no score: what there is lies outside the newest scoring";
  return fmt::format("{}, score {:.0f} ({:.0f} to {:.0f}): {} in {}, the last on {}",
                     state_word(row), *row.score, row.low, row.high,
                     count_of(row.movers, "person", "people"),
                     count_of(row.acts, "response", "responses"), to_day(row.last_evidence));
}

std::string expected_people(double people) {
  if (people < 0.05) return "fewer than 0.1";
  if (people >= 9.95) return grouped(static_cast<uint64_t>(std::llround(people)));
  return fmt::format("{:.1f}", people);
}

}  // namespace bellwether

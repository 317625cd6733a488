// SPDX-License-Identifier: Apache-2.0
#include "plan/pair_chances_check.h"

#include <cmath>
#include <map>
#include <set>

namespace bellwether {
namespace {

using Slots = std::set<int64_t>;

struct Counted {
  double answered = 0, exposures = 0;
  uint32_t responses = 0, occasions = 0;
};

// Slots are negative: the last one before as_of is -1.
class Book {
 public:
  Book(std::span<const LedgerEntry> ledger, std::span<const PersonAct> acts,
       const PersonMap& persons, Instant as_of, const PairChanceOptions& options,
       int64_t occasion_ms, const std::unordered_set<TopicSetId>* topics)
      : active_slots_(int64_t{options.active_days} * kMsPerDay / occasion_ms) {
    const auto slot_of = [&](Instant t) {
      int64_t slot = -1;
      while (as_of.ms + slot * occasion_ms > t.ms) --slot;
      return slot;
    };
    const auto about = [&](TopicSetId set) { return topics == nullptr || topics->contains(set); };
    for (const LedgerEntry& e : ledger) {
      if (e.published >= as_of || (e.withdrawn.known() && e.withdrawn < as_of)) continue;
      const PersonId from = persons.person_of[e.receiver];
      const PersonId to = persons.person_of[e.mover];
      if (from == kNobody || to == kNobody || from == to) continue;
      const int64_t slot = slot_of(e.published);
      every_response_[{from, to}].insert(slot);
      acts_[to].insert(slot);
      if (!about(e.topics)) continue;
      responses_[{from, to}].insert(slot);
      occasions_[from].insert(slot);
      responders_[{from, slot}].insert(to);
      const std::set<Verb> seen_by_others{Verb::kPost,  Verb::kReply,   Verb::kReshare,
                                          Verb::kQuote, Verb::kMention, Verb::kLink,
                                          Verb::kReview};
      if (seen_by_others.contains(e.verb)) {
        occasions_[to].insert(slot);
        acted_.insert({to, slot});
      }
    }
    for (const PersonAct& act : acts) {
      if (act.person == kNobody || !act.published.known() || act.published >= as_of) continue;
      if (act.withdrawn.known() && act.withdrawn < as_of) continue;
      acts_[act.person].insert(slot_of(act.published));
      if (!about(act.topics)) continue;
      occasions_[act.person].insert(slot_of(act.published));
      acted_.insert({act.person, slot_of(act.published)});
    }
  }

  struct Pair {
    PersonId from, to;
  };
  std::vector<Pair> pairs() const {
    std::vector<Pair> out;
    for (const auto& [pair, slots] : every_response_) out.push_back({pair.first, pair.second});
    return out;
  }
  bool had_occasion(PersonId person) const { return occasions_.contains(person); }
  const Slots& occasions(PersonId person) const {
    static const Slots none;
    const auto at = occasions_.find(person);
    return at == occasions_.end() ? none : at->second;
  }
  int64_t met(const Pair& pair) const { return *every_response_.at({pair.from, pair.to}).begin(); }
  bool answered(const Pair& pair, int64_t slot) const {
    const auto at = responses_.find({pair.from, pair.to});
    return at != responses_.end() && at->second.contains(slot);
  }
  bool active(PersonId person, int64_t slot) const {
    const auto at = acts_.find(person);
    if (at == acts_.end()) return false;
    for (const int64_t act : at->second) {
      if (act < slot && slot - act <= active_slots_) return true;
    }
    return false;
  }
  // Whether it is known of by more than an answer of `pair.to`.
  bool exposes(const Pair& pair, int64_t slot) const {
    if (acted_.contains({pair.from, slot})) return true;
    const auto at = responders_.find({pair.from, slot});
    if (at == responders_.end()) return false;
    return at->second.size() > 1 || !at->second.contains(pair.to);
  }
  // Of one pair as of the beginning of `slot`.
  Counted count(const Pair& pair, int64_t slot, double half_life) const {
    Counted out;
    for (const int64_t occasion : occasions(pair.from)) {
      if (occasion >= slot || occasion <= met(pair) || !exposes(pair, occasion)) continue;
      const bool came = answered(pair, occasion);
      if (!came && !active(pair.to, occasion)) continue;
      const double weight = std::exp2(-static_cast<double>(slot - occasion) / half_life);
      out.exposures += weight;
      out.answered += came ? weight : 0;
      ++out.occasions;
      out.responses += came ? 1 : 0;
    }
    return out;
  }

 private:
  int64_t active_slots_;
  std::map<std::pair<PersonId, PersonId>, Slots> every_response_, responses_;
  std::map<PersonId, Slots> occasions_, acts_;
  std::set<std::pair<PersonId, int64_t>> acted_;
  std::map<std::pair<PersonId, int64_t>, std::set<PersonId>> responders_;
};

double odds(double chance) { return chance / (1 - chance); }

double overall(const Counted& all) { return (all.answered + 1) / (all.exposures + 20); }

struct Prior {
  Counted from, to, all, lately;
};

double prior_of(const Prior& sums, const ChanceModel& model) {
  const double all = overall(sums.all);
  const double from = (sums.from.answered + 5 * all) / (sums.from.exposures + 5);
  const double to = (sums.to.answered + 5 * all) / (sums.to.exposures + 5);
  const double prior_odds = std::exp(model.level) * odds(overall(sums.lately)) *
                            std::pow(odds(from) / odds(all), model.by_from) *
                            std::pow(odds(to) / odds(all), model.by_to);
  return prior_odds / (1 + prior_odds);
}

void add(Counted& sum, const Counted& one) {
  sum.answered += one.answered;
  sum.exposures += one.exposures;
}

Prior sums_of(const Book& book, const Book::Pair& pair, int64_t slot, const ChanceModel& model) {
  Prior sums;
  for (const Book::Pair& other : book.pairs()) {
    const Counted counted = book.count(other, slot, model.half_life);
    if (other.from == pair.from) add(sums.from, counted);
    if (other.to == pair.to) add(sums.to, counted);
    add(sums.all, counted);
    add(sums.lately, book.count(other, slot, model.lately));
  }
  return sums;
}

}  // namespace

std::vector<PairChance> check_pair_chances(std::span<const LedgerEntry> ledger,
                                           std::span<const PersonAct> acts,
                                           const PersonMap& persons, Instant as_of,
                                           const PairChanceOptions& options,
                                           const ChanceModel& model,
                                           const std::unordered_set<TopicSetId>* topics) {
  const Book book(ledger, acts, persons, as_of, options, model.occasion_ms, nullptr);
  const Book about(ledger, acts, persons, as_of, options, model.occasion_ms, topics);
  std::vector<PairChance> out;
  Counted all_about;
  for (const Book::Pair& pair : about.pairs())
    add(all_about, about.count(pair, 0, model.half_life));
  for (const Book::Pair& pair : book.pairs()) {
    const Prior sums = sums_of(book, pair, 0, model);
    Counted own = book.count(pair, 0, model.half_life);
    double prior = prior_of(sums, model);
    const auto posterior = [&] {
      return (model.strength * prior + own.answered) / (model.strength + own.exposures);
    };
    if (topics != nullptr) {
      if (!about.had_occasion(pair.from)) continue;
      const double everybody = overall(sums.all);
      const double topic = (all_about.answered + 20 * everybody) / (all_about.exposures + 20);
      const double lifted = odds(posterior()) * odds(topic) / odds(everybody);
      prior = lifted / (1 + lifted);
      own = about.count(pair, 0, model.half_life);
    }
    out.push_back({.from = pair.from,
                   .to = pair.to,
                   .chance = static_cast<float>(posterior()),
                   .prior = static_cast<float>(prior),
                   .answered = static_cast<float>(own.answered),
                   .exposures = static_cast<float>(own.exposures),
                   .occasions = own.occasions,
                   .responses = own.responses});
  }
  return out;
}

CheckedLikelihood check_likelihood(std::span<const LedgerEntry> ledger,
                                   std::span<const PersonAct> acts, const PersonMap& persons,
                                   Instant as_of, const PairChanceOptions& options,
                                   const ChanceModel& model) {
  const Book book(ledger, acts, persons, as_of, options, model.occasion_ms, nullptr);
  CheckedLikelihood out;
  for (const Book::Pair& pair : book.pairs()) {
    for (const int64_t slot : book.occasions(pair.from)) {
      if (slot <= book.met(pair) || !book.active(pair.to, slot)) continue;
      if (!book.exposes(pair, slot)) continue;
      const Counted own = book.count(pair, slot, model.half_life);
      const double prior = prior_of(sums_of(book, pair, slot, model), model);
      const double chance =
          (model.strength * prior + own.answered) / (model.strength + own.exposures);
      const double weight = std::exp2(static_cast<double>(slot) / 40);
      out.sum += weight * std::log(book.answered(pair, slot) ? chance : 1 - chance);
      out.weight += weight;
      ++out.exposures;
    }
  }
  return out;
}

}  // namespace bellwether

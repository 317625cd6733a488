// SPDX-License-Identifier: Apache-2.0
#include "simulate/attack.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "simulate/draw.h"

namespace bellwether {
namespace {

struct KindName {
  AttackKind kind;
  std::string_view name;
};
constexpr std::array kKindNames{KindName{AttackKind::kSybil, "sybil"},
                                KindName{AttackKind::kFlood, "flood"},
                                KindName{AttackKind::kPod, "pod"},
                                KindName{AttackKind::kReplySpam, "reply-spam"},
                                KindName{AttackKind::kBoughtFollowers, "bought-followers"},
                                KindName{AttackKind::kEndorsementBomb, "endorsement-bomb"},
                                KindName{AttackKind::kSleeper, "sleeper"},
                                KindName{AttackKind::kFooled, "fooled"},
                                KindName{AttackKind::kClique, "clique"},
                                KindName{AttackKind::kParty, "party"}};

constexpr double kMonthDays = 30;

// The numbers of docs/methods/attacks.md.
constexpr int kSybilActs = 6;        // on the beneficiary, beside the follow
constexpr int kSybilFriends = 4;     // acts on other fakes
constexpr int kSybilCamouflage = 4;  // replies to celebrities
constexpr size_t kCelebrated = 50;   // people with most responders
constexpr double kFloodDays = 2;
constexpr int kPodReactions = 20;  // by each on each
constexpr double kSpamDays = 14;
constexpr int kEndorsements = 10;
constexpr double kSleeperYears = 1;    // before the community's first day
constexpr size_t kSleeperFriends = 5;  // partners on one side
constexpr int kSleeperStrangers = 10;  // honest people each approaches
constexpr double kFooledDays = 7;
constexpr double kCliqueGapDays = 10;  // between a word and the other's
constexpr uint32_t kPartyOfOne = 20;   // one leader in so many
constexpr uint32_t kPartyRaised = 5;   // and one who is raised

// Adds acts to a world and keeps count of them.
class Attacker {
 public:
  Attacker(const Community& community, const World& world, PersonId beneficiary,
           const Attack& attack)
      : community_(community),
        draw_(community.options().rng_seed * 31 + attack.count * 8 +
              static_cast<uint64_t>(attack.kind)),
        person_(beneficiary) {
    out_.world = world;
    out_.attackers = {beneficiary};
    for (const SimulatedAct& act : world.acts) number_ = std::max(number_, act.number);
    const CommunityPerson& person = community.people()[beneficiary];
    account_ = person.accounts[person.home];
    network_ = person.home;
    for (const SimulatedAct& act : world.acts) {
      if (act.verb == Verb::kPost && act.account == account_) posts_.push_back(act.number);
    }
    if (posts_.size() > 20) posts_.erase(posts_.begin(), posts_.end() - 20);
  }

  Draw& draw() { return draw_; }
  AccountId beneficiary() const { return account_; }
  NetworkId network() const { return network_; }
  PersonId person_of(AccountId account) const { return out_.world.persons.person_of[account]; }

  std::vector<AccountId> make_accounts(uint32_t count) {
    std::vector<AccountId> made;
    World& world = out_.world;
    for (uint32_t i = 0; i < count; ++i) {
      made.push_back(static_cast<AccountId>(world.account_network.size()));
      world.account_network.push_back(network_);
      world.persons.person_of.push_back(world.persons.persons++);
    }
    out_.cost.accounts += count;
    return made;
  }

  // `days` before the as-of, at a random moment between the two.
  Instant moment(double from_days, double to_days) {
    const double days = from_days + (to_days - from_days) * draw_.uniform();
    return {out_.world.as_of.ms - 1 - static_cast<int64_t>(days * static_cast<double>(kMsPerDay))};
  }

  // Without an object it is directed to a person.
  uint32_t act(AccountId account, Verb verb, AccountId towards, Instant at, uint32_t object = 0) {
    SimulatedAct added;
    added.published = at;
    added.number = ++number_;
    added.account = account;
    added.towards = towards;
    added.object = object;
    added.verb = verb;
    added.cause = Cause::kAttack;
    out_.world.acts.push_back(added);
    if (!first_.known() || at < first_) first_ = at;
    return added.number;
  }
  uint32_t paid(AccountId account, Verb verb, AccountId towards, Instant at, uint32_t object = 0) {
    ++out_.cost.acts;
    return act(account, verb, towards, at, object);
  }
  // On one of the beneficiary's last posts, or on them where there is none.
  uint32_t on_beneficiary(AccountId account, Verb verb, Instant at) {
    const uint32_t post = posts_.empty() ? 0 : posts_[draw_.below(posts_.size())];
    return paid(account, verb, account_, at, post);
  }
  void fooled() { ++out_.cost.fooled; }
  void takes_part(PersonId person) { out_.attackers.push_back(person); }

  // Those on the network whom most people responded to, with a post of theirs.
  struct Celebrated {
    AccountId account;
    uint32_t post;
  };
  std::vector<Celebrated> celebrated() const;
  // Honest accounts of the network that may answer, in random order, the beneficiary's own apart.
  std::vector<AccountId> strangers();

  AttackedWorld finish() {
    out_.cost.days = first_.known() ? static_cast<double>(out_.world.as_of.ms - first_.ms) /
                                          static_cast<double>(kMsPerDay)
                                    : 0;
    out_.world.persons.one_to_one = out_.world.persons.persons == out_.world.account_network.size();
    return std::move(out_);
  }

 private:
  const Community& community_;
  Draw draw_;
  PersonId person_;
  AccountId account_ = kNobody;
  NetworkId network_ = 0;
  AttackedWorld out_;
  uint32_t number_ = 0;
  Instant first_;
  std::vector<uint32_t> posts_;
};

std::vector<Attacker::Celebrated> Attacker::celebrated() const {
  std::map<AccountId, std::set<AccountId>> responders;
  std::map<AccountId, uint32_t> last_post;
  for (const SimulatedAct& act : out_.world.acts) {
    if (out_.world.account_network[act.account] != network_) continue;
    if (act.verb == Verb::kPost) {
      last_post[act.account] = act.number;
    } else {
      responders[act.towards].insert(act.account);
    }
  }
  std::vector<std::pair<size_t, AccountId>> order;
  for (const auto& [account, people] : responders) {
    if (person_of(account) != person_ && last_post.contains(account)) {
      order.emplace_back(people.size(), account);
    }
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  if (order.size() > kCelebrated) order.resize(kCelebrated);
  std::vector<Celebrated> out;
  for (const auto& [count, account] : order) out.push_back({account, last_post[account]});
  return out;
}

std::vector<AccountId> Attacker::strangers() {
  std::set<PersonId> known{person_};
  for (const SimulatedAct& act : out_.world.acts) {
    if (act.towards == kNobody) continue;
    if (person_of(act.account) == person_) known.insert(person_of(act.towards));
    if (person_of(act.towards) == person_) known.insert(person_of(act.account));
  }
  std::vector<AccountId> out;
  for (PersonId p = 0; p < community_.people().size(); ++p) {
    const CommunityPerson& person = community_.people()[p];
    const AccountId account = person.accounts[network_];
    if (account == kNobody || person.activity == 0 || known.contains(p)) continue;
    out.push_back(account);
  }
  for (size_t i = out.size(); i > 1; --i) std::swap(out[i - 1], out[draw_.below(i)]);
  return out;
}

// ---- the kinds
// ------------------------------------------------------------------------------------

void sybil(Attacker& attacker, uint32_t count) {
  const std::vector<AccountId> fakes = attacker.make_accounts(count);
  const auto celebrated = attacker.celebrated();
  Draw& draw = attacker.draw();
  for (const AccountId fake : fakes) {
    attacker.paid(fake, Verb::kFollow, attacker.beneficiary(), attacker.moment(0, kMonthDays));
    for (int i = 0; i < kSybilActs; ++i) {
      attacker.on_beneficiary(fake, i % 2 == 0 ? Verb::kReact : Verb::kReshare,
                              attacker.moment(0, kMonthDays));
    }
    for (int i = 0; i < kSybilFriends && fakes.size() > 1; ++i) {
      AccountId other = fakes[draw.below(fakes.size() - 1)];
      if (other == fake) other = fakes.back();
      constexpr std::array kVerbs{Verb::kFollow, Verb::kReply, Verb::kReact, Verb::kMention};
      attacker.paid(fake, kVerbs[static_cast<size_t>(i)], other, attacker.moment(0, kMonthDays));
    }
    for (int i = 0; i < kSybilCamouflage && !celebrated.empty(); ++i) {
      const auto& star = celebrated[draw.below(celebrated.size())];
      attacker.paid(fake, Verb::kReply, star.account, attacker.moment(0, kMonthDays), star.post);
    }
  }
}

void flood(Attacker& attacker, uint32_t count) {
  const std::vector<AccountId> strangers = attacker.strangers();
  Draw& draw = attacker.draw();
  for (uint32_t i = 0; i < count; ++i) {
    const Instant at = attacker.moment(0, kFloodDays);
    if (i % 3 == 0 || strangers.empty()) {
      attacker.paid(attacker.beneficiary(), Verb::kPost, kNobody, at);
    } else {
      attacker.paid(attacker.beneficiary(), i % 3 == 1 ? Verb::kReply : Verb::kMention,
                    strangers[draw.below(strangers.size())], at);
    }
  }
}

void pod(Attacker& attacker, const Community& community, const Appraisal& before,
         PersonId beneficiary, uint32_t count) {
  // Of people alike: those nearest in score who are on the network.
  const double own = before.points(beneficiary);
  std::vector<std::pair<double, PersonId>> near;
  for (const PersonScore& score : before.scores) {
    if (score.person == beneficiary || score.person >= community.people().size()) continue;
    const CommunityPerson& person = community.people()[score.person];
    if (person.activity == 0 || person.accounts[attacker.network()] == kNobody) continue;
    near.emplace_back(std::abs(score.value - own), score.person);
  }
  std::sort(near.begin(), near.end());
  if (near.size() > count - 1) near.resize(count - 1);
  std::vector<AccountId> members{attacker.beneficiary()};
  for (const auto& [distance, person] : near) {
    members.push_back(community.people()[person].accounts[attacker.network()]);
    attacker.takes_part(person);
  }
  for (const AccountId from : members) {
    for (const AccountId to : members) {
      if (from == to) continue;
      for (int i = 0; i < kPodReactions; ++i) {
        attacker.paid(from, Verb::kReact, to, attacker.moment(1, 2));
      }
    }
  }
}

// Approaches `stranger`, who may answer within the day out of courtesy.
void approach(Attacker& attacker, const Community& community, AccountId account, AccountId stranger,
              Instant at) {
  const uint32_t number = attacker.paid(account, Verb::kReply, stranger, at);
  const CommunityPerson& person = community.people()[attacker.person_of(stranger)];
  if (!attacker.draw().chance(person.courtesy)) return;
  const auto delay =
      1 + static_cast<int64_t>(attacker.draw().uniform() * static_cast<double>(kMsPerDay - 1));
  attacker.act(stranger, attacker.draw().chance(0.5) ? Verb::kReply : Verb::kReact, account,
               {at.ms + delay}, number);
  attacker.fooled();
}

void reply_spam(Attacker& attacker, const Community& community, uint32_t count) {
  const std::vector<AccountId> strangers = attacker.strangers();
  for (uint32_t i = 0; i < count && !strangers.empty(); ++i) {
    approach(attacker, community, attacker.beneficiary(), strangers[i % strangers.size()],
             attacker.moment(1, kSpamDays));
  }
}

void bought_followers(Attacker& attacker, uint32_t count) {
  for (const AccountId fake : attacker.make_accounts(count)) {
    attacker.paid(fake, Verb::kFollow, attacker.beneficiary(), attacker.moment(0, 1));
  }
}

void endorsement_bomb(Attacker& attacker, uint32_t count) {
  for (const AccountId fake : attacker.make_accounts(count)) {
    for (int day = 0; day < kEndorsements; ++day) {
      attacker.paid(fake, Verb::kEndorse, attacker.beneficiary(), attacker.moment(day, day + 1));
    }
  }
}

void sleeper(Attacker& attacker, const Community& community, uint32_t count) {
  const std::vector<AccountId> fakes = attacker.make_accounts(count);
  const std::vector<AccountId> strangers = attacker.strangers();
  const double days = community.options().days;
  const double oldest = days + 365.25 * kSleeperYears;
  Draw& draw = attacker.draw();
  // Each exchanges a word a month with the next few in the ring: one begins, the other answers.
  const size_t friends = std::min(kSleeperFriends, fakes.size() - 1);
  for (double from = oldest; from > 0; from -= kMonthDays) {
    for (size_t i = 0; i < fakes.size(); ++i) {
      for (size_t step = 1; step <= friends; ++step) {
        const AccountId other = fakes[(i + step) % fakes.size()];
        const Instant at = attacker.moment(std::max(1.0, from - kMonthDays), std::max(1.5, from));
        const uint32_t word = attacker.paid(fakes[i], Verb::kReply, other, at);
        attacker.paid(other, Verb::kReply, fakes[i], {at.ms + kMsPerHour}, word);
      }
    }
  }
  // Each makes itself known to some honest people, early and late.
  for (const AccountId fake : fakes) {
    for (int i = 0; i < kSleeperStrangers && !strangers.empty(); ++i) {
      const AccountId stranger = strangers[draw.below(strangers.size())];
      for (const double at : {days - 2, 2.0}) {
        if (at < 1) continue;
        approach(attacker, community, fake, stranger, attacker.moment(std::max(1.0, at - 1), at));
      }
    }
  }
  // Then they wake.
  for (const AccountId fake : fakes) {
    attacker.on_beneficiary(fake, Verb::kReply, attacker.moment(0, kFooledDays));
  }
}

// Those of the network who never dealt with the beneficiary, those of highest standing first.
std::vector<AccountId> strangers_of_standing(Attacker& attacker, const Appraisal& before) {
  std::vector<std::pair<double, AccountId>> order;
  for (const AccountId account : attacker.strangers()) {
    const PersonId person = attacker.person_of(account);
    order.emplace_back(before.standing.of(before.graph, person), account);
  }
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first > b.first : a.second < b.second;
  });
  std::vector<AccountId> out;
  for (const auto& [standing, account] : order) out.push_back(account);
  return out;
}

void fool(Attacker& attacker, const Appraisal& before, uint32_t count) {
  std::vector<AccountId> strangers = strangers_of_standing(attacker, before);
  if (strangers.size() > count) strangers.resize(count);
  const uint32_t bait = attacker.paid(attacker.beneficiary(), Verb::kPost, kNobody,
                                      attacker.moment(kFooledDays, kFooledDays + 1));
  for (const AccountId account : strangers) {
    attacker.act(account, Verb::kReply, attacker.beneficiary(), attacker.moment(0, kFooledDays),
                 bait);
    attacker.fooled();
  }
}

// Where the two turn to each other, so that neither answers.
constexpr double kLate = kFooledDays;
constexpr double kEarly = kLate + kCliqueGapDays;

// One of them approaches an honest person of standing, who is fooled into turning to them later.
void lead_in(Attacker& attacker, const std::vector<AccountId>& strangers, AccountId fake) {
  if (strangers.empty()) return;
  attacker.paid(fake, Verb::kReply, strangers[0], attacker.moment(kEarly, kEarly + 1));
  attacker.act(strangers[0], Verb::kReply, fake, attacker.moment(kLate, kLate + 1));
  attacker.fooled();
}

void turn_to_each_other(Attacker& attacker, const std::vector<AccountId>& fakes) {
  for (size_t i = 0; i < fakes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      attacker.paid(fakes[i], Verb::kReply, fakes[j], attacker.moment(kEarly, kEarly + 1));
      attacker.paid(fakes[j], Verb::kReply, fakes[i], attacker.moment(kLate, kLate + 1));
    }
  }
}

void clique(Attacker& attacker, const Appraisal& before, uint32_t count) {
  const std::vector<AccountId> fakes = attacker.make_accounts(count);
  turn_to_each_other(attacker, fakes);
  lead_in(attacker, strangers_of_standing(attacker, before), fakes[0]);
  for (const AccountId fake : fakes) {
    attacker.on_beneficiary(fake, Verb::kReply, attacker.moment(0, 1));
  }
}

// Leaders with followings of their own, to pass for that many voices, and those they raise.
void party(Attacker& attacker, const Appraisal& before, uint32_t count) {
  const std::vector<AccountId> fakes = attacker.make_accounts(count);
  const auto raised = static_cast<std::ptrdiff_t>(count / kPartyRaised);
  const auto leading = std::max<std::ptrdiff_t>(1, count / kPartyOfOne);
  const std::vector<AccountId> leaders(fakes.begin(), fakes.begin() + leading);
  const std::vector<AccountId> movers(fakes.begin() + leading, fakes.begin() + leading + raised);
  turn_to_each_other(attacker, leaders);
  lead_in(attacker, strangers_of_standing(attacker, before), leaders[0]);
  for (const AccountId mover : movers) {
    attacker.paid(mover, Verb::kReply, leaders[0], attacker.moment(kEarly, kEarly + 1));
    for (const AccountId leader : leaders) {
      attacker.paid(leader, Verb::kReply, mover, attacker.moment(kLate, kLate + 1));
    }
    attacker.on_beneficiary(mover, Verb::kReply, attacker.moment(0, 1));
  }
  for (size_t i = static_cast<size_t>(leading + raised); i < fakes.size(); ++i) {
    attacker.paid(fakes[i], Verb::kReply, leaders[i % leaders.size()],
                  attacker.moment(kEarly, kEarly + 1));
  }
}

}  // namespace

std::string_view to_string(AttackKind kind) {
  return std::find_if(kKindNames.begin(), kKindNames.end(),
                      [&](const KindName& each) { return each.kind == kind; })
      ->name;
}

std::string to_string(const Attack& attack) {
  return fmt::format("{}:{}", to_string(attack.kind), attack.count);
}

Result<Attack> parse_attack(std::string_view text) {
  const size_t colon = text.find(':');
  Attack attack;
  for (const KindName& each : kKindNames) {
    if (text.substr(0, colon) != each.name) continue;
    attack.kind = each.kind;
    const std::string_view digits = colon == std::string_view::npos ? "" : text.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), attack.count);
    const bool is_ring = each.kind == AttackKind::kPod || each.kind == AttackKind::kClique;
    const uint32_t least = is_ring ? 2 : 1;
    const uint32_t most = is_ring ? kRingMax : kAttackMax;
    if (error != std::errc{} || end != digits.data() + digits.size() || attack.count < least ||
        attack.count > most) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("'{}' wants a number from {} to {}, as in {}:20", text, least, most,
                               each.name)};
    }
    return attack;
  }
  std::string kinds;
  for (const KindName& each : kKindNames) {
    kinds += fmt::format("{}{}", kinds.empty() ? "" : ", ", each.name);
  }
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("'{}' is no attack; write KIND:N, KIND being one of {}", text, kinds)};
}

AttackedWorld carry_out(const Attack& attack, const Community& community, const World& world,
                        const Appraisal& before, PersonId beneficiary) {
  Attacker attacker(community, world, beneficiary, attack);
  switch (attack.kind) {
    case AttackKind::kSybil:
      sybil(attacker, attack.count);
      break;
    case AttackKind::kFlood:
      flood(attacker, attack.count);
      break;
    case AttackKind::kPod:
      pod(attacker, community, before, beneficiary, attack.count);
      break;
    case AttackKind::kReplySpam:
      reply_spam(attacker, community, attack.count);
      break;
    case AttackKind::kBoughtFollowers:
      bought_followers(attacker, attack.count);
      break;
    case AttackKind::kEndorsementBomb:
      endorsement_bomb(attacker, attack.count);
      break;
    case AttackKind::kSleeper:
      sleeper(attacker, community, attack.count);
      break;
    case AttackKind::kFooled:
      fool(attacker, before, attack.count);
      break;
    case AttackKind::kClique:
      clique(attacker, before, attack.count);
      break;
    case AttackKind::kParty:
      party(attacker, before, attack.count);
      break;
  }
  return attacker.finish();
}

std::string_view to_string(Beneficiary beneficiary) {
  switch (beneficiary) {
    case Beneficiary::kLow:
      return "low";
    case Beneficiary::kMedian:
      return "median";
    case Beneficiary::kHigh:
      return "high";
  }
  return {};
}

std::string_view to_string(TeleportChosen chosen) {
  return chosen == TeleportChosen::kBefore ? "before" : "after";
}

PersonId pick_beneficiary(const Appraisal& before, Beneficiary which) {
  std::vector<std::pair<double, PersonId>> order;
  for (const PersonScore& score : before.scores) order.emplace_back(score.value, score.person);
  if (order.empty()) return kNobody;
  std::sort(order.begin(), order.end());
  const double share = which == Beneficiary::kLow      ? 0.1
                       : which == Beneficiary::kMedian ? 0.5
                                                       : 0.99;
  return order[static_cast<size_t>(share * static_cast<double>(order.size() - 1))].second;
}

namespace {

void compare(const Appraisal& before, const Appraisal& after, uint32_t honest,
             const std::vector<PersonId>& attackers, AttackOutcome& outcome) {
  const std::set<PersonId> taking_part(attackers.begin(), attackers.end());
  for (PersonId p = 0; p < honest; ++p) {
    const PersonScore* x = before.find(p);
    const PersonScore* y = after.find(p);
    if ((x == nullptr && y == nullptr) || taking_part.contains(p)) continue;
    ++outcome.others;
    const double change = after.points(p) - before.points(p);
    outcome.lost_most = std::max(outcome.lost_most, -change);
    outcome.gained_most = std::max(outcome.gained_most, change);
    outcome.changed += std::abs(change) > 0.5 ? 1 : 0;
    if (x != nullptr && y != nullptr && x->rank > 0 && y->rank > 0) {
      outcome.ranks_lost_most = std::max(
          outcome.ranks_lost_most, static_cast<int32_t>(y->rank) - static_cast<int32_t>(x->rank));
    }
  }
}

}  // namespace

Result<std::vector<AttackOutcome>> try_attack(const Attack& attack, const Community& community,
                                              const World& world, const Appraisal& before,
                                              const Policy& policy, unsigned threads) {
  std::vector<AttackOutcome> out;
  const auto honest_accounts = static_cast<AccountId>(community.accounts().size());
  for (const Beneficiary which : kBeneficiaries) {
    const PersonId person = pick_beneficiary(before, which);
    if (person == kNobody) {
      return Error{ErrorCode::kNotFound,
                   "nobody in this community has a score; try more people or days"};
    }
    const AttackedWorld attacked = carry_out(attack, community, world, before, person);
    for (const TeleportChosen chosen : {TeleportChosen::kBefore, TeleportChosen::kAfter}) {
      const bool kept = chosen == TeleportChosen::kBefore;
      const Appraisal after = appraise(
          attacked.world, policy,
          kept ? std::span<const AccountId>(before.teleport_set) : std::span<const AccountId>(),
          threads);
      AttackOutcome outcome;
      outcome.beneficiary = which;
      outcome.chosen = chosen;
      outcome.person = person;
      outcome.before = before.points(person);
      outcome.after = after.points(person);
      outcome.gained = outcome.after - outcome.before;
      for (const PersonId each : attacked.attackers) {
        outcome.gained = std::max(outcome.gained, after.points(each) - before.points(each));
      }
      if (const PersonScore* score = before.find(person)) {
        outcome.settled_before = score->settled;
        outcome.rank_before = score->rank;
      }
      if (const PersonScore* score = after.find(person)) {
        outcome.settled_after = score->settled;
        outcome.rank_after = score->rank;
      }
      outcome.cost = attacked.cost;
      outcome.teleport_size = static_cast<uint32_t>(after.teleport_set.size());
      outcome.teleport_fakes = static_cast<uint32_t>(
          std::count_if(after.teleport_set.begin(), after.teleport_set.end(),
                        [&](AccountId account) { return account >= honest_accounts; }));
      compare(before, after, static_cast<uint32_t>(community.people().size()), attacked.attackers,
              outcome);
      out.push_back(outcome);
    }
  }
  return out;
}

}  // namespace bellwether

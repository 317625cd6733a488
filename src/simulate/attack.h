// SPDX-License-Identifier: Apache-2.0
// Attacks on the score, and what they buy: points for somebody, at a price in accounts, acts,
// fooled people and days.
//
// An attack is a pure function of a community: it adds accounts and acts, nothing else, and is
// tried for people of low, median and high score, with the teleport set as it was chosen before the
// attack and as it would be chosen with the attack in the log. Prices are in effort, never in
// money. What each attack does exactly: docs/methods/attacks.md.
#pragma once
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "simulate/appraisal.h"

namespace bellwether {

enum class AttackKind : uint8_t {
  kSybil,            // N fakes follow, like, reshare, one another too, and answer celebrities
  kFlood,            // N posts, replies and mentions, in two days
  kPod,              // N real people, the beneficiary among them, react to each other all day
  kReplySpam,        // N replies to strangers, some of whom answer within the day
  kBoughtFollowers,  // N fakes follow
  kEndorsementBomb,  // N fakes endorse, daily for ten days
  kSleeper,          // N fakes with a history among each other from a year before the community's
  kFooled,           // N people of the highest standing are tricked into one response each
  kClique,  // N fakes turn to each other unasked, and one person of standing to one of them
  kParty,   // of N fakes some lead, with followings of their own, and raise others; one is fooled
};
inline constexpr std::array kAttackKinds{
    AttackKind::kSybil,     AttackKind::kFlood,           AttackKind::kPod,
    AttackKind::kReplySpam, AttackKind::kBoughtFollowers, AttackKind::kEndorsementBomb,
    AttackKind::kSleeper,   AttackKind::kFooled,          AttackKind::kClique,
    AttackKind::kParty};

std::string_view to_string(AttackKind kind);  // "reply-spam"

inline constexpr uint32_t kAttackMax = 1'000'000;
inline constexpr uint32_t kRingMax = 500;  // of a pod and a clique, whose acts grow with the square

struct Attack {
  AttackKind kind = AttackKind::kSybil;
  uint32_t count = 0;  // [1, kAttackMax], of a pod and a clique [2, kRingMax]
};

// "sybil:100". kInvalidArgument: no such kind, or a number out of range; names the kinds.
Result<Attack> parse_attack(std::string_view text);
std::string to_string(const Attack& attack);

struct AttackCost {
  uint64_t accounts = 0;  // made for it
  uint64_t acts = 0;      // by those who attack; what honest people do is not counted
  uint64_t fooled = 0;    // honest people who responded because of it
  double days = 0;        // from its first act to the as-of
};

// A world with an attack in it.
struct AttackedWorld {
  World world;
  AttackCost cost;
  std::vector<PersonId>
      attackers;  // the beneficiary first; of a pod all of it; no made-up accounts
};

// `before` is the appraisal of `world`, by which a pod and the fooled are picked; fewer than asked
// for take part where there are not so many. `beneficiary` is a person of the community. The same
// for the same arguments on every machine. Cost: linear in the world and what is added.
AttackedWorld carry_out(const Attack& attack, const Community& community, const World& world,
                        const Appraisal& before, PersonId beneficiary);

// Who gains: by score among those who have one.
enum class Beneficiary : uint8_t { kLow, kMedian, kHigh };  // at a tenth, half, 99 in 100
inline constexpr std::array kBeneficiaries{Beneficiary::kLow, Beneficiary::kMedian,
                                           Beneficiary::kHigh};
std::string_view to_string(Beneficiary beneficiary);  // "low"
// kNobody: nobody has a score.
PersonId pick_beneficiary(const Appraisal& before, Beneficiary which);

// When the automatic teleport set was chosen.
enum class TeleportChosen : uint8_t { kBefore, kAfter };
std::string_view to_string(TeleportChosen chosen);  // "before"

struct AttackOutcome {
  Beneficiary beneficiary = Beneficiary::kLow;
  TeleportChosen chosen = TeleportChosen::kBefore;
  PersonId person = kNobody;
  double before = 1, after = 1;  // points
  double gained = 0;             // points; of a pod, the most that one of it gained
  bool settled_before = false, settled_after = false;
  uint32_t rank_before = 0, rank_after = 0;  // 0: provisional
  AttackCost cost;
  uint32_t teleport_fakes = 0;  // made-up accounts in the teleport set
  uint32_t teleport_size = 0;
  // Of everybody else in the community:
  double lost_most = 0, gained_most = 0;  // points, both at least 0
  uint32_t changed = 0;                   // by more than half a point, either way
  uint32_t others = 0;                    // with a score before or after
  int32_t ranks_lost_most = 0;            // places among those settled before and after
};

// All six: each beneficiary, with each teleport set. Cost: two scorings a beneficiary, and one.
// kNotFound: nobody in the community has a score.
Result<std::vector<AttackOutcome>> try_attack(const Attack& attack, const Community& community,
                                              const World& world, const Appraisal& before,
                                              const Policy& policy, unsigned threads);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// A made-up community with planted truth: who acts on whom, and why.
//
// The generator's definition, with its reasons, is docs/methods/simulate.md; it was fixed before
// any score was held against its truth. Every response has a planted cause; what a person brings
// others to do follows from persuasion alone. Deterministic in its options, the same on every
// machine. Not a model of any one network, and nobody in it is real.
#pragma once
#include <array>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/event.h"
#include "event/ids.h"

namespace bellwether {

struct CommunityOptions {
  uint32_t people = 2'000;           // [2, 1'000'000]
  uint32_t days = 120;               // [1, 3650]
  double acts_per_person_day = 0.5;  // mean over everybody, (0, 100]
  uint64_t rng_seed = 1;

  // Parts of the definition that tests switch off, to see what the rest does.
  double fashions_per_day = 0.05;  // [0, 1]
  bool holidays = true;
  double arriving_share = 0.3;  // of the people, who come within the calendar, [0, 1]
  double new_ties_share = 0.2;  // of the attention, that begins within the calendar, [0, 1]
};

inline constexpr Instant kCommunityBegin{1'736'121'600'000};  // 2025-01-06, a Monday
inline constexpr size_t kCommunityTopics = 12;
inline constexpr size_t kCommunityNetworks = 3;
inline constexpr uint8_t kNoTopic = 255;
// Over which the planted persuasion is counted.
inline constexpr double kPersuasionDays = 30;

// Why an act was made.
enum class Cause : uint8_t {
  kOwn,         // a post: it responds to nobody
  kPersuasion,  // a post or reshare of somebody attended to; the only one that counts as truth
  kFashion,     // everybody acts about this topic now
  kCourtesy,    // was addressed
  kHabit,       // chatter in a circle
  kSeeking,     // wants to be seen by a stranger
  kFame,        // begins to follow somebody
  kAttack,      // bought, faked or tricked; see attack.h
};

struct CommunityAccount {
  std::string name;
  NetworkId network = 0;
  PersonId person = kNobody;
};

enum class PersonKind : uint8_t { kOrdinary, kLurker, kCelebrity };

// Somebody's attention to somebody: the chance that they act on what the other posts.
struct Attention {
  PersonId by = kNobody;
  float chance = 0;  // q for a topic of their own, (0, 0.5]
  Instant since;     // never before both have arrived
};

struct CommunityPerson {
  PersonKind kind = PersonKind::kOrdinary;
  bool seeker = false;
  std::array<uint8_t, 2> topics{};    // numbers of topics; the first is posted on more often
  double activity = 0;                // acts a day; 0 for lurkers
  double appeal = 0, prominence = 0;  // above 0, without unit
  double courtesy = 0;                // [0, 0.5]
  Instant arrival;                    // before kCommunityBegin for most
  uint32_t circle = kNobody;          // number of the circle; kNobody: in none
  // By network; kNobody: no account there.
  std::array<AccountId, kCommunityNetworks> accounts{};
  NetworkId home = 0;  // has an account there
};

// One act, borrowed from nobody.
struct SimulatedAct {
  Instant published;
  uint32_t number = 0;          // from 1, in the order of `published`
  AccountId account = kNobody;  // who acted
  AccountId towards = kNobody;  // whose object it is, or whom it is directed to; kNobody: a post
  uint32_t object = 0;          // the act that made the object responded to; 0: none
  Verb verb = Verb::kPost;
  Cause cause = Cause::kOwn;
  uint8_t topic = kNoTopic;  // of the object; kNoTopic: none
};

// Who there is and who attends to whom; what they do is acted out.
class Community {
 public:
  // kInvalidArgument: an option out of range. Cost: linear in the people.
  static Result<Community> create(const CommunityOptions& options);

  const CommunityOptions& options() const { return options_; }
  Instant end() const { return {kCommunityBegin.ms + int64_t{options_.days} * kMsPerDay}; }
  // By PersonId and AccountId; accounts of one person follow each other.
  std::span<const CommunityPerson> people() const { return people_; }
  std::span<const CommunityAccount> accounts() const { return accounts_; }
  // Who attends to `person`.
  std::span<const Attention> audience(PersonId person) const {
    return std::span(audience_).subspan(audience_row_[person],
                                        audience_row_[person + size_t{1}] - audience_row_[person]);
  }
  std::span<const std::vector<PersonId>> circles() const { return circles_; }
  // Accounts that begin to follow somebody whom they never act on: sorted by time.
  struct Follow {
    Instant at;
    AccountId by = kNobody, of = kNobody;
  };
  std::span<const Follow> follows() const { return follows_; }

  // Hands every act of the calendar to `sink`, in the order of time; stops at its first error and
  // returns that. The same acts at every call. Cost: n log n in the acts; memory: those of a day.
  Result<void> act_out(const std::function<Result<void>(const SimulatedAct&)>& sink) const;
  // All of them.
  std::vector<SimulatedAct> acts() const;

  // By person: how many different people their acts bring to act within thirty ordinary days, in
  // expectation; see the page. Cost: linear in the pairs that are two steps of attention apart.
  std::vector<double> planted_persuasion() const;

 private:
  Community() = default;
  void make_people(class Draw& draw);
  void make_circles(class Draw& draw);
  void make_attention(class Draw& draw);
  void follow_famous(class Draw& draw);
  friend class Acting;

  CommunityOptions options_;
  std::vector<CommunityPerson> people_;
  std::vector<CommunityAccount> accounts_;
  std::vector<std::vector<PersonId>> circles_;
  std::vector<Attention> audience_;     // by the one attended to
  std::vector<uint64_t> audience_row_;  // by person, people + 1
  std::vector<Follow> follows_;
};

std::string_view topic_name(uint8_t topic);  // topic < kCommunityTopics
// Lower case, [a-z.]. network < kCommunityNetworks.
std::string_view network_name(NetworkId network);

// How many acts a day somebody makes of their own accord that are posts: over ordinary days,
// weekends included.
double posts_per_day(const CommunityPerson& person);

}  // namespace bellwether

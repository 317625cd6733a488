// SPDX-License-Identifier: Apache-2.0
// For each pair with history, the chance that the next occasion of the one moves the other.
//
// Time is cut into slots of one length, a day unless the log is short. An *occasion* of v is a slot
// in which v did something for others to see, or in which somebody responded to v: where a log
// holds responses only, that somebody was moved is all it says of what v did. v and u have *met* in
// the slot of u's first response to v. Every later occasion of v while u was active is an
// *exposure* of u, *answered* where u responded to v in that slot. The first response is what makes
// a pair, so it does not count as answered: counted, every pair would begin with a rate of 1. And
// an occasion that is known by u's response alone is no exposure of u: all of these are answered,
// however many others there were of which nobody tells.
//
// The chance is the mean of a Beta posterior, all counts halving every `half_life` slots:
//
//   chance = (strength m + answered) / (strength + exposures)
//   logit m = level + logit(lately) + by_from (logit(v's) - logit(all)) + by_to (logit(u's) - ...)
//
// m being made of the rates at which exposures were answered: everybody's lately, all exposures of
// v's, all of u's. The six constants are fitted by likelihood on earlier exposures, each foretold
// from what was known before its slot: empirical Bayes (Efron and Morris, JASA 1975). Learning
// chances from a log of acts goes back to Goyal, Bonchi and Lakshmanan (WSDM 2010), whose rates are
// plain.
//
// Not proof of cause, and nothing about pairs without history. The chance that u is moved *when v
// does something*: whoever does something every day has more occasions.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"
#include "event/ids.h"
#include "score/replay.h"

namespace bellwether {

// Something a person did for others to see that the ledger need not hold: a post above all. One
// that the ledger holds too changes nothing.
struct PersonAct {
  PersonId person = kNobody;  // kNobody is left out
  Instant published;          // unknown is left out
  Instant withdrawn;          // unknown: never
  TopicSetId topics = 0;
};

// True for what others than those addressed can see and respond to: post, reply, reshare, quote,
// mention, link, review. Only these make an occasion; every act shows that somebody is active.
bool makes_occasion(Verb verb);

inline constexpr std::array<int64_t, 3> kOccasionMs{kMsPerDay, 6 * kMsPerHour, kMsPerHour};
inline constexpr int kOccasionsKnownMin = 10;    // a log shorter than so many slots is cut finer
inline constexpr int64_t kSlotsMax = 1'000'000;  // before as_of, where a length is asked for
inline constexpr int kActiveDays = 30;

struct PairChanceOptions {
  // Length of a slot, ms. Not above 0: the longest of kOccasionMs of which kOccasionsKnownMin have
  // passed, or the shortest.
  int64_t occasion_ms = 0;
  // Active is who did anything known within so many days before a slot, >= 1.
  int active_days = kActiveDays;
  unsigned threads = 1;
};

// What the chances of one log are made with.
struct ChanceModel {
  int64_t occasion_ms = 0;
  double half_life = 0;    // slots
  double lately = 0;       // half-life of everybody's rate, slots
  double strength = 0;     // exposures that the prior counts for, > 0
  double level = 0;        // of the log odds
  double by_from = 0;      // how far the prior follows v's rate, >= 0; 0: not at all
  double by_to = 0;        // likewise u's, >= 0
  uint64_t exposures = 0;  // that the constants were fitted on, a sample counting for all; > 0
};

// One direction of a pair: that `from` moves `to`.
struct PairChance {
  PersonId from = kNobody;  // the receiver of the credit
  PersonId to = kNobody;    // the mover, who responded
  float chance = 0;         // (0, 1), of the next occasion of `from`
  float prior = 0;          // m, (0, 1): the chance before anything was known of the two but that
                            // they have met
  float answered = 0;       // decayed, [0, exposures]
  float exposures = 0;      // decayed, >= 0; 0: no occasion since they met
  uint32_t occasions = 0;   // exposures, not decayed
  uint32_t responses = 0;   // of these, answered
};

struct ChanceInterval {
  double low = 0, high = 0;  // (0, 1), low <= high
};
// Equal-tailed credible interval of the Beta posterior, which holds `mass` of it, in (0, 1). Given
// the model's constants: how far these are known is not in it. Cost: some microseconds.
ChanceInterval interval_of(const PairChance& pair, const ChanceModel& model, double mass = 0.90);

struct PairChances {
  // Empty: nobody was ever exposed again to whom they had met, so no chance is known, and there are
  // no pairs.
  std::optional<ChanceModel> model;
  std::vector<PairChance> pairs;  // all that had met before as_of; by from, then to
};

// Borrows all. `ledger` in its order, `acts` in any. Nothing published at or after `as_of`, or
// withdrawn by then, takes part; slots are counted back from it. `topics` not null: of occasions
// and responses only those about one of them make evidence, and the prior is the chance whatever
// the topic times (of the odds) the topic's rate over everybody's; pairs whose `from` never had an
// occasion about it are left out, for nothing says what would come of it.
// kInvalidArgument: an option out of range.
// The same bits whatever `threads`, and whatever the order of acts. Cost: sorting, and a step for
// each exposure; memory: 150 bytes a pair, 120 a person, 50 an entry or act.
Result<PairChances> pair_chances(std::span<const LedgerEntry> ledger,
                                 std::span<const PersonAct> acts, const PersonMap& persons,
                                 Instant as_of, const PairChanceOptions& options = {},
                                 const std::unordered_set<TopicSetId>* topics = nullptr);

// The length of a slot: as asked for, or of what was known before `as_of`. Errors as above.
Result<int64_t> occasion_length(std::span<const LedgerEntry> ledger,
                                std::span<const PersonAct> acts, Instant as_of,
                                const PairChanceOptions& options);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "graph/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <vector>

#include "graph/graph_check.h"

namespace bellwether {
namespace {

using testing::ElementsAre;

constexpr AccountId kAna = 0;
constexpr AccountId kBo = 1;
constexpr AccountId kCleo = 2;
constexpr AccountId kDan = 3;

constexpr Instant kAsOf{1'341'403'200'000};  // 2012-07-04T12:00:00Z
constexpr double kDay = static_cast<double>(kMsPerDay);

LedgerEntry entry(AccountId mover, Verb verb, AccountId receiver, int64_t age_ms,
                  double credit = 1) {
  LedgerEntry e{};
  e.receiver = receiver;
  e.mover = mover;
  e.published = {kAsOf.ms - age_ms};
  e.credit = std::llround(credit * static_cast<double>(kCreditOne));
  e.verb = verb;
  return e;
}

std::vector<FoldEntry> packed(std::vector<LedgerEntry> ledger, const PersonMap& persons) {
  settle(ledger, {}, persons, 1);
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& e : ledger) {
    if (e.counts_as_of(kAsOf)) entries.push_back(FoldEntry::from(e));
  }
  return entries;
}

// A snapshot of `accounts` accounts, all on network 0.
GraphSnapshot snapshot(const std::vector<LedgerEntry>& ledger, uint32_t accounts,
                       PersonMap persons = {}) {
  if (persons.person_of.empty()) persons = PersonMap::identity(accounts);
  std::vector<FoldEntry> entries = packed(ledger, persons);
  return {std::move(entries), std::vector<NetworkId>(accounts, 0), std::move(persons), kAsOf};
}

std::vector<MoverFold> folded(const GraphSnapshot& graph, PersonId person,
                              std::vector<double> half_life_days, Instant until = kAsOf) {
  for (double& h : half_life_days) h *= kDay;
  std::vector<MoverFold> fold;
  graph.fold(person, half_life_days, until, fold);
  return fold;
}

TEST(FoldEntry, PacksWhatFoldingNeedsToItsBounds) {
  LedgerEntry e = entry(kAna, Verb::kReply, kBo, 5);
  e.network = 65535;
  e.credit = (Credit{1} << 40) - 1;
  e.prompted = true;
  FoldEntry fold = FoldEntry::from(e);
  EXPECT_EQ(fold.receiver, kBo);
  EXPECT_EQ(fold.mover, kAna);
  EXPECT_EQ(fold.published_ms, e.published.ms);
  EXPECT_EQ(fold.credit(), e.credit);
  EXPECT_EQ(fold.network(), 65535);
  EXPECT_TRUE(fold.prompted());
  EXPECT_TRUE(fold.courted());
  e.verb = Verb::kReshare;
  fold = FoldEntry::from(e);
  EXPECT_TRUE(fold.prompted());
  EXPECT_FALSE(fold.courted());
  e.prompted = false;
  e.network = 0;
  e.credit = 1;
  fold = FoldEntry::from(e);
  EXPECT_FALSE(fold.prompted());
  EXPECT_EQ(fold.network(), 0);
  EXPECT_EQ(fold.credit(), 1);
}

TEST(Decay, EventAtLandmarkHasWeightOne) {
  // The landmark is the end of a half-open interval, so the youngest event is a millisecond old.
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 1)}, 2);
  EXPECT_NEAR(folded(graph, kBo, {30})[0].x[0], 1, 1e-9);
  EXPECT_EQ(folded(graph, kBo, {1e12})[0].x[0], 1);
}

TEST(Decay, EventAtTheInstantItselfIsNotUsed) {
  EXPECT_TRUE(folded(snapshot({entry(kAna, Verb::kReply, kBo, 0)}, 2), kBo, {30}).empty());
}

TEST(Decay, CreditHalvesEveryHalfLife) {
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 60 * kMsPerDay, 3)}, 2);
  const auto fold = folded(graph, kBo, {30, 60, 120, 20});
  ASSERT_EQ(fold.size(), 1U);
  EXPECT_DOUBLE_EQ(fold[0].x[0], 0.75);
  EXPECT_DOUBLE_EQ(fold[0].x[1], 1.5);
  EXPECT_DOUBLE_EQ(fold[0].x[2], 3 / std::sqrt(2));
  EXPECT_DOUBLE_EQ(fold[0].x[3], 0.375);
}

TEST(Fold, AThousandLikesOfOneFanAreOneMover) {
  std::vector<LedgerEntry> ledger;
  for (int i = 0; i < 1000; ++i) ledger.push_back(entry(kAna, Verb::kReact, kBo, kMsPerDay + i));
  const auto fold = folded(snapshot(ledger, 2), kBo, {30});
  ASSERT_EQ(fold.size(), 1U);
  EXPECT_EQ(fold[0].mover, kAna);
  EXPECT_EQ(fold[0].entries, 1000U);
  EXPECT_EQ(fold[0].first_ms, kAsOf.ms - kMsPerDay - 999);
  EXPECT_EQ(fold[0].last_ms, kAsOf.ms - kMsPerDay);
  EXPECT_LT(moved_probability(fold[0].x[0]), 1 + 1e-15);
}

TEST(Fold, CourtedActsAreInXButNotInFree) {
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 40 * kMsPerDay),
                               entry(kBo, Verb::kMention, kAna, 30 * kMsPerDay + 1000),
                               entry(kAna, Verb::kReply, kBo, 30 * kMsPerDay)},
                              2);
  const auto fold = folded(graph, kBo, {30});
  ASSERT_EQ(fold.size(), 1U);
  EXPECT_DOUBLE_EQ(fold[0].x[0], 0.5 + std::exp2(-40.0 / 30));
  EXPECT_DOUBLE_EQ(fold[0].free[0], std::exp2(-40.0 / 30));
}

TEST(Fold, SpeaksOfTheInstantAskedFor) {
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 40 * kMsPerDay),
                               entry(kAna, Verb::kReply, kBo, 10 * kMsPerDay),
                               entry(kCleo, Verb::kReply, kBo, 5 * kMsPerDay)},
                              3);
  const auto earlier = folded(graph, kBo, {30}, {kAsOf.ms - 10 * kMsPerDay});
  ASSERT_EQ(earlier.size(), 1U) << "what is published at `until` or later is left out";
  EXPECT_EQ(earlier[0].entries, 1U);
  EXPECT_DOUBLE_EQ(earlier[0].x[0], 0.5) << "ages are counted from `until`";
  EXPECT_EQ(folded(graph, kBo, {30}, {kAsOf.ms - 10 * kMsPerDay + 1})[0].entries, 2U);
  EXPECT_TRUE(folded(graph, kBo, {30}, {kAsOf.ms - 40 * kMsPerDay}).empty());
}

TEST(Fold, NobodyMovesAPersonWithoutEvidence) {
  EXPECT_TRUE(folded(snapshot({entry(kAna, Verb::kReply, kBo, 5)}, 2), kAna, {30}).empty());
}

TEST(Fold, MoversAscendWhateverTheirAccounts) {
  const auto graph = snapshot({entry(kDan, Verb::kReply, kBo, 5), entry(kAna, Verb::kReply, kBo, 9),
                               entry(kCleo, Verb::kReply, kBo, 7)},
                              4);
  std::vector<PersonId> movers;
  for (const MoverFold& m : folded(graph, kBo, {30})) movers.push_back(m.mover);
  EXPECT_THAT(movers, ElementsAre(kAna, kCleo, kDan));
}

TEST(Fold, TheAccountsOfAPersonAreFoldedTogether) {
  // Ana and Dan are one person (0), Bo and Cleo another (1).
  const PersonMap persons{{0, 1, 1, 0}, 2, false};
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 30 * kMsPerDay),
                               entry(kDan, Verb::kReply, kCleo, 60 * kMsPerDay),
                               // Both within one person: no movement.
                               entry(kCleo, Verb::kReply, kBo, 3)},
                              4, persons);
  const auto fold = folded(graph, 1, {30});
  ASSERT_EQ(fold.size(), 1U);
  EXPECT_EQ(fold[0].mover, 0U);
  EXPECT_EQ(fold[0].entries, 2U);
  EXPECT_DOUBLE_EQ(fold[0].x[0], 0.75);
  EXPECT_EQ(fold[0].first_ms, kAsOf.ms - 60 * kMsPerDay);
  EXPECT_EQ(fold[0].last_ms, kAsOf.ms - 30 * kMsPerDay);
  EXPECT_THAT(graph.accounts_of(0), ElementsAre(kAna, kDan));
  EXPECT_THAT(graph.accounts_of(1), ElementsAre(kBo, kCleo));
}

TEST(Fold, APersonLeftOutMovesNobody) {
  const PersonMap persons{{kNobody, 0, 1}, 2, false};
  const auto graph =
      snapshot({entry(kAna, Verb::kReply, kBo, 5), entry(kCleo, Verb::kReply, kBo, 7)}, 3, persons);
  const auto fold = folded(graph, 0, {30});
  ASSERT_EQ(fold.size(), 1U);
  EXPECT_EQ(fold[0].mover, 1U);
}

TEST(MovedProbability, RisesFromZeroTowardsOne) {
  EXPECT_EQ(moved_probability(0), 0);
  EXPECT_DOUBLE_EQ(moved_probability(1), 1 - std::exp(-1));
  EXPECT_LE(moved_probability(1000), 1);
}

// ---- random ledgers -----------------------------------------------------------------------------

std::vector<LedgerEntry> random_ledger(std::mt19937_64& random, size_t count, AccountId accounts) {
  const auto below = [&](uint64_t n) { return random() % n; };
  std::vector<LedgerEntry> ledger;
  while (ledger.size() < count) {
    const auto mover = static_cast<AccountId>(below(accounts));
    const auto receiver = static_cast<AccountId>(below(accounts));
    if (mover == receiver) continue;
    LedgerEntry e = entry(mover, static_cast<Verb>(2 + below(15)), receiver,
                          static_cast<int64_t>(below(200)) * kMsPerDay / 2,
                          static_cast<double>(1 + below(300)) / 100);
    e.row = ledger.size();
    e.network = static_cast<NetworkId>(below(2));
    ledger.push_back(e);
  }
  return ledger;
}

PersonMap random_persons(std::mt19937_64& random, AccountId accounts) {
  PersonMap map;
  for (AccountId a = 0; a < accounts; ++a) {
    const uint64_t kind = random() % 8;
    if (kind == 0) {
      map.person_of.push_back(kNobody);
    } else if (kind < 4 && map.persons > 0) {
      map.person_of.push_back(static_cast<PersonId>(random() % map.persons));
    } else {
      map.person_of.push_back(map.persons++);
    }
  }
  return map;
}

bool same_bits(const MoverFold& a, const MoverFold& b) {
  // NOLINTBEGIN(bugprone-suspicious-memory-comparison): the bits are the question.
  return a.mover == b.mover && a.entries == b.entries && a.first_ms == b.first_ms &&
         a.last_ms == b.last_ms && std::memcmp(a.x, b.x, sizeof a.x) == 0 &&
         std::memcmp(a.free, b.free, sizeof a.free) == 0;
  // NOLINTEND(bugprone-suspicious-memory-comparison)
}

RC_GTEST_PROP(FoldProperty, AgreesWithTheSlowProof, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  const AccountId accounts = 2 + static_cast<AccountId>(random() % 8);
  const PersonMap persons =
      random() % 2 == 0 ? PersonMap::identity(accounts) : random_persons(random, accounts);
  const auto graph = snapshot(random_ledger(random, random() % 150, accounts), accounts, persons);
  const Instant until{kAsOf.ms - static_cast<int64_t>(random() % 4) * 20 * kMsPerDay};
  const std::vector<double> half_lives{30, 365, 0.25};
  for (PersonId person = 0; person < persons.persons; ++person) {
    const auto fold = folded(graph, person, half_lives, until);
    auto row = fold.begin();
    for (PersonId mover = 0; mover < persons.persons; ++mover) {
      if (mover == person) continue;
      const auto expected = [&](double days) {
        return check_fold(graph.entries(), persons, person, mover, days * kDay, until);
      };
      if (expected(30).entries == 0) continue;
      RC_ASSERT(row != fold.end());
      RC_ASSERT(row->mover == mover);
      RC_ASSERT(row->entries == expected(30).entries);
      RC_ASSERT(row->first_ms == expected(30).first_ms);
      RC_ASSERT(row->last_ms == expected(30).last_ms);
      for (size_t h = 0; h < half_lives.size(); ++h) {
        const CheckedFold e = expected(half_lives[h]);
        // What has halved a hundred times is left out.
        RC_ASSERT(std::abs(row->x[h] - e.x) <= 1e-12 * e.x + 1e-27);
        RC_ASSERT(std::abs(row->free[h] - e.free) <= 1e-12 * e.free + 1e-27);
        RC_ASSERT(row->free[h] <= row->x[h]);
      }
      ++row;
    }
    RC_ASSERT(row == fold.end());
  }
}

RC_GTEST_PROP(FoldProperty, ALinkAndAnUnlinkGiveTheSameBits, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  const AccountId accounts = 3 + static_cast<AccountId>(random() % 6);
  const auto ledger = random_ledger(random, random() % 100, accounts);
  const auto before = snapshot(ledger, accounts);
  const auto linked = snapshot(ledger, accounts, random_persons(random, accounts));
  // Once unlinked the map may still be a list rather than the identity: as after an erasure.
  PersonMap unlinked = PersonMap::identity(accounts);
  unlinked.one_to_one = false;
  const auto after = snapshot(ledger, accounts, unlinked);
  for (PersonId person = 0; person < accounts; ++person) {
    const auto x = folded(before, person, {30, 90, 365, 1826.25});
    const auto y = folded(after, person, {30, 90, 365, 1826.25});
    RC_ASSERT(std::equal(x.begin(), x.end(), y.begin(), y.end(), same_bits));
  }
}

// ---- vouches ------------------------------------------------------------------------------------

TEST(Vouches, AVouchIsTheChanceOfBeingMovedOverTheirNumber) {
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 1, 2)}, 2);
  const VouchGraph vouches = graph.vouches({});
  EXPECT_NEAR(vouches.of(kAna, kBo), (1 - std::exp(-2)) / 50, 1e-9);
  EXPECT_EQ(vouches.of(kBo, kAna), 0);
  EXPECT_THAT(vouches.row, ElementsAre(0, 0, 1));
}

TEST(Vouches, FadeWithTheirOwnHalfLife) {
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 10 * kMsPerDay)}, 2);
  VouchOptions options;
  options.vouches_max = 1;
  options.half_life_days = 10;
  EXPECT_NEAR(graph.vouches(options).of(kAna, kBo), 1 - std::exp(-0.5), 1e-7);
}

TEST(Vouches, CourtedAnswersVouchOnlyWhereTheOptionsSaySo) {
  const auto graph =
      snapshot({entry(kBo, Verb::kMention, kAna, 1000), entry(kAna, Verb::kReply, kBo, 500)}, 2);
  EXPECT_FALSE(graph.vouches({}).holds(kAna, kBo));
  VouchOptions options;
  options.courted = true;
  EXPECT_NEAR(graph.vouches(options).of(kAna, kBo), (1 - std::exp(-1)) / 50, 1e-9);
}

TEST(Vouches, ACourtedAnswerTakesNoPlaceAmongTheFirst) {
  // Ana answers Cleo within the day, and turns to Bo unasked later: her one vouch is Bo's.
  const auto graph =
      snapshot({entry(kCleo, Verb::kMention, kAna, 9000), entry(kAna, Verb::kReply, kCleo, 8000),
                entry(kAna, Verb::kReply, kBo, 500)},
               3);
  VouchOptions options;
  options.vouches_max = 1;
  EXPECT_GT(graph.vouches(options).of(kAna, kBo), 0);
  EXPECT_FALSE(graph.vouches(options).holds(kAna, kCleo));
  options.courted = true;
  EXPECT_GT(graph.vouches(options).of(kAna, kCleo), 0);
}

TEST(Vouches, GoToTheFirstFiftyRespondedTo) {
  // Ana responds to 1, 2, ... 60, one a day, and once more to each of them afterwards, backwards.
  std::vector<LedgerEntry> ledger;
  for (AccountId receiver = 1; receiver <= 60; ++receiver) {
    ledger.push_back(entry(kAna, Verb::kReply, receiver, (200 - receiver) * kMsPerDay));
    ledger.push_back(entry(kAna, Verb::kReply, receiver, (1 + receiver) * kMsPerDay));
  }
  const VouchGraph vouches = snapshot(ledger, 61).vouches({});
  for (AccountId receiver = 1; receiver <= 60; ++receiver) {
    EXPECT_EQ(vouches.of(kAna, receiver) > 0, receiver <= 50) << receiver;
  }
}

TEST(Vouches, ExactlyFiftyAreAllVouchedFor) {
  std::vector<LedgerEntry> ledger;
  for (AccountId receiver = 1; receiver <= 50; ++receiver) {
    ledger.push_back(entry(kAna, Verb::kReply, receiver, 5));
  }
  EXPECT_EQ(snapshot(ledger, 51).vouches({}).vouch.size(), 50U);
}

TEST(Vouches, TiesGoToTheSmallerAccount) {
  // Sixty people in the same millisecond.
  std::vector<LedgerEntry> ledger;
  for (AccountId receiver = 1; receiver <= 60; ++receiver) {
    ledger.push_back(entry(kAna, Verb::kReply, receiver, 5));
  }
  const VouchGraph vouches = snapshot(ledger, 61).vouches({});
  for (AccountId receiver = 1; receiver <= 60; ++receiver) {
    EXPECT_EQ(vouches.of(kAna, receiver) > 0, receiver <= 50) << receiver;
  }
}

TEST(Vouches, ALaterResponseNeverDisplacesAnEarlierOne) {
  std::vector<LedgerEntry> ledger;
  for (AccountId receiver = 11; receiver <= 60; ++receiver) {
    ledger.push_back(entry(kAna, Verb::kReply, receiver, 10 * kMsPerDay));
  }
  const VouchGraph before = snapshot(ledger, 61).vouches({});
  for (AccountId receiver = 1; receiver <= 10; ++receiver) {
    for (int i = 0; i < 20; ++i) ledger.push_back(entry(kAna, Verb::kMeet, receiver, 5 + i, 3));
  }
  const VouchGraph after = snapshot(ledger, 61).vouches({});
  EXPECT_EQ(after.vouch, before.vouch);
  EXPECT_EQ(after.voucher, before.voucher);
}

TEST(Vouches, OnlyWithinOneNetwork) {
  std::vector<LedgerEntry> ledger{entry(kAna, Verb::kLink, kBo, 5),
                                  entry(kAna, Verb::kLink, kCleo, 9)};
  const PersonMap persons = PersonMap::identity(3);
  const GraphSnapshot graph(packed(ledger, persons), {0, 0, 1}, persons, kAsOf);
  VouchOptions options;
  options.vouches_max = 1;
  const VouchGraph vouches = graph.vouches(options);
  EXPECT_GT(vouches.of(kAna, kBo), 0) << "the earlier response elsewhere takes no place";
  EXPECT_EQ(vouches.of(kAna, kCleo), 0);
}

RC_GTEST_PROP(VouchProperty, AgreesWithTheSlowProofOnAnyNumberOfThreads, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  const AccountId accounts = 2 + static_cast<AccountId>(random() % 15);
  std::vector<NetworkId> network;
  for (AccountId a = 0; a < accounts; ++a) network.push_back(random() % 4 == 0 ? 1 : 0);
  const PersonMap persons = PersonMap::identity(accounts);
  const GraphSnapshot graph(packed(random_ledger(random, random() % 250, accounts), persons),
                            network, persons, kAsOf);
  VouchOptions options;
  options.vouches_max = 1 + static_cast<int>(random() % 6);
  options.half_life_days = 1 + static_cast<double>(random() % 2000);
  options.courted = random() % 2 == 0;
  const VouchGraph vouches = graph.vouches(options);
  const auto expected = check_vouches(graph.entries(), network, options, kAsOf);
  RC_ASSERT(vouches.vouch.size() == expected.size());
  RC_ASSERT(vouches.row.size() == size_t{accounts} + 1);
  for (AccountId to = 0; to < accounts; ++to) {
    for (uint64_t i = vouches.row[to]; i < vouches.row[to + 1]; ++i) {
      const auto found = expected.find({vouches.voucher[i], to});
      RC_ASSERT(found != expected.end());
      // 1 - exp(-x) is only as exact as 1 is; of a vouch that has faded to nothing nothing is left.
      RC_ASSERT(std::abs(vouches.vouch[i] - found->second) <= 1e-7 * found->second + 3e-16);
      RC_ASSERT(vouches.vouch[i] <= 1.0F / static_cast<float>(options.vouches_max));
      // In parentheses: RC_ASSERT's own || would not stop at the first.
      RC_ASSERT((i == vouches.row[to] || vouches.voucher[i - 1] < vouches.voucher[i]));
      RC_ASSERT(vouches.of(vouches.voucher[i], to) == static_cast<double>(vouches.vouch[i]));
    }
  }
  options.threads = 3;
  const VouchGraph again = graph.vouches(options);
  RC_ASSERT(again.row == vouches.row);
  RC_ASSERT(again.voucher == vouches.voucher);
  RC_ASSERT(again.vouch == vouches.vouch);
}

TEST(Responses, AreFoundFromTheMoversSide) {
  const auto graph =
      snapshot({entry(kAna, Verb::kReply, kBo, 9), entry(kAna, Verb::kReply, kBo, 5),
                entry(kAna, Verb::kReply, kDan, 7), entry(kCleo, Verb::kReply, kBo, 3)},
               4);
  EXPECT_EQ(graph.responses(kAna, kBo).size(), 2U);
  EXPECT_EQ(graph.responses(kAna, kBo).front().published_ms, kAsOf.ms - 9);
  EXPECT_EQ(graph.responses(kAna, kDan).size(), 1U);
  EXPECT_EQ(graph.responses(kCleo, kBo).size(), 1U);
  EXPECT_TRUE(graph.responses(kBo, kAna).empty());
  EXPECT_TRUE(graph.responses(kAna, kCleo).empty());
  EXPECT_TRUE(graph.responded(kAna, kDan));
  EXPECT_FALSE(graph.responded(kDan, kAna));
}

TEST(Responses, LastReceivedLooksAtOthersOnly) {
  const std::vector<LedgerEntry> ledger{entry(kAna, Verb::kReply, kBo, 9),
                                        entry(kCleo, Verb::kReply, kBo, 5)};
  EXPECT_EQ(snapshot(ledger, 3).last_received(kBo), Instant{kAsOf.ms - 5});
  EXPECT_FALSE(snapshot(ledger, 3).last_received(kAna).known());
  // Bo and Cleo are one person.
  EXPECT_EQ(snapshot(ledger, 3, {{0, 1, 1}, 2, false}).last_received(1), Instant{kAsOf.ms - 9});
  EXPECT_FALSE(snapshot(ledger, 3, {{kNobody, 0, 0}, 1, false}).last_received(0).known());
}

RC_GTEST_PROP(ResponsesProperty, AreThoseOfTheLedgerOnAnyNumberOfThreads, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  const AccountId accounts = 2 + static_cast<AccountId>(random() % 12);
  const PersonMap persons = PersonMap::identity(accounts);
  const auto entries = packed(random_ledger(random, random() % 250, accounts), persons);
  for (const unsigned threads : {1U, 2U, 5U}) {
    const GraphSnapshot graph(entries, std::vector<NetworkId>(accounts, 0), persons, kAsOf,
                              threads);
    for (AccountId mover = 0; mover < accounts; ++mover) {
      for (AccountId receiver = 0; receiver < accounts; ++receiver) {
        std::vector<int64_t> expected;
        for (const FoldEntry& e : entries) {
          if (e.mover == mover && e.receiver == receiver) expected.push_back(e.published_ms);
        }
        std::vector<int64_t> found;
        for (const FoldEntry& e : graph.responses(mover, receiver)) {
          RC_ASSERT(e.mover == mover && e.receiver == receiver);
          found.push_back(e.published_ms);
        }
        RC_ASSERT(found == expected);
        RC_ASSERT(graph.responded(mover, receiver) == !expected.empty());
      }
    }
  }
}

// ---- who approached whom ------------------------------------------------------------------------

TEST(Dealings, AnActThatAnswersNothingIsAnApproach) {
  const auto graph = snapshot({entry(kAna, Verb::kReply, kBo, 5000)}, 2);
  EXPECT_EQ(graph.dealings(kAna, kBo), Dealings::kApproached);
  EXPECT_EQ(graph.dealings(kBo, kAna), Dealings::kNone);
}

TEST(Dealings, OneApproachAmongAnswersIsAnApproach) {
  const auto graph = snapshot({entry(kBo, Verb::kReply, kAna, 10 * kMsPerDay),
                               entry(kAna, Verb::kReply, kBo, 10 * kMsPerDay - 1),
                               entry(kAna, Verb::kReply, kBo, 5 * kMsPerDay)},
                              2);
  EXPECT_EQ(graph.dealings(kAna, kBo), Dealings::kApproached);
}

TEST(Dealings, AnAnswerWithinADayIsNot) {
  const auto answered = [](int64_t after_ms, Verb verb) {
    return snapshot({entry(kBo, Verb::kReply, kAna, 10 * kMsPerDay),
                     entry(kAna, verb, kBo, 10 * kMsPerDay - after_ms)},
                    2)
        .dealings(kAna, kBo);
  };
  EXPECT_EQ(answered(kMsPerDay, Verb::kReply), Dealings::kAnswered);
  EXPECT_EQ(answered(1, Verb::kReshare), Dealings::kAnswered)
      << "any kind of answer, not only those courted";
  EXPECT_EQ(answered(kMsPerDay + 1, Verb::kReply), Dealings::kApproached);
  EXPECT_EQ(answered(0, Verb::kReply), Dealings::kApproached);
}

TEST(Dealings, LooksAtEveryAccountOfBoth) {
  const PersonMap persons{{0, 1, 1, 0}, 2, false};
  const auto graph = snapshot({entry(kDan, Verb::kReply, kCleo, 5)}, 4, persons);
  EXPECT_EQ(graph.dealings(0, 1), Dealings::kApproached);
  EXPECT_EQ(graph.dealings(1, 0), Dealings::kNone);
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "credit/ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <random>
#include <tuple>
#include <vector>

#include "credit/ledger_check.h"

namespace bellwether {
namespace {

using testing::ElementsAre;

constexpr AccountId kAna = 0;
constexpr AccountId kBo = 1;
constexpr AccountId kCleo = 2;
constexpr AccountId kDan = 3;
constexpr AccountId kEve = 4;
constexpr uint32_t kAccounts = 5;

constexpr Instant kNoon{1'341'403'200'000};  // 2012-07-04T12:00:00Z

constexpr Credit kHalf = kCreditOne / 2;
constexpr Credit kQuarter = kCreditOne / 4;

Instant later(int64_t ms) { return {kNoon.ms + ms}; }

ResolvedAct response(AccountId account, Verb verb, AccountId author, Instant published = kNoon) {
  ResolvedAct act;
  act.account = account;
  act.verb = verb;
  act.author = author;
  act.published = published;
  return act;
}

PersonMap everyone_apart() { return PersonMap::identity(kAccounts); }

// Bo and Cleo are one person.
PersonMap bo_is_cleo() { return {{0, 1, 1, 2, 3}, 4, false}; }

struct Share {
  AccountId receiver;
  Credit credit;
  friend bool operator==(const Share&, const Share&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Share& share) {
    return out << "{" << share.receiver << ", " << share.credit << "}";
  }
};

std::vector<Share> shares_of(const std::vector<LedgerEntry>& entries) {
  std::vector<Share> shares;
  for (const LedgerEntry& e : entries) shares.push_back({e.receiver, e.credit});
  return shares;
}

// What one act gives, and how the books stand after it.
struct Credited {
  std::vector<LedgerEntry> entries;
  CreditSummary summary;
};

Credited credit(const ResolvedAct& act, const std::vector<ReshareLink>& reshares = {},
                const PersonMap& persons = everyone_apart(), const CreditPolicy& policy = {}) {
  Credited result;
  Attribution attribution(policy, reshares, persons);
  attribution.credit(act, result.entries);
  result.summary = attribution.summary();
  return result;
}

TEST(Attribution, APlainResponseGivesItsWeightToTheAuthor) {
  ResolvedAct act = response(kAna, Verb::kReply, kBo);
  act.row = 42;
  act.topics = 7;
  act.network = 3;
  act.withdrawn = later(5);
  const Credited done = credit(act);
  ASSERT_EQ(done.entries.size(), 1U);
  const LedgerEntry& entry = done.entries[0];
  EXPECT_EQ(entry.receiver, kBo);
  EXPECT_EQ(entry.mover, kAna);
  EXPECT_EQ(entry.published, kNoon);
  EXPECT_EQ(entry.withdrawn, later(5));
  EXPECT_EQ(entry.credit, kCreditOne);
  EXPECT_EQ(entry.row, 42U);
  EXPECT_EQ(entry.topics, 7U);
  EXPECT_EQ(entry.network, 3U);
  EXPECT_EQ(entry.verb, Verb::kReply);
  EXPECT_FALSE(entry.prompted);
  EXPECT_EQ(done.summary.acts, 1U);
  EXPECT_EQ(done.summary.responses, 1U);
  EXPECT_EQ(done.summary.entries, 1U);
  EXPECT_EQ(done.summary.assigned, kCreditOne);
}

TEST(Attribution, EveryVerbHasItsWeight) {
  const auto given = [](Verb verb) {
    Credit sum = 0;
    for (const LedgerEntry& e : credit(response(kAna, verb, kBo)).entries) sum += e.credit;
    return static_cast<double>(sum) / static_cast<double>(kCreditOne);
  };
  for (const Verb verb :
       {Verb::kReply, Verb::kReshare, Verb::kQuote, Verb::kMention, Verb::kEndorse, Verb::kLink,
        Verb::kList, Verb::kFollow, Verb::kSubscribe, Verb::kReview}) {
    EXPECT_EQ(given(verb), 1) << to_string(verb);
  }
  EXPECT_NEAR(given(Verb::kReact), 0.3, 1e-6);
  for (const Verb verb : {Verb::kMessage, Verb::kAdopt}) {
    EXPECT_EQ(given(verb), 0.5) << to_string(verb);
  }
  EXPECT_EQ(given(Verb::kIntroduce), 2);
  EXPECT_EQ(given(Verb::kMeet), 3);
  EXPECT_EQ(given(Verb::kPost), 0);
  EXPECT_EQ(given(Verb::kUndo), 0);
}

TEST(Attribution, PostsAndVerbsOfNoWeightAreSeenAndGiveNothing) {
  CreditPolicy policy;
  policy.weight[static_cast<size_t>(Verb::kReact)] = 0;
  // A policy cannot make a post a response.
  policy.weight[static_cast<size_t>(Verb::kPost)] = 1;
  const PersonMap persons = everyone_apart();
  Attribution attribution(policy, {}, persons);
  std::vector<LedgerEntry> entries;
  attribution.credit(response(kAna, Verb::kReact, kBo), entries);
  attribution.credit(response(kAna, Verb::kPost, kBo), entries);
  attribution.credit(response(kAna, Verb::kUndo, kBo), entries);
  EXPECT_TRUE(entries.empty());
  EXPECT_EQ(attribution.summary().acts, 3U);
  EXPECT_EQ(attribution.summary().responses, 0U);
  EXPECT_EQ(attribution.summary().assigned + attribution.summary().unassigned_self +
                attribution.summary().unassigned_unknown,
            0);
}

TEST(Attribution, AnActOnAPersonGoesToTheTarget) {
  ResolvedAct act = response(kAna, Verb::kMessage, kNobody);
  act.target = kBo;
  EXPECT_THAT(shares_of(credit(act).entries), ElementsAre(Share{kBo, kHalf}));
}

TEST(Attribution, TheAuthorOfTheObjectComesBeforeTheTarget) {
  ResolvedAct act = response(kAna, Verb::kReply, kBo);
  act.target = kCleo;
  EXPECT_THAT(shares_of(credit(act).entries), ElementsAre(Share{kBo, kCreditOne}));
}

TEST(Attribution, AnUnknownAuthorLeavesAllUnassigned) {
  const Credited done = credit(response(kAna, Verb::kReply, kNobody));
  EXPECT_TRUE(done.entries.empty());
  EXPECT_EQ(done.summary.unassigned_unknown, kCreditOne);
  EXPECT_EQ(done.summary.responses, 1U);
}

TEST(Attribution, ASelfResponseLeavesAllUnassigned) {
  const Credited done = credit(response(kAna, Verb::kReply, kAna));
  EXPECT_TRUE(done.entries.empty());
  EXPECT_EQ(done.summary.unassigned_self, kCreditOne);
}

TEST(Attribution, AResponseToOnesOtherAccountIsASelfResponse) {
  EXPECT_TRUE(credit(response(kBo, Verb::kReply, kCleo), {}, bo_is_cleo()).entries.empty());
  EXPECT_EQ(credit(response(kBo, Verb::kReply, kCleo)).entries.size(), 1U);
}

TEST(Attribution, APersonLeftOutNeitherGivesNorTakes) {
  const PersonMap persons{{0, kNobody, 1, 2, 3}, 4, false};
  const Credited given = credit(response(kBo, Verb::kReply, kAna), {}, persons);
  EXPECT_TRUE(given.entries.empty());
  EXPECT_EQ(given.summary.unassigned_unknown, kCreditOne);
  const Credited taken = credit(response(kAna, Verb::kReply, kBo), {}, persons);
  EXPECT_TRUE(taken.entries.empty());
  EXPECT_EQ(taken.summary.unassigned_unknown, kCreditOne);
}

TEST(Attribution, TheCountMultipliesTheCredit) {
  ResolvedAct act = response(kAna, Verb::kMention, kBo);
  act.count = kCountMax;
  EXPECT_THAT(shares_of(credit(act).entries), ElementsAre(Share{kBo, kCreditOne * kCountMax}));
}

TEST(Attribution, TheHeaviestActStillFitsTheFold) {
  CreditPolicy policy;
  policy.weight[static_cast<size_t>(Verb::kMeet)] = kWeightMax;
  ResolvedAct act = response(kAna, Verb::kMeet, kBo);
  act.count = kCountMax;
  const auto entries = credit(act, {}, everyone_apart(), policy).entries;
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_LT(entries[0].credit, Credit{1} << 40);
}

TEST(Attribution, AnActWithoutATimeIsCountedAndGivesNoCredit) {
  const Credited done = credit(response(kAna, Verb::kReply, kBo, Instant::unknown()));
  EXPECT_TRUE(done.entries.empty());
  EXPECT_EQ(done.summary.responses, 1U);
  EXPECT_EQ(done.summary.untimed, 1U);
  EXPECT_EQ(done.summary.unassigned_unknown, 0);
}

// Eve wrote 100; Dan passed it on as 101, Cleo Dan's as 102, Bo Cleo's as 103.
const std::vector<ReshareLink> kCascade{
    {103, 102, kBo, kCleo}, {101, 100, kDan, kEve}, {102, 101, kCleo, kDan}};

ResolvedAct reshare_of(uint64_t object, AccountId author, AccountId account = kAna) {
  ResolvedAct act = response(account, Verb::kReshare, author);
  act.object = object;
  return act;
}

TEST(Attribution, AReshareOfTheOriginalIsAPlainResponse) {
  EXPECT_THAT(shares_of(credit(reshare_of(100, kEve), kCascade).entries),
              ElementsAre(Share{kEve, kCreditOne}));
}

TEST(Attribution, TheNearestResharerGetsHalfAndTheOriginalTheRest) {
  EXPECT_THAT(shares_of(credit(reshare_of(101, kDan), kCascade).entries),
              ElementsAre(Share{kDan, kHalf}, Share{kEve, kHalf}));
}

TEST(Attribution, SharesHalveAlongTheChainAndTheOriginalGetsAllThatIsLeft) {
  EXPECT_THAT(shares_of(credit(reshare_of(102, kCleo), kCascade).entries),
              ElementsAre(Share{kCleo, kHalf}, Share{kDan, kQuarter}, Share{kEve, kQuarter}));
  EXPECT_THAT(shares_of(credit(reshare_of(103, kBo), kCascade).entries),
              ElementsAre(Share{kBo, kHalf}, Share{kCleo, kQuarter}, Share{kDan, kQuarter / 2},
                          Share{kEve, kQuarter / 2}));
}

TEST(Attribution, OnlyAReshareFollowsTheChain) {
  ResolvedAct reply = reshare_of(102, kCleo);
  reply.verb = Verb::kReply;
  EXPECT_THAT(shares_of(credit(reply, kCascade).entries), ElementsAre(Share{kCleo, kCreditOne}));
}

TEST(Attribution, TheShareOfAnUnknownOriginalIsUnassigned) {
  std::vector<ReshareLink> cascade = kCascade;
  cascade[1].author = kNobody;
  const Credited done = credit(reshare_of(102, kCleo), cascade);
  EXPECT_THAT(shares_of(done.entries), ElementsAre(Share{kCleo, kHalf}, Share{kDan, kQuarter}));
  EXPECT_EQ(done.summary.unassigned_unknown, kQuarter);
  EXPECT_EQ(done.summary.assigned, kHalf + kQuarter);
}

// The target of a reshare is whom it was taken from. They have their half; they did not write it.
TEST(Attribution, TheShareOfAnUnknownOriginalDoesNotGoToTheTarget) {
  std::vector<ReshareLink> cascade = kCascade;
  cascade[1].author = kNobody;
  ResolvedAct act = reshare_of(102, kCleo);
  act.target = kCleo;
  const Credited done = credit(act, cascade);
  EXPECT_THAT(shares_of(done.entries), ElementsAre(Share{kCleo, kHalf}, Share{kDan, kQuarter}));
  EXPECT_EQ(done.summary.unassigned_unknown, kQuarter);
}

TEST(Attribution, OnesOwnPlaceInTheChainIsUnassigned) {
  const Credited done = credit(reshare_of(102, kCleo, kDan), kCascade);
  EXPECT_THAT(shares_of(done.entries), ElementsAre(Share{kCleo, kHalf}, Share{kEve, kQuarter}));
  EXPECT_EQ(done.summary.unassigned_self, kQuarter);
}

TEST(Attribution, ACycleOfResharesEndsAndLosesNothing) {
  const std::vector<ReshareLink> cycle{{102, 101, kCleo, kDan}, {101, 102, kDan, kCleo}};
  const Credited done = credit(reshare_of(102, kCleo), cycle);
  EXPECT_THAT(shares_of(done.entries),
              ElementsAre(Share{kCleo, kHalf}, Share{kDan, kQuarter}, Share{kCleo, kQuarter}));
  EXPECT_EQ(done.summary.assigned, kCreditOne);

  const std::vector<ReshareLink> itself{{101, 101, kDan, kDan}};
  EXPECT_THAT(shares_of(credit(reshare_of(101, kDan), itself).entries),
              ElementsAre(Share{kDan, kHalf}, Share{kDan, kHalf}));
}

TEST(Attribution, AChainLongerThanIsFollowedGivesTheRestToItsLastKnownAuthor) {
  std::vector<ReshareLink> links;
  for (uint64_t act = 1; act <= 40; ++act) {
    links.push_back({act, act - 1, act % 2 == 0 ? kBo : kCleo, act % 2 == 0 ? kCleo : kBo});
  }
  const Credited done = credit(reshare_of(40, kBo), links);
  ASSERT_EQ(done.entries.size(), static_cast<size_t>(Attribution::kChainMax) + 1);
  for (int step = 0; step < Attribution::kChainMax; ++step) {
    EXPECT_EQ(done.entries[static_cast<size_t>(step)].credit, kCreditOne >> (step + 1));
  }
  EXPECT_EQ(done.entries.back().credit, kCreditOne >> Attribution::kChainMax);
  EXPECT_EQ(done.summary.assigned, kCreditOne);
}

// Two sources may state one reshare differently. Which of them is believed must not depend on which
// was read first.
TEST(Attribution, ContradictoryResharesGiveTheSameInAnyOrder) {
  std::vector<ReshareLink> links{{102, 101, kCleo, kDan},
                                 {102, 100, kCleo, kEve},
                                 {102, 100, kBo, kEve},
                                 {101, 100, kDan, kEve},
                                 {101, 100, kDan, kNobody}};
  const auto compare = [](const ReshareLink& a, const ReshareLink& b) {
    return std::tie(a.act, a.object, a.account, a.author) <
           std::tie(b.act, b.object, b.account, b.author);
  };
  std::sort(links.begin(), links.end(), compare);
  const auto expected = shares_of(credit(reshare_of(102, kCleo), links).entries);
  do {
    EXPECT_EQ(shares_of(credit(reshare_of(102, kCleo), links).entries), expected);
  } while (std::next_permutation(links.begin(), links.end(), compare));
}

// A random act of a random policy in a random, possibly cyclic, cascade.
RC_GTEST_PROP(AttributionProperty, CreditsAndUnassignedShareSumToTheWeightToTheBit, ()) {
  CreditPolicy policy;
  for (double& weight : policy.weight) {
    weight = *rc::gen::map(rc::gen::inRange(0, 10'000'001), [](int w) { return w / 1e6; });
  }
  const auto any_account = rc::gen::map(rc::gen::inRange<AccountId>(0, kAccounts + 1),
                                        [](AccountId a) { return a < kAccounts ? a : kNobody; });
  const auto links = *rc::gen::container<std::vector<ReshareLink>>(rc::gen::build<ReshareLink>(
      rc::gen::set(&ReshareLink::act, rc::gen::inRange<uint64_t>(1, 30)),
      rc::gen::set(&ReshareLink::object, rc::gen::inRange<uint64_t>(0, 30)),
      rc::gen::set(&ReshareLink::account, rc::gen::inRange<AccountId>(0, kAccounts)),
      rc::gen::set(&ReshareLink::author, any_account)));
  const auto acts = *rc::gen::container<std::vector<ResolvedAct>>(rc::gen::build<ResolvedAct>(
      rc::gen::set(&ResolvedAct::object, rc::gen::inRange<uint64_t>(0, 30)),
      rc::gen::set(&ResolvedAct::account, rc::gen::inRange<AccountId>(0, kAccounts)),
      rc::gen::set(&ResolvedAct::author, any_account),
      rc::gen::set(&ResolvedAct::target, any_account),
      rc::gen::set(&ResolvedAct::published, rc::gen::element(kNoon, Instant::unknown())),
      rc::gen::set(&ResolvedAct::count, rc::gen::inRange<uint32_t>(1, kCountMax + 1)),
      rc::gen::set(&ResolvedAct::verb, rc::gen::map(rc::gen::inRange<int>(1, kVerbSlots),
                                                    [](int v) { return static_cast<Verb>(v); }))));
  const PersonMap persons =
      *rc::gen::element(everyone_apart(), bo_is_cleo(), PersonMap{{0, kNobody, 1, 2, 2}, 3, false});

  Attribution attribution(policy, links, persons);
  std::vector<LedgerEntry> entries;
  Credit expected = 0;
  for (const ResolvedAct& act : acts) {
    const size_t before = entries.size();
    const CreditSummary old = attribution.summary();
    attribution.credit(act, entries);
    Credit weight = 0;
    if (act.verb != Verb::kPost && act.verb != Verb::kUndo && act.published.known()) {
      weight = std::llround(policy.weight[static_cast<size_t>(act.verb)] * 1048576.0) * act.count;
    }
    Credit given = 0;
    for (size_t i = before; i < entries.size(); ++i) {
      RC_ASSERT(entries[i].credit > 0);
      RC_ASSERT(persons.person_of[entries[i].receiver] != persons.person_of[act.account]);
      given += entries[i].credit;
    }
    const CreditSummary& now = attribution.summary();
    RC_ASSERT(given + (now.unassigned_self - old.unassigned_self) +
                  (now.unassigned_unknown - old.unassigned_unknown) ==
              weight);
    expected += weight;
  }
  const CreditSummary& all = attribution.summary();
  RC_ASSERT(all.assigned + all.unassigned_self + all.unassigned_unknown == expected);
  RC_ASSERT(all.entries == entries.size());
  RC_ASSERT(all.acts == acts.size());
}

// ---- courting -----------------------------------------------------------------------------------

LedgerEntry entry(AccountId mover, Verb verb, AccountId receiver, Instant published,
                  NetworkId network = 0) {
  LedgerEntry e{};
  e.receiver = receiver;
  e.mover = mover;
  e.published = published;
  e.credit = kCreditOne;
  e.network = network;
  e.verb = verb;
  return e;
}

// Settles and returns the entry that `mover` owes to `receiver`; there is one.
LedgerEntry settled(std::vector<LedgerEntry> entries, AccountId mover, AccountId receiver,
                    const PersonMap& persons = everyone_apart(), const CreditPolicy& policy = {}) {
  settle(entries, policy, persons, 1);
  const auto found = std::find_if(entries.begin(), entries.end(), [&](const LedgerEntry& e) {
    return e.mover == mover && e.receiver == receiver;
  });
  EXPECT_NE(found, entries.end());
  return *found;
}

// Bo speaks to Ana; `after_ms` later Ana answers. Is that courted?
bool answer_is_courted(int64_t after_ms, Verb answer = Verb::kReply) {
  return settled(
             {entry(kBo, Verb::kMention, kAna, kNoon), entry(kAna, answer, kBo, later(after_ms))},
             kAna, kBo)
      .courted();
}

TEST(Settle, AnAnswerIsCourtedFromTheNextInstantUpToADayInclusive) {
  EXPECT_FALSE(answer_is_courted(-1));
  EXPECT_FALSE(answer_is_courted(0)) << "an approach at the same instant does not prompt";
  EXPECT_TRUE(answer_is_courted(1));
  EXPECT_TRUE(answer_is_courted(kMsPerDay - 1));
  EXPECT_TRUE(answer_is_courted(kMsPerDay)) << "published - 1 day is inside";
  EXPECT_FALSE(answer_is_courted(kMsPerDay + 1));
}

TEST(Settle, TheCourtingTimeIsPolicy) {
  CreditPolicy policy;
  policy.courting_ms = 10;
  const auto courted_after = [&](int64_t ms) {
    return settled(
               {entry(kBo, Verb::kMention, kAna, kNoon), entry(kAna, Verb::kReply, kBo, later(ms))},
               kAna, kBo, everyone_apart(), policy)
        .courted();
  };
  EXPECT_TRUE(courted_after(10));
  EXPECT_FALSE(courted_after(11));
}

TEST(Settle, OnlyVerbsThatAnApproachCanDrawOutAreCourted) {
  for (int v = static_cast<int>(kVerbFirst); v <= static_cast<int>(kVerbLast); ++v) {
    const Verb verb = static_cast<Verb>(v);
    const bool courtable = verb == Verb::kReply || verb == Verb::kQuote || verb == Verb::kReact ||
                           verb == Verb::kMention || verb == Verb::kMessage ||
                           verb == Verb::kFollow || verb == Verb::kSubscribe;
    EXPECT_EQ(can_be_courted(verb), courtable) << to_string(verb);
    EXPECT_EQ(answer_is_courted(1000, verb), courtable) << to_string(verb);
  }
}

TEST(Settle, AnyKindOfActIsAnApproach) {
  for (const Verb verb : {Verb::kReact, Verb::kReshare, Verb::kFollow, Verb::kReview}) {
    EXPECT_TRUE(settled({entry(kBo, verb, kAna, kNoon), entry(kAna, Verb::kReply, kBo, later(1))},
                        kAna, kBo)
                    .courted());
  }
}

TEST(Settle, AnApproachOnAnotherNetworkDoesNotCount) {
  EXPECT_FALSE(settled({entry(kBo, Verb::kMention, kAna, kNoon, 1),
                        entry(kAna, Verb::kReply, kBo, later(1), 2)},
                       kAna, kBo)
                   .prompted);
}

TEST(Settle, NetworksAreKeptApartWithinOnePair) {
  // The latest approach is on network 2, but the one on network 1 is what prompts the answer there.
  std::vector<LedgerEntry> entries{
      entry(kBo, Verb::kMention, kAna, kNoon, 1), entry(kBo, Verb::kMention, kAna, later(10), 2),
      entry(kAna, Verb::kReply, kBo, later(20), 1), entry(kAna, Verb::kReply, kBo, later(20), 2),
      entry(kAna, Verb::kReply, kBo, later(20), 3)};
  settle(entries, {}, everyone_apart(), 1);
  for (const LedgerEntry& e : entries) {
    if (e.mover == kAna) {
      EXPECT_EQ(e.prompted, e.network != 3) << e.network;
    }
  }
}

TEST(Settle, SomebodyElsesApproachDoesNotCount) {
  EXPECT_FALSE(
      settled({entry(kCleo, Verb::kMention, kAna, kNoon), entry(kBo, Verb::kMention, kCleo, kNoon),
               entry(kAna, Verb::kReply, kBo, later(1))},
              kAna, kBo)
          .prompted);
}

TEST(Settle, TwoAccountsOfOnePersonAreOneSide) {
  // Cleo, who is also Bo, speaks to Ana; Ana answers Bo.
  const std::vector<LedgerEntry> entries{entry(kCleo, Verb::kMention, kAna, kNoon),
                                         entry(kAna, Verb::kReply, kBo, later(1))};
  EXPECT_FALSE(settled(entries, kAna, kBo).prompted);
  EXPECT_TRUE(settled(entries, kAna, kBo, bo_is_cleo()).prompted);
}

TEST(Settle, AWithdrawnApproachStillPrompts) {
  LedgerEntry approach = entry(kBo, Verb::kMention, kAna, kNoon);
  approach.withdrawn = later(1);
  EXPECT_TRUE(settled({approach, entry(kAna, Verb::kReply, kBo, later(2))}, kAna, kBo).courted());
}

TEST(Settle, EntriesAreInLedgerOrder) {
  std::vector<LedgerEntry> entries{
      entry(kBo, Verb::kReply, kCleo, kNoon), entry(kAna, Verb::kReply, kCleo, later(2)),
      entry(kAna, Verb::kReply, kCleo, later(1)), entry(kDan, Verb::kReply, kBo, later(9))};
  settle(entries, {}, everyone_apart(), 1);
  std::vector<std::tuple<AccountId, AccountId, int64_t>> order;
  for (const LedgerEntry& e : entries) order.emplace_back(e.receiver, e.mover, e.published.ms);
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end()));
}

TEST(Settle, NothingToSettleIsNoMistake) {
  std::vector<LedgerEntry> none;
  settle(none, {}, everyone_apart(), 2);
  EXPECT_TRUE(none.empty());
  settle(none, {}, PersonMap::identity(0), 2);
  EXPECT_TRUE(none.empty());
}

// Entries of a lively community: times lie on a grid of half days, give or take a millisecond, so
// that both ends of the courting time are hit often.
std::vector<LedgerEntry> random_entries(std::mt19937_64& random, size_t count, AccountId accounts) {
  const auto below = [&](uint64_t n) { return random() % n; };
  std::vector<LedgerEntry> entries;
  while (entries.size() < count) {
    const auto mover = static_cast<AccountId>(below(accounts));
    const auto receiver = static_cast<AccountId>(below(accounts));
    if (mover == receiver) continue;
    LedgerEntry e = entry(
        mover, static_cast<Verb>(2 + below(15)), receiver,
        later(static_cast<int64_t>(below(40)) * kMsPerDay / 2 + static_cast<int64_t>(below(3)) - 1),
        static_cast<NetworkId>(below(2)));
    e.row = entries.size();
    e.credit = static_cast<Credit>(1 + below(3));
    if (below(4) == 0) e.withdrawn = later(static_cast<int64_t>(below(40)) * kMsPerDay / 2);
    entries.push_back(e);
  }
  return entries;
}

bool same(const LedgerEntry& a, const LedgerEntry& b) {
  return std::tie(a.receiver, a.mover, a.published, a.withdrawn, a.credit, a.row, a.topics,
                  a.network, a.verb, a.prompted) == std::tie(b.receiver, b.mover, b.published,
                                                             b.withdrawn, b.credit, b.row, b.topics,
                                                             b.network, b.verb, b.prompted);
}

bool same(const std::vector<LedgerEntry>& a, const std::vector<LedgerEntry>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return same(x, y); });
}

// Random persons over `accounts`: some linked, some left out.
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

RC_GTEST_PROP(SettleProperty, PromptedIsWhatTheSlowProofSays, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  const AccountId accounts = 2 + static_cast<AccountId>(random() % 6);
  std::vector<LedgerEntry> entries = random_entries(random, random() % 120, accounts);
  const PersonMap persons =
      random() % 2 == 0 ? PersonMap::identity(accounts) : random_persons(random, accounts);
  const auto threads = 1 + static_cast<unsigned>(random() % 3);
  settle(entries, {}, persons, threads);
  const std::vector<bool> expected = check_prompted(entries, {}, persons);
  for (size_t i = 0; i < entries.size(); ++i) RC_ASSERT(entries[i].prompted == expected[i]);
}

RC_GTEST_PROP(SettleProperty, OrderOfArrivalDoesNotMatter, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  std::vector<LedgerEntry> entries = random_entries(random, random() % 200, 6);
  std::vector<LedgerEntry> shuffled = entries;
  std::shuffle(shuffled.begin(), shuffled.end(), random);
  const PersonMap persons = random_persons(random, 6);
  settle(entries, {}, persons, 1);
  settle(shuffled, {}, persons, 2);
  RC_ASSERT(same(entries, shuffled));
}

// Linking and unlinking settles what is settled again: nothing of the link may stay behind.
RC_GTEST_PROP(SettleProperty, AnUnlinkRestoresEveryBit, (uint64_t rng_seed)) {
  std::mt19937_64 random(rng_seed);
  std::vector<LedgerEntry> entries = random_entries(random, random() % 150, 6);
  settle(entries, {}, PersonMap::identity(6), 1);
  std::vector<LedgerEntry> linked = entries;
  const PersonMap persons = random_persons(random, 6);
  settle(linked, {}, persons, 1);
  const std::vector<bool> expected = check_prompted(linked, {}, persons);
  for (size_t i = 0; i < linked.size(); ++i) RC_ASSERT(linked[i].prompted == expected[i]);
  settle(linked, {}, PersonMap::identity(6), 2);
  RC_ASSERT(same(entries, linked));
}

TEST(Settle, ALargeLedgerIsTheSameOnAnyNumberOfThreads) {
  std::mt19937_64 random(20120704);
  const std::vector<LedgerEntry> unsettled = random_entries(random, 150'000, 3000);
  std::vector<LedgerEntry> one = unsettled;
  const PersonMap apart = PersonMap::identity(3000);
  const PersonMap linked = random_persons(random, 3000);
  for (const PersonMap& persons : {apart, linked}) {
    one = unsettled;
    settle(one, {}, persons, 1);
    for (const unsigned threads : {2U, 3U, 4U, 7U}) {
      std::vector<LedgerEntry> many = unsettled;
      std::shuffle(many.begin(), many.end(), random);
      settle(many, {}, persons, threads);
      EXPECT_TRUE(same(one, many)) << threads << " threads";
    }
  }
}

TEST(LedgerEntry, CountsFromAfterItWasPublishedUntilItIsWithdrawn) {
  LedgerEntry e = entry(kAna, Verb::kReply, kBo, kNoon);
  EXPECT_FALSE(e.counts_as_of(kNoon)) << "an as-of instant is just after what it counts";
  EXPECT_TRUE(e.counts_as_of(later(1)));
  e.withdrawn = later(10);
  EXPECT_TRUE(e.counts_as_of(later(9)));
  EXPECT_TRUE(e.counts_as_of(later(10)));
  EXPECT_FALSE(e.counts_as_of(later(11)));
}

}  // namespace
}  // namespace bellwether

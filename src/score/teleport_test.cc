// SPDX-License-Identifier: Apache-2.0
#include "score/teleport.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <random>
#include <set>
#include <tuple>

#include "score/random_world_testing.h"
#include "score/testing.h"

namespace bellwether {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::IsSupersetOf;
using ::testing::Lt;
using ::testing::Not;
using ::testing::SizeIs;

TestWorld of_method(int method) {
  TestWorld world;
  world.policy = under_method(world.policy, method);
  return world;
}

// `a` and `b` respond to each other, first and last `days` apart.
void reciprocate(TestWorld& world, AccountId a, AccountId b, double days) {
  world.respond(a, Verb::kReply, b, at_day(-100));
  world.respond(b, Verb::kReply, a, at_day(-100 + days));
}

std::vector<AccountId> chosen(const TestWorld& world, unsigned threads = 1) {
  const PersonMap persons = persons_of(world);
  return choose_teleport_set(graph_of(world, ledger_of(world, persons), persons), world.policy,
                             threads);
}

// ---- method 2: the core alone
// -------------------------------------------------------------------------

// Everybody of `people` responds to the next one unasked, round and round, on the given day.
void respond_round(TestWorld& world, const std::vector<AccountId>& people, double day) {
  for (size_t i = 0; i < people.size(); ++i) {
    world.respond(people[i], Verb::kReply, people[(i + 1) % people.size()], at_day(day));
  }
}

// Each of `people` responds to each of the others, days apart, so that nothing is courted.
void respond_to_each_other(TestWorld& world, const std::vector<AccountId>& people, double day) {
  for (size_t a = 0; a < people.size(); ++a) {
    for (size_t b = 0; b < people.size(); ++b) {
      if (a == b) continue;
      world.respond(people[a], Verb::kReply, people[b], at_day(a < b ? day : day + 5));
    }
  }
}

TEST(TeleportSetByCore, AreThoseOfTheCoreWithTheMostPartners) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(30);
  world.policy.teleport_min = 3;
  respond_round(world, people, -50);
  respond_to_each_other(world, {4, 9, 17, 21}, -30);
  respond_to_each_other(world, {4, 9, 25}, -20);
  EXPECT_THAT(chosen(world), ElementsAre(4, 9, 17)) << "17 and 21 are level: the smaller";
  world.respond(3, Verb::kReply, 21, at_day(-5));
  EXPECT_THAT(chosen(world), ElementsAre(4, 9, 21)) << "more people respond to 21";
}

TEST(TeleportSetByCore, IsAShareOfThoseWhoRespondToTheCore) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(200);
  respond_round(world, {people.begin(), people.begin() + 40}, -50);
  EXPECT_THAT(chosen(world), SizeIs(10)) << "at least ten";
  for (AccountId reader = 40; reader < 200; ++reader) {
    world.respond(reader, Verb::kReply, reader % 40, at_day(-3));
  }
  EXPECT_THAT(chosen(world), SizeIs(20)) << "a tenth of 200";
  world.policy.teleport_share = 1;
  EXPECT_THAT(chosen(world), SizeIs(40)) << "no more than the core";
  EXPECT_THAT(chosen(world), Each(Lt(40U)));
}

TEST(TeleportSetByCore, IsNotHadByAgeNorByWordsAmongOneself) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(60);
  std::mt19937 rng(5);
  for (int i = 0; i < 600; ++i) {
    const AccountId a = people[rng() % 60];
    const AccountId b = people[rng() % 60];
    if (a != b)
      world.respond(a, Verb::kReply, b, at_ms(-1 - static_cast<int64_t>(rng() % 90) * kMsPerDay));
  }
  const std::vector<AccountId> before = chosen(world);
  // Fifty fakes who have been at it for years, each with each, and who praise the well-known.
  const auto fakes = world.add_accounts(50);
  for (int year = 1; year <= 5; ++year) respond_to_each_other(world, fakes, -365.0 * year);
  for (const AccountId fake : fakes)
    world.respond(fake, Verb::kReact, people[rng() % 60], at_day(-2));
  EXPECT_EQ(chosen(world).size(), 11U) << "they are an audience, no more";
  EXPECT_THAT(chosen(world), Each(Lt(60U)));
  // An answer that they courted opens no door either.
  world.respond(fakes[0], Verb::kReply, people[1], at_day(-1.2));
  world.respond(people[1], Verb::kReply, fakes[0], at_day(-1));
  EXPECT_THAT(chosen(world), Each(Lt(60U)));
  EXPECT_THAT(before, SizeIs(10));
  // Somebody of the core who turns to one of them unasked does: it is what is paid with.
  world.respond(people[1], Verb::kReshare, fakes[0], at_day(-1));
  EXPECT_THAT(chosen(world), Each(Ge(60U)));
}

TEST(TeleportSetByCore, OfTwoCommunitiesIsThatToWhichMoreRespond) {
  TestWorld world = of_method(2);
  const auto people = world.add_accounts(40);
  const std::vector<AccountId> few(people.begin(), people.begin() + 5);
  const std::vector<AccountId> many(people.begin() + 5, people.begin() + 15);
  respond_to_each_other(world, few, -50);
  respond_to_each_other(world, many, -50);
  EXPECT_THAT(chosen(world), AllOf(SizeIs(10), Each(Ge(5U))));
  for (AccountId reader = 15; reader < 40; ++reader) {
    world.respond(reader, Verb::kReply, reader % 5, at_day(-2));
  }
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 2, 3, 4));
}

TEST(TeleportSetByCore, WhereNobodyTurnsBackToAnybodyIsEmpty) {
  TestWorld world = of_method(2);
  world.add_accounts(3);
  EXPECT_THAT(chosen(world), IsEmpty());
  world.respond(0, Verb::kReply, 1, at_day(-100));
  world.respond(1, Verb::kReply, 2, at_day(-50));
  EXPECT_THAT(chosen(world), IsEmpty());
  // Zero answers Two within the day: courted, hence no way back.
  world.respond(2, Verb::kMention, 0, at_day(-40.5));
  world.respond(0, Verb::kReply, 2, at_day(-40));
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 2)) << "Two turned to Zero unasked";
}

TEST(TeleportSetByCore, IsChosenInEachNetworkApart) {
  TestWorld world = of_method(2);
  world.add_accounts(4, 0);
  world.add_accounts(4, 1);
  world.policy.teleport_min = 2;
  respond_to_each_other(world, {0, 1, 2}, -50);
  respond_to_each_other(world, {5, 6, 7}, -40);
  // Across networks nothing counts.
  respond_to_each_other(world, {3, 4}, -20);
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 5, 6));
}

// ---- method 3: the core's electors
// ----------------------------------------------------------------

// So many new accounts respond to `to`.
std::vector<AccountId> add_audience(TestWorld& world, AccountId to, uint32_t count) {
  std::vector<AccountId> readers = world.add_accounts(count);
  for (const AccountId reader : readers) world.respond(reader, Verb::kReply, to, at_day(-3));
  return readers;
}

// Twelve people who respond to the next one, round and round; of whom Zero, One and Two have an
// audience of thirty each, and nobody else any: with a fifth of 102 they are the electors.
TestWorld three_electors() {
  TestWorld world = of_method(3);
  respond_round(world, world.add_accounts(12), -50);
  for (const AccountId elector : std::vector<AccountId>{0, 1, 2}) add_audience(world, elector, 30);
  world.policy.elector_share = 0.2;
  world.policy.teleport_min = 0;
  return world;
}

TEST(TeleportSet, AreThoseToWhomMostElectorsTurned) {
  TestWorld world = three_electors();
  EXPECT_THAT(chosen(world), IsEmpty()) << "one elector turned to One, one to Two, one to Three";
  world.respond(0, Verb::kReply, 6, at_day(-20));
  world.respond(1, Verb::kReply, 6, at_day(-20));
  for (const AccountId elector : std::vector<AccountId>{0, 1, 2})
    world.respond(elector, Verb::kReply, 5, at_day(-20));
  for (const AccountId other : std::vector<AccountId>{8, 9, 10})
    world.respond(other, Verb::kReply, 7, at_day(-20));
  EXPECT_THAT(chosen(world), ElementsAre(5, 6)) << "many turned to Seven, but no elector";
  world.policy.supporters_min = 3;
  EXPECT_THAT(chosen(world), ElementsAre(5, 6)) << "Five, once seated, is the third for Six";
  world.policy.supporters_min = 4;
  EXPECT_THAT(chosen(world), IsEmpty());
  world.policy.supporters_min = 2;
  world.policy.teleport_share = 0.0099;  // of 102
  EXPECT_THAT(chosen(world), ElementsAre(5)) << "the one with more supporters";
  world.policy.teleport_min = 4;
  EXPECT_THAT(chosen(world), ElementsAre(1, 2, 5, 6)) << "then who has one, by audience";
}

TEST(TeleportSet, AnElectorAddsItsShareOfTheAudience) {
  TestWorld world = three_electors();
  world.policy.teleport_share = 1;
  world.respond(1, Verb::kReply, 6, at_day(-20));
  const AccountId fourth = 3;
  world.respond(fourth, Verb::kReply, 6, at_day(-20));
  // The audience of Four is also that of Zero: whoever stands for it has a voice already.
  for (AccountId reader = 12; reader < 42; ++reader) {
    world.respond(reader, Verb::kReply, fourth, at_day(-2));
  }
  EXPECT_THAT(chosen(world), IsEmpty());
  add_audience(world, fourth, 30);  // 132 now, a fifth are 27
  EXPECT_THAT(chosen(world), ElementsAre(6));
  world.policy.elector_share = 0.24;  // 31.7: more than Two adds, less than Four with both
  world.respond(1, Verb::kReply, 7, at_day(-20));
  world.respond(2, Verb::kReply, 7, at_day(-20));
  EXPECT_THAT(chosen(world), Not(Contains(7U)));
}

TEST(TeleportSet, OpensToACliqueThatFooledOnePersonForAHundredthOfEverybodyTwice) {
  TestWorld world = of_method(3);
  const auto people = world.add_accounts(1000);
  std::mt19937 rng(7);
  for (int i = 0; i < 20'000; ++i) {
    // Some are responded to more than others.
    const AccountId to = people[rng() % (1 + rng() % 1000)];
    const AccountId from = people[rng() % 1000];
    if (from != to) {
      world.respond(from, Verb::kReply, to, at_ms(-1 - static_cast<int64_t>(rng() % kMsPerDay)));
    }
  }
  ASSERT_THAT(chosen(world), SizeIs(Ge(50U)));
  // Leaders with followings of their own, who turn to all fakes; one person is fooled.
  const auto attacked = [&](uint32_t leaders, uint32_t following) {
    TestWorld with = world;
    const auto fakes = with.add_accounts(leaders);
    for (const AccountId leader : fakes) {
      for (const AccountId follower : add_audience(with, leader, following)) {
        for (const AccountId other : fakes) {
          if (other != leader) with.respond(other, Verb::kReply, follower, at_day(-9));
        }
        with.respond(follower, Verb::kReply, people[rng() % 50], at_day(-2));
      }
      for (const AccountId other : fakes) {
        if (other != leader) with.respond(leader, Verb::kReply, other, at_day(-9));
      }
      with.respond(leader, Verb::kReply, people[0], at_day(-2));
    }
    with.respond(people[0], Verb::kReply, fakes[0], at_day(-9));
    const auto set = chosen(with);
    return std::count_if(set.begin(), set.end(), [](AccountId a) { return a >= 1000; });
  };
  EXPECT_EQ(attacked(2, 8), 0) << "18 fakes, each leader has less than a hundredth";
  EXPECT_EQ(attacked(1, 50), 0) << "one elector is not enough, however large";
  EXPECT_EQ(attacked(8, 5), 0);
  EXPECT_GT(attacked(20, 40), 0) << "800 fakes: two thirds of everybody's electors are theirs";
}

TEST(TeleportSet, OpensToNobodyForOnePersonWhoIsFooledByEverybody) {
  TestWorld world = three_electors();
  const auto fakes = world.add_accounts(12);
  respond_to_each_other(world, fakes, -40);
  for (const AccountId fake : fakes) world.respond(fake, Verb::kReply, 0, at_day(-2));
  for (const AccountId fake : fakes) world.respond(0, Verb::kReply, fake, at_day(-30));
  world.respond(1, Verb::kReply, 5, at_day(-30));
  world.respond(2, Verb::kReply, 5, at_day(-30));
  EXPECT_THAT(chosen(world), ElementsAre(5)) << "one elector turned to all of them";
  // A second one opens it, for the seats that nobody else has: 15 % of 114 are 17.
  world.respond(1, Verb::kReply, fakes[3], at_day(-30));
  EXPECT_THAT(chosen(world), AllOf(SizeIs(14), IsSupersetOf(fakes))) << "and whom they turn to";
  world.policy.teleport_share = 0.02;
  EXPECT_THAT(chosen(world), ElementsAre(5, fakes[3]));
}

TEST(TeleportSet, GrowsWhileSeatsAreLeftByThoseWhoAreSeated) {
  TestWorld world = three_electors();
  for (const AccountId elector : std::vector<AccountId>{0, 1}) {
    for (const AccountId next : std::vector<AccountId>{5, 7})
      world.respond(elector, Verb::kReply, next, at_day(-20));
  }
  for (const AccountId seated : std::vector<AccountId>{5, 7})
    world.respond(seated, Verb::kReply, 9, at_day(-20));
  for (const AccountId two : std::vector<AccountId>{2, 9})
    world.respond(two, Verb::kReply, 11, at_day(-20));
  world.respond(9, Verb::kReply, 4, at_day(-20));
  EXPECT_THAT(chosen(world), ElementsAre(5, 7, 9, 11)) << "One turned to Two, Nine to Four: alone";
  world.policy.teleport_share = 0.03;  // of 102
  EXPECT_THAT(chosen(world), ElementsAre(5, 7, 9));
  world.policy.teleport_share = 0.02;
  EXPECT_THAT(chosen(world), ElementsAre(5, 7));
}

TEST(TeleportSet, OfTwoInASmallPlaceAreBoth) {
  TestWorld world = of_method(3);
  world.add_accounts(3);
  EXPECT_THAT(chosen(world), IsEmpty());
  world.respond(0, Verb::kReply, 1, at_day(-100));
  EXPECT_THAT(chosen(world), IsEmpty()) << "nobody turned back";
  world.respond(1, Verb::kReply, 0, at_day(-50));
  EXPECT_THAT(chosen(world), ElementsAre(0, 1));
}

TEST(TeleportSet, IsChosenInEachNetworkApart) {
  TestWorld world = of_method(3);
  world.add_accounts(5, 0);
  world.add_accounts(5, 1);
  respond_to_each_other(world, {0, 1, 2}, -50);
  respond_to_each_other(world, {6, 7, 8}, -40);
  // Across networks nothing counts.
  respond_to_each_other(world, {3, 5}, -20);
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 2, 6, 7, 8));
}

using Audiences = std::vector<std::set<AccountId>>;

std::set<AccountId> union_of(const Audiences& audience, const std::set<AccountId>& group) {
  std::set<AccountId> all;
  for (const AccountId a : group) all.insert(audience[a].begin(), audience[a].end());
  return all;
}

// The core of each network and everybody's audience by another road: entry by entry, and from each
// account to whoever can be reached.
std::map<NetworkId, std::set<AccountId>> slow_cores(const GraphSnapshot& graph,
                                                    Audiences& audience) {
  const AccountId accounts = graph.accounts();
  audience.assign(accounts, {});
  for (const FoldEntry& e : graph.entries()) {
    if (e.courted() || graph.network_of(e.mover) != graph.network_of(e.receiver)) continue;
    audience[e.receiver].insert(e.mover);
  }
  std::vector<std::set<AccountId>> led_to_by(accounts);  // whose responses lead to whom
  for (AccountId a = 0; a < accounts; ++a) {
    std::vector<AccountId> open{a};
    while (!open.empty()) {
      const AccountId at = open.back();
      open.pop_back();
      for (const AccountId mover : audience[at]) {
        if (led_to_by[a].insert(mover).second) open.push_back(mover);
      }
    }
  }
  std::map<NetworkId, std::set<AccountId>> cores;
  for (AccountId a = 0; a < accounts; ++a) {
    std::set<AccountId> group;
    for (AccountId b = 0; b < accounts; ++b) {
      if (led_to_by[a].contains(b) && led_to_by[b].contains(a)) group.insert(b);
    }
    std::set<AccountId>& core = cores[graph.network_of(a)];
    if (union_of(audience, group).size() > union_of(audience, core).size()) core = group;
  }
  return cores;
}

// The set by another road: every elector by looking at everybody.
std::vector<AccountId> slow_set(const GraphSnapshot& graph, const Policy& policy) {
  Audiences audience;
  const auto cores = slow_cores(graph, audience);
  std::vector<AccountId> set;
  for (const auto& of_network : cores) {
    const std::set<AccountId>& core = of_network.second;
    const auto whole = static_cast<double>(union_of(audience, core).size());
    std::set<AccountId> electors;
    for (;;) {
      const std::set<AccountId> covered = union_of(audience, electors);
      std::optional<std::pair<size_t, AccountId>> best;
      for (const AccountId a : core) {
        size_t adds = 0;
        for (const AccountId mover : audience[a]) adds += covered.contains(mover) ? 0 : 1;
        if (adds > 0 && static_cast<double>(adds) >= policy.elector_share * whole &&
            (!best || adds > best->first)) {
          best = {adds, a};
        }
      }
      if (!best) break;
      electors.insert(best->second);
    }
    // Who has a voice supports; who is seated has one in the next round.
    const auto order_now = [&](const std::set<AccountId>& voices, const std::set<AccountId>& in) {
      std::vector<std::tuple<int, int, AccountId>> order;  // best first
      for (const AccountId a : core) {
        int supporters = 0;
        for (const AccountId mover : audience[a]) supporters += voices.contains(mover) ? 1 : 0;
        if (supporters == 0 || in.contains(a)) continue;
        order.emplace_back(-supporters, -static_cast<int>(audience[a].size()), a);
      }
      std::sort(order.begin(), order.end());
      return order;
    };
    const int share = static_cast<int>(std::floor(policy.teleport_share * whole + 1e-9));
    const auto seats = static_cast<size_t>(std::max(share, policy.teleport_min));
    std::set<AccountId> in;
    std::set<AccountId> voices = electors;
    for (size_t before = 1; before != 0;) {
      before = 0;
      for (const auto& [minus_supporters, minus_audience, account] : order_now(voices, in)) {
        if (in.size() >= seats || -minus_supporters < policy.supporters_min) break;
        in.insert(account);
        ++before;
      }
      voices.insert(in.begin(), in.end());
    }
    for (const auto& one : order_now(voices, in)) {
      if (in.size() >= static_cast<size_t>(policy.teleport_min)) break;
      in.insert(std::get<AccountId>(one));
    }
    set.insert(set.end(), in.begin(), in.end());
  }
  std::sort(set.begin(), set.end());
  return set;
}

RC_GTEST_PROP(TeleportSetProperty, IsWhatASlowSearchFinds, ()) {
  TestWorld world = *any_world();
  world.policy = under_method({}, 3);
  world.policy.teleport_min = *rc::gen::inRange(0, 6);
  world.policy.teleport_share = *rc::gen::inRange(0, 100) / 100.0;
  world.policy.elector_share = *rc::gen::inRange(0, 50) / 100.0;
  world.policy.supporters_min = *rc::gen::inRange(1, 4);
  const PersonMap persons = persons_of(world);
  const GraphSnapshot graph = graph_of(world, ledger_of(world, persons), persons);
  RC_ASSERT(choose_teleport_set(graph, world.policy, 1) == slow_set(graph, world.policy));
}

// Whatever made-up accounts do among themselves and to others: as long as there are fewer of them
// than an elector stands for, one person who is fooled by all of them lets none of them in.
RC_GTEST_PROP(TeleportSetProperty, OnePersonFooledOpensItToNobody, ()) {
  TestWorld world = *any_world();
  world.policy = under_method({}, 3);
  world.policy.teleport_min = 0;
  const auto ring = world.add_accounts(5, 0);
  respond_round(world, ring, -50);
  for (const AccountId elector : {ring[0], ring[2]}) add_audience(world, elector, 12);
  const auto honest = static_cast<AccountId>(world.account_network.size());
  const auto fakes = world.add_accounts(*rc::gen::inRange(2U, 7U), 0);
  const AccountId fooled = *rc::gen::inRange<AccountId>(0, honest);
  for (int i = *rc::gen::inRange(0, 60); i > 0; --i) {
    const AccountId fake = *rc::gen::elementOf(fakes);
    const AccountId other =
        *rc::gen::inRange<AccountId>(0, honest + static_cast<AccountId>(fakes.size()));
    if (other == fake) continue;
    const Instant at = at_ms(-1 - *rc::gen::inRange<int64_t>(0, 90) * kMsPerDay);
    if (*rc::gen::arbitrary<bool>()) {
      world.respond(fake, Verb::kReshare, other, at);
    } else if (other >= honest) {
      world.respond(other, Verb::kReshare, fake, at);
    } else {
      world.respond(fooled, Verb::kReshare, fake, at);
    }
  }
  world.policy.elector_share = *rc::gen::inRange(20, 80) / 100.0;
  const PersonMap persons = persons_of(world);
  const GraphSnapshot graph = graph_of(world, ledger_of(world, persons), persons);
  Audiences audience;
  const auto core = slow_cores(graph, audience)[0];
  const auto share =
      world.policy.elector_share * static_cast<double>(union_of(audience, core).size());
  RC_PRE(static_cast<double>(fakes.size()) < share);
  world.policy.supporters_min = *rc::gen::inRange(2, 4);
  for (const AccountId member : choose_teleport_set(graph, world.policy, 1)) {
    RC_ASSERT(member < honest);
  }
}

RC_GTEST_PROP(TeleportSetProperty, DoesNotDependOnThreads, ()) {
  TestWorld world = *any_world();
  world.policy = under_method({}, *rc::gen::inRange(1, kMethodNewest + 1));
  world.policy.teleport_min = *rc::gen::inRange(0, 12);
  const auto one = chosen(world, 1);
  RC_ASSERT(chosen(world, 3) == one);
  RC_ASSERT(std::is_sorted(one.begin(), one.end()));
}

// Whoever is in the set can be reached from everybody else in it, of their network, by responses
// that nobody courted: found here by walking, one account at a time.
RC_GTEST_PROP(TeleportSetProperty, ResponsesLeadFromEachOfItToEach, ()) {
  TestWorld world = *any_world();
  world.policy.method = *rc::gen::element(2, 3);
  const PersonMap persons = persons_of(world);
  const GraphSnapshot graph = graph_of(world, ledger_of(world, persons), persons);
  const auto set = choose_teleport_set(graph, world.policy, 1);
  for (const AccountId from : set) {
    std::vector<bool> reached(graph.accounts(), false);
    std::vector<AccountId> open{from};
    reached[from] = true;
    while (!open.empty()) {
      const AccountId at = open.back();
      open.pop_back();
      for (const FoldEntry& e : graph.entries()) {
        if (e.mover != at || e.courted() || reached[e.receiver]) continue;
        if (graph.network_of(e.receiver) != graph.network_of(at)) continue;
        reached[e.receiver] = true;
        open.push_back(e.receiver);
      }
    }
    for (const AccountId to : set) {
      RC_ASSERT(reached[to] || graph.network_of(to) != graph.network_of(from));
    }
  }
}

// ---- method 1: history --------------------------------------------------------------------------

TEST(TeleportSetByHistory, AreThoseWithTheLongestReciprocatedHistory) {
  TestWorld world = of_method(1);
  world.add_accounts(40);
  world.policy.teleport_min = 4;
  for (AccountId pair = 0; pair < 10; ++pair) {
    reciprocate(world, 2 * pair, 2 * pair + 1, 10 + pair);
  }
  EXPECT_THAT(chosen(world), ElementsAre(16, 17, 18, 19));
  world.policy.teleport_min = 6;
  EXPECT_THAT(chosen(world), ElementsAre(14, 15, 16, 17, 18, 19));
}

TEST(TeleportSetByHistory, IsAShareOfAllAccountsWhereThatIsMore) {
  TestWorld world = of_method(1);
  world.add_accounts(400);
  for (AccountId pair = 0; pair < 40; ++pair) reciprocate(world, 2 * pair, 2 * pair + 1, 10);
  EXPECT_EQ(chosen(world).size(), 10U) << "at least ten";
  world.policy.teleport_share = 0.03;
  EXPECT_EQ(chosen(world).size(), 12U);
  world.policy.teleport_share = 1;
  EXPECT_EQ(chosen(world).size(), 80U) << "no more than candidates";
}

// 0.29 * 100 is a little less than 29 in binary.
TEST(TeleportSetByHistory, ItsShareIsNotRoundedDownTwice) {
  TestWorld world = of_method(1);
  const auto all = world.add_accounts(100);
  for (const AccountId a : all) {
    const AccountId b = all[(a + 1) % 100];
    world.respond(a, Verb::kReply, b, at_day(-9));
    world.respond(b, Verb::kReply, a, at_day(-8));
  }
  world.policy.teleport_min = 0;
  for (int percent = 1; percent <= 100; ++percent) {
    world.policy.teleport_share = percent / 100.0;
    const TestScores scores = score_world(world);
    EXPECT_EQ(choose_teleport_set(scores.graph, world.policy, 1).size(),
              static_cast<size_t>(percent));
  }
}

TEST(TeleportSetByHistory, OneSidedHistoryIsNone) {
  TestWorld world = of_method(1);
  world.add_accounts(3);
  world.respond(0, Verb::kReply, 1, at_day(-100));
  world.respond(0, Verb::kReply, 1, at_day(-1));
  world.respond(1, Verb::kReply, 2, at_day(-50));
  EXPECT_THAT(chosen(world), IsEmpty());
}

TEST(TeleportSetByHistory, AHistoryOfOneInstantIsNone) {
  TestWorld world = of_method(1);
  world.add_accounts(2);
  reciprocate(world, 0, 1, 0);
  EXPECT_THAT(chosen(world), IsEmpty());
}

TEST(TeleportSetByHistory, HistoryRunsFromTheFirstToTheLastActWithAnyPartner) {
  TestWorld world = of_method(1);
  world.add_accounts(6);
  world.policy.teleport_min = 1;
  reciprocate(world, 0, 1, 50);
  // Two has a short exchange early and another one late: sixty days in all.
  reciprocate(world, 2, 3, 1);
  world.respond(2, Verb::kReply, 4, at_day(-41));
  world.respond(4, Verb::kReply, 2, at_day(-40));
  // Five has spoken to Zero for longer, but was never answered.
  world.respond(5, Verb::kReply, 0, at_day(-200));
  EXPECT_THAT(chosen(world), ElementsAre(2));
}

TEST(TeleportSetByHistory, TiesGoToMorePartnersThenToTheSmallerAccount) {
  TestWorld world = of_method(1);
  world.add_accounts(6);
  world.policy.teleport_min = 1;
  reciprocate(world, 0, 1, 50);
  reciprocate(world, 4, 5, 50);
  EXPECT_THAT(chosen(world), ElementsAre(0));
  reciprocate(world, 4, 3, 50);
  EXPECT_THAT(chosen(world), ElementsAre(4));
}

TEST(TeleportSetByHistory, IsChosenInEachNetworkApart) {
  TestWorld world = of_method(1);
  world.add_accounts(4, 0);
  world.add_accounts(4, 1);
  world.policy.teleport_min = 2;
  reciprocate(world, 0, 1, 50);
  reciprocate(world, 2, 3, 40);
  reciprocate(world, 4, 5, 3);
  reciprocate(world, 6, 7, 2);
  // Across networks nothing counts.
  reciprocate(world, 3, 7, 90);
  EXPECT_THAT(chosen(world), ElementsAre(0, 1, 4, 5));
}

}  // namespace
}  // namespace bellwether

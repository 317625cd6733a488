// SPDX-License-Identifier: Apache-2.0
#include "score/policy.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

namespace bellwether {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Policy parsed(const std::string& toml) {
  const Result<Policy> policy = parse_policy(toml);
  EXPECT_TRUE(policy.ok()) << (policy.ok() ? "" : policy.error().message) << "\n" << toml;
  return policy.ok() ? *policy : Policy{};
}

std::string refused(const std::string& toml) {
  const Result<Policy> policy = parse_policy(toml);
  EXPECT_FALSE(policy.ok()) << toml;
  if (policy.ok()) return "";
  EXPECT_EQ(policy.error().code, ErrorCode::kInvalidArgument);
  return policy.error().message;
}

void expect_same(const Policy& a, const Policy& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.credit.weight, b.credit.weight);
  EXPECT_EQ(a.credit.courting_ms, b.credit.courting_ms);
  EXPECT_EQ(a.half_life_days, b.half_life_days);
  EXPECT_EQ(a.half_life_weights, b.half_life_weights);
  EXPECT_EQ(a.momentum_half_life_hours, b.momentum_half_life_hours);
  EXPECT_EQ(a.points_per_doubling, b.points_per_doubling);
  EXPECT_EQ(a.courtesy_share, b.courtesy_share);
  EXPECT_EQ(a.crowd_share, b.crowd_share);
  EXPECT_EQ(a.vouches_max, b.vouches_max);
  EXPECT_EQ(a.vouch_half_life_days, b.vouch_half_life_days);
  EXPECT_EQ(a.damping, b.damping);
  EXPECT_EQ(a.vouched_min, b.vouched_min);
  EXPECT_EQ(a.method, b.method);
  EXPECT_EQ(a.teleport_share, b.teleport_share);
  EXPECT_EQ(a.teleport_min, b.teleport_min);
  EXPECT_EQ(a.elector_share, b.elector_share);
  EXPECT_EQ(a.supporters_min, b.supporters_min);
  EXPECT_EQ(a.teleport, b.teleport);
  EXPECT_EQ(a.margin_mass, b.margin_mass);
  EXPECT_EQ(a.settled_movers_min, b.settled_movers_min);
  EXPECT_EQ(a.settled_margin_max, b.settled_margin_max);
  EXPECT_EQ(a.reach_days, b.reach_days);
  EXPECT_EQ(a.topic_movers_min, b.topic_movers_min);
  EXPECT_EQ(a.topic_days_min, b.topic_days_min);
}

TEST(Policy, AnEmptyFileIsTheDefault) { expect_same(parsed(""), Policy{}); }

TEST(Policy, TheDefaultIsTheMethodOfTheDesign) {
  const Policy policy;
  EXPECT_THAT(policy.half_life_days, ElementsAre(30, 90, 365, 1826.25));
  EXPECT_THAT(policy.momentum_half_life_hours, ElementsAre(1, 6, 24, 168));
  EXPECT_EQ(policy.points_per_doubling, 99.0 / 20);
  EXPECT_EQ(policy.courtesy_share, 0.15);
  EXPECT_EQ(policy.crowd_share, 0.5);
  EXPECT_EQ(policy.vouches_max, 50);
  EXPECT_EQ(policy.damping, 0.5);
  EXPECT_EQ(policy.vouched_min, 0.05);
  EXPECT_EQ(policy.teleport_share, 0.15);
  EXPECT_EQ(policy.teleport_min, 10);
  EXPECT_EQ(policy.elector_share, 0.01);
  EXPECT_EQ(policy.supporters_min, 2);
  EXPECT_EQ(policy.margin_mass, 0.9);
  EXPECT_EQ(policy.settled_movers_min, 5);
  EXPECT_EQ(policy.settled_margin_max, 10);
  EXPECT_EQ(policy.credit.courting_ms, kMsPerDay);
}

// A policy of which no value is the default.
Policy unlike_the_default() {
  Policy policy;
  policy.name = "other";
  for (size_t verb = 1; verb < kVerbSlots; ++verb) {
    if (policy.credit.weight[verb] > 0) {
      policy.credit.weight[verb] = 0.01 + 0.377 * static_cast<double>(verb);
    }
  }
  policy.credit.courting_ms = 7'654'321;
  policy.half_life_days = {1.0 / 3, 77, 1e6};
  policy.momentum_half_life_hours = {0.001, 5.5};
  policy.points_per_doubling = 4.9;
  policy.courtesy_share = 0.1;
  policy.crowd_share = 0.4;
  policy.vouches_max = 33;
  policy.vouch_half_life_days = 1234.5;
  policy.damping = 0.7;
  policy.vouched_min = 0.07;
  policy.method = 1;
  policy.teleport_share = 0.03;
  policy.teleport_min = 11;
  policy.teleport = {"mastodon:@ana@example.social", "x:12345"};
  policy.margin_mass = 0.8;
  policy.settled_movers_min = 6;
  policy.settled_margin_max = 9;
  policy.reach_days = 300;
  policy.topic_movers_min = 4;
  policy.topic_days_min = 3;
  return policy;
}

TEST(Policy, WhatIsWrittenIsReadBack) {
  Policy weighted = unlike_the_default();
  weighted.half_life_weights = {0, 1.0 / 3, 7};
  expect_same(parsed(to_toml(weighted)), weighted);
  expect_same(parsed(to_toml(Policy{})), Policy{});
  expect_same(parsed(to_toml(unlike_the_default())), unlike_the_default());
}

TEST(Policy, NamesAndAccountsMayHoldAnyCharacter) {
  Policy policy;
  policy.name = "Ana's \"own\" \\ policy\n# 2";
  policy.teleport = {"csv:a \"quoted\" name", "csv:back\\slash", "csv:#hash", "csv:[x] = 'y'"};
  expect_same(parsed(to_toml(policy)), policy);
}

TEST(Policy, EveryMillisecondOfCourtingTimeIsReadBack) {
  for (const int64_t ms : {0L, 1L, 7L, 2'520'000L, 86'399'999L, 86'400'001L, 31'622'399'999L}) {
    Policy policy;
    policy.credit.courting_ms = ms;
    EXPECT_EQ(parsed(to_toml(policy)).credit.courting_ms, ms);
  }
  EXPECT_EQ(parsed("[credit]\ncourting_hours = 0.7").credit.courting_ms, 2'520'000);
}

RC_GTEST_PROP(PolicyProperty, AnyPolicyWithinItsBoundsIsReadBack, ()) {
  const auto between = [](double low, double high) {
    return low + (high - low) * (*rc::gen::inRange(0, 1'000'000'001) / 1e9);
  };
  Policy policy;
  for (size_t verb = 2; verb + 1 < kVerbSlots; ++verb) policy.credit.weight[verb] = between(0, 10);
  policy.credit.courting_ms = *rc::gen::inRange<int64_t>(0, 366 * kMsPerDay + 1);
  policy.half_life_days.assign(*rc::gen::inRange<size_t>(1, kHorizonsMax + 1), 0);
  for (double& h : policy.half_life_days) h = between(1e-3, 1e6);
  if (*rc::gen::arbitrary<bool>()) {
    policy.half_life_weights.assign(policy.half_life_days.size(), 1);
    for (double& weight : policy.half_life_weights) weight = between(1e-3, 10);
  }
  policy.points_per_doubling = between(1e-9, 100);
  policy.courtesy_share = between(0, 1);
  policy.damping = between(1e-9, 1 - 1e-9);
  policy.vouches_max = *rc::gen::inRange(1, 10'001);
  policy.vouch_half_life_days = between(1e-9, 36525);
  policy.margin_mass = between(0.01, 0.999);
  const Policy again = parsed(to_toml(policy));
  RC_ASSERT(again.credit.weight == policy.credit.weight);
  RC_ASSERT(again.credit.courting_ms == policy.credit.courting_ms);
  RC_ASSERT(again.half_life_days == policy.half_life_days);
  RC_ASSERT(again.half_life_weights == policy.half_life_weights);
  RC_ASSERT(again.points_per_doubling == policy.points_per_doubling);
  RC_ASSERT(again.courtesy_share == policy.courtesy_share);
  RC_ASSERT(again.damping == policy.damping);
  RC_ASSERT(again.vouches_max == policy.vouches_max);
  RC_ASSERT(again.vouch_half_life_days == policy.vouch_half_life_days);
  RC_ASSERT(policy_hash(again, {}) == policy_hash(policy, {}));
}

TEST(Policy, WhatItDoesNotNameKeepsItsDefault) {
  Policy expected;
  expected.damping = 0.25;
  expect_same(parsed("[standing]\ndamping = 0.25\n"), expected);
}

// ---- bounds -------------------------------------------------------------------------------------

struct Bound {
  const char* table;
  const char* key;
  double low, high;     // inclusive
  double below, above;  // the nearest that are refused
};

class PolicyBounds : public testing::TestWithParam<Bound> {};

TEST_P(PolicyBounds, HoldOnBothSides) {
  const Bound& b = GetParam();
  const auto with = [&](double value) {
    return fmt::format("[{}]\n{} = {}\n", b.table, b.key, value);
  };
  parsed(with(b.low));
  parsed(with(b.high));
  for (const double outside : {b.below, b.above, -1e300, 1e300}) {
    const std::string message = refused(with(outside));
    EXPECT_THAT(message, HasSubstr(fmt::format("{}.{}", b.table, b.key)));
    EXPECT_THAT(message, HasSubstr(fmt::format("outside {} to {}", b.low, b.high)));
  }
  for (const char* no_number : {"nan", "inf", "-inf", "\"1\"", "true", "[1]", "{ a = 1 }"}) {
    EXPECT_THAT(refused(fmt::format("[{}]\n{} = {}\n", b.table, b.key, no_number)),
                HasSubstr(fmt::format("{}.{}", b.table, b.key)));
  }
}

INSTANTIATE_TEST_SUITE_P(
    EveryKey, PolicyBounds,
    testing::Values(Bound{"credit", "courting_hours", 0, 24 * 366, -1e-9, 24 * 366 + 1e-9},
                    Bound{"credit", "reply", 0, 10, -1e-9, 10.000001},
                    Bound{"credit", "meet", 0, 10, -1e-9, 10.000001},
                    Bound{"credit", "adopt", 0, 10, -1e-9, 10.000001},
                    Bound{"credit", "post", 0, 0, -1e-9, 1e-9},
                    Bound{"credit", "undo", 0, 0, -1e-9, 1e-9},
                    Bound{"score", "points_per_doubling", 1e-9, 100, 0, 100.000001},
                    Bound{"score", "courtesy_share", 0, 1, -1e-9, 1.000001},
                    Bound{"score", "crowd_share", 0, 1, -1e-9, 1.000001},
                    Bound{"standing", "vouches_max", 1, 10'000, 0, 10'001},
                    Bound{"standing", "vouch_half_life_days", 1e-9, 36525, 0, 36525.1},
                    Bound{"standing", "damping", 1e-9, 1 - 1e-9, 0, 1},
                    Bound{"standing", "vouched_min", 1e-9, 1, 0, 1.000001},
                    Bound{"standing", "teleport_share", 0, 1, -1e-9, 1.000001},
                    Bound{"standing", "teleport_min", 0, 1'000'000, -1, 1'000'001},
                    Bound{"standing", "elector_share", 0, 1, -1e-9, 1.000001},
                    Bound{"standing", "supporters_min", 1, 1'000'000, 0, 1'000'001},
                    Bound{"margin", "mass", 0.01, 0.999, 0.0099999, 0.9990001},
                    Bound{"margin", "settled_movers_min", 0, 1'000'000, -1, 1'000'001},
                    Bound{"margin", "settled_margin_max", 0, 99, -1e-9, 99.000001},
                    Bound{"facets", "reach_days", 1, 36525, 0, 36526},
                    Bound{"topics", "movers_min", 1, 1'000'000, 0, 1'000'001},
                    Bound{"topics", "days_min", 1, 36525, 0, 36526}),
    [](const testing::TestParamInfo<Bound>& param) {
      return std::string(param.param.table) + "_" + param.param.key;
    });

TEST(Policy, EveryKeyHasItsBoundsTested) {
  // What to_toml writes of a policy without weights for its half-lives is all else there is; lists
  // and texts have tests of their own.
  std::set<std::string> tested{"name", "method", "half_life_days", "momentum_half_life_hours",
                               "teleport"};
  for (const char* key :
       {"courting_hours", "points_per_doubling", "courtesy_share", "crowd_share", "vouches_max",
        "vouch_half_life_days", "damping", "vouched_min", "teleport_share", "teleport_min",
        "elector_share", "supporters_min", "mass", "settled_movers_min", "settled_margin_max",
        "reach_days", "movers_min", "days_min"}) {
    tested.insert(key);
  }
  for (int verb = static_cast<int>(kVerbFirst); verb <= static_cast<int>(kVerbLast); ++verb) {
    tested.insert(std::string(to_string(static_cast<Verb>(verb))));
  }
  const std::string toml = to_toml(Policy{});
  size_t keys = 0;
  for (size_t begin = 0; begin < toml.size();) {
    const size_t end = std::min(toml.find('\n', begin), toml.size());
    const std::string line = toml.substr(begin, end - begin);
    begin = end + 1;
    const size_t equals = line.find(" = ");
    if (line.empty() || line[0] == '#' || equals == std::string::npos) continue;
    ++keys;
    EXPECT_TRUE(tested.contains(line.substr(0, equals))) << line;
  }
  EXPECT_EQ(keys, 5U + 16U + 17U);
}

TEST(Policy, WholeNumbersStayWhole) {
  for (const char* key :
       {"standing.vouches_max", "standing.teleport_min", "standing.supporters_min",
        "margin.settled_movers_min", "facets.reach_days", "topics.movers_min", "topics.days_min"}) {
    EXPECT_THAT(refused(fmt::format("{} = 7.5\n", key)), HasSubstr("not a whole number"));
    parsed(fmt::format("{} = 7.0\n", key));
  }
}

TEST(Policy, ListsHoldOneToEightHalfLivesWithinBounds) {
  for (const char* key : {"half_life_days", "momentum_half_life_hours"}) {
    const auto with = [&](const char* list) {
      return fmt::format("[score]\n{} = {}\n", key, list);
    };
    parsed(with("[0.001]"));
    parsed(with("[1, 2, 3, 4, 5, 6, 7, 1e6]"));
    for (const char* bad : {"[]", "[1, 2, 3, 4, 5, 6, 7, 8, 9]", "3", "\"3\""}) {
      EXPECT_THAT(refused(with(bad)), HasSubstr("list of 1 to 8 numbers")) << bad;
    }
    for (const char* bad :
         {"[0]", "[-1]", "[0.00099]", "[1000001]", "[1, \"2\"]", "[1, [2]]", "[nan]", "[inf]"}) {
      EXPECT_THAT(refused(with(bad)), HasSubstr(key)) << bad;
    }
  }
}

TEST(Policy, ThereAreAsManyWeightsAsHalfLivesAndOneIsAboveZero) {
  const auto with = [](const char* weights) {
    return fmt::format("[score]\nhalf_life_days = [30, 365]\nhalf_life_weights = {}\n", weights);
  };
  EXPECT_THAT(parsed(with("[0, 1]")).half_life_weights, ElementsAre(0, 1));
  EXPECT_THAT(parsed(with("[1e6, 2]")).half_life_weights, ElementsAre(1e6, 2));
  EXPECT_THAT(refused(with("[1]")), HasSubstr("1 numbers for the 2 of score.half_life_days"));
  EXPECT_THAT(refused(with("[1, 2, 3]")), HasSubstr("3 numbers for the 2"));
  EXPECT_THAT(refused(with("[0, 0]")), HasSubstr("score.half_life_weights are all 0"));
  EXPECT_THAT(refused(with("[0, -0.0]")), HasSubstr("score.half_life_weights are all 0"));
  for (const char* bad : {"[-1e-9, 1]", "[1, 1000001]", "[nan, 1]", "[1, \"2\"]"}) {
    EXPECT_THAT(refused(with(bad)), HasSubstr("score.half_life_weights")) << bad;
  }
  EXPECT_THAT(refused(with("[]")), HasSubstr("list of 1 to 8 numbers"));
  // In whichever order they stand in the file; the default has four half-lives.
  parsed("[score]\nhalf_life_weights = [1, 2]\nhalf_life_days = [30, 365]\n");
  parsed("[score]\nhalf_life_weights = [1, 2, 3, 4]\n");
  EXPECT_THAT(refused("[score]\nhalf_life_weights = [1, 2]\n"), HasSubstr("2 numbers for the 4"));
}

TEST(HorizonWeights, AreMultiplesOfAnEqualShare) {
  Policy policy;
  EXPECT_THAT(horizon_weights(policy), ElementsAre(1, 1, 1, 1, 0, 0, 0, 0));
  policy.half_life_weights = {0.1, 0.1, 0.1, 0.1};
  EXPECT_THAT(horizon_weights(policy), ElementsAre(1, 1, 1, 1, 0, 0, 0, 0));
  policy.half_life_weights = {0, 1, 1, 2};
  EXPECT_THAT(horizon_weights(policy), ElementsAre(0, 1, 1, 2, 0, 0, 0, 0));
  policy.half_life_weights = {0, 5, 5, 10};
  EXPECT_THAT(horizon_weights(policy), ElementsAre(0, 1, 1, 2, 0, 0, 0, 0));
}

TEST(Policy, TheTeleportSetNamesAccountsOfNetworks) {
  EXPECT_THAT(parsed("[standing]\nteleport = [\"x:1\", \"mail:ana@example.org\"]\n").teleport,
              ElementsAre("x:1", "mail:ana@example.org"));
  EXPECT_THAT(refused("[standing]\nteleport = [\"ana\"]\n"), HasSubstr("network:name"));
  EXPECT_THAT(refused("[standing]\nteleport = [1]\n"), HasSubstr("network:name"));
  EXPECT_THAT(refused("[standing]\nteleport = \"x:1\"\n"), HasSubstr("list of accounts"));
}

TEST(Policy, WhatIsNotKnownIsRefusedByName) {
  EXPECT_THAT(refused("[score]\npoints = 1\n"), HasSubstr("'score.points' is not known"));
  EXPECT_THAT(refused("[credit]\nboost = 1\n"), HasSubstr("'credit.boost' is not known"));
  EXPECT_THAT(refused("[scroe]\ndamping = 0.5\n"), HasSubstr("scroe"));
  EXPECT_THAT(refused("[scroe]\n"), HasSubstr("'scroe' is not known"));
  EXPECT_THAT(refused("damping = 0.5\n"), HasSubstr("'damping' is not known"));
  EXPECT_THAT(refused("score = 3\n"), HasSubstr("score"));
  EXPECT_THAT(refused("[[score]]\npoints_per_doubling = 3\n"), HasSubstr("score"));
  EXPECT_THAT(refused("[margin]\nhalf_life_days = [30]\n"), HasSubstr("'margin.half_life_days'"));
}

TEST(Policy, WhatIsNotTomlIsRefusedWithItsLine) {
  EXPECT_THAT(refused("name = \"x\"\n[score\n"), HasSubstr("line 2"));
  EXPECT_THAT(refused("[score]\ncrowd_share = 0.5\ncrowd_share = 0.4\n"), HasSubstr("line 3"));
  EXPECT_THAT(refused("\xff\xfe"), HasSubstr("line 1"));
}

TEST(Policy, NameAndMethodAreChecked) {
  EXPECT_EQ(parsed("name = \"ours\"").name, "ours");
  EXPECT_THAT(refused("name = \"\""), HasSubstr("name"));
  EXPECT_THAT(refused("name = 3"), HasSubstr("name"));
  EXPECT_EQ(parsed("method = \"bellwether/1\"").method, 1);
  EXPECT_EQ(parsed("method = \"bellwether/2\"").method, 2);
  EXPECT_EQ(parsed("method = \"bellwether/3\"").method, 3);
  EXPECT_EQ(parsed("method = \"bellwether/4\"").method, 4);
  EXPECT_EQ(parsed("").method, 4) << "the newest";
  EXPECT_EQ(parsed("method = \"bellwether/1\"").teleport_share, 0.01);
  EXPECT_EQ(parsed("method = \"bellwether/1\"\nstanding.teleport_share = 0.1").teleport_share, 0.1);
  Policy own;
  own.teleport_share = 0.02;
  own.credit.weight[static_cast<size_t>(Verb::kFollow)] = 0.7;
  EXPECT_EQ(under_method(own, 1).teleport_share, 0.02) << "what somebody chose stays";
  EXPECT_EQ(under_method(own, 1).credit.weight[static_cast<size_t>(Verb::kFollow)], 0.7);
  EXPECT_EQ(under_method({}, 2).credit.weight[static_cast<size_t>(Verb::kFollow)], 0.5);
  for (const int older : {1, 2, 3}) expect_same(under_method(under_method({}, older), 4), {});
  EXPECT_THAT(refused("method = \"bellwether/5\""), HasSubstr("bellwether/4"));
  EXPECT_THAT(refused("method = \"bellwether/0\""), HasSubstr("bellwether/1"));
  EXPECT_THAT(refused("method = 1"), HasSubstr("bellwether/1"));
}

// ---- the hash -----------------------------------------------------------------------------------

TEST(PolicyHash, IsSixteenHexadecimalDigits) {
  const std::string hash = policy_hash({}, {});
  EXPECT_EQ(hash.size(), 16U);
  EXPECT_EQ(hash.find_first_not_of("0123456789abcdef"), std::string::npos);
}

TEST(PolicyHash, DoesNotChangeFromReleaseToRelease) {
  // Results are kept under this hash. Should this fail on purpose, the method's version must
  // change.
  EXPECT_EQ(policy_hash(under_method({}, 1), {}), "08031fe5c4988fb1");
  EXPECT_EQ(policy_hash(unlike_the_default(), {"x:1"}), "9f49523124d0008d") << "of method 1";
  EXPECT_EQ(policy_hash(under_method({}, 2), {}), "51ac04727facf8ed");
  EXPECT_EQ(policy_hash(under_method({}, 3), {}), "6e54859a2512f383");
  EXPECT_EQ(policy_hash({}, {}), "40fb540355edc820");
}

TEST(PolicyHash, IgnoresTheNameAndTheOrderOfTheTeleportSet) {
  Policy named;
  named.name = "another";
  EXPECT_EQ(policy_hash(named, {}), policy_hash({}, {}));
  EXPECT_EQ(policy_hash({}, {"x:1", "x:2"}), policy_hash({}, {"x:2", "x:1"}));
  EXPECT_EQ(policy_hash({}, {"x:1", "x:2"}), policy_hash({}, {"x:2", "x:1", "x:2"}))
      << "a set holds each account once";
}

TEST(PolicyHash, SpeaksOfTheTeleportSetInForceNotOfTheOneAskedFor) {
  Policy own;
  own.teleport = {"x:1"};
  EXPECT_EQ(policy_hash(own, {"x:1"}), policy_hash({}, {"x:1"}));
  EXPECT_NE(policy_hash({}, {"x:1"}), policy_hash({}, {}));
  EXPECT_NE(policy_hash({}, {"x:1"}), policy_hash({}, {"x:2"}));
  // Where one name ends and the next begins must not be lost.
  EXPECT_NE(policy_hash({}, {"x:1", "x:2"}), policy_hash({}, {"x:1\",\n  \"x:2"}));
}

TEST(PolicyHash, ChangesWithEveryOtherValue) {
  const Policy other = unlike_the_default();
  std::set<std::string> hashes{policy_hash({}, {})};
  size_t changes = 1;
  const auto change = [&](auto&& set) {
    Policy policy;
    set(policy);
    hashes.insert(policy_hash(policy, {}));
    ++changes;
  };
  for (size_t verb = 1; verb < kVerbSlots; ++verb) {
    if (other.credit.weight[verb] == 0) continue;
    change([&](Policy& p) { p.credit.weight[verb] = other.credit.weight[verb]; });
  }
  change([&](Policy& p) { p.credit.courting_ms = other.credit.courting_ms; });
  change([&](Policy& p) { p.half_life_days = other.half_life_days; });
  change([&](Policy& p) { std::swap(p.half_life_days[0], p.half_life_days[1]); });
  change([&](Policy& p) { p.half_life_weights = {1, 1, 1, 2}; });
  change([&](Policy& p) { p.momentum_half_life_hours = other.momentum_half_life_hours; });
  change([&](Policy& p) { p.points_per_doubling = other.points_per_doubling; });
  change([&](Policy& p) { p.courtesy_share = other.courtesy_share; });
  change([&](Policy& p) { p.crowd_share = other.crowd_share; });
  change([&](Policy& p) { p.vouches_max = other.vouches_max; });
  change([&](Policy& p) { p.vouch_half_life_days = other.vouch_half_life_days; });
  change([&](Policy& p) { p.damping = other.damping; });
  change([&](Policy& p) { p.vouched_min = other.vouched_min; });
  change([&](Policy& p) { p.method = 1; });
  change([&](Policy& p) { p.teleport_share = other.teleport_share; });
  change([&](Policy& p) { p.teleport_min = other.teleport_min; });
  change([&](Policy& p) { p.elector_share = 0.02; });
  change([&](Policy& p) { p.supporters_min = 3; });
  change([&](Policy& p) { p.margin_mass = other.margin_mass; });
  change([&](Policy& p) { p.settled_movers_min = other.settled_movers_min; });
  change([&](Policy& p) { p.settled_margin_max = other.settled_margin_max; });
  change([&](Policy& p) { p.reach_days = other.reach_days; });
  change([&](Policy& p) { p.topic_movers_min = other.topic_movers_min; });
  change([&](Policy& p) { p.topic_days_min = other.topic_days_min; });
  // The smallest change there is.
  change([&](Policy& p) {
    p.damping = std::nextafter(p.damping, std::numeric_limits<double>::max());
  });
  change([&](Policy& p) { p.credit.courting_ms += 1; });
  EXPECT_EQ(hashes.size(), changes);
}

TEST(PolicyHash, OfAnOlderMethodKnowsNothingOfWhatANewerOneAdds) {
  const Policy older = under_method({}, 2);
  Policy with = older;
  with.elector_share = 0.3;
  with.supporters_min = 9;
  EXPECT_EQ(policy_hash(with, {}), policy_hash(older, {}));
  EXPECT_EQ(to_toml(with).find("elector"), std::string::npos);
  expect_same(parsed(to_toml(with)), older);
}

TEST(PolicyHash, OfWeightsOnlyTheProportionsMatter) {
  const auto weighing = [](std::vector<double> weights) {
    Policy policy;
    policy.half_life_weights = std::move(weights);
    return policy_hash(policy, {});
  };
  EXPECT_EQ(weighing({1, 1, 1, 1}), policy_hash({}, {}));
  EXPECT_EQ(weighing({0.1, 0.1, 0.1, 0.1}), policy_hash({}, {}));
  EXPECT_EQ(weighing({1, 2, 3, 4}), weighing({0.1, 0.2, 0.3, 0.4}));
  EXPECT_EQ(weighing({1, 2, 3, 4}), weighing({1.0 / 7, 2.0 / 7, 3.0 / 7, 4.0 / 7}));
  EXPECT_EQ(weighing({0, 0, 0, 3}), weighing({0, 0, 0, 1}));
  const std::set<std::string> unlike{weighing({}), weighing({1, 2, 3, 4}), weighing({2, 1, 3, 4}),
                                     weighing({1, 1, 1, 0}), weighing({1, 1, 1, 1.001})};
  EXPECT_EQ(unlike.size(), 5U);
}

TEST(PolicyHash, AnExplicitDefaultAndAnotherSpellingMeanTheSame) {
  EXPECT_EQ(policy_hash(parsed("[standing]\ndamping = 0.5\n"), {}), policy_hash({}, {}));
  EXPECT_EQ(policy_hash(parsed("standing.damping = 5e-1\n"), {}), policy_hash({}, {}));
  EXPECT_EQ(policy_hash(parsed("[credit]\nreact = 0\n"), {}),
            policy_hash(parsed("[credit]\nreact = -0.0\n"), {}));
}

}  // namespace
}  // namespace bellwether

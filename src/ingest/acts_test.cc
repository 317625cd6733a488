// SPDX-License-Identifier: Apache-2.0
#include "ingest/acts.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <string>

#include "base/hash.h"
#include "ingest/adapter_testing.h"

namespace bellwether {
namespace {

struct Delivery {
  CollectingSink sink;
  KnownProfiles known;
  RecordActs acts;

  std::string deliver() {
    CollectingSink fresh;
    {
      LeftAloneCounts left_alone(fresh);
      EXPECT_TRUE(acts.deliver(fresh, known, left_alone).ok());
    }
    return fresh.text();
  }
  InteractionEvent& add(Verb verb, std::string_view name) {
    InteractionEvent& event = acts.add_event();
    event.verb = verb;
    event.account = {"n", name};
    event.object = "o";
    return event;
  }
};

TEST(RecordActs, GivesEveryEventOfARecordWithItsTopicsAndProvenance) {
  Delivery d;
  d.acts.begin(7, "bytes");
  d.add(Verb::kPost, "ana");
  d.add(Verb::kReply, "ana");
  d.acts.add_topic("#Kilns");
  d.acts.add_topic("kilns");
  d.acts.add_topic("  ");
  EXPECT_EQ(d.acts.add_event().provenance.record_hash, hash64("bytes"));
  d.acts.begin(8, "other");
  d.add(Verb::kPost, "bo");
  d.acts.add_topic("#Kilns");
  d.acts.add_topic("kilns");
  EXPECT_EQ(d.deliver(), "8 unknown n:bo post o - - 1 kilns public -\n");
}

TEST(RecordActs, KeepsNothingOfTheRecordBefore) {
  Delivery d;
  d.acts.begin(1, "a");
  d.add(Verb::kPost, "ana").count = 5;
  d.acts.add_topic("kilns");
  d.acts.begin(2, "b");
  d.acts.leave_alone("star/deleted");
  EXPECT_EQ(d.deliver(), "left alone 1 star/deleted\n");
  d.acts.begin(3, "c");
  d.add(Verb::kPost, "bo");
  EXPECT_EQ(d.deliver(), "3 unknown n:bo post o - - 1 - public -\n");
}

TEST(RecordActs, TakesARecordWholeOrRejectsItWhole) {
  Delivery d;
  d.acts.begin(4, "c");
  d.add(Verb::kPost, "ana");
  d.add(Verb::kReply, "a\x01na");
  AccountProfile profile;
  profile.account = {"n", "ana"};
  d.acts.add_profile(profile);
  EXPECT_EQ(d.deliver(),
            "reject 4 actor has a name that is not valid UTF-8 or holds control characters\n");
}

TEST(RecordActs, TellsAProfileOnceAndAgainWhenItChanges) {
  Delivery d;
  AccountProfile profile;
  profile.account = {"n", "ana"};
  profile.display_name = "@Ana";
  const auto told = [&] {
    d.acts.begin(1, "a");
    d.add(Verb::kPost, "ana");
    d.acts.add_profile(profile);
    return d.deliver().find("profile") != std::string::npos;
  };
  EXPECT_TRUE(told());
  EXPECT_FALSE(told());
  profile.display_name = "@Anna";
  EXPECT_TRUE(told());
  profile.kind = AccountKind::kBot;
  EXPECT_TRUE(told());
  EXPECT_FALSE(told());
}

TEST(RecordActs, KeepsTheFirstTopicsOnly) {
  Delivery d;
  d.acts.begin(1, "a");
  InteractionEvent& event = d.add(Verb::kPost, "ana");
  for (size_t i = 0; i < kTopicsMax + 3; ++i) d.acts.add_topic(fmt::format("t{}", i));
  d.deliver();
  EXPECT_EQ(event.topics.size(), kTopicsMax);
  EXPECT_EQ(event.topics.back(), "t63");
}

TEST(RecordActs, PhrasesOfATitleStandBehindTheTopicsUpToTheBound) {
  Delivery d;
  d.acts.begin(1, "a");
  d.add(Verb::kPost, "ana");
  d.acts.add_topic("raku");
  d.acts.add_title("Raku and salt glaze");
  EXPECT_EQ(d.deliver(), "1 unknown n:ana post o - - 1 raku,_salt-glaze,_salt,_glaze public -\n");
  d.acts.begin(2, "b");
  InteractionEvent& event = d.add(Verb::kPost, "ana");
  for (size_t i = 0; i + 1 < kTopicsMax; ++i) d.acts.add_topic(fmt::format("t{}", i));
  d.acts.add_title("salt glaze");
  d.deliver();
  EXPECT_EQ(event.topics.size(), kTopicsMax);
  EXPECT_EQ(event.topics.back(), "_salt-glaze");
}

TEST(LeftAloneCounts, BoundsTheKindsThatTheInputNames) {
  CollectingSink sink;
  {
    LeftAloneCounts counts(sink);
    for (size_t i = 0; i < LeftAloneCounts::kKindsMax + 5; ++i) counts.add(fmt::format("k{}", i));
    counts.add("k0", 2);
    counts.add("bad\nkind");
    counts.add("none of these", 0);
  }
  EXPECT_EQ(sink.left_alone().at("k0"), 3U);
  EXPECT_EQ(sink.left_alone().at(std::string(LeftAloneCounts::kOthers)), 6U);
  EXPECT_EQ(sink.left_alone().size(), LeftAloneCounts::kKindsMax + 1);
}

}  // namespace
}  // namespace bellwether

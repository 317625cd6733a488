// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace bellwether {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

InteractionEvent reply() {
  InteractionEvent event;
  event.account = {"mastodon", "@ana@example.social"};
  event.verb = Verb::kReply;
  event.object = "https://example.social/@bo/1";
  event.published = Instant{1'341'403'200'000};
  return event;
}

TEST(Verbs, NamesAndNumbersAreKeptForEver) {
  EXPECT_EQ(to_string(Verb::kPost), "post");
  EXPECT_EQ(to_string(Verb::kUndo), "undo");
  EXPECT_EQ(static_cast<int>(Verb::kReact), 5);
  for (auto v = static_cast<uint8_t>(kVerbFirst); v <= static_cast<uint8_t>(kVerbLast); ++v) {
    EXPECT_EQ(parse_verb(to_string(static_cast<Verb>(v))), static_cast<Verb>(v));
  }
  EXPECT_FALSE(parse_verb(""));
  EXPECT_FALSE(parse_verb("Reply"));
}

// Kept in every workspace: these must not change with the code.
TEST(Identity, IdsOfEventsAreFrozen) {
  InteractionEvent event = reply();
  EXPECT_EQ(to_hex(identify(event)), "b11abbb025823aabd27188d1b24e20d7");
  event.native_id = "https://example.social/@ana/2";
  EXPECT_EQ(to_hex(identify(event)), "07645bbb2394b11ef66c50944ccfaa30");
}

TEST(Identity, EveryFieldThatMakesAnActMakesAnotherId) {
  const EventId id = identify(reply());
  const auto changed = [&](auto&& change) {
    InteractionEvent event = reply();
    change(event);
    return identify(event) != id;
  };
  EXPECT_TRUE(changed([](auto& e) { e.account.name = "@bo@example.social"; }));
  EXPECT_TRUE(changed([](auto& e) { e.account.network = "x"; }));
  EXPECT_TRUE(changed([](auto& e) { e.verb = Verb::kReact; }));
  EXPECT_TRUE(changed([](auto& e) { e.object = "https://example.social/@bo/2"; }));
  EXPECT_TRUE(changed([](auto& e) { e.target = {"mastodon", "@cy@example.social"}; }));
  EXPECT_TRUE(changed([](auto& e) { e.published.ms += 1; }));
  EXPECT_TRUE(changed([](auto& e) { e.count = 2; }));
  EXPECT_FALSE(changed([](auto& e) { e.topics.push_back("rust"); }));
  EXPECT_FALSE(changed([](auto& e) { e.provenance.record = 7; }));
}

TEST(Identity, FieldsDoNotRunIntoOneAnother) {
  InteractionEvent a = reply();
  a.account.name = "ab";
  a.object = "c";
  InteractionEvent b = reply();
  b.account.name = "a";
  b.object = "bc";
  EXPECT_NE(identify(a), identify(b));
}

TEST(Identity, AnActIsFoundByItsNativeIdAlone) {
  InteractionEvent event = reply();
  event.native_id = "https://example.social/@ana/2";
  EXPECT_EQ(identify(event).low, object_key("https://example.social/@ana/2"));
  // A second report of it that knows whose the object is, is the same act.
  InteractionEvent fuller = event;
  fuller.author = {"mastodon", "@bo@example.social"};
  EXPECT_EQ(identify(fuller), identify(event));
  // The same record also mentions somebody: another event of the same act.
  InteractionEvent mention = event;
  mention.verb = Verb::kMention;
  mention.target = {"mastodon", "@cy@example.social"};
  EXPECT_EQ(identify(mention).low, identify(event).low);
  EXPECT_NE(identify(mention).high, identify(event).high);
}

TEST(Identity, TheTimeOfAnActCanComeLater) {
  InteractionEvent timed = reply();
  timed.native_id = "like-1";
  InteractionEvent untimed = timed;
  untimed.published = Instant::unknown();
  EXPECT_NE(identify(timed), identify(untimed));
}

TEST(Identity, OrdinalsAreApart) {
  const EventId id = identify(reply());
  EXPECT_NE(with_ordinal(id, 1), id);
  EXPECT_NE(with_ordinal(id, 1), with_ordinal(id, 2));
}

TEST(Objects, AnActWithoutAnIdCanBeNamed) {
  const EventId id = identify(reply());
  EXPECT_EQ(object_key(act_reference(id.low)), id.low);
  EXPECT_EQ(object_key(""), 0U);
  EXPECT_NE(object_key("act:0123"), 0x0123U);
  EXPECT_NE(object_key("act:zzzzzzzzzzzzzzzz"), 0U);
}

TEST(Problems, EveryBoundHasTwoSides) {
  EXPECT_THAT(problem_with(reply()), IsEmpty());
  const auto problem = [](auto&& change) {
    InteractionEvent event = reply();
    change(event);
    return problem_with(event);
  };
  const std::string fits(kNameBytesMax, 'n');
  const std::string over(kNameBytesMax + 1, 'n');
  EXPECT_THAT(problem([](auto& e) { e.account = {}; }), HasSubstr("actor is missing"));
  EXPECT_THAT(problem([&](auto& e) { e.account.name = fits; }), IsEmpty());
  EXPECT_THAT(problem([&](auto& e) { e.account.name = over; }), HasSubstr("512"));
  EXPECT_THAT(problem([](auto& e) { e.account.name = " ana"; }), HasSubstr("spaces"));
  EXPECT_THAT(problem([](auto& e) { e.account.name = "a\tb"; }), HasSubstr("control"));
  EXPECT_THAT(problem([](auto& e) { e.account.name = "\xff"; }), HasSubstr("UTF-8"));
  EXPECT_THAT(problem([](auto& e) { e.account.network = "X"; }), HasSubstr("network"));
  EXPECT_THAT(problem([](auto& e) { e.target = {"", "bo"}; }), HasSubstr("target"));
  EXPECT_THAT(problem([](auto& e) { e.author = {"x", "bo "}; }), HasSubstr("author"));
  const std::string object_fits(kObjectBytesMax, 'o');
  const std::string object_over(kObjectBytesMax + 1, 'o');
  EXPECT_THAT(problem([&](auto& e) { e.object = object_fits; }), IsEmpty());
  EXPECT_THAT(problem([&](auto& e) { e.object = object_over; }), HasSubstr("4096"));
  EXPECT_THAT(problem([](auto& e) { e.native_id = "a\nb"; }), HasSubstr("id"));
  EXPECT_THAT(problem([](auto& e) { e.count = 0; }), HasSubstr("count"));
  EXPECT_THAT(problem([](auto& e) { e.count = kCountMax; }), IsEmpty());
  EXPECT_THAT(problem([](auto& e) { e.count = kCountMax + 1; }), HasSubstr("count"));
  EXPECT_THAT(problem([](auto& e) { e.topics.assign(kTopicsMax, "t"); }), IsEmpty());
  EXPECT_THAT(problem([](auto& e) { e.topics.assign(kTopicsMax + 1, "t"); }), HasSubstr("64"));
  EXPECT_THAT(problem([](auto& e) { e.published = kLatest; }), HasSubstr("time"));
  EXPECT_THAT(problem([](auto& e) { e.published = Instant::unknown(); }), IsEmpty());
  EXPECT_THAT(problem([](auto& e) {
                e.verb = Verb::kUndo;
                e.object = {};
              }),
              HasSubstr("undo"));
}

TEST(Topics, OneFormForOneTopic) {
  EXPECT_EQ(normalise_topic("#Rust"), "rust");
  EXPECT_EQ(normalise_topic("  Machine  Learning "), "machine-learning");
  EXPECT_EQ(normalise_topic("machine_learning"), "machine-learning");
  EXPECT_EQ(normalise_topic("ÉCOLE"), "école");
  EXPECT_EQ(normalise_topic("C#"), "c#");
  EXPECT_EQ(normalise_topic("#"), "");
  EXPECT_EQ(normalise_topic("\xff"), "");
  EXPECT_EQ(normalise_topic(std::string(kTopicBytesMax, 'a')).size(), kTopicBytesMax);
  EXPECT_EQ(normalise_topic(std::string(kTopicBytesMax + 1, 'a')), "");
}

TEST(Text, CleanIsValidUtf8WithoutControls) {
  EXPECT_TRUE(is_clean_text(""));
  EXPECT_TRUE(is_clean_text("@ana 日本"));
  EXPECT_FALSE(is_clean_text(std::string_view("a\0b", 3)));
  EXPECT_FALSE(is_clean_text("a\x7f"));
  EXPECT_FALSE(is_clean_text("日\x1b"));
  EXPECT_FALSE(is_clean_text("\xc3\x28"));
  EXPECT_FALSE(is_clean_text("\xed\xa0\x80"));  // a surrogate
}

}  // namespace
}  // namespace bellwether

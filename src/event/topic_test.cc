// SPDX-License-Identifier: Apache-2.0
#include "event/topic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "event/event.h"

namespace bellwether {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(TopicKey, OneTopicHoweverItIsSpelt) {
  const std::string key = topic_key("quantum-gates");
  EXPECT_EQ(key, "quantumgates");
  for (const char* name : {"Quantum Gates", "QuantumGates", "quantum_gates", "QUANTUM-GATES",
                           "quantum.gates", "_quantum-gates", "ｑｕａｎｔｕｍ gates"}) {
    EXPECT_EQ(topic_key(name), key) << name;
  }
  EXPECT_EQ(topic_key("Straße"), topic_key("STRASSE"));
  EXPECT_EQ(topic_key("cafe\u0301"), topic_key("CAFÉ"));
}

TEST(TopicKey, WhatSetsTopicsApartStays) {
  EXPECT_NE(topic_key("c"), topic_key("c++"));
  EXPECT_NE(topic_key("c++"), topic_key("c#"));
  EXPECT_NE(topic_key("net"), topic_key(".net"));
  EXPECT_EQ(topic_key("node.js"), topic_key("nodejs"));
  EXPECT_NE(topic_key("octo/hello"), topic_key("octohello"));
  EXPECT_NE(topic_key("cafe"), topic_key("café"));
  EXPECT_EQ(topic_key("量子 计算"), topic_key("量子计算"));
}

TEST(TopicKey, WhatIsNothingButSignsIsItsOwnKey) {
  EXPECT_EQ(topic_key("..."), "...");
  EXPECT_EQ(topic_key("—"), "—");
  EXPECT_FALSE(topic_key("🐑").empty());
  EXPECT_EQ(topic_key(""), "");
  EXPECT_EQ(topic_key("\xff"), "");
  EXPECT_EQ(topic_key(std::string(4096, 'a')).size(), 4096u);
  EXPECT_EQ(topic_key(std::string(4097, 'a')), "");
}

TEST(TopicMark, TellsAPhraseFromATopic) {
  EXPECT_EQ(phrase_of("_quantum-gates"), "quantum-gates");
  EXPECT_EQ(phrase_of("quantum-gates"), "");
  EXPECT_EQ(without_mark("_quantum-gates"), "quantum-gates");
  EXPECT_EQ(without_mark("quantum-gates"), "quantum-gates");
}

TEST(TitlePhrases, AreTheRunsBetweenFunctionWords) {
  EXPECT_THAT(title_phrases("How do quantum gates work?"),
              ElementsAre("_quantum-gates", "_quantum", "_gates"));
  EXPECT_THAT(title_phrases("What is the difference between a qubit and a classical bit?"),
              ElementsAre("_qubit", "_classical-bit", "_classical", "_bit"));
  EXPECT_THAT(title_phrases("Wie brennt man einen Salzofen mit Holz?"), Contains("_salzofen"));
}

TEST(TitlePhrases, SignsPartThemAndHyphensDoNot) {
  EXPECT_THAT(title_phrases("kilns: sea-salt glaze"),
              ElementsAre("_kilns", "_sea-salt-glaze", "_sea-salt", "_salt-glaze", "_sea", "_salt",
                          "_glaze"));
  EXPECT_THAT(title_phrases("kilns - glazes"), ElementsAre("_kilns", "_glazes"));
  EXPECT_THAT(title_phrases("C++ and C# for #kilns"), ElementsAre("_c++", "_c#", "_kilns"));
}

TEST(TitlePhrases, LongerRunsGivePairsAndWords) {
  const auto phrases = title_phrases("salt glaze kiln firing schedule");
  EXPECT_THAT(phrases, SizeIs(kTitlePhrasesMax));
  EXPECT_THAT(phrases, ElementsAre("_salt-glaze", "_glaze-kiln", "_kiln-firing", "_firing-schedule",
                                   "_salt", "_glaze", "_kiln", "_firing"));
}

TEST(TitlePhrases, NumbersStandOnlyBehindAWord) {
  EXPECT_THAT(title_phrases("Windows 95"), ElementsAre("_windows-95", "_windows"));
  EXPECT_THAT(title_phrases("1729"), IsEmpty());
  EXPECT_THAT(title_phrases("3 kilns"), ElementsAre("_kilns"));
}

TEST(TitlePhrases, NobodyIsNamedByThem) {
  for (const char* title : {"Thanks @ana for kilns", "kilns by ana@example.org",
                            "kilns, see https://example.org/ana"}) {
    const auto phrases = title_phrases(title);
    EXPECT_THAT(phrases, Contains("_kilns")) << title;
    for (const std::string& phrase : phrases) {
      EXPECT_EQ(phrase.find("ana"), std::string::npos) << title << ": " << phrase;
    }
  }
}

TEST(TitlePhrases, ScriptsWithoutSpacesAreCutIntoWords) {
  const auto phrases = title_phrases("量子计算的应用");
  EXPECT_THAT(phrases, Not(IsEmpty()));
  bool found = false;
  for (const std::string& phrase : phrases) found |= topic_key(phrase) == topic_key("量子");
  EXPECT_TRUE(found);
}

TEST(TitlePhrases, ATextLongerThanATitleGivesNone) {
  std::string title = "kilns";
  title.resize(kTitleBytesMax, ' ');
  EXPECT_THAT(title_phrases(title), ElementsAre("_kilns"));
  EXPECT_THAT(title_phrases(title + ' '), IsEmpty());
  EXPECT_THAT(title_phrases(""), IsEmpty());
  EXPECT_THAT(title_phrases("\xff kilns"), IsEmpty());
}

TEST(TitlePhrases, WordsBehindTheFortiethAreNotLookedAt) {
  std::string title;
  for (size_t i = 1; i < kTitleWordsMax; ++i) title += "the ";
  EXPECT_THAT(title_phrases(title + "kiln glaze"), ElementsAre("_kiln"));
  EXPECT_THAT(title_phrases(title + "the kiln"), IsEmpty());
}

RC_GTEST_PROP(TitlePhrases, AreTopicsWithAMarkWithinEveryBound, (const std::string& text)) {
  const auto phrases = title_phrases(text);
  RC_ASSERT(phrases.size() <= kTitlePhrasesMax);
  for (const std::string& phrase : phrases) {
    const std::string_view bare = phrase_of(phrase);
    RC_ASSERT(!bare.empty());
    RC_ASSERT(phrase.size() <= kTopicBytesMax);
    RC_ASSERT(is_clean_text(phrase));
    RC_ASSERT(bare.find(kTitlePhraseMark) == std::string_view::npos);
    RC_ASSERT(normalise_topic(bare) == bare || bare.front() == '#');
  }
}

RC_GTEST_PROP(TopicKey, OfAKeyIsTheKey, (const std::string& text)) {
  const std::string key = topic_key(normalise_topic(text));
  RC_ASSERT(topic_key(key) == key);
}

}  // namespace
}  // namespace bellwether

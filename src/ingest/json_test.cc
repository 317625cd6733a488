// SPDX-License-Identifier: Apache-2.0
#include "ingest/json.h"

#include <gtest/gtest.h>

#include <string>

namespace bellwether {
namespace {

bool parses(std::string_view text) {
  JsonParser parser;
  return parser.parse(text).has_value();
}

std::string text_of(std::string_view document) {
  JsonParser parser;
  const std::optional<JsonElement> element = parser.parse(document);
  return element.has_value() ? std::string(json_text(*element, "t")) : "(no JSON)";
}

TEST(JsonParser, SeesRubbishWhereverItStands) {
  EXPECT_TRUE(parses(R"( {"t":"a","u":[1,2.5,-3e4,null,true]} )"));
  EXPECT_FALSE(parses(R"({"t":"a"} x)"));
  EXPECT_FALSE(parses(R"({"t":"a"}{"t":"b"})"));
  EXPECT_FALSE(parses(R"({"t":"a","u":tru})"));
  EXPECT_FALSE(parses(R"({"t":"a","u":)"));
  EXPECT_FALSE(parses(R"({"t":"a","u":[1,2})"));
  EXPECT_FALSE(parses(R"({"t":"a",})"));
  EXPECT_FALSE(parses(R"({"t":"a" "u":1})"));
  EXPECT_FALSE(parses("{\"t\":\"a\nb\"}"));
  EXPECT_FALSE(parses("{\"t\":\"\xff\"}"));
  EXPECT_FALSE(parses(R"({"t":"\x"})"));
  EXPECT_FALSE(parses(""));
  EXPECT_FALSE(parses(std::string_view{}));
  EXPECT_FALSE(parses("  "));
}

TEST(JsonParser, RefusesWhatIsNestedTooDeep) {
  EXPECT_TRUE(parses(std::string(1000, '[') + std::string(1000, ']')));
  EXPECT_FALSE(parses(std::string(5000, '[') + std::string(5000, ']')));
  EXPECT_FALSE(parses(std::string(5'000'000, '[')));
}

TEST(JsonParser, ReadsHalfASurrogatePairAsTheReplacementCharacter) {
  EXPECT_EQ(text_of(R"({"t":"cut \ud83d"})"), "cut \xef\xbf\xbd");
  EXPECT_EQ(text_of(R"({"t":"\ude00 cut"})"), "\xef\xbf\xbd cut");
  EXPECT_EQ(text_of(R"({"t":"\ud83dx\ud83d\ude00\uD83D\uD83D\uDE00"})"),
            "\xef\xbf\xbdx\xf0\x9f\x98\x80\xef\xbf\xbd\xf0\x9f\x98\x80");
  EXPECT_EQ(text_of(R"({"t":"\\ud83d","u":"\ud83d"})"), "\\ud83d");
  EXPECT_EQ(text_of(R"({"t":"\ud83d","u":"\x"})"), "(no JSON)");
  EXPECT_EQ(text_of(R"({"t":"\ud8)"), "(no JSON)");
}

TEST(JsonParser, ReadsDocumentsOfAnySizeOneAfterTheOther) {
  JsonParser parser;
  for (const size_t size : {size_t{1}, size_t{100'000}, size_t{3}, size_t{2'000'000}}) {
    const std::string document = "{\"t\":\"" + std::string(size, 'x') + "\"}";
    const std::optional<JsonElement> element = parser.parse(document);
    ASSERT_TRUE(element.has_value());
    EXPECT_EQ(json_text(*element, "t").size(), size);
  }
}

TEST(JsonFields, AreEmptyWhereMissingOrOfAnotherType) {
  JsonParser parser;
  const std::optional<JsonElement> element =
      parser.parse(R"({"s":"x","n":7,"d":"8","m":-1,"f":1.5,"b":true,"o":{},"a":[1],"z":null})");
  ASSERT_TRUE(element.has_value());
  EXPECT_EQ(json_text(*element, "s"), "x");
  EXPECT_EQ(json_text(*element, "n"), "");
  EXPECT_EQ(json_text(*element, "nosuch"), "");
  EXPECT_EQ(json_number(*element, "n"), 7U);
  EXPECT_EQ(json_number(*element, "d"), 8U);
  EXPECT_EQ(json_number(*element, "m"), std::nullopt);
  EXPECT_EQ(json_number(*element, "f"), std::nullopt);
  EXPECT_EQ(json_number(*element, "s"), std::nullopt);
  EXPECT_EQ(json_bool(*element, "b"), true);
  EXPECT_EQ(json_bool(*element, "n"), std::nullopt);
  EXPECT_TRUE(json_object(*element, "o").has_value());
  EXPECT_FALSE(json_object(*element, "a").has_value());
  EXPECT_TRUE(json_array(*element, "a").has_value());
  EXPECT_FALSE(json_array(*element, "z").has_value());
  EXPECT_TRUE(json_has(*element, "z"));
  EXPECT_FALSE(json_has(*element, "nosuch"));
  const std::optional<JsonElement> number = json_field(*element, "n");
  ASSERT_TRUE(number.has_value());
  EXPECT_EQ(json_text(*number, "s"), "");
}

}  // namespace
}  // namespace bellwether

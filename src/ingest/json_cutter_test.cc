// SPDX-License-Identifier: Apache-2.0
#include "ingest/json_cutter.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "ingest/adapter_testing.h"
#include "ingest/json.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

// Gives one byte at a time, so that every place is the edge of a read.
class Drip final : public ByteStream {
 public:
  explicit Drip(std::string_view text) : text_(text) {}
  Result<size_t> read(char* buffer, size_t size) override {
    if (text_.empty() || size == 0) return size_t{0};
    buffer[0] = text_[0];
    text_.remove_prefix(1);
    return size_t{1};
  }

 private:
  std::string_view text_;
};

std::string shown(const JsonCutter::Value& value) {
  return value.too_long ? "(too long) " : fmt::format("<{}> ", value.bytes);
}

std::string elements_of(ByteStream& stream, const InputLimits& limits) {
  JsonCutter cutter(stream, limits, "f");
  std::string out;
  const Result<void> result = cutter.for_each_element([&](const JsonCutter::Value& value) {
    out += shown(value);
    return Result<void>{};
  });
  if (!result.ok()) {
    return out + fmt::format("{} {}", error_word(result.error().code), result.error().message);
  }
  const Result<int> next = cutter.peek();
  EXPECT_TRUE(next.ok());
  return out +
         (*next == JsonCutter::kEnd ? "end" : fmt::format("then {}", static_cast<char>(*next)));
}

std::string elements(std::string text, const InputLimits& limits = {}) {
  MemoryStream whole(std::make_shared<const std::string>(text));
  Drip drip(text);
  std::string out = elements_of(whole, limits);
  EXPECT_EQ(elements_of(drip, limits), out);
  return out;
}

TEST(JsonCutter, CutsAnArrayIntoItsElements) {
  EXPECT_EQ(elements("[]"), "end");
  EXPECT_EQ(elements(" [ ] "), "end");
  EXPECT_EQ(elements("[1]"), "<1> end");
  EXPECT_EQ(elements(R"([{"a":[1,2]}, "x]\"}," ,[3],-4.5e1,true,null ];)"),
            R"(<{"a":[1,2]}> <"x]\"},"> <[3]> <-4.5e1> <true> <null> then ;)");
  EXPECT_EQ(elements("\xef\xbb\xbf[\r\n\t{\"a\":\"\\\\\"}\n]\n"), "<{\"a\":\"\\\\\"}> end");
}

TEST(JsonCutter, LeavesItToTheParserWhetherAnElementIsJson) {
  EXPECT_EQ(elements(R"([{"a":tru},{"b" 1},{]},ok])"), R"(<{"a":tru}> <{"b" 1}> <{]> )"
                                                       "kCorrupt f: neither ',' nor ']' follows an "
                                                       "element");
  EXPECT_EQ(elements("[{\"a\":tru},{\"b\" 1}]"), "<{\"a\":tru}> <{\"b\" 1}> end");
}

TEST(JsonCutter, SaysWhereTheStructureBreaks) {
  EXPECT_EQ(elements(""), "kCorrupt f: no array begins where one should");
  EXPECT_EQ(elements("{}"), "kCorrupt f: no array begins where one should");
  EXPECT_EQ(elements("["), "kCorrupt f: ends where a value should begin");
  EXPECT_EQ(elements("[1"), "<1> kCorrupt f: ends in the middle of an array");
  EXPECT_EQ(elements("[1,"), "<1> kCorrupt f: ends where a value should begin");
  EXPECT_EQ(elements("[1,]"), "<1> kCorrupt f: a value is missing");
  EXPECT_EQ(elements("[,1]"), "kCorrupt f: a value is missing");
  EXPECT_EQ(elements("[{} {}]"), "<{}> kCorrupt f: neither ',' nor ']' follows an element");
  EXPECT_EQ(elements("[1}"), "<1> kCorrupt f: neither ',' nor ']' follows an element");
  EXPECT_EQ(elements("[1,{\"a\":\"x"), "<1> kCorrupt f: ends in the middle of a value");
  EXPECT_EQ(elements("[1,{\"a\":[}"), "<1> kCorrupt f: ends in the middle of a value");
  EXPECT_EQ(elements("[\"a\\\""), "kCorrupt f: ends in the middle of a value");
}

TEST(JsonCutter, PassesOverWhatIsLongerThanTheLimit) {
  InputLimits limits;
  limits.record_bytes_max = 6;
  EXPECT_EQ(elements(R"(["abcd","abcde",{"a":[1,2,"]"]},7])", limits),
            R"(<"abcd"> (too long) (too long) <7> end)");
}

TEST(JsonCutter, ALongElementCostsNoMemory) {
  // 100 MB within one string.
  constexpr size_t kLong = 100 << 20;
  class Long final : public ByteStream {
   public:
    Result<size_t> read(char* buffer, size_t size) override {
      const std::string_view head = "[\"";
      const std::string_view tail = "\",1]";
      size_t filled = 0;
      for (; filled < size && given_ < kLong + tail.size(); ++given_) {
        buffer[filled++] = given_ < head.size() ? head[given_]
                           : given_ < kLong     ? 'x'
                                                : tail[given_ - kLong];
      }
      most = std::max(most, size);
      return filled;
    }
    size_t most = 0;

   private:
    size_t given_ = 0;
  } stream;
  InputLimits limits;
  limits.record_bytes_max = 4 << 20;
  EXPECT_EQ(elements_of(stream, limits), "(too long) <1> end");
  EXPECT_LE(stream.most, size_t{16} << 20);
}

std::string members(std::string text) {
  MemoryStream stream(std::make_shared<const std::string>(std::move(text)));
  JsonCutter cutter(stream, {}, "f");
  std::string out;
  const Result<void> result = cutter.for_each_member([&](std::string_view key) -> Result<void> {
    out += fmt::format("{}=", key);
    BW_ASSIGN(const JsonCutter::Value value, cutter.value());
    out += shown(value);
    return {};
  });
  return out + (result.ok() ? "end" : result.error().message);
}

TEST(JsonCutter, WalksTheMembersOfAnObject) {
  EXPECT_EQ(members("{}"), "end");
  EXPECT_EQ(members(R"( {"a":1,"b\"":[{"a":2}] , "c" : "x"} )"),
            R"(a=<1> b\"=<[{"a":2}]> c=<"x"> end)");
  EXPECT_EQ(members("[]"), "f: no object begins where one should");
  EXPECT_EQ(members("{1:2}"), "f: a key is missing");
  EXPECT_EQ(members("{\"a\" 2}"), "f: no ':' follows a key");
  EXPECT_EQ(members("{\"a\":}"), "a=f: a value is missing");
  EXPECT_EQ(members("{\"a\":1"), "a=<1> f: ends in the middle of an object");
  EXPECT_EQ(members("{\"a\":1]"), "a=<1> f: neither ',' nor '}' follows a member");
  EXPECT_EQ(members("{\"a\":1,}"), "a=<1> f: a key is missing");
}

TEST(JsonCutter, GivesTheScriptBeforeTheJson) {
  const auto prefix = [](std::string text) {
    MemoryStream stream(std::make_shared<const std::string>(std::move(text)));
    JsonCutter cutter(stream, {}, "f");
    const Result<std::string> found = cutter.prefix();
    if (!found.ok()) return std::string(error_word(found.error().code));
    const Result<int> next = cutter.peek();
    return fmt::format("{}|{}", *found, static_cast<char>(*next));
  };
  EXPECT_EQ(prefix("window.a = [1]"), "window.a = |[");
  EXPECT_EQ(prefix("{\"a\":1}"), "|{");
  EXPECT_EQ(prefix(""), "kUnusable");
  EXPECT_EQ(prefix("no json here"), "kUnusable");
  EXPECT_EQ(prefix(std::string(JsonCutter::kPrefixBytesMax, ' ') + "[").size(),
            JsonCutter::kPrefixBytesMax + 2);
  EXPECT_EQ(prefix(std::string(JsonCutter::kPrefixBytesMax + 1, ' ') + "["), "kUnusable");
  EXPECT_EQ(prefix(std::string(1 << 20, ' ') + "["), "kUnusable");
}

TEST(JsonCutter, ReadsOneValueAfterTheOther) {
  MemoryStream stream(std::make_shared<const std::string>("{\"a\":1}\n[2]\n3 \"x\"4"));
  JsonCutter cutter(stream, {}, "f");
  EXPECT_EQ(cutter.head(3), "{\"a");
  std::string out;
  for (;;) {
    const Result<int> next = cutter.peek();
    ASSERT_TRUE(next.ok());
    if (*next == JsonCutter::kEnd) break;
    const Result<JsonCutter::Value> value = cutter.value();
    ASSERT_TRUE(value.ok());
    out += shown(*value);
  }
  EXPECT_EQ(out, R"(<{"a":1}> <[2]> <3> <"x"> <4> )");
}

}  // namespace
}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/xml_rows.h"

#include <fmt/core.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>

#include "ingest/streams.h"

namespace bellwether {
namespace {

// Gives its bytes a few at a time, so that every token is cut somewhere.
class SlowStream final : public ByteStream {
 public:
  SlowStream(std::string bytes, size_t step) : bytes_(std::move(bytes)), step_(step) {}
  Result<size_t> read(char* buffer, size_t size) override {
    const size_t got = std::min({size, step_, bytes_.size() - at_});
    bytes_.copy(buffer, got, at_);
    at_ += got;
    return got;
  }

 private:
  std::string bytes_;
  size_t step_;
  size_t at_ = 0;
};

// "1[Id=1 Text=x] 2!problem " and the error, if any.
std::string rows(ByteStream& stream, const InputLimits& limits) {
  std::string out;
  const Result<void> result = for_each_xml_row(stream, limits, "t", [&](const XmlRow& row) {
    if (!row.problem.empty()) {
      out += fmt::format("{}!{} ", row.number, row.problem);
      return Result<void>();
    }
    std::string attributes;
    for (size_t i = 0; i < row.attributes.size(); i += 2) {
      attributes += fmt::format("{}{}={}", attributes.empty() ? "" : " ", row.attributes[i],
                                row.attributes[i + 1]);
    }
    out += fmt::format("{}[{}] ", row.number, attributes);
    return Result<void>();
  });
  if (!result.ok()) out += result.error().message;
  return out;
}

std::string rows(const std::string& text, const InputLimits& limits = {}) {
  MemoryStream whole(std::make_shared<const std::string>(text));
  std::string expected = rows(whole, limits);
  // However the bytes come, the rows are the same.
  for (const size_t step : {size_t{1}, size_t{3}, size_t{7}}) {
    SlowStream slow(text, step);
    EXPECT_EQ(rows(slow, limits), expected) << "in steps of " << step;
  }
  return expected;
}

TEST(XmlRows, AreGivenWithTheirAttributesDecoded) {
  EXPECT_EQ(rows("\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<posts>\r\n"
                 "  <row Id=\"1\" Text=\"a &lt;b&gt; &#xA;&amp; '\" />\n<row Id='2'></row>\n"
                 "<!-- a remark --><row/>\n</posts>\n"),
            "1[Id=1 Text=a <b> \n& '] 2[Id=2] 3[] ");
  EXPECT_EQ(rows("<posts/>"), "");
  EXPECT_EQ(rows("<posts></posts>\n\n"), "");
}

TEST(XmlRows, HaveTheBytesOfTheirElement) {
  const std::string text = "<t>\n <row A=\"1\" />\n <row A=\"2&amp;\"/></t>";
  for (const size_t step : {size_t{1}, size_t{5}, size_t{100}}) {
    SlowStream stream(text, step);
    std::string bytes;
    const Result<void> result = for_each_xml_row(stream, {}, "t", [&](const XmlRow& row) {
      bytes += fmt::format("{};{};", row.bytes, row.get("A"));
      EXPECT_TRUE(row.has("A"));
      EXPECT_FALSE(row.has("B"));
      EXPECT_EQ(row.get("B"), "");
      return Result<void>();
    });
    EXPECT_TRUE(result.ok());
    EXPECT_EQ(bytes, "<row A=\"1\" />;1;<row A=\"2&amp;\"/>;2&;");
  }
}

TEST(XmlRows, ABadOneCostsItselfOnly) {
  // An entity that nothing declares, a number of no character, bytes that are no UTF-8, an
  // attribute twice, a quote that is missing.
  EXPECT_EQ(rows("<t><row A=\"&x;\"/><row A=\"2\"/></t>"), "1!row is not well-formed XML 2[A=2] ");
  EXPECT_EQ(rows("<t><row A=\"1\"/><row A=\"&#1;\"/><row A=\"3\"/></t>"),
            "1[A=1] 2!row is not well-formed XML 3[A=3] ");
  EXPECT_EQ(rows("<t><row A=\"\xff\"/><row A=\"2\"/></t>"), "1!row is not well-formed XML 2[A=2] ");
  EXPECT_EQ(rows("<t><row A=\"1\" A=\"1\"/><row A=\"2\"/></t>"),
            "1!row is not well-formed XML 2[A=2] ");
  EXPECT_EQ(rows("<t><row A=\"1 B=\"2\"/>\n<row A=\"3\"/></t>"),
            "1!row is not well-formed XML 2[A=3] ");
  EXPECT_EQ(rows("<t><row A=\"1\n<row A=\"2\"/></t>"), "1!row is not well-formed XML 2[A=2] ");
  EXPECT_EQ(rows("<t><row A=\"1\"></t><row A=\"2\"/></t>"),
            "1[A=1] 2!row is not well-formed XML 3[A=2] ");
}

TEST(XmlRows, WhatIsNoRowIsToldAndNotPassedOver) {
  EXPECT_EQ(rows("<t><column A=\"1\"/><row A=\"2\"/></t>"), "1!element is not a row 2[A=2] ");
  EXPECT_EQ(rows("<t><row A=\"1\"/> astray <row A=\"2\"/></t>"),
            "1[A=1] 1!text or elements stand outside the attributes of rows 2[A=2] ");
  EXPECT_EQ(rows("<t><row><Id>1</Id></row></t>"),
            "1[] 1!text or elements stand outside the attributes of rows ");
}

TEST(XmlRows, SayWhereADocumentBreaksOff) {
  EXPECT_EQ(rows("<t><row A=\"1\"/><row A=\"2"), "1[A=1] t: breaks off after row 1");
  EXPECT_EQ(rows("<t><row A=\"1\"/>"), "1[A=1] t: breaks off after row 1");
  EXPECT_EQ(rows("<t><row A=\"&x;\"/>"), "1!row is not well-formed XML t: breaks off after row 1");
  EXPECT_EQ(rows(""), "t: is not XML: no element found");
  EXPECT_EQ(rows("dear Ana"), "t: is not XML: syntax error");
  EXPECT_EQ(rows("<t><row A=\"1\"/></t><t/>"), "1[A=1] t: goes on after the end of <t>");
  EXPECT_EQ(rows("<t>" + std::string("<a>") + std::string("<b><c><d><e><f><g><h><i><j><k><l><m>") +
                 "<n><o><p><q>"),
            "1!element is not a row t: elements stand more than 16 deep in row 1");
}

TEST(XmlRows, DeclareNoEntitiesHenceExpandNone) {
  std::string bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE posts [\n<!ENTITY a0 \"ha\">\n";
  for (int i = 1; i < 40; ++i) {
    bomb += fmt::format("<!ENTITY a{} \"&a{};&a{};&a{};&a{};\">\n", i, i - 1, i - 1, i - 1, i - 1);
  }
  bomb += "]>\n<posts><row Text=\"&a39;\"/></posts>\n";
  EXPECT_EQ(rows(bomb), "t: declares a document type, and no table of rows does");
  // Nor from outside.
  EXPECT_EQ(rows("<!DOCTYPE posts SYSTEM \"file:///etc/hostname\"><posts/>"),
            "t: declares a document type, and no table of rows does");
}

TEST(XmlRows, AtTheLimitAreReadAndLongerOnesToldAndPassedOver) {
  InputLimits limits;
  limits.record_bytes_max = 1 << 20;
  const std::string close = "\"/>";
  const std::string fits(limits.record_bytes_max - std::string("<row A=\"").size() - close.size(),
                         'x');
  const auto read = [&](const std::string& value) {
    MemoryStream stream(
        std::make_shared<const std::string>("<t><row A=\"" + value + close + "<row A=\"2\"/></t>"));
    return rows(stream, limits);
  };
  EXPECT_EQ(read(fits), "1[A=" + fits + "] 2[A=2] ");
  EXPECT_EQ(read(fits + "x"), "1!row is longer than the limit 2[A=2] ");
  EXPECT_EQ(read(std::string(8 << 20, 'x')), "1!row is longer than the limit 2[A=2] ");
  // One that never ends costs no more memory than that either.
  EXPECT_EQ(read(std::string(8 << 20, 'x') + "<row B=\"1\"/>"),
            "1!row is longer than the limit 2[B=1] "
            "2!text or elements stand outside the attributes of rows 3[A=2] ");
}

TEST(XmlRows, ErrorsOfTheStreamAndOfTheCallerArePassedOn) {
  class Failing final : public ByteStream {
   public:
    Result<size_t> read(char* buffer, size_t /*size*/) override {
      if (given_) return Error{ErrorCode::kCorrupt, "cut off"};
      given_ = true;
      const std::string_view text = "<t><row/>";
      text.copy(buffer, text.size());
      return text.size();
    }

   private:
    bool given_ = false;
  } failing;
  EXPECT_EQ(rows(failing, {}), "1[] cut off");

  MemoryStream stream(std::make_shared<const std::string>("<t><row/><row/></t>"));
  int calls = 0;
  const Result<void> result = for_each_xml_row(stream, {}, "t", [&](const XmlRow&) {
    ++calls;
    return Result<void>(Error{ErrorCode::kIo, "disk is full"});
  });
  EXPECT_EQ(calls, 1);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kIo);
}

TEST(XmlRoot, IsTheNameOfTheOutermostElement) {
  EXPECT_EQ(xml_root("\xef\xbb\xbf<?xml version=\"1.0\"?>\n<!-- x --> <posts>\n"), "posts");
  EXPECT_EQ(xml_root("<posts/>"), "posts");
  EXPECT_EQ(xml_root("<posts a='1'>"), "posts");
  EXPECT_EQ(xml_root("<!DOCTYPE posts [<!ENTITY a \"b\">]><posts>"), "posts");
  EXPECT_EQ(xml_root("<!DOCTYPE html>"), "html");
  EXPECT_EQ(xml_root("<!DOCTYPE"), "");
  EXPECT_EQ(xml_root("<posts"), "");
  EXPECT_EQ(xml_root("<?xml"), "");
  EXPECT_EQ(xml_root("{}"), "");
  EXPECT_EQ(xml_root(""), "");
}

}  // namespace
}  // namespace bellwether

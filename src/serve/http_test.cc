// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;
using Parts = std::vector<std::string>;

TEST(Target, PathIsCutThenDecoded) {
  const auto target = parse_target("/api/v3/people/mastodon%3A%40ana%40example.social");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->path, (Parts{"api", "v3", "people", "mastodon:@ana@example.social"}));
  EXPECT_EQ(parse_target("/people/a%2Fb")->path, (Parts{"people", "a/b"}));
  EXPECT_EQ(parse_target("/")->path, Parts{""});
  EXPECT_EQ(parse_target("/people/")->path, (Parts{"people", ""}));
}

TEST(Target, QueryIsDecodedAndPlusIsASpace) {
  const auto target = parse_target("/?search=ana+lopez%2B&by=score&&empty&x=a=b");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->query,
            (Pairs{{"search", "ana lopez+"}, {"by", "score"}, {"empty", ""}, {"x", "a=b"}}));
  EXPECT_EQ(parse_target("/a+b")->path, Parts{"a+b"}) << "in a path a plus is a plus";
}

TEST(Target, AbsoluteFormNamesTheHost) {
  const auto target = parse_target("http://Localhost:8420/api/v3/people?limit=1");
  ASSERT_TRUE(target);
  EXPECT_EQ(target->host, "Localhost:8420");
  EXPECT_EQ(target->path, (Parts{"api", "v3", "people"}));
  EXPECT_EQ(parse_target("http://localhost")->path, Parts{""});
}

TEST(Target, WhatIsNoAddressOfOursIsRefused) {
  for (const char* target :
       {"", "*", "people", "/a%", "/a%2", "/a%zz", "/%00", "/a%0d%0aSet-Cookie", "/a\x7f",
        "/?q=%0a", "/#part", "ftp://localhost/", "http://", "http://user@localhost/",
        "http:///people"}) {
    EXPECT_FALSE(parse_target(target)) << target;
  }
}

TEST(Target, EncodingReadsBack) {
  std::string all;
  for (int c = 0x20; c < 0x100; ++c) {
    if (c != 0x7f) all += static_cast<char>(c);
  }
  const std::string encoded = percent_encode(all);
  for (const char c : encoded) EXPECT_EQ(std::string(" <>\"'&?#/+").find(c), std::string::npos);
  EXPECT_EQ(parse_target("/" + encoded)->path, Parts{all});
  EXPECT_EQ(parse_target("/?q=" + encoded)->query, (Pairs{{"q", all}}));
}

TEST(Host, NamesOfLoopbackAreOurs) {
  for (const char* host : {"localhost", "LOCALHOST:8420", "localhost.", "127.0.0.1", "127.0.0.1:80",
                           "127.8.9.1", "[::1]", "[::1]:8420"}) {
    EXPECT_TRUE(is_own_host(host, "127.0.0.1", {})) << host;
  }
}

TEST(Host, OtherNamesAreNotHoweverTheyLook) {
  for (const char* host :
       {"", "example.org", "localhost.example.org", "127.0.0.1.example.org", "127.1", "127.0.0",
        "127.0.0.256", "127.0.0.1.1", "1270.0.0.1", "2130706433", "evil localhost", "localhost:x",
        "localhost:80:80", "[::1", "[localhost]", "192.0.2.1", "a@localhost", "local%68ost"}) {
    EXPECT_FALSE(is_own_host(host, "127.0.0.1", {})) << host;
  }
}

TEST(Host, TheAddressReachedAndGivenNamesAreOursToo) {
  EXPECT_TRUE(is_own_host("192.0.2.7:8420", "192.0.2.7", {}));
  EXPECT_FALSE(is_own_host("192.0.2.8:8420", "192.0.2.7", {}));
  EXPECT_TRUE(is_own_host("[2001:DB8::7]", "2001:db8::7", {}));
  EXPECT_TRUE(is_own_host("Bell.Example.org:443", "192.0.2.7", {"bell.example.org"}));
  EXPECT_FALSE(is_own_host("x.bell.example.org", "192.0.2.7", {"bell.example.org"}));
}

TEST(Cookie, TheNamedOneAmongOthers) {
  EXPECT_EQ(cookie("a=1; bellwether_8420=abc; b=2", "bellwether_8420"), "abc");
  EXPECT_EQ(cookie("bellwether_8420=abc", "bellwether_8420"), "abc");
  EXPECT_EQ(cookie("xbellwether_8420=abc; bellwether_84=y", "bellwether_8420"), "");
  EXPECT_EQ(cookie("bellwether_8420", "bellwether_8420"), "");
  EXPECT_EQ(cookie("", "a"), "");
  EXPECT_EQ(cookie(";;=;a", "a"), "");
}

TEST(Accept, TheMostSpecificRangeDecides) {
  EXPECT_EQ(accepted_weight("", "application/json"), 1);
  EXPECT_EQ(accepted_weight("*/*", "text/csv"), 1);
  EXPECT_EQ(accepted_weight("text/*;q=0.5, */*;q=0.1", "text/csv"), 0.5);
  EXPECT_EQ(accepted_weight("*/*, text/csv;q=0", "text/csv"), 0);
  EXPECT_EQ(accepted_weight("TEXT/CSV ; q=0.25", "text/csv"), 0.25);
  EXPECT_EQ(accepted_weight("application/json", "text/csv"), 0);
  EXPECT_EQ(accepted_weight("text/csv;q=7", "text/csv"), 1);
  EXPECT_EQ(accepted_weight("text/csv;q=-1", "text/csv"), 0);
  EXPECT_EQ(accepted_weight("text/csv;q=nan", "text/csv"), 0);
  EXPECT_EQ(accepted_weight("text/csv;q=0.5x", "text/csv"), 0);
}

TEST(Accept, NoCodingUnlessAskedFor) {
  EXPECT_EQ(accepted_weight("", "gzip"), 0);
  EXPECT_EQ(accepted_weight("deflate, gzip;q=0.5", "gzip"), 0.5);
  EXPECT_EQ(accepted_weight("gzip;q=0, *", "gzip"), 0);
  EXPECT_EQ(accepted_weight("*", "gzip"), 1);
}

TEST(Request, FieldsAreFoundWithoutCase) {
  HttpRequest request;
  request.fields = {{"hOsT", "localhost"}, {"Host", "second"}};
  EXPECT_EQ(request.field("Host"), "localhost");
  EXPECT_EQ(request.field("Cookie"), "");
}

}  // namespace
}  // namespace bellwether

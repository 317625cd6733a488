// SPDX-License-Identifier: Apache-2.0
#include "base/instant.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

constexpr int64_t kNoon = 1341403200000;  // 2012-07-04T12:00:00Z

TEST(Instant, IsoFormsOfOneMomentAgree) {
  for (const char* text :
       {"2012-07-04T12:00:00Z", "2012-07-04 12:00:00", "2012-07-04T12:00",
        "2012-07-04T14:00:00+02:00", "2012-07-04T14:00:00+0200", "2012-07-04T07:00:00-05",
        "2012-07-04 12:00:00 UTC", "1341403200", "1341403200.0", "1341403200000"}) {
    ASSERT_TRUE(parse_instant(text)) << text;
    EXPECT_EQ(parse_instant(text)->ms, kNoon) << text;
  }
  EXPECT_EQ(parse_instant("2012-07-04T12:00:00.250Z")->ms, kNoon + 250);
  EXPECT_EQ(parse_instant("2012-07-04T12:00:00.2501234Z")->ms, kNoon + 250);
  EXPECT_EQ(parse_instant("2012-07-04")->ms, kNoon - kMsPerDay / 2);
}

TEST(Instant, MailFormsOfOneMomentAgree) {
  for (const char* text : {"Wed Jul 04 12:00:00 +0000 2012", "Wed, 04 Jul 2012 14:00:00 +0200",
                           "4 Jul 2012 12:00 GMT", "Wed,  4 Jul 2012 12:00:00 UTC"}) {
    ASSERT_TRUE(parse_mail_date(text)) << text;
    EXPECT_EQ(parse_mail_date(text)->ms, kNoon) << text;
  }
}

TEST(Instant, RefusesWhatIsNoInstant) {
  for (const char* text :
       {"", "-1", "soon", "2012-13-01", "2012-02-30", "2011-02-29", "2012-07-04T24:00:00Z",
        "2012-07-04T12:00:00+25:00", "2012-07-04T12", "2012-07-04T12:00:00Zjunk", "1e9", "0x10",
        "99999999999999999999", "2200-01-01", "1969-12-31T23:59:59Z", "12 34"}) {
    EXPECT_FALSE(parse_instant(text)) << text;
  }
  for (const char* text : {"", "Wed", "Wed Foo 04 12:00:00 +0000 2012", "04 Jul 12:00:00",
                           "Wed Jul 04 12:00:00 +0000 2012 x"}) {
    EXPECT_FALSE(parse_mail_date(text)) << text;
  }
}

TEST(Instant, EndsOfTheRangeAreHalfOpen) {
  EXPECT_TRUE(parse_instant("1970-01-01"));
  EXPECT_TRUE(parse_instant("2199-12-31T23:59:59.999Z"));
  EXPECT_FALSE(parse_instant("2200-01-01T00:00:00Z"));
}

TEST(Instant, PrintsWhatItReads) {
  EXPECT_EQ(to_string(Instant{kNoon}), "2012-07-04T12:00:00Z");
  EXPECT_EQ(to_string(Instant{kNoon + 7}), "2012-07-04T12:00:00.007Z");
  EXPECT_EQ(to_string(Instant{-1}), "1969-12-31T23:59:59.999Z");
  EXPECT_EQ(to_string(Instant::unknown()), "unknown");
  EXPECT_EQ(to_day(Instant{kNoon}), "2012-07-04");
  for (int64_t ms = 0; ms < kLatest.ms; ms += 97 * kMsPerDay + 12'345'678) {
    EXPECT_EQ(parse_instant(to_string(Instant{ms}))->ms, ms);
  }
}

}  // namespace
}  // namespace bellwether

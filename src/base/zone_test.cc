// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

Instant at(const char* text) { return *parse_instant(text); }

TEST(Zone, UtcCountsFromMonday) {
  const TimeZone utc;
  EXPECT_EQ(utc.name(), "UTC");
  EXPECT_EQ(utc.hour_of_week(at("2024-01-01T00:00:00Z")), 0);    // a Monday
  EXPECT_EQ(utc.hour_of_week(at("2023-12-31T23:59:59Z")), 167);  // the Sunday before
  EXPECT_EQ(utc.hour_of_week(at("1970-01-01T05:30:00Z")), 3 * 24 + 5);
  EXPECT_EQ(TimeZone::find("UTC")->hour_of_week(at("2024-01-03T12:00:00Z")), 2 * 24 + 12);
}

TEST(Zone, SummerTimeIsThatOfTheDay) {
  const auto berlin = TimeZone::find("Europe/Berlin");
  if (!berlin.ok()) GTEST_SKIP() << berlin.error().message;
  EXPECT_EQ(berlin->name(), "Europe/Berlin");
  EXPECT_EQ(berlin->hour_of_week(at("2024-01-01T08:00:00Z")), 9);
  EXPECT_EQ(berlin->hour_of_week(at("2024-07-01T08:00:00Z")), 10);  // also a Monday
  // Monday has begun there while it is Sunday in Greenwich.
  EXPECT_EQ(berlin->hour_of_week(at("2024-01-07T23:30:00Z")), 0);
  // The hour that was there twice, 27 October 2024, a Sunday.
  EXPECT_EQ(berlin->hour_of_week(at("2024-10-27T00:30:00Z")), 6 * 24 + 2);
  EXPECT_EQ(berlin->hour_of_week(at("2024-10-27T01:30:00Z")), 6 * 24 + 2);
  const auto india = TimeZone::find("Asia/Kolkata");
  EXPECT_EQ(india->hour_of_week(at("2024-01-01T08:45:00Z")), 14);
}

TEST(Zone, AnUnknownNameSaysWhatToWrite) {
  for (const char* name : {"Europe/Atlantis", "", "../../etc/passwd", "CEST+2", "europe/berlin"}) {
    const auto zone = TimeZone::find(name);
    ASSERT_FALSE(zone.ok()) << name;
    EXPECT_EQ(zone.error().code, ErrorCode::kInvalidArgument);
    EXPECT_NE(zone.error().message.find("Europe/Berlin"), std::string::npos);
  }
}

}  // namespace
}  // namespace bellwether

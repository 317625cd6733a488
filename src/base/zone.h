// SPDX-License-Identifier: Apache-2.0
// A time zone by its IANA name: for counting by the hours that people live by.
//
// Rules come from the system's zone database (tzdata), so that summer time is right for every year;
// UTC needs none. Nothing here reads a clock or asks which zone this machine is in.
#pragma once
#include <string>
#include <string_view>

#include "base/instant.h"
#include "base/result.h"

namespace date {
class time_zone;
}

namespace bellwether {

inline constexpr int kHoursOfWeek = 168;

class TimeZone {
 public:
  TimeZone() = default;  // UTC
  // "Europe/Berlin"; "UTC" needs no database. kInvalidArgument: there is no zone of that name, or
  // no database; the message says what to write or to install.
  static Result<TimeZone> find(std::string_view name);

  const std::string& name() const { return name_; }
  // Whole hours since the last Monday 00:00 of the zone's own clock, [0, kHoursOfWeek); the hour
  // that a clock put back shows twice is one. `at` is known.
  int hour_of_week(Instant at) const;

 private:
  std::string name_ = "UTC";
  const date::time_zone* rules_ = nullptr;  // null: UTC; else the database's own, never freed
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "base/zone.h"

#include <date/tz.h>
#include <fmt/format.h>

#include <chrono>
#include <exception>

namespace bellwether {

Result<TimeZone> TimeZone::find(std::string_view name) {
  TimeZone zone;
  if (name == "UTC" || name == "utc" || name == "Z") return zone;
  try {
    zone.rules_ = date::locate_zone(std::string(name));
    zone.rules_->get_info(date::sys_seconds{});  // reads the rules now, and fails now
  } catch (const std::exception&) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("there is no time zone '{}' here: write one as in Europe/Berlin or "
                             "America/New_York; if that is one, install the system's tzdata",
                             name)};
  }
  zone.name_ = name;
  return zone;
}

int TimeZone::hour_of_week(Instant at) const {
  const date::sys_time<std::chrono::milliseconds> when{std::chrono::milliseconds(at.ms)};
  int64_t local_ms = at.ms;
  if (rules_ != nullptr) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(when);
    local_ms += int64_t{rules_->get_info(seconds).offset.count()} * kMsPerSecond;
  }
  // 1970-01-01 was a Thursday.
  constexpr int64_t kWeek = int64_t{kHoursOfWeek} * kMsPerHour;
  const int64_t since_monday = ((local_ms + 3 * kMsPerDay) % kWeek + kWeek) % kWeek;
  return static_cast<int>(since_monday / kMsPerHour);
}

}  // namespace bellwether

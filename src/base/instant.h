// SPDX-License-Identifier: Apache-2.0
// A point in time: milliseconds since 1970-01-01T00:00:00Z, and the one value that means "unknown".
//
// No room below app/ reads a clock: instants come in as arguments, so that yesterday's score can be
// had again.
#pragma once
#include <compare>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace bellwether {

struct Instant {
  int64_t ms = std::numeric_limits<int64_t>::min();  // UTC; the default is kUnknown

  static constexpr Instant unknown() { return {}; }
  constexpr bool known() const { return ms != std::numeric_limits<int64_t>::min(); }
  friend constexpr auto operator<=>(Instant, Instant) = default;
};

inline constexpr int64_t kMsPerSecond = 1'000;
inline constexpr int64_t kMsPerHour = 3'600'000;
inline constexpr int64_t kMsPerDay = 86'400'000;

// The instants a network could have reported: [1970-01-01, 2200-01-01). Whatever lies outside is a
// mistake in the file (seconds read as milliseconds, a broken field), not a date.
inline constexpr Instant kEarliest{0};
inline constexpr Instant kLatest{7'258'118'400'000};

// Reads ISO 8601 ("2012-07-04T08:00:00.5Z", "2012-07-04 08:00", "2012-07-04", offsets "+02:00",
// "+0200"; no offset means UTC), or a count since 1970: of seconds, with or without a fraction, or,
// from 100,000,000,000 up (which as seconds is the year 5138), of milliseconds.
// Empty on anything else and on instants outside [kEarliest, kLatest). Cost: no allocation.
std::optional<Instant> parse_instant(std::string_view text);

// Reads the form of RFC 2822 and of X's archive: "Wed Jul 04 08:00:00 +0000 2012",
// "Wed, 04 Jul 2012 08:00:00 +0200". Empty on anything else.
std::optional<Instant> parse_mail_date(std::string_view text);

// ISO 8601 in UTC, with milliseconds only where there are any: "2012-07-04T08:00:00Z".
// The unknown instant gives "unknown".
std::string to_string(Instant instant);

// Only the day: "2012-07-04".
std::string to_day(Instant instant);

}  // namespace bellwether

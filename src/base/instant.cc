// SPDX-License-Identifier: Apache-2.0
#include "base/instant.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace bellwether {
namespace {

// Days since 1970-01-01 of a proleptic Gregorian date; Howard Hinnant, "chrono-Compatible Low-Level
// Date Algorithms", days_from_civil.
constexpr int64_t days_from_civil(int64_t year, int month, int day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = (year >= 0 ? year : year - 399) / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

struct CivilDate {
  int64_t year;
  int month;
  int day;
};

constexpr CivilDate civil_from_days(int64_t days) {
  days += 719468;
  const int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const int64_t day_of_era = days - era * 146097;
  const int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t shifted_month = (5 * day_of_year + 2) / 153;
  const int day = static_cast<int>(day_of_year - (153 * shifted_month + 2) / 5 + 1);
  const int month = static_cast<int>(shifted_month < 10 ? shifted_month + 3 : shifted_month - 9);
  return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr int days_in_month(int64_t year, int month) {
  constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[static_cast<size_t>(month - 1)];
}

// Consumes from the front of the text what it reads; every function returns false at the first
// character that does not fit.
struct Reader {
  std::string_view rest;

  bool done() const { return rest.empty(); }
  bool take(char c) {
    if (rest.empty() || rest.front() != c) return false;
    rest.remove_prefix(1);
    return true;
  }
  bool take_any(std::string_view set) {
    if (rest.empty() || set.find(rest.front()) == std::string_view::npos) return false;
    rest.remove_prefix(1);
    return true;
  }
  void skip_spaces() {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
  // Exactly `width` digits.
  bool digits(int width, int& out) {
    if (rest.size() < static_cast<size_t>(width)) return false;
    int value = 0;
    for (int i = 0; i < width; ++i) {
      const char c = rest[static_cast<size_t>(i)];
      if (!is_digit(c)) return false;
      value = value * 10 + (c - '0');
    }
    rest.remove_prefix(static_cast<size_t>(width));
    out = value;
    return true;
  }
  // One or two digits.
  bool short_digits(int& out) {
    if (rest.size() >= 2 && is_digit(rest[0]) && is_digit(rest[1])) return digits(2, out);
    return digits(1, out);
  }
  // A fraction of a second after its separator, in milliseconds, further digits cut off.
  bool fraction_ms(int& out) {
    if (rest.empty() || !is_digit(rest.front())) return false;
    int value = 0;
    int scale = 100;
    while (!rest.empty() && is_digit(rest.front())) {
      value += (rest.front() - '0') * scale;
      scale /= 10;
      rest.remove_prefix(1);
    }
    out = value;
    return true;
  }
  // "Z", "+02:00", "+0200", "+02"; minutes east of Greenwich.
  bool zone(int& out) {
    out = 0;
    if (take_any("Zz")) return true;
    const bool east = !rest.empty() && rest.front() == '+';
    if (!take_any("+-")) return false;
    int hours = 0;
    int minutes = 0;
    if (!digits(2, hours)) return false;
    if (take(':')) {
      if (!digits(2, minutes)) return false;
    } else if (!rest.empty() && is_digit(rest.front())) {
      if (!digits(2, minutes)) return false;
    }
    if (hours > 23 || minutes > 59) return false;
    out = (hours * 60 + minutes) * (east ? 1 : -1);
    return true;
  }
};

struct Fields {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, zone_minutes = 0;
};

std::optional<Instant> in_range(int64_t ms) {
  const Instant instant{ms};
  if (instant < kEarliest || instant >= kLatest) return std::nullopt;
  return instant;
}

std::optional<Instant> assemble(const Fields& f) {
  if (f.month < 1 || f.month > 12 || f.day < 1 || f.day > days_in_month(f.year, f.month)) {
    return std::nullopt;
  }
  // Second 60 is a leap second; the network's clock said so, and it counts as the next second.
  if (f.hour > 23 || f.minute > 59 || f.second > 60) return std::nullopt;
  const int64_t seconds = days_from_civil(f.year, f.month, f.day) * 86400 + int64_t{f.hour} * 3600 +
                          int64_t{f.minute} * 60 + f.second - int64_t{f.zone_minutes} * 60;
  return in_range(seconds * kMsPerSecond + f.ms);
}

std::optional<Instant> parse_count(std::string_view text) {
  const size_t point = text.find('.');
  const std::string_view whole = text.substr(0, point);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(whole.data(), whole.data() + whole.size(), value);
  if (error != std::errc{} || end != whole.data() + whole.size() || value < 0) return std::nullopt;
  constexpr int64_t kFirstMilliseconds = 100'000'000'000;
  if (point == std::string_view::npos) {
    return in_range(value >= kFirstMilliseconds ? value : value * kMsPerSecond);
  }
  Reader reader{text.substr(point + 1)};
  int ms = 0;
  if (!reader.fraction_ms(ms) || !reader.done() || value >= kFirstMilliseconds) {
    return std::nullopt;
  }
  return in_range(value * kMsPerSecond + ms);
}

int month_of(std::string_view name) {
  constexpr std::string_view kNames = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (name.size() != 3) return 0;
  for (size_t i = 0; i < 12; ++i) {
    if (kNames.substr(i * 3, 3) == name) return static_cast<int>(i) + 1;
  }
  return 0;
}

bool take_clock(Reader& reader, Fields& f) {
  if (!reader.digits(2, f.hour) || !reader.take(':') || !reader.digits(2, f.minute)) return false;
  if (reader.take(':') && !reader.digits(2, f.second)) return false;
  return true;
}

bool take_month_name(Reader& reader, Fields& f) {
  if (reader.rest.size() < 3) return false;
  f.month = month_of(reader.rest.substr(0, 3));
  reader.rest.remove_prefix(3);
  return f.month != 0;
}

}  // namespace

std::optional<Instant> parse_instant(std::string_view text) {
  if (text.size() < 5 || text[4] != '-') return parse_count(text);
  Reader reader{text};
  Fields f;
  if (!reader.digits(4, f.year) || !reader.take('-') || !reader.digits(2, f.month) ||
      !reader.take('-') || !reader.digits(2, f.day)) {
    return std::nullopt;
  }
  if (reader.done()) return assemble(f);
  if (!reader.take_any("Tt ")) return std::nullopt;
  if (!take_clock(reader, f)) return std::nullopt;
  if (reader.take_any(".,") && !reader.fraction_ms(f.ms)) return std::nullopt;
  reader.skip_spaces();
  if (!reader.done() && reader.rest != "UTC" && (!reader.zone(f.zone_minutes) || !reader.done())) {
    return std::nullopt;
  }
  return assemble(f);
}

std::optional<Instant> parse_mail_date(std::string_view text) {
  Reader reader{text};
  reader.skip_spaces();
  Fields f;
  // The weekday is redundant; a wrong one is the writer's slip and not a reason to lose the date.
  const size_t letters =
      reader.rest.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");
  if (letters == 3) {
    reader.rest.remove_prefix(3);
    reader.take(',');
    reader.skip_spaces();
  }
  const bool month_first = !reader.done() && !is_digit(reader.rest.front());
  if (month_first) {
    // "Jul 04 08:00:00 +0000 2012"
    if (!take_month_name(reader, f)) return std::nullopt;
    reader.skip_spaces();
    if (!reader.short_digits(f.day)) return std::nullopt;
    reader.skip_spaces();
    if (!take_clock(reader, f)) return std::nullopt;
    reader.skip_spaces();
    if (!reader.zone(f.zone_minutes)) return std::nullopt;
    reader.skip_spaces();
    if (!reader.digits(4, f.year) || !reader.done()) return std::nullopt;
    return assemble(f);
  }
  // "04 Jul 2012 08:00:00 +0200"
  if (!reader.short_digits(f.day)) return std::nullopt;
  reader.skip_spaces();
  if (!take_month_name(reader, f)) return std::nullopt;
  reader.skip_spaces();
  if (!reader.digits(4, f.year)) return std::nullopt;
  reader.skip_spaces();
  if (!take_clock(reader, f)) return std::nullopt;
  reader.skip_spaces();
  if (reader.rest == "GMT" || reader.rest == "UTC") return assemble(f);
  if (!reader.zone(f.zone_minutes) || !reader.done()) return std::nullopt;
  return assemble(f);
}

std::string to_string(Instant instant) {
  if (!instant.known()) return "unknown";
  int64_t days = instant.ms / kMsPerDay;
  int64_t rest = instant.ms % kMsPerDay;
  if (rest < 0) {
    rest += kMsPerDay;
    --days;
  }
  const CivilDate date = civil_from_days(days);
  std::array<char, 64> buffer{};
  const int seconds = static_cast<int>(rest / kMsPerSecond);
  const int ms = static_cast<int>(rest % kMsPerSecond);
  if (ms == 0) {
    std::snprintf(buffer.data(), buffer.size(), "%04lld-%02d-%02dT%02d:%02d:%02dZ",
                  static_cast<long long>(date.year), date.month, date.day, seconds / 3600,
                  seconds / 60 % 60, seconds % 60);
  } else {
    std::snprintf(buffer.data(), buffer.size(), "%04lld-%02d-%02dT%02d:%02d:%02d.%03dZ",
                  static_cast<long long>(date.year), date.month, date.day, seconds / 3600,
                  seconds / 60 % 60, seconds % 60, ms);
  }
  return buffer.data();
}

std::string to_day(Instant instant) { return to_string(instant).substr(0, 10); }

}  // namespace bellwether

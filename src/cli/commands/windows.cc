// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/windows.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <charconv>

namespace bellwether {

std::optional<int64_t> parse_duration(std::string_view text) {
  if (text.size() < 2) return std::nullopt;
  int64_t unit = 0;
  switch (text.back()) {
    case 'm':
      unit = 60'000;
      break;
    case 'h':
      unit = 3'600'000;
      break;
    case 'd':
      unit = kMsPerDay;
      break;
    case 'w':
      unit = 7 * kMsPerDay;
      break;
    default:
      return std::nullopt;
  }
  const std::string_view digits = text.substr(0, text.size() - 1);
  double count = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  const double ms = count * static_cast<double>(unit);
  if (!(ms >= 1 && ms <= 36'525.0 * static_cast<double>(kMsPerDay))) return std::nullopt;
  return static_cast<int64_t>(ms);
}

namespace {

// A share or an instant. A small number that is no share is no instant that anybody means either.
bool read_cut(const std::string& text, BacktestOptions& options) {
  constexpr double kSecondsMin = 1e6;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc{} && end == text.data() + text.size() && number < kSecondsMin) {
    options.cut_share = number;
    return number > 0 && number < 1;
  }
  options.cut = parse_instant(text);
  return options.cut.has_value();
}

}  // namespace

WindowArguments::WindowArguments(CLI::App& app, BacktestOptions& options) : options_(options) {
  folds_ = app.add_option("--folds", options.folds, "how many windows, one after the other")
               ->check(CLI::Range(1U, 1000U))
               ->capture_default_str();
  cut_option_ =
      app.add_option(
             "--cut", cut_,
             "where the first window begins: after this share of the responses, or at this "
             "instant; otherwise after 0.75 of them, with --window so that the last window ends "
             "with the log")
          ->type_name("SHARE|TIME");
  window_option_ =
      app.add_option("--window", window_,
                     "how long each window is: 12h, 7d, 4w; otherwise what comes after the cut is "
                     "divided into windows of equally many responses")
          ->type_name("DURATION");
}

void WindowArguments::exclude_all(CLI::Option& other) {
  for (CLI::Option* option : {folds_, cut_option_, window_option_}) option->excludes(&other);
}

std::optional<int> WindowArguments::read(Context& context, std::string_view command) {
  if (!cut_.empty() && !read_cut(cut_, options_)) {
    fmt::print(context.err,
               "bellwether {}: '{}' is neither a share between 0 and 1 nor a time; write "
               "0.75 or 2012-07-05T12:00:00Z\n",
               command, cut_);
    return kExitUsage;
  }
  if (window_.empty()) return std::nullopt;
  const auto duration = parse_duration(window_);
  if (!duration) {
    fmt::print(context.err, "bellwether {}: '{}' is no duration; write 12h, 7d or 4w\n", command,
               window_);
    return kExitUsage;
  }
  options_.window_ms = *duration;
  return std::nullopt;
}

}  // namespace bellwether

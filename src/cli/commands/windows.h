// SPDX-License-Identifier: Apache-2.0
// --folds, --cut and --window, for commands that replay a log.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cli/output.h"
#include "workspace/recipes/backtest.h"

namespace bellwether {

// "7d", "12h", "30m", "4w" in milliseconds; empty: no duration. At most a hundred years.
std::optional<int64_t> parse_duration(std::string_view text);

class WindowArguments {
 public:
  // Adds the options; what is asked for stands in `options` after read(). Borrows both.
  WindowArguments(CLI::App& app, BacktestOptions& options);
  // These cannot be given together with `other`.
  void exclude_folds(CLI::Option& other) { folds_->excludes(&other); }
  void exclude_all(CLI::Option& other);
  // Complains on context.err in the name of `command`. Empty: go on; else the exit code.
  std::optional<int> read(Context& context, std::string_view command);

 private:
  BacktestOptions& options_;
  CLI::Option* folds_ = nullptr;
  CLI::Option* cut_option_ = nullptr;
  CLI::Option* window_option_ = nullptr;
  std::string cut_, window_;
};

}  // namespace bellwether

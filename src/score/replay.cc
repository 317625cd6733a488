// SPDX-License-Identifier: Apache-2.0
#include "score/replay.h"

#include <fmt/format.h>

#include <algorithm>

#include "score/forecast.h"

namespace bellwether {
namespace {

Error too_few(uint32_t folds) {
  return {ErrorCode::kNotFound,
          fmt::format("the log holds too few responses for {}: try fewer folds or an earlier cut",
                      folds == 1 ? "a window" : fmt::format("{} windows", folds))};
}

}  // namespace

Result<std::vector<Window>> windows_of(std::span<const Response> responses,
                                       const BacktestOptions& options) {
  if (options.folds < 1 || options.folds > 1000) {
    return Error{ErrorCode::kInvalidArgument, "a backtest takes 1 to 1,000 folds"};
  }
  const double share = options.cut_share.value_or(kCutShare);
  if (!(share > 0 && share < 1)) {
    return Error{ErrorCode::kInvalidArgument, "the share before the cut lies between 0 and 1"};
  }
  if (responses.size() < 2) return too_few(options.folds);
  const Instant first = responses.front().published;
  const Instant end{responses.back().published.ms + 1};
  if (options.cut && (*options.cut <= first || *options.cut >= end)) {
    return Error{ErrorCode::kNotFound,
                 fmt::format("a cut at {} has nothing on one of its sides: the responses last from "
                             "{} to {}",
                             to_string(*options.cut), to_string(first), to_string(end))};
  }
  const auto after_share = static_cast<size_t>(share * static_cast<double>(responses.size()));
  std::vector<Window> windows;
  if (options.window_ms > 0) {
    const int64_t all = int64_t{options.folds} * options.window_ms;
    Instant cut{end.ms - all};
    if (options.cut_share) cut = responses[after_share].published;
    if (options.cut) cut = *options.cut;
    if (cut.ms + all > end.ms || cut <= first) {
      return Error{
          ErrorCode::kNotFound,
          fmt::format("{} of that length from {} {} not fit into the log, which lasts "
                      "from {} to {}",
                      options.folds == 1 ? "a window" : "so many windows", to_string(cut),
                      options.folds == 1 ? "does" : "do", to_string(first), to_string(end))};
    }
    for (uint32_t fold = 0; fold < options.folds; ++fold) {
      windows.push_back({cut, Instant{cut.ms + options.window_ms}});
      cut = windows.back().end;
    }
    return windows;
  }
  const size_t begin = options.cut ? count_before(responses, *options.cut) : after_share;
  const auto instant_at = [&](uint32_t fold) {
    if (fold == options.folds) return end;
    if (fold == 0 && options.cut) return *options.cut;
    return responses[begin + (responses.size() - begin) * fold / options.folds].published;
  };
  for (uint32_t fold = 0; fold < options.folds; ++fold) {
    windows.push_back({instant_at(fold), instant_at(fold + 1)});
    if (windows.back().cut <= first || windows.back().cut >= windows.back().end) {
      return too_few(options.folds);
    }
  }
  return windows;
}

std::vector<Window> windows_before(std::span<const Response> responses, const Window& first,
                                   bool equal_time, size_t most) {
  std::vector<Window> out;
  const size_t many = count_before(responses, first.end) - count_before(responses, first.cut);
  const int64_t window_ms = first.end.ms - first.cut.ms;
  Instant end = first.cut;
  while (out.size() < most) {
    const size_t at = count_before(responses, end);
    if (!equal_time && at <= many) break;
    const Instant cut = equal_time ? Instant{end.ms - window_ms} : responses[at - many].published;
    const auto known_ms = static_cast<double>(cut.ms - responses.front().published.ms);
    const double least_ms = equal_time ? kForecastKnownShare * static_cast<double>(window_ms) : 0;
    if (known_ms <= least_ms || cut >= end) break;
    out.push_back({cut, end});
    end = cut;
  }
  std::reverse(out.begin(), out.end());
  return out;
}

Seen look_at(std::span<const Response> responses, uint32_t persons, const Window& window) {
  Seen seen;
  seen.known = in_force(responses, kEarliest, window.cut);
  seen.came = in_force(responses, window.cut, window.end);
  std::vector<bool> there(persons, false);
  for (const Response& response : seen.known) {
    there[response.receiver] = there[response.mover] = true;
  }
  const std::vector<double> movers = distinct_responders(seen.came, persons);
  for (PersonId person = 0; person < persons; ++person) {
    if (!there[person]) continue;
    seen.people.push_back(person);
    seen.moved.push_back(static_cast<uint32_t>(movers[person]));
  }
  return seen;
}

GraphSnapshot graph_at(std::span<const LedgerEntry> ledger,
                       const std::vector<NetworkId>& account_network, const PersonMap& persons,
                       Instant cut, unsigned threads) {
  std::vector<FoldEntry> entries;
  for (const LedgerEntry& entry : ledger) {
    if (entry.counts_as_of(cut)) entries.push_back(FoldEntry::from(entry));
  }
  return GraphSnapshot(std::move(entries), account_network, persons, cut, threads);
}

}  // namespace bellwether

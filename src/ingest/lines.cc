// SPDX-License-Identifier: Apache-2.0
#include "ingest/input.h"
#include "ingest/window.h"

namespace bellwether {
namespace {

constexpr size_t kNone = std::string_view::npos;

std::string_view without_return(std::string_view line) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

// Uses up a line whose beginning is in the window, its end included, without keeping it. Returns
// its length without the end.
Result<uint64_t> pass_over_line(Window& window) {
  uint64_t bytes = 0;
  bool ends_with_return = false;
  for (;;) {
    const std::string_view view = window.view();
    const size_t newline = find_newline(view, 0);
    const std::string_view piece = view.substr(0, newline);
    if (!piece.empty()) ends_with_return = piece.back() == '\r';
    bytes += piece.size();
    if (newline != kNone) {
      window.use(newline + 1);
      break;
    }
    window.use(view.size());
    BW_ASSIGN(const bool more, window.more());
    if (!more) break;
  }
  return bytes - (ends_with_return ? 1 : 0);
}

}  // namespace

Result<void> for_each_line(
    ByteStream& stream, const InputLimits& limits,
    const std::function<Result<void>(uint64_t number, std::string_view line)>& line,
    const std::function<Result<void>(uint64_t number, uint64_t bytes)>& too_long) {
  Window window(stream);
  window.skip_byte_order_mark();
  uint64_t number = 0;
  size_t searched = 0;  // bytes of the view that are known to hold no newline
  for (;;) {
    const std::string_view view = window.view();
    size_t used = 0;
    for (size_t newline = find_newline(view, searched); newline != kNone;
         newline = find_newline(view, used)) {
      const std::string_view text = without_return(view.substr(used, newline - used));
      used = newline + 1;
      ++number;
      BW_TRY(text.size() > limits.record_bytes_max ? too_long(number, text.size())
                                                   : line(number, text));
    }
    window.use(used);
    searched = view.size() - used;
    // One byte more than the limit may be a carriage return.
    if (searched > limits.record_bytes_max && searched - limits.record_bytes_max > 1) {
      BW_ASSIGN(const uint64_t bytes, pass_over_line(window));
      BW_TRY(too_long(++number, bytes));
      searched = 0;
      continue;
    }
    BW_ASSIGN(const bool more, window.more());
    if (more) continue;
    const std::string_view last = window.view();
    if (last.empty()) return {};
    const std::string_view text = without_return(last);
    ++number;
    return text.size() > limits.record_bytes_max ? too_long(number, text.size())
                                                 : line(number, text);
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/json_cutter.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace bellwether {
namespace {

bool is_space(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }
bool ends_scalar(char c) {
  return is_space(c) || c == ',' || c == ']' || c == '}' || c == ':' || c == '[' || c == '{' ||
         c == '"';
}

// Finds the end of a value, piece by piece.
class EndFinder {
 public:
  // True: the value ended, `used` bytes into this piece.
  bool find(std::string_view piece, size_t& used) {
    for (size_t i = 0; i < piece.size(); ++i) {
      const char c = piece[i];
      if (in_string_) {
        if (escaped_) {
          escaped_ = false;
        } else if (c == '\\') {
          escaped_ = true;
        } else if (c == '"') {
          in_string_ = false;
          if (depth_ == 0) return used = i + 1, true;
        }
      } else if (in_scalar_) {
        if (ends_scalar(c)) return used = i, true;
      } else if (c == '"') {
        in_string_ = true;
      } else if (c == '{' || c == '[') {
        ++depth_;
      } else if (c == '}' || c == ']') {
        if (--depth_ == 0) return used = i + 1, true;
      } else if (depth_ == 0) {
        in_scalar_ = true;
      }
    }
    used = piece.size();
    return false;
  }
  // Numbers and words end with the stream.
  bool may_end() const { return in_scalar_; }

 private:
  uint64_t depth_ = 0;
  bool in_string_ = false;
  bool escaped_ = false;
  bool in_scalar_ = false;
};

}  // namespace

JsonCutter::JsonCutter(ByteStream& stream, const InputLimits& limits, std::string label)
    : window_(stream), limits_(limits), label_(std::move(label)) {
  window_.skip_byte_order_mark();
}

Error JsonCutter::corrupt(std::string_view what) const {
  return {ErrorCode::kCorrupt, fmt::format("{}: {}", label_, what)};
}

void JsonCutter::use_pending() {
  window_.use(pending_);
  pending_ = 0;
}

Result<int> JsonCutter::peek() {
  use_pending();
  for (;;) {
    const std::string_view view = window_.view();
    size_t spaces = 0;
    while (spaces < view.size() && is_space(view[spaces])) ++spaces;
    window_.use(spaces);
    if (spaces < view.size()) return static_cast<unsigned char>(view[spaces]);
    BW_ASSIGN(const bool more, window_.more());
    if (!more) return kEnd;
  }
}

void JsonCutter::take() { window_.use(1); }

std::string_view JsonCutter::head(size_t bytes) {
  use_pending();
  while (window_.view().size() < bytes) {
    // A failure shows itself again when reading comes to that place.
    const Result<bool> more = window_.more();
    if (!more.ok() || !*more) break;
  }
  return window_.view().substr(0, bytes);
}

Result<std::string> JsonCutter::prefix() {
  use_pending();
  for (;;) {
    const std::string_view view = window_.view();
    const size_t end = view.find_first_of("[{");
    if (end <= kPrefixBytesMax) {
      std::string out(view.substr(0, end));
      window_.use(end);
      return out;
    }
    bool more = view.size() <= kPrefixBytesMax;
    if (more) {
      BW_ASSIGN(more, window_.more());
    }
    if (!more) return Error{ErrorCode::kUnusable, fmt::format("{}: holds no JSON", label_)};
  }
}

Result<JsonCutter::Value> JsonCutter::value() {
  BW_ASSIGN(const int first, peek());
  if (first == kEnd) return corrupt("ends where a value should begin");
  if (first == ',' || first == ':' || first == ']' || first == '}') {
    return corrupt("a value is missing");
  }
  EndFinder finder;
  size_t searched = 0;  // bytes of the window known not to end the value
  bool too_long = false;
  for (;;) {
    const std::string_view view = window_.view();
    size_t used = 0;
    const bool ended = finder.find(view.substr(searched), used);
    searched += used;
    too_long = too_long || searched > limits_.record_bytes_max;
    if (too_long) {
      window_.use(searched);
      searched = 0;
    }
    if (!ended) {
      BW_ASSIGN(const bool more, window_.more());
      if (more) continue;
      if (!finder.may_end()) return corrupt("ends in the middle of a value");
    }
    if (too_long) return Value{{}, true};
    pending_ = searched;
    return Value{window_.view().substr(0, searched), false};
  }
}

Result<void> JsonCutter::for_each_element(const OnValue& element) {
  BW_ASSIGN(const int open, peek());
  if (open != '[') return corrupt("no array begins where one should");
  take();
  BW_ASSIGN(int next, peek());
  if (next == ']') {
    take();
    return {};
  }
  for (;;) {
    BW_ASSIGN(const Value found, value());
    BW_TRY(element(found));
    BW_ASSIGN(next, peek());
    if (next == kEnd) return corrupt("ends in the middle of an array");
    if (next != ',' && next != ']') return corrupt("neither ',' nor ']' follows an element");
    take();
    if (next == ']') return {};
  }
}

Result<void> JsonCutter::for_each_member(const OnMember& member) {
  BW_ASSIGN(const int open, peek());
  if (open != '{') return corrupt("no object begins where one should");
  take();
  BW_ASSIGN(int next, peek());
  if (next == '}') {
    take();
    return {};
  }
  for (;;) {
    BW_ASSIGN(next, peek());
    if (next != '"') return corrupt("a key is missing");
    BW_ASSIGN(const Value found, value());
    if (found.too_long) return corrupt("a key is longer than the limit");
    const std::string key(found.bytes.substr(1, found.bytes.size() - 2));
    BW_ASSIGN(next, peek());
    if (next != ':') return corrupt("no ':' follows a key");
    take();
    BW_TRY(member(key));
    BW_ASSIGN(next, peek());
    if (next == kEnd) return corrupt("ends in the middle of an object");
    if (next != ',' && next != '}') return corrupt("neither ',' nor '}' follows a member");
    take();
    if (next == '}') return {};
  }
}

}  // namespace bellwether

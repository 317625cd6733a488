// SPDX-License-Identifier: Apache-2.0
// The next bytes of a stream in one contiguous buffer, which grows only as far as its user lets it.
//
// The room's own; parsers that cut a stream into records stand on it.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

#include "ingest/input.h"

namespace bellwether {

// Where the first '\n' at or after `from` is; npos: nowhere. from <= text.size().
inline size_t find_newline(std::string_view text, size_t from) {
  const void* found = std::memchr(text.data() + from, '\n', text.size() - from);
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

class Window {
 public:
  static constexpr size_t kBytesFirst = 64 << 10;  // enough for most members of most archives
  static constexpr size_t kBytes = 1 << 20;        // once that has been filled

  // Borrows `stream`.
  explicit Window(ByteStream& stream)
      : stream_(stream), buffer_(std::make_unique_for_overwrite<char[]>(kBytesFirst)) {}

  // The bytes that were read and not yet used; valid until more().
  std::string_view view() const { return {buffer_.get() + begin_, end_ - begin_}; }

  void use(size_t bytes) { begin_ += bytes; }

  // Reads on, so that view() becomes longer by bytes at its end. False: the stream has ended.
  // Doubles the buffer if none of it has been used; the caller bounds that by asking view().size().
  Result<bool> more() {
    const bool was_full = end_ == capacity_;
    const size_t held = end_ - begin_;
    if (held == capacity_ || (was_full && capacity_ < kBytes)) {
      const size_t larger = std::max(kBytes, capacity_ * 2);
      auto buffer = std::make_unique_for_overwrite<char[]>(larger);
      std::memcpy(buffer.get(), buffer_.get() + begin_, held);
      buffer_ = std::move(buffer);
      capacity_ = larger;
    } else if (begin_ > 0) {
      std::memmove(buffer_.get(), buffer_.get() + begin_, held);
    }
    begin_ = 0;
    end_ = held;
    BW_ASSIGN(const size_t got, stream_.read(buffer_.get() + end_, capacity_ - end_));
    end_ += got;
    return got > 0;
  }

  // Passes over a UTF-8 byte order mark; to be called before anything was used. A failing stream
  // shows its failure again at the next more().
  void skip_byte_order_mark() {
    while (view().size() < 3) {
      const Result<bool> got = more();
      if (!got.ok() || !*got) break;
    }
    if (view().starts_with("\xef\xbb\xbf")) use(3);
  }

 private:
  ByteStream& stream_;
  std::unique_ptr<char[]> buffer_;
  size_t capacity_ = kBytesFirst;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Text that is made while reading and has to stay where it is until its events have been taken.
//
// Views stay valid until clear(). Not for several threads at once.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstring>
#include <initializer_list>
#include <memory>
#include <string_view>
#include <vector>

namespace bellwether {

class TextArena {
 public:
  // The pieces one after the other, copied. No pieces, or empty ones only: an empty view.
  std::string_view join(std::initializer_list<std::string_view> pieces) {
    size_t size = 0;
    for (const std::string_view piece : pieces) size += piece.size();
    char* const begin = take(size);
    char* at = begin;
    for (const std::string_view piece : pieces) {
      if (piece.empty()) continue;
      std::memcpy(at, piece.data(), piece.size());
      at += piece.size();
    }
    return {begin, size};
  }
  std::string_view keep(std::string_view text) { return join({text}); }

  // `size` bytes to write into; never null.
  char* take(size_t size) {
    while (chunk_ < chunks_.size() && size > chunks_[chunk_].size - used_) {
      ++chunk_;
      used_ = 0;
    }
    if (chunk_ == chunks_.size()) {
      const size_t bytes = std::max(size, kChunkBytes);
      chunks_.push_back({std::make_unique_for_overwrite<char[]>(bytes), bytes});
      used_ = 0;
    }
    char* const place = chunks_[chunk_].bytes.get() + used_;
    used_ += size;
    return place;
  }

  // Forgets all text; keeps the memory, but for what one huge text took.
  void clear() {
    std::erase_if(chunks_, [](const Chunk& chunk) { return chunk.size > kChunkBytes; });
    chunk_ = 0;
    used_ = 0;
  }

 private:
  static constexpr size_t kChunkBytes = 64 << 10;
  struct Chunk {
    std::unique_ptr<char[]> bytes;
    size_t size;
  };
  std::vector<Chunk> chunks_;
  size_t chunk_ = 0;  // the one being filled
  size_t used_ = 0;   // bytes of it
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Numbers for strings: accounts, by their hash64; topics and their sets.
#pragma once
#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "store/id_table.h"
#include "store/pages.h"

namespace bellwether {

// Keeps copies of strings, never moves them, gives them all back at once.
class Arena {
 public:
  const char* keep(std::string_view text) {
    if (text.size() > left_) {
      const size_t size = text.size() > kBlock ? text.size() : kBlock;
      blocks_.push_back(std::make_unique_for_overwrite<char[]>(size));
      at_ = blocks_.back().get();
      left_ = size;
    }
    char* kept = at_;
    std::memcpy(kept, text.data(), text.size());
    at_ += text.size();
    left_ -= text.size();
    return kept;
  }

 private:
  static constexpr size_t kBlock = 1 << 20;
  std::vector<std::unique_ptr<char[]>> blocks_;
  char* at_ = nullptr;
  size_t left_ = 0;
};

// From a string, with its hash, to a number. Equal hashes of different strings are told apart.
class StringTable {
 public:
  size_t size() const { return size_; }
  void reserve(size_t count) {
    if (count * 4 > capacity_ * 3) resize(count + count / 2);
  }
  void prefetch(uint64_t hash) const {
    if (capacity_ > 0) fetch_lines(&slots_[place(hash)], 2 * sizeof(Slot));
  }
  // For when the slot has arrived: fetches the string to compare with.
  void prefetch_text(uint64_t hash) const {
    if (capacity_ == 0) return;
    for (size_t at = place(hash); slots_[at].length != 0;) {
      if (slots_[at].hash == hash) {
        fetch_lines(slots_[at].text, std::min<size_t>(slots_[at].length, 64));
        return;
      }
      if (++at == capacity_) at = 0;
    }
  }

  // The number of `text` (not empty), which becomes `fresh` if it had none; then sets `added`.
  uint32_t find_or_add(std::string_view text, uint64_t hash, uint32_t fresh, bool& added) {
    if ((size_ + 1) * 4 > capacity_ * 3) resize(capacity_ < 1024 ? 2048 : capacity_ * 2);
    size_t at = place(hash);
    while (slots_[at].length != 0) {
      const Slot& slot = slots_[at];
      if (slot.hash == hash && slot.length == text.size() && equal(slot.text, text)) {
        added = false;
        return slot.number;
      }
      if (++at == capacity_) at = 0;
    }
    slots_[at] = {hash, arena_.keep(text), static_cast<uint32_t>(text.size()), fresh};
    ++size_;
    added = true;
    return fresh;
  }

 private:
  struct Slot {
    uint64_t hash;
    const char* text;
    uint32_t length;  // 0: empty
    uint32_t number;
  };

  // memcmp by words: names are short, and the call would cost more than the comparison.
  static bool equal(const char* kept, std::string_view text) {
    const char* given = text.data();
    size_t left = text.size();
    for (; left >= 8; left -= 8, kept += 8, given += 8) {
      uint64_t a = 0;
      uint64_t b = 0;
      std::memcpy(&a, kept, 8);
      std::memcpy(&b, given, 8);
      if (a != b) return false;
    }
    for (; left > 0; --left, ++kept, ++given) {
      if (*kept != *given) return false;
    }
    return true;
  }

  size_t place(uint64_t hash) const { return scaled(spread(hash, hash), capacity_); }

  void resize(size_t capacity) {
    ZeroedPages<Slot> bigger(capacity);
    std::swap(slots_, bigger);
    std::swap(capacity_, capacity);
    for (size_t i = 0; i < capacity; ++i) {
      if (bigger[i].length == 0) continue;
      size_t at = place(bigger[i].hash);
      while (slots_[at].length != 0) {
        if (++at == capacity_) at = 0;
      }
      slots_[at] = bigger[i];
    }
  }

  ZeroedPages<Slot> slots_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  Arena arena_;
};

}  // namespace bellwether

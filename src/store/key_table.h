// SPDX-License-Identifier: Apache-2.0
// Hash tables over keys that are 64-bit hashes already: a set, and a map that keeps the least
// value.
#pragma once
#include <cstdint>

#include "store/fingerprint_table.h"
#include "store/pages.h"

namespace bellwether {

// From a key to the least of the values given for it. 16 bytes a slot, at most three quarters full.
// Keys are never 0 (object_key's "none").
class LeastMap {
 public:
  static constexpr uint64_t kNone = ~uint64_t{0};

  size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void prefetch(uint64_t key) const {
    if (capacity_ > 0) __builtin_prefetch(&slots_[place(key)]);
  }

  // True if the key is new. `value` is below kNone.
  bool give(uint64_t key, uint64_t value) {
    if ((size_ + 1) * 4 > capacity_ * 3) resize(capacity_ < 1024 ? 2048 : capacity_ * 2);
    size_t at = place(key);
    while (slots_[at].key != 0) {
      if (slots_[at].key == key) {
        if (value < slots_[at].value) slots_[at].value = value;
        return false;
      }
      if (++at == capacity_) at = 0;
    }
    slots_[at] = {key, value};
    ++size_;
    return true;
  }

  // kNone: no such key.
  uint64_t find(uint64_t key) const {
    if (capacity_ == 0) return kNone;
    for (size_t at = place(key); slots_[at].key != 0;) {
      if (slots_[at].key == key) return slots_[at].value;
      if (++at == capacity_) at = 0;
    }
    return kNone;
  }

 private:
  struct Slot {
    uint64_t key;
    uint64_t value;
  };

  size_t place(uint64_t key) const { return scaled(spread(key, seed_), capacity_); }

  void resize(size_t capacity) {
    ZeroedPages<Slot> bigger(capacity);
    std::swap(slots_, bigger);
    std::swap(capacity_, capacity);
    for (size_t i = 0; i < capacity; ++i) {
      if (bigger[i].key == 0) continue;
      size_t at = place(bigger[i].key);
      while (slots_[at].key != 0) {
        if (++at == capacity_) at = 0;
      }
      slots_[at] = bigger[i];
    }
  }

  ZeroedPages<Slot> slots_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  uint64_t seed_ = process_seed();
};

// Which keys were seen. 8 bytes a slot.
class KeySet {
 public:
  size_t size() const { return size_; }
  void prefetch(uint64_t key) const {
    if (capacity_ > 0) __builtin_prefetch(&slots_[place(key)], 1);
  }
  // True if it is new. Keys are never 0.
  bool add(uint64_t key) {
    if ((size_ + 1) * 4 > capacity_ * 3) resize(capacity_ < 1024 ? 2048 : capacity_ * 2);
    size_t at = place(key);
    while (slots_[at] != 0) {
      if (slots_[at] == key) return false;
      if (++at == capacity_) at = 0;
    }
    slots_[at] = key;
    ++size_;
    return true;
  }
  bool contains(uint64_t key) const {
    if (capacity_ == 0) return false;
    for (size_t at = place(key); slots_[at] != 0;) {
      if (slots_[at] == key) return true;
      if (++at == capacity_) at = 0;
    }
    return false;
  }

 private:
  size_t place(uint64_t key) const { return scaled(spread(key, seed_), capacity_); }

  void resize(size_t capacity) {
    ZeroedPages<uint64_t> bigger(capacity);
    std::swap(slots_, bigger);
    std::swap(capacity_, capacity);
    for (size_t i = 0; i < capacity; ++i) {
      const uint64_t key = bigger[i];
      if (key == 0) continue;
      size_t at = place(key);
      while (slots_[at] != 0) {
        if (++at == capacity_) at = 0;
      }
      slots_[at] = key;
    }
  }

  ZeroedPages<uint64_t> slots_;
  size_t capacity_ = 0;
  size_t size_ = 0;
  uint64_t seed_ = process_seed();
};

}  // namespace bellwether

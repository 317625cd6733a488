// SPDX-License-Identifier: Apache-2.0
// The ids of all events of the log, each with the source that stated it last.
//
// Open addressing with linear probing, 20 bytes a slot, at most three quarters full: 27 to 54 bytes
// an event. Places follow the hash in order, so that growing reads and writes memory front to back.
// Callers who know what comes next call prefetch() some steps ahead; then the misses overlap.
#pragma once
#include <cstdint>
#include <cstring>

#include "base/hash.h"
#include "store/pages.h"

namespace bellwether {

__extension__ using Uint128 = unsigned __int128;

// Spreads 128 bits over 64; equal on every machine, though nothing depends on it.
inline uint64_t spread(uint64_t high, uint64_t low) {
  const Uint128 product = static_cast<Uint128>(high ^ 0x9E3779B97F4A7C15ULL) *
                          static_cast<Uint128>(low ^ 0xD6E8FEB86659FD93ULL);
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// `hash` scaled to [0, size), keeping its order.
inline size_t scaled(uint64_t hash, size_t size) {
  return static_cast<size_t>((static_cast<Uint128>(hash) * size) >> 64);
}

class IdTable {
 public:
  static constexpr uint32_t kTagMax = 0xFFFFFFFE;

  size_t size() const { return size_; }
  void reserve(size_t count) {
    if (count * 4 > capacity_ * 3) resize(count + count / 2);
  }

  void prefetch(const Hash128& id) const {
    // Most runs are of one or two slots.
    if (capacity_ > 0) fetch_lines(&slots_[place(id)], 2 * sizeof(Slot));
  }

  // The tag of `id` if it is there; otherwise adds it with `tag` (at most kTagMax) and sets
  // `added`. The reference is good until the next call.
  class Tag {
   public:
    uint32_t get() const { return *stored_ - 1; }
    void set(uint32_t tag) { *stored_ = tag + 1; }

   private:
    friend class IdTable;
    explicit Tag(uint32_t* stored) : stored_(stored) {}
    uint32_t* stored_;
  };
  Tag find_or_add(const Hash128& id, uint32_t tag, bool& added) {
    if ((size_ + 1) * 4 > capacity_ * 3) resize(capacity_ < 1024 ? 2048 : capacity_ * 2);
    size_t at = place(id);
    while (true) {
      Slot& slot = slots_[at];
      if (slot.tag == 0) {
        slot.set(id, tag + 1);
        ++size_;
        added = true;
        return Tag(&slot.tag);
      }
      if (slot.is(id)) {
        added = false;
        return Tag(&slot.tag);
      }
      if (++at == capacity_) at = 0;
    }
  }

 private:
  struct Slot {
    uint32_t words[4];  // the id; not uint64_t, which would pad the slot to 24 bytes
    uint32_t tag;       // plus one; 0: empty

    bool is(const Hash128& other) const { return id() == other; }
    Hash128 id() const {
      Hash128 out;
      std::memcpy(&out, words, sizeof words);
      return out;
    }
    void set(const Hash128& id, uint32_t stored) {
      std::memcpy(words, &id, sizeof words);
      tag = stored;
    }
  };
  static_assert(sizeof(Slot) == 20);

  size_t place(const Hash128& id) const { return scaled(spread(id.high, id.low), capacity_); }

  void resize(size_t capacity) {
    ZeroedPages<Slot> bigger(capacity);
    std::swap(slots_, bigger);
    std::swap(capacity_, capacity);
    for (size_t i = 0; i < capacity; ++i) {
      if (bigger[i].tag == 0) continue;
      size_t at = place(bigger[i].id());
      while (slots_[at].tag != 0) {
        if (++at == capacity_) at = 0;
      }
      slots_[at] = bigger[i];
    }
  }

  ZeroedPages<Slot> slots_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace bellwether

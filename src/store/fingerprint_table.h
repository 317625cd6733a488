// SPDX-License-Identifier: Apache-2.0
// From an event's id, or a string, to a number, keeping neither: 96 bits of a keyed hash stand for
// it.
//
// 16 bytes a slot, never across two cache lines, at most three quarters full: 21 to 43 bytes an
// entry, and one memory access a question where the id or the name itself would take two or three.
// The key is drawn at random by each process, so that nobody can prepare inputs that meet. Two of a
// hundred million different ones meet with probability 10^-13; the persisted ids have 128 bits.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/hash.h"
#include "store/pages.h"

namespace bellwether {

__extension__ using Uint128 = unsigned __int128;

// Drawn once by each process. No result depends on it.
uint64_t process_seed();

// Spreads a hash by the seed, so that keys chosen by an input do not lie together.
inline uint64_t spread(uint64_t hash, uint64_t seed) {
  const Uint128 product = static_cast<Uint128>(hash ^ seed) * 0x9E3779B97F4A7C15ULL;
  return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
}

// `hash` scaled to [0, size), keeping its order.
inline size_t scaled(uint64_t hash, size_t size) {
  return static_cast<size_t>((static_cast<Uint128>(hash) * size) >> 64);
}

struct Fingerprint {
  uint64_t place;
  uint32_t check;
};

inline Fingerprint fingerprint(const Hash128& id, uint64_t seed) {
  const Uint128 product =
      static_cast<Uint128>(id.high ^ seed) * (id.low ^ 0xD6E8FEB86659FD93ULL ^ (seed >> 1));
  const auto high = static_cast<uint64_t>(product >> 64);
  const auto low = static_cast<uint64_t>(product);
  return {high ^ low, static_cast<uint32_t>(low >> 32)};
}
// `hash` is hash64(text).
Fingerprint fingerprint(std::string_view text, uint64_t hash, uint64_t seed);

class FingerprintTable {
 public:
  static constexpr uint32_t kNumberMax = 0xFFFFFFFE;

  size_t size() const { return size_; }
  void reserve(size_t count) {
    if (count * 4 > capacity_ * 3) resize(count + count / 2);
  }

  // Callers who know what comes next say so some steps ahead; then the memory accesses overlap.
  void prefetch(const Fingerprint& print) const {
    if (capacity_ > 0) __builtin_prefetch(&slots_[scaled(print.place, capacity_)], 1);
  }

  // A number kept, good until the next find_or_add.
  class Kept {
   public:
    uint32_t get() const { return *stored_ - 1; }
    void set(uint32_t number) { *stored_ = number + 1; }

   private:
    friend class FingerprintTable;
    explicit Kept(uint32_t* stored) : stored_(stored) {}
    uint32_t* stored_;
  };

  // The number of what `print` stands for. If it has none it gets `fresh`, at most kNumberMax, and
  // `added` is set.
  Kept find_or_add(const Fingerprint& print, uint32_t fresh, bool& added) {
    if ((size_ + 1) * 4 > capacity_ * 3) resize(capacity_ < 1024 ? 2048 : capacity_ * 2);
    for (size_t at = scaled(print.place, capacity_);;) {
      Slot& slot = slots_[at];
      if (slot.stored == 0) {
        slot = {print.place, print.check, fresh + 1};
        ++size_;
        added = true;
        return Kept(&slot.stored);
      }
      if (slot.place == print.place && slot.check == print.check) {
        added = false;
        return Kept(&slot.stored);
      }
      if (++at == capacity_) at = 0;
    }
  }

 private:
  struct Slot {
    uint64_t place;
    uint32_t check;
    uint32_t stored;  // the number plus one; 0: empty
  };
  static_assert(sizeof(Slot) == 16);

  // Places follow the hash in order, so this reads and writes memory front to back.
  void resize(size_t capacity) {
    ZeroedPages<Slot> old(capacity);
    std::swap(slots_, old);
    std::swap(capacity_, capacity);
    for (size_t i = 0; i < capacity; ++i) {
      if (old[i].stored == 0) continue;
      size_t at = scaled(old[i].place, capacity_);
      while (slots_[at].stored != 0) {
        if (++at == capacity_) at = 0;
      }
      slots_[at] = old[i];
    }
  }

  ZeroedPages<Slot> slots_;
  size_t capacity_ = 0;
  size_t size_ = 0;
};

}  // namespace bellwether

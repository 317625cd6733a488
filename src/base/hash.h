// SPDX-License-Identifier: Apache-2.0
// Stable hashes of bytes: xxHash's XXH3, 64 and 128 bits wide. Not for secrets.
//
// These values are kept on disk (docs/formats/workspace.md), hence never change: XXH3's output is
// frozen since xxHash 0.8.0.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace bellwether {

struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  friend constexpr auto operator<=>(const Hash128&, const Hash128&) = default;
};

// For hash tables that are keyed by a hash already.
struct Hash128Hasher {
  using is_avalanching = void;
  size_t operator()(const Hash128& hash) const { return hash.low; }
};

uint64_t hash64(std::string_view bytes);
Hash128 hash128(std::string_view bytes);

// 32 lower-case hexadecimal digits, the high half first.
std::string to_hex(const Hash128& hash);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "store/fingerprint_table.h"

#include <xxhash.h>

#include <random>

namespace bellwether {

uint64_t process_seed() {
  static const uint64_t seed = [] {
    std::random_device device;
    return (static_cast<uint64_t>(device()) << 32) ^ device();
  }();
  return seed;
}

Fingerprint fingerprint(std::string_view text, uint64_t hash, uint64_t seed) {
  return {XXH3_64bits_withSeed(text.data(), text.size(), seed), static_cast<uint32_t>(hash)};
}

}  // namespace bellwether

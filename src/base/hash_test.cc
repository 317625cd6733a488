// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

// These values are in files that people keep; a change here breaks every workspace.
TEST(Hash, ValuesAreFrozen) {
  EXPECT_EQ(hash64(""), 0x2d06800538d394c2ULL);
  EXPECT_EQ(to_hex(hash128("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_hex(Hash128{0x0123456789abcdefULL, 0xfULL}), "0123456789abcdef000000000000000f");
}

}  // namespace
}  // namespace bellwether

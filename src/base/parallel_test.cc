// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace bellwether {
namespace {

TEST(Parallel, EveryPlaceIsVisitedOnceWhateverTheThreads) {
  for (const unsigned threads : {1U, 2U, 7U}) {
    for (const size_t n : {0UL, 1UL, 99UL, 100UL, 101UL, 1000UL}) {
      std::vector<int> visits(n, 0);
      parallel_for(n, 100, threads, [&](size_t begin, size_t end) {
        EXPECT_LE(end - begin, 100U);
        for (size_t i = begin; i < end; ++i) ++visits[i];
      });
      EXPECT_EQ(std::accumulate(visits.begin(), visits.end(), 0UL), n);
      EXPECT_EQ(std::count(visits.begin(), visits.end(), 1), static_cast<std::ptrdiff_t>(n));
    }
  }
}

}  // namespace
}  // namespace bellwether

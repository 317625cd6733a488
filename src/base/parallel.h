// SPDX-License-Identifier: Apache-2.0
// Work over [0, n) on a given number of threads.
//
// Which thread does which piece is not promised, so a caller's result must not depend on it: give
// every piece its own place to write, or add up integers.
#pragma once
#include <cstddef>
#include <functional>

namespace bellwether {

// Calls `work(begin, end)` for half-open pieces of at most `grain` that cover [0, n), then returns.
// threads >= 1; with 1 everything runs on the caller's thread, in order. `work` must not throw.
void parallel_for(size_t n, size_t grain, unsigned threads,
                  const std::function<void(size_t begin, size_t end)>& work);

// How many threads this machine can run at once, at least 1.
unsigned hardware_threads();

}  // namespace bellwether

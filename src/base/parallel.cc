// SPDX-License-Identifier: Apache-2.0
#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <cassert>
#include <thread>
#include <vector>

namespace bellwether {

void parallel_for(size_t n, size_t grain, unsigned threads,
                  const std::function<void(size_t, size_t)>& work) {
  assert(grain > 0 && threads > 0);
  const size_t pieces = (n + grain - 1) / grain;
  std::atomic<size_t> next{0};
  const auto run = [&] {
    for (size_t piece = next++; piece < pieces; piece = next++) {
      work(piece * grain, std::min(n, (piece + 1) * grain));
    }
  };
  std::vector<std::jthread> helpers;
  for (size_t i = 1; i < std::min<size_t>(threads, pieces); ++i) helpers.emplace_back(run);
  run();
}

unsigned hardware_threads() { return std::max(1U, std::thread::hardware_concurrency()); }

}  // namespace bellwether

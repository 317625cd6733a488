// SPDX-License-Identifier: Apache-2.0
//
// Name: growth
// Description: what one event costs to ingest as the log grows: a new workspace takes the same
//   community's acts up to each size, everything deduplicated against the whole log. Beside the
//   floor: putting the same events' 128-bit ids into a bare hash table, whose cost per key rises
//   too, with cache misses. The ratio of ratios says how much worse than the table we grow.
// Data: generators/files, CSV rows.
// Seed: 20120704
//
// Usage: bench_growth [--small N] [--middle N] [--large N] [--threads N] [--runs N]
// Defaults: 1,000,000, 10,000,000 and 50,000,000 events, a tenth as many people, 2 threads, one run
// each (five at the smallest); with BELLWETHER_BENCH_SMALL=1 in the environment 10,000, 30,000 and
// 100,000. Files are written below $TMPDIR (else /tmp), about 6 GB at the most, and removed.
#include <fmt/format.h>
#include <unistd.h>

#include <boost/unordered/unordered_flat_set.hpp>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/hash.h"
#include "bench/generators/files.h"
#include "bench/generators/workspace.h"
#include "bench/measure.h"

namespace bellwether {
namespace {

constexpr uint64_t kRngSeed = 20120704;

struct Options {
  size_t small = 1'000'000;
  size_t middle = 10'000'000;
  size_t large = 50'000'000;
  size_t threads = 2;
  size_t runs = 5;
};

void ingest_all(const std::string& home, const std::string& file, size_t events, size_t threads) {
  const auto workspace = open_bench_workspace(home, threads);
  const uint64_t accepted = ingest_file(*workspace, file).accepted();
  if (accepted != events) fail(fmt::format("{} accepted", accepted));
}

// One id after the other, as they would come; returns how many were new.
size_t bare_table(size_t events) {
  boost::unordered_flat_set<Hash128, Hash128Hasher> table;
  for (uint64_t i = 0; i < events; ++i) {
    table.insert(hash128(std::string_view(reinterpret_cast<const char*>(&i), sizeof i)));
  }
  return table.size();
}

int run(const Options& options) {
  fmt::print("growth: {}, {} and {} events, {} threads, rng seed {}\n{}, {}\n\n", options.small,
             options.middle, options.large, options.threads, kRngSeed, BW_COMPILER, BW_BUILD_FLAGS);
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("bench_growth.{}", getpid());
  std::filesystem::create_directories(folder);
  double ours_first = 0;
  double table_first = 0;
  fmt::print("{:>12} {:>14} {:>14} {:>14} {:>10} {:>10} {:>14}\n", "events", "ingest ns",
             "processor", "bare table ns", "ours, x", "table, x", "ours / table");
  for (const size_t events : {options.small, options.middle, options.large}) {
    const std::string file = (folder / "rows.csv").string();
    write_rows(file, make_community(events, std::max<size_t>(events / 10, 2), kRngSeed));
    Timing ours;
    Timing table;
    const size_t runs = events == options.small ? options.runs : 1;
    for (size_t i = 0; i < runs; ++i) {
      const std::string home = (folder / "home").string();
      ours.time([&] { ingest_all(home, file, events, options.threads); });
      std::filesystem::remove_all(home);
      table.time([&] {
        if (bare_table(events) != events) fail("ids met");
      });
    }
    std::filesystem::remove(file);
    const double each = 1e9 / static_cast<double>(events);
    const double ours_ns = spread_of(ours.seconds).median * each;
    const double table_ns = spread_of(table.seconds).median * each;
    if (ours_first == 0) ours_first = ours_ns, table_first = table_ns;
    fmt::print("{:>12} {:>14.0f} {:>14.0f} {:>14.0f} {:>10.2f} {:>10.2f} {:>14.2f}\n", events,
               ours_ns, spread_of(ours.processor_seconds).median * each, table_ns,
               ours_ns / ours_first, table_ns / table_first,
               (ours_ns / ours_first) / (table_ns / table_first));
  }
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace bellwether

int main(int argc, char** argv) {
  bellwether::Options options;
  if (bellwether::bench_is_small()) options = {10'000, 30'000, 100'000, 2, 1};
  if (!bellwether::read_bench_options(argc, argv,
                                      {{"small", &options.small},
                                       {"middle", &options.middle},
                                       {"large", &options.large},
                                       {"threads", &options.threads},
                                       {"runs", &options.runs}})) {
    return 2;
  }
  return bellwether::run(options);
}

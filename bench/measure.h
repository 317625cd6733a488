// SPDX-License-Identifier: Apache-2.0
// What every workload measures with: wall and processor time, memory, and the median and spread of
// several runs.
#pragma once
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace bellwether {

using BenchClock = std::chrono::steady_clock;

inline double seconds_since(BenchClock::time_point begin) {
  return std::chrono::duration<double>(BenchClock::now() - begin).count();
}

// Processor time of all threads: what a run costs even where it has to share the machine.
inline double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A line of /proc/self/status, in bytes.
inline uint64_t process_memory(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field)) {
      return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10) * 1024;
    }
  }
  return 0;
}

// Makes VmHWM speak of what comes now. False where the system forbids it: then it speaks of all.
inline bool reset_memory_peak() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5" << std::flush;
  return clear.good();
}

struct Spread {
  double median, low, high;
};

// `values` is not empty.
inline Spread spread_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

struct Timing {
  std::vector<double> seconds;
  std::vector<double> processor_seconds;

  template <typename Work>
  void time(Work&& work) {
    const double processor = bellwether::processor_seconds();
    const auto begin = BenchClock::now();
    work();
    seconds.push_back(seconds_since(begin));
    processor_seconds.push_back(bellwether::processor_seconds() - processor);
  }
};

inline bool bench_is_small() {
  const char* const small = std::getenv("BELLWETHER_BENCH_SMALL");
  return small != nullptr && *small == '1';
}

// Reads `--NAME VALUE` pairs, VALUE a number above 0, into what `options` names. False, with a line
// on usage, where the command line is something else.
inline bool read_bench_options(int argc, char** argv,
                               const std::vector<std::pair<std::string_view, size_t*>>& options) {
  for (int i = 1; i < argc; i += 2) {
    const char* const text = i + 1 < argc ? argv[i + 1] : "";
    size_t value = 0;
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
    const auto option = std::find_if(options.begin(), options.end(), [&](const auto& each) {
      return argv[i] == "--" + std::string(each.first);
    });
    if (option == options.end() || error != std::errc() || *end != '\0' || value == 0) {
      std::string usage = "usage: " + std::string(argv[0]);
      for (const auto& each : options) usage += " [--" + std::string(each.first) + " N]";
      std::fprintf(stderr, "%s\n", usage.c_str());
      return false;
    }
    *option->second = value;
  }
  return true;
}

}  // namespace bellwether

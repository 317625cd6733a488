// SPDX-License-Identifier: Apache-2.0
//
// Name: fold_and_score
// Description: from ledger entries in any order to everybody's score, in memory: settling, packing,
//   the snapshot, vouches, the teleport set, standing, scores. Then the standing pass alone, per
//   arc and iteration, beside the machine's floor (a bare gather over the same arcs) and, where it
//   is installed, GraphBLAS's weighted matrix-vector product over the same arcs.
// Data: generated. Receivers and movers by Zipf's law, a third of the acts repeat an earlier pair,
// a
//   fifth answer one, times over three years.
// Seed: 20120704
//
// Usage: bench_fold_and_score [--events N] [--people N] [--threads N] [--runs N]
// Defaults: 10,000,000 events, 1,000,000 people, 2 threads, one warm-up and five runs; with
// BELLWETHER_BENCH_SMALL=1 in the environment 100,000 events, 10,000 people, one run.
//
// Memory is that of this process (VmHWM, reset before each phase) above what it held before the
// entries were made, in bytes an event. Packing takes the ledger in pieces and frees each, as a
// scan of the store hands them out.
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <numeric>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/parallel.h"
#include "credit/ledger.h"
#include "graph/graph.h"
#include "score/score.h"
#include "score/standing.h"

#ifdef BW_HAS_GRAPHBLAS
extern "C" {
#include <GraphBLAS.h>
}
#endif

namespace bellwether {
namespace {

constexpr Instant kAsOf{1'341'403'200'000};  // 2012-07-04T12:00:00Z
constexpr uint64_t kRngSeed = 20120704;

struct Options {
  size_t events = 10'000'000;
  size_t people = 1'000'000;
  unsigned threads = 2;
  int runs = 5;
};

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

// Processor time of all threads: what a run costs even where it has to share the machine.
double processor_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// A line of /proc/self/status, in bytes.
uint64_t memory(std::string_view field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(field))
      return std::strtoull(line.c_str() + field.size() + 1, nullptr, 10) * 1024;
  }
  return 0;
}
// Makes VmHWM speak of what comes now. False where the system forbids it: then it speaks of all.
bool reset_memory_peak() {
  std::ofstream clear("/proc/self/clear_refs");
  clear << "5" << std::flush;
  return clear.good();
}

// A rank in [0, n) by Zipf's law with the given exponent.
size_t zipf(std::mt19937_64& random, size_t n, double exponent) {
  const double u = std::uniform_real_distribution<double>(0, 1)(random);
  const double end = static_cast<double>(n);
  const double rank = exponent == 1
                          ? std::pow(end, u)
                          : std::pow(1 + u * (std::pow(end, 1 - exponent) - 1), 1 / (1 - exponent));
  return std::min(n - 1, static_cast<size_t>(rank) - (rank >= 1 ? 1 : 0));
}

std::vector<LedgerEntry> make_ledger(const Options& options) {
  std::mt19937_64 random(kRngSeed);
  std::vector<AccountId> account(options.people);
  std::iota(account.begin(), account.end(), AccountId{0});
  std::shuffle(account.begin(), account.end(), random);
  constexpr Verb kVerbs[] = {Verb::kReact,   Verb::kReact,   Verb::kReply,
                             Verb::kReshare, Verb::kMention, Verb::kFollow};
  constexpr double kWeights[] = {0.3, 0.3, 1, 1, 1, 0.5};
  const auto span_ms = static_cast<uint64_t>(3 * 365 * kMsPerDay);
  std::vector<LedgerEntry> ledger;
  ledger.reserve(options.events);
  while (ledger.size() < options.events) {
    LedgerEntry e{};
    const uint64_t kind = random() % 100;
    if (kind < 33 && !ledger.empty()) {
      const LedgerEntry& earlier = ledger[random() % ledger.size()];
      e.receiver = earlier.receiver;
      e.mover = earlier.mover;
      e.published.ms = kAsOf.ms - 1 - static_cast<int64_t>(random() % span_ms);
    } else if (kind < 53 && !ledger.empty()) {
      const LedgerEntry& earlier = ledger[random() % ledger.size()];
      e.receiver = earlier.mover;
      e.mover = earlier.receiver;
      e.published.ms = std::min(
          kAsOf.ms - 1, earlier.published.ms + static_cast<int64_t>(random() % (2ULL * kMsPerDay)));
    } else {
      e.receiver = account[zipf(random, options.people, 1.0)];
      e.mover = account[options.people - 1 - zipf(random, options.people, 0.6)];
      e.published.ms = kAsOf.ms - 1 - static_cast<int64_t>(random() % span_ms);
    }
    if (e.receiver == e.mover) continue;
    const size_t verb = random() % std::size(kVerbs);
    e.verb = kVerbs[verb];
    e.credit = std::llround(kWeights[verb] * static_cast<double>(kCreditOne));
    e.row = ledger.size() + 1;
    ledger.push_back(e);
  }
  return ledger;
}

struct Phase {
  const char* name;
  std::vector<double> seconds;
  std::vector<double> processor_seconds;
  uint64_t peak_bytes = 0;
};

struct Run {
  std::vector<Phase> phases;
  uint64_t baseline = 0;
  bool peaks_are_apart = true;

  template <typename Work>
  void time(const char* name, Work&& work) {
    peaks_are_apart = reset_memory_peak() && peaks_are_apart;
    const double processor = processor_seconds();
    const auto begin = std::chrono::steady_clock::now();
    work();
    const double seconds = seconds_since(begin);
    phases.push_back(
        {name, {seconds}, {processor_seconds() - processor}, memory("VmHWM") - baseline});
  }
};

struct Spread {
  double median, low, high;
};
Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values[values.size() / 2], values.front(), values.back()};
}

std::string hash_of(const std::vector<PersonScore>& scores) {
  std::string bytes;
  for (const PersonScore& s : scores) {
    for (const double value : {s.value, s.interval.low, s.interval.high, s.momentum}) {
      bytes.append(reinterpret_cast<const char*>(&value), sizeof value);
    }
    bytes.append(reinterpret_cast<const char*>(&s.person), sizeof s.person);
  }
  return to_hex(hash128(bytes)).substr(0, 16);
}

// What one iteration of standing cannot do without: for every arc, fetch what its voucher holds.
double gather(const VouchGraph& vouches, const std::vector<double>& from, std::vector<double>& to,
              unsigned threads) {
  const auto begin = std::chrono::steady_clock::now();
  parallel_for(to.size(), 4096, threads, [&](size_t first, size_t last) {
    const AccountId* voucher = vouches.voucher.data();
    for (size_t row = first; row < last; ++row) {
      double sum = 0;
      for (uint64_t i = vouches.row[row]; i < vouches.row[row + 1]; ++i) sum += from[voucher[i]];
      to[row] = sum;
    }
  });
  return seconds_since(begin);
}

#ifdef BW_HAS_GRAPHBLAS
#define BW_GRB(call)                                                                    \
  do {                                                                                  \
    if (const GrB_Info info_ = (call); info_ != GrB_SUCCESS) {                          \
      fmt::print(stderr, "GraphBLAS: {} failed: {}\n", #call, static_cast<int>(info_)); \
      std::exit(3);                                                                     \
    }                                                                                   \
  } while (false)

// w = A m over (plus, times), A by receiver and voucher with the same weights, in double precision
// or, with half the bytes, in single.
std::vector<double> graphblas(const VouchGraph& vouches, const std::vector<double>& from,
                              int iterations, bool single) {
  const GrB_Type type = single ? GrB_FP32 : GrB_FP64;
  const GrB_Index n = from.size();
  GrB_Matrix a = nullptr;
  GrB_Vector x = nullptr;
  GrB_Vector y = nullptr;
  BW_GRB(GrB_Matrix_new(&a, type, n, n));
  BW_GRB(GrB_Vector_new(&x, type, n));
  BW_GRB(GrB_Vector_new(&y, type, n));
  std::vector<GrB_Index> rows(vouches.row.begin(), vouches.row.end());
  std::vector<GrB_Index> columns(vouches.voucher.begin(), vouches.voucher.end());
  std::vector<GrB_Index> place(n);
  std::iota(place.begin(), place.end(), GrB_Index{0});
  if (single) {
    BW_GRB(GrB_Matrix_import_FP32(&a, GrB_FP32, n, n, rows.data(), columns.data(),
                                  vouches.vouch.data(), rows.size(), columns.size(),
                                  vouches.vouch.size(), GrB_CSR_FORMAT));
    const std::vector<float> values(from.begin(), from.end());
    BW_GRB(GrB_Vector_build_FP32(x, place.data(), values.data(), n, GrB_NULL));
  } else {
    const std::vector<double> values(vouches.vouch.begin(), vouches.vouch.end());
    BW_GRB(GrB_Matrix_import_FP64(&a, GrB_FP64, n, n, rows.data(), columns.data(), values.data(),
                                  rows.size(), columns.size(), values.size(), GrB_CSR_FORMAT));
    BW_GRB(GrB_Vector_build_FP64(x, place.data(), from.data(), n, GrB_NULL));
  }
  BW_GRB(GrB_Matrix_wait(a, GrB_MATERIALIZE));
  std::vector<double> seconds;
  for (int i = 0; i <= iterations; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    BW_GRB(GrB_mxv(y, GrB_NULL, GrB_NULL,
                   single ? GrB_PLUS_TIMES_SEMIRING_FP32 : GrB_PLUS_TIMES_SEMIRING_FP64, a, x,
                   GrB_NULL));
    BW_GRB(GrB_Vector_wait(y, GrB_MATERIALIZE));
    if (i > 0) seconds.push_back(seconds_since(begin));
  }
  GrB_Matrix_free(&a);
  GrB_Vector_free(&x);
  GrB_Vector_free(&y);
  return seconds;
}
#endif

void print_per_arc(const char* name, const std::vector<double>& seconds, size_t arcs) {
  const Spread s = spread(seconds);
  const double per_arc = 1e9 / static_cast<double>(arcs);
  fmt::print("  {:<44} {:6.3f} ns an arc ({:.3f} to {:.3f})\n", name, s.median * per_arc,
             s.low * per_arc, s.high * per_arc);
}

// Prints the standing pass beside its floor and peer; returns the number of arcs.
size_t per_arc(const GraphSnapshot& graph, const std::vector<AccountId>& teleport_set,
               const Options& options) {
  const Policy policy;
  const VouchGraph vouches =
      graph.vouches({policy.vouches_max, policy.vouch_half_life_days, options.threads});
  const size_t arcs = vouches.voucher.size();
  fmt::print("\nstanding, an iteration over {} arcs, {} threads\n", arcs, options.threads);
  const int iterations = std::max(2, options.runs) * 2;
  std::vector<double> ours;
  std::vector<double> floor;
  std::vector<double> mass;
  for (int i = 0; i <= iterations; ++i) {
    VouchGraph copy = vouches;
    const auto begin = std::chrono::steady_clock::now();
    const Standing standing(graph, std::move(copy), teleport_set, policy, options.threads);
    const double both_steps = seconds_since(begin);
    if (i > 0) ours.push_back(both_steps / 2);
    mass.assign(standing.mass().begin(), standing.mass().end());
  }
  std::vector<double> to(mass.size());
  for (int i = 0; i <= iterations; ++i) {
    const double seconds = gather(vouches, mass, to, options.threads);
    if (i > 0) floor.push_back(seconds);
  }
  print_per_arc("standing (weights, damping, teleport set)", ours, arcs);
  print_per_arc("floor: bare gather and sum", floor, arcs);
#ifdef BW_HAS_GRAPHBLAS
  for (const bool single : {false, true}) {
    const auto peer = graphblas(vouches, mass, iterations, single);
    print_per_arc(single ? "GraphBLAS mxv, plus times, single precision"
                         : "GraphBLAS mxv, plus times, double precision",
                  peer, arcs);
    fmt::print("  {:<44} {:6.2f}\n", "standing / GraphBLAS",
               spread(ours).median / spread(peer).median);
  }
#else
  fmt::print("  GraphBLAS is not installed: no peer in this run\n");
#endif
  return arcs;
}

int run(const Options& options) {
  const Policy policy;
  fmt::print("fold_and_score: {} events, {} people, {} threads, {} runs, rng seed {}\n{}, {}\n",
             options.events, options.people, options.threads, options.runs, kRngSeed, BW_COMPILER,
             BW_BUILD_FLAGS);
  Run timings;
  std::string hash;
  Phase fold{"without settle", {}, {}, 0};
  Phase all{"all", {}, {}, 0};
  size_t pairs = 0;
  size_t scored = 0;
  const bool warm_up = options.runs > 1;
  size_t arcs = 0;
  std::vector<AccountId> teleport_set;
  for (int i = 0; i < options.runs + (warm_up ? 1 : 0); ++i) {
    Run once;
    once.baseline = memory("VmRSS");
    std::vector<LedgerEntry> ledger = make_ledger(options);
    const PersonMap persons = PersonMap::identity(static_cast<uint32_t>(options.people));
    const std::vector<NetworkId> network(options.people, 0);
    once.time("settle", [&] { settle(ledger, policy.credit, persons, options.threads); });

    constexpr size_t kPiece = 1 << 16;
    std::vector<std::vector<LedgerEntry>> scan;
    for (size_t begin = 0; begin < ledger.size(); begin += kPiece) {
      const auto from = ledger.begin() + static_cast<std::ptrdiff_t>(begin);
      const auto count = static_cast<std::ptrdiff_t>(std::min(kPiece, ledger.size() - begin));
      scan.emplace_back(from, from + count);
    }
    std::vector<LedgerEntry>().swap(ledger);
    std::vector<FoldEntry> entries;
    once.time("pack", [&] {
      entries.reserve(options.events);
      for (std::vector<LedgerEntry>& piece : scan) {
        for (const LedgerEntry& e : piece) {
          if (e.counts_as_of(kAsOf)) entries.push_back(FoldEntry::from(e));
        }
        std::vector<LedgerEntry>().swap(piece);
      }
    });
    std::optional<GraphSnapshot> graph;
    once.time("snapshot", [&] { graph.emplace(std::move(entries), network, persons, kAsOf); });
    VouchGraph vouches;
    once.time("vouches", [&] {
      vouches = graph->vouches({policy.vouches_max, policy.vouch_half_life_days, options.threads});
    });
    once.time("teleport set",
              [&] { teleport_set = choose_teleport_set(*graph, policy, options.threads); });
    std::optional<Standing> standing;
    once.time("standing", [&] {
      standing.emplace(*graph, std::move(vouches), teleport_set, policy, options.threads);
    });
    std::vector<PersonScore> scores;
    once.time("score",
              [&] { scores = score_everybody(*graph, *standing, policy, {}, options.threads); });
    const std::string now = hash_of(scores);
    if (!hash.empty() && now != hash) {
      fmt::print(stderr, "two runs gave different scores: {} and {}\n", hash, now);
      return 1;
    }
    hash = now;
    scored = scores.size();
    if (i == 0) {
      // Memory is that of the first run: later ones find pages that the allocator has kept.
      timings = once;
      for (Phase& phase : timings.phases) phase.seconds.clear(), phase.processor_seconds.clear();
      for (const PersonScore& s : scores) pairs += s.movers;
    }
    if (!warm_up || i > 0) {
      double total = 0;
      double processor = 0;
      for (size_t phase = 0; phase < once.phases.size(); ++phase) {
        timings.phases[phase].seconds.push_back(once.phases[phase].seconds[0]);
        timings.phases[phase].processor_seconds.push_back(once.phases[phase].processor_seconds[0]);
        total += once.phases[phase].seconds[0];
        processor += once.phases[phase].processor_seconds[0];
      }
      all.seconds.push_back(total);
      all.processor_seconds.push_back(processor);
      fold.seconds.push_back(total - once.phases[0].seconds[0]);
      fold.processor_seconds.push_back(processor - once.phases[0].processor_seconds[0]);
    }
    if (i + 1 == options.runs + (warm_up ? 1 : 0)) {
      arcs = per_arc(*graph, teleport_set, options);
    }
  }

  for (const Phase& phase : timings.phases)
    all.peak_bytes = std::max(all.peak_bytes, phase.peak_bytes);
  for (size_t phase = 1; phase < timings.phases.size(); ++phase) {
    fold.peak_bytes = std::max(fold.peak_bytes, timings.phases[phase].peak_bytes);
  }
  timings.phases.push_back(fold);
  timings.phases.push_back(all);
  fmt::print("\n{:<14} {:>9} {:>20} {:>10} {:>12}\n", "phase", "seconds", "lowest to highest",
             "processor", "bytes/event");
  for (const Phase& phase : timings.phases) {
    const Spread s = spread(phase.seconds);
    fmt::print("{:<14} {:9.3f} {:>9.3f} to {:7.3f} {:10.3f} {:12.1f}\n", phase.name, s.median,
               s.low, s.high, spread(phase.processor_seconds).median,
               static_cast<double>(phase.peak_bytes) / static_cast<double>(options.events));
  }
  if (!timings.peaks_are_apart) fmt::print("the system does not tell the phases' peaks apart\n");
  fmt::print(
      "\nentry {} bytes in the ledger, {} packed; {} pairs; {} vouches of {} bytes; {} scores of "
      "{} "
      "bytes; teleport set {}\n",
      sizeof(LedgerEntry), sizeof(FoldEntry), pairs, arcs, sizeof(AccountId) + sizeof(float),
      scored, sizeof(PersonScore), teleport_set.size());
  fmt::print("hash of the scores {}\n", hash);
  return 0;
}

}  // namespace
}  // namespace bellwether

int main(int argc, char** argv) {
  bellwether::Options options;
  if (const char* small = std::getenv("BELLWETHER_BENCH_SMALL");
      small != nullptr && *small == '1') {
    options = {100'000, 10'000, 2, 1};
  }
  for (int i = 1; i < argc; i += 2) {
    const std::string_view name = argv[i];
    size_t value = 0;
    const char* text = i + 1 < argc ? argv[i + 1] : "";
    const auto [end, error] = std::from_chars(text, text + std::strlen(text), value);
    const bool good = error == std::errc() && *end == '\0' && value > 0;
    if (good && name == "--events") {
      options.events = value;
    } else if (good && name == "--people") {
      options.people = std::max<size_t>(value, 2);
    } else if (good && name == "--threads") {
      options.threads = static_cast<unsigned>(value);
    } else if (good && name == "--runs") {
      options.runs = static_cast<int>(value);
    } else {
      fmt::print(stderr, "usage: {} [--events N] [--people N] [--threads N] [--runs N]\n", argv[0]);
      return 2;
    }
  }
#ifdef BW_HAS_GRAPHBLAS
  // Once a process: it cannot be begun again after its end.
  if (GrB_init(GrB_NONBLOCKING) != GrB_SUCCESS ||
      GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, static_cast<int>(options.threads)) !=
          GrB_SUCCESS) {
    fmt::print(stderr, "GraphBLAS could not be started\n");
    return 3;
  }
#endif
  return bellwether::run(options);
}

// SPDX-License-Identifier: Apache-2.0
//
// Name: fold_and_score
// Description: from ledger entries in any order to everybody's score, in memory: settling, packing,
//   the snapshot, vouches, the teleport set, standing, the score alone, scores with margins and
//   facets, forecasts, the topics of everybody by their evidence. Then the standing pass alone, per
//   arc and iteration, beside the machine's floor (a bare gather over the same arcs) and, where it
//   is installed, GraphBLAS's weighted matrix-vector product over the same arcs.
// Data: generators/community.
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
#include <malloc.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <optional>
#include <random>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/parallel.h"
#include "bench/generators/community.h"
#include "bench/measure.h"
#include "credit/ledger.h"
#include "explain/topics.h"
#include "graph/graph.h"
#include "score/score.h"
#include "score/standing.h"
#include "score/teleport.h"

#ifdef BW_HAS_GRAPHBLAS
extern "C" {
#include <GraphBLAS.h>
}
#endif

namespace bellwether {
namespace {

constexpr uint64_t kRngSeed = 20120704;

struct Options {
  size_t events = 10'000'000;
  size_t people = 1'000'000;
  size_t threads = 2;
  size_t runs = 5;

  unsigned threads_used() const { return static_cast<unsigned>(threads); }
};

// The community as a ledger whose receivers and movers are numbered like its people.
std::vector<LedgerEntry> make_ledger(const Options& options) {
  const CreditPolicy weights = Policy().credit;
  std::vector<LedgerEntry> ledger;
  ledger.reserve(options.events);
  for (const CommunityAct& act : make_community(options.events, options.people, kRngSeed)) {
    LedgerEntry e{};
    e.receiver = act.receiver;
    e.mover = act.mover;
    e.published = act.published;
    e.verb = act.verb;
    e.credit = std::llround(weights.weight[static_cast<size_t>(act.verb)] *
                            static_cast<double>(kCreditOne));
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
        {name, {seconds}, {processor_seconds() - processor}, process_memory("VmHWM") - baseline});
  }
};

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

// The score alone: people moved at each horizon of the policy, and their mean on the doubling
// scale. What a scoring with margins, momentum, facets and forecasts is held against.
std::vector<double> bare_scores(const GraphSnapshot& graph, const Standing& standing,
                                const Policy& policy, unsigned threads) {
  std::vector<double> half_life_ms;
  for (const double days : policy.half_life_days) {
    half_life_ms.push_back(days * static_cast<double>(kMsPerDay));
  }
  const auto weights = horizon_weights(policy);
  std::vector<double> out(graph.persons().persons, 0);
  parallel_for(out.size(), 1024, threads, [&](size_t begin, size_t end) {
    std::vector<MoverFold> movers;
    for (size_t p = begin; p < end; ++p) {
      const auto person = static_cast<PersonId>(p);
      graph.fold(person, half_life_ms, graph.as_of(), movers);
      double vouched[kHorizonsMax] = {};
      double crowd[kHorizonsMax] = {};
      double courted[kHorizonsMax] = {};
      for (const MoverFold& m : movers) {
        const double s = standing.for_receiver(graph, m.mover, person);
        for (size_t h = 0; h < half_life_ms.size(); ++h) {
          const double free = moved_probability(m.free[h]);
          vouched[h] += s * free;
          crowd[h] += (1 - s) * free;
          courted[h] += m.x[h] == m.free[h] ? 0 : moved_probability(m.x[h]) - free;
        }
      }
      double sum = 0;
      for (size_t h = 0; h < half_life_ms.size(); ++h) {
        sum += weights[h] *
               std::log2(1 + count_people_moved(vouched[h], crowd[h], courted[h], policy).moved);
      }
      out[p] = 1 + policy.points_per_doubling * sum / static_cast<double>(half_life_ms.size());
    }
  });
  return out;
}

// What acts are about, made up: 2,000 topics in a tree four deep with up to two parents each, and
// 20,000 sets of one to five of them. An act's set follows from its other fields, so that it takes
// no memory here; a quarter of the acts have none.
struct Topics {
  static constexpr uint32_t kSets = 20'000;
  TopicTree tree;
  std::vector<std::vector<TopicId>> sets;

  Topics() : sets(kSets + 1) {
    std::mt19937_64 random(7);
    std::vector<std::vector<TopicId>> parents(2000);
    for (TopicId topic = 20; topic < parents.size(); ++topic) {
      const TopicId above = topic < 200 ? 20 : topic < 800 ? 200 : 800;
      parents[topic].push_back(static_cast<TopicId>(random() % above));
      const auto other = static_cast<TopicId>(random() % above);
      if (random() % 2 == 0 && other != parents[topic][0]) parents[topic].push_back(other);
    }
    tree = TopicTree::make(std::move(parents));
    for (size_t set = 1; set < sets.size(); ++set) {
      for (size_t n = 0; n < 1 + set % 5; ++n) {
        const double unit = static_cast<double>(random() >> 11) * 0x1.0p-53;
        sets[set].push_back(static_cast<TopicId>(unit * unit * unit * 2000));
      }
    }
  }

  static TopicSetId of(const FoldEntry& entry) {
    const uint64_t mixed =
        (static_cast<uint64_t>(entry.published_ms) + entry.mover) * 0x9E3779B97F4A7C15;
    return mixed >> 62 == 0 ? 0 : static_cast<TopicSetId>(1 + (mixed >> 20) % kSets);
  }
};

// How many topics are somebody's, all people together.
size_t topics_of_everybody(const GraphSnapshot& graph, const Standing& standing,
                           const std::vector<PersonScore>& scores, const Policy& policy,
                           const Topics& topics, unsigned threads) {
  // Each thread takes every so manieth, since the first people have most acts and what a counter
  // has learnt of sets is worth keeping.
  std::vector<size_t> found(threads, 0);
  parallel_for(threads, 1, threads, [&](size_t part, size_t) {
    TopicCounter counter(topics.tree, policy,
                         [&](TopicSetId set) { return std::span(topics.sets[set]); });
    std::vector<TopicAct> acts;
    std::vector<FoldEntry> scratch;
    size_t theirs = 0;
    for (size_t p = part; p < scores.size(); p += threads) {
      // Most people have too few movers for any topic.
      if (scores[p].vouched_movers < static_cast<uint32_t>(policy.topic_movers_min)) continue;
      const PersonId person = scores[p].person;
      acts.clear();
      PersonId last = kNobody;
      double last_standing = 0;
      for (const FoldEntry& entry : graph.received_by(person, scratch)) {
        const TopicSetId set = Topics::of(entry);
        if (set == 0) continue;
        if (entry.mover != last) {
          last = entry.mover;
          last_standing = standing.for_receiver(graph, entry.mover, person);
        }
        if (last_standing < policy.vouched_min) continue;
        acts.push_back({entry.mover, entry.published_ms / kMsPerDay, set,
                        static_cast<double>(entry.credit()), 0});
      }
      for (const TopicEvidence& evidence : counter.count(acts, TopicDetail::kEnough)) {
        if (evidence.state != TopicState::kTheirs) break;
        ++theirs;
      }
    }
    found[part] = theirs;
  });
  return std::accumulate(found.begin(), found.end(), size_t{0});
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
  const Spread s = spread_of(seconds);
  const double per_arc = 1e9 / static_cast<double>(arcs);
  fmt::print("  {:<44} {:6.3f} ns an arc ({:.3f} to {:.3f})\n", name, s.median * per_arc,
             s.low * per_arc, s.high * per_arc);
}

// Prints the standing pass beside its floor and peer; returns the number of arcs.
size_t per_arc(const GraphSnapshot& graph, const std::vector<AccountId>& teleport_set,
               const Options& options) {
  const Policy policy;
  const VouchGraph vouches = graph.vouches(vouch_options(policy, options.threads_used()));
  const size_t arcs = vouches.voucher.size();
  fmt::print("\nstanding, an iteration over {} arcs, {} threads\n", arcs, options.threads_used());
  const int iterations = static_cast<int>(std::max<size_t>(2, options.runs)) * 2;
  std::vector<double> ours;
  std::vector<double> floor;
  std::vector<double> mass;
  for (int i = 0; i <= iterations; ++i) {
    VouchGraph copy = vouches;
    const auto begin = std::chrono::steady_clock::now();
    const Standing standing(graph, std::move(copy), teleport_set, policy, options.threads_used());
    const double both_steps = seconds_since(begin);
    if (i > 0) ours.push_back(both_steps / 2);
    mass.assign(standing.mass().begin(), standing.mass().end());
  }
  std::vector<double> to(mass.size());
  for (int i = 0; i <= iterations; ++i) {
    const double seconds = gather(vouches, mass, to, options.threads_used());
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
               spread_of(ours).median / spread_of(peer).median);
  }
#else
  fmt::print("  GraphBLAS is not installed: no peer in this run\n");
#endif
  return arcs;
}

int run(const Options& options) {
  // What is freed goes back to the system at once, so that a phase's peak is what it holds.
  mallopt(M_MMAP_THRESHOLD, 1 << 20);
  const Policy policy;
  fmt::print("fold_and_score: {} events, {} people, {} threads, {} runs, rng seed {}\n{}, {}\n",
             options.events, options.people, options.threads_used(), options.runs, kRngSeed,
             BW_COMPILER, BW_BUILD_FLAGS);
  Run timings;
  std::string hash;
  // Sums over phases, each without those it names.
  struct Sum {
    Phase phase;
    std::vector<std::string_view> without;
  };
  std::vector<Sum> sums{
      {{"fold and score", {}, {}, 0}, {"settle", "score alone", "forecast", "topics"}},
      {{"with settling", {}, {}, 0}, {"score alone", "forecast", "topics"}},
      {{"bare", {}, {}, 0}, {"settle", "score", "forecast", "topics"}},
      {{"with all", {}, {}, 0}, {"settle", "score alone"}},
  };
  const auto within = [](const Sum& sum, const Phase& phase) {
    return std::find(sum.without.begin(), sum.without.end(), phase.name) == sum.without.end();
  };
  const Topics topics;
  size_t attributed = 0;
  size_t pairs = 0;
  size_t scored = 0;
  const bool warm_up = options.runs > 1;
  size_t arcs = 0;
  std::vector<AccountId> teleport_set;
  for (size_t i = 0; i < options.runs + (warm_up ? 1 : 0); ++i) {
    Run once;
    once.baseline = process_memory("VmRSS");
    std::vector<LedgerEntry> ledger = make_ledger(options);
    const PersonMap persons = PersonMap::identity(static_cast<uint32_t>(options.people));
    const std::vector<NetworkId> network(options.people, 0);
    once.time("settle", [&] { settle(ledger, policy.credit, persons, options.threads_used()); });

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
          if (e.counts_as_of(kCommunityAsOf)) entries.push_back(FoldEntry::from(e));
        }
        std::vector<LedgerEntry>().swap(piece);
      }
    });
    std::optional<GraphSnapshot> graph;
    once.time("snapshot",
              [&] { graph.emplace(std::move(entries), network, persons, kCommunityAsOf); });
    VouchGraph vouches;
    once.time("vouches",
              [&] { vouches = graph->vouches(vouch_options(policy, options.threads_used())); });
    once.time("teleport set",
              [&] { teleport_set = choose_teleport_set(*graph, policy, options.threads_used()); });
    std::optional<Standing> standing;
    once.time("standing", [&] {
      standing.emplace(*graph, std::move(vouches), teleport_set, policy, options.threads_used());
    });
    std::vector<double> bare;
    once.time("score alone",
              [&] { bare = bare_scores(*graph, *standing, policy, options.threads_used()); });
    std::vector<double>().swap(bare);
    std::vector<PersonScore> scores;
    once.time("score", [&] {
      scores = score_everybody(*graph, *standing, policy, {}, options.threads_used());
    });
    once.time("forecast", [&] { look_ahead(*graph, scores, options.threads_used()); });
    once.time("topics", [&] {
      attributed =
          topics_of_everybody(*graph, *standing, scores, policy, topics, options.threads_used());
    });
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
      for (size_t phase = 0; phase < once.phases.size(); ++phase) {
        timings.phases[phase].seconds.push_back(once.phases[phase].seconds[0]);
        timings.phases[phase].processor_seconds.push_back(once.phases[phase].processor_seconds[0]);
      }
      for (Sum& sum : sums) {
        double seconds = 0;
        double processor = 0;
        for (const Phase& phase : once.phases) {
          if (!within(sum, phase)) continue;
          seconds += phase.seconds[0];
          processor += phase.processor_seconds[0];
        }
        sum.phase.seconds.push_back(seconds);
        sum.phase.processor_seconds.push_back(processor);
      }
    }
    if (i + 1 == options.runs + (warm_up ? 1 : 0)) {
      // From here on memory is used again, so that no pass is a page fault's.
      mallopt(M_MMAP_THRESHOLD, 32 << 20);
      mallopt(M_TRIM_THRESHOLD, 1 << 30);
      arcs = per_arc(*graph, teleport_set, options);
    }
  }

  for (Sum& sum : sums) {
    for (const Phase& phase : timings.phases) {
      if (within(sum, phase))
        sum.phase.peak_bytes = std::max(sum.phase.peak_bytes, phase.peak_bytes);
    }
  }
  for (const Sum& sum : sums) timings.phases.push_back(sum.phase);
  fmt::print("\n{:<14} {:>9} {:>20} {:>10} {:>12}\n", "phase", "seconds", "lowest to highest",
             "processor", "bytes/event");
  for (const Phase& phase : timings.phases) {
    const Spread s = spread_of(phase.seconds);
    fmt::print("{:<14} {:9.3f} {:>9.3f} to {:7.3f} {:10.3f} {:12.1f}\n", phase.name, s.median,
               s.low, s.high, spread_of(phase.processor_seconds).median,
               static_cast<double>(phase.peak_bytes) / static_cast<double>(options.events));
  }
  // Processor time too, since other work on the machine falls on some phases only.
  fmt::print(
      "with margins, momentum, facets, forecasts and topics / bare: {:.2f}, processor {:.2f}\n",
      spread_of(sums[3].phase.seconds).median / spread_of(sums[2].phase.seconds).median,
      spread_of(sums[3].phase.processor_seconds).median /
          spread_of(sums[2].phase.processor_seconds).median);
  if (!timings.peaks_are_apart) fmt::print("the system does not tell the phases' peaks apart\n");
  fmt::print(
      "\nentry {} bytes in the ledger, {} packed; {} pairs; {} vouches of {} bytes; {} scores of "
      "{} "
      "bytes; teleport set {}; {} topics that are somebody's\n",
      sizeof(LedgerEntry), sizeof(FoldEntry), pairs, arcs, sizeof(AccountId) + sizeof(float),
      scored, sizeof(PersonScore), teleport_set.size(), attributed);
  fmt::print("hash of the scores {}\n", hash);
  return 0;
}

}  // namespace
}  // namespace bellwether

int main(int argc, char** argv) {
  bellwether::Options options;
  if (bellwether::bench_is_small()) options = {100'000, 10'000, 2, 1};
  if (!bellwether::read_bench_options(argc, argv,
                                      {{"events", &options.events},
                                       {"people", &options.people},
                                       {"threads", &options.threads},
                                       {"runs", &options.runs}})) {
    return 2;
  }
  options.people = std::max<size_t>(options.people, 2);
#ifdef BW_HAS_GRAPHBLAS
  // Once a process: it cannot be begun again after its end.
  if (GrB_init(GrB_NONBLOCKING) != GrB_SUCCESS ||
      GxB_Global_Option_set(GxB_GLOBAL_NTHREADS, static_cast<int>(options.threads_used())) !=
          GrB_SUCCESS) {
    fmt::print(stderr, "GraphBLAS could not be started\n");
    return 3;
  }
#endif
  return bellwether::run(options);
}

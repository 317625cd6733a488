// SPDX-License-Identifier: Apache-2.0
//
// Name: answers
// Description: how long `bellwether show` and `bellwether explain` take on a large workspace, each
//   a process of its own from its start to its end: for the person of the highest score, and for
//   people at the hundredth, thousandth and ten-thousandth place. Beside the floor: the same
//   program asked for its --version, and asked for a person of a workspace with a hundredth of the
//   acts.
// Data: generators/files, CSV rows, ingested and scored first; that takes about a minute.
// Seed: 20120704
//
// Usage: bench_answers [--events N] [--people N] [--threads N] [--runs N]
// Defaults: 10,000,000 events, 1,000,000 people, 2 threads, one warm-up and five runs; with
// BELLWETHER_BENCH_SMALL=1 in the environment 100,000 events, 10,000 people, one run. The workspace
// lies below $TMPDIR (else /tmp) and is removed.
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/generators/files.h"
#include "bench/generators/workspace.h"
#include "bench/measure.h"
#include "workspace/recipes/score.h"

namespace bellwether {
namespace {

constexpr uint64_t kRngSeed = 20120704;

struct Options {
  size_t events = 10'000'000;
  size_t people = 1'000'000;
  size_t threads = 2;
  size_t runs = 5;
};

// Runs the program; its output goes nowhere.
double seconds_of(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), BW_PROGRAM);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
  const auto begin = BenchClock::now();
  pid_t child = 0;
  if (posix_spawn(&child, BW_PROGRAM, &actions, nullptr, argv.data(), environ) != 0) {
    fail("cannot start " BW_PROGRAM);
  }
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  const double seconds = seconds_since(begin);
  posix_spawn_file_actions_destroy(&actions);
  if (status != 0) fail(fmt::format("{} {} failed", BW_PROGRAM, arguments[1]));
  return seconds;
}

// Makes a workspace of `events` acts and scores it; returns names of people, by falling score.
std::vector<std::string> make_workspace(const std::string& home, const std::string& file,
                                        size_t events, const Options& options) {
  write_rows(file, make_community(events, options.people, kRngSeed));
  const auto workspace = open_bench_workspace(home, options.threads);
  Timing ingestion;
  ingestion.time([&] { ingest_file(*workspace, file); });
  std::filesystem::remove(file);
  Timing scoring;
  uint32_t snapshot = 0;
  scoring.time([&] { snapshot = must(score(*workspace, {}, {})).snapshot.snapshot; });
  fmt::print("{} acts: ingested in {:.1f} s, scored in {:.1f} s\n", events, ingestion.seconds[0],
             scoring.seconds[0]);
  auto scores = must(workspace->store().scores(snapshot));
  std::sort(scores.begin(), scores.end(), [](const PersonScore& a, const PersonScore& b) {
    return a.value != b.value ? a.value > b.value : a.person < b.person;
  });
  std::vector<std::string> names;
  for (size_t place = 1; place <= scores.size() && place <= 10'000; place *= 10) {
    const AccountId account = scores[place - 1].person;
    const auto entry = workspace->store().ledger_accounts(std::vector<AccountId>{account});
    if (!entry.ok() || entry->empty()) fail("a person has no account");
    names.push_back(entry->front().ref());
  }
  return names;
}

void print(const std::string& what, const std::vector<double>& seconds) {
  const Spread s = spread_of(seconds);
  fmt::print("  {:<44} {:6.1f} ms ({:.1f} to {:.1f})\n", what, s.median * 1e3, s.low * 1e3,
             s.high * 1e3);
}

int run(const Options& options) {
  fmt::print("answers: {} events, {} people, {} threads, {} runs, rng seed {}\n{}, {}\n",
             options.events, options.people, options.threads, options.runs, kRngSeed, BW_COMPILER,
             BW_BUILD_FLAGS);
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("bench_answers.{}", getpid());
  std::filesystem::create_directories(folder);
  const std::string large = (folder / "large").string();
  const std::string small = (folder / "small").string();
  const std::string file = (folder / "rows.csv").string();
  const std::vector<std::string> names = make_workspace(large, file, options.events, options);
  const std::vector<std::string> small_names =
      make_workspace(small, file, std::max<size_t>(options.events / 100, 1000), options);

  const size_t warm_up = options.runs > 1 ? 1 : 0;
  const auto measure = [&](const std::string& what, const std::vector<std::string>& arguments) {
    std::vector<double> seconds;
    for (size_t i = 0; i < options.runs + warm_up; ++i) {
      const double once = seconds_of(arguments);
      if (i >= warm_up) seconds.push_back(once);
    }
    print(what, seconds);
  };
  fmt::print("\n");
  measure("floor: --version", {"--version"});
  measure("floor: show, a hundredth of the acts", {"show", "--home", small, small_names.front()});
  measure("floor: explain, a hundredth of the acts",
          {"explain", "--home", small, small_names.front()});
  size_t place = 1;
  for (const std::string& name : names) {
    measure(fmt::format("show, place {}", place), {"show", "--home", large, name});
    measure(fmt::format("explain, place {}", place), {"explain", "--home", large, name});
    place *= 10;
  }
  std::filesystem::remove_all(folder);
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
  return bellwether::run(options);
}

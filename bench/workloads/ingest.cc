// SPDX-License-Identifier: Apache-2.0
//
// Name: ingest
// Description: bytes of a file to events that are durable and deduplicated against the whole log,
// in
//   a new workspace, as the `ingest` command does it; then the same file again, all duplicates.
//   Beside DuckDB reading the same file into a typed table of a new database, which checks no
//   duplicates: once with the columns' types told by it from the file, as in
//   `CREATE TABLE t AS SELECT * FROM read_json('f')`, once with the types given. All take turns.
// Data: generators/files: NDJSON of activities, and CSV rows.
// Seed: 20120704
//
// Usage: bench_ingest [--activities N] [--rows N] [--people N] [--threads N] [--runs N]
// Defaults: 2,000,000 activities, 10,000,000 rows, 1,000,000 people, 2 threads, one warm-up and
// five runs; with BELLWETHER_BENCH_SMALL=1 in the environment 20,000 of each, 2,000 people, one
// run. Files are written below $TMPDIR (else /tmp) and removed.

#include <duckdb.h>
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "bench/generators/files.h"
#include "bench/generators/workspace.h"
#include "bench/measure.h"

namespace bellwether {
namespace {

constexpr uint64_t kRngSeed = 20120704;

struct Options {
  size_t activities = 2'000'000;
  size_t rows = 10'000'000;
  size_t people = 1'000'000;
  size_t threads = 2;
  size_t runs = 5;
};

// A new database, filled by one statement and closed, which checkpoints it.
void peer(const std::string& path, const std::string& statement, size_t threads, uint64_t records) {
  duckdb_config config = nullptr;
  duckdb_database database = nullptr;
  duckdb_connection connection = nullptr;
  duckdb_create_config(&config);
  duckdb_set_config(config, "threads", std::to_string(threads).c_str());
  char* error = nullptr;
  if (duckdb_open_ext(path.c_str(), &database, config, &error) != DuckDBSuccess) fail(error);
  if (duckdb_connect(database, &connection) != DuckDBSuccess) fail("no connection");
  duckdb_result result;
  if (duckdb_query(connection, statement.c_str(), &result) != DuckDBSuccess) {
    fail(duckdb_result_error(&result));
  }
  const int64_t made = duckdb_value_int64(&result, 0, 0);
  duckdb_destroy_result(&result);
  duckdb_disconnect(&connection);
  duckdb_close(&database);
  duckdb_destroy_config(&config);
  if (static_cast<uint64_t>(made) != records) fail(fmt::format("the peer read {}", made));
}

// What one ingestion of `file` accepts and repeats, in the workspace at `home`.
void ours(const std::string& home, const std::string& file, size_t threads, uint64_t accepted,
          uint64_t duplicates) {
  const auto workspace = open_bench_workspace(home, threads);
  const IngestResult result = ingest_file(*workspace, file);
  uint64_t again = 0;
  for (const SourceReport& source : result.sources) again += source.duplicates;
  if (result.rejected() != 0 || result.accepted() < accepted || again < duplicates) {
    fail(fmt::format("{} accepted, {} duplicates, {} rejected", result.accepted(), again,
                     result.rejected()));
  }
}

void print(const std::string& name, const Timing& timing, uint64_t records) {
  const Spread s = spread_of(timing.seconds);
  const double count = static_cast<double>(records);
  fmt::print("  {:<34} {:>7.3f} s ({:.3f} to {:.3f}), {:>10.0f} a second, processor {:.3f} s\n",
             name, s.median, s.low, s.high, count / s.median,
             spread_of(timing.processor_seconds).median);
}

// `reader` is DuckDB's function, `types` its arguments that give the columns' types.
void measure(const std::string& what, const std::filesystem::path& folder, const std::string& file,
             const std::string& reader, const std::string& types, uint64_t records,
             const Options& options) {
  Timing us;
  Timing repeat;
  Timing told;
  Timing given;
  const size_t warm_up = options.runs > 1 ? 1 : 0;
  const auto statement = [&](const std::string& arguments) {
    return fmt::format("CREATE TABLE t AS SELECT * FROM {}('{}'{})", reader, file, arguments);
  };
  for (size_t i = 0; i < options.runs + warm_up; ++i) {
    const std::string home = (folder / "home").string();
    const std::string database = (folder / "peer.duckdb").string();
    Timing once;
    for (const std::string& arguments : {std::string(), ", " + types}) {
      once.time([&] { peer(database, statement(arguments), options.threads, records); });
      std::filesystem::remove_all(database);
    }
    once.time([&] { ours(home, file, options.threads, records, 0); });
    once.time([&] { ours(home, file, options.threads, 0, records); });
    std::filesystem::remove_all(home);
    if (i < warm_up) continue;
    size_t at = 0;
    for (Timing* timing : {&told, &given, &us, &repeat}) {
      timing->seconds.push_back(once.seconds[at]);
      timing->processor_seconds.push_back(once.processor_seconds[at]);
      ++at;
    }
  }
  fmt::print("\n{}: {} records, {:.0f} MB\n", what, records,
             static_cast<double>(std::filesystem::file_size(file)) * 1e-6);
  print("ingest into a new workspace", us, records);
  print("the same again, all duplicates", repeat, records);
  print(reader + ", types told by it", told, records);
  print(reader + ", types given", given, records);
  const double median = spread_of(us.seconds).median;
  fmt::print("  rate of ingest / rate of {}: types told {:.2f}, given {:.2f}\n", reader,
             spread_of(told.seconds).median / median, spread_of(given.seconds).median / median);
}

int run(const Options& options) {
  fmt::print(
      "ingest: {} activities, {} rows, {} people, {} threads, {} runs, rng seed {}\n{}, {}, "
      "DuckDB {}\n",
      options.activities, options.rows, options.people, options.threads, options.runs, kRngSeed,
      BW_COMPILER, BW_BUILD_FLAGS, duckdb_library_version());
  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / fmt::format("bench_ingest.{}", getpid());
  std::filesystem::create_directories(folder);
  const std::vector<CommunityAct> acts =
      make_community(std::max(options.activities, options.rows), options.people, kRngSeed);
  const std::span<const CommunityAct> all(acts);

  const std::string activities = (folder / "activities.ndjson").string();
  write_activities(activities, all.first(options.activities));
  measure("NDJSON activities", folder, activities, "read_json",
          "format='newline_delimited', columns={'@context': 'VARCHAR', 'id': 'VARCHAR', "
          "'actor': 'VARCHAR', 'published': 'TIMESTAMP', 'type': 'VARCHAR', "
          "'object': 'STRUCT(id VARCHAR, \"type\" VARCHAR, attributedTo VARCHAR, inReplyTo "
          "VARCHAR, content VARCHAR, tag STRUCT(\"type\" VARCHAR, href VARCHAR, \"name\" "
          "VARCHAR)[])', 'to': 'VARCHAR[]', 'cc': 'VARCHAR[]'}",
          options.activities, options);
  std::filesystem::remove(activities);

  const std::string rows = (folder / "rows.csv").string();
  write_rows(rows, all.first(options.rows));
  measure("CSV rows", folder, rows, "read_csv",
          "header=true, columns={'time': 'BIGINT', 'actor': 'VARCHAR', 'verb': 'VARCHAR', "
          "'target': 'VARCHAR'}",
          options.rows, options);
  std::filesystem::remove_all(folder);
  return 0;
}

}  // namespace
}  // namespace bellwether

int main(int argc, char** argv) {
  bellwether::Options options;
  if (bellwether::bench_is_small()) options = {20'000, 20'000, 2'000, 2, 1};
  if (!bellwether::read_bench_options(argc, argv,
                                      {{"activities", &options.activities},
                                       {"rows", &options.rows},
                                       {"people", &options.people},
                                       {"threads", &options.threads},
                                       {"runs", &options.runs}})) {
    return 2;
  }
  return bellwether::run(options);
}

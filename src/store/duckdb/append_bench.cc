// SPDX-License-Identifier: Apache-2.0
// What the store costs: appending edges durably and deduplicated, scanning them, keeping a ledger.
//
// Data: edges between accounts, one for ten edges, both ends skewed towards small numbers (the cube
// of a uniform one), seed 1; a million of them, or ten thousand in the tests. The peers run beside
// in the same process and on the same disk: DuckDB reading the same edges from CSV into a typed
// table, and DuckDB making a table of the ledger's columns from generated rows. `items_per_second`
// are edges or entries. BELLWETHER_BENCH_EVENTS sets another number of edges.
#include <benchmark/benchmark.h>
#include <duckdb.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>

#include "base/hash.h"
#include "store/store_testing.h"

namespace bellwether {
namespace {

struct Edge {
  uint32_t actor;
  uint32_t target;
  int64_t ms;
};

size_t edges_wanted() {
  if (const char* text = std::getenv("BELLWETHER_BENCH_EVENTS")) {
    return static_cast<size_t>(std::strtoull(text, nullptr, 10));
  }
  return std::getenv("BELLWETHER_BENCH_SMALL") != nullptr ? 10'000 : 1'000'000;
}

struct World {
  std::vector<std::string> names;
  std::vector<Edge> edges;

  World() {
    const size_t n = edges_wanted();
    names.resize(std::max<size_t>(n / 10, 10));
    for (size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("u{}", i * 7919 % 100'000'007);
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(0, 1);
    const auto pick = [&] {
      const double u = uniform(random);
      return static_cast<uint32_t>(u * u * u * static_cast<double>(names.size()));
    };
    edges.resize(n);
    for (size_t i = 0; i < n; ++i) {
      edges[i] = {pick(), pick(), 1'341'100'000'000 + static_cast<int64_t>(i) * 997};
    }
  }
};

const World& world() {
  static const World made;
  return made;
}

void give_all(Store& store) {
  const auto writer = must(store.begin_unit());
  must(writer->begin_source({"edges", "bench", 1, false}, Instant{0}));
  InteractionEvent event;
  uint64_t record = 0;
  for (const Edge& edge : world().edges) {
    event.account = {"csv", world().names[edge.actor]};
    event.target = {"csv", world().names[edge.target]};
    event.published = Instant{edge.ms};
    event.provenance = {++record, record * 0x9E3779B97F4A7C15ULL};
    must(writer->event(event));
  }
  must(writer->finish());
}

void count_edges(benchmark::State& state) {
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(world().edges.size()));
}

void BM_Append(benchmark::State& state) {
  world();
  for (auto _ : state) {
    state.PauseTiming();
    const StoreFolder folder;
    StoreOptions options;
    options.threads = static_cast<unsigned>(state.range(0));
    auto store = open_store(folder, options);
    state.ResumeTiming();
    give_all(*store);
    state.PauseTiming();
    if (must(store->summary()).events != world().edges.size()) state.SkipWithError("events lost");
    store.reset();
    state.ResumeTiming();
  }
  count_edges(state);
}

void BM_AppendAgain(benchmark::State& state) {
  const StoreFolder folder;
  {
    const auto store = open_store(folder);
    give_all(*store);
  }
  for (auto _ : state) {
    state.PauseTiming();
    auto store = open_store(folder);
    state.ResumeTiming();
    give_all(*store);
    state.PauseTiming();
    if (must(store->summary()).events != world().edges.size()) state.SkipWithError("ids differ");
    store.reset();
    state.ResumeTiming();
  }
  count_edges(state);
}

// The peer of BM_Append: it parses text, which BM_Append does not, and deduplicates nothing.
void BM_DuckDbReadCsv(benchmark::State& state) {
  const StoreFolder folder;
  const std::string csv = folder.file("edges.csv");
  {
    std::ofstream out(csv);
    out << "actor,target,time\n";
    std::string lines;
    for (const Edge& edge : world().edges) {
      lines +=
          fmt::format("{},{},{}\n", world().names[edge.actor], world().names[edge.target], edge.ms);
    }
    out << lines;
  }
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    duckdb_config config = nullptr;
    duckdb_create_config(&config);
    duckdb_set_config(config, "threads", "2");
    duckdb_database database = nullptr;
    duckdb_connection connection = nullptr;
    const std::string file = folder.file(fmt::format("peer{}.duckdb", ++round));
    duckdb_open_ext(file.c_str(), &database, config, nullptr);
    duckdb_destroy_config(&config);
    duckdb_connect(database, &connection);
    state.ResumeTiming();
    const std::string sql = fmt::format(
        "CREATE TABLE edges AS FROM read_csv('{}', header = true, columns = {{'actor': 'VARCHAR', "
        "'target': 'VARCHAR', 'time': 'BIGINT'}})",
        csv);
    if (duckdb_query(connection, sql.c_str(), nullptr) != DuckDBSuccess ||
        duckdb_query(connection, "CHECKPOINT", nullptr) != DuckDBSuccess) {
      state.SkipWithError("the peer failed");
    }
    state.PauseTiming();
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    state.ResumeTiming();
  }
  count_edges(state);
}

// A store with the edges, and a ledger of one entry an edge.
struct Kept {
  Kept() : store(open_store(folder)) {
    give_all(*store);
    numbering = must(store->number_accounts());
    must(store->scan_acts(*numbering, [&](std::span<const ResolvedAct> piece) {
      for (const ResolvedAct& act : piece) {
        entries.push_back({act.target, act.account, act.published, Instant::unknown(), kCreditOne,
                           act.row, act.topics, act.network, act.verb, false});
      }
    }));
    std::sort(entries.begin(), entries.end(), [](const LedgerEntry& a, const LedgerEntry& b) {
      return std::tuple(a.receiver, a.mover, a.published, a.row) <
             std::tuple(b.receiver, b.mover, b.published, b.row);
    });
    replace();
  }
  void replace() {
    must(store->replace_ledger({numbering->generation, 1, 1}, *numbering, entries, {}));
  }
  StoreFolder folder;
  std::unique_ptr<Store> store;
  std::shared_ptr<const Numbering> numbering;
  std::vector<LedgerEntry> entries;
};

Kept& kept() {
  static Kept made;
  return made;
}

void BM_NumberAccounts(benchmark::State& state) {
  Store& store = *kept().store;
  for (auto _ : state) benchmark::DoNotOptimize(must(store.number_accounts())->accounts());
}

void BM_ScanActs(benchmark::State& state) {
  Kept& all = kept();
  uint64_t sum = 0;
  for (auto _ : state) {
    must(all.store->scan_acts(*all.numbering, [&](std::span<const ResolvedAct> piece) {
      for (const ResolvedAct& act : piece) sum += act.row;
    }));
  }
  benchmark::DoNotOptimize(sum);
  count_edges(state);
}

void BM_ReplaceLedger(benchmark::State& state) {
  for (auto _ : state) kept().replace();
  count_edges(state);
}

// The peer of BM_ReplaceLedger: rows of the same types made by the engine itself.
void BM_DuckDbMakeTable(benchmark::State& state) {
  const StoreFolder folder;
  int round = 0;
  for (auto _ : state) {
    state.PauseTiming();
    duckdb_config config = nullptr;
    duckdb_create_config(&config);
    duckdb_set_config(config, "threads", "2");
    duckdb_database database = nullptr;
    duckdb_connection connection = nullptr;
    const std::string file = folder.file(fmt::format("peer{}.duckdb", ++round));
    duckdb_open_ext(file.c_str(), &database, config, nullptr);
    duckdb_destroy_config(&config);
    duckdb_connect(database, &connection);
    state.ResumeTiming();
    const std::string sql = fmt::format(
        "CREATE TABLE ledger AS SELECT (i / 10)::UINTEGER AS receiver, (hash(i) % {0})::UINTEGER "
        "AS "
        "mover, i * 997 AS published, NULL::BIGINT AS withdrawn, 1048576::BIGINT AS credit, "
        "(hash(i) "
        "% {1})::UBIGINT AS event_row, 0::UINTEGER AS topics, 0::USMALLINT AS network, 6::UTINYINT "
        "AS verb, false AS prompted FROM range({1}) r(i)",
        world().names.size(), world().edges.size());
    if (duckdb_query(connection, sql.c_str(), nullptr) != DuckDBSuccess ||
        duckdb_query(connection, "CHECKPOINT", nullptr) != DuckDBSuccess) {
      state.SkipWithError("the peer failed");
    }
    state.PauseTiming();
    duckdb_disconnect(&connection);
    duckdb_close(&database);
    state.ResumeTiming();
  }
  count_edges(state);
}

void BM_ScanLedger(benchmark::State& state) {
  Kept& all = kept();
  Credit sum = 0;
  for (auto _ : state) {
    must(all.store->scan_ledger([&](std::span<const LedgerEntry> piece) {
      for (const LedgerEntry& entry : piece) sum += entry.credit;
    }));
  }
  benchmark::DoNotOptimize(sum);
  count_edges(state);
}

// What one explanation asks of an open store: an account, what it received and gave, its receipts.
void BM_Explain(benchmark::State& state) {
  Kept& all = kept();
  const std::string& name = world().names[world().names.size() / 50];
  for (auto _ : state) {
    const auto account = must(all.store->ledger_account("csv", name));
    const std::vector<AccountId> ids{account->id};
    const auto received = must(all.store->ledger_received(ids));
    benchmark::DoNotOptimize(must(all.store->ledger_given(ids)).size());
    std::vector<EventRow> rows;
    std::vector<AccountId> movers;
    for (const LedgerEntry& entry : received) {
      if (rows.size() < 200) rows.push_back(entry.row);
      if (movers.size() < 200) movers.push_back(entry.mover);
    }
    benchmark::DoNotOptimize(must(all.store->receipts(rows)).size());
    benchmark::DoNotOptimize(must(all.store->ledger_accounts(movers)).size());
  }
}

BENCHMARK(BM_Append)
    ->Arg(1)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(BM_AppendAgain)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_DuckDbReadCsv)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_NumberAccounts)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_ScanActs)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_ReplaceLedger)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_DuckDbMakeTable)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(BM_ScanLedger)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_Explain)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace bellwether

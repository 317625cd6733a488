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
  std::string_view actor;
  std::string_view target;
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
  std::string text;  // the edges' names one after the other, as a file holds them
  std::vector<Edge> edges;

  World() {
    const size_t n = edges_wanted();
    names.resize(std::max<size_t>(n / 10, 10));
    for (size_t i = 0; i < names.size(); ++i) names[i] = fmt::format("u{}", i * 7919 % 100'000'007);
    std::mt19937_64 random(1);
    std::uniform_real_distribution<double> uniform(0, 1);
    const auto pick = [&] {
      const double u = uniform(random);
      return static_cast<size_t>(u * u * u * static_cast<double>(names.size()));
    };
    text.reserve(n * 24);
    const auto write = [&](const std::string& name) {
      const size_t at = text.size();
      text += name;
      return std::string_view(text.data() + at, name.size());
    };
    edges.reserve(n);
    for (size_t i = 0; i < n; ++i) {
      edges.push_back({write(names[pick()]), write(names[pick()]),
                       1'341'100'000'000 + static_cast<int64_t>(i) * 997});
    }
  }
  World(const World&) = delete;
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
    event.account = {"csv", edge.actor};
    event.target = {"csv", edge.target};
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
      lines += fmt::format("{},{},{}\n", edge.actor, edge.target, edge.ms);
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

// With opening the store, without which the numbering would be the one of last time.
void BM_OpenAndNumberAccounts(benchmark::State& state) {
  StoreFolder folder;
  give_all(*open_store(folder));
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(open_store(folder)->number_accounts())->accounts());
  }
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

// What one explanation asks of an open store, in parts: an account in the middle of the crowd, what
// it received and gave, and the receipts and movers of 200 entries.
struct Question {
  Question() {
    std::vector<uint32_t> received(kept().numbering->accounts());
    for (const LedgerEntry& e : kept().entries) ++received[e.receiver];
    const size_t typical = kept().entries.size() / kept().numbering->accounts() * 10;
    while (received[account] < typical && account + 1 < received.size()) ++account;
    for (const LedgerEntry& e : kept().entries) {
      if (e.row % (kept().entries.size() / 200 + 1) != 0) continue;
      rows.push_back(e.row);
      movers.push_back(e.mover);
    }
    const std::vector<AccountId> ids{account};
    entry = must(kept().store->ledger_accounts(ids)).at(0);
  }
  AccountId account = 0;
  AccountEntry entry;
  std::vector<EventRow> rows;
  std::vector<AccountId> movers;
};

const Question& question() {
  static const Question made;
  return made;
}

void BM_FindAccount(benchmark::State& state) {
  Store& store = *kept().store;
  const AccountEntry& entry = question().entry;
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.ledger_account(entry.network, entry.name))->id);
  }
}

void BM_Received(benchmark::State& state) {
  Store& store = *kept().store;
  const std::vector<AccountId> ids{question().account};
  for (auto _ : state) benchmark::DoNotOptimize(must(store.ledger_received(ids)).size());
}

void BM_Given(benchmark::State& state) {
  Store& store = *kept().store;
  const std::vector<AccountId> ids{question().account};
  for (auto _ : state) benchmark::DoNotOptimize(must(store.ledger_given(ids)).size());
}

void BM_Receipts(benchmark::State& state) {
  Store& store = *kept().store;
  for (auto _ : state) benchmark::DoNotOptimize(must(store.receipts(question().rows)).size());
}

void BM_Movers(benchmark::State& state) {
  Store& store = *kept().store;
  for (auto _ : state) {
    benchmark::DoNotOptimize(must(store.ledger_accounts(question().movers)).size());
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
BENCHMARK(BM_OpenAndNumberAccounts)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(BM_ScanActs)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_ReplaceLedger)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_DuckDbMakeTable)
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime()
    ->MeasureProcessCPUTime();
BENCHMARK(BM_ScanLedger)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_FindAccount)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_Received)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_Given)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_Receipts)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();
BENCHMARK(BM_Movers)->Unit(benchmark::kMillisecond)->UseRealTime()->MeasureProcessCPUTime();

}  // namespace
}  // namespace bellwether

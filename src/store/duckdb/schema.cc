// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/schema.h"

#include <fmt/format.h>

#include <array>
#include <random>

#include "base/version.h"

namespace bellwether {
namespace {

struct Table {
  const char* name;
  const char* columns;
};

constexpr const char* kEntryColumns =
    "receiver UINTEGER USING COMPRESSION BitPacking, mover UINTEGER USING COMPRESSION BitPacking, "
    "published BIGINT USING COMPRESSION BitPacking, withdrawn BIGINT, "
    "credit BIGINT USING COMPRESSION BitPacking, event_row UBIGINT USING COMPRESSION BitPacking, "
    "topics UINTEGER USING COMPRESSION BitPacking, network USMALLINT, "
    "verb UTINYINT USING COMPRESSION BitPacking, prompted BOOLEAN";

// The columns of the log name their compression, since trying out which is best takes an eighth
// of an ingestion's processor time: hashes do not compress, bit packing fits every number here, and
// plain text costs a third more of disk.
constexpr std::array kTables{
    Table{"meta",
          "format UINTEGER, created_by VARCHAR, salt VARCHAR, commits UBIGINT, generation UBIGINT, "
          "next_row UBIGINT, next_source UINTEGER, next_unit UINTEGER, next_account UINTEGER"},
    Table{"networks", "id USMALLINT, name VARCHAR"},
    Table{"accounts",
          "id UINTEGER, network USMALLINT, name VARCHAR USING COMPRESSION Uncompressed, key "
          "UBIGINT USING COMPRESSION Uncompressed, "
          "gone BOOLEAN"},
    Table{"profiles",
          "serial UBIGINT, unit UINTEGER, account UINTEGER, display_name VARCHAR, url VARCHAR, "
          "kind UTINYINT, indexable BOOLEAN, minor BOOLEAN, owner BOOLEAN"},
    Table{"claims",
          "unit UINTEGER, network VARCHAR, name VARCHAR, same_network VARCHAR, same_name VARCHAR, "
          "evidence VARCHAR"},
    Table{"objects",
          "key UBIGINT USING COMPRESSION Uncompressed, reference VARCHAR USING COMPRESSION "
          "Uncompressed"},
    Table{"topics", "id UINTEGER, name VARCHAR"},
    Table{"topic_sets", "id UINTEGER, topic UINTEGER"},
    Table{"sources",
          "id UINTEGER, unit UINTEGER, path VARCHAR, adapter VARCHAR, mapping_version UINTEGER, "
          "simulated BOOLEAN, state UTINYINT, message VARCHAR, observed BIGINT, accepted UBIGINT, "
          "duplicates UBIGINT, rejected UBIGINT, untimed UBIGINT, with_object UBIGINT, "
          "first_published BIGINT, last_published BIGINT, undone BOOLEAN"},
    Table{"source_counts", "source UINTEGER, what UTINYINT, kind VARCHAR, count UBIGINT"},
    Table{"events",
          "event_row UBIGINT USING COMPRESSION BitPacking, "
          "id_high UBIGINT USING COMPRESSION Uncompressed, "
          "id_low UBIGINT USING COMPRESSION Uncompressed, "
          "source UINTEGER USING COMPRESSION BitPacking, "
          "record UBIGINT USING COMPRESSION BitPacking, "
          "record_hash UBIGINT USING COMPRESSION Uncompressed, "
          "account UINTEGER USING COMPRESSION BitPacking, "
          "verb UTINYINT USING COMPRESSION BitPacking, "
          "object UBIGINT USING COMPRESSION Uncompressed, "
          "author UINTEGER USING COMPRESSION BitPacking, "
          "target UINTEGER USING COMPRESSION BitPacking, "
          "published BIGINT USING COMPRESSION BitPacking, "
          "repeats UINTEGER USING COMPRESSION BitPacking, "
          "topics UINTEGER USING COMPRESSION BitPacking, "
          "visibility UTINYINT USING COMPRESSION BitPacking"},
    Table{"rejects",
          "source UINTEGER, record UBIGINT, record_hash UBIGINT, reason VARCHAR, content BLOB"},
    Table{"ledger_meta",
          "generation UBIGINT, credit_hash UBIGINT, persons_hash UBIGINT, acts UBIGINT, "
          "responses UBIGINT, entries UBIGINT, assigned BIGINT, unassigned_self BIGINT, "
          "unassigned_unknown BIGINT, untimed UBIGINT, stored UBIGINT, serial UBIGINT"},
    Table{"ledger_networks", "id USMALLINT, name VARCHAR"},
    Table{"ledger_accounts",
          "id UINTEGER, key UBIGINT USING COMPRESSION Uncompressed, network USMALLINT, "
          "account UINTEGER"},
    Table{"ledger", kEntryColumns},
    Table{"ledger_given", kEntryColumns},
    Table{"snapshots",
          "id UINTEGER, as_of BIGINT, computed BIGINT, generation UBIGINT, method VARCHAR, "
          "policy_name VARCHAR, policy_hash VARCHAR, policy_toml VARCHAR, people UINTEGER, "
          "settled UINTEGER, simulated BOOLEAN, stored UBIGINT"},
    Table{"scores",
          "snapshot UINTEGER, person_key UBIGINT, value DOUBLE, low DOUBLE, high DOUBLE, "
          "mass DOUBLE, settled BOOLEAN, moved_0 DOUBLE, moved_1 DOUBLE, moved_2 DOUBLE, "
          "moved_3 DOUBLE, moved_4 DOUBLE, moved_5 DOUBLE, moved_6 DOUBLE, moved_7 DOUBLE, "
          "momentum DOUBLE, momentum_before DOUBLE, reach UINTEGER, audience DOUBLE, "
          "amplification DOUBLE, standing DOUBLE, movers UINTEGER, vouched_movers UINTEGER, "
          "independent_movers UINTEGER, acts UINTEGER, last_evidence BIGINT, "
          "rank UINTEGER, rank_low UINTEGER, rank_high UINTEGER, percentile DOUBLE, "
          "forecast_7d FLOAT, forecast_7d_size FLOAT, "
          "forecast_30d FLOAT, forecast_30d_size FLOAT"},
    Table{"grades",
          "snapshot UINTEGER, days UINTEGER, graded BIGINT, generation UBIGINT, people UBIGINT, "
          "expected UBIGINT, said DOUBLE, came UBIGINT, held DOUBLE, held_expected DOUBLE, "
          "tenth_0 DOUBLE, tenth_1 DOUBLE, tenth_2 DOUBLE, tenth_3 DOUBLE, tenth_4 DOUBLE, "
          "tenth_5 DOUBLE, tenth_6 DOUBLE, tenth_7 DOUBLE, tenth_8 DOUBLE, tenth_9 DOUBLE, "
          "ndcg DOUBLE, spearman DOUBLE, auc DOUBLE, overlap DOUBLE, "
          "score_ndcg DOUBLE, score_spearman DOUBLE, score_auc DOUBLE, score_overlap DOUBLE"},
    Table{"standings",
          "account UINTEGER USING COMPRESSION BitPacking, mass DOUBLE USING COMPRESSION "
          "Uncompressed"},
    Table{"passed_on",
          "receiver UINTEGER USING COMPRESSION BitPacking, mover UINTEGER USING COMPRESSION "
          "BitPacking, mass DOUBLE USING COMPRESSION Uncompressed"},
    Table{"remainder_pairs",
          "id UINTEGER, receiver UBIGINT, mover UBIGINT, token UBIGINT, erased BIGINT, "
          "standing DOUBLE, dealings UTINYINT, moved BOOLEAN, recent BOOLEAN, vouches BOOLEAN, "
          "teleport DOUBLE, mass_one DOUBLE"},
    Table{"remainder_sums",
          "pair UINTEGER, week_before BOOLEAN, half_life_ms DOUBLE, x DOUBLE, free DOUBLE"},
    Table{"remainder_passed_on", "pair UINTEGER, account UBIGINT, mass DOUBLE"},
    Table{"remainder_vouches", "account UBIGINT, vouches UINTEGER, erased BIGINT"},
};

constexpr auto kNames = [] {
  std::array<const char*, kTables.size()> names{};
  for (size_t i = 0; i < kTables.size(); ++i) names[i] = kTables[i].name;
  return names;
}();

constexpr std::array kLedgerTables{"ledger_meta", "ledger_networks", "ledger_accounts", "ledger",
                                   "ledger_given"};
constexpr std::array kRemainderTables{"remainder_pairs", "remainder_sums", "remainder_vouches"};
constexpr uint32_t kFormatOldest = 1;        // that upgrade() knows
constexpr uint32_t kFormatOfRemainders = 2;  // it brought their tables
constexpr uint32_t kFormatOfForecasts = 4;   // and theirs

std::string random_salt() {
  std::random_device device;
  std::string out;
  for (int i = 0; i < 4; ++i) out += fmt::format("{:08x}", static_cast<uint32_t>(device()));
  return out;
}

}  // namespace

std::span<const char* const> table_names() { return kNames; }
std::span<const char* const> ledger_tables() { return kLedgerTables; }

std::string create_table(const char* table) {
  for (const Table& t : kTables) {
    if (std::string_view(t.name) == table) {
      return fmt::format("CREATE OR REPLACE TABLE {} ({})", t.name, t.columns);
    }
  }
  assert(false && "no such table");
  return {};
}

Result<void> create_tables(DuckConnection& connection) {
  for (const Table& table : kTables) BW_TRY(connection.run(create_table(table.name)));
  const StoreMeta fresh;
  return connection.run(
      fmt::format("INSERT INTO meta VALUES ({}, 'bellwether {}', '{}', {}, {}, {}, "
                  "{}, {}, {})",
                  kStoreFormat, kVersion, random_salt(), fresh.commits, fresh.generation,
                  fresh.next_row, fresh.next_source, fresh.next_unit, fresh.next_account));
}

Result<StoreMeta> read_meta(DuckConnection& connection) {
  // Of these only the first two columns are promised to exist in every version.
  const std::string kHead = "SELECT format, created_by";
  auto asked = connection.rows(
      kHead + ", commits, generation, next_row, next_source, next_unit, next_account FROM meta");
  if (!asked.ok()) asked = connection.rows(kHead + " FROM meta");
  if (!asked.ok()) {
    // Asked only now, because listing tables takes longer than opening the file.
    BW_ASSIGN(const uint64_t tables,
              connection.number("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'meta'"));
    if (tables > 0) return asked.error();
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("{} is a DuckDB file that Bellwether did not make; name another folder",
                    connection.file())};
  }
  DuckRows& head = asked.value();
  BW_ASSIGN(const bool any, head.next());
  if (!any) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{} has lost its head; restore the folder from a copy, or ingest the "
                             "sources again into a new one",
                             connection.file())};
  }
  const uint32_t format = head.column<uint32_t>(0)[0];
  if (format < kFormatOldest || format > kStoreFormat) {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format(
            "{} has store format {}, made by {}; this is bellwether {}, which reads format "
            "{}: use the version that made it, or ingest the sources again into a new folder",
            connection.file(), format, head.text(1, 0), kVersion, kStoreFormat)};
  }
  StoreMeta meta;
  meta.format = format;
  meta.commits = head.column<uint64_t>(2)[0];
  meta.generation = head.column<uint64_t>(3)[0];
  meta.next_row = head.column<uint64_t>(4)[0];
  meta.next_source = head.column<uint32_t>(5)[0];
  meta.next_unit = head.column<uint32_t>(6)[0];
  meta.next_account = head.column<uint32_t>(7)[0];
  return meta;
}

Result<void> upgrade(DuckConnection& connection, uint32_t format) {
  BW_TRY(connection.run("BEGIN TRANSACTION"));
  if (format < kFormatOfRemainders) {
    for (const char* table : kRemainderTables) BW_TRY(connection.run(create_table(table)));
  }
  if (format < kFormatOfForecasts) {
    // Of older snapshots there is no forecast, which is what a size of null says.
    for (const char* column :
         {"forecast_7d", "forecast_7d_size", "forecast_30d", "forecast_30d_size"}) {
      BW_TRY(connection.run(fmt::format("ALTER TABLE scores ADD COLUMN {} FLOAT", column)));
    }
    BW_TRY(connection.run(create_table("grades")));
  }
  // The ledger is derived: the next scoring makes it anew, and the standings that speak in its
  // numbers.
  for (const char* table : kLedgerTables) BW_TRY(connection.run(create_table(table)));
  for (const char* table : {"standings", "passed_on", "remainder_passed_on"}) {
    BW_TRY(connection.run(create_table(table)));
  }
  BW_TRY(connection.run(fmt::format("UPDATE meta SET format = {}", kStoreFormat)));
  return connection.run("COMMIT");
}

std::string meta_update(const StoreMeta& meta) {
  return fmt::format(
      "UPDATE meta SET commits = {}, generation = {}, next_row = {}, "
      "next_source = {}, next_unit = {}, next_account = {}",
      meta.commits, meta.generation, meta.next_row, meta.next_source, meta.next_unit,
      meta.next_account);
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Verifying a store: every byte that the engine keeps is read, and what the tables say of each
// other is held against the page in docs/formats/workspace.md.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <new>

#include "base/hash.h"
#include "store/duckdb/duckdb_store.h"

namespace bellwether {
namespace {

class Check {
 public:
  Check(const StoreCore& core, DuckConnection& connection) : core_(core), connection_(connection) {}

  std::vector<std::string> run();

 private:
  void say(std::string problem) { problems_.push_back(std::move(problem)); }
  // Notes an error that a query met; true if there was none. A page that fails its checksum is
  // named once, however many questions it spoils.
  bool read(const Result<void>& result) {
    if (result.ok()) return true;
    // An error ends the transaction, and the remaining questions need one.
    [[maybe_unused]] const bool ended = connection_.run("ROLLBACK").ok();
    [[maybe_unused]] const bool begun = connection_.run("BEGIN TRANSACTION READ ONLY").ok();
    const std::string& message = result.error().message;
    if (std::find(problems_.begin(), problems_.end(), message) == problems_.end()) say(message);
    return false;
  }
  // Notes `what` with the number that `sql` gives, unless that is 0.
  void expect_none(const std::string& sql, const char* what) {
    const Result<uint64_t> count = connection_.number(sql);
    if (!count.ok()) {
      read(Result<void>(count.error()));
    } else if (*count > 0) {
      say(fmt::format("{} {}", *count, what));
    }
  }

  void head();
  void every_column();
  void dictionary();
  void events();
  void sources();
  void ledger();
  void snapshots();

  const StoreCore& core_;
  DuckConnection& connection_;
  StoreMeta meta_;
  std::vector<std::string> problems_;
};

void Check::head() {
  const auto meta = read_meta(connection_);
  if (!meta.ok()) {
    read(Result<void>(meta.error()));
    return;
  }
  meta_ = *meta;
  if (!core_.mark.intact()) {
    say(fmt::format("{}/log.mark is unreadable; the next change writes it anew", core_.folder));
  } else if (const uint64_t marked = core_.mark.read().value_or(0); marked > meta->commits) {
    say(fmt::format("{} of {} acknowledged changes are missing", marked - meta->commits, marked));
  }
}

// Checksums are verified when a block is read, so every column of every table is.
void Check::every_column() {
  for (const char* table : table_names()) {
    std::vector<std::string> columns;
    const Result<void> listed =
        each_row(connection_.rows(fmt::format("SELECT column_name FROM duckdb_columns() WHERE "
                                              "table_name = '{}' ORDER BY column_index",
                                              table)),
                 [&](const DuckRows& rows, size_t i) { columns.emplace_back(rows.text(0, i)); });
    if (!read(listed)) continue;
    if (columns.empty()) {
      say(fmt::format("table {} is missing", table));
      continue;
    }
    for (const std::string& column : columns) {
      read(
          each_row(connection_.rows(fmt::format("SELECT bit_xor(hash({})) FROM {}", column, table)),
                   [](const DuckRows&, size_t) {}));
    }
  }
}

void Check::dictionary() {
  std::map<uint16_t, std::string> networks;
  if (!read(each_row(connection_.rows("SELECT id, name FROM networks"),
                     [&](const DuckRows& rows, size_t i) {
                       networks[rows.column<uint16_t>(0)[i]] = rows.text(1, i);
                     }))) {
    return;
  }
  uint64_t homeless = 0;
  uint64_t wrong_keys = 0;
  FingerprintTable names;
  uint64_t repeated = 0;
  std::string ref;
  read(each_row(connection_.stream("SELECT network, name, key FROM accounts WHERE NOT gone"),
                [&](const DuckRows& rows, size_t i) {
                  const auto network = networks.find(rows.column<uint16_t>(0)[i]);
                  if (network == networks.end()) {
                    ++homeless;
                    return;
                  }
                  ref = network->second;
                  ref += ':';
                  ref += rows.text(1, i);
                  const uint64_t key = hash64(ref);
                  if (key != rows.column<uint64_t>(2)[i]) ++wrong_keys;
                  bool added = false;
                  names.find_or_add(fingerprint(ref, key, process_seed()), 0, added);
                  if (!added) ++repeated;
                }));
  if (homeless > 0) say(fmt::format("{} accounts are of no network", homeless));
  if (wrong_keys > 0) say(fmt::format("{} accounts have a key that is not theirs", wrong_keys));
  if (repeated > 0) say(fmt::format("{} accounts are in the dictionary twice", repeated));
  expect_none("SELECT count(*) - count(DISTINCT id) FROM accounts",
              "accounts share a number with another");
  expect_none(
      fmt::format("SELECT count(*) FROM accounts WHERE id = 0 OR id >= {}", meta_.next_account),
      "accounts have a number that was never given out");

  uint64_t wrong_objects = 0;
  read(each_row(connection_.stream("SELECT key, reference FROM objects"),
                [&](const DuckRows& rows, size_t i) {
                  if (object_key(rows.text(1, i)) != rows.column<uint64_t>(0)[i]) ++wrong_objects;
                }));
  if (wrong_objects > 0) {
    say(fmt::format("{} objects have a key that is not theirs", wrong_objects));
  }
  expect_none("SELECT count(*) - count(DISTINCT name) FROM topics",
              "topics are in the dictionary twice");
  expect_none("SELECT count(*) FROM topic_sets WHERE topic NOT IN (SELECT id FROM topics)",
              "members of topic sets are of no topic");
  expect_none("SELECT count(*) FROM profiles WHERE account NOT IN (SELECT id FROM accounts)",
              "profiles are of no account");
}

void Check::events() {
  // Ids by the table that the writer uses too, so that nothing is sorted or spilled.
  FingerprintTable ids;
  uint64_t repeated = 0;
  uint64_t out_of_order = 0;
  uint64_t strange = 0;
  uint64_t last_row = 0;
  read(each_row(connection_.stream("SELECT id_high, id_low, event_row, verb, repeats FROM events"),
                [&](const DuckRows& rows, size_t i) {
                  bool added = false;
                  const Hash128 id{rows.column<uint64_t>(0)[i], rows.column<uint64_t>(1)[i]};
                  ids.find_or_add(fingerprint(id, process_seed()), 0, added);
                  if (!added) ++repeated;
                  const uint64_t row = rows.column<uint64_t>(2)[i];
                  if (row <= last_row || row >= meta_.next_row) ++out_of_order;
                  last_row = row;
                  const auto verb = static_cast<Verb>(rows.column<uint8_t>(3)[i]);
                  const uint32_t count = rows.column<uint32_t>(4)[i];
                  if (verb < kVerbFirst || verb > kVerbLast || count < 1 || count > kCountMax)
                    ++strange;
                }));
  if (repeated > 0) say(fmt::format("{} events have the id of another", repeated));
  if (out_of_order > 0) say(fmt::format("{} events have a row out of order", out_of_order));
  if (strange > 0) say(fmt::format("{} events have an unknown verb or count", strange));
  for (const char* column : {"account", "author", "target"}) {
    expect_none(
        fmt::format("SELECT count(*) FROM events WHERE {0} <> {1} AND {0} NOT IN (SELECT id "
                    "FROM accounts WHERE NOT gone)",
                    column, std::string_view(column) == "account" ? -1 : 0),
        fmt::format("events name an unknown {}", column).c_str());
  }
  expect_none(
      "SELECT count(*) FROM events WHERE topics <> 0 AND topics NOT IN (SELECT id FROM "
      "topic_sets)",
      "events have an unknown set of topics");
  expect_none(
      "SELECT count(*) FROM events WHERE object <> 0 AND object NOT IN (SELECT key FROM "
      "objects)",
      "events have an object whose reference is lost");
}

void Check::sources() {
  expect_none(
      "SELECT count(*) FROM events WHERE source NOT IN (SELECT id FROM sources WHERE NOT "
      "undone)",
      "events are of no source, or of an undone one");
  expect_none(
      "SELECT count(*) FROM rejects WHERE source NOT IN (SELECT id FROM sources WHERE NOT "
      "undone)",
      "rejects are of no source, or of an undone one");
  expect_none("SELECT count(*) - count(DISTINCT id) FROM sources",
              "sources share a number with another");
  // What each source says of itself, held against what is there.
  for (const auto& [said, counted, what] :
       {std::tuple{"accepted", "SELECT source, count(*) AS n FROM events GROUP BY source",
                   "sources do not have the events that they accepted"},
        std::tuple{"untimed",
                   "SELECT source, count(*) - count(published) AS n FROM events GROUP BY source",
                   "sources do not have the untimed events that they counted"},
        std::tuple{"with_object",
                   "SELECT source, count(*) FILTER (object <> 0) AS n FROM events GROUP BY source",
                   "sources do not have the events on objects that they counted"},
        std::tuple{"rejected", "SELECT source, count(*) AS n FROM rejects GROUP BY source",
                   "sources do not have the rejects that they counted"},
        std::tuple{
            "accepted",
            "SELECT source, sum(count) AS n FROM source_counts WHERE what = 0 GROUP BY source",
            "sources accepted other numbers of events by verb than in all"},
        std::tuple{
            "rejected",
            "SELECT source, sum(count) AS n FROM source_counts WHERE what = 1 GROUP BY source",
            "sources rejected other numbers of records by reason than in all"}}) {
    expect_none(fmt::format("SELECT count(*) FROM sources s LEFT JOIN ({}) c ON c.source = s.id "
                            "WHERE NOT s.undone AND s.{} <> coalesce(c.n, 0)",
                            counted, said),
                what);
  }
  expect_none(
      "SELECT count(*) FROM sources s JOIN (SELECT source, min(published) AS f, "
      "max(published) AS l FROM events GROUP BY source) e ON e.source = s.id WHERE "
      "s.first_published IS DISTINCT FROM e.f OR s.last_published IS DISTINCT FROM e.l",
      "sources span another time than their events");
}

void Check::ledger() {
  const Result<uint64_t> there = connection_.number("SELECT count(*) FROM ledger_meta");
  if (!there.ok()) {
    read(Result<void>(there.error()));
    return;
  }
  if (*there == 0) {
    expect_none("SELECT count(*) FROM ledger", "ledger entries have no stamp");
    return;
  }
  expect_none("SELECT count(*) FROM ledger_meta WHERE generation > (SELECT generation FROM meta)",
              "ledger is of a state that the log has not reached");
  expect_none("SELECT abs(stored::BIGINT - (SELECT count(*) FROM ledger)) FROM ledger_meta",
              "ledger entries are missing or too many");
  // Sums of hashes do not depend on the order, which is another.
  expect_none(
      "SELECT (SELECT sum(hash(receiver, mover, published, withdrawn, credit, event_row, topics, "
      "network, verb, prompted)) FROM ledger) IS DISTINCT FROM (SELECT sum(hash(receiver, mover, "
      "published, withdrawn, credit, event_row, topics, network, verb, prompted)) FROM "
      "ledger_given)",
      "tables of the ledger hold other entries by mover than by receiver");
  uint64_t next = 0;
  uint64_t last_key = 0;
  uint64_t wrong = 0;
  const Result<uint64_t> networks = connection_.number("SELECT count(*) FROM ledger_networks");
  if (!networks.ok()) {
    read(Result<void>(networks.error()));
    return;
  }
  read(each_row(connection_.stream("SELECT id, key, network FROM ledger_accounts"),
                [&](const DuckRows& rows, size_t i) {
                  const uint64_t key = rows.column<uint64_t>(1)[i];
                  if (rows.column<uint32_t>(0)[i] != next++ || key < last_key ||
                      rows.column<uint16_t>(2)[i] >= *networks) {
                    ++wrong;
                  }
                  last_key = key;
                }));
  if (wrong > 0) say(fmt::format("{} accounts of the ledger are out of order", wrong));
  expect_none("SELECT count(*) FROM ledger_accounts WHERE account NOT IN (SELECT id FROM accounts)",
              "accounts of the ledger have lost their name");
  uint64_t unsorted = 0;
  uint64_t strange = 0;
  std::tuple<uint32_t, uint32_t, int64_t> last{0, 0, INT64_MIN};
  read(each_row(connection_.stream("SELECT receiver, mover, published, credit FROM ledger"),
                [&](const DuckRows& rows, size_t i) {
                  const std::tuple at{rows.column<uint32_t>(0)[i], rows.column<uint32_t>(1)[i],
                                      rows.column<int64_t>(2)[i]};
                  if (at < last) ++unsorted;
                  last = at;
                  if (std::get<0>(at) >= next || std::get<1>(at) >= next ||
                      rows.column<int64_t>(3)[i] <= 0) {
                    ++strange;
                  }
                }));
  uint32_t last_mover = 0;
  read(each_row(connection_.stream("SELECT mover FROM ledger_given"),
                [&](const DuckRows& rows, size_t i) {
                  if (rows.column<uint32_t>(0)[i] < last_mover) ++unsorted;
                  last_mover = rows.column<uint32_t>(0)[i];
                }));
  if (unsorted > 0) say(fmt::format("{} ledger entries are out of order", unsorted));
  if (strange > 0) say(fmt::format("{} ledger entries are of nobody, or give nothing", strange));
}

void Check::snapshots() {
  expect_none(
      "SELECT count(*) FROM snapshots n LEFT JOIN (SELECT snapshot, count(*) AS n FROM "
      "scores GROUP BY snapshot) s ON s.snapshot = n.id WHERE n.stored <> coalesce(s.n, 0)",
      "snapshots have lost scores or have too many");
  expect_none("SELECT count(*) FROM scores WHERE snapshot NOT IN (SELECT id FROM snapshots)",
              "scores are of no snapshot");
  expect_none("SELECT count(*) FROM scores WHERE NOT (value BETWEEN 1 AND 100 AND low <= high)",
              "scores are out of range");
  expect_none(
      "SELECT count(*) FROM scores WHERE forecast_7d_size <= 0 OR forecast_30d_size <= 0 OR "
      "forecast_7d < 0 OR forecast_30d < 0",
      "forecasts are out of range");
  expect_none("SELECT count(*) FROM grades WHERE snapshot NOT IN (SELECT id FROM snapshots)",
              "grades are of no snapshot");
  expect_none(
      "SELECT count(*) FROM remainder_sums WHERE pair NOT IN (SELECT id FROM remainder_pairs)",
      "sums of a remainder are of no pair");
  expect_none(
      "SELECT count(*) FROM remainder_pairs WHERE id NOT IN (SELECT pair FROM "
      "remainder_sums) OR dealings > 2 OR NOT (standing BETWEEN 0 AND 1)",
      "remainders are not whole");
}

std::vector<std::string> Check::run() {
  head();
  every_column();
  dictionary();
  events();
  sources();
  ledger();
  snapshots();
  return std::move(problems_);
}

}  // namespace

Result<std::vector<std::string>> DuckStore::check() {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  try {
    return Check(*core_, read.connection()).run();
  } catch (const std::bad_alloc&) {
    return Error{ErrorCode::kLimit, "memory is used up; give this machine or process more"};
  }
}

}  // namespace bellwether

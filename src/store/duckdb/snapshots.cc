// SPDX-License-Identifier: Apache-2.0
// Snapshots, the history they make, and the standings of the newest one.
#include <fmt/format.h>

#include <algorithm>

#include "store/duckdb/duckdb_store.h"

namespace bellwether {
namespace {

const std::string kSnapshotColumns =
    "id, as_of, computed, generation, method, policy_name, policy_hash, policy_toml, people, "
    "settled, simulated";

const std::string kScoreColumns =
    "person_key, value, low, high, mass, settled, moved_0, moved_1, moved_2, moved_3, moved_4, "
    "moved_5, moved_6, moved_7, momentum, momentum_before, reach, audience, amplification, "
    "standing, "
    "movers, vouched_movers, independent_movers, acts, last_evidence, "
    "rank, rank_low, rank_high, percentile, "
    "forecast_7d, forecast_7d_size, forecast_30d, forecast_30d_size";
static_assert(kHorizonsMax == 8, "the table of scores has a column for each horizon");
static_assert(kForecastDays == std::array{7, 30}, "it has two columns for each forecast");

const std::string kGradeColumns =
    "snapshot, days, graded, generation, people, expected, said, came, held, held_expected, "
    "tenth_0, tenth_1, tenth_2, tenth_3, tenth_4, tenth_5, tenth_6, tenth_7, tenth_8, tenth_9, "
    "ndcg, spearman, auc, overlap, score_ndcg, score_spearman, score_auc, score_overlap";

// Of a ranking, in the order of its columns.
constexpr std::array kFigures{&RankingGrade::ndcg, &RankingGrade::spearman, &RankingGrade::auc,
                              &RankingGrade::overlap};

SnapshotInfo snapshot_at(const DuckRows& rows, size_t i) {
  SnapshotInfo info;
  info.snapshot = rows.column<uint32_t>(0)[i];
  info.as_of = instant_at(rows, 1, i);
  info.computed = instant_at(rows, 2, i);
  info.generation = rows.column<uint64_t>(3)[i];
  info.method = rows.text(4, i);
  info.policy_name = rows.text(5, i);
  info.policy_hash = rows.text(6, i);
  info.policy_toml = rows.text(7, i);
  info.people = rows.column<uint32_t>(8)[i];
  info.settled = rows.column<uint32_t>(9)[i];
  info.simulated = rows.column<bool>(10)[i];
  return info;
}

// From `column` on.
std::array<CountForecast, kForecastDays.size()> forecasts_at(const DuckRows& rows, size_t column,
                                                             size_t i) {
  std::array<CountForecast, kForecastDays.size()> out{};
  for (CountForecast& forecast : out) {
    if (!rows.null(column, i)) {
      forecast = {rows.column<float>(column)[i], rows.column<float>(column + 1)[i]};
    }
    column += 2;
  }
  return out;
}

// All but `person`, which depends on who asks.
PersonScore score_at(const DuckRows& rows, size_t i) {
  PersonScore score;
  size_t column = 1;
  const auto number = [&] { return rows.column<double>(column++)[i]; };
  const auto count = [&] { return rows.column<uint32_t>(column++)[i]; };
  score.value = number();
  score.interval.low = number();
  score.interval.high = number();
  score.interval.mass = number();
  score.settled = rows.column<bool>(column++)[i];
  for (double& moved : score.moved) moved = number();
  score.momentum = number();
  score.momentum_before = number();
  score.reach = count();
  score.audience = number();
  score.amplification = number();
  score.standing = number();
  score.movers = count();
  score.vouched_movers = count();
  score.independent_movers = count();
  score.acts = count();
  score.last_evidence = instant_at(rows, column++, i);
  score.rank = count();
  score.rank_low = count();
  score.rank_high = count();
  score.percentile = number();
  score.forecast = forecasts_at(rows, column, i);
  return score;
}

void put_optional(DuckAppender& rows, const std::optional<double>& value) {
  if (value) {
    rows.put<double>(*value);
  } else {
    rows.put_null();
  }
}

void put_score(DuckAppender& rows, uint32_t snapshot, uint64_t key, const PersonScore& score) {
  rows.put<uint32_t>(snapshot);
  rows.put<uint64_t>(key);
  rows.put<double>(score.value);
  rows.put<double>(score.interval.low);
  rows.put<double>(score.interval.high);
  rows.put<double>(score.interval.mass);
  rows.put<bool>(score.settled);
  for (const double moved : score.moved) rows.put<double>(moved);
  rows.put<double>(score.momentum);
  rows.put<double>(score.momentum_before);
  rows.put<uint32_t>(score.reach);
  rows.put<double>(score.audience);
  rows.put<double>(score.amplification);
  rows.put<double>(score.standing);
  rows.put<uint32_t>(score.movers);
  rows.put<uint32_t>(score.vouched_movers);
  rows.put<uint32_t>(score.independent_movers);
  rows.put<uint32_t>(score.acts);
  put_instant(rows, score.last_evidence);
  rows.put<uint32_t>(score.rank);
  rows.put<uint32_t>(score.rank_low);
  rows.put<uint32_t>(score.rank_high);
  rows.put<double>(score.percentile);
  for (const CountForecast& forecast : score.forecast) {
    const bool made = forecast.size > 0;
    for (const float number : {forecast.mean, forecast.size}) {
      if (made) {
        rows.put<float>(number);
      } else {
        rows.put_null();
      }
    }
  }
}

SnapshotGrade grade_at(const DuckRows& rows, size_t i) {
  SnapshotGrade grade;
  size_t column = 0;
  const auto optional = [&]() -> std::optional<double> {
    const size_t at = column++;
    if (rows.null(at, i)) return std::nullopt;
    return rows.column<double>(at)[i];
  };
  grade.snapshot = rows.column<uint32_t>(column++)[i];
  grade.days = rows.column<uint32_t>(column++)[i];
  grade.graded = instant_at(rows, column++, i);
  grade.generation = rows.column<uint64_t>(column++)[i];
  grade.calibration.people = rows.column<uint64_t>(column++)[i];
  grade.calibration.expected = rows.column<uint64_t>(column++)[i];
  grade.said = optional().value_or(0);
  grade.came = rows.column<uint64_t>(column++)[i];
  grade.calibration.coverage = optional();
  grade.calibration.coverage_expected = optional();
  for (double& tenth : grade.calibration.tenths) tenth = optional().value_or(0);
  for (RankingGrade* ranking : {&grade.forecast, &grade.score}) {
    for (const auto figure : kFigures) ranking->*figure = optional();
  }
  return grade;
}

}  // namespace

Result<uint32_t> DuckStore::publish(const SnapshotInfo& info, const Numbering& numbering,
                                    const PersonMap& persons, std::span<const PersonScore> scores,
                                    std::span<const StandingRow> standings,
                                    std::span<const PassedOn> passed_on) {
  BW_ASSIGN(const WriteTurn turn, WriteTurn::take(*core_));
  if (persons.person_of.size() != numbering.accounts()) {
    return Error{ErrorCode::kInvalidArgument, "the person map is of another numbering"};
  }
  std::vector<AccountId> first(persons.persons, kNobody);
  for (AccountId account = 0; account < numbering.accounts(); ++account) {
    const PersonId person = persons.person_of[account];
    if (person < first.size() && first[person] == kNobody) first[person] = account;
  }
  for (size_t i = 0; i < scores.size(); ++i) {
    const bool known = scores[i].person < first.size() && first[scores[i].person] != kNobody;
    if (!known || (i > 0 && scores[i].person <= scores[i - 1].person)) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("score {} is of nobody, or not in the order of persons", i)};
    }
  }
  for (size_t i = 0; i < standings.size(); ++i) {
    if (standings[i].account >= numbering.accounts() ||
        (i > 0 && standings[i].account <= standings[i - 1].account)) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("standing {} is of nobody, or not in the order of accounts", i)};
    }
  }
  for (size_t i = 0; i < passed_on.size(); ++i) {
    const auto pair = [&](size_t at) {
      return std::pair(passed_on[at].receiver, passed_on[at].mover);
    };
    if (passed_on[i].receiver >= numbering.accounts() ||
        passed_on[i].mover >= numbering.accounts() || (i > 0 && pair(i) <= pair(i - 1))) {
      return Error{ErrorCode::kInvalidArgument,
                   fmt::format("what was passed on, {}, is of nobody, or not in order", i)};
    }
  }

  BW_ASSIGN(const auto transaction, WriteTransaction::begin(*core_));
  DuckConnection& connection = transaction->connection();
  BW_ASSIGN(const uint64_t newest, connection.number("SELECT max(id) FROM snapshots"));
  const auto snapshot = static_cast<uint32_t>(newest + 1);

  BW_ASSIGN(DuckAppender * heads, transaction->appender("snapshots"));
  heads->put<uint32_t>(snapshot);
  put_instant(*heads, info.as_of);
  put_instant(*heads, info.computed);
  heads->put<uint64_t>(info.generation);
  heads->put_text(clean_utf8(info.method));
  heads->put_text(clean_utf8(info.policy_name));
  heads->put_text(clean_utf8(info.policy_hash));
  heads->put_text(info.policy_toml);
  heads->put<uint32_t>(info.people);
  heads->put<uint32_t>(info.settled);
  heads->put<bool>(info.simulated);
  heads->put<uint64_t>(scores.size());
  BW_TRY(heads->end_row());

  // Persons are numbered by their smallest account and accounts by their key, so keys ascend too,
  // and whoever asks for one key later reads one row group of each snapshot.
  BW_ASSIGN(DuckAppender * rows, transaction->appender("scores"));
  for (const PersonScore& score : scores) {
    put_score(*rows, snapshot, numbering.account_key[first[score.person]], score);
    BW_TRY(rows->end_row());
  }

  BW_TRY(replace_standings(*transaction, standings, passed_on));
  BW_TRY(transaction->commit(core_->meta));
  return snapshot;
}

Result<std::vector<SnapshotInfo>> DuckStore::snapshots() {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::vector<SnapshotInfo> out;
  BW_TRY(each_row(connection.rows("SELECT " + kSnapshotColumns + " FROM snapshots ORDER BY id"),
                  [&](const DuckRows& rows, size_t i) { out.push_back(snapshot_at(rows, i)); }));
  return out;
}

Result<std::vector<PersonScore>> DuckStore::scores(uint32_t snapshot) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  DuckConnection& connection = read.connection();
  BW_ASSIGN(const uint64_t known, connection.number(fmt::format(
                                      "SELECT count(*) FROM snapshots WHERE id = {}", snapshot)));
  if (known == 0) {
    return Error{ErrorCode::kNotFound, fmt::format("there is no snapshot {}", snapshot)};
  }
  static const std::vector<uint64_t> kNoKeys;
  const auto numbering = ledger_numbers(connection);
  if (!numbering.ok() && numbering.error().code != ErrorCode::kNotFound) return numbering.error();
  const std::vector<uint64_t>& keys = numbering.ok() ? (*numbering)->account_key : kNoKeys;

  std::vector<PersonScore> out;
  size_t account = 0;  // both run in the order of keys
  BW_TRY(each_row(connection.stream(fmt::format("SELECT {} FROM scores WHERE snapshot = {}",
                                                kScoreColumns, snapshot)),
                  [&](const DuckRows& rows, size_t i) {
                    const uint64_t key = rows.column<uint64_t>(0)[i];
                    PersonScore score = score_at(rows, i);
                    while (account < keys.size() && keys[account] < key) ++account;
                    const bool held = account < keys.size() && keys[account] == key;
                    score.person = held ? static_cast<PersonId>(account) : kNobody;
                    out.push_back(score);
                  }));
  return out;
}

Result<std::optional<PersonScore>> DuckStore::score_of(uint32_t snapshot, uint64_t person_key) {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::optional<PersonScore> out;
  BW_TRY(each_row(
      connection.rows(fmt::format("SELECT {} FROM scores WHERE snapshot = {} AND person_key = {}",
                                  kScoreColumns, snapshot, person_key)),
      [&](const DuckRows& rows, size_t i) { out = score_at(rows, i); }));
  return out;
}

Result<std::vector<Store::HistoryPoint>> DuckStore::history(uint64_t person_key) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  std::vector<HistoryPoint> out;
  BW_TRY(each_row(
      read.connection().rows(fmt::format(
          "SELECT s.id, s.as_of, s.computed, s.generation, s.method, s.policy_name, s.policy_hash, "
          "'' AS policy_toml, s.people, s.settled, s.simulated, p.value, p.low, p.high, p.settled, "
          "p.forecast_7d, p.forecast_7d_size, p.forecast_30d, p.forecast_30d_size "
          "FROM (SELECT * FROM scores WHERE person_key = {}) p JOIN snapshots s ON s.id = "
          "p.snapshot "
          "ORDER BY s.as_of, s.id",
          person_key)),
      [&](const DuckRows& rows, size_t i) {
        out.push_back({snapshot_at(rows, i), rows.column<double>(11)[i], rows.column<double>(12)[i],
                       rows.column<double>(13)[i], rows.column<bool>(14)[i],
                       forecasts_at(rows, 15, i)});
      }));
  return out;
}

Result<void> DuckStore::keep_grades(std::span<const SnapshotGrade> grades) {
  BW_ASSIGN(const WriteTurn turn, WriteTurn::take(*core_));
  BW_ASSIGN(const auto transaction, WriteTransaction::begin(*core_));
  for (const SnapshotGrade& grade : grades) {
    BW_TRY(transaction->connection().run(fmt::format(
        "DELETE FROM grades WHERE snapshot = {} AND days = {}", grade.snapshot, grade.days)));
  }
  BW_ASSIGN(DuckAppender * rows, transaction->appender("grades"));
  for (const SnapshotGrade& grade : grades) {
    rows->put<uint32_t>(grade.snapshot);
    rows->put<uint32_t>(grade.days);
    put_instant(*rows, grade.graded);
    rows->put<uint64_t>(grade.generation);
    rows->put<uint64_t>(grade.calibration.people);
    rows->put<uint64_t>(grade.calibration.expected);
    rows->put<double>(grade.said);
    rows->put<uint64_t>(grade.came);
    put_optional(*rows, grade.calibration.coverage);
    put_optional(*rows, grade.calibration.coverage_expected);
    for (const double tenth : grade.calibration.tenths) rows->put<double>(tenth);
    for (const RankingGrade* ranking : {&grade.forecast, &grade.score}) {
      for (const auto figure : kFigures) put_optional(*rows, ranking->*figure);
    }
    BW_TRY(rows->end_row());
  }
  return transaction->commit(core_->meta);
}

Result<std::vector<SnapshotGrade>> DuckStore::grades() {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::vector<SnapshotGrade> out;
  BW_TRY(
      each_row(connection.rows("SELECT " + kGradeColumns + " FROM grades ORDER BY snapshot, days"),
               [&](const DuckRows& rows, size_t i) { out.push_back(grade_at(rows, i)); }));
  return out;
}

Result<void> replace_standings(WriteTransaction& transaction,
                               std::span<const StandingRow> standings,
                               std::span<const PassedOn> passed_on) {
  BW_TRY(transaction.connection().run(create_table("standings")));
  BW_ASSIGN(DuckAppender * rows, transaction.appender("standings"));
  for (const StandingRow& standing : standings) {
    rows->put<uint32_t>(standing.account);
    rows->put<double>(standing.mass);
    BW_TRY(rows->end_row());
  }
  BW_TRY(transaction.connection().run(create_table("passed_on")));
  BW_ASSIGN(DuckAppender * passed, transaction.appender("passed_on"));
  for (const PassedOn& row : passed_on) {
    passed->put<uint32_t>(row.receiver);
    passed->put<uint32_t>(row.mover);
    passed->put<double>(row.mass);
    BW_TRY(passed->end_row());
  }
  return {};
}

Result<std::vector<StandingRow>> DuckStore::standings(std::span<const AccountId> accounts) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  std::vector<AccountId> asked(accounts.begin(), accounts.end());
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  // Reading narrow columns in order takes a third of the time of looking up a list of numbers.
  std::string query = "SELECT account, mass FROM standings";
  if (!asked.empty()) {
    query += fmt::format(" WHERE account BETWEEN {} AND {}", asked.front(), asked.back());
  }
  std::vector<StandingRow> out;
  auto next = asked.cbegin();
  BW_TRY(each_row(read.connection().stream(query), [&](const DuckRows& rows, size_t i) {
    const AccountId account = rows.column<uint32_t>(0)[i];
    if (!asked.empty()) {
      while (next != asked.cend() && *next < account) ++next;
      if (next == asked.cend() || *next != account) return;
    }
    out.push_back({account, rows.column<double>(1)[i]});
  }));
  return out;
}

Result<std::vector<PassedOn>> DuckStore::passed_on(std::span<const AccountId> receivers) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  std::vector<AccountId> asked(receivers.begin(), receivers.end());
  std::sort(asked.begin(), asked.end());
  std::string query = "SELECT receiver, mover, mass FROM passed_on";
  if (!asked.empty()) {
    query += fmt::format(" WHERE receiver BETWEEN {} AND {}", asked.front(), asked.back());
  }
  std::vector<PassedOn> out;
  BW_TRY(each_row(read.connection().stream(query), [&](const DuckRows& rows, size_t i) {
    const AccountId receiver = rows.column<uint32_t>(0)[i];
    if (!asked.empty() && !std::binary_search(asked.begin(), asked.end(), receiver)) return;
    out.push_back({receiver, rows.column<uint32_t>(1)[i], rows.column<double>(2)[i]});
  }));
  return out;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Reading the log: sources, accounts, acts with everything resolved, receipts, topics; and taking a
// unit back.
#include <fmt/format.h>

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <map>

#include "base/hash.h"
#include "base/parallel.h"
#include "store/duckdb/duckdb_store.h"
#include "store/duckdb/log_index.h"

namespace bellwether {
namespace {

constexpr uint64_t kRankShift = 32;
constexpr uint64_t kPosted = 0;    // the account of the object's own post event
constexpr uint64_t kNamed = 1;     // the author that some record names for the object
constexpr uint64_t kReshared = 2;  // the object is a reshare: whoever made it

// What objects are about: the topics of their post. Where several records of it differ, those whose
// names come first by hash: neither numbers nor ids will do, for which was read first decides the
// ones and, of lines that are the same but for their topics, the others.
template <typename Asked>
Result<void> add_topics_of_posts(DuckConnection& connection, const std::string& condition,
                                 Asked&& asked, LeastMap& topics) {
  const std::string posts =
      fmt::format(" FROM events WHERE verb = {} AND topics <> 0 AND object <> 0",
                  static_cast<int>(Verb::kPost)) +
      condition;
  boost::unordered_flat_map<TopicSetId, uint64_t> names;  // a sum, for they have no order
  BW_TRY(each_row(connection.stream("SELECT s.id, t.name FROM topic_sets s JOIN topics t ON t.id = "
                                    "s.topic WHERE s.id IN (SELECT topics" +
                                    posts + ")"),
                  [&](const DuckRows& rows, size_t i) {
                    names[rows.column<uint32_t>(0)[i]] += hash64(rows.text(1, i));
                  }));
  return each_row(connection.stream("SELECT object, topics" + posts),
                  [&](const DuckRows& rows, size_t i) {
                    const uint64_t object = rows.column<uint64_t>(0)[i];
                    if (!asked(object)) return;
                    const TopicSetId set = rows.column<uint32_t>(1)[i];
                    topics.give(object, names[set] >> kRankShift << kRankShift | set);
                  });
}
// 0: none.
TopicSetId topics_of(const LeastMap& topics, uint64_t object) {
  const uint64_t value = object == 0 ? LeastMap::kNone : topics.find(object);
  return value == LeastMap::kNone ? 0 : static_cast<TopicSetId>(value);
}

// The AccountId of a number of the dictionary. Not kNobody unless the log is damaged.
AccountId at_or_nobody(const std::vector<AccountId>& by_dictionary, uint32_t number) {
  return number < by_dictionary.size() ? by_dictionary[number] : kNobody;
}

AccountId author_of(const LeastMap& authors, uint64_t object) {
  const uint64_t value = authors.find(object);
  return value == LeastMap::kNone ? kNobody : static_cast<AccountId>(value);
}

// A set of hashes that may say yes too often, never no too often.
class Filter {
 public:
  explicit Filter(size_t keys) : bits_(std::max<size_t>(keys, 1024) * 16), words_(bits_ / 64 + 1) {}
  void add(uint64_t key) { words_[place(key) / 64] |= bit(key); }
  bool may_hold(uint64_t key) const { return (words_[place(key) / 64] & bit(key)) != 0; }

 private:
  size_t place(uint64_t key) const { return scaled(spread(key, seed_), bits_); }
  uint64_t bit(uint64_t key) const { return uint64_t{1} << (place(key) % 64); }

  size_t bits_;
  ZeroedPages<uint64_t> words_;
  uint64_t seed_ = process_seed();
};

// Undone acts, by act and account: when first.
class Undos {
 public:
  static Result<Undos> read(DuckConnection& connection) {
    Undos out;
    BW_TRY(each_row(
        connection.stream(fmt::format(
            "SELECT object, account, published FROM events WHERE verb = {} AND object <> 0",
            static_cast<int>(Verb::kUndo))),
        [&](const DuckRows& rows, size_t i) {
          const Instant when = instant_at(rows, 2, i);
          out.undos_.push_back({rows.column<uint64_t>(0)[i], rows.column<uint32_t>(1)[i],
                                when.known() ? when.ms : kEarliest.ms});
        }));
    std::sort(out.undos_.begin(), out.undos_.end());
    for (const Undo& undo : out.undos_) out.undone_.add(key(undo.act, undo.account));
    return out;
  }

  // Unknown: never.
  Instant withdrawn_at(uint64_t act, uint32_t account) const {
    if (undos_.empty() || !undone_.contains(key(act, account))) return Instant::unknown();
    const auto at =
        std::lower_bound(undos_.begin(), undos_.end(), Undo{act, account, kEarliest.ms});
    if (at == undos_.end() || at->act != act || at->account != account) return Instant::unknown();
    return Instant{at->when_ms};
  }

 private:
  struct Undo {
    uint64_t act;
    uint32_t account;
    int64_t when_ms;
    friend auto operator<=>(const Undo&, const Undo&) = default;
  };
  static uint64_t key(uint64_t act, uint32_t account) {
    const uint64_t key = spread(act, account);
    return key == 0 ? 1 : key;
  }

  std::vector<Undo> undos_;
  KeySet undone_;
};

}  // namespace

// ---- sources ------------------------------------------------------------------------------------

Result<std::vector<SourceReport>> DuckStore::sources() {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  std::vector<SourceReport> out;
  boost::unordered_flat_map<uint32_t, size_t> place;
  BW_TRY(each_row(read.connection().rows(
                      "SELECT id, unit, path, adapter, mapping_version, simulated, state, message, "
                      "observed, accepted, duplicates, rejected, untimed, undone FROM sources "
                      "ORDER BY id"),
                  [&](const DuckRows& rows, size_t i) {
                    SourceReport report;
                    report.source = rows.column<uint32_t>(0)[i];
                    report.unit = rows.column<uint32_t>(1)[i];
                    report.info.path = rows.text(2, i);
                    report.info.adapter = rows.text(3, i);
                    report.info.mapping_version = rows.column<uint32_t>(4)[i];
                    report.info.simulated = rows.column<bool>(5)[i];
                    report.state = static_cast<SourceState>(rows.column<uint8_t>(6)[i]);
                    report.message = rows.text(7, i);
                    report.observed = instant_at(rows, 8, i);
                    report.accepted = rows.column<uint64_t>(9)[i];
                    report.duplicates = rows.column<uint64_t>(10)[i];
                    report.rejected = rows.column<uint64_t>(11)[i];
                    report.untimed = rows.column<uint64_t>(12)[i];
                    report.undone = rows.column<bool>(13)[i];
                    place[report.source] = out.size();
                    out.push_back(std::move(report));
                  }));
  BW_TRY(each_row(read.connection().rows("SELECT source, what, kind, count FROM source_counts "
                                         "ORDER BY source, what, count DESC, kind"),
                  [&](const DuckRows& rows, size_t i) {
                    const auto at = place.find(rows.column<uint32_t>(0)[i]);
                    if (at == place.end()) return;
                    SourceReport& report = out[at->second];
                    KindCount kind{std::string(rows.text(2, i)), rows.column<uint64_t>(3)[i]};
                    switch (static_cast<CountOf>(rows.column<uint8_t>(1)[i])) {
                      case CountOf::kAccepted:
                        report.accepted_by.push_back(std::move(kind));
                        break;
                      case CountOf::kRejected:
                        report.rejected_by.push_back(std::move(kind));
                        break;
                      case CountOf::kLeftAlone:
                        report.left_alone.push_back(std::move(kind));
                        break;
                    }
                  }));
  return out;
}

Result<std::vector<RejectRow>> DuckStore::rejects(uint32_t unit, uint64_t limit) {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::vector<RejectRow> out;
  BW_TRY(each_row(
      connection.stream(fmt::format(
          "SELECT source, record, record_hash, reason, content FROM rejects WHERE source IN "
          "(SELECT id FROM sources WHERE unit = {}) ORDER BY source, rejects.rowid LIMIT {}",
          unit, limit)),
      [&](const DuckRows& rows, size_t i) {
        out.push_back({rows.column<uint32_t>(0)[i], rows.column<uint64_t>(1)[i],
                       rows.column<uint64_t>(2)[i], std::string(rows.text(3, i)),
                       rows.null(4, i) ? std::string() : std::string(rows.text(4, i))});
      }));
  return out;
}

Result<std::vector<ClaimRow>> DuckStore::claims() {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::vector<ClaimRow> out;
  BW_TRY(each_row(connection.stream("SELECT unit, network, name, same_network, same_name, evidence "
                                    "FROM claims ORDER BY unit, rowid"),
                  [&](const DuckRows& rows, size_t i) {
                    out.push_back({rows.column<uint32_t>(0)[i], std::string(rows.text(1, i)),
                                   std::string(rows.text(2, i)), std::string(rows.text(3, i)),
                                   std::string(rows.text(4, i)), std::string(rows.text(5, i))});
                  }));
  return out;
}

Result<uint64_t> DuckStore::undo_unit(uint32_t unit) {
  BW_ASSIGN(const WriteTurn turn, WriteTurn::take(*core_));
  uint64_t removed = 0;
  {
    BW_ASSIGN(const auto transaction, WriteTransaction::begin(*core_));
    DuckConnection& connection = transaction->connection();
    const std::string of_unit = fmt::format("FROM sources WHERE unit = {} AND NOT undone", unit);
    BW_ASSIGN(const uint64_t first, connection.number("SELECT min(id) " + of_unit));
    BW_ASSIGN(const uint64_t last, connection.number("SELECT max(id) " + of_unit));
    if (first == 0) {
      return Error{ErrorCode::kNotFound,
                   fmt::format("there is no unit {}, or it is undone already", unit)};
    }
    const std::string range = fmt::format("WHERE source BETWEEN {} AND {}", first, last);
    {
      BW_ASSIGN(DuckRows deleted, connection.rows("DELETE FROM events " + range));
      removed = deleted.changed();
    }
    BW_TRY(connection.run("DELETE FROM rejects " + range));
    BW_TRY(connection.run(fmt::format("DELETE FROM profiles WHERE unit = {}", unit)));
    BW_TRY(connection.run(fmt::format("DELETE FROM claims WHERE unit = {}", unit)));
    BW_TRY(connection.run(fmt::format("UPDATE sources SET undone = true WHERE unit = {}", unit)));
    // Accounts that nothing speaks of any more leave the log, so that it is as it was before; their
    // names stay for the ledger's readers until that is replaced.
    BW_TRY(connection.run(
        "UPDATE accounts SET gone = true WHERE NOT gone AND id NOT IN (SELECT account FROM events "
        "UNION SELECT author FROM events UNION SELECT target FROM events "
        "UNION SELECT account FROM profiles) "
        "AND key NOT IN (SELECT mover FROM remainder_pairs)"));
    StoreMeta meta = core_->meta;
    ++meta.generation;
    BW_TRY(transaction->commit(meta));
  }
  core_->index.reset();
  checkpoint(*core_);
  return removed;
}

Result<LogSummary> DuckStore::summary() {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  LogSummary out;
  BW_ASSIGN(out.generation, generation_of(read.connection()));
  // Every committed batch brings its sources' counts along, so the events need not be read.
  BW_TRY(
      each_row(read.connection().rows("SELECT accepted, untimed, first_published, last_published, "
                                      "simulated, state FROM sources WHERE NOT undone"),
               [&](const DuckRows& rows, size_t i) {
                 out.events += rows.column<uint64_t>(0)[i];
                 out.untimed += rows.column<uint64_t>(1)[i];
                 const Instant first = instant_at(rows, 2, i);
                 const Instant last = instant_at(rows, 3, i);
                 if (first.known() && (!out.first.known() || first < out.first)) out.first = first;
                 if (last.known() && (!out.last.known() || last > out.last)) out.last = last;
                 out.simulated =
                     out.simulated || (rows.column<bool>(4)[i] && rows.column<uint64_t>(0)[i] > 0);
                 const auto state = static_cast<SourceState>(rows.column<uint8_t>(5)[i]);
                 ++out.sources;
                 if (state != SourceState::kComplete) ++out.sources_broken;
               }));
  BW_TRY(each_row(read.connection().rows(
                      "SELECT max(erased) FROM (SELECT erased FROM remainder_pairs UNION ALL "
                      "SELECT erased FROM remainder_vouches)"),
                  [&](const DuckRows& rows, size_t i) { out.erased = instant_at(rows, 0, i); }));
  return out;
}

// ---- accounts -----------------------------------------------------------------------------------

Result<std::shared_ptr<const NumberedAccounts>> DuckStore::numbered(DuckConnection& connection) {
  BW_ASSIGN(const uint64_t generation, generation_of(connection));
  {
    std::lock_guard lock(core_->caches);
    if (core_->numbered && core_->numbered->numbering->generation == generation) {
      return core_->numbered;
    }
  }
  std::map<std::string, uint16_t> names;  // alphabetical
  BW_TRY(each_row(connection.rows("SELECT id, name FROM networks WHERE id IN (SELECT network FROM "
                                  "accounts WHERE NOT gone)"),
                  [&](const DuckRows& rows, size_t i) {
                    names.emplace(rows.text(1, i), rows.column<uint16_t>(0)[i]);
                  }));
  auto numbering = std::make_shared<Numbering>();
  numbering->generation = generation;
  std::vector<NetworkId> network_id(1);
  for (const auto& [name, id] : names) {
    if (network_id.size() <= id) network_id.resize(id + size_t{1});
    network_id[id] = static_cast<NetworkId>(numbering->networks.size());
    numbering->networks.push_back(name);
  }

  struct Account {
    uint64_t key;
    uint32_t dictionary;
    uint16_t network;
  };
  BW_ASSIGN(const uint64_t count,
            connection.number("SELECT count(*) FROM accounts WHERE NOT gone"));
  std::vector<Account> accounts;
  accounts.reserve(count);
  uint32_t highest = 0;
  BW_TRY(each_row(connection.stream("SELECT key, id, network FROM accounts WHERE NOT gone"),
                  [&](const DuckRows& rows, size_t i) {
                    accounts.push_back({rows.column<uint64_t>(0)[i], rows.column<uint32_t>(1)[i],
                                        rows.column<uint16_t>(2)[i]});
                    highest = std::max(highest, accounts.back().dictionary);
                  }));
  // Keys are hashes: cutting their range into equal parts cuts the accounts into nearly equal ones.
  constexpr size_t kParts = 1024;
  std::vector<size_t> part_end(kParts);
  for (const Account& account : accounts) ++part_end[account.key >> 54];
  size_t sum = 0;
  for (size_t& end : part_end) sum = end += sum;
  std::vector<Account> sorted(accounts.size());
  std::vector<size_t> part_at(kParts);
  for (size_t p = 1; p < kParts; ++p) part_at[p] = part_end[p - 1];
  for (const Account& account : accounts) sorted[part_at[account.key >> 54]++] = account;
  accounts = {};
  parallel_for(kParts, 64, core_->options.threads, [&](size_t begin, size_t end) {
    for (size_t p = begin; p < end; ++p) {
      const auto first = sorted.begin() + static_cast<ptrdiff_t>(p == 0 ? 0 : part_end[p - 1]);
      std::sort(first, sorted.begin() + static_cast<ptrdiff_t>(part_end[p]),
                [](const Account& a, const Account& b) {
                  return a.key != b.key ? a.key < b.key : a.dictionary < b.dictionary;
                });
    }
  });
  // Two names of one hash are ordered by the names themselves, which do not depend on arrival.
  for (size_t i = 0; i + 1 < sorted.size(); ++i) {
    size_t end = i + 1;
    while (end < sorted.size() && sorted[end].key == sorted[i].key) ++end;
    if (end == i + 1) continue;
    std::vector<std::pair<std::string, Account>> equal;
    for (size_t k = i; k < end; ++k) {
      BW_TRY(each_row(connection.rows(fmt::format("SELECT n.name || ':' || a.name FROM accounts a, "
                                                  "networks n WHERE a.id = {} AND n.id = a.network",
                                                  sorted[k].dictionary)),
                      [&](const DuckRows& rows, size_t row) {
                        equal.emplace_back(rows.text(0, row), sorted[k]);
                      }));
    }
    std::sort(equal.begin(), equal.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    for (size_t k = 0; k < equal.size(); ++k) sorted[i + k] = equal[k].second;
    i = end - 1;
  }

  auto out = std::make_shared<NumberedAccounts>();
  out->by_dictionary.assign(highest + size_t{1}, kNobody);
  out->dictionary.resize(sorted.size());
  numbering->account_key.resize(sorted.size());
  numbering->account_network.resize(sorted.size());
  for (size_t i = 0; i < sorted.size(); ++i) {
    numbering->account_key[i] = sorted[i].key;
    numbering->account_network[i] = network_id[sorted[i].network];
    out->dictionary[i] = sorted[i].dictionary;
    out->by_dictionary[sorted[i].dictionary] = static_cast<AccountId>(i);
  }
  out->numbering = std::move(numbering);
  std::lock_guard lock(core_->caches);
  core_->numbered = out;
  return std::shared_ptr<const NumberedAccounts>(out);
}

Result<std::shared_ptr<const NumberedAccounts>> DuckStore::numbered_as(const Numbering& numbering,
                                                                       DuckConnection& connection) {
  BW_ASSIGN(const uint64_t generation, generation_of(connection));
  if (numbering.generation != generation) {
    return Error{ErrorCode::kInvalidArgument,
                 fmt::format("the log has changed since its accounts were numbered (generation {}, "
                             "now {}); number them again",
                             numbering.generation, generation)};
  }
  return numbered(connection);
}

Result<std::shared_ptr<const Numbering>> DuckStore::number_accounts() {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  BW_ASSIGN(const auto all, numbered(read.connection()));
  return all->numbering;
}

Result<std::vector<AccountEntry>> DuckStore::entries_of(DuckConnection& connection,
                                                        std::span<const uint32_t> dictionary) {
  std::vector<AccountEntry> out(dictionary.size());
  boost::unordered_flat_map<uint32_t, std::vector<size_t>> places;
  for (size_t i = 0; i < dictionary.size(); ++i) places[dictionary[i]].push_back(i);
  std::vector<uint32_t> asked;
  for (const auto& [id, at] : places) asked.push_back(id);
  std::sort(asked.begin(), asked.end());

  std::map<uint16_t, std::string> networks;
  BW_TRY(each_row(connection.rows("SELECT id, name FROM networks"),
                  [&](const DuckRows& rows, size_t i) {
                    networks[rows.column<uint16_t>(0)[i]] = rows.text(1, i);
                  }));
  const auto take_account = [&](const DuckRows& rows, size_t i) {
    const auto at = places.find(rows.column<uint32_t>(0)[i]);
    if (at == places.end()) return;
    for (const size_t place : at->second) {
      out[place].network = networks[rows.column<uint16_t>(1)[i]];
      out[place].name = rows.text(2, i);
    }
  };
  const auto take_profile = [&](const DuckRows& rows, size_t i) {
    const auto at = places.find(rows.column<uint32_t>(0)[i]);
    if (at == places.end()) return;
    for (const size_t place : at->second) {
      AccountEntry& entry = out[place];
      if (!rows.null(1, i)) entry.display_name = rows.text(1, i);
      if (!rows.null(2, i)) entry.url = rows.text(2, i);
      if (!rows.null(3, i)) entry.kind = static_cast<AccountKind>(rows.column<uint8_t>(3)[i]);
      entry.indexable = rows.column<bool>(4)[i];
      entry.minor = rows.column<bool>(5)[i];
      entry.owner = rows.column<bool>(6)[i];
    }
  };
  // The newest known word counts. That an account is a minor's, or an archive's owner's, stays
  // known once said, since a record that does not know says false.
  const std::string kAccounts = "SELECT id, network, name FROM accounts ";
  const std::string kProfiles =
      "SELECT account, arg_max(display_name, serial) FILTER (display_name <> ''), "
      "arg_max(url, serial) FILTER (url <> ''), arg_max(kind, serial) FILTER (kind <> 0), "
      "arg_max(indexable, serial), bool_or(minor), bool_or(owner) FROM profiles ";
  BW_ASSIGN(const uint64_t profiles, connection.number("SELECT count(*) FROM profiles"));
  if (asked.size() > kListsMax * kListMax) {
    BW_TRY(each_row(connection.stream(kAccounts), take_account));
    if (profiles > 0)
      BW_TRY(each_row(connection.stream(kProfiles + "GROUP BY account"), take_profile));
    return out;
  }
  for (size_t begin = 0; begin < asked.size(); begin += kListMax) {
    const auto part = std::span(asked).subspan(begin, std::min(kListMax, asked.size() - begin));
    BW_TRY(each_row(connection.rows(select_where(kAccounts, "id", part)), take_account));
    if (profiles > 0) {
      BW_TRY(each_row(
          connection.rows(kProfiles + "WHERE account IN (" + joined(part) + ") GROUP BY account"),
          take_profile));
    }
  }
  return out;
}

Result<std::vector<AccountEntry>> DuckStore::accounts(const Numbering& numbering,
                                                      std::span<const AccountId> ids) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  BW_ASSIGN(const auto all, numbered_as(numbering, read.connection()));
  std::vector<uint32_t> dictionary;
  std::vector<AccountId> known;
  for (const AccountId id : ids) {
    if (id >= all->dictionary.size()) continue;
    dictionary.push_back(all->dictionary[id]);
    known.push_back(id);
  }
  BW_ASSIGN(std::vector<AccountEntry> out, entries_of(read.connection(), dictionary));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].id = known[i];
    out[i].network_id = all->numbering->account_network[known[i]];
  }
  return out;
}

Result<std::vector<AccountId>> DuckStore::flagged(const Numbering& numbering, AccountFlag flag) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  BW_ASSIGN(const auto all, numbered_as(numbering, read.connection()));
  std::vector<AccountId> out;
  BW_TRY(each_row(
      read.connection().stream(fmt::format("SELECT DISTINCT account FROM profiles WHERE {}",
                                           flag == AccountFlag::kMinor ? "minor" : "owner")),
      [&](const DuckRows& rows, size_t i) {
        const AccountId id = at_or_nobody(all->by_dictionary, rows.column<uint32_t>(0)[i]);
        if (id != kNobody) out.push_back(id);
      }));
  std::sort(out.begin(), out.end());
  return out;
}

Result<std::vector<AccountEntry>> DuckStore::search_accounts(std::string_view text,
                                                             uint32_t limit) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  // A match may lie in an old display name; what is shown is the newest.
  BW_ASSIGN(
      DuckStatement statement,
      read.connection().prepare(
          "WITH found AS (SELECT a.id, a.name, n.name AS network, "
          "bool_or(coalesce(lower(p.display_name) = lower($1), false)) AS exact_display "
          "FROM accounts a JOIN networks n ON n.id = a.network "
          "LEFT JOIN profiles p ON p.account = a.id WHERE NOT a.gone "
          "AND (contains(lower(a.name), lower($1)) OR contains(lower(p.display_name), lower($1)) "
          "OR lower(n.name || ':' || a.name) = lower($1)) GROUP BY ALL) "
          "SELECT f.id, l.id, l.network FROM found f LEFT JOIN ledger_accounts l ON l.account = "
          "f.id "
          "ORDER BY lower(f.name) = lower($1) OR f.exact_display "
          "OR lower(f.network || ':' || f.name) = lower($1) DESC, f.name, f.network LIMIT $2"));
  statement.bind(1, clean_utf8(text)).bind(2, uint64_t{limit});
  std::vector<uint32_t> dictionary;
  std::vector<std::pair<AccountId, NetworkId>> ids;
  BW_TRY(each_row(std::move(statement).rows(), [&](const DuckRows& rows, size_t i) {
    dictionary.push_back(rows.column<uint32_t>(0)[i]);
    if (rows.null(1, i)) {
      ids.emplace_back(kNobody, NetworkId{0});
    } else {
      ids.emplace_back(rows.column<uint32_t>(1)[i], rows.column<uint16_t>(2)[i]);
    }
  }));
  BW_ASSIGN(std::vector<AccountEntry> out, entries_of(read.connection(), dictionary));
  for (size_t i = 0; i < out.size(); ++i) {
    out[i].id = ids[i].first;
    out[i].network_id = ids[i].second;
  }
  return out;
}

// ---- acts ---------------------------------------------------------------------------------------

Result<std::shared_ptr<const ObjectIndex>> DuckStore::objects(const NumberedAccounts& numbered,
                                                              DuckConnection& connection) {
  const uint64_t generation = numbered.numbering->generation;
  {
    std::lock_guard lock(core_->caches);
    if (core_->objects && core_->objects->generation == generation) return core_->objects;
  }
  auto out = std::make_shared<ObjectIndex>();
  out->generation = generation;
  BW_ASSIGN(const uint64_t objects,
            connection.number("SELECT sum(with_object) FROM sources WHERE NOT undone"));
  if (objects > 0) {
    Filter acted_on(objects);
    BW_TRY(each_row(
        connection.stream("SELECT object, verb, account, author FROM events WHERE object <> 0"),
        [&](const DuckRows& rows, size_t i) {
          const uint64_t object = rows.column<uint64_t>(0)[i];
          const uint32_t author = rows.column<uint32_t>(3)[i];
          if (rows.column<uint8_t>(1)[i] == static_cast<uint8_t>(Verb::kPost)) {
            const uint32_t account = rows.column<uint32_t>(2)[i];
            out->authors.give(
                object, kPosted << kRankShift | at_or_nobody(numbered.by_dictionary, account));
          } else {
            acted_on.add(object);
          }
          if (author != 0) {
            out->authors.give(object,
                              kNamed << kRankShift | at_or_nobody(numbered.by_dictionary, author));
          }
        }));
    BW_TRY(each_row(
        connection.stream(fmt::format("SELECT id_low, account FROM events WHERE verb = {}",
                                      static_cast<int>(Verb::kReshare))),
        [&](const DuckRows& rows, size_t i) {
          const uint64_t act = rows.column<uint64_t>(0)[i];
          if (act == 0 || !acted_on.may_hold(act)) return;
          const uint32_t account = rows.column<uint32_t>(1)[i];
          out->authors.give(
              act, kReshared << kRankShift | at_or_nobody(numbered.by_dictionary, account));
        }));
    BW_TRY(add_topics_of_posts(
        connection, "", [&](uint64_t object) { return acted_on.may_hold(object); }, out->topics));
  }
  std::lock_guard lock(core_->caches);
  core_->objects = out;
  return std::shared_ptr<const ObjectIndex>(out);
}

Result<void> DuckStore::scan_acts(const Numbering& numbering,
                                  const std::function<void(std::span<const ResolvedAct>)>& piece) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  DuckConnection& connection = read.connection();
  BW_ASSIGN(const auto all, numbered_as(numbering, connection));
  BW_ASSIGN(const auto index, objects(*all, connection));
  {
    // One scan follows the numbering; keeping the index longer would only cost memory.
    std::lock_guard lock(core_->caches);
    core_->objects.reset();
  }
  const LeastMap& authors = index->authors;
  const std::vector<AccountId>& by_dictionary = all->by_dictionary;

  BW_ASSIGN(const Undos undos, Undos::read(connection));

  BW_ASSIGN(
      DuckRows rows,
      connection.stream("SELECT event_row, id_low, object, account, author, target, published, "
                        "repeats, topics, verb FROM events"));
  std::vector<ResolvedAct> acts;
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    const size_t n = rows.size();
    acts.resize(n);
    const auto* row = rows.column<uint64_t>(0);
    const auto* id_low = rows.column<uint64_t>(1);
    const auto* object = rows.column<uint64_t>(2);
    const auto* account = rows.column<uint32_t>(3);
    const auto* author = rows.column<uint32_t>(4);
    const auto* target = rows.column<uint32_t>(5);
    const auto* published = rows.column<int64_t>(6);
    const auto* repeats = rows.column<uint32_t>(7);
    const auto* topics = rows.column<uint32_t>(8);
    const auto* verb = rows.column<uint8_t>(9);
    constexpr size_t kAhead = 16;
    for (size_t i = 0; i < n; ++i) {
      if (i + kAhead < n) authors.prefetch(object[i + kAhead]);
      ResolvedAct& act = acts[i];
      act.row = row[i];
      act.act = id_low[i];
      act.object = object[i];
      act.account = at_or_nobody(by_dictionary, account[i]);
      if (act.account == kNobody) {
        return Error{ErrorCode::kCorrupt,
                     fmt::format("{} holds an event of an unknown account; run `bellwether check`",
                                 connection.file())};
      }
      act.author = kNobody;
      if (object[i] != 0) {
        act.author = author_of(authors, object[i]);
      } else if (author[i] != 0) {
        act.author = at_or_nobody(by_dictionary, author[i]);
      }
      act.target = target[i] == 0 ? kNobody : at_or_nobody(by_dictionary, target[i]);
      act.published = rows.null(6, i) ? Instant::unknown() : Instant{published[i]};
      act.withdrawn = undos.withdrawn_at(id_low[i], account[i]);
      act.count = repeats[i];
      act.topics = topics[i];
      if (act.topics == 0) act.topics = topics_of(index->topics, object[i]);
      act.network = numbering.account_network[act.account];
      act.verb = static_cast<Verb>(verb[i]);
    }
    piece(acts);
  }
}

Result<void> DuckStore::scan_uses(const Numbering& numbering, std::span<const Verb> verbs,
                                  UseScope scope,
                                  const std::function<void(std::span<const Use>)>& piece) {
  if (verbs.empty()) return {};
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  DuckConnection& connection = read.connection();
  BW_ASSIGN(const auto all, numbered_as(numbering, connection));
  BW_ASSIGN(const Undos undos, Undos::read(connection));
  std::string list;
  for (const Verb verb : verbs) {
    list += fmt::format("{}{}", list.empty() ? "" : ",", static_cast<int>(verb));
  }
  BW_ASSIGN(DuckRows rows,
            connection.stream(fmt::format(
                "SELECT event_row, id_low, object, account, published, topics, verb FROM events "
                "WHERE verb IN ({}) AND published IS NOT NULL{}",
                list, scope == UseScope::kAll ? "" : " AND (topics <> 0 OR object <> 0)")));
  std::vector<Use> uses;
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    uses.resize(rows.size());
    for (size_t i = 0; i < uses.size(); ++i) {
      Use& use = uses[i];
      const uint32_t account = rows.column<uint32_t>(3)[i];
      use.row = rows.column<uint64_t>(0)[i];
      use.object = rows.column<uint64_t>(2)[i];
      use.account = at_or_nobody(all->by_dictionary, account);
      if (use.account == kNobody) {
        return Error{ErrorCode::kCorrupt,
                     fmt::format("{} holds an event of an unknown account; run `bellwether check`",
                                 connection.file())};
      }
      use.published = Instant{rows.column<int64_t>(4)[i]};
      use.withdrawn = undos.withdrawn_at(rows.column<uint64_t>(1)[i], account);
      use.topics = rows.column<uint32_t>(5)[i];
      use.verb = static_cast<Verb>(rows.column<uint8_t>(6)[i]);
    }
    piece(uses);
  }
}

Result<std::vector<ReshareLink>> DuckStore::reshare_links(const Numbering& numbering) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  DuckConnection& connection = read.connection();
  BW_ASSIGN(const auto all, numbered_as(numbering, connection));
  BW_ASSIGN(const auto index, objects(*all, connection));
  std::vector<ReshareLink> out;
  if (index->authors.empty()) return out;
  const int verb = static_cast<int>(Verb::kReshare);
  BW_TRY(each_row(connection.stream(fmt::format(
                      "SELECT id_low, object, account FROM events WHERE verb = {} AND id_low IN "
                      "(SELECT object FROM events WHERE verb = {} AND object <> 0)",
                      verb, verb)),
                  [&](const DuckRows& rows, size_t i) {
                    const uint64_t object = rows.column<uint64_t>(1)[i];
                    out.push_back({rows.column<uint64_t>(0)[i], object,
                                   at_or_nobody(all->by_dictionary, rows.column<uint32_t>(2)[i]),
                                   author_of(index->authors, object)});
                  }));
  std::sort(out.begin(), out.end(), [](const ReshareLink& a, const ReshareLink& b) {
    if (a.act != b.act) return a.act < b.act;
    return a.object != b.object ? a.object < b.object : a.account < b.account;
  });
  return out;
}

Result<std::vector<OwnAct>> DuckStore::own_acts(std::span<const AccountId> accounts) {
  std::vector<OwnAct> out;
  if (accounts.empty()) return out;
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  std::vector<uint32_t> dictionary;
  BW_TRY(each_row(
      read.connection().rows(select_where("SELECT account FROM ledger_accounts", "id", accounts)),
      [&](const DuckRows& rows, size_t i) { dictionary.push_back(rows.column<uint32_t>(0)[i]); }));
  if (dictionary.empty()) return out;
  // The earliest undo of an act; what one account undid of another's does not count.
  boost::unordered_flat_map<std::pair<uint64_t, uint32_t>, Instant> undone;
  std::vector<uint32_t> by;
  const std::string who = dictionary.size() == 1 ? fmt::format("= {}", dictionary.front())
                                                 : "IN (" + joined(dictionary) + ")";
  BW_TRY(each_row(
      read.connection().stream("SELECT event_row, id_low, object, published, repeats, topics, "
                               "verb, account FROM events WHERE account " +
                               who),
      [&](const DuckRows& rows, size_t i) {
        OwnAct act;
        act.row = rows.column<uint64_t>(0)[i];
        act.act = rows.column<uint64_t>(1)[i];
        act.object = rows.column<uint64_t>(2)[i];
        act.published = instant_at(rows, 3, i);
        act.count = rows.column<uint32_t>(4)[i];
        act.topics = rows.column<uint32_t>(5)[i];
        act.verb = static_cast<Verb>(rows.column<uint8_t>(6)[i]);
        const uint32_t account = rows.column<uint32_t>(7)[i];
        if (act.verb != Verb::kUndo) {
          out.push_back(act);
          by.push_back(account);
          return;
        }
        if (act.object == 0) return;
        const Instant when = act.published.known() ? act.published : kEarliest;
        const auto [at, is_new] = undone.emplace(std::pair(act.object, account), when);
        if (!is_new) at->second = std::min(at->second, when);
      }));
  for (size_t i = 0; i < out.size() && !undone.empty(); ++i) {
    const auto at = undone.find(std::pair(out[i].act, by[i]));
    if (at != undone.end()) out[i].withdrawn = at->second;
  }
  std::sort(out.begin(), out.end(), [](const OwnAct& a, const OwnAct& b) { return a.row < b.row; });
  return out;
}

Result<std::vector<uint64_t>> DuckStore::objects_of(std::span<const EventRow> rows) {
  std::vector<uint64_t> out(rows.size(), 0);
  if (rows.empty()) return out;
  std::vector<std::pair<EventRow, size_t>> asked;
  for (size_t i = 0; i < rows.size(); ++i) asked.emplace_back(rows[i], i);
  std::sort(asked.begin(), asked.end());
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  const auto take = [&](const DuckRows& found, size_t i) {
    const EventRow row = found.column<uint64_t>(0)[i];
    for (auto at = std::lower_bound(asked.begin(), asked.end(), std::pair(row, size_t{0}));
         at != asked.end() && at->first == row; ++at) {
      out[at->second] = found.column<uint64_t>(1)[i];
    }
  };
  const std::string select = "SELECT event_row, object FROM events";
  constexpr size_t kFew = 40;  // as select_where asks for one by one
  if (asked.size() <= kFew) {
    std::vector<EventRow> numbers(rows.begin(), rows.end());
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
    BW_TRY(each_row(read.connection().rows(select_where(select, "event_row", numbers)), take));
    return out;
  }
  // Rows lie in ascending order, so that one walk along both finds all of them.
  size_t at = 0;
  BW_TRY(
      each_row(read.connection().stream(fmt::format("{} WHERE event_row BETWEEN {} AND {}", select,
                                                    asked.front().first, asked.back().first)),
               [&](const DuckRows& found, size_t i) {
                 const EventRow row = found.column<uint64_t>(0)[i];
                 while (at < asked.size() && asked[at].first < row) ++at;
                 for (; at < asked.size() && asked[at].first == row; ++at) {
                   out[asked[at].second] = found.column<uint64_t>(1)[i];
                 }
               }));
  return out;
}

// ---- receipts and topics ------------------------------------------------------------------------

Result<std::vector<Receipt>> DuckStore::receipts(std::span<const EventRow> rows) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  DuckConnection& connection = read.connection();
  struct Raw {
    uint32_t account, target, source;
    uint64_t object;
    TopicSetId topics;
  };
  std::vector<EventRow> asked(rows.begin(), rows.end());
  std::sort(asked.begin(), asked.end());
  asked.erase(std::unique(asked.begin(), asked.end()), asked.end());
  boost::unordered_flat_map<EventRow, std::pair<Receipt, Raw>> found;
  for (size_t begin = 0; begin < asked.size(); begin += kListMax) {
    const auto part = std::span(asked).subspan(begin, std::min(kListMax, asked.size() - begin));
    BW_TRY(each_row(
        connection.rows(select_where("SELECT event_row, account, verb, object, target, published, "
                                     "topics, source, record, record_hash FROM events",
                                     "event_row", part)),
        [&](const DuckRows& r, size_t i) {
          Receipt receipt;
          receipt.row = r.column<uint64_t>(0)[i];
          receipt.verb = static_cast<Verb>(r.column<uint8_t>(2)[i]);
          receipt.published = instant_at(r, 5, i);
          receipt.record = r.column<uint64_t>(8)[i];
          receipt.record_hash = r.column<uint64_t>(9)[i];
          const Raw raw{r.column<uint32_t>(1)[i], r.column<uint32_t>(4)[i],
                        r.column<uint32_t>(7)[i], r.column<uint64_t>(3)[i],
                        r.column<uint32_t>(6)[i]};
          const EventRow row = receipt.row;
          found.emplace(row, std::pair(std::move(receipt), raw));
        }));
  }
  std::vector<uint32_t> accounts;
  std::vector<uint32_t> sources;
  std::vector<uint64_t> objects;
  std::vector<uint64_t> silent;  // objects that somebody responded to without topics
  for (const auto& [row, pair] : found) {
    accounts.push_back(pair.second.account);
    if (pair.second.target != 0) accounts.push_back(pair.second.target);
    sources.push_back(pair.second.source);
    if (pair.second.object != 0) objects.push_back(pair.second.object);
    if (pair.second.topics == 0 && pair.second.object != 0) silent.push_back(pair.second.object);
  }
  const auto only_once = [](auto& list) {
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
  };
  only_once(accounts);
  only_once(sources);
  only_once(objects);
  only_once(silent);
  LeastMap about;
  for (size_t begin = 0; begin < silent.size(); begin += kListMax) {
    const auto part = std::span(silent).subspan(begin, std::min(kListMax, silent.size() - begin));
    BW_TRY(add_topics_of_posts(
        connection, " AND object IN (" + joined(part) + ")", [](uint64_t) { return true; }, about));
  }
  std::vector<TopicSetId> sets;
  for (auto& [row, pair] : found) {
    if (pair.second.topics == 0) pair.second.topics = topics_of(about, pair.second.object);
    if (pair.second.topics != 0) sets.push_back(pair.second.topics);
  }
  only_once(sets);

  BW_ASSIGN(const std::vector<AccountEntry> entries, entries_of(connection, accounts));
  boost::unordered_flat_map<uint32_t, std::string> account_name;
  for (size_t i = 0; i < accounts.size(); ++i) account_name[accounts[i]] = entries[i].ref();
  boost::unordered_flat_map<uint64_t, std::string> reference;
  for (size_t begin = 0; begin < objects.size(); begin += kListMax) {
    const auto part = std::span(objects).subspan(begin, std::min(kListMax, objects.size() - begin));
    BW_TRY(each_row(
        connection.rows(
            fmt::format("SELECT key, reference FROM objects WHERE key IN ({})", joined(part))),
        [&](const DuckRows& r, size_t i) { reference[r.column<uint64_t>(0)[i]] = r.text(1, i); }));
  }
  boost::unordered_flat_map<uint32_t, std::string> path;
  if (!sources.empty()) {
    BW_TRY(each_row(
        connection.rows(
            fmt::format("SELECT id, path FROM sources WHERE id IN ({})", joined(sources))),
        [&](const DuckRows& r, size_t i) { path[r.column<uint32_t>(0)[i]] = r.text(1, i); }));
  }
  BW_ASSIGN(const std::vector<std::vector<std::string>> names, topic_sets(sets));
  boost::unordered_flat_map<TopicSetId, size_t> set_place;
  for (size_t i = 0; i < sets.size(); ++i) set_place[sets[i]] = i;

  std::vector<Receipt> out;
  for (const EventRow row : rows) {
    const auto at = found.find(row);
    if (at == found.end()) continue;
    Receipt receipt = at->second.first;
    const Raw& raw = at->second.second;
    receipt.account = account_name[raw.account];
    if (raw.target != 0) receipt.target = account_name[raw.target];
    if (raw.object != 0) receipt.object = reference[raw.object];
    if (raw.topics != 0) receipt.topics = names[set_place[raw.topics]];
    receipt.source = path[raw.source];
    out.push_back(std::move(receipt));
  }
  return out;
}

Result<std::vector<std::vector<std::string>>> DuckStore::topic_sets(
    std::span<const TopicSetId> sets) {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  std::vector<std::vector<std::string>> out(sets.size());
  boost::unordered_flat_map<TopicSetId, std::vector<size_t>> places;
  for (size_t i = 0; i < sets.size(); ++i) {
    if (sets[i] != 0) places[sets[i]].push_back(i);
  }
  std::vector<TopicSetId> asked;
  for (const auto& [set, at] : places) asked.push_back(set);
  std::sort(asked.begin(), asked.end());
  const auto take = [&](const DuckRows& rows, size_t i) {
    const auto at = places.find(rows.column<uint32_t>(0)[i]);
    if (at == places.end()) return;
    for (const size_t place : at->second) out[place].emplace_back(rows.text(1, i));
  };
  const std::string kSets =
      "SELECT s.id, t.name FROM topic_sets s JOIN topics t ON t.id = s.topic ";
  if (asked.size() > kListsMax * kListMax) {
    BW_TRY(each_row(connection.stream(kSets + "ORDER BY s.id, t.name"), take));
    return out;
  }
  for (size_t begin = 0; begin < asked.size(); begin += kListMax) {
    const auto part = std::span(asked).subspan(begin, std::min(kListMax, asked.size() - begin));
    BW_TRY(each_row(
        connection.rows(kSets + "WHERE s.id IN (" + joined(part) + ") ORDER BY s.id, t.name"),
        take));
  }
  return out;
}

Result<void> DuckStore::each_topic(
    const std::function<void(uint32_t number, std::string_view name)>& topic) {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  return each_row(
      connection.stream("SELECT id, name FROM topics"),
      [&](const DuckRows& rows, size_t i) { topic(rows.column<uint32_t>(0)[i], rows.text(1, i)); });
}

Result<void> DuckStore::each_topic_of_sets(
    const std::function<void(TopicSetId set, uint32_t number)>& member) {
  BW_ASSIGN(DuckConnection connection, core_->database.connect());
  return each_row(connection.stream("SELECT id, topic FROM topic_sets"),
                  [&](const DuckRows& rows, size_t i) {
                    member(rows.column<uint32_t>(0)[i], rows.column<uint32_t>(1)[i]);
                  });
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Taking people out: the store is written anew without them, row by row, and takes the old one's
// place by one rename. Deleting in place would leave their bytes in freed blocks of the file.
// Remainders, which is all that an erasure leaves, are read and written here too.
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cctype>
#include <filesystem>

#include "base/hash.h"
#include "event/topic.h"
#include "store/duckdb/duckdb_store.h"
#include "store/duckdb/log_index.h"

namespace bellwether {
namespace {

namespace fs = std::filesystem;

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

// Finds the names of the erased in text that others left.
class NameFinder {
 public:
  explicit NameFinder(const std::vector<std::string>& accounts) {
    for (const std::string& account : accounts) {
      refs_.push_back(account);
      std::string name = account.substr(account.find(':') + 1);
      while (name.starts_with('@')) name.erase(0, 1);
      if (!name.empty()) names_.push_back(std::move(name));
    }
  }

  // As a whole word.
  bool anywhere(std::string_view text) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
      return find(text, name, 0) != std::string_view::npos;
    });
  }
  // The same for names that can hardly mean anything else: not numbers, not one or two letters.
  bool told(std::string_view text) const {
    return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
      return is_telling(name) && find(text, name, 0) != std::string_view::npos;
    });
  }
  bool is_account(std::string_view network, std::string_view name) const {
    const std::string ref = fmt::format("{}:{}", network, name);
    return std::find(refs_.begin(), refs_.end(), ref) != refs_.end();
  }
  // With every telling name replaced.
  std::string without(std::string_view text) const {
    std::string out(text);
    for (const std::string& name : names_) {
      if (!is_telling(name)) continue;
      for (size_t at = find(out, name, 0); at != std::string::npos; at = find(out, name, at + 1)) {
        out.replace(at, name.size(), "erased");
      }
    }
    return out;
  }

  std::string without_accounts(std::string_view text) const {
    std::string out(text);
    for (const std::string& ref : refs_) {
      for (size_t at = out.find(ref); at != std::string::npos; at = out.find(ref, at)) {
        out.replace(at, ref.size(), "erased");
      }
    }
    return out;
  }

 private:
  static bool is_telling(const std::string& name) {
    return name.size() >= 3 && std::any_of(name.begin(), name.end(), [](char c) {
             return is_word(c) && (c < '0' || c > '9');
           });
  }
  static size_t find(std::string_view text, const std::string& name, size_t from) {
    for (size_t at = text.find(name, from); at != std::string_view::npos;
         at = text.find(name, at + 1)) {
      const size_t end = at + name.size();
      if ((at == 0 || !is_word(text[at - 1])) && (end == text.size() || !is_word(text[end]))) {
        return at;
      }
    }
    return std::string_view::npos;
  }

  std::vector<std::string> refs_, names_;
};

// The stored rows, accounts still by key; `place` gives the number of a key, kNobody: none.
Result<Remainder> read_remainder(DuckConnection& connection, const std::string& pairs_where,
                                 const std::string& vouches_where,
                                 const std::function<AccountId(uint64_t)>& place) {
  Remainder out;
  boost::unordered_flat_map<uint32_t, size_t> at;
  BW_TRY(each_row(
      connection.rows("SELECT id, receiver, mover, token, erased, standing, dealings, moved, "
                      "recent, vouches, teleport, mass_one FROM remainder_pairs " +
                      pairs_where + " ORDER BY id"),
      [&](const DuckRows& rows, size_t i) {
        FrozenPair pair;
        const uint64_t mover = rows.column<uint64_t>(2)[i];
        pair.receiver = place(rows.column<uint64_t>(1)[i]);
        pair.mover = mover == 0 ? kNobody : place(mover);
        if (pair.receiver == kNobody || (mover != 0 && pair.mover == kNobody)) return;
        pair.token = rows.column<uint64_t>(3)[i];
        pair.at = Instant{rows.column<int64_t>(4)[i]};
        pair.standing = rows.column<double>(5)[i];
        pair.dealings = static_cast<Dealings>(rows.column<uint8_t>(6)[i]);
        pair.moved = rows.column<bool>(7)[i];
        pair.recent = rows.column<bool>(8)[i];
        pair.vouches = rows.column<bool>(9)[i];
        pair.teleport = rows.column<double>(10)[i];
        pair.mass_one = rows.column<double>(11)[i];
        at[rows.column<uint32_t>(0)[i]] = out.pairs.size();
        out.pairs.push_back(std::move(pair));
      }));
  if (!out.pairs.empty()) {
    const std::string of_these =
        pairs_where.empty() ? ""
                            : "WHERE pair IN (SELECT id FROM remainder_pairs " + pairs_where + ")";
    BW_TRY(each_row(
        connection.stream("SELECT pair, week_before, half_life_ms, x, free FROM remainder_sums " +
                          of_these + " ORDER BY pair, week_before, half_life_ms"),
        [&](const DuckRows& rows, size_t i) {
          const auto pair = at.find(rows.column<uint32_t>(0)[i]);
          if (pair == at.end()) return;
          FrozenPair& into = out.pairs[pair->second];
          (rows.column<bool>(1)[i] ? into.week_before : into.sums)
              .push_back({rows.column<double>(2)[i], rows.column<double>(3)[i],
                          rows.column<double>(4)[i]});
        }));
    BW_TRY(each_row(connection.rows("SELECT pair, account, mass FROM remainder_passed_on " +
                                    of_these + " ORDER BY pair, rowid"),
                    [&](const DuckRows& rows, size_t i) {
                      const auto pair = at.find(rows.column<uint32_t>(0)[i]);
                      const AccountId account = place(rows.column<uint64_t>(1)[i]);
                      if (pair == at.end() || account == kNobody) return;
                      out.pairs[pair->second].from.push_back({account, rows.column<double>(2)[i]});
                    }));
  }
  BW_TRY(each_row(connection.rows("SELECT account, vouches, erased FROM remainder_vouches " +
                                  vouches_where + " ORDER BY rowid"),
                  [&](const DuckRows& rows, size_t i) {
                    const AccountId account = place(rows.column<uint64_t>(0)[i]);
                    if (account == kNobody) return;
                    out.used.push_back({account, rows.column<uint32_t>(1)[i],
                                        Instant{rows.column<int64_t>(2)[i]}});
                  }));
  return out;
}

Result<void> write_remainder(WriteTransaction& transaction, const Numbering& numbering,
                             const Remainder& remainder) {
  for (const char* table :
       {"remainder_pairs", "remainder_sums", "remainder_passed_on", "remainder_vouches"}) {
    BW_TRY(transaction.connection().run(create_table(table)));
  }
  BW_ASSIGN(DuckAppender * pairs, transaction.appender("remainder_pairs"));
  BW_ASSIGN(DuckAppender * sums, transaction.appender("remainder_sums"));
  BW_ASSIGN(DuckAppender * passed_on, transaction.appender("remainder_passed_on"));
  BW_ASSIGN(DuckAppender * vouches, transaction.appender("remainder_vouches"));
  uint32_t id = 0;
  for (const FrozenPair& pair : remainder.pairs) {
    ++id;
    pairs->put<uint32_t>(id);
    pairs->put<uint64_t>(numbering.account_key[pair.receiver]);
    pairs->put<uint64_t>(pair.mover == kNobody ? 0 : numbering.account_key[pair.mover]);
    pairs->put<uint64_t>(pair.token);
    pairs->put<int64_t>(pair.at.ms);
    pairs->put<double>(pair.standing);
    pairs->put<uint8_t>(static_cast<uint8_t>(pair.dealings));
    pairs->put<bool>(pair.moved);
    pairs->put<bool>(pair.recent);
    pairs->put<bool>(pair.vouches);
    pairs->put<double>(pair.teleport);
    pairs->put<double>(pair.mass_one);
    BW_TRY(pairs->end_row());
    for (const bool week_before : {false, true}) {
      for (const FrozenSum& sum : week_before ? pair.week_before : pair.sums) {
        sums->put<uint32_t>(id);
        sums->put<bool>(week_before);
        sums->put<double>(sum.half_life_ms);
        sums->put<double>(sum.x);
        sums->put<double>(sum.free);
        BW_TRY(sums->end_row());
      }
    }
    for (const PassedToErased& from : pair.from) {
      passed_on->put<uint32_t>(id);
      passed_on->put<uint64_t>(numbering.account_key[from.account]);
      passed_on->put<double>(from.mass);
      BW_TRY(passed_on->end_row());
    }
  }
  for (const UsedVouches& used : remainder.used) {
    vouches->put<uint64_t>(numbering.account_key[used.account]);
    vouches->put<uint32_t>(used.count);
    vouches->put<int64_t>(used.at.ms);
    BW_TRY(vouches->end_row());
  }
  return {};
}

Result<void> sync_folder(const std::string& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  const bool synced = descriptor >= 0 && fsync(descriptor) == 0;
  if (descriptor >= 0) close(descriptor);
  if (!synced) return Error{ErrorCode::kIo, fmt::format("{}: cannot be synced", folder)};
  return {};
}

}  // namespace

class DuckErasure : public Erasure {
 public:
  DuckErasure(std::shared_ptr<StoreCore> core, WriteTurn turn,
              const std::vector<std::string>& accounts)
      : core_(std::move(core)),
        turn_(std::move(turn)),
        accounts_(accounts),
        names_(accounts),
        folder_(erasure_folder(core_->folder)) {}
  ~DuckErasure() override { discard(); }

  Result<void> prepare();

  Store& store() override { return *draft_; }
  Result<void> keep(const Numbering& numbering, const Remainder& remainder) override;
  Result<ErasureCounts> take_place() override;

 private:
  using Keys = boost::unordered_flat_set<uint64_t>;

  void discard() {
    draft_.reset();
    std::error_code error;
    fs::remove_all(folder_, error);
  }
  StoreCore& draft_core() const { return *static_cast<DuckStore*>(draft_.get())->core_; }
  bool is_erased(uint32_t dictionary) const {
    return std::find(erased_.begin(), erased_.end(), dictionary) != erased_.end();
  }
  // "column <> 1 AND column <> 2": plain comparisons, since a list would become a join, which does
  // not keep the order of rows.
  std::string without(const char* column) const {
    std::string condition = "true";
    for (const uint64_t key : keys_) condition += fmt::format(" AND {} <> {}", column, key);
    return condition;
  }
  Result<void> copy(const char* table, const std::string& query);

  Result<void> find_accounts();
  Result<void> find_objects();
  Result<void> copy_topics();
  Result<void> copy_events();
  Result<void> copy_sources();
  Result<void> copy_rejects();
  Result<void> copy_profiles();
  Result<void> copy_claims();
  Result<void> copy_dictionary();
  Result<void> copy_snapshots();

  std::shared_ptr<StoreCore> core_;
  WriteTurn turn_;
  const std::vector<std::string> accounts_;
  const NameFinder names_;
  const std::string folder_;
  std::unique_ptr<Store> draft_;
  ErasureCounts counts_;

  // While it is prepared.
  DuckConnection* from_ = nullptr;
  WriteTransaction* to_ = nullptr;
  std::vector<uint32_t> erased_;  // numbers of the dictionary
  std::vector<uint64_t> keys_;
  Keys theirs_;  // objects
  boost::unordered_flat_set<uint32_t> lost_topics_;
  boost::unordered_flat_set<uint32_t> lost_sets_;
  std::vector<bool> named_;  // accounts that what is left speaks of
  Keys objects_;             // that it acts on
  struct SourceCounts {
    uint64_t accepted = 0, untimed = 0, with_object = 0;
    Instant first, last;
    std::array<uint64_t, kVerbSlots> verbs{};
  };
  boost::unordered_flat_map<uint32_t, SourceCounts> sources_;
};

Result<void> DuckErasure::copy(const char* table, const std::string& query) {
  BW_ASSIGN(DuckAppender * to, to_->appender(table));
  BW_ASSIGN(DuckRows rows, from_->stream(query));
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    BW_TRY(to->append(rows));
  }
}

Result<void> DuckErasure::find_accounts() {
  for (const std::string& account : accounts_) {
    keys_.push_back(hash64(account));
    BW_TRY(each_row(
        from_->stream(fmt::format("SELECT a.id, n.name, a.name FROM accounts a JOIN networks n ON "
                                  "n.id = a.network WHERE a.key = {}",
                                  keys_.back())),
        [&](const DuckRows& rows, size_t i) {
          if (names_.is_account(rows.text(1, i), rows.text(2, i))) {
            erased_.push_back(rows.column<uint32_t>(0)[i]);
          }
        }));
  }
  counts_.accounts = erased_.size();
  return {};
}

// What they made, or what somebody named as theirs.
Result<void> DuckErasure::find_objects() {
  DuckStore store(core_);
  BW_ASSIGN(const auto all, store.numbered(*from_));
  BW_ASSIGN(const auto index, store.objects(*all, *from_));
  boost::unordered_flat_set<AccountId> ids;
  for (const uint32_t number : erased_) {
    if (number < all->by_dictionary.size() && all->by_dictionary[number] != kNobody) {
      ids.insert(all->by_dictionary[number]);
    }
  }
  if (!ids.empty()) {
    BW_TRY(each_row(from_->stream("SELECT object FROM events WHERE object <> 0"),
                    [&](const DuckRows& rows, size_t i) {
                      const uint64_t object = rows.column<uint64_t>(0)[i];
                      const uint64_t author = index->authors.find(object);
                      if (author != LeastMap::kNone && ids.contains(static_cast<AccountId>(author)))
                        theirs_.insert(object);
                    }));
  }
  return {};
}

Result<void> DuckErasure::copy_topics() {
  BW_TRY(each_row(from_->rows("SELECT id, name FROM topics"), [&](const DuckRows& rows, size_t i) {
    if (names_.told(without_mark(rows.text(1, i))))
      lost_topics_.insert(rows.column<uint32_t>(0)[i]);
  }));
  counts_.topics = lost_topics_.size();
  if (lost_topics_.empty()) {
    BW_TRY(copy("topics", "SELECT * FROM topics"));
    return copy("topic_sets", "SELECT * FROM topic_sets");
  }
  BW_ASSIGN(DuckAppender * topics, to_->appender("topics"));
  BW_TRY(each_row(from_->rows("SELECT id, name FROM topics"), [&](const DuckRows& rows, size_t i) {
    if (lost_topics_.contains(rows.column<uint32_t>(0)[i])) return;
    topics->put<uint32_t>(rows.column<uint32_t>(0)[i]);
    topics->put_text(rows.text(1, i));
    [[maybe_unused]] const bool ended = topics->end_row().ok();  // finish() says if it was not
  }));
  BW_ASSIGN(DuckAppender * sets, to_->appender("topic_sets"));
  boost::unordered_flat_set<uint32_t> left;
  BW_TRY(each_row(from_->rows("SELECT id, topic FROM topic_sets"),
                  [&](const DuckRows& rows, size_t i) {
                    const uint32_t set = rows.column<uint32_t>(0)[i];
                    if (lost_topics_.contains(rows.column<uint32_t>(1)[i])) {
                      lost_sets_.insert(set);
                      return;
                    }
                    left.insert(set);
                    sets->put<uint32_t>(set);
                    sets->put<uint32_t>(rows.column<uint32_t>(1)[i]);
                    [[maybe_unused]] const bool ended = sets->end_row().ok();
                  }));
  // Sets that other topics are left of still stand.
  for (const uint32_t set : left) lost_sets_.erase(set);
  return {};
}

Result<void> DuckErasure::copy_events() {
  BW_ASSIGN(DuckAppender * to, to_->appender("events"));
  named_.assign(core_->meta.next_account, false);
  BW_ASSIGN(DuckRows rows,
            from_->stream("SELECT event_row, id_high, id_low, source, record, record_hash, "
                          "account, verb, object, author, target, published, repeats, topics, "
                          "visibility FROM events"));
  const auto name = [&](uint32_t account) {
    if (account < named_.size()) named_[account] = true;
  };
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint32_t account = rows.column<uint32_t>(6)[i];
      const uint64_t object = rows.column<uint64_t>(8)[i];
      const uint32_t author = rows.column<uint32_t>(9)[i];
      const uint32_t target = rows.column<uint32_t>(10)[i];
      if (is_erased(account) || is_erased(author) || is_erased(target) ||
          (object != 0 && theirs_.contains(object))) {
        ++counts_.events;
        continue;
      }
      SourceCounts& source = sources_[rows.column<uint32_t>(3)[i]];
      ++source.accepted;
      const uint8_t verb = rows.column<uint8_t>(7)[i];
      if (verb < kVerbSlots) ++source.verbs[verb];
      name(account);
      name(author);
      name(target);
      if (object != 0) {
        ++source.with_object;
        objects_.insert(object);
      }
      uint32_t topics = rows.column<uint32_t>(13)[i];
      if (lost_sets_.contains(topics)) topics = 0;
      const Instant published = instant_at(rows, 11, i);
      if (!published.known()) {
        ++source.untimed;
      } else {
        if (!source.first.known() || published < source.first) source.first = published;
        source.last = std::max(source.last, published);
      }
      to->put<uint64_t>(rows.column<uint64_t>(0)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(1)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(2)[i]);
      to->put<uint32_t>(rows.column<uint32_t>(3)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(4)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(5)[i]);
      to->put<uint32_t>(account);
      to->put<uint8_t>(verb);
      to->put<uint64_t>(object);
      to->put<uint32_t>(author);
      to->put<uint32_t>(target);
      put_instant(*to, published);
      to->put<uint32_t>(rows.column<uint32_t>(12)[i]);
      to->put<uint32_t>(topics);
      to->put<uint8_t>(rows.column<uint8_t>(14)[i]);
      BW_TRY(to->end_row());
    }
  }
}

// What each source says of itself is what is left of it.
Result<void> DuckErasure::copy_sources() {
  BW_ASSIGN(DuckAppender * to, to_->appender("sources"));
  BW_ASSIGN(DuckAppender * counts, to_->appender("source_counts"));
  BW_ASSIGN(DuckRows rows,
            from_->rows("SELECT id, unit, path, adapter, mapping_version, simulated, state, "
                        "message, observed, duplicates, rejected, undone, accepted, untimed, "
                        "with_object, first_published, last_published FROM sources"));
  boost::unordered_flat_set<uint32_t> undone;
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) break;
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint32_t id = rows.column<uint32_t>(0)[i];
      const bool gone = rows.column<bool>(11)[i];
      if (gone) undone.insert(id);
      const SourceCounts& left = sources_[id];
      to->put<uint32_t>(id);
      to->put<uint32_t>(rows.column<uint32_t>(1)[i]);
      to->put_text(names_.without(rows.text(2, i)));
      to->put_text(rows.text(3, i));
      to->put<uint32_t>(rows.column<uint32_t>(4)[i]);
      to->put<bool>(rows.column<bool>(5)[i]);
      to->put<uint8_t>(rows.column<uint8_t>(6)[i]);
      to->put_text(names_.without(rows.text(7, i)));
      put_instant(*to, instant_at(rows, 8, i));
      to->put<uint64_t>(gone ? rows.column<uint64_t>(12)[i] : left.accepted);
      to->put<uint64_t>(rows.column<uint64_t>(9)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(10)[i]);
      to->put<uint64_t>(gone ? rows.column<uint64_t>(13)[i] : left.untimed);
      to->put<uint64_t>(gone ? rows.column<uint64_t>(14)[i] : left.with_object);
      put_instant(*to, gone ? instant_at(rows, 15, i) : left.first);
      put_instant(*to, gone ? instant_at(rows, 16, i) : left.last);
      to->put<bool>(gone);
      BW_TRY(to->end_row());
    }
  }
  BW_ASSIGN(DuckRows kinds, from_->rows("SELECT source, what, kind, count FROM source_counts"));
  while (true) {
    BW_ASSIGN(const bool more, kinds.next());
    if (!more) return {};
    for (size_t i = 0; i < kinds.size(); ++i) {
      const uint32_t source = kinds.column<uint32_t>(0)[i];
      uint64_t count = kinds.column<uint64_t>(3)[i];
      if (kinds.column<uint8_t>(1)[i] == static_cast<uint8_t>(CountOf::kAccepted) &&
          !undone.contains(source)) {
        const auto verb = parse_verb(kinds.text(2, i));
        count = verb ? sources_[source].verbs[static_cast<size_t>(*verb)] : 0;
        if (count == 0) continue;
      }
      counts->put<uint32_t>(source);
      counts->put<uint8_t>(kinds.column<uint8_t>(1)[i]);
      counts->put_text(kinds.text(2, i));
      counts->put<uint64_t>(count);
      BW_TRY(counts->end_row());
    }
  }
}

Result<void> DuckErasure::copy_rejects() {
  BW_ASSIGN(DuckAppender * to, to_->appender("rejects"));
  BW_ASSIGN(DuckRows rows, from_->stream("SELECT source, record, record_hash, reason, content "
                                         "FROM rejects"));
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      const bool kept = !rows.null(4, i);
      const bool lost = kept && names_.anywhere(rows.text(4, i));
      counts_.rejects += lost ? 1 : 0;
      to->put<uint32_t>(rows.column<uint32_t>(0)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(1)[i]);
      // A hash of what it said could be held against a guess.
      to->put<uint64_t>(lost ? 0 : rows.column<uint64_t>(2)[i]);
      to->put_text(rows.text(3, i));
      if (kept && !lost) {
        to->put_text(rows.text(4, i));
      } else {
        to->put_null();
      }
      BW_TRY(to->end_row());
    }
  }
}

Result<void> DuckErasure::copy_profiles() {
  BW_ASSIGN(DuckAppender * to, to_->appender("profiles"));
  BW_ASSIGN(DuckRows rows,
            from_->stream("SELECT serial, unit, account, display_name, url, kind, indexable, "
                          "minor, owner FROM profiles"));
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint32_t account = rows.column<uint32_t>(2)[i];
      if (is_erased(account)) {
        ++counts_.profiles;
        continue;
      }
      if (account < named_.size()) named_[account] = true;
      to->put<uint64_t>(rows.column<uint64_t>(0)[i]);
      to->put<uint32_t>(rows.column<uint32_t>(1)[i]);
      to->put<uint32_t>(account);
      to->put_text(names_.without(rows.text(3, i)));
      to->put_text(names_.without(rows.text(4, i)));
      to->put<uint8_t>(rows.column<uint8_t>(5)[i]);
      to->put<bool>(rows.column<bool>(6)[i]);
      to->put<bool>(rows.column<bool>(7)[i]);
      to->put<bool>(rows.column<bool>(8)[i]);
      BW_TRY(to->end_row());
    }
  }
}

Result<void> DuckErasure::copy_claims() {
  BW_ASSIGN(DuckAppender * to, to_->appender("claims"));
  BW_ASSIGN(DuckRows rows, from_->stream("SELECT unit, network, name, same_network, same_name, "
                                         "evidence FROM claims"));
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      if (names_.is_account(rows.text(1, i), rows.text(2, i)) ||
          names_.is_account(rows.text(3, i), rows.text(4, i)) || names_.told(rows.text(5, i))) {
        ++counts_.claims;
        continue;
      }
      to->put<uint32_t>(rows.column<uint32_t>(0)[i]);
      for (size_t column = 1; column <= 5; ++column) to->put_text(rows.text(column, i));
      BW_TRY(to->end_row());
    }
  }
}

Result<void> DuckErasure::copy_dictionary() {
  BW_TRY(copy("networks", "SELECT * FROM networks"));
  // Two people who are left may have had acts between them that went with the erased; the
  // remainder will name them.
  std::vector<uint32_t> dictionary;
  BW_TRY(each_row(from_->stream("SELECT id, account FROM ledger_accounts"),
                  [&](const DuckRows& rows, size_t i) {
                    const uint32_t id = rows.column<uint32_t>(0)[i];
                    if (id >= dictionary.size()) dictionary.resize(id + size_t{1});
                    dictionary[id] = rows.column<uint32_t>(1)[i];
                  }));
  BW_TRY(each_row(from_->stream("SELECT receiver, mover FROM ledger"),
                  [&](const DuckRows& rows, size_t i) {
                    const uint32_t receiver = dictionary[rows.column<uint32_t>(0)[i]];
                    const uint32_t mover = dictionary[rows.column<uint32_t>(1)[i]];
                    if (is_erased(receiver) || is_erased(mover)) return;
                    if (receiver < named_.size()) named_[receiver] = true;
                    if (mover < named_.size()) named_[mover] = true;
                  }));
  Keys named_before;
  BW_TRY(each_row(
      from_->rows("SELECT DISTINCT mover FROM remainder_pairs WHERE mover <> 0"),
      [&](const DuckRows& rows, size_t i) { named_before.insert(rows.column<uint64_t>(0)[i]); }));
  {
    BW_ASSIGN(DuckAppender * to, to_->appender("accounts"));
    BW_ASSIGN(DuckRows rows, from_->stream("SELECT id, network, name, key FROM accounts WHERE "
                                           "NOT gone"));
    while (true) {
      BW_ASSIGN(const bool more, rows.next());
      if (!more) break;
      for (size_t i = 0; i < rows.size(); ++i) {
        const uint32_t id = rows.column<uint32_t>(0)[i];
        const uint64_t key = rows.column<uint64_t>(3)[i];
        const bool named = (id < named_.size() && named_[id]) || named_before.contains(key);
        if (is_erased(id) || !named) continue;
        to->put<uint32_t>(id);
        to->put<uint16_t>(rows.column<uint16_t>(1)[i]);
        to->put_text(rows.text(2, i));
        to->put<uint64_t>(key);
        to->put<bool>(false);
        BW_TRY(to->end_row());
      }
    }
  }
  BW_ASSIGN(DuckAppender * to, to_->appender("objects"));
  BW_ASSIGN(DuckRows rows, from_->stream("SELECT key, reference FROM objects"));
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint64_t key = rows.column<uint64_t>(0)[i];
      if (!objects_.contains(key)) {
        ++counts_.objects;
        continue;
      }
      // Somebody else's object stays; where its reference names them the key alone is kept.
      to->put<uint64_t>(key);
      if (names_.told(rows.text(1, i))) {
        to->put_text(act_reference(key));
      } else {
        to->put_text(rows.text(1, i));
      }
      BW_TRY(to->end_row());
    }
  }
}

Result<void> DuckErasure::copy_snapshots() {
  struct Lost {
    uint64_t scores = 0, settled = 0;
  };
  boost::unordered_flat_map<uint32_t, Lost> lost;
  BW_TRY(each_row(
      from_->rows("SELECT snapshot, count(*)::UBIGINT, count(*) FILTER (settled)::UBIGINT FROM "
                  "scores WHERE NOT (" +
                  without("person_key") + ") GROUP BY snapshot"),
      [&](const DuckRows& rows, size_t i) {
        lost[rows.column<uint32_t>(0)[i]] = {rows.column<uint64_t>(1)[i],
                                             rows.column<uint64_t>(2)[i]};
        counts_.scores += rows.column<uint64_t>(1)[i];
      }));
  BW_TRY(copy("scores", "SELECT * FROM scores WHERE " + without("person_key")));
  BW_ASSIGN(DuckAppender * to, to_->appender("snapshots"));
  BW_ASSIGN(DuckRows rows,
            from_->rows("SELECT id, as_of, computed, generation, method, policy_name, "
                        "policy_hash, policy_toml, people, settled, simulated, stored FROM "
                        "snapshots"));
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) return {};
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint32_t id = rows.column<uint32_t>(0)[i];
      const Lost& less = lost[id];
      to->put<uint32_t>(id);
      put_instant(*to, instant_at(rows, 1, i));
      put_instant(*to, instant_at(rows, 2, i));
      to->put<uint64_t>(rows.column<uint64_t>(3)[i]);
      for (size_t column = 4; column <= 6; ++column) to->put_text(rows.text(column, i));
      // A policy names accounts in full; a bare name may be one of its keys.
      to->put_text(names_.without_accounts(rows.text(7, i)));
      to->put<uint32_t>(rows.column<uint32_t>(8)[i] - static_cast<uint32_t>(less.scores));
      to->put<uint32_t>(rows.column<uint32_t>(9)[i] - static_cast<uint32_t>(less.settled));
      to->put<bool>(rows.column<bool>(10)[i]);
      to->put<uint64_t>(rows.column<uint64_t>(11)[i] - less.scores);
      BW_TRY(to->end_row());
    }
  }
}

Result<void> DuckErasure::prepare() {
  discard();
  BW_ASSIGN(draft_, Store::open(folder_, core_->options, true));
  StoreCore& draft = draft_core();
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  BW_ASSIGN(const auto transaction, WriteTransaction::begin(draft));
  from_ = &read.connection();
  to_ = transaction.get();
  BW_TRY(find_accounts());
  BW_TRY(find_objects());
  BW_TRY(copy_topics());
  BW_TRY(copy_events());
  BW_TRY(copy_sources());
  BW_TRY(copy_rejects());
  BW_TRY(copy_profiles());
  BW_TRY(copy_claims());
  BW_TRY(copy_dictionary());
  BW_TRY(copy_snapshots());
  BW_TRY(copy("grades", "SELECT * FROM grades"));  // sums over everybody
  const std::string rest = without("receiver") + " AND " + without("mover");
  BW_TRY(copy("remainder_pairs", "SELECT * FROM remainder_pairs WHERE " + rest));
  BW_TRY(copy("remainder_passed_on",
              "SELECT * FROM remainder_passed_on WHERE " + without("account") +
                  " AND pair IN (SELECT id FROM remainder_pairs WHERE " + rest + ")"));
  BW_TRY(copy("remainder_sums",
              "SELECT * FROM remainder_sums WHERE pair IN (SELECT id FROM remainder_pairs WHERE " +
                  rest + ")"));
  BW_TRY(copy("remainder_vouches", "SELECT * FROM remainder_vouches WHERE " + without("account")));
  // The same store as before, one change later.
  BW_ASSIGN(DuckRows head, from_->rows("SELECT salt FROM meta"));
  BW_ASSIGN(const bool any, head.next());
  if (any) {
    BW_ASSIGN(DuckStatement salt, transaction->connection().prepare("UPDATE meta SET salt = $1"));
    salt.bind(1, head.text(0, 0));
    BW_ASSIGN(const DuckRows done, std::move(salt).rows());
  }
  StoreMeta meta = core_->meta;
  ++meta.generation;
  draft.meta = core_->meta;
  BW_TRY(transaction->commit(meta));
  from_ = nullptr;
  to_ = nullptr;
  return {};
}

Result<void> DuckErasure::keep(const Numbering& numbering, const Remainder& remainder) {
  BW_ASSIGN(const WriteTurn turn, WriteTurn::take(draft_core()));
  BW_ASSIGN(const auto transaction, WriteTransaction::begin(draft_core()));
  BW_TRY(write_remainder(*transaction, numbering, remainder));
  return transaction->commit(draft_core().meta);
}

Result<ErasureCounts> DuckErasure::take_place() {
  BW_ASSIGN(const std::vector<std::string> problems, draft_->check());
  if (!problems.empty()) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("the store without them is not whole ({}); nothing was changed",
                             problems.front())};
  }
  draft_.reset();  // merges its write-ahead log
  std::error_code error;
  if (fs::exists(wal_file(folder_), error)) {
    return Error{ErrorCode::kIo,
                 fmt::format("{} could not be written to its end; nothing was changed",
                             database_file(folder_))};
  }
  BW_TRY(core_->database.exchange([&]() -> Result<void> {
    std::error_code failed;
    if (fs::exists(wal_file(core_->folder), failed)) {
      return Error{ErrorCode::kIo,
                   fmt::format("{} could not be closed cleanly; nothing was changed",
                               database_file(core_->folder))};
    }
    fs::rename(database_file(folder_), database_file(core_->folder), failed);
    if (failed) {
      return Error{ErrorCode::kIo,
                   fmt::format("{}: {}", database_file(core_->folder), failed.message())};
    }
    return sync_folder(core_->folder);
  }));
  {
    BW_ASSIGN(DuckConnection connection, core_->database.connect());
    BW_ASSIGN(core_->meta, read_meta(connection));
  }
  core_->mark.write(core_->meta.commits);
  core_->index.reset();
  {
    const std::lock_guard lock(core_->caches);
    core_->numbered.reset();
    core_->objects.reset();
    core_->ledger_numbers.reset();
  }
  // Neither holds anything that is still needed, and both may hold them.
  fs::remove_all(database_file(core_->folder) + ".tmp", error);
  for (const std::string& file : wals_aside(core_->folder)) {
    fs::remove(file, error);
    if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", file, error.message())};
    counts_.files.push_back(fs::path(file).filename().string());
  }
  discard();
  return counts_;
}

Result<std::unique_ptr<Erasure>> DuckStore::begin_erasure(
    const std::vector<std::string>& accounts) {
  BW_ASSIGN(WriteTurn turn, WriteTurn::take(*core_));
  auto erasure = std::make_unique<DuckErasure>(core_, std::move(turn), accounts);
  BW_TRY(erasure->prepare());
  return std::unique_ptr<Erasure>(std::move(erasure));
}

Result<bool> DuckStore::knows(std::string_view network, std::string_view name) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  const uint64_t key = hash64(fmt::format("{}:{}", network, name));
  bool found = false;
  BW_TRY(each_row(read.connection().rows(
                      fmt::format("SELECT n.name, a.name FROM accounts a JOIN networks n ON n.id = "
                                  "a.network WHERE a.key = {}",
                                  key)),
                  [&](const DuckRows& rows, size_t i) {
                    found = found || (rows.text(0, i) == network && rows.text(1, i) == name);
                  }));
  return found;
}

Result<Remainder> DuckStore::remainder(const Numbering& numbering) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  return read_remainder(read.connection(), "", "", [&](uint64_t key) {
    const auto& keys = numbering.account_key;
    const auto at = std::lower_bound(keys.begin(), keys.end(), key);
    return at == keys.end() || *at != key ? kNobody : static_cast<AccountId>(at - keys.begin());
  });
}

Result<Remainder> DuckStore::ledger_remainder(std::span<const AccountId> accounts) {
  BW_ASSIGN(ReadTransaction read, ReadTransaction::begin(*core_));
  DuckConnection& connection = read.connection();
  BW_ASSIGN(const uint64_t any, connection.number("SELECT (SELECT count(*) FROM remainder_pairs) + "
                                                  "(SELECT count(*) FROM remainder_vouches)"));
  if (any == 0 || accounts.empty()) return Remainder{};
  std::vector<uint64_t> asked;
  BW_TRY(each_row(
      connection.rows(
          fmt::format("SELECT key FROM ledger_accounts WHERE id IN ({})", joined(accounts))),
      [&](const DuckRows& rows, size_t i) { asked.push_back(rows.column<uint64_t>(0)[i]); }));
  if (asked.empty()) return Remainder{};
  const std::string list = joined(asked);
  const std::string where = fmt::format("WHERE (receiver IN ({0}) OR mover IN ({0}))", list);
  boost::unordered_flat_map<uint64_t, AccountId> ids;
  BW_TRY(each_row(
      connection.rows(fmt::format("SELECT id, key FROM ledger_accounts WHERE key IN (SELECT "
                                  "receiver FROM remainder_pairs {0} UNION SELECT mover FROM "
                                  "remainder_pairs {0}) OR key IN ({1})",
                                  where, list)),
      [&](const DuckRows& rows, size_t i) {
        ids.try_emplace(rows.column<uint64_t>(1)[i], rows.column<uint32_t>(0)[i]);
      }));
  return read_remainder(connection, where, fmt::format("WHERE account IN ({})", list),
                        [&](uint64_t key) {
                          const auto at = ids.find(key);
                          return at == ids.end() ? kNobody : at->second;
                        });
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "people/people.h"

#include <fmt/format.h>
#include <sodium.h>
#include <sqlite3.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <mutex>
#include <numeric>

namespace bellwether {
namespace {

constexpr int kFormatVersion = 4;
constexpr std::string_view kTombstones =
    "CREATE TABLE erasure_salt(salt TEXT NOT NULL);"
    "INSERT INTO erasure_salt VALUES(lower(hex(randomblob(16))));"
    "CREATE TABLE tombstones(hash TEXT PRIMARY KEY, finished INTEGER NOT NULL) WITHOUT ROWID;";
constexpr std::string_view kHiddenTopics =
    "CREATE TABLE hidden_topics(person TEXT NOT NULL, topic TEXT NOT NULL,"
    "  PRIMARY KEY(person, topic)) WITHOUT ROWID;";
constexpr int kApplicationId = 0x42575231;  // "BWR1", so that another program's file is told apart
constexpr std::array<std::string_view, 3> kConsentNames{"private", "listed", "erased"};

bool is_reference(std::string_view account) {
  const size_t colon = account.find(':');
  return colon != std::string_view::npos && colon > 0 && colon + 1 < account.size();
}

// What SQLite says of a damaged file may quote its bytes.
std::string plain(std::string text) {
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

Error not_a_reference(std::string_view account) {
  return {ErrorCode::kInvalidArgument,
          fmt::format("'{}' is not an account: write network:name", account)};
}

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

// A name as others write it into their own text.
std::string_view bare(std::string_view name) {
  while (name.starts_with('@')) name.remove_prefix(1);
  return name;
}

bool is_telling(std::string_view name) {
  return name.size() >= 3 && std::any_of(name.begin(), name.end(),
                                         [](char c) { return is_word(c) && (c < '0' || c > '9'); });
}

constexpr size_t kRunWordsMax = 5;

// Whether mentioned_in() comes upon the name when it stands in a text.
bool is_run(std::string_view name) {
  if (name.empty() || !is_word(name.front()) || !is_word(name.back())) return false;
  size_t words = 1;
  for (size_t i = 1; i < name.size(); ++i) words += is_word(name[i]) && !is_word(name[i - 1]);
  return words <= kRunWordsMax;
}

}  // namespace

std::string_view to_string(Consent consent) { return kConsentNames[static_cast<size_t>(consent)]; }

std::optional<Consent> parse_consent(std::string_view name) {
  for (size_t i = 0; i < kConsentNames.size(); ++i) {
    if (kConsentNames[i] == name) return static_cast<Consent>(i);
  }
  return std::nullopt;
}

Erased::Erased(std::string salt, std::vector<std::string> hashes)
    : salt_(std::move(salt)), hashes_(std::move(hashes)) {
  std::sort(hashes_.begin(), hashes_.end());
}

std::string Erased::hash(std::string_view salt, std::string_view word) {
  static_assert(crypto_shorthash_siphashx24_KEYBYTES == 16);
  std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> key{};
  size_t read = 0;
  sodium_hex2bin(key.data(), key.size(), salt.data(), salt.size(), nullptr, &read, nullptr);
  std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> digest{};
  crypto_shorthash_siphashx24(digest.data(), reinterpret_cast<const unsigned char*>(word.data()),
                              word.size(), key.data());
  std::string text(2 * digest.size() + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), digest.data(), digest.size());
  text.pop_back();
  return text;
}

bool Erased::holds(std::string_view kind, std::string_view word) const {
  if (hashes_.empty()) return false;
  return std::binary_search(hashes_.begin(), hashes_.end(),
                            hash(salt_, fmt::format("{} {}", kind, word)));
}

std::vector<std::string> Erased::words(const std::vector<std::string>& accounts) {
  std::vector<std::string> words;
  for (const std::string& account : accounts) {
    const std::string name = account.substr(account.find(':') + 1);
    words.push_back("account " + account);
    words.push_back("name " + name);
    words.push_back(fmt::format("name {}", bare(name)));
    words.push_back("name " + to_hex(Hash128{hash64(account), 0}).substr(0, 16));
    if (is_telling(bare(name))) words.push_back(fmt::format("mention {}", bare(name)));
    if (!is_run(bare(name))) words.emplace_back("odd ");
  }
  return words;
}

bool Erased::account(std::string_view network, std::string_view name) const {
  return !empty() && holds("account", fmt::format("{}:{}", network, name));
}

bool Erased::named(std::string_view word) const {
  return holds("account", word) || holds("name", word) || holds("name", bare(word));
}

bool Erased::mentioned_in(std::string_view text) const {
  if (empty()) return false;
  // Runs of up to five words with whatever stands between them.
  for (size_t begin = 0; begin < text.size(); ++begin) {
    if (!is_word(text[begin]) || (begin > 0 && is_word(text[begin - 1]))) continue;
    size_t words = 0;
    for (size_t end = begin; end < text.size() && words < kRunWordsMax; ++end) {
      if (!is_word(text[end]) || (end + 1 < text.size() && is_word(text[end + 1]))) continue;
      ++words;
      if (holds("mention", text.substr(begin, end + 1 - begin))) return true;
    }
  }
  return false;
}

bool Erased::maybe_mentioned_in(std::string_view text) const {
  return holds("odd", "") || mentioned_in(text);
}

struct Registry::Impl {
  sqlite3* db = nullptr;
  std::string path;
  std::mutex mutex;  // one connection, several readers in a server

  ~Impl() { sqlite3_close(db); }

  Error error(std::string_view doing) const {
    const int code = sqlite3_errcode(db);
    // The statements are right, so SQLITE_ERROR says that the tables are not what was made.
    const bool corrupt = code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR;
    const ErrorCode kind = corrupt                                        ? ErrorCode::kCorrupt
                           : code == SQLITE_BUSY || code == SQLITE_LOCKED ? ErrorCode::kBusy
                                                                          : ErrorCode::kIo;
    return {kind, fmt::format("{}: {}: {}", path, doing, plain(sqlite3_errmsg(db)))};
  }

  Result<void> run(const std::string& sql) {
    if (sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
      return error("cannot write");
    }
    return {};
  }

  // Runs one statement with text parameters and returns its rows as text.
  Result<std::vector<std::vector<std::string>>> query(std::string_view sql,
                                                      const std::vector<std::string>& parameters) {
    sqlite3_stmt* statement = nullptr;
    if (sqlite3_prepare_v2(db, sql.data(), static_cast<int>(sql.size()), &statement, nullptr) !=
        SQLITE_OK) {
      return error("cannot read");
    }
    std::unique_ptr<sqlite3_stmt, int (*)(sqlite3_stmt*)> owner(statement, sqlite3_finalize);
    for (size_t i = 0; i < parameters.size(); ++i) {
      sqlite3_bind_text(statement, static_cast<int>(i) + 1, parameters[i].data(),
                        static_cast<int>(parameters[i].size()), SQLITE_STATIC);
    }
    std::vector<std::vector<std::string>> rows;
    int step = SQLITE_ROW;
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
      std::vector<std::string>& row = rows.emplace_back();
      for (int column = 0; column < sqlite3_column_count(statement); ++column) {
        const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, column));
        row.emplace_back(text == nullptr ? "" : text,
                         static_cast<size_t>(sqlite3_column_bytes(statement, column)));
      }
    }
    if (step != SQLITE_DONE) return error("cannot go on");
    return rows;
  }

  Result<std::string> person_of(std::string_view account) {
    BW_ASSIGN(const auto rows,
              query("SELECT person FROM links WHERE account = ?", {std::string(account)}));
    return rows.empty() ? std::string(account) : rows[0][0];
  }

  // kInvalidArgument: they were erased.
  Result<std::string> person_left(std::string_view account) {
    BW_ASSIGN(const bool gone, is_erased(account));
    if (gone) {
      return Error{ErrorCode::kInvalidArgument,
                   "they were erased: there is nobody left to show or to hide"};
    }
    return person_of(account);
  }

  Result<Erased> erased() {
    BW_ASSIGN(const auto salt, query("SELECT salt FROM erasure_salt", {}));
    BW_ASSIGN(const auto rows, query("SELECT hash FROM tombstones", {}));
    std::vector<std::string> hashes;
    for (const auto& row : rows) hashes.push_back(row[0]);
    return Erased(salt.empty() ? "" : salt[0][0], std::move(hashes));
  }

  Result<bool> is_erased(std::string_view account) {
    BW_ASSIGN(const Erased all, erased());
    const size_t colon = account.find(':');
    return colon != std::string_view::npos &&
           all.account(account.substr(0, colon), account.substr(colon + 1));
  }

  Result<Consent> consent_of(const std::string& person) {
    BW_ASSIGN(const bool gone, is_erased(person));
    if (gone) return Consent::kErased;
    BW_ASSIGN(const auto rows, query("SELECT consent FROM persons WHERE person = ?", {person}));
    return rows.empty() ? Consent::kPrivate : static_cast<Consent>(std::stoi(rows[0][0]));
  }

  // Over every table's definition and rows. SQLite keeps no checksums, so the seal, this hash as of
  // the last change, is what tells a flipped bit in somebody's consent from their word.
  Result<std::string> content_hash() {
    BW_ASSIGN(const auto tables, query("SELECT name, sql FROM sqlite_master WHERE name <> 'seal'"
                                       " AND name NOT LIKE 'sqlite_%' ORDER BY name",
                                       {}));
    std::string all;
    const auto add = [&](const std::vector<std::string>& row) {
      for (const std::string& cell : row) all += fmt::format("{}:{}", cell.size(), cell);
    };
    for (const auto& table : tables) {
      add(table);
      if (!table[1].starts_with("CREATE TABLE")) continue;
      // By its own order: an index may hold other rows, which is for integrity_check to find.
      BW_ASSIGN(const auto rows, query(fmt::format("SELECT * FROM {} NOT INDEXED", table[0]), {}));
      for (const auto& row : rows) add(row);
    }
    return fmt::format("{:016x}", hash64(all));
  }

  Result<void> seal() {
    BW_ASSIGN(const std::string hash, content_hash());
    BW_TRY(query("INSERT OR REPLACE INTO seal VALUES(0, ?)", {hash}));
    return {};
  }

  // What is wrong with the file; empty: nothing.
  Result<std::vector<std::string>> damage() {
    std::vector<std::string> problems;
    BW_ASSIGN(const auto pages, query("PRAGMA integrity_check", {}));
    for (const auto& row : pages) {
      if (row[0] != "ok") problems.push_back(plain(row[0]));
    }
    BW_ASSIGN(const auto sealed, query("SELECT hash FROM seal", {}));
    BW_ASSIGN(const std::string hash, content_hash());
    if (sealed.size() != 1 || sealed[0][0] != hash) {
      problems.emplace_back("its content is not what was written");
    }
    return problems;
  }

  // Everything that `work` writes, or nothing.
  template <typename Work>
  Result<void> atomically(Work&& work) {
    BW_TRY(run("BEGIN IMMEDIATE"));
    Result<void> result = work();
    if (result.ok()) result = seal();
    if (result.ok()) result = run("COMMIT");
    if (!result.ok()) {
      // The first error is the one to tell.
      (void)sqlite3_exec(db, "ROLLBACK", nullptr, nullptr, nullptr);
    }
    return result;
  }
};

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Registry::~Registry() = default;

Result<std::unique_ptr<Registry>> Registry::open(const std::string& folder) {
  auto impl = std::make_unique<Impl>();
  impl->path = folder + "/registry.sqlite";
  if (sqlite3_open_v2(impl->path.c_str(), &impl->db,
                      SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX,
                      nullptr) != SQLITE_OK) {
    return impl->error("cannot open");
  }
  sqlite3_busy_timeout(impl->db, 5000);
  BW_ASSIGN(const auto id, impl->query("PRAGMA application_id", {}));
  BW_ASSIGN(const auto version, impl->query("PRAGMA user_version", {}));
  if (id[0][0] == "0" && version[0][0] == "0") {
    // With a rollback journal a change is in the sealed file itself once it is acknowledged; from a
    // write-ahead log SQLite would leave out what it finds damaged and say nothing.
    BW_TRY(impl->atomically([&]() -> Result<void> {
      return impl->run(fmt::format(
          "CREATE TABLE seal(id INTEGER PRIMARY KEY CHECK(id = 0), hash TEXT NOT NULL);"
          "CREATE TABLE links(account TEXT PRIMARY KEY, person TEXT NOT NULL,"
          "  position INTEGER NOT NULL) WITHOUT ROWID;"
          "CREATE INDEX links_by_person ON links(person, position);"
          "CREATE TABLE persons(person TEXT PRIMARY KEY, consent INTEGER NOT NULL) WITHOUT ROWID;"
          "CREATE TABLE teleport(network TEXT NOT NULL, account TEXT NOT NULL,"
          "  PRIMARY KEY(network, account)) WITHOUT ROWID;"
          "{}{}PRAGMA application_id = {}; PRAGMA user_version = {};",
          kTombstones, kHiddenTopics, kApplicationId, kFormatVersion));
    }));
  } else if (id[0][0] != std::to_string(kApplicationId)) {
    return Error{ErrorCode::kCorrupt, impl->path + " is not a Bellwether registry"};
  } else if (version[0][0] != std::to_string(kFormatVersion) && version[0][0] != "2" &&
             version[0][0] != "3") {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("{} has format version {}; this program reads version {}: use the program "
                    "that made it, or ingest the sources again into a new folder",
                    impl->path, version[0][0], kFormatVersion)};
  }
  BW_ASSIGN(const auto problems, impl->damage());
  if (!problems.empty()) {
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{} is damaged ({}); restore the folder from a copy", impl->path,
                             problems.front())};
  }
  if (version[0][0] == "2" || version[0][0] == "3") {
    BW_TRY(impl->atomically([&]() -> Result<void> {
      return impl->run(fmt::format("{}{}PRAGMA user_version = {};",
                                   version[0][0] == "2" ? kTombstones : "", kHiddenTopics,
                                   kFormatVersion));
    }));
  }
  // What is deleted is overwritten, so that nothing of it stays in a free page.
  BW_TRY(impl->query("PRAGMA secure_delete = ON", {}));
  return std::unique_ptr<Registry>(new Registry(std::move(impl)));
}

Result<void> Registry::link(std::string_view first, std::string_view other) {
  return link_all({{std::string(first), std::string(other)}});
}

Result<void> Registry::link_all(const std::vector<std::pair<std::string, std::string>>& pairs) {
  for (const auto& [first, other] : pairs) {
    if (!is_reference(first)) return not_a_reference(first);
    if (!is_reference(other)) return not_a_reference(other);
  }
  const std::lock_guard lock(impl_->mutex);
  return impl_->atomically([&]() -> Result<void> {
    for (const auto& [first, other] : pairs) {
      BW_ASSIGN(const std::string person, impl_->person_of(first));
      BW_ASSIGN(const std::string joining, impl_->person_of(other));
      if (person == joining) continue;
      BW_ASSIGN(const Consent consent, impl_->consent_of(person));
      BW_ASSIGN(const Consent other_consent, impl_->consent_of(joining));
      if (consent != other_consent) {
        return Error{ErrorCode::kInvalidArgument,
                     fmt::format("{} is {} and {} is {}: make their consent equal first", person,
                                 to_string(consent), joining, to_string(other_consent))};
      }
      // Both people's own accounts become rows too, so that the person's accounts are one list.
      for (const std::string& each : {person, joining}) {
        BW_TRY(impl_->query("INSERT OR IGNORE INTO links VALUES(?, ?, 0)", {each, each}));
      }
      BW_TRY(
          impl_->query("UPDATE links SET person = ?1, position = position + 1 +"
                       " (SELECT max(position) FROM links WHERE person = ?1) WHERE person = ?2",
                       {person, joining}));
      BW_TRY(impl_->query("DELETE FROM persons WHERE person = ?", {joining}));
      BW_TRY(impl_->query("UPDATE OR REPLACE hidden_topics SET person = ? WHERE person = ?",
                          {person, joining}));
    }
    return {};
  });
}

Result<void> Registry::unlink(std::string_view account) {
  const std::lock_guard lock(impl_->mutex);
  const std::string name(account);
  BW_ASSIGN(const auto rows, impl_->query("SELECT person FROM links WHERE account = ?", {name}));
  if (rows.empty()) {
    return Error{ErrorCode::kNotFound, fmt::format("{} is linked to no other account", account)};
  }
  const std::string person = rows[0][0];
  return impl_->atomically([&]() -> Result<void> {
    BW_TRY(impl_->query("DELETE FROM links WHERE account = ?", {name}));
    BW_ASSIGN(const auto left, impl_->query("SELECT account FROM links WHERE person = ?"
                                            " ORDER BY position",
                                            {person}));
    const std::string& next = left[0][0];
    if (name == person) {
      BW_TRY(impl_->query("UPDATE links SET person = ? WHERE person = ?", {next, person}));
      BW_TRY(impl_->query("UPDATE persons SET person = ? WHERE person = ?", {next, person}));
      BW_TRY(impl_->query("UPDATE hidden_topics SET person = ? WHERE person = ?", {next, person}));
    }
    if (left.size() == 1) {
      BW_TRY(impl_->query("DELETE FROM links WHERE account = ?", {next}));
    }
    return {};
  });
}

Result<std::vector<Link>> Registry::links() {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const auto rows,
            impl_->query("SELECT account, person FROM links WHERE account <> person"
                         " ORDER BY person, position",
                         {}));
  std::vector<Link> links;
  for (const auto& row : rows) links.push_back({row[0], row[1]});
  return links;
}

Result<std::vector<std::string>> Registry::accounts_of(std::string_view account) {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const std::string person, impl_->person_of(account));
  BW_ASSIGN(const auto rows, impl_->query("SELECT account FROM links WHERE person = ?"
                                          " ORDER BY account <> person, position",
                                          {person}));
  std::vector<std::string> accounts;
  for (const auto& row : rows) accounts.push_back(row[0]);
  if (accounts.empty()) accounts.emplace_back(account);
  return accounts;
}

Result<Consent> Registry::consent(std::string_view account) {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const std::string person, impl_->person_of(account));
  return impl_->consent_of(person);
}

Result<void> Registry::set_consent(std::string_view account, Consent consent) {
  if (!is_reference(account)) return not_a_reference(account);
  if (consent == Consent::kErased) {
    return Error{ErrorCode::kInvalidArgument, "erasure is a call of its own: people erase"};
  }
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const std::string person, impl_->person_left(account));
  return impl_->atomically([&]() -> Result<void> {
    BW_TRY(
        impl_->query("INSERT INTO persons VALUES(?1, ?2)"
                     " ON CONFLICT(person) DO UPDATE SET consent = ?2",
                     {person, std::to_string(static_cast<int>(consent))}));
    return {};
  });
}

Result<std::vector<std::string>> Registry::listed() {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const auto rows,
            impl_->query("SELECT person FROM persons WHERE consent = 1 ORDER BY person", {}));
  std::vector<std::string> persons;
  for (const auto& row : rows) persons.push_back(row[0]);
  return persons;
}

Result<void> Registry::hide_topic(std::string_view account, std::string_view topic) {
  if (!is_reference(account)) return not_a_reference(account);
  if (topic.empty() || topic.size() > kTopicBytesMax || !is_clean_text(topic)) {
    return Error{ErrorCode::kInvalidArgument, "a topic is a word or a few"};
  }
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const std::string person, impl_->person_left(account));
  return impl_->atomically([&]() -> Result<void> {
    BW_TRY(impl_->query("INSERT OR IGNORE INTO hidden_topics VALUES(?, ?)",
                        {person, std::string(topic)}));
    return {};
  });
}

Result<void> Registry::restore_topic(std::string_view account, std::string_view topic) {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const std::string person, impl_->person_of(account));
  bool hidden = false;
  const auto take_out = [&]() -> Result<void> {
    BW_TRY(impl_->query("DELETE FROM hidden_topics WHERE person = ? AND topic = ?",
                        {person, std::string(topic)}));
    hidden = sqlite3_changes(impl_->db) > 0;
    return {};
  };
  BW_TRY(impl_->atomically(take_out));
  if (!hidden) {
    return Error{ErrorCode::kNotFound, fmt::format("{} does not hide '{}'", person, topic)};
  }
  return {};
}

Result<std::vector<std::string>> Registry::hidden_topics(std::string_view account) {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const std::string person, impl_->person_of(account));
  BW_ASSIGN(
      const auto rows,
      impl_->query("SELECT topic FROM hidden_topics WHERE person = ? ORDER BY topic", {person}));
  std::vector<std::string> topics;
  for (const auto& row : rows) topics.push_back(row[0]);
  return topics;
}

Result<std::vector<HiddenTopic>> Registry::hidden_topics() {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const auto rows,
            impl_->query("SELECT person, topic FROM hidden_topics ORDER BY person, topic", {}));
  std::vector<HiddenTopic> topics;
  for (const auto& row : rows) topics.push_back({row[0], row[1]});
  return topics;
}

Result<std::vector<std::string>> Registry::teleport_set(std::string_view network) {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const auto rows,
            impl_->query("SELECT account FROM teleport WHERE network = ? ORDER BY account",
                         {std::string(network)}));
  std::vector<std::string> accounts;
  for (const auto& row : rows) accounts.push_back(row[0]);
  return accounts;
}

Result<void> Registry::set_teleport_set(std::string_view network,
                                        const std::vector<std::string>& accounts) {
  const std::lock_guard lock(impl_->mutex);
  return impl_->atomically([&]() -> Result<void> {
    BW_TRY(impl_->query("DELETE FROM teleport WHERE network = ?", {std::string(network)}));
    for (const std::string& account : accounts) {
      BW_TRY(impl_->query("INSERT OR IGNORE INTO teleport VALUES(?, ?)",
                          {std::string(network), account}));
    }
    return {};
  });
}

Result<Erased> Registry::erased() {
  const std::lock_guard lock(impl_->mutex);
  return impl_->erased();
}

Result<void> Registry::bury(const std::vector<std::string>& accounts) {
  for (const std::string& account : accounts) {
    if (!is_reference(account)) return not_a_reference(account);
  }
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const auto salt, impl_->query("SELECT salt FROM erasure_salt", {}));
  if (salt.empty()) return Error{ErrorCode::kCorrupt, impl_->path + " has lost its salt"};
  return impl_->atomically([&]() -> Result<void> {
    for (const std::string& word : Erased::words(accounts)) {
      BW_TRY(
          impl_->query("INSERT INTO tombstones VALUES(?, 0)"
                       " ON CONFLICT(hash) DO UPDATE SET finished = 0",
                       {Erased::hash(salt[0][0], word)}));
    }
    return {};
  });
}

Result<bool> Registry::unfinished(std::string_view account) {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(const auto salt, impl_->query("SELECT salt FROM erasure_salt", {}));
  if (salt.empty()) return Error{ErrorCode::kCorrupt, impl_->path + " has lost its salt"};
  BW_ASSIGN(const auto rows,
            impl_->query("SELECT 1 FROM tombstones WHERE finished = 0 AND hash = ?",
                         {Erased::hash(salt[0][0], fmt::format("account {}", account))}));
  return !rows.empty();
}

Result<ForgottenCounts> Registry::forget(const std::vector<std::string>& accounts) {
  const std::lock_guard lock(impl_->mutex);
  ForgottenCounts counts;
  const auto remove = [&](const char* sql, const std::string& word,
                          uint64_t& count) -> Result<void> {
    BW_TRY(impl_->query(sql, {word}));
    count += static_cast<uint64_t>(sqlite3_changes(impl_->db));
    return {};
  };
  const auto take_out = [&]() -> Result<void> {
    for (const std::string& account : accounts) {
      BW_TRY(remove("DELETE FROM links WHERE account = ?", account, counts.links));
      BW_TRY(remove("DELETE FROM persons WHERE person = ?", account, counts.consents));
      BW_TRY(remove("DELETE FROM hidden_topics WHERE person = ?", account, counts.hidden_topics));
      BW_ASSIGN(const auto networks,
                impl_->query("SELECT network FROM teleport WHERE account = ?", {account}));
      BW_TRY(remove("DELETE FROM teleport WHERE account = ?", account, counts.teleport));
      for (const auto& network : networks) {
        BW_ASSIGN(const auto left,
                  impl_->query("SELECT 1 FROM teleport WHERE network = ? LIMIT 1", {network[0]}));
        if (!left.empty()) continue;
        BW_TRY(impl_->query("INSERT INTO teleport VALUES(?, ?)",
                            {network[0], std::string(kNobodyLeft)}));
      }
    }
    return {};
  };
  BW_TRY(impl_->atomically(take_out));
  // Pages that are free now go.
  BW_TRY(impl_->run("VACUUM"));
  const auto finish = [&]() -> Result<void> {
    BW_ASSIGN(const auto salt, impl_->query("SELECT salt FROM erasure_salt", {}));
    for (const std::string& word : Erased::words(accounts)) {
      BW_TRY(impl_->query("UPDATE tombstones SET finished = 1 WHERE hash = ?",
                          {Erased::hash(salt[0][0], word)}));
    }
    return {};
  };
  BW_TRY(impl_->atomically(finish));
  return counts;
}

Result<std::vector<std::string>> Registry::check() {
  const std::lock_guard lock(impl_->mutex);
  BW_ASSIGN(std::vector<std::string> problems, impl_->damage());
  for (std::string& problem : problems) problem = impl_->path + ": " + problem;
  BW_ASSIGN(const auto lonely,
            impl_->query("SELECT person FROM links GROUP BY person HAVING count(*) = 1", {}));
  for (const auto& row : lonely) {
    problems.push_back(impl_->path + ": " + row[0] + " is linked to nobody");
  }
  BW_ASSIGN(const auto begun,
            impl_->query("SELECT 1 FROM tombstones WHERE finished = 0 LIMIT 1", {}));
  if (!begun.empty()) {
    problems.push_back(impl_->path +
                       ": an erasure was begun and not ended; `bellwether people erase` it again");
  }
  return problems;
}

PersonMap make_person_map(uint32_t accounts, const std::vector<LinkedAccount>& links,
                          const std::vector<AccountId>& left_out) {
  if (links.empty() && left_out.empty()) return PersonMap::identity(accounts);
  // Union by smallest account, so that persons are numbered by their smallest one.
  std::vector<AccountId> root(accounts);
  std::iota(root.begin(), root.end(), 0U);
  const auto find = [&](AccountId account) {
    while (root[account] != account) account = root[account] = root[root[account]];
    return account;
  };
  for (const LinkedAccount& link : links) {
    const AccountId a = find(link.account);
    const AccountId b = find(link.person);
    root[std::max(a, b)] = std::min(a, b);
  }
  std::vector<bool> nobody(accounts, false);
  for (const AccountId account : left_out) nobody[find(account)] = true;
  PersonMap map;
  map.person_of.assign(accounts, kNobody);
  for (AccountId a = 0; a < accounts; ++a) {
    const AccountId first = find(a);
    if (nobody[first]) continue;
    map.person_of[a] = first == a ? map.persons++ : map.person_of[first];
  }
  return map;
}

uint64_t hash_of(const PersonMap& map) {
  if (map.one_to_one) return 1;
  const uint64_t hash = hash64({reinterpret_cast<const char*>(map.person_of.data()),
                                map.person_of.size() * sizeof(PersonId)});
  return hash < 2 ? 2 : hash;
}

}  // namespace bellwether

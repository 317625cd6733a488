// SPDX-License-Identifier: Apache-2.0
#include "people/ontology_file.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cstdio>
#include <filesystem>
#include <functional>
#include <memory>
#include <system_error>
#include <vector>

namespace bellwether {
namespace {

namespace fs = std::filesystem;

constexpr int kFormatVersion = 1;
constexpr int kApplicationId = 0x42575431;  // "BWT1"
constexpr const char* kTables =
    "CREATE TABLE meta(hash TEXT NOT NULL, imported_ms INTEGER NOT NULL);"
    "CREATE TABLE topics(id TEXT PRIMARY KEY, slug TEXT NOT NULL, name TEXT NOT NULL,"
    "  wiki TEXT NOT NULL, freebase TEXT NOT NULL) WITHOUT ROWID;"
    "CREATE TABLE parents(parent TEXT NOT NULL, child TEXT NOT NULL,"
    "  PRIMARY KEY(parent, child)) WITHOUT ROWID;"
    "CREATE TABLE names(topic TEXT NOT NULL, language TEXT NOT NULL, name TEXT NOT NULL,"
    "  PRIMARY KEY(topic, language, name)) WITHOUT ROWID;";

struct Close {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Database = std::unique_ptr<sqlite3, Close>;
using Statement = std::unique_ptr<sqlite3_stmt, Close>;

Error damaged(const std::string& path) {
  return {ErrorCode::kCorrupt,
          path +
              " is damaged: import the ontology again (`bellwether topics import`), or remove "
              "the file to go on without one"};
}

Error refused(const std::string& path, sqlite3* db) {
  const int code = sqlite3_errcode(db);
  if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR) return damaged(path);
  return {ErrorCode::kIo, fmt::format("{}: {}", path, sqlite3_errmsg(db))};
}

// Calls `row` with a function that gives the text of a column.
using Cell = std::function<std::string(int)>;
Result<void> each_row(const std::string& path, sqlite3* db, const char* sql,
                      const std::function<void(const Cell&)>& row) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(db, sql, -1, &prepared, nullptr) != SQLITE_OK) return refused(path, db);
  const Statement statement(prepared);
  const Cell cell = [&](int column) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(prepared, column));
    return text == nullptr
               ? std::string()
               : std::string(text, static_cast<size_t>(sqlite3_column_bytes(prepared, column)));
  };
  int step = SQLITE_ROW;
  while ((step = sqlite3_step(prepared)) == SQLITE_ROW) row(cell);
  return step == SQLITE_DONE ? Result<void>() : refused(path, db);
}

// Runs one statement again and again with other texts.
class Inserter {
 public:
  Inserter(std::string path, sqlite3* db, const char* sql) : path_(std::move(path)), db_(db) {
    sqlite3_stmt* prepared = nullptr;
    if (sqlite3_prepare_v2(db, sql, -1, &prepared, nullptr) == SQLITE_OK) {
      statement_.reset(prepared);
    }
  }
  Result<void> put(const std::vector<const std::string*>& texts) {
    if (!statement_) return refused(path_, db_);
    int place = 0;
    for (const std::string* text : texts) {
      sqlite3_bind_text(statement_.get(), ++place, text->data(), static_cast<int>(text->size()),
                        SQLITE_STATIC);
    }
    const bool done = sqlite3_step(statement_.get()) == SQLITE_DONE;
    if (!done) return refused(path_, db_);
    sqlite3_reset(statement_.get());
    return {};
  }

 private:
  std::string path_;
  sqlite3* db_;
  Statement statement_;
};

Result<Database> open(const std::string& path, int flags) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, flags, nullptr);
  Database db(opened);
  if (code != SQLITE_OK) return refused(path, opened);
  return db;
}

Result<void> write(const std::string& path, const Ontology& ontology, Instant imported) {
  BW_ASSIGN(const Database db, open(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
  const auto run = [&](const std::string& sql) -> Result<void> {
    if (sqlite3_exec(db.get(), sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK) return {};
    return refused(path, db.get());
  };
  BW_TRY(run(fmt::format("PRAGMA application_id = {}; PRAGMA user_version = {}; BEGIN; {}",
                         kApplicationId, kFormatVersion, kTables)));
  BW_TRY(run(fmt::format("INSERT INTO meta VALUES('{:016x}', {})", ontology.hash(), imported.ms)));
  const OntologyRows rows = ontology.rows();
  Inserter topics(path, db.get(), "INSERT INTO topics VALUES(?, ?, ?, ?, ?)");
  for (const OntologyTopic& topic : rows.topics) {
    BW_TRY(topics.put({&topic.id, &topic.slug, &topic.name, &topic.wiki, &topic.freebase}));
  }
  Inserter parents(path, db.get(), "INSERT INTO parents VALUES(?, ?)");
  for (const OntologyEdge& edge : rows.edges) BW_TRY(parents.put({&edge.parent, &edge.child}));
  Inserter names(path, db.get(), "INSERT INTO names VALUES(?, ?, ?)");
  for (const OntologyName& name : rows.names) {
    BW_TRY(names.put({&name.topic, &name.language, &name.name}));
  }
  return run("COMMIT");
}

}  // namespace

Result<Ontology> load_ontology(const std::string& folder) {
  const std::string path = folder + "/topics.sqlite";
  std::error_code error;
  if (!fs::exists(path, error)) return Ontology();
  BW_ASSIGN(const Database db, open(path, SQLITE_OPEN_READONLY));
  std::string id;
  std::string version;
  BW_TRY(each_row(path, db.get(), "PRAGMA application_id", [&](const Cell& at) { id = at(0); }));
  BW_TRY(each_row(path, db.get(), "PRAGMA user_version", [&](const Cell& at) { version = at(0); }));
  if (id != std::to_string(kApplicationId)) return damaged(path);
  if (version != std::to_string(kFormatVersion)) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("{} has format version {}; this program reads version {}: import the "
                             "ontology again",
                             path, version, kFormatVersion)};
  }
  std::string hash;
  BW_TRY(each_row(path, db.get(), "SELECT hash FROM meta", [&](const Cell& at) { hash = at(0); }));
  OntologyRows rows;
  BW_TRY(each_row(path, db.get(), "SELECT id, slug, name, wiki, freebase FROM topics",
                  [&](const Cell& at) {
                    rows.topics.push_back({at(0), at(1), at(2), at(3), at(4)});
                  }));
  BW_TRY(each_row(path, db.get(), "SELECT parent, child FROM parents", [&](const Cell& at) {
    rows.edges.push_back({at(0), at(1), {}, {}, 0, 0});
  }));
  BW_TRY(each_row(path, db.get(), "SELECT topic, language, name FROM names", [&](const Cell& at) {
    rows.names.push_back({at(0), at(1), at(2), 0, 0});
  }));
  Ontology::Report report;
  Ontology ontology = Ontology::build(std::move(rows), report);
  if (fmt::format("{:016x}", ontology.hash()) != hash) return damaged(path);
  return ontology;
}

Result<void> save_ontology(const std::string& folder, const Ontology& ontology, Instant imported) {
  const std::string path = folder + "/topics.sqlite";
  const std::string draft = path + ".new";
  std::error_code error;
  fs::remove(draft, error);
  fs::remove(draft + "-journal", error);
  if (ontology.empty()) {
    fs::remove(path, error);
    if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", path, error.message())};
    return {};
  }
  BW_TRY(write(draft, ontology, imported));
  fs::rename(draft, path, error);
  if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", path, error.message())};
  return {};
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/log_index.h"

#include <fmt/format.h>

#include <algorithm>

namespace bellwether {
namespace {

std::string_view bytes_of(const std::vector<uint32_t>& numbers) {
  return {reinterpret_cast<const char*>(numbers.data()), numbers.size() * sizeof(uint32_t)};
}

}  // namespace

Result<std::unique_ptr<LogIndex>> LogIndex::load(StoreCore& core) {
  auto index = std::make_unique<LogIndex>();
  BW_ASSIGN(DuckConnection connection, core.database.connect());

  BW_ASSIGN(const uint64_t events, connection.number("SELECT count(*) FROM events"));
  index->ids.reserve(events);
  BW_ASSIGN(DuckRows ids, connection.stream("SELECT id_high, id_low FROM events"));
  while (true) {
    BW_ASSIGN(const bool more, ids.next());
    if (!more) break;
    const uint64_t* high = ids.column<uint64_t>(0);
    const uint64_t* low = ids.column<uint64_t>(1);
    constexpr size_t kAhead = 16;
    for (size_t i = 0; i < ids.size(); ++i) {
      if (i + kAhead < ids.size()) {
        index->ids.prefetch(fingerprint(Hash128{high[i + kAhead], low[i + kAhead]}, index->seed_));
      }
      bool added = false;
      index->ids.find_or_add(fingerprint(Hash128{high[i], low[i]}, index->seed_), 0, added);
    }
  }

  index->networks_.emplace_back();
  BW_ASSIGN(DuckRows networks, connection.rows("SELECT id, name FROM networks ORDER BY id"));
  while (true) {
    BW_ASSIGN(const bool more, networks.next());
    if (!more) break;
    for (size_t i = 0; i < networks.size(); ++i) {
      index->networks_.resize(networks.column<uint16_t>(0)[i] + size_t{1});
      index->networks_.back() = networks.text(1, i);
    }
  }

  BW_ASSIGN(const uint64_t accounts, connection.number("SELECT count(*) FROM accounts"));
  index->accounts_.reserve(accounts);
  BW_ASSIGN(DuckRows rows,
            connection.stream("SELECT id, network, name, key FROM accounts WHERE NOT gone"));
  std::string ref;
  while (true) {
    BW_ASSIGN(const bool more, rows.next());
    if (!more) break;
    for (size_t i = 0; i < rows.size(); ++i) {
      const uint16_t network = rows.column<uint16_t>(1)[i];
      if (network >= index->networks_.size()) {
        return duck_error(DUCKDB_ERROR_IO, "Corrupt dictionary: an account of no network",
                          connection.file());
      }
      ref = index->networks_[network];
      ref += ':';
      ref += rows.text(2, i);
      bool added = false;
      index->accounts_.find_or_add(fingerprint(ref, rows.column<uint64_t>(3)[i], index->seed_),
                                   rows.column<uint32_t>(0)[i], added);
    }
  }

  BW_ASSIGN(DuckRows topics, connection.rows("SELECT id, name FROM topics"));
  while (true) {
    BW_ASSIGN(const bool more, topics.next());
    if (!more) break;
    for (size_t i = 0; i < topics.size(); ++i) {
      bool added = false;
      const uint32_t id = topics.column<uint32_t>(0)[i];
      index->topics_.find_or_add(
          fingerprint(topics.text(1, i), hash64(topics.text(1, i)), index->seed_), id, added);
      index->next_topic_ = std::max(index->next_topic_, id + 1);
    }
  }

  BW_ASSIGN(DuckRows sets, connection.rows("SELECT id, topic FROM topic_sets ORDER BY id, topic"));
  std::vector<uint32_t>& set = index->scratch_;
  uint32_t at = 0;
  const auto close_set = [&] {
    if (set.empty()) return;
    bool added = false;
    index->sets_.find_or_add(fingerprint(bytes_of(set), hash64(bytes_of(set)), index->seed_), at,
                             added);
    index->next_set_ = std::max(index->next_set_, at + 1);
    set.clear();
  };
  while (true) {
    BW_ASSIGN(const bool more, sets.next());
    if (!more) break;
    for (size_t i = 0; i < sets.size(); ++i) {
      if (sets.column<uint32_t>(0)[i] != at) close_set();
      at = sets.column<uint32_t>(0)[i];
      set.push_back(sets.column<uint32_t>(1)[i]);
    }
  }
  close_set();

  index->next_account = core.meta.next_account;
  return index;
}

Result<uint16_t> LogIndex::network(std::string_view name, WriteTransaction& transaction) {
  for (size_t i = 1; i < networks_.size(); ++i) {
    if (networks_[i] == name) return static_cast<uint16_t>(i);
  }
  constexpr size_t kNetworksMax = 65'000;
  if (networks_.size() > kNetworksMax) {
    return Error{ErrorCode::kLimit, fmt::format("a store holds at most {} networks", kNetworksMax)};
  }
  networks_.emplace_back(name);
  const auto id = static_cast<uint16_t>(networks_.size() - 1);
  BW_ASSIGN(DuckAppender * rows, transaction.appender("networks"));
  rows->put<uint16_t>(id);
  rows->put_text(name);
  BW_TRY(rows->end_row());
  return id;
}

Result<uint32_t> LogIndex::account(const Fingerprint& print, std::string_view ref, uint64_t key,
                                   WriteTransaction& transaction) {
  bool added = false;
  const uint32_t id = accounts_.find_or_add(print, next_account, added).get();
  if (!added) return id;
  ++next_account;
  const size_t colon = ref.find(':');
  BW_ASSIGN(const uint16_t number, network(ref.substr(0, colon), transaction));
  BW_ASSIGN(DuckAppender * rows, transaction.appender("accounts"));
  rows->put<uint32_t>(id);
  rows->put<uint16_t>(number);
  rows->put_text(ref.substr(colon + 1));
  rows->put<uint64_t>(key);
  rows->put<bool>(false);
  BW_TRY(rows->end_row());
  return id;
}

Result<TopicSetId> LogIndex::topic_set(std::span<const std::string_view> topics,
                                       WriteTransaction& transaction) {
  scratch_.clear();
  for (const std::string_view topic : topics) {
    bool added = false;
    const uint32_t id =
        topics_.find_or_add(fingerprint(topic, hash64(topic), seed_), next_topic_, added).get();
    if (added) {
      ++next_topic_;
      BW_ASSIGN(DuckAppender * rows, transaction.appender("topics"));
      rows->put<uint32_t>(id);
      rows->put_text(topic);
      BW_TRY(rows->end_row());
    }
    scratch_.push_back(id);
  }
  std::sort(scratch_.begin(), scratch_.end());
  scratch_.erase(std::unique(scratch_.begin(), scratch_.end()), scratch_.end());
  bool added = false;
  const TopicSetId set =
      sets_
          .find_or_add(fingerprint(bytes_of(scratch_), hash64(bytes_of(scratch_)), seed_),
                       next_set_, added)
          .get();
  if (!added) return set;
  ++next_set_;
  BW_ASSIGN(DuckAppender * rows, transaction.appender("topic_sets"));
  for (const uint32_t topic : scratch_) {
    rows->put<uint32_t>(set);
    rows->put<uint32_t>(topic);
    BW_TRY(rows->end_row());
  }
  return set;
}

}  // namespace bellwether

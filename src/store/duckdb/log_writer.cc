// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/log_writer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_map.hpp>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "store/duckdb/log_index.h"

namespace bellwether {
namespace {

constexpr size_t kBlockEvents = 4096;
constexpr size_t kBlockBytes = 2 << 20;  // of text, beyond which a block is handed on early
// In flight: nearly a batch, so that reading goes on while the batch before is committed.
constexpr size_t kBlocks = 48;
constexpr size_t kRejectBytesMax = 1 << 20;  // kept of a rejected record
constexpr size_t kKindsMax = 1000;           // different reasons or kinds counted apart per source
constexpr size_t kMessageBytesMax = 4000;

// An event on its way. Its text lies in the block: account, author, target, each `network:name`,
// then object, then topics, each after its length.
struct StagedEvent {
  EventId id;
  uint64_t object;
  int64_t published_ms;
  uint64_t record;
  uint64_t record_hash;
  uint64_t account_key;
  uint64_t author_key;
  uint64_t target_key;
  Fingerprint account_print;
  Fingerprint author_print;
  Fingerprint target_print;
  uint32_t text;
  uint32_t count;
  uint16_t account_bytes;
  uint16_t author_bytes;
  uint16_t target_bytes;
  uint16_t object_bytes;
  uint8_t topics;
  Verb verb;
  Visibility visibility;
  bool native;  // has an id of its own: a repetition is the same act
};

struct StagedProfile {
  std::string account;  // network:name
  std::string display_name;
  std::string url;
  AccountKind kind;
  bool indexable;
  bool minor;
  bool owner;
};

struct StagedClaim {
  std::string network, name, same_network, same_name, evidence;
};

// What one source gave, or a part of it, in order.
struct Block {
  std::optional<std::pair<SourceInfo, Instant>> begin;
  std::vector<StagedEvent> events;
  std::string text;
  std::vector<RejectRow> rejects;
  size_t reject_bytes = 0;
  std::vector<StagedProfile> profiles;
  std::vector<StagedClaim> claims;
  std::vector<KindCount> left_alone;
  std::optional<std::pair<SourceState, std::string>> end;
  bool finish = false;

  void clear() {
    begin.reset();
    events.clear();
    text.clear();
    rejects.clear();
    reject_bytes = 0;
    profiles.clear();
    claims.clear();
    left_alone.clear();
    end.reset();
    finish = false;
  }
  bool full() const {
    return events.size() >= kBlockEvents || text.size() + reject_bytes >= kBlockBytes ||
           rejects.size() + profiles.size() + claims.size() + left_alone.size() >= kBlockEvents;
  }
};

// Counts per word, with a bound on how many words an input can make us remember.
class KindCounts {
 public:
  void add(std::string_view kind, uint64_t count) {
    auto at = counts_.find(kind);
    if (at == counts_.end()) {
      if (counts_.size() >= kKindsMax) kind = "others";
      at = counts_.try_emplace(std::string(kind), 0).first;
    }
    at->second += count;
  }
  std::vector<KindCount> sorted() const {
    std::vector<KindCount> out;
    for (const auto& [kind, count] : counts_) out.push_back({kind, count});
    std::stable_sort(out.begin(), out.end(),
                     [](const KindCount& a, const KindCount& b) { return a.count > b.count; });
    return out;
  }

 private:
  std::map<std::string, uint64_t, std::less<>> counts_;
};

// A source as this unit knows it, and whether the log holds it like this.
struct SourceRecord {
  SourceReport report;
  std::array<uint64_t, kVerbSlots> accepted_by{};
  KindCounts rejected_by;
  KindCounts left_alone;
  uint64_t with_object = 0;
  Instant first;
  Instant last;
  bool changed = true;

  void refresh() {
    report.accepted_by.clear();
    for (size_t verb = 1; verb < kVerbSlots; ++verb) {
      if (accepted_by[verb] == 0) continue;
      report.accepted_by.push_back(
          {std::string(to_string(static_cast<Verb>(verb))), accepted_by[verb]});
    }
    std::sort(report.accepted_by.begin(), report.accepted_by.end(),
              [](const KindCount& a, const KindCount& b) {
                return a.count != b.count ? a.count > b.count : a.kind < b.kind;
              });
    report.rejected_by = rejected_by.sorted();
    report.left_alone = left_alone.sorted();
  }
};

// The second half of the writer: takes blocks, owns transaction and index.
class LogAppender {
 public:
  LogAppender(std::shared_ptr<StoreCore> core, uint32_t unit)
      : core_(std::move(core)), unit_(unit), meta_(core_->meta) {
    meta_.next_unit = unit + 1;
  }

  ~LogAppender() {
    // What is not committed is in the index and not in the log.
    if (!clean_) core_->index.reset();
  }

  Result<void> take(Block& block) {
    try {
      return take_block(block);
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::kLimit, "memory is used up; give this machine or process more"};
    }
  }

  const SourceReport& report() {
    static const SourceReport kNone;
    if (sources_.empty()) return kNone;
    sources_.back().refresh();
    return sources_.back().report;
  }

 private:
  Result<void> take_block(Block& block);
  Result<void> begin_source(const SourceInfo& info, Instant observed);
  Result<void> take_events(Block& block);
  void tell_apart(const Block& block);
  Result<void> append_events(const Block& block);
  Result<void> take_rejects(Block& block);
  Result<void> take_claims(const Block& block);
  Result<void> write_profiles();
  Result<void> write_sources();
  Result<void> commit();
  Result<WriteTransaction*> transaction();

  std::shared_ptr<StoreCore> core_;
  const uint32_t unit_;
  StoreMeta meta_;
  std::unique_ptr<WriteTransaction> transaction_;
  std::vector<SourceRecord> sources_;  // those of this unit that are not yet known to be complete
  bool clean_ = true;

  // Of the batch at hand.
  uint64_t batch_rows_ = 0;  // events and rejects to be appended
  uint64_t batch_seen_ = 0;  // duplicates too
  bool log_changed_ = false;

  // For events without id, how many identical ones this source has stated.
  boost::unordered_flat_map<Hash128, uint32_t, Hash128Hasher> next_ordinal_;
  std::vector<uint32_t> accepted_;  // places in the block
  std::vector<EventId> accepted_id_;
  std::vector<std::string_view> topics_;

  std::map<std::string, StagedProfile> profiles_;  // the last one stated in this unit
  bool claims_loaded_ = false;
  KeySet claims_;
};

Result<WriteTransaction*> LogAppender::transaction() {
  if (transaction_ == nullptr) {
    BW_ASSIGN(transaction_, WriteTransaction::begin(*core_));
  }
  return transaction_.get();
}

Result<void> LogAppender::take_block(Block& block) {
  if (block.begin) BW_TRY(begin_source(block.begin->first, block.begin->second));
  if (!block.events.empty()) BW_TRY(take_events(block));
  if (!block.rejects.empty()) BW_TRY(take_rejects(block));
  for (StagedProfile& profile : block.profiles) profiles_[profile.account] = std::move(profile);
  if (!block.claims.empty()) BW_TRY(take_claims(block));
  for (const KindCount& kind : block.left_alone) {
    sources_.back().left_alone.add(kind.kind, kind.count);
    sources_.back().changed = true;
  }
  if (block.end) {
    sources_.back().report.state = block.end->first;
    sources_.back().report.message = block.end->second;
    sources_.back().changed = true;
  }
  const uint64_t batch = std::max<uint64_t>(core_->options.batch_events, 1);
  if (block.finish) BW_TRY(write_profiles());
  if (block.finish || batch_rows_ >= batch || batch_seen_ >= 8 * batch) BW_TRY(commit());
  return {};
}

Result<void> LogAppender::begin_source(const SourceInfo& info, Instant observed) {
  SourceRecord record;
  record.report.unit = unit_;
  record.report.source = meta_.next_source++;
  record.report.info = info;
  record.report.info.path = clean_utf8(info.path);
  record.report.info.adapter = clean_utf8(info.adapter);
  record.report.observed = observed;
  if (record.report.source >= FingerprintTable::kNumberMax) {
    return Error{ErrorCode::kLimit, "the store has no numbers left for sources"};
  }
  sources_.push_back(std::move(record));
  next_ordinal_.clear();
  return {};
}

// Which events of the block are new. Reads and writes the index only.
void LogAppender::tell_apart(const Block& block) {
  FingerprintTable& ids = core_->index->ids;
  const uint64_t seed = process_seed();
  SourceRecord& source = sources_.back();
  const uint32_t tag = source.report.source;
  accepted_.clear();
  accepted_id_.clear();
  constexpr size_t kAhead = 16;
  const size_t n = block.events.size();
  for (size_t i = 0; i < std::min(kAhead, n); ++i)
    ids.prefetch(fingerprint(block.events[i].id, seed));
  for (size_t i = 0; i < n; ++i) {
    if (i + kAhead < n) ids.prefetch(fingerprint(block.events[i + kAhead].id, seed));
    const StagedEvent& event = block.events[i];
    EventId id = event.id;
    bool added = false;
    FingerprintTable::Kept seen = ids.find_or_add(fingerprint(id, seed), tag, added);
    if (!added && !event.native) {
      if (seen.get() != tag) {
        // Known from elsewhere, and the first of its kind in this source: the same act.
        seen.set(tag);
      } else {
        // Identical lines within one source are distinct acts, so look for a free ordinal. Those
        // that an earlier reading of the same source took count as found again.
        uint32_t& ordinal = next_ordinal_.try_emplace(event.id, 1).first->second;
        while (true) {
          id = with_ordinal(event.id, ordinal++);
          FingerprintTable::Kept other = ids.find_or_add(fingerprint(id, seed), tag, added);
          if (added || other.get() != tag) {
            other.set(tag);
            break;
          }
        }
      }
    }
    if (added) {
      accepted_.push_back(static_cast<uint32_t>(i));
      accepted_id_.push_back(id);
    }
  }
  source.report.accepted += accepted_.size();
  source.report.duplicates += n - accepted_.size();
  source.changed = true;
}

Result<void> LogAppender::take_events(Block& block) {
  if (core_->index == nullptr) {
    BW_ASSIGN(core_->index, LogIndex::load(*core_));
  }
  clean_ = false;
  tell_apart(block);
  batch_seen_ += block.events.size();
  if (accepted_.empty()) return {};
  BW_TRY(append_events(block));
  batch_rows_ += accepted_.size();
  log_changed_ = true;
  return {};
}

Result<void> LogAppender::append_events(const Block& block) {
  BW_ASSIGN(WriteTransaction * transaction, this->transaction());
  BW_ASSIGN(DuckAppender * rows, transaction->appender("events"));
  LogIndex& index = *core_->index;
  SourceRecord& source = sources_.back();
  const size_t n = accepted_.size();

  constexpr size_t kAhead = 16;
  const auto fetch_slots = [&](const StagedEvent& event) {
    index.prefetch_account(event.account_print);
    if (event.target_bytes != 0) index.prefetch_account(event.target_print);
    if (event.author_bytes != 0) index.prefetch_account(event.author_print);
    if (event.object != 0) index.objects.prefetch(event.object);
  };
  for (size_t i = 0; i < std::min(kAhead, n); ++i) fetch_slots(block.events[accepted_[i]]);

  for (size_t begin = 0; begin < n; begin += DuckAppender::chunk_rows()) {
    const size_t size = std::min(n - begin, DuckAppender::chunk_rows());
    auto* row_at = rows->column<uint64_t>(0);
    auto* id_high = rows->column<uint64_t>(1);
    auto* id_low = rows->column<uint64_t>(2);
    auto* source_at = rows->column<uint32_t>(3);
    auto* record = rows->column<uint64_t>(4);
    auto* record_hash = rows->column<uint64_t>(5);
    auto* account = rows->column<uint32_t>(6);
    auto* verb = rows->column<uint8_t>(7);
    auto* object = rows->column<uint64_t>(8);
    auto* author = rows->column<uint32_t>(9);
    auto* target = rows->column<uint32_t>(10);
    auto* published = rows->column<int64_t>(11);
    auto* repeats = rows->column<uint32_t>(12);
    auto* topics = rows->column<uint32_t>(13);
    auto* visibility = rows->column<uint8_t>(14);
    for (size_t k = 0; k < size; ++k) {
      const size_t at = begin + k;
      if (at + kAhead < n) fetch_slots(block.events[accepted_[at + kAhead]]);
      const StagedEvent& event = block.events[accepted_[at]];
      const EventId id = accepted_id_[at];
      std::string_view text = std::string_view(block.text).substr(event.text);
      const auto cut = [&](size_t bytes) {
        const std::string_view part = text.substr(0, bytes);
        text.remove_prefix(bytes);
        return part;
      };
      row_at[k] = meta_.next_row++;
      id_high[k] = id.high;
      id_low[k] = id.low;
      source_at[k] = source.report.source;
      record[k] = event.record;
      record_hash[k] = event.record_hash;
      BW_ASSIGN(account[k], index.account(event.account_print, cut(event.account_bytes),
                                          event.account_key, *transaction));
      author[k] = 0;
      if (event.author_bytes > 0) {
        BW_ASSIGN(author[k], index.account(event.author_print, cut(event.author_bytes),
                                           event.author_key, *transaction));
      }
      target[k] = 0;
      if (event.target_bytes > 0) {
        BW_ASSIGN(target[k], index.account(event.target_print, cut(event.target_bytes),
                                           event.target_key, *transaction));
      }
      verb[k] = static_cast<uint8_t>(event.verb);
      object[k] = event.object;
      if (event.object != 0) {
        const std::string_view reference = cut(event.object_bytes);
        ++source.with_object;
        if (index.objects.add(event.object)) {
          BW_ASSIGN(DuckAppender * objects, transaction->appender("objects"));
          objects->put<uint64_t>(event.object);
          objects->put_text(reference);
          BW_TRY(objects->end_row());
        }
      }
      const Instant when{event.published_ms};
      published[k] = event.published_ms;
      if (when.known()) {
        if (!source.first.known() || when < source.first) source.first = when;
        if (!source.last.known() || when > source.last) source.last = when;
      } else {
        rows->set_null(11, k);
        ++source.report.untimed;
      }
      repeats[k] = event.count;
      topics[k] = 0;
      if (event.topics > 0) {
        topics_.clear();
        for (uint8_t t = 0; t < event.topics; ++t) {
          const auto bytes = static_cast<uint8_t>(cut(1).front());
          topics_.push_back(cut(bytes));
        }
        BW_ASSIGN(topics[k], index.topic_set(topics_, *transaction));
      }
      visibility[k] = static_cast<uint8_t>(event.visibility);
      ++source.accepted_by[static_cast<size_t>(event.verb)];
    }
    BW_TRY(rows->append(size));
  }
  return {};
}

Result<void> LogAppender::take_rejects(Block& block) {
  BW_ASSIGN(WriteTransaction * transaction, this->transaction());
  BW_ASSIGN(DuckAppender * rows, transaction->appender("rejects"));
  SourceRecord& source = sources_.back();
  for (const RejectRow& reject : block.rejects) {
    rows->put<uint32_t>(source.report.source);
    rows->put<uint64_t>(reject.record);
    rows->put<uint64_t>(reject.record_hash);
    rows->put_text(reject.reason);
    if (core_->options.keep_rejects) {
      rows->put_text(reject.content);
    } else {
      rows->put_null();
    }
    BW_TRY(rows->end_row());
    source.rejected_by.add(reject.reason, 1);
  }
  source.report.rejected += block.rejects.size();
  source.changed = true;
  batch_rows_ += block.rejects.size();
  return {};
}

Result<void> LogAppender::take_claims(const Block& block) {
  const auto key_of = [](const StagedClaim& claim) {
    std::string bytes;
    for (const std::string* part :
         {&claim.network, &claim.name, &claim.same_network, &claim.same_name, &claim.evidence}) {
      bytes += std::to_string(part->size());
      bytes += ':';
      bytes += *part;
    }
    return std::max<uint64_t>(hash64(bytes), 1);
  };
  if (!claims_loaded_) {
    BW_ASSIGN(DuckConnection connection, core_->database.connect());
    BW_ASSIGN(DuckRows rows, connection.stream("SELECT network, name, same_network, same_name, "
                                               "evidence FROM claims"));
    while (true) {
      BW_ASSIGN(const bool more, rows.next());
      if (!more) break;
      for (size_t i = 0; i < rows.size(); ++i) {
        claims_.add(key_of({std::string(rows.text(0, i)), std::string(rows.text(1, i)),
                            std::string(rows.text(2, i)), std::string(rows.text(3, i)),
                            std::string(rows.text(4, i))}));
      }
    }
    claims_loaded_ = true;
  }
  BW_ASSIGN(WriteTransaction * transaction, this->transaction());
  BW_ASSIGN(DuckAppender * rows, transaction->appender("claims"));
  for (const StagedClaim& claim : block.claims) {
    if (!claims_.add(key_of(claim))) continue;
    rows->put<uint32_t>(unit_);
    rows->put_text(claim.network);
    rows->put_text(claim.name);
    rows->put_text(claim.same_network);
    rows->put_text(claim.same_name);
    rows->put_text(claim.evidence);
    BW_TRY(rows->end_row());
    ++batch_rows_;
  }
  return {};
}

// Writes the profiles of this unit that say something else than what the log said last.
Result<void> LogAppender::write_profiles() {
  if (profiles_.empty()) return {};
  if (core_->index == nullptr) {
    BW_ASSIGN(core_->index, LogIndex::load(*core_));
  }
  clean_ = false;
  const auto hash_of = [](std::string_view name, std::string_view url, uint8_t kind, bool indexable,
                          bool minor, bool owner) {
    return hash64(fmt::format("{}:{}{}:{}{} {} {} {}", name.size(), name, url.size(), url, kind,
                              indexable, minor, owner));
  };
  BW_ASSIGN(WriteTransaction * transaction, this->transaction());
  boost::unordered_flat_map<uint32_t, uint64_t> known;  // account to its newest profile
  uint64_t serial = 0;
  {
    BW_ASSIGN(DuckRows rows, transaction->connection().stream(
                                 "SELECT account, display_name, url, kind, indexable, "
                                 "minor, owner, serial FROM profiles "
                                 "ORDER BY serial"));
    while (true) {
      BW_ASSIGN(const bool more, rows.next());
      if (!more) break;
      for (size_t i = 0; i < rows.size(); ++i) {
        known[rows.column<uint32_t>(0)[i]] =
            hash_of(rows.text(1, i), rows.text(2, i), rows.column<uint8_t>(3)[i],
                    rows.column<bool>(4)[i], rows.column<bool>(5)[i], rows.column<bool>(6)[i]);
        serial = rows.column<uint64_t>(7)[i];
      }
    }
  }
  BW_ASSIGN(DuckAppender * rows, transaction->appender("profiles"));
  for (const auto& [ref, profile] : profiles_) {
    BW_ASSIGN(const uint32_t account,
              core_->index->account(fingerprint(ref, hash64(ref), process_seed()), ref, hash64(ref),
                                    *transaction));
    const auto kind = static_cast<uint8_t>(profile.kind);
    const uint64_t hash = hash_of(profile.display_name, profile.url, kind, profile.indexable,
                                  profile.minor, profile.owner);
    const auto [at, fresh] = known.try_emplace(account, hash);
    if (!fresh && at->second == hash) continue;
    rows->put<uint64_t>(++serial);
    rows->put<uint32_t>(unit_);
    rows->put<uint32_t>(account);
    rows->put_text(profile.display_name);
    rows->put_text(profile.url);
    rows->put<uint8_t>(kind);
    rows->put<bool>(profile.indexable);
    rows->put<bool>(profile.minor);
    rows->put<bool>(profile.owner);
    BW_TRY(rows->end_row());
    log_changed_ = true;
    ++batch_rows_;
  }
  return {};
}

// The rows of `sources` and `source_counts` are the present state, so those of changed sources are
// replaced. Sources of one unit have consecutive numbers.
Result<void> LogAppender::write_sources() {
  auto first = std::find_if(sources_.begin(), sources_.end(),
                            [](const SourceRecord& record) { return record.changed; });
  if (first == sources_.end()) return {};
  BW_ASSIGN(WriteTransaction * transaction, this->transaction());
  const uint32_t from = first->report.source;
  BW_TRY(transaction->connection().run(fmt::format("DELETE FROM sources WHERE id >= {}", from)));
  BW_TRY(transaction->connection().run(
      fmt::format("DELETE FROM source_counts WHERE source >= {}", from)));
  BW_ASSIGN(DuckAppender * rows, transaction->appender("sources"));
  BW_ASSIGN(DuckAppender * counts, transaction->appender("source_counts"));
  for (auto at = first; at != sources_.end(); ++at) {
    at->refresh();
    const SourceReport& report = at->report;
    rows->put<uint32_t>(report.source);
    rows->put<uint32_t>(unit_);
    rows->put_text(report.info.path);
    rows->put_text(report.info.adapter);
    rows->put<uint32_t>(report.info.mapping_version);
    rows->put<bool>(report.info.simulated);
    rows->put<uint8_t>(static_cast<uint8_t>(report.state));
    rows->put_text(report.message);
    put_instant(*rows, report.observed);
    rows->put<uint64_t>(report.accepted);
    rows->put<uint64_t>(report.duplicates);
    rows->put<uint64_t>(report.rejected);
    rows->put<uint64_t>(report.untimed);
    rows->put<uint64_t>(at->with_object);
    put_instant(*rows, at->first);
    put_instant(*rows, at->last);
    rows->put<bool>(false);
    BW_TRY(rows->end_row());
    const auto put_counts = [&](CountOf what, const std::vector<KindCount>& kinds) -> Result<void> {
      for (const KindCount& kind : kinds) {
        counts->put<uint32_t>(report.source);
        counts->put<uint8_t>(static_cast<uint8_t>(what));
        counts->put_text(kind.kind);
        counts->put<uint64_t>(kind.count);
        BW_TRY(counts->end_row());
      }
      return {};
    };
    BW_TRY(put_counts(CountOf::kAccepted, report.accepted_by));
    BW_TRY(put_counts(CountOf::kRejected, report.rejected_by));
    BW_TRY(put_counts(CountOf::kLeftAlone, report.left_alone));
  }
  return {};
}

Result<void> LogAppender::commit() {
  BW_TRY(write_sources());
  if (transaction_ == nullptr) return {};
  if (core_->index != nullptr) meta_.next_account = core_->index->next_account;
  if (log_changed_) meta_.generation = core_->meta.generation + 1;
  BW_TRY(transaction_->commit(meta_));
  transaction_.reset();
  meta_ = core_->meta;
  clean_ = true;
  batch_rows_ = 0;
  batch_seen_ = 0;
  log_changed_ = false;
  // Whatever was ended is written for good; only the newest source can still change.
  if (sources_.size() > 1) sources_.erase(sources_.begin(), sources_.end() - 1);
  sources_.back().changed = false;
  return {};
}

// ---- the first half -----------------------------------------------------------------------------

class LogWriter : public UnitWriter {
 public:
  LogWriter(std::shared_ptr<StoreCore> core, WriteTurn turn, uint32_t unit)
      : turn_(std::move(turn)),
        unit_(unit),
        threaded_(core->options.threads > 1),
        keep_rejects_(core->options.keep_rejects),
        appender_(std::make_unique<LogAppender>(std::move(core), unit)) {
    block_ = std::make_unique<Block>();
    if (!threaded_) return;
    for (size_t i = 1; i < kBlocks; ++i) free_.push_back(std::make_unique<Block>());
    thread_ = std::thread([this] { work(); });
  }

  ~LogWriter() override { stop(); }

  Result<void> begin_source(const SourceInfo& info, Instant observed) override {
    if (source_open_) BW_TRY(end_source(SourceState::kComplete, {}));
    BW_TRY(ready("begin_source"));
    source_open_ = true;
    block_->begin.emplace(info, observed);
    return {};
  }

  Result<void> end_source(SourceState state, std::string_view message) override {
    if (!source_open_) return Error{ErrorCode::kInvalidArgument, "there is no source to end"};
    source_open_ = false;
    block_->end.emplace(state, clean_utf8(message.substr(0, kMessageBytesMax)));
    return hand_on();
  }

  Result<void> event(const InteractionEvent& event) override;
  Result<void> reject(const Reject& reject) override;
  Result<void> profile(const AccountProfile& profile) override;
  Result<void> claim(const IdentityClaim& claim) override;
  void left_alone(std::string_view kind, uint64_t records) override;

  const SourceReport& report() const override {
    auto* self = const_cast<LogWriter*>(this);
    if (appender_ != nullptr) {
      // An error shows itself again at the next call that can return one.
      [[maybe_unused]] const bool drained = self->drain().ok();
      report_ = appender_->report();
    }
    return report_;
  }
  uint32_t unit() const override { return unit_; }

  Result<void> finish() override {
    BW_TRY(ready("finish"));
    if (source_open_) BW_TRY(end_source(SourceState::kComplete, {}));
    finished_ = true;
    block_->finish = true;
    Result<void> done = drain();
    stop();
    report_ = appender_->report();
    // The next writer need not wait until this one is destroyed.
    appender_.reset();
    turn_.reset();
    return done;
  }

 private:
  Result<void> ready(const char* what) const {
    if (told_) return *told_;
    if (finished_) {
      return Error{ErrorCode::kInvalidArgument, fmt::format("{} after finish", what)};
    }
    return {};
  }
  Result<void> in_source() const {
    if (told_) return *told_;
    if (source_open_) return {};
    return Error{ErrorCode::kInvalidArgument, "begin_source comes before what a source holds"};
  }

  // Gives the block at hand to the appender and takes an empty one.
  Result<void> hand_on();
  Result<void> hand_on_if_full() { return block_->full() ? hand_on() : Result<void>(); }
  // Waits until all that was handed on is taken.
  Result<void> drain();
  void work();
  void stop();

  std::optional<WriteTurn> turn_;
  const uint32_t unit_;
  const bool threaded_;
  const bool keep_rejects_;
  const uint64_t seed_ = process_seed();
  bool source_open_ = false;
  bool finished_ = false;
  mutable SourceReport report_;
  std::unique_ptr<Block> block_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Block>> filled_;  // under mutex_, like the next four
  std::vector<std::unique_ptr<Block>> free_;
  bool taking_ = false;
  bool stopping_ = false;
  std::optional<Error> failed_;

  std::optional<Error> told_;  // the same on the caller's side: once told, told at every call
  std::unique_ptr<LogAppender> appender_;  // the thread's, except while nothing is handed on
  std::thread thread_;
};

Result<void> LogWriter::event(const InteractionEvent& event) {
  BW_TRY(in_source());
  if (std::string problem = problem_with(event); !problem.empty()) {
    return Error{ErrorCode::kInvalidArgument, std::move(problem)};
  }
  for (const std::string_view topic : event.topics) {
    if (topic.empty() || topic.size() > kTopicBytesMax || !is_clean_text(topic)) {
      return Error{ErrorCode::kInvalidArgument, "a topic is not normalised"};
    }
  }
  Block& block = *block_;
  StagedEvent staged;
  staged.id = identify(event);
  staged.text = static_cast<uint32_t>(block.text.size());
  const auto keep = [&](const AccountRef& account, uint64_t& key, Fingerprint& print,
                        uint16_t& bytes) {
    bytes = 0;
    if (account.empty()) return;
    const size_t at = block.text.size();
    block.text += account.network;
    block.text += ':';
    block.text += account.name;
    const std::string_view ref = std::string_view(block.text).substr(at);
    bytes = static_cast<uint16_t>(ref.size());
    key = hash64(ref);
    print = fingerprint(ref, key, seed_);
  };
  keep(event.account, staged.account_key, staged.account_print, staged.account_bytes);
  keep(event.author, staged.author_key, staged.author_print, staged.author_bytes);
  keep(event.target, staged.target_key, staged.target_print, staged.target_bytes);
  staged.object = object_key(event.object);
  staged.object_bytes = static_cast<uint16_t>(event.object.size());
  block.text += event.object;
  staged.topics = static_cast<uint8_t>(event.topics.size());
  for (const std::string_view topic : event.topics) {
    block.text += static_cast<char>(static_cast<uint8_t>(topic.size()));
    block.text += topic;
  }
  staged.published_ms = event.published.ms;
  staged.record = event.provenance.record;
  staged.record_hash = event.provenance.record_hash;
  staged.count = event.count;
  staged.verb = event.verb;
  staged.visibility = event.visibility;
  staged.native = !event.native_id.empty();
  block.events.push_back(staged);
  return hand_on_if_full();
}

Result<void> LogWriter::reject(const Reject& reject) {
  BW_TRY(in_source());
  RejectRow row;
  row.record = reject.record;
  row.record_hash = reject.record_hash;
  row.reason = clean_utf8(reject.reason.substr(0, kMessageBytesMax));
  if (keep_rejects_) row.content = reject.content.substr(0, kRejectBytesMax);
  block_->reject_bytes += row.reason.size() + row.content.size();
  block_->rejects.push_back(std::move(row));
  return hand_on_if_full();
}

Result<void> LogWriter::profile(const AccountProfile& profile) {
  BW_TRY(in_source());
  InteractionEvent probe;
  probe.account = profile.account;
  if (std::string problem = problem_with(probe); !problem.empty()) {
    return Error{ErrorCode::kInvalidArgument, std::move(problem)};
  }
  block_->profiles.push_back({fmt::format("{}:{}", profile.account.network, profile.account.name),
                              clean_utf8(profile.display_name.substr(0, kMessageBytesMax)),
                              clean_utf8(profile.url.substr(0, kMessageBytesMax)), profile.kind,
                              profile.indexable, profile.minor, profile.owner});
  return hand_on_if_full();
}

Result<void> LogWriter::claim(const IdentityClaim& claim) {
  BW_TRY(in_source());
  InteractionEvent probe;
  for (const AccountRef& account : {claim.account, claim.same_as}) {
    probe.account = account;
    if (std::string problem = problem_with(probe); !problem.empty()) {
      return Error{ErrorCode::kInvalidArgument, std::move(problem)};
    }
  }
  block_->claims.push_back({std::string(claim.account.network), std::string(claim.account.name),
                            std::string(claim.same_as.network), std::string(claim.same_as.name),
                            clean_utf8(claim.evidence.substr(0, kMessageBytesMax))});
  return hand_on_if_full();
}

void LogWriter::left_alone(std::string_view kind, uint64_t records) {
  if (!source_open_) return;
  std::string clean = clean_utf8(kind.substr(0, kTopicBytesMax));
  // Runs of one kind are common, and each would be an entry of its own.
  if (!block_->left_alone.empty() && block_->left_alone.back().kind == clean) {
    block_->left_alone.back().count += records;
    return;
  }
  block_->left_alone.push_back({std::move(clean), records});
  // A failure shows itself again at the next call that can return it.
  [[maybe_unused]] const bool handed_on = hand_on_if_full().ok();
}

Result<void> LogWriter::hand_on() {
  if (!threaded_) {
    if (!told_) {
      if (auto taken = appender_->take(*block_); !taken.ok()) told_ = taken.error();
    }
    block_->clear();
  } else {
    std::unique_lock lock(mutex_);
    filled_.push_back(std::move(block_));
    changed_.notify_all();
    changed_.wait(lock, [&] { return !free_.empty(); });
    block_ = std::move(free_.back());
    free_.pop_back();
    told_ = failed_;
  }
  if (told_) return *told_;
  return {};
}

Result<void> LogWriter::drain() {
  if (Result<void> handed_on = hand_on(); !handed_on.ok() || !threaded_) return handed_on;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return filled_.empty() && !taking_; });
  told_ = failed_;
  if (told_) return *told_;
  return {};
}

void LogWriter::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return !filled_.empty() || stopping_; });
    if (filled_.empty()) return;
    std::unique_ptr<Block> block = std::move(filled_.front());
    filled_.pop_front();
    if (!failed_) {
      taking_ = true;
      lock.unlock();
      Result<void> taken = appender_->take(*block);
      lock.lock();
      taking_ = false;
      if (!taken.ok()) failed_ = taken.error();
    }
    block->clear();
    free_.push_back(std::move(block));
    changed_.notify_all();
  }
}

void LogWriter::stop() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

}  // namespace

Result<std::unique_ptr<UnitWriter>> make_log_writer(std::shared_ptr<StoreCore> core) {
  BW_ASSIGN(WriteTurn turn, WriteTurn::take(*core));
  const uint32_t unit = core->meta.next_unit;
  return std::unique_ptr<UnitWriter>(
      std::make_unique<LogWriter>(std::move(core), std::move(turn), unit));
}

}  // namespace bellwether

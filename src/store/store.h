// SPDX-License-Identifier: Apache-2.0
// Keeps events, their dictionary, rejects, the ledger, snapshots and history: one interface,
// whatever the engine. Opening bytes on disk is described in docs/formats/workspace.md.
//
// The event log is append-only and is the truth; ledger and directory are derived from it, replaced
// as a whole, and carry a stamp that says from what they were derived. Snapshots are kept for ever,
// but for what an erasure takes out of them.
//
// One process writes a store. Within it, one UnitWriter or one replacing call at a time; reads may
// go on beside them from other threads and see the state before or after, never between.
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "credit/ledger.h"
#include "event/ids.h"
#include "event/sink.h"
#include "graph/remainder.h"
#include "score/grade.h"
#include "score/score.h"

namespace bellwether {

// ---- ingest units -------------------------------------------------------------------------------

// One file, folder or archive, or one member of it.
struct SourceInfo {
  std::string path;     // as the operator gave it
  std::string adapter;  // which mapping read it
  uint32_t mapping_version = 0;
  bool simulated = false;  // made by `simulate`; marked wherever it shows
};

enum class SourceState : uint8_t {  // persisted; do not renumber
  kReading = 0,                     // begun and not ended: the process died or is still at it
  kComplete = 1,                    // read to its end
  kBroken = 2,                      // ended early: damaged or cut off; what came before is kept
};

struct KindCount {
  std::string kind;
  uint64_t count = 0;
};

struct SourceReport {
  uint32_t unit = 0;    // from 1
  uint32_t source = 0;  // from 1, over all units
  SourceInfo info;
  SourceState state = SourceState::kReading;
  std::string message;  // why it is broken
  Instant observed;     // when it was begun
  uint64_t accepted = 0;
  uint64_t duplicates = 0;
  uint64_t rejected = 0;
  uint64_t untimed = 0;                // accepted events without a known time
  std::vector<KindCount> accepted_by;  // verb names, largest first
  std::vector<KindCount> rejected_by;  // reasons
  std::vector<KindCount> left_alone;   // kinds
  bool undone = false;
};

struct RejectRow {
  uint32_t source = 0;
  uint64_t record = 0;
  uint64_t record_hash = 0;
  std::string reason;
  std::string content;  // empty unless the operator asked to keep it
};

// Evidence that two accounts are one person, as an adapter stated it.
struct ClaimRow {
  uint32_t unit = 0;
  std::string network, name;
  std::string same_network, same_name;
  std::string evidence;
};

// Writes one ingest unit. Appends are atomic batch by batch: after a crash the log holds a prefix
// of whole batches. An event is durable once the batch holding it is committed; `finish` commits
// the last.
class UnitWriter : public EventSink {
 public:
  // Everything given from now on comes from this source, until the next begin_source or finish.
  virtual Result<void> begin_source(const SourceInfo& info, Instant observed) = 0;
  // kBroken keeps what was given. `message` says why.
  virtual Result<void> end_source(SourceState state, std::string_view message) = 0;
  // Counts so far of the source at hand. Waits for the events under way: ask now and then, not
  // after every event. The reference is good until the next call.
  virtual const SourceReport& report() const = 0;
  virtual uint32_t unit() const = 0;
  // Commits what is left. No other call may follow. A writer destroyed without `finish` leaves its
  // committed batches in the log and its source in state kReading.
  virtual Result<void> finish() = 0;
};

// ---- reading the log ----------------------------------------------------------------------------

// What is known of one account; strings are owned.
struct AccountEntry {
  AccountId id = kNobody;
  NetworkId network_id = 0;
  std::string network;
  std::string name;
  std::string display_name;  // empty: unknown
  std::string url;
  AccountKind kind = AccountKind::kUnknown;
  bool indexable = true;
  bool minor = false;
  bool owner = false;

  std::string ref() const { return network + ":" + name; }
};

// How people call it.
inline const std::string& shown_name(const AccountEntry& account) {
  return account.display_name.empty() ? account.name : account.display_name;
}

enum class AccountFlag : uint8_t {
  kMinor,  // AccountProfile::minor
  kOwner,  // AccountProfile::owner
};

// The numbering of one scan; see event/ids.h. Immutable; may outlive the store.
struct Numbering {
  std::vector<uint64_t> account_key;       // by AccountId, ascending: hash64 of network:name
  std::vector<NetworkId> account_network;  // by AccountId
  std::vector<std::string> networks;       // by NetworkId, alphabetical
  uint64_t generation = 0;                 // the log it speaks of: changes with every change of it

  uint32_t accounts() const { return static_cast<uint32_t>(account_key.size()); }
  // kNobody: no such account in this scan.
  AccountId find(std::string_view network, std::string_view name) const;
};

struct LogSummary {
  uint64_t events = 0;
  uint64_t untimed = 0;
  uint32_t sources = 0;         // of units not undone
  uint32_t sources_broken = 0;  // of these, not read to their end
  Instant first;                // published; unknown: no timed event
  Instant last;
  uint64_t generation = 0;
  bool simulated = false;  // some source was simulated
  Instant erased;          // as of when the newest remainder counts; unknown: there is none
};

// An event as a receipt shows it; strings are owned.
struct Receipt {
  EventRow row = 0;
  std::string account;  // network:name
  Verb verb = Verb::kMention;
  std::string object;  // reference; empty: none
  std::string target;  // network:name; empty: none
  Instant published;
  std::vector<std::string> topics;  // as ResolvedAct::topics
  std::string source;               // path
  uint64_t record = 0;
  uint64_t record_hash = 0;
};

// One act of an account as the log has it, for questions about one person's habits: without names,
// and without whom it concerned, which the ledger says.
struct OwnAct {
  EventRow row = 0;
  uint64_t act = 0;     // EventId::low; shared by the events that one record states
  uint64_t object = 0;  // object_key of what was made or acted on; 0: none is named
  Instant published;    // unknown: the record has no time
  Instant withdrawn;    // when the account undid it; unknown: never
  uint32_t count = 1;
  TopicSetId topics = 0;
  Verb verb = Verb::kMention;
};

// Which acts a scan of uses hands out.
enum class UseScope : uint8_t {
  kOfSomething,  // those that have topics or an object
  kAll,
};

// An act with a known time as far as it uses topics or an object.
struct Use {
  EventRow row = 0;
  uint64_t object = 0;  // object_key; 0: none
  AccountId account = kNobody;
  Instant published;  // known
  Instant withdrawn;  // when the account undid it; unknown: never
  TopicSetId topics = 0;
  Verb verb = Verb::kPost;
};

// From what a ledger was derived. Equal stamps mean an equal ledger.
struct LedgerStamp {
  uint64_t generation = 0;    // of the log
  uint64_t credit_hash = 0;   // of the CreditPolicy
  uint64_t persons_hash = 0;  // of the PersonMap
  friend bool operator==(const LedgerStamp&, const LedgerStamp&) = default;
};

// A standing as kept with the ledger, for explanations; what of it a receiver passed on themselves
// is in rows beside it (PassedOn).
struct StandingRow {
  AccountId account;
  double mass;  // m of DESIGN 4.3, above 0
};

// ---- snapshots ----------------------------------------------------------------------------------

struct SnapshotInfo {
  uint32_t snapshot = 0;  // from 1
  Instant as_of;
  Instant computed;  // our clock
  uint64_t generation = 0;
  std::string method;
  std::string policy_name;
  std::string policy_hash;
  std::string policy_toml;
  uint32_t people = 0;  // with evidence
  uint32_t settled = 0;
  bool simulated = false;
};

// What became of a snapshot's forecasts of one length, over the people who had one and whom the
// ledger still knows.
struct SnapshotGrade {
  uint32_t snapshot = 0;    // whose
  uint32_t days = 0;        // one of kForecastDays
  Instant graded;           // our clock
  uint64_t generation = 0;  // of the log that they were held against
  double said = 0;          // how many movers were expected, summed over people
  uint64_t came = 0;        // how many came
  Calibration calibration;  // of the intervals
  RankingGrade forecast;    // how well the order by forecast did,
  RankingGrade score;       // and that by score
};

// ---- erasure ------------------------------------------------------------------------------------

// What an erasure takes out.
struct ErasureCounts {
  uint64_t accounts = 0;  // of the dictionary
  uint64_t events = 0;    // by them, towards them, and on what is theirs
  uint64_t objects = 0;   // references that nothing names any more
  uint64_t profiles = 0;
  uint64_t claims = 0;
  uint64_t rejects = 0;            // whose kept content named them; only the content goes
  uint64_t topics = 0;             // named like them
  uint64_t scores = 0;             // in snapshots
  std::vector<std::string> files;  // put aside by repairs, and removed since they may name them
};

class Store;

// The same store without some accounts, prepared beside the one in use. Nothing changes for
// anybody until it takes that one's place; destroyed before, nothing has happened.
class Erasure {
 public:
  virtual ~Erasure() = default;
  // Without them: log, dictionary, snapshots; the ledger is still to be made.
  virtual Store& store() = 0;
  // Replaces all that is kept of remainders; in the numbers of `numbering`, store()'s present one.
  virtual Result<void> keep(const Numbering& numbering, const Remainder& remainder) = 0;
  // Puts it in the place of the store in use, in one step that a crash cannot divide, with no byte
  // of what was taken out in any file of the folder. No other call may follow.
  // kBusy: the store is being read all the time; nothing has changed.
  virtual Result<ErasureCounts> take_place() = 0;
};

struct StoreOptions {
  unsigned threads = 2;
  uint64_t memory_bytes_max = 4ULL << 30;  // for the engine's own buffers
  uint32_t batch_events = 245'760;         // committed together; two of DuckDB's row groups
  bool keep_rejects = false;               // keep the content of rejected records too
};

class Store {
 public:
  virtual ~Store() = default;

  // Opens the store in `folder`, creating it if `create`.
  // kNotFound: no store there and not `create`. kBusy: another process writes it; the message names
  // it. kUnsupported: written by another version; the message names both. kCorrupt: the bytes are
  // damaged; the message names the file and what can be done. kIo: the system refused.
  static Result<std::unique_ptr<Store>> open(const std::string& folder, const StoreOptions& options,
                                             bool create);

  // Brings a store that `open` refuses as kCorrupt, for its write-ahead log, back to the longest
  // prefix of whole batches that can still be read. What could not be read is put aside, never
  // deleted. Returns a sentence on what was done and lost. Ingesting the sources again brings back
  // what was lost. kCorrupt: the database file itself is damaged; nothing was changed. Otherwise
  // errors as `open`.
  static Result<std::string> repair(const std::string& folder);

  // ---- writing the log
  virtual Result<std::unique_ptr<UnitWriter>> begin_unit() = 0;
  virtual Result<std::vector<SourceReport>> sources() = 0;
  // At most `limit`, oldest first.
  virtual Result<std::vector<RejectRow>> rejects(uint32_t unit, uint64_t limit) = 0;
  // What adapters claimed, each claim once, oldest first; without those of undone units.
  virtual Result<std::vector<ClaimRow>> claims() = 0;
  // Takes back all events of a unit. kNotFound: no such unit, or undone already.
  // Events that a later unit repeated are gone too, since they were counted as duplicates there;
  // ingesting that again brings them back.
  virtual Result<uint64_t> undo_unit(uint32_t unit) = 0;

  // ---- reading the log
  virtual Result<LogSummary> summary() = 0;
  // Numbers all accounts of the log. Cost: one pass over the accounts.
  virtual Result<std::shared_ptr<const Numbering>> number_accounts() = 0;
  // Hands out every act, in no promised order, in pieces; authors and withdrawals resolved.
  // `numbering` must be of the present generation (kInvalidArgument otherwise).
  virtual Result<void> scan_acts(
      const Numbering& numbering,
      const std::function<void(std::span<const ResolvedAct>)>& piece) = 0;
  // Hands out every act of these verbs that has a known time and is within `scope`, in no promised
  // order, in pieces. Cheaper than scan_acts: no author is looked up. `numbering` as there.
  virtual Result<void> scan_uses(const Numbering& numbering, std::span<const Verb> verbs,
                                 UseScope scope,
                                 const std::function<void(std::span<const Use>)>& piece) = 0;
  // Reshares that are the object of another reshare.
  virtual Result<std::vector<ReshareLink>> reshare_links(const Numbering& numbering) = 0;
  // Accounts that a profile marked so, ascending.
  virtual Result<std::vector<AccountId>> flagged(const Numbering& numbering, AccountFlag flag) = 0;
  // Who they are; unknown ids are left out. In the order of `ids`.
  virtual Result<std::vector<AccountEntry>> accounts(const Numbering& numbering,
                                                     std::span<const AccountId> ids) = 0;
  // Accounts whose name or display name contains `text`, case-insensitively; at most `limit`, exact
  // matches first, then by name. Ids are those of the ledger's numbering; kNobody where it does not
  // hold the account yet.
  virtual Result<std::vector<AccountEntry>> search_accounts(std::string_view text,
                                                            uint32_t limit) = 0;
  // In the order of `rows`; rows that are gone are left out.
  virtual Result<std::vector<Receipt>> receipts(std::span<const EventRow> rows) = 0;
  // Names of the topics of each set asked for, in the order asked.
  virtual Result<std::vector<std::vector<std::string>>> topic_sets(
      std::span<const TopicSetId> sets) = 0;
  // Every topic of the log once, with its number (from 1, not all in use), in no promised order.
  virtual Result<void> each_topic(
      const std::function<void(uint32_t number, std::string_view name)>& topic) = 0;
  // Every set with each of its topics by number, in no promised order.
  virtual Result<void> each_topic_of_sets(
      const std::function<void(TopicSetId set, uint32_t number)>& member) = 0;

  // ---- the ledger, derived
  virtual Result<std::optional<LedgerStamp>> ledger_stamp() = 0;
  // Replaces the ledger, its numbering and its summary. `entries` are settled (credit/ledger.h).
  virtual Result<void> replace_ledger(const LedgerStamp& stamp, const Numbering& numbering,
                                      std::span<const LedgerEntry> entries,
                                      const CreditSummary& summary) = 0;
  virtual Result<CreditSummary> credit_summary() = 0;
  // The numbering that the ledger speaks in.
  virtual Result<std::shared_ptr<const Numbering>> ledger_numbering() = 0;
  // The whole ledger in its order, in pieces.
  virtual Result<void> scan_ledger(
      const std::function<void(std::span<const LedgerEntry>)>& piece) = 0;
  // The entries that these accounts received, or gave, in ledger order. Cost: in the entries found.
  virtual Result<std::vector<LedgerEntry>> ledger_received(
      std::span<const AccountId> receivers) = 0;
  virtual Result<std::vector<LedgerEntry>> ledger_given(std::span<const AccountId> movers) = 0;
  // The account of the ledger's numbering, without loading all of it.
  virtual Result<std::optional<AccountEntry>> ledger_account(std::string_view network,
                                                             std::string_view name) = 0;
  // The accounts of the ledger's numbering that these `network:name` name, in their order; kNobody:
  // it holds none of that name. Cost: a statement for a thousand of them.
  virtual Result<std::vector<AccountId>> ledger_ids(std::span<const std::string> references) = 0;
  virtual Result<std::vector<std::string>> ledger_network_names() = 0;  // by NetworkId
  // The network of each, for `ids` ascending; kCorrupt: the ledger does not know one of them.
  virtual Result<std::vector<NetworkId>> ledger_networks(std::span<const AccountId> ids) = 0;
  virtual Result<std::optional<AccountEntry>> ledger_account_by_key(uint64_t account_key) = 0;
  virtual Result<std::vector<AccountEntry>> ledger_accounts(std::span<const AccountId> ids) = 0;

  // ---- the log, asked about people of the ledger
  // All that these accounts of the ledger's numbering did, posts included and undos left out, by
  // row. Cost: a pass over the log that looks at who acted.
  virtual Result<std::vector<OwnAct>> own_acts(std::span<const AccountId> accounts) = 0;
  // What each of these events acted on, object_key, in their order; 0: nothing was named, or the
  // row is gone. Cost: a few rows are looked up, for many a pass over the log between the first and
  // the last of them.
  virtual Result<std::vector<uint64_t>> objects_of(std::span<const EventRow> rows) = 0;

  // ---- snapshots
  // Adds a snapshot and makes it the newest; returns its number. `scores` are by PersonId of
  // `persons` over the ledger's numbering; a person is kept under the key of their first account.
  // `standings`: of accounts with mass above 0, ascending; `passed_on`: of the ledger's pairs, by
  // receiver, then mover. Only the newest snapshot's are kept, of both.
  virtual Result<uint32_t> publish(const SnapshotInfo& info, const Numbering& numbering,
                                   const PersonMap& persons, std::span<const PersonScore> scores,
                                   std::span<const StandingRow> standings,
                                   std::span<const PassedOn> passed_on) = 0;
  virtual Result<std::vector<SnapshotInfo>> snapshots() = 0;  // oldest first
  // The scores of one snapshot, ordered by person key. PersonScore::person is the AccountId of the
  // person's first account in the *ledger's* numbering; kNobody where that no longer holds them.
  virtual Result<std::vector<PersonScore>> scores(uint32_t snapshot) = 0;
  // One person by the key of their first account; empty: no evidence in that snapshot.
  // PersonScore::person is not set.
  virtual Result<std::optional<PersonScore>> score_of(uint32_t snapshot, uint64_t person_key) = 0;
  struct HistoryPoint {
    SnapshotInfo snapshot;  // without policy_toml
    double value, low, high;
    bool settled;
    std::array<CountForecast, kForecastDays.size()> forecast;  // size 0: none was made
  };
  virtual Result<std::vector<HistoryPoint>> history(uint64_t person_key) = 0;  // oldest as-of first
  // Keeps grades; one of the same snapshot and days is replaced.
  virtual Result<void> keep_grades(std::span<const SnapshotGrade> grades) = 0;
  virtual Result<std::vector<SnapshotGrade>> grades() = 0;  // by snapshot, then days
  // Of these accounts, those that have any, ascending; empty `accounts`: all there are.
  virtual Result<std::vector<StandingRow>> standings(std::span<const AccountId> accounts) = 0;
  // What these receivers passed on, by receiver, then mover; empty `receivers`: all there is.
  virtual Result<std::vector<PassedOn>> passed_on(std::span<const AccountId> receivers) = 0;

  // ---- erasure
  // Begins to take out these accounts (`network:name`). Until the Erasure is destroyed nobody else
  // can write. Cost: a copy of the store.
  virtual Result<std::unique_ptr<Erasure>> begin_erasure(
      const std::vector<std::string>& accounts) = 0;
  // Whether the dictionary holds the account, also one that only an undone unit spoke of.
  virtual Result<bool> knows(std::string_view network, std::string_view name) = 0;
  // All remainders, in the numbers of `numbering`; those of accounts it lacks are left out.
  virtual Result<Remainder> remainder(const Numbering& numbering) = 0;
  // Those that concern these accounts of the ledger, on either side, in its numbers.
  virtual Result<Remainder> ledger_remainder(std::span<const AccountId> accounts) = 0;

  // ---- upkeep
  // What is wrong with the stored bytes, a sentence each; empty: nothing. Reads everything.
  virtual Result<std::vector<std::string>> check() = 0;
};

}  // namespace bellwether

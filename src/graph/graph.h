// SPDX-License-Identifier: Apache-2.0
// The ledger as of one instant: who moved whom, decayed at any horizon, and who vouches for whom.
//
// Forward decay (Cormode et al., ICDE 2009) with the as-of instant as landmark: an entry of age `a`
// counts credit * 2^(-a/h). A snapshot is immutable and shared without locks. It is handed a scan
// of the ledger; it opens no file and reads no clock.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "credit/ledger.h"
#include "event/ids.h"
#include "graph/remainder.h"

namespace bellwether {

// A ledger entry packed to what folding needs, 24 bytes: ten million of them are 240 MB.
struct FoldEntry {
  AccountId receiver;
  AccountId mover;
  int64_t published_ms;
  uint64_t packed;  // credit << 24 | network << 8 | flags

  static constexpr uint64_t kPrompted = 1;
  static constexpr uint64_t kCourted = 2;

  Credit credit() const { return static_cast<Credit>(packed >> 24); }
  NetworkId network() const { return static_cast<NetworkId>(packed >> 8); }
  bool prompted() const { return (packed & kPrompted) != 0; }
  bool courted() const { return (packed & kCourted) != 0; }

  static FoldEntry from(const LedgerEntry& entry);
};
static_assert(sizeof(FoldEntry) == 24);

// One pair at one set of horizons. x: decayed credit; free: the same without courted acts.
struct MoverFold {
  PersonId mover;             // GraphSnapshot::is_erased() tells whether it is somebody erased
  uint32_t entries;           // acts behind it; 0: only a remainder
  int64_t first_ms, last_ms;  // published, of those acts
  double x[8];
  double free[8];  // free[h] <= x[h]
};

// Who vouches for whom: compressed rows by receiver. A vouch is pf(w,u; half-life)/K, for the first
// K accounts that w responded to unasked; only between accounts of one network.
struct VouchGraph {
  std::vector<uint64_t> row;       // by receiver, accounts + 1 entries
  std::vector<AccountId> voucher;  // ascending within a row
  std::vector<float> vouch;        // [0, 1/K]; 0 once all but faded

  // vouch of `from` for `to`; 0 where there is none. Cost: logarithmic in the row.
  double of(AccountId from, AccountId to) const;
  // Whether there is one.
  bool holds(AccountId from, AccountId to) const;

  // Vouches of accounts that were erased; nobody can be asked for theirs.
  struct Erased {
    AccountId receiver;
    float vouch;
    double teleport, mass_one;         // of the voucher
    std::vector<PassedToErased> from;  // of mass_one
  };
  std::vector<Erased> erased;
};

// What a fold that ends before an erasure makes of the remainder.
enum class FrozenAt : uint8_t {
  kKnown,  // what the acts had come to by then, as far as was kept: from a week before the erasure
  kCarried,  // all of it, as if it had been there: unfaded to that instant
};

struct VouchOptions {
  int vouches_max = 50;
  double half_life_days = 1826.25;
  bool courted = false;  // whether a response that an approach drew out vouches too
  unsigned threads = 1;
};

class GraphSnapshot {
 public:
  // Takes entries in ledger order, already restricted to those that count as of `as_of`; `persons`
  // says who is one, `account_network` by AccountId. Everything is moved in. At most 2^32 - 1
  // entries. `remainder` may hold rows of later erasures, or of nobody here: they are left out.
  // Cost: linear; memory besides the arguments: 8 bytes a pair, 12 an account.
  GraphSnapshot(std::vector<FoldEntry> entries, std::vector<NetworkId> account_network,
                PersonMap persons, Instant as_of, unsigned threads = 1, Remainder remainder = {});

  Instant as_of() const { return as_of_; }
  uint32_t accounts() const { return static_cast<uint32_t>(account_network_.size()); }
  const PersonMap& persons() const { return persons_; }
  NetworkId network_of(AccountId account) const { return account_network_[account]; }
  std::span<const FoldEntry> entries() const { return entries_; }
  // The entries one account received, by mover and time.
  std::span<const FoldEntry> received(AccountId account) const;
  // What a person received from others on all their accounts, movers being persons, by mover and
  // time. Uses `scratch` where the accounts have to be brought together; good until either changes.
  std::span<const FoldEntry> received_by(PersonId person, std::vector<FoldEntry>& scratch) const;
  // Those by which `mover` responded to `receiver`, by time; empty: none. Cost: logarithmic in the
  // number of accounts that `mover` responded to, and the entries between the two.
  std::span<const FoldEntry> responses(AccountId mover, AccountId receiver) const;
  // Whether there are any. Cost: logarithmic in the number of accounts that `mover` responded to.
  bool responded(AccountId mover, AccountId receiver) const;
  // The accounts of a person, ascending.
  std::span<const AccountId> accounts_of(PersonId person) const;

  // Folds all that `person` received into one row per mover, movers ascending; `half_life_ms` has
  // at most eight values. Entries published at or after `until` are left out and ages are counted
  // from it (so that the same snapshot serves an earlier instant); pass as_of() for the whole.
  // `out` is overwritten. Sums run in ledger order: same bits on every thread and every run.
  // The erased come last, each as one mover; remainders between people who remain are added in.
  void fold(PersonId person, std::span<const double> half_life_ms, Instant until,
            std::vector<MoverFold>& out, FrozenAt frozen = FrozenAt::kKnown) const;

  // When another person last responded to `person`; unknown: nobody ever did. Cost: linear in what
  // they received.
  Instant last_received(PersonId person) const;

  // The part of the remainder that is in force.
  const Remainder& remainder() const { return remainder_; }
  // A mover of a fold that stands for somebody erased: no account, no name.
  bool is_erased(PersonId mover) const { return mover != kNobody && mover >= persons_.persons; }
  // Their standing for the one person they are a mover of, [0, 1].
  double erased_standing(PersonId mover) const;
  // When acts that `person` had received were last erased; unknown: never. Cost: logarithmic.
  Instant last_frozen(PersonId person) const;

  // How `person` has dealt with `other`, who may be erased. Cost: logarithmic, and the entries
  // between the two.
  Dealings dealings(PersonId person, PersonId other) const;

  VouchGraph vouches(const VouchOptions& options) const;

 private:
  void fold_entries(std::span<const FoldEntry> entries, std::span<const double> half_life_ms,
                    int64_t until_ms, std::vector<MoverFold>& out) const;

  // The same pairs seen from the mover's side.
  struct Given {
    AccountId receiver;
    uint32_t first;  // of the entries between the two
  };
  void index_given(unsigned threads);
  void index_remainder();
  void add_frozen(PersonId person, std::span<const double> half_life_ms, Instant until,
                  FrozenAt frozen, std::vector<MoverFold>& out) const;
  std::span<const Given> given(AccountId mover) const;
  std::span<const FoldEntry> responses(AccountId mover, const Given& pair) const;
  const Given* find_given(AccountId mover, AccountId receiver) const;  // null: never responded

  // The rows between two accounts that remain, oldest erasure first.
  std::span<const FrozenPair> named(AccountId receiver, AccountId mover) const;
  // All rows of a receiver: by mover, the erased last.
  std::span<const FrozenPair> frozen(AccountId receiver) const;
  // Visits (mover, entries, rows) in ascending order of mover; entries or rows may be empty.
  template <typename Visit>
  void each_mover(AccountId receiver, Visit&& visit) const;
  // Somebody erased, as a mover of one person: rows of one token.
  struct ErasedMover {
    PersonId receiver;
    std::vector<uint32_t> rows;
  };

  std::vector<FoldEntry> entries_;
  std::vector<uint64_t> row_;        // by receiver, accounts + 1
  std::vector<Given> given_;         // by mover, then receiver
  std::vector<uint32_t> given_row_;  // by mover, accounts + 1
  std::vector<NetworkId> account_network_;
  PersonMap persons_;
  std::vector<uint32_t> person_row_;  // by person, persons + 1; empty if one to one
  std::vector<AccountId> person_accounts_;
  Instant as_of_;
  Remainder remainder_;              // pairs by receiver, mover, token, erasure
  std::vector<ErasedMover> erased_;  // by receiver; the i-th is mover `persons + i`
  std::vector<uint32_t> spent_;      // vouches that are used up, by account; empty: none
};

// Calls `visit` with each run of entries of one mover; `entries` by mover.
template <typename Visit>
void for_each_pair(std::span<const FoldEntry> entries, Visit&& visit) {
  for (size_t begin = 0; begin < entries.size();) {
    size_t end = begin + 1;
    while (end < entries.size() && entries[end].mover == entries[begin].mover) ++end;
    visit(entries.subspan(begin, end - begin));
    begin = end;
  }
}

// How many different movers `received` names within [from, end); by mover and time, as
// GraphSnapshot::received_by gives it.
uint32_t movers_within(std::span<const FoldEntry> received, Instant from, Instant end);

// The same persons, numbered by the smallest of those of their accounts that `entries` name, and
// those that they do not name behind them. People are added up in the order of their numbers; so a
// part of a ledger gives the same bits whatever other accounts its people have elsewhere.
// Cost: linear in entries and accounts.
PersonMap numbered_within(const PersonMap& persons, std::span<const FoldEntry> entries);

// 1 - exp(-x): how likely it is that a mover with decayed credit `x` was moved lately, [0, 1).
double moved_probability(double x);

}  // namespace bellwether

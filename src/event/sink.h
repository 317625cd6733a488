// SPDX-License-Identifier: Apache-2.0
// Where adapters put what they read: events, profiles, claims, rejects, and counts of what they
// left.
//
// Declared here so that ingest/ need not know store/. A sink is used by one thread at a time.
#pragma once
#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "event/event.h"

namespace bellwether {

// Input that could not be mapped, kept with its reason.
struct Reject {
  uint64_t record = 0;       // number of the record in its source, from 1; 0: the source as a whole
  uint64_t record_hash = 0;  // hash64 of the record's bytes
  std::string_view reason;   // one short sentence without the record's content, so that equal
                             // reasons can be counted: "time is not an instant"
  std::string_view content;  // the record; kept only if the operator asked to
};

// What a kind of account is, where the network says so. Persisted; do not renumber.
enum class AccountKind : uint8_t { kUnknown = 0, kPerson = 1, kOrganisation = 2, kBot = 3 };

// What a network says of an account, apart from its acts. The newest one wins.
struct AccountProfile {
  AccountRef account;
  std::string_view display_name;  // empty: unknown
  std::string_view url;           // where a person can look at the account; empty: unknown
  AccountKind kind = AccountKind::kUnknown;
  bool indexable = true;  // false: the account asked not to be indexed; honoured in public
  bool minor = false;     // known to be under 16: never scored
  bool owner = false;     // the archive being read is theirs: whoever reads it into a
                          // workspace vouches for them (they join the teleport set)
};

// Evidence that two accounts are one person. Adapters propose, people/ decides.
struct IdentityClaim {
  AccountRef account;
  AccountRef same_as;
  std::string_view evidence;  // "rel=me link on the profile", "same verified address"
};

class EventSink {
 public:
  virtual ~EventSink() = default;

  // Takes one event; copies what it keeps. A duplicate is counted and is no error.
  // kInvalidArgument: problem_with(event) is not empty: the adapter should have rejected it.
  // kIo, kLimit: the log cannot take more; stop reading and pass the error on.
  virtual Result<void> event(const InteractionEvent& event) = 0;

  // Counts and keeps one reject. Errors as above.
  virtual Result<void> reject(const Reject& reject) = 0;

  virtual Result<void> profile(const AccountProfile& profile) = 0;
  virtual Result<void> claim(const IdentityClaim& claim) = 0;

  // A record that was understood and states nothing for us: counted by kind ("WatchEvent/deleted"),
  // never dropped in silence.
  virtual void left_alone(std::string_view kind, uint64_t records) = 0;
};

}  // namespace bellwether

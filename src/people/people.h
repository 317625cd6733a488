// SPDX-License-Identifier: Apache-2.0
// The registry: which accounts are one person, who may be shown, who is to be forgotten.
//
// Kept in SQLite (registry.sqlite, docs/formats/workspace.md), apart from the event log: it is
// small, changed one row at a time, and every change is durable when the call returns. Accounts are
// named by `network:name`. A person is named by their first account; one without links is their
// account.
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"
#include "event/ids.h"

namespace bellwether {

// Who may see a person. Persisted; do not renumber.
enum class Consent : uint8_t {
  kPrivate = 0,  // the operator only; the default of everybody
  kListed = 1,   // asked to be shown
  kErased = 2,   // to be forgotten; only a salted hash remains
};
std::string_view to_string(Consent consent);
std::optional<Consent> parse_consent(std::string_view name);

// Who was erased, as far as salted hashes can tell: it answers questions about words, and cannot
// be asked for any. Immutable; safe to share between threads.
class Erased {
 public:
  Erased() = default;
  // `salt` and `hashes` as the registry keeps them.
  Erased(std::string salt, std::vector<std::string> hashes);

  bool empty() const { return hashes_.empty(); }
  // An account of somebody erased.
  bool account(std::string_view network, std::string_view name) const;
  // The same by any word that a person is named by: network:name, a bare name, the id in
  // hexadecimal digits.
  bool named(std::string_view word) const;
  // Whether the text holds a name of theirs as a whole word. Names of fewer than three bytes and
  // numbers are passed over: they mean too many other things. Cost: a hash for each run of up to
  // five words.
  bool mentioned_in(std::string_view text) const;
  // The same, and true too where that cannot be told.
  bool maybe_mentioned_in(std::string_view text) const;

  // The words under which `accounts` are to be found again, as named() and the others ask for them.
  static std::vector<std::string> words(const std::vector<std::string>& accounts);
  // The hash of one of these words, 32 hexadecimal digits.
  static std::string hash(std::string_view salt, std::string_view word);

 private:
  bool holds(std::string_view kind, std::string_view word) const;
  std::string salt_;
  std::vector<std::string> hashes_;  // sorted
};

// What an erasure took out of the registry.
struct ForgottenCounts {
  uint64_t links = 0;
  uint64_t consents = 0;
  uint64_t teleport = 0;  // memberships in automatic teleport sets
  uint64_t hidden_topics = 0;
};

// Stands in an automatic teleport set of which nobody is left, so that none is chosen anew.
inline constexpr std::string_view kNobodyLeft = "nobody:left";

struct Link {
  std::string account;  // network:name
  std::string person;   // the first account of the person; links() leaves out person == account
};

// A topic that a person does not want to be named with.
struct HiddenTopic {
  std::string person;  // their first account
  std::string topic;   // normalised
};

class Registry {
 public:
  // Opens registry.sqlite in `folder`, creating it if it is not there and upgrading one of
  // format 2 or 3. Reads all of it: every change leaves a hash of the whole content, which is held
  // against it here. kUnsupported: written by another version; kCorrupt: not a registry, or its
  // bytes are not what was written; kIo: the system refused.
  static Result<std::unique_ptr<Registry>> open(const std::string& folder);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Makes the persons of both accounts one, named by the person of `first`. Linking twice is no
  // error. kInvalidArgument: not network:name, or the two differ in consent (ask before showing
  // both).
  Result<void> link(std::string_view first, std::string_view other);
  // Each pair of `network:name` so, all of them or, on an error, none. What is written is sealed as
  // a whole, so that this costs about as much as one link.
  Result<void> link_all(const std::vector<std::pair<std::string, std::string>>& pairs);
  // Makes the account a person of its own again. Its former person keeps name and consent; if it
  // was the first account, the person is named by the next one. kNotFound: it is linked to nobody.
  Result<void> unlink(std::string_view account);
  Result<std::vector<Link>> links();
  // Every account of the person that `account` belongs to, the first one first; at least itself.
  Result<std::vector<std::string>> accounts_of(std::string_view account);

  // Of the person that the account belongs to; kErased of those that were.
  Result<Consent> consent(std::string_view account);
  // kListed or kPrivate. kInvalidArgument: kErased (call erase), or not network:name.
  Result<void> set_consent(std::string_view account, Consent consent);
  // The first accounts of all listed persons, sorted.
  Result<std::vector<std::string>> listed();

  // Topics that the person of this account is not to be shown with; they stay hidden whatever is
  // scored or read again, and go with the person. `topic` is normalised (normalise_topic), of at
  // most kTopicBytesMax bytes. Hiding twice is no error. kInvalidArgument: not network:name, not a
  // topic, or they were erased.
  Result<void> hide_topic(std::string_view account, std::string_view topic);
  // kNotFound: it is not hidden.
  Result<void> restore_topic(std::string_view account, std::string_view topic);
  // Of the person of this account, sorted.
  Result<std::vector<std::string>> hidden_topics(std::string_view account);
  // Of everybody, by person, then topic.
  Result<std::vector<HiddenTopic>> hidden_topics();

  // The teleport set of a network once chosen, sorted; empty: not chosen yet.
  Result<std::vector<std::string>> teleport_set(std::string_view network);
  Result<void> set_teleport_set(std::string_view network, const std::vector<std::string>& accounts);

  // Who was erased so far.
  Result<Erased> erased();
  // Remembers by salted hashes that these accounts must not come back. Durable when it returns; the
  // erasure is unfinished until forget() has ended.
  Result<void> bury(const std::vector<std::string>& accounts);
  // True: the account was buried, and no forget() has followed; it is to be erased again.
  Result<bool> unfinished(std::string_view account);
  // Takes everything about these accounts out of the file, and out of its bytes.
  Result<ForgottenCounts> forget(const std::vector<std::string>& accounts);

  // What is wrong with the file, a sentence each; empty: nothing.
  Result<std::vector<std::string>> check();

 private:
  struct Impl;
  explicit Registry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Which accounts of a scan are one person. `accounts[i]` is the `network:name` of link i's account
// in that scan, kNobody where the scan does not hold it; `left_out` are accounts that must not be
// scored.
struct LinkedAccount {
  AccountId account;
  AccountId person;  // any other account of the same person
};
PersonMap make_person_map(uint32_t accounts, const std::vector<LinkedAccount>& links,
                          const std::vector<AccountId>& left_out);

// Over everything a PersonMap says; equal maps, equal hashes. Never 0.
uint64_t hash_of(const PersonMap& map);

}  // namespace bellwether

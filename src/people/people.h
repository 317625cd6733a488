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

struct Link {
  std::string account;  // network:name
  std::string person;   // the first account of the person; links() leaves out person == account
};

class Registry {
 public:
  // Opens registry.sqlite in `folder`, creating it if it is not there.
  // Reads all of it: every change leaves a hash of the whole content, which is held against it here.
  // kUnsupported: written by another version; kCorrupt: not a registry, or its bytes are not what
  // was written; kIo: the system refused.
  static Result<std::unique_ptr<Registry>> open(const std::string& folder);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // Makes the persons of both accounts one, named by the person of `first`. Linking twice is no
  // error. kInvalidArgument: not network:name, or the two differ in consent (ask before showing
  // both).
  Result<void> link(std::string_view first, std::string_view other);
  // Makes the account a person of its own again. Its former person keeps name and consent; if it
  // was the first account, the person is named by the next one. kNotFound: it is linked to nobody.
  Result<void> unlink(std::string_view account);
  Result<std::vector<Link>> links();
  // Every account of the person that `account` belongs to, the first one first; at least itself.
  Result<std::vector<std::string>> accounts_of(std::string_view account);

  // Of the person that the account belongs to.
  Result<Consent> consent(std::string_view account);
  // kListed or kPrivate. kInvalidArgument: kErased (call erase), or not network:name.
  Result<void> set_consent(std::string_view account, Consent consent);
  // The first accounts of all listed persons, sorted.
  Result<std::vector<std::string>> listed();

  // The teleport set of a network once chosen, sorted; empty: not chosen yet.
  Result<std::vector<std::string>> teleport_set(std::string_view network);
  Result<void> set_teleport_set(std::string_view network, const std::vector<std::string>& accounts);

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

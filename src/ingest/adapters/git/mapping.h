// SPDX-License-Identifier: Apache-2.0
// Maps commits to events and profiles; pure. README.md has the tables.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/adapters/git/commit.h"
#include "ingest/adapters/git/mailmap.h"
#include "ingest/left_alone.h"

namespace bellwether {

// What the remote's address or the folder says a repository is called: "potters/kiln" for
// "https://example.org/potters/kiln.git", else the folder's own name; empty where that says
// nothing.
std::string repository_topic(std::string_view remote, std::string_view folder);

class GitMapper {
 public:
  // `topic` as repository_topic gives it. `sink` and `left_alone` are borrowed.
  GitMapper(Mailmap mailmap, std::string_view topic, EventSink& sink, LeftAloneCounts& left_alone);

  // Gives what one commit states, parents before their children as far as they are there.
  Result<void> commit(const GitObjectReader::Object& object);
  // Gives the profiles; call it last, also where the commits broke off.
  Result<void> finish();

 private:
  using Account = uint32_t;  // in accounts_

  // Who made a commit; for reverts. About 30 bytes a commit.
  struct Makers {
    Account author;
    Account committer;
  };
  struct Known {
    std::string name;  // the address
    std::string display_name;
    bool told_by_itself = false;  // its display name is its own, not another's spelling of it
  };

  // The account of an ident or of a trailer's value; false where there is none.
  bool account_of(std::string_view name, std::string_view address, bool by_itself,
                  Account& account);
  bool account_in(std::string_view value, Account& account);

  Result<void> trailer(const GitTrailer& trailer);
  Result<void> review(Account by);
  Result<void> name_person(Account whom);
  Result<void> co_author(Account by);
  Result<void> merge();
  Result<void> revert(std::string_view hash);
  Result<void> reapply(std::string_view hash);

  void begin(Verb verb, Account by, Instant published);
  Result<void> give(std::string_view native_id, std::string_view object);
  AccountRef reference(Account account) const;

  const Mailmap mailmap_;
  const std::string topic_;
  EventSink& sink_;
  LeftAloneCounts& left_alone_;
  std::deque<Known> accounts_;
  boost::unordered_flat_map<std::string, Account> numbers_;
  boost::unordered_flat_map<uint64_t, Makers> makers_;  // by the first 16 digits of the hash
  boost::unordered_flat_map<uint64_t, std::vector<std::string>> reverts_;  // what each one reverts

  // Of the present commit:
  GitCommit commit_;
  std::string reference_;  // "git:" and its hash
  Makers by_{};
  Provenance provenance_;
  std::vector<Account> reviewers_;
  std::vector<Account> named_;
  std::vector<Account> co_authors_;
  InteractionEvent event_;
};

}  // namespace bellwether

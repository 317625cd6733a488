// SPDX-License-Identifier: Apache-2.0
// Maps tweets, likes and follows to what they state. Pure; README.md has the table.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/acts.h"
#include "ingest/json.h"

namespace bellwether {

// Whose archive it is. Either may be empty, not both.
struct XOwner {
  std::string id;           // digits
  std::string screen_name;  // as its owner writes it, without '@'
  std::string display_name() const { return screen_name.empty() ? "" : "@" + screen_name; }
  std::string address() const;  // where a person can look at the account; empty: unknown
};

// What --account names: a number, a screen name with or without '@', either with "x:" before it.
// kInvalidArgument: it is none of these; the message says so.
Result<XOwner> parse_owner(std::string_view account);

// The owner as account.js has it: the element or its member `account`. Empty: it names nobody.
std::optional<XOwner> owner_of(const JsonElement& element);

// The age in ageinfo.js, in years; empty: none is given.
std::optional<uint64_t> age_of(const JsonElement& element);

// Completes `owner`, of whom only the number or only the screen name is known, from a tweet that
// has both: an answer to themselves, or their own mention. True: both are known now.
bool learn_owner(const JsonElement& element, XOwner& owner);

// The name of an account: its number, or "@name" in lower case where that is all there is.
std::string account_name(std::string_view id, std::string_view screen_name);

// Fills `acts`, which has begun the record that the element was parsed from. What is put there
// lives as long as the element, the mapper and `acts`.
class XMapper {
 public:
  // Without an owner, every tweet must name its user.
  explicit XMapper(std::optional<XOwner> owner);

  // A tweet of an archive, or a status of API v1.1.
  void map_tweet(const JsonElement& element, RecordActs& acts) const;
  void map_like(const JsonElement& element, RecordActs& acts) const;
  void map_following(const JsonElement& element, RecordActs& acts) const;
  void map_follower(const JsonElement& element, RecordActs& acts) const;

  const std::optional<XOwner>& owner() const { return owner_; }
  AccountRef owner_account() const { return {kNetwork, owner_name_}; }

  static constexpr std::string_view kNetwork = "x";

 private:
  AccountRef account(std::string_view id, std::string_view screen_name, RecordActs& acts) const;
  AccountRef user(const JsonElement& user, RecordActs& acts) const;

  std::optional<XOwner> owner_;
  std::string owner_name_;
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "workspace/persons.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace bellwether {

AccountRef split_reference(std::string_view reference) {
  const size_t colon = reference.find(':');
  if (colon == std::string_view::npos) return {{}, reference};
  return {reference.substr(0, colon), reference.substr(colon + 1)};
}

AccountId find_account(const Numbering& numbering, std::string_view reference) {
  const AccountRef account = split_reference(reference);
  return numbering.find(account.network, account.name);
}

Result<PersonMap> person_map(Registry& registry, Store& store, const Numbering& numbering) {
  BW_ASSIGN(const auto links, registry.links());
  // Two accounts may be linked through a third one that this log does not hold.
  std::vector<LinkedAccount> linked;
  std::string person;
  AccountId first = kNobody;
  for (const Link& link : links) {
    if (link.person != person) {
      person = link.person;
      first = find_account(numbering, person);
    }
    const AccountId account = find_account(numbering, link.account);
    if (account == kNobody) continue;
    if (first == kNobody) {
      first = account;
    } else {
      linked.push_back({account, first});
    }
  }
  BW_ASSIGN(const auto left_out, store.flagged(numbering, AccountFlag::kMinor));
  return make_person_map(numbering.accounts(), linked, left_out);
}

std::vector<AccountId> first_accounts(const PersonMap& persons) {
  std::vector<AccountId> first(persons.persons, kNobody);
  for (size_t account = 0; account < persons.person_of.size(); ++account) {
    const PersonId person = persons.person_of[account];
    if (person != kNobody && first[person] == kNobody) {
      first[person] = static_cast<AccountId>(account);
    }
  }
  return first;
}

Result<NetworkId> find_network(const Numbering& numbering, std::string_view name) {
  const auto& networks = numbering.networks;
  const auto found = std::find(networks.begin(), networks.end(), name);
  if (found == networks.end()) {
    return Error{ErrorCode::kNotFound, fmt::format("no act is of the network '{}'", name)};
  }
  return static_cast<NetworkId>(found - networks.begin());
}

std::string person_id(uint64_t account_key) {
  return to_hex(Hash128{account_key, 0}).substr(0, 16);
}

std::optional<uint64_t> parse_person_id(std::string_view text) {
  if (text.size() != 16) return std::nullopt;
  uint64_t key = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return key;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Carries what the registry says over to the accounts of one scan.
#pragma once
#include "workspace/workspace.h"

namespace bellwether {

// The PersonMap of a numbering: links from the registry; minors left out.
Result<PersonMap> person_map(Registry& registry, Store& store, const Numbering& numbering);

// By PersonId, the smallest account of each, which is the one they are named by; kNobody: none of
// theirs is there.
std::vector<AccountId> first_accounts(const PersonMap& persons);

// Splits `network:name`; empty network where there is no colon.
AccountRef split_reference(std::string_view reference);

// The account that a reference names in a numbering; kNobody: it holds none of that name.
AccountId find_account(const Numbering& numbering, std::string_view reference);

// kNotFound: no act is of a network of that name.
Result<NetworkId> find_network(const Numbering& numbering, std::string_view name);

// 16 hexadecimal digits of an account key: the id by which a person is named outside.
std::string person_id(uint64_t account_key);
std::optional<uint64_t> parse_person_id(std::string_view text);

}  // namespace bellwether

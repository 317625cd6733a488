// SPDX-License-Identifier: Apache-2.0
// What account, and on what network, an actor's reference means.
//
//   mastodon:@ana@tern.example          network mastodon, @ana@tern.example (the neutral form)
//   acct:ana@tern.example               @ana@tern.example
//   https://tern.example/users/ana      @ana@tern.example
//   https://tern.example/@ana           @ana@tern.example
//   https://tern.example/@bo@wren.example   @bo@wren.example
//   anything else                       as it stands
//
// Hosts become lower case; names keep their spelling.
#pragma once
#include <string_view>

#include "event/event.h"
#include "ingest/arena.h"

namespace bellwether {

// `network` is for references that name none. Borrows from `reference` and `network`, or makes the
// name in `arena`. Empty for an empty reference.
AccountRef account_of(std::string_view reference, std::string_view network, TextArena& arena);

// As above where the reference can only mean an account ("acct:...", a profile's address); else
// empty. `network:name` might as well be an object.
AccountRef account_if_sure(std::string_view reference, std::string_view network, TextArena& arena);

// Whose object lies at an address: that of https://tern.example/users/ana/statuses/7 or
// https://tern.example/@ana/7. Empty where the address does not say.
AccountRef author_of_address(std::string_view address, std::string_view network, TextArena& arena);

}  // namespace bellwether

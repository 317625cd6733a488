// SPDX-License-Identifier: Apache-2.0
#include "store/store.h"

#include <algorithm>

#include "base/hash.h"

namespace bellwether {

AccountId Numbering::find(std::string_view network, std::string_view name) const {
  std::string ref(network);
  ref += ':';
  ref += name;
  const uint64_t key = hash64(ref);
  for (auto at = std::lower_bound(account_key.begin(), account_key.end(), key);
       at != account_key.end() && *at == key; ++at) {
    const auto id = static_cast<AccountId>(at - account_key.begin());
    if (networks[account_network[id]] == network) return id;
  }
  return kNobody;
}

}  // namespace bellwether

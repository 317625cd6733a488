// SPDX-License-Identifier: Apache-2.0
// The slow proof beside settle(): judges each entry by looking at all others.
#pragma once
#include <span>
#include <vector>

#include "credit/ledger.h"

namespace bellwether {

// For each of `entries`, in the order given, whether its receiver had acted towards its mover on
// its network in [published - courting, published). Cost: quadratic.
std::vector<bool> check_prompted(std::span<const LedgerEntry> entries, const CreditPolicy& policy,
                                 const PersonMap& persons);

}  // namespace bellwether

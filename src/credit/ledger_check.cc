// SPDX-License-Identifier: Apache-2.0
#include "credit/ledger_check.h"

#include <algorithm>

namespace bellwether {

std::vector<bool> check_prompted(std::span<const LedgerEntry> entries, const CreditPolicy& policy,
                                 const PersonMap& persons) {
  std::vector<bool> prompted;
  for (const LedgerEntry& answer : entries) {
    prompted.push_back(
        std::any_of(entries.begin(), entries.end(), [&](const LedgerEntry& approach) {
          return persons.person_of[approach.mover] == persons.person_of[answer.receiver] &&
                 persons.person_of[approach.receiver] == persons.person_of[answer.mover] &&
                 persons.person_of[answer.mover] != kNobody &&
                 persons.person_of[answer.receiver] != kNobody &&
                 approach.network == answer.network &&
                 approach.published.ms < answer.published.ms &&
                 approach.published.ms >= answer.published.ms - policy.courting_ms;
        }));
  }
  return prompted;
}

}  // namespace bellwether

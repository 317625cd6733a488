// SPDX-License-Identifier: Apache-2.0
#include "score/standing_check.h"

#include <algorithm>

namespace bellwether {
namespace {

std::vector<double> times(const VouchMatrix& vouches, const std::vector<double>& mass) {
  std::vector<double> passed(vouches.accounts(), 0);
  for (AccountId from = 0; from < vouches.accounts(); ++from) {
    for (AccountId to = 0; to < vouches.accounts(); ++to) {
      passed[to] += mass[from] * vouches.at(from, to);
    }
  }
  return passed;
}

std::vector<double> teleport_vector(uint32_t accounts, std::span<const AccountId> teleport_set) {
  std::vector<double> teleport(accounts, 0);
  for (const AccountId account : teleport_set) teleport[account] = 1;
  return teleport;
}

}  // namespace

std::vector<double> check_mass(const VouchMatrix& vouches, std::span<const AccountId> teleport_set,
                               double damping, int steps) {
  // Summed term by term, as the formula is written, not nested as it is computed.
  std::vector<double> term = teleport_vector(vouches.accounts(), teleport_set);
  std::vector<double> mass = term;
  for (int step = 0; step < steps; ++step) {
    term = times(vouches, term);
    for (double& t : term) t *= damping;
    for (size_t a = 0; a < mass.size(); ++a) mass[a] += term[a];
  }
  return mass;
}

double check_standing(const VouchMatrix& vouches, std::span<const AccountId> teleport_set,
                      const Policy& policy, std::span<const AccountId> mover,
                      std::span<const AccountId> receiver) {
  VouchMatrix without = vouches;
  for (const AccountId own : receiver) {
    for (AccountId to = 0; to < vouches.accounts(); ++to) without.at(own, to) = 0;
  }
  const VouchMatrix& first_step = policy.method < 4 ? vouches : without;
  std::vector<double> mass =
      times(without, check_mass(first_step, teleport_set, policy.damping, 1));
  const std::vector<double> teleport = teleport_vector(vouches.accounts(), teleport_set);
  double best = 0;
  for (const AccountId account : mover) {
    best = std::max(best, teleport[account] + policy.damping * mass[account]);
  }
  return std::min(1.0, best * policy.vouches_max / policy.damping);
}

}  // namespace bellwether

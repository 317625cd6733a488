// SPDX-License-Identifier: Apache-2.0
// The slow proof beside Standing: whole matrices, and the receiver taken out of the community
// rather than its part subtracted.
#pragma once
#include <span>
#include <vector>

#include "event/ids.h"
#include "score/policy.h"

namespace bellwether {

// A dense square matrix by (voucher, receiver).
class VouchMatrix {
 public:
  explicit VouchMatrix(uint32_t accounts)
      : accounts_(accounts), cell_(size_t{accounts} * accounts) {}
  double& at(AccountId from, AccountId to) { return cell_[size_t{from} * accounts_ + to]; }
  double at(AccountId from, AccountId to) const { return cell_[size_t{from} * accounts_ + to]; }
  uint32_t accounts() const { return accounts_; }

 private:
  uint32_t accounts_;
  std::vector<double> cell_;
};

// T + b P'T + (b P')^2 T, by matrix products: `steps` of them (1 gives m1, 2 gives m).
std::vector<double> check_mass(const VouchMatrix& vouches, std::span<const AccountId> teleport_set,
                               double damping, int steps);

// s_v(u) of DESIGN 4.3, in a community where none of v's accounts vouches. Before method 4 only the
// last step was taken in that community.
double check_standing(const VouchMatrix& vouches, std::span<const AccountId> teleport_set,
                      const Policy& policy, std::span<const AccountId> mover,
                      std::span<const AccountId> receiver);

}  // namespace bellwether

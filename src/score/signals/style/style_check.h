// SPDX-License-Identifier: Apache-2.0
// The slow proof beside style: every axis at every Monday anew from all acts.
#pragma once
#include <span>
#include <vector>

#include "score/signals/style/style.h"

namespace bellwether {

// One Monday: the values of the axes, and the cell after the band.
struct CheckedStyle {
  Instant as_of;
  std::array<double, kStyleAxes> value;
  std::string_view cell;
};
// From the Monday on at which there are kStyleActsMin acts. Cost: acts times weeks.
std::vector<CheckedStyle> check_style(std::span<const StyleAct> acts, Instant as_of);

}  // namespace bellwether

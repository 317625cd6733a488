// SPDX-License-Identifier: Apache-2.0
// Pictures, as SVG that stands alone: no script, no font or file from elsewhere, light and dark.
#pragma once
#include <string>

#include "workspace/recipes/backtest.h"

namespace bellwether {

// Two panels: how well each measure told whom people would respond to, and where what came fell
// within what was forecast. Every bar says its figure, so that nothing is told by colour alone.
// No names of people.
std::string to_svg(const BacktestResult& result);

}  // namespace bellwether

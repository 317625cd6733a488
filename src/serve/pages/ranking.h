// SPDX-License-Identifier: Apache-2.0
// The ranking's page, from an answer to HTML: a pure function, so that a test can show it any
// answer.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "serve/pages/html.h"
#include "workspace/query/query.h"

namespace bellwether {

struct RankingPage {
  Ranking ranking;  // the settled of this part, then the provisional where the settled end
  Viewer viewer = Viewer::kPublic;
  std::string search, topic, network;  // as asked; empty: not asked
  uint32_t offset = 0;
  uint32_t limit = 50;
};

// The page borrows from `asked`.
Page to_page(const RankingPage& asked);

}  // namespace bellwether

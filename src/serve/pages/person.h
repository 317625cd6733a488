// SPDX-License-Identifier: Apache-2.0
// One person's page, from an explanation to HTML: a pure function, so that a test can show it any.
#pragma once
#include <cstdint>

#include "serve/pages/html.h"
#include "workspace/query/query.h"

namespace bellwether {

// `limit`: as asked for, 0 for all. The page borrows from `explanation`.
Page to_page(const PersonExplanation& explanation, uint32_t limit, Viewer viewer);

}  // namespace bellwether

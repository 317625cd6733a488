// SPDX-License-Identifier: Apache-2.0
// A plan on one page, to be handed to the person who asks "why these people?".
//
// It says what is expected, why not the highest scores, how near the best the group is, and for
// each person what they add, how sure we are, receipts, when and where to meet them; and what it
// does not say. Nothing here decides who may be shown: an answer holds only what its viewer may
// see.
#pragma once
#include <string>

#include "workspace/query/plan.h"

namespace bellwether {

// Names are escaped, so that they cannot be read as markup. Only people's own links to receipts
// stand in it.
std::string to_markdown(const PlanAnswer& answer);
// One file: no script, nothing that is fetched. For the screen and for A4.
std::string to_html(const PlanAnswer& answer);

}  // namespace bellwether

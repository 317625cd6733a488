// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <string_view>

namespace bellwether {

// text with &, <, >, " and ' as entities: good in HTML text and in quoted attributes.
std::string escape_html(std::string_view text);

}  // namespace bellwether

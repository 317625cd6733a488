// SPDX-License-Identifier: Apache-2.0
// The first line is a target, the rest stands for field values. Whatever is accepted holds no
// control character, and a path that is written again reads back the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/html.h"
#include "serve/http.h"

namespace {

void check(const std::string& text) {
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bellwether;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const size_t end = std::min(bytes.find('\n'), bytes.size());
  const std::string_view rest = bytes.substr(std::min(end + 1, bytes.size()));
  if (const auto target = parse_target(bytes.substr(0, end))) {
    std::string again;
    for (const std::string& part : target->path) {
      check(part);
      again += "/" + percent_encode(part);
    }
    for (const auto& [name, value] : target->query) {
      check(name);
      check(value);
    }
    const auto read = parse_target(again);
    if (!read || read->path != target->path) std::abort();
  }
  const double weight = accepted_weight(rest, "text/csv");
  if (!(weight >= 0 && weight <= 1)) std::abort();
  if (is_own_host(rest, "192.0.2.1", {}) && host_name(rest).empty()) std::abort();
  if (cookie(rest, "bellwether_1").find(';') != std::string_view::npos) std::abort();
  for (const char c : escape_html(rest)) {
    if (c == '<' || c == '>' || c == '"' || c == '\'') std::abort();
  }
  return 0;
}

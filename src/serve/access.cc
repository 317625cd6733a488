// SPDX-License-Identifier: Apache-2.0
#include "serve/access.h"

#include <fmt/format.h>
#include <sodium.h>

#include <array>
#include <utility>

namespace bellwether {
namespace {

using Digest = std::array<unsigned char, crypto_generichash_BYTES>;

// Under a key of its own, so that the digest that is compared and the one that is handed out as a
// cookie have nothing to do with each other.
Digest digest(std::string_view text, std::string_view purpose) {
  Digest out{};
  crypto_generichash_state state;
  crypto_generichash_init(&state, reinterpret_cast<const unsigned char*>(purpose.data()),
                          purpose.size(), out.size());
  crypto_generichash_update(&state, reinterpret_cast<const unsigned char*>(text.data()),
                            text.size());
  crypto_generichash_final(&state, out.data(), out.size());
  return out;
}

// Of equal length whatever comes in, hence compared in equal time.
bool equal(std::string_view a, std::string_view b) {
  constexpr std::string_view kPurpose = "bellwether compare";
  const Digest x = digest(a, kPurpose);
  const Digest y = digest(b, kPurpose);
  return sodium_memcmp(x.data(), y.data(), x.size()) == 0;
}

}  // namespace

Access::Access(std::string token, uint16_t port)
    : token_(std::move(token)), cookie_name_(fmt::format("bellwether_{}", port)) {
  if (token_.empty()) return;
  for (const unsigned char byte : digest(token_, "bellwether cookie")) {
    cookie_value_ += fmt::format("{:02x}", byte);
  }
}

bool Access::is_token(std::string_view text) const { return has_operator() && equal(text, token_); }

Access::Shown Access::shown(const HttpRequest& request) const {
  if (const std::string_view field = request.field("Authorization"); !field.empty()) {
    constexpr std::string_view kBearer = "bearer ";
    std::string scheme(field.substr(0, kBearer.size()));
    for (char& c : scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    if (scheme != kBearer || !is_token(field.substr(kBearer.size()))) return Shown::kWrong;
    return Shown::kOperator;
  }
  // A cookie from an earlier run is no mistake of the reader's.
  const std::string_view value = cookie(request.field("Cookie"), cookie_name_);
  if (has_operator() && !value.empty() && equal(value, cookie_value_)) return Shown::kOperator;
  return Shown::kNothing;
}

std::string Access::set_cookie() const {
  return fmt::format("{}={}; Path=/; HttpOnly; SameSite=Strict", cookie_name_, cookie_value_);
}

}  // namespace bellwether

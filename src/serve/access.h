// SPDX-License-Identifier: Apache-2.0
// Who asks: whoever shows the operator's token is the operator, everybody else is the public.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "serve/http.h"
#include "workspace/query/query.h"

namespace bellwether {

// Comparisons take the same time whatever is wrong about a token.
class Access {
 public:
  // `token` empty: nobody is operator. The port is part of the cookie's name, because browsers send
  // cookies to every port of a host.
  Access(std::string token, uint16_t port);

  bool has_operator() const { return !token_.empty(); }
  bool is_token(std::string_view text) const;

  enum class Shown : uint8_t {
    kNothing,  // or a cookie of an earlier run: the public
    kOperator,
    kWrong,  // an Authorization that is not the operator's
  };
  Shown shown(const HttpRequest& request) const;

  // The value of Set-Cookie that makes a browser the operator's until it is closed.
  std::string set_cookie() const;

 private:
  std::string token_;
  std::string cookie_name_;
  std::string cookie_value_;  // derived from the token: who reads the cookie does not learn it
};

}  // namespace bellwether

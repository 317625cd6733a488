// SPDX-License-Identifier: Apache-2.0
#include "serve/access.h"

#include <gtest/gtest.h>

namespace bellwether {
namespace {

const std::string kToken = "a-token-of-twenty-chars";

HttpRequest with(std::string name, std::string value) {
  HttpRequest request;
  request.fields.emplace_back(std::move(name), std::move(value));
  return request;
}

TEST(Access, TheTokenInAFieldIsTheOperators) {
  const Access access(kToken, 8420);
  EXPECT_EQ(access.shown(with("Authorization", "Bearer " + kToken)), Access::Shown::kOperator);
  EXPECT_EQ(access.shown(with("authorization", "bearer " + kToken)), Access::Shown::kOperator);
}

TEST(Access, AnyOtherFieldIsWrong) {
  const Access access(kToken, 8420);
  for (const std::string& value :
       {"Bearer " + kToken + "x", "Bearer " + kToken.substr(1), std::string("Bearer "), kToken,
        "Basic " + kToken, "Bearer  " + kToken, std::string("x")}) {
    EXPECT_EQ(access.shown(with("Authorization", value)), Access::Shown::kWrong) << value;
  }
}

TEST(Access, WithoutATokenNobodyIsOperator) {
  const Access access("", 8420);
  EXPECT_FALSE(access.is_token(""));
  EXPECT_EQ(access.shown(with("Authorization", "Bearer ")), Access::Shown::kWrong);
  EXPECT_EQ(access.shown(with("Cookie", "bellwether_8420=")), Access::Shown::kNothing);
  EXPECT_EQ(access.shown({}), Access::Shown::kNothing);
}

TEST(Access, TheCookieOpensAndDoesNotHoldTheToken) {
  const Access access(kToken, 8420);
  const std::string set = access.set_cookie();
  EXPECT_EQ(set.find(kToken), std::string::npos);
  EXPECT_NE(set.find("; HttpOnly"), std::string::npos);
  EXPECT_NE(set.find("; SameSite=Strict"), std::string::npos);
  const std::string pair = set.substr(0, set.find(';'));
  EXPECT_EQ(access.shown(with("Cookie", "other=1; " + pair)), Access::Shown::kOperator);
  EXPECT_EQ(access.shown(with("Authorization", "Bearer " + pair.substr(pair.find('=') + 1))),
            Access::Shown::kWrong)
      << "what the cookie holds is no token";
}

TEST(Access, ACookieOfAnotherServerOrRunIsNoMistake) {
  const Access access(kToken, 8420);
  const std::string other_run = Access("another-token-of-20-chars", 8420).set_cookie();
  const std::string other_port = Access(kToken, 8421).set_cookie();
  for (const std::string& set : {other_run, other_port}) {
    EXPECT_EQ(access.shown(with("Cookie", set.substr(0, set.find(';')))), Access::Shown::kNothing);
  }
}

}  // namespace
}  // namespace bellwether

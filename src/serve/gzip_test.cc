// SPDX-License-Identifier: Apache-2.0
#include "serve/gzip.h"

#include <gtest/gtest.h>

#include <boost/beast/zlib/inflate_stream.hpp>
#include <optional>

namespace bellwether {
namespace {

// What a reader that follows RFC 1952 gets; empty: it would refuse.
std::optional<std::string> unzipped(std::string_view zipped, size_t size) {
  if (zipped.size() < 18 || zipped.substr(0, 3) != "\x1f\x8b\x08" || zipped[3] != 0) {
    return std::nullopt;
  }
  namespace zlib = boost::beast::zlib;
  std::string out(size + 1, '\0');
  zlib::inflate_stream stream;
  zlib::z_params params;
  params.next_in = zipped.data() + 10;
  params.avail_in = zipped.size() - 18;
  params.next_out = out.data();
  params.avail_out = out.size();
  boost::system::error_code error;
  stream.write(params, zlib::Flush::finish, error);
  if (error != zlib::error::end_of_stream || params.avail_in != 0) return std::nullopt;
  out.resize(params.total_out);
  const auto number = [&](size_t at) {
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      value |= uint32_t{static_cast<unsigned char>(zipped[at + i])} << (8 * i);
    }
    return value;
  };
  if (number(zipped.size() - 8) != crc32(out)) return std::nullopt;
  if (number(zipped.size() - 4) != out.size()) return std::nullopt;
  return out;
}

TEST(Gzip, ChecksumIsTheOneOfTheStandard) {
  EXPECT_EQ(crc32("123456789"), 0xCBF43926U);
  EXPECT_EQ(crc32(""), 0U);
}

TEST(Gzip, WhatGoesInComesOut) {
  std::string mixed;
  uint32_t state = 1;
  for (int i = 0; i < 200'000; ++i) {
    state = state * 1664525 + 1013904223;
    mixed += i % 3 == 0 ? static_cast<char>(state >> 24) : 'a';
  }
  for (const std::string& text :
       {std::string(), std::string("a"), std::string(1'000'000, 'b'), mixed}) {
    const auto back = unzipped(gzip(text), text.size());
    ASSERT_TRUE(back);
    EXPECT_TRUE(*back == text) << text.size();
  }
  EXPECT_LT(gzip(std::string(1'000'000, 'b')).size(), 2'000U);
}

}  // namespace
}  // namespace bellwether

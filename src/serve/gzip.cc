// SPDX-License-Identifier: Apache-2.0
#include "serve/gzip.h"

#include <array>
#include <boost/beast/zlib/deflate_stream.hpp>
#include <cassert>

namespace bellwether {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ (value & 1 ? 0xedb88320U : 0U);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

void append_little_endian(std::string& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xff);
}

}  // namespace

uint32_t crc32(std::string_view bytes) {
  uint32_t crc = 0xffffffffU;
  for (const char c : bytes) {
    crc = kCrcTable[(crc ^ static_cast<unsigned char>(c)) & 0xff] ^ (crc >> 8);
  }
  return ~crc;
}

std::string gzip(std::string_view text) {
  namespace zlib = boost::beast::zlib;
  // Deflate, no flags, no time, level unknown, system unknown.
  std::string out("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  const size_t head = out.size();
  zlib::deflate_stream stream;
  stream.reset(6, 15, 8, zlib::Strategy::normal);
  out.resize(head + zlib::deflate_upper_bound(text.size()));
  zlib::z_params params;
  params.next_in = text.data();
  params.avail_in = text.size();
  params.next_out = out.data() + head;
  params.avail_out = out.size() - head;
  boost::system::error_code error;
  stream.write(params, zlib::Flush::finish, error);
  assert(error == zlib::error::end_of_stream);
  out.resize(head + params.total_out);
  append_little_endian(out, crc32(text));
  append_little_endian(out, static_cast<uint32_t>(text.size()));
  return out;
}

}  // namespace bellwether

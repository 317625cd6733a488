// SPDX-License-Identifier: Apache-2.0
#include "serve/local/frame.h"

#include <fmt/format.h>

#include <cassert>

namespace bellwether {
namespace {

// Takes values off the front of a request; once something is missing, everything is.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : rest_(bytes) {}

  uint32_t number() {
    if (rest_.size() < 4) return fail();
    uint32_t value = 0;
    for (size_t i = 0; i < 4; ++i) {
      value |= uint32_t{static_cast<unsigned char>(rest_[i])} << (8 * i);
    }
    rest_.remove_prefix(4);
    return value;
  }
  std::string text() {
    const uint32_t bytes = number();
    if (rest_.size() < bytes) {
      fail();
      return {};
    }
    std::string value(rest_.substr(0, bytes));
    rest_.remove_prefix(bytes);
    return value;
  }
  bool truth() {
    const uint32_t value = number();
    if (value > 1) fail();
    return value == 1;
  }
  bool good() const { return good_; }
  bool at_end() const { return rest_.empty(); }
  uint32_t fail() {
    good_ = false;
    rest_ = {};
    return 0;
  }

 private:
  std::string_view rest_;
  bool good_ = true;
};

std::string encode_text(std::string_view text) {
  return encode_number(static_cast<uint32_t>(text.size())) + std::string(text);
}

}  // namespace

std::string encode_number(uint32_t number) {
  std::string bytes;
  for (size_t i = 0; i < 4; ++i) bytes += static_cast<char>(number >> (8 * i) & 0xff);
  return bytes;
}

std::optional<uint32_t> decode_number(std::string_view bytes) {
  Reader reader(bytes);
  const uint32_t number = reader.number();
  if (!reader.good() || !reader.at_end()) return std::nullopt;
  return number;
}

std::string encode(FrameHead head) {
  return static_cast<char>(head.kind) + encode_number(head.bytes);
}

std::optional<FrameHead> decode_head(std::string_view bytes) {
  assert(bytes.size() == kFrameHeadBytes);
  const auto kind = static_cast<FrameKind>(bytes.front());
  switch (kind) {
    case FrameKind::kRequest:
    case FrameKind::kOut:
    case FrameKind::kErr:
    case FrameKind::kExit:
    case FrameKind::kRefused:
      break;
    default:
      return std::nullopt;
  }
  const auto length = decode_number(bytes.substr(1));
  if (!length || *length > kFrameBytesMax) return std::nullopt;
  return FrameHead{kind, *length};
}

std::string encode(const LocalRequest& request) {
  std::string bytes = encode_number(kLocalVersion);
  bytes += encode_number(static_cast<uint32_t>(request.arguments.size()));
  for (const std::string& argument : request.arguments) bytes += encode_text(argument);
  bytes += encode_text(request.cwd);
  for (const bool truth :
       {request.out_is_terminal, request.err_is_terminal, request.no_color, request.wants_input}) {
    bytes += encode_number(truth ? 1 : 0);
  }
  bytes += encode_number(request.columns);
  return bytes;
}

Result<LocalRequest> decode_request(std::string_view bytes) {
  Reader reader(bytes);
  const uint32_t version = reader.number();
  if (reader.good() && version != kLocalVersion) {
    return Error{ErrorCode::kUnsupported,
                 fmt::format("the server speaks version {} of the socket, this command version {}: "
                             "restart the server with the program you use",
                             kLocalVersion, version)};
  }
  LocalRequest request;
  // No more than there are bytes for: a length says nothing of what really follows.
  const uint32_t arguments = reader.number();
  for (uint32_t i = 0; i < arguments && reader.good(); ++i) {
    request.arguments.push_back(reader.text());
  }
  request.cwd = reader.text();
  request.out_is_terminal = reader.truth();
  request.err_is_terminal = reader.truth();
  request.no_color = reader.truth();
  request.wants_input = reader.truth();
  request.columns = reader.number();
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  bool clean = !has_nul(request.cwd);
  for (const std::string& argument : request.arguments) clean = clean && !has_nul(argument);
  if (!reader.good() || !reader.at_end() || !clean) {
    return Error{ErrorCode::kInvalidArgument, "this is no request"};
  }
  return request;
}

}  // namespace bellwether

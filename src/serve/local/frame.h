// SPDX-License-Identifier: Apache-2.0
// What goes over the workspace's socket. The room's own.
//
// A frame is one byte of kind, four bytes of length (little-endian) and so many bytes:
//
//   client   R   a request: the version, then the fields of LocalRequest, see encode().
//                Standard input, where it is wanted, goes with this frame as an open file
//                (SCM_RIGHTS).
//   server   O   bytes for standard output
//            E   bytes for standard error
//            X   exit code, four bytes: the last frame
//            V   a sentence for the client's user: the request was not understood; the last frame
//
// The version is of the frames and of a request's fields together: both ends come from one program,
// so any difference is refused by name.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "serve/local/local.h"

namespace bellwether {

inline constexpr uint32_t kLocalVersion = 1;
inline constexpr size_t kFrameBytesMax = 4 << 20;
inline constexpr size_t kFrameHeadBytes = 5;

enum class FrameKind : char {
  kRequest = 'R',
  kOut = 'O',
  kErr = 'E',
  kExit = 'X',
  kRefused = 'V',
};

struct FrameHead {
  FrameKind kind;
  uint32_t bytes;  // that follow
};

std::string encode(FrameHead head);
// Empty: no such kind, or longer than kFrameBytesMax. `bytes` are kFrameHeadBytes long.
std::optional<FrameHead> decode_head(std::string_view bytes);

std::string encode(const LocalRequest& request);
// kUnsupported: of another version; the message names both. kInvalidArgument: no request at all.
Result<LocalRequest> decode_request(std::string_view bytes);

std::string encode_number(uint32_t number);
std::optional<uint32_t> decode_number(std::string_view bytes);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// Whatever comes through the socket is a request or is refused; a request says the same again when
// it is written and read once more.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "serve/local/frame.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace bellwether;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (size >= kFrameHeadBytes) {
    const auto head = decode_head(bytes.substr(0, kFrameHeadBytes));
    if (head && encode(*head) != bytes.substr(0, kFrameHeadBytes)) std::abort();
  }
  const auto request = decode_request(bytes);
  if (request.ok() && encode(*request) != bytes) std::abort();
  return 0;
}

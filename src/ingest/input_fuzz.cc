// SPDX-License-Identifier: Apache-2.0
// Any bytes as a file: plain, gzip, zstd, zip or tar, cut, damaged, nested. Every member is read to
// its end or its error, within the limits, and gives the same a second time.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "event/event.h"
#include "ingest/input.h"

namespace bellwether {
namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

InputLimits small_limits() {
  InputLimits limits;
  limits.record_bytes_max = 1000;
  limits.document_bytes_max = 1 << 20;
  limits.expanded_bytes_max = 4 << 20;
  limits.members_max = 100;
  return limits;
}

struct Seen {
  uint64_t hash = 0;
  uint64_t bytes = 0;
  bool failed = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

Seen read_member(Input& input, size_t member) {
  Seen seen;
  Result<std::unique_ptr<ByteStream>> stream = input.open(member);
  if (!stream.ok()) {
    require(!stream.error().message.empty());
    seen.failed = true;
    return seen;
  }
  std::string text;
  char buffer[7919];
  for (;;) {
    const Result<size_t> got = (*stream)->read(buffer, sizeof buffer);
    if (!got.ok()) {
      require(!got.error().message.empty());
      seen.failed = true;
      break;
    }
    require(*got <= sizeof buffer);
    if (*got == 0) break;
    text.append(buffer, *got);
  }
  // What passes the limit is read once more than allowed at most.
  require(text.size() <= input.limits().expanded_bytes_max);
  seen.hash = hash64(text);
  seen.bytes = text.size();
  return seen;
}

uint64_t read_lines(Input& input, size_t member) {
  Result<std::unique_ptr<ByteStream>> stream = input.open(member);
  if (!stream.ok()) return 0;
  uint64_t last = 0;
  uint64_t bytes = 0;
  (void)for_each_line(
      **stream, input.limits(),
      [&](uint64_t number, std::string_view line) -> Result<void> {
        require(number == ++last && line.size() <= input.limits().record_bytes_max);
        require(line.find('\n') == std::string_view::npos);
        bytes += line.size();
        return {};
      },
      [&](uint64_t number, uint64_t size) -> Result<void> {
        require(number == ++last && size > input.limits().record_bytes_max);
        bytes += size;
        return {};
      });
  return bytes;
}

void check(Input& input) {
  std::string_view before;
  for (size_t i = 0; i < input.members().size(); ++i) {
    const std::string& name = input.members()[i].name;
    require(is_clean_text(name) && !name.empty() && name.front() != '/');
    require(("/" + name + "/").find("/../") == std::string::npos);
    require(i == 0 || before < name);
    before = name;
    const Seen first = read_member(input, i);
    require(read_lines(input, i) <= first.bytes || first.failed);
    if (!first.failed) require(read_member(input, i) == first);
  }
  for (const LeftOut& one : input.left_out()) require(!one.reason.empty());
}

void open_file(const uint8_t* data, size_t size) {
  const int descriptor = memfd_create("fuzz", MFD_CLOEXEC);
  require(descriptor >= 0);
  require(write(descriptor, data, size) == static_cast<ssize_t>(size));
  const Result<std::unique_ptr<Input>> input =
      open_input("/proc/self/fd/" + std::to_string(descriptor), small_limits());
  if (input.ok()) {
    check(**input);
  } else {
    require(!input.error().message.empty());
  }
  close(descriptor);
}

}  // namespace
}  // namespace bellwether

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  bellwether::open_file(data, size);
  return 0;
}

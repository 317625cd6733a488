// SPDX-License-Identifier: Apache-2.0
// Reads commit objects as git keeps them, and the trailers of their messages.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/instant.h"
#include "base/result.h"
#include "ingest/input.h"

namespace bellwether {

// `Name <address> 1330000000 +0100`. Borrowed from the commit.
struct GitIdent {
  std::string_view name;     // without blanks around it; may be empty, or no UTF-8
  std::string_view address;  // likewise
  Instant time;
};

struct GitTrailer {
  std::string token;  // lower case: "reviewed-by"
  std::string value;  // unfolded, without blanks around it
};

struct GitCommit {
  std::vector<std::string_view> parents;
  GitIdent author;
  GitIdent committer;
  std::string_view message;
  std::string converted;  // the commit in UTF-8, where it was not; what the views then borrow from

  // Reads a commit object; the views live as long as `bytes` and this do, and until the next call.
  // Returns why it is none; empty: it is. Reasons are short and without content.
  std::string_view parse(std::string_view bytes);
};

// The trailers in the last paragraph of a message, by the rules of git-interpret-trailers(1) with
// its standard settings.
std::vector<GitTrailer> trailers_of(std::string_view message);

// The full hashes of the commits that a message says it reverts, by lines as git writes them.
std::vector<std::string_view> reverted_by(std::string_view message);

// True for 40 or 64 lower-case hexadecimal digits.
bool is_git_hash(std::string_view text);

// What `git cat-file --batch` prints, one object after the other.
class GitObjectReader {
 public:
  // Borrows `stream`.
  GitObjectReader(ByteStream& stream, const InputLimits& limits)
      : stream_(stream), limits_(limits) {}

  struct Object {
    uint64_t number = 0;  // from 1
    std::string_view hash;
    std::string_view bytes;
    std::string_view problem;  // why there are no bytes; empty: there are
  };
  // The next object, borrowed until the next call; false: there are no more.
  // kCorrupt: that is not what git prints. Otherwise as for ByteStream::read.
  Result<bool> next(Object& object);

 private:
  // Makes window_ hold `bytes` from at_ on, or all there is.
  Result<void> fill(size_t bytes);
  Result<void> skip(uint64_t bytes);

  ByteStream& stream_;
  const InputLimits& limits_;
  std::string window_;
  size_t at_ = 0;
  uint64_t number_ = 0;
  std::string hash_;
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// What an adapter reads: the members of one path, as bytes, decompressed, within limits.
//
// A path is a file, a folder, or an archive (.zip, .tar, .tar.gz, .tar.zst: told by content, never
// by name); a plain, gzip or zstd file is an input of one member. Adapters see no difference
// between a folder and an archive of it: both list regular files only, at any depth, sorted by
// name, without hidden ones (a name on the way begins with a dot; `.git` stays, because a clone is
// told by it) and without `__MACOSX`; members that are gzip or zstd come decompressed; an archive
// within either is handed out as bytes. Links to files are followed in folders; links to folders
// are not, so that no walk goes round in circles or leaves the folder. On disk, of a git
// repository's own folder (HEAD, objects and refs in it) only the files at its top are members, and
// of a clone's work tree (.git in it) those at its top and one folder below: there may be hundreds
// of thousands, and git reads the history. What lies deeper is read where its folder is given.
//
// Nothing is ever written under a name from an archive: "../../etc/passwd" is the member
// "etc/passwd". The one thing written to disk is an archive that comes through a pipe, into an
// unlinked temporary file.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace bellwether {

// Against bombs and against files that are not what they seem. Each has a test on both sides.
struct InputLimits {
  uint64_t record_bytes_max = 64ULL << 20;   // one line, one document, one element
  uint64_t document_bytes_max = 4ULL << 30;  // one member that has to be held whole
  uint64_t expanded_bytes_max = 1ULL << 40;  // all members of one input, decompressed
  // Decompressed to compressed bytes, above 16 MiB. Text that people and programs write stays below
  // 100; a deflate bomb reaches 1032, zstd and nested ones far more.
  double expansion_ratio_max = 500;
  uint64_t members_max = 2'000'000;
};

// A forward stream of decompressed bytes.
class ByteStream {
 public:
  virtual ~ByteStream() = default;
  // Fills at most `size` bytes; fewer than asked only at the end or before an error, which the next
  // call and every further one returns; 0: the end.
  // kCorrupt: the compressed bytes are damaged or cut off; what was returned before is good.
  // kLimit: an InputLimits bound was passed. kIo: the system refused.
  // kUnsupported: encrypted.
  virtual Result<size_t> read(char* buffer, size_t size) = 0;
};

struct Member {
  std::string name;    // relative path within the input, '/' separated, valid UTF-8 without control
                       // characters; a lone file: its file name; standard input: "-"
  uint64_t bytes = 0;  // size as stored (compressed for .gz, .zst files); for progress only;
                       // 0: unknown
};

// Something that lies in the path and is no member.
struct LeftOut {
  std::string name;    // as in Member
  std::string reason;  // "hidden", "a link to a folder", "not a regular file", ...
};

// Streams of one input may be read by several threads, one stream by one thread at a time; every
// other call is for one thread, but for bytes_read(), which any thread may ask at any time.
class Input {
 public:
  virtual ~Input() = default;
  virtual const std::string& path() const = 0;  // as the operator gave it; "-": standard input
  virtual const std::vector<Member>& members() const = 0;    // sorted by name; no name twice
  virtual const std::vector<LeftOut>& left_out() const = 0;  // sorted by name
  // Opens one member; the stream may outlive the input. Archives may be read from their beginning
  // for each call; adapters open members in the order in which they need them and each as rarely as
  // possible. A pipe can be opened again only until about 1 MiB of it has been read: kIo after
  // that. Otherwise as for ByteStream::read; kUnsupported: compressed in a way that is not read.
  virtual Result<std::unique_ptr<ByteStream>> open(size_t member) = 0;
  virtual const InputLimits& limits() const = 0;
  virtual uint64_t bytes_read() const = 0;   // of bytes_total(); for progress
  virtual uint64_t bytes_total() const = 0;  // 0: unknown
};

// `path` "-" is standard input. An archive is listed to its end here, so one that is cut off or
// damaged is refused as a whole: unpack what is good of it and give the folder.
// kNotFound: no such path. kIo: no rights, or the system refused; the message says which path.
// kLimit, kCorrupt, kUnsupported: as for Input::open.
Result<std::unique_ptr<Input>> open_input(const std::string& path, const InputLimits& limits);

// Bytes in memory as an input of one member, decompressed like a file's; never an archive.
std::unique_ptr<Input> memory_input(std::string name, std::string bytes, const InputLimits& limits);

// One member of an input as an input of its own, for folders and archives that are merely
// collections of files. Its path is that of `whole`, a '/', and the member's name. Shares the
// limits and the progress of `whole`.
std::unique_ptr<Input> single_member(std::shared_ptr<Input> whole, size_t member);

// The whole of a member, at most document_bytes_max. kLimit beyond.
Result<std::string> read_all(Input& input, size_t member);

// Calls `line` for each line of a stream, without its end ("\n" or "\r\n") and without a UTF-8 byte
// order mark at the very beginning, numbered from 1; the last one need not be ended. NUL bytes are
// bytes like others. Lines longer than limits.record_bytes_max are passed over and told to
// `too_long`. Stops at the first error `line` returns and returns it; on an error of the stream the
// line that it cut is not given. Memory: one buffer of 1 MiB, which grows only for longer lines.
Result<void> for_each_line(
    ByteStream& stream, const InputLimits& limits,
    const std::function<Result<void>(uint64_t number, std::string_view line)>& line,
    const std::function<Result<void>(uint64_t number, uint64_t bytes)>& too_long);

}  // namespace bellwether

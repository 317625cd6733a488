// SPDX-License-Identifier: Apache-2.0
// The streams that a member's bytes pass through between the disk and an adapter: a file or a pipe
// at the bottom, gzip or zstd on top of it, told by the first bytes.
//
// The room's own; adapters see only ByteStream.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/input.h"

namespace bellwether {

// Decompressed bytes below this are never held against InputLimits::expansion_ratio_max: small
// files may well be all zeros.
inline constexpr uint64_t kExpansionFreeBytes = 16ULL << 20;

// A ByteStream that also knows how much of what lies on disk it has used up.
class StoredStream : public ByteStream {
 public:
  // Bytes taken from the lowest layer so far; a layer may read ahead by one buffer.
  virtual uint64_t stored() const = 0;
  // The part of Member::bytes used so far. In an archive that is another thing: stored() then
  // counts bytes of the archive, this counts bytes of the entry.
  virtual uint64_t progress() const { return stored(); }
};

// An open file that several streams read, each at its own place; closed with the last of them.
class OpenFile {
 public:
  // kNotFound: no such path. kIo: no rights, or the system refused.
  static Result<std::shared_ptr<OpenFile>> open(const std::string& path);
  // Takes `descriptor` over.
  OpenFile(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}
  ~OpenFile();
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }

 private:
  int descriptor_;
  std::string path_;
};

// A file that can be read at any place.
class FileStream final : public StoredStream {
 public:
  explicit FileStream(std::shared_ptr<OpenFile> file) : file_(std::move(file)) {}

  Result<size_t> read(char* buffer, size_t size) override;
  uint64_t stored() const override { return stored_; }

  void seek(uint64_t offset) { offset_ = offset; }
  uint64_t offset() const { return offset_; }

 private:
  std::shared_ptr<OpenFile> file_;
  uint64_t offset_ = 0;
  uint64_t stored_ = 0;
};

// Bytes held in memory.
class MemoryStream final : public StoredStream {
 public:
  explicit MemoryStream(std::shared_ptr<const std::string> bytes) : bytes_(std::move(bytes)) {}

  Result<size_t> read(char* buffer, size_t size) override;
  uint64_t stored() const override { return offset_; }

 private:
  std::shared_ptr<const std::string> bytes_;
  size_t offset_ = 0;
};

// Lets one look at the first bytes of a stream before reading them.
class PeekStream final : public StoredStream {
 public:
  explicit PeekStream(std::unique_ptr<StoredStream> below) : below_(std::move(below)) {}

  // At least `size` bytes unless the stream ends or fails before; a failure shows itself again when
  // read() comes to that place. The view is valid until the next call of peek or read.
  std::string_view peek(size_t size);

  Result<size_t> read(char* buffer, size_t size) override;
  uint64_t stored() const override { return below_->stored(); }
  uint64_t progress() const override { return below_->progress(); }

 private:
  std::unique_ptr<StoredStream> below_;
  std::string head_;
  size_t head_used_ = 0;
  bool has_failure_ = false;
  Error failure_{};
};

enum class Coding { kPlain, kGzip, kZstd };

// What the first bytes (10 are enough) say.
// kUnsupported: compressed in a way that this program does not read; the message names it.
Result<Coding> coding_of(std::string_view head, const std::string& label);

// `below` decompressed. `label` names the file or member in messages.
std::unique_ptr<StoredStream> decoder(Coding coding, std::unique_ptr<StoredStream> below,
                                      const InputLimits& limits, std::string label);

// `below` as it is, or decompressed where its first bytes say gzip or zstd.
// kUnsupported: see coding_of.
Result<std::unique_ptr<StoredStream>> decoded(std::unique_ptr<StoredStream> below,
                                              const InputLimits& limits, const std::string& label);

// Empty where `expanded` is no more than the limits let `stored` bytes expand to, else the error.
Result<void> check_expansion(uint64_t expanded, uint64_t stored, const InputLimits& limits,
                             const std::string& label);

// "Permission denied" and the like; errno's words.
std::string system_words(int error_number);

}  // namespace bellwether

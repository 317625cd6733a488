// SPDX-License-Identifier: Apache-2.0
// Walks a zip or tar archive, forward, with libarchive; the room's own.
//
// libarchive only splits what this room decompresses (tar) or seeks in (zip), so that the same
// expansion limits hold as for single files. It is never asked to write anything to disk.
#pragma once
#include <sys/types.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/streams.h"

struct archive;
struct archive_entry;

namespace bellwether {

// How a file has to be opened so that an archive appears.
struct ArchiveForm {
  bool zip = false;                // else tar
  Coding coding = Coding::kPlain;  // of a tar as a whole
};

// True where a file that begins with `head` (4 bytes are enough) is a zip archive.
bool looks_like_zip(std::string_view head);
// True where `head` (512 bytes are needed) is the header of a tar member, its checksum being right.
bool looks_like_tar(std::string_view head);

class ArchiveReader {
 public:
  static Result<std::unique_ptr<ArchiveReader>> open(std::shared_ptr<OpenFile> file,
                                                     ArchiveForm form, const InputLimits& limits);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // Goes to the next entry of whatever kind; false: there are no more.
  // kCorrupt, kLimit, kIo: the entries before were good; there will be no others.
  Result<bool> next();

  // How many entries lie before the present one. Meaningless before the first next().
  uint64_t ordinal() const { return entries_ - 1; }
  // True from next() until the first read().
  bool untouched() const { return untouched_; }

  // Of the present entry:
  std::string name() const;  // as in the archive, UTF-8 where the archive says how to read it
  bool is_file() const;      // false: folder, link, device; hard links count as links
  bool is_folder() const;
  uint64_t bytes() const;  // 0: unknown
  Result<size_t> read(char* buffer, size_t size);
  uint64_t position() const { return position_; }
  bool entry_failed() const { return entry_failed_; }
  uint64_t stored_of_entry() const;  // bytes of the archive file used for this entry so far

 private:
  ArchiveReader(std::shared_ptr<OpenFile> file, ArchiveForm form);

  static ssize_t read_block(archive* handle, void* self, const void** block);
  static int64_t skip_bytes(archive* handle, void* self, int64_t request);
  static int64_t seek_to(archive* handle, void* self, int64_t offset, int whence);

  uint64_t stored() const;
  Error failure(int code) const;

  const std::shared_ptr<OpenFile> file_;
  const ArchiveForm form_;
  uint64_t file_bytes_ = 0;
  FileStream* plain_ = nullptr;           // the lowest layer, where one can seek in it
  std::unique_ptr<StoredStream> stream_;  // what libarchive reads
  std::unique_ptr<char[]> buffer_;        // what was handed to libarchive last
  archive* handle_ = nullptr;
  archive_entry* entry_ = nullptr;
  uint64_t entries_ = 0;
  bool untouched_ = false;
  bool has_stream_failure_ = false;
  Error stream_failure_{};

  const char* block_ = nullptr;  // what is left of libarchive's present block
  size_t block_bytes_ = 0;
  uint64_t block_offset_ = 0;   // where in the entry block_ belongs; holes before it are zeros
  uint64_t position_ = 0;       // in the entry
  uint64_t stored_before_ = 0;  // stored() when the entry began
  bool entry_ended_ = false;
  bool entry_failed_ = false;
  Error entry_failure_{};
};

}  // namespace bellwether

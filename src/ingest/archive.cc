// SPDX-License-Identifier: Apache-2.0
#include "ingest/archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/core.h>
#include <locale.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace bellwether {
namespace {

constexpr size_t kBlockBytes = 256 << 10;

// libarchive turns names into the character set of the locale, and in the locale "C" that loses all
// but ASCII. This gives the calling thread a UTF-8 locale for as long as it lives.
class Utf8Locale {
 public:
  Utf8Locale() {
    static const locale_t kUtf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", locale_t{});
    if (kUtf8 != locale_t{}) before_ = uselocale(kUtf8);
  }
  ~Utf8Locale() {
    if (before_ != locale_t{}) uselocale(before_);
  }
  Utf8Locale(const Utf8Locale&) = delete;
  Utf8Locale& operator=(const Utf8Locale&) = delete;

 private:
  locale_t before_{};
};

}  // namespace

bool looks_like_zip(std::string_view head) {
  return head.starts_with("PK\x03\x04") || head.starts_with("PK\x05\x06");
}

bool looks_like_tar(std::string_view head) {
  constexpr size_t kHeader = 512;
  constexpr size_t kSum = 148;
  constexpr size_t kSumEnd = 156;
  if (head.size() < kHeader || head[0] == '\0') return false;
  uint64_t stated = 0;
  bool digits = false;
  for (size_t i = kSum; i < kSumEnd; ++i) {
    const char c = head[i];
    if (c >= '0' && c <= '7') {
      stated = stated * 8 + static_cast<uint64_t>(c - '0');
      digits = true;
    } else if (c == ' ' && !digits) {
      continue;
    } else if (c == ' ' || c == '\0') {
      break;
    } else {
      return false;
    }
  }
  uint64_t sum = 0;
  for (size_t i = 0; i < kHeader; ++i) {
    sum += i >= kSum && i < kSumEnd ? uint64_t{' '} : static_cast<unsigned char>(head[i]);
  }
  return digits && sum == stated;
}

ArchiveReader::ArchiveReader(std::shared_ptr<OpenFile> file, ArchiveForm form)
    : file_(std::move(file)),
      form_(form),
      buffer_(std::make_unique_for_overwrite<char[]>(kBlockBytes)) {}

ArchiveReader::~ArchiveReader() {
  if (handle_ != nullptr) archive_read_free(handle_);
}

Result<std::unique_ptr<ArchiveReader>> ArchiveReader::open(std::shared_ptr<OpenFile> file,
                                                           ArchiveForm form,
                                                           const InputLimits& limits) {
  const std::string path = file->path();
  std::unique_ptr<ArchiveReader> reader(new ArchiveReader(file, form));
  struct stat status {};
  if (fstat(file->descriptor(), &status) != 0) {
    return Error{ErrorCode::kIo, fmt::format("cannot read {}: {}", path, system_words(errno))};
  }
  reader->file_bytes_ = static_cast<uint64_t>(std::max<off_t>(0, status.st_size));
  auto plain = std::make_unique<FileStream>(std::move(file));
  if (form.coding == Coding::kPlain) reader->plain_ = plain.get();
  reader->stream_ = decoder(form.coding, std::move(plain), limits, path);

  const Utf8Locale utf8;
  archive* handle = archive_read_new();
  if (handle == nullptr) {
    return Error{ErrorCode::kIo, fmt::format("{}: no memory for reading the archive", path)};
  }
  reader->handle_ = handle;
  archive_read_support_filter_none(handle);
  if (form.zip) {
    archive_read_support_format_zip(handle);
    archive_read_set_seek_callback(handle, &ArchiveReader::seek_to);
  } else {
    archive_read_support_format_tar(handle);
  }
  if (reader->plain_ != nullptr) {
    archive_read_set_skip_callback(handle, &ArchiveReader::skip_bytes);
  }
  archive_read_set_read_callback(handle, &ArchiveReader::read_block);
  archive_read_set_callback_data(handle, reader.get());
  if (const int code = archive_read_open1(handle); code < ARCHIVE_WARN) {
    return reader->failure(code);
  }
  return reader;
}

ssize_t ArchiveReader::read_block(archive* handle, void* self, const void** block) {
  auto& reader = *static_cast<ArchiveReader*>(self);
  *block = reader.buffer_.get();
  const Result<size_t> got = reader.stream_->read(reader.buffer_.get(), kBlockBytes);
  if (got.ok()) return static_cast<ssize_t>(*got);
  reader.has_stream_failure_ = true;
  reader.stream_failure_ = got.error();
  archive_set_error(handle, EIO, "%s", got.error().message.c_str());
  return ARCHIVE_FATAL;
}

int64_t ArchiveReader::skip_bytes(archive* /*handle*/, void* self, int64_t request) {
  auto& reader = *static_cast<ArchiveReader*>(self);
  FileStream& plain = *reader.plain_;
  // Never past the end: libarchive would take what it finds there for the end of the archive.
  const uint64_t left = reader.file_bytes_ - std::min(reader.file_bytes_, plain.offset());
  const uint64_t step = std::min(left, static_cast<uint64_t>(std::max<int64_t>(0, request)));
  plain.seek(plain.offset() + step);
  return static_cast<int64_t>(step);
}

int64_t ArchiveReader::seek_to(archive* handle, void* self, int64_t offset, int whence) {
  const auto& reader = *static_cast<ArchiveReader*>(self);
  int64_t base = 0;
  if (whence == SEEK_CUR) {
    base = static_cast<int64_t>(reader.plain_->offset());
  } else if (whence == SEEK_END) {
    base = static_cast<int64_t>(reader.file_bytes_);
  }
  if (offset + base < 0) {
    archive_set_error(handle, EINVAL, "a place before the beginning of the file is named");
    return ARCHIVE_FATAL;
  }
  reader.plain_->seek(static_cast<uint64_t>(offset + base));
  return offset + base;
}

// With a decoder below, what it took from the disk; else the bytes that libarchive used, which
// unlike the bytes it read do not count one buffer too much.
uint64_t ArchiveReader::stored() const {
  if (form_.coding != Coding::kPlain) return stream_->stored();
  return static_cast<uint64_t>(std::max<int64_t>(0, archive_filter_bytes(handle_, -1)));
}

Error ArchiveReader::failure(int code) const {
  if (has_stream_failure_) return stream_failure_;
  if (entry_ != nullptr && archive_entry_is_encrypted(entry_) != 0) {
    return {ErrorCode::kUnsupported,
            fmt::format("{}: {} is encrypted; unpack it first", file_->path(), name())};
  }
  const char* words = archive_error_string(handle_);
  return {ErrorCode::kCorrupt,
          fmt::format("{}: the archive is damaged or cut off ({})", file_->path(),
                      words == nullptr ? std::to_string(code) : words)};
}

Result<bool> ArchiveReader::next() {
  const Utf8Locale utf8;
  entry_ = nullptr;
  int code = ARCHIVE_RETRY;
  while (code == ARCHIVE_RETRY) code = archive_read_next_header(handle_, &entry_);
  if (code == ARCHIVE_EOF) {
    entry_ = nullptr;
    // A failure that libarchive took for the end of the archive.
    if (has_stream_failure_) return stream_failure_;
    return false;
  }
  // A warning speaks of names and dates; the entry itself can be read.
  if (code < ARCHIVE_WARN) {
    entry_ = nullptr;
    return failure(code);
  }
  ++entries_;
  untouched_ = true;
  block_bytes_ = 0;
  block_offset_ = 0;
  position_ = 0;
  stored_before_ = stored();
  entry_ended_ = false;
  entry_failed_ = false;
  return true;
}

std::string ArchiveReader::name() const {
  const Utf8Locale utf8;
  if (const char* text = archive_entry_pathname_utf8(entry_); text != nullptr) return text;
  if (const char* text = archive_entry_pathname(entry_); text != nullptr) return text;
  return fmt::format("entry-{}", ordinal() + 1);
}

bool ArchiveReader::is_file() const {
  return archive_entry_filetype(entry_) == AE_IFREG && archive_entry_hardlink(entry_) == nullptr;
}

bool ArchiveReader::is_folder() const { return archive_entry_filetype(entry_) == AE_IFDIR; }

uint64_t ArchiveReader::bytes() const {
  if (archive_entry_size_is_set(entry_) == 0) return 0;
  return static_cast<uint64_t>(std::max<int64_t>(0, archive_entry_size(entry_)));
}

uint64_t ArchiveReader::stored_of_entry() const {
  const uint64_t now = stored();
  return now > stored_before_ ? now - stored_before_ : 0;
}

Result<size_t> ArchiveReader::read(char* buffer, size_t size) {
  untouched_ = false;
  size_t filled = 0;
  while (filled < size && !entry_ended_ && !entry_failed_) {
    if (block_bytes_ == 0) {
      const void* block = nullptr;
      size_t bytes = 0;
      la_int64_t offset = 0;
      const int code = archive_read_data_block(handle_, &block, &bytes, &offset);
      if (code == ARCHIVE_RETRY) continue;
      if (code == ARCHIVE_EOF) {
        // Where a sparse file ends with a hole, the size says how far it goes.
        const auto end = static_cast<uint64_t>(std::max<la_int64_t>(0, offset));
        if (end <= position_) {
          entry_ended_ = true;
          break;
        }
        block_offset_ = end;
        bytes = 0;
      } else if (code != ARCHIVE_OK) {
        // A warning here is a wrong checksum.
        entry_failed_ = true;
        entry_failure_ = failure(code);
        break;
      } else {
        block_ = static_cast<const char*>(block);
        block_bytes_ = bytes;
        block_offset_ = static_cast<uint64_t>(std::max<la_int64_t>(0, offset));
      }
    }
    size_t step = 0;
    if (position_ < block_offset_) {
      step = static_cast<size_t>(std::min<uint64_t>(size - filled, block_offset_ - position_));
      std::memset(buffer + filled, 0, step);
    } else {
      step = std::min(size - filled, block_bytes_);
      if (step > 0) std::memcpy(buffer + filled, block_, step);
      block_ += step;
      block_bytes_ -= step;
      block_offset_ += step;
    }
    filled += step;
    position_ += step;
  }
  if (filled == 0 && entry_failed_) return entry_failure_;
  return filled;
}

}  // namespace bellwether

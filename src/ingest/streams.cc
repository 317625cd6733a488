// SPDX-License-Identifier: Apache-2.0
#include "ingest/streams.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace bellwether {
namespace {

constexpr size_t kCompressedBytes = 128 << 10;  // what a decoder reads at a time

// What gzip and zstd have in common: a buffer of compressed bytes, and a failure that waits until
// the good bytes before it have been handed out.
class Decoder : public StoredStream {
 public:
  Decoder(std::unique_ptr<StoredStream> below, const InputLimits& limits, std::string label)
      : below_(std::move(below)),
        limits_(limits),
        label_(std::move(label)),
        buffer_(std::make_unique_for_overwrite<char[]>(kCompressedBytes)) {}

  Result<size_t> read(char* buffer, size_t size) final {
    size_t filled = 0;
    while (filled < size && !ended_ && !failed_) {
      const Result<size_t> step = decode(buffer + filled, size - filled);
      if (!step.ok()) {
        fail(step.error());
        break;
      }
      filled += *step;
      expanded_ += *step;
      if (auto checked = check_expansion(expanded_, consumed(), limits_, label_); !checked.ok()) {
        fail(checked.error());
        return failure_;
      }
    }
    if (filled == 0 && failed_) return failure_;
    return filled;
  }

  uint64_t stored() const final { return below_->stored(); }
  uint64_t progress() const final { return below_->progress(); }

 protected:
  // Writes at most `size` bytes; 0 without an error means that input was used up, or the end.
  virtual Result<size_t> decode(char* buffer, size_t size) = 0;

  // Makes sure that there are compressed bytes; false: there are no more.
  Result<bool> fill() {
    if (begin_ < end_) return true;
    if (below_ended_) return false;
    BW_ASSIGN(const size_t got, below_->read(buffer_.get(), kCompressedBytes));
    read_ += got;
    begin_ = 0;
    end_ = got;
    below_ended_ = got == 0;
    return got > 0;
  }
  const char* data() const { return buffer_.get() + begin_; }
  size_t available() const { return end_ - begin_; }
  void use(size_t bytes) { begin_ += bytes; }
  void end() { ended_ = true; }
  Error corrupt(std::string_view what) const {
    return {ErrorCode::kCorrupt, fmt::format("{}: {}", label_, what)};
  }
  const std::string& label() const { return label_; }

 private:
  uint64_t consumed() const { return read_ - available(); }
  void fail(Error error) {
    failed_ = true;
    failure_ = std::move(error);
  }

  std::unique_ptr<StoredStream> below_;
  const InputLimits limits_;
  const std::string label_;
  std::unique_ptr<char[]> buffer_;
  size_t begin_ = 0;
  size_t end_ = 0;
  uint64_t read_ = 0;
  uint64_t expanded_ = 0;
  bool below_ended_ = false;
  bool ended_ = false;
  bool failed_ = false;
  Error failure_{};
};

// RFC 1952. A gzip file may be several members one after the other (`cat a.gz b.gz`).
class GzipDecoder final : public Decoder {
 public:
  using Decoder::Decoder;
  ~GzipDecoder() override {
    if (started_) inflateEnd(&stream_);
  }

 private:
  static constexpr int kGzipOnly = 16 + MAX_WBITS;

  Result<size_t> decode(char* buffer, size_t size) override {
    BW_ASSIGN(const bool more, fill());
    if (!more) {
      if (started_ && between_members_) {
        end();
        return size_t{0};
      }
      return corrupt("the gzip data is cut off");
    }
    if (!started_) {
      if (inflateInit2(&stream_, kGzipOnly) != Z_OK) {
        return Error{ErrorCode::kIo, fmt::format("{}: no memory for decompressing", label())};
      }
      started_ = true;
    } else if (between_members_) {
      // Tapes and some tools pad with zeros.
      if (*data() == 0) {
        use(1);
        return size_t{0};
      }
      inflateReset(&stream_);
      between_members_ = false;
    }
    // zlib counts in 32 bits.
    const auto in = static_cast<uInt>(std::min<size_t>(available(), 1U << 30));
    const auto out = static_cast<uInt>(std::min<size_t>(size, 1U << 30));
    stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data()));
    stream_.avail_in = in;
    stream_.next_out = reinterpret_cast<Bytef*>(buffer);
    stream_.avail_out = out;
    const int result = inflate(&stream_, Z_NO_FLUSH);
    use(in - stream_.avail_in);
    const size_t written = out - stream_.avail_out;
    if (result == Z_STREAM_END) {
      between_members_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR) {
      // What inflate wrote before it saw the damage is good, so it is handed out first; the same
      // call then fails again, with nothing written.
      if (written > 0) return written;
      return corrupt(fmt::format("the gzip data is damaged ({})",
                                 stream_.msg == nullptr ? "no reason given" : stream_.msg));
    }
    return written;
  }

  z_stream stream_{};
  bool started_ = false;
  bool between_members_ = false;
};

// RFC 8878, several frames one after the other included.
class ZstdDecoder final : public Decoder {
 public:
  ZstdDecoder(std::unique_ptr<StoredStream> below, const InputLimits& limits, std::string label)
      : Decoder(std::move(below), limits, std::move(label)), context_(ZSTD_createDCtx()) {}
  ~ZstdDecoder() override { ZSTD_freeDCtx(context_); }

 private:
  Result<size_t> decode(char* buffer, size_t size) override {
    if (context_ == nullptr) {
      return Error{ErrorCode::kIo, fmt::format("{}: no memory for decompressing", label())};
    }
    if (has_failure_) return failure_;
    BW_ASSIGN(const bool more, fill());
    ZSTD_inBuffer in{more ? data() : nullptr, more ? available() : 0, 0};
    ZSTD_outBuffer out{buffer, size, 0};
    const size_t hint = ZSTD_decompressStream(context_, &out, &in);
    use(in.pos);
    if (ZSTD_isError(hint) != 0) {
      // A decoder that has failed says another thing when it is asked again.
      has_failure_ = true;
      failure_ =
          ZSTD_getErrorCode(hint) == ZSTD_error_frameParameter_windowTooLarge
              ? Error{ErrorCode::kLimit,
                      fmt::format("{}: needs more than 128 MiB of memory to decompress; "
                                  "compress it again without --long",
                                  label())}
              : corrupt(fmt::format("the zstd data is damaged ({})", ZSTD_getErrorName(hint)));
      if (out.pos > 0) return out.pos;
      return failure_;
    }
    if (more || out.pos > 0) {
      frame_open_ = hint != 0;
    } else if (frame_open_) {
      return corrupt("the zstd data is cut off");
    } else {
      end();
    }
    return out.pos;
  }

  ZSTD_DCtx* context_;
  bool frame_open_ = true;
  bool has_failure_ = false;
  Error failure_{};
};

}  // namespace

std::string system_words(int error_number) { return std::generic_category().message(error_number); }

Result<std::shared_ptr<OpenFile>> OpenFile::open(const std::string& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
  if (descriptor < 0) {
    const int error_number = errno;
    const ErrorCode code = error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
    return Error{code, fmt::format("cannot open {}: {}", path, system_words(error_number))};
  }
  return std::make_shared<OpenFile>(descriptor, path);
}

OpenFile::~OpenFile() { ::close(descriptor_); }

Result<size_t> FileStream::read(char* buffer, size_t size) {
  size_t filled = 0;
  while (filled < size) {
    const ssize_t got =
        ::pread(file_->descriptor(), buffer + filled, size - filled, static_cast<off_t>(offset_));
    if (got < 0) {
      if (errno == EINTR) continue;
      // The place stays, so the next call meets the same failure.
      if (filled > 0) break;
      return Error{ErrorCode::kIo,
                   fmt::format("cannot read {}: {}", file_->path(), system_words(errno))};
    }
    if (got == 0) break;
    filled += static_cast<size_t>(got);
    offset_ += static_cast<uint64_t>(got);
    stored_ += static_cast<uint64_t>(got);
  }
  return filled;
}

Result<size_t> MemoryStream::read(char* buffer, size_t size) {
  const size_t count = std::min(size, bytes_->size() - offset_);
  bytes_->copy(buffer, count, offset_);
  offset_ += count;
  return count;
}

std::string_view PeekStream::peek(size_t size) {
  head_.erase(0, head_used_);
  head_used_ = 0;
  while (head_.size() < size && !has_failure_) {
    const size_t old = head_.size();
    head_.resize(size);
    const Result<size_t> got = below_->read(head_.data() + old, size - old);
    head_.resize(old + (got.ok() ? *got : 0));
    if (!got.ok()) {
      has_failure_ = true;
      failure_ = got.error();
    } else if (*got == 0) {
      break;
    }
  }
  return head_;
}

Result<size_t> PeekStream::read(char* buffer, size_t size) {
  const size_t from_head = std::min(size, head_.size() - head_used_);
  head_.copy(buffer, from_head, head_used_);
  head_used_ += from_head;
  if (from_head == size) return size;
  if (has_failure_) {
    if (from_head > 0) return from_head;
    return failure_;
  }
  const Result<size_t> rest = below_->read(buffer + from_head, size - from_head);
  if (rest.ok()) return from_head + *rest;
  has_failure_ = true;
  failure_ = rest.error();
  if (from_head > 0) return from_head;
  return failure_;
}

Result<Coding> coding_of(std::string_view head, const std::string& label) {
  const auto starts = [&](std::string_view magic) { return head.starts_with(magic); };
  if (starts("\x1f\x8b\x08")) return Coding::kGzip;
  if (starts("\x28\xb5\x2f\xfd")) return Coding::kZstd;
  // A skippable frame, with which parallel zstd writers begin: 0x184D2A50 to 0x184D2A5F.
  if (head.size() >= 4 && (static_cast<unsigned char>(head[0]) & 0xf0) == 0x50 &&
      head.substr(1, 3) == "\x2a\x4d\x18") {
    return Coding::kZstd;
  }
  const auto refuse = [&](std::string_view name) {
    return Error{
        ErrorCode::kUnsupported,
        fmt::format("{}: {} is not read; unpack it, or pack it with gzip or zstd", label, name)};
  };
  if (starts(std::string_view("\xfd"
                              "7zXZ\0",
                              6))) {
    return refuse("xz compression");
  }
  if (starts("BZh") && head.size() >= 10 && head.substr(4, 6) == "1AY&SY") {
    return refuse("bzip2 compression");
  }
  if (starts("7z\xbc\xaf\x27\x1c")) return refuse("a 7z archive");
  if (starts("Rar!\x1a\x07")) return refuse("a rar archive");
  return Coding::kPlain;
}

std::unique_ptr<StoredStream> decoder(Coding coding, std::unique_ptr<StoredStream> below,
                                      const InputLimits& limits, std::string label) {
  switch (coding) {
    case Coding::kPlain:
      break;
    case Coding::kGzip:
      return std::make_unique<GzipDecoder>(std::move(below), limits, std::move(label));
    case Coding::kZstd:
      return std::make_unique<ZstdDecoder>(std::move(below), limits, std::move(label));
  }
  return below;
}

Result<std::unique_ptr<StoredStream>> decoded(std::unique_ptr<StoredStream> below,
                                              const InputLimits& limits, const std::string& label) {
  auto peeked = std::make_unique<PeekStream>(std::move(below));
  BW_ASSIGN(const Coding coding, coding_of(peeked->peek(10), label));
  return decoder(coding, std::move(peeked), limits, label);
}

Result<void> check_expansion(uint64_t expanded, uint64_t stored, const InputLimits& limits,
                             const std::string& label) {
  if (expanded <= kExpansionFreeBytes) return {};
  if (static_cast<double>(expanded) <= limits.expansion_ratio_max * static_cast<double>(stored)) {
    return {};
  }
  return Error{ErrorCode::kLimit,
               fmt::format("{}: expands to more than {:g} times its size, which no record of real "
                           "acts does; nothing more is read from it",
                           label, limits.expansion_ratio_max)};
}

}  // namespace bellwether

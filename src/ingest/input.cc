// SPDX-License-Identifier: Apache-2.0
#include "ingest/input.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unicode/utf8.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cassert>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "ingest/archive.h"
#include "ingest/streams.h"

namespace bellwether {
namespace {

constexpr size_t kPeekBytes = 512;           // one tar header
constexpr size_t kReplayBytesMax = 1 << 20;  // of a pipe, kept so that it can be opened again
constexpr std::string_view kStandardInput = "-";

// What all streams of one input add up to. Each member has its own place, so that opening it twice
// counts once.
class Usage {
 public:
  Usage(const InputLimits& limits, std::string path, size_t members)
      : limits_(limits), path_(std::move(path)), expanded_(members), used_(members) {}

  // Tells that the member's stream has now given `expanded` bytes for the first `used` of it.
  Result<void> note(size_t member, uint64_t expanded, uint64_t used) {
    raise(expanded_[member], expanded, expanded_total_);
    raise(used_[member], used, used_total_);
    if (expanded_total_.load(std::memory_order_relaxed) > limits_.expanded_bytes_max) {
      return Error{ErrorCode::kLimit, fmt::format("{}: holds more than {} bytes decompressed",
                                                  path_, limits_.expanded_bytes_max)};
    }
    return {};
  }
  uint64_t used_total() const { return used_total_.load(std::memory_order_relaxed); }
  const InputLimits& limits() const { return limits_; }

 private:
  static void raise(uint64_t& mark, uint64_t now, std::atomic<uint64_t>& total) {
    if (now <= mark) return;
    total.fetch_add(now - mark, std::memory_order_relaxed);
    mark = now;
  }

  const InputLimits limits_;
  const std::string path_;
  std::vector<uint64_t> expanded_;
  std::vector<uint64_t> used_;
  std::atomic<uint64_t> expanded_total_ = 0;
  std::atomic<uint64_t> used_total_ = 0;
};

// What an adapter holds: the uppermost stream, with the limits that concern the input as a whole.
class MemberStream final : public ByteStream {
 public:
  MemberStream(std::unique_ptr<StoredStream> below, std::shared_ptr<Usage> usage, size_t member,
               std::string label)
      : below_(std::move(below)),
        usage_(std::move(usage)),
        member_(member),
        label_(std::move(label)) {}

  Result<size_t> read(char* buffer, size_t size) override {
    if (failed_) return failure_;
    const Result<size_t> got = below_->read(buffer, size);
    if (!got.ok()) return fail(got.error());
    expanded_ += *got;
    const uint64_t stored = below_->stored();
    if (auto noted = usage_->note(member_, expanded_, below_->progress()); !noted.ok()) {
      return fail(noted.error());
    }
    // A decoder watches its own layer; this sees what layers do together.
    if (auto checked = check_expansion(expanded_, stored, usage_->limits(), label_);
        !checked.ok()) {
      return fail(checked.error());
    }
    return *got;
  }

 private:
  Error fail(const Error& error) {
    failed_ = true;
    failure_ = error;
    return error;
  }

  std::unique_ptr<StoredStream> below_;
  std::shared_ptr<Usage> usage_;
  const size_t member_;
  const std::string label_;
  uint64_t expanded_ = 0;
  bool failed_ = false;
  Error failure_{};
};

std::string file_name_of(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const size_t slash = path.rfind('/');
  return std::string(slash == std::string_view::npos || path == "/" ? path
                                                                    : path.substr(slash + 1));
}

// Names go into messages and JSON, so what is not UTF-8 in them becomes U+FFFD, and control
// characters too.
std::string readable_name(std::string_view name) {
  std::string out;
  out.reserve(name.size());
  const auto* bytes = reinterpret_cast<const uint8_t*>(name.data());
  const auto size = static_cast<int32_t>(std::min<size_t>(name.size(), 1 << 20));
  for (int32_t at = 0; at < size;) {
    const int32_t begin = at;
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    if (c < 0x20 || c == 0x7f) {
      out += "\xef\xbf\xbd";
    } else {
      out.append(name.substr(static_cast<size_t>(begin), static_cast<size_t>(at - begin)));
    }
  }
  return out;
}

// Without "/", "." and ".." where they lead out of or to nowhere in the input.
std::string relative_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const size_t slash = name.find('/');
    const std::string_view part = name.substr(0, slash);
    name.remove_prefix(slash == std::string_view::npos ? name.size() : slash + 1);
    if (part.empty() || part == "." || part == "..") continue;
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

bool is_hidden_part(std::string_view part) {
  return part == "__MACOSX" || (part.starts_with('.') && part != ".git");
}

bool is_hidden(std::string_view relative) {
  while (!relative.empty()) {
    const size_t slash = relative.find('/');
    if (is_hidden_part(relative.substr(0, slash))) return true;
    relative.remove_prefix(slash == std::string_view::npos ? relative.size() : slash + 1);
  }
  return false;
}

Error io_error(std::string_view what, const std::string& path, int error_number) {
  return {ErrorCode::kIo, fmt::format("cannot {} {}: {}", what, path, system_words(error_number))};
}

Error too_many_members(const std::string& path, const InputLimits& limits) {
  return {ErrorCode::kLimit, fmt::format("{}: holds more than {} files", path, limits.members_max)};
}

void sort_by_name(std::vector<LeftOut>& left_out) {
  std::sort(left_out.begin(), left_out.end(), [](const LeftOut& a, const LeftOut& b) {
    return std::tie(a.name, a.reason) < std::tie(b.name, b.reason);
  });
}

// What every kind of input has; `usage_` is made once the members are known.
class BasicInput : public Input {
 public:
  BasicInput(std::string path, const InputLimits& limits)
      : path_(std::move(path)), limits_(limits) {}

  const std::string& path() const override { return path_; }
  const std::vector<Member>& members() const override { return members_; }
  const std::vector<LeftOut>& left_out() const override { return left_out_; }
  const InputLimits& limits() const override { return limits_; }
  uint64_t bytes_read() const override { return usage_->used_total(); }
  uint64_t bytes_total() const override { return bytes_total_; }

 protected:
  void members_are_known() {
    usage_ = std::make_shared<Usage>(limits_, path_, members_.size());
    for (const Member& member : members_) bytes_total_ += member.bytes;
  }
  // Decompresses `raw` where its content asks for it, and holds it against the limits.
  Result<std::unique_ptr<ByteStream>> finish(std::unique_ptr<StoredStream> raw, size_t member,
                                             const std::string& label) const {
    BW_ASSIGN(std::unique_ptr<StoredStream> stream, decoded(std::move(raw), limits_, label));
    return std::unique_ptr<ByteStream>(
        std::make_unique<MemberStream>(std::move(stream), usage_, member, label));
  }

  const std::string path_;
  const InputLimits limits_;
  std::vector<Member> members_;
  std::vector<LeftOut> left_out_;
  std::shared_ptr<Usage> usage_;
  uint64_t bytes_total_ = 0;
};

class FileInput final : public BasicInput {
 public:
  FileInput(std::shared_ptr<OpenFile> file, uint64_t bytes, const InputLimits& limits)
      : BasicInput(file->path(), limits), file_(std::move(file)) {
    members_.push_back({readable_name(file_name_of(path_)), bytes});
    members_are_known();
  }

  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    assert(member == 0);
    return finish(std::make_unique<FileStream>(file_), member, path_);
  }

 private:
  std::shared_ptr<OpenFile> file_;
};

class MemoryInput final : public BasicInput {
 public:
  MemoryInput(std::string name, std::string bytes, const InputLimits& limits)
      : BasicInput(std::move(name), limits),
        bytes_(std::make_shared<const std::string>(std::move(bytes))) {
    members_.push_back({readable_name(file_name_of(path_)), bytes_->size()});
    members_are_known();
  }

  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    assert(member == 0);
    return finish(std::make_unique<MemoryStream>(bytes_), member, path_);
  }

 private:
  std::shared_ptr<const std::string> bytes_;
};

// A descriptor that can be read once, with its beginning kept.
class Pipe {
 public:
  explicit Pipe(std::shared_ptr<OpenFile> file) : file_(std::move(file)) {}

  const std::string& path() const { return file_->path(); }
  bool replayable() const { return !forgotten_; }

  // Bytes from `offset` on; streams over one pipe read one after the other.
  Result<size_t> read(uint64_t offset, char* buffer, size_t size) {
    size_t filled = 0;
    while (filled < size) {
      if (!forgotten_ && offset + filled < kept_.size()) {
        const size_t at = static_cast<size_t>(offset) + filled;
        const size_t step = std::min(size - filled, kept_.size() - at);
        std::memcpy(buffer + filled, kept_.data() + at, step);
        filled += step;
        continue;
      }
      if (offset + filled != consumed_) {
        return Error{
            ErrorCode::kIo,
            fmt::format("{}: can be read only once; save it to a file and give that", path())};
      }
      const ssize_t got = ::read(file_->descriptor(), buffer + filled, size - filled);
      if (got < 0) {
        if (errno == EINTR) continue;
        if (filled > 0) break;
        return io_error("read", path(), errno);
      }
      if (got == 0) break;
      const auto count = static_cast<size_t>(got);
      consumed_ += count;
      if (!forgotten_ && consumed_ > kReplayBytesMax) {
        forgotten_ = true;
        kept_ = std::string();
      }
      if (!forgotten_) kept_.append(buffer + filled, count);
      filled += count;
    }
    return filled;
  }

 private:
  std::shared_ptr<OpenFile> file_;
  std::string kept_;  // the first consumed_ bytes, unless forgotten_
  bool forgotten_ = false;
  uint64_t consumed_ = 0;
};

class PipeStream final : public StoredStream {
 public:
  explicit PipeStream(std::shared_ptr<Pipe> pipe) : pipe_(std::move(pipe)) {}

  Result<size_t> read(char* buffer, size_t size) override {
    BW_ASSIGN(const size_t got, pipe_->read(offset_, buffer, size));
    offset_ += got;
    return got;
  }
  uint64_t stored() const override { return offset_; }

 private:
  std::shared_ptr<Pipe> pipe_;
  uint64_t offset_ = 0;
};

class PipeInput final : public BasicInput {
 public:
  PipeInput(std::string path, std::shared_ptr<Pipe> pipe, const InputLimits& limits)
      : BasicInput(std::move(path), limits), pipe_(std::move(pipe)) {
    members_.push_back({readable_name(file_name_of(path_)), 0});
    members_are_known();
  }

  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    assert(member == 0);
    return finish(std::make_unique<PipeStream>(pipe_), member, pipe_->path());
  }

 private:
  std::shared_ptr<Pipe> pipe_;
};

class FolderInput final : public BasicInput {
 public:
  static Result<std::unique_ptr<Input>> open(const std::string& path, const InputLimits& limits) {
    std::unique_ptr<FolderInput> input(new FolderInput(path, limits));
    BW_TRY(input->walk());
    input->settle();
    return std::unique_ptr<Input>(std::move(input));
  }

  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    assert(member < paths_.size());
    const std::string full = full_path(paths_[member]);
    BW_ASSIGN(std::shared_ptr<OpenFile> file, OpenFile::open(full));
    return finish(std::make_unique<FileStream>(std::move(file)), member, full);
  }

 private:
  struct Found {
    std::string path;  // below path_, as the system spells it
    uint64_t bytes;
  };

  using BasicInput::BasicInput;

  std::string full_path(const std::string& below) const {
    if (below.empty()) return path_;
    return path_.ends_with('/') ? path_ + below : path_ + '/' + below;
  }

  // A folder still to be walked.
  struct Below {
    std::string path;    // below path_
    bool last_in_clone;  // it lies in the work tree of a git clone, and no deeper one is walked
  };

  Result<void> walk() {
    std::vector<Below> folders{{"", false}};
    std::vector<std::string> inner;
    while (!folders.empty()) {
      const Below folder = std::move(folders.back());
      folders.pop_back();
      const size_t files_before = found_.size();
      inner.clear();
      BW_TRY(walk_one(folder.path, inner));
      const auto inside = [&](std::string_view name) {
        return folder.path.empty() ? std::string(name) : fmt::format("{}/{}", folder.path, name);
      };
      const auto holds_folder = [&](std::string_view name) {
        return std::find(inner.begin(), inner.end(), inside(name)) != inner.end();
      };
      const auto holds_file = [&](std::string_view name) {
        return std::any_of(found_.begin() + static_cast<std::ptrdiff_t>(files_before), found_.end(),
                           [&](const Found& found) { return found.path == inside(name); });
      };
      // Of a repository and of a clone's work tree, hundreds of thousands of files perhaps, only as
      // much is listed as tells what they are.
      const bool repository = holds_file("HEAD") && holds_folder("objects") && holds_folder("refs");
      const bool clone = holds_folder(".git") || holds_file(".git");
      for (const std::string& each : inner) {
        if (repository) {
          leave_out(each, "inside a git repository");
        } else if (folder.last_in_clone) {
          leave_out(each, "deep in the work tree of a git clone");
        } else {
          folders.push_back({each, clone && each != inside(".git")});
        }
      }
    }
    return {};
  }

  Result<void> walk_one(const std::string& folder, std::vector<std::string>& folders) {
    const std::string full = full_path(folder);
    const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(full.c_str()), &::closedir);
    if (handle == nullptr) return io_error("read the folder", full, errno);
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(handle.get());
      if (entry == nullptr) {
        if (errno != 0) return io_error("read the folder", full, errno);
        return {};
      }
      const std::string_view name = entry->d_name;
      if (name == "." || name == "..") continue;
      const std::string below =
          folder.empty() ? std::string(name) : fmt::format("{}/{}", folder, name);
      if (is_hidden_part(name)) {
        leave_out(below, "hidden");
        continue;
      }
      BW_TRY(look_at(::dirfd(handle.get()), entry->d_name, below, folders));
    }
  }

  Result<void> look_at(int folder, const char* name, const std::string& below,
                       std::vector<std::string>& folders) {
    struct stat status {};
    if (::fstatat(folder, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
      return io_error("look at", full_path(below), errno);
    }
    const bool link = S_ISLNK(status.st_mode);
    if (link && ::fstatat(folder, name, &status, 0) != 0) {
      leave_out(below, "a link that leads nowhere");
      return {};
    }
    if (S_ISDIR(status.st_mode)) {
      if (link) {
        leave_out(below, "a link to a folder");
      } else {
        folders.push_back(below);
      }
      return {};
    }
    if (!S_ISREG(status.st_mode)) {
      leave_out(below, "not a regular file");
      return {};
    }
    if (found_.size() >= limits_.members_max) return too_many_members(path_, limits_);
    found_.push_back({below, static_cast<uint64_t>(std::max<off_t>(0, status.st_size))});
    return {};
  }

  void leave_out(const std::string& below, std::string reason) {
    left_out_.push_back({readable_name(below), std::move(reason)});
  }

  void settle() {
    std::sort(found_.begin(), found_.end(),
              [](const Found& a, const Found& b) { return a.path < b.path; });
    members_.reserve(found_.size());
    paths_.reserve(found_.size());
    for (Found& found : found_) {
      std::string name = readable_name(found.path);
      // Only names that are no UTF-8 can meet here.
      if (!members_.empty() && members_.back().name == name)
        name += fmt::format("~{}", members_.size());
      members_.push_back({std::move(name), found.bytes});
      paths_.push_back(std::move(found.path));
    }
    found_ = {};
    sort_by_name(left_out_);
    members_are_known();
  }

  std::vector<Found> found_;
  std::vector<std::string> paths_;  // by member
};

// The reader that the last closed stream of an archive left behind, so that reading members in
// their order costs one pass and not one for each.
struct IdleReader {
  std::mutex mutex;
  std::unique_ptr<ArchiveReader> reader;

  std::unique_ptr<ArchiveReader> take() {
    const std::lock_guard<std::mutex> lock(mutex);
    return std::move(reader);
  }
  void put(std::unique_ptr<ArchiveReader> one) {
    const std::lock_guard<std::mutex> lock(mutex);
    reader = std::move(one);
  }
};

class EntryStream final : public StoredStream {
 public:
  EntryStream(std::unique_ptr<ArchiveReader> reader, std::shared_ptr<IdleReader> idle)
      : reader_(std::move(reader)), idle_(std::move(idle)) {}
  ~EntryStream() override {
    // What libarchive makes of the next entry after damage depends on how much of this one was
    // read.
    if (!reader_->entry_failed()) idle_->put(std::move(reader_));
  }
  EntryStream(const EntryStream&) = delete;
  EntryStream& operator=(const EntryStream&) = delete;

  Result<size_t> read(char* buffer, size_t size) override { return reader_->read(buffer, size); }
  uint64_t stored() const override { return reader_->stored_of_entry(); }
  uint64_t progress() const override { return reader_->position(); }

 private:
  std::unique_ptr<ArchiveReader> reader_;
  std::shared_ptr<IdleReader> idle_;
};

class ArchiveInput final : public BasicInput {
 public:
  // `path` is what the operator gave; `file` may be an unlinked copy of it.
  static Result<std::unique_ptr<Input>> open(std::string path, std::shared_ptr<OpenFile> file,
                                             ArchiveForm form, const InputLimits& limits) {
    std::unique_ptr<ArchiveInput> input(
        new ArchiveInput(std::move(path), std::move(file), form, limits));
    BW_TRY(input->list());
    return std::unique_ptr<Input>(std::move(input));
  }

  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    assert(member < ordinals_.size());
    const uint64_t wanted = ordinals_[member];
    std::unique_ptr<ArchiveReader> reader = idle_->take();
    const bool usable = reader != nullptr && (reader->ordinal() < wanted ||
                                              (reader->ordinal() == wanted && reader->untouched()));
    if (!usable) {
      BW_ASSIGN(reader, ArchiveReader::open(file_, form_, limits_));
      BW_TRY(advance(*reader));
    }
    while (reader->ordinal() < wanted) BW_TRY(advance(*reader));
    return finish(std::make_unique<EntryStream>(std::move(reader), idle_), member,
                  fmt::format("{}/{}", path_, members_[member].name));
  }

 private:
  struct Found {
    std::string name;
    uint64_t bytes;
    uint64_t ordinal;
  };

  ArchiveInput(std::string path, std::shared_ptr<OpenFile> file, ArchiveForm form,
               const InputLimits& limits)
      : BasicInput(std::move(path), limits), file_(std::move(file)), form_(form) {}

  Result<void> advance(ArchiveReader& reader) const {
    BW_ASSIGN(const bool more, reader.next());
    if (more) return {};
    return Error{ErrorCode::kCorrupt,
                 fmt::format("{}: the archive became shorter while it was read", path_)};
  }

  Result<void> list() {
    BW_ASSIGN(const std::unique_ptr<ArchiveReader> reader,
              ArchiveReader::open(file_, form_, limits_));
    std::vector<Found> found;
    std::unordered_map<std::string, size_t> place;  // by name, in `found`
    for (;;) {
      BW_ASSIGN(const bool more, reader->next());
      if (!more) break;
      std::string name = relative_name(readable_name(reader->name()));
      if (!reader->is_file()) {
        // Folders are implied by their files.
        if (!reader->is_folder()) leave_out(std::move(name), "not a regular file");
        continue;
      }
      if (name.empty()) name = fmt::format("entry-{}", reader->ordinal() + 1);
      if (is_hidden(name)) {
        leave_out(std::move(name), "hidden");
        continue;
      }
      if (const auto at = place.find(name); at != place.end()) {
        // Unpacking would leave the later one.
        leave_out(name, "replaced by a later member of the same name");
        found[at->second].bytes = reader->bytes();
        found[at->second].ordinal = reader->ordinal();
        continue;
      }
      if (found.size() >= limits_.members_max) return too_many_members(path_, limits_);
      place.emplace(name, found.size());
      found.push_back({std::move(name), reader->bytes(), reader->ordinal()});
    }
    std::sort(found.begin(), found.end(),
              [](const Found& a, const Found& b) { return a.name < b.name; });
    members_.reserve(found.size());
    ordinals_.reserve(found.size());
    for (Found& one : found) {
      members_.push_back({std::move(one.name), one.bytes});
      ordinals_.push_back(one.ordinal);
    }
    sort_by_name(left_out_);
    members_are_known();
    return {};
  }

  void leave_out(std::string name, std::string reason) {
    left_out_.push_back({std::move(name), std::move(reason)});
  }

  std::shared_ptr<OpenFile> file_;
  const ArchiveForm form_;
  std::vector<uint64_t> ordinals_;  // by member: entries before it in the archive
  std::shared_ptr<IdleReader> idle_ = std::make_shared<IdleReader>();
};

class SingleMember final : public Input {
 public:
  SingleMember(std::shared_ptr<Input> whole, size_t member)
      : whole_(std::move(whole)),
        member_(member),
        members_{whole_->members()[member]},
        path_(fmt::format("{}/{}", whole_->path(), members_[0].name)) {}

  const std::string& path() const override { return path_; }
  const std::vector<Member>& members() const override { return members_; }
  const std::vector<LeftOut>& left_out() const override { return left_out_; }
  Result<std::unique_ptr<ByteStream>> open(size_t member) override {
    assert(member == 0);
    (void)member;
    return whole_->open(member_);
  }
  const InputLimits& limits() const override { return whole_->limits(); }
  uint64_t bytes_read() const override { return whole_->bytes_read(); }
  uint64_t bytes_total() const override { return whole_->bytes_total(); }

 private:
  std::shared_ptr<Input> whole_;
  const size_t member_;
  const std::vector<Member> members_;
  const std::vector<LeftOut> left_out_;
  const std::string path_;
};

struct Recognised {
  bool archive = false;
  ArchiveForm form;
};

// Looks at the first bytes, stored and decompressed. A failure to read them is the caller's to meet
// again when the content is read, but for a file that cannot be read at all.
Result<Recognised> recognise(std::unique_ptr<StoredStream> raw, const InputLimits& limits,
                             const std::string& path) {
  std::array<char, kPeekBytes> head{};
  auto peeked = std::make_unique<PeekStream>(std::move(raw));
  const std::string_view stored_head = peeked->peek(kPeekBytes);
  if (stored_head.empty()) {
    const Result<size_t> nothing = peeked->read(head.data(), 1);
    if (!nothing.ok()) return nothing.error();
    return Recognised{};
  }
  if (looks_like_zip(stored_head)) return Recognised{true, {true, Coding::kPlain}};
  BW_ASSIGN(const Coding coding, coding_of(stored_head, path));
  const std::unique_ptr<StoredStream> stream = decoder(coding, std::move(peeked), limits, path);
  const Result<size_t> got = stream->read(head.data(), head.size());
  if (got.ok() && looks_like_tar({head.data(), *got})) {
    return Recognised{true, {false, coding}};
  }
  return Recognised{};
}

// A copy on disk without a name, which is gone when it is closed.
Result<std::shared_ptr<OpenFile>> spool(std::unique_ptr<StoredStream> pipe, const std::string& path,
                                        const InputLimits& limits) {
  const char* folder = std::getenv("TMPDIR");
  std::string name = fmt::format("{}/bellwether-XXXXXX", folder == nullptr ? "/tmp" : folder);
  const int descriptor = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor < 0) return io_error("make a temporary file", name, errno);
  auto file = std::make_shared<OpenFile>(descriptor, path);
  ::unlink(name.c_str());
  const auto buffer = std::make_unique_for_overwrite<char[]>(kReplayBytesMax);
  uint64_t total = 0;
  for (;;) {
    BW_ASSIGN(const size_t got, pipe->read(buffer.get(), kReplayBytesMax));
    if (got == 0) return file;
    total += got;
    if (total > limits.expanded_bytes_max) {
      return Error{ErrorCode::kLimit,
                   fmt::format("{}: holds more than {} bytes", path, limits.expanded_bytes_max)};
    }
    for (size_t written = 0; written < got;) {
      const ssize_t step = ::write(descriptor, buffer.get() + written, got - written);
      if (step < 0) {
        if (errno == EINTR) continue;
        return io_error("write the temporary file", name, errno);
      }
      written += static_cast<size_t>(step);
    }
  }
}

Result<std::unique_ptr<Input>> open_pipe(const std::string& path, std::shared_ptr<OpenFile> file,
                                         const InputLimits& limits) {
  auto pipe = std::make_shared<Pipe>(std::move(file));
  BW_ASSIGN(const Recognised seen,
            recognise(std::make_unique<PipeStream>(pipe), limits, pipe->path()));
  if (!seen.archive) {
    return std::unique_ptr<Input>(std::make_unique<PipeInput>(path, std::move(pipe), limits));
  }
  BW_ASSIGN(std::shared_ptr<OpenFile> copy,
            spool(std::make_unique<PipeStream>(pipe), pipe->path(), limits));
  return ArchiveInput::open(path, std::move(copy), seen.form, limits);
}

}  // namespace

Result<std::unique_ptr<Input>> open_input(const std::string& path, const InputLimits& limits) {
  std::shared_ptr<OpenFile> file;
  if (path == kStandardInput) {
    const int descriptor = ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0) return io_error("read", "standard input", errno);
    file = std::make_shared<OpenFile>(descriptor, "standard input");
  } else {
    BW_ASSIGN(file, OpenFile::open(path));
  }
  struct stat status {};
  if (::fstat(file->descriptor(), &status) != 0) return io_error("look at", path, errno);
  if (S_ISDIR(status.st_mode)) {
    if (path != kStandardInput) return FolderInput::open(path, limits);
    return Error{ErrorCode::kInvalidArgument, "standard input is a folder; give its path instead"};
  }
  // Standard input may be a file that somebody has read half of, so it is always a pipe to us.
  if (!S_ISREG(status.st_mode) || path == kStandardInput) {
    return open_pipe(path, std::move(file), limits);
  }
  BW_ASSIGN(const Recognised seen, recognise(std::make_unique<FileStream>(file), limits, path));
  if (seen.archive) return ArchiveInput::open(path, std::move(file), seen.form, limits);
  const auto bytes = static_cast<uint64_t>(std::max<off_t>(0, status.st_size));
  return std::unique_ptr<Input>(std::make_unique<FileInput>(std::move(file), bytes, limits));
}

std::unique_ptr<Input> memory_input(std::string name, std::string bytes,
                                    const InputLimits& limits) {
  return std::make_unique<MemoryInput>(std::move(name), std::move(bytes), limits);
}

std::unique_ptr<Input> single_member(std::shared_ptr<Input> whole, size_t member) {
  assert(member < whole->members().size());
  return std::make_unique<SingleMember>(std::move(whole), member);
}

Result<std::string> read_all(Input& input, size_t member) {
  constexpr size_t kFirst = 64 << 10;
  const uint64_t most = input.limits().document_bytes_max;
  BW_ASSIGN(const std::unique_ptr<ByteStream> stream, input.open(member));
  std::string out;
  size_t filled = 0;
  for (;;) {
    if (filled == out.size()) out.resize(std::max(kFirst, out.size() * 2));
    BW_ASSIGN(const size_t got, stream->read(out.data() + filled, out.size() - filled));
    filled += got;
    if (filled > most) {
      return Error{ErrorCode::kLimit,
                   fmt::format("{}: {} is longer than {} bytes, the most that is held whole",
                               input.path(), input.members()[member].name, most)};
    }
    if (got == 0) break;
  }
  out.resize(filled);
  return out;
}

}  // namespace bellwether

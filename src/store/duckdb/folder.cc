// SPDX-License-Identifier: Apache-2.0
#include "store/duckdb/folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/hash.h"

namespace bellwether {
namespace {

// The program and its command, without what it was asked about: that may be a person, of whom
// nothing may be kept here.
std::string this_command() {
  std::ifstream file("/proc/self/cmdline", std::ios::binary);
  std::string line((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const size_t command = line.find('\0');
  if (command != std::string::npos)
    line.resize(std::min(line.size(), line.find('\0', command + 1)));
  while (!line.empty() && line.back() == '\0') line.pop_back();
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20) c = ' ';
  }
  return line.substr(0, 200);
}

std::string read_all(int descriptor) {
  std::array<char, 512> buffer{};
  const ssize_t got = pread(descriptor, buffer.data(), buffer.size(), 0);
  return got > 0 ? std::string(buffer.data(), static_cast<size_t>(got)) : std::string();
}

bool write_all(int descriptor, std::string_view bytes) {
  return pwrite(descriptor, bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size());
}

Error system_error(const std::string& file) {
  return {ErrorCode::kIo, fmt::format("{}: {}", file, std::strerror(errno))};
}

constexpr std::string_view kMarkHead = "bellwether mark 1 ";

std::string mark_text(uint64_t commits) {
  const std::string head = fmt::format("{}{:020} ", kMarkHead, commits);
  return fmt::format("{}{:016x}\n", head, hash64(head));
}

}  // namespace

std::string database_file(const std::string& folder) { return folder + "/log.duckdb"; }
std::string wal_file(const std::string& folder) { return folder + "/log.duckdb.wal"; }
std::string erasure_folder(const std::string& folder) { return folder + "/log.erasing"; }

Result<StoreLock> StoreLock::take(const std::string& folder) {
  const std::string file = folder + "/log.lock";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_error(file);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    std::string holder = read_all(descriptor);
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    close(descriptor);
    if (reason != EWOULDBLOCK) {
      errno = reason;
      return system_error(file);
    }
    return Error{ErrorCode::kBusy,
                 fmt::format("{} is in use by process {}; end it, or let it do the work", folder,
                             holder.empty() ? "unknown" : holder)};
  }
  const std::string content = fmt::format("{} ({})\n", getpid(), this_command());
  if (ftruncate(descriptor, 0) != 0 || !write_all(descriptor, content)) {
    // A full disk must not keep anybody from reading: the lock holds without its text.
    [[maybe_unused]] const int ignored = ftruncate(descriptor, 0);
  }
  return StoreLock(descriptor);
}

StoreLock::~StoreLock() {
  if (descriptor_ >= 0) close(descriptor_);
}

Result<CommitMark> CommitMark::open(const std::string& folder) {
  const std::string file = folder + "/log.mark";
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (descriptor < 0) return system_error(file);
  return CommitMark(descriptor);
}

CommitMark::~CommitMark() {
  if (descriptor_ >= 0) close(descriptor_);
}

std::string CommitMark::bytes() const { return read_all(descriptor_); }

std::optional<uint64_t> CommitMark::read() const {
  const std::string text = bytes();
  if (text.size() < kMarkHead.size() + 20) return std::nullopt;
  uint64_t commits = 0;
  const char* begin = text.data() + kMarkHead.size();
  const auto [end, error] = std::from_chars(begin, begin + 20, commits);
  if (error != std::errc{} || text != mark_text(commits)) return std::nullopt;
  return commits;
}

bool CommitMark::intact() const { return bytes().empty() || read().has_value(); }

void CommitMark::write(uint64_t commits) {
  [[maybe_unused]] const bool written = write_all(descriptor_, mark_text(commits));
}

Result<std::string> set_wal_aside(const std::string& folder, uint64_t keep) {
  namespace fs = std::filesystem;
  const std::string wal = wal_file(folder);
  std::error_code error;
  std::string aside;
  for (int n = 1;; ++n) {
    aside = fmt::format("{}.damaged-{}", wal, n);
    if (!fs::exists(aside, error)) break;
  }
  fs::rename(wal, aside, error);
  if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", wal, error.message())};
  if (keep > 0) {
    // The copy is cut before it gets the name that the engine looks for.
    const std::string half = wal + ".half";
    fs::copy_file(aside, half, fs::copy_options::overwrite_existing, error);
    if (!error) fs::resize_file(half, keep, error);
    if (!error) fs::rename(half, wal, error);
    if (error) return Error{ErrorCode::kIo, fmt::format("{}: {}", half, error.message())};
  }
  return aside;
}

std::vector<std::string> wals_aside(const std::string& folder) {
  namespace fs = std::filesystem;
  const std::string start = fs::path(wal_file(folder)).filename().string() + ".";
  std::vector<std::string> found;
  std::error_code error;
  for (fs::directory_iterator at(folder, error), end; !error && at != end; at.increment(error)) {
    if (at->path().filename().string().starts_with(start)) found.push_back(at->path().string());
  }
  std::sort(found.begin(), found.end());
  return found;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/git/commit.h"

#include <unicode/ucnv.h>

#include <algorithm>
#include <charconv>

#include "event/event.h"
#include "ingest/adapters/git/mailmap.h"

namespace bellwether {
namespace {

constexpr size_t kReadBytes = 256 << 10;
constexpr size_t kHeaderBytesMax = 512;  // of one object in a batch
constexpr size_t kParentsMax = 256;
constexpr size_t kRevertsMax = 64;
constexpr size_t kTrailersMax = 1000;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\v' || c == '\f';
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

// Seconds since 1970, up to the last instant that an act can have.
bool parse_seconds(std::string_view text, Instant& time) {
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (error != std::errc{} || end == text.data()) return false;
  if (end != text.data() + text.size() && *end != ' ') return false;
  if (seconds < 0 || seconds >= kLatest.ms / kMsPerSecond) return false;
  time = Instant{seconds * kMsPerSecond};
  return true;
}

// The address ends at the first '>', the time stands behind the last one, as git reads it.
std::string_view parse_ident(std::string_view line, GitIdent& ident) {
  const size_t left = line.find('<');
  const size_t right = left == std::string_view::npos ? left : line.find('>', left);
  if (right == std::string_view::npos) return "has no address in angle brackets";
  ident.name = trimmed(line.substr(0, left));
  ident.address = trimmed(line.substr(left + 1, right - left - 1));
  if (!parse_seconds(trimmed(line.substr(line.rfind('>') + 1)), ident.time)) {
    return "has a time that is not an instant from 1970 to 2199";
  }
  return {};
}

bool is_utf8_name(std::string_view encoding) {
  const std::string lower = lower_case(encoding);
  return lower == "utf-8" || lower == "utf8";
}

// Empty where the encoding is not known or the bytes are not in it.
std::string to_utf8(std::string_view bytes, const std::string& encoding) {
  UErrorCode status = U_ZERO_ERROR;
  std::string out(bytes.size() * 3 + 16, '\0');
  const int32_t size =
      ucnv_convert("UTF-8", encoding.c_str(), out.data(), static_cast<int32_t>(out.size()),
                   bytes.data(), static_cast<int32_t>(bytes.size()), &status);
  if (U_FAILURE(status) || size < 0 || static_cast<size_t>(size) > out.size()) return {};
  out.resize(static_cast<size_t>(size));
  return out;
}

// Where the ':' of a trailer stands in a line; npos: it is none.
size_t separator_of(std::string_view line) {
  bool blank_seen = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (c == ':') return i;
    const bool in_token =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (!blank_seen && in_token) continue;
    if (i > 0 && (c == ' ' || c == '\t')) {
      blank_seen = true;
      continue;
    }
    break;
  }
  return std::string_view::npos;
}

bool is_trailer(std::string_view line) {
  const size_t separator = separator_of(line);
  return separator != std::string_view::npos && separator > 0 && !is_blank(line[0]);
}

// Lines that git itself writes: with one of them, a quarter of trailers is enough.
bool is_written_by_git(std::string_view line) {
  return line.starts_with("Signed-off-by: ") || line.starts_with("(cherry picked from commit ");
}

// The lines of the paragraph that may hold trailers: the last one, unless it is also the first.
std::vector<std::string_view> last_paragraph(std::string_view message) {
  std::vector<std::string_view> lines;
  while (!message.empty()) lines.push_back(take_line(message));
  size_t title = 0;
  while (title < lines.size() &&
         (lines[title].starts_with('#') || !trimmed(lines[title]).empty())) {
    ++title;
  }
  // Remarks and blank lines at the end belong to nothing.
  while (lines.size() > title && (trimmed(lines.back()).empty() || lines.back().starts_with('#'))) {
    lines.pop_back();
  }
  size_t begin = lines.size();
  while (begin > title && !trimmed(lines[begin - 1]).empty()) --begin;
  // A paragraph without a blank line before it is the title's.
  if (begin == title) return {};
  lines.erase(lines.begin(), lines.begin() + static_cast<std::ptrdiff_t>(begin));
  return lines;
}

bool holds_trailers(const std::vector<std::string_view>& paragraph) {
  size_t trailers = 0;
  size_t others = 0;
  size_t continuations = 0;
  bool recognised = false;
  // From the end, because continuations belong to the trailer above them.
  for (auto line = paragraph.rbegin(); line != paragraph.rend(); ++line) {
    if (line->starts_with('#')) {
      others += continuations;
      continuations = 0;
    } else if (is_written_by_git(*line)) {
      ++trailers;
      continuations = 0;
      recognised = true;
    } else if (is_trailer(*line)) {
      ++trailers;
      continuations = 0;
    } else if (is_blank(line->front())) {
      ++continuations;
    } else {
      others += 1 + continuations;
      continuations = 0;
    }
  }
  others += continuations;
  return recognised ? trailers * 3 >= others : trailers > 0 && others == 0;
}

}  // namespace

bool is_git_hash(std::string_view text) {
  return (text.size() == 40 || text.size() == 64) &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::string_view GitCommit::parse(std::string_view bytes) {
  for (bool second = false;; second = true) {
    parents.clear();
    author = {};
    committer = {};
    std::string_view author_line;
    std::string_view committer_line;
    std::string_view encoding;
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const std::string_view line = take_line(rest);
      if (line.empty()) break;
      const size_t space = line.find(' ');
      if (space == 0 || space == std::string_view::npos) continue;  // more of a signature
      const std::string_view key = line.substr(0, space);
      const std::string_view value = line.substr(space + 1);
      if (key == "parent" && is_git_hash(value) && parents.size() < kParentsMax) {
        parents.push_back(value);
      } else if (key == "author" && author_line.empty()) {
        author_line = value;
      } else if (key == "committer" && committer_line.empty()) {
        committer_line = value;
      } else if (key == "encoding" && encoding.empty()) {
        encoding = value;
      }
    }
    message = rest;
    if (!second && !encoding.empty() && !is_utf8_name(encoding)) {
      converted = to_utf8(bytes, std::string(encoding));
      if (!converted.empty()) {
        bytes = converted;
        continue;
      }
    }
    if (author_line.empty()) return "commit has no author";
    if (committer_line.empty()) return "commit has no committer";
    if (const std::string_view problem = parse_ident(author_line, author); !problem.empty()) {
      return problem.starts_with("has no") ? "author has no address in angle brackets"
                                           : "author's time is not an instant from 1970 to 2199";
    }
    if (const std::string_view problem = parse_ident(committer_line, committer); !problem.empty()) {
      return problem.starts_with("has no") ? "committer has no address in angle brackets"
                                           : "committer's time is not an instant from 1970 to 2199";
    }
    return {};
  }
}

std::vector<GitTrailer> trailers_of(std::string_view message) {
  const std::vector<std::string_view> paragraph = last_paragraph(message);
  std::vector<GitTrailer> out;
  if (!holds_trailers(paragraph)) return out;
  bool continues = false;
  for (const std::string_view line : paragraph) {
    if (line.starts_with('#')) continue;
    if (is_trailer(line)) {
      if (out.size() == kTrailersMax) break;
      const size_t separator = separator_of(line);
      out.push_back({lower_case(trimmed(line.substr(0, separator))),
                     std::string(trimmed(line.substr(separator + 1)))});
      continues = true;
    } else if (is_blank(line.front())) {
      if (!continues) continue;
      std::string& value = out.back().value;
      if (!value.empty()) value += ' ';
      value += trimmed(line);
    } else {
      continues = false;
    }
  }
  return out;
}

std::vector<std::string_view> reverted_by(std::string_view message) {
  constexpr std::string_view kSays = "This reverts commit ";
  std::vector<std::string_view> out;
  while (!message.empty() && out.size() < kRevertsMax) {
    std::string_view line = take_line(message);
    if (!line.starts_with(kSays)) continue;
    line.remove_prefix(kSays.size());
    const std::string_view hash = line.substr(0, line.find_first_not_of("0123456789abcdef"));
    if (is_git_hash(hash) && std::find(out.begin(), out.end(), hash) == out.end()) {
      out.push_back(hash);
    }
  }
  return out;
}

Result<void> GitObjectReader::fill(size_t bytes) {
  if (window_.size() - at_ >= bytes) return {};
  window_.erase(0, at_);
  at_ = 0;
  while (window_.size() < bytes) {
    const size_t old = window_.size();
    const size_t wanted = std::max(bytes - old, kReadBytes);
    window_.resize(old + wanted);
    const Result<size_t> got = stream_.read(window_.data() + old, wanted);
    window_.resize(old + (got.ok() ? *got : 0));
    if (!got.ok()) return got.error();
    if (*got == 0) break;
  }
  return {};
}

Result<void> GitObjectReader::skip(uint64_t bytes) {
  while (bytes > 0) {
    BW_TRY(fill(1));
    const uint64_t step = std::min<uint64_t>(bytes, window_.size() - at_);
    if (step == 0) break;
    at_ += static_cast<size_t>(step);
    bytes -= step;
  }
  return {};
}

Result<bool> GitObjectReader::next(Object& object) {
  const Error broken{ErrorCode::kCorrupt, "git ended in the middle of a commit"};
  size_t end = window_.find('\n', at_);
  if (end == std::string::npos) {
    BW_TRY(fill(kHeaderBytesMax));
    if (at_ == window_.size()) return false;
    end = window_.find('\n', at_);
    if (end == std::string::npos) return broken;
  }
  std::string_view header = std::string_view(window_).substr(at_, end - at_);
  at_ = end + 1;
  object = {};
  object.number = ++number_;
  const size_t space = header.find(' ');
  hash_ = header.substr(0, space);
  object.hash = hash_;
  header.remove_prefix(space == std::string_view::npos ? header.size() : space + 1);
  if (header == "missing") {
    object.problem = "commit is missing from the clone";
    return true;
  }
  constexpr std::string_view kCommit = "commit ";
  const bool is_commit = header.starts_with(kCommit);
  const std::string_view digits = header.substr(std::min(header.find(' '), header.size() - 1) + 1);
  uint64_t size = 0;
  const auto [last, error] = std::from_chars(digits.data(), digits.data() + digits.size(), size);
  if (!is_git_hash(hash_) || error != std::errc{} || last != digits.data() + digits.size()) {
    return Error{ErrorCode::kCorrupt, "git prints what is no object"};
  }
  if (!is_commit || size > limits_.record_bytes_max) {
    object.problem = is_commit ? "commit is longer than the limit" : "object is not a commit";
    BW_TRY(skip(size + 1));
    return true;
  }
  BW_TRY(fill(static_cast<size_t>(size) + 1));
  if (window_.size() - at_ < size + 1) return broken;
  object.bytes = std::string_view(window_).substr(at_, static_cast<size_t>(size));
  at_ += static_cast<size_t>(size) + 1;
  return true;
}

}  // namespace bellwether

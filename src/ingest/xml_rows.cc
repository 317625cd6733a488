// SPDX-License-Identifier: Apache-2.0
#include "ingest/xml_rows.h"

#include <expat.h>
#include <fmt/core.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <type_traits>

namespace bellwether {
namespace {

constexpr size_t kChunkBytesMin = 64 << 10;
constexpr size_t kChunkBytesMax = 1 << 20;
constexpr size_t kBadBytesShown = 4096;  // of a row that cannot be read
constexpr uint32_t kDepthMax = 16;       // expat remembers every open element
constexpr std::string_view kRow = "row";
constexpr std::string_view kRowBegin = "<row";

constexpr std::string_view kTooLong = "row is longer than the limit";

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

class XmlRowReader {
 public:
  XmlRowReader(ByteStream& stream, const InputLimits& limits, std::string_view label,
               const std::function<Result<void>(const XmlRow&)>& row)
      : stream_(stream), limits_(limits), label_(label), row_(row) {}

  Result<void> run() {
    parser_.reset(XML_ParserCreate("UTF-8"));
    if (parser_ == nullptr) return Error{ErrorCode::kIo, "no memory for an XML parser"};
    prepare();
    for (;;) {
      // As much again as is waiting, so that a long row is looked at from its beginning only a few
      // times.
      const size_t chunk = std::clamp<size_t>(window_.size(), kChunkBytesMin, kChunkBytesMax);
      const size_t old = window_.size();
      window_.resize(old + chunk);
      const Result<size_t> got = stream_.read(window_.data() + old, chunk);
      if (!got.ok()) return got.error();
      window_.resize(old + *got);
      const bool last = *got == 0;
      BW_TRY(take(last));
      if (last) return {};
    }
  }

 private:
  struct Free {
    void operator()(XML_Parser parser) const { XML_ParserFree(parser); }
  };

  void prepare() {
    XML_SetUserData(parser_.get(), this);
    XML_SetElementHandler(
        parser_.get(),
        [](void* self, const char* name, const char** attributes) {
          static_cast<XmlRowReader*>(self)->begin_element(name, attributes);
        },
        [](void* self, const char* /*name*/) {
          auto* reader = static_cast<XmlRowReader*>(self);
          --reader->depth_;
          reader->pass_event();
        });
    XML_SetCharacterDataHandler(parser_.get(), [](void* self, const char* text, int bytes) {
      auto* reader = static_cast<XmlRowReader*>(self);
      reader->stray_ = reader->stray_ || !std::all_of(text, text + bytes, is_space);
      reader->pass_event();
    });
    XML_SetDefaultHandler(parser_.get(), [](void* self, const char* /*text*/, int /*bytes*/) {
      static_cast<XmlRowReader*>(self)->pass_event();
    });
    XML_SetStartDoctypeDeclHandler(parser_.get(), [](void* self, const char*, const char*,
                                                     const char*, int) {
      auto* reader = static_cast<XmlRowReader*>(self);
      reader->stop(
          {ErrorCode::kCorrupt,
           fmt::format("{}: declares a document type, and no table of rows does", reader->label_)});
    });
  }

  // Where the present event begins, in window_.
  size_t event_begin() const {
    const int64_t at = XML_GetCurrentByteIndex(parser_.get()) - origin_;
    return static_cast<size_t>(std::clamp<int64_t>(at, 0, static_cast<int64_t>(window_.size())));
  }
  size_t event_bytes() const {
    return static_cast<size_t>(std::max(0, XML_GetCurrentByteCount(parser_.get())));
  }
  void pass_event() { passed_ = std::min(event_begin() + event_bytes(), window_.size()); }

  void stop(Error error) {
    if (failure_.has_value()) return;
    failure_ = std::move(error);
    XML_StopParser(parser_.get(), XML_FALSE);
  }

  void begin_element(const char* name, const char** attributes) {
    if (failure_.has_value()) return;
    ++depth_;
    if (depth_ == 1) {
      if (root_.empty()) root_ = name;
    } else if (depth_ == 2) {
      give_row(name, attributes);
    } else if (depth_ > kDepthMax) {
      stop({ErrorCode::kCorrupt, fmt::format("{}: elements stand more than {} deep in row {}",
                                             label_, kDepthMax, rows_)});
    } else {
      stray_ = true;
    }
    pass_event();
  }

  void give_row(std::string_view name, const char** attributes) {
    give_stray();
    if (failure_.has_value()) return;
    XmlRow row;
    row.number = ++rows_;
    row.bytes = std::string_view(window_).substr(event_begin(), event_bytes());
    if (row.bytes.size() > limits_.record_bytes_max) {
      row.bytes = row.bytes.substr(0, kBadBytesShown);
      row.problem = kTooLong;
    } else if (name == kRow) {
      size_t count = 0;
      while (attributes[count] != nullptr) count += 2;
      row.attributes = {attributes, count};
    } else {
      row.problem = "element is not a row";
    }
    give(row);
  }

  // Text, and elements within rows, would otherwise be lost in silence.
  void give_stray() {
    if (!stray_) return;
    stray_ = false;
    XmlRow row;
    row.number = rows_;
    row.problem = "text or elements stand outside the attributes of rows";
    give(row);
  }

  void give(const XmlRow& row) {
    if (Result<void> taken = row_(row); !taken.ok()) stop(taken.error());
  }

  Result<void> take(bool last) {
    for (;;) {
      if (seeking_ && !find_next_row(last)) {
        if (last) return broken_off();
        return {};
      }
      const size_t bytes = window_.size() - fed_;
      const XML_Status status =
          XML_Parse(parser_.get(), window_.data() + fed_, static_cast<int>(bytes), last ? 1 : 0);
      if (failure_.has_value()) return *failure_;
      fed_ = window_.size();
      if (status != XML_STATUS_OK) {
        BW_TRY(recover());
        continue;
      }
      if (last) {
        give_stray();
        if (failure_.has_value()) return *failure_;
        return {};
      }
      drop(passed_);
      // Newer expats look at a token again only once twice as many bytes are there.
      if (window_.size() <= 2 * limits_.record_bytes_max + kChunkBytesMax) return {};
      BW_TRY(refuse_row(kTooLong, 0));
    }
  }

  // After an error of expat's: what it costs, and where to go on.
  Result<void> recover() {
    const XML_Error code = XML_GetErrorCode(parser_.get());
    if (root_.empty()) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("{}: is not XML: {}", label_, XML_ErrorString(code))};
    }
    if (depth_ == 0) {
      return Error{ErrorCode::kCorrupt,
                   fmt::format("{}: goes on after the end of <{}>", label_, root_)};
    }
    if (code == XML_ERROR_UNCLOSED_TOKEN || code == XML_ERROR_NO_ELEMENTS ||
        code == XML_ERROR_PARTIAL_CHAR || code == XML_ERROR_UNCLOSED_CDATA_SECTION) {
      return broken_off();
    }
    if (code == XML_ERROR_NO_MEMORY) return Error{ErrorCode::kIo, "no memory for an XML row"};
    return refuse_row("row is not well-formed XML", event_begin());
  }

  Error broken_off() const {
    return {ErrorCode::kCorrupt, fmt::format("{}: breaks off after row {}", label_, rows_)};
  }

  // Gives the row that begins at passed_ as a bad one, and goes looking from `from`, but at least
  // one byte further on.
  Result<void> refuse_row(std::string_view problem, size_t from) {
    size_t begin = std::min(passed_, window_.size());
    while (begin < window_.size() && is_space(window_[begin])) ++begin;
    XmlRow row;
    row.number = ++rows_;
    row.bytes = std::string_view(window_).substr(begin, kBadBytesShown);
    row.problem = problem;
    stray_ = false;
    BW_TRY(row_(row));
    drop(std::min(std::max(from, begin + 1), window_.size()));
    seeking_ = true;
    return {};
  }

  // Makes window_ begin with a row, and a fresh parser ready for it; false: there is none so far.
  bool find_next_row(bool last) {
    for (size_t at = 0;; ++at) {
      at = window_.find(kRowBegin, at);
      if (at == std::string::npos) {
        // The beginning of one may stand at the end.
        drop(window_.size() - std::min(window_.size(), kRowBegin.size()));
        return false;
      }
      if (at + kRowBegin.size() == window_.size()) {
        if (!last) drop(at);
        return false;
      }
      const char next = window_[at + kRowBegin.size()];
      if (!is_space(next) && next != '/' && next != '>') continue;
      drop(at);
      break;
    }
    XML_ParserReset(parser_.get(), "UTF-8");
    prepare();
    depth_ = 0;
    const std::string root = fmt::format("<{}>", root_);
    XML_Parse(parser_.get(), root.data(), static_cast<int>(root.size()), 0);
    origin_ = static_cast<int64_t>(root.size());
    fed_ = 0;
    passed_ = 0;
    seeking_ = false;
    return true;
  }

  // Forgets the first bytes of the window.
  void drop(size_t bytes) {
    window_.erase(0, bytes);
    origin_ += static_cast<int64_t>(bytes);
    fed_ -= std::min(fed_, bytes);
    passed_ -= std::min(passed_, bytes);
  }

  ByteStream& stream_;
  const InputLimits& limits_;
  const std::string label_;
  const std::function<Result<void>(const XmlRow&)>& row_;
  std::unique_ptr<std::remove_pointer_t<XML_Parser>, Free> parser_;

  std::string window_;    // what was read and may still be needed
  int64_t origin_ = 0;    // what expat counts for the first byte of window_
  size_t fed_ = 0;        // bytes of window_ that expat has been given
  size_t passed_ = 0;     // bytes of window_ up to the end of the last event
  bool seeking_ = false;  // for the next row, after a bad one
  bool stray_ = false;    // something stood where nothing should, and was not told yet
  uint32_t depth_ = 0;    // elements open
  uint64_t rows_ = 0;
  std::string root_;
  std::optional<Error> failure_;
};

}  // namespace

const char* XmlRow::find(std::string_view name) const {
  for (size_t i = 0; i + 1 < attributes.size(); i += 2) {
    if (name == attributes[i]) return attributes[i + 1];
  }
  return nullptr;
}

std::string_view XmlRow::get(std::string_view name) const {
  const char* value = find(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

std::string_view xml_root(std::string_view head) {
  if (head.starts_with("\xef\xbb\xbf")) head.remove_prefix(3);
  for (;;) {
    const size_t begin = head.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return {};
    head.remove_prefix(begin);
    std::string_view end;
    if (head.starts_with("<?")) {
      end = "?>";
    } else if (head.starts_with("<!--")) {
      end = "-->";
    } else {
      break;
    }
    const size_t at = head.find(end, 2);
    if (at == std::string_view::npos) return {};
    head.remove_prefix(at + end.size());
  }
  if (!head.starts_with('<')) return {};
  // A declared document type names the root too, and reading then says what is wrong with it.
  constexpr std::string_view kDeclaration = "<!DOCTYPE";
  if (head.starts_with(kDeclaration)) {
    const size_t name = head.find_first_not_of(" \t\r\n", kDeclaration.size());
    if (name == std::string_view::npos) return {};
    head.remove_prefix(name - 1);
  }
  const size_t end = head.find_first_of(" \t\r\n/>[", 1);
  return end == std::string_view::npos ? std::string_view() : head.substr(1, end - 1);
}

Result<void> for_each_xml_row(ByteStream& stream, const InputLimits& limits, std::string_view label,
                              const std::function<Result<void>(const XmlRow&)>& row) {
  return XmlRowReader(stream, limits, label, row).run();
}

}  // namespace bellwether

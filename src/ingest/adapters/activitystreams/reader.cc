// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/reader.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/hash.h"
#include "ingest/json_cutter.h"

namespace bellwether {
namespace {

constexpr size_t kSniffBytesFirst = 16 << 10;
constexpr size_t kSniffBytes = 256 << 10;
constexpr std::string_view kTooLongReason = "record is longer than the limit";
constexpr size_t kProfilesRemembered = 1 << 20;
constexpr size_t kKindsMax = 300;

constexpr uint32_t kDocument = static_cast<uint32_t>(As2Place::kDocument);
constexpr uint32_t kItem = static_cast<uint32_t>(As2Place::kItem);
constexpr uint32_t kArrayElement = static_cast<uint32_t>(As2Place::kArrayElement);

// Gives bytes that were read already, then the rest.
class Replay final : public ByteStream {
 public:
  Replay(std::string head, ByteStream& rest) : head_(std::move(head)), rest_(rest) {}
  Result<size_t> read(char* buffer, size_t size) override {
    if (used_ == head_.size()) {
      Result<size_t> got = rest_.read(buffer, size);
      failed_ = failed_ || !got.ok();
      return got;
    }
    const size_t taken = std::min(size, head_.size() - used_);
    std::memcpy(buffer, head_.data() + used_, taken);
    used_ += taken;
    return taken;
  }
  bool failed() const { return failed_; }

 private:
  std::string head_;
  size_t used_ = 0;
  ByteStream& rest_;
  bool failed_ = false;
};

// The first bytes of a stream: kSniffBytes of them, or all. A failure shows itself again when the
// stream is read on.
Result<std::string> read_head(ByteStream& stream) {
  std::string head;
  size_t filled = 0;
  while (filled < kSniffBytes) {
    // Most documents are small.
    if (filled == head.size()) head.resize(std::clamp(2 * filled, kSniffBytesFirst, kSniffBytes));
    const Result<size_t> got = stream.read(head.data() + filled, head.size() - filled);
    if (!got.ok()) {
      if (filled == 0) return got.error();
      break;
    }
    if (*got == 0) break;
    filled += *got;
  }
  head.resize(filled);
  return head;
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string_view without_mark(std::string_view text) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  return text;
}

// An object from its first to its last character, brackets balanced.
bool is_object_line(std::string_view line) {
  if (!line.starts_with('{') || !line.ends_with('}')) return false;
  int64_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      ++depth;
    } else if (c == '}' || c == ']') {
      if (--depth == 0) return i + 1 == line.size();
    }
  }
  return false;
}

// A file of lines has objects on half of them, be the others broken; a document that is laid out
// over lines has hardly any, and one on a single line is read as a document.
bool is_lines(std::string_view head, bool whole) {
  head = without_mark(head);
  size_t lines = 0;
  size_t objects = 0;
  bool more = false;
  while (!head.empty()) {
    const size_t newline = head.find('\n');
    const std::string_view line = trimmed(head.substr(0, newline));
    if (newline == std::string_view::npos && !whole) {
      more = !line.empty();
      break;
    }
    head.remove_prefix(newline == std::string_view::npos ? head.size() : newline + 1);
    if (line.empty()) continue;
    ++lines;
    if (is_object_line(line)) ++objects;
  }
  return objects > 0 && objects * 2 >= lines && (lines > 1 || more);
}

// The documents of a stream, with what belongs to one of them.
class Documents {
 public:
  Documents(Replay& stream, const InputLimits& limits, const std::string& label,
            RecordPipeline& pipeline, uint64_t& records)
      : stream_(stream),
        limits_(limits),
        pipeline_(pipeline),
        cutter_(stream, limits, label),
        records_(records) {}

  Result<void> run() {
    const uint64_t before = records_;
    for (;;) {
      BW_ASSIGN(const int next, cutter_.peek());
      if (next == JsonCutter::kEnd) return {};
      first_ = records_;
      streams_ = refused_ = too_long_ = false;
      Result<void> outcome = next == '{' ? object() : next == '[' ? array() : scalar();
      if (outcome.ok()) outcome = end();
      if (outcome.ok()) continue;
      if (outcome.error().code != ErrorCode::kCorrupt) return outcome;
      // What came before is good, as far as the document's beginning tells.
      const bool any = records_ > first_ && !refused_;
      if (any && !streams_ && !too_long_ && problem_with(so_far()).empty()) BW_TRY(release());
      drop_held();
      if (stream_.failed()) return outcome;
      BW_TRY(pipeline_.reject(++records_, "JSON is malformed or cut off"));
      // A document of one record is told by that; where others came before, somebody may believe
      // that these are all.
      return records_ - 1 > before ? outcome : Result<void>();
    }
  }

 private:
  struct Held {
    uint64_t number;
    size_t offset;
    size_t size;
  };

  Result<void> object() {
    document_ = "{";
    is_array_ = false;
    BW_TRY(cutter_.for_each_member([&](std::string_view key) { return member(key); }));
    document_ += '}';
    return {};
  }

  Result<void> member(std::string_view key) {
    const size_t before = document_.size();
    if (before > 1) document_ += ',';
    append("\"");
    append(key);
    append("\":");
    BW_ASSIGN(const int next, cutter_.peek());
    if (next == '[' && (key == "items" || key == "orderedItems")) {
      document_ += "[]";
      return cutter_.for_each_element([&](const JsonCutter::Value& value) { return take(value); });
    }
    const Result<JsonCutter::Value> value = cutter_.value();
    if (!value.ok()) {
      document_.resize(before);  // so that what came before it can be parsed
      return value.error();
    }
    too_long_ = too_long_ || value.value().too_long;
    append(value.value().bytes);
    return {};
  }

  void append(std::string_view text) {
    too_long_ = too_long_ || document_.size() + text.size() > limits_.record_bytes_max;
    if (!too_long_) document_ += text;
  }

  Result<void> array() {
    document_ = "[]";
    is_array_ = true;
    return cutter_.for_each_element([&](const JsonCutter::Value& value) { return take(value); });
  }

  // Neither: a document that the parser will refuse.
  Result<void> scalar() {
    is_array_ = false;
    BW_ASSIGN(const JsonCutter::Value value, cutter_.value());
    too_long_ = value.too_long;
    document_.assign(value.bytes);
    return {};
  }

  // An element, which waits for the end of its document if that is not too far.
  Result<void> take(const JsonCutter::Value& value) {
    const uint64_t number = ++records_;
    if (refused_) return {};
    if (streams_) return add(number, value.too_long, value.bytes);
    held_.push_back({number, held_text_.size(), value.too_long ? kTooLong : value.bytes.size()});
    held_text_ += value.bytes;
    if (held_text_.size() + held_.size() * sizeof(Held) <= limits_.record_bytes_max) return {};
    if (too_long_) return refuse(kTooLongReason);
    if (const std::string_view problem = problem_with(so_far()); !problem.empty()) {
      return refuse(problem);
    }
    streams_ = true;
    return release();
  }

  // The document as far as it was read, so that it can be parsed.
  std::string so_far() const { return is_array_ ? document_ : document_ + '}'; }

  Result<void> end() {
    if (refused_) return {};
    const bool any = records_ > first_;
    if (!any && !is_array_) {
      // Not a collection, or an empty one: a record by itself.
      ++records_;
      return too_long_ ? pipeline_.reject(records_, kTooLongReason)
                       : pipeline_.add(records_, document_, kDocument);
    }
    if (too_long_) return refuse(kTooLongReason);
    if (const std::string_view problem = problem_with(document_); !problem.empty()) {
      return refuse(problem);
    }
    BW_TRY(release());
    return has_page_ ? pipeline_.add(++records_, document_, kDocument) : Result<void>();
  }

  // Why the document's elements are not to be taken; empty: they are.
  std::string_view problem_with(const std::string& document) {
    has_page_ = false;
    if (is_array_) return {};
    padded_.assign(document);
    padded_.append(RecordReader::kPadding, ' ');
    arena_.clear();
    const std::string_view text = std::string_view(padded_).substr(0, document.size());
    const As2Value* value = parser_.parse(text, arena_);
    if (value == nullptr) return parser_.problem();
    const As2Value* first = value->node->list(As2List::kFirst);
    has_page_ = first != nullptr && first->node != nullptr;
    return {};
  }

  Result<void> refuse(std::string_view problem) {
    refused_ = true;
    drop_held();
    return pipeline_.reject(first_ + 1, problem);
  }

  Result<void> release() {
    const std::string_view text = held_text_;
    for (const Held& held : held_) {
      const bool too_long = held.size == kTooLong;
      BW_TRY(add(held.number, too_long, text.substr(held.offset, too_long ? 0 : held.size)));
    }
    drop_held();
    return {};
  }

  void drop_held() {
    held_.clear();
    held_text_.clear();
  }

  Result<void> add(uint64_t number, bool too_long, std::string_view bytes) {
    if (too_long) return pipeline_.reject(number, kTooLongReason);
    return pipeline_.add(number, bytes, is_array_ ? kArrayElement : kItem);
  }

  static constexpr size_t kTooLong = SIZE_MAX;

  Replay& stream_;
  const InputLimits& limits_;
  RecordPipeline& pipeline_;
  JsonCutter cutter_;
  As2Parser parser_;
  TextArena arena_;
  std::string padded_;
  std::string document_;    // what is not an element of it
  std::vector<Held> held_;  // elements, until the end of the document is seen
  std::string held_text_;
  uint64_t& records_;
  uint64_t first_ = 0;    // records before this document
  bool streams_ = false;  // elements no longer wait
  bool refused_ = false;
  bool too_long_ = false;  // the document without its elements
  bool is_array_ = false;
  bool has_page_ = false;
};

// True where a member `name` has one of `words` as its text, somewhere in `head`.
bool has_member_with(std::string_view head, std::string_view name,
                     bool (*is_word)(std::string_view)) {
  const std::string quoted = '"' + std::string(name) + '"';
  for (size_t at = head.find(quoted); at != std::string_view::npos;
       at = head.find(quoted, at + 1)) {
    std::string_view rest = head.substr(at + quoted.size());
    const auto skip = [&](std::string_view set) {
      rest.remove_prefix(std::min(rest.find_first_not_of(set), rest.size()));
    };
    skip(" \t\r\n");
    if (!rest.starts_with(':')) continue;
    rest.remove_prefix(1);
    skip(" \t\r\n[");
    if (!rest.starts_with('"')) continue;
    rest.remove_prefix(1);
    const size_t end = rest.find('"');
    if (end == std::string_view::npos) return false;
    if (is_word(rest.substr(0, end))) return true;
  }
  return false;
}

}  // namespace

void As2RecordReader::read(const RawRecord& record, TextArena& arena, EventSink& out) {
  const Provenance provenance{record.number, hash64(record.bytes)};
  const As2Value* value = parser_.parse(record.bytes, arena);
  if (value == nullptr) {
    // A batch takes everything.
    (void)out.reject({record.number, provenance.record_hash, parser_.problem(), record.bytes});
    return;
  }
  mapper_.map(*value, static_cast<As2Place>(record.kind), parser_.is_suspicious(), provenance,
              record.bytes, arena, out);
}

Result<void> add_as2_records(ByteStream& stream, const InputLimits& limits,
                             const std::string& label, RecordPipeline& pipeline,
                             uint64_t& records) {
  BW_ASSIGN(std::string head, read_head(stream));
  const bool lines = is_lines(head, head.size() < kSniffBytes);
  Replay replay(std::move(head), stream);
  if (!lines) return Documents(replay, limits, label, pipeline, records).run();
  const uint64_t before = records;
  return for_each_line(
      replay, limits,
      [&](uint64_t number, std::string_view line) -> Result<void> {
        records = before + number;
        const std::string_view text = trimmed(line);
        return text.empty() ? Result<void>() : pipeline.add(records, text, kDocument);
      },
      [&](uint64_t number, uint64_t) {
        records = before + number;
        return pipeline.reject(records, kTooLongReason);
      });
}

Likeness likeness_to_as2(std::string_view head, bool whole) {
  head = without_mark(head);
  const std::string_view text = trimmed(head);
  if (text.empty() || (text.front() != '{' && text.front() != '[')) return Likeness::kNo;
  // The files of a Mastodon archive have names for ids. Its adapter knows them better.
  const auto is_archive_file = [](std::string_view id) {
    return id == "outbox.json" || id == "likes.json" || id == "bookmarks.json";
  };
  if (has_member_with(text, "id", is_archive_file)) return Likeness::kLikely;
  // The context may be a list, or hold prefixes.
  if (text.find("\"@context\"") != std::string_view::npos &&
      text.find("www.w3.org/ns/activitystreams") != std::string_view::npos) {
    return Likeness::kCertain;
  }
  const auto is_activity = [](std::string_view word) {
    return class_of(parse_as2_type(without_namespace(word))) == As2Class::kActivity;
  };
  const auto is_collection = [](std::string_view word) {
    return class_of(parse_as2_type(without_namespace(word))) == As2Class::kCollection;
  };
  const auto is_as1_verb = [](std::string_view word) {
    return class_of(parse_as1_word(word)) == As2Class::kActivity;
  };
  const bool has_actor = text.find("\"actor\"") != std::string_view::npos ||
                         text.find("#actor\"") != std::string_view::npos;
  const bool states_act = has_member_with(text, "type", is_activity) ||
                          has_member_with(text, "@type", is_activity) ||
                          has_member_with(text, "verb", is_as1_verb);
  if (has_actor && states_act) return Likeness::kLikely;
  if (has_member_with(text, "type", is_collection) &&
      (text.find("\"items\"") != std::string_view::npos ||
       text.find("\"orderedItems\"") != std::string_view::npos)) {
    return Likeness::kLikely;
  }
  // A whole object that has no member which the vocabulary does not know.
  if (!whole || text.front() != '{') return Likeness::kNo;
  As2Parser parser;
  TextArena arena;
  std::string padded(text);
  padded.append(RecordReader::kPadding, ' ');
  const As2Value* value = parser.parse(std::string_view(padded).substr(0, text.size()), arena);
  if (value == nullptr || value->node == nullptr) return Likeness::kNo;
  return value->node->has_other_members ? Likeness::kNo : Likeness::kPossible;
}

Result<void> As2Filter::profile(const AccountProfile& profile) {
  if (profiles_.size() >= kProfilesRemembered) profiles_.clear();
  const auto text = [](std::string_view a, std::string_view b) {
    return hash64(a) * 31 + hash64(b);
  };
  const uint64_t account = text(profile.account.network, profile.account.name);
  const uint64_t said = text(profile.display_name, profile.url) * 64 +
                        static_cast<uint64_t>(profile.kind) * 8 + (profile.indexable ? 4 : 0) +
                        (profile.minor ? 2 : 0) + (profile.owner ? 1 : 0);
  const auto [known, is_new] = profiles_.emplace(account, said);
  if (!is_new && known->second == said) return {};
  known->second = said;
  return sink_.profile(profile);
}

void As2Filter::left_alone(std::string_view kind, uint64_t records) {
  const std::string name(kind);
  if (!kinds_.contains(name)) {
    if (kinds_.size() >= kKindsMax) return sink_.left_alone("other kinds", records);
    kinds_.emplace(name, true);
  }
  sink_.left_alone(kind, records);
}

}  // namespace bellwether

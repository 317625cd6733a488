// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/parse.h"

#include <simdjson.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "ingest/record_pipeline.h"

namespace bellwether {
namespace {

namespace od = simdjson::ondemand;

static_assert(RecordReader::kPadding >= simdjson::SIMDJSON_PADDING);

constexpr int kDepthMax = 256;     // of JSON
constexpr int kNodeDepthMax = 12;  // of objects that are kept; what lies deeper is only looked at

constexpr std::string_view kMalformed = "JSON is malformed";

// Things of one kind that stay where they are until all are given back at once.
template <typename T>
class Pool {
 public:
  T& take() {
    if (used_ == kBlock * blocks_.size()) blocks_.push_back(std::make_unique<T[]>(kBlock));
    T& thing = blocks_[used_ / kBlock][used_ % kBlock];
    ++used_;
    thing = T{};
    return thing;
  }
  void clear() {
    used_ = 0;
    if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
  }

 private:
  static constexpr size_t kBlock = 64;
  static constexpr size_t kBlocksKept = 64;
  std::vector<std::unique_ptr<T[]>> blocks_;
  size_t used_ = 0;
};

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

bool is_number(std::string_view text) {
  size_t i = 0;
  const auto digits = [&] {
    const size_t begin = i;
    while (i < text.size() && is_digit(text[i])) ++i;
    return i > begin;
  };
  if (i < text.size() && text[i] == '-') ++i;
  const bool zero = i < text.size() && text[i] == '0';
  const size_t begin = i;
  if (!digits() || (zero && i - begin > 1)) return false;
  if (i < text.size() && text[i] == '.') {
    ++i;
    if (!digits()) return false;
  }
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (!digits()) return false;
  }
  return i == text.size();
}

// "https://...", "acct:...", "tag:...": a scheme stands in front.
bool is_absolute(std::string_view iri) {
  if (iri.empty() || !is_letter(iri.front())) return false;
  for (const char c : iri) {
    if (c == ':') return true;
    if (!is_letter(c) && !is_digit(c) && c != '+' && c != '-' && c != '.') return false;
  }
  return false;
}

// The four hexadecimal digits at `at`; negative: there are none.
int32_t hex_at(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return -1;
  int32_t value = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const char c = text[i];
    const int32_t digit = is_digit(c)            ? c - '0'
                          : c >= 'a' && c <= 'f' ? c - 'a' + 10
                          : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                                 : -1;
    if (digit < 0) return -1;
    value = value * 16 + digit;
  }
  return value;
}

// What an escape of two characters stands for; 0: there is no such.
char escaped(char c) {
  switch (c) {
    case '"':
    case '\\':
    case '/':
      return c;
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return 0;
  }
}

bool escapes_are_good(std::string_view text) {
  for (size_t at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
    if (at + 1 == text.size()) return false;
    if (text[at + 1] == 'u') {
      if (hex_at(text, at + 2) < 0) return false;
      at += 6;
    } else {
      if (escaped(text[at + 1]) == 0) return false;
      at += 2;
    }
  }
  return true;
}

char* append_utf8(char* to, int32_t c) {
  const auto put = [&](int32_t byte) { *to++ = static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | (c >> 6));
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | (c >> 12));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | (c >> 18));
    put(0x80 | ((c >> 12) & 0x3f));
    put(0x80 | ((c >> 6) & 0x3f));
    put(0x80 | (c & 0x3f));
  }
  return to;
}

// Half a surrogate pair, as programs leave it that cut texts, is JSON all the same; it becomes
// U+FFFD. False where an escape is none.
bool unescape(std::string_view text, TextArena& arena, std::string_view& out) {
  if (!escapes_are_good(text)) return false;
  // No escape is shorter than what it stands for.
  char* const begin = arena.take(text.size());
  char* to = begin;
  for (size_t at = 0; at < text.size();) {
    const size_t next = std::min(text.find('\\', at), text.size());
    to = std::copy(text.begin() + static_cast<std::ptrdiff_t>(at),
                   text.begin() + static_cast<std::ptrdiff_t>(next), to);
    at = next;
    if (at == text.size()) break;
    if (text[at + 1] != 'u') {
      *to++ = escaped(text[at + 1]);
      at += 2;
      continue;
    }
    int32_t c = hex_at(text, at + 2);
    at += 6;
    if (c >= 0xd800 && c < 0xdc00 && text.substr(at).starts_with("\\u")) {
      const int32_t low = hex_at(text, at + 2);
      if (low >= 0xdc00 && low < 0xe000) {
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        at += 6;
      }
    }
    if (c >= 0xd800 && c < 0xe000) c = 0xfffd;
    to = append_utf8(to, c);
  }
  out = {begin, static_cast<size_t>(to - begin)};
  return true;
}

std::string_view words_for(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return "not valid UTF-8";
    case simdjson::UNESCAPED_CHARS:
      return "a string holds a control character";
    case simdjson::UNCLOSED_STRING:
      return "a string is never closed";
    case simdjson::EMPTY:
      return "there is no JSON";
    case simdjson::INCOMPLETE_ARRAY_OR_OBJECT:
      return "JSON is cut off";
    case simdjson::CAPACITY:
    case simdjson::MEMALLOC:
      return "record is longer than the limit";
    default:
      return kMalformed;
  }
}

std::string_view trimmed(std::string_view token) {
  while (!token.empty() && (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' ||
                            token.back() == '\t')) {
    token.remove_suffix(1);
  }
  return token;
}

std::string_view token_of(od::value& value) { return trimmed(value.raw_json_token()); }

bool at_end(od::document& document) {
  const char* place = nullptr;
  return document.current_location().get(place) == simdjson::OUT_OF_BOUNDS;
}

}  // namespace

class As2Parser::Impl {
 public:
  const As2Value* parse(std::string_view text, TextArena& arena);

  std::string_view problem;
  bool suspicious = false;

 private:
  // Every function that returns bool has set `problem` where it returns false.
  bool fail(std::string_view reason) {
    problem = reason;
    return false;
  }

  template <typename Each>
  bool each_member(od::object& object, Each each);
  template <typename Each>
  bool each_member(od::value& value, Each each);
  template <typename Each>
  bool each_element(od::value& value, Each each);
  bool key_of(od::field& field, std::string_view& key);

  bool check(od::value& value, int depth);
  bool scalar(std::string_view token);
  bool string(std::string_view token, std::string_view& out);

  bool node(od::object& object, As2Node& out, int depth);
  bool finish(As2Node& out);
  bool member(As2Node& out, As2Key key, od::value& value, int depth);
  bool text(od::value& value, std::string_view& out, std::string_view reason, int depth);
  bool language_map(od::value& value, std::string_view& out, std::string_view reason, bool known);
  bool words(od::value& value, std::string_view& out, std::string_view reason, int depth);
  bool type(od::value& value, As2Node& out, int depth);
  bool one_type(std::string_view token, As2Node& out);
  bool url(od::value& value, std::string_view& out, int depth);
  bool list(od::value& value, As2Node& out, As2List which, std::string_view reason, int depth);
  bool append(od::value& value, const As2Value**& end, std::string_view reason, int depth);
  bool pages(od::value& value, As2Node& out, bool keep, int depth);
  bool flag(od::value& value, bool& is_false, int depth);
  bool context(od::value& value, int depth);

  od::parser parser_;
  Pool<As2Node> nodes_;
  Pool<As2Value> values_;
  TextArena* arena_ = nullptr;
  bool context_is_other_ = false;  // a context was there, and named no Activity Streams
  bool context_is_ours_ = false;
  bool seen_items_ = false;  // of the object being read, for finish()
  bool seen_ordered_items_ = false;
};

template <typename Each>
bool As2Parser::Impl::each_member(od::value& value, Each each) {
  od::object object;
  if (const auto error = value.get_object().get(object)) return fail(words_for(error));
  return each_member(object, each);
}

template <typename Each>
bool As2Parser::Impl::each_member(od::object& object, Each each) {
  for (auto entry : object) {
    od::field field;
    if (const auto error = std::move(entry).get(field)) return fail(words_for(error));
    std::string_view key;
    if (!key_of(field, key)) return false;
    od::value member = field.value();
    if (!each(key, member)) return false;
  }
  return true;
}

template <typename Each>
bool As2Parser::Impl::each_element(od::value& value, Each each) {
  od::array array;
  if (const auto error = value.get_array().get(array)) return fail(words_for(error));
  for (auto entry : array) {
    od::value element;
    // simdjson takes a result by its own overload for values that end here.
    // NOLINTNEXTLINE(performance-move-const-arg)
    if (const auto error = std::move(entry).get(element)) return fail(words_for(error));
    if (!each(element)) return false;
  }
  return true;
}

bool As2Parser::Impl::key_of(od::field& field, std::string_view& key) {
  // Keys are short and hardly ever escaped.
  const char* const begin = field.key().raw();
  const char* end = begin;
  while (*end != '"' && *end != '\\') ++end;
  if (*end == '"') {
    key = {begin, static_cast<size_t>(end - begin)};
    return true;
  }
  if (field.unescaped_key().get(key) != simdjson::SUCCESS) return fail(kMalformed);
  return true;
}

// A string as a view, unescaped only if it has to be.
bool As2Parser::Impl::string(std::string_view token, std::string_view& out) {
  if (token.size() < 2 || token.back() != '"') return fail(kMalformed);
  out = token.substr(1, token.size() - 2);
  if (std::memchr(out.data(), '\\', out.size()) == nullptr) return true;
  suspicious = true;
  return unescape(out, *arena_, out) || fail(kMalformed);
}

// Anything but an object or an array.
bool As2Parser::Impl::scalar(std::string_view token) {
  if (token.empty()) return fail(kMalformed);
  if (token.front() == '"') {
    if (token.size() < 2 || token.back() != '"') return fail(kMalformed);
    return escapes_are_good(token.substr(1, token.size() - 2)) || fail(kMalformed);
  }
  if (token == "null" || token == "true" || token == "false" || is_number(token)) return true;
  return fail(kMalformed);
}

bool As2Parser::Impl::check(od::value& value, int depth) {
  if (depth > kDepthMax) return fail("JSON is nested too deeply");
  const std::string_view token = token_of(value);
  if (token.starts_with('{')) {
    return each_member(value,
                       [&](std::string_view, od::value& each) { return check(each, depth + 1); });
  }
  if (token.starts_with('[')) {
    return each_element(value, [&](od::value& each) { return check(each, depth + 1); });
  }
  return scalar(token);
}

// Text: a string, or null for none; in JSON-LD also {"@value": text} or {"@id": text}, and an array
// of these.
bool As2Parser::Impl::text(od::value& value, std::string_view& out, std::string_view reason,
                           int depth) {
  if (depth > kDepthMax) return fail("JSON is nested too deeply");
  const std::string_view token = token_of(value);
  if (token.starts_with('"')) return string(token, out);
  if (token == "null") return true;
  if (token.starts_with('[')) {
    bool first = true;
    return each_element(value, [&](od::value& each) {
      std::string_view one;
      if (!text(each, one, reason, depth + 1)) return false;
      if (first) out = one;
      first = false;
      return true;
    });
  }
  if (token.starts_with('{')) {
    bool has_value = false;
    if (!each_member(value, [&](std::string_view key, od::value& each) {
          if (key != "@value" && key != "@id") return check(each, depth + 1);
          has_value = true;
          return text(each, out, reason, depth + 1);
        })) {
      return false;
    }
    return has_value || fail(reason);
  }
  return scalar(token) && fail(reason);
}

// {"en": text, "de": text}.
bool As2Parser::Impl::language_map(od::value& value, std::string_view& out, std::string_view reason,
                                   bool known) {
  return each_member(value, [&](std::string_view tag, od::value& each) {
    if (known && tag == "@value") {
      return text(each, out, reason, 0);
    }
    if (known && tag.starts_with('@')) return check(each, 0);
    if (!is_language_tag(tag)) return fail(known ? reason : "a language tag is malformed");
    if (known && !is_known_language(tag)) return fail(reason);
    std::string_view one;
    if (!text(each, one, reason, 0)) return false;
    if (out.empty()) out = one;
    return true;
  });
}

// name, summary, content: text. Documents older than nameMap have a map of languages there.
bool As2Parser::Impl::words(od::value& value, std::string_view& out, std::string_view reason,
                            int depth) {
  if (token_of(value).starts_with('{')) return language_map(value, out, reason, true);
  return text(value, out, reason, depth);
}

bool As2Parser::Impl::one_type(std::string_view token, As2Node& out) {
  if (!token.starts_with('"')) return fail("type is not text");
  std::string_view word;
  if (!string(token, word)) return false;
  word = without_namespace(word);
  if (word.empty()) return true;
  if (out.type == As2Type::kNone) out.type_word = word;
  if (out.type == As2Type::kNone || out.type == As2Type::kUnknown) {
    out.type = parse_as2_type(word);
  }
  return true;
}

bool As2Parser::Impl::type(od::value& value, As2Node& out, int depth) {
  const std::string_view token = token_of(value);
  if (token == "null") return true;
  if (!token.starts_with('[')) {
    return token.starts_with('"') ? one_type(token, out)
                                  : check(value, depth) && fail("type is not text");
  }
  return each_element(value, [&](od::value& each) { return one_type(token_of(each), out); });
}

// An address, a link with one, or several; the first counts.
bool As2Parser::Impl::url(od::value& value, std::string_view& out, int depth) {
  if (depth > kDepthMax) return fail("JSON is nested too deeply");
  const std::string_view token = token_of(value);
  std::string_view found;
  if (token.starts_with('"')) {
    if (!string(token, found)) return false;
  } else if (token.starts_with('[')) {
    return each_element(value, [&](od::value& each) { return url(each, out, depth + 1); });
  } else if (token.starts_with('{')) {
    if (!each_member(value, [&](std::string_view key, od::value& each) {
          const As2Key known = parse_as2_key(key);
          if (known != As2Key::kHref && known != As2Key::kId) return check(each, depth + 1);
          return text(each, found, "href is not text", depth + 1);
        })) {
      return false;
    }
  } else {
    return scalar(token) && (token == "null" || fail("url is neither text nor a link"));
  }
  if (found.empty()) return true;
  if (!is_absolute(found)) return fail("url is not absolute");
  if (out.empty()) out = found;
  return true;
}

bool As2Parser::Impl::append(od::value& value, const As2Value**& end, std::string_view reason,
                             int depth) {
  const std::string_view token = token_of(value);
  if (token == "null") return true;
  As2Value& made = values_.take();
  if (token.starts_with('"')) {
    if (!string(token, made.text)) return false;
    if (made.text.empty()) return true;
  } else if (token.starts_with('{')) {
    if (depth >= kNodeDepthMax) return check(value, depth);
    As2Node& inner = nodes_.take();
    od::object object;
    if (const auto error = value.get_object().get(object)) return fail(words_for(error));
    if (!node(object, inner, depth + 1)) return false;
    made.node = &inner;
  } else {
    return check(value, depth) && fail(reason);
  }
  *end = &made;
  end = &made.next;
  return true;
}

bool As2Parser::Impl::list(od::value& value, As2Node& out, As2List which, std::string_view reason,
                           int depth) {
  const As2Value** end = &out.lists[static_cast<size_t>(which)];
  while (*end != nullptr) end = &const_cast<As2Value*>(*end)->next;
  if (!token_of(value).starts_with('[')) return append(value, end, reason, depth);
  return each_element(value, [&](od::value& each) {
    // JSON-LD wraps ordered lists.
    if (!token_of(each).starts_with('[')) return append(each, end, reason, depth);
    return check(each, depth);
  });
}

// first, last, current, next, prev of a collection.
bool As2Parser::Impl::pages(od::value& value, As2Node& out, bool keep, int depth) {
  As2Node holder;
  constexpr std::string_view kReason = "a page is neither a reference nor an object";
  if (!list(value, holder, As2List::kFirst, kReason, depth)) return false;
  for (const As2Value* page = holder.list(As2List::kFirst); page != nullptr; page = page->next) {
    if (page->node == nullptr) continue;
    const As2Type of = page->node->type;
    if (of != As2Type::kCollectionPage && of != As2Type::kOrderedCollectionPage &&
        of != As2Type::kNone && class_of(of) != As2Class::kLink) {
      return fail("first, last, next or prev is neither a page nor a link");
    }
  }
  if (keep) out.lists[static_cast<size_t>(As2List::kFirst)] = holder.list(As2List::kFirst);
  return true;
}

bool As2Parser::Impl::flag(od::value& value, bool& is_false, int depth) {
  is_false = token_of(value) == "false";
  return check(value, depth);
}

// The context need not be resolved: a document that names another vocabulary and not ours is not
// for us.
bool As2Parser::Impl::context(od::value& value, int depth) {
  if (depth > kDepthMax) return fail("JSON is nested too deeply");
  const std::string_view token = token_of(value);
  if (token.starts_with('"')) {
    std::string_view iri;
    if (!string(token, iri)) return false;
    (is_as2_context(iri) ? context_is_ours_ : context_is_other_) = true;
    return true;
  }
  if (token.starts_with('[')) {
    return each_element(value, [&](od::value& each) { return context(each, depth + 1); });
  }
  if (token.starts_with('{')) {
    // {"as": "https://www.w3.org/ns/activitystreams#"} names us as well; other prefixes say
    // nothing.
    return each_member(value, [&](std::string_view, od::value& each) {
      const std::string_view inner = token_of(each);
      if (!inner.starts_with('"')) return check(each, depth + 1);
      std::string_view iri;
      if (!string(inner, iri)) return false;
      if (is_as2_context(iri)) context_is_ours_ = true;
      return true;
    });
  }
  return scalar(token) && (token == "null" || fail("@context is neither text nor an object"));
}

bool As2Parser::Impl::member(As2Node& out, As2Key key, od::value& value, int depth) {
  const auto read_list = [&](As2List which, std::string_view reason) {
    return list(value, out, which, reason, depth);
  };
  const auto read_address = [&](As2List which) {
    if (token_of(value) != "null") out.is_addressed = true;
    return list(value, out, which, "an address is neither a reference nor an object", depth);
  };
  const auto read_text = [&](std::string_view& text_out, std::string_view reason) {
    return text(value, text_out, reason, depth);
  };
  const auto read_map = [&](std::string_view& text_out, std::string_view reason) {
    const std::string_view token = token_of(value);
    if (token == "null") return true;
    if (!token.starts_with('{')) return check(value, depth) && fail(reason);
    return language_map(value, text_out, reason, false);
  };
  std::string_view unread;
  switch (key) {
    case As2Key::kOther:
      out.has_other_members = true;
      return check(value, depth);
    case As2Key::kAlso:
      return check(value, depth);
    case As2Key::kActor:
      return read_list(As2List::kActor, "actor is neither a reference nor an object");
    case As2Key::kAttributedTo:
      return read_list(As2List::kAttributedTo, "attributedTo is neither a reference nor an object");
    case As2Key::kAudience:
      return read_address(As2List::kAudience);
    case As2Key::kBcc:
      return read_address(As2List::kBcc);
    case As2Key::kBto:
      return read_address(As2List::kBto);
    case As2Key::kCc:
      return read_address(As2List::kCc);
    case As2Key::kTo:
      return read_address(As2List::kTo);
    case As2Key::kContent:
      return words(value, unread, "content is not text", depth);
    case As2Key::kSummary:
      return words(value, out.summary, "summary is not text", depth);
    case As2Key::kName:
      return words(value, out.name, "name is neither text nor a map of languages", depth);
    case As2Key::kContentMap:
      return read_map(unread, "contentMap is not a map of texts");
    case As2Key::kSummaryMap:
      return read_map(out.summary, "summaryMap is not a map of texts");
    case As2Key::kNameMap:
      return read_map(out.name, "nameMap is not a map of texts");
    case As2Key::kContext:
      return context(value, depth);
    case As2Key::kDiscoverable:
      return flag(value, out.is_undiscoverable, depth);
    case As2Key::kIndexable:
      return flag(value, out.is_unindexable, depth);
    case As2Key::kFirst:
      return pages(value, out, true, depth);
    case As2Key::kPage:
      return pages(value, out, false, depth);
    case As2Key::kHref:
      return read_text(out.href, "href is not text");
    case As2Key::kId:
      return read_text(out.id, "id is not text");
    case As2Key::kInReplyTo:
      return read_list(As2List::kInReplyTo, "inReplyTo is neither a reference nor an object");
    case As2Key::kItems:
      seen_items_ = true;
      out.has_items = true;
      return read_list(As2List::kItems, "an item is neither a reference nor an object");
    case As2Key::kOrderedItems:
      seen_ordered_items_ = true;
      out.has_items = true;
      return read_list(As2List::kItems, "an item is neither a reference nor an object");
    case As2Key::kObject:
      return read_list(As2List::kObject, "object is neither a reference nor an object");
    case As2Key::kPreferredUsername:
      return read_text(out.preferred_username, "preferredUsername is not text");
    case As2Key::kPublished:
      return read_text(out.published, "published is not text");
    case As2Key::kQuote:
      return read_list(As2List::kQuote, "quote is neither a reference nor an object");
    case As2Key::kReplies:
      return read_list(As2List::kReplies, "replies is neither a reference nor an object");
    case As2Key::kTag:
      return read_list(As2List::kTag, "tag is neither a reference nor an object");
    case As2Key::kTarget:
      return read_list(As2List::kTarget, "target is neither a reference nor an object");
    case As2Key::kType:
      return type(value, out, depth);
    case As2Key::kObjectType:
    case As2Key::kVerb: {
      std::string_view word;
      if (!read_text(word, "objectType or verb is not text")) return false;
      const bool is_verb = key == As2Key::kVerb;
      // An activity of the old form has both, and the verb says more.
      const bool weak = out.type == As2Type::kNone || out.type == As2Type::kActivity;
      if (!word.empty() && (is_verb ? weak : out.type == As2Type::kNone)) {
        out.type = parse_as1_word(word);
        out.type_word = word;
      }
      return true;
    }
    case As2Key::kUrl:
      return url(value, out.url, depth);
  }
  return check(value, depth);
}

bool As2Parser::Impl::finish(As2Node& out) {
  const bool ordered =
      out.type == As2Type::kOrderedCollection || out.type == As2Type::kOrderedCollectionPage;
  const bool plain = out.type == As2Type::kCollection || out.type == As2Type::kCollectionPage;
  if (ordered && seen_items_) return fail("an ordered collection has orderedItems, not items");
  if (plain && seen_ordered_items_) return fail("a collection has items, not orderedItems");
  return true;
}

bool As2Parser::Impl::node(od::object& object, As2Node& out, int depth) {
  const bool outer_items = std::exchange(seen_items_, false);
  const bool outer_ordered_items = std::exchange(seen_ordered_items_, false);
  const bool good = each_member(object,
                                [&](std::string_view key, od::value& each) {
                                  return member(out, parse_as2_key(key), each, depth);
                                }) &&
                    finish(out);
  seen_items_ = outer_items;
  seen_ordered_items_ = outer_ordered_items;
  return good;
}

const As2Value* As2Parser::Impl::parse(std::string_view text, TextArena& arena) {
  arena_ = &arena;
  nodes_.clear();
  values_.clear();
  problem = {};
  context_is_other_ = context_is_ours_ = false;
  seen_items_ = seen_ordered_items_ = false;
  suspicious = std::memchr(text.data(), 0x7f, text.size()) != nullptr;
  if (trimmed(text).empty()) {
    problem = "there is no JSON";
    return nullptr;
  }
  od::document document;
  const size_t readable = text.size() + RecordReader::kPadding;
  if (const auto error = parser_.iterate(text.data(), text.size(), readable).get(document)) {
    problem = words_for(error);
    return nullptr;
  }
  As2Value& root = values_.take();
  od::json_type type{};
  if (const auto error = document.type().get(type)) {
    problem = words_for(error);
    return nullptr;
  }
  switch (type) {
    case od::json_type::object:
      break;
    case od::json_type::string: {
      // The text's last character is looked at, so nothing can follow it unseen.
      const std::string_view token = trimmed(text);
      if (!string(token.substr(token.find('"')), root.text)) return nullptr;
      if (const auto error = document.get_raw_json_string().error()) problem = words_for(error);
      if (problem.empty() && !at_end(document)) problem = "something follows the JSON text";
      return problem.empty() ? &root : nullptr;
    }
    case od::json_type::array:
      problem = "an array where an object should be";
      return nullptr;
    default:
      problem = "a number, true, false or null where an object should be";
      return nullptr;
  }
  As2Node& out = nodes_.take();
  root.node = &out;
  od::object object;
  if (const auto error = document.get_object().get(object)) {
    problem = words_for(error);
    return nullptr;
  }
  if (!node(object, out, 0)) return nullptr;
  if (!at_end(document)) {
    problem = "something follows the JSON object";
    return nullptr;
  }
  if (context_is_other_ && !context_is_ours_ && class_of(out.type) != As2Class::kActivity) {
    problem = "@context names another vocabulary";
    return nullptr;
  }
  return &root;
}

As2Parser::As2Parser() : impl_(std::make_unique<Impl>()) {}
As2Parser::~As2Parser() = default;
As2Parser::As2Parser(As2Parser&&) noexcept = default;

const As2Value* As2Parser::parse(std::string_view text, TextArena& arena) {
  return impl_->parse(text, arena);
}
std::string_view As2Parser::problem() const { return impl_->problem; }
bool As2Parser::is_suspicious() const { return impl_->suspicious; }

// RFC 5646, 2.1: language, extended languages, script, region, variants, extensions, private use.
// The grandfathered tags that do not fit it are obsolete and left out.
bool is_language_tag(std::string_view tag) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t dash = tag.find('-');
    const std::string_view part = tag.substr(0, dash);
    if (part.empty() || part.size() > 8) return false;
    if (!std::all_of(part.begin(), part.end(),
                     [](char c) { return is_letter(c) || is_digit(c); })) {
      return false;
    }
    parts.push_back(part);
    if (dash == std::string_view::npos) break;
    tag.remove_prefix(dash + 1);
  }
  const auto letters = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), is_letter);
  };
  const auto is_private = [](std::string_view part) { return part == "x" || part == "X"; };
  size_t i = 0;
  if (!is_private(parts[0])) {
    if (parts[0].size() < 2 || !letters(parts[0])) return false;
    i = 1;
    if (parts[0].size() <= 3) {
      for (int extended = 0; extended < 3 && i < parts.size(); ++extended) {
        if (parts[i].size() != 3 || !letters(parts[i])) break;
        ++i;
      }
    }
    if (i < parts.size() && parts[i].size() == 4 && letters(parts[i])) ++i;
    if (i < parts.size() &&
        ((parts[i].size() == 2 && letters(parts[i])) ||
         (parts[i].size() == 3 && std::all_of(parts[i].begin(), parts[i].end(), is_digit)))) {
      ++i;
    }
    while (i < parts.size() &&
           (parts[i].size() >= 5 || (parts[i].size() == 4 && is_digit(parts[i][0])))) {
      ++i;
    }
    while (i < parts.size() && parts[i].size() == 1 && !is_private(parts[i])) {
      const size_t begin = ++i;
      while (i < parts.size() && parts[i].size() >= 2) ++i;
      if (i == begin) return false;
    }
  }
  if (i == parts.size()) return true;
  return is_private(parts[i]) && i + 1 < parts.size();
}

bool is_known_language(std::string_view tag) {
  // ISO 639-1, with the codes it has withdrawn and that are still met.
  constexpr std::string_view kCodes =
      "aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv "
      "cy "
      "da de dv dz ee el en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht "
      "hu "
      "hy hz ia id ie ig ii ik in io is it iu iw ja ji jv jw ka kg ki kj kk kl km kn ko kr ks ku "
      "kv "
      "kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mo mr ms mt my na nb nd ne ng nl nn no "
      "nr "
      "nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg sh si sk sl sm sn so "
      "sq "
      "sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh "
      "yi "
      "yo za zh zu ";
  const std::string_view language = tag.substr(0, tag.find('-'));
  if (language.size() != 2) return true;
  const char code[] = {static_cast<char>(language[0] | 0x20), static_cast<char>(language[1] | 0x20),
                       ' '};
  for (size_t at = 0; at < kCodes.size(); at += 3) {
    if (kCodes.substr(at, 3) == std::string_view(code, 3)) return true;
  }
  return false;
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// One JSON text of Activity Streams 2.0, as the few members that matter to us: bytes to a small
// tree, or the reason why it is none.
//
// The whole text is looked at, also what is not kept: rubbish anywhere in it makes it bad. What the
// W3C's test documents call wrong is refused (README.md has the list).
#pragma once
#include <array>
#include <cstdint>
#include <memory>
#include <string_view>

#include "ingest/adapters/activitystreams/vocabulary.h"
#include "ingest/arena.h"

namespace bellwether {

struct As2Node;

// A value of a member that may be a reference or an object, or several: the next one hangs on it.
struct As2Value {
  std::string_view text;          // the reference; empty where it is an object
  const As2Node* node = nullptr;  // the object; nullptr where it is a reference
  const As2Value* next = nullptr;
};

// The members that hold references and objects.
enum class As2List : uint8_t {
  kActor,
  kAttributedTo,
  kAudience,
  kBcc,
  kBto,
  kCc,
  kFirst,
  kInReplyTo,
  kItems,  // orderedItems too
  kObject,
  kQuote,
  kReplies,
  kTag,
  kTarget,
  kTo,
};
inline constexpr size_t kAs2Lists = static_cast<size_t>(As2List::kTo) + 1;

// An object, an activity, an actor, a link, a collection. Texts are empty where there is none.
struct As2Node {
  As2Type type = As2Type::kNone;   // the first that the vocabulary knows, else kUnknown
  bool is_undiscoverable = false;  // "discoverable": false
  bool is_unindexable = false;     // "indexable": false
  bool has_items = false;          // items or orderedItems were there, be it empty
  bool is_addressed = false;       // to, cc, bto, bcc or audience were there, be it empty
  bool has_other_members = false;  // such as the vocabulary does not know
  std::string_view type_word;      // the first type as written, without namespace
  std::string_view id;
  std::string_view url;  // the first, of several
  std::string_view href;
  std::string_view name;     // in any language, if there is no other
  std::string_view summary;  // likewise
  std::string_view preferred_username;
  std::string_view published;
  std::array<const As2Value*, kAs2Lists> lists{};

  const As2Value* list(As2List which) const { return lists[static_cast<size_t>(which)]; }
};

class As2Parser {
 public:
  As2Parser();
  ~As2Parser();
  As2Parser(As2Parser&&) noexcept;

  // `text` must be followed by RecordReader::kPadding readable bytes. Returns an object, or a
  // reference where the text is a JSON string; nullptr where it is bad, and problem() says why.
  // What it shows borrows from `text` and `arena`; the tree itself lasts until the next call.
  const As2Value* parse(std::string_view text, TextArena& arena);

  // A short sentence without the text's content, a literal.
  std::string_view problem() const;
  // True where texts of the tree may hold what is not clean (event/event.h): it came from escapes,
  // or there is a byte 0x7f. They are valid UTF-8 without control characters otherwise.
  bool is_suspicious() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// True for a well-formed language tag (RFC 5646): "en", "zh-Hans", "de-AT".
bool is_language_tag(std::string_view tag);
// True for one whose language, where it is two letters, is one of ISO 639-1 ("sp" is none).
bool is_known_language(std::string_view tag);

}  // namespace bellwether

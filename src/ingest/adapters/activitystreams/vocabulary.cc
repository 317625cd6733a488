// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/vocabulary.h"

#include <array>
#include <vector>

namespace bellwether {
namespace {

constexpr std::string_view kNamespace = "www.w3.org/ns/activitystreams";

struct TypeWord {
  std::string_view word;
  As2Type type;
  As2Class of;
};

constexpr TypeWord kTypes[] = {
    {"Accept", As2Type::kAccept, As2Class::kActivity},
    {"Activity", As2Type::kActivity, As2Class::kActivity},
    {"Add", As2Type::kAdd, As2Class::kActivity},
    {"Announce", As2Type::kAnnounce, As2Class::kActivity},
    {"Arrive", As2Type::kArrive, As2Class::kActivity},
    {"Block", As2Type::kBlock, As2Class::kActivity},
    {"Create", As2Type::kCreate, As2Class::kActivity},
    {"Delete", As2Type::kDelete, As2Class::kActivity},
    {"Dislike", As2Type::kDislike, As2Class::kActivity},
    {"EmojiReact", As2Type::kEmojiReact, As2Class::kActivity},
    {"Flag", As2Type::kFlag, As2Class::kActivity},
    {"Follow", As2Type::kFollow, As2Class::kActivity},
    {"Ignore", As2Type::kIgnore, As2Class::kActivity},
    {"IntransitiveActivity", As2Type::kIntransitiveActivity, As2Class::kActivity},
    {"Invite", As2Type::kInvite, As2Class::kActivity},
    {"Join", As2Type::kJoin, As2Class::kActivity},
    {"Leave", As2Type::kLeave, As2Class::kActivity},
    {"Like", As2Type::kLike, As2Class::kActivity},
    {"Listen", As2Type::kListen, As2Class::kActivity},
    {"Move", As2Type::kMove, As2Class::kActivity},
    {"Offer", As2Type::kOffer, As2Class::kActivity},
    {"Question", As2Type::kQuestion, As2Class::kActivity},
    {"Read", As2Type::kRead, As2Class::kActivity},
    {"Reject", As2Type::kReject, As2Class::kActivity},
    {"Remove", As2Type::kRemove, As2Class::kActivity},
    {"TentativeAccept", As2Type::kTentativeAccept, As2Class::kActivity},
    {"TentativeReject", As2Type::kTentativeReject, As2Class::kActivity},
    {"Travel", As2Type::kTravel, As2Class::kActivity},
    {"Undo", As2Type::kUndo, As2Class::kActivity},
    {"Update", As2Type::kUpdate, As2Class::kActivity},
    {"View", As2Type::kView, As2Class::kActivity},
    {"Application", As2Type::kApplication, As2Class::kActor},
    {"Group", As2Type::kGroup, As2Class::kActor},
    {"Organization", As2Type::kOrganization, As2Class::kActor},
    {"Person", As2Type::kPerson, As2Class::kActor},
    {"Service", As2Type::kService, As2Class::kActor},
    {"Link", As2Type::kLink, As2Class::kLink},
    {"Mention", As2Type::kMention, As2Class::kLink},
    {"Hashtag", As2Type::kHashtag, As2Class::kLink},
    {"Collection", As2Type::kCollection, As2Class::kCollection},
    {"CollectionPage", As2Type::kCollectionPage, As2Class::kCollection},
    {"OrderedCollection", As2Type::kOrderedCollection, As2Class::kCollection},
    {"OrderedCollectionPage", As2Type::kOrderedCollectionPage, As2Class::kCollection},
    {"Article", As2Type::kArticle, As2Class::kObject},
    {"Audio", As2Type::kAudio, As2Class::kObject},
    {"Document", As2Type::kDocument, As2Class::kObject},
    {"Event", As2Type::kEvent, As2Class::kObject},
    {"Image", As2Type::kImage, As2Class::kObject},
    {"Note", As2Type::kNote, As2Class::kObject},
    {"Object", As2Type::kObject, As2Class::kObject},
    {"Page", As2Type::kPage, As2Class::kObject},
    {"Place", As2Type::kPlace, As2Class::kObject},
    {"Profile", As2Type::kProfile, As2Class::kObject},
    {"Relationship", As2Type::kRelationship, As2Class::kObject},
    {"Tombstone", As2Type::kTombstone, As2Class::kObject},
    {"Video", As2Type::kVideo, As2Class::kObject},
};

struct As1Word {
  std::string_view word;
  As2Type type;
};

constexpr As1Word kAs1[] = {
    {"post", As2Type::kCreate},
    {"share", As2Type::kAnnounce},
    {"like", As2Type::kLike},
    {"favorite", As2Type::kLike},
    {"dislike", As2Type::kDislike},
    {"follow", As2Type::kFollow},
    {"add", As2Type::kAdd},
    {"save", As2Type::kActivity},
    {"remove", As2Type::kRemove},
    {"delete", As2Type::kDelete},
    {"update", As2Type::kUpdate},
    {"join", As2Type::kJoin},
    {"leave", As2Type::kLeave},
    {"invite", As2Type::kInvite},
    {"offer", As2Type::kOffer},
    {"accept", As2Type::kAccept},
    {"reject", As2Type::kReject},
    {"activity", As2Type::kActivity},
    {"application", As2Type::kApplication},
    {"article", As2Type::kArticle},
    {"audio", As2Type::kAudio},
    {"collection", As2Type::kCollection},
    {"comment", As2Type::kNote},
    {"event", As2Type::kEvent},
    {"group", As2Type::kGroup},
    {"hashtag", As2Type::kHashtag},
    {"image", As2Type::kImage},
    {"note", As2Type::kNote},
    {"organization", As2Type::kOrganization},
    {"person", As2Type::kPerson},
    {"place", As2Type::kPlace},
    {"question", As2Type::kQuestion},
    {"service", As2Type::kService},
    {"video", As2Type::kVideo},
};

struct KeyWord {
  std::string_view word;
  As2Key key;
};

constexpr KeyWord kKeys[] = {
    {"@context", As2Key::kContext},
    {"@id", As2Key::kId},
    {"@type", As2Key::kType},
    {"_misskey_quote", As2Key::kQuote},
    {"accuracy", As2Key::kAlso},
    {"actor", As2Key::kActor},
    {"altitude", As2Key::kAlso},
    {"anyOf", As2Key::kAlso},
    {"attachment", As2Key::kAlso},
    {"attributedTo", As2Key::kAttributedTo},
    {"audience", As2Key::kAudience},
    {"author", As2Key::kAttributedTo},
    {"bcc", As2Key::kBcc},
    {"bto", As2Key::kBto},
    {"cc", As2Key::kCc},
    {"closed", As2Key::kAlso},
    {"content", As2Key::kContent},
    {"contentMap", As2Key::kContentMap},
    {"context", As2Key::kAlso},
    {"current", As2Key::kPage},
    {"deleted", As2Key::kAlso},
    {"describes", As2Key::kAlso},
    {"discoverable", As2Key::kDiscoverable},
    {"displayName", As2Key::kName},
    {"duration", As2Key::kAlso},
    {"endTime", As2Key::kAlso},
    {"first", As2Key::kFirst},
    {"formerType", As2Key::kAlso},
    {"generator", As2Key::kAlso},
    {"height", As2Key::kAlso},
    {"href", As2Key::kHref},
    {"hreflang", As2Key::kAlso},
    {"icon", As2Key::kAlso},
    {"id", As2Key::kId},
    {"image", As2Key::kAlso},
    {"inReplyTo", As2Key::kInReplyTo},
    {"indexable", As2Key::kIndexable},
    {"instrument", As2Key::kAlso},
    {"items", As2Key::kItems},
    {"last", As2Key::kPage},
    {"latitude", As2Key::kAlso},
    {"location", As2Key::kAlso},
    {"longitude", As2Key::kAlso},
    {"mediaType", As2Key::kAlso},
    {"name", As2Key::kName},
    {"nameMap", As2Key::kNameMap},
    {"next", As2Key::kPage},
    {"object", As2Key::kObject},
    {"objectType", As2Key::kObjectType},
    {"oneOf", As2Key::kAlso},
    {"orderedItems", As2Key::kOrderedItems},
    {"origin", As2Key::kAlso},
    {"partOf", As2Key::kAlso},
    {"preferredUsername", As2Key::kPreferredUsername},
    {"prev", As2Key::kPage},
    {"preview", As2Key::kAlso},
    {"published", As2Key::kPublished},
    {"quote", As2Key::kQuote},
    {"quoteUri", As2Key::kQuote},
    {"quoteUrl", As2Key::kQuote},
    {"radius", As2Key::kAlso},
    {"rel", As2Key::kAlso},
    {"relationship", As2Key::kAlso},
    {"replies", As2Key::kReplies},
    {"result", As2Key::kAlso},
    {"startIndex", As2Key::kAlso},
    {"startTime", As2Key::kAlso},
    {"subject", As2Key::kAlso},
    {"summary", As2Key::kSummary},
    {"summaryMap", As2Key::kSummaryMap},
    {"tag", As2Key::kTag},
    {"target", As2Key::kTarget},
    {"to", As2Key::kTo},
    {"totalItems", As2Key::kAlso},
    {"type", As2Key::kType},
    {"units", As2Key::kAlso},
    {"updated", As2Key::kAlso},
    {"url", As2Key::kUrl},
    {"verb", As2Key::kVerb},
    {"width", As2Key::kAlso},
};

// Words by their length and second character, which tells nearly all of them apart.
template <typename Word, size_t kSize>
class WordTable {
 public:
  explicit WordTable(const Word (&words)[kSize]) {
    for (const Word& word : words) slots_[slot_of(word.word)].push_back(word);
  }
  const Word* find(std::string_view word) const {
    if (word.size() < 2 || word.size() > kLengthMax) return nullptr;
    for (const Word& known : slots_[slot_of(word)]) {
      if (known.word == word) return &known;
    }
    return nullptr;
  }

 private:
  static constexpr size_t kLengthMax = 31;
  static size_t slot_of(std::string_view word) {
    return (word.size() * 32 + (static_cast<unsigned char>(word[1]) & 31)) % kSlots;
  }
  static constexpr size_t kSlots = 1024;
  std::array<std::vector<Word>, kSlots> slots_;
};

}  // namespace

As2Class class_of(As2Type type) {
  static const std::array<As2Class, kAs2Types> kClasses = [] {
    std::array<As2Class, kAs2Types> classes{};
    for (const TypeWord& word : kTypes) classes[static_cast<size_t>(word.type)] = word.of;
    return classes;
  }();
  return kClasses[static_cast<size_t>(type)];
}

std::string_view to_string(As2Type type) {
  for (const TypeWord& word : kTypes) {
    if (word.type == type) return word.word;
  }
  return {};
}

bool is_as2_context(std::string_view iri) {
  if (iri.starts_with("https://")) {
    iri.remove_prefix(8);
  } else if (iri.starts_with("http://")) {
    iri.remove_prefix(7);
  } else {
    return false;
  }
  if (!iri.starts_with(kNamespace)) return false;
  iri.remove_prefix(kNamespace.size());
  return iri.empty() || iri == "#" || iri == "/";
}

std::string_view without_namespace(std::string_view word) {
  if (word.starts_with("as:")) return word.substr(3);
  if (!word.starts_with("http")) return word;
  const size_t hash = word.find('#');
  if (hash == std::string_view::npos || !is_as2_context(word.substr(0, hash))) return word;
  return word.substr(hash + 1);
}

As2Type parse_as2_type(std::string_view word) {
  static const WordTable kTable(kTypes);
  const TypeWord* found = kTable.find(word);
  return found == nullptr ? As2Type::kUnknown : found->type;
}

As2Type parse_as1_word(std::string_view word) {
  static const WordTable kTable(kAs1);
  const As1Word* found = kTable.find(word);
  return found == nullptr ? As2Type::kUnknown : found->type;
}

As2Key parse_as2_key(std::string_view name) {
  static const WordTable kTable(kKeys);
  const KeyWord* found = kTable.find(without_namespace(name));
  return found == nullptr ? As2Key::kOther : found->key;
}

}  // namespace bellwether

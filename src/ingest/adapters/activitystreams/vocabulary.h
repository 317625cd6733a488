// SPDX-License-Identifier: Apache-2.0
// The words of Activity Streams 2.0 that mean something to us, and those of its forerunner and of
// the fediverse that mean the same.
#pragma once
#include <cstdint>
#include <string_view>

namespace bellwether {

enum class As2Type : uint8_t {
  kNone,     // none was given
  kUnknown,  // none of ours
  // Activities.
  kAccept,
  kActivity,
  kAdd,
  kAnnounce,
  kArrive,
  kBlock,
  kCreate,
  kDelete,
  kDislike,
  kEmojiReact,
  kFlag,
  kFollow,
  kIgnore,
  kIntransitiveActivity,
  kInvite,
  kJoin,
  kLeave,
  kLike,
  kListen,
  kMove,
  kOffer,
  kQuestion,
  kRead,
  kReject,
  kRemove,
  kTentativeAccept,
  kTentativeReject,
  kTravel,
  kUndo,
  kUpdate,
  kView,
  // Actors.
  kApplication,
  kGroup,
  kOrganization,
  kPerson,
  kService,
  // Links.
  kLink,
  kMention,
  kHashtag,
  // Collections.
  kCollection,
  kCollectionPage,
  kOrderedCollection,
  kOrderedCollectionPage,
  // Objects.
  kArticle,
  kAudio,
  kDocument,
  kEvent,
  kImage,
  kNote,
  kObject,
  kPage,
  kPlace,
  kProfile,
  kRelationship,
  kTombstone,
  kVideo,
};
inline constexpr size_t kAs2Types = static_cast<size_t>(As2Type::kVideo) + 1;

enum class As2Class : uint8_t { kNone, kActivity, kActor, kLink, kCollection, kObject };

As2Class class_of(As2Type type);  // kNone for kNone and kUnknown

// The name in the vocabulary, "Announce"; empty for kNone and kUnknown.
std::string_view to_string(As2Type type);

// `word` without what stands before the vocabulary's own names: "as:", or the namespace's IRI.
std::string_view without_namespace(std::string_view word);

// True for the IRI of the vocabulary as documents write it: http or https, with or without a '#'.
bool is_as2_context(std::string_view iri);

// Of a word without namespace, exactly as the vocabulary writes it. kUnknown for any other.
As2Type parse_as2_type(std::string_view word);

// Of a verb or object type of Activity Streams 1.0, in lower case: "post", "share", "note".
As2Type parse_as1_word(std::string_view word);

// Names of members.
enum class As2Key : uint8_t {
  kOther,
  kActor,
  kAlso,  // part of the vocabulary, and nothing to us
  kAttributedTo,
  kAudience,
  kBcc,
  kBto,
  kCc,
  kContent,
  kContentMap,
  kContext,  // "@context"
  kDiscoverable,
  kFirst,
  kHref,
  kId,
  kIndexable,
  kInReplyTo,
  kItems,
  kName,
  kNameMap,
  kObject,
  kObjectType,  // of Activity Streams 1.0
  kOrderedItems,
  kPage,  // current, last, next, prev
  kPreferredUsername,
  kPublished,
  kQuote,
  kReplies,
  kSummary,
  kSummaryMap,
  kTag,
  kTarget,
  kTo,
  kType,
  kUrl,
  kVerb,  // of Activity Streams 1.0
};

// Of a member's name, with or without namespace.
As2Key parse_as2_key(std::string_view name);

}  // namespace bellwether

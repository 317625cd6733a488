// SPDX-License-Identifier: Apache-2.0
// The waist: one vocabulary for what one account did at one time, whatever the network.
//
// Adapters (ingest/) map a network's records to InteractionEvents; everything behind them knows no
// other form. The words are those of W3C Activity Streams 2.0 where it has them (docs/glossary.md).
//
// Strings are borrowed: an InteractionEvent is a view into the adapter's buffers, valid during the
// call it is passed to, so that ten million of them cost no allocation.
#pragma once
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "base/instant.h"

namespace bellwether {

// The kind of an act. Persisted; do not renumber.
enum class Verb : uint8_t {
  kPost = 1,        // made an object of one's own; gives nobody credit
  kReply = 2,       // answered an object (AS2 inReplyTo)
  kReshare = 3,     // passed an object on unchanged (AS2 Announce)
  kQuote = 4,       // passed an object on with words of one's own
  kReact = 5,       // like, favourite, emoji, vote (AS2 Like)
  kMention = 6,     // named an account in an object
  kFollow = 7,      // subscribed to an account (AS2 Follow)
  kEndorse = 8,     // vouched for an account on a topic
  kLink = 9,        // pointed to an object from elsewhere
  kList = 10,       // put an account or object into a collection (AS2 Add)
  kSubscribe = 11,  // asked to be told of an object's changes
  kMessage = 12,    // wrote to an account directly
  kMeet = 13,       // met an account in person
  kIntroduce = 14,  // brought an account together with another
  kReview = 15,     // examined an object's quality
  kAdopt = 16,      // took an object into use (fork, install)
  kUndo = 17,       // withdrew an earlier act of one's own; the object names that act
};
inline constexpr Verb kVerbFirst = Verb::kPost;
inline constexpr Verb kVerbLast = Verb::kUndo;
inline constexpr size_t kVerbSlots = 18;  // arrays indexed by verb; slot 0 is unused

// Lower-case name as in DESIGN section 3, "reshare". Never empty for a declared verb.
std::string_view to_string(Verb verb);
// The reverse; empty for any other word. Exact lower-case match.
std::optional<Verb> parse_verb(std::string_view name);

// Who could read the act when it was made. Persisted; do not renumber.
enum class Visibility : uint8_t {
  kPublic = 0,
  kUnlisted = 1,   // readable by all, not announced
  kFollowers = 2,  // readable by the account's followers
  kPrivate = 3,    // readable by those addressed
};

// One login on one network. Both views are borrowed.
// The name is the network's own stable spelling: "@ana@example.social", "12345", an address; never
// with surrounding spaces. Written `network:name`.
struct AccountRef {
  std::string_view network;  // lower case, [a-z0-9_.-]+, e.g. "mastodon"; "csv" where none is named
  std::string_view name;     // 1 to kNameBytesMax bytes of valid UTF-8 without control characters

  bool empty() const { return name.empty(); }
  friend bool operator==(const AccountRef&, const AccountRef&) = default;
};
inline constexpr size_t kNameBytesMax = 512;
inline constexpr size_t kObjectBytesMax = 4096;
inline constexpr size_t kTopicBytesMax = 200;
inline constexpr size_t kTopicsMax = 64;        // per event; adapters keep the first ones
inline constexpr uint32_t kCountMax = 100'000;  // repeats of one act in one record

// Stable key of an object or an act: hash64 of its reference. 0 means "none".
// A reference of the form "act:" and 16 hexadecimal digits is the key itself: so an undo can name
// an act that has no id of its own.
uint64_t object_key(std::string_view reference);
std::string act_reference(uint64_t act_key);

// Identity of an event, so that ingesting twice changes nothing. 128 bits.
// `low` is the key of the *act*: object_key(the network's id for it), so that a reshare of a
// reshare and an undo find it; `high` tells the events apart that one record states (a reply that
// also mentions). Where the network has no id, both come from account, verb, object, author,
// target, published, count and the ordinal among records identical in these within one source.
using EventId = Hash128;

// Where an event came from, within its source; the source itself (file, network, mapping version,
// when) is known to the sink, once for all its events.
struct Provenance {
  uint64_t record = 0;       // number of the record in its source, from 1: line, row, element
  uint64_t record_hash = 0;  // hash64 of the record's bytes
};

// One thing one account did, as its network reported it. Immutable once stored.
struct InteractionEvent {
  std::string_view native_id;  // the network's id for the act (a URL, a number with its kind);
                               // empty where it has none
  AccountRef account;          // who acted, before identity resolution; never empty
  Verb verb = Verb::kMention;
  std::string_view object;  // reference of what was acted on; may name an object never ingested;
                            // for kPost the object made; for kUndo the act withdrawn; empty for
                            // acts on a person
  AccountRef author;        // whose object it is, when the record says so; empty: resolved at scan
  AccountRef target;        // whom the act is directed to; empty for none
  Instant published;        // the network's clock; unknown is kept and gives no credit
  uint32_t count = 1;       // how often the act happened, [1, kCountMax]; for records that count
  std::vector<std::string_view> topics;  // normalised (normalise_topic); may be empty
  Visibility visibility = Visibility::kPublic;
  Provenance provenance;

  void clear();
};

// The id of `event`, with `ordinal` 0; see EventId. Reads everything but topics, visibility and
// provenance. An act of unknown time has another id than the same act with its time, so that the
// time can still come later.
EventId identify(const InteractionEvent& event);
// The id of the `ordinal`-th (from 1) further event that is identical within one source.
// Only for events without native id: a repeated native id is the same act.
EventId with_ordinal(const EventId& id, uint32_t ordinal);

// Why `event` cannot be stored, as one sentence; empty if it can. Checks the bounds stated above.
std::string problem_with(const InteractionEvent& event);

// Lower-cases (Unicode), strips a leading '#' and surrounding spaces, folds inner white space and
// '_' to one '-'. Empty when nothing is left or when longer than kTopicBytesMax.
std::string normalise_topic(std::string_view text);

// True for well-formed UTF-8 without control characters below U+0020 and without U+007F.
bool is_clean_text(std::string_view text);

}  // namespace bellwether

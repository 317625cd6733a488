// SPDX-License-Identifier: Apache-2.0
// What activities, objects, actors and collections state: events and profiles. Pure; README.md has
// the tables.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "event/sink.h"
#include "ingest/adapters/activitystreams/parse.h"
#include "ingest/arena.h"

namespace bellwether {

// Where a record stands, which decides what it may be.
enum class As2Place : uint32_t {
  kDocument,      // alone: a line, a file
  kItem,          // in a collection; may be a reference
  kArrayElement,  // in an array at the top: activities only
};

class As2Mapper {
 public:
  // kInvalidArgument: `network` is no name of a network. An empty one means `fallback`.
  static Result<std::string> network_of(std::string_view network, std::string_view fallback);

  // `network` is that of accounts where neither they nor who acts name one.
  explicit As2Mapper(std::string network) : network_(std::move(network)) {}

  // Gives all that `record` states to `out`, or tells it what was left alone, or rejects it.
  // `suspicious`: see As2Parser. Names are made in `arena`; topics live as long as this mapper or
  // in `arena`.
  void map(const As2Value& record, As2Place place, bool suspicious, const Provenance& provenance,
           std::string_view bytes, TextArena& arena, EventSink& out);

  // The account that `record`, an actor's document, is of; empty if it is none or names nobody.
  // `owner`: the profile that goes to `out` says that the archive is theirs.
  AccountRef map_owner(const As2Value& record, TextArena& arena, EventSink& out);

 private:
  // Says what was met and gave nothing, in front of the type's name.
  void leave(std::string_view what, const As2Node& node, std::string_view why = {});
  // Says why nothing, or nothing more, is taken from the record.
  void reject(std::string_view reason);

  void record(const As2Node& node, int depth);
  void items(const As2Node& collection, int depth);
  void answers(const As2Node& object, int depth);
  void object(const As2Node& node, int depth);
  void activity(const As2Node& node, const AccountRef& nobody_else, int depth);
  void act(const As2Node& node, const AccountRef& account, int depth);
  void each_object(const As2Node& node, Verb verb);
  void create(const As2Node& node);
  void authored(const As2Node* act, const As2Node& object);
  void respond(const As2Value& object, Verb verb, const As2Node& act);
  void follow(const As2Node& node);
  void add(const As2Node& node);
  void address(const As2Node& node, Verb verb);
  void accept(const As2Node& node);
  void undo(const As2Node& node, int depth);
  void remove(const As2Node& node);
  void update(const As2Node& node);
  bool profile(const As2Node& node, bool owner);
  void profile_in_passing(const As2Value& actor);

  // Fills event_ for an act of account_ and leaves the verb's own fields empty.
  void begin(Verb verb, std::string_view native_id, std::string_view published,
             const As2Node* addressed, const As2Node* also_addressed);
  void add_topics(const As2Node& node);
  void add_topic(std::string_view text);
  void add_title(const As2Node& node);
  void emit();

  AccountRef account_of_value(const As2Value& value);
  AccountRef account_of_node(const As2Node& node);
  AccountRef first_account(const As2Value* values);
  AccountRef mentioned(const As2Value& tag);
  std::string_view reference_of(const As2Value& value) const;
  AccountRef author_of(const As2Value& value);
  AccountRef addressed_alone(const As2Node& act);
  Visibility visibility_of(const As2Node& node) const;

  std::string network_;

  // Of the record being read.
  EventSink* out_ = nullptr;
  TextArena* arena_ = nullptr;
  Provenance provenance_;
  std::string_view bytes_;
  bool suspicious_ = false;
  bool rejected_ = false;     // nothing more is taken from this record
  bool extra_actor_ = false;  // not the first of an act: the native id is the first one's
  AccountRef account_;        // who acts
  std::vector<uint64_t>* keys_ = nullptr;  // where set, events are not given: their keys are
  InteractionEvent event_;
  std::vector<AccountRef> named_;  // accounts that mentions of this object went to

  // Hashtags as written to topics; its strings stay where they are.
  std::unordered_map<std::string_view, std::string_view> topics_;
  TextArena topic_text_;
};

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/mapping.h"

#include <fmt/core.h>

#include <algorithm>
#include <optional>

#include "base/hash.h"
#include "event/topic.h"
#include "ingest/adapters/activitystreams/account_name.h"

namespace bellwether {
namespace {

constexpr int kDepthMax = 4;  // of collections in objects in collections
constexpr size_t kTopicsRemembered = 4096;
constexpr size_t kKindBytesMax = 40;      // of a word of the record in a kind
constexpr size_t kMentionsCompared = 64;  // further ones are not looked for among those before

// The kind under which a type is counted: the vocabulary's own names as they are, others only if
// they are short plain words.
std::string_view word_of(const As2Node& node) {
  if (const std::string_view known = to_string(node.type); !known.empty()) return known;
  if (node.type == As2Type::kNone) return "without type";
  const std::string_view word = node.type_word;
  const bool plain =
      word.size() <= kKindBytesMax && std::all_of(word.begin(), word.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == ':' || c == '_' || c == '-';
      });
  return plain ? word : std::string_view("of an unknown type");
}

bool is_public(std::string_view address) {
  return address == "Public" || address == "as:Public" ||
         (address.ends_with("#Public") && is_as2_context(address.substr(0, address.size() - 7)));
}

bool is_followers(std::string_view address) { return address.ends_with("/followers"); }

std::string_view text_of(const As2Value& value) {
  if (value.node == nullptr) return value.text;
  return !value.node->id.empty() ? value.node->id : value.node->href;
}

std::string_view first_not_empty(std::string_view a, std::string_view b) {
  return a.empty() ? b : a;
}

bool is_actor(const As2Node* node) {
  return node != nullptr && class_of(node->type) == As2Class::kActor;
}

// What emit() need not ask problem_with() for texts that came without escapes.
bool is_plainly_good(const AccountRef& account) {
  return account.empty() || (account.name.size() <= kNameBytesMax && account.name.front() != ' ' &&
                             account.name.back() != ' ');
}

}  // namespace

Result<std::string> As2Mapper::network_of(std::string_view network, std::string_view fallback) {
  if (network.empty()) return std::string(fallback);
  std::string name(network);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  InteractionEvent probe;
  probe.account = {name, "a"};
  if (problem_with(probe).empty()) return name;
  return Error{
      ErrorCode::kInvalidArgument,
      fmt::format("{} is no name of a network; use letters, digits, '.', '-' and '_'", network)};
}

void As2Mapper::map(const As2Value& value, As2Place place, bool suspicious,
                    const Provenance& provenance, std::string_view bytes, TextArena& arena,
                    EventSink& out) {
  out_ = &out;
  arena_ = &arena;
  provenance_ = provenance;
  bytes_ = bytes;
  suspicious_ = suspicious;
  rejected_ = false;
  extra_actor_ = false;
  account_ = {};
  if (value.node == nullptr) {
    if (place == As2Place::kItem) {
      out.left_alone("reference", 1);
    } else {
      reject("text where an object should be");
    }
    return;
  }
  if (place == As2Place::kArrayElement && class_of(value.node->type) != As2Class::kActivity) {
    reject("an array at the top holds something else than activities");
    return;
  }
  record(*value.node, 0);
}

void As2Mapper::leave(std::string_view what, const As2Node& node, std::string_view why) {
  if (keys_ != nullptr) return;
  const std::string_view word = word_of(node);
  out_->left_alone(
      why.empty() ? arena_->join({what, " ", word}) : arena_->join({what, " ", word, " ", why}), 1);
}

void As2Mapper::reject(std::string_view reason) {
  if (keys_ != nullptr || rejected_) return;
  rejected_ = true;
  // Whoever passes events on to another thread takes everything; a store's refusal comes later.
  (void)out_->reject({provenance_.record, provenance_.record_hash, reason, bytes_});
}

void As2Mapper::record(const As2Node& node, int depth) {
  rejected_ = false;
  account_ = {};
  switch (class_of(node.type)) {
    case As2Class::kActivity:
      return activity(node, {}, depth);
    case As2Class::kActor:
      if (!profile(node, false)) leave("actor", node, "without id");
      return;
    case As2Class::kCollection:
      return items(node, depth);
    case As2Class::kLink:
      return leave("link", node);
    case As2Class::kObject:
    case As2Class::kNone:
      break;
  }
  if (node.type == As2Type::kNone && node.has_items) return items(node, depth);
  const bool has_actor = node.list(As2List::kActor) != nullptr;
  if (has_actor) return leave("activity", node);
  object(node, depth);
}

void As2Mapper::items(const As2Node& collection, int depth) {
  bool any = false;
  const auto each = [&](const As2Node& holder) {
    for (const As2Value* item = holder.list(As2List::kItems); item != nullptr; item = item->next) {
      any = true;
      if (item->node != nullptr && depth < kDepthMax) {
        record(*item->node, depth + 1);
      } else {
        out_->left_alone(item->node == nullptr ? "reference" : "object nested too deeply", 1);
      }
    }
  };
  each(collection);
  for (const As2Value* page = collection.list(As2List::kFirst); page != nullptr;
       page = page->next) {
    if (page->node != nullptr) each(*page->node);
  }
  if (!any && depth == 0) leave("collection", collection);
}

// Something that is no activity: an act of whoever it is attributed to.
void As2Mapper::object(const As2Node& node, int depth) {
  account_ = {};
  account_ = first_account(node.list(As2List::kAttributedTo));
  if (node.type == As2Type::kRelationship || node.type == As2Type::kTombstone) {
    leave("object", node);
  } else if (account_.empty()) {
    leave("object", node, node.list(As2List::kAttributedTo) == nullptr ? "" : "by nobody known");
  } else {
    authored(nullptr, node);
  }
  answers(node, depth);
}

// Answers that come along with an object, if they say by whom they are.
void As2Mapper::answers(const As2Node& object_answered, int depth) {
  if (depth >= kDepthMax) return;
  const auto each = [&](const As2Node& holder) {
    for (const As2Value* item = holder.list(As2List::kItems); item != nullptr; item = item->next) {
      if (item->node == nullptr || item->node->list(As2List::kAttributedTo) == nullptr) continue;
      object(*item->node, depth + 1);
    }
  };
  for (const As2Value* replies = object_answered.list(As2List::kReplies); replies != nullptr;
       replies = replies->next) {
    if (replies->node == nullptr) continue;
    each(*replies->node);
    const As2Value* first = replies->node->list(As2List::kFirst);
    if (first != nullptr && first->node != nullptr) each(*first->node);
  }
}

// `nobody_else` is who acts where the activity itself does not say.
void As2Mapper::activity(const As2Node& node, const AccountRef& nobody_else, int depth) {
  const As2Value* actors = node.list(As2List::kActor);
  // Questions are as often written like objects, and so are creations now and then.
  if (actors == nullptr && (node.type == As2Type::kQuestion || node.type == As2Type::kCreate)) {
    actors = node.list(As2List::kAttributedTo);
    if (actors == nullptr && node.type == As2Type::kCreate) {
      const As2Value* made = node.list(As2List::kObject);
      if (made != nullptr && made->node != nullptr) {
        actors = made->node->list(As2List::kAttributedTo);
      }
    }
  }
  if (node.type == As2Type::kQuestion && actors == nullptr) return object(node, depth);
  if (actors == nullptr && !nobody_else.empty()) return act(node, nobody_else, depth);
  bool any = false;
  for (const As2Value* actor = actors; actor != nullptr; actor = actor->next) {
    account_ = nobody_else;
    const AccountRef account = account_of_value(*actor);
    if (account.empty()) continue;
    profile_in_passing(*actor);
    extra_actor_ = any;
    any = true;
    act(node, account, depth);
  }
  extra_actor_ = false;
  if (!any) leave("activity", node, "by nobody known");
}

void As2Mapper::act(const As2Node& node, const AccountRef& account, int depth) {
  account_ = account;
  switch (node.type) {
    case As2Type::kCreate:
      create(node);
      if (extra_actor_ || keys_ != nullptr) return;
      for (const As2Value* made = node.list(As2List::kObject); made != nullptr; made = made->next) {
        if (made->node != nullptr) answers(*made->node, depth);
      }
      return;
    case As2Type::kQuestion:
      authored(nullptr, node);
      if (!extra_actor_ && keys_ == nullptr) answers(node, depth);
      return;
    case As2Type::kAnnounce:
      return each_object(node, Verb::kReshare);
    case As2Type::kLike:
    case As2Type::kDislike:
    case As2Type::kEmojiReact:
      return each_object(node, Verb::kReact);
    case As2Type::kJoin:
      return each_object(node, Verb::kSubscribe);
    case As2Type::kFollow:
      return follow(node);
    case As2Type::kAdd:
      return add(node);
    case As2Type::kInvite:
    case As2Type::kOffer:
      return address(node, Verb::kMessage);
    case As2Type::kAccept:
    case As2Type::kTentativeAccept:
      return accept(node);
    case As2Type::kUndo:
      return undo(node, depth);
    case As2Type::kDelete:
      return remove(node);
    case As2Type::kUpdate:
      return update(node);
    default:
      return leave("activity", node);
  }
}

void As2Mapper::each_object(const As2Node& node, Verb verb) {
  const As2Value* object = node.list(As2List::kObject);
  if (object == nullptr) return leave("activity", node, "without object");
  for (; object != nullptr; object = object->next) respond(*object, verb, node);
}

// An act in response to an object, or to an account.
void As2Mapper::respond(const As2Value& object, Verb verb, const As2Node& act) {
  begin(verb, act.id, act.published, &act, nullptr);
  add_topics(act);
  if (object.node != nullptr) add_topics(*object.node);
  const std::string_view reference = reference_of(object);
  if (is_actor(object.node)) {
    event_.target = account_of_node(*object.node);
    if (event_.target.empty()) return leave("activity", act, "towards nobody known");
    profile_in_passing(object);
    return emit();
  }
  if (object.node == nullptr) {
    event_.target = account_if_sure(reference, account_.network, *arena_);
    if (!event_.target.empty()) return emit();
  }
  event_.object = reference;
  event_.author = author_of(object);
  if (object.node != nullptr && object.node->type == As2Type::kCreate) {
    // A creation that is passed on stands for what was created.
    const As2Value* made = object.node->list(As2List::kObject);
    if (made != nullptr && !reference_of(*made).empty()) event_.object = reference_of(*made);
  }
  if (event_.author.empty()) event_.target = addressed_alone(act);
  emit();
}

void As2Mapper::create(const As2Node& node) {
  const As2Value* made = node.list(As2List::kObject);
  if (made == nullptr) return leave("activity", node, "without object");
  for (; made != nullptr; made = made->next) {
    if (made->node != nullptr) {
      authored(&node, *made->node);
      continue;
    }
    begin(Verb::kPost, made->text, node.published, &node, nullptr);
    add_topics(node);
    event_.object = made->text;
    emit();
  }
}

// What account_ made: the post, and whom it answers, quotes and names. All are one act, whose id is
// the object's, because that is what deletions and other copies of the object name.
void As2Mapper::authored(const As2Node* act, const As2Node& object) {
  const std::string_view own = first_not_empty(object.id, object.url);
  const std::string_view native_id =
      first_not_empty(object.id, act == nullptr ? std::string_view() : act->id);
  const std::string_view published =
      act == nullptr ? object.published : first_not_empty(act->published, object.published);
  const auto begin_one = [&](Verb verb) {
    begin(verb, native_id, published, act == nullptr ? &object : act, &object);
    if (act != nullptr) add_topics(*act);
    add_topics(object);
  };
  begin_one(Verb::kPost);
  event_.object = own;
  emit();

  AccountRef answered;
  for (const As2Value* parent = object.list(As2List::kInReplyTo); parent != nullptr;
       parent = parent->next) {
    begin_one(Verb::kReply);
    event_.object = reference_of(*parent);
    event_.author = author_of(*parent);
    if (event_.author.empty()) {
      // The one account that is named can be nobody else's.
      AccountRef only;
      size_t named = 0;
      for (const As2Value* tag = object.list(As2List::kTag); tag != nullptr; tag = tag->next) {
        const AccountRef account = mentioned(*tag);
        if (account.empty() || account == account_) continue;
        only = account;
        ++named;
      }
      if (named == 1) event_.target = only;
    }
    if (answered.empty()) answered = event_.author.empty() ? event_.target : event_.author;
    if (!event_.object.empty() || !event_.author.empty() || !event_.target.empty()) emit();
  }
  for (const As2Value* quoted = object.list(As2List::kQuote); quoted != nullptr;
       quoted = quoted->next) {
    begin_one(Verb::kQuote);
    event_.object = reference_of(*quoted);
    event_.author = author_of(*quoted);
    if (!event_.object.empty()) emit();
    break;  // the others are the same under older names
  }
  named_.clear();
  for (const As2Value* tag = object.list(As2List::kTag); tag != nullptr; tag = tag->next) {
    const AccountRef account = mentioned(*tag);
    if (account.empty() || account == account_ || account == answered) continue;
    if (std::find(named_.begin(), named_.end(), account) != named_.end()) continue;
    if (named_.size() < kMentionsCompared) named_.push_back(account);
    begin_one(Verb::kMention);
    event_.target = account;
    emit();
  }
}

void As2Mapper::follow(const As2Node& node) {
  const As2Value* whom = node.list(As2List::kObject);
  if (whom == nullptr) return leave("activity", node, "without object");
  for (; whom != nullptr; whom = whom->next) {
    begin(Verb::kFollow, node.id, node.published, &node, nullptr);
    event_.target = account_of_value(*whom);
    if (event_.target.empty()) {
      leave("activity", node, "towards nobody known");
      continue;
    }
    profile_in_passing(*whom);
    emit();
  }
}

void As2Mapper::add(const As2Node& node) {
  const As2Value* object = node.list(As2List::kObject);
  if (object == nullptr) return leave("activity", node, "without object");
  for (; object != nullptr; object = object->next) {
    if (object->node != nullptr && object->node->type == As2Type::kRelationship) {
      leave("activity", node, "of a relationship");
    } else {
      respond(*object, Verb::kList, node);
    }
  }
}

// Invitations and offers go to their targets; without one they are said to nobody in particular.
void As2Mapper::address(const As2Node& node, Verb verb) {
  const As2Value* target = node.list(As2List::kTarget);
  if (target == nullptr) return leave("activity", node, "without target");
  const As2Value* object = node.list(As2List::kObject);
  for (; target != nullptr; target = target->next) {
    begin(verb, node.id, node.published, &node, nullptr);
    event_.target = account_of_value(*target);
    if (event_.target.empty()) {
      leave("activity", node, "towards nobody known");
      continue;
    }
    if (object != nullptr) event_.object = reference_of(*object);
    emit();
  }
}

// Accepting somebody's invitation or offer answers them. Letting a follower in does not: servers do
// that by themselves.
void As2Mapper::accept(const As2Node& node) {
  bool any = false;
  for (const As2Value* object = node.list(As2List::kObject); object != nullptr;
       object = object->next) {
    if (object->node == nullptr ||
        (object->node->type != As2Type::kInvite && object->node->type != As2Type::kOffer)) {
      continue;
    }
    const AccountRef inviter = first_account(object->node->list(As2List::kActor));
    if (inviter.empty()) continue;
    begin(Verb::kReact, node.id, node.published, &node, nullptr);
    event_.object = object->node->id;
    event_.author = inviter;
    any = true;
    emit();
  }
  if (!any) leave("activity", node);
}

void As2Mapper::undo(const As2Node& node, int depth) {
  const As2Value* withdrawn = node.list(As2List::kObject);
  if (withdrawn == nullptr) return leave("activity", node, "without object");
  const AccountRef account = account_;
  const auto emit_undo = [&](std::string_view reference) {
    account_ = account;
    begin(Verb::kUndo, node.id, node.published, &node, nullptr);
    event_.object = reference;
    emit();
  };
  for (; withdrawn != nullptr; withdrawn = withdrawn->next) {
    const As2Node* inner = withdrawn->node;
    if (inner == nullptr) {
      emit_undo(withdrawn->text);
      continue;
    }
    const AccountRef actor = first_account(inner->list(As2List::kActor));
    if (!actor.empty() && actor != account) {
      leave("activity", node, "of somebody else's act");
      continue;
    }
    const As2Value* made = inner->list(As2List::kObject);
    if (inner->type == As2Type::kCreate && made != nullptr && !reference_of(*made).empty()) {
      // Its act goes by the object's id.
      emit_undo(reference_of(*made));
      continue;
    }
    if (!inner->id.empty()) {
      emit_undo(inner->id);
      continue;
    }
    if (depth > 0 || class_of(inner->type) != As2Class::kActivity ||
        inner->type == As2Type::kUndo) {
      leave("activity", node, "of an act without id");
      continue;
    }
    // The act has no id of its own: what it would have given tells.
    std::vector<uint64_t> keys;
    keys_ = &keys;
    activity(*inner, account, depth + 1);
    keys_ = nullptr;
    if (keys.empty()) leave("activity", node, "of an act without id");
    for (const uint64_t key : keys) emit_undo(arena_->keep(act_reference(key)));
  }
}

void As2Mapper::remove(const As2Node& node) {
  const As2Value* gone = node.list(As2List::kObject);
  if (gone == nullptr) return leave("activity", node, "without object");
  for (; gone != nullptr; gone = gone->next) {
    const std::string_view reference = reference_of(*gone);
    if (reference.empty()) {
      leave("activity", node, "of something without id");
      continue;
    }
    if (is_actor(gone->node) || account_of(reference, account_.network, *arena_) == account_) {
      leave("activity", node, "of an account");
      continue;
    }
    begin(Verb::kUndo, node.id, node.published, &node, nullptr);
    event_.object = reference;
    emit();
  }
}

void As2Mapper::update(const As2Node& node) {
  bool any = false;
  for (const As2Value* object = node.list(As2List::kObject); object != nullptr;
       object = object->next) {
    // Only an account's own word on itself counts.
    if (is_actor(object->node) && account_of_node(*object->node) == account_) {
      any = profile(*object->node, false) || any;
    }
  }
  if (!any) leave("activity", node);
}

// False where the actor names no account.
bool As2Mapper::profile(const As2Node& node, bool owner) {
  AccountProfile profile;
  profile.account = account_of_node(node);
  if (profile.account.empty()) return false;
  if (keys_ != nullptr) return true;
  InteractionEvent probe;
  probe.account = profile.account;
  if (suspicious_ ? !problem_with(probe).empty() : !is_plainly_good(profile.account)) return false;
  const auto fitting = [](std::string_view text) {
    return text.size() <= kNameBytesMax && is_clean_text(text) ? text : std::string_view();
  };
  profile.display_name = fitting(first_not_empty(node.name, node.preferred_username));
  profile.url = fitting(first_not_empty(node.url, node.id));
  if (!profile.url.starts_with("http")) profile.url = {};
  switch (node.type) {
    case As2Type::kPerson:
      profile.kind = AccountKind::kPerson;
      break;
    case As2Type::kGroup:
    case As2Type::kOrganization:
      profile.kind = AccountKind::kOrganisation;
      break;
    case As2Type::kApplication:
    case As2Type::kService:
      profile.kind = AccountKind::kBot;
      break;
    default:
      break;
  }
  profile.indexable = !node.is_unindexable && !node.is_undiscoverable;
  profile.owner = owner;
  (void)out_->profile(profile);
  return true;
}

// An actor inside something else; one without a name says less than may be known already.
void As2Mapper::profile_in_passing(const As2Value& actor) {
  if (!is_actor(actor.node)) return;
  if (actor.node->name.empty() && actor.node->preferred_username.empty()) return;
  profile(*actor.node, false);
}

AccountRef As2Mapper::map_owner(const As2Value& value, TextArena& arena, EventSink& out) {
  out_ = &out;
  arena_ = &arena;
  suspicious_ = true;
  account_ = {};
  if (!is_actor(value.node) || !profile(*value.node, true)) return {};
  return account_of_node(*value.node);
}

void As2Mapper::begin(Verb verb, std::string_view native_id, std::string_view published,
                      const As2Node* addressed, const As2Node* also_addressed) {
  event_.clear();
  event_.verb = verb;
  event_.account = account_;
  // Two accounts that did one thing together did it each.
  if (!extra_actor_) event_.native_id = native_id;
  if (!published.empty()) {
    const std::optional<Instant> instant = parse_instant(published);
    // emit() rejects this one.
    event_.published = instant.value_or(Instant{-1});
  }
  if (addressed != nullptr && !addressed->is_addressed) addressed = also_addressed;
  if (addressed != nullptr) event_.visibility = visibility_of(*addressed);
  event_.provenance = provenance_;
}

void As2Mapper::add_topics(const As2Node& node) {
  for (const As2Value* tag = node.list(As2List::kTag); tag != nullptr; tag = tag->next) {
    if (tag->node == nullptr) {
      // A bare word is a tag, an address is somebody or something.
      if (tag->text.find_first_of(":/@") == std::string_view::npos) add_topic(tag->text);
      continue;
    }
    const bool is_tag =
        tag->node->type == As2Type::kHashtag ||
        (class_of(tag->node->type) == As2Class::kNone && tag->node->name.starts_with('#'));
    if (is_tag) add_topic(tag->node->name);
  }
  add_title(node);
}

// What an object is called is a title; where it is called nothing, what it says of itself is, be it
// only that it is about politics. What an activity is called is a sentence on who did what, an
// answer that is called something is a vote in a poll, and a picture's name describes it.
void As2Mapper::add_title(const As2Node& node) {
  switch (node.type) {
    case As2Type::kArticle:
    case As2Type::kAudio:
    case As2Type::kDocument:
    case As2Type::kEvent:
    case As2Type::kNote:
    case As2Type::kObject:
    case As2Type::kPage:
    case As2Type::kQuestion:
    case As2Type::kVideo:
      break;
    default:
      return;
  }
  const bool vote = node.type == As2Type::kNote && !node.name.empty() &&
                    node.list(As2List::kInReplyTo) != nullptr;
  if (vote) return;
  for (const std::string& phrase : title_phrases(first_not_empty(node.name, node.summary))) {
    if (event_.topics.size() == kTopicsMax) return;
    const auto says_it = [&](std::string_view topic) {
      return topic == phrase || topic == without_mark(phrase);
    };
    if (std::any_of(event_.topics.begin(), event_.topics.end(), says_it)) continue;
    event_.topics.push_back(arena_->keep(phrase));
  }
}

void As2Mapper::add_topic(std::string_view text) {
  if (text.empty() || event_.topics.size() == kTopicsMax) return;
  std::string_view topic;
  if (const auto known = topics_.find(text); known != topics_.end()) {
    topic = known->second;
  } else {
    const std::string normalised = normalise_topic(text);
    const bool remember = topics_.size() < kTopicsRemembered && text.size() <= kTopicBytesMax;
    TextArena& keeper = remember ? topic_text_ : *arena_;
    topic = keeper.keep(normalised);
    if (remember) topics_.emplace(keeper.keep(text), topic);
  }
  if (topic.empty()) return;
  if (std::find(event_.topics.begin(), event_.topics.end(), topic) != event_.topics.end()) return;
  event_.topics.push_back(topic);
}

void As2Mapper::emit() {
  if (rejected_) return;
  if (event_.published.known() && event_.published < kEarliest) {
    return reject("published is not an instant from 1970 to 2199");
  }
  const bool plainly_good = !suspicious_ && is_plainly_good(event_.account) &&
                            is_plainly_good(event_.author) && is_plainly_good(event_.target) &&
                            event_.object.size() <= kObjectBytesMax &&
                            event_.native_id.size() <= kObjectBytesMax;
  if (!plainly_good) {
    if (!is_clean_text(event_.native_id)) return reject("id holds control characters");
    if (const std::string problem = problem_with(event_); !problem.empty()) {
      return reject(arena_->keep(problem));
    }
  }
  if (keys_ != nullptr) {
    keys_->push_back(identify(event_).low);
    return;
  }
  (void)out_->event(event_);
}

AccountRef As2Mapper::account_of_node(const As2Node& node) {
  const std::string_view network = account_.empty() ? std::string_view(network_) : account_.network;
  return account_of(first_not_empty(first_not_empty(node.id, node.href), node.url), network,
                    *arena_);
}

AccountRef As2Mapper::account_of_value(const As2Value& value) {
  if (value.node != nullptr) return account_of_node(*value.node);
  return account_of(value.text, account_.empty() ? std::string_view(network_) : account_.network,
                    *arena_);
}

AccountRef As2Mapper::first_account(const As2Value* values) {
  for (; values != nullptr; values = values->next) {
    const AccountRef account = account_of_value(*values);
    if (!account.empty()) return account;
  }
  return {};
}

// Whom a tag names, if it names anybody.
AccountRef As2Mapper::mentioned(const As2Value& tag) {
  if (tag.node == nullptr) {
    return account_if_sure(tag.text, account_.network, *arena_);
  }
  if (is_actor(tag.node)) return account_of_node(*tag.node);
  if (tag.node->type != As2Type::kMention) return {};
  const std::string_view href = first_not_empty(tag.node->href, tag.node->id);
  return account_of(first_not_empty(href, tag.node->name), account_.network, *arena_);
}

std::string_view As2Mapper::reference_of(const As2Value& value) const {
  if (value.node == nullptr) return value.text;
  return first_not_empty(first_not_empty(value.node->id, value.node->href), value.node->url);
}

AccountRef As2Mapper::author_of(const As2Value& value) {
  if (value.node != nullptr) {
    AccountRef author = first_account(value.node->list(As2List::kAttributedTo));
    if (author.empty()) author = first_account(value.node->list(As2List::kActor));
    if (!author.empty()) return author;
  }
  return author_of_address(reference_of(value), account_.network, *arena_);
}

// The one account that an act is addressed to: servers address whom a response concerns.
AccountRef As2Mapper::addressed_alone(const As2Node& act) {
  AccountRef found;
  for (const As2List which : {As2List::kTo, As2List::kCc}) {
    for (const As2Value* value = act.list(which); value != nullptr; value = value->next) {
      const std::string_view address = text_of(*value);
      if (address.empty() || is_public(address) || is_followers(address)) continue;
      const AccountRef account = is_actor(value->node)
                                     ? account_of_node(*value->node)
                                     : account_of(address, account_.network, *arena_);
      if (account == account_ || account == found) continue;
      if (!found.empty()) return {};
      found = account;
    }
  }
  return found;
}

Visibility As2Mapper::visibility_of(const As2Node& node) const {
  if (!node.is_addressed) return Visibility::kPublic;
  bool in_cc = false;
  bool followers = false;
  for (const As2List which : {As2List::kTo, As2List::kCc, As2List::kAudience}) {
    for (const As2Value* value = node.list(which); value != nullptr; value = value->next) {
      const std::string_view address = text_of(*value);
      if (is_public(address)) {
        if (which == As2List::kTo) return Visibility::kPublic;
        in_cc = true;
      }
      followers = followers || is_followers(address);
    }
  }
  if (in_cc) return Visibility::kUnlisted;
  // An audience alone says for whom something is meant, not who may read it.
  const bool named = node.list(As2List::kTo) != nullptr || node.list(As2List::kCc) != nullptr ||
                     node.list(As2List::kBto) != nullptr || node.list(As2List::kBcc) != nullptr;
  if (followers) return Visibility::kFollowers;
  if (!named && node.list(As2List::kAudience) != nullptr) return Visibility::kPublic;
  return Visibility::kPrivate;
}

}  // namespace bellwether

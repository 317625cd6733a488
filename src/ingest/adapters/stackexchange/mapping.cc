// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/stackexchange/mapping.h"

#include <fmt/core.h>

#include <array>
#include <charconv>
#include <limits>

#include "base/hash.h"
#include "base/instant.h"

namespace bellwether {
namespace {

constexpr std::string_view kNetwork = "stackexchange";
constexpr SiteUser kCommunity = -1;  // the site's own background process
constexpr int kAgeOfConsent = 16;
// Numbers of kinds that are not known get a name only while there can be few of them.
constexpr int32_t kKindMax = 999;

struct TableName {
  std::string_view root;
  std::string_view attribute;
};
constexpr std::array<TableName, kSiteTables> kTables{{
    {"users", "DisplayName="},
    {"posts", "PostTypeId="},
    {"comments", "PostId="},
    {"votes", "VoteTypeId="},
    {"badges", "Name="},
    {"postlinks", "LinkTypeId="},
    {"posthistory", "PostHistoryTypeId="},
    {"tags", "TagName="},
}};

constexpr int32_t kQuestion = 1;
constexpr int32_t kAnswer = 2;
constexpr int32_t kNomination = 6;

constexpr int32_t kAccepted = 1;
constexpr int32_t kFavourite = 5;
constexpr int32_t kBountyStart = 8;

std::string post_kind(int32_t type) {
  switch (type) {
    case 3:
      return "post: orphaned tag wiki";
    case 4:
      return "post: tag wiki excerpt";
    case 5:
      return "post: tag wiki";
    case 7:
      return "post: wiki placeholder";
    case 8:
      return "post: privilege wiki";
    default:
      return fmt::format("post: type {}", type);
  }
}

std::string vote_kind(int32_t type) {
  switch (type) {
    case 2:
      return "vote: up";
    case 3:
      return "vote: down";
    case 4:
      return "vote: offensive";
    case 6:
      return "vote: close";
    case 7:
      return "vote: reopen";
    case 9:
      return "vote: bounty awarded";
    case 10:
      return "vote: deletion";
    case 11:
      return "vote: undeletion";
    case 12:
      return "vote: spam";
    case 15:
      return "vote: moderator review";
    case 16:
      return "vote: suggested edit approved";
    default:
      return fmt::format("vote: type {}", type);
  }
}

std::optional<int32_t> number(std::string_view text) {
  int32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<SitePost> post_number(std::string_view text) {
  const std::optional<int32_t> value = number(text);
  if (!value.has_value() || *value < 1) return std::nullopt;
  return static_cast<SitePost>(*value);
}

// kNoUser where there is no such attribute; nothing where it is no user.
std::optional<SiteUser> user_number(const XmlRow& row, std::string_view attribute) {
  if (!row.has(attribute)) return kNoUser;
  const std::optional<int32_t> value = number(row.get(attribute));
  if (!value.has_value() || (*value < 0 && *value != kCommunity)) return std::nullopt;
  return *value;
}

Provenance provenance_of(const XmlRow& row) { return {row.number, hash64(row.bytes)}; }

}  // namespace

std::optional<SiteTable> site_table(std::string_view root) {
  for (size_t i = 0; i < kTables.size(); ++i) {
    if (kTables[i].root == root) return static_cast<SiteTable>(i);
  }
  return std::nullopt;
}

std::string_view telling_attribute(SiteTable table) {
  return kTables[static_cast<size_t>(table)].attribute;
}

SiteMapper::SiteMapper(std::string site, EventSink& sink, LeftAloneCounts& left_alone)
    : site_(std::move(site)),
      references_(site_.find('.') != std::string::npos ? fmt::format("https://{}/", site_)
                                                       : fmt::format("{}:{}/", kNetwork, site_)),
      has_host_(site_.find('.') != std::string::npos),
      sink_(sink),
      left_alone_(left_alone) {}

Result<void> SiteMapper::row(SiteTable table, const XmlRow& row) {
  if (!row.problem.empty()) {
    return reject(row,
                  fmt::format("{}: {}", kTables[static_cast<size_t>(table)].root, row.problem));
  }
  switch (table) {
    case SiteTable::kUsers:
      return user(row);
    case SiteTable::kPosts:
      return post(row);
    case SiteTable::kComments:
      return comment(row);
    case SiteTable::kVotes:
      return vote(row);
    case SiteTable::kBadges: {
      const std::string_view badge_class = row.get("Class");
      return leave(badge_class == "1"   ? "badge: gold"
                   : badge_class == "2" ? "badge: silver"
                   : badge_class == "3" ? "badge: bronze"
                                        : "badge");
    }
    case SiteTable::kPostLinks: {
      const std::string_view type = row.get("LinkTypeId");
      return leave(type == "1"   ? "post link: linked"
                   : type == "3" ? "post link: duplicate"
                                 : "post link: other");
    }
    case SiteTable::kPostHistory:
      return leave("post history");
    case SiteTable::kTags:
      return leave("tag");
  }
  return {};
}

Result<void> SiteMapper::reject(const XmlRow& row, std::string_view reason) {
  return sink_.reject({row.number, hash64(row.bytes), reason, row.bytes});
}

Result<void> SiteMapper::leave(std::string_view kind) {
  left_alone_.add(kind);
  return {};
}

AccountRef SiteMapper::account(SiteUser user, std::string& name) const {
  name = fmt::format("{}/{}", site_, user);
  return {kNetwork, name};
}

std::string SiteMapper::post_reference(SitePost id) const {
  return fmt::format("{}q/{}", references_, id);
}

void SiteMapper::begin(Verb verb, SiteUser by, Instant published, const Provenance& provenance) {
  event_.clear();
  event_.verb = verb;
  event_.account = account(by, account_name_);
  event_.published = published;
  event_.provenance = provenance;
}

Result<void> SiteMapper::give() {
  event_.native_id = native_id_;
  event_.object = object_;
  return sink_.event(event_);
}

Result<void> SiteMapper::user(const XmlRow& row) {
  const std::optional<SiteUser> id = user_number(row, "Id");
  if (!id.has_value() || *id == kNoUser) return reject(row, "users: Id is not a user's number");
  std::string_view name = row.get("DisplayName");
  if (!is_clean_text(name) || name.size() > kNameBytesMax) name = {};
  tables_.add_user(*id, name);
  AccountProfile profile;
  profile.account = account(*id, account_name_);
  profile.display_name = name;
  if (*id == kCommunity) profile.kind = AccountKind::kBot;
  // The number of the person's account on the whole network leads to them where the site is not
  // known by its address.
  const std::optional<int32_t> network_wide = number(row.get("AccountId"));
  std::string url;
  if (has_host_) {
    url = fmt::format("https://{}/users/{}", site_, *id);
  } else if (network_wide.has_value() && *network_wide > 0) {
    url = fmt::format("https://stackexchange.com/users/{}", *network_wide);
  }
  profile.url = url;
  const std::optional<int32_t> age = number(row.get("Age"));
  profile.minor = age.has_value() && *age >= 0 && *age < kAgeOfConsent;
  return sink_.profile(profile);
}

Result<void> SiteMapper::post(const XmlRow& row) {
  const std::optional<SitePost> id = post_number(row.get("Id"));
  if (!id.has_value()) return reject(row, "posts: Id is not a number");
  const std::optional<int32_t> type = number(row.get("PostTypeId"));
  if (!type.has_value() || *type < 1 || *type > kKindMax) {
    return reject(row, "posts: PostTypeId is not a kind of post");
  }
  const std::optional<SiteUser> owner = user_number(row, "OwnerUserId");
  if (!owner.has_value()) return reject(row, "posts: OwnerUserId is not a user's number");
  const SiteUser editor = user_number(row, "LastEditorUserId").value_or(kNoUser);
  if (*type == kQuestion || *type == kNomination) return question(row, *id, *owner, editor);
  if (*type == kAnswer) return answer(row, *id, *owner, editor);
  return leave(post_kind(*type));
}

Result<void> SiteMapper::question(const XmlRow& row, SitePost id, SiteUser owner, SiteUser editor) {
  if (!tables_.add_question({id, owner, editor, row.get("Tags"), row.get("Title")})) {
    return Error{ErrorCode::kLimit,
                 fmt::format("{}: holds more than 2^31 tags on questions", site_)};
  }
  const std::optional<Instant> published = parse_instant(row.get("CreationDate"));
  if (row.has("CreationDate") && !published.has_value()) {
    return reject(row, "posts: CreationDate is not an instant");
  }
  if (owner == kNoUser) return leave("question of a deleted user");
  if (const std::optional<SitePost> answer = post_number(row.get("AcceptedAnswerId"));
      answer.has_value()) {
    const Provenance provenance = provenance_of(row);
    const auto [at, is_new] =
        acceptance_of_.try_emplace(*answer, static_cast<uint32_t>(acceptances_.size()));
    if (is_new) {
      acceptances_.push_back({*answer, id, provenance.record, provenance.record_hash, false});
    }
  }
  return give_post(id, owner, published.value_or(Instant::unknown()), provenance_of(row));
}

Result<void> SiteMapper::answer(const XmlRow& row, SitePost id, SiteUser owner, SiteUser editor) {
  const std::optional<SitePost> question = post_number(row.get("ParentId"));
  if (!question.has_value()) return reject(row, "posts: ParentId of an answer is not a number");
  tables_.add_answer(id, *question, owner, editor);
  const std::optional<Instant> published = parse_instant(row.get("CreationDate"));
  if (row.has("CreationDate") && !published.has_value()) {
    return reject(row, "posts: CreationDate is not an instant");
  }
  if (owner == kNoUser) return leave("answer of a deleted user");
  const EarlyAnswer read{id, owner, *question, published.value_or(Instant::unknown()),
                         provenance_of(row)};
  // Topics are those of the question, which stands further down where questions were merged.
  if (tables_.post(*question) == nullptr) {
    early_.push_back(read);
    return {};
  }
  return give_answer(read);
}

Result<void> SiteMapper::give_post(SitePost id, SiteUser owner, Instant published,
                                   const Provenance& provenance) {
  begin(Verb::kPost, owner, published, provenance);
  tables_.topics_of(id, event_.topics);
  object_ = post_reference(id);
  native_id_ = object_;
  return give();
}

Result<void> SiteMapper::give_answer(const EarlyAnswer& answer) {
  BW_TRY(give_post(answer.id, answer.owner, answer.published, answer.provenance));
  begin(Verb::kReply, answer.owner, answer.published, answer.provenance);
  tables_.topics_of(answer.id, event_.topics);
  object_ = post_reference(answer.question);
  native_id_ = post_reference(answer.id);
  return give();
}

Result<void> SiteMapper::comment(const XmlRow& row) {
  const std::optional<SitePost> id = post_number(row.get("Id"));
  if (!id.has_value()) return reject(row, "comments: Id is not a number");
  const std::optional<SitePost> post = post_number(row.get("PostId"));
  if (!post.has_value()) return reject(row, "comments: PostId is not a number");
  const std::optional<SiteUser> by = user_number(row, "UserId");
  if (!by.has_value()) return reject(row, "comments: UserId is not a user's number");
  const std::optional<Instant> time = parse_instant(row.get("CreationDate"));
  if (row.has("CreationDate") && !time.has_value()) {
    return reject(row, "comments: CreationDate is not an instant");
  }
  if (*by == kNoUser) return leave("comment of a deleted user");
  const SiteUser addressee = tables_.addressee(row.get("Text"), *post, *by);
  tables_.add_commenter(*post, *by);
  const Instant published = time.value_or(Instant::unknown());
  const Provenance provenance = provenance_of(row);
  native_id_ = fmt::format("{}posts/comments/{}", references_, *id);

  begin(Verb::kPost, *by, published, provenance);
  tables_.topics_of(*post, event_.topics);
  object_ = native_id_;
  BW_TRY(give());

  const PostEntry* entry = tables_.post(*post);
  const bool to_owner = addressee == kNoUser || (entry != nullptr && entry->owner == addressee);
  begin(to_owner ? Verb::kReply : Verb::kMention, *by, published, provenance);
  tables_.topics_of(*post, event_.topics);
  if (to_owner) {
    object_ = post_reference(*post);
  } else {
    object_.clear();
    event_.target = account(addressee, target_name_);
  }
  return give();
}

Result<void> SiteMapper::vote(const XmlRow& row) {
  const std::optional<SitePost> post = post_number(row.get("PostId"));
  if (!post.has_value()) return reject(row, "votes: PostId is not a number");
  const std::optional<int32_t> type = number(row.get("VoteTypeId"));
  if (!type.has_value() || *type < 1 || *type > kKindMax) {
    return reject(row, "votes: VoteTypeId is not a kind of vote");
  }
  const std::optional<Instant> time = parse_instant(row.get("CreationDate"));
  if (row.has("CreationDate") && !time.has_value()) {
    return reject(row, "votes: CreationDate is not an instant");
  }
  const Instant published = time.value_or(Instant::unknown());
  if (*type == kAccepted) {
    const PostEntry* answer = tables_.post(*post);
    const PostEntry* question = answer == nullptr ? nullptr : tables_.question_of(*answer);
    if (question == nullptr || question == answer) {
      return leave("vote: accepted, of an answer that is not here");
    }
    if (question->owner == kNoUser) return leave("vote: accepted, by a deleted user");
    if (const auto said = acceptance_of_.find(*post);
        said != acceptance_of_.end() && published.known()) {
      acceptances_[said->second].timed = true;
    }
    return accepted(*post, question->owner, published, provenance_of(row));
  }
  if (*type != kFavourite && *type != kBountyStart) return leave(vote_kind(*type));
  const std::optional<SiteUser> by = user_number(row, "UserId");
  if (!by.has_value()) return reject(row, "votes: UserId is not a user's number");
  if (*by == kNoUser) {
    return leave(*type == kFavourite ? "vote: favourite, by nobody named"
                                     : "vote: bounty offered, by nobody named");
  }
  const std::optional<SitePost> id = post_number(row.get("Id"));
  if (!id.has_value()) return reject(row, "votes: Id is not a number");
  begin(Verb::kReact, *by, published, provenance_of(row));
  tables_.topics_of(*post, event_.topics);
  object_ = post_reference(*post);
  native_id_ = fmt::format("{}votes/{}", references_, *id);
  return give();
}

Result<void> SiteMapper::accepted(SitePost answer, SiteUser asker, Instant published,
                                  const Provenance& provenance) {
  begin(Verb::kEndorse, asker, published, provenance);
  tables_.topics_of(answer, event_.topics);
  object_ = post_reference(answer);
  native_id_ = object_ + "#accepted";
  return give();
}

Result<void> SiteMapper::finish() {
  for (const EarlyAnswer& answer : early_) BW_TRY(give_answer(answer));
  early_.clear();
  for (const Acceptance& said : acceptances_) {
    if (said.timed) continue;
    const PostEntry* question = tables_.post(said.question);
    if (question == nullptr || question->owner == kNoUser) continue;
    BW_TRY(accepted(said.answer, question->owner, Instant::unknown(),
                    {said.record, said.record_hash}));
  }
  acceptances_.clear();
  return {};
}

}  // namespace bellwether

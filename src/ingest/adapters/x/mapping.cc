// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/x/mapping.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>
#include <vector>

namespace bellwether {
namespace {

constexpr std::string_view kSite = "https://x.com/";
constexpr size_t kScreenNameMax = 50;  // 15 today; longer ones are left from early years

// The first tweet was sent on 21 March 2006: an earlier time is a mistake in the file.
constexpr Instant kOpened{1'142'812'800'000};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_id(std::string_view text) {
  return !text.empty() && text.size() <= 20 && text != "0" &&
         std::all_of(text.begin(), text.end(), is_digit);
}
bool is_name_char(char c) {
  return (lower(c) >= 'a' && lower(c) <= 'z') || is_digit(c) || c == '_';
}
bool is_screen_name(std::string_view text) {
  return !text.empty() && text.size() <= kScreenNameMax &&
         std::all_of(text.begin(), text.end(), is_name_char);
}

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

// An id is a number in one field and the same as text in another; the text is exact everywhere.
std::string id_in(const JsonElement& element, std::string_view key) {
  const std::string text_key = std::string(key) + "_str";
  for (const std::string_view k : {std::string_view(text_key), key}) {
    const std::optional<uint64_t> id = json_number(element, k);
    if (id.has_value() && *id > 0) return std::to_string(*id);
  }
  return {};
}

std::string status_reference(std::string_view id) {
  return fmt::format("{}i/status/{}", kSite, id);
}

// The tweet that an address leads to.
struct Linked {
  std::string_view id;           // empty: none
  std::string_view screen_name;  // empty: the address does not say
};
Linked linked_status(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"}) {
    if (url.starts_with(scheme)) url.remove_prefix(scheme.size());
  }
  for (const std::string_view sub : {"www.", "mobile."}) {
    if (url.starts_with(sub)) url.remove_prefix(sub.size());
  }
  if (url.starts_with("twitter.com/")) {
    url.remove_prefix(12);
  } else if (url.starts_with("x.com/")) {
    url.remove_prefix(6);
  } else {
    return {};
  }
  if (url.starts_with("#!/")) url.remove_prefix(3);
  Linked out;
  const size_t slash = url.find('/');
  if (slash == std::string_view::npos) return {};
  if (is_screen_name(url.substr(0, slash)) && url.substr(0, slash) != "i") {
    out.screen_name = url.substr(0, slash);
  }
  url.remove_prefix(slash + 1);
  if (url.starts_with("web/")) url.remove_prefix(4);
  for (const std::string_view word : {"status/", "statuses/"}) {
    if (!url.starts_with(word)) continue;
    url.remove_prefix(word.size());
    const auto end = std::find_if_not(url.begin(), url.end(), is_digit);
    const std::string_view id = url.substr(0, static_cast<size_t>(end - url.begin()));
    const std::string_view rest = url.substr(id.size());
    if (is_id(id) &&
        (rest.empty() || std::string_view("/?#").find(rest[0]) != std::string_view::npos)) {
      out.id = id;
    }
    return out;
  }
  return {};
}

// "bo" in "RT @bo: what was passed on". Empty: the text passes nothing on.
std::string_view reshared_name(std::string_view text) {
  constexpr std::string_view kMark = "RT @";
  if (!text.starts_with(kMark)) return {};
  text.remove_prefix(kMark.size());
  const std::string_view name = text.substr(0, text.find(':'));
  return name.size() < text.size() && is_screen_name(name) ? name : std::string_view{};
}

// The object itself, or what it holds under `key`: newer archives wrap every record.
JsonElement unwrapped(const JsonElement& element, std::string_view key) {
  return json_field(element, key).value_or(element);
}

struct Mention {
  std::string id;
  std::string_view screen_name;
};

// What was written in full, and what stands in it: streamed answers keep it apart.
JsonElement full_tweet(const JsonElement& tweet) {
  return json_field(tweet, "extended_tweet").value_or(tweet);
}

std::vector<JsonElement> entities(const JsonElement& tweet, std::string_view kind) {
  std::vector<JsonElement> out;
  const std::optional<JsonElement> all = json_field(full_tweet(tweet), "entities");
  if (!all.has_value()) return out;
  const std::optional<JsonArray> found = json_array(*all, kind);
  if (!found.has_value()) return out;
  for (const JsonElement entity : *found) out.push_back(entity);
  return out;
}

std::vector<Mention> mentions_of(const JsonElement& tweet) {
  std::vector<Mention> out;
  for (const JsonElement& entity : entities(tweet, "user_mentions")) {
    out.push_back({id_in(entity, "id"), json_text(entity, "screen_name")});
  }
  return out;
}

std::string_view text_of(const JsonElement& tweet) {
  const JsonElement full = full_tweet(tweet);
  const std::string_view text = json_text(full, "full_text");
  return text.empty() ? json_text(full, "text") : text;
}

// False: there is a time, and it is none.
bool read_time(const JsonElement& tweet, Instant& out) {
  const std::optional<JsonElement> field = json_field(tweet, "created_at");
  if (!field.has_value() || field->is_null()) return true;
  const std::string_view text = json_text(tweet, "created_at");
  std::optional<Instant> time = parse_mail_date(text);
  if (!time.has_value() && text.size() >= 10 && text[4] == '-') time = parse_instant(text);
  if (!time.has_value() || *time < kOpened) return false;
  out = *time;
  return true;
}

}  // namespace

std::string XOwner::address() const {
  if (!screen_name.empty()) return std::string(kSite) + screen_name;
  return id.empty() ? "" : fmt::format("{}i/user/{}", kSite, id);
}

Result<XOwner> parse_owner(std::string_view account) {
  std::string_view name = account;
  if (name.starts_with("x:")) name.remove_prefix(2);
  if (is_id(name)) return XOwner{std::string(name), ""};
  if (name.starts_with('@')) name.remove_prefix(1);
  if (is_screen_name(name)) return XOwner{"", std::string(name)};
  return Error{ErrorCode::kInvalidArgument,
               fmt::format("--account {} is no account of X: give its number or its screen name, "
                           "for example --account ana",
                           account)};
}

std::optional<XOwner> owner_of(const JsonElement& element) {
  const JsonElement account = unwrapped(element, "account");
  XOwner owner;
  if (const std::string_view id = json_text(account, "accountId"); is_id(id)) owner.id = id;
  const std::string_view name = json_text(account, "username");
  if (is_screen_name(name)) owner.screen_name = name;
  if (owner.id.empty() && owner.screen_name.empty()) return std::nullopt;
  return owner;
}

std::optional<uint64_t> age_of(const JsonElement& element) {
  const JsonElement meta = unwrapped(element, "ageMeta");
  const JsonElement info = unwrapped(meta, "ageInfo");
  if (const auto plain = json_number(info, "age"); plain.has_value()) return plain;
  const std::optional<JsonArray> ages = json_array(info, "age");
  if (!ages.has_value()) return std::nullopt;
  for (const JsonElement age : *ages) {
    std::string_view text;
    uint64_t number = 0;
    if (age.get(number) == simdjson::SUCCESS) return number;
    if (age.get(text) != simdjson::SUCCESS) continue;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc{} && end == text.data() + text.size()) return number;
  }
  return std::nullopt;
}

bool learn_owner(const JsonElement& element, XOwner& owner) {
  const JsonElement tweet = unwrapped(element, "tweet");
  std::vector<Mention> named = mentions_of(tweet);
  named.push_back(
      {id_in(tweet, "in_reply_to_user_id"), json_text(tweet, "in_reply_to_screen_name")});
  for (const Mention& account : named) {
    if (account.id.empty() || !is_screen_name(account.screen_name)) continue;
    if (account.id == owner.id || same_name(account.screen_name, owner.screen_name)) {
      owner = {account.id, std::string(account.screen_name)};
      return true;
    }
  }
  return false;
}

std::string account_name(std::string_view id, std::string_view screen_name) {
  if (is_id(id)) return std::string(id);
  if (!is_screen_name(screen_name)) return {};
  std::string out = "@" + std::string(screen_name);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

XMapper::XMapper(std::optional<XOwner> owner) : owner_(std::move(owner)) {
  if (owner_.has_value()) owner_name_ = account_name(owner_->id, owner_->screen_name);
}

AccountRef XMapper::account(std::string_view id, std::string_view screen_name,
                            RecordActs& acts) const {
  if (owner_.has_value()) {
    const bool is_owner = !id.empty() && !owner_->id.empty()
                              ? id == owner_->id
                              : !screen_name.empty() && same_name(screen_name, owner_->screen_name);
    // The owner's profile has been given, with more in it.
    if (is_owner) return owner_account();
  }
  std::string name = account_name(id, screen_name);
  if (name.empty()) return {};
  const AccountRef out{kNetwork, acts.keep(std::move(name))};
  if (is_screen_name(screen_name)) {
    AccountProfile profile;
    profile.account = out;
    profile.display_name = acts.keep(fmt::format("@{}", screen_name));
    profile.url = acts.keep(fmt::format("{}{}", kSite, screen_name));
    acts.add_profile(profile);
  }
  return out;
}

AccountRef XMapper::user(const JsonElement& user, RecordActs& acts) const {
  return account(id_in(user, "id"), json_text(user, "screen_name"), acts);
}

void XMapper::map_tweet(const JsonElement& element, RecordActs& acts) const {
  if (!element.is_object()) return acts.reject("not a JSON object");
  const JsonElement tweet = unwrapped(element, "tweet");
  const std::string id = id_in(tweet, "id");
  if (id.empty()) return acts.reject("tweet has no id");
  Instant published;
  if (!read_time(tweet, published)) return acts.reject("time is not an instant since 2006");

  const std::optional<JsonElement> user_field = json_field(tweet, "user");
  AccountRef actor;
  if (user_field.has_value()) {
    actor = user(*user_field, acts);
  } else if (owner_.has_value()) {
    actor = owner_account();
  }
  if (actor.empty()) return acts.reject("tweet does not name its user");
  const bool is_protected = user_field.has_value() && json_bool(*user_field, "protected") == true;

  const std::string_view reference = acts.keep(status_reference(id));
  const auto add = [&](Verb verb, std::string_view object) -> InteractionEvent& {
    InteractionEvent& event = acts.add_event();
    event.native_id = reference;
    event.account = actor;
    event.verb = verb;
    event.object = object;
    event.published = published;
    if (is_protected) event.visibility = Visibility::kFollowers;
    return event;
  };
  const std::vector<Mention> mentions = mentions_of(tweet);
  // A name together with the number that the tweet itself gives with it.
  const auto named = [&](std::string_view screen_name) {
    for (const Mention& mention : mentions) {
      if (same_name(mention.screen_name, screen_name)) {
        return account(mention.id, mention.screen_name, acts);
      }
    }
    return account("", screen_name, acts);
  };

  for (const JsonElement& tag : entities(tweet, "hashtags")) acts.add_topic(json_text(tag, "text"));

  // Passed on: what else the text names is another's doing.
  if (const auto original = json_field(tweet, "retweeted_status");
      original.has_value() && original->is_object()) {
    const std::string original_id = id_in(*original, "id");
    if (original_id.empty()) return acts.reject("what was passed on has no id");
    InteractionEvent& event = add(Verb::kReshare, acts.keep(status_reference(original_id)));
    if (const auto author = json_field(*original, "user"); author.has_value()) {
      event.author = user(*author, acts);
    }
    return;
  }
  if (const std::string_view name = reshared_name(text_of(tweet)); !name.empty()) {
    add(Verb::kReshare, {}).target = named(name);
    return;
  }

  add(Verb::kPost, reference);
  AccountRef answered;
  const std::string parent = id_in(tweet, "in_reply_to_status_id");
  const std::string parent_user = id_in(tweet, "in_reply_to_user_id");
  const std::string_view parent_name = json_text(tweet, "in_reply_to_screen_name");
  if (!parent.empty() || !parent_user.empty()) {
    answered = account(parent_user, parent_name, acts);
    if (!parent.empty()) {
      add(Verb::kReply, acts.keep(status_reference(parent))).author = answered;
    } else if (!answered.empty()) {
      add(Verb::kReply, {}).target = answered;
    }
  }

  // Accounts are looked up only for what is new, so that no profile is told for nothing.
  std::vector<std::string> quoted{id, parent};
  const auto is_new = [&](std::string_view quoted_id) {
    if (std::find(quoted.begin(), quoted.end(), quoted_id) != quoted.end()) return false;
    quoted.emplace_back(quoted_id);
    return true;
  };
  if (const std::string quoted_id = id_in(tweet, "quoted_status_id");
      !quoted_id.empty() && is_new(quoted_id)) {
    InteractionEvent& event = add(Verb::kQuote, acts.keep(status_reference(quoted_id)));
    const auto original = json_field(tweet, "quoted_status");
    const auto link = json_field(tweet, "quoted_status_permalink");
    if (original.has_value()) {
      if (const auto by = json_field(*original, "user"); by.has_value()) {
        event.author = user(*by, acts);
      }
    } else if (link.has_value()) {
      event.author = named(linked_status(json_text(*link, "expanded")).screen_name);
    }
  }
  for (const JsonElement& url : entities(tweet, "urls")) {
    const Linked linked = linked_status(json_text(url, "expanded_url"));
    if (linked.id.empty() || !is_new(linked.id)) continue;
    add(Verb::kQuote, acts.keep(status_reference(linked.id))).author = named(linked.screen_name);
  }

  std::vector<AccountRef> mentioned{actor, answered};
  for (const Mention& mention : mentions) {
    const AccountRef target = account(mention.id, mention.screen_name, acts);
    if (target.empty() ||
        std::find(mentioned.begin(), mentioned.end(), target) != mentioned.end()) {
      continue;
    }
    mentioned.push_back(target);
    add(Verb::kMention, {}).target = target;
  }
}

void XMapper::map_like(const JsonElement& element, RecordActs& acts) const {
  const JsonElement like = unwrapped(element, "like");
  const std::string id = id_in(like, "tweetId");
  if (id.empty()) return acts.reject("like names no tweet");
  InteractionEvent& event = acts.add_event();
  event.account = owner_account();
  event.verb = Verb::kReact;
  event.object = acts.keep(status_reference(id));
}

void XMapper::map_following(const JsonElement& element, RecordActs& acts) const {
  const JsonElement following = unwrapped(element, "following");
  const std::string id = id_in(following, "accountId");
  if (id.empty()) return acts.reject("nobody to follow is named");
  InteractionEvent& event = acts.add_event();
  event.account = owner_account();
  event.verb = Verb::kFollow;
  event.target = {kNetwork, acts.keep(id)};
}

void XMapper::map_follower(const JsonElement& element, RecordActs& acts) const {
  const JsonElement follower = unwrapped(element, "follower");
  const std::string id = id_in(follower, "accountId");
  if (id.empty()) return acts.reject("follower is not named");
  InteractionEvent& event = acts.add_event();
  event.account = {kNetwork, acts.keep(id)};
  event.verb = Verb::kFollow;
  event.target = owner_account();
}

}  // namespace bellwether

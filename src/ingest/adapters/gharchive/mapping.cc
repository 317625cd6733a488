// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/gharchive/mapping.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace bellwether {
namespace {

constexpr std::string_view kNetwork = "github";
constexpr std::string_view kSite = "https://github.com/";
constexpr std::string_view kBotEnd = "[bot]";

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) { return lower(c); });
  return out;
}

bool is_letter(char c) { return lower(c) >= 'a' && lower(c) <= 'z'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The characters of logins and of repository names; brackets close the logins of apps.
bool is_name(std::string_view text, std::string_view also) {
  return !text.empty() && text.size() <= 200 && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || is_digit(c) || also.find(c) != std::string_view::npos;
  });
}
bool is_login(std::string_view text) { return is_name(text, "-_.[]"); }

// "CreateEvent", "opened", "branch": words that may be shown as a kind.
bool is_word(std::string_view text) {
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
    return is_letter(c) || is_digit(c) || c == '_';
  });
}

bool is_commit(std::string_view text) {
  return text.size() == 40 && std::all_of(text.begin(), text.end(), [](char c) {
           return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
         });
}

std::string_view actor_of(const JsonElement& event) {
  const std::string_view plain = json_text(event, "actor");  // to 2014
  if (!plain.empty()) return plain;
  const std::optional<JsonElement> actor = json_field(event, "actor");
  return actor.has_value() ? json_text(*actor, "login") : std::string_view{};
}

// GitHub opened in 2008: an earlier time is a mistake in the file.
constexpr Instant kOpened{1'199'145'600'000};

std::optional<Instant> time_of(std::string_view text) {
  if (text.size() < 10) return std::nullopt;
  std::optional<Instant> time;
  if (text[4] == '/' && text[7] == '/') {
    // The first archives write 2012/03/10 22:58:52 -0800.
    std::string with_dashes(text);
    with_dashes[4] = '-';
    with_dashes[7] = '-';
    time = parse_instant(with_dashes);
  } else if (text[4] == '-') {
    time = parse_instant(text);
  }
  return time.has_value() && *time >= kOpened ? time : std::nullopt;
}

// The number in ".../issues/5", ".../pull/5#discussion_r1" and ".../pulls/5".
struct Numbered {
  uint64_t number = 0;  // 0: none
  bool is_pull = false;
};
Numbered numbered_in(std::string_view url) {
  constexpr std::array<std::pair<std::string_view, bool>, 3> kWords{
      {{"/issues/", false}, {"/pull/", true}, {"/pulls/", true}}};
  for (const auto& [word, is_pull] : kWords) {
    const size_t at = url.find(word);
    if (at == std::string_view::npos) continue;
    const std::string_view rest = url.substr(at + word.size());
    Numbered out{0, is_pull};
    std::from_chars(rest.data(), rest.data() + rest.size(), out.number);
    if (out.number > 0) return out;
  }
  return {};
}

class Mapper {
 public:
  Mapper(const JsonElement& event, RecordActs& acts) : event_(event), acts_(acts) {}

  void map() {
    const std::string_view type = json_text(event_, "type");
    if (!event_.is_object()) return acts_.reject("not a JSON object");
    if (!is_word(type)) return acts_.reject("type is missing");
    type_ = type;
    const std::string_view actor = actor_of(event_);
    if (actor.empty()) return acts_.reject("actor is missing");
    if (!is_login(actor)) return acts_.reject("actor is not a login");
    actor_ = account(actor);
    if (!read_time()) return acts_.reject("time is not an instant since 2008");
    read_id();
    payload_ = json_field(event_, "payload").value_or(event_);
    action_ = json_text(payload_, "action");
    has_repository_ = read_repository();
    dispatch();
    if (acts_.events() == 0 || acts_.is_rejected()) return;
    read_topics();
    read_profiles();
  }

 private:
  void dispatch() {
    if (type_ == "FollowEvent") return follow();
    using Map = void (Mapper::*)();
    constexpr std::array<std::pair<std::string_view, Map>, 15> kMaps{{
        {"PushEvent", &Mapper::push},
        {"CreateEvent", &Mapper::create},
        {"IssueCommentEvent", &Mapper::issue_comment},
        {"WatchEvent", &Mapper::watch},
        {"IssuesEvent", &Mapper::issue},
        {"PullRequestEvent", &Mapper::pull_request},
        {"ForkEvent", &Mapper::fork},
        {"GollumEvent", &Mapper::wiki},
        {"PullRequestReviewCommentEvent", &Mapper::review_comment},
        {"PullRequestReviewEvent", &Mapper::review},
        {"CommitCommentEvent", &Mapper::commit_comment},
        {"ReleaseEvent", &Mapper::release},
        {"MemberEvent", &Mapper::member},
        {"PublicEvent", &Mapper::made_public},
        {"DiscussionEvent", &Mapper::discussion},
    }};
    for (const auto& [name, map] : kMaps) {
      if (name != type_) continue;
      if (!has_repository_) return acts_.reject("repository is not of the form owner/name");
      return (this->*map)();
    }
    leave_alone(type_ == "DeleteEvent" ? json_text(payload_, "ref_type") : std::string_view{});
  }

  AccountRef account(std::string_view login) {
    if (login.empty()) return {};
    return {kNetwork, acts_.keep(lower(login))};
  }

  // The account of the user in `element`; empty where the network no longer knows who it was.
  AccountRef user(const std::optional<JsonElement>& element, std::string_view key = "user") {
    if (!element.has_value()) return {};
    const std::optional<JsonElement> found = json_field(*element, key);
    if (!found.has_value()) return {};
    const std::string_view login = json_text(*found, "login");
    if (!is_login(login)) return {};
    const std::string_view type = json_text(*found, "type");
    if (type == "Bot") add_profile(login, AccountKind::kBot);
    if (type == "Organization") add_profile(login, AccountKind::kOrganisation);
    return account(login);
  }

  bool read_time() {
    const std::optional<JsonElement> field = json_field(event_, "created_at");
    if (!field.has_value() || field->is_null()) return true;
    const std::optional<Instant> time = time_of(json_text(event_, "created_at"));
    published_ = time.value_or(Instant::unknown());
    return time.has_value();
  }

  void read_id() {
    const std::optional<uint64_t> id = json_number(event_, "id");
    if (id.has_value()) native_id_ = acts_.keep(fmt::format("github:event:{}", *id));
  }

  bool read_repository() {
    std::string_view owner;
    std::string_view name;
    if (const auto repo = json_field(event_, "repo"); repo.has_value()) {
      const std::string_view full = json_text(*repo, "name");
      const size_t slash = full.find('/');
      if (slash == std::string_view::npos) return false;
      owner = full.substr(0, slash);
      name = full.substr(slash + 1);
    } else if (const auto old = json_field(event_, "repository"); old.has_value()) {
      owner = json_text(*old, "owner");
      name = json_text(*old, "name");
    }
    if (!is_login(owner) || !is_name(name, "-_.")) return false;
    repository_ = acts_.keep(lower(fmt::format("{}/{}", owner, name)));
    repository_url_ = acts_.keep(fmt::format("{}{}", kSite, repository_));
    owner_ = account(owner);
    return true;
  }

  void read_topics() {
    if (has_repository_) acts_.add_topic(repository_);
    const auto of = [&](const std::optional<JsonElement>& repository) {
      if (!repository.has_value()) return;
      acts_.add_topic(json_text(*repository, "language"));
      if (const auto topics = json_array(*repository, "topics"); topics.has_value()) {
        for (const JsonElement topic : *topics) {
          std::string_view text;
          if (topic.get(text) == simdjson::SUCCESS) acts_.add_topic(text);
        }
      }
    };
    of(json_field(event_, "repository"));
    of(json_field(payload_, "forkee"));
    const std::optional<JsonElement> pull = json_field(payload_, "pull_request");
    if (pull.has_value()) {
      const std::optional<JsonElement> base = json_field(*pull, "base");
      if (base.has_value()) of(json_field(*base, "repo"));
    }
    for (const std::string_view titled : {"issue", "pull_request", "discussion"}) {
      const std::optional<JsonElement> thing = json_field(payload_, titled);
      if (thing.has_value()) acts_.add_title(json_text(*thing, "title"));
    }
  }

  void add_profile(std::string_view login, AccountKind kind) {
    AccountProfile profile;
    profile.account = account(login);
    profile.display_name = login;
    profile.kind = kind;
    if (login.ends_with(kBotEnd)) {
      login.remove_suffix(kBotEnd.size());
      profile.url = acts_.keep(fmt::format("{}apps/{}", kSite, login));
    } else {
      profile.url = acts_.keep(fmt::format("{}{}", kSite, login));
    }
    acts_.add_profile(profile);
  }

  void read_profiles() {
    const std::string_view actor = actor_of(event_);
    if (actor.ends_with(kBotEnd)) add_profile(actor, AccountKind::kBot);
    if (const auto org = json_field(event_, "org"); org.has_value()) {
      const std::string_view login = json_text(*org, "login");
      if (is_login(login)) add_profile(login, AccountKind::kOrganisation);
    }
    if (const auto old = json_field(event_, "repository"); old.has_value()) {
      const std::string_view login = json_text(*old, "organization");
      if (is_login(login)) add_profile(login, AccountKind::kOrganisation);
    }
  }

  void leave_alone(std::string_view what = {}) {
    if (!is_word(what)) return acts_.leave_alone(type_);
    acts_.leave_alone(acts_.keep(fmt::format("{}/{}", type_, what)));
  }

  InteractionEvent& add(Verb verb, std::string_view object, const AccountRef& author = {}) {
    InteractionEvent& event = acts_.add_event();
    event.native_id = native_id_;
    event.account = actor_;
    event.verb = verb;
    event.object = object;
    event.author = author;
    event.published = published_;
    if (json_bool(event_, "public") == false) event.visibility = Visibility::kPrivate;
    return event;
  }

  template <typename... Parts>
  std::string_view below_repository(fmt::format_string<Parts...> format, Parts&&... parts) {
    return acts_.keep(std::string(repository_url_) +
                      fmt::format(format, std::forward<Parts>(parts)...));
  }

  std::string_view numbered(const Numbered& thing) {
    return below_repository("/{}/{}", thing.is_pull ? "pull" : "issues", thing.number);
  }

  // The address of something of the repository: its owner and name in the one spelling, the rest as
  // it is, since branches, tags and pages are told apart by case. Empty: it lies elsewhere.
  std::string_view address_below(std::string_view url) {
    if (url.starts_with('/')) url.remove_prefix(1);
    if (url.starts_with(kSite)) url.remove_prefix(kSite.size());
    if (url.size() <= repository_.size() || url[repository_.size()] != '/' ||
        lower(url.substr(0, repository_.size())) != repository_) {
      return {};
    }
    return below_repository("{}", url.substr(repository_.size()));
  }

  void watch() {
    if (action_ != "started") return leave_alone(action_);
    add(Verb::kReact, repository_url_, owner_);
  }

  void fork() { add(Verb::kAdopt, repository_url_, owner_); }

  void push() {
    const std::string_view head = json_text(payload_, "head");
    if (!has_new_commits()) return leave_alone("nothing_new");
    if (!is_commit(head)) return acts_.reject("commit is not named by its hash");
    add(Verb::kPost, below_repository("/commit/{}", lower(head)));
  }

  // A branch that was moved or merged holds commits that somebody pushed before.
  bool has_new_commits() const {
    if (json_number(payload_, "distinct_size") == 0U) return false;
    if (json_number(payload_, "size") == 0U) return false;
    const std::optional<JsonArray> old = json_array(payload_, "shas");  // [hash, ..., distinct]
    if (!old.has_value() || old->size() == 0) return true;
    bool any = false;
    for (const JsonElement commit : *old) {
      bool distinct = false;
      any = any || commit.at_pointer("/4").get(distinct) != simdjson::SUCCESS || distinct;
    }
    return any;
  }

  // A repository belongs to the account in its name; an object belongs to whoever posted it. So the
  // two must be one, or a member would be credited with every star of an organisation's repository.
  void publish_repository(std::string_view what) {
    if (actor_ != owner_) return leave_alone(what);
    add(Verb::kPost, repository_url_);
  }
  void create() {
    const std::string_view kind = json_text(payload_, "ref_type");
    const bool is_repository =
        kind == "repository" || json_text(payload_, "object") == "repository";  // 2011
    if (!is_repository) return leave_alone(kind);
    publish_repository("repository_of_another");
  }
  void made_public() { publish_repository("repository_of_another"); }

  // An issue, a pull request or a discussion answers the repository in which it is opened.
  void open_in_repository(std::string_view object) {
    add(Verb::kPost, object);
    if (actor_ != owner_) add(Verb::kReply, repository_url_, owner_);
  }

  void issue() {
    if (action_ != "opened") return leave_alone(action_);
    const std::optional<JsonElement> issue = json_field(payload_, "issue");
    std::optional<uint64_t> number;
    if (issue.has_value()) number = json_number(*issue, "number");
    if (!number.has_value()) number = json_number(payload_, "number");  // to 2014
    if (!number.has_value()) return acts_.reject("issue has no number");
    open_in_repository(numbered({*number, false}));
  }

  void discussion() {
    if (action_ != "created") return leave_alone(action_);
    const std::optional<JsonElement> discussion = json_field(payload_, "discussion");
    std::optional<uint64_t> number;
    if (discussion.has_value()) number = json_number(*discussion, "number");
    if (!number.has_value()) return acts_.reject("discussion has no number");
    open_in_repository(below_repository("/discussions/{}", *number));
  }

  std::optional<uint64_t> pull_number(const std::optional<JsonElement>& pull) const {
    std::optional<uint64_t> number = json_number(payload_, "number");
    if (!number.has_value() && pull.has_value()) number = json_number(*pull, "number");
    return number;
  }

  void pull_request() {
    const std::optional<JsonElement> pull = json_field(payload_, "pull_request");
    const std::optional<uint64_t> number = pull_number(pull);
    const bool merged = action_ == "merged" || (action_ == "closed" && pull.has_value() &&
                                                json_bool(*pull, "merged") == true);
    if (action_ != "opened" && !merged) return leave_alone(action_);
    if (!number.has_value()) return acts_.reject("pull request has no number");
    const std::string_view object = numbered({*number, true});
    if (!merged) return open_in_repository(object);
    const AccountRef author = user(pull);
    add(Verb::kEndorse, object, author).target = author;
  }

  void issue_comment() {
    if (action_ != "created" && !action_.empty()) return leave_alone(action_);
    const std::optional<JsonElement> issue = json_field(payload_, "issue");
    const std::optional<JsonElement> comment = json_field(payload_, "comment");
    Numbered parent = numbered_in(json_text(event_, "url"));  // to 2014 all there is
    std::optional<uint64_t> id = json_number(payload_, "comment_id");
    if (comment.has_value()) id = json_number(*comment, "id");
    if (issue.has_value()) {
      const bool is_pull = json_object(*issue, "pull_request").has_value();
      parent = {json_number(*issue, "number").value_or(parent.number), is_pull || parent.is_pull};
    }
    if (parent.number == 0) return acts_.reject("comment names no issue");
    if (!id.has_value()) return acts_.reject("comment has no id");
    const std::string_view object = numbered(parent);
    add(Verb::kPost, acts_.keep(fmt::format("{}#issuecomment-{}", object, *id)));
    add(Verb::kReply, object, user(issue));
  }

  void commit_comment() {
    const std::optional<JsonElement> comment = json_field(payload_, "comment");
    std::string_view commit = json_text(payload_, "commit");  // to 2014
    std::optional<uint64_t> id = json_number(payload_, "comment_id");
    if (comment.has_value()) {
      if (commit.empty()) commit = json_text(*comment, "commit_id");
      if (!id.has_value()) id = json_number(*comment, "id");
    }
    if (!is_commit(commit)) return acts_.reject("commit is not named by its hash");
    if (!id.has_value()) return acts_.reject("comment has no id");
    const std::string_view object = below_repository("/commit/{}", lower(commit));
    add(Verb::kPost, acts_.keep(fmt::format("{}#commitcomment-{}", object, *id)));
    // Who wrote the commit is not said; whoever pushed it as the newest of theirs is found later.
    add(Verb::kReply, object);
  }

  void review_comment() {
    if (action_ != "created" && !action_.empty()) return leave_alone(action_);
    const std::optional<JsonElement> pull = json_field(payload_, "pull_request");
    const std::optional<JsonElement> comment = json_field(payload_, "comment");
    if (!comment.has_value()) return acts_.reject("comment has no id");
    const std::optional<uint64_t> id = json_number(*comment, "id");
    if (!id.has_value()) return acts_.reject("comment has no id");
    uint64_t number = pull_number(pull).value_or(0);
    for (const std::string_view url : {json_text(*comment, "pull_request_url"),
                                       json_text(*comment, "html_url"), json_text(event_, "url")}) {
      if (number == 0) number = numbered_in(url).number;
    }
    if (number == 0) return acts_.reject("comment names no pull request");
    const std::string_view object = numbered({number, true});
    add(Verb::kPost, acts_.keep(fmt::format("{}#discussion_r{}", object, *id)));
    const std::optional<uint64_t> answered = json_number(*comment, "in_reply_to_id");
    if (answered.has_value()) {
      add(Verb::kReply, acts_.keep(fmt::format("{}#discussion_r{}", object, *answered)));
    } else {
      add(Verb::kReview, object, user(pull));
    }
  }

  void review() {
    if (action_ != "created") return leave_alone(action_);
    const std::optional<JsonElement> pull = json_field(payload_, "pull_request");
    const std::optional<JsonElement> review = json_field(payload_, "review");
    std::optional<uint64_t> id;
    if (review.has_value()) id = json_number(*review, "id");
    if (!id.has_value()) return acts_.reject("review has no id");
    uint64_t number = pull_number(pull).value_or(0);
    if (number == 0) number = numbered_in(json_text(*review, "html_url")).number;
    if (number == 0) return acts_.reject("review names no pull request");
    const std::string_view object = numbered({number, true});
    add(Verb::kPost, acts_.keep(fmt::format("{}#pullrequestreview-{}", object, *id)));
    add(Verb::kReview, object, user(pull));
  }

  void wiki() {
    const std::optional<JsonArray> pages = json_array(payload_, "pages");
    if (!pages.has_value()) return leave_alone("no_pages");  // to 2012 the page was in other fields
    for (const JsonElement page : *pages) {
      const std::string_view url = address_below(json_text(page, "html_url"));
      if (url.empty()) return acts_.reject("wiki page has no address");
      // A page belongs to whoever created it, each later version to whoever wrote that.
      const std::string_view version = json_text(page, "sha");
      if (json_text(page, "action") == "created") {
        add(Verb::kPost, url);
      } else if (is_commit(version)) {
        add(Verb::kPost, acts_.keep(fmt::format("{}/{}", url, lower(version))));
      } else {
        return acts_.reject("version of a wiki page is not named by its hash");
      }
    }
    if (acts_.events() == 0) leave_alone("no_pages");
  }

  void release() {
    if (action_ != "published") return leave_alone(action_);
    const std::optional<JsonElement> release = json_field(payload_, "release");
    std::string_view url;
    if (release.has_value()) url = address_below(json_text(*release, "html_url"));
    if (url.empty()) return acts_.reject("release has no address");
    add(Verb::kPost, url);
  }

  void member() {
    if (action_ != "added") return leave_alone(action_);
    const AccountRef member = user(payload_, "member");
    if (member.empty()) return acts_.reject("member is missing");
    add(Verb::kList, {}).target = member;
  }

  void follow() {
    const AccountRef target = user(payload_, "target");
    if (target.empty()) return acts_.reject("nobody to follow is named");
    add(Verb::kFollow, {}).target = target;
  }

  const JsonElement event_;
  RecordActs& acts_;
  JsonElement payload_;
  std::string_view type_;
  std::string_view action_;
  std::string_view native_id_;
  AccountRef actor_;
  Instant published_;
  bool has_repository_ = false;
  std::string_view repository_;  // "owner/name", lower case
  std::string_view repository_url_;
  AccountRef owner_;
};

}  // namespace

void map_github_event(const JsonElement& event, RecordActs& acts) { Mapper(event, acts).map(); }

bool is_github_event(const JsonElement& event) {
  const std::string_view type = json_text(event, "type");
  return is_word(type) && type.ends_with("Event") && json_has(event, "actor") &&
         json_has(event, "payload") && json_has(event, "created_at");
}

}  // namespace bellwether

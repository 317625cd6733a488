// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/stackexchange/tables.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>

#include "event/event.h"
#include "event/topic.h"

namespace bellwether {
namespace {

constexpr uint32_t kWhereMax = (1U << 31) - 1;
constexpr size_t kThreadMax = 256;  // commenters looked at under one post
constexpr size_t kLately = 8;
constexpr size_t kNameShortcutMin = 3;  // letters of a name that the site takes for the whole
constexpr size_t kMentionBytesMax = 200;
constexpr uint32_t kNoTag = std::numeric_limits<uint32_t>::max();

// Case folded, without white space.
std::string folded(std::string_view text) {
  std::string out;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int32_t>(std::min<size_t>(text.size(), 4096));
  for (int32_t at = 0; at < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, size, c);
    if (c < 0 || u_isUWhiteSpace(c)) continue;
    std::array<uint8_t, U8_MAX_LENGTH> encoded{};
    int32_t length = 0;
    U8_APPEND_UNSAFE(encoded.data(), length, u_foldCase(c, U_FOLD_CASE_DEFAULT));
    out.append(reinterpret_cast<const char*>(encoded.data()), static_cast<size_t>(length));
  }
  return out;
}

}  // namespace

uint32_t SiteTables::tag(std::string_view name) {
  const auto [at, is_new] = tag_numbers_.try_emplace(std::string(name), kNoTag);
  if (!is_new) return at->second;
  std::string topic = normalise_topic(name);
  if (topic.empty()) return kNoTag;
  at->second = static_cast<uint32_t>(tag_names_.size());
  tag_names_.push_back(std::move(topic));
  return at->second;
}

uint32_t SiteTables::phrase(const std::string& phrase) {
  const std::string key = '<' + phrase;  // which no tag's name in a dump begins with
  const auto known = tag_numbers_.find(key);
  if (known != tag_numbers_.end()) return known->second;
  if (phrases_left_ == 0) return kNoTag;
  --phrases_left_;
  const auto number = static_cast<uint32_t>(tag_names_.size());
  tag_numbers_.emplace(key, number);
  tag_names_.push_back(phrase);
  return number;
}

bool SiteTables::add_question(const Question& question) {
  PostEntry entry;
  entry.id = question.id;
  entry.owner = question.owner;
  entry.editor = question.editor;
  entry.is_question = 1;
  std::string_view tags = question.tags;
  const bool room = tags_.size() + kTopicsMax < kWhereMax;
  if (!room) tags = {};
  // All questions without tags share the one empty list.
  if (tags_.empty()) tags_.push_back(0);
  const size_t where = tags_.size();
  // False: there is no room for more.
  const auto put = [&](uint32_t number) {
    if (number == kNoTag) return true;
    if (tags_.size() == where) tags_.push_back(0);
    const auto begin = tags_.begin() + static_cast<std::ptrdiff_t>(where) + 1;
    if (std::find(begin, tags_.end(), number) != tags_.end()) return true;
    if (tags_[where] == kTopicsMax) return false;
    tags_.push_back(number);
    ++tags_[where];
    return true;
  };
  bool full = false;
  while (!tags.empty() && !full) {
    const size_t end = tags.find_first_of("<>|");
    const std::string_view name = tags.substr(0, end);
    tags.remove_prefix(end == std::string_view::npos ? tags.size() : end + 1);
    if (!name.empty()) full = !put(tag(name));
  }
  if (room && !full) {
    const size_t tags_end = tags_.size();
    for (const std::string& each : title_phrases(question.title)) {
      const auto says_it = [&](uint32_t number) {
        return tag_names_[number] == without_mark(each);
      };
      const auto begin = tags_.begin() + static_cast<std::ptrdiff_t>(std::min(where + 1, tags_end));
      const auto end = tags_.begin() + static_cast<std::ptrdiff_t>(tags_end);
      if (std::any_of(begin, end, says_it)) continue;
      if (!put(phrase(each))) break;
    }
  }
  entry.where = static_cast<uint32_t>(tags_.size() == where ? 0 : where) & kWhereMax;
  posts_.add(entry);
  return room;
}

void SiteTables::add_answer(SitePost id, SitePost question, SiteUser owner, SiteUser editor) {
  PostEntry entry;
  entry.id = id;
  entry.owner = owner;
  entry.editor = editor;
  entry.where = question & kWhereMax;
  posts_.add(entry);
}

const PostEntry* SiteTables::question_of(const PostEntry& post) const {
  if (post.is_question != 0) return &post;
  const PostEntry* question = posts_.find(post.where);
  return question != nullptr && question->is_question != 0 ? question : nullptr;
}

void SiteTables::topics_of(SitePost id, std::vector<std::string_view>& topics) const {
  topics.clear();
  const PostEntry* entry = post(id);
  if (entry == nullptr) return;
  const PostEntry* question = question_of(*entry);
  if (question == nullptr) return;
  const uint32_t* list = &tags_[question->where];
  for (uint32_t i = 1; i <= list[0]; ++i) topics.emplace_back(tag_names_[list[i]]);
}

void SiteTables::add_user(SiteUser id, std::string_view display_name) {
  const std::string name = folded(display_name);
  if (name.empty()) return;
  users_.add({id, static_cast<uint32_t>(name.size()), names_.size()});
  names_ += name;
}

std::string_view SiteTables::folded_name(SiteUser user) const {
  const UserName* name = users_.find(user);
  if (name == nullptr) return {};
  return std::string_view(names_).substr(name->offset, name->bytes);
}

void SiteTables::add_commenter(SitePost post, SiteUser user) {
  if (comments_.size() >= kNone) return;
  const auto [last, is_new] = last_comment_.try_emplace(post, kNone);
  // Further remarks of those who spoke lately add nobody.
  uint32_t at = last->second;
  for (size_t looked = 0; at != kNone && looked < kLately; ++looked) {
    if (comments_[at].user == user) return;
    at = comments_[at].previous;
  }
  comments_.push_back({user, last->second});
  last->second = static_cast<uint32_t>(comments_.size() - 1);
}

SiteUser SiteTables::find_in_thread(SitePost post, SiteUser by,
                                    const std::function<bool(std::string_view name)>& fits) const {
  const auto holds = [&](SiteUser user) {
    if (user == kNoUser || user == by) return false;
    const std::string_view name = folded_name(user);
    return !name.empty() && fits(name);
  };
  if (const auto last = last_comment_.find(post); last != last_comment_.end()) {
    uint32_t at = last->second;
    for (size_t looked = 0; at != kNone && looked < kThreadMax; ++looked) {
      if (holds(comments_[at].user)) return comments_[at].user;
      at = comments_[at].previous;
    }
  }
  const PostEntry* entry = this->post(post);
  if (entry == nullptr) return kNoUser;
  if (holds(entry->owner)) return entry->owner;
  if (holds(entry->editor)) return entry->editor;
  const PostEntry* question = question_of(*entry);
  return question != nullptr && holds(question->owner) ? question->owner : kNoUser;
}

SiteUser SiteTables::addressee(std::string_view text, SitePost post, SiteUser by) const {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos || text[begin] != '@') return kNoUser;
  text.remove_prefix(begin + 1);
  text = text.substr(0, text.find_first_of(" \t\r\n"));
  if (text.size() > kMentionBytesMax) return kNoUser;
  std::string name = folded(text);
  // What follows a name is cut off bit by bit, because names hold such signs too.
  while (!name.empty()) {
    const SiteUser found =
        find_in_thread(post, by, [&](std::string_view known) { return known == name; });
    if (found != kNoUser) return found;
    if (name.ends_with("'s")) {
      name.resize(name.size() - 2);
    } else if (name.ends_with("\xe2\x80\x99s")) {
      name.resize(name.size() - 4);
    } else if (name.find_last_of(",:;.!?)'\"-") == name.size() - 1) {
      name.pop_back();
    } else {
      break;
    }
  }
  if (name.size() < kNameShortcutMin) return kNoUser;
  return find_in_thread(post, by, [&](std::string_view known) { return known.starts_with(name); });
}

}  // namespace bellwether

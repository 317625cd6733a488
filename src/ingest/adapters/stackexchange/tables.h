// SPDX-License-Identifier: Apache-2.0
// What later tables of a dump need to know of earlier ones: whose post it was, what its question is
// tagged with, what people are called, who had commented before.
//
// Memory: 16 bytes a post and 4 a tag on a question or phrase of its title, 24 and the name a user,
// 8 a comment by somebody new under its post and about 16 a post with comments. A dump is sorted by
// id; rows out of order cost about three times that.
#pragma once
#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace bellwether {

using SitePost = uint32_t;  // number of a question or answer on its site, [1, 2^31)
using SiteUser = int32_t;   // number of a user on their site; -1: the site itself
inline constexpr SiteUser kNoUser = std::numeric_limits<SiteUser>::min();

struct PostEntry {
  SitePost id = 0;
  SiteUser owner = kNoUser;   // kNoUser: deleted
  SiteUser editor = kNoUser;  // who edited it last
  uint32_t where : 31 = 0;    // of a question its tags, of an answer its question
  uint32_t is_question : 1 = 0;
};

// Values that come with growing keys, found again by key; the first of each key stays.
template <typename Value, auto kKey>
class SortedTable {
 public:
  void add(const Value& value) {
    if (values_.empty() || value.*kKey > values_.back().*kKey) {
      values_.push_back(value);
    } else if (find(value.*kKey) == nullptr) {
      late_.emplace(static_cast<int64_t>(value.*kKey), value);
    }
  }
  const Value* find(int64_t key) const {
    size_t first = 0;
    size_t last = values_.size();
    while (first < last) {
      const size_t middle = first + (last - first) / 2;
      if (static_cast<int64_t>(values_[middle].*kKey) < key) {
        first = middle + 1;
      } else {
        last = middle;
      }
    }
    if (first < values_.size() && static_cast<int64_t>(values_[first].*kKey) == key) {
      return &values_[first];
    }
    const auto late = late_.find(key);
    return late == late_.end() ? nullptr : &late->second;
  }

 private:
  std::vector<Value> values_;
  boost::unordered_flat_map<int64_t, Value> late_;
};

class SiteTables {
 public:
  // Phrases of titles, tags apart, are remembered up to so many different ones; a title's phrases
  // that come later and are new are passed over. So memory stays bounded on the largest of sites.
  static constexpr uint32_t kPhrasesMax = 1'000'000;
  explicit SiteTables(uint32_t phrases_max = kPhrasesMax) : phrases_left_(phrases_max) {}

  struct Question {
    SitePost id = 0;
    SiteUser owner = kNoUser;
    SiteUser editor = kNoUser;
    std::string_view tags = {};   // in either form of the dumps, "<a><b>" or "|a|b|"
    std::string_view title = {};  // its phrases are further topics (event/topic.h)
  };
  // False: there are more tags than can be numbered, and the question has none now.
  bool add_question(const Question& question);
  void add_answer(SitePost id, SitePost question, SiteUser owner, SiteUser editor);

  // nullptr: not in the dump, or not read yet. Good until the next post is added.
  const PostEntry* post(SitePost id) const { return posts_.find(id); }
  // The question that a post answers, or the post itself where it is one.
  const PostEntry* question_of(const PostEntry& post) const;
  // Replaces `topics` by those of the question a post belongs to, normalised; none where that is
  // not known. They live as long as this.
  void topics_of(SitePost id, std::vector<std::string_view>& topics) const;

  void add_user(SiteUser id, std::string_view display_name);

  // Remembers who commented under a post.
  void add_commenter(SitePost post, SiteUser user);

  // Whom a comment by `by` under `post` speaks to by an @name at its beginning: by name without
  // spaces, or three letters or more of its beginning, as the site itself does; of those who
  // commented there before, newest first, then owner and editor of the post and owner of its
  // question. kNoUser: nobody, or nobody known. Call it before add_commenter.
  SiteUser addressee(std::string_view text, SitePost post, SiteUser by) const;

 private:
  struct UserName {
    SiteUser id;
    uint32_t bytes;
    uint64_t offset;  // in names_
  };
  struct Comment {
    SiteUser user;
    uint32_t previous;  // in comments_, under the same post; kNone: the first
  };
  static constexpr uint32_t kNone = std::numeric_limits<uint32_t>::max();

  uint32_t tag(std::string_view name);
  uint32_t phrase(const std::string& phrase);
  std::string_view folded_name(SiteUser user) const;
  // The first that holds of those who may be spoken to.
  SiteUser find_in_thread(SitePost post, SiteUser by,
                          const std::function<bool(std::string_view name)>& fits) const;

  SortedTable<PostEntry, &PostEntry::id> posts_;
  std::vector<uint32_t> tags_;  // of each question: their count, then their numbers
  std::deque<std::string> tag_names_;
  uint32_t phrases_left_;
  boost::unordered_flat_map<std::string, uint32_t> tag_numbers_;  // by the name in the dump
  SortedTable<UserName, &UserName::id> users_;
  std::string names_;  // without spaces, case folded
  std::vector<Comment> comments_;
  boost::unordered_flat_map<SitePost, uint32_t> last_comment_;
};

}  // namespace bellwether

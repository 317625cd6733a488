// SPDX-License-Identifier: Apache-2.0
#include "score/amplification.h"

#include <algorithm>
#include <tuple>

namespace bellwether {

PostTally::PostTally(const PersonMap& persons, Instant from, Instant as_of)
    : persons_(persons), from_(from), as_of_(as_of) {}

void PostTally::see(const ResolvedAct& act) {
  if (act.object == 0 || !act.published.known() || act.published >= as_of_) return;
  if (act.withdrawn.known() && act.withdrawn < as_of_) return;
  const PersonId person = persons_.person_of[act.account];
  if (person == kNobody || act.verb == Verb::kUndo) return;
  if (act.verb != Verb::kPost) {
    responses_.push_back({act.object, person});
  } else if (act.published >= from_) {
    posts_.push_back({act.object, person});
  }
}

std::vector<PostRecord> PostTally::finish() {
  if (posts_.empty()) return {};
  const auto by_object = [](const Post& a, const Post& b) {
    return std::tie(a.object, a.author) < std::tie(b.object, b.author);
  };
  std::sort(posts_.begin(), posts_.end(), by_object);
  std::sort(responses_.begin(), responses_.end(), by_object);
  std::vector<PostRecord> records(persons_.persons);
  auto response = responses_.begin();
  for (size_t i = 0; i < posts_.size(); ++i) {
    const Post& post = posts_[i];
    // Two sources may both tell of one post.
    if (i > 0 && posts_[i - 1].object == post.object) continue;
    while (response != responses_.end() && response->object < post.object) ++response;
    bool moved = false;
    for (auto r = response; r != responses_.end() && r->object == post.object; ++r) {
      if (r->author != post.author) moved = true;
    }
    ++records[post.author].posts;
    if (moved) ++records[post.author].moving;
  }
  return records;
}

}  // namespace bellwether

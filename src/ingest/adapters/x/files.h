// SPDX-License-Identifier: Apache-2.0
// Which files of an archive are read, and in what order. Pure.
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ingest/input.h"

namespace bellwether {

// What a file of an archive holds, in the order in which they are read.
enum class XFile { kAccount, kAge, kTweets, kLikes, kFollowing, kFollowers };

// The kind of the variable that a file sets: "tweets" in `window.YTD.tweets.part0 = `. Empty: the
// text is no such assignment.
std::string_view archive_variable(std::string_view prefix);

// What such a variable holds; empty: nothing that is read.
std::optional<XFile> file_of_variable(std::string_view variable);

struct XMember {
  size_t member = 0;  // in Input::members()
  XFile file = XFile::kTweets;
  uint64_t part = 0;
};

// The members whose names say that they are worth opening, in the order of reading: by kind, then
// part, then name. The name only saves opening the others; what is in a file is for it to say.
std::vector<XMember> archive_members(const std::vector<Member>& members);

// Under what a member that is not opened is counted: "file direct-messages.js", "file in
// data/tweets_media".
std::string unread_kind(std::string_view name);

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// A community's acts as files: what `ingest` is measured on. Accounts are `userN`.
#pragma once
#include <cstdint>
#include <span>
#include <string>

#include "bench/generators/community.h"

namespace bellwether {

// NDJSON of Activity Streams 2.0, one activity a line: Like, Announce, Follow, and Create of a
// reply that mentions, each with its object embedded, so that every member has one type. About 470
// bytes a line. Exits the program where the file cannot be written.
void write_activities(const std::string& path, std::span<const CommunityAct> acts);

// CSV with the header time,actor,verb,target; about 45 bytes a row.
void write_rows(const std::string& path, std::span<const CommunityAct> acts);

}  // namespace bellwether

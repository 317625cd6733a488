// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/x/files.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <tuple>
#include <utility>

namespace bellwether {
namespace {

constexpr std::string_view kScript = ".js";
constexpr std::string_view kPart = "-part";
constexpr std::string_view kAssignment = "window.YTD.";

constexpr std::array<std::pair<std::string_view, XFile>, 7> kFiles{{
    {"account", XFile::kAccount},
    {"ageinfo", XFile::kAge},
    {"tweets", XFile::kTweets},
    {"tweet", XFile::kTweets},  // to 2022
    {"like", XFile::kLikes},
    {"following", XFile::kFollowing},
    {"follower", XFile::kFollowers},
}};

bool read_number(std::string_view text, uint64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

}  // namespace

std::string_view archive_variable(std::string_view prefix) {
  std::string_view text = trimmed(prefix);
  if (!text.starts_with(kAssignment) || !text.ends_with('=')) return {};
  text.remove_prefix(kAssignment.size());
  text.remove_suffix(1);
  text = trimmed(text);
  const size_t point = text.find('.');
  if (point == std::string_view::npos) return {};
  const std::string_view part = text.substr(point + 1);
  uint64_t number = 0;
  if (!part.starts_with("part") || !read_number(part.substr(4), number)) return {};
  const std::string_view variable = text.substr(0, point);
  const bool is_name = std::all_of(variable.begin(), variable.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return is_name ? variable : std::string_view{};
}

std::optional<XFile> file_of_variable(std::string_view variable) {
  for (const auto& [name, file] : kFiles) {
    if (name == variable) return file;
  }
  return std::nullopt;
}

std::vector<XMember> archive_members(const std::vector<Member>& members) {
  std::vector<XMember> out;
  for (size_t i = 0; i < members.size(); ++i) {
    std::string_view name = base_name(members[i].name);
    if (!name.ends_with(kScript)) continue;
    name.remove_suffix(kScript.size());
    uint64_t part = 0;
    if (const size_t at = name.find(kPart); at != std::string_view::npos) {
      if (!read_number(name.substr(at + kPart.size()), part)) continue;
      name = name.substr(0, at);
    }
    if (const std::optional<XFile> file = file_of_variable(name); file.has_value()) {
      out.push_back({i, *file, part});
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const XMember& a, const XMember& b) {
    return std::tie(a.file, a.part) < std::tie(b.file, b.part);
  });
  return out;
}

std::string unread_kind(std::string_view name) {
  const std::string_view base = base_name(name);
  if (base.ends_with(kScript)) return fmt::format("file {}", base);
  if (base.size() == name.size()) return "other file";
  return fmt::format("file in {}", name.substr(0, name.size() - base.size() - 1));
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/git/mailmap.h"

#include <optional>

namespace bellwether {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r\v\f";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

struct NameAndAddress {
  std::string_view name;
  std::string_view address;
};

// Takes `Name <address>` from the beginning of `line`.
std::optional<NameAndAddress> take(std::string_view& line, bool may_be_empty) {
  const size_t left = line.find('<');
  if (left == std::string_view::npos) return std::nullopt;
  const size_t right = line.find('>', left + 1);
  if (right == std::string_view::npos) return std::nullopt;
  if (right == left + 1 && !may_be_empty) return std::nullopt;
  const NameAndAddress out{trimmed(line.substr(0, left)), line.substr(left + 1, right - left - 1)};
  line.remove_prefix(right + 1);
  return out;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

Mailmap Mailmap::parse(std::string_view text) {
  Mailmap made;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    made.add(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return made;
}

void Mailmap::add(std::string_view line) {
  if (line.starts_with('#')) return;
  const std::optional<NameAndAddress> meant = take(line, false);
  if (!meant.has_value()) return;
  const std::optional<NameAndAddress> written = take(line, true);
  if (!written.has_value()) {
    // `Name <address>`: only the name is mended.
    Entry& entry = entries_[lower_case(meant->address)];
    if (!meant->name.empty()) entry.meant.name = meant->name;
    return;
  }
  Entry& entry = entries_[lower_case(written->address)];
  if (written->name.empty()) {
    if (!meant->name.empty()) entry.meant.name = meant->name;
    entry.meant.address = lower_case(meant->address);
  } else {
    entry.names[lower_case(written->name)] = {std::string(meant->name), lower_case(meant->address)};
  }
}

GitPerson Mailmap::resolve(std::string_view name, std::string_view address) const {
  GitPerson out{std::string(name), lower_case(address)};
  const auto at = entries_.find(out.address);
  if (at == entries_.end()) return out;
  const GitPerson* meant = &at->second.meant;
  if (const auto named = at->second.names.find(lower_case(name)); named != at->second.names.end()) {
    meant = &named->second;
  }
  if (!meant->address.empty()) out.address = meant->address;
  if (!meant->name.empty()) out.name = meant->name;
  return out;
}

}  // namespace bellwether

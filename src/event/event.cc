// SPDX-License-Identifier: Apache-2.0
#include "event/event.h"

#include <unicode/uchar.h>
#include <unicode/utf8.h>

#include <array>
#include <charconv>
#include <cstring>

#include "event/ids.h"

namespace bellwether {
namespace {

constexpr std::array<std::string_view, kVerbSlots> kVerbNames{
    "",     "post", "reply",     "reshare", "quote", "react",     "mention", "follow", "endorse",
    "link", "list", "subscribe", "message", "meet",  "introduce", "review",  "adopt",  "undo"};

constexpr std::string_view kActPrefix = "act:";

// Puts fields into one buffer so that no two different events give the same bytes: each text field
// is preceded by its length.
class Canonical {
 public:
  void text(std::string_view text) {
    number(text.size());
    raw(text.data(), text.size());
  }
  void number(uint64_t value) { raw(&value, sizeof value); }
  void account(const AccountRef& account) {
    text(account.network);
    text(account.name);
  }
  std::string_view bytes() const { return {buffer_.data(), buffer_.size()}; }
  void clear() { buffer_.clear(); }

 private:
  void raw(const void* data, size_t size) {
    const size_t old = buffer_.size();
    buffer_.resize(old + size);
    if (size > 0) std::memcpy(buffer_.data() + old, data, size);
  }
  std::vector<char> buffer_;
};

Canonical& scratch() {
  static thread_local Canonical canonical;
  canonical.clear();
  return canonical;
}

bool is_network_name(std::string_view name) {
  if (name.empty() || name.size() > 64) return false;
  for (const char c : name) {
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
    if (!fine) return false;
  }
  return true;
}

std::string problem_with_account(const AccountRef& account, std::string_view role) {
  const auto say = [&](std::string_view what) {
    return std::string(role) + " " + std::string(what);
  };
  if (!is_network_name(account.network)) return say("has no valid network name");
  if (account.name.size() > kNameBytesMax) return say("has a name longer than 512 bytes");
  if (!is_clean_text(account.name)) {
    return say("has a name that is not valid UTF-8 or holds control characters");
  }
  if (account.name.front() == ' ' || account.name.back() == ' ') {
    return say("has a name with spaces around it");
  }
  return {};
}

}  // namespace

std::string_view to_string(Verb verb) { return kVerbNames[static_cast<size_t>(verb)]; }

std::optional<Verb> parse_verb(std::string_view name) {
  for (size_t i = 1; i < kVerbNames.size(); ++i) {
    if (kVerbNames[i] == name) return static_cast<Verb>(i);
  }
  return std::nullopt;
}

uint64_t object_key(std::string_view reference) {
  if (reference.empty()) return 0;
  if (reference.size() == kActPrefix.size() + 16 && reference.starts_with(kActPrefix)) {
    const char* begin = reference.data() + kActPrefix.size();
    uint64_t key = 0;
    const auto [end, error] = std::from_chars(begin, begin + 16, key, 16);
    if (error == std::errc{} && end == begin + 16) return key;
  }
  const uint64_t key = hash64(reference);
  return key == 0 ? 1 : key;
}

std::string act_reference(uint64_t act_key) {
  return std::string(kActPrefix) + to_hex(Hash128{act_key, 0}).substr(0, 16);
}

void InteractionEvent::clear() {
  std::vector<std::string_view> kept = std::move(topics);
  kept.clear();
  *this = InteractionEvent{};
  topics = std::move(kept);
}

EventId identify(const InteractionEvent& event) {
  Canonical& canonical = scratch();
  canonical.number(static_cast<uint64_t>(event.verb));
  canonical.number(event.published.known() ? 1 : 0);
  canonical.text(event.object);
  canonical.account(event.target);
  canonical.text(event.native_id);
  if (!event.native_id.empty()) {
    // The author and the exact time are left out: a second report of the same act may know more.
    canonical.text(event.account.network);
    return {hash64(canonical.bytes()), object_key(event.native_id)};
  }
  canonical.account(event.account);
  canonical.account(event.author);
  canonical.number(static_cast<uint64_t>(event.published.ms));
  canonical.number(event.count);
  return hash128(canonical.bytes());
}

EventId with_ordinal(const EventId& id, uint32_t ordinal) {
  Canonical& canonical = scratch();
  canonical.number(id.high);
  canonical.number(id.low);
  canonical.number(ordinal);
  return hash128(canonical.bytes());
}

std::string problem_with(const InteractionEvent& event) {
  if (event.account.empty()) return "actor is missing";
  if (std::string problem = problem_with_account(event.account, "actor"); !problem.empty()) {
    return problem;
  }
  if (!event.author.empty()) {
    if (std::string problem = problem_with_account(event.author, "author"); !problem.empty()) {
      return problem;
    }
  }
  if (!event.target.empty()) {
    if (std::string problem = problem_with_account(event.target, "target"); !problem.empty()) {
      return problem;
    }
  }
  if (event.object.size() > kObjectBytesMax) return "object is longer than 4096 bytes";
  if (!is_clean_text(event.object)) {
    return "object is not valid UTF-8 or holds control characters";
  }
  if (event.native_id.size() > kObjectBytesMax) return "id is longer than 4096 bytes";
  if (!is_clean_text(event.native_id)) return "id is not valid UTF-8 or holds control characters";
  if (event.published.known() && (event.published < kEarliest || event.published >= kLatest)) {
    return "time is outside 1970 to 2199";
  }
  if (event.count < 1 || event.count > kCountMax) return "count is outside 1 to 100000";
  if (event.topics.size() > kTopicsMax) return "more than 64 topics";
  if (event.verb < kVerbFirst || event.verb > kVerbLast) return "verb is not known";
  if (event.verb == Verb::kUndo && event.object.empty()) return "undo names no act";
  return {};
}

std::string normalise_topic(std::string_view text) {
  std::string out;
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const auto size = static_cast<int32_t>(std::min(text.size(), size_t{4096}));
  bool gap = false;
  bool first = true;
  for (int32_t i = 0; i < size;) {
    UChar32 c = 0;
    U8_NEXT(bytes, i, size, c);
    if (c < 0) return {};
    if (first && c == '#') {
      first = false;
      continue;
    }
    if (u_isUWhiteSpace(c) || c == '_' || u_iscntrl(c)) {
      gap = !out.empty();
      continue;
    }
    first = false;
    if (gap) out += '-';
    gap = false;
    c = u_tolower(c);
    std::array<uint8_t, 4> buffer{};
    int32_t length = 0;
    U8_APPEND_UNSAFE(buffer.data(), length, c);
    out.append(reinterpret_cast<const char*>(buffer.data()), static_cast<size_t>(length));
  }
  if (out.size() > kTopicBytesMax || text.size() > 4096) return {};
  return out;
}

bool is_clean_text(std::string_view text) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(text.data());
  const size_t size = text.size();
  size_t i = 0;
  // Most text is ASCII; the first byte outside it leaves for the slow road.
  while (i < size && bytes[i] >= 0x20 && bytes[i] < 0x7f) ++i;
  if (i == size) return true;
  if (size > static_cast<size_t>(INT32_MAX)) return false;
  for (auto at = static_cast<int32_t>(i); at < static_cast<int32_t>(size);) {
    UChar32 c = 0;
    U8_NEXT(bytes, at, static_cast<int32_t>(size), c);
    if (c < 0x20 || c == 0x7f) return false;
  }
  return true;
}

PersonMap PersonMap::identity(uint32_t accounts) {
  PersonMap map;
  map.person_of.resize(accounts);
  for (uint32_t a = 0; a < accounts; ++a) map.person_of[a] = a;
  map.persons = accounts;
  map.one_to_one = true;
  return map;
}

}  // namespace bellwether

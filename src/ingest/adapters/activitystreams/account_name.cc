// SPDX-License-Identifier: Apache-2.0
#include "ingest/adapters/activitystreams/account_name.h"

#include <algorithm>
#include <array>

namespace bellwether {
namespace {

// Schemes that references to people and objects are seen with; what else stands before a colon is
// the name of a network. Of those that only ever come with "//" it is that which tells.
constexpr std::string_view kSchemes[] = {
    "about", "acct",   "ap",     "at",     "blob", "cid",  "data",  "did",  "doi",
    "file",  "geo",    "http",   "https",  "im",   "info", "ipfs",  "ipns", "irc",
    "jid",   "magnet", "mailto", "matrix", "mid",  "news", "nostr", "oid",  "pres",
    "sip",   "sips",   "sms",    "tag",    "tel",  "urn",  "uuid",  "web3", "xmpp",
};

constexpr std::array<bool, 256> kNameChars = [] {
  std::array<bool, 256> fine{};
  for (const char c :
       std::string_view("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")) {
    fine[static_cast<unsigned char>(c)] = true;
  }
  return fine;
}();

bool is_name_char(char c) { return kNameChars[static_cast<unsigned char>(c)]; }

bool is_name(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_name_char);
}

bool is_host(std::string_view text) {
  if (text.empty() || text.size() > 255) return false;
  return std::all_of(text.begin(), text.end(), [](char c) {
    // A port, or a host in letters beyond ASCII, is a host all the same.
    return is_name_char(c) || c == ':' || static_cast<unsigned char>(c) >= 0x80;
  });
}

std::string_view handle(std::string_view name, std::string_view host, TextArena& arena) {
  const size_t size = 2 + name.size() + host.size();
  char* const begin = arena.take(size);
  char* at = begin;
  *at++ = '@';
  at = std::copy(name.begin(), name.end(), at);
  *at++ = '@';
  std::transform(host.begin(), host.end(), at, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return {begin, size};
}

// "ana@tern.example"; empty if it is no such thing.
std::string_view handle_of_address(std::string_view address, TextArena& arena) {
  const size_t at = address.find('@');
  if (at == std::string_view::npos) return {};
  const std::string_view name = address.substr(0, at);
  const std::string_view host = address.substr(at + 1);
  return is_name(name) && is_host(host) ? handle(name, host, arena) : std::string_view();
}

// Of a web address that begins like a profile's. `whole`: nothing may follow the name.
std::string_view handle_of_url(std::string_view url, bool whole, TextArena& arena) {
  if (url.starts_with("https://")) {
    url.remove_prefix(8);
  } else if (url.starts_with("http://")) {
    url.remove_prefix(7);
  } else {
    return {};
  }
  const size_t slash = url.find('/');
  if (slash == std::string_view::npos) return {};
  const std::string_view host = url.substr(0, slash);
  std::string_view path = url.substr(slash);
  if (path.starts_with("/users/")) {
    path.remove_prefix(7);
  } else if (path.starts_with("/@")) {
    path.remove_prefix(2);
  } else {
    return {};
  }
  const size_t end = std::min(path.find_first_of("/?#"), path.size());
  const std::string_view name = path.substr(0, end);
  if (whole && end != path.size() && path.substr(end) != "/") return {};
  if (name.find('@') != std::string_view::npos) return handle_of_address(name, arena);
  return is_name(name) && is_host(host) ? handle(name, host, arena) : std::string_view();
}

std::string_view sure_name(std::string_view reference, TextArena& arena) {
  if (reference.starts_with("acct:")) return handle_of_address(reference.substr(5), arena);
  return handle_of_url(reference, true, arena);
}

// The length of `network` in "network:name"; 0: it is no such reference.
size_t network_length(std::string_view reference) {
  size_t colon = 0;
  for (;; ++colon) {
    if (colon == reference.size()) return 0;
    const char c = reference[colon];
    if (c == ':') break;
    const bool fine =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
    if (!fine) return 0;
  }
  if (colon == 0 || colon > 64 || colon + 1 == reference.size()) return 0;
  if (reference.substr(colon + 1).starts_with("//")) return 0;
  const std::string_view scheme = reference.substr(0, colon);
  return std::find(std::begin(kSchemes), std::end(kSchemes), scheme) == std::end(kSchemes) ? colon
                                                                                           : 0;
}

}  // namespace

AccountRef account_of(std::string_view reference, std::string_view network, TextArena& arena) {
  if (reference.empty()) return {};
  if (reference.starts_with("http") || reference.starts_with("acct:")) {
    const std::string_view name = sure_name(reference, arena);
    return {network, name.empty() ? reference : name};
  }
  if (const size_t length = network_length(reference); length > 0) {
    return {reference.substr(0, length), reference.substr(length + 1)};
  }
  return {network, reference};
}

AccountRef account_if_sure(std::string_view reference, std::string_view network, TextArena& arena) {
  const std::string_view name = sure_name(reference, arena);
  return name.empty() ? AccountRef{} : AccountRef{network, name};
}

AccountRef author_of_address(std::string_view address, std::string_view network, TextArena& arena) {
  const std::string_view name = handle_of_url(address, false, arena);
  return name.empty() ? AccountRef{} : AccountRef{network, name};
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "serve/http.h"

#include <algorithm>
#include <charconv>

namespace bellwether {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lowered(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), lower);
  return out;
}

bool equal_without_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = lower(c);
  if (l >= 'a' && l <= 'f') return l - 'a' + 10;
  return -1;
}

// Escaped control characters are refused too: they belong in no name, and would otherwise reach
// header fields and logs.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      c = static_cast<char>(high * 16 + low);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return std::nullopt;
    out += c;
  }
  return out;
}

// Calls `part` with each trimmed piece between separators.
template <typename F>
void for_each_part(std::string_view text, char separator, F part) {
  while (!text.empty()) {
    const size_t end = std::min(text.find(separator), text.size());
    part(trimmed(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
}

bool is_ipv4_loopback(std::string_view host) {
  int parts = 0;
  bool first_is_127 = false;
  bool good = true;
  if (host.empty() || host.back() == '.') return false;
  for_each_part(host, '.', [&](std::string_view part) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size() || value > 255) good = false;
    if (parts == 0) first_is_127 = value == 127;
    ++parts;
  });
  return good && parts == 4 && first_is_127;
}

}  // namespace

std::string_view HttpRequest::field(std::string_view name) const {
  for (const auto& [field_name, value] : fields) {
    if (equal_without_case(field_name, name)) return value;
  }
  return {};
}

std::optional<Target> parse_target(std::string_view target) {
  Target result;
  if (!target.starts_with('/')) {
    // Clients that go through a proxy, or believe so, name the whole address.
    constexpr std::string_view kScheme = "http://";
    if (!equal_without_case(target.substr(0, kScheme.size()), kScheme)) return std::nullopt;
    target.remove_prefix(kScheme.size());
    const size_t end = std::min(target.find_first_of("/?#"), target.size());
    if (end == 0 || target.substr(0, end).find('@') != std::string_view::npos) return std::nullopt;
    result.host = target.substr(0, end);
    target.remove_prefix(end);
  }
  if (const size_t fragment = target.find('#'); fragment != std::string_view::npos) {
    return std::nullopt;
  }
  const size_t question = std::min(target.find('?'), target.size());
  std::string_view path = target.substr(0, question);
  std::string_view query = target.substr(std::min(question + 1, target.size()));
  if (path.starts_with('/')) path.remove_prefix(1);
  while (true) {
    const size_t slash = path.find('/');
    auto part = percent_decode(path.substr(0, slash), false);
    if (!part) return std::nullopt;
    result.path.push_back(std::move(*part));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  while (!query.empty()) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view pair = query.substr(0, end);
    query.remove_prefix(std::min(end + 1, query.size()));
    if (pair.empty()) continue;
    const size_t equals = std::min(pair.find('='), pair.size());
    auto name = percent_decode(pair.substr(0, equals), true);
    auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
    if (!name || !value) return std::nullopt;
    result.query.emplace_back(std::move(*name), std::move(*value));
  }
  return result;
}

std::string percent_encode(std::string_view text) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
                       std::string_view("-._~").find(c) != std::string_view::npos;
    if (plain) {
      out += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += '%';
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    }
  }
  return out;
}

std::string host_name(std::string_view host) {
  std::string_view port;
  if (host.starts_with('[')) {
    const size_t end = host.find(']');
    if (end == std::string_view::npos) return {};
    port = host.substr(end + 1);
    host = host.substr(1, end - 1);
    if (host.find(':') == std::string_view::npos) return {};
  } else if (const size_t colon = host.find(':'); colon != std::string_view::npos) {
    port = host.substr(colon);
    host = host.substr(0, colon);
  }
  if (!port.empty()) {
    if (port.front() != ':') return {};
    for (const char c : port.substr(1)) {
      if (c < '0' || c > '9') return {};
    }
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  for (const char c : host) {
    const bool good = (c >= '0' && c <= '9') || (lower(c) >= 'a' && lower(c) <= 'z') ||
                      std::string_view("-._:").find(c) != std::string_view::npos;
    if (!good) return {};
  }
  return lowered(host);
}

bool is_own_host(std::string_view host, std::string_view local_address,
                 const std::vector<std::string>& names) {
  const std::string name = host_name(host);
  if (name.empty()) return false;
  if (name == "localhost" || name == "::1" || is_ipv4_loopback(name)) return true;
  if (name == lowered(local_address)) return true;
  return std::any_of(names.begin(), names.end(),
                     [&](const std::string& own) { return host_name(own) == name; });
}

std::string_view cookie(std::string_view field, std::string_view name) {
  std::string_view found;
  for_each_part(field, ';', [&](std::string_view pair) {
    const size_t equals = pair.find('=');
    if (equals == std::string_view::npos || pair.substr(0, equals) != name) return;
    if (found.empty()) found = pair.substr(equals + 1);
  });
  return found;
}

double accepted_weight(std::string_view accept, std::string_view type) {
  const bool is_type = type.find('/') != std::string_view::npos;
  if (trimmed(accept).empty()) return is_type ? 1 : 0;
  double weight = 0;
  int best = 0;
  for_each_part(accept, ',', [&](std::string_view range) {
    const size_t semicolon = std::min(range.find(';'), range.size());
    const std::string_view name = trimmed(range.substr(0, semicolon));
    double q = 1;
    for_each_part(range.substr(std::min(semicolon + 1, range.size())), ';',
                  [&](std::string_view parameter) {
                    if (parameter.size() < 2 || lower(parameter[0]) != 'q' || parameter[1] != '=') {
                      return;
                    }
                    const std::string_view digits = parameter.substr(2);
                    const auto [end, error] =
                        std::from_chars(digits.data(), digits.data() + digits.size(), q);
                    if (error != std::errc() || end != digits.data() + digits.size() || !(q >= 0)) {
                      q = 0;
                    }
                    q = std::min(q, 1.0);
                  });
    int match = 0;
    if (equal_without_case(name, type)) {
      match = 3;
    } else if (name == "*/*" || name == "*") {
      match = 1;
    } else if (is_type && name.ends_with("/*") &&
               equal_without_case(name.substr(0, name.size() - 1),
                                  type.substr(0, type.find('/') + 1))) {
      match = 2;
    }
    if (match > best) {
      best = match;
      weight = q;
    }
  });
  return weight;
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 413:
      return "Content Too Large";
    case 421:
      return "Misdirected Request";
    case 422:
      return "Unprocessable Content";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    default:
      return "Unknown";
  }
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
#include "ingest/json.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <new>

namespace bellwether {
namespace {

// The UTF-16 unit of "\uXXXX" at `at`; -1 where there is no such escape.
int unit_at(const char* text, size_t size, size_t at) {
  if (at + 6 > size || text[at] != '\\' || text[at + 1] != 'u') return -1;
  int unit = 0;
  const auto [end, error] = std::from_chars(text + at + 2, text + at + 6, unit, 16);
  return error == std::errc{} && end == text + at + 6 && unit >= 0 ? unit : -1;
}

bool is_high(int unit) { return unit >= 0xd800 && unit <= 0xdbff; }
bool is_low(int unit) { return unit >= 0xdc00 && unit <= 0xdfff; }

constexpr std::string_view kReplacement = "\\ufffd";

// Writes it over each escaped half of a surrogate pair whose other half is missing. Returns
// whether there was any. A backslash stands nowhere but in strings, if the rest is JSON at all.
bool mend_surrogates(char* text, size_t size) {
  bool mended = false;
  for (size_t at = 0; at + 1 < size;) {
    const void* found = std::memchr(text + at, '\\', size - at);
    if (found == nullptr) break;
    at = static_cast<size_t>(static_cast<const char*>(found) - text);
    const int unit = unit_at(text, size, at);
    if (is_high(unit) && is_low(unit_at(text, size, at + 6))) {
      at += 12;
    } else if (is_high(unit) || is_low(unit)) {
      kReplacement.copy(text + at, kReplacement.size());
      mended = true;
      at += 6;
    } else {
      at += 2;
    }
  }
  return mended;
}

}  // namespace

bool JsonParser::reserve(size_t bytes) {
  if (bytes + simdjson::SIMDJSON_PADDING <= capacity_) return true;
  const size_t wanted = std::max(bytes + bytes / 2, size_t{64} << 10) + simdjson::SIMDJSON_PADDING;
  padded_.reset(new (std::nothrow) char[wanted]);
  capacity_ = padded_ == nullptr ? 0 : wanted;
  return padded_ != nullptr;
}

std::optional<JsonElement> JsonParser::parse(std::string_view bytes) {
  if (!reserve(bytes.size())) return std::nullopt;
  if (!bytes.empty()) std::memcpy(padded_.get(), bytes.data(), bytes.size());
  std::memset(padded_.get() + bytes.size(), 0, simdjson::SIMDJSON_PADDING);
  JsonElement element;
  simdjson::error_code error = parser_.parse(padded_.get(), bytes.size(), false).get(element);
  if (error == simdjson::STRING_ERROR && mend_surrogates(padded_.get(), bytes.size())) {
    error = parser_.parse(padded_.get(), bytes.size(), false).get(element);
  }
  if (error != simdjson::SUCCESS) return std::nullopt;
  return element;
}

std::optional<JsonElement> json_field(const JsonElement& element, std::string_view key) {
  JsonElement field;
  if (element.at_key(key).get(field) != simdjson::SUCCESS) return std::nullopt;
  return field;
}

std::optional<JsonObject> json_object(const JsonElement& element, std::string_view key) {
  JsonObject object;
  if (element.at_key(key).get(object) != simdjson::SUCCESS) return std::nullopt;
  return object;
}

std::optional<JsonArray> json_array(const JsonElement& element, std::string_view key) {
  JsonArray array;
  if (element.at_key(key).get(array) != simdjson::SUCCESS) return std::nullopt;
  return array;
}

std::string_view json_text(const JsonElement& element, std::string_view key) {
  std::string_view text;
  if (element.at_key(key).get(text) != simdjson::SUCCESS) return {};
  return text;
}

std::optional<bool> json_bool(const JsonElement& element, std::string_view key) {
  bool value = false;
  if (element.at_key(key).get(value) != simdjson::SUCCESS) return std::nullopt;
  return value;
}

std::optional<uint64_t> json_number(const JsonElement& element, std::string_view key) {
  const std::optional<JsonElement> field = json_field(element, key);
  if (!field.has_value()) return std::nullopt;
  uint64_t number = 0;
  if (field->get(number) == simdjson::SUCCESS) return number;
  std::string_view text;
  if (field->get(text) != simdjson::SUCCESS || text.empty()) return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool json_has(const JsonElement& element, std::string_view key) {
  return json_field(element, key).has_value();
}

}  // namespace bellwether

// SPDX-License-Identifier: Apache-2.0
// One JSON document at a time, checked whole, and short ways to its fields.
//
// simdjson's DOM and not its On-Demand: every byte of a record is validated, so that rubbish after
// the last field read is seen, and fields are looked up in any order. It holds one document, about
// twelve times its size at the most.
//
// The room's own.
#pragma once
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace bellwether {

using JsonElement = simdjson::dom::element;
using JsonObject = simdjson::dom::object;
using JsonArray = simdjson::dom::array;

class JsonParser {
 public:
  // One document and nothing after it but white space. The element, and every string taken from it,
  // lives until the next call. Empty where the bytes are not JSON, or not UTF-8, or are nested more
  // than 1,024 deep, or hold a number that fits neither 64 bits nor a double. Half of a surrogate
  // pair, as programs leave it that cut texts after so many characters, is read as U+FFFD.
  std::optional<JsonElement> parse(std::string_view bytes);

 private:
  bool reserve(size_t bytes);

  simdjson::dom::parser parser_;
  std::unique_ptr<char[]> padded_;
  size_t capacity_ = 0;
};

// The fields of an object, each empty where the element is no object, has no such field, or has it
// with another type (null among them).
std::optional<JsonElement> json_field(const JsonElement& element, std::string_view key);
std::optional<JsonObject> json_object(const JsonElement& element, std::string_view key);
std::optional<JsonArray> json_array(const JsonElement& element, std::string_view key);
std::string_view json_text(const JsonElement& element, std::string_view key);
std::optional<bool> json_bool(const JsonElement& element, std::string_view key);
// A number of 0 or more, also one that is written as a string of digits, as ids often are.
std::optional<uint64_t> json_number(const JsonElement& element, std::string_view key);
bool json_has(const JsonElement& element, std::string_view key);

}  // namespace bellwether

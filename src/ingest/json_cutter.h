// SPDX-License-Identifier: Apache-2.0
// Cuts a stream of JSON into values without holding the document: the elements of an array of any
// length one by one, the members of an object, or one value after the other.
//
// It only finds where a value ends, by counting brackets outside strings; whether what lies between
// is JSON is for a parser to say (json.h). So a bad element costs itself, and only a string or a
// bracket that is never closed costs the rest.
//
// The room's own.
#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ingest/input.h"
#include "ingest/window.h"

namespace bellwether {

class JsonCutter {
 public:
  // Borrows `stream`; `label` names it in messages. A byte order mark is passed over.
  JsonCutter(ByteStream& stream, const InputLimits& limits, std::string label);

  static constexpr int kEnd = -1;
  // The next byte that is not white space, without using it up; kEnd: there is none.
  Result<int> peek();
  // Uses up the byte that peek() gave.
  void take();

  // The next unread bytes: `bytes` of them, or fewer if the stream ends or fails before. Valid
  // until the next call of anything.
  std::string_view head(size_t bytes);

  // What stands before the first of '[' and '{', as a script has it ("window.x = "), and uses it
  // up. kUnusable: neither comes within kPrefixBytesMax bytes.
  static constexpr size_t kPrefixBytesMax = 4096;
  Result<std::string> prefix();

  struct Value {
    std::string_view bytes;  // valid until the next call of anything; empty where too long
    bool too_long = false;   // longer than limits.record_bytes_max, and passed over
  };
  // The next value, whole. kCorrupt: none begins here, or the stream ends within it.
  Result<Value> value();

  using OnValue = std::function<Result<void>(const Value& value)>;
  // The elements of the array that begins here, to its closing bracket. Stops at the first error
  // that `element` returns, and returns it. kCorrupt: no comma or bracket follows an element.
  Result<void> for_each_element(const OnValue& element);

  using OnMember = std::function<Result<void>(std::string_view key)>;
  // The members of the object that begins here, to its closing bracket; `key` is written as in the
  // file, without its quotes. `member` must read the value. Errors as above.
  Result<void> for_each_member(const OnMember& member);

 private:
  void use_pending();
  Error corrupt(std::string_view what) const;

  Window window_;
  const InputLimits limits_;
  const std::string label_;
  size_t pending_ = 0;  // bytes of the window that the last value still shows
};

}  // namespace bellwether

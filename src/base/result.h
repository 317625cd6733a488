// SPDX-License-Identifier: Apache-2.0
// A value, or the reason why there is none.
//
// `std::expected` is C++23; this copies its shape and becomes an alias once the compilers have it.
// Bad input becomes a reject (event/sink.h), failed I/O or a refused request becomes an Error here,
// a broken belief trips an assert. No exception crosses a room's door.
#pragma once
#include <cassert>
#include <string>
#include <utility>
#include <variant>

namespace bellwether {

// Chosen by what the caller should do next, not by where the error arose.
enum class ErrorCode {
  kInvalidArgument,  // the request makes no sense; mend it and call again
  kNotFound,         // the thing named does not exist
  kBusy,             // somebody else holds it; the message names the holder; try again later
  kUnusable,         // the input is of no known form; nothing was taken from it
  kCorrupt,          // bytes on disk are not what was written; restore or rebuild
  kUnsupported,      // a version or variant this build does not read
  kIo,               // the operating system refused; the message carries its words
  kLimit,            // a stated limit was reached; the message names it
  kDenied,           // consent or rights forbid it
};

struct Error {
  ErrorCode code;
  std::string message;  // one sentence that says what to do, without a final period
};

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  T& value() & {
    assert(ok());
    return std::get<0>(state_);
  }
  const T& value() const& {
    assert(ok());
    return std::get<0>(state_);
  }
  T&& value() && {
    assert(ok());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    assert(!ok());
    return std::get<1>(state_);
  }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)), ok_(false) {}

  bool ok() const { return ok_; }
  explicit operator bool() const { return ok_; }
  const Error& error() const {
    assert(!ok_);
    return error_;
  }

 private:
  Error error_{ErrorCode::kInvalidArgument, {}};
  bool ok_ = true;
};

// Leaves the enclosing function with the error, if there is one.
#define BW_TRY(expression)                                  \
  do {                                                      \
    if (auto bw_result_ = (expression); !bw_result_.ok()) { \
      return bw_result_.error();                            \
    }                                                       \
  } while (false)

#define BW_CONCAT_INNER(a, b) a##b
#define BW_CONCAT(a, b) BW_CONCAT_INNER(a, b)

// `BW_ASSIGN(auto value, expression)`: the value, or leaves with the error.
#define BW_ASSIGN(declaration, expression) \
  BW_ASSIGN_INNER(BW_CONCAT(bw_result_, __COUNTER__), declaration, expression)
#define BW_ASSIGN_INNER(result, declaration, expression) \
  auto result = (expression);                            \
  if (!result.ok()) return result.error();               \
  declaration = std::move(result).value()

}  // namespace bellwether

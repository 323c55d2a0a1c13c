// SPDX-License-Identifier: Apache-2.0
// Result<T>: a value, or why the environment did not give one.
//
// For trouble in the environment only (disk, network, files, configuration). A peer's fault is an
// smtp::Reply; our own bug is POSTERN_ASSERT. An Error says whether trying again can help and
// carries a reason written for the administrator's log, never for the peer.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "base/assert.h"

namespace base {

struct Error {
  enum class Kind { Temporary, Permanent };

  Kind kind = Kind::Temporary;
  std::string reason;
  int system_error = 0;  // errno where a system call failed, else 0

  static Error temporary(std::string reason) { return {Kind::Temporary, std::move(reason), 0}; }
  static Error permanent(std::string reason) { return {Kind::Permanent, std::move(reason), 0}; }
  // "<what>: <text of error_number>"; temporary, because most system trouble passes.
  static Error system(const std::string& what, int error_number);
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  explicit operator bool() const { return ok(); }
  bool ok() const { return state_.index() == 0; }

  T& value() & { return checked(), std::get<0>(state_); }
  const T& value() const& { return checked(), std::get<0>(state_); }
  T&& value() && { return checked(), std::get<0>(std::move(state_)); }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    POSTERN_ASSERT(!ok());
    return std::get<1>(state_);
  }

 private:
  void checked() const { POSTERN_ASSERT(ok()); }
  std::variant<T, Error> state_;
};

// Success without a value: `return base::ok();`
using Status = Result<std::monostate>;
inline Status ok() { return std::monostate{}; }

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
// Values as bytes and back. Fixed-width little-endian integers; strings and lists with a 32-bit
// count in front. A struct names its members once, in `visit`, for both directions:
//
//   struct Ping { std::uint64_t number = 0; void visit(auto& v) { v(number); } };
//
// A type of another folder gets a free function visit_fields(visitor, value) in namespace ipc
// instead.
//
// Reading never trusts a count: memory grows only as bytes are there. Errors: an Unpacker that met
// nonsense keeps saying so, and all later values are zero or empty.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"

namespace ipc {

class Packer;
class Unpacker;

template <class T>
concept VisitedFromOutside = requires(T value, Packer& packer) {
  visit_fields(packer, value);
};
template <class T>
concept Visited = requires(T value, Packer& packer) {
  value.visit(packer);
};

// Which numbers an enumeration has: 0 to its member Last_, or, specialised for one of another
// folder, to the given member.
template <class T>
inline constexpr T last_enumerator = T::Last_;

// A list of at most so many: `visit` gives it in the place of the list. A longer one does not fit.
template <class T>
struct AtMost {
  std::vector<T>& values;
  std::size_t most;
};
template <class T>
AtMost<T> at_most(std::vector<T>& values, std::size_t most) {
  return {values, most};
}

class Packer {
 public:
  template <class... Values>
  void operator()(Values&&... values) {
    (put(values), ...);
  }
  std::string take() { return std::move(bytes_); }

 private:
  template <class T>
  requires std::is_integral_v<T> || std::is_enum_v<T>
  void put(const T& value) { put_number(static_cast<std::uint64_t>(value), sizeof(T)); }
  void put(const std::string& value) {
    put_count(value.size());
    bytes_ += value;
  }
  template <class T>
  void put(std::vector<T>& values) {
    put_count(values.size());
    for (T& value : values) put(value);
  }
  template <class T>
  void put(AtMost<T>& list) {
    put(list.values);
  }
  template <class Key, class Value>
  void put(std::map<Key, Value>& values) {
    put_count(values.size());
    for (auto& [key, value] : values) {
      put(key);
      put(value);
    }
  }
  template <class T>
  void put(std::optional<T>& value) {
    put(value.has_value());
    if (value) put(*value);
  }
  void put(const std::chrono::milliseconds& value) { put(value.count()); }
  void put(const base::WallTime& value) { put(value.time_since_epoch().count()); }
  void put(const base::IpAddress& value) { put(value.to_string()); }
  void put(const base::Network& value) { put(value.to_string()); }
  template <Visited T>
  void put(T& value) {
    value.visit(*this);
  }
  template <VisitedFromOutside T>
  void put(T& value) {
    visit_fields(*this, value);
  }
  void put_number(std::uint64_t value, std::size_t width);
  void put_count(std::size_t count);

  std::string bytes_;
};

class Unpacker {
 public:
  explicit Unpacker(std::string_view bytes) : rest_(bytes) {}

  template <class... Values>
  void operator()(Values&&... values) {
    (get(values), ...);
  }
  // All bytes were used and none was missing.
  bool complete() const { return ok_ && rest_.empty(); }

 private:
  template <class T>
  requires std::is_integral_v<T>
  void get(T& value) { value = static_cast<T>(get_number(sizeof(T))); }
  template <class T>
  requires std::is_enum_v<T>
  void get(T& value) {
    const std::uint64_t number = get_number(sizeof(T));
    ok_ = ok_ && number <= static_cast<std::uint64_t>(last_enumerator<T>);
    value = ok_ ? static_cast<T>(number) : T{};
  }
  void get(bool& value) {
    const std::uint64_t number = get_number(1);
    ok_ = ok_ && number <= 1;
    value = number == 1;
  }
  void get(std::string& value);
  template <class T>
  void get(std::vector<T>& values) {
    values.clear();
    get_items(values, get_count());
  }
  template <class T>
  void get_items(std::vector<T>& values, std::size_t count) {
    for (; ok_ && count > 0; --count) get(values.emplace_back());
  }
  template <class T>
  void get(AtMost<T>& list) {
    list.values.clear();
    const std::size_t count = get_count();
    ok_ = ok_ && count <= list.most;
    get_items(list.values, count);
  }
  template <class Key, class Value>
  void get(std::map<Key, Value>& values) {
    values.clear();
    for (std::size_t count = get_count(); ok_ && count > 0; --count) {
      Key key{};
      get(key);
      get(values[key]);
    }
  }
  template <class T>
  void get(std::optional<T>& value) {
    bool present = false;
    get(present);
    value.reset();
    if (present) get(value.emplace());
  }
  void get(std::chrono::milliseconds& value) {
    std::int64_t count = 0;
    get(count);
    value = std::chrono::milliseconds(count);
  }
  void get(base::WallTime& value) {
    base::WallTime::rep count = 0;
    get(count);
    value = base::WallTime(base::WallTime::duration(count));
  }
  void get(base::IpAddress& value);
  void get(base::Network& value);
  template <Visited T>
  void get(T& value) {
    value.visit(*this);
  }
  template <VisitedFromOutside T>
  void get(T& value) {
    visit_fields(*this, value);
  }
  std::uint64_t get_number(std::size_t width);
  // Each element takes at least a byte, so a count above what is left is a lie.
  std::size_t get_count();

  std::string_view rest_;
  bool ok_ = true;
};

template <class T>
std::string pack(const T& value) {
  Packer packer;
  const_cast<T&>(value).visit(packer);  // one visit() for both directions; packing changes nothing
  return packer.take();
}

// Nothing when the bytes are not exactly one T.
template <class T>
std::optional<T> unpack(std::string_view bytes) {
  Unpacker unpacker(bytes);
  std::optional<T> value(std::in_place);
  value->visit(unpacker);
  if (!unpacker.complete()) value.reset();
  return value;
}

}  // namespace ipc

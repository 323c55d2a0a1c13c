// SPDX-License-Identifier: Apache-2.0
// The configuration file as a tree of plain values with their places, free of the TOML library.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace config {

struct Place {
  unsigned line = 0;    // 1-based; 0: nowhere in the file
  unsigned column = 0;  // 1-based, in characters
  unsigned length = 0;  // characters; 0 where a value goes over several lines
};

struct Member;

struct Value {
  enum class Kind { String, Integer, Float, Boolean, Date, Time, Array, Table };

  Kind kind = Kind::Table;
  Place place;
  std::string text;             // String; Date as 2027-06-30
  std::int64_t integer = 0;     // Integer; Boolean as 0 or 1
  std::vector<Value> items;     // Array
  std::vector<Member> members;  // Table, in the order of the file
};

struct Member {
  std::string name;
  Place place;  // of the name
  Value value;
};

}  // namespace config

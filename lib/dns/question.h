// SPDX-License-Identifier: Apache-2.0
// What the DNS is asked: a name and a type.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dns {

enum class Type : std::uint8_t { A, Aaaa, Mx, Ptr, Txt, Last_ = Txt };

const char* name_of(Type type);                         // "AAAA"
std::optional<Type> parse_type(std::string_view text);  // as name_of() writes it
std::uint16_t code_of(Type type);                       // of the IANA registry, as on the wire

struct Question {
  std::string name;  // normalized, see name.h
  Type type = Type::A;

  // Nothing for a name that cannot be asked.
  static std::optional<Question> about(std::string_view name, Type type);

  std::string to_string() const;  // "example.org TXT", for logs
  auto operator<=>(const Question&) const = default;
  void visit(auto& v) { v(name, type); }
};

}  // namespace dns

// SPDX-License-Identifier: Apache-2.0
#include "dns/question.h"

#include <algorithm>
#include <array>

#include "base/assert.h"
#include "dns/name.h"

namespace dns {
namespace {

struct TypeRow {
  Type type;
  const char* name;
  std::uint16_t code;
};

// In the order of the enumeration.
constexpr std::array kTypes = {
    TypeRow{Type::A, "A", 1},      TypeRow{Type::Aaaa, "AAAA", 28}, TypeRow{Type::Mx, "MX", 15},
    TypeRow{Type::Ptr, "PTR", 12}, TypeRow{Type::Txt, "TXT", 16},
};

const TypeRow& row_of(Type type) {
  const TypeRow& row = kTypes.at(static_cast<std::size_t>(type));
  POSTERN_ASSERT(row.type == type);
  return row;
}

}  // namespace

const char* name_of(Type type) { return row_of(type).name; }
std::uint16_t code_of(Type type) { return row_of(type).code; }

std::optional<Type> parse_type(std::string_view text) {
  const auto row = std::find_if(kTypes.begin(), kTypes.end(),
                                [&](const TypeRow& candidate) { return candidate.name == text; });
  if (row == kTypes.end()) return {};
  return row->type;
}

std::optional<Question> Question::about(std::string_view name, Type type) {
  auto normalized = normalized_name(name);
  if (!normalized) return {};
  return Question{std::move(*normalized), type};
}

std::string Question::to_string() const { return presentation(name) + ' ' + name_of(type); }

}  // namespace dns

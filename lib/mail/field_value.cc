// SPDX-License-Identifier: Apache-2.0
#include "mail/field_value.h"

#include "base/ascii.h"

namespace mail {
namespace {

std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
  return line;
}

bool continues(std::string_view rest) {
  return !rest.empty() && (rest.front() == ' ' || rest.front() == '\t');
}

bool is_named(std::string_view line, std::string_view name) {
  const auto colon = line.find(':');
  // White space before the colon is obsolete, and still read (RFC 5322 section 4.5).
  return colon != std::string_view::npos && base::iequals(base::trim(line.substr(0, colon)), name);
}

}  // namespace

std::optional<std::string> find_field(std::string_view message, std::string_view name) {
  while (!message.empty()) {
    const std::string_view line = take_line(message);
    if (line.empty()) return std::nullopt;
    const bool found = is_named(line, name);
    std::string value(found ? line.substr(line.find(':') + 1) : std::string_view());
    while (continues(message)) {
      const std::string_view more = take_line(message);
      if (found) value += more;
    }
    if (found) return std::string(base::trim(value));
  }
  return std::nullopt;
}

}  // namespace mail

// SPDX-License-Identifier: Apache-2.0
#include "dns/name.h"

#include <algorithm>
#include <cstdio>

#include "base/ascii.h"

namespace dns {
namespace {

bool is_plain(char c) { return c > ' ' && c <= '~' && c != '\\' && c != '"' && c != ';'; }

std::string escaped(char c) {
  std::string text(5, '\0');
  std::snprintf(text.data(), text.size(), "\\%03u", static_cast<unsigned>(c) & 0xffu);
  text.resize(4);
  return text;
}

// "\DDD", behind the backslash.
std::optional<char> unescaped(std::string_view digits) {
  if (digits.size() < 3 || !std::all_of(digits.begin(), digits.begin() + 3, base::is_digit))
    return {};
  const int value = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + (digits[2] - '0');
  // A dot inside a label cannot be told from one between labels.
  if (value > 0xff || value == '.') return {};
  return static_cast<char>(value);
}

std::string reversed_labels(std::string_view dotted) {
  std::string result;
  while (!dotted.empty()) {
    const auto dot = dotted.rfind('.');
    const auto start = dot == std::string_view::npos ? 0 : dot + 1;
    result += dotted.substr(start);
    result += '.';
    dotted = dotted.substr(0, start == 0 ? 0 : dot);
  }
  return result;
}

}  // namespace

std::optional<std::string> normalized_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.size() > kMaxName) return {};
  for (std::size_t start = 0; start <= name.size();) {
    const std::size_t end = std::min(name.find('.', start), name.size());
    if (end == start || end - start > kMaxLabel) return {};
    start = end + 1;
  }
  return base::lower(name);
}

std::size_t label_count(std::string_view normalized) {
  if (normalized.empty()) return 0;
  return static_cast<std::size_t>(std::count(normalized.begin(), normalized.end(), '.')) + 1;
}

bool is_at_or_below(std::string_view name, std::string_view domain) {
  if (!name.ends_with(domain)) return false;
  return name.size() == domain.size() || name[name.size() - domain.size() - 1] == '.';
}

std::string presentation(std::string_view normalized) {
  if (normalized.empty()) return ".";
  std::string result;
  for (const char c : normalized) {
    if (is_plain(c)) {
      result += c;
    } else {
      result += escaped(c);
    }
  }
  return result;
}

std::optional<std::string> from_presentation(std::string_view text) {
  if (text == ".") return "";
  std::string name;
  while (!text.empty()) {
    std::optional<char> c = text.front();
    text.remove_prefix(1);
    if (*c == '\\') {
      c = unescaped(text);
      if (!c) return {};
      text.remove_prefix(3);
    } else if (!is_plain(*c)) {
      return {};
    }
    name += *c;
  }
  return normalized_name(name);
}

std::string dotted_address(const base::IpAddress& address) {
  if (address.is_v4()) return address.to_string();
  static constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result;
  for (const std::uint8_t byte : address.bytes()) {
    result += kDigits[byte >> 4];
    result += '.';
    result += kDigits[byte & 0xf];
    result += '.';
  }
  result.pop_back();
  return result;
}

std::string reverse_name(const base::IpAddress& address) {
  return reversed_labels(dotted_address(address)) + (address.is_v4() ? "in-addr.arpa" : "ip6.arpa");
}

}  // namespace dns

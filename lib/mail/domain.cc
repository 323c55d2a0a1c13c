// SPDX-License-Identifier: Apache-2.0
#include "mail/domain.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/ascii.h"

namespace mail {
namespace {

constexpr std::size_t kV6Groups = 8;        // of 16 bits
constexpr std::size_t kV6GroupsBeside = 6;  // beside "::", which stands for two at least
constexpr std::string_view kV6Gap = "::";

bool is_ldh(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '-'; });
}

// sub-domain = Let-dig [Ldh-str]
bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= kMaxLabel && base::is_alnum(text.front()) &&
         base::is_alnum(text.back()) && is_ldh(text);
}

// Snum = 1*3DIGIT, in decimal whatever it begins with, at most 255.
bool is_snum(std::string_view text) {
  unsigned number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  return text.size() <= 3 && parsed.ec == std::errc() && parsed.ptr == end && number <= 255;
}

// IPv4-address-literal = Snum 3("." Snum)
bool is_v4(std::string_view text) {
  for (int dots = 0; dots < 3; ++dots) {
    const auto dot = text.find('.');
    if (dot == std::string_view::npos || !is_snum(text.substr(0, dot))) return false;
    text.remove_prefix(dot + 1);
  }
  return is_snum(text);
}

// IPv6-hex = 1*4HEXDIG
bool is_v6_hex(std::string_view text) {
  return !text.empty() && text.size() <= 4 &&
         text.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
}

// How many groups stand in `text`, none in an empty one; nothing where it is not valid. An IPv4
// address may be the last and counts as two.
std::optional<std::size_t> v6_groups(std::string_view text, bool may_end_in_v4) {
  if (text.empty()) return 0;
  for (std::size_t groups = 1;; ++groups) {
    const auto colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    const bool last = colon == std::string_view::npos;
    if (last && may_end_in_v4 && is_v4(group)) return groups + 1;
    if (!is_v6_hex(group)) return {};
    if (last) return groups;
    text.remove_prefix(colon + 1);
  }
}

// IPv6-addr = IPv6-full / IPv6-comp / IPv6v4-full / IPv6v4-comp
bool is_v6(std::string_view text) {
  const auto gap = text.find(kV6Gap);
  if (gap == std::string_view::npos) return v6_groups(text, true) == kV6Groups;
  const auto before = v6_groups(text.substr(0, gap), false);
  const auto behind = v6_groups(text.substr(gap + kV6Gap.size()), true);
  return before && behind && *before + *behind <= kV6GroupsBeside;
}

// General-address-literal = Standardized-tag ":" 1*dcontent. Only the tag "IPv6" is registered.
bool is_general(std::string_view tag, std::string_view content) {
  const auto is_dcontent = [](char c) {
    return base::is_printable(c) && c != ' ' && c != '[' && c != '\\' && c != ']';
  };
  return !tag.empty() && base::is_alnum(tag.back()) && is_ldh(tag) && !content.empty() &&
         std::all_of(content.begin(), content.end(), is_dcontent);
}

}  // namespace

bool is_domain(std::string_view text) {
  if (text.size() > kMaxDomain) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// address-literal = "[" ( IPv4-address-literal / IPv6-address-literal / General-address-literal )
// "]"; RFC 5321 section 4.1.3
bool is_address_literal(std::string_view text) {
  if (text.size() > kMaxDomain || text.size() < 2) return false;
  if (text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return is_v4(text);
  const std::string_view tag = text.substr(0, colon);
  const std::string_view content = text.substr(colon + 1);
  return base::iequals(tag, "IPv6") ? is_v6(content) : is_general(tag, content);
}

}  // namespace mail

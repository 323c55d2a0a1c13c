// SPDX-License-Identifier: Apache-2.0
#include "auth/dkim_tags.h"

#include <algorithm>
#include <charconv>

#include "base/ascii.h"
#include "base/base64.h"
#include "base/utf8.h"

namespace auth {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kHexDigits = "0123456789ABCDEF";  // section 2.11: upper case only

bool is_space(char c) { return kSpace.find(c) != std::string_view::npos; }

std::string_view without_space_around(std::string_view text) {
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// dkim-safe-char
bool is_dkim_safe(char c) { return base::is_printable(c) && c != ' ' && c != ';' && c != '='; }

// tag-name = ALPHA *ALNUMPUNC
bool is_tag_name(std::string_view name) {
  return !name.empty() && base::is_alpha(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return base::is_alnum(c) || c == '_'; });
}

// U+0080 to U+009F, in UTF-8.
bool has_c1_control(std::string_view text) {
  for (auto at = text.find('\xc2'); at != std::string_view::npos; at = text.find('\xc2', at + 1))
    if (text[at + 1] < '\xa0') return true;
  return false;
}

bool is_of(DkimCharset charset, std::string_view text) {
  if (base::is_ascii(text)) return true;
  return charset == DkimCharset::Utf8 && base::is_utf8(text) && !has_c1_control(text);
}

// FWS: a line break only where white space follows.
bool is_folded_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool valchar = base::is_printable(text[i]) || text[i] == '\t' || !base::is_ascii(text[i]);
    if (valchar) continue;
    const std::string_view fold = text.substr(i, 3);
    if (fold != "\r\n " && fold != "\r\n\t") return false;
    i += 2;
  }
  return true;
}

// tag-spec = [FWS] tag-name [FWS] "=" [FWS] tag-value [FWS]
std::optional<DkimTag> parse_spec(std::string_view spec) {
  const auto equals = spec.find('=');
  if (equals == std::string_view::npos) return {};
  DkimTag tag;
  tag.name = without_space_around(spec.substr(0, equals));
  tag.value = without_space_around(spec.substr(equals + 1));
  if (!is_tag_name(tag.name)) return {};
  tag.tight = !is_space(spec[equals - 1]);
  return tag;
}

}  // namespace

// tag-list = tag-spec *( ";" tag-spec ) [ ";" ]
std::variant<DkimTagList, DkimTagFault> DkimTagList::parse(std::string_view text,
                                                           DkimCharset charset) {
  DkimTagList list;
  if (!is_of(charset, text) || !is_folded_text(text)) return DkimTagFault::Malformed;
  while (true) {
    const auto semicolon = text.find(';');
    const auto tag = parse_spec(text.substr(0, semicolon));
    if (!tag) return DkimTagFault::Malformed;
    if (list.tags_.size() == kMaxDkimTags) return DkimTagFault::TooMany;
    if (list.find(tag->name) != nullptr) return DkimTagFault::Duplicate;
    list.tags_.push_back(*tag);
    if (semicolon == std::string_view::npos) return list;
    text.remove_prefix(semicolon + 1);
    if (without_space_around(text).empty()) return list;
  }
}

const DkimTag* DkimTagList::find(std::string_view name) const {
  const auto found = std::find_if(tags_.begin(), tags_.end(),
                                  [&](const DkimTag& tag) { return tag.name == name; });
  return found == tags_.end() ? nullptr : &*found;
}

std::string squeezed(std::string_view value) {
  std::string text(value);
  std::erase_if(text, is_space);
  return text;
}

std::vector<std::string_view> split_by_colon(std::string_view value) {
  std::vector<std::string_view> members;
  while (true) {
    const auto colon = value.find(':');
    members.push_back(without_space_around(value.substr(0, colon)));
    if (colon == std::string_view::npos) return members;
    value.remove_prefix(colon + 1);
  }
}

std::optional<std::uint64_t> parse_digits(std::string_view value, std::size_t most) {
  std::uint64_t number = 0;
  const char* const end = value.data() + value.size();
  const auto parsed = std::from_chars(value.data(), end, number);
  if (value.size() > most || parsed.ec != std::errc() || parsed.ptr != end) return {};
  return number;
}

// *(FWS / hex-octet / dkim-safe-char)
std::optional<std::string> parse_dkim_quoted_printable(std::string_view value) {
  std::string text;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (is_space(value[i])) continue;
    if (value[i] != '=') {
      text += value[i];
      continue;
    }
    const std::string_view digits = value.substr(i + 1, 2);
    if (digits.size() < 2 || digits.find_first_not_of(kHexDigits) != std::string_view::npos)
      return {};
    text += static_cast<char>(kHexDigits.find(digits[0]) * 16 + kHexDigits.find(digits[1]));
    i += 2;
  }
  return text;
}

std::string to_dkim_quoted_printable(std::string_view text) {
  std::string value;
  for (const char c : text) {
    if (is_dkim_safe(c)) {
      value += c;
      continue;
    }
    const auto octet = static_cast<unsigned char>(c);
    value.append({'=', kHexDigits[octet / 16], kHexDigits[octet % 16]});
  }
  return value;
}

std::optional<std::string> parse_dkim_base64(std::string_view value) {
  auto bytes = base::from_base64(squeezed(value));
  if (!bytes || bytes->empty()) return {};
  return bytes;
}

}  // namespace auth

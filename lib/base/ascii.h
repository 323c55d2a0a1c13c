// SPDX-License-Identifier: Apache-2.0
// Character classes and case folding for ASCII protocols; never looks at the locale.
#pragma once

#include <string>
#include <string_view>

namespace base {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_alpha(char c) { return is_upper(c) || is_lower(c); }
constexpr bool is_alnum(char c) { return is_alpha(c) || is_digit(c); }
constexpr bool is_printable(char c) { return c >= 0x20 && c <= 0x7e; }

constexpr bool is_ascii(char c) { return static_cast<unsigned char>(c) < 0x80; }

constexpr char to_lower(char c) { return is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c; }
constexpr char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c; }

std::string lower(std::string_view text);
std::string upper(std::string_view text);
bool iequals(std::string_view a, std::string_view b);
bool istarts_with(std::string_view text, std::string_view prefix);
bool is_ascii(std::string_view text);

// With '?' for every byte that is not printable ASCII.
std::string printable(std::string_view text);

// Without leading and trailing blanks and tabs.
std::string_view trim(std::string_view text);

// Takes what stands before the separator off the text, and the separator; all, where there is none.
std::string_view take_until(std::string_view& text, char separator);

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
#include "auth/spf_macro.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "base/ascii.h"

namespace auth {
namespace {

struct Letter {
  char letter;
  std::string MacroValues::*value;
  bool explanation_only;
};

// RFC 7208 section 7.2
constexpr std::array kLetters = {
    Letter{'s', &MacroValues::sender, false},         Letter{'l', &MacroValues::local_part, false},
    Letter{'o', &MacroValues::sender_domain, false},  Letter{'d', &MacroValues::domain, false},
    Letter{'i', &MacroValues::client, false},         Letter{'p', &MacroValues::validated, false},
    Letter{'v', &MacroValues::version, false},        Letter{'h', &MacroValues::helo, false},
    Letter{'c', &MacroValues::readable_client, true}, Letter{'r', &MacroValues::receiver, true},
    Letter{'t', &MacroValues::timestamp, true},
};

constexpr std::string_view kDelimiters = ".-+,/_=";
// More parts than any value has: section 7.3 wants numbers up to 127 to work.
constexpr std::size_t kManyParts = 1000;

const Letter* find_letter(char lower_case) {
  const auto row = std::find_if(kLetters.begin(), kLetters.end(), [=](const Letter& candidate) {
    return candidate.letter == lower_case;
  });
  return row == kLetters.end() ? nullptr : &*row;
}

std::vector<std::string_view> split(std::string_view text, std::string_view delimiters) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find_first_of(delimiters);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

// RFC 3986 section 2.3: all but the unreserved characters.
std::string url_escape(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (base::is_alnum(c) || std::string_view("-._~").find(c) != std::string_view::npos) {
      result += c;
      continue;
    }
    std::array<char, 4> hex{};
    std::snprintf(hex.data(), hex.size(), "%%%02X", static_cast<unsigned>(c) & 0xffu);
    result += hex.data();
  }
  return result;
}

// toplabel = ( *alphanum ALPHA *alphanum ) / ( 1*alphanum "-" *( alphanum / "-" ) alphanum )
bool is_top_label(std::string_view label) {
  const auto is_inner = [](char c) { return base::is_alnum(c) || c == '-'; };
  if (label.empty() || !base::is_alnum(label.front()) || !base::is_alnum(label.back()))
    return false;
  return std::all_of(label.begin(), label.end(), is_inner) &&
         !std::all_of(label.begin(), label.end(), base::is_digit);
}

}  // namespace

// Takes `rest_` apart, piece by piece.
class MacroString::Parser {
 public:
  Parser(std::string_view text, MacroPlace place) : rest_(text), place_(place) {}

  bool parse(std::vector<Piece>& pieces) {
    while (!rest_.empty()) {
      Piece piece;
      if (rest_.front() == '%' ? !take_expand(piece) : !take_literal(piece)) return false;
      pieces.push_back(std::move(piece));
    }
    return true;
  }

 private:
  char take() {
    if (rest_.empty()) return '\0';
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  // macro-literal = %x21-24 / %x26-7E; a blank only in an explanation.
  bool take_literal(Piece& piece) {
    piece.literal = rest_.substr(0, rest_.find('%'));
    rest_.remove_prefix(piece.literal.size());
    const char least = place_ == MacroPlace::Explanation ? ' ' : '!';
    return std::all_of(piece.literal.begin(), piece.literal.end(),
                       [=](char c) { return c >= least && c <= '~'; });
  }

  // macro-expand = ( "%{" macro-letter transformers *delimiter "}" ) / "%%" / "%_" / "%-"
  bool take_expand(Piece& piece) {
    take();
    switch (take()) {
      case '{':
        return take_macro(piece);
      case '%':
        piece.literal = "%";
        break;
      case '_':
        piece.literal = " ";
        break;
      case '-':
        piece.literal = "%20";
        break;
      default:
        return false;
    }
    piece.is_escape = true;
    return true;
  }

  bool take_macro(Piece& piece) {
    const char letter = take();
    const Letter* row = find_letter(base::to_lower(letter));
    if (row == nullptr || (row->explanation_only && place_ != MacroPlace::Explanation))
      return false;
    piece.letter = row->letter;
    piece.url_escaped = base::is_upper(letter);
    if (!take_number(piece)) return false;
    if (!rest_.empty() && base::to_lower(rest_.front()) == 'r') {
      piece.reversed = true;
      take();
    }
    piece.delimiters = rest_.substr(0, rest_.find_first_not_of(kDelimiters));
    rest_.remove_prefix(piece.delimiters.size());
    if (piece.delimiters.empty()) piece.delimiters = ".";
    return take() == '}';
  }

  // RFC 7208 section 7.3: a number must not be zero.
  bool take_number(Piece& piece) {
    if (rest_.empty() || !base::is_digit(rest_.front())) return true;
    while (!rest_.empty() && base::is_digit(rest_.front())) {
      const auto digit = static_cast<std::size_t>(take() - '0');
      piece.right_parts = std::min(piece.right_parts * 10 + digit, kManyParts);
    }
    return piece.right_parts != 0;
  }

  std::string_view rest_;
  MacroPlace place_;
};

std::optional<MacroString> MacroString::parse(std::string_view text, MacroPlace place) {
  MacroString result;
  if (!Parser(text, place).parse(result.pieces_)) return {};
  if (place == MacroPlace::DomainSpec && !result.ends_as_domain()) return {};
  return result;
}

// domain-end = ( "." toplabel [ "." ] ) / macro-expand
bool MacroString::ends_as_domain() const {
  if (pieces_.empty()) return false;
  const Piece& last = pieces_.back();
  if (last.letter != 0 || last.is_escape) return true;
  std::string_view literal = last.literal;
  if (literal.ends_with('.')) literal.remove_suffix(1);
  const auto dot = literal.rfind('.');
  return dot != std::string_view::npos && is_top_label(literal.substr(dot + 1));
}

bool MacroString::uses(char lower_case_letter) const {
  return std::any_of(pieces_.begin(), pieces_.end(),
                     [=](const Piece& piece) { return piece.letter == lower_case_letter; });
}

std::string MacroString::expand(const Piece& piece, const MacroValues& values) {
  if (piece.letter == 0) return piece.literal;
  const std::string& value = values.*find_letter(piece.letter)->value;
  auto parts = split(value, piece.delimiters);
  if (piece.reversed) std::reverse(parts.begin(), parts.end());
  if (piece.right_parts != 0 && piece.right_parts < parts.size())
    parts.erase(parts.begin(), parts.end() - static_cast<std::ptrdiff_t>(piece.right_parts));
  // Section 7.3: joined by dots, whatever they were split at.
  std::string text(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) (text += '.') += parts[i];
  return piece.url_escaped ? url_escape(text) : text;
}

std::string MacroString::expand(const MacroValues& values, std::size_t enough) const {
  std::vector<std::string> from_right;
  std::size_t size = 0;
  for (auto piece = pieces_.rbegin(); piece != pieces_.rend() && size <= enough; ++piece) {
    from_right.push_back(expand(*piece, values));
    size += from_right.back().size();
  }
  std::string result;
  result.reserve(size);
  for (auto text = from_right.rbegin(); text != from_right.rend(); ++text) result += *text;
  return result;
}

}  // namespace auth

// SPDX-License-Identifier: Apache-2.0
// Macro-strings of SPF (RFC 7208 section 7): parsed once, expanded for a domain.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace auth {

// What the letters stand for (RFC 7208 section 7.2). `domain` and `validated` change during an
// evaluation.
struct MacroValues {
  std::string sender;           // s: local-part@domain
  std::string local_part;       // l
  std::string sender_domain;    // o
  std::string domain;           // d: whose record is evaluated
  std::string client;           // i: dotted, nibbles in upper case
  std::string validated;        // p
  std::string version;          // v: "in-addr" or "ip6"
  std::string helo;             // h
  std::string readable_client;  // c
  std::string receiver;         // r
  std::string timestamp;        // t: seconds since 1970
};

// Where a macro-string stands decides what may be in it.
enum class MacroPlace {
  DomainSpec,   // ends in a macro or a top label
  Modifier,     // a value that nobody knows
  Explanation,  // the text of an exp=: blanks and the letters c, r, t too
};

class MacroString {
 public:
  // Nothing when `text` is not of the grammar of section 7.1.
  static std::optional<MacroString> parse(std::string_view text, MacroPlace place);

  bool uses(char lower_case_letter) const;

  // Works from the right and stops when it has more than `enough` octets: only the end of a name
  // counts, and nobody shall make us write more. A result above `enough` may lack its beginning.
  std::string expand(const MacroValues& values, std::size_t enough) const;

 private:
  struct Piece {
    std::string literal;     // when there is no letter
    char letter = 0;         // of a macro, lower case
    bool is_escape = false;  // %%, %_ or %-: literal, but a macro to the grammar
    bool url_escaped = false;
    bool reversed = false;
    std::size_t right_parts = 0;  // zero: all
    std::string delimiters;
  };
  class Parser;

  static std::string expand(const Piece& piece, const MacroValues& values);
  bool ends_as_domain() const;

  std::vector<Piece> pieces_;
};

}  // namespace auth

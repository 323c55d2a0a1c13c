// SPDX-License-Identifier: Apache-2.0
// The tokens of structured header fields (RFC 5322 section 3.2), with their obsolete forms (section
// 4) and the UTF-8 of RFC 6532, which it does not check: an octet beyond ASCII is text.
//
// Comments and folding white space are dropped between tokens: with its obsolete forms the grammar
// allows them between any two. Tokens are views into the text, which the caller keeps. The time is
// linear in the length of the text, the memory constant.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace mail {

inline constexpr std::size_t kMaxCommentDepth = 20;  // comments within each other

bool is_atext(char c);  // bytes of UTF-8 included (RFC 6532 section 3.2)

struct Token {
  enum class Kind {
    Atom,
    QuotedString,   // with its quotes
    DomainLiteral,  // with its brackets
    Special,        // one of <>:;@,.
    End,
    Invalid,  // the text is not valid from here on
    TooDeep,  // more than kMaxCommentDepth
  };

  Kind kind = Kind::End;
  std::string_view raw = {};  // as written

  bool is(char special) const { return kind == Kind::Special && raw.front() == special; }
  bool is_word() const { return kind == Kind::Atom || kind == Kind::QuotedString; }
};

// Control characters are taken where the obsolete grammar has them, in quoted strings and comments.
// NUL never is, nor CR or LF behind a backslash, though it has these too: no message that we accept
// contains the one, and the others would end a line. A quoted pair in a domain literal is invalid:
// no address of the envelope could say the same.
class Rfc5322Lexer {
 public:
  explicit Rfc5322Lexer(std::string_view text) : rest_(text) {}

  // The next token; after End, Invalid or TooDeep the same for ever.
  Token next();

 private:
  bool next_is(char c) const { return !rest_.empty() && rest_.front() == c; }
  bool fail(Token::Kind kind);
  bool skip_cfws();
  bool skip_comment();
  bool skip_fws();
  bool skip_text();
  bool skip_atom();
  bool skip_quoted_string();
  bool skip_domain_literal();
  bool skip_special();
  Token token(Token::Kind kind, bool (Rfc5322Lexer::*skip)());

  std::string_view rest_;
  Token failure_;  // End: none
};

// What a quoted string stands for: without quotes, backslashes and line breaks.
std::string unquoted(std::string_view quoted_string);

}  // namespace mail

// SPDX-License-Identifier: Apache-2.0
#include "mail/rfc5322_lexer.h"

#include "base/ascii.h"

namespace mail {
namespace {

bool is_wsp(char c) { return c == ' ' || c == '\t'; }

// VCHAR and UTF8-non-ascii, or obs-NO-WS-CTL (section 4.1): all but NUL, TAB, LF, CR and blank.
bool is_text(char c) { return c != '\0' && c != '\t' && c != '\n' && c != '\r' && c != ' '; }

// dtext without its obsolete forms, and the bracket that ends it
bool is_dtext(char c) {
  return !base::is_ascii(c) || (base::is_printable(c) && c != ' ' && c != '[' && c != '\\');
}

}  // namespace

bool is_atext(char c) {
  return base::is_alnum(c) || !base::is_ascii(c) ||
         std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string_view::npos;
}

Token Rfc5322Lexer::next() {
  using Kind = Token::Kind;
  if (failure_.kind != Kind::End || !skip_cfws() || rest_.empty()) return failure_;
  if (next_is('"')) return token(Kind::QuotedString, &Rfc5322Lexer::skip_quoted_string);
  if (next_is('[')) return token(Kind::DomainLiteral, &Rfc5322Lexer::skip_domain_literal);
  if (is_atext(rest_.front())) return token(Kind::Atom, &Rfc5322Lexer::skip_atom);
  return token(Kind::Special, &Rfc5322Lexer::skip_special);
}

Token Rfc5322Lexer::token(Token::Kind kind, bool (Rfc5322Lexer::*skip)()) {
  const std::string_view from = rest_;
  if (!(this->*skip)()) return failure_;
  return {kind, from.substr(0, from.size() - rest_.size())};
}

bool Rfc5322Lexer::fail(Token::Kind kind) {
  failure_.kind = kind;
  return false;
}

// CFWS = (1*([FWS] comment) [FWS]) / FWS
bool Rfc5322Lexer::skip_cfws() {
  if (!skip_fws()) return false;
  while (next_is('(')) {
    if (!skip_comment() || !skip_fws()) return false;
  }
  return true;
}

// FWS, obs-FWS: blanks, and line breaks with a blank behind each.
bool Rfc5322Lexer::skip_fws() {
  while (!rest_.empty()) {
    const bool folds = rest_.size() > 2 && rest_.starts_with("\r\n") && is_wsp(rest_[2]);
    if (!folds && !is_wsp(rest_.front())) break;
    rest_.remove_prefix(folds ? 3 : 1);
  }
  return (!next_is('\r') && !next_is('\n')) || fail(Token::Kind::Invalid);
}

// comment = "(" *([FWS] ccontent) [FWS] ")" ; ccontent = ctext / quoted-pair / comment
bool Rfc5322Lexer::skip_comment() {
  std::size_t depth = 0;
  do {
    if (next_is('(') && ++depth > kMaxCommentDepth) return fail(Token::Kind::TooDeep);
    if (next_is(')')) --depth;
    if (!skip_text()) return false;
  } while (depth > 0 && skip_fws());
  return depth == 0;
}

// One character of a comment or quoted string, or a quoted pair = "\" (VCHAR / WSP).
bool Rfc5322Lexer::skip_text() {
  const std::size_t size = next_is('\\') ? 2 : 1;
  if (rest_.size() < size) return fail(Token::Kind::Invalid);
  const char c = rest_[size - 1];
  if (!is_text(c) && !(size == 2 && is_wsp(c))) return fail(Token::Kind::Invalid);
  rest_.remove_prefix(size);
  return true;
}

bool Rfc5322Lexer::skip_atom() {
  while (!rest_.empty() && is_atext(rest_.front())) rest_.remove_prefix(1);
  return true;
}

// quoted-string = [CFWS] DQUOTE *([FWS] qcontent) [FWS] DQUOTE [CFWS]
bool Rfc5322Lexer::skip_quoted_string() {
  do {
    if (!skip_text() || !skip_fws()) return false;
  } while (!next_is('"'));
  rest_.remove_prefix(1);
  return true;
}

// domain-literal = [CFWS] "[" *([FWS] dtext) [FWS] "]" [CFWS]
bool Rfc5322Lexer::skip_domain_literal() {
  do {
    rest_.remove_prefix(1);
    if (!skip_fws()) return false;
    if (rest_.empty() || !is_dtext(rest_.front())) return fail(Token::Kind::Invalid);
  } while (!next_is(']'));
  rest_.remove_prefix(1);
  return true;
}

bool Rfc5322Lexer::skip_special() {
  if (std::string_view("<>:;@,.").find(rest_.front()) == std::string_view::npos)
    return fail(Token::Kind::Invalid);
  rest_.remove_prefix(1);
  return true;
}

std::string unquoted(std::string_view quoted_string) {
  std::string text;
  for (std::size_t at = 1; at + 1 < quoted_string.size(); ++at) {
    if (quoted_string[at] == '\r' || quoted_string[at] == '\n') continue;
    if (quoted_string[at] == '\\') ++at;
    text += quoted_string[at];
  }
  return text;
}

}  // namespace mail

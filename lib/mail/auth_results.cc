// SPDX-License-Identifier: Apache-2.0
#include "mail/auth_results.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "base/assert.h"
#include "base/utf8.h"
#include "mail/domain.h"
#include "mail/folded.h"
#include "mail/idn.h"
#include "mail/rfc5322_lexer.h"

namespace mail {
namespace {

constexpr std::string_view kSeparator = ";";
constexpr std::string_view kLineEnd = "\r\n";

// token of RFC 2045 section 5.1: no blank, no control character, no tspecial
bool is_token_char(char c) {
  return base::is_printable(c) &&
         std::string_view(" ()<>@,;:\\\"/[]?=").find(c) == std::string::npos;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}

// [ local-part ] "@" domain-name, as far as it needs no quotes: a local part in quotes, a literal
// and what is no token are a quoted-string as a whole.
bool is_plain_address(std::string_view text) {
  const auto at = text.rfind('@');
  return at != std::string_view::npos && (at == 0 || is_token(text.substr(0, at))) &&
         is_domain(text.substr(at + 1));
}

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80; }

std::string cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return std::string(text);
  std::size_t end = most;
  while (end > 0 && is_continuation(text[end])) --end;  // no part of a character
  return std::string(text.substr(0, end)) + "...";
}

std::string cleaned(std::string_view text, std::size_t most, bool smtputf8) {
  std::string result = cut(text, most);
  const bool keep_utf8 = smtputf8 && base::is_utf8(result);
  std::replace_if(
      result.begin(), result.end(),
      [&](char c) { return base::is_ascii(c) ? !base::is_printable(c) : !keep_utf8; }, '?');
  return result;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// pvalue, and value = token / quoted-string
std::string value_of(std::string_view text) {
  return is_token(text) || is_plain_address(text) ? std::string(text) : quoted(text);
}

// methodspec [ CFWS reasonspec ] [ CFWS 1*propspec ]
std::vector<std::string> tokens_of(const AuthResult& result, bool smtputf8) {
  std::vector<std::string> tokens = {' ' + result.method + '=' + result.result};
  if (!result.reason.empty())
    tokens.push_back("reason=" + quoted(cleaned(result.reason, kMaxAuthReason, smtputf8)));
  for (const AuthProperty& property : result.properties) {
    const std::string value = cleaned(property.value, kMaxAuthValue, smtputf8);
    tokens.push_back(property.name + '=' + value_of(value));
  }
  return tokens;
}

// What the words and dots at the beginning say together: an authserv-id in any spelling, that with
// comments between its labels included. `next` is what stands behind.
std::string read_id(Rfc5322Lexer& lexer, Token& next) {
  std::string id;
  for (next = lexer.next(); next.is_word() || next.is('.'); next = lexer.next()) {
    if (!next.is('.') && !id.empty() && !id.ends_with('.')) break;
    id += next.kind == Token::Kind::QuotedString ? unquoted(next.raw) : std::string(next.raw);
  }
  return id;
}

// An authserv-id as it is compared; nothing where it could not be one.
std::optional<std::string> normalized_id(std::string_view id) {
  if (id.ends_with('.')) id.remove_suffix(1);
  if (base::is_ascii(id)) return is_token(id) ? std::optional(base::lower(id)) : std::nullopt;
  return to_a_labels(id);
}

// authres-version = 1*DIGIT
bool is_version(const Token& token) {
  return token.kind == Token::Kind::Atom &&
         std::all_of(token.raw.begin(), token.raw.end(), base::is_digit);
}

bool contains(std::string_view text, std::string_view authserv_id) {
  return base::lower(text).find(authserv_id) != std::string::npos;
}

// The same without what a reader might pass over.
bool may_say(std::string_view value, std::string_view authserv_id) {
  std::string bare(value);
  std::erase_if(
      bare, [](char c) { return std::string_view(" \t\r\n\"\\").find(c) != std::string::npos; });
  // An encoded word is no part of the grammar, but readers decode it (RFC 2047 section 2).
  return contains(bare, authserv_id) || !base::is_ascii(value) ||
         value.find("=?") != std::string_view::npos;
}

}  // namespace

AuthResultsField::AuthResultsField(const std::string& authserv_id, bool smtputf8)
    : text_(folded({std::string(kAuthResults) + ':', authserv_id + ';'}, ' ')),
      smtputf8_(smtputf8) {}

bool AuthResultsField::add(const AuthResult& result, std::size_t reserve) {
  const std::string more = folded(tokens_of(result, smtputf8_), ' ');
  const std::size_t size = text_.size() + kSeparator.size() + more.size();
  if (size + reserve > kMaxAuthResults) return false;
  if (!is_empty_) text_.insert(text_.size() - kLineEnd.size(), kSeparator);
  text_ += more;
  is_empty_ = false;
  return true;
}

const std::string& AuthResultsField::text() const {
  POSTERN_ASSERT(!is_empty_);
  return text_;
}

bool is_auth_results(const HeaderField& field) { return base::iequals(field.name, kAuthResults); }

bool is_our_auth_results(const HeaderField& field, std::string_view authserv_id) {
  if (!is_auth_results(field)) return false;
  Rfc5322Lexer lexer(field.value);
  Token next;
  const std::string id = read_id(lexer, next);
  const auto name = normalized_id(id);
  if (name == authserv_id) return true;
  if (is_version(next)) next = lexer.next();
  if (next.kind == Token::Kind::TooDeep) return true;  // a reader with more patience sees our name
  const bool ends = next.is(';') || next.kind == Token::Kind::End;
  return !(ends && name) && (contains(id, authserv_id) || may_say(field.value, authserv_id));
}

}  // namespace mail

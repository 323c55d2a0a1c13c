// SPDX-License-Identifier: Apache-2.0
#include "mail/from.h"

#include <algorithm>
#include <iterator>
#include <optional>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/idn.h"
#include "mail/rfc5322_lexer.h"

namespace mail {
namespace {

std::string_view span(const std::vector<Token>& tokens) {
  if (tokens.empty()) return {};
  const std::string_view first = tokens.front().raw;
  const std::string_view last = tokens.back().raw;
  return {first.data(), static_cast<std::size_t>(last.data() - first.data()) + last.size()};
}

// local-part = dot-atom / quoted-string / obs-local-part ; obs-local-part = word *("." word)
// Dots may stand anywhere: some providers have given out such addresses, and no mail program takes
// their domain for another.
std::optional<std::string> local_part(const std::vector<Token>& tokens) {
  std::string text;
  bool after_word = false;
  for (const Token& token : tokens) {
    if (token.is_word() && after_word) return {};
    after_word = token.is_word();
    text += token.kind == Token::Kind::QuotedString ? unquoted(token.raw) : std::string(token.raw);
  }
  const auto is_control = [](char c) {
    return base::is_ascii(c) && !base::is_printable(c) && c != '\t';
  };
  const bool has_word =
      std::any_of(tokens.begin(), tokens.end(), [](const Token& token) { return token.is_word(); });
  if (!has_word || !base::is_utf8(text) || std::any_of(text.begin(), text.end(), is_control))
    return {};
  return text;
}

// Each read_ and skip_ function takes one element of the grammar, or fails; then the value as a
// whole has failed.
class Parser {
 public:
  explicit Parser(std::string_view value) : lexer_(value), token_(lexer_.next()) {}

  std::variant<std::vector<FromMailbox>, FromError> parse() {
    if (read_list(Place::Top) && token_.kind != Token::Kind::End) fail(FromError::BadSyntax);
    if (!error_ && mailboxes_.empty()) fail(FromError::NoMailbox);
    if (error_) return *error_;
    return std::move(mailboxes_);
  }

 private:
  enum class Place { Top, Group };

  bool fail(FromError error) {
    const bool too_deep = token_.kind == Token::Kind::TooDeep;
    if (!error_) error_ = too_deep ? FromError::TooDeep : error;
    return false;
  }

  bool accept(char special) {
    if (!token_.is(special)) return false;
    token_ = lexer_.next();
    return true;
  }
  bool require(char special) { return accept(special) || fail(FromError::BadSyntax); }

  // mailbox-list, address-list, group-list. The obsolete forms allow members to be empty.
  bool read_list(Place place) {
    do {
      const bool empty = token_.is(',') || token_.is(';') || token_.kind == Token::Kind::End;
      if (!empty && !read_member(place)) return false;
    } while (accept(','));
    return true;
  }

  // address = mailbox / group ; mailbox = name-addr / addr-spec. What begins them looks the same:
  // display-name = phrase = word *(word / "."), and local-part.
  bool read_member(Place place) {
    const std::vector<Token> words = read_words();
    if (token_.is('@')) return read_addr_spec(words, {});
    if (!words.empty() && !words.front().is_word()) return fail(FromError::BadSyntax);
    if (token_.is('<')) return read_angle_addr(span(words));
    if (words.empty() || place == Place::Group) return fail(FromError::BadSyntax);
    // group = display-name ":" [group-list] ";"
    return require(':') && read_list(Place::Group) && require(';');
  }

  std::vector<Token> read_words() {
    std::vector<Token> words;
    for (; token_.is_word() || token_.is('.'); token_ = lexer_.next()) words.push_back(token_);
    return words;
  }

  // angle-addr = "<" [obs-route] addr-spec ">"
  bool read_angle_addr(std::string_view display_name) {
    accept('<');
    if ((token_.is('@') || token_.is(',')) && !skip_route()) return false;
    return read_addr_spec(read_words(), display_name) && require('>');
  }

  // obs-route = *(",") "@" domain *("," ["@" domain]) ":" ; what it says is ignored (section 4.4)
  bool skip_route() {
    while (accept(',')) continue;
    if (!require('@') || !skip_domain()) return false;
    while (accept(',')) {
      if (accept('@') && !skip_domain()) return false;
    }
    return require(':');
  }

  bool skip_domain() {
    std::string ignored;
    if (token_.kind != Token::Kind::DomainLiteral) return read_name(ignored);
    token_ = lexer_.next();
    return true;
  }

  // addr-spec = local-part "@" domain
  bool read_addr_spec(const std::vector<Token>& words, std::string_view display_name) {
    auto local = local_part(words);
    if (!local) return fail(FromError::BadSyntax);
    FromMailbox mailbox{display_name, {std::move(*local), {}, false}};
    if (!require('@') || !read_domain(mailbox.address)) return false;
    if (mailboxes_.size() == kMaxFromMailboxes) return fail(FromError::TooMany);
    mailboxes_.push_back(std::move(mailbox));
    return true;
  }

  // domain = dot-atom / domain-literal / obs-domain
  bool read_domain(Address& address) {
    if (token_.kind == Token::Kind::DomainLiteral) return read_literal(address);
    std::string name;
    if (!read_name(name)) return false;
    auto domain = to_a_labels(name);
    if (!domain) return fail(FromError::BadDomain);
    address.domain = std::move(*domain);
    return true;
  }

  // obs-domain = atom *("." atom), which is dot-atom too
  bool read_name(std::string& name) {
    do {
      if (token_.kind != Token::Kind::Atom) return fail(FromError::BadSyntax);
      if (!name.empty()) name += '.';
      name += token_.raw;
      token_ = lexer_.next();
    } while (accept('.'));
    return true;
  }

  bool read_literal(Address& address) {
    std::string literal;
    std::copy_if(token_.raw.begin(), token_.raw.end(), std::back_inserter(literal),
                 [](char c) { return std::string_view(" \t\r\n").find(c) == std::string::npos; });
    if (!is_address_literal(literal)) return fail(FromError::BadDomain);
    address.domain = std::move(literal);
    address.is_literal = true;
    token_ = lexer_.next();
    return true;
  }

  Rfc5322Lexer lexer_;
  Token token_;
  std::vector<FromMailbox> mailboxes_;
  std::optional<FromError> error_;
};

}  // namespace

std::string_view reason(FromError error) {
  switch (error) {
    case FromError::BadSyntax:
      return "bad_syntax";
    case FromError::NoMailbox:
      return "no_mailbox";
    case FromError::TooMany:
      return "too_many";
    case FromError::TooLong:
      return "too_long";
    case FromError::TooDeep:
      return "too_deep";
    case FromError::BadDomain:
      break;
  }
  return "bad_domain";
}

std::variant<std::vector<FromMailbox>, FromError> parse_from(std::string_view value) {
  if (value.size() > kMaxFromValue) return FromError::TooLong;
  return Parser(value).parse();
}

}  // namespace mail

// SPDX-License-Identifier: Apache-2.0
#include "mail/address.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "mail/idn.h"
#include "mail/rfc5322_lexer.h"

namespace mail {
namespace {

bool is_dot_string(std::string_view text) {
  bool after_dot = true;
  for (const char c : text) {
    if (c == '.' ? after_dot : !is_atext(c)) return false;
    after_dot = c == '.';
  }
  return !after_dot;
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

// A cursor over the text of one path. Each read_ function takes one element of the grammar, or
// says no; after a no the text as a whole is not valid.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::size_t position() const { return at_; }
  bool at_end() const { return at_ == text_.size(); }
  bool accept(char c) {
    if (at_end() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  // Mailbox = Local-part "@" ( Domain / address-literal )
  std::optional<Address> read_mailbox() {
    Address address;
    if (!read_local_part(address.local_part) || !accept('@')) return {};
    address.is_literal = !at_end() && text_[at_] == '[';
    if (!read_domain(address.domain)) return {};
    return address;
  }

  // A-d-l = At-domain *( "," At-domain ) ; At-domain = "@" Domain, which is no literal
  bool skip_source_route() {
    std::string ignored;
    do {
      if (!accept('@') || !read_name(ignored)) return false;
    } while (accept(','));
    return accept(':');
  }

  bool accept_word(std::string_view word) {
    if (!base::istarts_with(text_.substr(at_), word)) return false;
    at_ += word.size();
    return true;
  }

  std::string_view since(std::size_t start) const { return text_.substr(start, at_ - start); }
  bool next_is(char c) const { return !at_end() && text_[at_] == c; }

 private:
  // Local-part = Dot-string / Quoted-string; the limit is on what was written, quotes included.
  bool read_local_part(std::string& local_part) {
    const std::size_t start = at_;
    const bool valid = next_is('"') ? read_quoted(local_part) : read_dot_string(local_part);
    return valid && at_ - start <= kMaxLocalPart;
  }

  bool read_dot_string(std::string& local_part) {
    const std::size_t start = at_;
    while (!at_end() && (is_atext(text_[at_]) || text_[at_] == '.')) ++at_;
    local_part = since(start);
    return is_dot_string(local_part);
  }

  // QcontentSMTP = qtextSMTP / quoted-pairSMTP: printable ASCII, with " and \ behind a \ only, and
  // UTF-8, but never behind a \ (RFC 6531 section 3.3).
  bool read_quoted(std::string& local_part) {
    ++at_;
    while (!at_end() && !next_is('"')) {
      const bool pair = accept('\\');
      if (at_end()) return false;
      const bool utf8 = !pair && !base::is_ascii(text_[at_]);
      if (!utf8 && !base::is_printable(text_[at_])) return false;
      local_part += text_[at_++];
    }
    return accept('"');
  }

  bool read_domain(std::string& domain) {
    return next_is('[') ? read_literal(domain) : read_name(domain);
  }

  bool read_literal(std::string& literal) {
    const std::size_t start = at_;
    at_ = std::min(text_.find(']', at_), text_.size());
    if (!accept(']') || !is_address_literal(since(start))) return false;
    literal = since(start);
    return true;
  }

  // Domain = sub-domain *("." sub-domain) ; sub-domain =/ U-label (RFC 6531 section 3.3)
  bool read_name(std::string& name) {
    const auto belongs = [](char c) {
      return base::is_alnum(c) || c == '-' || c == '.' || !base::is_ascii(c);
    };
    const std::size_t start = at_;
    while (!at_end() && belongs(text_[at_])) ++at_;
    name = since(start);
    return to_a_labels(name).has_value();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

// What stands between < and >.
std::optional<Path> read_path(Parser& parser, PathKind kind) {
  constexpr std::string_view kPostmaster = "postmaster";
  if (parser.next_is('>')) return kind == PathKind::Reverse ? std::optional(Path{}) : std::nullopt;
  if (parser.next_is('@') && !parser.skip_source_route()) return {};
  if (kind == PathKind::Forward && parser.position() == 1) {
    Parser ahead = parser;
    if (ahead.accept_word(kPostmaster) && ahead.next_is('>')) {
      parser = ahead;
      return Path{Address{std::string(ahead.since(1)), {}, false}};
    }
  }
  auto address = parser.read_mailbox();
  if (!address) return {};
  return Path{std::move(address)};
}

}  // namespace

std::string Address::to_string() const {
  std::string text = is_dot_string(local_part) ? local_part : quoted(local_part);
  if (!domain.empty()) text += '@' + domain;
  return text;
}

std::string Path::to_string() const { return '<' + (address ? address->to_string() : "") + '>'; }

std::optional<ParsedPath> parse_path(std::string_view text, PathKind kind) {
  Parser parser(text);
  if (!parser.accept('<')) return {};
  auto path = read_path(parser, kind);
  if (!path || !parser.accept('>') || parser.position() > kMaxPath) return {};
  if (!base::is_utf8(parser.since(0))) return {};
  return ParsedPath{std::move(*path), parser.position()};
}

std::optional<Address> parse_mailbox(std::string_view text) {
  Parser parser(text);
  auto address = parser.read_mailbox();
  return parser.at_end() && base::is_utf8(text) ? address : std::nullopt;
}

}  // namespace mail

// SPDX-License-Identifier: Apache-2.0
#include "mail/address.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_address.h"

namespace mail {
namespace {

constexpr std::size_t kMaxLabel = 63;  // octets; RFC 1035 section 2.3.4

bool is_atext(char c) {  // RFC 5322 section 3.2.3
  return base::is_alnum(c) || std::string_view("!#$%&'*+-/=?^_`{|}~").find(c) != std::string::npos;
}

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

// sub-domain = Let-dig [Ldh-str]
bool is_label(std::string_view text) {
  if (text.empty() || text.size() > kMaxLabel) return false;
  if (!base::is_alnum(text.front()) || !base::is_alnum(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return base::is_alnum(c) || c == '-'; });
}

bool is_v4(std::string_view text) {
  return text.find_first_not_of("0123456789.") == std::string_view::npos &&
         base::IpAddress::parse(text).has_value();
}

bool is_v6(std::string_view text) {
  return text.find(':') != std::string_view::npos && base::IpAddress::parse(text).has_value();
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

  // A-d-l = At-domain *( "," At-domain ) ; At-domain = "@" Domain
  bool skip_source_route() {
    std::string ignored;
    do {
      if (!accept('@') || !read_domain(ignored)) return false;
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

  // QcontentSMTP = qtextSMTP / quoted-pairSMTP: printable ASCII, with " and \ behind a \ only.
  bool read_quoted(std::string& local_part) {
    ++at_;
    while (!at_end() && !next_is('"')) {
      if (next_is('\\')) ++at_;
      if (at_end() || !base::is_printable(text_[at_])) return false;
      local_part += text_[at_++];
    }
    return accept('"');
  }

  bool read_domain(std::string& domain) {
    const std::size_t start = at_;
    if (next_is('[')) {
      at_ = std::min(text_.find(']', at_), text_.size());
      if (!accept(']') || !is_address_literal(since(start))) return false;
    } else {
      while (!at_end() && (base::is_alnum(text_[at_]) || next_is('-') || next_is('.'))) ++at_;
      if (!is_domain(since(start))) return false;
    }
    domain = since(start);
    return true;
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
  return ParsedPath{std::move(*path), parser.position()};
}

std::optional<Address> parse_mailbox(std::string_view text) {
  Parser parser(text);
  auto address = parser.read_mailbox();
  return parser.at_end() ? address : std::nullopt;
}

bool is_domain(std::string_view text) {
  if (text.size() > kMaxDomain) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// address-literal = "[" ( IPv4 / "IPv6:" IPv6 / Standardized-tag ":" 1*dcontent ) "]";
// section 4.1.3
bool is_address_literal(std::string_view text) {
  if (text.size() > kMaxDomain || text.size() < 2) return false;
  if (text.front() != '[' || text.back() != ']') return false;
  text = text.substr(1, text.size() - 2);
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return is_v4(text);
  const std::string_view tag = text.substr(0, colon);
  const std::string_view content = text.substr(colon + 1);
  if (base::iequals(tag, "IPv6")) return is_v6(content);
  const auto is_dcontent = [](char c) {
    return c > ' ' && c < 0x7f && c != '[' && c != '\\' && c != ']';
  };
  return is_label(tag) && !content.empty() &&
         std::all_of(content.begin(), content.end(), is_dcontent);
}

}  // namespace mail

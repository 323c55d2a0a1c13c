// SPDX-License-Identifier: Apache-2.0
#include "auth/spf_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/ascii.h"
#include "base/assert.h"

namespace auth {
namespace {

constexpr std::string_view kVersion = "v=spf1";
constexpr std::size_t kExcerpt = 100;  // octets of a term in a report

// What may follow the name of a mechanism.
enum class Argument { None, Domain, OptionalDomain, OptionalDomainAndPrefixes, Network4, Network6 };

struct MechanismRow {
  std::string_view name;
  Mechanism mechanism;
  Argument argument;
};

constexpr std::array kMechanisms = {
    MechanismRow{"all", Mechanism::All, Argument::None},
    MechanismRow{"include", Mechanism::Include, Argument::Domain},
    MechanismRow{"a", Mechanism::A, Argument::OptionalDomainAndPrefixes},
    MechanismRow{"mx", Mechanism::Mx, Argument::OptionalDomainAndPrefixes},
    MechanismRow{"ptr", Mechanism::Ptr, Argument::OptionalDomain},
    MechanismRow{"ip4", Mechanism::Ip4, Argument::Network4},
    MechanismRow{"ip6", Mechanism::Ip6, Argument::Network6},
    MechanismRow{"exists", Mechanism::Exists, Argument::Domain},
};

struct QualifierRow {
  char qualifier;
  SpfResult result;
};

constexpr std::array kQualifiers = {
    QualifierRow{'+', SpfResult::Pass},
    QualifierRow{'-', SpfResult::Fail},
    QualifierRow{'?', SpfResult::Neutral},
    QualifierRow{'~', SpfResult::SoftFail},
};

// ip4-cidr-length = "/" ("0" / %x31-39 0*1DIGIT), ip6-cidr-length alike; `digits` is behind it.
bool parse_prefix(std::string_view digits, unsigned most, unsigned& bits) {
  if (digits.empty() || digits.size() > 3 || (digits.size() > 1 && digits.front() == '0'))
    return false;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), bits);
  return error == std::errc{} && end == digits.data() + digits.size() && bits <= most;
}

// Takes a prefix length off the end, when there are digits with `slashes` before them.
std::optional<std::string_view> take_prefix(std::string_view& text, std::string_view slashes) {
  const auto last = text.find_last_not_of("0123456789");
  const std::size_t start = last == std::string_view::npos ? 0 : last + 1;
  const std::string_view digits = text.substr(start);
  if (digits.empty() || !text.substr(0, start).ends_with(slashes)) return {};
  text.remove_suffix(digits.size() + slashes.size());
  return digits;
}

// dual-cidr-length = [ ip4-cidr-length ] [ "/" ip6-cidr-length ]
bool take_prefixes(std::string_view& text, SpfDirective& directive) {
  const auto digits6 = take_prefix(text, "//");
  if (digits6 && !parse_prefix(*digits6, 128, directive.prefix6_bits)) return false;
  const auto digits4 = take_prefix(text, "/");
  return !digits4 || parse_prefix(*digits4, 32, directive.prefix4_bits);
}

// ":" domain-spec
bool take_domain(std::string_view text, SpfDirective& directive) {
  if (!text.starts_with(':')) return false;
  directive.target = MacroString::parse(text.substr(1), MacroPlace::DomainSpec);
  return directive.target.has_value();
}

// ":" ip4-network [ ip4-cidr-length ] or ":" ip6-network [ ip6-cidr-length ]
bool take_network(std::string_view text, bool v4, SpfDirective& directive) {
  if (!text.starts_with(':')) return false;
  text.remove_prefix(1);
  const auto slash = text.find('/');
  const std::string_view network = text.substr(0, slash);
  const auto address = base::IpAddress::parse(network);
  // By its form: a mapped IPv6 address has become IPv4.
  if (!address || v4 != (network.find(':') == std::string_view::npos)) return false;
  directive.address = *address;
  if (slash == std::string_view::npos) return true;
  return v4 ? parse_prefix(text.substr(slash + 1), 32, directive.prefix4_bits)
            : parse_prefix(text.substr(slash + 1), 128, directive.prefix6_bits);
}

bool take_argument(std::string_view text, Argument argument, SpfDirective& directive) {
  switch (argument) {
    case Argument::None:
      return text.empty();
    case Argument::Domain:
      return take_domain(text, directive);
    case Argument::OptionalDomain:
      return text.empty() || take_domain(text, directive);
    case Argument::OptionalDomainAndPrefixes:
      return take_prefixes(text, directive) && (text.empty() || take_domain(text, directive));
    case Argument::Network4:
      return take_network(text, true, directive);
    case Argument::Network6:
      return take_network(text, false, directive);
  }
  return false;
}

// name = ALPHA *( ALPHA / DIGIT / "-" / "_" / "." )
bool is_modifier_name(std::string_view name) {
  return !name.empty() && base::is_alpha(name.front()) &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return base::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

std::string shortened(std::string_view term) {
  return std::string(term.substr(0, kExcerpt)) + (term.size() > kExcerpt ? "..." : "");
}

// A term that is none may hold any byte.
std::string quoted(std::string_view term) { return '"' + base::printable(shortened(term)) + '"'; }

// The reason why a term is none, or nothing.
using Complaint = const char*;

class Parser {
 public:
  Complaint take_term(std::string_view term) {
    const auto equals = term.find('=');
    if (equals != std::string_view::npos && is_modifier_name(term.substr(0, equals)))
      return take_modifier(term.substr(0, equals), term.substr(equals + 1));
    return take_directive(term);
  }
  SpfRecord take_record() { return std::move(record_); }

 private:
  Complaint take_directive(std::string_view term) {
    SpfDirective directive;
    directive.text = shortened(term);
    const auto qualifier =
        std::find_if(kQualifiers.begin(), kQualifiers.end(),
                     [&](const QualifierRow& row) { return term.starts_with(row.qualifier); });
    if (qualifier != kQualifiers.end()) {
      directive.result = qualifier->result;
      term.remove_prefix(1);
    }
    const std::string_view name = term.substr(0, term.find_first_of(":/"));
    const auto row = std::find_if(
        kMechanisms.begin(), kMechanisms.end(),
        [&](const MechanismRow& candidate) { return base::iequals(candidate.name, name); });
    if (row == kMechanisms.end()) return "no such mechanism";
    directive.mechanism = row->mechanism;
    if (!take_argument(term.substr(name.size()), row->argument, directive)) return "bad argument";
    record_.directives.push_back(std::move(directive));
    return nullptr;
  }

  // Section 6: the two that we know at most once each, others as often as they like.
  Complaint take_modifier(std::string_view name, std::string_view value) {
    if (base::iequals(name, "redirect")) return take_known(record_.redirect, value);
    if (base::iequals(name, "exp")) return take_known(record_.explanation, value);
    return MacroString::parse(value, MacroPlace::Modifier) ? nullptr : "bad macro";
  }

  static Complaint take_known(std::optional<MacroString>& modifier, std::string_view value) {
    if (modifier) return "a second time";
    modifier = MacroString::parse(value, MacroPlace::DomainSpec);
    return modifier ? nullptr : "bad domain";
  }

  SpfRecord record_;
};

std::array<std::uint8_t, 16> bytes_of(const base::IpAddress& address, bool as_v6) {
  if (!as_v6 || !address.is_v4()) return address.bytes();
  // ::ffff:192.0.2.1, which base::IpAddress knows as IPv4 only.
  std::array<std::uint8_t, 16> bytes{};
  bytes[10] = bytes[11] = 0xff;
  std::copy_n(address.bytes().begin(), 4, bytes.begin() + 12);
  return bytes;
}

}  // namespace

bool is_spf_record(std::string_view text) {
  return base::istarts_with(text, kVersion) &&
         (text.size() == kVersion.size() || text[kVersion.size()] == ' ');
}

// record = version terms *SP, terms = *( 1*SP ( directive / modifier ) )
std::variant<SpfRecord, SpfSyntaxError> parse_spf_record(std::string_view text) {
  POSTERN_ASSERT(is_spf_record(text));
  if (text.size() > kMaxSpfRecord) return SpfSyntaxError{"the record is too long"};
  text.remove_prefix(kVersion.size());
  Parser parser;
  while (!text.empty()) {
    const std::string_view term = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(term.size() + 1, text.size()));
    if (term.empty()) continue;
    if (const Complaint complaint = parser.take_term(term))
      return SpfSyntaxError{quoted(term) + ": " + complaint};
  }
  return parser.take_record();
}

bool covers(const SpfDirective& directive, const base::IpAddress& address,
            const base::IpAddress& client) {
  const bool v6 = !client.is_v4();
  const auto a = bytes_of(client, v6), b = bytes_of(address, v6);
  const unsigned bits = v6 ? directive.prefix6_bits : directive.prefix4_bits;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80u >> (bit % 8);
    if (((a[bit / 8] ^ b[bit / 8]) & mask) != 0) return false;
  }
  return true;
}

}  // namespace auth

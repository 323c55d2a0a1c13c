// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/spf_guard.h"

#include <algorithm>
#include <array>
#include <string>
#include <variant>
#include <vector>

#include "auth/spf_record.h"
#include "base/ascii.h"

namespace auth::second_opinion {
namespace {

bool is_loopback(const base::IpAddress& client) {
  static const base::IpAddress kLoopback6 = *base::IpAddress::parse("::1");
  return client.is_v4() ? client.bytes()[0] == 127 : client == kLoopback6;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    text.remove_prefix(std::min(word.size() + 1, text.size()));
    if (!word.empty()) found.push_back(word);
  }
  return found;
}

bool is_modifier(std::string_view term) {
  const auto end = term.find_first_of(":/=");
  return end != std::string_view::npos && term[end] == '=';
}

bool is_redirect(std::string_view term) { return base::istarts_with(term, "redirect="); }

// What stands between the braces, for each macro; of a term that is of the grammar.
std::vector<std::string_view> macros(std::string_view term) {
  std::vector<std::string_view> found;
  for (std::size_t at = 0; (at = term.find('%', at)) != std::string_view::npos; at += 2) {
    if (term[at + 1] != '{') continue;
    const auto end = term.find('}', at);
    found.push_back(term.substr(at + 2, end - at - 2));
  }
  return found;
}

// ALPHA [ "r" ] *delimiter: the rest of what RFC 7208 section 7.1 allows it does not know, or gets
// wrong. With a number it drops the first letter of what has no more parts than that.
bool is_known_macro(std::string_view macro) {
  macro.remove_prefix(1);
  if (macro.starts_with('r')) macro.remove_prefix(1);
  return macro.find_first_not_of(".-+_=") == std::string_view::npos;
}

struct Record {
  const SpfRecord& parsed;
  std::vector<std::string_view> terms;
};

bool has_long_term(const Record& record) {
  return std::ranges::any_of(record.terms, [](auto term) { return term.size() > kMaxTerm; });
}

bool has_many_macros(const Record& record) {
  return std::ranges::any_of(record.terms, [](std::string_view term) {
    return std::ranges::count(term, '%') > static_cast<std::ptrdiff_t>(kMaxMacros);
  });
}

bool has_unknown_macro(const Record& record) {
  return std::ranges::any_of(record.terms, [](std::string_view term) {
    return !std::ranges::all_of(macros(term), is_known_macro);
  });
}

bool has_empty_prefix(const Record& record) {
  return std::ranges::any_of(record.parsed.directives, [](const SpfDirective& directive) {
    return directive.prefix4_bits == 0 || directive.prefix6_bits == 0;
  });
}

bool has_dotted_modifier(const Record& record) {
  return std::ranges::any_of(record.terms, [](std::string_view term) {
    return is_modifier(term) && term.substr(0, term.find('=')).find('.') != std::string_view::npos;
  });
}

bool has_redirect_before_directive(const Record& record) {
  const auto redirect = std::ranges::find_if(record.terms, is_redirect);
  return std::find_if_not(redirect, record.terms.end(), is_modifier) != record.terms.end();
}

struct RecordRule {
  bool (*holds)(const Record& record);
  Refusal reason;
};

constexpr std::array kRecordRules = {
    // What its memory does not stand.
    RecordRule{has_long_term, "a term of a record is too long for it"},
    RecordRule{has_many_macros, "a term of a record has too many macros for it"},
    RecordRule{has_unknown_macro, "it gets a number, '/', ',' or 'R' in a macro wrong"},
    // What it is known to judge wrongly.
    RecordRule{has_empty_prefix, "it takes a prefix length of 0 for a mistake"},
    RecordRule{has_dotted_modifier, "it takes a dot in the name of a modifier for a mistake"},
    RecordRule{has_redirect_before_directive, "it evaluates redirect where it stands"},
};

}  // namespace

Refusal refuse_query(const SpfQuery& query) {
  if (is_loopback(query.client)) return "it lets loopback addresses always pass";
  for (const std::string* value :
       {&query.domain, &query.local_part, &query.sender_domain, &query.helo}) {
    if (value->size() > kMaxValue) return "a name is too long for it";
    if (!is_plain(*value)) return "a name is not printable ASCII";
  }
  // It begins with the domain of the sender, which it finds behind the last one.
  if (query.domain != query.sender_domain || query.domain.find('@') != std::string::npos)
    return "the domain is not that of the sender";
  return nullptr;
}

Refusal refuse_verdict(const SpfVerdict& ours) {
  if (ours.section == "4.6.4") return "it has not the limits of RFC 7208 section 4.6.4";
  return nullptr;
}

Refusal refuse_record(std::string_view text) {
  if (text.size() > kMaxRecord) return "a record is too long for it";
  const auto parsed = parse_spf_record(text);
  const auto* record = std::get_if<SpfRecord>(&parsed);
  if (record == nullptr || !is_plain(text)) return "a record is not of the grammar";
  Record seen{*record, words(text)};
  seen.terms.erase(seen.terms.begin());  // the version
  const auto rule = std::ranges::find_if(
      kRecordRules, [&](const RecordRule& candidate) { return candidate.holds(seen); });
  return rule == kRecordRules.end() ? nullptr : rule->reason;
}

Refusal refuse_answer(dns::Type type, const dns::Answer& answer) {
  if (type == dns::Type::Ptr && answer.failed()) return kClientNameFailed;
  if (answer.names.size() > kMaxClientNames)
    return "it takes too many names of the client for a mistake of the domain's";
  const bool plain = std::ranges::all_of(answer.names, is_plain) &&
                     std::ranges::all_of(answer.exchanges, is_plain, &dns::MailExchange::host);
  return plain ? nullptr : "a name is not printable ASCII";
}

}  // namespace auth::second_opinion

// SPDX-License-Identifier: Apache-2.0
#include "auth/spf_eval.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>
#include <vector>

#include "auth/spf_macro.h"
#include "auth/spf_record.h"
#include "base/ascii.h"
#include "base/assert.h"
#include "dns/name.h"

namespace auth {
namespace {

using dns::Answer;
using dns::Type;

// Of MX hosts, in one run: what stands behind a missing answer may turn out not to be needed.
constexpr int kMaxHostsAhead = 10;

enum class Match { No, Yes, Error };  // the error is in failure_

// A literal, or what else a client may say, is no name to ask for. Macros may lead to such names.
bool is_host_name(std::string_view domain) {
  return std::all_of(domain.begin(), domain.end(),
                     [](char c) { return base::is_alnum(c) || c == '-' || c == '_' || c == '.'; });
}

bool asks_dns(Mechanism mechanism) {
  return mechanism != Mechanism::All && mechanism != Mechanism::Ip4 && mechanism != Mechanism::Ip6;
}

// RFC 7208 section 7.3: labels are cut off at the left until it is a name's length.
std::string fitted(std::string name) {
  if (name.ends_with('.')) name.pop_back();
  while (name.size() > dns::kMaxName) {
    const auto dot = name.find('.');
    if (dot == std::string::npos) break;
    name.erase(0, dot + 1);
  }
  return name;
}

MacroValues values_of(const SpfQuery& query) {
  MacroValues values;
  // Section 4.3: without a local-part it is postmaster.
  values.local_part = query.local_part.empty() ? "postmaster" : query.local_part;
  values.sender_domain = query.sender_domain;
  values.sender = values.local_part + '@' + query.sender_domain;
  values.client = base::upper(dns::dotted_address(query.client));
  values.version = query.client.is_v4() ? "in-addr" : "ip6";
  values.helo = query.helo;
  values.readable_client = query.client.to_string();
  values.receiver = query.receiver;
  const auto since_1970 = query.time.time_since_epoch();
  values.timestamp =
      std::to_string(std::chrono::duration_cast<std::chrono::seconds>(since_1970).count());
  return values;
}

class Evaluation {
 public:
  Evaluation(const SpfQuery& query, dns::Lookups& lookups)
      : query_(query), lookups_(lookups), values_(values_of(query)) {}

  SpfVerdict run() {
    SpfVerdict result = is_host_name(query_.domain) ? check_host(query_.domain, false) : no_name();
    result.domain = query_.domain;
    return result;
  }

 private:
  struct Asked {
    const Answer* answer;  // nothing: the term comes to `otherwise`
    Match otherwise;
  };

  SpfVerdict check_host(const std::string& domain, bool included);
  SpfVerdict evaluate(const SpfRecord& record, const std::string& domain, bool included);
  SpfVerdict matched(const SpfDirective& directive, const SpfRecord& record,
                     const std::string& domain, bool included);
  SpfVerdict redirect(const SpfRecord& record, const std::string& domain, bool included);
  std::string explanation(const SpfRecord& record, const std::string& domain);

  Match match(const SpfDirective& directive, const std::string& domain);
  Match match_include(const std::string& target);
  Match match_addresses(const std::string& host, const SpfDirective& directive);
  Match match_mx(const std::string& target, const SpfDirective& directive);
  Match match_ptr(const std::string& target);
  Match match_exists(const std::string& target);

  const Answer* find(std::string_view name, Type type);
  Asked ask(const std::string& name, Type type);
  bool count_term();
  bool count_void();
  std::optional<std::string> target(const std::optional<MacroString>& spec,
                                    const std::string& domain);
  std::optional<std::string> expand(const MacroString& macro, const std::string& domain,
                                    std::size_t enough);

  std::optional<std::string> validated_domain(const std::string& domain);
  std::vector<std::string> client_names(const Answer& answer) const;
  bool validates(const std::string& name);

  Type address_type() const { return query_.client.is_v4() ? Type::A : Type::Aaaa; }
  static SpfVerdict verdict(SpfResult result, const char* section, std::string reason);
  static SpfVerdict no_name() {
    return verdict(SpfResult::None, "4.3", "not the name of a domain in the DNS");
  }
  Match fail(SpfResult result, const char* section, std::string reason);

  const SpfQuery& query_;
  dns::Lookups& lookups_;
  MacroValues values_;
  SpfVerdict failure_;
  int terms_ = 0;
  int voids_ = 0;
  bool term_was_void_ = false;
  int hosts_ahead_ = 0;
  std::size_t misses_ = 0;  // answers that were not there, repeated ones too
};

SpfVerdict Evaluation::verdict(SpfResult result, const char* section, std::string reason) {
  SpfVerdict verdict;
  verdict.result = result;
  verdict.section = section;
  verdict.reason = std::move(reason);
  return verdict;
}

Match Evaluation::fail(SpfResult result, const char* section, std::string reason) {
  failure_ = verdict(result, section, std::move(reason));
  return Match::Error;
}

const Answer* Evaluation::find(std::string_view name, Type type) {
  const Answer* answer = lookups_.find(name, type);
  if (answer == nullptr) ++misses_;
  return answer;
}

bool Evaluation::count_term() {
  if (++terms_ <= kMaxSpfTerms) return true;
  fail(SpfResult::PermError, "4.6.4", "more than 10 terms ask the DNS");
  return false;
}

// The limit is on terms, so a term counts once, whatever else it asks.
bool Evaluation::count_void() {
  if (std::exchange(term_was_void_, true) || ++voids_ <= kMaxSpfVoids) return true;
  fail(SpfResult::PermError, "4.6.4", "more than 2 terms ask for what does not exist");
  return false;
}

Evaluation::Asked Evaluation::ask(const std::string& name, Type type) {
  const Answer* answer = find(name, type);
  if (answer == nullptr) return {nullptr, Match::No};
  if (answer->failed()) {
    // Section 5: an error of the DNS ends the evaluation.
    return {nullptr, fail(SpfResult::TempError, "5",
                          dns::presentation(name) + ' ' + name_of(type) + ": " + answer->why())};
  }
  // What cannot be asked was not asked.
  if (answer->is_void() && dns::normalized_name(name) && !count_void())
    return {nullptr, Match::Error};
  return {answer, Match::No};
}

// Nothing: an answer is missing.
std::optional<std::string> Evaluation::expand(const MacroString& macro, const std::string& domain,
                                              std::size_t enough) {
  values_.domain = domain;
  if (macro.uses('p')) {
    auto name = validated_domain(domain);
    if (!name) return {};
    values_.validated = std::move(*name);
  }
  return macro.expand(values_, enough);
}

// The name that a term speaks of. Nothing: an answer is missing, or it can match nobody.
std::optional<std::string> Evaluation::target(const std::optional<MacroString>& spec,
                                              const std::string& domain) {
  if (!spec) return domain;
  // RFC 8616 section 4: the DNS has no names for such local-parts.
  if (!base::is_ascii(values_.local_part) && (spec->uses('s') || spec->uses('l'))) return {};
  // A dot at the end goes, and a cut needs the dot before what is kept.
  auto name = expand(*spec, domain, dns::kMaxName + 2);
  if (!name) return {};
  return fitted(std::move(*name));
}

SpfVerdict Evaluation::check_host(const std::string& domain, bool included) {
  const auto name = dns::normalized_name(domain);
  if (!name || dns::label_count(*name) < 2) return no_name();
  const std::string shown = dns::presentation(*name);
  const Answer* answer = find(domain, Type::Txt);
  if (answer == nullptr) return verdict(SpfResult::None, "4.4", shown + " TXT: not yet asked");
  if (answer->failed())
    return verdict(SpfResult::TempError, "4.4", shown + " TXT: " + answer->why());

  std::vector<std::string_view> records;
  std::copy_if(answer->texts.begin(), answer->texts.end(), std::back_inserter(records),
               is_spf_record);
  if (answer->is_void() && !count_void()) return failure_;
  if (answer->status == dns::Status::NoName)
    return verdict(SpfResult::None, "4.3", shown + " does not exist");
  if (records.empty()) return verdict(SpfResult::None, "4.5", shown + " has no SPF record");
  if (records.size() > 1)
    return verdict(SpfResult::PermError, "4.5", shown + " has several SPF records");
  const auto parsed = parse_spf_record(records.front());
  if (const auto* error = std::get_if<SpfSyntaxError>(&parsed))
    return verdict(SpfResult::PermError, "4.6", shown + ": " + error->reason);
  return evaluate(std::get<SpfRecord>(parsed), domain, included);
}

SpfVerdict Evaluation::evaluate(const SpfRecord& record, const std::string& domain, bool included) {
  for (const SpfDirective& directive : record.directives) {
    switch (match(directive, domain)) {
      case Match::No:
        break;
      case Match::Yes:
        return matched(directive, record, domain, included);
      case Match::Error:
        return failure_;
    }
  }
  if (record.redirect) return redirect(record, domain, included);
  return verdict(SpfResult::Neutral, "4.7",
                 "no term of " + dns::presentation(domain) + " matches the client");
}

SpfVerdict Evaluation::matched(const SpfDirective& directive, const SpfRecord& record,
                               const std::string& domain, bool included) {
  SpfVerdict result =
      verdict(directive.result, "4.6.2",
              directive.text + " of " + dns::presentation(domain) + " matches the client");
  result.mechanism = directive.text;
  // Section 6.2: an explanation of an included record is not used.
  if (result.result == SpfResult::Fail && query_.explain && !included && misses_ == 0)
    result.explanation = explanation(record, domain);
  return result;
}

// Section 6.1
SpfVerdict Evaluation::redirect(const SpfRecord& record, const std::string& domain, bool included) {
  term_was_void_ = false;
  if (!count_term()) return failure_;
  const auto name = target(record.redirect, domain);
  if (!name)
    return verdict(SpfResult::PermError, "6.1",
                   "the redirect of " + dns::presentation(domain) + " comes to no name");
  SpfVerdict result = check_host(*name, included);
  if (result.result != SpfResult::None) return result;
  return verdict(SpfResult::PermError, "6.1",
                 "the redirect of " + dns::presentation(domain) + " has no SPF record");
}

// Section 6.2: whatever is wrong with it, there is none.
std::string Evaluation::explanation(const SpfRecord& record, const std::string& domain) {
  if (!record.explanation) return {};
  const auto name = target(record.explanation, domain);
  const Answer* answer = name ? find(*name, Type::Txt) : nullptr;
  if (answer == nullptr || answer->texts.size() != 1) return {};
  const auto macro = MacroString::parse(answer->texts.front(), MacroPlace::Explanation);
  if (!macro) return {};
  const auto text = expand(*macro, domain, kMaxSpfExplanation);
  if (!text || text->size() > kMaxSpfExplanation) return {};
  // The local-part is the client's.
  return std::all_of(text->begin(), text->end(), base::is_printable) ? *text : std::string();
}

Match Evaluation::match(const SpfDirective& directive, const std::string& domain) {
  term_was_void_ = false;
  if (asks_dns(directive.mechanism) && !count_term()) return Match::Error;
  const auto name = target(directive.target, domain);
  if (!name) return Match::No;
  switch (directive.mechanism) {
    case Mechanism::All:
      return Match::Yes;
    case Mechanism::Include:
      return match_include(*name);
    case Mechanism::A:
      return match_addresses(*name, directive);
    case Mechanism::Mx:
      return match_mx(*name, directive);
    case Mechanism::Ptr:
      return match_ptr(*name);
    case Mechanism::Ip4:
    case Mechanism::Ip6: {
      const bool same = query_.client.is_v4() == (directive.mechanism == Mechanism::Ip4);
      return same && covers(directive, directive.address, query_.client) ? Match::Yes : Match::No;
    }
    case Mechanism::Exists:
      return match_exists(*name);
  }
  POSTERN_ASSERT(false);
}

// Section 5.2
Match Evaluation::match_include(const std::string& target) {
  const std::size_t misses = misses_;
  const SpfVerdict inner = check_host(target, true);
  if (misses_ != misses) return Match::No;  // whatever it said, it is not the last word
  switch (inner.result) {
    case SpfResult::Pass:
      return Match::Yes;
    case SpfResult::Fail:
    case SpfResult::SoftFail:
    case SpfResult::Neutral:
      return Match::No;
    case SpfResult::TempError:
    case SpfResult::PermError:
      failure_ = inner;
      return Match::Error;
    case SpfResult::None:
      return fail(SpfResult::PermError, "5.2", "include: " + inner.reason);
  }
  POSTERN_ASSERT(false);
}

// Section 5.3
Match Evaluation::match_addresses(const std::string& host, const SpfDirective& directive) {
  const Asked asked = ask(host, address_type());
  if (asked.answer == nullptr) return asked.otherwise;
  const auto& addresses = asked.answer->addresses;
  const bool found = std::any_of(addresses.begin(), addresses.end(), [&](const auto& address) {
    return covers(directive, address, query_.client);
  });
  return found ? Match::Yes : Match::No;
}

// Section 5.4. The order of the hosts is ours, so that the verdict is always the same.
Match Evaluation::match_mx(const std::string& target, const SpfDirective& directive) {
  const bool is_ahead = misses_ != 0;
  const Asked asked = ask(target, Type::Mx);
  if (asked.answer == nullptr) return asked.otherwise;
  auto exchanges = asked.answer->exchanges;
  if (exchanges.size() > kMaxSpfHosts) {
    return fail(SpfResult::PermError, "4.6.4",
                dns::presentation(target) + " MX: more than 10 hosts");
  }
  std::sort(exchanges.begin(), exchanges.end());
  for (const auto& exchange : exchanges) {
    if (is_ahead && ++hosts_ahead_ > kMaxHostsAhead) break;
    const Match match = match_addresses(exchange.host, directive);
    if (match != Match::No) return match;
  }
  return Match::No;
}

// Section 5.7: always an A record, whatever the client's family.
Match Evaluation::match_exists(const std::string& target) {
  const Asked asked = ask(target, Type::A);
  if (asked.answer == nullptr) return asked.otherwise;
  return asked.answer->addresses.empty() ? Match::No : Match::Yes;
}

// Section 5.5. What is wrong with the client's names is nothing that the domain can mend: an error
// of the DNS only means that there is no match.
Match Evaluation::match_ptr(const std::string& target) {
  const Answer* answer = find(dns::reverse_name(query_.client), Type::Ptr);
  if (answer == nullptr || answer->failed()) return Match::No;
  if (answer->is_void() && !count_void()) return Match::Error;
  const auto domain = dns::normalized_name(target);
  if (!domain) return Match::No;
  Match result = Match::No;
  for (const std::string& name : client_names(*answer)) {
    if (dns::is_at_or_below(name, *domain) && validates(name)) result = Match::Yes;
  }
  return result;
}

// Section 4.6.4: the first ten, for nobody can hinder a client from having more.
std::vector<std::string> Evaluation::client_names(const Answer& answer) const {
  std::vector<std::string> names = answer.names;
  names.resize(std::min(names.size(), kMaxSpfHosts));
  return names;
}

bool Evaluation::validates(const std::string& name) {
  const Answer* answer = find(name, address_type());
  if (answer == nullptr) return false;
  const auto& addresses = answer->addresses;
  return std::find(addresses.begin(), addresses.end(), query_.client) != addresses.end();
}

// %{p}, section 7.3: the domain itself, else one below it, else any. Nothing: an answer is missing.
std::optional<std::string> Evaluation::validated_domain(const std::string& domain) {
  const std::size_t misses = misses_;
  const Answer* answer = find(dns::reverse_name(query_.client), Type::Ptr);
  if (answer == nullptr) return {};
  std::vector<std::string> names = client_names(*answer);
  const std::string wanted = dns::normalized_name(domain).value_or("");
  const auto rank = [&](const std::string& name) {
    return name == wanted ? 0 : dns::is_at_or_below(name, wanted) ? 1 : 2;
  };
  std::stable_sort(names.begin(), names.end(),
                   [&](const auto& a, const auto& b) { return rank(a) < rank(b); });
  std::erase_if(names, [&](const std::string& name) { return !validates(name); });
  if (misses_ != misses) return {};
  return names.empty() ? "unknown" : names.front();
}

}  // namespace

SpfVerdict evaluate_spf(const SpfQuery& query, dns::Lookups& lookups) {
  return Evaluation(query, lookups).run();
}

}  // namespace auth

// SPDX-License-Identifier: Apache-2.0
#include "support/verify_case.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <set>

#include "base/ascii.h"
#include "dns/answer_text.h"
#include "mail/address.h"
#include "support/dmarc_case.h"

namespace support {
namespace {

constexpr char kReceiver[] = "mx.ours.test";

std::optional<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return {};
  return std::string(std::istreambuf_iterator<char>(file), {});
}

std::vector<std::string> lines_in(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.empty()) lines.emplace_back(line);
  }
  return lines;
}

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto end = std::from_chars(text.data(), text.data() + text.size(), number);
  return end.ec == std::errc{} && end.ptr == text.data() + text.size();
}

// Each take_ function says whether the value is one.

bool take_client(std::string_view value, VerifyCase& one) {
  const auto address = base::IpAddress::parse(value);
  if (address) one.facts.session.client = *address;
  return address.has_value();
}

bool take_helo(std::string_view value, VerifyCase& one) {
  one.facts.session.helo = value;
  return !value.empty();
}

bool take_mail_from(std::string_view value, VerifyCase& one) {
  const auto parsed = mail::parse_path(value, mail::PathKind::Reverse);
  if (!parsed || parsed->length != value.size()) return false;
  one.facts.session.mail_from = auth::judged_sender(parsed->path);
  return true;
}

bool take_time(std::string_view value, VerifyCase& one) {
  std::int64_t seconds = 0;
  if (!parse_number(value, seconds)) return false;
  one.facts.session.time = base::WallTime(std::chrono::seconds(seconds));
  return true;
}

bool take_rule(std::string_view value, VerifyCase& one) {
  one.rule = value;
  return value.ends_with('.');
}

bool take_source(std::string_view value, VerifyCase& one) {
  one.source = value;
  return !value.empty();
}

bool take_min_rsa_bits(std::string_view value, VerifyCase& one) {
  return parse_number(value, one.facts.dkim.min_rsa_bits);
}

bool take_max_signatures(std::string_view value, VerifyCase& one) {
  return parse_number(value, one.facts.dkim.max_signatures);
}

// `names` in the order of the enumeration.
template <class Choice>
bool take_choice(std::string_view value, std::initializer_list<std::string_view> names,
                 Choice& choice) {
  const auto* const name = std::find(names.begin(), names.end(), value);
  if (name == names.end()) return false;
  choice = static_cast<Choice>(name - names.begin());
  return true;
}

bool take_cutoff(std::string_view value, auth::Cutoff& cutoff) {
  return take_choice(value, {"none", "rounds", "deadline", "memory"}, cutoff);
}

bool take_on_reject(std::string_view value, VerifyCase& one) {
  return take_choice(value, {"reject", "quarantine"}, one.settings.on_dmarc_reject);
}

bool take_enforce(std::string_view value, VerifyCase& one) {
  return take_choice(value, {"false", "true"}, one.settings.enforce_dmarc);
}

bool take_on_temporary_error(std::string_view value, VerifyCase& one) {
  return take_choice(value, {"defer", "accept"}, one.settings.on_temporary_error);
}

bool take_on_fail(std::string_view value, VerifyCase& one) {
  return take_choice(value, {"mark", "reject"}, one.settings.on_spf_fail);
}

bool take_spoof_protection(std::string_view value, VerifyCase& one) {
  one.settings.guarded_domains.emplace_back(value);
  return !value.empty();
}

// NETWORK DOMAIN UNTIL REASON; "-" is none
bool take_exception(std::string_view value, VerifyCase& one) {
  const auto next_word = [&] {
    const std::string_view word = value.substr(0, value.find(' '));
    value.remove_prefix(std::min(word.size() + 1, value.size()));
    return word == "-" ? "" : word;
  };
  policy::DmarcException exception;
  const std::string_view network = next_word();
  exception.network = base::Network::parse(network);
  exception.dkim_domain = next_word();
  exception.until = next_word();
  exception.reason = value;
  one.settings.dmarc_exceptions.push_back(exception);
  return exception.network.has_value() == !network.empty() && !value.empty();
}

enum class Times { Once, AtMostOnce, Any };

struct KeywordRow {
  std::string_view keyword;
  Times times;
  bool (*take)(std::string_view value, VerifyCase& one);
};

constexpr KeywordRow kKeywords[] = {
    {"rule", Times::Once, take_rule},
    {"source", Times::Once, take_source},
    {"client", Times::Once, take_client},
    {"helo", Times::Once, take_helo},
    {"mail_from", Times::Once, take_mail_from},
    {"time", Times::Once, take_time},
    {"min_rsa_bits", Times::AtMostOnce, take_min_rsa_bits},
    {"max_signatures", Times::AtMostOnce, take_max_signatures},
    {"cutoff_sender", Times::AtMostOnce,
     [](auto v, auto& one) { return take_cutoff(v, one.facts.sender); }},
    {"cutoff_message", Times::AtMostOnce,
     [](auto v, auto& one) { return take_cutoff(v, one.facts.message); }},
    {"cutoff_client", Times::AtMostOnce,
     [](auto v, auto& one) { return take_cutoff(v, one.facts.client); }},
    {"on_reject", Times::AtMostOnce, take_on_reject},
    {"enforce", Times::AtMostOnce, take_enforce},
    {"on_temporary_error", Times::AtMostOnce, take_on_temporary_error},
    {"on_fail", Times::AtMostOnce, take_on_fail},
    {"spoof_protection", Times::Any, take_spoof_protection},
    {"exception", Times::Any, take_exception},
};

void take_facts(std::string_view text, VerifyCase& one) {
  std::set<std::string_view> seen;
  for (const std::string& line : lines_in(text)) {
    const std::size_t blank = std::min(line.find(' '), line.size() - 1);
    const auto* const row =
        std::find_if(std::begin(kKeywords), std::end(kKeywords), [&](const KeywordRow& known) {
          return known.keyword == std::string_view(line).substr(0, blank);
        });
    const bool is_good = row != std::end(kKeywords) &&
                         (seen.insert(row->keyword).second || row->times == Times::Any) &&
                         row->take(std::string_view(line).substr(blank + 1), one);
    if (!is_good) one.complaints.push_back("case: \"" + line + "\" is no line of it");
  }
  for (const KeywordRow& row : kKeywords) {
    if (row.times == Times::Once && !seen.contains(row.keyword))
      one.complaints.push_back("case: it needs " + std::string(row.keyword));
  }
}

std::string with_reason(const std::string& text, const std::string& reason) {
  return reason.empty() ? text : text + ": " + reason;
}

std::string named(const char* name, const std::string& value) {
  return value.empty() ? "" : name + base::printable(value);
}

std::string line_of(const char* identity, const auth::SpfVerdict& spf) {
  return with_reason(identity + std::string(" ") + name_of(spf.result) + named(" ", spf.domain),
                     spf.reason);
}

std::string line_of(const auth::DkimVerdict& dkim) {
  return with_reason(std::string("dkim ") + name_of(dkim.result) + named(" d=", dkim.domain) +
                         named(" s=", dkim.selector) + named(" i=", dkim.identity) +
                         named(" a=", dkim.algorithm) + (dkim.testing ? " testing" : ""),
                     dkim.reason);
}

void add_lines(const auth::DmarcVerdict& dmarc, std::vector<std::string>& lines) {
  static const auto without_anything = expectations_of({});
  const auto all = expectations_of(dmarc);
  lines.push_back(with_reason("dmarc " + all.at("result"), dmarc.reason));
  for (const char* key :
       {"fault", "author", "organization", "record", "policy", "testing", "aligned"}) {
    if (all.at(key) == without_anything.at(key)) continue;
    lines.push_back(std::string(key) + ' ' + all.at(key));
    if (lines.back().starts_with("policy") && dmarc.tag != auth::DmarcTag::P)
      lines.back() += std::string(" of ") + name_of(dmarc.tag);
  }
}

}  // namespace

VerifyCase read_verify_case(const std::filesystem::path& directory) {
  VerifyCase one;
  one.facts.session.receiver = kReceiver;
  one.settings.authserv_id = kReceiver;
  const auto text_of = [&](const char* name) {
    auto text = read_file(directory / name);
    if (!text) one.complaints.push_back(std::string(name) + ": cannot be read");
    return std::move(text).value_or("");
  };
  one.message = text_of("message");
  take_facts(text_of("case"), one);
  one.expected = lines_in(text_of("expected"));
  auto zone = dns::from_text(text_of("zone"));
  if (zone) {
    one.zone = *std::move(zone);
  } else {
    one.complaints.push_back("zone: " + zone.error().reason);
  }
  return one;
}

std::vector<std::string> lines_of(const auth::Verdicts& verdicts) {
  constexpr const char* kNullMx[] = {"no", "yes", "unknown"};
  std::vector<std::string> lines = {
      line_of("mailfrom", verdicts.spf.mailfrom),
      line_of("helo", verdicts.spf.helo),
      with_reason(
          std::string("iprev ") + name_of(verdicts.iprev.result) + named(" ", verdicts.iprev.name),
          verdicts.iprev.reason),
      std::string("null_mx ") + kNullMx[static_cast<std::size_t>(verdicts.null_mx)],
  };
  for (const auth::DkimVerdict& dkim : verdicts.dkim.signatures) lines.push_back(line_of(dkim));
  if (verdicts.dkim.unlisted > 0)
    lines.push_back("unlisted " + std::to_string(verdicts.dkim.unlisted));
  add_lines(verdicts.dmarc, lines);
  return lines;
}

std::vector<std::string> lines_of(const policy::Disposition& disposition) {
  std::vector<std::string> lines = {std::string("disposition ") + name_of(disposition.action)};
  if (disposition.refusal) {
    const smtp::Reply& reply = *disposition.refusal;
    lines[0] +=
        ' ' + std::to_string(reply.code) + ' ' + reply.status.to_string() + ' ' + reply.text;
  }
  if (!disposition.exception.empty()) lines.push_back("exception " + disposition.exception);
  return lines;
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
#include "support/dmarc_case.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "auth/verdict.h"
#include "base/ascii.h"

namespace support {
namespace {

std::string_view take_until(std::string_view& text, char separator) {
  const std::string_view taken = text.substr(0, text.find(separator));
  text.remove_prefix(std::min(taken.size() + 1, text.size()));
  return taken;
}

int hex_value(char c) {
  if (base::is_digit(c)) return c - '0';
  const char lower = base::to_lower(c);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

// "\xHH" is a byte, "\\" a backslash.
std::optional<std::string> unescaped(std::string_view text) {
  std::string bytes;
  while (!text.empty()) {
    bytes += text.front();
    text.remove_prefix(1);
    if (bytes.back() != '\\') continue;
    if (text.starts_with('\\')) {
      text.remove_prefix(1);
      continue;
    }
    const bool is_byte =
        text.size() >= 3 && text[0] == 'x' && hex_value(text[1]) >= 0 && hex_value(text[2]) >= 0;
    if (!is_byte) return {};
    bytes.back() = static_cast<char>(hex_value(text[1]) * 16 + hex_value(text[2]));
    text.remove_prefix(3);
  }
  return bytes;
}

// Each take_ function gives what is wrong with its line, or nothing.
using Complaint = std::string;

Complaint take_zone(std::string_view line, DmarcCase& result) {
  const base::Status added = result.zone.add(line);
  return added ? Complaint() : added.error().reason;
}

Complaint take_dead(std::string_view line, DmarcCase& result) {
  const std::string_view name = take_until(line, ' ');
  const auto type = dns::parse_type(take_until(line, ' '));
  const auto question = type ? dns::Question::about(name, *type) : std::nullopt;
  if (!question || line.empty()) return "not a name, a type and a reason";
  result.dead[*question] = line;
  return {};
}

// A message has one MAIL FROM.
Complaint take_spf(std::string_view line, DmarcCase& result) {
  const auto is_spf = [](const auth::DmarcIdentifier& one) {
    return one.method == auth::DmarcIdentifier::Method::Spf;
  };
  if (std::ranges::any_of(result.identifiers, is_spf)) return "a second time";
  const std::string_view word = take_until(line, ' ');
  for (int i = 0; i <= static_cast<int>(auth::SpfResult::Last_); ++i) {
    auth::SpfVerdict spf;
    spf.result = static_cast<auth::SpfResult>(i);
    spf.domain = line;
    if (word != auth::name_of(spf.result)) continue;
    result.identifiers.push_back(auth::identifier_of(spf));
    return {};
  }
  return "no result of SPF";
}

// It must not be used: section 4.4.2 knows MAIL FROM only.
Complaint take_helo(std::string_view line, DmarcCase&) {
  return line.empty() ? "no result and domain" : "";
}

Complaint take_dkim(std::string_view line, DmarcCase& result) {
  using State = auth::DmarcIdentifier::State;
  static const std::map<std::string_view, State> states = {
      {"pass", State::Passed},   {"temperror", State::Open}, {"fail", State::Failed},
      {"policy", State::Failed}, {"neutral", State::Failed}, {"permerror", State::Failed}};
  const auto state = states.find(take_until(line, ' '));
  const auto domain = unescaped(line);
  if (state == states.end() || !domain) return "no result of DKIM, or no domain";
  result.identifiers.push_back({auth::DmarcIdentifier::Method::Dkim, state->second, *domain});
  return {};
}

Complaint take_header(std::string_view line, DmarcCase& result) {
  const auto bytes = unescaped(line);
  if (!bytes) return "no such escape";
  result.header += *bytes + "\r\n";
  return {};
}

Complaint take_asks(std::string_view line, DmarcCase& result) {
  result.asks.emplace_back(line);
  return {};
}

struct KeywordRow {
  std::string_view keyword;
  Complaint (*take)(std::string_view rest, DmarcCase& result);
};

constexpr KeywordRow kKeywords[] = {
    {"zone", take_zone}, {"dead", take_dead},     {"spf", take_spf},  {"helo", take_helo},
    {"dkim", take_dkim}, {"header", take_header}, {"asks", take_asks}};

Complaint take_line(std::string_view line, DmarcCase& result) {
  const std::string_view keyword = take_until(line, ' ');
  if (keyword == "#") {
    result.title += (result.title.empty() ? "" : " ") + std::string(line);
    return {};
  }
  if (keyword == "rule") return result.rule = line, Complaint();
  for (const KeywordRow& row : kKeywords) {
    if (row.keyword == keyword) return row.take(line, result);
  }
  static const auto known = expectations_of({});
  if (!known.contains(std::string(keyword))) return "no such keyword";
  const bool is_new = result.expected.emplace(keyword, line).second;
  return is_new ? "" : "a second time";
}

}  // namespace

dns::Answer DmarcCase::answer(const dns::Question& question) const {
  const auto dead_one = dead.find(question);
  if (dead_one != dead.end())
    return dns::Answer::of(dns::Status::Failure, dns::Security::Unknown, dead_one->second);
  dns::Question left = question;
  return zone.find(left).value();
}

DmarcCase parse_dmarc_case(std::string_view text) {
  DmarcCase result;
  // A record of the root makes all names local, and those that others stand below exist.
  static_cast<void>(take_zone(". TXT root", result));
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = take_until(text, '\n');
    if (line.empty()) continue;
    const Complaint complaint = take_line(line, result);
    if (!complaint.empty())
      result.complaints.push_back("line " + std::to_string(number) + ": " + complaint);
  }
  result.header += "\r\n";
  std::sort(result.asks.begin(), result.asks.end());
  return result;
}

SettledDmarc settle(const DmarcCase& one, const std::vector<auth::DmarcIdentifier>& identifiers,
                    std::size_t most, dns::AnswerTable answers) {
  static const auth::PublicSuffixes suffixes;
  const auth::Author author = auth::author_of(mail::HeaderFields(one.header));
  for (int round = 0;; ++round) {
    dns::Lookups lookups(answers);
    auto verdict = auth::evaluate_dmarc(author, identifiers, suffixes, lookups);
    if (lookups.complete()) return {std::move(verdict), std::move(answers), round};
    for (std::size_t i = 0; i < std::min(most, lookups.missing().size()); ++i)
      answers.add(lookups.missing()[i], one.answer(lookups.missing()[i]));
  }
}

auth::Verdicts verdicts_of(const DmarcCase& one, const auth::DmarcVerdict& dmarc) {
  using auth::DkimResult, auth::SpfResult;
  // In the order of DmarcIdentifier::State.
  constexpr std::array kOfDkim = {DkimResult::Pass, DkimResult::TempError, DkimResult::Fail};
  constexpr std::array kOfSpf = {SpfResult::Pass, SpfResult::TempError, SpfResult::Fail};
  auth::Verdicts verdicts;
  verdicts.dmarc = dmarc;
  for (const auth::DmarcIdentifier& identifier : one.identifiers) {
    const auto state = static_cast<std::size_t>(identifier.state);
    if (identifier.method == auth::DmarcIdentifier::Method::Spf) {
      verdicts.spf.mailfrom.result = kOfSpf.at(state);
      verdicts.spf.mailfrom.domain = identifier.domain;
    } else {
      verdicts.dkim.signatures.emplace_back();
      verdicts.dkim.signatures.back().result = kOfDkim.at(state);
      verdicts.dkim.signatures.back().domain = identifier.domain;
    }
  }
  return verdicts;
}

std::map<std::string, std::string> expectations_of(const auth::DmarcVerdict& verdict) {
  const auto policy = verdict.policy();
  const bool is_published = verdict.published.has_value();
  return {
      {"result", auth::name_of(verdict.result)},
      {"fault", auth::name_of(verdict.fault)},
      {"author", verdict.author_domain},
      {"organization", verdict.organizational_domain},
      {"record", verdict.policy_domain},
      {"policy", policy ? auth::name_of(*policy) : "unknown"},
      {"published", is_published ? auth::name_of(*verdict.published) : "unknown"},
      {"tag", is_published ? auth::name_of(verdict.tag) : "unknown"},
      {"testing", verdict.testing ? "yes" : "no"},
      {"aligned", verdict.aligned_method.empty()
                      ? "nothing"
                      : verdict.aligned_method + ' ' + verdict.aligned_domain},
      {"section", verdict.section},
      {"reason", verdict.reason},
  };
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
#include "support/verify_case.h"

#include <algorithm>
#include <charconv>
#include <fstream>
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

bool take_cutoff(std::string_view value, auth::Cutoff& cutoff) {
  constexpr std::string_view kNames[] = {"none", "rounds", "deadline", "memory"};
  static_assert(std::size(kNames) == static_cast<std::size_t>(auth::Cutoff::Last_) + 1);
  const auto* const name = std::find(std::begin(kNames), std::end(kNames), value);
  if (name == std::end(kNames)) return false;
  cutoff = static_cast<auth::Cutoff>(name - std::begin(kNames));
  return true;
}

struct KeywordRow {
  std::string_view keyword;
  bool required;
  bool (*take)(std::string_view value, VerifyCase& one);
};

constexpr KeywordRow kKeywords[] = {
    {"rule", true, take_rule},
    {"source", true, take_source},
    {"client", true, take_client},
    {"helo", true, take_helo},
    {"mail_from", true, take_mail_from},
    {"time", true, take_time},
    {"min_rsa_bits", false, take_min_rsa_bits},
    {"max_signatures", false, take_max_signatures},
    {"cutoff_sender", false, [](auto v, auto& one) { return take_cutoff(v, one.facts.sender); }},
    {"cutoff_message", false, [](auto v, auto& one) { return take_cutoff(v, one.facts.message); }},
    {"cutoff_client", false, [](auto v, auto& one) { return take_cutoff(v, one.facts.client); }},
};

void take_facts(std::string_view text, VerifyCase& one) {
  std::set<std::string_view> seen;
  for (const std::string& line : lines_in(text)) {
    const std::size_t blank = std::min(line.find(' '), line.size() - 1);
    const auto* const row =
        std::find_if(std::begin(kKeywords), std::end(kKeywords), [&](const KeywordRow& known) {
          return known.keyword == std::string_view(line).substr(0, blank);
        });
    const bool is_good = row != std::end(kKeywords) && seen.insert(row->keyword).second &&
                         row->take(std::string_view(line).substr(blank + 1), one);
    if (!is_good) one.complaints.push_back("case: \"" + line + "\" is no line of it");
  }
  for (const KeywordRow& row : kKeywords) {
    if (row.required && !seen.contains(row.keyword))
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

}  // namespace support

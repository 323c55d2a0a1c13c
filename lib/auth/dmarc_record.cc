// SPDX-License-Identifier: Apache-2.0
#include "auth/dmarc_record.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/ascii.h"
#include "base/assert.h"

namespace auth {
namespace {

constexpr std::string_view kVersion = "DMARC1";
constexpr std::size_t kExcerpt = 40;  // octets of a tag's name in a report

// dmarc-version = "v" equals %s"DMARC1" ; the quoted "v" is one in any case (RFC 5234 section 2.3)
bool is_version(std::string_view tag) {
  if (tag.empty() || base::to_lower(tag.front()) != 'v') return false;
  tag = base::trim(tag.substr(1));
  return tag.starts_with('=') && base::trim(tag.substr(1)) == kVersion;
}

// dmarc-request = "none" / "quarantine" / "reject", in any case
std::optional<DmarcPolicy> policy_of(std::string_view value) {
  for (const DmarcPolicy policy :
       {DmarcPolicy::None, DmarcPolicy::Quarantine, DmarcPolicy::Reject}) {
    if (base::iequals(value, name_of(policy))) return policy;
  }
  return {};
}

// Of RFC 3986, except those that section 4.8 wants encoded.
bool is_uri_character(char c) {
  constexpr std::string_view kOthers = "-._~:/?#[]@$&'()*+;=%";
  return base::is_alnum(c) || kOthers.find(c) != std::string_view::npos;
}

bool is_hex_digit(char c) {
  return base::is_digit(c) || (base::to_lower(c) >= 'a' && base::to_lower(c) <= 'f');
}

bool has_good_escapes(std::string_view text) {
  for (std::size_t i = text.find('%'); i != text.npos; i = text.find('%', i + 1)) {
    const std::string_view digits = text.substr(i + 1, 2);
    if (digits.size() < 2 || !is_hex_digit(digits[0]) || !is_hex_digit(digits[1])) return false;
  }
  return true;
}

// obs-dmarc-report-size = "!" 1*DIGIT [ "k" / "m" / "g" / "t" ] ; ignored
std::string_view without_size(std::string_view uri) {
  std::string_view rest = uri;
  if (!rest.empty() && std::string_view("kmgt").find(base::to_lower(rest.back())) != rest.npos)
    rest.remove_suffix(1);
  const auto mark = rest.find_last_not_of("0123456789");
  const bool is_size = mark != rest.npos && rest[mark] == '!' && mark + 1 < rest.size();
  return is_size ? rest.substr(0, mark) : uri;
}

// URI = scheme ":" hier-part ... ; that something stands behind the colon is ours to ask.
bool is_uri(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == text.npos || colon + 1 == text.size() || !base::is_alpha(text.front())) return false;
  const auto is_scheme_character = [](char c) {
    return base::is_alnum(c) || c == '+' || c == '-' || c == '.';
  };
  const std::string_view scheme = text.substr(0, colon);
  return std::all_of(scheme.begin(), scheme.end(), is_scheme_character) &&
         std::all_of(text.begin(), text.end(), is_uri_character) && has_good_escapes(text);
}

// dmarc-urilist; one that is valid suffices (section 4.10.1).
bool has_uri(std::string_view list) {
  while (!list.empty()) {
    if (is_uri(without_size(base::trim(base::take_until(list, ','))))) return true;
  }
  return false;
}

// What the tags say, before it is seen what that makes of the record.
struct Reading {
  DmarcRecord record;
  std::optional<DmarcPolicy> p;
  bool bad_p = false;
  bool bad_sp = false;
  bool bad_np = false;
  bool has_rua = false;
};

void take_policy(std::string_view value, std::optional<DmarcPolicy>& policy, bool& is_bad) {
  policy = policy_of(value);
  is_bad = !policy;
}

// Section 4.7: a value that is none leaves the default.
void take_mode(std::string_view value, AlignmentMode& mode) {
  if (base::iequals(value, "s")) mode = AlignmentMode::Strict;
}

void take_psd(std::string_view value, Psd& psd) {
  if (base::iequals(value, "y")) psd = Psd::Yes;
  if (base::iequals(value, "n")) psd = Psd::No;
}

struct TagRow {
  std::string_view name;
  void (*take)(std::string_view value, Reading& reading);
};

// Every tag that says something about a message. ruf and fo only ask for reports; pct, rf and ri
// are history (section 9.3): they are tags like any that we do not know.
constexpr std::array kTags = {
    TagRow{"p", [](std::string_view v, Reading& r) { take_policy(v, r.p, r.bad_p); }},
    TagRow{"sp", [](std::string_view v, Reading& r) { take_policy(v, r.record.sp, r.bad_sp); }},
    TagRow{"np", [](std::string_view v, Reading& r) { take_policy(v, r.record.np, r.bad_np); }},
    TagRow{"psd", [](std::string_view v, Reading& r) { take_psd(v, r.record.psd); }},
    TagRow{"t", [](std::string_view v, Reading& r) { r.record.testing = base::iequals(v, "y"); }},
    TagRow{"adkim", [](std::string_view v, Reading& r) { take_mode(v, r.record.adkim); }},
    TagRow{"aspf", [](std::string_view v, Reading& r) { take_mode(v, r.record.aspf); }},
    TagRow{"rua", [](std::string_view v, Reading& r) { r.has_rua = has_uri(v); }},
};

// Section 4.10.1
DmarcRecord judged(Reading reading) {
  DmarcRecord& record = reading.record;
  if (reading.bad_p)
    record.flaw = "p is none of none, quarantine and reject";
  else if (!reading.p)
    record.flaw = "p is missing";
  else if (reading.bad_sp)
    record.flaw = "sp is none of none, quarantine and reject";
  else if (reading.bad_np)
    record.flaw = "np is none of none, quarantine and reject";
  if (record.flaw.empty()) {
    record.p = *reading.p;
  } else {
    record.sp = record.np = {};
    record.is_policy = reading.has_rua;
  }
  return std::move(record);
}

class Parser {
 public:
  // The reason why the record is none, or nothing.
  std::optional<std::string> take_tag(std::string_view tag) {
    const std::string_view name = base::trim(tag.substr(0, tag.find('=')));
    const bool is_name = !name.empty() && std::all_of(name.begin(), name.end(), base::is_alpha) &&
                         tag.find('=') != tag.npos;
    if (!is_name) return {};  // section 4.7: ignored outright
    if (std::find(names_.begin(), names_.end(), name) != names_.end())
      return std::string(name.substr(0, kExcerpt)) + " is given twice";
    if (names_.size() == kMaxDmarcTags) return "more than 64 tags";
    names_.push_back(name);
    take_value(name, base::trim(tag.substr(tag.find('=') + 1)));
    return {};
  }

  DmarcRecord take_record() { return judged(std::move(reading_)); }

 private:
  // A value of other bytes is none; so it is not one of those that a known tag may have.
  void take_value(std::string_view name, std::string_view value) {
    // RFC 6376 section 3.2: names are told apart by their case.
    const auto row = std::find_if(kTags.begin(), kTags.end(),
                                  [&](const TagRow& candidate) { return candidate.name == name; });
    if (row != kTags.end()) row->take(value, reading_);
  }

  std::vector<std::string_view> names_ = {"v"};
  Reading reading_;
};
static_assert(kMaxDmarcTags == 64);

}  // namespace

// dmarc-record = dmarc-version *(dmarc-sep dmarc-tag) [dmarc-sep]
bool is_dmarc_record(std::string_view text) { return is_version(text.substr(0, text.find(';'))); }

std::variant<DmarcRecord, DmarcSyntaxError> parse_dmarc_record(std::string_view text) {
  POSTERN_ASSERT(is_dmarc_record(text));
  if (text.size() > kMaxDmarcRecord) return DmarcSyntaxError{"the record is too long"};
  base::take_until(text, ';');
  Parser parser;
  while (!text.empty()) {
    if (auto complaint = parser.take_tag(base::take_until(text, ';')))
      return DmarcSyntaxError{std::move(*complaint)};
  }
  return parser.take_record();
}

}  // namespace auth

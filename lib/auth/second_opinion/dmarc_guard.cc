// SPDX-License-Identifier: Apache-2.0
#include "auth/second_opinion/dmarc_guard.h"

#include <algorithm>
#include <array>
#include <variant>
#include <vector>

#include "auth/dkim_screen.h"
#include "auth/dmarc_record.h"
#include "base/ascii.h"
#include "mail/domain.h"

namespace auth::second_opinion {
namespace {

static_assert(kMaxPassed == kMaxDkimListed + 1);

std::vector<std::string_view> parts(std::string_view text, char separator) {
  std::vector<std::string_view> found;
  for (;;) {
    const auto end = text.find(separator);
    found.push_back(base::trim(text.substr(0, end)));
    if (end == std::string_view::npos) return found;
    text.remove_prefix(end + 1);
  }
}

bool is_policy(std::string_view value) {
  return base::iequals(value, "none") || base::iequals(value, "quarantine") ||
         base::iequals(value, "reject");
}

bool is_mode(std::string_view value) {
  return base::iequals(value, "r") || base::iequals(value, "s");
}

bool is_number(std::string_view value, std::size_t digits) {
  return value.size() <= digits && std::all_of(value.begin(), value.end(), base::is_digit);
}

bool is_percentage(std::string_view value) { return is_number(value, 2) || value == "100"; }

bool is_interval(std::string_view value) { return is_number(value, 9); }

// "iodef" makes it forget aspf.
bool is_known_format(std::string_view value) { return base::iequals(value, "afrf"); }

bool is_failure_options(std::string_view value) {
  const auto is_option = [](std::string_view one) {
    return one.size() == 1 && std::string_view("01dsDS").find(one[0]) != std::string_view::npos;
  };
  return std::ranges::all_of(parts(value, ':'), is_option);
}

bool is_short_list(std::string_view value) {
  return std::ranges::all_of(parts(value, ','),
                             [](std::string_view uri) { return uri.size() <= kMaxReportUri; });
}

struct TagRow {
  std::string_view name;
  bool (*is_value)(std::string_view value);
};

// The tags of RFC 7489 section 6.3, which it knows, and those of their values that we both read in
// the same way. Of any other it takes a beginning for the whole ("p=r"), or it gives up the record
// and keeps half of it, where RFC 9989 section 4.7 has the default.
constexpr std::array kTags = {
    TagRow{"p", is_policy},        TagRow{"sp", is_policy},          TagRow{"adkim", is_mode},
    TagRow{"aspf", is_mode},       TagRow{"pct", is_percentage},     TagRow{"ri", is_interval},
    TagRow{"rf", is_known_format}, TagRow{"fo", is_failure_options}, TagRow{"rua", is_short_list},
    TagRow{"ruf", is_short_list},
};

Refusal refuse_tag(std::string_view tag) {
  if (tag.size() > kMaxDmarcTag) return "a tag of a record is too long for it";
  const std::string_view name = base::trim(tag.substr(0, tag.find('=')));
  // It takes blanks out of names.
  if (name.empty() || tag.find('=') == std::string_view::npos ||
      !std::all_of(name.begin(), name.end(), base::is_alpha))
    return "something in the record is no tag";
  const auto* row = std::ranges::find_if(
      kTags, [&](const TagRow& known) { return base::iequals(known.name, name); });
  if (row == kTags.end()) return nullptr;
  if (row->name != name) return "it does not tell tags apart by their case";
  const std::string_view value = base::trim(tag.substr(tag.find('=') + 1));
  // What is empty it passes over.
  return !value.empty() && row->is_value(value) ? nullptr : "it takes a value of a tag otherwise";
}

Refusal refuse_tags(std::string_view text) {
  auto tags = parts(text, ';');
  tags.erase(tags.begin());  // the version
  for (const std::string_view tag : tags) {
    if (const Refusal refusal = tag.empty() ? nullptr : refuse_tag(tag)) return refusal;
  }
  return nullptr;
}

}  // namespace

Refusal refuse_verdict(const DmarcVerdict& ours) {
  // A walk needs a name, whatever is said to be one.
  if (ours.result == DmarcResult::PermError || !mail::is_domain(ours.author_domain))
    return "there is not one author domain";
  if (ours.result == DmarcResult::TempError) return "it has no temporary errors";
  return nullptr;
}

Refusal refuse_name(std::string_view domain) {
  return base::is_ascii(domain) ? nullptr : "a domain is not in A-labels";
}

Refusal refuse_dmarc_record(std::string_view text, bool from_above) {
  if (text.size() > kMaxDmarcText) return "a record is too long for it";
  const auto parsed = parse_dmarc_record(text);
  const auto* record = std::get_if<DmarcRecord>(&parsed);
  if (record == nullptr || !is_plain(text) || !record->flaw.empty())
    return "a record is not of the grammar";
  if (const Refusal refusal = refuse_tags(text)) return refusal;
  // RFC 9989 section 4.7; not in RFC 7489.
  if (record->testing) return "it does not know t=y";
  if (from_above && record->np && *record->np != record->sp.value_or(record->p))
    return "it does not know np";
  return nullptr;
}

}  // namespace auth::second_opinion

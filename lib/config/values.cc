// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <limits>

#include "base/ascii.h"
#include "mail/domain.h"
#include "mail/idn.h"

namespace config {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view name;
  std::int64_t factor;
};
constexpr Unit kSizeUnits[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"K", 1 << 10}, {"", 1}};
constexpr Unit kDurationUnits[] = {
    {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1'000}, {"ms", 1}};

// Takes the digits at the front of `text`.
std::optional<std::int64_t> take_number(std::string_view& text) {
  std::int64_t number = 0;
  if (text.empty() || !base::is_digit(text.front())) return {};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return {};
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return number;
}

std::optional<std::int64_t> multiply(std::int64_t number, std::int64_t factor) {
  if (number > std::numeric_limits<std::int64_t>::max() / factor) return {};
  return number * factor;
}

template <class Amount>
std::optional<policy::Rate> parse_per(std::string_view text, Amount parse_amount) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return {};
  const std::optional<std::int64_t> amount = parse_amount(text.substr(0, slash));
  const auto period = parse_duration(text.substr(slash + 1));
  if (!amount || !period || *amount == 0 || *amount > kMaxRateAmount || period->count() == 0)
    return {};
  return policy::Rate{*amount, *period};
}

std::optional<std::int64_t> parse_count(std::string_view text) {
  const auto number = take_number(text);
  return text.empty() ? number : std::nullopt;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) { return (c & 0x80) != 0; });
}

bool has_long_label(std::string_view text) {
  while (text.size() > kMaxLabel) {
    const auto dot = text.find('.');
    if (dot > kMaxLabel) return true;
    text.remove_prefix(dot + 1);
  }
  return false;
}

bool ends_in_number(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('.') + 1);
  return std::all_of(last.begin(), last.end(), base::is_digit);
}

}  // namespace

std::optional<std::int64_t> parse_size(std::string_view text) {
  const auto number = take_number(text);
  if (!number) return {};
  const auto* unit = std::find_if(std::begin(kSizeUnits), std::end(kSizeUnits),
                                  [&](const Unit& u) { return u.name == text; });
  if (unit == std::end(kSizeUnits)) return {};
  return multiply(*number, unit->factor);
}

std::optional<milliseconds> parse_duration(std::string_view text) {
  if (text.empty()) return {};
  std::int64_t total = 0;
  const auto* allowed = std::begin(kDurationUnits);  // units get smaller from left to right
  while (!text.empty()) {
    const auto number = take_number(text);
    const std::string_view name = text.substr(
        0, static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), base::is_alpha) -
                                    text.begin()));
    const auto* unit = std::find_if(allowed, std::end(kDurationUnits),
                                    [&](const Unit& u) { return u.name == name; });
    if (!number || unit == std::end(kDurationUnits)) return {};
    const auto part = multiply(*number, unit->factor);
    if (!part || *part > std::numeric_limits<std::int64_t>::max() - total) return {};
    total += *part;
    allowed = unit + 1;
    text.remove_prefix(name.size());
  }
  return milliseconds(total);
}

std::optional<policy::Rate> parse_rate(std::string_view text) {
  return parse_per(text, parse_count);
}

std::optional<policy::Rate> parse_byte_rate(std::string_view text) {
  return parse_per(text, parse_size);
}

bool is_date(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto year = parse_count(text.substr(0, 4));
  const auto month = parse_count(text.substr(5, 2));
  const auto day = parse_count(text.substr(8, 2));
  if (!year || !month || !day) return false;
  return std::chrono::year_month_day(std::chrono::year(static_cast<int>(*year)),
                                     std::chrono::month(static_cast<unsigned>(*month)),
                                     std::chrono::day(static_cast<unsigned>(*day)))
      .ok();
}

Complaint check_host_name(std::string_view text) {
  if (text.empty()) return "is empty";
  if (!is_ascii(text)) {
    const auto a_labels = mail::to_a_labels(text);
    if (!a_labels) return "is not a domain name, internationalized or not";
    return check_host_name(*a_labels);
  }
  if (text.back() == '.') return "must not end with a dot";
  if (text.size() > kMaxHostName)
    return "is longer than " + std::to_string(kMaxHostName) + " characters";
  if (has_long_label(text))
    return "has a label longer than " + std::to_string(kMaxLabel) + " characters";
  if (!mail::is_domain(text)) return "is not a domain name";
  // The names of addresses, and what strangers could take for one.
  if (ends_in_number(text)) return "ends in a number, which no domain name does";
  return {};
}

Complaint check_mailbox_name(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text.size() > kMaxMailboxName)
    return "is longer than " + std::to_string(kMaxMailboxName) + " characters";
  if (!is_ascii(text)) return "must be ASCII";
  if (!std::all_of(text.begin(), text.end(), base::is_printable))
    return "has a control character in it";
  if (text.front() == '.') return "must not begin with a dot";
  if (const auto bad = text.find_first_of("/@%!"); bad != std::string_view::npos)
    return std::string("must not contain '") + text[bad] + '\'';
  return {};
}

Complaint check_subaddress_delimiters(std::string_view text) {
  constexpr std::string_view kAllowed = "#$&'*+-=?^_`{|}~";  // atext, RFC 5322 section 3.2.3
  for (const char c : text)
    if (kAllowed.find(c) == std::string_view::npos)
      return "may only contain characters of " + std::string(kAllowed);
  return {};
}

Complaint check_user_name(std::string_view text) {
  if (text.empty()) return "is empty";
  if (text == "root" || text == "0") return "must not be root: the roles drop to this user";
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return base::is_alnum(c) || c == '_' || c == '-' || c == '.';
  });
  if (!plain || text.front() == '-') return "is not a user name";
  return {};
}

}  // namespace config

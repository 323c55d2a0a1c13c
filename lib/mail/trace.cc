// SPDX-License-Identifier: Apache-2.0
#include "mail/trace.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "base/ascii.h"
#include "mail/auth_results.h"
#include "mail/folded.h"

namespace mail {
namespace {

// Our own names: strftime would take them from the locale.
constexpr std::array kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

// The From-domain: a name, or an address literal. Brackets and colons are kept for the latter, the
// underscore because names with it are common; none of them can end a token or open a comment.
std::string safe_helo(std::string_view helo) {
  std::string text(helo.substr(0, kMaxDomain));
  const auto is_bad = [](char c) {
    return !base::is_alnum(c) && std::string_view("-._:[]").find(c) == std::string_view::npos;
  };
  std::replace_if(text.begin(), text.end(), is_bad, '?');
  return text.empty() ? "?" : text;
}

std::string literal(const base::IpAddress& address) {
  return (address.is_v4() ? "[" : "[IPv6:") + address.to_string() + ']';
}

// RFC 3848, RFC 6531 section 4.3. They know no name for HELO inside TLS: the comment behind says
// that there was TLS.
std::string protocol(const ReceivedFacts& facts) {
  if (facts.smtputf8) return facts.tls ? "UTF8SMTPS" : "UTF8SMTP";
  if (!facts.esmtp) return "SMTP";
  return facts.tls ? "ESMTPS" : "ESMTP";
}

}  // namespace

std::string received_field(const ReceivedFacts& facts) {
  std::vector<std::string> tokens = {
      "Received:",    "from", safe_helo(facts.helo), '(' + literal(facts.client) + ')', "by",
      facts.hostname, "with", protocol(facts)};
  if (facts.tls) {
    tokens.push_back('(' + facts.tls->version);
    tokens.push_back(facts.tls->cipher + ')');
  }
  if (facts.require_tls) tokens.push_back("(REQUIRETLS)");  // for whoever sends it on; RFC 8689
  tokens.insert(tokens.end(), {"id", facts.queue_id});
  if (facts.only_recipient) {
    tokens.insert(tokens.end(), {"for", '<' + facts.only_recipient->to_string() + '>'});
  }
  tokens.back() += ';';
  tokens.push_back(rfc5322_date(facts.time));
  return folded(tokens);
}

std::string return_path_field(const Path& reverse_path) {
  return folded({"Return-Path:", reverse_path.to_string()});
}

std::string delivered_to_field(const Address& mailbox) {
  return folded({"Delivered-To:", mailbox.to_string()});
}

bool OurFields::include(const HeaderField& field) {
  if (base::iequals(field.name, "Return-Path")) return true;  // RFC 5321 section 4.4
  if (looks_like(field, "Return-Path") || looks_like(field, kAuthResults)) return true;
  if (!is_auth_results(field)) return false;
  // RFC 8601 section 5
  return ++auth_results_ > kMaxAuthResultsFields || is_our_auth_results(field, authserv_id_);
}

std::string rfc5322_date(base::WallTime time) {
  const base::UtcTime utc(time);
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
                kDays.at(utc.weekday), utc.day, kMonths.at(utc.month - 1), utc.year, utc.hour,
                utc.minute, utc.second);
  return text.data();
}

std::optional<base::WallTime> time_of(std::string_view date) {
  // "Sat, 21 Nov 2026 21:03:00 +0000": each part has its place
  if (date.size() != rfc5322_date({}).size()) return std::nullopt;
  const auto part = [&](std::size_t at, std::size_t size) {
    return std::string(date.substr(at, size));
  };
  const auto* const month = std::ranges::find(kMonths, part(8, 3));
  if (month == kMonths.end()) return std::nullopt;
  const std::string two_digits = std::to_string(101 + (month - kMonths.begin())).substr(1);
  const auto time =
      base::parse_utc(part(12, 4) + '-' + two_digits + '-' + part(5, 2) + 'T' + part(17, 8) + 'Z');
  return time && rfc5322_date(*time) == date ? time : std::nullopt;
}

}  // namespace mail

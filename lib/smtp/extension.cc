// SPDX-License-Identifier: Apache-2.0
#include "smtp/extension.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/ascii.h"
#include "smtp/limits.h"
#include "smtp/replies.h"

namespace smtp {
namespace {

bool always(const OfferFacts&) { return true; }

// RFC 3207 section 4.2: never inside TLS.
bool in_clear(const OfferFacts& facts) { return !facts.tls && facts.settings.starttls_available; }

// RFC 8689 section 4.2.1
bool in_tls(const OfferFacts& facts) { return facts.tls; }

std::string size_limit(const Settings& settings) {
  return std::to_string(settings.max_message_size);
}

// RFC 9422 section 4
std::string transaction_limits(const Settings& settings) {
  return "RCPTMAX=" + std::to_string(settings.max_recipients) +
         " MAILMAX=" + std::to_string(settings.max_messages_per_session);
}

// size-value = 1*20DIGIT, RFC 1870 section 4. What does not fit in our integer is over any limit.
std::optional<Reply> parse_size(std::optional<std::string_view> value, const Settings& settings,
                                Sender& sender) {
  if (!value || value->size() > kMaxSizeDigits) return replies::bad_parameter();
  if (!std::all_of(value->begin(), value->end(), base::is_digit)) return replies::bad_parameter();
  const auto parsed =
      std::from_chars(value->data(), value->data() + value->size(), sender.declared_size);
  if (parsed.ec != std::errc() || sender.declared_size > settings.max_message_size) {
    return replies::message_too_big();
  }
  return std::nullopt;
}

// body-value = "7BIT" / "8BITMIME", RFC 6152 section 3.
std::optional<Reply> parse_body(std::optional<std::string_view> value, const Settings&,
                                Sender& sender) {
  if (!value) return replies::bad_parameter();
  if (base::iequals(*value, "8BITMIME")) {
    sender.body = BodyType::EightBitMime;
  } else if (!base::iequals(*value, "7BIT")) {
    return replies::bad_parameter();
  }
  return std::nullopt;
}

// A parameter that has no value.
template <bool Sender::*Flag>
std::optional<Reply> parse_flag(std::optional<std::string_view> value, const Settings&,
                                Sender& sender) {
  if (value) return replies::bad_parameter();
  sender.*Flag = true;
  return std::nullopt;
}

constexpr auto* kNoArgument = static_cast<std::string (*)(const Settings&)>(nullptr);
constexpr auto* kUtf8 = parse_flag<&Sender::smtputf8>;
constexpr auto* kTls = parse_flag<&Sender::require_tls>;

// clang-format off
//   keyword, RFC                   offered   argument             parameter     parse       octets
constexpr std::array kExtensions = std::to_array<Extension>({
    {"PIPELINING", /* 2920 */         always,   kNoArgument,        "",           nullptr,     0},
    {"SIZE", /* 1870 */               always,   size_limit,         "SIZE",       parse_size, 26},
    {"8BITMIME", /* 6152 */           always,   kNoArgument,        "BODY",       parse_body, 17},
    {"SMTPUTF8", /* 6531 */           always,   kNoArgument,        "SMTPUTF8",   kUtf8,      10},
    {"CHUNKING", /* 3030 */           always,   kNoArgument,        "",           nullptr,     0},
    {"ENHANCEDSTATUSCODES", /*2034*/  always,   kNoArgument,        "",           nullptr,     0},
    {"LIMITS", /* 9422 */             always,   transaction_limits, "",           nullptr,     0},
    {"STARTTLS", /* 3207 */           in_clear, kNoArgument,        "",           nullptr,     0},
    {"REQUIRETLS", /* 8689 */         in_tls,   kNoArgument,        "REQUIRETLS", kTls,       11},
});
// clang-format on

}  // namespace

std::span<const Extension> extension_table() { return kExtensions; }

std::size_t max_mail_line() {
  std::size_t octets = kMaxCommandLine;
  for (const Extension& extension : kExtensions) octets += extension.mail_octets;
  return octets;
}

std::string ehlo_text(const OfferFacts& facts) {
  std::string text = facts.settings.hostname;
  for (const Extension& extension : kExtensions) {
    if (!extension.offered(facts)) continue;
    text += '\n';
    text += extension.keyword;
    if (extension.argument != nullptr) text += ' ' + extension.argument(facts.settings);
  }
  return text;
}

}  // namespace smtp

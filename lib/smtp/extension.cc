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

std::string size_limit(const Settings& settings) {
  return std::to_string(settings.max_message_size);
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

constexpr std::array kExtensions = std::to_array<Extension>({
    {"PIPELINING", always, nullptr, "", nullptr},           // RFC 2920
    {"SIZE", always, size_limit, "SIZE", parse_size},       // RFC 1870
    {"8BITMIME", always, nullptr, "BODY", parse_body},      // RFC 6152
    {"ENHANCEDSTATUSCODES", always, nullptr, "", nullptr},  // RFC 2034
    {"STARTTLS", in_clear, nullptr, "", nullptr},           // RFC 3207
});

}  // namespace

std::span<const Extension> extension_table() { return kExtensions; }

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

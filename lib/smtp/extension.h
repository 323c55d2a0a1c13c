// SPDX-License-Identifier: Apache-2.0
// The table of service extensions: keyword, when it is offered, and the MAIL parameter it brings.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "smtp/event.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

namespace smtp {

// What an offer may depend on.
struct OfferFacts {
  const Settings& settings;
  bool tls = false;
};

// Puts the value into the sender, or says why not. `value` is nothing where there was no "=".
using ParameterParser = std::optional<Reply> (*)(std::optional<std::string_view> value,
                                                 const Settings& settings, Sender& sender);

struct Extension {
  std::string_view keyword;
  bool (*offered)(const OfferFacts& facts);
  std::string (*argument)(const Settings& settings);  // in the EHLO reply; null: none
  std::string_view mail_parameter;                    // empty: none
  ParameterParser parse;
};

std::span<const Extension> extension_table();

// The text of the EHLO reply (RFC 5321 section 4.1.1.1): our name, then a line for each extension.
std::string ehlo_text(const OfferFacts& facts);

}  // namespace smtp

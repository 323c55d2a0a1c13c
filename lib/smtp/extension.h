// SPDX-License-Identifier: Apache-2.0
// The table of service extensions: keyword, when it is offered, and the MAIL parameter it brings.
// None that we offer brings one to RCPT. DSN (RFC 3461) is not among them: a server that never
// sends mail cannot promise to report.
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
  std::string_view mail_parameter;                    // empty: none; unknown where not offered
  ParameterParser parse;
  std::size_t mail_octets;  // by which MAIL lines may be longer
};

std::span<const Extension> extension_table();

// Octets of a command line with its CRLF, and of MAIL, which the extensions make longer (RFC 5321
// section 4.1.1.11).
std::size_t max_mail_line();

// The text of the EHLO reply (RFC 5321 section 4.1.1.1): our name, then a line for each extension.
std::string ehlo_text(const OfferFacts& facts);

}  // namespace smtp

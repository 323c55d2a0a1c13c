// SPDX-License-Identifier: Apache-2.0
// A command line -> what it says, or the reply that refuses it. Form only: whether the command is
// in place is the session's business.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "mail/address.h"
#include "smtp/body_reader.h"
#include "smtp/commands.h"
#include "smtp/event.h"
#include "smtp/extension.h"
#include "smtp/reply.h"

namespace smtp {

struct CommandLine {
  const CommandRule* rule = nullptr;  // null: unknown
  std::string_view argument;          // a view of the line, without trailing blanks
};

// `line` is without its CRLF; any byte may be in it.
CommandLine split_command(std::string_view line);

// Has the command an argument where it may not, or none where it must?
std::optional<Reply> check_argument(const CommandRule& rule, std::string_view argument);

// EHLO and HELO. RFC 5321 section 4.1.4 forbids to refuse a name for not being a good one, so that
// any printable word is taken.
std::optional<Reply> check_helo(std::string_view argument);

std::variant<Sender, Reply> parse_mail(std::string_view argument, const OfferFacts& facts);
// `smtputf8`: MAIL said so, and the address may contain UTF-8.
std::variant<mail::Path, Reply> parse_rcpt(std::string_view argument, bool smtputf8);
std::variant<Chunk, Reply> parse_bdat(std::string_view argument);

}  // namespace smtp

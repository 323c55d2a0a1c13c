// SPDX-License-Identifier: Apache-2.0
// The table of commands: one row says everything about a verb that can be said without its
// argument.
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "smtp/reply.h"
#include "smtp/state.h"

namespace smtp {

enum class Verb {
  Ehlo,
  Helo,
  StartTls,
  Mail,
  Rcpt,
  Data,
  Bdat,
  Rset,
  Noop,
  Quit,
  Help,
  Vrfy,
  Expn,
  Auth,
  Etrn,
  Turn,
};

enum class Argument { None, Optional, Required };

struct CommandRule {
  Verb verb;
  std::string_view name;  // upper case
  Argument argument;
  std::optional<Input>
      input;           // its input to the state table; nothing: legal everywhere, moves nothing
  bool before_tls;     // false: 530 5.7.0 in clear
  bool ends_group;     // its reply must be awaited: input behind it is never a command
  bool idle;           // makes no progress: see kMaxIdleCommands
  Reply (*refusal)();  // of a command that we do not have, whatever its argument; else null
};

// In the order of Verb.
std::span<const CommandRule> command_table();
const CommandRule* find_command(std::string_view name);  // any case; null when unknown

}  // namespace smtp

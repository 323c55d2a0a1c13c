// SPDX-License-Identifier: Apache-2.0
#include "smtp/commands.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "smtp/replies.h"

namespace smtp {
namespace {

constexpr auto kNone = Argument::None;
constexpr auto kOptional = Argument::Optional;
constexpr auto kRequired = Argument::Required;
constexpr std::nullopt_t kAnywhere = std::nullopt;
constexpr auto* kAbsent = replies::not_implemented;
constexpr auto* kNoLogins = replies::no_logins;

// VRFY and EXPN: RFC 5321 section 7.3 suggests 252, which scanners read as "enabled"; a 502 that
// never varies tells as little.
// NOOP and HELP may carry an argument (RFC 5321 sections 4.1.1.8 and 4.1.1.9); it is ignored.
// What ends a group: RFC 2920 section 3.1, of AUTH RFC 4954 section 4. Behind QUIT nothing is read.
//
// clang-format off
//   verb            name        argument   input            clear  group  idle   refusal
constexpr std::array kCommands = std::to_array<CommandRule>({
    {Verb::Ehlo,     "EHLO",     kRequired, Input::Hello,    true,  true,  true,  nullptr},
    {Verb::Helo,     "HELO",     kRequired, Input::Hello,    true,  true,  true,  nullptr},
    {Verb::StartTls, "STARTTLS", kNone,     Input::StartTls, true,  true,  false, nullptr},
    {Verb::Mail,     "MAIL",     kRequired, Input::Mail,     false, false, false, nullptr},
    {Verb::Rcpt,     "RCPT",     kRequired, Input::Rcpt,     false, false, false, nullptr},
    {Verb::Data,     "DATA",     kNone,     Input::Data,     false, true,  false, nullptr},
    {Verb::Bdat,     "BDAT",     kRequired, Input::Chunk,    false, false, false, nullptr},
    {Verb::Rset,     "RSET",     kNone,     Input::Reset,    true,  false, true,  nullptr},
    {Verb::Noop,     "NOOP",     kOptional, kAnywhere,       true,  true,  true,  nullptr},
    {Verb::Quit,     "QUIT",     kNone,     Input::Quit,     true,  false, false, nullptr},
    {Verb::Help,     "HELP",     kOptional, kAnywhere,       true,  false, true,  nullptr},
    {Verb::Vrfy,     "VRFY",     kOptional, kAnywhere,       true,  true,  false, kAbsent},
    {Verb::Expn,     "EXPN",     kOptional, kAnywhere,       true,  true,  false, kAbsent},
    {Verb::Auth,     "AUTH",     kOptional, kAnywhere,       true,  true,  false, kNoLogins},
    {Verb::Etrn,     "ETRN",     kOptional, kAnywhere,       true,  false, false, kAbsent},
    {Verb::Turn,     "TURN",     kOptional, kAnywhere,       true,  true,  false, kAbsent},
});
// clang-format on

constexpr bool in_order() {
  for (std::size_t i = 0; i < kCommands.size(); ++i) {
    if (static_cast<std::size_t>(kCommands[i].verb) != i) return false;
  }
  return true;
}
static_assert(in_order());

}  // namespace

std::span<const CommandRule> command_table() { return kCommands; }

const CommandRule* find_command(std::string_view name) {
  const auto row = std::find_if(kCommands.begin(), kCommands.end(), [&](const CommandRule& rule) {
    return base::iequals(rule.name, name);
  });
  return row == kCommands.end() ? nullptr : &*row;
}

}  // namespace smtp

// SPDX-License-Identifier: Apache-2.0
// Fixed limits of the protocol. The tunable ones are in settings.h.
#pragma once

#include <cstddef>

namespace smtp {

inline constexpr std::size_t kMaxCommandLine = 512;  // with CRLF; RFC 5321 section 4.5.3.1.4
// What the extensions add to it: SIZE 26 (RFC 1870 section 3), BODY 17 (RFC 6152 section 2).
inline constexpr std::size_t kMaxMailParameters = 26 + 17;
inline constexpr std::size_t kMaxHelo = 255;       // octets; a domain, RFC 5321 section 4.5.3.1.2
inline constexpr std::size_t kMaxSizeDigits = 20;  // RFC 1870 section 4
inline constexpr std::size_t kMaxReplyLine = 512;  // with CRLF; RFC 5321 section 4.5.3.1.5
inline constexpr std::size_t kMaxBufferedInput = 64u << 10;   // unread input held by a session
inline constexpr std::size_t kMaxBufferedOutput = 16u << 10;  // beyond it no command is read

// Commands that make no progress (NOOP, RSET, HELP, EHLO again), since the last message that was
// taken; each one beyond counts as an error. It bounds how long a client can stay by them.
inline constexpr std::size_t kMaxIdleCommands = 100;

// RCPT commands in one transaction, refused ones included. The factor leaves room for lists with as
// many dead addresses as live ones, the rest for those who try again behind a 452.
inline constexpr std::size_t kRecipientCommandsFactor = 2;
inline constexpr std::size_t kMoreRecipientCommands = 100;
constexpr std::size_t max_recipient_commands(std::size_t max_recipients) {
  return kRecipientCommandsFactor * max_recipients + kMoreRecipientCommands;
}

// A message that was refused is read to its end only while all that came of it is less than
// max_message_size times this: who sends too much is read once more as far at the most.
inline constexpr std::size_t kRefusedDataFactor = 2;

}  // namespace smtp

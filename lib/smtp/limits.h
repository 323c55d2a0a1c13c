// SPDX-License-Identifier: Apache-2.0
// Fixed limits of the protocol. The tunable ones are in settings.h.
#pragma once

#include <cstddef>

namespace smtp {

inline constexpr std::size_t kMaxCommandLine = 512;  // with CRLF; RFC 5321 section 4.5.3.1.4
inline constexpr std::size_t kMaxHelo = 255;         // octets; a domain, RFC 5321 section 4.5.3.1.2
inline constexpr std::size_t kMaxSizeDigits = 20;    // RFC 1870 section 4; of a chunk too
inline constexpr std::size_t kMaxReplyLine = 512;    // with CRLF; RFC 5321 section 4.5.3.1.5
// Of one line in the header section, without CRLF. Lines beyond the 998 octets of RFC 5322 section
// 2.1.1 are common there, the longest of them a few thousand.
inline constexpr std::size_t kMaxHeaderLine = 32u << 10;
inline constexpr std::size_t kMaxBufferedInput = 64u << 10;   // unread input held by a session
inline constexpr std::size_t kMaxBufferedOutput = 16u << 10;  // beyond it no command is read

// What all buffers of a session may hold together: a string grows to twice what is in it.
inline constexpr std::size_t kMaxSessionMemory =
    2 * (2 * kMaxBufferedInput + kMaxBufferedOutput) + (16u << 10);

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
// max_message_size times this: who sends too much is read once more as far at the most. So it is
// with chunks that were refused, all of them together since the last message that was taken.
inline constexpr std::size_t kRefusedDataFactor = 2;
constexpr std::size_t max_refused_data(std::size_t max_message_size) {
  return kRefusedDataFactor * max_message_size;
}

}  // namespace smtp

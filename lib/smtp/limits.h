// SPDX-License-Identifier: Apache-2.0
// Fixed limits of the protocol. The tunable ones are in settings.h.
#pragma once

#include <cstddef>

namespace smtp {

inline constexpr std::size_t kMaxCommandLine = 512;   // with CRLF; RFC 5321 section 4.5.3.1.4
inline constexpr std::size_t kMaxMailParameters = 26 + 17 + 10;  // SIZE (RFC 1870), BODY (RFC 6152), spare
inline constexpr std::size_t kMaxReplyLine = 512;     // with CRLF; RFC 5321 section 4.5.3.1.5
inline constexpr std::size_t kMaxTextLine = 1000;     // with CRLF; RFC 5321 section 4.5.3.1.6
inline constexpr std::size_t kMaxBufferedInput = 64u << 10;  // unread input held by a session

}  // namespace smtp

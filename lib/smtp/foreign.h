// SPDX-License-Identifier: Apache-2.0
// What comes to this port and is not SMTP. A browser that is made to post to port 25, or a TLS
// client on the wrong port, must not be answered line by line: some of the lines may be commands.
#pragma once

#include <optional>
#include <string_view>

#include "smtp/reply.h"

namespace smtp {

// The 12 octets that begin a PROXY header of version 2 (proxy-protocol.txt section 2.2). They begin
// with two empty command lines, so a session must see them before it reads these as such.
inline constexpr std::string_view kProxySignature("\r\n\r\n\0\r\nQUIT\n", 12);

// `bytes` is the beginning of a line; more may follow. The reply says once that this is not SMTP,
// its reason tells the kind: http, tls_bytes, proxy_header. Nothing: not recognised, or not yet.
std::optional<Reply> foreign_protocol(std::string_view bytes);

}  // namespace smtp

// SPDX-License-Identifier: Apache-2.0
// The service manager's notification protocol, sd_notify(3): one datagram to $NOTIFY_SOCKET. By
// hand, because libsystemd would bring compression and crypto libraries into the process.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace common {

// "READY=1", "STOPPING=1", "STATUS=..."; lines are separated by '\n'. Without a service manager, or
// when it does not listen, nothing happens. A leading '@' is an abstract address.
void sd_notify(std::string_view state);

// systemd takes no state that is longer than PIPE_BUF, 4096 bytes, nor anything in it.
inline constexpr std::size_t kMaxStatus = 1024;  // bytes of text; the log has the whole
// A line of such a state that people read, "STATUS=" and the text on one line: systemctl(1) shows
// it as it is, and what another process said may be in it. Cut behind kMaxStatus with "...".
std::string status_line(std::string_view text);

}  // namespace common

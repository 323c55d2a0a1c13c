// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/sd_notify.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "base/ascii.h"
#include "base/unique_fd.h"

namespace common {

void sd_notify(std::string_view state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const std::size_t length = std::strlen(path);
  if (length < 2 || length > sizeof address.sun_path - 1) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const base::UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  // A manager that is gone is no reason to fail: mail comes first.
  [[maybe_unused]] const ssize_t sent = sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL,
                                               reinterpret_cast<const sockaddr*>(&address), size);
}

std::string status_line(std::string_view text) {
  const std::string_view shown = text.substr(0, kMaxStatus);
  std::string line = base::printable(shown);
  for (std::size_t i = 0; i < shown.size(); ++i)
    if (shown[i] == '\n') line[i] = ' ';
  return "STATUS=" + line + (shown.size() < text.size() ? "..." : "");
}

}  // namespace common

// SPDX-License-Identifier: Apache-2.0
#include "net/listener.h"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

namespace net {
namespace {

base::Error listen_error(const base::Endpoint& endpoint, const char* call, int error_number) {
  base::Error error =
      base::Error::system("cannot listen on " + endpoint.to_string() + ": " + call, error_number);
  if (error_number == EACCES)
    error.reason += "; ports below 1024 need CAP_NET_BIND_SERVICE or root";
  return error;
}

int set_option(int fd, int level, int option) {
  const int one = 1;
  return setsockopt(fd, level, option, &one, sizeof one);
}

}  // namespace

base::Result<base::UniqueFd> open_listener(const base::Endpoint& endpoint) {
  sockaddr_storage storage;
  const socklen_t length = endpoint.to_sockaddr(storage);
  base::UniqueFd fd(
      socket(storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP));
  if (!fd) return listen_error(endpoint, "socket", errno);
  if (set_option(fd.get(), SOL_SOCKET, SO_REUSEADDR) != 0)
    return listen_error(endpoint, "SO_REUSEADDR", errno);
  // Otherwise [::]:25 would also take 0.0.0.0:25 away.
  if (!endpoint.address.is_v4() && set_option(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY) != 0)
    return listen_error(endpoint, "IPV6_V6ONLY", errno);
  if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), length) != 0)
    return listen_error(endpoint, "bind", errno);
  if (listen(fd.get(), kBacklog) != 0) return listen_error(endpoint, "listen", errno);
  return fd;
}

base::Endpoint local_endpoint(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return base::Endpoint::from_sockaddr(storage).value_or(base::Endpoint{});
}

}  // namespace net

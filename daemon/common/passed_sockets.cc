// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/passed_sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <sstream>
#include <string_view>

namespace common {
namespace {

constexpr int kFirstFd = 3;
constexpr int kMostFds = 250;

int number_in(const char* variable) {
  const char* text = std::getenv(variable);
  const std::string_view digits(text != nullptr ? text : "");
  int value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc{} && end == digits.data() + digits.size() ? value : 0;
}

std::vector<std::string> names() {
  const char* text = std::getenv("LISTEN_FDNAMES");
  std::vector<std::string> result;
  std::istringstream stream(text != nullptr ? text : "");
  for (std::string name; std::getline(stream, name, ':');) result.push_back(name);
  return result;
}

int socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool is_tcp_listener(int fd) {
  const int domain = socket_option(fd, SO_DOMAIN);
  return (domain == AF_INET || domain == AF_INET6) && socket_option(fd, SO_TYPE) == SOCK_STREAM &&
         socket_option(fd, SO_ACCEPTCONN) == 1;
}

}  // namespace

base::Result<std::vector<PassedSocket>> take_passed_sockets() {
  std::vector<PassedSocket> sockets;
  const bool for_us = number_in("LISTEN_PID") == ::getpid();
  const int count = for_us ? std::clamp(number_in("LISTEN_FDS"), 0, kMostFds) : 0;
  const std::vector<std::string> given = names();
  for (int i = 0; i < count; ++i) {
    base::UniqueFd fd(kFirstFd + i);
    const auto index = static_cast<std::size_t>(i);
    const std::string name = index < given.size() ? given[index] : "unknown";
    if (!is_tcp_listener(fd.get()))
      return base::Error::permanent("the passed socket " + name +
                                    " is not a listening TCP socket; see postern.socket");
    ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    sockets.push_back({name, std::move(fd)});
  }
  for (const char* variable : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) ::unsetenv(variable);
  return sockets;
}

}  // namespace common

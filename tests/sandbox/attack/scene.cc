// SPDX-License-Identifier: Apache-2.0
#include "sandbox/attack/scene.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <stdexcept>

#include "base/unique_fd.h"

namespace attack {
namespace {

static_assert(sizeof(sockaddr_in) == kInLength && sizeof(sockaddr_in6) == kIn6Length &&
              sizeof(sockaddr_un) == kUnLength);

// -1: no socket.
int option(int socket, int name) {
  int value = -1;
  socklen_t length = sizeof value;
  return getsockopt(socket, SOL_SOCKET, name, &value, &length) == 0 ? value : -1;
}

// `mine` is a duplicate of the process's descriptor `number`.
void note(Scene& scene, int number, int mine) {
  struct stat status {};
  if (fstat(mine, &status) == 0 && S_ISDIR(status.st_mode) && scene.directory < 0)
    scene.directory = number;
  const int domain = option(mine, SO_DOMAIN);
  const int type = option(mine, SO_TYPE);
  if (domain == AF_UNIX && type == SOCK_DGRAM) scene.journal = number;
  if (domain == AF_UNIX && type == SOCK_STREAM && scene.channel < 0) scene.channel = number;
  if (domain != AF_INET || type != SOCK_STREAM) return;
  (option(mine, SO_ACCEPTCONN) == 1 ? scene.listener : scene.connection) = number;
}

}  // namespace

void find_descriptors(Scene& scene) {
  namespace fs = std::filesystem;
  const base::UniqueFd process(static_cast<int>(syscall(SYS_pidfd_open, scene.process, 0)));
  if (!process) throw std::runtime_error("pidfd_open: " + std::string(std::strerror(errno)));
  for (const auto& entry :
       fs::directory_iterator("/proc/" + std::to_string(scene.process) + "/fd")) {
    const int number = std::stoi(entry.path().filename());
    const base::UniqueFd mine(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    if (mine) note(scene, number, mine.get());  // else closed in between
  }
}

long Scene::tcp_socket(Puppet& puppet) const {
  if (makes_sockets) return puppet.call(SYS_socket, AF_INET, SOCK_STREAM, IPPROTO_TCP);
  return listener >= 0 ? listener : channel;
}

Address address_in(Puppet& puppet, const Scene& scene, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = scene.server;
  return puppet.object(address);
}

Address address_in6(Puppet& puppet, const Scene& scene, std::uint16_t port) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  address.sin6_addr.s6_addr[10] = address.sin6_addr.s6_addr[11] = 0xff;
  std::memcpy(&address.sin6_addr.s6_addr[12], &scene.server, sizeof scene.server);
  return puppet.object(address);
}

Address address_un(Puppet& puppet, const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return puppet.object(address);
}

Address message(Puppet& puppet, Address to, std::uint32_t to_length, int descriptor) {
  // As msghdr, iovec and cmsghdr, but with addresses of the other process.
  struct {
    Address name;
    std::uint64_t name_length;
    Address parts;
    std::uint64_t part_count;
    Address control;
    std::uint64_t control_length;
    std::uint64_t flags;
  } message{to, to_length, 0, 1, 0, 0, 0};
  static_assert(sizeof message == sizeof(msghdr));
  const std::array<std::uint64_t, 2> part{puppet.text("x"), 1};
  message.parts = puppet.object(part);
  if (descriptor < 0) return puppet.object(message);
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
  const cmsghdr head{CMSG_LEN(sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
  std::memcpy(control.data(), &head, sizeof head);
  std::memcpy(control.data() + CMSG_LEN(0), &descriptor, sizeof descriptor);
  message.control = puppet.object(control);
  message.control_length = control.size();
  return puppet.object(message);
}

}  // namespace attack

// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/control_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "config/config.h"
#include "obs/log.h"

namespace supervisor {
namespace {

base::Error failed(const std::string& what, int error) {
  return base::Error::system("control.socket: " + what, error);
}

bool fill_address(const std::string& path, sockaddr_un& address) {
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return true;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

base::UniqueFd make_socket() {
  return base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

base::Error taken(const std::string& path, int probe) {
  ucred peer{};
  socklen_t size = sizeof peer;
  ::getsockopt(probe, SOL_SOCKET, SO_PEERCRED, &peer, &size);
  // A server whose queue is full is not connected to, and tells no pid.
  const std::string who = peer.pid > 0 ? ": pid " + std::to_string(peer.pid) : "";
  return base::Error::permanent("control.socket: another server listens on " + path + who +
                                "; stop it, or give this one a socket of its own");
}

// Whatever is at `path` is no server's any more, or an error.
base::Status remove_dead_socket(const std::string& path, const sockaddr_un& address) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0)
    return errno == ENOENT ? base::ok() : base::Status(failed(path, errno));
  if (!S_ISSOCK(status.st_mode))
    return base::Error::permanent("control.socket: " + path +
                                  " is there and no socket; remove it, or name another path");
  const base::UniqueFd probe = make_socket();
  if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno == EAGAIN)
    return taken(path, probe.get());
  if (errno != ECONNREFUSED) return failed("cannot connect to " + path, errno);
  if (::unlink(path.c_str()) != 0) return failed("cannot remove " + path, errno);
  return base::ok();
}

// Nothing: there is no file.
std::pair<dev_t, ino_t> file_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return {};
  return {status.st_dev, status.st_ino};
}

std::string directory_of(const std::string& path) { return path.substr(0, path.rfind('/')); }

base::Status make_directory(const std::string& directory, const base::Account& owner) {
  if (::mkdir(directory.c_str(), 0750) != 0)
    return errno == EEXIST ? base::ok() : base::Status(failed("cannot create " + directory, errno));
  if (::chown(directory.c_str(), owner.uid, owner.gid) != 0)
    return failed("chown " + directory, errno);
  return base::ok();
}

}  // namespace

base::Result<ControlSocket> ControlSocket::open(const std::string& path) {
  sockaddr_un address{};
  if (!fill_address(path, address))
    return base::Error::permanent("control.socket: " + path + " is too long for a socket");
  base::UniqueFd fd = make_socket();
  if (!fd) return failed("socket", errno);
  if (const auto removed = remove_dead_socket(path, address); !removed) return removed.error();
  const mode_t before = ::umask(0177);  // no moment at which others could connect
  const int bound = ::bind(fd.get(), generic(address), sizeof address);
  const int error = errno;
  ::umask(before);
  if (bound != 0) return failed("cannot create " + path, error);
  ControlSocket socket(std::move(fd), path);
  if (::listen(socket.fd(), kBacklog) != 0) return failed("listen", errno);
  return socket;
}

ControlSocket::ControlSocket(base::UniqueFd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)), file_(file_at(path_)) {}

bool ControlSocket::is_in_place() const { return file_at(path_) == file_; }

ControlSocket::~ControlSocket() {
  if (fd_ && is_in_place()) ::unlink(path_.c_str());
}

base::Result<std::optional<ControlSocket>> open_control_socket(
    const std::string& path, const std::optional<base::Account>& user) {
  const std::string directory = directory_of(path);
  if (path == config::Control{}.socket) {
    if (user)
      if (const auto made = make_directory(directory, *user); !made) return made.error();
    if (::access(directory.c_str(), F_OK) != 0 && errno == ENOENT) {
      obs::log_trouble("control", "there is no " + directory +
                                      ": no control socket; create it, or set control.socket");
      return std::optional<ControlSocket>();
    }
  }
  auto socket = ControlSocket::open(path);
  if (!socket) return socket.error();
  return std::optional<ControlSocket>(std::move(*socket));
}

}  // namespace supervisor

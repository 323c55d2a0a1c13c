// SPDX-License-Identifier: Apache-2.0
// The file of the control socket: made before anything else of a start, so that of two servers on
// one socket the second ends before it listens for mail.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>

#include "base/account.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace supervisor {

class ControlSocket {
 public:
  static constexpr int kBacklog = 32;

  // Listens on `path`, mode 0600. A socket that nobody listens on is replaced; the error for one
  // that is alive names the process behind it. Nothing but a socket is ever removed.
  static base::Result<ControlSocket> open(const std::string& path);

  // The file goes before the descriptor: no moment at which it is there and nobody listens. One
  // that took its place stays.
  ~ControlSocket();
  ControlSocket(ControlSocket&&) = default;
  ControlSocket& operator=(ControlSocket&&) = delete;

  int fd() const { return fd_.get(); }
  const std::string& path() const { return path_; }
  bool is_in_place() const;  // who connects to the path comes to us

 private:
  ControlSocket(base::UniqueFd fd, std::string path);
  base::UniqueFd fd_;
  std::string path_;
  std::pair<dev_t, ino_t> file_;
};

// The socket of the configuration; root makes the default directory for `user`. Nothing, after a
// warning, where that directory is missing and we are not root: a server that was started by hand
// still serves.
base::Result<std::optional<ControlSocket>> open_control_socket(
    const std::string& path, const std::optional<base::Account>& user);

}  // namespace supervisor

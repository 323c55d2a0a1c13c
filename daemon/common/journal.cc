// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/journal.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include "base/unique_fd.h"
#include "daemon/common/role_start.h"
#include "obs/log.h"

namespace common {
namespace {

constexpr char kVariable[] = "POSTERN_JOURNAL_FD";

bool connect_to_journal(int fd) {
  constexpr sockaddr_un kJournal{AF_UNIX, "/run/systemd/journal/socket"};
  return ::connect(fd, reinterpret_cast<const sockaddr*>(&kJournal), sizeof kJournal) == 0;
}

base::UniqueFd connected_socket() {
  const base::UniqueFd fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!fd || !connect_to_journal(fd.get())) return {};
  return base::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFreeFd));
}

}  // namespace

void connect_journal() {
  if (!obs::stderr_is_journal()) return;
  // Open until the process ends, as standard error is: the very last line may need it.
  if (base::UniqueFd fd = connected_socket()) obs::use_journal(fd.release());
}

// The roles have the same socket, not one like it, and so no need to connect.
void reconnect_journal() {
  if (obs::journal_fd() >= 0) connect_to_journal(obs::journal_fd());
}

std::string hand_down_journal() {
  const int fd = obs::journal_fd();
  if (fd < 0 || ::dup2(fd, kJournalFd) < 0) return {};
  return kVariable + ("=" + std::to_string(kJournalFd));
}

void adopt_journal() {
  if (std::getenv(kVariable) == nullptr) return;
  ::fcntl(kJournalFd, F_SETFD, FD_CLOEXEC);
  obs::use_journal(kJournalFd);
}

std::optional<int> journal_descriptor() {
  return obs::journal_fd() < 0 ? std::nullopt : std::optional(obs::journal_fd());
}

}  // namespace common

// SPDX-License-Identifier: Apache-2.0
// One process of the server: started, spoken to, ended.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/account.h"
#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"

namespace supervisor {

class RoleProcess {
 public:
  // Runs the program behind `program` (fexecve: what lies at its path by now does not matter) as
  // `user` when given, without capabilities, with one end of a new channel as its descriptor 3. It
  // is named "postern-" and the id.
  // Only for a process with a single thread.
  static base::Result<RoleProcess> spawn(const ipc::RoleId& id, const base::UniqueFd& program,
                                         const std::optional<base::Account>& user);
  RoleProcess(RoleProcess&&) = default;
  RoleProcess& operator=(RoleProcess&&) = default;

  ipc::Channel& channel() { return channel_; }
  pid_t pid() const { return pid_; }
  base::Instant started() const { return started_; }
  void kill() const;  // it is reaped by the supervisor

 private:
  RoleProcess(pid_t pid, ipc::Channel channel)
      : pid_(pid), started_(base::now()), channel_(std::move(channel)) {}
  pid_t pid_;
  base::Instant started_;
  ipc::Channel channel_;
};

// The directory of the role programs: libexec/ beside this program in a build tree, else
// ../libexec/postern as installed. The programs are opened once, at the start, so that an upgrade
// on disk never mixes versions.
base::Result<base::UniqueFd> open_program(ipc::Role role);

}  // namespace supervisor

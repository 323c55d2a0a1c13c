// SPDX-License-Identifier: Apache-2.0
// One process of the server: started, spoken to, ended. For the supervisor, and for who does its
// work for a moment.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/account.h"
#include "base/result.h"
#include "base/time.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

namespace common {

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
  void kill() const;  // whoever has spawned it reaps it

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

// Whether the one who says so is the role that was started, and of this build.
base::Status check_hello(const ipc::Hello& hello, ipc::Role role);

// Reaps them. They end when their channels do; who takes longer than 2 seconds is killed.
void await_ends(std::vector<pid_t> processes);

std::string describe_death(int status);  // of waitpid(): "SIGKILL", "exit code 69"

}  // namespace common

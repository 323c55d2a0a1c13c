// SPDX-License-Identifier: Apache-2.0
// The beginning of a role: it takes what the supervisor hands it over descriptor kSupervisorFd,
// until it has all it needs and confines itself.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/channel.h"
#include "ipc/messages.h"

namespace common {

inline constexpr int kSupervisorFd = 3;
inline constexpr int kJournalFd = 4;    // only when the supervisor says so, see journal.h
inline constexpr int kFirstFreeFd = 5;  // what a role starts with lies below

struct RoleParts {
  base::UniqueFd settings;
  std::vector<base::UniqueFd> listeners;  // in the order of the settings
  std::map<ipc::Directory::Kind, base::UniqueFd> directories;
  std::map<ipc::RoleId, base::UniqueFd> peers;
};

struct RoleStart {
  ipc::Channel supervisor;  // in State::AwaitServe
  RoleParts parts;
};

// Prepares the process (standard descriptors, signals, death of the parent), says Hello, and waits
// for the parts. An error: the supervisor is of another build, has gone, or said something wrong.
base::Result<RoleStart> begin_role(ipc::Role role);

// For main(): logs the error, unless it is only that the supervisor has gone, and gives the exit
// code.
int fail_role(ipc::Role role, const base::Error& error);

}  // namespace common

// SPDX-License-Identifier: Apache-2.0
// What the supervisor knows of each role.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "config/config.h"
#include "ipc/messages.h"

namespace supervisor {

struct RoleRow {
  ipc::Role role;
  bool talks_to_smtp;  // has a channel to it
  bool can_get_stuck;  // smtp may have it replaced: what strangers made is what it works on
  // Whether mail waits for it. What strangers make crash again and again must cost nothing when it
  // is not: it has its pause, and a reload goes on without it.
  bool is_needed;
};

// In the order in which a new configuration goes out: deliver must know a mailbox before smtp
// accepts mail for it, and who is not needed comes last.
inline constexpr RoleRow kRoles[] = {
    {.role = ipc::Role::Deliver, .talks_to_smtp = true, .can_get_stuck = false, .is_needed = true},
    {.role = ipc::Role::Smtp, .talks_to_smtp = false, .can_get_stuck = false, .is_needed = true},
    {.role = ipc::Role::Verify, .talks_to_smtp = true, .can_get_stuck = true, .is_needed = true},
    {.role = ipc::Role::Resolve, .talks_to_smtp = true, .can_get_stuck = false, .is_needed = true},
    {.role = ipc::Role::Opinion, .talks_to_smtp = true, .can_get_stuck = true, .is_needed = false},
};

// A role that has no row, which a message may name, has no rights.
RoleRow row_of(ipc::Role role);

std::uint32_t processes_of(ipc::Role role, const config::Workers& workers);

std::string program_of(const ipc::RoleId& id);
void log_role(const ipc::RoleId& id, pid_t pid, const char* state);

}  // namespace supervisor

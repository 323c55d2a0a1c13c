// SPDX-License-Identifier: Apache-2.0
#include "daemon/supervisor/role_table.h"

#include <algorithm>

#include "base/processors.h"
#include "obs/log.h"

namespace supervisor {

RoleRow row_of(ipc::Role role) {
  const auto* row = std::ranges::find(kRoles, role, &RoleRow::role);
  return row != std::end(kRoles) ? *row : RoleRow{role, false, false, false};
}

std::uint32_t processes_of(ipc::Role role, const config::Workers& workers) {
  if (role != ipc::Role::Verify) return 1;
  return workers.verifiers > 0 ? workers.verifiers : base::usable_processors();
}

std::string program_of(const ipc::RoleId& id) { return "postern-" + ipc::name_of(id); }

void log_role(const ipc::RoleId& id, pid_t pid, const char* state) {
  obs::Line(obs::Event::role)
      .token("role", ipc::name_of(id))
      .number("pid", pid)
      .token("state", state)
      .write();
}

}  // namespace supervisor

// SPDX-License-Identifier: Apache-2.0
// One role of the server, started for this program alone and confined as under posternd. To it we
// are posternd, and smtp too.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/account.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "daemon/common/role_process.h"
#include "obs/settings.h"

namespace ctl {

// Of the roles: what they say beside their answers goes to standard error, and only what ends them.
inline constexpr obs::Settings kRoleLog{obs::Level::Error, obs::Format::Logfmt};

class ConfinedRole {
 public:
  // Waits until the role is confined, at most a minute. `program`: of common::open_program();
  // `settings`: of common::seal_settings(); `user`: whom it becomes. Only for a process with a
  // single thread.
  static base::Result<std::unique_ptr<ConfinedRole>> start(
      ipc::Role role, const base::UniqueFd& program, base::UniqueFd settings,
      const std::optional<base::Account>& user);
  // Ends the role, and waits for that.
  ~ConfinedRole();
  ConfinedRole(const ConfinedRole&) = delete;
  ConfinedRole& operator=(const ConfinedRole&) = delete;

  // Our end of its channel to smtp; once.
  base::UniqueFd take_channel() { return std::move(to_smtp_); }
  const std::vector<std::string>& warnings() const { return warnings_; }  // what this kernel lacks

  // "postern-verify: SIGSEGV", of one whose channel has ended; waits for its death, but not long.
  std::string how_it_ended();

 private:
  ConfinedRole(ipc::Role role, common::RoleProcess process, base::UniqueFd to_smtp)
      : role_(role), process_(std::move(process)), to_smtp_(std::move(to_smtp)) {}
  base::Status prepare(base::UniqueFd settings, base::UniqueFd its_end);

  const ipc::Role role_;
  common::RoleProcess process_;
  base::UniqueFd to_smtp_;
  std::vector<std::string> warnings_;
  bool reaped_ = false;
};

}  // namespace ctl

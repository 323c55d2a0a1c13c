// SPDX-License-Identifier: Apache-2.0
// postern-deliver: writes into spool and state, and reaches nothing else. Started by posternd only.
#include <vector>

#include "daemon/common/journal.h"
#include "daemon/common/role_start.h"
#include "daemon/deliver/role.h"
#include "obs/log.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "sandbox/roles.h"

namespace {

base::Status serve(common::RoleStart start) {
  const auto settings = common::open_settings<common::DeliverRoleSettings>(start.parts.settings);
  if (!settings) return settings.error();
  base::UniqueFd root = std::move(start.parts.directories[ipc::Directory::Kind::Spool]);
  if (!root) return base::Error::permanent("the spool's directory is missing");
  base::UniqueFd state = std::move(start.parts.directories[ipc::Directory::Kind::State]);
  if (auto raised = sandbox::raise_descriptor_limit(); !raised) return raised.error();
  std::vector<int> directories{root.get()};
  if (state) directories.push_back(state.get());
  auto warnings = sandbox::restrict_files(directories);
  if (!warnings) return warnings.error();
  auto spool = spool::Spool::open(settings->spool, std::move(root), settings->mailboxes);
  if (!spool) return spool.error();
  // Not only when the first large message comes.
  if (auto file = spool->open_message_file(); !file) return file.error();
  obs::start(settings->log);
  auto files = deliver_role::open_state_files(state ? base::share(std::move(state)) : nullptr);
  if (!files) return files.error();
  deliver_role::Role role(*settings, std::move(*spool), std::move(*files), std::move(start.parts));
  if (auto confined =
          sandbox::restrict_calls(sandbox::Role::Deliver, {{}, common::journal_descriptor()});
      !confined)
    return confined;
  role.run(std::move(start.supervisor), std::move(*warnings));
  return base::ok();
}

}  // namespace

int main() {
  auto start = common::begin_role(ipc::Role::Deliver);
  if (!start) return common::fail_role(ipc::Role::Deliver, start.error());
  const auto served = serve(std::move(*start));
  return served ? 0 : common::fail_role(ipc::Role::Deliver, served.error());
}

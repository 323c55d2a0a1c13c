// SPDX-License-Identifier: Apache-2.0
// postern-smtp: talks to strangers, and can touch nothing. Started by posternd only.
#include <vector>

#include "daemon/common/journal.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/smtp/role.h"
#include "obs/log.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "sandbox/roles.h"

namespace {

std::vector<int> numbers(const std::vector<base::UniqueFd>& fds) {
  std::vector<int> result;
  result.reserve(fds.size());
  for (const base::UniqueFd& fd : fds) result.push_back(fd.get());
  return result;
}

base::Status serve(common::RoleStart start) {
  const auto settings = common::open_settings<common::SmtpRoleSettings>(start.parts.settings);
  if (!settings) return settings.error();
  auto snapshot = smtp_role::Snapshot::make(*settings);
  if (!snapshot) return snapshot.error();
  if (start.parts.listeners.size() != settings->listeners.size())
    return base::Error::permanent("there are not as many sockets as listeners");

  if (auto raised = sandbox::raise_descriptor_limit(); !raised) return raised.error();
  const sandbox::ConfineParameters calls{numbers(start.parts.listeners),
                                         common::journal_descriptor()};
  auto warnings = sandbox::restrict_files({});
  if (!warnings) return warnings.error();
  obs::start(settings->log);
  net::EventLoop loop;
  smtp_role::Role role(loop, *settings, std::move(*snapshot), std::move(start.parts));
  if (auto confined = sandbox::restrict_calls(sandbox::Role::Smtp, calls); !confined)
    return confined;
  role.run(std::move(start.supervisor), std::move(*warnings));
  return base::ok();
}

}  // namespace

int main() {
  auto start = common::begin_role(ipc::Role::Smtp);
  if (!start) return common::fail_role(ipc::Role::Smtp, start.error());
  const auto served = serve(std::move(*start));
  return served ? 0 : common::fail_role(ipc::Role::Smtp, served.error());
}

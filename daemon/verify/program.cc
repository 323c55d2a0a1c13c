// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/program.h"

#include <utility>

#include "daemon/common/journal.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/verify/role.h"
#include "obs/log.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "sandbox/roles.h"

namespace verify_role {
namespace {

// Far above what a job needs: what a fault of a library could take must not harm the others.
constexpr std::uint64_t kAddressSpace = std::uint64_t{1} << 30;  // bytes

base::Status serve(common::RoleStart start, Work work) {
  const auto log = common::open_settings<obs::Settings>(start.parts.settings);
  if (!log) return log.error();
  // No writer thread: it says little, and a thread would only be more that could be taken over.
  obs::configure(*log);
  auto warnings = sandbox::restrict_files({});
  if (!warnings) return warnings.error();
  Role role(std::move(start.parts), std::move(work));
  if (auto limited = sandbox::limit_address_space(kAddressSpace); !limited) return limited;
  if (auto confined =
          sandbox::restrict_calls(sandbox::Role::Verify, {{}, common::journal_descriptor()});
      !confined)
    return confined;
  role.run(std::move(start.supervisor), std::move(*warnings));
  return base::ok();
}

}  // namespace

int run_program(ipc::Role role, const std::function<base::Result<Work>()>& make_work) {
  auto start = common::begin_role(role);
  if (!start) return common::fail_role(role, start.error());
  auto work = make_work();
  if (!work) return common::fail_role(role, work.error());
  const auto served = serve(std::move(*start), std::move(*work));
  return served ? 0 : common::fail_role(role, served.error());
}

}  // namespace verify_role

// SPDX-License-Identifier: Apache-2.0
// postern-resolve: asks the DNS, and reaches nothing else that can be closed to it. Started by
// posternd only.
#include <cstdint>

#include "daemon/common/journal.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/resolve/role.h"
#include "net/resolver.h"
#include "obs/log.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "sandbox/roles.h"

namespace {

// Several times what it takes with its caches full and as many questions as there may be: what a
// fault of a library could take must not harm the others.
constexpr std::uint64_t kAddressSpace = std::uint64_t{1} << 30;  // bytes

base::Status serve(common::RoleStart start) {
  const auto settings = common::open_settings<common::ResolveRoleSettings>(start.parts.settings);
  if (!settings) return settings.error();
  if (auto raised = sandbox::raise_descriptor_limit(); !raised) return raised.error();
  net::EventLoop loop;
  // Reads its files, so before they are out of reach. No thread comes of it.
  auto resolver = net::Resolver::make(loop, settings->resolver);
  if (!resolver) return resolver.error();
  if (auto limited = sandbox::limit_address_space(kAddressSpace); !limited) return limited;
  auto warnings = sandbox::restrict_files({}, net::Resolver::server_ports(settings->resolver));
  if (!warnings) return warnings.error();
  obs::start(settings->log);
  resolve_role::Role role(loop, std::move(*resolver), std::move(start.parts));
  if (auto confined =
          sandbox::restrict_calls(sandbox::Role::Resolve, {{}, common::journal_descriptor()});
      !confined)
    return confined;
  role.run(std::move(start.supervisor), std::move(*warnings));
  return base::ok();
}

}  // namespace

int main() {
  auto start = common::begin_role(ipc::Role::Resolve);
  if (!start) return common::fail_role(ipc::Role::Resolve, start.error());
  const auto served = serve(std::move(*start));
  return served ? 0 : common::fail_role(ipc::Role::Resolve, served.error());
}

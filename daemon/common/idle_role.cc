// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/idle_role.h"

#include "daemon/common/journal.h"
#include "daemon/common/poll_loop.h"
#include "daemon/common/role_settings.h"
#include "daemon/common/role_start.h"
#include "daemon/common/supervisor_link.h"
#include "obs/log.h"
#include "sandbox/landlock.h"
#include "sandbox/roles.h"

namespace common {
namespace {

sandbox::Role sandbox_role(ipc::Role role) {
  return role == ipc::Role::Verify ? sandbox::Role::Verify : sandbox::Role::Resolve;
}

class IdleRole : public RoleHandler {
 public:
  explicit IdleRole(ipc::Channel supervisor) : link_(std::move(supervisor), *this) {}

  void run(std::vector<std::string> warnings) {
    loop_.watch(
        link_.fd(), [this] { link_.on_readable(); }, [this] { return link_.wants_write(); },
        [this] { link_.on_writable(); });
    link_.send(ipc::Confined{std::move(warnings)});
    loop_.run();
  }

  void on_serve() override {}
  void on_ping(std::uint64_t number) override { link_.send(ipc::Pong{number, 0, {}}); }
  void on_reload(std::uint64_t generation, base::UniqueFd settings) override {
    const auto log = open_settings<obs::Settings>(settings);
    if (log) obs::configure(*log);
    link_.send(ipc::Reloaded{generation, log ? "" : log.error().reason});
  }
  void on_drain(std::chrono::milliseconds) override { link_.send(ipc::Drained{}); }
  void on_peer(const ipc::RoleId&, base::UniqueFd) override {}
  void on_list_sessions(std::uint64_t request) override { link_.send(ipc::Sessions{request, {}}); }

 private:
  PollLoop loop_;
  SupervisorLink link_;
};

base::Status serve(ipc::Role role, RoleStart start) {
  const auto log = open_settings<obs::Settings>(start.parts.settings);
  if (!log) return log.error();
  obs::configure(*log);
  auto warnings = sandbox::restrict_files({});
  if (!warnings) return warnings.error();
  IdleRole idle(std::move(start.supervisor));
  if (auto confined = sandbox::restrict_calls(sandbox_role(role), {{}, journal_descriptor()});
      !confined)
    return confined;
  idle.run(std::move(*warnings));
  return base::ok();
}

}  // namespace

int run_idle_role(ipc::Role role) {
  auto start = begin_role(role);
  if (!start) return fail_role(role, start.error());
  const auto served = serve(role, std::move(*start));
  return served ? 0 : fail_role(role, served.error());
}

}  // namespace common

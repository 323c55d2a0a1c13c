// SPDX-License-Identifier: Apache-2.0
// Every act of attacks.h in every role: killed or refused as the table says; and without the
// confinement it succeeds, so that the test shows the filter and not a mistake in the act.
#include "sandbox/roles.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <seccomp.h>
#include <sys/socket.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cerrno>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string_view>

#include "base/unique_fd.h"
#include "sandbox/landlock.h"
#include "sandbox/process.h"
#include "support/temp_directory.h"
#include "unit/sandbox/attacks.h"
#include "unit/sandbox/child.h"

namespace {

using sandbox::Role;
using sandbox_test::Act, sandbox_test::acts, sandbox_test::in_child, sandbox_test::kGood,
    sandbox_test::kKilledByFilter, sandbox_test::Scene;

constexpr std::pair<Role, const char*> kRoles[] = {{Role::Smtp, "smtp"},
                                                   {Role::Deliver, "deliver"},
                                                   {Role::Verify, "verify"},
                                                   {Role::Resolve, "resolve"}};
const std::string kRefused = "exit 1";

base::UniqueFd listener_on_loopback() {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
  REQUIRE(listen(fd.get(), 8) == 0);
  return fd;
}

int port_of(int fd) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  REQUIRE(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return ntohs(address.sin_port);
}

// All that the acts need, anew for each of them.
class Stage {
 public:
  Stage() {
    std::ofstream(outside_.path() / "file") << "secret";
    outside_fd_.reset(open(outside_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    REQUIRE(shutdown(down_.get(), SHUT_RDWR) == 0);
    victim_ = fork();
    if (victim_ == 0) {
      for (;;) pause();
    }
  }
  ~Stage() {
    kill(victim_, SIGKILL);
    waitpid(victim_, nullptr, 0);
  }
  Scene scene() const {
    return {victim_,          port_of(target_.get()), listener_.get(),  down_.get(),
            datagrams_.get(), outside_fd_.get(),      allowed_fd_.get()};
  }
  // How many connections have reached the target that is not ours.
  int connections() const {
    int count = 0;
    fcntl(target_.get(), F_SETFL, O_NONBLOCK);
    while (base::UniqueFd(accept4(target_.get(), nullptr, nullptr, SOCK_CLOEXEC))) ++count;
    return count;
  }
  int allowed_directory() const { return allowed_fd_.get(); }

 private:
  support::TempDirectory outside_;
  support::TempDirectory allowed_;
  base::UniqueFd outside_fd_;
  base::UniqueFd allowed_fd_{open(allowed_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  base::UniqueFd target_ = listener_on_loopback();
  base::UniqueFd listener_ = listener_on_loopback();
  base::UniqueFd down_ = listener_on_loopback();
  base::UniqueFd datagrams_{socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  pid_t victim_ = -1;
};

// 0: it was done; 1: refused; 2: failed in a way that proves nothing.
int code_of(const Act& act, const Scene& scene) {
  const int error = act.attempt(scene);
  if (error == 0) return 0;
  return error == EPERM || error == EACCES || error == EOPNOTSUPP ? 1 : 2;
}

bool confine(Role role, const Stage& stage) {
  const int listener = stage.scene().listener;
  std::vector<int> directories;
  if (role == Role::Deliver) directories.push_back(stage.allowed_directory());
  return sandbox::forbid_dumps().ok() && sandbox::restrict_files(directories).ok() &&
         sandbox::restrict_calls(role, {{listener}}).ok();
}

// 3: not confined.
std::string confined(Role role, const Act& act, const Stage& stage) {
  const Scene scene = stage.scene();
  return in_child([&] { return confine(role, stage) ? code_of(act, scene) : 3; });
}

bool lists(const std::string& names, const std::string& name) {
  std::istringstream stream(names);
  return std::count(std::istream_iterator<std::string>(stream), {}, name) > 0;
}

// `landlock`: whether it knows TCP ports and is in force.
std::string expected(const Act& act, const std::string& role, bool landlock) {
  if (lists(act.possible_in, role)) return kGood;
  if (lists(act.landlock_in, role)) return landlock ? kRefused : kGood;
  return act.fatal && !lists(act.refused_in, role) ? kKilledByFilter : kRefused;
}

constexpr int kAbiWithPorts = 4;

}  // namespace

// The kernel gives a process in a chroot no user namespace, confined or not (user_namespaces(7)).
bool in_chroot() {
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string number, parent, device, root, mount_point;
    fields >> number >> parent >> device >> root >> mount_point;
    if (mount_point == "/") return false;
  }
  return true;
}

TEST_CASE("each act of an attacker succeeds where nothing is confined") {
  for (const Act& act : acts()) {
    if (act.needs_root && geteuid() != 0) continue;
    if (in_chroot() && act.name == std::string_view("new user namespace")) continue;
    const Stage stage;
    const Scene scene = stage.scene();
    INFO(act.name);
    CHECK(in_child([&] { return code_of(act, scene); }) == kGood);
  }
}

TEST_CASE("each act of an attacker is killed or refused in every role") {
  for (const auto& [role, name] : kRoles) {
    for (const Act& act : acts()) {
      const Stage stage;
      INFO(name << ": " << act.name);
      const bool landlock = sandbox::landlock_abi() >= kAbiWithPorts;
      CHECK(confined(role, act, stage) == expected(act, name, landlock));
      CHECK((stage.connections() == 0 || (!landlock && lists(act.landlock_in, name))));
    }
  }
}

TEST_CASE("a listener that is shut down is a way out, and closed") {
  const auto connect_by_listener = [](const Scene& scene) {
    for (const Act& act : acts())
      if (act.name == std::string("connect by sendto")) return code_of(act, scene);
    return 9;
  };
  const Stage stage;
  const Scene scene = stage.scene();
  CHECK(in_child([&] { return connect_by_listener(scene); }) == kGood);
  CHECK(stage.connections() == 1);
  CHECK(in_child([&] { return confine(Role::Smtp, stage) ? connect_by_listener(scene) : 3; }) ==
        kRefused);
  CHECK(stage.connections() == 0);
}

TEST_CASE("no role has a row for what is fatal, and every name is a system call") {
  for (const auto& [role, name] : kRoles) {
    const sandbox::Filter filter = sandbox::filter_for(role, {});
    std::set<std::string> allowed;
    for (const sandbox::Rule& rule : filter.allowed) {
      INFO(name << ": " << rule.call);
      CHECK(seccomp_syscall_resolve_name(rule.call.c_str()) != __NR_SCMP_ERROR);
      allowed.insert(rule.call);
    }
    for (const sandbox::Rule& rule : filter.fatal) {
      INFO(name << ": " << rule.call);
      CHECK(seccomp_syscall_resolve_name(rule.call.c_str()) != __NR_SCMP_ERROR);
      CHECK((allowed.count(rule.call) == 0 || !rule.tests.empty()));
    }
  }
}

TEST_CASE("the table for people has a row for every rule, and a reason in every row") {
  for (const auto& [role, name] : kRoles) {
    std::string shown;
    for (const auto& rows : {sandbox::describe(role), sandbox::describe_fatal(role)}) {
      for (const sandbox::CallRow& row : rows) {
        CHECK(!row.reason.empty());
        shown += row.calls + " ";
      }
    }
    const sandbox::Filter filter = sandbox::filter_for(role, {});
    std::string rules;
    for (const auto* list : {&filter.allowed, &filter.fatal})
      for (const sandbox::Rule& rule : *list) rules += rule.call + " ";
    INFO(name);
    CHECK(shown == rules);
  }
}

TEST_CASE("the filter alone, without Landlock, keeps a role from its files and from connections") {
  for (const auto& [role, name] : kRoles) {
    if (role == Role::Deliver) continue;
    for (const Act& act : acts()) {
      const Stage stage;
      const Scene scene = stage.scene();
      INFO(name << ": " << act.name);
      CHECK(in_child([&] {
              if (!sandbox::restrict_calls(role, {{scene.listener}})) return 3;
              return code_of(act, scene);
            }) == expected(act, name, false));
    }
  }
}

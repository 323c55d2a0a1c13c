// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <array>

#include "sandbox/attack/acts.h"

namespace attack {
namespace {

constexpr int kGetFs = 0x1003;  // ARCH_GET_FS

// One that allows all: what it is does not matter.
Address filter(Puppet& puppet) {
  const sock_filter allow{BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW};
  const std::array<std::uint64_t, 2> program{1, puppet.object(allow)};
  return puppet.object(program);
}

}  // namespace

long become_dumpable(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_prctl, PR_SET_DUMPABLE, 1, 0, 0, 0);
}
long choose_tracer(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_prctl, PR_SET_PTRACER, -1, 0, 0, 0);
}
long change_layout(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_prctl, PR_SET_MM, PR_SET_MM_MAP_SIZE, puppet.room(sizeof(int)), 0, 0);
}
long ambient_capabilities(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_prctl, PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
}
long no_new_privileges(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
}

long another_filter(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, filter(puppet));
}
long another_filter_old(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_prctl, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, filter(puppet), 0, 0);
}

long segment_register(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_arch_prctl, kGetFs, puppet.room(sizeof(Address)));
}

long become_user(Puppet& puppet, const Scene&) { return puppet.call(SYS_setuid, 0); }
long become_users(Puppet& puppet, const Scene&) { return puppet.call(SYS_setresuid, 0, 0, 0); }
long become_group(Puppet& puppet, const Scene&) { return puppet.call(SYS_setgid, 0); }
long leave_groups(Puppet& puppet, const Scene&) { return puppet.call(SYS_setgroups, 0, nullptr); }

long take_capabilities(Puppet& puppet, const Scene&) {
  const __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return puppet.call(SYS_capset, puppet.object(header), puppet.bytes(none, sizeof none));
}

long new_namespace(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_unshare, CLONE_NEWUSER | CLONE_NEWNET);
}

long enter_namespace(Puppet& puppet, const Scene& scene) {
  const long process = puppet.call(SYS_openat, AT_FDCWD,
                                   puppet.text("/proc/" + std::to_string(scene.other) + "/ns/net"),
                                   O_RDONLY | O_CLOEXEC);
  return puppet.call(SYS_setns, process, CLONE_NEWNET);
}

}  // namespace attack

// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/mount.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "sandbox/attack/acts.h"

// Where a call that works would do harm to the machine of the tests, it is made in a way that the
// kernel refuses by an error of its own, behind every check of rights.
namespace attack {
namespace {

constexpr int kProcessKeyring = -2;
constexpr std::uint64_t kX32 = 0x40000000;  // __X32_SYSCALL_BIT
constexpr long kOldGetpid = 20;             // of 32-bit programs
constexpr long kUnknown = 1000;

}  // namespace

long mount_old(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_mount, puppet.text("none"), puppet.text(scene.outside),
                     puppet.text("no-such-type"), 0, nullptr);
}
long unmount(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_umount2, puppet.text(scene.outside), 0);
}
long pivot(Puppet& puppet, const Scene& scene) {
  const Address directory = puppet.text(scene.outside);
  return puppet.call(SYS_pivot_root, directory, directory);
}
long mount_new(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_fsopen, puppet.text("tmpfs"), FSOPEN_CLOEXEC));
}
long mount_tree(Puppet& puppet, const Scene& scene) {
  return puppet.closed(
      puppet.call(SYS_open_tree, AT_FDCWD, puppet.text(scene.outside), OPEN_TREE_CLOEXEC));
}
long mount_move(Puppet& puppet, const Scene& scene) {
  const Address directory = puppet.text(scene.outside);
  return puppet.call(SYS_move_mount, AT_FDCWD, directory, AT_FDCWD, directory, 0);
}
long mount_change(Puppet& puppet, const Scene& scene) {
  const mount_attr none{};
  return puppet.call(SYS_mount_setattr, AT_FDCWD, puppet.text(scene.outside), 0,
                     puppet.object(none), sizeof none);
}

long key_control(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_keyctl, 0, kProcessKeyring, 1);
}
long key_add(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_add_key, puppet.text("user"), puppet.text("attack"), puppet.text("x"), 1,
                     kProcessKeyring);
}
long key_request(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_request_key, puppet.text("user"), puppet.text("attack"), nullptr, 0);
}

long ring_setup(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_io_uring_setup, 1, puppet.object(io_uring_params{})));
}
long ring_enter(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_io_uring_enter, scene.channel, 1, 0, 0, nullptr, 0);
}
long asynchronous(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_io_setup, 1, puppet.object(std::uint64_t{0}));
}

long load_program(Puppet& puppet, const Scene&) { return puppet.call(SYS_bpf, 0, nullptr, 0); }
long count_events(Puppet& puppet, const Scene&) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = PERF_TYPE_SOFTWARE;
  return puppet.closed(puppet.call(SYS_perf_event_open, puppet.object(attributes), 0, -1, -1, 0));
}

long type_into_terminal(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_ioctl, 2, TIOCSTI, puppet.text("x"));
}
long control_socket(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_ioctl, scene.channel, FIONREAD, puppet.room(sizeof(int)));
}

long call_of_32_bits(Puppet& puppet, const Scene&) { return puppet.old_call(kOldGetpid); }
long call_of_x32(Puppet& puppet, const Scene&) {
  return puppet.call(static_cast<long>(kX32) | SYS_getpid);
}
long call_unknown(Puppet& puppet, const Scene&) { return puppet.call(kUnknown); }

long restart_machine(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_reboot, 0, 0, 0, nullptr);  // without the numbers that it wants
}
long load_module(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_init_module, nullptr, 0, puppet.text(""));
}
long name_machine(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_sethostname, nullptr, -1);
}
long set_clock(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_settimeofday, nullptr, nullptr);
}

}  // namespace attack

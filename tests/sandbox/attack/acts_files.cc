// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <array>

#include "sandbox/attack/acts.h"

namespace attack {
namespace {

constexpr int kRead = O_RDONLY | O_CLOEXEC;
constexpr int kMake = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
constexpr char kSystemFile[] = "/etc/passwd";

Address file_outside(Puppet& puppet, const Scene& scene) {
  return puppet.text(scene.outside + "/file");
}

Address made_outside(Puppet& puppet, const Scene& scene) {
  return puppet.text(scene.outside + "/made");
}

// What the kernel takes for name_to_handle_at() and open_by_handle_at().
struct Handle {
  std::uint32_t size = 128;
  std::int32_t type = 0;
  std::array<char, 128> octets{};
};

long handle_of_file(Puppet& puppet, const Scene& scene, Address handle) {
  const Address mount = puppet.room(sizeof(int));
  return puppet.call(SYS_name_to_handle_at, AT_FDCWD, file_outside(puppet, scene), handle, mount,
                     0);
}

}  // namespace

long open_file(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_openat, AT_FDCWD, puppet.text(kSystemFile), kRead));
}

long open_old(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_open, puppet.text(kSystemFile), kRead));
}

long open_how(Puppet& puppet, const Scene&) {
  ::open_how how{};
  how.flags = kRead;
  return puppet.closed(
      puppet.call(SYS_openat2, AT_FDCWD, puppet.text(kSystemFile), puppet.object(how), sizeof how));
}

long open_place(Puppet& puppet, const Scene& scene) {
  return puppet.closed(
      puppet.call(SYS_openat, AT_FDCWD, file_outside(puppet, scene), O_PATH | O_CLOEXEC));
}

long open_directory(Puppet& puppet, const Scene& scene) {
  return puppet.closed(
      puppet.call(SYS_openat, AT_FDCWD, puppet.text(scene.outside), kRead | O_DIRECTORY));
}

long make_file(Puppet& puppet, const Scene& scene) {
  return puppet.closed(puppet.call(SYS_openat, AT_FDCWD, made_outside(puppet, scene), kMake, 0600));
}

long make_file_creat(Puppet& puppet, const Scene& scene) {
  return puppet.closed(puppet.call(SYS_creat, made_outside(puppet, scene), 0600));
}

long make_nameless(Puppet& puppet, const Scene& scene) {
  return puppet.closed(puppet.call(SYS_openat, AT_FDCWD, puppet.text(scene.outside),
                                   O_TMPFILE | O_RDWR | O_CLOEXEC, 0600));
}

long make_directory(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_mkdirat, AT_FDCWD, made_outside(puppet, scene), 0700);
}

long remove_file(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_unlinkat, AT_FDCWD, file_outside(puppet, scene), 0);
}

long rename_out(Puppet& puppet, const Scene& scene) {
  const Address name = puppet.text("attack");
  puppet.closed(puppet.call(SYS_openat, scene.directory, name, kMake, 0600));
  const long result =
      puppet.call(SYS_renameat2, scene.directory, name, AT_FDCWD, made_outside(puppet, scene), 0);
  puppet.call(SYS_unlinkat, scene.directory, name, 0);
  return result;
}

long rename_in(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_renameat2, AT_FDCWD, file_outside(puppet, scene), scene.directory,
                     puppet.text("attack"), 0);
}

long look_at_file(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_newfstatat, AT_FDCWD, file_outside(puppet, scene),
                     puppet.room(sizeof(struct stat)), 0);
}

long use_own_directory(Puppet& puppet, const Scene& scene) {
  const Address name = puppet.text("attack");
  const long made = puppet.closed(puppet.call(SYS_openat, scene.directory, name, kMake, 0600));
  return made < 0 ? made : puppet.call(SYS_unlinkat, scene.directory, name, 0);
}

long make_powerful(Puppet& puppet, const Scene& scene) {
  const Address name = puppet.text("attack");
  const long made = puppet.closed(puppet.call(SYS_openat, scene.directory, name, kMake, 04755));
  return made < 0 ? made : puppet.call(SYS_unlinkat, scene.directory, name, 0);
}

long link_file(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_linkat, AT_FDCWD, file_outside(puppet, scene), AT_FDCWD,
                     made_outside(puppet, scene), 0);
}

long link_symbolically(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_symlinkat, puppet.text(kSystemFile), AT_FDCWD,
                     made_outside(puppet, scene));
}

long make_node(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_mknodat, AT_FDCWD, made_outside(puppet, scene), S_IFIFO | 0600, 0);
}

long change_mode(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_fchmodat, AT_FDCWD, file_outside(puppet, scene), 0777);
}

long change_mode_open(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_fchmod, scene.directory, 0777);
}

long change_owner(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_fchownat, AT_FDCWD, file_outside(puppet, scene), -1, -1, 0);
}

long truncate_file(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_truncate, file_outside(puppet, scene), 0);
}

long set_attribute(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_setxattr, file_outside(puppet, scene), puppet.text("user.attack"),
                     puppet.text("x"), 1, 0);
}

long read_link(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_readlinkat, AT_FDCWD, puppet.text("/proc/self/exe"), puppet.room(64), 64);
}

long change_directory(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_chdir, puppet.text(scene.outside));
}

long watch_files(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_inotify_init1, IN_CLOEXEC));
}

long watch_all_files(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_fanotify_init, FAN_CLASS_NOTIF, O_RDONLY));
}

long make_handle(Puppet& puppet, const Scene& scene) {
  return handle_of_file(puppet, scene, puppet.object(Handle{}));
}

long open_handle(Puppet& puppet, const Scene& scene) {
  const Address handle = puppet.object(Handle{});
  handle_of_file(puppet, scene, handle);
  return puppet.closed(puppet.call(SYS_open_by_handle_at, AT_FDCWD, handle, O_RDONLY));
}

long change_root(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_chroot, puppet.text(scene.outside));
}

}  // namespace attack

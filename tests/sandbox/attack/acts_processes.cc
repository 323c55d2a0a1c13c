// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <array>
#include <csignal>

#include "sandbox/attack/acts.h"

namespace attack {
namespace {

constexpr std::size_t kPage = 4096;
constexpr char kProgram[] = "/bin/true";
constexpr int kCopy = 0;  // kcmp(2), KCMP_FILE

Address no_arguments(Puppet& puppet) { return puppet.object(std::uint64_t{0}); }

long open_of_other(Puppet& puppet, const Scene& scene, const char* name, int flags) {
  const std::string path = "/proc/" + std::to_string(scene.other) + "/" + name;
  return puppet.closed(puppet.call(SYS_openat, AT_FDCWD, puppet.text(path), flags | O_CLOEXEC));
}

long copy_memory(Puppet& puppet, const Scene& scene, long call) {
  const std::array<std::uint64_t, 2> here{puppet.room(1), 1};
  const std::array<std::uint64_t, 2> there{scene.other_memory, 1};
  return puppet.call(call, scene.other, puppet.object(here), 1, puppet.object(there), 1, 0);
}

Address signal_by_hand(Puppet& puppet) {
  siginfo_t info{};
  info.si_signo = SIGKILL;
  info.si_code = SI_QUEUE;
  return puppet.object(info);
}

}  // namespace

long execute(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_execve, puppet.text(kProgram), no_arguments(puppet), no_arguments(puppet));
}

long execute_open(Puppet& puppet, const Scene&) {
  const long program = puppet.call(SYS_openat, AT_FDCWD, puppet.text(kProgram), O_RDONLY);
  return puppet.call(SYS_execveat, program, puppet.text(""), no_arguments(puppet),
                     no_arguments(puppet), AT_EMPTY_PATH);
}

long start_fork(Puppet& puppet, const Scene&) { return puppet.call(SYS_fork); }
long start_vfork(Puppet& puppet, const Scene&) { return puppet.call(SYS_vfork); }
long start_clone(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_clone, SIGCHLD, 0, 0, 0, 0);
}

long start_clone3(Puppet& puppet, const Scene&) {
  clone_args arguments{};
  arguments.exit_signal = SIGCHLD;
  return puppet.call(SYS_clone3, puppet.object(arguments), sizeof arguments);
}

long trace(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_ptrace, PTRACE_SEIZE, scene.other, 0, 0);
}

long read_memory(Puppet& puppet, const Scene& scene) {
  return copy_memory(puppet, scene, SYS_process_vm_readv);
}
long write_memory(Puppet& puppet, const Scene& scene) {
  return copy_memory(puppet, scene, SYS_process_vm_writev);
}

long advise_memory(Puppet& puppet, const Scene& scene) {
  const std::array<std::uint64_t, 2> there{scene.other_memory, 1};
  return puppet.call(SYS_process_madvise, -1, puppet.object(there), 1, MADV_COLD, 0);
}

long compare(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_kcmp, scene.process, scene.other, kCopy, 0, 0);
}

long open_memory(Puppet& puppet, const Scene& scene) {
  return open_of_other(puppet, scene, "mem", O_RDWR);
}
long open_environment(Puppet& puppet, const Scene& scene) {
  return open_of_other(puppet, scene, "environ", O_RDONLY);
}
long open_descriptors(Puppet& puppet, const Scene& scene) {
  return open_of_other(puppet, scene, "fd", O_RDONLY | O_DIRECTORY);
}

long take_process(Puppet& puppet, const Scene& scene) {
  return puppet.closed(puppet.call(SYS_pidfd_open, scene.other, 0));
}
long take_descriptor(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_pidfd_getfd, -1, 0, 0);
}
long kill_by_descriptor(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_pidfd_send_signal, -1, SIGKILL, nullptr, 0);
}
long kill_role(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_kill, scene.other, SIGKILL);
}
long kill_group(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_kill, -scene.other, SIGKILL);
}
long kill_thread(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_tkill, scene.other, SIGKILL);
}
long kill_thread_group(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_tgkill, scene.other, scene.other, SIGKILL);
}
long kill_queue(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_rt_sigqueueinfo, scene.other, SIGKILL, signal_by_hand(puppet));
}
long kill_thread_queue(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_rt_tgsigqueueinfo, scene.other, scene.other, SIGKILL,
                     signal_by_hand(puppet));
}
long signal_itself(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_tgkill, scene.process, scene.thread, 0);
}

long limit_role(Puppet& puppet, const Scene& scene) {
  const rlimit none{0, 0};
  return puppet.call(SYS_prlimit64, scene.other, RLIMIT_CORE, puppet.object(none), nullptr);
}
long read_limit_role(Puppet& puppet, const Scene& scene) {
  return puppet.call(SYS_prlimit64, scene.other, RLIMIT_CORE, nullptr, puppet.room(sizeof(rlimit)));
}
long raise_limit(Puppet& puppet, const Scene&) {
  const rlimit more{kPage, kPage};
  return puppet.call(SYS_prlimit64, 0, RLIMIT_CORE, puppet.object(more), nullptr);
}
long raise_limit_old(Puppet& puppet, const Scene&) {
  const rlimit more{kPage, kPage};
  return puppet.call(SYS_setrlimit, RLIMIT_CORE, puppet.object(more));
}

long choose_processors(Puppet& puppet, const Scene&) {
  const std::uint64_t all = ~std::uint64_t{0};
  return puppet.call(SYS_sched_setaffinity, 0, sizeof all, puppet.object(all));
}
long set_priority(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_setpriority, PRIO_PROCESS, 0, 1);
}
long set_scheduler(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_sched_setscheduler, 0, SCHED_BATCH, puppet.object(sched_param{}));
}

long attach_shared(Puppet& puppet, const Scene&) {
  const long memory = puppet.call(SYS_shmget, IPC_PRIVATE, kPage, 0600);
  const long result = puppet.call(SYS_shmat, memory, nullptr, 0);
  puppet.call(SYS_shmctl, memory, IPC_RMID, nullptr);
  return result;
}

long wait_for(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_wait4, -1, nullptr, WNOHANG, nullptr);
}

}  // namespace attack

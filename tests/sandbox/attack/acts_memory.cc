// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/ipc.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "sandbox/attack/acts.h"

namespace attack {
namespace {

constexpr std::size_t kPage = 4096;
constexpr int kAll = PROT_READ | PROT_WRITE | PROT_EXEC;
constexpr int kData = PROT_READ | PROT_WRITE;
constexpr int kCode = PROT_READ | PROT_EXEC;
constexpr int kAnonymous = MAP_PRIVATE | MAP_ANONYMOUS;
constexpr unsigned kExecutable = 0x10;  // MFD_EXEC, Linux 6.3

long data_page(Puppet& puppet) {
  return puppet.call(SYS_mmap, nullptr, kPage, kData, kAnonymous, -1, 0);
}

// The result of the last attempt on a page that the act has made for itself.
long without(Puppet& puppet, long page, long result) {
  puppet.call(SYS_munmap, page, kPage);
  return result;
}

long memory_file(Puppet& puppet, unsigned flags) {
  return puppet.call(SYS_memfd_create, puppet.text("attack"), flags);
}

}  // namespace

long map_all(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_mmap, nullptr, kPage, kAll, kAnonymous, -1, 0);
}

long map_code(Puppet& puppet, const Scene& scene) {
  const long own = memory_file(puppet, MFD_CLOEXEC);
  const long file = own >= 0 ? own : scene.channel;
  const long result = puppet.call(SYS_mmap, nullptr, kPage, kCode, MAP_SHARED, file, 0);
  puppet.closed(own);
  return result;
}

long protect_code(Puppet& puppet, const Scene&) {
  const long page = data_page(puppet);
  return without(puppet, page, puppet.call(SYS_mprotect, page, kPage, kCode));
}

long protect_stack(Puppet& puppet, const Scene&) {
  const Address stack = puppet.room(1) & ~(kPage - 1);
  return puppet.call(SYS_mprotect, stack, kPage, kAll);
}

long protect_key(Puppet& puppet, const Scene&) {
  const long page = data_page(puppet);
  return without(puppet, page, puppet.call(SYS_pkey_mprotect, page, kPage, kCode, -1));
}

// MREMAP_DONTUNMAP, so that the process keeps its own.
long change_code(Puppet& puppet, const Scene&) {
  const Address code = puppet.code() & ~(kPage - 1);
  const long page =
      puppet.call(SYS_mremap, code, kPage, kPage, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
  if (page < 0) return page;
  puppet.call(SYS_mprotect, page, kPage, kData);
  return without(puppet, page, puppet.call(SYS_mprotect, page, kPage, kCode));
}

long make_memory_file(Puppet& puppet, const Scene&) {
  return puppet.closed(memory_file(puppet, MFD_CLOEXEC));
}
long make_program_file(Puppet& puppet, const Scene&) {
  return puppet.closed(memory_file(puppet, MFD_CLOEXEC | kExecutable));
}

long attach_code(Puppet& puppet, const Scene&) {
  const long memory = puppet.call(SYS_shmget, IPC_PRIVATE, kPage, 0700);
  const long result = puppet.call(SYS_shmat, memory, nullptr, SHM_EXEC);
  puppet.call(SYS_shmctl, memory, IPC_RMID, nullptr);
  return result;
}

long rearrange_pages(Puppet& puppet, const Scene&) {
  const long page = puppet.call(SYS_mmap, nullptr, kPage, kData, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return without(puppet, page, puppet.call(SYS_remap_file_pages, page, kPage, 0, 0, 0));
}

long read_implies_exec(Puppet& puppet, const Scene&) {
  return puppet.call(SYS_personality, READ_IMPLIES_EXEC);
}

long write_own_memory(Puppet& puppet, const Scene&) {
  return puppet.closed(
      puppet.call(SYS_openat, AT_FDCWD, puppet.text("/proc/self/mem"), O_RDWR | O_CLOEXEC));
}

long secret_memory(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_memfd_secret, 0));
}

long handle_faults(Puppet& puppet, const Scene&) {
  return puppet.closed(puppet.call(SYS_userfaultfd, O_CLOEXEC));
}

}  // namespace attack

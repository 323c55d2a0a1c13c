// SPDX-License-Identifier: Apache-2.0
#include "unit/sandbox/attacks.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <linux/openat2.h>
#include <linux/perf_event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <string>

namespace sandbox_test {
namespace {

int outcome(long result) { return result < 0 ? errno : 0; }
int outcome(const void* memory) { return memory == MAP_FAILED ? errno : 0; }

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

const sockaddr* raw(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

int open_file(const Scene& scene) { return outcome(openat(scene.outside, "file", O_RDONLY)); }
int create_file(const Scene& scene) {
  return outcome(openat(scene.outside, "made", O_CREAT | O_WRONLY, 0600));
}
int open_place(const Scene& scene) { return outcome(openat(scene.outside, "file", O_PATH)); }
int make_powerful(const Scene& scene) {
  return outcome(openat(scene.inside, "program", O_CREAT | O_WRONLY, 04700));
}
int make_open_directory(const Scene& scene) {
  return outcome(mkdirat(scene.inside, "directory", 0770));
}
int old_open(const Scene&) { return outcome(syscall(SYS_open, "/etc/passwd", O_RDONLY)); }
int new_open(const Scene&) {
  const open_how how{};
  return outcome(syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", &how, sizeof how));
}
int read_proc(const Scene& scene) {
  const std::string path = "/proc/" + std::to_string(scene.victim) + "/environ";
  return outcome(open(path.c_str(), O_RDONLY));
}
int look_at_file(const Scene& scene) {
  struct stat status {};
  return outcome(fstatat(scene.outside, "file", &status, 0));
}

int make_socket(const Scene&) { return outcome(socket(AF_INET, SOCK_STREAM, 0)); }
template <int domain, int type, int protocol>
int make_socket_of(const Scene&) {
  return outcome(socket(domain, type, protocol));
}
int send_datagram(const Scene& scene) {
  const sockaddr_in target = loopback(scene.target_port);
  return outcome(sendto(scene.datagrams, "x", 1, 0, raw(target), sizeof target));
}
int make_pair(const Scene&) {
  int ends[2];
  return outcome(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
}
int connect_listener(const Scene& scene) {
  const sockaddr_in target = loopback(scene.target_port);
  return outcome(connect(scene.listener_down, raw(target), sizeof target));
}
int bind_listener(const Scene& scene) {
  const sockaddr_in any = loopback(0);
  return outcome(bind(scene.listener_down, raw(any), sizeof any));
}
int listen_again(const Scene& scene) { return outcome(listen(scene.listener, 1)); }
int shut_down_listener(const Scene& scene) { return outcome(shutdown(scene.listener, SHUT_RDWR)); }
int shut_down_listener_upper_half(const Scene& scene) {
  return outcome(syscall(SYS_shutdown, static_cast<long>(scene.listener) | 1l << 32, SHUT_RDWR));
}
int fast_open_sendto(const Scene& scene) {
  const sockaddr_in target = loopback(scene.target_port);
  return outcome(sendto(scene.listener_down, "mail", 4, MSG_FASTOPEN, raw(target), sizeof target));
}
int fast_open_sendmsg(const Scene& scene) {
  sockaddr_in target = loopback(scene.target_port);
  msghdr message{};
  message.msg_name = &target;
  message.msg_namelen = sizeof target;
  iovec part{const_cast<char*>("mail"), 4};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  return outcome(sendmsg(scene.listener_down, &message, MSG_FASTOPEN));
}
int fast_open_sendmmsg(const Scene& scene) {
  sockaddr_in target = loopback(scene.target_port);
  mmsghdr message{};
  message.msg_hdr.msg_name = &target;
  message.msg_hdr.msg_namelen = sizeof target;
  iovec part{const_cast<char*>("mail"), 4};
  message.msg_hdr.msg_iov = &part;
  message.msg_hdr.msg_iovlen = 1;
  return outcome(sendmmsg(scene.listener_down, &message, 1, MSG_FASTOPEN));
}
int fast_open_option(const Scene& scene) {
  const int one = 1;
  return outcome(
      setsockopt(scene.listener_down, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &one, sizeof one));
}
int buffer_option(const Scene& scene) {
  const int size = 4096;
  return outcome(setsockopt(scene.listener, SOL_SOCKET, SO_RCVBUF, &size, sizeof size));
}
int duplicate(const Scene& scene) { return outcome(fcntl(scene.listener, F_DUPFD_CLOEXEC, 0)); }
int duplicate_over(const Scene& scene) { return outcome(dup2(scene.listener, 200)); }

char* const kNoArguments[] = {nullptr};
int execute(const Scene&) { return outcome(execve("/bin/true", kNoArguments, kNoArguments)); }
int execute_descriptor(const Scene&) {
  return outcome(syscall(SYS_execveat, -1, "/bin/true", kNoArguments, kNoArguments, 0));
}
int start_process(const Scene&) {
  const pid_t pid = fork();
  if (pid == 0) _exit(0);
  return outcome(pid);
}
int start_process_clone3(const Scene&) {
  std::array<std::uint64_t, 8> arguments{0, 0, 0, 0, SIGCHLD};
  const long pid = syscall(SYS_clone3, arguments.data(), sizeof arguments);
  if (pid == 0) _exit(0);
  return outcome(pid);
}

int trace(const Scene& scene) {
  const int result = outcome(ptrace(PTRACE_ATTACH, scene.victim, nullptr, nullptr));
  if (result == 0) waitpid(scene.victim, nullptr, __WALL);
  return result;
}
int read_memory(const Scene& scene) {
  char here = 0;
  iovec local{&here, 1};
  iovec remote{&here, 1};  // the same address there: the victim was forked from this program
  return outcome(process_vm_readv(scene.victim, &local, 1, &remote, 1, 0));
}
int kill_other(const Scene& scene) { return outcome(kill(scene.victim, SIGCONT)); }
int kill_thread_of_other(const Scene& scene) {
  return outcome(syscall(SYS_tgkill, scene.victim, scene.victim, SIGCONT));
}
int kill_by_pidfd(const Scene& scene) { return outcome(syscall(SYS_pidfd_open, scene.victim, 0)); }

int mount_something(const Scene&) {
  return outcome(mount("none", "/proc/self/fd/0", "no-such-type", 0, nullptr)) == ENODEV ? 0
                                                                                         : errno;
}
int read_keyring(const Scene&) {
  constexpr int kGetKeyringId = 0;
  constexpr int kProcessKeyring = -2;
  return outcome(syscall(SYS_keyctl, kGetKeyringId, kProcessKeyring, 1));
}
int set_up_io_uring(const Scene&) {
  io_uring_params parameters{};
  return outcome(syscall(SYS_io_uring_setup, 1, &parameters));
}
int load_bpf(const Scene&) {
  // A size that the kernel refuses by its own: EINVAL or E2BIG say that the call was made.
  const int error = outcome(syscall(SYS_bpf, 0, nullptr, 0));
  return error == EINVAL || error == EFAULT ? 0 : error;
}
int count_events(const Scene&) {
  perf_event_attr attributes{};
  attributes.size = 1;
  const int error = outcome(syscall(SYS_perf_event_open, &attributes, 0, -1, -1, 0));
  return error == E2BIG || error == EINVAL ? 0 : error;
}

constexpr std::size_t kPage = 4096;
int map_executable(const Scene&) {
  return outcome(
      mmap(nullptr, kPage, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
}
int make_executable(const Scene&) {
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) return 0;  // not what is asked here: counts as a success of the attack
  return outcome(mprotect(page, kPage, PROT_READ | PROT_EXEC));
}
int make_executable_with_key(const Scene&) {
  void* page = mmap(nullptr, kPage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return outcome(syscall(SYS_pkey_mprotect, page, kPage, PROT_READ | PROT_EXEC, -1));
}
int make_all_executable(const Scene&) { return outcome(personality(READ_IMPLIES_EXEC)); }

int raise_limit(const Scene&) {
  rlimit limit{};
  getrlimit(RLIMIT_CORE, &limit);
  limit.rlim_cur = limit.rlim_max;
  return outcome(setrlimit(RLIMIT_CORE, &limit));
}
int limit_of_other(const Scene& scene) {
  rlimit limit{};
  return outcome(syscall(SYS_prlimit64, scene.victim, RLIMIT_CORE, nullptr, &limit));
}
int new_user_namespace(const Scene&) { return outcome(unshare(CLONE_NEWUSER)); }
int become_root(const Scene&) { return outcome(setuid(getuid())); }
int become_dumpable(const Scene&) { return outcome(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)); }
int control_device(const Scene& scene) {
  int non_blocking = 0;
  return outcome(ioctl(scene.listener, FIONBIO, &non_blocking));
}

constexpr Act kActs[] = {
    {"open a file", open_file, false},
    {"create a file", create_file, false},
    {"open a file as a place", open_place, false},
    {"make a set-user-ID program", make_powerful, false},
    {"make a directory for others", make_open_directory, false},
    {"open a file by the old call", old_open, false},
    {"open a file by openat2", new_open, true},
    {"read another process's /proc", read_proc, false},
    {"learn a file's size", look_at_file, false, "deliver"},
    {"create a socket", make_socket, true, "", false, "resolve"},
    {"create a TCP socket", make_socket_of<AF_INET, SOCK_STREAM, IPPROTO_TCP>, true, "resolve"},
    {"create a UDP socket", make_socket_of<AF_INET6, SOCK_DGRAM, 0>, true, "resolve"},
    {"create a local socket", make_socket_of<AF_UNIX, SOCK_DGRAM, 0>, true, "", false, "resolve"},
    {"create a netlink socket", make_socket_of<AF_NETLINK, SOCK_RAW, 0>, true, "", false,
     "resolve"},
    {"create a raw socket", make_socket_of<AF_INET, SOCK_RAW, IPPROTO_ICMP>, true, "", true,
     "resolve"},
    {"create a socket of another protocol", make_socket_of<AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE>,
     true, "", false, "resolve"},
    {"send a datagram to an address", send_datagram, false},
    {"create a pair of sockets", make_pair, true},
    {"connect", connect_listener, true, "", false, "", "resolve"},
    {"bind", bind_listener, true, "", false, "", "resolve"},
    {"listen", listen_again, true},
    {"shut a listener down", shut_down_listener, false},
    {"shut a listener down, upper half set", shut_down_listener_upper_half, false},
    {"connect by sendto", fast_open_sendto, false},
    {"connect by sendmsg", fast_open_sendmsg, false},
    {"connect by sendmmsg", fast_open_sendmmsg, true},
    {"connect by a socket option", fast_open_option, false},
    {"set another socket option", buffer_option, false},
    {"duplicate a listener", duplicate, false},
    {"duplicate a listener to a number", duplicate_over, false},
    {"execve", execute, true},
    {"execveat", execute_descriptor, true},
    {"fork", start_process, true},
    {"clone3", start_process_clone3, true},
    {"ptrace", trace, true},
    {"read another process's memory", read_memory, true},
    {"kill another process", kill_other, true},
    {"kill another process by tgkill", kill_thread_of_other, true},
    {"kill another process by a pidfd", kill_by_pidfd, true},
    {"mount", mount_something, true, "", true},
    {"keyctl", read_keyring, true},
    {"io_uring", set_up_io_uring, true},
    {"bpf", load_bpf, true, "", true},
    {"perf_event_open", count_events, true},
    {"map writable and executable memory", map_executable, false},
    {"make memory executable", make_executable, false},
    {"make memory executable with a key", make_executable_with_key, false},
    {"make all memory executable", make_all_executable, true},
    {"raise limits", raise_limit, true},
    {"read another process's limits", limit_of_other, false},
    {"new user namespace", new_user_namespace, true},
    {"change the user", become_root, true},
    {"become dumpable", become_dumpable, false},
    {"ioctl", control_device, false},
};

}  // namespace

std::span<const Act> acts() { return kActs; }

}  // namespace sandbox_test

// SPDX-License-Identifier: Apache-2.0
#include "sandbox/roles.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>

#include "base/memory_file.h"
#include "sandbox/unconfined.h"

namespace sandbox {
namespace {

// From <sys/socket.h>, which is not for this folder.
constexpr std::uint64_t kMsgFastOpen = 0x20000000;
constexpr std::uint64_t kUdp = 2;           // SOCK_DGRAM
constexpr std::uint64_t kTcp = 1;           // SOCK_STREAM
constexpr std::uint64_t kInt = 0xffffffff;  // the part of a register that is an int
constexpr std::uint64_t kAll = ~std::uint64_t{0};
constexpr std::uint64_t kOwnProcess = kAll;  // stands for getpid()

constexpr ArgumentTest is(unsigned index, std::uint64_t value, std::uint64_t mask = kInt) {
  return {ArgumentTest::Kind::Masked, index, mask, value};
}
constexpr ArgumentTest none_of(unsigned index, std::uint64_t bits) { return is(index, 0, bits); }
constexpr ArgumentTest differs(unsigned index, std::uint64_t value) {
  return {ArgumentTest::Kind::Differs, index, 0, value};
}

struct Condition {
  const char* text;
  std::size_t count;
  std::array<ArgumentTest, 3> tests;
};

constexpr Condition kAlways{"", 0, {}};
constexpr Condition kNotExecutable{"without PROT_EXEC", 1, {none_of(2, PROT_EXEC)}};
constexpr Condition kOwnThreads{"threads of its own process", 1, {is(0, kOwnProcess)}};
constexpr Condition kOtherThreads{"threads of other processes", 1, {differs(0, kOwnProcess)}};
constexpr Condition kItself{"itself", 1, {is(0, 0)}};
constexpr Condition kReadLimit{"its own limits, reading", 2, {is(0, 0), is(2, 0, kAll)}};
constexpr Condition kWriteLimit{"with a new limit", 1, {differs(2, 0)}};
constexpr Condition kEmptyPath{"with AT_EMPTY_PATH", 1, {is(3, AT_EMPTY_PATH, AT_EMPTY_PATH)}};
constexpr Condition kOwnFile{
    "without O_PATH, mode 0600 at most", 2, {none_of(2, O_PATH), none_of(3, kInt & ~0600u)}};
constexpr Condition kOwnDirectory{"mode 0700 at most", 1, {none_of(2, kInt & ~0700u)}};
constexpr Condition kGetFlags{"F_GETFL", 1, {is(1, F_GETFL)}};
constexpr Condition kSetFlags{"F_SETFL", 1, {is(1, F_SETFL)}};
constexpr Condition kGetDescriptorFlags{"F_GETFD", 1, {is(1, F_GETFD)}};
constexpr Condition kCloseOnExec{"F_SETFD", 1, {is(1, F_SETFD)}};
constexpr Condition kAddSeals{"F_ADD_SEALS", 1, {is(1, F_ADD_SEALS)}};
constexpr Condition kGetSeals{"F_GET_SEALS", 1, {is(1, F_GET_SEALS)}};
constexpr unsigned kMemoryFile = MFD_CLOEXEC | MFD_ALLOW_SEALING | base::kMfdNoexecSeal;
constexpr Condition kSealable{
    "MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL", 1, {none_of(1, kInt & ~kMemoryFile)}};
constexpr Condition kNoDestination{
    "without an address, without MSG_FASTOPEN", 2, {none_of(3, kMsgFastOpen), is(4, 0, kAll)}};
constexpr Condition kNoFastOpen{
    "without MSG_FASTOPEN, not on the log's socket", 1, {none_of(2, kMsgFastOpen)}};
constexpr Condition kNoDelay{"TCP_NODELAY", 2, {is(1, IPPROTO_TCP), is(2, TCP_NODELAY)}};
constexpr Condition kQuickAck{"TCP_QUICKACK", 2, {is(1, IPPROTO_TCP), is(2, TCP_QUICKACK)}};
constexpr Condition kNoListener{"not on a listener", 0, {}};       // by ConfineParameters
constexpr Condition kNotTheLog{"not on the log's socket", 0, {}};  // by ConfineParameters
constexpr Condition kConnectFirst{
    "without MSG_FASTOPEN (EOPNOTSUPP), not on the log's socket", 0, {}};  // by filter_for()
constexpr Condition kUdp4{"AF_INET, SOCK_DGRAM", 3, {is(0, AF_INET), is(1, kUdp), is(2, 0)}};
constexpr Condition kUdp6{"AF_INET6, SOCK_DGRAM", 3, {is(0, AF_INET6), is(1, kUdp), is(2, 0)}};
constexpr Condition kTcp4{
    "AF_INET, SOCK_STREAM", 3, {is(0, AF_INET), is(1, kTcp), is(2, IPPROTO_TCP)}};
constexpr Condition kTcp6{
    "AF_INET6, SOCK_STREAM", 3, {is(0, AF_INET6), is(1, kTcp), is(2, IPPROTO_TCP)}};
constexpr Condition kSocketError{"SO_ERROR", 2, {is(1, SOL_SOCKET), is(2, SO_ERROR)}};
constexpr Condition kReuseAddress{"SO_REUSEADDR", 2, {is(1, SOL_SOCKET), is(2, SO_REUSEADDR)}};
constexpr Condition kNoPortYet{
    "IP_BIND_ADDRESS_NO_PORT", 2, {is(1, IPPROTO_IP), is(2, IP_BIND_ADDRESS_NO_PORT)}};
constexpr Condition kFragments{"IP_MTU_DISCOVER", 2, {is(1, IPPROTO_IP), is(2, IP_MTU_DISCOVER)}};
constexpr Condition kFragments6{
    "IPV6_MTU_DISCOVER", 2, {is(1, IPPROTO_IPV6), is(2, IPV6_MTU_DISCOVER)}};
constexpr Condition kMtu6{"IPV6_MTU", 2, {is(1, IPPROTO_IPV6), is(2, IPV6_MTU)}};
constexpr Condition kOnly6{"IPV6_V6ONLY", 2, {is(1, IPPROTO_IPV6), is(2, IPV6_V6ONLY)}};

constexpr unsigned bit(Role role) { return 1u << static_cast<unsigned>(role); }
constexpr unsigned kSmtp = bit(Role::Smtp);
constexpr unsigned kDeliver = bit(Role::Deliver);
constexpr unsigned kVerify = bit(Role::Verify);
constexpr unsigned kResolve = bit(Role::Resolve);
constexpr unsigned kEvery = kSmtp | kDeliver | kVerify | kResolve;

// One row names one call, or several calls with the same condition and reason.
struct Row {
  const char* calls;
  unsigned roles;
  Condition condition;
  const char* reason;
};

constexpr Row kAllowed[] = {
    {"mmap mprotect", kEvery, kNotExecutable, "memory"},
    {"brk munmap mremap madvise", kEvery, kAlways, "memory"},
    {"futex sched_yield restart_syscall", kEvery, kAlways, "threads that run already"},
    // pthread_create() returns before the new thread has made these calls, and glibc ends the
    // process when the first one fails.
    {"rseq set_robust_list", kEvery, kAlways, "threads that have just started"},
    {"sched_getaffinity", kEvery, kItself, "malloc counts the processors"},
    {"prlimit64", kEvery, kReadLimit, "the C library asks for the size of its stack"},
    {"exit exit_group", kEvery, kAlways, "the end"},
    {"getpid gettid rt_sigprocmask rt_sigreturn", kEvery, kAlways, "abort(); file names"},
    {"tgkill", kEvery, kOwnThreads, "abort()"},
    {"clock_gettime gettimeofday clock_nanosleep nanosleep", kEvery, kAlways, "time"},
    {"getrandom", kEvery, kAlways, "keys, hash tables"},

    {"read readv write writev pread64 lseek close", kEvery, kAlways, "open descriptors"},
    {"fstat", kEvery, kAlways, "size of what came from another role"},
    {"newfstatat", kSmtp | kVerify | kResolve, kEmptyPath, "fstat() of the C library"},
    {"fcntl", kEvery, kGetSeals, "memory from another role must be sealed"},
    {"fcntl", kSmtp, kAddSeals, "messages and settings for other roles"},
    {"fcntl", kSmtp | kDeliver | kResolve, kGetFlags, "libevent, libraries, fdopendir()"},
    {"fcntl", kSmtp | kResolve, kSetFlags, "libevent, libraries"},
    {"fcntl", kSmtp, kGetDescriptorFlags, "libevent"},
    {"fcntl", kDeliver, kCloseOnExec, "fdopendir()"},
    {"memfd_create", kSmtp, kSealable, "messages that come in"},

    {"poll ppoll", kEvery, kAlways, "channels between roles, the log"},
    {"epoll_wait epoll_pwait epoll_ctl timerfd_settime", kSmtp | kResolve, kAlways, "event loops"},
    {"recvmsg recvfrom", kEvery, kAlways, "channels between roles, connections"},
    {"sendmsg", kEvery & ~kResolve, kNoFastOpen, "channels between roles"},
    {"sendmsg", kResolve, kConnectFirst, "channels between roles; TCP goes by connect()"},
    {"sendto", kEvery, kNoDestination, "the log, connections"},
    {"accept4", kSmtp, kAlways, "connections on the listeners that it was given"},
    {"getsockname", kSmtp, kAlways, "which of our addresses a client came to"},
    {"setsockopt", kSmtp, kNoDelay, "replies without delay"},
    {"setsockopt", kSmtp, kQuickAck, "handshakes without delay"},
    {"shutdown", kSmtp, kNoListener, "the end of a connection"},

    {"socket", kResolve, kUdp4, "questions"},
    {"socket", kResolve, kUdp6, "questions"},
    {"socket", kResolve, kTcp4, "large answers"},
    {"socket", kResolve, kTcp6, "large answers"},
    {"bind", kResolve, kAlways, "UDP: another port for each question; TCP: Landlock, none"},
    {"connect", kResolve, kNotTheLog, "UDP: servers; TCP: Landlock, the ports of the servers"},
    {"getsockopt", kResolve, kSocketError, "large answers"},
    {"setsockopt", kResolve, kReuseAddress, "large answers"},
    {"setsockopt", kResolve, kNoPortYet, "large answers"},
    {"setsockopt", kResolve, kFragments, "questions"},
    {"setsockopt", kResolve, kFragments6, "questions"},
    {"setsockopt", kResolve, kMtu6, "questions"},
    {"setsockopt", kResolve, kOnly6, "questions"},

    {"openat", kDeliver, kOwnFile, "Landlock: beneath spool and state"},
    {"mkdirat", kDeliver, kOwnDirectory, "Landlock: beneath spool and state"},
    {"newfstatat getdents64 renameat renameat2 unlinkat", kDeliver, kAlways,
     "Landlock: beneath spool and state; newfstatat everywhere"},
    {"fsync fdatasync", kDeliver, kAlways, "durable before it is acknowledged"},
    {"pwrite64 ftruncate", kDeliver, kAlways, "large messages, state"},
    {"fstatfs", kDeliver, kAlways, "room in the spool"},
};

struct FatalRow {
  const char* calls;
  Condition condition;
  const char* reason;
};

// What no C library does on a rare path of its own: whoever calls it has been taken over. A row
// without a condition does not hold for a role that has a row above for the call. openat is not
// here but only refused: glibc's malloc opens files of /sys and /proc when a thread makes an arena
// or gives one back, and goes on without them.
constexpr FatalRow kFatal[] = {
    {"socket socketpair bind connect listen accept accept4 sendmmsg", kAlways, "connections"},
    {"openat2 creat open_by_handle_at", kAlways, "files"},
    {"execve execveat fork vfork clone clone3", kAlways, "programs, processes, threads"},
    {"ptrace process_vm_readv process_vm_writev process_madvise kcmp", kAlways, "other processes"},
    {"kill tkill rt_sigqueueinfo rt_tgsigqueueinfo", kAlways, "other processes"},
    {"tgkill", kOtherThreads, "other processes"},
    {"pidfd_open pidfd_getfd pidfd_send_signal", kAlways, "other processes"},
    {"prlimit64", kWriteLimit, "limits"},
    {"setrlimit", kAlways, "limits"},
    {"setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset",
     kAlways, "users, capabilities"},
    {"unshare setns", kAlways, "namespaces"},
    {"mount umount2 pivot_root chroot open_tree move_mount fsopen fsconfig fsmount fspick "
     "mount_setattr",
     kAlways, "mounts"},
    {"add_key request_key keyctl", kAlways, "keys of the kernel"},
    {"io_uring_setup io_uring_enter io_uring_register io_setup io_submit", kAlways,
     "calls that no filter sees"},
    {"bpf perf_event_open userfaultfd memfd_secret personality", kAlways,
     "tools of attacks on the kernel"},
    {"init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff",
     kAlways, "the machine"},
    {"settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname acct quotactl "
     "syslog iopl ioperm modify_ldt",
     kAlways, "the machine"},
};

std::vector<std::string> words(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(' '), text.size());
    result.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

bool may_call(Role role, const std::string& call) {
  return std::ranges::any_of(kAllowed, [&](const Row& row) {
    return (row.roles & bit(role)) != 0 && std::ranges::count(words(row.calls), call) > 0;
  });
}

std::vector<std::string> fatal_calls(Role role, const FatalRow& row) {
  std::vector<std::string> calls = words(row.calls);
  if (row.condition.count == 0)
    std::erase_if(calls, [&](const std::string& call) { return may_call(role, call); });
  return calls;
}

std::vector<ArgumentTest> tests_of(const Condition& condition) {
  std::vector<ArgumentTest> tests(
      condition.tests.begin(), std::next(condition.tests.begin(), std::ptrdiff_t(condition.count)));
  for (ArgumentTest& test : tests)
    if (test.value == kOwnProcess) test.value = static_cast<std::uint64_t>(getpid());
  return tests;
}

void add_rules(std::vector<Rule>& rules, const std::vector<std::string>& calls,
               const Condition& condition) {
  for (const std::string& call : calls) rules.push_back({call, tests_of(condition)});
}

std::string joined(const std::vector<std::string>& calls) {
  std::string text;
  for (const std::string& call : calls) text += (text.empty() ? "" : " ") + call;
  return text;
}

}  // namespace

Filter filter_for(Role role, const ConfineParameters& parameters) {
  Filter filter;
  for (const Row& row : kAllowed)
    if ((row.roles & bit(role)) != 0) add_rules(filter.allowed, words(row.calls), row.condition);
  for (const FatalRow& row : kFatal) add_rules(filter.fatal, fatal_calls(role, row), row.condition);
  for (const int listener : parameters.listeners)
    filter.refused.push_back({"shutdown", {is(0, static_cast<std::uint32_t>(listener))}});
  const auto refuse_on_journal = [&](const char* call) {
    if (parameters.journal)
      filter.refused.push_back({call, {is(0, static_cast<std::uint32_t>(*parameters.journal))}});
  };
  refuse_on_journal("sendmsg");
  if (role != Role::Resolve) return filter;
  refuse_on_journal("connect");
  // A way past Landlock's rules for TCP. The resolver library goes on with connect() after this
  // error, and gives up after another.
  filter.unsupported.push_back({"sendmsg", {is(2, kMsgFastOpen, kMsgFastOpen)}});
  return filter;
}

base::Status restrict_calls(Role role, const ConfineParameters& parameters) {
  if constexpr (kUnconfined) return base::ok();
  return install(filter_for(role, parameters));
}

std::vector<CallRow> describe(Role role) {
  std::vector<CallRow> rows;
  for (const Row& row : kAllowed)
    if ((row.roles & bit(role)) != 0) rows.push_back({row.calls, row.condition.text, row.reason});
  return rows;
}

std::vector<CallRow> describe_fatal(Role role) {
  std::vector<CallRow> rows;
  for (const FatalRow& row : kFatal)
    if (const auto calls = fatal_calls(role, row); !calls.empty())
      rows.push_back({joined(calls), row.condition.text, row.reason});
  return rows;
}

}  // namespace sandbox

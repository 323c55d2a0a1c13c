// SPDX-License-Identifier: Apache-2.0
#include "sandbox/attack/puppet.h"

#include <elf.h>
#include <fcntl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <vector>

namespace attack {
namespace {

constexpr std::size_t kRoom = 4096;  // octets of arguments for one act, on any stack
constexpr int kSyscallStop = SIGTRAP | 0x80;
constexpr int kOptions =
    PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE;

[[noreturn]] void fail(const std::string& what) {
  throw std::runtime_error(what + ": " + std::strerror(errno));
}

int event_of(int status) { return status >> 16; }

struct Range {
  Address begin;
  Address end;
};

// proc(5), /proc/pid/maps. Not [vsyscall], which cannot be read.
std::vector<Range> executable_ranges(pid_t process) {
  std::ifstream maps("/proc/" + std::to_string(process) + "/maps");
  std::vector<Range> ranges;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    Range range{};
    char dash = 0;
    std::string rights;
    fields >> std::hex >> range.begin >> dash >> range.end >> rights;
    if (rights.starts_with("r-x") && line.find('/') != std::string::npos) ranges.push_back(range);
  }
  return ranges;
}

}  // namespace

Puppet::Puppet(pid_t process, pid_t thread) : process_(process), thread_(thread) {
  const std::string path = "/proc/" + std::to_string(process) + "/mem";
  memory_.reset(open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!memory_) fail(path);
  seize();
  before_ = registers();
  instruction_ = find(call_instruction());
}

// The kernel alone knows how a call that was interrupted goes on. It decides that behind a stop as
// the first one, so there has to be another before the old registers are put back.
Puppet::~Puppet() {
  if (!alive_) return;
  try {
    interrupt();
    set(before_);
    ptrace(PTRACE_DETACH, thread_, nullptr, nullptr);
  } catch (const Died&) {
    alive_ = false;  // ended by somebody else
  } catch (const std::runtime_error&) {
    alive_ = false;
  }
}

void Puppet::seize() {
  if (ptrace(PTRACE_SEIZE, thread_, nullptr, kOptions) != 0) fail("PTRACE_SEIZE");
  if (ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0) fail("PTRACE_INTERRUPT");
  while (event_of(wait()) != PTRACE_EVENT_STOP) ptrace(PTRACE_CONT, thread_, nullptr, nullptr);
}

void Puppet::interrupt() {
  if (ptrace(PTRACE_INTERRUPT, thread_, nullptr, nullptr) != 0) fail("PTRACE_INTERRUPT");
  do {
    if (ptrace(PTRACE_CONT, thread_, nullptr, nullptr) != 0) fail("PTRACE_CONT");
  } while (event_of(wait()) != PTRACE_EVENT_STOP);
}

int Puppet::wait() const {
  int status = 0;
  while (waitpid(thread_, &status, __WALL) != thread_)
    if (errno != EINTR) fail("waitpid");
  if (WIFSIGNALED(status)) throw Died{WTERMSIG(status)};
  if (WIFEXITED(status)) throw Died{0};
  return status;
}

// A child that an act has made must not run: it would be a second one in the middle of nowhere.
void Puppet::end_child() const {
  unsigned long child = 0;
  if (ptrace(PTRACE_GETEVENTMSG, thread_, nullptr, &child) != 0) fail("PTRACE_GETEVENTMSG");
  kill(static_cast<pid_t>(child), SIGKILL);
  waitpid(static_cast<pid_t>(child), nullptr, __WALL);
}

void Puppet::go_to_call() {
  int status = 0;
  int signal = 0;
  do {
    if (ptrace(PTRACE_SYSCALL, thread_, nullptr, signal) != 0) fail("PTRACE_SYSCALL");
    status = wait();
    const int event = event_of(status);
    if (event == PTRACE_EVENT_FORK || event == PTRACE_EVENT_VFORK || event == PTRACE_EVENT_CLONE)
      end_child();
    signal = event == 0 ? WSTOPSIG(status) : 0;
  } while (signal != kSyscallStop);
}

// The call of a thread that the filter kills ends like any other, with a signal that waits.
bool Puppet::is_killed() const {
  __ptrace_peeksiginfo_args first{0, 0, 1};
  siginfo_t info{};
  return ptrace(PTRACE_PEEKSIGINFO, thread_, &first, &info) == 1 && info.si_signo == SIGSYS;
}

long Puppet::perform(const Call& call, bool old) {
  Registers next = before_;
  if (old)
    prepare_old(next, call, find(old_call_instruction()));
  else
    prepare(next, call, instruction_);
  try {
    set(next);
    go_to_call();
    go_to_call();
    while (is_killed()) {
      if (ptrace(PTRACE_CONT, thread_, nullptr, nullptr) != 0) fail("PTRACE_CONT");
      wait();
    }
    return result_of(registers());
  } catch (const Died&) {
    alive_ = false;
    throw;
  }
}

long Puppet::closed(long descriptor) {
  if (descriptor >= 0) call(SYS_close, descriptor);
  return descriptor;
}

Address Puppet::room(std::size_t size) {
  used_ += (size + 15) & ~std::size_t{15};
  if (used_ > kRoom) throw std::runtime_error("an act needs more room");
  return free_stack(before_) - used_;
}

Address Puppet::bytes(const void* data, std::size_t size) {
  const Address address = room(size);
  if (pwrite(memory_.get(), data, size, static_cast<off_t>(address)) != ssize_t(size))
    fail("writing to the stack");
  return address;
}

Registers Puppet::registers() const {
  Registers registers{};
  iovec part{&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, thread_, NT_PRSTATUS, &part) != 0) fail("PTRACE_GETREGSET");
  return registers;
}

void Puppet::set(const Registers& registers) const {
  Registers copy = registers;
  iovec part{&copy, sizeof copy};
  if (ptrace(PTRACE_SETREGSET, thread_, NT_PRSTATUS, &part) != 0) fail("PTRACE_SETREGSET");
}

Address Puppet::find(std::string_view instruction) const {
  for (const Range& range : executable_ranges(process_)) {
    std::string code(range.end - range.begin, '\0');
    const ssize_t got =
        pread(memory_.get(), code.data(), code.size(), static_cast<off_t>(range.begin));
    code.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    if (const auto at = code.find(instruction); at != std::string::npos) return range.begin + at;
  }
  throw std::runtime_error("the process has no such instruction");
}

}  // namespace attack

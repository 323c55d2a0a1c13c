// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/role_process.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "daemon/common/build_id.h"
#include "daemon/common/exit_code.h"
#include "daemon/common/journal.h"
#include "daemon/common/role_start.h"
#include "obs/log.h"
#include "sandbox/privileges.h"

namespace common {
namespace {

constexpr std::chrono::seconds kEndPatience{2};
constexpr std::chrono::milliseconds kEndPoll{2};

std::string program_name(const std::string& name) { return "postern-" + name; }

std::string own_directory() {
  std::array<char, PATH_MAX> path{};
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size() - 1);
  const std::string self(path.data(), length > 0 ? static_cast<std::size_t>(length) : 0);
  return self.substr(0, self.rfind('/'));
}

// All that a role may know of our surroundings.
std::vector<std::string> environment() {
  std::vector<std::string> result;
  for (const char* name : {"JOURNAL_STREAM", "ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) result.push_back(std::string(name) + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

base::Status prepare_child(int channel, const std::optional<base::Account>& user) {
  // Signals that the supervisor blocks for its own loop.
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  if (user)
    if (auto became = sandbox::become_user(*user); !became) return became;
  if (auto dropped = sandbox::drop_capabilities(); !dropped) return dropped;
  if (::dup2(channel, kSupervisorFd) < 0) return base::Error::system("dup2", errno);
  return base::ok();
}

[[noreturn]] void run_child(const ipc::RoleId& id, int program, int channel,
                            const std::optional<base::Account>& user) {
  std::vector<std::string> arguments{program_name(ipc::name_of(id))};
  std::vector<std::string> variables = environment();
  auto prepared = prepare_child(channel, user);
  if (auto journal = hand_down_journal(); !journal.empty()) variables.push_back(std::move(journal));
  if (prepared) {
    ::fexecve(program, pointers(arguments).data(), pointers(variables).data());
    prepared = base::Error::system("execute " + arguments[0], errno);
  }
  obs::Line(obs::Event::fatal).text("reason", prepared.error().reason).write();
  ::_exit(kExitOsError);
}

}  // namespace

base::Result<base::UniqueFd> open_program(ipc::Role role) {
  const std::string name = program_name(ipc::name_of(role));
  const std::string here = own_directory();
  std::string tried;
  for (const std::string& directory : {here + "/libexec", here + "/../libexec/postern"}) {
    const std::string path = directory + "/" + name;
    const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    // Out of the way of the numbers that others get in the child.
    if (fd) return base::UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFreeFd));
    tried += (tried.empty() ? "" : ", ") + path;
  }
  return base::Error::system("cannot open the program " + name + " (tried " + tried + ")", errno);
}

base::Result<RoleProcess> RoleProcess::spawn(const ipc::RoleId& id, const base::UniqueFd& program,
                                             const std::optional<base::Account>& user) {
  auto ends = ipc::Channel::make_pair();
  if (!ends) return ends.error();
  // The child's end above the number that it will get, or dup2 would leave it close-on-exec.
  base::UniqueFd theirs(::fcntl(ends->second.get(), F_DUPFD_CLOEXEC, kFirstFreeFd));
  if (!theirs) return base::Error::system("F_DUPFD_CLOEXEC", errno);
  const pid_t pid = ::fork();
  if (pid < 0) return base::Error::system("fork", errno);
  if (pid == 0) run_child(id, program.get(), theirs.get(), user);
  return RoleProcess(pid, ipc::Channel(std::move(ends->first), ipc::State::RoleStarting));
}

base::Status check_hello(const ipc::Hello& hello, ipc::Role role) {
  if (hello.role != role) return base::Error::permanent("it is another role");
  if (hello.build_id == build_id()) return base::ok();
  return base::Error::permanent("it is of build " + hello.build_id + ", not " + build_id());
}

void await_ends(std::vector<pid_t> processes) {
  const base::Instant patience = base::now() + kEndPatience;
  while (!processes.empty()) {
    std::erase_if(processes, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
    if (base::now() > patience)
      for (const pid_t pid : processes) ::kill(pid, SIGKILL);
    if (!processes.empty()) std::this_thread::sleep_for(kEndPoll);
  }
}

std::string describe_death(int status) {
  if (WIFSIGNALED(status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(status));
    return std::string("SIG") + (name != nullptr ? name : std::to_string(WTERMSIG(status)));
  }
  return "exit code " + std::to_string(WEXITSTATUS(status));
}

void RoleProcess::kill() const { ::kill(pid_, SIGKILL); }

}  // namespace common

// SPDX-License-Identifier: Apache-2.0
// Runs a test's code in a child process: what it gives up is not given up by the tests after it.
//
// In the child nothing of Catch may be used; its exit status is its answer.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <functional>
#include <string>

namespace sandbox_test {

// "exit 0", "signal 31".
inline std::string how_it_ended(int status) {
  if (WIFEXITED(status)) return "exit " + std::to_string(WEXITSTATUS(status));
  if (WIFSIGNALED(status)) return "signal " + std::to_string(WTERMSIG(status));
  return "status " + std::to_string(status);
}

inline const std::string kGood = "exit 0";
inline const std::string kKilledByFilter = "signal " + std::to_string(SIGSYS);

constexpr unsigned kChildSeconds = 20;  // then it is stuck, and SIGALRM ends it

inline std::string in_child(const std::function<int()>& work) {
  const pid_t pid = fork();
  if (pid == 0) {
    alarm(kChildSeconds);
    // Catch's handlers would report a death of the child as one of the test.
    for (const int number : {SIGABRT, SIGSEGV, SIGTERM, SIGFPE, SIGILL}) signal(number, SIG_DFL);
    // An exception must not run the rest of the tests in the child.
    _exit([&]() noexcept { return work(); }());
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return how_it_ended(status);
}

}  // namespace sandbox_test

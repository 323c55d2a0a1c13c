// SPDX-License-Identifier: Apache-2.0
#include "sandbox/attack/stand_in.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace attack {
namespace {

void check(bool good, const char* what) {
  if (!good) throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
}

// accept() on it gives up soon.
base::UniqueFd listener() {
  base::UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{0, 1000};
  setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  check(listen(fd.get(), 1) == 0, "listen");  // on a port that the kernel chooses
  return fd;
}

// The process group of its own keeps a signal to all in bounds.
pid_t start() {
  const pid_t pid = fork();
  check(pid >= 0, "fork");
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (;;) pause();
  }
  setpgid(pid, pid);
  return pid;
}

void end(pid_t pid) {
  kill(pid, SIGKILL);
  waitpid(pid, nullptr, __WALL);
}

// As an act finds it, whatever those before it have done.
void furnish(const std::string& outside) {
  for (const char* name : {"/made", "/attack"}) std::filesystem::remove_all(outside + name);
  std::ofstream(outside + "/file") << "x";
}

}  // namespace

StandIn::StandIn(const Scene& scene)
    : scene_(scene),
      listener_(listener()),
      journal_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)),
      directory_(open(scene.outside.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
  furnish(scene.outside);
  int ends[2];
  check(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
  channel_.reset(ends[0]);
  far_end_.reset(ends[1]);
  check(journal_ && directory_, "a descriptor of the stand-in");
  scene_.listener = listener_.get();
  scene_.channel = channel_.get();
  scene_.journal = journal_.get();
  scene_.directory = directory_.get();
  scene_.makes_sockets = true;
  scene_.other = start();
  scene_.process = scene_.thread = start();
  // Both are copies of this process, so this is where they have it too.
  scene_.other_memory = reinterpret_cast<Address>(&errno);
}

StandIn::~StandIn() {
  end(scene_.process);
  end(scene_.other);
}

}  // namespace attack

// SPDX-License-Identifier: Apache-2.0
#include "spool/spool_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <string>

namespace spool {
namespace {

// "1: FLOCK  ADVISORY  WRITE 4711 fe:01:131074 0 EOF", proc(5). Empty when /proc does not tell.
std::string holder_of(int fd) {
  struct stat status {};
  if (::fstat(fd, &status) != 0) return {};
  const std::string inode = ":" + std::to_string(status.st_ino);
  std::ifstream locks("/proc/locks");
  for (std::string line; std::getline(locks, line);) {
    std::istringstream fields(line);
    std::string number, kind, advisory, access, pid, file;
    fields >> number >> kind >> advisory >> access >> pid >> file;
    if (kind == "FLOCK" && file.size() > inode.size() &&
        file.compare(file.size() - inode.size(), inode.size(), inode) == 0)
      return "pid " + pid;
  }
  return {};
}

}  // namespace

base::Result<base::UniqueFd> lock_root(int root_fd, const RootDirectory& directory) {
  const std::string what = directory.name + " directory " + directory.path;
  // The directory itself: a file open for writing would keep an administrator from remounting the
  // file system. A description of its own, which no child gets.
  base::UniqueFd fd(::openat(root_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return base::Error::system("cannot open the " + what + " to lock it", errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
  if (errno != EWOULDBLOCK) return base::Error::system("cannot lock the " + what, errno);
  const std::string holder = holder_of(fd.get());
  return base::Error::permanent(
      "another server has the " + what + (holder.empty() ? "" : ": " + holder) +
      "; stop it, or give this one a " + directory.name + ".directory of its own");
}

}  // namespace spool

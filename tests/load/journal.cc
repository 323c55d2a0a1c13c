// SPDX-License-Identifier: Apache-2.0
#include "load/journal.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace load {

base::Result<Journal> Journal::open(const std::string& path) {
  base::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!fd) return base::Error::system(path, errno);
  return Journal(std::move(fd));
}

base::Status Journal::add(std::string_view id, std::string_view queue_id) {
  const std::string line = std::string(id) + ' ' + std::string(queue_id) + '\n';
  // One call: a line is there whole or not at all.
  const ssize_t written = ::write(fd_.get(), line.data(), line.size());
  if (written == static_cast<ssize_t>(line.size())) return base::ok();
  return base::Error::system("the journal", written < 0 ? errno : ENOSPC);
}

}  // namespace load

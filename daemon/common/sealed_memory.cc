// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/sealed_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/memory_file.h"

namespace common {
namespace {

constexpr int kSeals = F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

// There may be more, like F_SEAL_EXEC.
bool is_sealed(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  return seals >= 0 && (seals & kSeals) == kSeals;
}

}  // namespace

base::Status seal(int fd) {
  if (fcntl(fd, F_ADD_SEALS, kSeals) != 0) return base::Error::system("F_ADD_SEALS", errno);
  return base::ok();
}

base::Result<base::UniqueFd> sealed_memory(const char* name, std::string_view bytes) {
  auto fd = base::memory_file(name);
  if (!fd) return fd;
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd->get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return base::Error::system("write to a memfd", written < 0 ? errno : EIO);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (auto sealed = seal(fd->get()); !sealed) return sealed.error();
  return fd;
}

bool is_sealed_memory(int fd, std::size_t size) {
  struct stat status {};
  return is_sealed(fd) && fstat(fd, &status) == 0 && status.st_size >= 0 &&
         static_cast<std::size_t>(status.st_size) == size;
}

base::Result<std::string> read_sealed_memory(int fd) {
  if (!is_sealed(fd)) return base::Error::permanent("a descriptor came that is not sealed memory");
  struct stat status {};
  if (fstat(fd, &status) != 0) return base::Error::system("fstat", errno);
  if (status.st_size < 0 || static_cast<std::size_t>(status.st_size) > kMaxSealedBytes)
    return base::Error::permanent("sealed memory is too large");
  std::string bytes(static_cast<std::size_t>(status.st_size), '\0');
  std::size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t count =
        ::pread(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return base::Error::system("read sealed memory", count < 0 ? errno : EIO);
    done += static_cast<std::size_t>(count);
  }
  return bytes;
}

}  // namespace common

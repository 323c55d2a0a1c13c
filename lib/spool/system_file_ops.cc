// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string_view>

#include "base/unique_fd.h"
#include "spool/file_ops.h"

namespace spool {
namespace {

// Calls until it is not interrupted; -errno instead of -1.
template <class Call>
auto uninterrupted(Call call) -> decltype(call()) {
  for (;;) {
    const auto result = call();
    if (result >= 0) return result;
    if (errno != EINTR) return -errno;
  }
}

class SystemFileOps final : public FileOps {
 public:
  int open_at(int directory, const char* path, int flags, mode_t mode) override {
    return uninterrupted([&] { return ::openat(directory, path, flags, mode); });
  }

  ssize_t read_at(int fd, void* buffer, std::size_t size, std::uint64_t offset) override {
    return uninterrupted([&] { return ::pread(fd, buffer, size, static_cast<off_t>(offset)); });
  }

  ssize_t write(int fd, const void* bytes, std::size_t size) override {
    return uninterrupted([&] { return ::write(fd, bytes, size); });
  }

  int sync(int fd) override {
    return uninterrupted([&] { return ::fsync(fd); });
  }

  // Linux frees the descriptor even when close() is interrupted, so it is never called again.
  int close(int fd) override { return ::close(fd) == 0 ? 0 : -errno; }

  int make_directory_at(int directory, const char* path, mode_t mode) override {
    return uninterrupted([&] { return ::mkdirat(directory, path, mode); });
  }

  int rename_no_replace_at(int from, const char* old_path, int to, const char* new_path) override {
    return uninterrupted(
        [&] { return ::renameat2(from, old_path, to, new_path, RENAME_NOREPLACE); });
  }

  int rename_at(int from, const char* old_path, int to, const char* new_path) override {
    return uninterrupted([&] { return ::renameat2(from, old_path, to, new_path, 0); });
  }

  int unlink_at(int directory, const char* path) override {
    return uninterrupted([&] { return ::unlinkat(directory, path, 0); });
  }

  int status_at(int directory, const char* path, struct stat& status) override {
    return uninterrupted([&] { return ::fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW); });
  }

  int list(int directory, std::vector<std::string>& names) override {
    // A descriptor of its own: reading moves the position that duplicates share.
    const int fd = open_at(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    if (fd < 0) return fd;
    DIR* stream = ::fdopendir(fd);
    if (stream == nullptr) {
      const int error = errno;
      ::close(fd);
      return -error;
    }
    const int result = read_names(stream, names);
    ::closedir(stream);
    return result;
  }

  int free_bytes(int fd, std::uint64_t& bytes) override {
    struct statvfs status {};
    const int result = uninterrupted([&] { return ::fstatvfs(fd, &status); });
    if (result == 0) bytes = std::uint64_t{status.f_bavail} * status.f_frsize;
    return result;
  }

 private:
  static int read_names(DIR* stream, std::vector<std::string>& names) {
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(stream);
      if (entry == nullptr) return -errno;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
  }
};

}  // namespace

FileOps& system_file_ops() {
  static SystemFileOps ops;
  return ops;
}

}  // namespace spool

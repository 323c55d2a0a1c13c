// SPDX-License-Identifier: Apache-2.0
// The system calls that a delivery stands on, behind an interface so that a test can make the n-th
// one fail. Each returns what the call returns, and -errno instead of -1. EINTR is retried inside,
// except by close().
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace spool {

class FileOps {
 public:
  virtual ~FileOps() = default;
  virtual int open_at(int directory, const char* path, int flags, mode_t mode) = 0;
  virtual ssize_t read_at(int fd, void* buffer, std::size_t size, std::uint64_t offset) = 0;
  virtual ssize_t write(int fd, const void* bytes, std::size_t size) = 0;
  virtual int sync(int fd) = 0;  // fsync: data and metadata
  virtual int close(int fd) = 0;
  virtual int make_directory_at(int directory, const char* path, mode_t mode) = 0;
  virtual int rename_no_replace_at(int from, const char* old_path, int to,
                                   const char* new_path) = 0;
  // An entry of the new name is replaced, with no moment at which there is none.
  virtual int rename_at(int from, const char* old_path, int to, const char* new_path) = 0;
  virtual int unlink_at(int directory, const char* path) = 0;
  // Of the entry itself: a symbolic link is not followed.
  virtual int status_at(int directory, const char* path, struct stat& status) = 0;
  // Adds the names in the directory, without "." and "..".
  virtual int list(int directory, std::vector<std::string>& names) = 0;
  virtual int free_bytes(int fd, std::uint64_t& bytes) = 0;  // available to us on fd's file system
};

FileOps& system_file_ops();

}  // namespace spool

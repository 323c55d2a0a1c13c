// SPDX-License-Identifier: Apache-2.0
#include "config/file_provider.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

#include "base/account.h"
#include "base/unique_fd.h"

namespace config {
namespace {

constexpr mode_t kPermissions = 07777;

std::string owner_and_mode(const struct stat& status) {
  return "mode " + octal(status.st_mode) + ", owner " + base::user_name(status.st_uid);
}

// The first directory on the way to `path` that the user may not enter; empty: none.
std::string closed_directory(const std::string& path) {
  for (auto slash = path.find('/', 1); slash != std::string::npos;
       slash = path.find('/', slash + 1)) {
    const std::string directory = path.substr(0, slash);
    if (faccessat(AT_FDCWD, directory.c_str(), X_OK, AT_EACCESS) != 0 && errno == EACCES)
      return directory;
  }
  return {};
}

// What stands in the way, and the cure.
std::string explain_denial(const std::string& path) {
  const std::string as = " as user " + base::user_name(geteuid());
  struct stat status {};
  const std::string closed = closed_directory(path);
  const std::string& culprit = closed.empty() ? path : closed;
  if (stat(culprit.c_str(), &status) != 0) return as;
  const char* const cure = closed.empty() ? "chgrp it to a group of that user and chmod 0640"
                                          : "let that user enter it, or move the file";
  return as + "; " + culprit + " has " + owner_and_mode(status) + ": " + cure;
}

base::Error failure(const std::string& path, int error_number) {
  base::Error error = base::Error::system("cannot read " + path, error_number);
  if (error_number == EACCES || error_number == EPERM) error.reason += explain_denial(path);
  if (error_number == ENOENT) error.reason += "; create it, or correct the path";
  return error;
}

base::Error refusal(const std::string& path, const std::string& why, int error_number) {
  return {base::Error::Kind::Permanent, "cannot read " + path + ": " + why, error_number};
}

// Nothing: errno says why.
bool read_all(int fd, std::string& bytes) {
  std::array<char, 64u << 10> buffer{};
  while (bytes.size() <= FileProvider::kMaxFileSize) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return false;
    if (count == 0) return true;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return true;
}

}  // namespace

base::Result<FileContent> DiskFiles::read(const std::string& path) {
  if (path.find('\0') != std::string::npos) return failure(path, ENOENT);
  // Non-blocking, because a FIFO without a writer would hold us here for ever.
  const base::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat status {};
  if (!fd || fstat(fd.get(), &status) != 0) return failure(path, errno);
  if (!S_ISREG(status.st_mode)) return refusal(path, "it is not a regular file", EISDIR);
  FileContent content{{}, status.st_mode & kPermissions, status.st_uid};
  if (!read_all(fd.get(), content.bytes)) return failure(path, errno);
  if (content.bytes.size() > kMaxFileSize)
    return refusal(path, "it is larger than " + std::to_string(kMaxFileSize >> 20) + " MiB", EFBIG);
  return content;
}

std::string octal(mode_t mode) {
  std::string digits = "0";
  for (int shift = 6; shift >= 0; shift -= 3)
    digits += static_cast<char>('0' + ((mode >> shift) & 7));
  return digits;
}

}  // namespace config

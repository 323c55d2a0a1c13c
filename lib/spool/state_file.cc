// SPDX-License-Identifier: Apache-2.0
#include "spool/state_file.h"

#include <fcntl.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/assert.h"
#include "spool/write_all.h"

namespace spool {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr std::size_t kChunkBytes = 64u << 10;

// Names come from here only.
const char* name_of(StateKind kind) {
  switch (kind) {
    case StateKind::Bans:
      return "bans";
    case StateKind::History:
      return "history";
  }
  POSTERN_ASSERT(false);
  return "";
}

}  // namespace

StateFile::StateFile(base::SharedFd directory, StateKind kind, FileOps& ops)
    : ops_(ops), directory_(std::move(directory)), name_(name_of(kind)), new_name_(name_ + ".new") {
  POSTERN_ASSERT(directory_ != nullptr);
}

base::Error StateFile::failed(const char* what, int error) const {
  return base::Error::system(what + (" of the state " + name_), error);
}

base::Result<std::string> StateFile::load() {
  ops_.unlink_at(directory_->get(), new_name_.c_str());
  // Not blocking: nothing but a file is read, and a pipe would make the server wait for ever.
  const int opened = ops_.open_at(directory_->get(), name_.c_str(),
                                  O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
  if (opened == -ENOENT) return std::string();
  if (opened < 0) return failed("open the file", -opened);
  const base::UniqueFd fd(opened);
  std::string bytes;
  std::vector<char> chunk(kChunkBytes);
  for (;;) {
    const ssize_t got = ops_.read_at(fd.get(), chunk.data(), chunk.size(), bytes.size());
    if (got < 0) return failed("read the file", static_cast<int>(-got));
    if (got == 0) return bytes;
    bytes.append(chunk.data(), static_cast<std::size_t>(got));
    if (bytes.size() > kMaxStateFile) return failed("read the file", EFBIG);
  }
}

base::Status StateFile::write_new(std::string_view bytes) {
  const int fd = ops_.open_at(directory_->get(), new_name_.c_str(),
                              O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) return failed("create the new file", -fd);
  const int written = write_all(ops_, fd, bytes);
  const int synced = written == 0 ? ops_.sync(fd) : 0;
  const int closed = ops_.close(fd);
  if (written < 0) return failed("write the new file", -written);
  if (synced < 0) return failed("fsync the new file", -synced);
  if (closed < 0) return failed("close the new file", -closed);
  return base::ok();
}

base::Status StateFile::save(std::string_view bytes) {
  POSTERN_ASSERT(bytes.size() <= kMaxStateFile);
  // What a write that was interrupted has left.
  ops_.unlink_at(directory_->get(), new_name_.c_str());
  base::Status status = write_new(bytes);
  if (status) {
    const int renamed =
        ops_.rename_at(directory_->get(), new_name_.c_str(), directory_->get(), name_.c_str());
    if (renamed < 0) status = failed("rename the new file", -renamed);
  }
  if (!status) {
    ops_.unlink_at(directory_->get(), new_name_.c_str());
    return status;
  }
  const int synced = ops_.sync(directory_->get());
  if (synced < 0) return failed("fsync the directory", -synced);
  return base::ok();
}

}  // namespace spool

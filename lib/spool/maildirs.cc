// SPDX-License-Identifier: Apache-2.0
#include "spool/maildirs.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <iterator>

#include "base/ascii.h"
#include "base/assert.h"

namespace spool {
namespace {

constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kFileMode = 0600;

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.front() != '.' && name.find('/') == std::string::npos &&
         name.find('\0') == std::string::npos;
}

bool is_lower_case(const std::string& name) { return std::ranges::none_of(name, base::is_upper); }

DirectoryPath below(const DirectoryPath& parent, const std::string& name) {
  DirectoryPath path = parent;
  path.push_back(name);
  return path;
}

base::Error failed(const char* what, const DirectoryPath& path, int error) {
  return base::Error::system(what + (" " + to_string(path)), error);
}

}  // namespace

DirectoryPath directory_path(const Mailbox& mailbox) {
  POSTERN_ASSERT(is_plain_name(mailbox.domain) && is_lower_case(mailbox.domain));
  POSTERN_ASSERT(is_plain_name(mailbox.name) && is_lower_case(mailbox.name));
  DirectoryPath path{mailbox.domain, mailbox.name};
  if (!mailbox.folder.empty()) {
    POSTERN_ASSERT(is_plain_name(mailbox.folder));
    path.push_back("." + mailbox.folder);  // Maildir++: a folder lies beneath the inbox
  }
  return path;
}

std::string to_string(const DirectoryPath& path) {
  std::string text;
  for (const std::string& name : path) text += (text.empty() ? "" : "/") + name;
  return text.empty() ? "." : text;
}

base::Status Maildirs::make(std::span<const Mailbox> mailboxes) {
  const std::lock_guard lock(mutex_);
  // A reload waits for those that are new only; open() sees to what somebody removed.
  std::vector<Mailbox> missing;
  std::ranges::copy_if(mailboxes, std::back_inserter(missing),
                       [this](const Mailbox& mailbox) { return !ready_.contains(mailbox); });
  return make_locked(missing);
}

base::Result<Maildir> Maildirs::open(const Mailbox& mailbox) {
  const std::lock_guard lock(mutex_);
  if (ready_.contains(mailbox)) {
    base::Result<Maildir> found = find(mailbox);
    if (found || found.error().system_error != ENOENT) return found;
  }
  if (base::Status made = make_locked({&mailbox, 1}); !made) return made.error();
  return find(mailbox);
}

base::Status Maildirs::make_locked(std::span<const Mailbox> mailboxes) {
  const auto make_and_sync = [&]() -> base::Status {
    std::set<DirectoryPath> parents;
    for (const Mailbox& mailbox : mailboxes) {
      const DirectoryPath path = directory_path(mailbox);
      const DirectoryPath inbox(path.begin(), path.begin() + 2);
      if (base::Status made = make_one(inbox, parents); !made) return made;
      if (path == inbox) continue;
      if (base::Status made = make_one(path, parents); !made) return made;
    }
    for (const DirectoryPath& parent : parents) {
      if (base::Status synced = sync(parent); !synced) return synced;
    }
    return base::ok();
  };
  base::Status made = make_and_sync();
  // Directories may now exist that are not durable, beneath mailboxes that were: check all again.
  if (!made) ready_.clear();
  if (made) ready_.insert(mailboxes.begin(), mailboxes.end());
  return made;
}

base::Status Maildirs::make_one(const DirectoryPath& path, std::set<DirectoryPath>& parents) {
  base::UniqueFd holder;
  int fd = root_.get();
  DirectoryPath here;
  for (const std::string& name : path) {
    parents.insert(here);
    here.push_back(name);
    if (base::Status made = make_directory(fd, here); !made) return made;
    base::Result<base::UniqueFd> next = step_into(fd, here);
    if (!next) return next.error();
    holder = std::move(next).value();
    fd = holder.get();
  }
  parents.insert(path);
  for (const char* name : {"tmp", "new", "cur"}) {
    if (base::Status made = make_directory(fd, below(path, name)); !made) return made;
  }
  return path.back().starts_with('.') ? mark_as_folder(fd, path) : base::ok();
}

base::Status Maildirs::make_directory(int parent_fd, const DirectoryPath& path) {
  const int result = ops_.make_directory_at(parent_fd, path.back().c_str(), kDirectoryMode);
  if (result < 0 && result != -EEXIST) return failed("make directory", path, -result);
  return base::ok();
}

// Maildir++: the empty file tells delivery agents that this is a folder and not a whole mailbox.
base::Status Maildirs::mark_as_folder(int folder_fd, const DirectoryPath& path) {
  const int fd = ops_.open_at(folder_fd, "maildirfolder",
                              O_CREAT | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, kFileMode);
  if (fd < 0) return failed("make file", below(path, "maildirfolder"), -fd);
  const int closed = ops_.close(fd);
  if (closed < 0) return failed("close", below(path, "maildirfolder"), -closed);
  return base::ok();
}

base::Status Maildirs::sync(const DirectoryPath& path) {
  base::Result<base::UniqueFd> directory = open_directory(path);
  if (!directory) return directory.error();
  const int synced = ops_.sync(directory->get());
  if (synced < 0) return failed("fsync directory", path, -synced);
  return base::ok();
}

base::Result<Maildir> Maildirs::find(const Mailbox& mailbox) {
  const DirectoryPath path = directory_path(mailbox);
  base::Result<base::UniqueFd> directory = open_directory(path);
  if (!directory) return directory.error();
  base::Result<base::UniqueFd> tmp_fd = step_into(directory->get(), below(path, "tmp"));
  if (!tmp_fd) return tmp_fd.error();
  base::Result<base::UniqueFd> new_fd = step_into(directory->get(), below(path, "new"));
  if (!new_fd) return new_fd.error();
  return Maildir{std::move(tmp_fd).value(), std::move(new_fd).value()};
}

base::Result<base::UniqueFd> Maildirs::open_directory(const DirectoryPath& path) {
  base::Result<base::UniqueFd> directory = step_into(root_.get(), {"."});
  DirectoryPath here;
  for (const std::string& name : path) {
    if (!directory) break;
    here.push_back(name);
    directory = step_into(directory->get(), here);
  }
  return directory;
}

base::Result<base::UniqueFd> Maildirs::step_into(int parent_fd, const DirectoryPath& path) {
  const int fd = ops_.open_at(parent_fd, path.back().c_str(),
                              O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
  if (fd < 0) return failed("open directory", path, -fd);
  return base::UniqueFd(fd);
}

}  // namespace spool

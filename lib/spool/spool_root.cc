// SPDX-License-Identifier: Apache-2.0
#include "spool/spool_root.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <vector>

#include "base/account.h"
#include "base/time.h"
#include "spool/file_name.h"

namespace spool {
namespace {

using base::Account;

// Who uses the directory.
base::Result<Account> account_of(const std::string& user) {
  if (::geteuid() != 0 || user.empty()) return base::current_account();
  auto account = base::find_account(user);
  if (!account) return base::Error::permanent("user \"" + user + "\" does not exist");
  return std::move(*account);
}

bool may_write(const struct stat& status, const Account& account) {
  if (account.uid == 0) return true;
  if (account.uid == status.st_uid) return (status.st_mode & S_IRWXU) == S_IRWXU;
  return std::ranges::count(account.groups, status.st_gid) > 0 &&
         (status.st_mode & S_IRWXG) == S_IRWXG;
}

// Also puts owner and mode of an existing directory right.
std::string install_command(const std::string& directory, const Account& account) {
  return "install -d -m 0700 -o " + account.name + " -g " + account.group + " " + directory;
}

std::string cure(const std::string& directory, const Account& account, int error) {
  switch (error) {
    case ENOENT:
      return "create it: " + install_command(directory, account);
    case EACCES:
    case EPERM:
      return "give it to that user: " + install_command(directory, account);
    case ENOTDIR:
    case ELOOP:
      return "put a directory there: links are not followed beneath it";
    case EROFS:
      return "mount it writable; under systemd: StateDirectory= or ReadWritePaths=";
    case ENOSPC:
    case EDQUOT:
      return "free some space or inodes";
    case EINVAL:
    case ENOSYS:
      return "use a local file system that has RENAME_NOREPLACE, like ext4, XFS or Btrfs";
    default:
      return "see the kernel's log for trouble with the file system";
  }
}

std::string owner_and_mode(FileOps& ops, const std::string& directory) {
  struct stat status {};
  if (ops.status_at(AT_FDCWD, directory.c_str(), status) < 0 || S_ISLNK(status.st_mode)) return "";
  std::array<char, 8> mode{};
  std::snprintf(mode.data(), mode.size(), "%04o", status.st_mode & 07777u);
  return "owner " + base::user_and_uid(status.st_uid) + ", mode " + mode.data() + ", ";
}

base::Error explain(FileOps& ops, const RootDirectory& directory, const Account& account,
                    const base::Error& error) {
  return {base::Error::Kind::Permanent,
          directory.name + " directory " + directory.path + ": " + error.reason + " (" +
              owner_and_mode(ops, directory.path) + "used by " + base::user_and_uid(account.uid) +
              "); " + cure(directory.path, account, error.system_error),
          error.system_error};
}

base::Result<base::UniqueFd> open_checked(FileOps& ops, const std::string& directory,
                                          struct stat& status) {
  // The administrator may have put a link here; beneath the root no link is followed.
  base::UniqueFd root(
      ops.open_at(AT_FDCWD, directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0));
  if (!root) return base::Error::system("open", -root.get());
  const int result = ops.status_at(root.get(), ".", status);
  if (result < 0) return base::Error::system("stat", -result);
  if ((status.st_mode & S_IWOTH) != 0) {
    return base::Error{base::Error::Kind::Permanent, "everybody may write to it", EPERM};
  }
  return root;
}

}  // namespace

base::Status make_root(const RootDirectory& directory, const std::string& user, FileOps& ops) {
  const base::Result<Account> account = account_of(user);
  if (!account) return account.error();
  const int made = ops.make_directory_at(AT_FDCWD, directory.path.c_str(), 0700);
  if (made == -EEXIST) return base::ok();
  if (made < 0) return explain(ops, directory, *account, base::Error::system("create", -made));
  // The parent may be the user's, who could put a link in its place: none is followed.
  if (::geteuid() == 0 && ::lchown(directory.path.c_str(), account->uid, account->gid) != 0)
    return explain(ops, directory, *account, base::Error::system("chown", errno));
  return base::ok();
}

base::Result<base::UniqueFd> open_root(const RootDirectory& directory, const std::string& user,
                                       FileOps& ops) {
  const base::Result<Account> account = account_of(user);
  if (!account) return account.error();
  struct stat status {};
  base::Result<base::UniqueFd> root = open_checked(ops, directory.path, status);
  if (!root) return explain(ops, directory, *account, root.error());
  return root;
}

base::Status check_root(const RootDirectory& directory, const std::string& user, FileOps& ops) {
  const base::Result<Account> account = account_of(user);
  if (!account) return account.error();
  struct stat status {};
  const base::Result<base::UniqueFd> root = open_checked(ops, directory.path, status);
  if (!root) return explain(ops, directory, *account, root.error());
  if (may_write(status, *account)) return base::ok();
  return explain(ops, directory, *account, {base::Error::Kind::Permanent, "not writable", EACCES});
}

base::Status probe_root(FileOps& ops, int root_fd) {
  const std::string name = "." + unique_file_name(base::wall_now(), "probe");
  const std::string renamed = name + ".renamed";
  const int fd = ops.open_at(root_fd, name.c_str(),
                             O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0) return base::Error::system("create a file in it", -fd);
  const int closed = ops.close(fd);
  const int moved = ops.rename_no_replace_at(root_fd, name.c_str(), root_fd, renamed.c_str());
  const int removed = ops.unlink_at(root_fd, (moved < 0 ? name : renamed).c_str());
  if (closed < 0) return base::Error::system("close a file in it", -closed);
  if (moved < 0) return base::Error::system("rename a file in it", -moved);
  if (removed < 0) return base::Error::system("remove a file in it", -removed);
  return base::ok();
}

base::Error explain_root_error(FileOps& ops, const RootDirectory& directory,
                               const base::Error& error) {
  return explain(ops, directory, base::current_account(), error);
}

}  // namespace spool

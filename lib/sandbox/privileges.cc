// SPDX-License-Identifier: Apache-2.0
#include "sandbox/privileges.h"

#include <grp.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "base/account.h"

namespace sandbox {
base::Result<std::optional<base::Account>> account_to_become(const std::string& user) {
  if (geteuid() != 0) return std::optional<base::Account>{};
  auto account = base::find_account(user);
  if (!account)
    return base::Error::permanent("workers.user: there is no user " + user +
                                  "; create it: useradd --system --user-group " + user);
  if (account->uid == 0)
    return base::Error::permanent("workers.user: " + user + " is root; name a user without powers");
  return account;
}

base::Status become_user(const base::Account& account) {
  if (setgroups(0, nullptr) != 0) return base::Error::system("setgroups", errno);
  if (setresgid(account.gid, account.gid, account.gid) != 0)
    return base::Error::system("setresgid", errno);
  if (setresuid(account.uid, account.uid, account.uid) != 0)
    return base::Error::system("setresuid", errno);
  return base::ok();
}

base::Status drop_capabilities() {
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return base::Error::system("PR_SET_NO_NEW_PRIVS", errno);
  if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
    return base::Error::system("PR_CAP_AMBIENT", errno);
  // A user's own capabilities end at execve (capabilities(7)), and the unit's filter has no capset.
  if (geteuid() != 0) return base::ok();
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  // glibc has no wrapper; libcap would be one more library for one call.
  if (syscall(SYS_capset, &header, none) != 0) return base::Error::system("capset", errno);
  return base::ok();
}

}  // namespace sandbox

// SPDX-License-Identifier: Apache-2.0
// Users of this machine, for giving up root and for messages. Each look-up asks the user database,
// which may read files: not for processes that are confined.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace base {

struct Account {
  std::string name;
  std::string group;  // the primary one
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // all, the primary one too
};

std::optional<Account> find_account(const std::string& name);
Account current_account();  // the effective user and groups of this process

std::string user_name(uid_t uid);     // the number where there is no name
std::string user_and_uid(uid_t uid);  // "postern (uid 104)"

}  // namespace base

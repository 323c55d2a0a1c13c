// SPDX-License-Identifier: Apache-2.0
#include "base/account.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace base {
namespace {

constexpr std::size_t kEntryBytes = 16 * 1024;  // one passwd or group entry
constexpr int kMaxGroups = 1024;

std::string group_name(gid_t gid) {
  std::array<char, kEntryBytes> buffer{};
  group entry{};
  group* found = nullptr;
  ::getgrgid_r(gid, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->gr_name : std::to_string(gid);
}

}  // namespace

std::optional<Account> find_account(const std::string& name) {
  std::array<char, kEntryBytes> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
  if (found == nullptr) return std::nullopt;
  int count = kMaxGroups;
  std::vector<gid_t> groups(kMaxGroups);
  ::getgrouplist(name.c_str(), found->pw_gid, groups.data(), &count);
  groups.resize(static_cast<std::size_t>(std::clamp(count, 1, kMaxGroups)));
  return Account{name, group_name(found->pw_gid), found->pw_uid, found->pw_gid, std::move(groups)};
}

Account current_account() {
  Account account{
      user_name(::geteuid()), group_name(::getegid()), ::geteuid(), ::getegid(), {::getegid()}};
  std::vector<gid_t> groups(kMaxGroups);
  const int count = ::getgroups(kMaxGroups, groups.data());
  if (count > 0)
    account.groups.insert(account.groups.end(), groups.begin(), groups.begin() + count);
  return account;
}

std::string user_name(uid_t uid) {
  std::array<char, kEntryBytes> buffer{};
  passwd entry{};
  passwd* found = nullptr;
  ::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
  return found != nullptr ? found->pw_name : std::to_string(uid);
}

std::string user_and_uid(uid_t uid) {
  return user_name(uid) + " (uid " + std::to_string(uid) + ")";
}

}  // namespace base

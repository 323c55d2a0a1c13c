// SPDX-License-Identifier: Apache-2.0
#include "sandbox/landlock.h"

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "base/unique_fd.h"
#include "sandbox/unconfined.h"

namespace sandbox {
namespace {

// The kernel's interface (Linux, Documentation/userspace-api/landlock.rst). Not from the system's
// header: that of Debian 12 ends at ABI 2, and glibc has no wrappers.
enum FileRight : std::uint64_t {
  kWriteFile = 1u << 1,
  kReadFile = 1u << 2,
  kReadDirectory = 1u << 3,
  kRemoveFile = 1u << 5,
  kMakeDirectory = 1u << 7,
  kMakeFile = 1u << 8,
  kRefer = 1u << 13,     // ABI 2: renaming into another directory
  kTruncate = 1u << 14,  // ABI 3
};
constexpr std::uint64_t kConnectTcp = 2;
constexpr std::uint64_t kBindAndConnectTcp = 3;
constexpr std::uint64_t kAbstractSocketsAndSignals = 3;

struct Ruleset {
  std::uint64_t files = 0;
  std::uint64_t tcp = 0;
  std::uint64_t scopes = 0;
};

struct [[gnu::packed]] PathBeneath {
  std::uint64_t allowed = 0;
  std::int32_t directory = -1;
};

struct NetPort {
  std::uint64_t allowed = 0;
  std::uint64_t port = 0;  // in the byte order of the machine
};

constexpr unsigned kAskVersion = 1;
constexpr int kRulePathBeneath = 1;
constexpr int kRuleNetPort = 2;

// What each ABI added: rights that exist from then on, the size of the kernel's Ruleset, and what
// an older kernel leaves open.
struct AbiRow {
  int abi;
  Ruleset handled;
  std::size_t ruleset_size;
  const char* what;
};
constexpr std::size_t kFilesOnly = offsetof(Ruleset, tcp);
constexpr std::size_t kWithTcp = offsetof(Ruleset, scopes);
constexpr AbiRow kAbis[] = {
    {1, {(1u << 13) - 1, 0, 0}, kFilesOnly, "opening, making and removing files"},
    {2, {kRefer, 0, 0}, kFilesOnly, "renaming into another directory"},
    {3, {kTruncate, 0, 0}, kFilesOnly, "truncation"},
    {4, {0, kBindAndConnectTcp, 0}, kWithTcp, "TCP ports"},
    {5, {1u << 15, 0, 0}, kWithTcp, "ioctl on devices"},
    {6, {0, 0, kAbstractSocketsAndSignals}, sizeof(Ruleset), "abstract sockets, signals"},
};

constexpr std::uint64_t kDeliverRights = kWriteFile | kReadFile | kReadDirectory | kRemoveFile |
                                         kMakeDirectory | kMakeFile | kRefer | kTruncate;

#ifdef POSTERN_LANDLOCK_ABI_CAP
[[gnu::used]] constexpr char kCapped[] = "Landlock is capped by the build";
#endif

struct Support {
  Ruleset handled;
  std::size_t ruleset_size = 0;
  std::string missing;
};

Support support_of(int abi) {
  Support support;
  for (const AbiRow& row : kAbis) {
    if (row.abi > abi) {
      support.missing += (support.missing.empty() ? "" : "; ") + std::string(row.what);
      continue;
    }
    support.handled.files |= row.handled.files;
    support.handled.tcp |= row.handled.tcp;
    support.handled.scopes |= row.handled.scopes;
    support.ruleset_size = row.ruleset_size;
  }
  return support;
}

std::vector<std::string> warnings(int abi, const std::string& missing) {
  std::vector<std::string> result;
#ifdef POSTERN_LANDLOCK_ABI_CAP
  result.emplace_back(kCapped);
#endif
  const std::string version = "Landlock of this kernel has ABI " + std::to_string(abi);
  if (abi < kLeastLandlockAbi)
    result.push_back(version + " and is not used: at least ABI " +
                     std::to_string(kLeastLandlockAbi) + " is needed");
  else if (!missing.empty())
    result.push_back(version + ", which does not cover: " + missing);
  return result;
}

bool has_threads() {
  // proc(5): a link for each thread, beside "." and "..", and the one of the folder above.
  struct stat status {};
  return ::stat("/proc/self/task", &status) == 0 && status.st_nlink > 3;
}

base::Status allow_beneath(int ruleset_fd, int directory, std::uint64_t rights) {
  const PathBeneath rule{rights, directory};
  if (syscall(SYS_landlock_add_rule, ruleset_fd, kRulePathBeneath, &rule, 0) != 0)
    return base::Error::system("landlock_add_rule", errno);
  return base::ok();
}

base::Status allow_connect(int ruleset_fd, std::uint16_t port) {
  const NetPort rule{kConnectTcp, port};
  if (syscall(SYS_landlock_add_rule, ruleset_fd, kRuleNetPort, &rule, 0) != 0)
    return base::Error::system("landlock_add_rule for a port", errno);
  return base::ok();
}

base::Status enforce(const Support& support, const std::vector<int>& writable_directories,
                     const std::vector<std::uint16_t>& tcp_ports) {
  const base::UniqueFd ruleset(static_cast<int>(
      syscall(SYS_landlock_create_ruleset, &support.handled, support.ruleset_size, 0)));
  if (!ruleset) return base::Error::system("landlock_create_ruleset", errno);
  const std::uint64_t rights = kDeliverRights & support.handled.files;
  for (const int directory : writable_directories)
    if (auto allowed = allow_beneath(ruleset.get(), directory, rights); !allowed) return allowed;
  if (support.handled.tcp != 0)
    for (const std::uint16_t port : tcp_ports)
      if (auto allowed = allow_connect(ruleset.get(), port); !allowed) return allowed;
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    return base::Error::system("PR_SET_NO_NEW_PRIVS", errno);
  if (syscall(SYS_landlock_restrict_self, ruleset.get(), 0) != 0)
    return base::Error::system("landlock_restrict_self", errno);
  return base::ok();
}

}  // namespace

int landlock_abi() {
  const long kernel = syscall(SYS_landlock_create_ruleset, nullptr, 0, kAskVersion);
  const int abi = static_cast<int>(std::max(kernel, 0L));
#ifdef POSTERN_LANDLOCK_ABI_CAP
  return std::min(abi, POSTERN_LANDLOCK_ABI_CAP);
#else
  return abi;
#endif
}

base::Result<std::vector<std::string>> restrict_files(const std::vector<int>& writable_directories,
                                                      const std::vector<std::uint16_t>& tcp_ports) {
  if constexpr (kUnconfined) return std::vector<std::string>{kUnconfinedWarning};
  if (has_threads())
    return base::Error::permanent("Landlock: threads run already and would not be bound");
  const int abi = landlock_abi();
  const Support support = support_of(abi);
  if (abi >= kLeastLandlockAbi)
    if (auto enforced = enforce(support, writable_directories, tcp_ports); !enforced)
      return enforced.error();
  return warnings(abi, support.missing);
}

}  // namespace sandbox

// SPDX-License-Identifier: Apache-2.0
#include "daemon/common/port_holder.h"

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "base/ascii.h"

namespace common {
namespace {

constexpr const char* kListening = "0A";  // TCP_LISTEN in /proc/net/tcp, see proc(5)

// Inodes of the sockets that listen on `port`, whatever the address: near enough for a hint.
std::set<std::string> listening_inodes(const char* table, std::uint16_t port) {
  std::set<std::string> inodes;
  std::ifstream file(table);
  std::string line;
  std::getline(file, line);  // headings
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
        timeout >> inode;
    const auto colon = local.rfind(':');
    if (state != kListening || colon == std::string::npos) continue;
    if (std::stoul("0" + local.substr(colon + 1), nullptr, 16) == port) inodes.insert(inode);
  }
  return inodes;
}

bool holds_any(const std::filesystem::path& process, const std::set<std::string>& inodes) {
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(process / "fd", error)) {
    const std::string target = std::filesystem::read_symlink(entry.path(), error).string();
    const std::string_view prefix = "socket:[";
    if (target.rfind(prefix, 0) == 0 &&
        inodes.count(target.substr(prefix.size(), target.size() - prefix.size() - 1)) > 0)
      return true;
  }
  return false;
}

}  // namespace

std::optional<std::string> find_port_holder(const base::Endpoint& endpoint) {
  std::set<std::string> inodes = listening_inodes("/proc/net/tcp", endpoint.port);
  inodes.merge(listening_inodes("/proc/net/tcp6", endpoint.port));
  if (inodes.empty()) return {};
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const std::string pid = entry.path().filename().string();
    if (!base::is_digit(pid.front()) || !holds_any(entry.path(), inodes)) continue;
    std::string name;
    std::getline(std::ifstream(entry.path() / "comm"), name);
    // A process chooses its name, and its name is shown on terminals.
    return base::printable(name) + " (pid " + pid + ")";
  }
  return {};
}

}  // namespace common

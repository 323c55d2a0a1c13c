// SPDX-License-Identifier: Apache-2.0
// Landlock: what the process may reach among files, TCP ports, abstract sockets and processes.
//
// The kernel binds the calling thread and those that it starts later, never its siblings: call
// before the first thread is started.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace sandbox {

// Below ABI 2 a file cannot be renamed into another directory, and no mail can be delivered.
inline constexpr int kLeastLandlockAbi = 2;

// What this kernel and this build have; 0: no Landlock.
int landlock_abi();

// For good: files can be opened, made, renamed, truncated and removed beneath these directories
// (open descriptors) only. Nothing can be executed; no TCP port can be bound, and none connected to
// but `tcp_ports`; no abstract socket and no process outside can be reached. Open descriptors stay
// usable. It has no rules for UDP.
//
// The result are warnings: what this kernel leaves open. Below kLeastLandlockAbi that is all, and
// nothing is restricted; nor is it in a build with sanitizers. An error where threads run already.
base::Result<std::vector<std::string>> restrict_files(
    const std::vector<int>& writable_directories, const std::vector<std::uint16_t>& tcp_ports = {});

}  // namespace sandbox

// SPDX-License-Identifier: Apache-2.0
// What full recursion begins with: the addresses of the root's servers, and its key; both of the
// package dns-root-data.
#pragma once

#include "base/result.h"
#include "net/settings.h"

namespace net {

inline constexpr const char* kRootHints = "/usr/share/dns/root.hints";
inline constexpr const char* kRootKey = "/usr/share/dns/root.key";

// Whether the files that these settings need are there; they need none where servers are named.
base::Status check_root_files(const ResolverSettings& settings);

}  // namespace net

// SPDX-License-Identifier: Apache-2.0
// The system's own resolver configuration, for dns.servers = ["system"].
#pragma once

#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace config {

inline constexpr const char* kResolvConf = "/etc/resolv.conf";

// The servers that the file names, in its order, each on port 53. An address with a scope (%eth0)
// is no address to us and left out, as is everything else in the file.
std::vector<base::Endpoint> parse_resolv_conf(std::string_view text);

}  // namespace config

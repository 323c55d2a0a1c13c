// SPDX-License-Identifier: Apache-2.0
#include "config/resolv_conf.h"

#include <algorithm>

namespace config {
namespace {

constexpr std::uint16_t kDnsPort = 53;
constexpr std::string_view kKeyword = "nameserver";
constexpr std::string_view kBlanks = " \t\r";

}  // namespace

// resolv.conf(5): the keyword begins the line, the value stands behind blanks.
std::vector<base::Endpoint> parse_resolv_conf(std::string_view text) {
  std::vector<base::Endpoint> servers;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (!line.starts_with(kKeyword)) continue;
    line.remove_prefix(kKeyword.size());
    const auto begin = line.find_first_not_of(kBlanks);
    if (begin == 0 || begin == std::string_view::npos) continue;
    line.remove_prefix(begin);
    const auto address = base::IpAddress::parse(line.substr(0, line.find_first_of(kBlanks)));
    if (address) servers.push_back({*address, kDnsPort});
  }
  return servers;
}

}  // namespace config

// SPDX-License-Identifier: Apache-2.0
// Whose mail we take, from how many at once, and what its verdicts lead to.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace policy {

// All names lower case; domain names as A-labels.
struct Domain {
  std::string name;
  std::vector<std::string> mailboxes;          // also directory names: no '/', no leading dot
  std::map<std::string, std::string> aliases;  // local part -> mailbox of this domain
  std::string subaddress_delimiters = "+";     // "info+news" is for "info"; each character is one
  std::optional<std::string> catch_all;        // mailbox for every other local part
};

struct ConnectionLimits {
  std::size_t total_connections = 10000;
  std::size_t connections = 20;  // per client network: IPv4 /32, IPv6 /64
  std::vector<base::Network> exempt;
};

// Who may connect to one listener. A client must be in `allow` unless that is empty, and not in
// `deny`.
struct ListenerAccess {
  std::vector<base::Network> allow;
  std::vector<base::Network> deny;
};

enum class OnTemporaryError : std::uint8_t { Defer, Accept };
enum class OnSpfFail : std::uint8_t { Mark, Reject };

struct AuthSettings {
  std::string authserv_id;  // of our Authentication-Results; lower case, in A-labels
  OnTemporaryError on_temporary_error = OnTemporaryError::Defer;
  OnSpfFail on_spf_fail = OnSpfFail::Mark;
};

}  // namespace policy

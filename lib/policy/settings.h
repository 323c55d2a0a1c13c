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

// What becomes of outside mail that says it is from a domain of ours, and does not pass.
enum class SpoofProtection : std::uint8_t { Dmarc, Reject };  // Dmarc: what its policy asks for

// All names lower case; domain names as A-labels.
struct Domain {
  std::string name;
  std::vector<std::string> mailboxes;          // also directory names: no '/', no leading dot
  std::map<std::string, std::string> aliases;  // local part -> mailbox of this domain
  std::string subaddress_delimiters = "+";     // "info+news" is for "info"; each character is one
  std::optional<std::string> catch_all;        // mailbox for every other local part
  SpoofProtection spoof_protection = SpoofProtection::Dmarc;
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
enum class OnDmarcReject : std::uint8_t { Reject, Quarantine };

// Whose DMARC failures are let through: mail that comes from the network, and has a DKIM signature
// of the domain that passes. At least one of the two is given.
struct DmarcException {
  std::optional<base::Network> network;
  std::string dkim_domain;  // in A-labels, lower case; empty: any
  std::string until;        // its last day, in UTC: "2027-06-30"
  std::string reason;       // for log and reports; UTF-8 without control characters
};

struct AuthSettings {
  std::string authserv_id;  // of our Authentication-Results; lower case, in A-labels
  OnTemporaryError on_temporary_error = OnTemporaryError::Defer;
  OnSpfFail on_spf_fail = OnSpfFail::Mark;
  bool enforce_dmarc = true;  // false: DMARC is only recorded
  OnDmarcReject on_dmarc_reject = OnDmarcReject::Reject;
  std::string quarantine_folder = "Junk";  // as spool::Mailbox has it
  std::vector<DmarcException> dmarc_exceptions;
  // Our own with SpoofProtection::Reject.
  std::vector<std::string> guarded_domains;
};

}  // namespace policy

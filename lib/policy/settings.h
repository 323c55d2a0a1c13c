// SPDX-License-Identifier: Apache-2.0
// Whose mail we take, from how many at once, and what its verdicts lead to.
#pragma once

#include <chrono>
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

// At most `amount` at once. An account that is full empties evenly within `period`; so over a long
// time it is `amount` in each period, and at most twice that in the first one.
struct Rate {
  std::int64_t amount = 0;  // events, or bytes
  std::chrono::milliseconds period{0};
  bool operator==(const Rate&) const = default;
};

// How much of an address names the network that is counted as one.
struct Prefixes {
  int v4 = 32;
  int v6 = 64;
  bool operator==(const Prefixes&) const = default;
};

// Each limit is for one client network, and times `wide_factor` for the wide network around it, but
// for the totals, which are for all clients together.
struct LimitSettings {
  std::size_t total_connections = 10000;
  std::size_t total_handshakes = 1000;      // TLS handshakes that have begun and not ended
  std::uint64_t total_memory = 2ull << 30;  // bytes that sessions and their messages hold
  std::size_t connections = 20;             // at the same time
  Rate connection_rate{300, std::chrono::minutes(1)};
  Rate handshake_rate{300, std::chrono::minutes(1)};
  Rate byte_rate{500ll << 20, std::chrono::minutes(10)};
  Rate message_rate{100, std::chrono::minutes(1)};
  Rate recipient_rate{500, std::chrono::minutes(1)};
  Rate error_rate{500, std::chrono::minutes(10)};
  Rate unknown_recipient_rate{30, std::chrono::hours(1)};
  Rate verifier_crash_rate{2, std::chrono::hours(1)};
  std::size_t unknown_recipients_per_session = 5;
  bool hide_unknown_until_data = false;
  std::chrono::milliseconds greeting_delay{0};
  std::chrono::milliseconds ban_for{std::chrono::hours(1)};
  std::chrono::milliseconds ban_max{std::chrono::days(7)};
  std::size_t tracked_networks = 100000;
  std::vector<base::Network> exempt;
  Prefixes narrow;
  Prefixes wide{24, 48};
  std::int64_t wide_factor = 10;
  bool operator==(const LimitSettings&) const = default;
};

// Who may connect to one listener. A client must be in `allow` unless that is empty, and not in
// `deny`.
struct ListenerAccess {
  std::vector<base::Network> allow;
  std::vector<base::Network> deny;
};

inline constexpr std::size_t kMaxListeners = 256;

// Of one listener; 0: as many as of all together.
struct ListenerLimits {
  std::size_t connections = 0;
  std::size_t handshakes = 0;
  bool operator==(const ListenerLimits&) const = default;
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

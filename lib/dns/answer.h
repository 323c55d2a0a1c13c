// SPDX-License-Identifier: Apache-2.0
// What the DNS said to a question. CNAMEs have been followed: the records are those at the end of
// the chain, and the status is of that name.
//
// A DNS message bounds all of it: 64 KiB, so at most some thousands of records.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/ip_address.h"

namespace dns {

enum class Status : std::uint8_t {
  Records,  // at least one record of the type asked
  NoData,   // the name exists, without such a record
  NoName,   // NXDOMAIN, or a name that cannot be asked
  Failure,  // nobody knows: time-out, SERVFAIL, REFUSED, bogus, loop of CNAMEs; `reason` says which
  Last_ = Failure
};

enum class Security : std::uint8_t { Unknown, Insecure, Secure, Bogus, Last_ = Bogus };

struct MailExchange {
  std::uint16_t preference = 0;
  std::string host;  // normalized; empty for the root, which is the null MX (RFC 7505)
  auto operator<=>(const MailExchange&) const = default;
  void visit(auto& v) { v(preference, host); }
};

struct Answer {
  Status status = Status::Failure;
  Security security = Security::Unknown;  // Bogus only together with Failure
  std::string reason;                     // of a failure, else empty

  // The list of the type asked, in the order of the answer; the others are empty.
  std::vector<base::IpAddress> addresses;  // A and AAAA
  std::vector<std::string> texts;          // TXT: one a record, its character-strings joined
  std::vector<MailExchange> exchanges;     // MX
  std::vector<std::string> names;          // PTR, normalized

  static Answer of(Status status, Security security = Security::Unknown, std::string reason = {}) {
    Answer answer;
    answer.status = status;
    answer.security = security;
    answer.reason = std::move(reason);
    return answer;
  }

  // RFC 7208 section 4.6.4: an answer that says that there is nothing.
  bool is_void() const { return status == Status::NoData || status == Status::NoName; }
  bool failed() const { return status == Status::Failure; }
  // The reason for logs and reports: printable ASCII and short, whoever wrote it.
  std::string why() const;

  bool operator==(const Answer&) const = default;
  void visit(auto& v) { v(status, security, reason, addresses, texts, exchanges, names); }
};

}  // namespace dns

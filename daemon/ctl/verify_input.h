// SPDX-License-Identifier: Apache-2.0
// What `postern verify` is given: a message, and what a session would have known of it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "auth/session_facts.h"
#include "base/result.h"
#include "mail/address.h"

namespace ctl {

inline constexpr std::size_t kMaxMessage = 128u << 20;  // bytes of the file
inline constexpr std::size_t kMaxRecord = 16u << 20;    // of one that --record wrote; 150 answers

// All of a file; "-" is standard input. An error names the path; its errno is EFBIG for one that
// is larger than `most` bytes.
base::Result<std::string> read_input(const std::string& path, std::size_t most);

struct Envelope {
  base::IpAddress client;
  std::string helo;
  mail::Path from;
  bool smtputf8 = false;  // only with it could the sender be said
};

// What the options say; an error names the option, and the reply that a client would get.
base::Result<Envelope> parse_envelope(const std::string& ip, const std::string& helo,
                                      const std::string& from);

// As it came in; `bytes` may have LF at the ends of lines.
std::string with_crlf(const std::string& bytes);

struct MessageFacts {
  std::size_t bytes = 0;               // as on the wire, with CRLF
  std::size_t fields = 0;              // of its header
  std::vector<std::string> taken_out;  // those that only we may write; unfolded
};

// `bytes`: with CRLF or LF at the ends of lines.
MessageFacts examine_message(const std::string& bytes, const std::string& authserv_id);

}  // namespace ctl

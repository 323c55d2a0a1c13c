// SPDX-License-Identifier: Apache-2.0
// The message that `postern verify` is given, as it came in.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "mail/stored_trace.h"

namespace ctl {

inline constexpr std::size_t kMaxMessage = 128u << 20;  // bytes of the file
inline constexpr std::size_t kMaxHeader = 1u << 20;     // the most that smtp.max_header_size can be

// All of a file; "-" is standard input. An error names the path; its errno is EFBIG for one that
// is larger than `most` bytes. It waits for nobody but the disk, and who writes standard input.
base::Result<std::string> read_input(const std::string& path, std::size_t most);

// As it came in; `bytes` may have LF at the ends of lines.
std::string with_crlf(const std::string& bytes);

// Takes off what we put on top of the message when we stored it, if it begins with that.
std::optional<mail::StoredTrace> take_stored_trace(std::string& message,
                                                   const std::string& hostname,
                                                   const std::string& authserv_id);

struct MessageFacts {
  std::size_t bytes = 0;               // as on the wire, with CRLF
  std::size_t header_bytes = 0;        // of them, with the empty line: the body is behind these
  std::size_t fields = 0;              // of the header
  std::vector<std::string> taken_off;  // what we had put on top; unfolded
  std::vector<std::string> taken_out;  // those that only we may write; unfolded
};

// `message`: its lines end in CRLF. Nothing: its header is larger than kMaxHeader.
std::optional<MessageFacts> examine_message(const std::string& message,
                                            const std::string& authserv_id);

}  // namespace ctl

// SPDX-License-Identifier: Apache-2.0
// Messages that can be recognised, and proved whole, wherever they are stored.
//
//   X-Load-Hash: SHA-256 of all that follows this line, line ends as LF, in hex
//   X-Load-Id: ID                    no other message of any run has it
//   ...
//
// A server may put fields on top; below this line it must not change a byte. A generated message
// carries its ID in each line of its body, so that mixed up buffers cannot stay unseen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace load {

struct Message {
  std::string id;
  std::size_t size_bytes = 0;  // line ends as CRLF, before dots are doubled: RFC 1870 section 3
  std::string wire;            // what goes behind 354, its end included
};

// Makes messages. Threads: one at a time.
class Composer {
 public:
  // Messages of exactly that size, at least kMinMessageSize. `from` may be empty.
  Composer(std::string from, std::string to, std::size_t size_bytes);
  // Messages that are this file below their first two lines. Its line ends may be LF or CRLF.
  explicit Composer(std::string_view file);

  Message next();

 private:
  std::string generate(const std::string& id) const;

  std::string run_;  // random, so that two runs may share a spool
  std::uint64_t count_ = 0;
  std::string fields_;  // From, To, Date
  std::size_t size_bytes_ = 0;
  std::string file_;  // line ends as LF; empty: generated messages
};

}  // namespace load

// SPDX-License-Identifier: Apache-2.0
// CRLF to LF, as a stream: the result does not depend on how the input is cut into pieces.
//
// Only the pair CRLF becomes LF; every other byte, a lone CR or LF included, stays as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spool {

class LineEnds {
 public:
  // Appends what is certain by now to `out`: at most input.size() + 1 bytes.
  void convert(std::string_view input, std::string& out);
  // After the last input: a CR that waited for its LF.
  void finish(std::string& out);

  // Bytes appended so far; and how many they would be if each LF without a CR before it had one,
  // which is what a mail reader counts as the size of the message.
  std::uint64_t stored_bytes() const { return stored_bytes_; }
  std::uint64_t crlf_bytes() const { return stored_bytes_ + bare_lfs_; }

 private:
  void append(std::string_view bytes, std::string& out);

  bool held_cr_ = false;  // a CR at the end of the last piece, not yet appended
  char last_ = '\0';      // last byte appended
  std::uint64_t stored_bytes_ = 0;
  std::uint64_t bare_lfs_ = 0;
};

}  // namespace spool

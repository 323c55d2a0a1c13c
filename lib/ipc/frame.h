// SPDX-License-Identifier: Apache-2.0
// Frames on a byte stream: 4 bytes length of the body, 1 byte type, 3 bytes zero, body;
// little-endian. Descriptors travel beside the stream (SCM_RIGHTS) with the first byte of their
// frame.
//
// A FrameReader takes bytes and descriptors as they come and gives whole messages. The first thing
// that does not fit (unknown type, body over the table's limit, missing or surplus descriptors)
// ends it for good: nothing after it can be trusted. Memory: at most one frame and what was fed
// last; time: linear in the bytes, however small the frames.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ipc/messages.h"

namespace ipc {

inline constexpr std::size_t kFrameHeader = 8;
// Received, their frame not complete; well above what one Channel::receive() brings.
inline constexpr std::size_t kMaxPendingFds = 64;

struct Message {
  Type type = Type::Hello;
  std::string body;
  std::optional<base::UniqueFd> fd;
};

struct TypeInfo {
  Type type;
  const char* name;
  unsigned fds;
  std::size_t max_bytes;
};
// Null for a number that is no message.
const TypeInfo* find_type(std::uint8_t number);

std::string encode_frame(Type type, std::string_view body);

class FrameReader {
 public:
  void feed(std::string_view bytes, std::vector<base::UniqueFd> fds);
  // Nothing: more bytes are needed. An error is final.
  base::Result<std::optional<Message>> next();

 private:
  std::string_view unread() const { return std::string_view(buffer_).substr(read_); }
  void consume(std::size_t count);
  base::Result<const TypeInfo*> check_header() const;

  std::string buffer_;
  std::size_t read_ = 0;  // of buffer_; these bytes go with the next feed()
  std::deque<base::UniqueFd> fds_;
  std::optional<base::Error> broken_;
};

}  // namespace ipc

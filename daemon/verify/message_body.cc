// SPDX-License-Identifier: Apache-2.0
#include "daemon/verify/message_body.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace verify_role {

MessageBody::MessageBody(std::vector<Piece> pieces)
    : pieces_(std::move(pieces)), buffer_(std::make_unique<char[]>(kBuffer)) {}

std::string_view MessageBody::at(std::size_t offset) {
  if (!trouble_) return {};
  std::uint64_t within = offset;
  auto piece = pieces_.begin();
  while (piece != pieces_.end() && within >= piece->size) within -= (piece++)->size;
  if (piece == pieces_.end()) return {};
  const auto wanted =
      static_cast<std::size_t>(std::min<std::uint64_t>(kBuffer, piece->size - within));
  ssize_t count = 0;
  do {
    count =
        ::pread(piece->fd.get(), buffer_.get(), wanted, static_cast<off_t>(piece->offset + within));
  } while (count < 0 && errno == EINTR);
  if (count > 0) return {buffer_.get(), static_cast<std::size_t>(count)};
  trouble_ = base::Error::system("read the body of a message", count < 0 ? errno : EIO);
  return {};
}

}  // namespace verify_role

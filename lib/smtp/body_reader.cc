// SPDX-License-Identifier: Apache-2.0
#include "smtp/body_reader.h"

#include <algorithm>

#include "base/assert.h"
#include "smtp/limits.h"
#include "smtp/replies.h"

namespace smtp {

// RFC 1870 section 6.3: a chunk that cannot fit is refused before it has come.
void BodyReader::begin_chunk(const Chunk& chunk) {
  POSTERN_ASSERT(paused());
  chunk_ = chunk;
  left_ = chunk.octets;
  const std::size_t room =
      settings_->max_message_size - std::min(size(), settings_->max_message_size);
  if (chunk.octets > room) refuse(replies::message_too_big());
}

std::size_t BodyReader::read(std::string_view bytes, std::string& out) {
  if (ended() || too_much()) return 0;
  // The limit is met exactly, whatever the pieces.
  const std::size_t limit = max_refused_data(settings_->max_message_size);
  if (received_ < limit) bytes = bytes.substr(0, limit - received_);
  const std::size_t taken =
      framing_ == Framing::Dots ? dots_.read(bytes, content_, out) : read_chunk(bytes, out);
  received_ += taken;
  return taken;
}

std::size_t BodyReader::read_chunk(std::string_view bytes, std::string& out) {
  const std::size_t taken =
      content_.feed(bytes.substr(0, std::min<std::uint64_t>(bytes.size(), left_)), out);
  left_ -= taken;
  if (left_ == 0 && chunk_.last) {
    content_.finish(out);
    ended_ = true;
  }
  return taken;
}

// Counted from the first byte, not from the refusal: how soon that is seen depends on the pieces.
bool BodyReader::too_much() const {
  return refusal() && !ended() && !paused() &&
         received_ >= max_refused_data(settings_->max_message_size);
}

}  // namespace smtp

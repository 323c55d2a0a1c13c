// SPDX-License-Identifier: Apache-2.0
// One message, by DATA (RFC 5321 section 4.1.1.4) or in the chunks of BDAT (RFC 3030 section 2).
//
// A message that was refused is still read to its real end, unless that is too far off.
// Threads: one at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "smtp/dot_reader.h"
#include "smtp/message_content.h"
#include "smtp/reply.h"
#include "smtp/settings.h"

namespace smtp {

struct Chunk {
  std::uint64_t octets = 0;
  bool last = false;
};

class BodyReader {
 public:
  enum class Framing { Dots, Chunks };

  BodyReader(const Settings& settings, Framing framing)
      : settings_(&settings), framing_(framing), content_(settings) {}

  // Of Chunks only: at the beginning, and when paused().
  void begin_chunk(const Chunk& chunk);

  // Consumes bytes up to the end of the message, of the chunk or of the header section, or all of
  // them; returns how many. Message bytes are appended to `out` until the message is refused.
  // Without bytes it does what a chunk of none asks for.
  std::size_t read(std::string_view bytes, std::string& out);

  void refuse(const Reply& reply) { content_.refuse(reply); }
  const std::optional<Reply>& refusal() const { return content_.refusal(); }

  // The message was refused, and its end has not come within max_message_size times
  // kRefusedDataFactor: nothing more is read.
  bool too_much() const;

  bool needs_bytes() const { return framing_ == Framing::Dots || left_ > 0; }
  bool paused() const { return framing_ == Framing::Chunks && left_ == 0 && !chunk_.last; }
  bool ended() const { return framing_ == Framing::Dots ? dots_.ended() : ended_; }
  bool header_complete() const { return content_.header_complete(); }
  std::size_t size() const { return content_.size(); }  // of the message; RFC 1870 section 5

 private:
  std::size_t read_chunk(std::string_view bytes, std::string& out);

  const Settings* settings_;
  const Framing framing_;
  MessageContent content_;
  DotReader dots_;
  Chunk chunk_;
  std::uint64_t left_ = 0;  // of the chunk
  bool ended_ = false;
  std::size_t received_ = 0;  // all bytes, stuffed dots and those of a refused message included
};

}  // namespace smtp

// SPDX-License-Identifier: Apache-2.0
// CRLF to LF of a message that is stored, against a slow way. First byte: the pieces.
#include "spool/line_ends.h"

#include "fuzz/fuzz.h"

namespace {

using fuzz::require;

struct Outcome {
  std::string stored;
  std::uint64_t stored_bytes = 0;
  std::uint64_t crlf_bytes = 0;
  bool operator==(const Outcome&) const = default;
};

Outcome slowly(std::string_view bytes) {
  Outcome outcome;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    if (bytes.substr(i, 2) != "\r\n") outcome.stored += bytes[i];
  outcome.stored_bytes = outcome.crlf_bytes = outcome.stored.size();
  for (std::size_t i = 0; i < outcome.stored.size(); ++i)
    if (outcome.stored[i] == '\n' && (i == 0 || outcome.stored[i - 1] != '\r'))
      ++outcome.crlf_bytes;
  return outcome;
}

Outcome read(std::string_view bytes, std::uint8_t seed, std::size_t most) {
  spool::LineEnds ends;
  Outcome outcome;
  fuzz::in_pieces(bytes, seed, most, [&](std::string_view piece) {
    const std::size_t before = outcome.stored.size();
    ends.convert(piece, outcome.stored);
    require(outcome.stored.size() - before <= piece.size() + 1, "a piece adds little");
  });
  ends.finish(outcome.stored);
  outcome.stored_bytes = ends.stored_bytes();
  outcome.crlf_bytes = ends.crlf_bytes();
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  const Outcome expected = slowly(bytes);
  require(read(bytes, seed, bytes.size() + 1) == expected, "as a whole");
  require(read(bytes, seed, 1) == expected, "byte by byte");
  require(read(bytes, seed, 20) == expected, "in pieces");
  return 0;
}

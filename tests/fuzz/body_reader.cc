// SPDX-License-Identifier: Apache-2.0
// The message out of a DATA stream, against a slow reading of the same bytes. First byte: whether a
// bare LF becomes a line end; second: the pieces.
#include "smtp/body_reader.h"

#include <limits>

#include "fuzz/fuzz.h"
#include "smtp/replies.h"

namespace {

constexpr std::size_t kMostPiece = 20;
constexpr std::string_view kEnd = "\r\n.\r\n";  // RFC 5321 section 4.1.1.4

struct Outcome {
  std::size_t used = 0;
  bool ended = false;
  bool refused = false;
  std::string message;  // empty when refused: how much came out before is of no meaning
  bool operator==(const Outcome&) const = default;
};

// CRLF for every LF; `bare` where the CR of one was missing, or a CR stands alone.
std::string line_ends(std::string_view text, bool& bare_cr, bool& bare_lf) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool crlf = text.substr(i, 2) == "\r\n";
    bare_cr = bare_cr || (text[i] == '\r' && !crlf);
    bare_lf = bare_lf || text[i] == '\n';
    result += crlf || text[i] == '\n' ? "\r\n" : std::string(1, text[i]);
    if (crlf) ++i;
  }
  return result;
}

// `bytes` begin behind the CRLF of DATA, which counts for the end and for the first dot.
Outcome slowly(std::string_view bytes, bool normalize) {
  const std::string text = "\r\n" + std::string(bytes);
  Outcome outcome;
  const std::size_t end = text.find(kEnd);
  outcome.ended = end != std::string::npos;
  outcome.used = outcome.ended ? end + kEnd.size() - 2 : bytes.size();
  if (!outcome.ended) return outcome;

  std::string data = text.substr(0, end + 2);
  for (std::size_t dot = data.find("\r\n."); dot != std::string::npos;
       dot = data.find("\r\n.", dot + 2)) {
    data.erase(dot + 2, 1);
  }
  bool bare_cr = false;
  bool bare_lf = false;
  const std::string message = line_ends(data, bare_cr, bare_lf).substr(2);
  outcome.refused =
      bare_cr || (bare_lf && !normalize) || text.substr(0, end).find('\0') != std::string::npos;
  if (!outcome.refused) outcome.message = message;
  return outcome;
}

smtp::Settings settings(bool normalize) {
  smtp::Settings result;
  // Limits of the header are no part of this.
  result.max_received_headers = std::numeric_limits<std::size_t>::max();
  result.max_header_fields = std::numeric_limits<std::size_t>::max();
  if (normalize) result.bare_newline = smtp::BareNewline::Normalize;
  return result;
}

Outcome read(std::string_view bytes, const smtp::Settings& settings, std::uint8_t seed,
             std::size_t most) {
  smtp::BodyReader reader(settings, smtp::BodyReader::Framing::Dots);
  Outcome outcome;
  fuzz::in_pieces(bytes, seed, most, [&](std::string_view piece) {
    while (!reader.ended() && !piece.empty()) {
      const std::size_t used = reader.read(piece, outcome.message);
      fuzz::require(used > 0, "all is read up to the end");
      outcome.used += used;
      piece.remove_prefix(used);
    }
  });
  outcome.ended = reader.ended();
  if (outcome.ended && !reader.refusal())
    fuzz::require(reader.size() == outcome.message.size(), "the size is that of the message");
  outcome.refused = outcome.ended && reader.refusal().has_value();
  if (!outcome.ended || outcome.refused) outcome.message.clear();
  return outcome;
}

// The same bytes as the content of chunks: no dot means anything, and the end is where they end.
Outcome slowly_in_chunks(std::string_view bytes, bool normalize) {
  bool bare_cr = false;
  bool bare_lf = false;
  Outcome outcome{bytes.size(), true, false, line_ends(bytes, bare_cr, bare_lf)};
  outcome.refused = bare_cr || (bare_lf && !normalize) || bytes.find('\0') != std::string::npos;
  const bool open = !outcome.message.empty() && !outcome.message.ends_with("\r\n");
  if (open) outcome.message += "\r\n";
  if (outcome.refused) outcome.message.clear();
  return outcome;
}

Outcome read_chunks(std::string_view bytes, const smtp::Settings& settings, std::uint8_t seed,
                    std::size_t most) {
  smtp::BodyReader reader(settings, smtp::BodyReader::Framing::Chunks);
  Outcome outcome;
  const auto read_all = [&](std::string_view chunk, bool last) {
    fuzz::require(reader.paused(), "a chunk ends where its size says");
    reader.begin_chunk({chunk.size(), last});
    do {
      const std::size_t used = reader.read(chunk, outcome.message);
      fuzz::require(used > 0 || chunk.empty(), "a chunk is read up to its end");
      outcome.used += used;
      chunk.remove_prefix(used);
    } while (!chunk.empty());
  };
  fuzz::in_pieces(bytes, seed, most, [&](std::string_view chunk) { read_all(chunk, false); });
  read_all({}, true);
  outcome.ended = reader.ended();
  outcome.refused = reader.refusal().has_value();
  if (outcome.refused) outcome.message.clear();
  return outcome;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const bool normalize = (input.byte() & 1) != 0;
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  const smtp::Settings some = settings(normalize);
  const Outcome expected = slowly(bytes, normalize);
  fuzz::require(read(bytes, some, seed, 1) == expected, "byte by byte");
  fuzz::require(read(bytes, some, seed, kMostPiece) == expected, "in pieces");
  fuzz::require(read(bytes, some, seed, bytes.size() + 1) == expected, "in large pieces");
  const Outcome whole = slowly_in_chunks(bytes, normalize);
  fuzz::require(read_chunks(bytes, some, seed, 1) == whole, "chunks of an octet");
  fuzz::require(read_chunks(bytes, some, seed, kMostPiece) == whole, "chunks");
  return 0;
}

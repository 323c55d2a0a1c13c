// SPDX-License-Identifier: Apache-2.0
// The PROXY header ahead of a connection: how it is cut and what follows it do not matter, and not
// a byte behind it is taken. First byte: the pieces.
#include "smtp/proxy_header.h"

#include "fuzz/fuzz.h"
#include "smtp/foreign.h"

namespace {

using fuzz::require;
using smtp::ProxyHeader;

constexpr std::size_t kFixedPart = 16;  // of version 2

struct Outcome {
  std::size_t used = 0;
  ProxyHeader::State state = ProxyHeader::State::Incomplete;
  std::optional<base::Endpoint> client;
  std::string fault;
  bool operator==(const Outcome&) const = default;
};

Outcome read(std::string_view bytes, std::uint8_t seed, std::size_t most) {
  ProxyHeader header;
  Outcome outcome;
  fuzz::in_pieces(bytes, seed, most, [&](std::string_view piece) {
    if (header.state() != ProxyHeader::State::Incomplete) return;
    const std::size_t used = header.read(piece);
    require(used == piece.size() || header.state() != ProxyHeader::State::Incomplete,
            "all is read up to the end");
    outcome.used += used;
  });
  outcome.state = header.state();
  outcome.client = header.client();
  outcome.fault = header.fault();
  require((outcome.state == ProxyHeader::State::Invalid) == !outcome.fault.empty(),
          "a fault is named");
  return outcome;
}

// Where a header that is complete must end.
std::size_t end_of(std::string_view bytes) {
  if (!bytes.starts_with(smtp::kProxySignature)) return bytes.find("\r\n") + 2;
  const auto octet = [&](std::size_t at) { return static_cast<std::uint8_t>(bytes.at(at)); };
  return kFixedPart + (std::size_t{octet(14)} << 8 | octet(15));
}

void check_complete(std::string_view bytes, const Outcome& outcome, std::uint8_t seed) {
  const bool line = bytes.starts_with("PROXY ");
  require(line || bytes.starts_with(smtp::kProxySignature), "it is one of both versions");
  require(outcome.used == end_of(bytes), "not a byte behind the header is taken");
  require(outcome.used <= (line ? smtp::kMaxProxyLine : kFixedPart + smtp::kMaxProxyBlock),
          "a header is within its limit");
  const std::string_view header = bytes.substr(0, outcome.used);
  require(read(header, seed, header.size()) == outcome, "what follows it does not matter");
  const std::string_view begun = header.substr(0, header.size() - 1);
  require(read(begun, seed, header.size()).state == ProxyHeader::State::Incomplete,
          "it ends at its end and not before");
  if (!outcome.client) return;
  // The same client, told anew in version 1.
  const std::string address = outcome.client->address.to_string();
  const std::string again = std::string("PROXY TCP") +
                            (outcome.client->address.is_v4() ? "4 " : "6 ") + address + ' ' +
                            address + ' ' + std::to_string(outcome.client->port) + " 25\r\n";
  require(read(again, seed, again.size()).client == outcome.client, "a client can be told again");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t seed = input.byte();
  const std::string_view bytes = input.rest();
  const Outcome whole = read(bytes, seed, bytes.size() + 1);
  require(read(bytes, seed, 1) == whole, "byte by byte");
  require(read(bytes, seed, 20) == whole, "in pieces");
  if (whole.state == ProxyHeader::State::Complete) check_complete(bytes, whole, seed);
  return 0;
}

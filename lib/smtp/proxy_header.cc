// SPDX-License-Identifier: Apache-2.0
#include "smtp/proxy_header.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <vector>

#include "smtp/foreign.h"

namespace smtp {
namespace {

constexpr std::string_view kLineStart = "PROXY ";
constexpr std::string_view kLineEnd = "\r\n";

// Version 2, section 2.2: where things stand.
constexpr std::size_t kVersionAt = 12;
constexpr std::size_t kFamilyAt = 13;
constexpr std::size_t kLengthAt = 14;
constexpr std::size_t kFixedPart = 16;
constexpr unsigned kVersion = 2;
constexpr unsigned kLocal = 0;
constexpr unsigned kProxy = 1;

// Family and transport in one octet. A connection that is not TCP over IP did not bring us mail.
// UNSPEC is the proxy that does not know: the format of what follows is not told.
constexpr unsigned kUnspecified = 0x00;
constexpr unsigned kTcp4 = 0x11;
constexpr unsigned kTcp6 = 0x21;
constexpr std::size_t kPorts = 4;  // octets of both

// Extras: type, length in two octets, value.
constexpr std::size_t kExtraStart = 3;
constexpr unsigned kChecksumType = 0x03;  // section 2.2.3
constexpr std::size_t kChecksumSize = 4;

unsigned octet(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint8_t>(bytes.at(at));
}

std::uint16_t two_octets(std::string_view bytes, std::size_t at) {
  return static_cast<std::uint16_t>(octet(bytes, at) << 8 | octet(bytes, at + 1));
}

std::size_t address_size(unsigned family) {
  return family == kTcp4 ? sizeof(in_addr) : sizeof(in6_addr);
}

base::IpAddress address_at(std::string_view bytes, std::size_t at, unsigned family) {
  if (family == kTcp4) {
    in_addr v4{};
    std::memcpy(&v4, bytes.substr(at).data(), sizeof v4);
    return base::IpAddress::from_v4(v4);
  }
  in6_addr v6{};
  std::memcpy(&v6, bytes.substr(at).data(), sizeof v6);
  return base::IpAddress::from_v6(v6);
}

// No TCP connection comes from the unspecified address, a group or a broadcast. A client that is
// given one would share its limits with all that are.
bool can_be_client(const base::IpAddress& address) {
  const auto& bytes = address.bytes();
  const auto all = [&](std::uint8_t value, std::ptrdiff_t count) {
    return std::all_of(bytes.begin(), bytes.begin() + count,
                       [value](std::uint8_t byte) { return byte == value; });
  };
  if (!address.is_v4()) return !all(0, 16) && bytes[0] != 0xff;
  return !all(0, 4) && !all(0xff, 4) && (bytes[0] & 0xf0) != 0xe0;
}

// RFC 4960 appendix B. Bit by bit: it is one short header in each connection.
std::uint32_t crc32c(std::string_view bytes) {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;  // reflected
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? kPolynomial : 0);
  }
  return ~crc;
}

// Exactly one blank between two words: more of them make an empty word.
std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t blank = 0; (blank = line.find(' ')) != std::string_view::npos;
       line.remove_prefix(blank + 1)) {
    words.push_back(line.substr(0, blank));
  }
  words.push_back(line);
  return words;
}

// The form follows the announced family; an IPv4 address may be written as a mapped IPv6 one.
std::optional<base::IpAddress> parse_address(std::string_view text, bool v6) {
  if ((text.find(':') != std::string_view::npos) != v6) return std::nullopt;
  return base::IpAddress::parse(text);
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  if (text.size() > 1 && text.front() == '0') return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

// Nothing in `bytes` contradicts `start`.
bool may_begin_with(std::string_view bytes, std::string_view start) {
  const std::size_t common = std::min(bytes.size(), start.size());
  return bytes.substr(0, common) == start.substr(0, common);
}

}  // namespace

std::size_t ProxyHeader::read(std::string_view bytes) {
  std::size_t used = 0;
  while (state_ == State::Incomplete && used < bytes.size()) {
    const std::string_view taken = bytes.substr(used, wanted_);
    bytes_ += taken;
    used += taken.size();
    wanted_ -= taken.size();
    if (wanted_ == 0) look();
  }
  return used;
}

void ProxyHeader::look() {
  wanted_ = 1;
  bytes_.front() == kLineStart.front() ? look_at_line() : look_at_block();
}

void ProxyHeader::look_at_line() {
  if (!may_begin_with(bytes_, kLineStart)) return fail("signature");
  const char last = bytes_.back();
  const bool after_cr = bytes_.size() > 1 && bytes_[bytes_.size() - 2] == '\r';
  // Section 2.1: neither CR nor LF is anything without the other.
  if ((last == '\n') != after_cr) return fail("line");
  if (last == '\n') {
    const std::size_t length = bytes_.size() - kLineStart.size() - kLineEnd.size();
    return finish_line(std::string_view(bytes_).substr(kLineStart.size(), length));
  }
  if (bytes_.size() >= kMaxProxyLine) fail("line");
}

void ProxyHeader::finish_line(std::string_view line) {
  const auto words = words_of(line);
  // Section 2.1: whatever stands behind it must be ignored.
  if (words[0] == "UNKNOWN") return complete(std::nullopt);
  const bool v6 = words[0] == "TCP6";
  if (!v6 && words[0] != "TCP4") return fail("protocol");
  if (words.size() != 5) return fail("line");
  const auto source = parse_address(words[1], v6);
  if (!source || !parse_address(words[2], v6)) return fail("address");
  const auto port = parse_port(words[3]);
  if (!port || !parse_port(words[4])) return fail("port");
  complete(base::Endpoint{*source, *port});
}

void ProxyHeader::look_at_block() {
  if (!may_begin_with(bytes_, kProxySignature)) return fail("signature");
  if (bytes_.size() < kFixedPart) return;
  if (bytes_.size() == kFixedPart) check_fixed_part();
  const std::size_t size = kFixedPart + two_octets(bytes_, kLengthAt);
  if (state_ == State::Incomplete && bytes_.size() == size) finish_block();
}

void ProxyHeader::check_fixed_part() {
  const unsigned command = octet(bytes_, kVersionAt) & 0xf;
  const unsigned family = octet(bytes_, kFamilyAt);
  const std::size_t length = two_octets(bytes_, kLengthAt);
  if (octet(bytes_, kVersionAt) >> 4 != kVersion) return fail("version");
  if (command > kProxy) return fail("command");
  if (length > kMaxProxyBlock) return fail("length");
  // Of LOCAL the family is ignored too (section 2.2).
  if (command == kProxy && family != kUnspecified) {
    if (family != kTcp4 && family != kTcp6) return fail("family");
    if (length < 2 * address_size(family) + kPorts) return fail("length");
  }
  wanted_ = length;
}

void ProxyHeader::finish_block() {
  const unsigned family = octet(bytes_, kFamilyAt);
  if ((octet(bytes_, kVersionAt) & 0xf) == kLocal || family == kUnspecified)
    return complete(std::nullopt);
  const std::size_t ports_at = kFixedPart + 2 * address_size(family);
  const std::string_view fault = extras_fault(ports_at + kPorts);
  if (!fault.empty()) return fail(fault);
  complete(base::Endpoint{address_at(bytes_, kFixedPart, family), two_octets(bytes_, ports_at)});
}

std::string_view ProxyHeader::extras_fault(std::size_t at) {
  std::optional<std::size_t> checksum_at;
  while (at < bytes_.size()) {
    if (bytes_.size() - at < kExtraStart) return "extras";
    const unsigned type = octet(bytes_, at);
    const std::size_t length = two_octets(bytes_, at + 1);
    at += kExtraStart;
    if (bytes_.size() - at < length) return "extras";
    if (type == kChecksumType) {
      if (length != kChecksumSize || checksum_at) return "checksum";
      checksum_at = at;
    }
    at += length;
  }
  // Section 2.2.3: computed with zeros in the place of the checksum.
  if (!checksum_at) return {};
  const std::uint32_t told =
      std::uint32_t{two_octets(bytes_, *checksum_at)} << 16 | two_octets(bytes_, *checksum_at + 2);
  bytes_.replace(*checksum_at, kChecksumSize, kChecksumSize, '\0');
  return told == crc32c(bytes_) ? "" : "checksum";
}

void ProxyHeader::complete(const std::optional<base::Endpoint>& client) {
  if (client && !can_be_client(client->address)) return fail("address");
  state_ = State::Complete;
  client_ = client;
}

void ProxyHeader::fail(std::string_view fault) {
  state_ = State::Invalid;
  fault_ = fault;
}

}  // namespace smtp

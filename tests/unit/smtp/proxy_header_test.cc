// SPDX-License-Identifier: Apache-2.0
#include "smtp/proxy_header.h"

#include <catch2/catch.hpp>
#include <random>
#include <string>

namespace {

using smtp::ProxyHeader;
using State = ProxyHeader::State;
using namespace std::string_literals;

struct Outcome {
  std::size_t used = 0;
  State state = State::Incomplete;
  std::string client;  // "-": the connection's own peer
  std::string fault;
  bool operator==(const Outcome&) const = default;
};

// `next_size` says how much comes at once.
template <class NextSize>
Outcome read(std::string_view bytes, NextSize next_size) {
  ProxyHeader header;
  Outcome outcome;
  while (outcome.used < bytes.size() && header.state() == State::Incomplete) {
    const std::string_view piece = bytes.substr(outcome.used, next_size());
    const std::size_t used = header.read(piece);
    REQUIRE((used == piece.size() || header.state() != State::Incomplete));
    outcome.used += used;
  }
  outcome.state = header.state();
  outcome.client = header.client() ? header.client()->to_string() : "-";
  outcome.fault = header.fault();
  return outcome;
}

// Whole, byte by byte and in random pieces, which must not matter.
Outcome read_in_every_way(const std::string& bytes) {
  const Outcome whole = read(bytes, [&] { return bytes.size(); });
  CHECK(read(bytes, [] { return std::size_t{1}; }) == whole);
  std::minstd_rand random(1);
  for (int i = 0; i < 10; ++i) CHECK(read(bytes, [&] { return random() % 20 + 1; }) == whole);
  return whole;
}

void check_complete(const std::string& header, const std::string& client) {
  INFO(header);
  const Outcome complete{header.size(), State::Complete, client, ""};
  CHECK(read_in_every_way(header) == complete);
  CHECK(read_in_every_way(header + "EHLO client.example.net\r\n") == complete);
  CHECK(read_in_every_way(header + header) == complete);
  const std::string all_but_one = header.substr(0, header.size() - 1);
  CHECK(read_in_every_way(all_but_one) == Outcome{all_but_one.size(), State::Incomplete, "-", ""});
}

// Found at once: not a byte is read behind the one that is wrong.
void check_invalid(const std::string& header, const std::string& fault) {
  INFO(header);
  const Outcome outcome = read_in_every_way(header + "\r\n");
  CHECK(outcome.state == State::Invalid);
  CHECK(outcome.fault == fault);
  CHECK(outcome.client == "-");
  CHECK(outcome.used <= header.size());
}

std::string two_octets(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
}

std::string extra(char type, const std::string& value) {
  return type + two_octets(value.size()) + value;
}

constexpr char kLocal = 0x20;
constexpr char kProxy = 0x21;
constexpr char kTcp4 = 0x11;
constexpr char kTcp6 = 0x21;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;
const std::string kPorts = "\x9c\x40\0\x19"s;  // 40000 and 25
const std::string kFrom4 = "\xc0\0\2\7\xc0\0\2\1"s + kPorts;
const std::string kFrom6 =
    "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\7"s + "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"s + kPorts;

std::string v2(char command, char family, const std::string& block) {
  return kSignature + command + family + two_octets(block.size()) + block;
}

TEST_CASE("version 1: the client's address and port") {
  check_complete("PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\n", "192.0.2.7:40000");
  check_complete("PROXY TCP4 255.255.255.254 255.255.255.255 65535 65535\r\n",
                 "255.255.255.254:65535");
  check_complete("PROXY TCP4 192.0.2.7 192.0.2.1 0 0\r\n", "192.0.2.7:0");
  check_complete("PROXY TCP6 2001:db8::7 2001:db8::1 40000 25\r\n", "[2001:db8::7]:40000");
  check_complete("PROXY TCP6 2001:DB8:0:0:0:0:0:7 ::1 40000 25\r\n", "[2001:db8::7]:40000");
  check_complete("PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 40000 25\r\n", "192.0.2.7:40000");
  check_complete("PROXY TCP6 ::ffff:c000:207 ::1 40000 25\r\n", "192.0.2.7:40000");
}

TEST_CASE("version 1: a client that is not known") {
  check_complete("PROXY UNKNOWN\r\n", "-");
  check_complete("PROXY UNKNOWN \r\n", "-");
  check_complete("PROXY UNKNOWN 192.0.2.7  \0 x y z TCP4\r\n"s, "-");
  check_complete("PROXY UNKNOWN " + std::string(smtp::kMaxProxyLine - 16, 'f') + "\r\n", "-");
}

TEST_CASE("version 1: what is not exactly so is invalid") {
  for (const char* start :
       {"X", "PROXX", "proxy TCP4", "PROXY\t", "PROXY\r", " PROXY", "\n", "EHLO"})
    check_invalid(start, "signature");
  for (const char* line :
       {"PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\n", "PROXY TCP4 192.0.2.7 192.0.2.1 40000 25\r\r",
        "PROXY UNKNOWN\n", "PROXY UNKNOWN \r \r\n", "PROXY \rTCP4",
        "PROXY TCP4 192.0.2.7 192.0.2.1 40000\r\n", "PROXY TCP4 192.0.2.7 192.0.2.1 40000 25 \r\n",
        "PROXY TCP4 192.0.2.7  192.0.2.1 40000 25\r\n", "PROXY TCP4\r\n"})
    check_invalid(line, "line");
  for (const char* protocol : {"UDP4", "TCP", "tcp4", "TCP5", "TCP46", "UNKNOWN6", "unknown", ""})
    check_invalid("PROXY "s + protocol + " 192.0.2.7 192.0.2.1 40000 25\r\n", "protocol");
}

TEST_CASE("version 1: addresses of the announced family, in canonical form") {
  for (const char* address :
       {"", "192.0.2", "192.0.2.256", "192.0.2.07", "192.0.2.7.", "+192.0.2.7", "0x7f000001",
        "3221225991", "192.0.2.7/32", "localhost", "2001:db8::7", "::ffff:192.0.2.7"}) {
    check_invalid("PROXY TCP4 "s + address + " 192.0.2.1 40000 25\r\n", "address");
    check_invalid("PROXY TCP4 192.0.2.1 "s + address + " 40000 25\r\n", "address");
  }
  for (const char* address : {"", ":", "2001:db8", "2001:db8::7::", "2001:db8::g", "[2001:db8::7]",
                              "fe80::1%1", "02001:db8::7", "1:2:3:4:5:6:7:8:9", "192.0.2.7"}) {
    check_invalid("PROXY TCP6 "s + address + " ::1 40000 25\r\n", "address");
    check_invalid("PROXY TCP6 ::1 "s + address + " 40000 25\r\n", "address");
  }
  check_invalid("PROXY TCP4 192.0.2.7\0 192.0.2.1 40000 25\r\n"s, "address");
}

TEST_CASE("version 1: ports in canonical form") {
  for (const char* port :
       {"", "00", "025", "+25", "-1", "65536", "99999999999999999999", "25x", "0x19", "2 5"}) {
    const std::string fault = port == "2 5"s ? "line" : "port";
    check_invalid("PROXY TCP4 192.0.2.7 192.0.2.1 "s + port + " 25\r\n", fault);
    check_invalid("PROXY TCP4 192.0.2.7 192.0.2.1 40000 "s + port + "\r\n", fault);
  }
}

TEST_CASE("version 1: the longest line") {
  const std::string start = "PROXY UNKNOWN ";
  const std::string fits(smtp::kMaxProxyLine - start.size() - 2, 'x');
  check_complete(start + fits + "\r\n", "-");
  const Outcome outcome = read_in_every_way(start + fits + "x\r\n");
  CHECK(outcome == Outcome{smtp::kMaxProxyLine, State::Invalid, "-", "line"});
}

TEST_CASE("version 2: the client's address and port") {
  check_complete(v2(kProxy, kTcp4, kFrom4), "192.0.2.7:40000");
  check_complete(v2(kProxy, kTcp6, kFrom6), "[2001:db8::7]:40000");
  const std::string mapped = "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\7"s;
  check_complete(v2(kProxy, kTcp6, mapped + mapped + kPorts), "192.0.2.7:40000");
}

TEST_CASE("version 2: the proxy speaks for itself, or does not know") {
  for (const std::string& block : {""s, "x"s, kFrom4, std::string(smtp::kMaxProxyBlock, 'x')}) {
    check_complete(v2(kLocal, 0, block), "-");
    check_complete(v2(kProxy, 0, block), "-");
    check_complete(v2(kLocal, kTcp4, block), "-");
    check_complete(v2(kLocal, '\xff', block), "-");  // LOCAL: the family is ignored
  }
}

TEST_CASE("version 2: signature, version, command and family") {
  for (std::size_t at = 0; at < kSignature.size(); ++at) {
    std::string header = v2(kProxy, kTcp4, kFrom4);
    header[at] ^= 0x40;
    const Outcome outcome = read_in_every_way(header);
    CHECK(outcome == Outcome{at + 1, State::Invalid, "-", "signature"});
  }
  for (const int command : {0x00, 0x01, 0x11, 0x31, 0xa1, 0xf1})
    check_invalid(v2(static_cast<char>(command), kTcp4, kFrom4), "version");
  for (const int command : {0x22, 0x23, 0x2f})
    check_invalid(v2(static_cast<char>(command), kTcp4, kFrom4), "command");
  for (int family = 1; family < 256; ++family)
    if (family != kTcp4 && family != kTcp6)
      check_invalid(v2(kProxy, static_cast<char>(family), std::string(216, '\1')), "family");
}

TEST_CASE("version 2: the block is neither too short for its addresses nor too long") {
  check_invalid(v2(kProxy, kTcp4, ""), "length");
  check_invalid(v2(kProxy, kTcp4, kFrom4.substr(1)), "length");
  check_invalid(v2(kProxy, kTcp6, kFrom6.substr(1)), "length");
  check_invalid(v2(kProxy, kTcp6, kFrom4), "length");
  for (const char command : {kLocal, kProxy}) {
    // Said before any of it is read.
    const std::string header = v2(command, 0, std::string(smtp::kMaxProxyBlock + 1, 'x'));
    CHECK(read_in_every_way(header) == Outcome{16, State::Invalid, "-", "length"});
  }
  const std::size_t room = smtp::kMaxProxyBlock - kFrom4.size() - 3;
  check_complete(v2(kProxy, kTcp4, kFrom4 + extra(4, std::string(room, 'x'))), "192.0.2.7:40000");
}

TEST_CASE("version 2: extras are walked to the end and ignored") {
  const std::string ssl = extra(0x20, "\1\0\0\0\0"s + extra(0x21, "TLSv1.3"));
  const std::string extras = extra(1, "smtp") + extra(4, "") + ssl + extra('\xff', "x");
  check_complete(v2(kProxy, kTcp4, kFrom4 + extras), "192.0.2.7:40000");
  check_complete(v2(kProxy, kTcp6, kFrom6 + extras), "[2001:db8::7]:40000");
  for (const std::string& broken :
       {"\4"s, "\4\0"s, "\4\0\1"s, "\4\xff\xff"s, extra(4, "xy") + '\4'})
    check_invalid(v2(kProxy, kTcp4, kFrom4 + broken), "extras");
}

TEST_CASE("version 2: a checksum must be right") {
  // CRC-32C of the header with zeros in its place.
  const std::string right = "\xf1\xb5\x94\x40";
  const std::string header = v2(kProxy, kTcp4, kFrom4 + extra(4, "xy") + extra(3, right));
  check_complete(header, "192.0.2.7:40000");
  // An address, the other extra, the checksum itself.
  for (const std::size_t at : {std::size_t{16}, header.size() - 8, header.size() - 1}) {
    std::string other = header;
    other[at] ^= 1;
    check_invalid(other, "checksum");
  }
  check_invalid(v2(kProxy, kTcp4, kFrom4 + extra(3, "")), "checksum");
  check_invalid(v2(kProxy, kTcp4, kFrom4 + extra(3, "\0\0\0\0\0"s)), "checksum");
  const std::string twice = kFrom4 + extra(3, "\0\0\0\0"s) + extra(3, "\0\0\0\0"s);
  check_invalid(v2(kProxy, kTcp4, twice), "checksum");
}

TEST_CASE("no client comes from an address that is for nobody or for many") {
  for (const char* address : {"0.0.0.0", "255.255.255.255", "224.0.0.1", "239.255.255.255"})
    check_invalid("PROXY TCP4 "s + address + " 192.0.2.1 40000 25\r\n", "address");
  for (const char* address : {"::", "ff02::1", "::ffff:0.0.0.0", "::ffff:224.0.0.1"})
    check_invalid("PROXY TCP6 "s + address + " ::1 40000 25\r\n", "address");
  check_invalid(v2(kProxy, kTcp4, "\0\0\0\0\xc0\0\2\1"s + kPorts), "address");
  check_invalid(v2(kProxy, kTcp6, std::string(32, '\0') + kPorts), "address");
  check_complete("PROXY TCP4 127.0.0.1 127.0.0.1 40000 25\r\n", "127.0.0.1:40000");
  check_complete("PROXY TCP4 223.255.255.255 0.0.0.0 40000 25\r\n", "223.255.255.255:40000");
  check_complete("PROXY TCP6 ::1 ff02::1 40000 25\r\n", "[::1]:40000");
}

}  // namespace

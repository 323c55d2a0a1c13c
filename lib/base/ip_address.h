// SPDX-License-Identifier: Apache-2.0
// IP addresses, networks in CIDR notation, and endpoints, as values.
//
// IPv4-mapped IPv6 addresses (RFC 4291 section 2.5.5.2) become IPv4 on construction, so one client
// has one name whatever the socket family.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace base {

class IpAddress {
 public:
  IpAddress() = default;  // 0.0.0.0
  static std::optional<IpAddress> parse(std::string_view text);
  static IpAddress from_v4(const in_addr& address);
  static IpAddress from_v6(const in6_addr& address);

  bool is_v4() const { return v4_; }
  int bits() const { return v4_ ? 32 : 128; }
  // Network byte order; IPv4 uses the first four.
  const std::array<std::uint8_t, 16>& bytes() const { return bytes_; }

  std::string to_string() const;
  auto operator<=>(const IpAddress&) const = default;

 private:
  bool v4_ = true;
  std::array<std::uint8_t, 16> bytes_{};
};

// A CIDR block. Bits beyond the prefix must be zero: "192.0.2.1/24" is somebody's mistake.
class Network {
 public:
  static std::optional<Network> parse(std::string_view text);  // without "/n": one address
  static Network around(const IpAddress& address, int prefix_bits);

  bool contains(const IpAddress& address) const;
  const IpAddress& address() const { return address_; }
  int prefix_bits() const { return prefix_bits_; }
  std::string to_string() const;
  auto operator<=>(const Network&) const = default;

 private:
  IpAddress address_;
  int prefix_bits_ = 0;
};

bool any_contains(const std::vector<Network>& networks, const IpAddress& address);

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;

  static std::optional<Endpoint> parse(std::string_view text);  // "0.0.0.0:25", "[::]:25"
  static std::optional<Endpoint> from_sockaddr(const sockaddr_storage& storage);
  socklen_t to_sockaddr(sockaddr_storage& storage) const;
  std::string to_string() const;
  auto operator<=>(const Endpoint&) const = default;
};

}  // namespace base

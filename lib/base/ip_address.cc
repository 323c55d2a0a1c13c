// SPDX-License-Identifier: Apache-2.0
#include "base/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace base {
namespace {

std::optional<unsigned> parse_number(std::string_view text, unsigned largest) {
  // from_chars takes "007"; an address book that is strict stays readable.
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text.front() == '0')) return {};
  unsigned number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number > largest) return {};
  return number;
}

bool has_bits_beyond(const IpAddress& address, int prefix_bits) {
  return Network::around(address, prefix_bits).address() != address;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  if (text.size() >= INET6_ADDRSTRLEN) return {};
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return {};
  if (in_addr v4{}; inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return from_v4(v4);
  if (in6_addr v6{}; inet_pton(AF_INET6, terminated.c_str(), &v6) == 1) return from_v6(v6);
  return {};
}

IpAddress IpAddress::from_v4(const in_addr& address) {
  IpAddress result;
  std::memcpy(result.bytes_.data(), &address.s_addr, 4);
  return result;
}

IpAddress IpAddress::from_v6(const in6_addr& address) {
  IpAddress result;
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    std::memcpy(result.bytes_.data(), address.s6_addr + 12, 4);
    return result;
  }
  result.v4_ = false;
  std::memcpy(result.bytes_.data(), address.s6_addr, 16);
  return result;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), text.data(), text.size());
  return text.data();
}

std::optional<Network> Network::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return {};
  int prefix_bits = address->bits();
  if (slash != std::string_view::npos) {
    // "::ffff:192.0.2.0/24": the prefix could be meant for either family.
    if (address->is_v4() && text.find(':') != std::string_view::npos) return {};
    const auto number =
        parse_number(text.substr(slash + 1), static_cast<unsigned>(address->bits()));
    if (!number) return {};
    prefix_bits = static_cast<int>(*number);
  }
  if (has_bits_beyond(*address, prefix_bits)) return {};
  return around(*address, prefix_bits);
}

Network Network::around(const IpAddress& address, int prefix_bits) {
  std::array<std::uint8_t, 16> bytes = address.bytes();
  int left = prefix_bits;  // that are kept
  for (std::uint8_t& byte : bytes) {
    byte &= static_cast<std::uint8_t>(0xff00 >> std::clamp(left, 0, 8));
    left -= 8;
  }
  Network result;
  result.prefix_bits_ = prefix_bits;
  if (address.is_v4()) {
    in_addr v4{};
    std::memcpy(&v4.s_addr, bytes.data(), 4);
    result.address_ = IpAddress::from_v4(v4);
  } else {
    in6_addr v6{};
    std::memcpy(v6.s6_addr, bytes.data(), 16);
    result.address_ = IpAddress::from_v6(v6);
  }
  return result;
}

bool Network::contains(const IpAddress& address) const {
  return address.is_v4() == address_.is_v4() && around(address, prefix_bits_) == *this;
}

std::string Network::to_string() const {
  return address_.to_string() + "/" + std::to_string(prefix_bits_);
}

bool any_contains(const std::vector<Network>& networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const Network& network) { return network.contains(address); });
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view host = text.substr(0, colon);
  const bool bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  const auto address = IpAddress::parse(host);
  const auto port = parse_number(text.substr(colon + 1), 65535);
  // Brackets are what tells an IPv6 address from its port (RFC 3986 section 3.2.2).
  if (!address || !port || bracketed == address->is_v4()) return {};
  return Endpoint{*address, static_cast<std::uint16_t>(*port)};
}

std::optional<Endpoint> Endpoint::from_sockaddr(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    return Endpoint{IpAddress::from_v4(v4.sin_addr), ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &storage, sizeof v6);
    return Endpoint{IpAddress::from_v6(v6.sin6_addr), ntohs(v6.sin6_port)};
  }
  return {};
}

socklen_t Endpoint::to_sockaddr(sockaddr_storage& storage) const {
  std::memset(&storage, 0, sizeof storage);
  if (address.is_v4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes().data(), 4);
    std::memcpy(&storage, &v4, sizeof v4);
    return sizeof v4;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&v6.sin6_addr, address.bytes().data(), 16);
  std::memcpy(&storage, &v6, sizeof v6);
  return sizeof v6;
}

std::string Endpoint::to_string() const {
  const std::string host = address.to_string();
  return (address.is_v4() ? host : "[" + host + "]") + ":" + std::to_string(port);
}

}  // namespace base

// SPDX-License-Identifier: Apache-2.0
// DNS messages by hand (RFC 1035 section 4), good ones and bad ones.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "dns/question.h"

namespace support {

constexpr std::uint16_t kCname = 5;

inline std::string wire_number(unsigned value, int octets = 2) {
  std::string bytes;
  for (int i = octets - 1; i >= 0; --i) bytes += static_cast<char>(value >> (8 * i));
  return bytes;
}

// "mx.example.org", its labels as they are, without compression.
inline std::string wire_name(std::string_view name) {
  std::string bytes;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    bytes += static_cast<char>(label.size());
    bytes += label;
    name.remove_prefix(std::min(label.size() + 1, name.size()));
  }
  return bytes + '\0';
}

inline std::string wire_strings(const std::vector<std::string>& strings) {
  std::string bytes;
  for (const std::string& text : strings) bytes += static_cast<char>(text.size()) + text;
  return bytes;
}

inline std::string wire_address(std::string_view text) {
  const auto address = *base::IpAddress::parse(text);
  const auto& bytes = address.bytes();
  return {reinterpret_cast<const char*>(bytes.data()), address.is_v4() ? 4u : 16u};
}

inline std::string wire_exchange(unsigned preference, std::string_view host) {
  return wire_number(preference) + wire_name(host);
}

// One record of the Internet class; `owner` as bytes.
inline std::string wire_record(const std::string& owner, unsigned type, const std::string& data,
                               unsigned ttl = 60) {
  return owner + wire_number(type) + wire_number(1) + wire_number(ttl, 4) +
         wire_number(static_cast<unsigned>(data.size())) + data;
}

// A whole answer. Records are bytes that wire_record() made.
struct WireAnswer {
  unsigned rcode = 0;
  std::vector<std::string> records = {};
  bool truncated = false;

  std::string message(const std::string& question, unsigned id = 0) const {
    std::string bytes = wire_number(id) + wire_number(0x8180 | rcode | (truncated ? 0x200u : 0u)) +
                        wire_number(1) + wire_number(static_cast<unsigned>(records.size())) +
                        wire_number(0) + wire_number(0) + question;
    for (const std::string& record : records) bytes += record;
    return bytes;
  }
};

// The question section.
inline std::string wire_question(std::string_view name, unsigned type) {
  return wire_name(name) + wire_number(type) + wire_number(1);
}

}  // namespace support

// SPDX-License-Identifier: Apache-2.0
// The header that a proxy of ours sends ahead of everything else to tell who its client is: the
// PROXY protocol, versions 1 and 2 (HAProxy's proxy-protocol.txt, whose sections are named here).
// Without I/O: bytes in pieces of any size.
//
// The header is believed, so it must be beyond doubt: whoever decides to read one must know that
// the peer is a proxy of ours and always sends it (section 2). What it says and we do not need is
// checked for its form and ignored.
//
// Lifetime: keeps a copy of the header. Threads: one at a time. Errors: none thrown.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace smtp {

inline constexpr std::size_t kMaxProxyLine = 107;  // version 1, with CRLF; section 2.1
// Version 2: the octets behind the first 16, addresses and extras (TLVs) together. The field for it
// could say 65535; the extras that proxies send stay below 1 KiB.
inline constexpr std::size_t kMaxProxyBlock = 4096;

class ProxyHeader {
 public:
  enum class State { Incomplete, Complete, Invalid };

  // Consumes octets of the header and none behind it; returns how many. Less than all only when it
  // is complete or invalid then.
  std::size_t read(std::string_view bytes);
  State state() const { return state_; }

  // Once complete. Nothing: the proxy speaks for itself (LOCAL) or does not know its client
  // (UNKNOWN, UNSPEC), and the connection's own peer is the client.
  const std::optional<base::Endpoint>& client() const { return client_; }

  // Once invalid: what is wrong, a log token of static lifetime. signature, line, protocol,
  // address, port, version, command, family, length, extras or checksum.
  std::string_view fault() const { return fault_; }

 private:
  void look();
  void look_at_line();
  void finish_line(std::string_view line);
  void look_at_block();
  void check_fixed_part();
  void finish_block();
  std::string_view extras_fault(std::size_t at);  // empty: there is none
  void complete(const std::optional<base::Endpoint>& client);
  void fail(std::string_view fault);

  std::string bytes_;
  std::size_t wanted_ = 1;  // octets that certainly belong to the header
  State state_ = State::Incomplete;
  std::optional<base::Endpoint> client_;
  std::string_view fault_;
};

}  // namespace smtp

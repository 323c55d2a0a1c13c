// SPDX-License-Identifier: Apache-2.0
// What the load client is asked to do.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "load/sources.h"

namespace load {

// Bounds of a run, whatever the command line says.
inline constexpr std::size_t kMaxConnections = 20'000;
inline constexpr std::uint64_t kMaxMessages = 100'000'000;
inline constexpr std::int64_t kMaxSeconds = 24 * 3600;
inline constexpr std::int64_t kMaxPauseMs = 60'000;
inline constexpr std::size_t kMaxMessageSize = 256u << 20;
inline constexpr std::size_t kMaxRecipients = 1000;
inline constexpr std::size_t kMaxWord = 256;  // of an address or a name on the command line
// Generated messages need room for their header fields, two addresses in them.
inline constexpr std::size_t kMinMessageSize = 1024;

enum class Tls { Off, StartTls, Implicit };

struct Options {
  base::Endpoint server;
  std::size_t connections = 1;        // at the same time
  std::uint64_t messages = 0;         // in all; 0: until the time is over
  std::chrono::seconds seconds{600};  // then no message is begun any more
  std::chrono::seconds timeout{60};   // without progress; also the grace at the end
  std::uint64_t messages_per_connection = 1;
  std::size_t size_bytes = 10u << 10;     // of a generated message, line ends as CRLF
  std::optional<std::string> file;        // a message to send instead
  std::vector<std::string> recipients;    // all of them get every message
  std::string from = "load@example.net";  // empty: the null sender
  std::string helo = "load.example.net";
  Sources sources;
  bool pipelining = false;
  std::uint32_t slow_bytes_per_second = 0;  // of each connection; 0: as fast as possible
  std::optional<std::string> journal;
  Tls tls = Tls::StartTls;
  bool json = false;
  bool reconnect = false;
  std::chrono::milliseconds pause{0};  // between two connections of the same slot
};

// The options; or nothing, everything having been said, and `exit_code` set.
std::optional<Options> parse_options(int argc, char** argv, int& exit_code);

}  // namespace load

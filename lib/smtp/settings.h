// SPDX-License-Identifier: Apache-2.0
// What a Session may do and bear. Every limit on a peer's bytes is here or in limits.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

namespace smtp {

enum class BareNewline { Reject, Normalize };

struct Settings {
  std::string hostname;                                                  // banner and greeting
  std::string tls_refusal_text = "Must issue a STARTTLS command first";  // RFC 3207 section 4
  bool starttls_available = true;  // false only where no certificate could be loaded

  std::size_t max_message_size = 25u << 20;  // bytes, as counted by RFC 1870 section 5
  std::size_t max_recipients = 100;          // per transaction; RFC 5321 section 4.5.3.1.8
  std::size_t max_received_headers = 100;
  std::size_t max_messages_per_session = 100;
  std::size_t max_header_size = 256u << 10;  // bytes of the whole header section
  std::size_t max_header_fields = 1000;
  std::size_t errors_per_session = 10;   // then 421 4.7.0 and closed
  std::size_t min_data_rate = 1u << 10;  // bytes a second, averaged over a minute

  std::chrono::milliseconds command_timeout{std::chrono::minutes(5)};  // RFC 5321 4.5.3.2.7
  std::chrono::milliseconds data_timeout{std::chrono::minutes(3)};     // without a byte; 4.5.3.2.5
  // Acts between transactions, in one that has no recipient yet, and in data that is refused; and
  // from MAIL on in one that has recipients and no message.
  std::chrono::milliseconds session_deadline{std::chrono::minutes(30)};

  BareNewline bare_newline = BareNewline::Reject;
};

}  // namespace smtp

// SPDX-License-Identifier: Apache-2.0
// What the connections of a flood do, as data: each follows one plan from its beginning.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace flood {

enum class Kind : std::uint8_t {
  Garbage,    // what is no SMTP: random bytes, HTTP, NULs, a line without end, TLS, PROXY
  HalfOpen,   // STARTTLS, the beginning of a ClientHello, silence
  SlowData,   // a whole session with TLS, and a message of a byte a second
  Harvest,    // TLS, and one unknown recipient after the other
  Silent,     // nothing at all
  SlowLine,   // TLS, and a command of a byte a second
  Good,       // TLS, and mail that is taken: by DATA, by BDAT, for two mailboxes, in parts
  Refused,    // commands, recipients and messages of all kinds that are not taken
  BrokenOff,  // gone in the middle of anything, with and without a reset
  Proxied,    // a PROXY header that names another client each time, and mail that is taken
  Count
};
inline constexpr auto kKinds = static_cast<std::size_t>(Kind::Count);
inline constexpr std::array<const char*, kKinds> kKindNames = {
    "garbage",   "half_open", "slow_data", "harvest",    "silent",
    "slow_line", "good",      "refused",   "broken_off", "proxied"};

struct Step {
  enum class Act : std::uint8_t {
    Say,        // a line; the next step waits for the reply
    Throw,      // bytes as they are; the next step waits until they have left
    Handshake,  // TLS; the next step waits for its end
    Trickle,    // a byte a second from now on
    Leave,      // close
    Reset,      // close by RST: without the end of TLS, and what was not sent is lost
  };
  Act act;
  std::string text = {};
};

struct Plan {
  std::vector<Step> steps;
  bool awaits_greeting = true;   // else it begins as soon as it is connected
  bool goes_on_refused = false;  // takes a refusal (not 421) for an answer, else falls silent
};

// `number`: of the connection; those of one kind differ by it. `client_hello`: a whole one.
// `mailbox`: a real one, all messages are for it; unknown ones are in its domain.
Plan make_plan(Kind kind, std::uint64_t number, const std::string& mailbox,
               const std::string& client_hello);

}  // namespace flood

// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace auth {

enum class SecondOpinion : std::uint8_t { Log, Off };

struct DkimSettings {
  std::uint32_t min_rsa_bits = 1024;  // RFC 8301 section 3.2: never less
  std::uint32_t max_signatures = 10;  // of a message, that are judged

  bool operator==(const DkimSettings&) const = default;
  void visit(auto& v) { v(min_rsa_bits, max_signatures); }
};

struct Settings {
  std::chrono::milliseconds deadline{std::chrono::seconds(40)};  // for all checks of one message
  DkimSettings dkim;
  SecondOpinion second_opinion = SecondOpinion::Log;
};

}  // namespace auth

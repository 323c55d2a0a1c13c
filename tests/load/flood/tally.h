// SPDX-License-Identifier: Apache-2.0
// What became of the connections of a flood.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

#include "base/time.h"
#include "load/flood/plan.h"

namespace flood {

struct KindTally {
  std::uint64_t begun = 0;
  std::uint64_t handshakes = 0;
  std::map<std::string, std::uint64_t> replies;  // by code and status: "421 4.7.0"
  std::map<std::string, std::uint64_t> ends;     // "closed": by the server; "held": its time was up
};

class Tally {
 public:
  KindTally& of(Kind kind) { return kinds_[static_cast<std::size_t>(kind)]; }
  void opened() { most_open_ = std::max(most_open_, ++open_); }
  void closed() { --open_; }
  std::size_t open() const { return open_; }

  std::string json(base::Duration elapsed) const;  // one line

 private:
  std::array<KindTally, kKinds> kinds_;
  std::size_t open_ = 0;
  std::size_t most_open_ = 0;
};

}  // namespace flood

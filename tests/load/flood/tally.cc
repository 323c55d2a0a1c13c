// SPDX-License-Identifier: Apache-2.0
#include "load/flood/tally.h"

#include <chrono>
#include <nlohmann/json.hpp>

namespace flood {

std::string Tally::json(base::Duration elapsed) const {
  using Json = nlohmann::ordered_json;
  Json report = {{"seconds", std::chrono::duration<double>(elapsed).count()},
                 {"most_open", most_open_},
                 {"kinds", Json::object()}};
  for (std::size_t i = 0; i < kKinds; ++i) {
    const KindTally& kind = kinds_[i];
    if (kind.begun == 0) continue;
    report["kinds"][kKindNames[i]] = {{"begun", kind.begun},
                                      {"handshakes", kind.handshakes},
                                      {"replies", kind.replies},
                                      {"ends", kind.ends}};
  }
  // A reason may hold bytes that are not UTF-8; they must not make dump() throw.
  return report.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace flood

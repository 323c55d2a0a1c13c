// SPDX-License-Identifier: Apache-2.0
// One body as every message, and as a struct with all kinds of values. First byte: the type.
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/fuzz.h"
#include "fuzz/ipc_messages.h"
#include "ipc/frame.h"

namespace {

enum class Colour : std::uint8_t { Red, Blue, Last_ = Blue };

// What no message uses, the settings of a role may.
struct Everything {
  bool flag = false;
  std::int64_t number = 0;
  Colour colour = Colour::Red;
  std::map<std::string, std::optional<std::string>> map;
  std::vector<std::vector<std::uint16_t>> lists;
  std::optional<ipc::Sessions> nested;
  std::chrono::milliseconds time{};
  std::vector<base::Network> networks;
  void visit(auto& v) { v(flag, number, colour, map, lists, nested, time, networks); }
};

// A map may come in another order or with a key twice, a network may be written in several ways, so
// the bytes may differ once.
void check_everything(std::string_view body) {
  const auto value = ipc::unpack<Everything>(body);
  if (!value) return;
  const std::string bytes = ipc::pack(*value);
  const auto again = ipc::unpack<Everything>(bytes);
  fuzz::require(again.has_value(), "what is packed unpacks");
  fuzz::require(ipc::pack(*again) == bytes, "what is packed is written in one way");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::Input input(data, size);
  const std::uint8_t number = input.byte();
  const std::string_view body = input.rest();
  if (const ipc::TypeInfo* info = ipc::find_type(number)) {
    fuzz::is_message(info->type, body);
  } else {
    check_everything(body);
  }
  return 0;
}
